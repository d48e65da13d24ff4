// Kinds of real machines, based on public listings: what is advised on each, and what is not.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { main } from "../lib/cli/main.mts";
import { cardName } from "../lib/cli/card-name.mts";
import { fakeShell, own, root } from "./fake.mts";

const test = suite("more machines");
const text = (name: string) => own(`test/hosts/${name}.txt`);
const ada = "{vendor_id: 10de, device_id: 2786}";

function finding(host: string, check: string, gpu = ada) {
  const parsed = parseHost(host);
  const machine = `{name: m, provider: libvirt, box: lab/x, image: debian-13, memory: 8192, gpu: ${gpu}}`;
  return runChecks(parsed, resolveConfig(parseConfig(`machines: [${machine}]`), parsed), [check])[0]!;
}
const fixes = (host: string, check: string, gpu?: string) =>
  finding(host, check, gpu).fix.map(({ title, command }) => command ?? title);

const titles = (host: string, check: string, gpu?: string) =>
  finding(host, check, gpu).fix.map(({ title, command }) => `${title} ${command ?? ""}`).join("\n");

/** What a command prints on both streams, and its exit code. */
async function says(command: "prepare" | "init" | "doctor", host: string, gpu?: string) {
  const config = `machines: [{name: m, provider: libvirt, box: lab/x, image: debian-13, memory: 1024, gpu: ${gpu}}]`;
  const template = "templates/homelab-gpu.yaml";
  const { shell, said } = fakeShell({
    host,
    [`${root}/${template}`]: own(template),
    ...(gpu ? { "c.yaml": config } : {}),
  });
  const dry = command === "init" ? ["-n"] : [];
  const code = await main([command, ...dry, "--no-color", "--host", "host", "--config", "c.yaml"], shell);
  return { code, text: said.join("") };
}

test("prepare: a list of pci-stub with the card is named, one without it is not", async () => {
  const host = text("card-given-to-pci-stub");
  assert.match(
    (await says("prepare", host, ada)).text,
    /note: pci-stub\.ids=10de:2786,10de:22bc [^\n]*is kept: pci-stub has/,
  );
  const other = host.replaceAll("pci-stub.ids=10de:2786,10de:22bc", "pci-stub.ids=1b21:2142");
  assert.not.match((await says("prepare", other, ada)).text, /note: pci-stub/);
  const file = other.replace("[configured]\n", "$&modprobe.d/stub.conf:options pci_stub ids=10de:22bc\n");
  assert.match(
    (await says("prepare", file, ada)).text,
    /options pci_stub ids=10de:22bc \(\/etc\/modprobe\.d\/stub\.conf\) is kept/,
  );
});

test("gpu.reset: vendor-reset is named for the chips that it knows, and for no others", () => {
  const host = text("strix-halo-apu-proxmox");
  const apu = finding(host, "gpu.reset", "{vendor_id: 1002, device_id: 1586}");
  assert.equal([apu.status, apu.fix], ["warn", []]);
  const vega = finding(host.replaceAll("0x1586", "0x687f"), "gpu.reset", "{vendor_id: 1002, device_id: 687f}");
  assert.match(vega.fix[0]!.title, /vendor-reset, which is made for this chip/);
});

test("gpu.display: Intel's only card may stay on the host where it can have virtual functions", () => {
  const host = text("only-display-with-virtual-functions-off");
  const gpu = "{vendor_id: 8086, device_id: 46d1}";
  assert.is(finding(host, "gpu.display", gpu).status, "fail");
  assert.match(titles(host, "gpu.display", gpu), /of which this card can have 7: write mode: partition/);
  assert.not.match(titles(host.replace(/^.*sriov_totalvfs:.*\n/m, ""), "gpu.display", gpu), /partition/);
  const nvidia = host.replaceAll("0x46d1", "0x2786").replace(/(00:02\.0\/vendor:)0x8086/, "$10x10de");
  assert.not.match(titles(nvidia, "gpu.display", ada), /partition/, "NVIDIA's need a licence");
});

