// Machines after listings of 2025 and 2026: which card init chooses, and advice that fits the machine.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { main } from "../lib/cli/main.mts";
import { fakeShell, own, root } from "./fake.mts";

const test = suite("listings");
const text = (name: string) => own(`test/hosts/${name}.txt`);

function finding(host: string, check: string, gpu: string) {
  const parsed = parseHost(host);
  const machine = `{name: m, provider: libvirt, box: lab/x, image: debian-13, memory: 8192, gpu: ${gpu}}`;
  const { status, message, fix } = runChecks(parsed, resolveConfig(parseConfig(`machines: [${machine}]`), parsed), [
    check,
  ])[0]!;
  return { status, message, fixes: fix.map(({ title, command }) => command ?? title).join("\n") };
}

async function init(host: string): Promise<string> {
  const template = "templates/homelab-gpu.yaml";
  const { shell, said } = fakeShell({ host, [`${root}/${template}`]: own(template) });
  assert.is(await main(["init", "-n", "--no-color", "--host", "host", "--config", "c.yaml"], shell), 0);
  return said.join("");
}
async function prepare(host: string, gpu: string): Promise<string> {
  const { shell, said } = fakeShell({
    host,
    "c.yaml": `machines: [{name: m, box: lab/x, image: debian-13, gpu: ${gpu}}]`,
  });
  assert.is(await main(["prepare", "--no-color", "--host", "host", "--config", "c.yaml"], shell), 0);
  return said.join("");
}

test("init: a card that the host displays on comes after another maker's free card", async () => {
  const beside = text("geforce-for-the-picture-beside-a-radeon");
  assert.match(await init(beside), /with AMD [^]*not chosen: 0000:0e:00\.0 [^;]*\(the host displays on it\)/);
  const free = beside.replace("0000:0e:00.0/boot_vga:1", "0000:0e:00.0/boot_vga:0").replace(/^.*\/display:.*\n/m, "");
  assert.match(await init(free), /with NVIDIA [^]* at 0000:0e:00\.0/, "else the first maker's");
  const arc = await init(text("arc-b580-beside-the-processors-display"));
  assert.match(arc, /with Intel [^]*\(8086:e20b\)[^]*not chosen: 0000:0e:00\.0 /);
});

test("init: warnings about the chosen card are said", async () => {
  assert.match(await init(text("zfs-root-near-the-card")), /warning: gpu\.display: .*console goes dark/);
  assert.match(await init(text("rtx5090-flr-does-not-come-back")), /warning: gpu\.reset: /);
  assert.not.match(await init(text("rtx4070-desktop-debian12")), /warning: gpu\.driver/);
});

test("nova_core: prepare loads vfio-pci before it, and its driver's name is another one", async () => {
  const host = text("ubuntu2604-card-on-nova-core");
  const card = "{vendor_id: 10de, device_id: 2504}";
  assert.match(finding(host, "gpu.driver", card).fixes, /prepare$/);
  assert.match(await prepare(host, card), /^ *softdep nova_core pre: vfio-pci$/m);
  const loaded = host.replace(
    "[configured]\n",
    (line) =>
      `${line}modprobe.d/vfio.conf:options vfio-pci ids=10de:2504,10de:228e\n` +
      "modprobe.d/vfio.conf:softdep snd_hda_intel pre: vfio-pci\ndracut.conf.d/x.conf:force_drivers+= nova_core\n",
  );
  assert.match(finding(loaded, "gpu.driver", card).message, /loads nova_core before vfio-pci$/);
});

test("gpu.driver: an argument that waits for the reboot needs that reboot, if vfio-pci is in the kernel", () => {
  const host = text("gentoo-vfio-built-in-waits-for-reboot");
  const card = "{vendor_id: 10de, device_id: 1b06}";
  const waits = finding(host, "gpu.driver", card);
  assert.match(waits.message, /: vfio-pci\.ids=\S+ is configured and takes effect at the next reboot$/);
  assert.match(waits.fixes, /grub-mkconfig[^]*\nreboot$/);
  const module = host.replaceAll("builtin:vfio", "available:vfio");
  assert.match(finding(module, "gpu.driver", card).message, /no file that was read loads vfio-pci earlier$/);
});

