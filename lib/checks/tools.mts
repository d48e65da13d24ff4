import type { ResolvedMachine } from "../resolve/types.mts";
import type { Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { applianceOf } from "../host/appliances.mts";
import { installerOf } from "../host/installers.mts";
import { closedServers } from "../host/closed-releases.mts";
import { isPackaged } from "../host/packages.mts";
import { isProxmox } from "../host/distributions.mts";
import { guixTools, isGuix } from "../host/guix.mts";
import { isNixos, nixosTools } from "../host/nixos.mts";
import { noRelease, onProxmox, upstreamSteps } from "../host/upstream.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { refusals } from "../resolve/support.mts";
import { isOwn, providerOf } from "../resolve/providers.mts";
import { withoutXen } from "./host-virtualization.mts";
import { fail, pass, unknown } from "./results.mts";
import { type Tool, tools } from "./tool-table.mts";

/**
 * The tools that a machine needs on this host, each once, in the order of use; empty where the host
 * cannot run the machine.
 */
export function toolsFor(machine: ResolvedMachine, host: Host): Tool[] {
  if (!isOwn(machine.provider) || refusals(machine, host).some(({ sure }) => sure)) return [];
  const names = providerOf(machine.provider).tools(host, machine);
  if (machine.image && machine.provider !== "libvirt") names.push("packer");
  if (machine.image && providerOf(machine.provider).packer(machine.image) === "hyperv.pkr.hcl") {
    names.push("qemu-img");
    if (machine.image.kind !== "file") names.push("curl");
  }
  if (machine.image && machine.provider === "libvirt") {
    names.push("packer", "xorriso");
    // a known image that cannot be downloaded is built with debootstrap, on hosts with apt
    if (machine.image.kind === "known" || machine.image.kind === "url") names.push("curl");
    if (
      machine.image.kind === "debootstrap" || (machine.image.kind === "known" && installerOf(host)?.family === "apt")
    ) {
      names.push("debootstrap");
    }
  }
  names.push("ssh");
  return [...new Set(names)].map((name) => tools[name]!);
}

/** How to install these tools here: one command for all packaged ones, and steps for the others. */
export function installs(missing: Tool[], host: Host): Fix[] {
  if (host.hypervisor === "xen-dom0") return [withoutXen(host)];
  if (host.container !== undefined) return [remedies.outside];
  if (isNixos(host)) return nixosTools(missing.map(({ name }) => name));
  if (isGuix(host)) return guixTools(missing.map(({ name }) => name));
  const applianceAdvice = applianceOf(host)?.packages;
  if (applianceAdvice) return [manualFix(applianceAdvice)];
  if (isProxmox(host) && missing.some(({ name }) => name === "libvirt" || name === "qemu")) return [onProxmox];
  const installer = installerOf(host);
  const closed = closedServers(host);
  if (closed && !installer) return [manualFix(closed, { root: true })];
  const own = missing.filter((tool) => packagesOf(tool, host).length > 0);
  const packages = [...new Set(own.flatMap((tool) => packagesOf(tool, host)))];
  const rest = missing.filter((tool) => !own.includes(tool));
  const none = noRelease(rest.map(({ name }) => name), host);
  if (none) return [none];
  // these have steps for each distribution; the plugin's come last, since it needs vagrant and
  // libvirt
  const stepped = rest.filter(({ name }) => upstreamSteps([name], host).length > 0);
  return [
    ...(closed ? [manualFix(closed, { root: true })] : []),
    ...(installer && packages.length > 0
      ? [
        commandFix(`Install ${own.map(({ name }) => name).join(", ")}`, installer.install(packages), {
          root: installer.root,
          safe: installer.safe && !closed,
          ...(installer.reboot ? { reboot: true } : {}),
        }),
      ]
      : []),
    ...rest.filter((tool) => !stepped.includes(tool)).map(({ fallback, onServer }) =>
      isServer(host) && onServer ? onServer : fallback
    ),
    ...upstreamSteps(stepped.map(({ name }) => name), host),
  ];
}

const isServer = ({ windows }: Host) => windows?.product !== undefined && windows.product !== "client";

/** Whether a Linux host has another architecture than the guests. */
const isForeign = ({ os }: Host) => os.platform === "linux" && os.arch !== undefined && os.arch !== "x86_64";

/** The packages of a tool on this host; empty if its release has none. */
function packagesOf(tool: Tool, host: Host): string[] {
  const installer = installerOf(host);
  return installer && isPackaged(tool.name, host) ? (tool.packages[installer.family] ?? []) : [];
}

/** The programs of each tool whose version the probe reads. */
const versionedPrograms: Record<string, string[]> = {
  packer: ["packer"],
  libvirt: ["libvirtd", "virtqemud"],
  qemu: ["qemu-system-x86_64"],
  virtualbox: ["VBoxManage"],
};

/** Programs that did not answer the version query: a fail if a machine needs them. */
function unanswered({ unanswered = [] }: Host, needed: string[]): Verdict[] {
  const inUse = unanswered.filter((name) => needed.some((tool) => versionedPrograms[tool]?.includes(name)));
  if (inUse.length === 0) return [];
  return [
    fail(
      `${inUse.join(", ")} did not answer: a step that runs it would hang`,
      inUse.map((name) => ({ read: `${name} version`, value: "no answer in time" })),
      [manualFix(`Run it by hand to see what it waits for: ${inUse[0]}`)],
    ),
  ];
}

/** Whether the programs that the machines need are installed. */
export const toolChecks: Check[] = [
  {
    id: "tools.present",
    about: "the programs that build and run the machines",
    why: "each step of up runs one of them",
    check(host, { machines }) {
      const needed = [...new Set(machines.flatMap((machine) => toolsFor(machine, host)))];
      if (!host.programs) {
        return [unknown("programs are not checked: the facts are from another machine's files")];
      }
      if (needed.length === 0) return [];
      const missing = needed.filter((tool) => tool.there(host) === false);
      const unseen = needed.filter((tool) => tool.there(host) === undefined);
      const hanging = unanswered(host, needed.map(({ name }) => name));
      if (hanging.length > 0) return hanging;
      if (missing.length === 0 && unseen.length > 0) {
        const names = unseen.map(({ name }) => name).join(", ");
        return [unknown(`could not find out whether ${names} is installed`)];
      }
      if (missing.length === 0) {
        const versions = Object.entries(host.versions).filter(([name]) => needed.some((tool) => tool.name === name));
        return [
          pass(
            `${needed.map(({ name }) => name).join(", ")}: all installed`,
            versions.map(([name, value]) => ({ read: `${name} version`, value })),
          ),
        ];
      }
      return [
        fail(
          `missing: ${missing.map((tool) => `${tool.name} (${tool.for})`).join(", ")}`,
          missing.map(({ name }) => ({ read: `${name} in PATH`, value: "not found" })),
          // host.architecture fails then, and no program changes that
          isForeign(host) && machines.some(({ gpus }) => gpus.length > 0)
            ? [manualFix("Fix host.architecture first")]
            : installs(missing, host),
        ),
      ];
    },
  },
];
