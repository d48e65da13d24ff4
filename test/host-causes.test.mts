// Facts of a host that prevent a GPU from reaching a VM, each by one line of a saved host, and what mends them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { applianceOf } from "../lib/host/appliances.mts";
import { installerOf } from "../lib/host/installers.mts";
import { preparationOf } from "../lib/plan/prepare.mts";
import { parseHost } from "../lib/host/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { own } from "./fake.mts";

const test = suite("host causes");
const text = (name: string) => own(`test/hosts/${name}.txt`);
const desktop = text("rtx4070-desktop-debian12");

/** The first finding of a check for one machine on a host's text: its status, message and fixes. */
function found(host: string, check: string, gpu = "{vendor_id: 10de, device_id: 2786}", memory = 8192) {
  const parsed = parseHost(host);
  const config = parseConfig(`machines: [{name: m, provider: libvirt, box: lab/x, memory: ${memory}, gpu: ${gpu}}]`);
  const [{ status, message, fix }] = runChecks(parsed, resolveConfig(config, parsed), [check]) as [
    ReturnType<typeof runChecks>[number],
  ];
  return { status, message, fix: fix.map(({ title, command }) => `${title} ${command ?? ""}`.trim()) };
}
const running = (host: string, ...words: string[]) =>
  host.replace(/^read:\/proc\/cmdline\n/m, `$&${words.map((word) => `running:${word}\n`).join("")}`);
const without = (host: string) =>
  host.replace(/^units:.*$/m, "units:").replace(/^(\S+\/iommu_group:).*$/gm, "$1none").replace(/^group:.*\n/gm, "");