test("ids= of no device of this host are named", async () => {
  const host = text("ids-of-no-device-debian13");
  const card = "{vendor_id: 10de, device_id: 2487}";
  const named = /\/etc\/modprobe\.d\/vfio\.conf names 10de:2489, 10de:228b for vfio-pci, which no device /;
  assert.match(finding(host, "gpu.driver", card).message, named);
  assert.match(await prepare(host, card), /is kept, though no device of this host has these ids:/);
  const other = host.replace("ids=10de:2489,10de:228b", "ids=8086:15f3");
  assert.not.match(finding(other, "gpu.driver", card).message, /names/);
  assert.not.match(await prepare(other, card), /though/);
});

test("iommu.reserved: a ProLiant Gen8 has the setting in HPE's tool only", () => {
  const host = text("proliant-gen8-with-rmrr");
  const fixes = (product: string) =>
    finding(host.replace("ProLiant DL380p Gen8", product), "iommu.reserved", "{vendor_id: 10de, device_id: 15f8}")
      .fixes;
  assert.match(fixes("ProLiant DL380p Gen8"), /^Exclude the slot with HPE's tool conrep .*$/);
  assert.match(fixes("ProLiant DL380 Gen10"), /^Turn off “HP Shared Memory features” for the slot in .*$/);
  assert.match(fixes("Superdome"), /^HPE Gen9 and later: .*\nHPE Gen8: .*$/);
});

test("iommu.group: names an equal card that shares no group", () => {
  const host = text("mining-board-six-cards-in-one-group");
  const card = '{vendor_id: 10de, device_id: 1c07, address: "03:00.0"}';
  assert.match(finding(host, "iommu.group", card).fixes, /equal card that shares no group.*"0000:01:00\.0"/);
  const shown = host.replace("[needs]\n", "[needs]\nmount-/:0000:01:00.0\n");
  assert.not.match(finding(shown, "iommu.group", card).fixes, /equal card/);
  const switched = '{vendor_id: 10de, device_id: 1db1, address: "06:00.0"}';
  assert.not.match(finding(text("two-v100-behind-one-switch"), "iommu.group", switched).fixes, /equal card/);
  const only = host.replace(/^0000:0[18]:00\.0\/.*\n/gm, "").replace(/^(0000:0[23467].*\/driver:).*$/gm, "$1none");
  const held = finding(only, "iommu.group", card);
  assert.match(held.message, /shares it with 0000:05:00\.0 \[0302\] 10de:1c07 [^)]*\)$/);
  assert.not.match(held.fixes, /equal card/, "it is in the same group");
  const part = host.replace("[pci]\n", "$&0000:01:00.0/physfn:0000:05:00.0\n");
  assert.not.match(finding(part, "iommu.group", card).fixes, /equal card/, "a virtual function is not a whole card");
});

test("gpu.present: an external card may not be authorized", () => {
  const host = text("nuc-without-its-external-card");
  const card = "{vendor_id: 10de, device_id: 2484}";
  assert.match(finding(host, "gpu.present", card).fixes, /authorize it \(boltctl list shows it\)/);
  assert.not.match(finding(host.replaceAll(":thunderbolt", ":none"), "gpu.present", card).fixes, /boltctl/);
});

test("provider.mode: NVIDIA's partitions need a licence, and the whole card does not", () => {
  const asked = finding(
    text("a100-asked-for-as-partition"),
    "provider.mode",
    "{vendor_id: 10de, device_id: 20f1, mode: partition}",
  );
  assert.match(asked.fixes, /^Give the VM the whole card: mode: passthrough\. With MIG, .*\nOr install /);
});

test("iommu.enabled: a VM without a virtual IOMMU is named as that", () => {
  const vm = finding(text("vmware-guest-with-a-t4"), "iommu.enabled", "{vendor_id: 10de, device_id: 1eb8}");
  assert.match(vm.message, /: this host is a VM without a virtual IOMMU$/);
});

test("gpu.driver: an initramfs without modprobe's files gives vfio-pci no ids", () => {
  const host = text("arch-initramfs-without-modprobe-files");
  const card = "{vendor_id: 10de, device_id: 2704}";
  const bare = finding(host, "gpu.driver", card);
  assert.match(bare.message, /the initramfs contains no file of \/etc\/modprobe\.d, so vfio-pci gets no ids there$/);
  assert.match(bare.fixes, /^npx zx homelab-gpu\.mts prepare$/);
  const hooked = host.replace("HOOKS= systemd", "HOOKS= systemd modconf");
  assert.match(finding(hooked, "gpu.driver", card).fixes, /^mkinitcpio -P$/m);
  const dracut = host.replace(/^(mkinitcpio|lsinitcpio):.*\n/gm, "").replace(
    "[programs]\n",
    "$&dracut:/usr/bin/dracut\n",
  )
    .replace("[configured]\n", "$&dracut.conf.d/a.conf:force_drivers+= vfio-pci\ndracut.conf.d/a.conf:hostonly=no\n");
  assert.match(finding(dracut, "gpu.driver", card).message, /gets no ids there$/);
  assert.not.match(finding(dracut.replace("hostonly=no", "hostonly=yes"), "gpu.driver", card).message, /no ids/);
});