test("iommu.enabled: ZFSBootMenu keeps the arguments in a property", () => {
  const host = text("void-with-zfsbootmenu");
  assert.match(titles(host, "iommu.enabled"), /ZFSBootMenu\): in the property org\.zfsbootmenu:commandline/);
  assert.match(
    titles(host.replace(/^generate-zbm:.*\n/m, ""), "iommu.enabled"),
    /in the configuration of this host's boot loader/,
  );
});

test("iommu.enabled: the firmware's setting has the name that the processor's maker gives it", () => {
  const host = text("proxmox9-without-tools-iommu-off");
  assert.is(finding(host, "iommu.enabled").message, "IOMMU is not enabled in your BIOS");
  assert.match(titles(host, "iommu.enabled"), /^Turn on AMD-Vi, also called IOMMU, in the firmware setup/);
  assert.match(titles(host.replaceAll("AuthenticAMD", "GenuineIntel"), "iommu.enabled"), /^Turn on VT-d in/);
  assert.match(titles(host.replaceAll("AuthenticAMD", "CentaurHauls"), "iommu.enabled"), /VT-d \(Intel\) or AMD-Vi/);
});

test("tools.present: Proxmox VE without libvirt gets no command that installs a part", () => {
  const { fix } = finding(text("proxmox9-without-tools-iommu-off"), "tools.present");
  assert.equal(fix.map(({ command }) => command), [null]);
  assert.match(fix[0]!.title, /^Proxmox VE has its own QEMU/);
});

test("a card of the row with all old chips is named by its class", () => {
  const any = parseHost(text("card-given-to-pci-stub")).pci![0]!;
  const named = (device: string) => cardName({ ...any, vendor: "10de", device });
  assert.not.match(named("128b"), /GK208/);
  assert.match(named("2786"), /^NVIDIA AD104 \(10de:2786\)$/);
});

test("gpu.driver: a rebuild does not help while the initramfs loads the card's driver before vfio-pci", () => {
  const turing = "{vendor_id: 10de, device_id: 2184}";
  const host = text("arch-nvidia-loaded-before-vfio");
  const prepare = ["npx zx homelab-gpu.mts prepare"];
  assert.equal(fixes(host, "gpu.driver", turing), prepare);
  assert.match(finding(host, "gpu.driver", turing).message, /\/etc\/mkinitcpio\.conf loads nvidia before vfio-pci$/);
  const modules = /^(mkinitcpio\.conf:)MODULES=.*$/m;
  const rebuild = ["mkinitcpio -P"];
  assert.equal(fixes(host.replace(modules, "$1MODULES= vfio_pci nvidia"), "gpu.driver", turing), rebuild);
  const dropIn = host.replace(modules, "$1MODULES= nvidia\nmkinitcpio.conf.d/vfio.conf:MODULES= vfio_pci nvidia");
  assert.equal(fixes(dropIn, "gpu.driver", turing), rebuild, "a value without + replaces the first one");
  const added = host.replace(modules, "$1MODULES= nvidia_drm\nmkinitcpio.conf.d/vfio.conf:MODULES+= vfio_pci");
  assert.equal(fixes(added, "gpu.driver", turing), prepare, "nvidia_drm loads nvidia");
  const softdep = (line: string) =>
    fixes(host.replace(/^\[configured\]$/m, `[configured]\nmodprobe.d/a.conf:${line}`), "gpu.driver", turing);
  const first = ["pre: vfio-pci", "pre: vfio vfio_pci", "post: nvidia_drm pre: vfio-pci", "  pre:  vfio-pci post: x"];
  for (const words of first) assert.equal(softdep(`softdep nvidia ${words}`), rebuild, "modprobe loads vfio-pci first");
  assert.equal(softdep("softdep nvid* pre: vfio-pci"), rebuild);
  assert.equal(softdep("softdep nvidia_* pre: vfio-pci"), prepare);
  for (const words of ["post: vfio-pci", "pre: vfio", "pre: vfio post: vfio-pci"]) {
    assert.equal(softdep(`softdep nvidia ${words}`), prepare, words);
  }
  const tools = "initramfs-tools/modules:nouveau\ninitramfs-tools/modules:vfio_pci\n";
  const listed = text("rtx4070-desktop-debian12").replace(
    /^\[configured\]\n/m,
    (line) => `${line}modprobe.d/vfio.conf:options vfio-pci ids=10de:2786,10de:22bc\n${tools}`,
  );
  assert.equal(fixes(listed, "gpu.driver"), prepare);
  const left = listed.replaceAll("initramfs-tools/modules:", "mkinitcpio.conf:MODULES+= ");
  assert.not.match(finding(left, "gpu.driver").message, /mkinitcpio/, "this host uses initramfs-tools");
});

