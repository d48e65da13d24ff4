import { kvmOpenToVms } from "./kvm.mts";
import { needsOf } from "./needs.mts";
import type { Configuration, ForwardChain, Forwarding, Holder, Host } from "./types.mts";
import { UserError } from "../errors.mts";
import { self } from "../self.mts";
import { compact, Facts, mebibytes, number, product } from "./lines.mts";
import { windowsOf } from "./windows.mts";
import { cutKeys } from "./cut.mts";
import { bdfs, parsePci } from "./pci.mts";
import { usersOf } from "./driver-users.mts";

/** The error for a text that is not a probe's; `what`: the text, as the sentence names it. */
export function notAProbe(what: string): UserError {
  return new UserError(
    `${what} is not a saved probe: its first line is not “homelab-gpu-probe …”\n  make one with: ${
      self("doctor --save FILE")
    }`,
  );
}

/**
 * Parses a probe's text into a Host.
 *
 * Takes the text of `scripts/probe-*`, format 1. Unknown lines are skipped, and a fact without a
 * line stays absent, so a damaged or shortened text only has fewer facts. Throws {@link UserError}
 * if the text is not a probe's, or of a later format.
 */
export function parseHost(text: string): Host {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const [, format, platform] = /^homelab-gpu-probe (\d+) (\w+)\s*$/.exec(first) ?? [];
  if (!format) {
    throw notAProbe("this");
  }
  if (format !== "1") {
    throw new UserError(`this probe has format ${format}, and this version reads format 1: use a newer homelab-gpu`);
  }

  const sections = new Map<string, string[]>();
  const names: string[] = [];
  let current: string[] = [];
  for (const line of lines) {
    const header = line[0] === "[" && /^\[([a-z-]+)\]$/.exec(line);
    if (header) {
      const [, name = ""] = header;
      names.push(name);
      sections.set(name, current = sections.get(name) ?? []);
    } else if (line) current.push(line);
  }
  const facts = (name: string) => new Facts(sections.get(name));

  const os = facts("os");
  const cpu = facts("cpu");
  const memory = facts("memory");
  const disk = facts("disk");
  const args = facts("kernel-arguments");
  const kernel = facts("kernel");
  const iommu = facts("iommu");
  const display = facts("display");
  const programs = facts("programs");
  const libvirt = facts("libvirt");
  const existingPaths = os.all("exists");
  const release = os.one("kernel");
  // WSL is part of Windows: its kernel has neither the host's cards nor its own KVM
  const wsl = ["/dev/dxg", "/run/WSL"].some((path) => existingPaths.includes(path)) ||
    /microsoft|wsl/i.test(release ?? "") || os.flag("wsl") === true;
  // the PCI devices in WSL are Microsoft's virtual devices, not the host's
  const pci = wsl && platform === "linux" ? undefined : parsePci(sections.get("pci"), sections.get("pci-names"));

  return compact<Host>({
    os: compact<Host["os"]>({
      platform: wsl ? "windows" : isPlatform(platform) ? platform : "other",
      id: os.one("ID"),
      like: os.one("ID_LIKE")?.split(" ") ?? [],
      version: os.one("VERSION_ID"),
      codename: os.one("VERSION_CODENAME"),
      base: os.one("UBUNTU_CODENAME") ?? os.one("DEBIAN_CODENAME"),
      name: os.one("PRETTY_NAME"),
      kernel: release,
      arch: os.one("arch"),
      wsl,
    }),
    cut: cutKeys(names),
    uid: os.number("uid"),
    groups: os.all("group"),
    joined: os.all("joined"),
    cpu: compact({
      vendor: cpu.one("vendor"),
      model: cpu.one("model"),
      count: cpu.number("count"),
      flags: cpu.one("flags-read") ? cpu.all("flag") : undefined,
      physicalBits: number(/^(\d+) bits physical/.exec(cpu.one("address-sizes") ?? "")?.[1]),
    }),
    memory: compact({
      total: mebibytes(memory.number("MemTotal")),
      available: mebibytes(memory.number("MemAvailable")),
      hugePages: mebibytes(product(memory.number("HugePages_Total"), memory.number("Hugepagesize"))),
      arc: mebibytes(memory.number("arc-size")),
      arcMin: mebibytes(memory.number("arc-min")),
    }),
    disk: compact({
      images: mebibytes(disk.number("images")),
      cache: mebibytes(disk.number("cache")),
    }),
    kvm: compact({
      device: !wsl && existingPaths.includes("/dev/kvm"),
      access: os.flag("kvm-access"),
      openToVms: kvmOpenToVms(os.one("kvm-mode")),
    }),
    dmi: os.under("dmi-"),
    efi: os.flag("efi"),
    secureBoot: os.flag("secure-boot"),
    bootLoader: os.one("loader")?.split(" ")[0]?.toLowerCase(),
    lockdown: /\[(integrity|confidentiality)\]/.exec(os.one("lockdown") ?? "")?.[1],
    rootInMemory: facts("needs").all("root").includes("memory") ? true : undefined,
    rootReadOnly: facts("needs").all("root").includes("read-only") ? true : undefined,
    cardOff: os.one("dgpu-disable") === "1" ? true : undefined,
    systemd: existingPaths.includes("/run/systemd/system"),
    existingPaths,
    container: containerOf(os.one("container"), existingPaths),
    hypervisor: os.one("hypervisor") !== "xen"
      ? undefined
      : /\bcontrol_d\b/.test(os.one("xen-capabilities") ?? "")
      ? "xen-dom0"
      : "xen",
    kernel: compact({
      arguments: args.all("read").length > 0 ? args.all("running") : undefined,
      configurations: configurations(args.pairs),
      unread: args.all("unread"),
      bls: args.flag("bls") ?? false,
      built: kernel.all("read").some((file) => file.startsWith("config-"))
        ? Object.fromEntries(kernel.all("built").map((text) => [text.split("=")[0]!, text.split("=")[1] ?? ""]))
        : undefined,
      builtin: kernel.all("builtin"),
      available: kernel.all("read").includes("modules.dep") ? kernel.all("available") : undefined,
      replaced: kernel.one("modules") === "missing",
      loaded: kernel.all("loaded"),
      parameters: kernel.some(["vfio_pci.disable_idle_d3", "vfio_iommu_type1.allow_unsafe_interrupts"]),
      users: usersOf(kernel.under("users-")),
    }),
    configured: facts("configured").pairs.map(configuredLine),
    iommu: compact({
      units: iommu.words("units"),
      capabilities: iommu.under("cap-"),
      acpiTables: iommu.words("acpi-tables"),
      devicetree: iommu.flag("devicetree") ?? false,
      groups: iommu.one("groups-read") ? groups(iommu.all("group")) : undefined,
      direct: directGroups(facts("iommu-groups").pairs),
      interrupts: iommu.one("interrupts-read") ? iommu.all("interrupt") : undefined,
    }),
    pci,
    pciCount: facts("pci").number("count"),
    display: {
      framebuffers: display.all("framebuffer").map((text) => {
        return compact({ bdf: text.match(bdfs)?.[0], name: text.replace(/^\S* /, "") });
      }),
      ...(display.all("console").length > 0 ? { consoles: display.all("console") } : {}),
    },
    holders: holders(facts("holders")),
    needs: needsOf(facts("needs"), pci),
    ovmf: sections.has("firmware") ? facts("firmware").all("ovmf") : undefined,
    virtiofsd: facts("firmware").one("virtiofsd"),
    windows: sections.has("windows") ? windowsOf(facts("windows")) : undefined,
    hardwareVirtualization: cpu.flag("virtualization"),
    virtualboxExtensions: facts("virtualbox").flag("extension-pack"),
    virtualboxModule: facts("virtualbox").flag("kernel-module"),
    programs: sections.has("programs")
      ? Object.fromEntries(programs.pairs.filter(([key]) => !/-(version|plugin|of)$|^(epel|unanswered)$/.test(key)))
      : undefined,
    unanswered: programs.all("unanswered").length > 0 ? programs.all("unanswered") : undefined,
    updateInitramfsOfDracut: programs.one("update-initramfs-of") === "dracut" ? true : undefined,
    epel: programs.flag("epel"),
    versions: compact({
      ...versions(programs),
      nvidia: kernel.one("nvidia-version"),
    }) as Record<string, string>,
    vagrantPlugins: Object.fromEntries(
      programs.all("vagrant-plugin").flatMap((text) => {
        const [, name, version] = /^(.*)-(\d[^-]*)$/.exec(text) ?? [];
        return name && version ? [[name, version]] : [];
      }),
    ),
    libvirt: sections.has("libvirt")
      ? compact<NonNullable<Host["libvirt"]>>({
        socket: libvirt.one("socket"),
        access: libvirt.flag("access"),
        error: libvirt.all("error").at(-1),
        networks: states(libvirt.all("network")),
        pools: states(libvirt.all("pool")),
        startsAtBoot: libvirt.flag("starts-at-boot"),
        onShutdown: onShutdownOf(libvirt.all("on-shutdown").at(-1)),
        guestsFile: libvirt.one("guests-file"),
      })
      : undefined,
    forwarding: sections.has("forwarding") ? forwardingOf(facts("forwarding")) : undefined,
  });
}