test("gpu.driver: a module that dracut leaves out is not in the initramfs", () => {
  const card = "{vendor_id: 10de, device_id: 2704}";
  const host = text("arch-initramfs-without-modprobe-files").replace(/^(ls|mk)initcpio[:.].*\n/gm, "")
    .replace("[programs]\n", "$&dracut:/usr/bin/dracut\n");
  const having = (setting: string) =>
    finding(host.replace("[configured]\n", `$&dracut.conf.d/a.conf:${setting}\n`), "gpu.driver", card);
  assert.match(having("omit_drivers+= vfio-pci").message, /: no file that was read loads vfio-pci earlier$/);
  assert.match(having("add_drivers+= vfio-pci").message, /: reboot, or rebuild the initramfs$/);
});

test("gpu.driver: dracut's files in /usr/lib count by their names, and a script in its image is early", () => {
  const card = "{vendor_id: 10de, device_id: 2704}";
  const host = text("arch-initramfs-without-modprobe-files").replace(/^(ls|mk)initcpio[:.].*\n/gm, "")
    .replace("[programs]\n", "$&dracut:/usr/bin/dracut\n");
  const [, bdf] = /^(\S+)\/device:0x2704$/m.exec(host)!;
  const having = (...lines: string[]) =>
    finding(host.replace("[configured]\n", `$&${lines.join("\n")}\n`), "gpu.driver", card);
  const driver = new RegExp(`^${bdf}/driver:(.*)$`, "m").exec(host)![1]!;
  const package99 = `/usr/lib/dracut/dracut.conf.d/99-nvidia.conf:force_drivers+= ${driver}`;
  const own = (name: string) => `dracut.conf.d/${name}:force_drivers+= vfio_pci`;
  const before = new RegExp(`: /usr/lib/dracut/dracut.conf.d/99-nvidia.conf loads ${driver} before vfio-pci$`);
  assert.match(having(own("99-vfio.conf"), package99).message, before);
  assert.not.match(having(own("10-vfio.conf"), package99).message, before);
  // the last setting counts
  const image = (name: string) =>
    having(own("10-vfio.conf"), `${name}:hostonly=no`, "/usr/lib/dracut/dracut.conf.d/50-dist.conf:hostonly=yes")
      .message;
  assert.not.match(image("dracut.conf.d/10-a.conf"), /gets no ids there$/);
  assert.match(image("dracut.conf.d/60-a.conf"), /gets no ids there$/);
  const script = (name: string) =>
    finding(
      host.replace(/^modprobe\.d\/.*\n/gm, "").replace("[configured]\n", `$&${name}:driver_override ${bdf}\n`),
      "gpu.driver",
      card,
    );
  const module = script("/usr/lib/dracut/modules.d/20vfio/vfio-pci-override.sh");
  assert.match(module.message, /: reboot, or rebuild the initramfs/);
  assert.match(module.fixes, /dracut --force/);
  assert.match(script("rc.local").message, /no file that was read loads vfio-pci earlier/);
});

test("gpu.driver: NixOS's own options bind a card, and load drivers before vfio-pci", async () => {
  const card = "{vendor_id: 10de, device_id: 24e0}";
  const host = text("nixos-laptop-with-a-sleeping-card");
  const lines = (...more: string[]) => host.replace("[configured]\n", `$&${more.join("\n")}\n`);
  const option = "nixos/configuration.nix:initrd.kernelModules+=";
  const ids = "modprobe.d/nixos.conf:options vfio-pci ids=10de:24e0,10de:228b";
  assert.match(
    finding(lines(ids, `${option} nvidia vfio_pci`), "gpu.driver", card).message,
    /: \/etc\/nixos\/configuration\.nix loads nvidia before vfio-pci$/,
  );
  assert.match(
    finding(lines(ids, `${option} vfio_pci nvidia`), "gpu.driver", card).message,
    /or rebuild the initramfs$/,
  );
  const script = lines("nixos/configuration.nix:driver_override 0000:01:00.0 0000:01:00.1").replace(
    /^(0000:01:00\.[01]\/driver):.*$/gm,
    "$1:vfio-pci\n0000:01:00.0/driver_override:vfio-pci",
  );
  assert.is(finding(script, "gpu.driver", card).message, "vfio-pci holds the card already");
  assert.match(await prepare(script, card), /nothing to do: vfio-pci has the card$/m);
});

