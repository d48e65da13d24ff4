import type { Mode } from "../config/types.mts";
import type { ResolvedGpuRequest, ResolvedMachine } from "../resolve/types.mts";
import { fromWsl } from "./from-wsl.mts";
import { partitionedCardsFor, virtualFunctionsOf } from "../resolve/virtual-functions.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { commandFix, manualFix } from "../fixes.mts";
import type { SupportRow } from "../resolve/support-table.mts";
import { insteadOf, refusals, supportOf } from "../resolve/support.mts";
import { formatFunction, isDisplay } from "../host/pci.mts";
import { titleOf } from "../resolve/providers.mts";
import { toolsFor } from "./tools.mts";
import { isOlder } from "../text.mts";
import { vagrantAndVirtualbox } from "./vagrant-virtualbox.mts";
import { fail, pass, skip, unknown, warn } from "./results.mts";
import { isNvidia } from "../host/vendors.mts";
import { hasMig } from "../resolve/boards.mts";
import { hypervAccess, libvirtAccess, virtualboxAccess } from "./provider-access.mts";

/**
 * Versions that `up` was tested with, the oldest of each. Below `least`, something that is rendered
 * does not exist.
 */
const testedVersions: Record<string, { least?: string; oldest: string; why?: string }> = {
  packer: { least: "1.6.6", oldest: "1.6.6", why: "it creates the CD that gives Packer access (cd_files)" },
  vagrant: { oldest: "2.3.4" },
  "vagrant-libvirt": { oldest: "0.11.2" },
};

/** The provider: whether this host, the mode and its version are supported, and its daemon. */
export const providerChecks: Check[] = [
  {
    id: "provider.host",
    about: "whether the provider runs on this kind of host",
    why: "a hypervisor exists for some operating systems only",
    confirm: { linux: "uname -s", windows: "(Get-CimInstance Win32_OperatingSystem).Caption", macos: "sw_vers" },
    check: (host, { machines, folder }) => machines.map((machine) => onThisHost(machine, host, folder)),
  },
  {
    id: "provider.mode",
    about: "whether the provider can pass through a GPU in this mode",
    why: "a provider passes a whole card, a partition of one, or neither",
    check: (host, { machines }) =>
      machines.flatMap((machine) =>
        machine.gpus.map((request) =>
          withoutPartition(machine, request, host) ?? inThisMode(machine, request.mode, host)
        )
      ),
  },
  {
    id: "provider.version",
    about: "whether Packer, Vagrant and its plugins are new enough",
    why: "the rendered files use settings that older versions do not have",
    confirm: {
      linux: "vagrant --version && vagrant plugin list && packer version",
      windows: "vagrant --version; packer version",
      macos: "vagrant --version && vagrant plugin list && packer version",
    },
    check(host, { machines }) {
      const versions = { ...host.versions, ...host.vagrantPlugins };
      const needed = machines.flatMap((machine) => toolsFor(machine, host)).map(({ name }) => name);
      const verdicts = Object.entries(testedVersions).flatMap(([name, { least, oldest, why }]): Verdict[] => {
        const version = versions[name];
        if (!needed.includes(name) || !version) return [];
        const evidence = [{ read: `${name} version`, value: version }];
        if (least && isOlder(version, least)) {
          return [
            fail(`${name} ${version} is too old: ${least} or later is needed, because ${why}`, evidence, [
              manualFix(`Install a newer ${name}: https://developer.hashicorp.com/${name}/install`),
            ]),
          ];
        }
        return isOlder(version, oldest)
          ? [warn(`${name} ${version} is older than ${oldest}, the oldest tested version`, evidence)]
          : [pass(`${name} ${version}`, evidence)];
      });
      verdicts.push(...machines.flatMap((machine) => hypervisorVersions(machine, host)));
      if (machines.some(({ provider }) => provider === "virtualbox")) verdicts.push(...vagrantAndVirtualbox(host));
      verdicts.push(...machines.flatMap((machine) => extensions(machine, host)));
      if (verdicts.length > 0 || needed.length === 0) return verdicts;
      return [skip("nothing is installed yet")];
    },
  },
  {
    id: "provider.access",
    about: "whether the hypervisor runs and this user may use it",
    why: "Vagrant asks libvirt's system daemon, or Hyper-V's service, to create the VM",
    confirm: { linux: "virsh -c qemu:///system list --all", windows: "Get-VM", macos: "prlctl list --all" },
    check: (host, { machines }) => [
      ...(machines.some(({ provider }) => provider === "libvirt") ? libvirtAccess(host) : []),
      ...(machines.some(({ provider }) => provider === "hyperv") && host.windows
        ? [hypervAccess(host.windows, host.hardwareVirtualization)]
        : []),
      ...(machines.some(({ provider }) => provider === "virtualbox") ? virtualboxAccess(host) : []),
    ],
  },
];