/** A line of a configuration file. The files of driverctl are named by an address, which has colons too. */
function configuredLine([file, text]: [string, string]): Host["configured"][number] {
  const [, address, driver] = /^([0-9a-f:.]+):([^:]*)$/.exec(text) ?? [];
  return file.startsWith("driverctl.d/") && address !== undefined
    ? { file: `${file}:${address}`, text: driver!.trim() }
    : { file, text: text.trim() };
}

const onShutdownOf = (text?: string) => (text === "shutdown" || text === "suspend" ? text : undefined);

function forwardingOf(facts: Facts): Forwarding {
  const chains = facts.all("forward").map((text): ForwardChain => {
    const [family = "", table = "", policy, passes] = text.split(" ");
    return { family, table, drops: policy === "drop", passesGuests: passes === "yes" };
  });
  return compact<Forwarding>({
    docker: facts.flag("docker") ?? false,
    ufw: facts.one("ufw"),
    backend: facts.one("backend"),
    chains: facts.flag("forward-read") ? chains : undefined,
    legacyUnread: facts.flag("legacy-unread"),
  });
}

/**
 * Arguments by file, and for GRUB by variable: a line names the file or variable that the lines
 * below it belong to.
 */
function configurations(pairs: [string, string][]): Configuration[] {
  const all: Configuration[] = [];
  for (const [key, value] of pairs) {
    const last = all.at(-1);
    if (key === "configuration") all.push({ file: value, arguments: [] });
    else if (!last) continue;
    else if (key === "grub") {
      const quote = value.replace(/^\S+ ?/, "").replace(/[^"']/, "");
      all.push({ file: last.file, arguments: [], variable: value.split(" ")[0]!, quote });
    } else if (key === "grub-adds" && last.variable === value) last.adds = true;
    else if (key === "configured" || key === "entry") last.arguments.push(value);
  }
  return all;
}

function groups(lines: string[]): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const line of lines) {
    const [group, address] = line.split(" ");
    if (group && address) all.set(group, [...(all.get(group) ?? []), address]);
  }
  return all;
}