test("host.memory: the cache of ZFS can be given back, down to its minimum", () => {
  const full = desktop.replace(/^MemAvailable:.*$/m, "MemAvailable:4180000");
  const zfs = (size: number, min: number) => full.replace(/^SwapTotal:/m, `arc-size:${size}\narc-min:${min}\n$&`);
  assert.is(found(full, "host.memory").status, "fail");
  const { status, fix } = found(zfs(32505856, 2055318), "host.memory");
  assert.is(status, "warn");
  // 31744 MiB in the cache, 9216 - 4082 MiB are lacking
  assert.match(
    fix[0]!,
    /gets smaller while memory is short.*echo 27902607360 >\/sys\/module\/zfs\/parameters\/zfs_arc_max/,
  );
  assert.match(fix[1]!, /^Limit it at each boot .*echo options zfs zfs_arc_max=27902607360 >\/etc\/modprobe\.d\//);
  assert.match(fix[2]!, /^Rebuild the initramfs/);
  const nixos = zfs(32505856, 2055318).replace(/^ID:.*$/m, "ID:nixos");
  assert.match(
    found(nixos, "host.memory").fix[1]!,
    /boot\.extraModprobeConfig = "options zfs zfs_arc_max=27902607360"/,
  );
  // the limit must be over the minimum
  assert.is(found(zfs((2048 + 5134) * 1024, 2048 * 1024), "host.memory").status, "fail");
  assert.is(found(zfs((2048 + 5135) * 1024, 2048 * 1024), "host.memory").status, "warn");
  const inContainer = zfs(32505856, 2055318).replace(/^ID:.*$/m, "$&\ncontainer:lxc");
  assert.is(found(inContainer, "host.memory").status, "fail", "the cache of the container's host");
  assert.is(found(full, "host.memory", "{enabled: false}").status, "warn");
  assert.is(found(zfs(32505856, 2055318), "host.memory", "{enabled: false}").status, "pass");
  assert.is(found(zfs(4194304, 2097152), "host.memory").status, "fail", "2 GiB more are not enough");
  assert.is(found(zfs(32505856, 2055318), "host.memory", undefined, 131072).status, "fail", "more than the host has");
});

test("iommu.enabled: iommu=soft keeps kernels before 5.19 from using an IOMMU, others not", () => {
  const off = running(without(desktop), "iommu=soft").replace(
    /^grub:GRUB_CMDLINE_LINUX "$/m,
    "$&\nconfigured:iommu=soft",
  );
  const kernel = (release: string) => found(off.replace(/^kernel:.*$/m, `kernel:${release}`), "iommu.enabled");
  assert.match(kernel("5.15.0-160-generic").message, /switched off in the kernel \(iommu=soft\)/);
  assert.match(kernel("5.15.0-160-generic").fix[0]!, /^Remove iommu=soft/);
  assert.match(kernel("6.1.0-28-amd64").fix[0]!, /^Add intel_iommu=on/);
  assert.match(kernel("5.14.0-611.el9.x86_64").fix[0]!, /^Add intel_iommu=on/, "RHEL's kernel has later changes");
});

test("host.virtualization: a processor that shows it lacks KVM's module, not a setting of the firmware", () => {
  const off = desktop.replace(/^exists:\/dev\/kvm\n/m, "").replace(/^loaded:kvm(_intel)?\n/gm, "");
  assert.equal(found(off, "host.virtualization").fix, [
    "Load KVM's module; if that fails, dmesg names the reason. If the next boot does not load it, write kvm_intel " +
    "into /etc/modules-load.d/kvm.conf modprobe kvm_intel",
  ]);
  const line = off.replace(/^\[configured\]$/m, "$&\nmodprobe.d/virtualbox.conf:blacklist kvm_intel");
  assert.match(
    found(line, "host.virtualization").fix[0]!,
    /^Remove the line blacklist kvm_intel from .*virtualbox\.conf/,
  );
  const fixes = (host: string) => found(host, "host.virtualization").fix;
  const id = (host: string, name: string) => host.replace(/^ID:.*$/m, `ID:${name}`);
  assert.match(fixes(id(off, "alpine"))[0]!, /write kvm_intel into \/etc\/modules /);
  assert.match(fixes(id(off, "nixos"))[0]!, /boot\.kernelModules = \[ "kvm-intel" \];/);
  const empty = off.replace(/^\[configured\]$/m, "$&\nmodprobe.d/x.conf:install kvm-intel /bin/false");
  assert.match(fixes(empty)[0]!, /^Remove the line install kvm-intel \/bin\/false from \/etc\/modprobe\.d\/x\.conf$/);
  const both = fixes(running(off, "module_blacklist=kvm,kvm_intel"));
  assert.match(
    fixes(running(off, "modprobe.blacklist=kvm,x,kvm-intel"))[0]!,
    /^Write modprobe\.blacklist=x instead of /,
  );
  assert.equal(both.map((fix) => fix.split(" ", 2).join(" ")), ["Remove module_blacklist=kvm,kvm_intel", "Load KVM's"]);
  const updated = off.replace(/^\[kernel\]$/m, "$&\nmodules:missing");
  assert.equal(fixes(updated), ["Reboot into the installed kernel reboot"]);
  const loaded = desktop.replace(/^exists:\/dev\/kvm\n/m, "");
  assert.match(
    fixes(loaded).join(),
    /^Load KVM's module again, which creates \/dev\/kvm .*modprobe -r kvm_intel && modprobe kvm_intel'$/,
  );
  assert.equal(fixes(loaded).length, 1);
  const before = (host: string) => host.replace(/^kernel:.*$/m, "kernel:5.4.0-216-generic");
  assert.equal(fixes(before(loaded)).length, 1, "a module that loaded shows that the firmware has it on");
  const builtIn = (host: string) => host.replace(/^\[kernel\]$/m, "$&\nbuiltin:kvm-intel");
  for (const host of [off, loaded]) {
    const dmesg = "Read in dmesg why KVM, which is a part of this kernel, did not start";
    assert.equal(fixes(builtIn(host)), [dmesg]);
    assert.equal(fixes(before(builtIn(host))), [dmesg, "Turn on VT-x or SVM in the firmware setup"]);
  }
  const nested = "This host is a VM: turn on nested virtualization in the outer hypervisor";
  const inVm = (host: string) => host.replace(/^flag:vmx$/m, "$&\nflag:hypervisor");
  assert.is(fixes(inVm(loaded)).at(-1), nested);
  assert.is(fixes(inVm(builtIn(loaded))).at(-1), nested);
  assert.equal(fixes(inVm(off)).length, 1, "the outer hypervisor shows vmx");
  const old = off.replace(/^kernel:.*$/m, "kernel:5.4.0-216-generic");
  assert.match(found(old, "host.virtualization").fix.at(-1)!, /in the firmware setup$/);
  const amd = (kernel: string) => off.replace(/^flag:vmx$/m, "flag:svm").replace(/^kernel:.*$/m, `kernel:${kernel}`);
  assert.equal(found(amd("6.1.0-28-amd64"), "host.virtualization").fix.length, 2);
  assert.match(found(amd("6.12.57+deb13-amd64"), "host.virtualization").fix.join(), /modprobe kvm_amd$/);
  const none = off.replace(/^flag:vmx\n/m, "");
  assert.equal(found(none, "host.virtualization").fix, ["Turn on VT-x or SVM in the firmware setup"]);
});

test("iommu.enabled: acpi=off hides the firmware's tables", () => {
  const hidden = running(without(desktop).replace(/^acpi-tables:.*\n/m, ""), "acpi=off");
  const { status, fix } = found(hidden, "iommu.enabled");
  assert.is(status, "fail");
  assert.match(fix[0]!, /^Remove acpi=off/);
  assert.is(found(hidden.replace(/^running:.*\n/m, ""), "iommu.enabled").status, "unknown");
});

test("iommu.enabled: a kernel with the IOMMU of the other maker only", () => {
  const intel = without(desktop).replace(/^built:CONFIG_INTEL_IOMMU.*\n/gm, "");
  assert.match(found(intel, "iommu.enabled").message, /built without support for Intel VT-d \(CONFIG_INTEL_IOMMU\)/);
  const amd = without(desktop).replace(/\bDMAR\b/, "IVRS");
  assert.not.match(found(amd, "iommu.enabled").message, /built without/);
  assert.match(
    found(amd.replace(/^built:CONFIG_AMD.*\n/gm, ""), "iommu.enabled").message,
    /AMD-Vi \(CONFIG_AMD_IOMMU\)/,
  );
});

test("prepare: without a script of its own it names the arguments to remove too; doctor promises only what it does", () => {
  const off = running(without(desktop), "intel_iommu=off");
  const grub = off.replace(
    /^grub:GRUB_CMDLINE_LINUX "$/m,
    "$&\nconfigured:intel_iommu=off\nconfigured:pcie_acs_override=x",
  );
  const card = (host: string) => parseHost(host).pci!.filter(({ bdf }) => bdf.startsWith("0000:01:00."));
  for (const id of ["nixos", "truenas-scale", "slackware", "guix"]) {
    const host = grub.replace(/^ID:.*$/m, `ID:${id}`).replace(/^(update-initramfs|apt-get):.*\n/gm, "");
    const { manual } = preparationOf(card(host), parseHost(host));
    assert.match(manual?.lines.join("\n") ?? "", /Remove intel_iommu=off from the kernel's arguments/, id);
  }
  assert.match(found(grub, "iommu.enabled").fix[0]!, /\(prepare --apply does that and checks the result\)$/);
  const other = running(desktop, "pcie_acs_override=x").replace(/^kernel:.*$/m, "kernel:6.17.2-1-pve");
  assert.match(found(other, "iommu.acs").fix[0]!, /^Remove pcie_acs_override=x/);
  assert.not.match(found(other, "iommu.acs").fix[0]!, /prepare/);
});

test("gpu.driver: libvirt does not load a blacklisted vfio-pci", () => {
  const line = desktop.replace(/^\[configured\]$/m, "$&\nmodprobe.d/x.conf:blacklist vfio_pci");
  assert.equal(found(line, "gpu.driver").fix, ["Remove the line blacklist vfio_pci from /etc/modprobe.d/x.conf"]);
  assert.is(found(line, "gpu.driver").status, "fail");
  const install = line.replace(/^\[configured\]$/m, "$&\nmodprobe.d/y.conf:install vfio-pci /bin/false");
  assert.equal(found(install, "gpu.driver").fix.length, 2, "both lines are named at once");
  const packaged = desktop.replace(/^\[configured\]$/m, "$&\n/usr/lib/modprobe.d/y.conf:blacklist vfio_pci");
  assert.equal(found(packaged, "gpu.driver").fix, [
    "Copy /usr/lib/modprobe.d/y.conf to /etc/modprobe.d/y.conf, which is read instead, and remove the line blacklist " +
    "vfio_pci there",
  ]);
  const copied = packaged.replace(/^\[configured\]$/m, "$&\nmodprobe.d/y.conf:blacklist nouveau");
  assert.is(found(copied, "gpu.driver").status, "warn", "the file in /etc is read instead");
  const on = (id: string) => found(line.replace(/^ID:.*$/m, `ID:${id}`), "gpu.driver").fix[0]!;
  assert.match(on("nixos"), /from configuration\.nix \(boot\.blacklistedKernelModules or /);
  assert.match(on("guix"), /from the operating-system in \/etc\/config\.scm, and run guix system reconfigure/);
  assert.match(on("truenas-scale"), /; TrueNAS may lose this change at its next boot or update$/);
  const word = running(desktop, "modprobe.blacklist=nouveau,vfio-pci");
  assert.is(found(word, "gpu.driver").status, "fail");
  // nouveau stays blacklisted
  const kept = (argument: string) => found(running(desktop, argument), "gpu.driver").fix[0]!;
  assert.match(
    kept("modprobe.blacklist=nouveau,vfio-pci"),
    /^Write modprobe\.blacklist=nouveau instead of modprobe\.blacklist=nouveau,vfio-pci into the kernel's arguments \(/,
  );
  assert.match(kept("module_blacklist=a,vfio_pci,b"), /^Write module_blacklist=a,b instead of module_blacklist=a,v/);
  assert.match(kept("modprobe.blacklist=vfio_pci"), /^Remove modprobe\.blacklist=vfio_pci from the kernel's/);
  const fedora = word.replace(/^(update-grub|apt-get):.*\n/gm, "").replace(
    /^\[programs\]$/m,
    "$&\ngrubby:/sbin/grubby",
  );
  assert.match(
    found(fedora, "gpu.driver").fix[0]!,
    / --remove-args=modprobe\.blacklist=nouveau,vfio-pci && .* --args=modprobe\.blacklist=nouveau$/,
  );
  const loaded = (host: string) => host.replace(/^\[kernel\]$/m, "$&\nloaded:vfio_pci");
  assert.is(found(loaded(line), "gpu.driver").status, "warn");
  assert.is(found(running(desktop, "modprobe.blacklist=nouveau"), "gpu.driver").status, "warn");
});

test("gpu.driver, gpu.display: a variant of vfio-pci has the card as vfio-pci has it", () => {
  for (const driver of ["xe-vfio-pci", "xe_vfio_pci", "vfio-pci"]) {
    const host = desktop.replace(/^(0000:01:00\.[01]\/driver:).*$/gm, `$1${driver}`)
      .replace(/^(0000:01:00\.0\/boot_vga:).*$/m, "$11");
    assert.is(found(host, "gpu.driver").status, "pass");
    assert.match(found(host, "gpu.driver").message, new RegExp(`^${driver} holds the card already`));
    assert.is(found(host, "gpu.display").status, "pass");
    const half = desktop.replace(/^(0000:01:00\.0\/driver:).*$/m, `$1${driver}`).replace(
      /^\[configured\]$/m,
      "$&\nmodprobe.d/vfio.conf:options vfio-pci ids=10de:2786,10de:22bc",
    );
    assert.match(found(half, "gpu.driver").message, new RegExp(`^${driver} has the card, and snd_hda_intel holds `));
  }
});

test("packages: the root of a transactional server is read-only, whatever its name is", () => {
  const suse = parseHost(
    desktop.replace(/^ID:.*$/m, "ID:opensuse-tumbleweed").replace(/^apt-get:.*$/m, "zypper:/usr/bin/zypper")
      .replace(/^\[programs\]$/m, "$&\ntransactional-update:/usr/sbin/transactional-update"),
  );
  assert.match(installerOf(suse)!.install(["x"]), /^zypper /);
  assert.match(installerOf({ ...suse, rootReadOnly: true })!.install(["x"]), /^transactional-update .*pkg install x$/);
  const readOnly = { ...suse, rootReadOnly: true as const, programs: { pacman: "/usr/bin/pacman" } };
  assert.match(applianceOf(readOnly)!.packages!, /^The root is mounted read-only/);
  assert.is(applianceOf({ ...suse, rootReadOnly: true }), undefined);
});

test.run();
