/** Whether VMs run on the hardware of the host, and whether the host is a VM. */
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import type { Fix } from "../findings.mts";
import type { Host } from "../host/types.mts";
import { applianceOf } from "../host/appliances.mts";
import { isXenSystem } from "../host/distributions.mts";
import { isNixos, joinGroup } from "../host/nixos.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { removeModuleLines } from "../host/module-options.mts";
import { blacklists, emptyInstalls } from "../host/vfio-ids.mts";
import { isOlder } from "../text.mts";
import { isVm } from "./outer-hypervisor.mts";
import { acceleratorOf } from "../resolve/resolve.mts";
import { fail, pass, skip, unknown, warn } from "./results.mts";

/** Checks whether the machines run on the hardware or are emulated. */
export function virtualization(host: Host, machines: ResolvedMachine[]): Verdict[] {
  const own = machines.filter(({ provider }) => provider === "libvirt");
  // vmx and svm exist on x86 only; host.architecture reports emulation on others
  if (own.length > 0 && host.os.platform === "linux" && host.os.arch && !/^(x86_64|i.86)$/.test(host.os.arch)) {
    return [skip(`applies to x86 only, but this host is ${host.os.arch}`)];
  }
  if (own.length === 0) return [hardware(host)];
  // provider.host reports that libvirt's VMs need Linux
  if (host.os.platform === "linux") return accelerated(host, own);
  return machines.length > own.length ? [hardware(host)] : [];
}

/**
 * Checks hardware virtualization for providers other than libvirt, which cannot fall back to
 * emulation.
 */
function hardware({ hardwareVirtualization: able, os, cpu }: Host): Verdict {
  const supported = os.platform === "linux" && cpu.flags ? cpu.flags.some((flag) => /vmx|svm/.test(flag)) : able;
  const evidence = [{
    read: os.platform === "windows"
      ? "HypervisorPresent, VirtualizationFirmwareEnabled"
      : os.platform === "macos"
      ? "sysctl kern.hv_support"
      : "/proc/cpuinfo flags",
    value: supported === undefined ? "not read" : supported ? "yes" : "no",
  }];
  if (supported === undefined) {
    return unknown("could not read whether this host has hardware virtualization", evidence);
  }
  return supported ? pass("hardware virtualization", evidence) : fail(
    "hardware virtualization is off, but only libvirt VMs can run without it",
    evidence,
    // Macs have no such setting
    os.platform === "macos" ? [] : [remedies.virtualization],
  );
}

function accelerated(host: Host, machines: ResolvedMachine[]): Verdict[] {
  const flags = host.cpu.flags;
  const evidence = [
    {
      read: "/proc/cpuinfo flags",
      value: flags ? (flags.filter((flag) => /vmx|svm/.test(flag)).join(" ") || "neither vmx nor svm") : "not readable",
    },
    {
      read: "/dev/kvm",
      value: !host.kvm.device ? "not there" : host.kvm.access === false ? "present, no permission" : "there",
    },
  ];
  const able = acceleratorOf(host) === "kvm";
  const verdicts: Verdict[] = [];
  const emulated = machines.filter(({ accelerator }) => accelerator === "tcg");
  const forced = machines.filter(({ accelerator }) => accelerator === "kvm" && !able);
  if (emulated.length > 0) {
    verdicts.push(
      able
        ? warn("the config sets software emulation (tcg): VMs are slow", evidence)
        : flags || !host.kvm.device
        ? warn(
          `${
            flags && !flags.some((flag) => /vmx|svm/.test(flag))
              ? "the CPU shows neither vmx nor svm"
              : "this host has no /dev/kvm"
          }: VMs run in software emulation and are slow`,
          evidence,
          turnOn(host),
        )
        : unknown("could not read the CPU's flags: VMs run in software emulation and are slow", evidence),
    );
  }
  if (forced.length > 0) {
    verdicts.push(
      warn(
        `accelerator: kvm is forced for ${
          forced.map(({ name }) => name).join(", ")
        }, but this host shows no support for it: guests may hang`,
        evidence,
      ),
    );
  }
  if (able && host.kvm.access === false && machines.some(({ accelerator, image }) => accelerator === "kvm" && image)) {
    verdicts.push(
      fail("no permission to use /dev/kvm, which Packer needs to build the box", evidence, [
        joinGroup("kvm", host),
      ]),
    );
  }
  if (host.kvm.device && host.kvm.openToVms === false) {
    verdicts.push(
      warn(
        machines.some(({ accelerator }) => accelerator === "kvm")
          ? "the user of libvirt's VMs has no permission to use /dev/kvm: VMs with accelerator kvm do not start"
          : "the user of libvirt's VMs has no permission to use /dev/kvm: libvirt asks QEMU for its features again " +
            "in every request, so it takes minutes to create a VM",
        evidence,
        [closedToVms],
      ),
    );
  }
  return verdicts.length > 0 ? verdicts : [pass("hardware virtualization (KVM)", evidence)];
}

/** systemd's rule for udev (50-udev-default.rules) sets this mode by default; Debian's sets 660 and the group kvm. */
const closedToVms = commandFix(
  "Let every user use /dev/kvm, as systemd's rule for udev does by default, until the host restarts",
  "chmod 666 /dev/kvm",
  { root: true },
);

/** What to do on a host whose kernel runs on Xen. */
export function withoutXen(host: Host): Fix {
  const control = host.hypervisor === "xen-dom0";
  return manualFix(
    `KVM does not run ${control ? "in Xen's control domain" : "under Xen"}: run this on another host${
      control && !isXenSystem(host) ? ", or boot this one without Xen" : ""
    }`,
  );
}