test("init and gpu.present offer no display that a hypervisor emulates", async () => {
  const host = text("crostini-container-with-a-virtual-display");
  assert.match((await says("init", host)).text, /without a GPU;[^]*this host has no graphics card/);
  assert.match(fixes(host, "gpu.present")[0]!, /^Install a card/);
});

test("prepare does not say that a container is ready", async () => {
  const { code, text: said } = await says("prepare", text("toolbx-container-of-silverblue"), ada);
  assert.is(code, 1);
  assert.match(said, /✗ host\.guest[^]*outside of the container[^]*Not ready: 1 failed/);
});

test("tools.present: installs nothing for a card that another architecture cannot pass", () => {
  const arm = text("arm-workstation-with-a-card").replace(/^(vagrant|packer|qemu-system-x86_64):.*\n/gm, "");
  assert.equal(fixes(arm, "tools.present"), ["Fix host.architecture first"]);
  const noble = arm.replace(/^ID:.*$/m, "ID:ubuntu").replace(/^VERSION_ID:.*$/m, "VERSION_ID:24.04")
    .replace(/^(VERSION|UBUNTU)_CODENAME:.*\n/gm, "");
  const without = fixes(noble, "tools.present", "[]").join("\n");
  assert.match(without, /Vagrant has no release for Linux on aarch64/);
  assert.not.match(without, /hashicorp|plugin install/);
});

test("Xen: a system that runs on Xen only is not booted without it, and VT-x is not turned on", () => {
  const host = text("xcp-ng-control-domain");
  for (const check of ["tools.present", "iommu.enabled", "host.virtualization"]) {
    assert.not.match(fixes(host, check).join("\n"), /without Xen|VT-x/, check);
  }
  assert.match(fixes(text("xen-control-domain"), "iommu.enabled").join("\n"), /^Boot this system without Xen/);
  // Linux in the control domain shows the flag of a VM
  const flagged = parseHost(host.replace(/^flags-read:yes$/m, "flags-read:yes\nflag:hypervisor"));
  const config = resolveConfig(parseConfig("machines: [{name: a, box: x, gpu: {}}]"), flagged);
  assert.ok(flagged.cpu.flags!.includes("hypervisor"));
  assert.is(runChecks(flagged, config, ["host.guest"])[0]!.message, "this host is not a VM");
});