function onThisHost(machine: ResolvedMachine, host: Host, folder?: string): Verdict {
  const system = host.os.wsl ? "Windows (WSL)" : (host.os.name ?? host.os.platform);
  const evidence = [{ read: "operating system", value: system }];
  const telling = refusals(machine, host);
  const title = titleOf(machine.provider);
  const refused = telling.find(({ sure }) => sure);
  if (refused) {
    const { message } = refused.row;
    const fix = host.os.wsl && machine.provider === "hyperv"
      ? fromWsl(folder, host.os.kernel)
      : [manualFix(insteadOf(refused.row, refused.use, host, system))];
    return { machine: machine.name, ...fail(message, evidence, fix) };
  }
  if (telling[0]) {
    const message = `could not read whether this is ${telling[0].row.host}: ${telling[0].row.message}`;
    return { machine: machine.name, ...unknown(message, evidence) };
  }
  return { machine: machine.name, ...pass(`${title} on ${system}`, evidence) };
}

/**
 * Reports a partition that libvirt could pass as a virtual function, but none is free; undefined in
 * other cases.
 */
function withoutPartition(
  { name, provider }: ResolvedMachine,
  request: ResolvedGpuRequest,
  host: Host,
): Verdict | undefined {
  if (provider !== "libvirt" || request.mode !== "partition" || host.os.platform !== "linux") return undefined;
  const card = partitionedCardsFor(request, host)[0];
  if (!card) return undefined;
  const on = virtualFunctionsOf(card, host);
  const at = `/sys/bus/pci/devices/${card.bdf}`;
  const evidence = [{
    read: `${at}/sriov_numvfs`,
    value: `${card.activeVirtualFunctions ?? "not read"} of ${card.virtualFunctions ?? "?"}`,
  }];
  if (on.length > 0) {
    return {
      machine: name,
      ...fail(`all ${on.length} virtual functions of ${card.bdf} are in use by machines`, evidence, [
        manualFix("Turn on more of them (sriov_numvfs; none may be in use meanwhile), or ask for fewer"),
      ]),
    };
  }
  if (card.activeVirtualFunctions === undefined) {
    return { machine: name, ...unknown(`could not read whether ${card.bdf} has active virtual functions`, evidence) };
  }
  return {
    machine: name,
    ...fail(
      `${formatFunction(card)} can have ${card.virtualFunctions} virtual functions, but none is turned on`,
      evidence,
      isNvidia(card)
        ? [
          manualFix(
            `Give the VM the whole card: mode: passthrough${
              hasMig(card.device ?? "") ? ". With MIG, each service gets an instance of it (device_ids)" : ""
            }`,
          ),
          manualFix("Or install NVIDIA's vGPU driver on this host, which needs a licence: see its manual"),
        ]
        : [
          commandFix("Turn one on, until the next boot", `sh -c 'echo 1 >${at}/sriov_numvfs'`, { root: true }),
          manualFix(
            "Intel cards need a host driver that supports it: xe (argument xe.max_vfs), or i915 with the module " +
              "i915-sriov-dkms",
          ),
        ],
    ),
  };
}