/**
 * Numbers of the groups with a region that must stay mapped. Regions of the kind direct-relaxable
 * do not count (iommu_get_resv_regions).
 */
function directGroups(pairs: [string, string][]): string[] {
  const direct = pairs.filter(([path, value]) => /^[^/]+\/reserved_regions$/.test(path) && / direct$/.test(value));
  return [...new Set(direct.map(([path]) => path.split("/")[0]!))];
}

function holders(facts: Facts): Host["holders"] {
  const scope = facts.one("seen");
  if (!scope) return undefined;
  const runners = new Map(facts.all("runs-in").map((text) => [text.split(" ")[0], text.split(" ")[1]]));
  const processes = facts.all("holds").flatMap((text) => {
    const [, pid, node, command] = /^(\d+) (\S+) (.*)$/.exec(text) ?? [];
    return pid && node
      ? [compact<Holder>({ pid: Number(pid), node, command: command ?? "", runner: runners.get(pid) })]
      : [];
  });
  return { all: scope === "all", processes };
}

function versions(facts: Facts): Record<string, string> {
  const found = facts.pairs.flatMap(([key, text]) => {
    const name = /^(.*)-version$/.exec(key)?.[1];
    const version = /\d+\.\d+[\w.]*/.exec(text)?.[0];
    return name && version ? [[name, version] as const] : [];
  });
  return Object.fromEntries(found);
}

function states(lines: string[]): Record<string, string> {
  return Object.fromEntries(lines.map((text) => [text.split(" ")[0]!, text.split(" ")[1] ?? ""]));
}

function isPlatform(name: string | undefined): name is "linux" | "windows" | "macos" {
  return name === "linux" || name === "windows" || name === "macos";
}

/**
 * What runs this system as a container. `manager`: what systemd detected
 * (`/run/systemd/container`), which is `wsl` in WSL. The paths are markers of Podman and Docker.
 */
function containerOf(manager: string | undefined, existingPaths: string[]): string | undefined {
  // Docker's containers can be in containerd's store
  const own = manager === "containerd" ? undefined : manager;
  if (own !== undefined && own !== "" && own !== "wsl") return own;
  if (existingPaths.includes("/run/.containerenv")) return "podman";
  return existingPaths.includes("/.dockerenv") ? "docker" : manager === "containerd" ? manager : undefined;
}