test("Guix System gets lines of its declaration", async () => {
  const host = text("guix-without-tools-iommu-off");
  assert.match(fixes(host, "tools.present").join("\n"), /libvirt-service-type[^]*guix system reconfigure/);
  const bare = fixes(host.replace(/^ovmf:.*\n/gm, ""), "guest.firmware").join("\n");
  assert.match(bare, /"\/usr\/share\/OVMF\/OVMF_VARS\.fd" .*ovmf_vars_x64\.bin"\)\) to services/);
  const { code, text: said } = await says("prepare", host, ada);
  assert.is(code, 0);
  assert.match(said, /\(kernel-arguments \(cons\* "intel_iommu=on" %default-kernel-arguments\)\)/);
  assert.match(said, /"options vfio-pci ids=10de:2786,10de:22bc\\nsoftdep nouveau pre: vfio-pci\\n/);
  assert.not.match(said, /does not know how/);
});

test("provider.access: libvirt is started in the way of the init system", () => {
  const host = text("artix-libvirt-not-running");
  const of = (id: string, like = "") =>
    fixes(host.replace(/^ID:artix$/m, `ID:${id}${like ? `\nID_LIKE:${like}` : ""}`), "provider.access");
  assert.equal(of("alpine"), ["rc-service libvirtd start", "rc-update add libvirtd default"]);
  assert.equal(of("devuan", "debian"), ["service libvirtd start"]);
  // a daemon that was started without runit would keep runit's own from starting
  assert.equal(of("void"), ["ln -sf /etc/sv/virtlogd /etc/sv/virtlockd /etc/sv/libvirtd /var/service/"]);
  assert.match(of("artix")[1]!, /^To start it at each boot: install libvirt-openrc, -runit, -dinit or -s6/);
  assert.equal(of("slackware").length, 1);
  assert.match(of("slackware")[0]!, /; libvirtd -d'$/);
  for (const id of ["slackware", "alpine", "devuan"]) {
    const modular = host.replace(/^libvirtd:.*$/m, "virtqemud:/usr/bin/virtqemud").replace(/^ID:.*$/m, `ID:${id}`);
    const all = fixes(modular, "provider.access");
    assert.is(all.length, 1, `${id}: no package has a script of virtqemud`);
    assert.match(all[0]!, /virtnetworkd -d; .*; virtqemud -d'$/, id);
  }
});

test("Slackware may boot by three boot loaders, also if GRUB's files are there", () => {
  const host = text("slackware-without-tools-iommu-off");
  const grub = host.replace(/^\[programs\]$/m, "[programs]\ngrub-mkconfig:/usr/sbin/grub-mkconfig")
    .replace(/^(read:\/proc\/cmdline)$/m, "$1\nconfiguration:/etc/default/grub");
  for (const one of [host, grub]) assert.match(fixes(one, "iommu.enabled")[0]!, /elilo: .*LILO: .*GRUB: /);
});

test("commands that need root use su on a host without sudo", async () => {
  const host = text("alpine-with-extlinux-and-without-sudo").replace("[programs]\n", "$&vagrant:/usr/bin/vagrant\n");
  const { text: said } = await says("doctor", host, ada);
  assert.match(said, /su -c 'PATH=\$PATH:\/usr\/sbin:\/sbin; apk add /);
  assert.not.match(said, /sudo/);
});

test("host.memory: huge pages that these machines do not use are named", () => {
  const host = text("memory-in-huge-pages");
  assert.match(fixes(host, "host.memory")[0]!, /^Reserve fewer huge pages .*59392 MiB/);
  const own = fixes(host, "host.memory", `${ada}, libvirt: "l.memorybacking :hugepages"`);
  assert.not.match(own.join(), /huge pages/, "the user's own lines use them");
  const ordinary = host.replace(/^HugePages_Total:.*$/m, "HugePages_Total:0");
  assert.match(fixes(ordinary, "host.memory")[0]!, /^Give the machines less memory/);
});

test("gpu.in-use: a card that the host does not display on can be kept from its programs at boot", () => {
  assert.equal(fixes(text("kwin-holds-the-free-card"), "gpu.in-use"), [
    "systemctl stop display-manager",
    "npx zx homelab-gpu.mts prepare",
  ]);
});

test("gpu.driver: what is configured does not help if nothing loads vfio-pci before the card's driver", () => {
  const host = text("rtx4070-desktop-debian12").replace(
    /^\[configured\]$/m,
    "[configured]\nmodprobe.d/vfio.conf:options vfio-pci ids=10de:2786,10de:22bc",
  );
  assert.match(finding(host, "gpu.driver").message, /bound it: no file that was read loads vfio-pci earlier$/);
  assert.equal(fixes(host, "gpu.driver"), ["npx zx homelab-gpu.mts prepare"]);
  const drivers = ["nouveau", "nvidia", "snd-hda-intel"].map((name) =>
    `modprobe.d/vfio.conf:softdep ${name} pre: vfio-pci`
  );
  const first = host.replace(/^\[configured\]$/m, `[configured]\n${drivers.join("\n")}`);
  assert.match(finding(first, "gpu.driver").message, /bound it: reboot, or rebuild the initramfs$/);
});

test("init takes a free virtual function by its address, not the card that ends all of them", async () => {
  const { text: said } = await says("init", text("v620-with-four-virtual-functions"));
  assert.match(said, /would write \S* with AMD VGA controller \(1002:73ae\) at 0000:83:02\.0;/);
  assert.match(said, /address: "0000:83:02\.0" # another card has the same ids/);
});

test("host.architecture: a 32-bit system on a 64-bit processor", () => {
  const host = text("rtx4070-desktop-debian12").replace(/^arch:.*$/m, "arch:i686");
  assert.equal(fixes(host, "host.architecture"), ["This processor has 64 bits: install a system for x86_64 on it"]);
  assert.equal(fixes(host.replace(/^flag:lm\n/m, ""), "host.architecture"), ["Run this on an x86_64 host"]);
});

test("guest.driver: cards of AMD that ROCm does not find, and one that older kernels drive by radeon", () => {
  const card = (device: string) =>
    text("rtx4070-desktop-debian12").replaceAll("0x10de", "0x1002").replaceAll("0x2786", `0x${device}`);
  const of = (device: string) => finding(card(device), "guest.driver", `{vendor_id: 1002, device_id: ${device}}`);
  for (const device of ["6798", "6610", "6658", "683f", "684c"]) assert.is(of(device).status, "warn", device);
  assert.is(of("67df").status, "pass", "Polaris");
  assert.match(of("67b0").message, /Hawaii .* needs Linux 6\.19 or later/);
});

test("prepare adds no argument for AMD's IOMMU, which the kernel uses without one", async () => {
  const { text: said } = await says("prepare", text("amd-ivrs-without-unit"), ada);
  assert.match(said, /modprobe\.d/);
  assert.not.match(said, /iommu=/);
});

test("a Mac has no firmware setup", () => {
  const mac = (host: string) => host.replace(/^\[os\]$/m, "[os]\ndmi-sys_vendor:Apple Inc.");
  const shown = mac(text("arch-nvidia-loaded-before-vfio"));
  const display = (host: string) => fixes(host, "gpu.display", "{vendor_id: 10de, device_id: 2184}").join("\n");
  assert.match(display(shown), /processor's graphics: gpu-switch -i sets/);
  assert.not.match(display(shown), /force_igd/, "an option of t2linux's kernels only");
  for (const kernel of ["6.12.1-1-t2-noble", "6.8.9-200.t2.fc40.x86_64", "6.11.3-arch1-Watanare-T2-1-t2"]) {
    assert.match(display(shown.replace(/^kernel:.*/m, `kernel:${kernel}`)), /apple-gmux force_igd=y/, kernel);
  }
  assert.not.match(fixes(mac(text("proxmox9-without-tools-iommu-off")), "iommu.enabled").join("\n"), /firmware setup/);
});

test("on Xen host.virtualization names no other check: machines without a card have none", () => {
  const xcp = text("xcp-ng-control-domain");
  const told = (host: string) => fixes(host, "host.virtualization").join();
  assert.is(told(xcp), "KVM does not run in Xen's control domain: run this on another host");
  assert.is(
    told(xcp.replaceAll("xenenterprise", "debian")),
    "KVM does not run in Xen's control domain: run this on another host, or boot this one without Xen",
  );
  const unread = xcp.replace(/^xen-capabilities:.*\n/m, "");
  assert.is(told(unread), "KVM does not run under Xen: run this on another host");
});

test.run();