function inThisMode(machine: ResolvedMachine, mode: Mode, host: Host): Verdict {
  const { name, provider } = machine;
  const { row, sure } = supportOf(provider, mode, host);
  const parts = (host.pci ?? []).filter(isDisplay).filter(({ virtualFunctions, mediated }) =>
    virtualFunctions || mediated
  );
  const evidence = provider === "libvirt" && mode === "partition"
    ? [{
      read: "sriov_totalvfs, mdev_supported_types",
      value: parts.map(({ bdf }) => bdf).join(" ") || "no card has them",
    }]
    : [];
  const usual: Verdict = { machine: name, ...pass(`${titleOf(provider)}, mode ${mode}`, evidence) };
  if (row.check === "provider.host") {
    return row.verdict === "refused"
      ? { machine: name, ...skip(`${mode} is not available on this host`, evidence) }
      : usual;
  }
  return row.check === "provider.mode" ? judged(usual, row, sure) : usual;
}

/** A row of the support table as a verdict: `pass` if the row has no objection. */
function judged(pass: Verdict, { host, verdict, message, instead, unread }: SupportRow, sure: boolean): Verdict {
  if (!sure) {
    return { ...pass, status: "unknown", message: unread ?? `could not read whether this is ${host}: ${message}` };
  }
  if (verdict === "works") return pass;
  return {
    ...pass,
    status: verdict === "refused" ? "fail" : "warn",
    message,
    fix: instead ? [manualFix(instead)] : [],
  };
}

/** Hypervisor versions that decide whether a GPU can be passed. */
function hypervisorVersions({ name, provider, gpus }: ResolvedMachine, host: Host): Verdict[] {
  return gpus.flatMap(({ mode }) => {
    const { row, sure } = supportOf(provider, mode, host);
    if (row.check !== "provider.version") return [];
    const version = provider === "virtualbox" ? host.versions.virtualbox : host.windows?.build?.toString();
    const evidence = [{ read: `${titleOf(provider)} version`, value: version ?? "not read" }];
    return [judged({ machine: name, ...pass("", evidence) }, row, sure)];
  });
}

/**
 * Before 6.1, PCI passthrough is part of VirtualBox's extension pack, and uses addresses without a
 * domain (manual of 6.0, 9.6).
 */
function extensions(machine: ResolvedMachine, host: Host): Verdict[] {
  const { name, provider, gpus } = machine;
  if (provider !== "virtualbox" || !gpus.some(({ mode }) => mode === "passthrough")) return [];
  const { row, sure } = supportOf(provider, "passthrough", host);
  if (!sure || row.verdict === "refused") return [];
  const foreign = (machine.assignedFunctions ?? []).filter(({ bdf }) => !bdf.startsWith("0000:"));
  if (foreign.length > 0) {
    const at = foreign.map(({ bdf }) => bdf).join(", ");
    return [{
      machine: name,
      ...fail(`VirtualBox cannot address PCI domains, but the card is at ${at}`, [], [
        manualFix("Write provider: libvirt"),
      ]),
    }];
  }
  const extensionPack = host.virtualboxExtensions;
  const evidence = [{
    read: "VBoxManage list extpacks",
    value: extensionPack === undefined ? "not read" : extensionPack ? "there" : "none",
  }];
  return [
    extensionPack === undefined
      ? { machine: name, ...unknown("could not read whether VirtualBox has its extension pack", evidence) }
      : extensionPack
      ? { machine: name, ...pass("VirtualBox has its extension pack", evidence) }
      : {
        machine: name,
        ...fail("VirtualBox lacks its extension pack, which PCI passthrough needs", evidence, [
          manualFix("Install the extension pack of that version: https://www.virtualbox.org/wiki/Download_Old_Builds"),
        ]),
      },
  ];
}