function turnOn(host: Host): Fix[] {
  if (host.container !== undefined) return [remedies.outside];
  // Xen uses the processor's virtualization itself
  if (host.hypervisor !== undefined) return [withoutXen(host)];
  const inside = isVm(host);
  return [
    ...missingModule(host),
    // a module that loaded without /dev/kvm is no proof in a VM
    ...(isOnInFirmware(host) && !(inside && isLoaded(host)) ? [] : [
      manualFix(
        inside
          ? "This host is a VM: turn on nested virtualization in the outer hypervisor"
          : remedies.virtualization.title,
        { root: true, reboot: true },
      ),
    ]),
  ];
}

/** The module of KVM for this processor; undefined if it shows no virtualization. */
const kvmModule = ({ cpu: { flags } }: Host) =>
  flags?.includes("vmx") ? "kvm_intel" : flags?.includes("svm") ? "kvm_amd" : undefined;

/** Whether KVM's module for this processor shows itself; a built-in one does so even where it did not start. */
function isLoaded(host: Host): boolean {
  const module = kvmModule(host);
  return module !== undefined && host.kernel.loaded.includes(module);
}

/** Whether a module is a part of the kernel: it cannot be loaded again. */
const isBuiltIn = ({ kernel }: Host, module: string) => kernel.builtin.includes(module.replace("_", "-"));

/**
 * Whether the firmware has turned virtualization on: the module does not load without it, and kernels since these
 * releases do not show a flag that it turned off (arch/x86/kernel/cpu/feat_ctl.c, amd.c; read 2026-11-28).
 */
function isOnInFirmware(host: Host): boolean {
  const module = kvmModule(host);
  const { kernel } = host.os;
  if (module === undefined) return false;
  return isLoaded(host) && !isBuiltIn(host, module) ||
    (kernel !== undefined && !isOlder(kernel, module === "kvm_intel" ? "5.6" : "6.7"));
}

/** How KVM's module gets loaded, on a host whose processor shows virtualization. */
function missingModule(host: Host): Fix[] {
  const module = kvmModule(host);
  if (module === undefined) return [];
  if (isBuiltIn(host, module)) {
    return [manualFix("Read in dmesg why KVM, which is a part of this kernel, did not start", { root: true })];
  }
  if (isLoaded(host)) {
    return [
      commandFix(
        "Load KVM's module again, which creates /dev/kvm",
        `sh -c 'modprobe -r ${module} && modprobe ${module}'`,
        { root: true },
      ),
    ];
  }
  // the modules of this kernel were removed when another one was installed
  if (host.kernel.replaced) {
    return [commandFix("Reboot into the installed kernel", "reboot", { root: true, reboot: true })];
  }
  const names = [module.replace("_", "-"), "kvm"];
  return [
    ...removeModuleLines(
      host,
      [...names.flatMap((name) => blacklists(host, name)), ...emptyInstalls(host, names)],
      names,
    ),
    commandFix(
      `Load KVM's module; if that fails, dmesg names the reason${loadedAtBoot(host, module)}`,
      `modprobe ${module}`,
      { root: true },
    ),
  ];
}

/** Where a module is named so that each boot loads it, as the end of a sentence; empty where that is not known. */
function loadedAtBoot(host: Host, module: string): string {
  const place = isNixos(host)
    ? `boot.kernelModules = [ "${module.replace("_", "-")}" ]; into configuration.nix`
    : applianceOf(host)
    ? undefined
    : host.os.id === "alpine"
    ? `${module} into /etc/modules`
    : host.systemd
    ? `${module} into /etc/modules-load.d/kvm.conf`
    : undefined;
  return place ? `. If the next boot does not load it, write ${place}` : "";
}

/**
 * Detects a VM where no CPU flag shows it: by the vendor and model that the hypervisor reports
 * (systemd's virt.c has the list).
 */
export function guestByName({ dmi, os }: Host): Verdict {
  const model = [dmi.sys_vendor, dmi.product_name].filter(Boolean).join(" ");
  const evidence = [{ read: "maker and model", value: model || "not read" }];
  if (os.wsl || !model) return unknown("could not read whether this host is a VM", evidence);
  return /Virtual Machine|VMware|VirtualBox|QEMU|KVM|Xen|Parallels|Amazon EC2/i.test(model)
    ? warn("this host is itself a VM: it has only the GPU that the outer hypervisor gives it", evidence)
    : pass("this host is not a VM", evidence);
}

/** Detects a VM or a container on Linux, by the CPU's flags. */
export function guest(host: Host): Verdict {
  const { cpu, dmi, container, existingPaths } = host;
  const evidence = [
    {
      read: "/proc/cpuinfo flags",
      value: cpu.flags === undefined
        ? "not readable"
        : cpu.flags.includes("hypervisor")
        ? "hypervisor"
        : "no hypervisor",
    },
    {
      read: "/sys/class/dmi/id",
      value: [dmi.sys_vendor, dmi.product_name].filter(Boolean).join(" ") || "not readable",
    },
  ];
  if (container !== undefined) {
    const nodes = ["/dev/kvm", "/dev/vfio/vfio"].filter((node) => existingPaths.includes(node));
    const message = `this is a container (${container}): what it shows of the host can be incomplete`;
    return nodes.length > 0 ? warn(message, evidence, [remedies.outside]) : fail(message, [
      ...evidence,
      { read: "/dev/kvm, /dev/vfio/vfio", value: "neither is there: no VM can get a card here" },
    ], [remedies.outside]);
  }
  if (cpu.flags === undefined) {
    return unknown("could not read whether this host is a VM", evidence);
  }
  return isVm(host)
    ? warn(
      "this host is itself a VM: it can pass a card to its guests only if the outer hypervisor gives it the " +
        "card and a virtual IOMMU",
      evidence,
    )
    : pass("this host is not a VM", evidence);
}