test("gpu.driver: names what keeps vfio-pci from loading at boot", () => {
  const blocked = finding(text("blacklisted-vfio-debian13"), "gpu.driver", "{vendor_id: 10de, device_id: 2482}");
  assert.match(blocked.message, /is blacklisted, and libvirt does not load a blacklisted module/);
  assert.is(blocked.fixes, "Remove the line blacklist vfio-pci from /etc/modprobe.d/blacklist.conf");
  const host = text("blacklisted-vfio-debian13").replace(/^modprobe\.d\/\S+:blacklist vfio-pci\n/m, "");
  const fixes = (lines: string, from = host) =>
    finding(from.replace("[configured]\n", `$&${lines}\n`), "gpu.driver", "{vendor_id: 10de, device_id: 2482}").fixes;
  assert.match(fixes("initramfs-tools/modules:vfio_pci"), /^update-initramfs -u -k all$/, "it is loaded by its name");
  const install = "initramfs-tools/modules:vfio_pci\nmodprobe.d/a.conf:install vfio-pci";
  assert.match(fixes(install), /^If nothing else needs it, remove the line install vfio-pci from [^\n]*\n.*prepare$/);
  const on = (id: string) => fixes(install, host.replace(/^ID:.*$/m, `ID:${id}`)).split("\n")[0]!;
  const early =
    /^If nothing else needs it, remove the line install vfio-pci .*configuration\.nix.*, and run nixos-rebuild switch$/;
  assert.match(on("nixos"), early);
  assert.match(on("truenas-scale"), /^If nothing else needs it, remove the line .*; TrueNAS may lose this change at/);
  // libvirt can load a module that only the next boot's arguments blacklist
  const argument = (word: string) => host.replace(/^grub:GRUB_CMDLINE_LINUX "$/m, `$&\nconfigured:${word}=vfio-pci`);
  const named = "initramfs-tools/modules:vfio_pci";
  assert.match(
    fixes(named, argument("module_blacklist")),
    /^If nothing else needs it, remove module_blacklist=vfio-pci from the k/,
  );
  assert.match(fixes(named, argument("modprobe.blacklist")), /^update-initramfs -u -k all$/);
  const builtin = host.replace("[kernel]\n", "$&builtin:vfio-pci\n");
  assert.not.match(fixes(install, builtin), /remove/i, "nothing loads what is in the kernel");
});

test("gpu.driver: a card that is bound until the next boot", () => {
  const card = '{vendor_id: 10de, device_id: 1db6, address: "3d:00.0"}';
  const host = text("v100-bound-until-the-next-boot");
  assert.is(
    finding(host, "gpu.driver", card).message,
    "vfio-pci holds the card already, until the next boot unless a script of this host binds it then",
  );
  const kept = host.replace("[configured]\n", "$&driverctl.d/0000:3d:00.0:vfio-pci\n");
  assert.is(finding(kept, "gpu.driver", card).message, "vfio-pci holds the card already");
});

test("tools.present: nothing is installed where Vagrant has no release", () => {
  const alpine = finding(
    text("alpine-with-a-radeon-without-tools"),
    "tools.present",
    "{vendor_id: 1002, device_id: 7480}",
  );
  assert.match(alpine.fixes, /^Vagrant has no release for Alpine[^\n]*$/);
});

test("iommu.interrupts: prepare removes what it is said to remove", async () => {
  const host = text("interrupt-remapping-switched-off");
  const card = "{vendor_id: 10de, device_id: 1d01}";
  assert.match(finding(host, "iommu.interrupts", card).fixes, /^Remove intremap=off .*prepare --apply does that/);
  assert.match(await prepare(host, card), /Remove intremap=off from/);
  const apic = host.replaceAll("intremap=off", "noapic");
  assert.match(finding(apic, "iommu.interrupts", card).fixes, /^Remove noapic .*, if this machine boots without it$/);
  assert.match(
    await prepare(apic, card),
    /✗ iommu\.interrupts[^]*→ Remove noapic .*, if this machine boots without it/,
  );
});

test.run();
