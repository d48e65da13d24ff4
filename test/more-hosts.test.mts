// Advice that depends on the host's kind, on saved hosts: each fix must be possible on that host.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { nixosTools } from "../lib/host/nixos.mts";
import { parseHost } from "../lib/host/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { own } from "./fake.mts";

const test = suite("more hosts");
const text = (name: string) => own(`test/hosts/${name}.txt`);

/** The findings of a check for one machine on a host's text. */
function findings(host: string, check: string, gpu: string) {
  const machine = `{name: vm, provider: libvirt, box: lab/x, memory: 1024, gpu: ${gpu}}`;
  const parsed = parseHost(host);
  return runChecks(parsed, resolveConfig(parseConfig(`machines: [${machine}]`), parsed), [check]);
}
const statuses = (...words: Parameters<typeof findings>) => findings(...words).map(({ status }) => status);
const fixes = (...words: Parameters<typeof findings>) =>
  findings(...words).flatMap(({ fix }) => fix.map(({ title, command }) => command ?? title));

test("gpu.match: a device that is not a GPU fails; unknown if its class was not read", () => {
  const host = text("xeon-phi-asked-for");
  const phi = "{vendor_id: 8086, device_id: 225c}";
  assert.equal(statuses(host, "gpu.match", phi), ["fail"]);
  assert.match(findings(host, "gpu.match", phi)[0]!.message, /^0000:03:00\.0 .* is not a GPU/);
  assert.equal(statuses(host.replace(/^0000:03:00\.0\/class:.*\n/m, ""), "gpu.match", phi), ["unknown"]);
  assert.equal(statuses(host, "gpu.match", '{vendor_id: 8086, device_id: 225c, address: "0000:03:00.0"}'), ["fail"]);
});

test("gpu.in-use: VMs of Proxmox are listed by qm, others by virsh", () => {
  const host = text("proxmox-vm-holds-the-card");
  const card = "{vendor_id: 10de, device_id: 24b0}";
  assert.equal(fixes(host, "gpu.in-use", card), ["qm list"]);
  const other = host.replace(/^exists:\/etc\/pve\n/m, "").replace(/^pveversion:.*\n/m, "");
  assert.equal(fixes(other, "gpu.in-use", card), ["virsh -c qemu:///system list"]);
});

test("gpu.in-use: one fix for each kind of process; a desktop's other processes end with it", () => {
  const host = text("daemon-and-service-hold-the-card");
  const card = "{vendor_id: 10de, device_id: 2704}";
  const [daemon, rest] = fixes(host, "gpu.in-use", card);
  assert.is(daemon, "systemctl stop nvidia-persistenced");
  assert.match(rest!, /^End ollama \(1501\)/);
  const desktop = host.replace(/^holds:812 .*$/m, "holds:900 /dev/nvidia0 Xorg");
  assert.equal(fixes(desktop, "gpu.in-use", card), [
    "systemctl stop display-manager",
    "npx zx homelab-gpu.mts prepare",
  ]);
  // gpu.display is about a card that the host displays on
  const shown = desktop.replace(/^0000:01:00\.0\/boot_vga:0$/m, "0000:01:00.0/boot_vga:1");
  assert.equal(fixes(shown, "gpu.in-use", card), ["systemctl stop display-manager"]);
});

test("on NixOS, programs, groups and module options are lines of configuration.nix", () => {
  const host = text("nixos-without-tools");
  const card = "{vendor_id: 10de, device_id: 2204}";
  const [lines, run] = fixes(host, "tools.present", card);
  assert.match(
    lines!,
    /virtualisation\.libvirtd\.enable = true; environment\.systemPackages = with pkgs; \[ qemu vagrant/,
  );
  assert.is(run, "nixos-rebuild switch");
  assert.not.match(lines!, /plugin install|hashicorp/i);
  const asleep = fixes(text("nixos-laptop-with-a-sleeping-card"), "gpu.power", "{vendor_id: 10de, device_id: 24e0}");
  assert.match(asleep.join(), /boot\.extraModprobeConfig = "options vfio-pci disable_idle_d3=1";/);
  const denied = text("nixos-laptop-with-a-sleeping-card").replace(/^access:yes$/m, "access:no");
  assert.match(fixes(denied, "provider.access", card).join(), /extraGroups = \[ "libvirtd" \]/);
});

test("NixOS: every tool of a table has a line of configuration.nix", () => {
  for (const [name, line] of [["ovmf", /libvirtd\.enable = true;$/], ["virtiofsd", /vhostUserPackages/]] as const) {
    assert.match(nixosTools([name])[0]!.title, line);
  }
  const gpu = "{vendor_id: 10de, device_id: 24e0}";
  const bare = text("nixos-laptop-with-a-sleeping-card").replace(/^ovmf:.*\n/gm, "");
  assert.match(fixes(bare, "guest.firmware", gpu)[0]!, /configuration\.nix: virtualisation\.libvirtd\.enable = true;$/);
});

test("NixOS: vagrant's own plugin is not reported as missing", () => {
  const host = text("nixos-laptop-with-a-sleeping-card").replace(/^vagrant-plugin:.*\n/gm, "");
  assert.equal(statuses(host, "tools.present", "{vendor_id: 10de, device_id: 24e0}"), ["unknown"]);
});

test("a container without KVM and VFIO fails, and no check advises to install or to turn on anything in it", () => {
  const host = text("lxc-container-with-a-card");
  const card = "{vendor_id: 10de, device_id: 2504}";
  assert.equal(statuses(host, "host.guest", card), ["fail"]);
  const outside = "Run this on the host itself, outside of the container";
  assert.equal(fixes(host, "tools.present", card), [outside]);
  assert.equal(fixes(host, "host.virtualization", card), [outside]);
  const given = host.replace(/^\[os\]$/m, "[os]\nexists:/dev/vfio/vfio");
  assert.equal(statuses(given, "host.guest", card), ["warn"]);
});

test("the repository with libvirt's headers has another name on each rebuild of RHEL", () => {
  const host = text("rhel10-mi210-without-tools");
  const needs = (id: string, version: string) =>
    fixes(
      host.replace(/^ID:.*$/m, `ID:${id}`).replace(/^VERSION_ID:.*$/m, `VERSION_ID:${version}`),
      "tools.present",
      "{vendor_id: 1002, device_id: 740f}",
    ).find((fix) => fix.includes("libvirt-devel"));
  assert.match(needs("rhel", "10.1")!, /--enablerepo=codeready-builder-for-rhel-10-x86_64-rpms /);
  assert.match(needs("ol", "9.6")!, /--enablerepo=ol9_codeready_builder /);
  assert.match(needs("rocky", "8.10")!, /--enablerepo=powertools /);
  assert.match(needs("almalinux", "10.1")!, /--enablerepo=crb /);
});

test("Alpine: no plugin for a Vagrant that it cannot have", () => {
  const all = fixes(text("alpine-arc-without-tools"), "tools.present", "{vendor_id: 8086, device_id: 56a5}");
  assert.match(all.join("\n"), /Vagrant has no release for Alpine/);
  assert.not.match(all.join("\n"), /plugin install/);
  const chimera = text("alpine-arc-without-tools").replace(/^ID:alpine$/m, "ID:chimera");
  const there = fixes(chimera, "tools.present", "{vendor_id: 8086, device_id: 56a5}").join("\n");
  assert.match(there, /Vagrant has no release for Chimera/);
  assert.not.match(there, /HashiCorp|plugin install|apk add/);
});

test("services.gpu: AMD_VISIBLE_DEVICES needs AMD's runtime, and chooses nothing among several cards", () => {
  const host = parseHost(text("rhel10-mi210-without-tools"));
  const found = (service: string, cards: number) => {
    const gpu = Array.from(
      { length: cards },
      (_, i) => `{vendor_id: 1002, device_id: 740f, address: "0000:8${i}:00.0"}`,
    );
    const machine = `{name: vm, provider: libvirt, box: lab/x, memory: 1024, gpu: [${gpu.join(", ")}]}`;
    const config = parseConfig(`machines: [${machine}]\nservices: {web: {image: x, ${service}}}`);
    return runChecks(host, resolveConfig(config, host), ["services.gpu"])
      .filter(({ status }) => status === "warn" || status === "fail").map(({ status, message }) =>
        `${status} ${message}`
      );
  };
  const visible = (value: string) => `environment: {AMD_VISIBLE_DEVICES: "${value}"}`;
  assert.match(found(visible("all"), 1).join(), /^warn .*AMD_VISIBLE_DEVICES alone gives no GPU/);
  assert.equal(found(visible("none"), 1), []);
  assert.equal(found(`runtime: amd, ${visible("0")}`, 1), []);
  assert.match(found(`runtime: amd, ${visible("1")}`, 1).join(), /^fail .*GPU 1/);
  assert.match(found(`runtime: amd, ${visible("1")}`, 2).join(), /^warn .*device nodes of all 2 cards/);
  assert.equal(found(`runtime: amd, ${visible("0,1")}`, 2), []);
});

test("iommu.group: a keyboard at an address that cannot be read is unknown, not elsewhere", () => {
  const name = "keyboard-on-the-usb-port-of-the-card";
  const damaged = text(name).replace("keyboard:0000:0a:00.2", "keyboard:0000:0a:00.F");
  assert.is(parseHost(damaged).needs.keyboards, undefined);
  assert.equal(parseHost(text(name).replace("keyboard:0000:0a:00.2", "keyboard:other")).needs.keyboards, ["other"]);
  assert.ok(parseHost(`${damaged}\n[needs]\nswap:0000:0a`).needs.unread.includes("swap"));
});

test("iommu.group: another slot does not help for a keyboard on the card's own USB port", () => {
  const host = text("keyboard-on-the-usb-port-of-the-card");
  const card = "{vendor_id: 10de, device_id: 1e87}";
  assert.equal(statuses(host, "iommu.group", card), ["fail"]);
  assert.equal(fixes(host, "iommu.group", card), [
    "Connect the devices on the card's USB ports to other ports of this host",
  ]);
});

test("iommu.group: cards are not given away together with the one that the host displays on", () => {
  const host = text("x79-other-card-on-the-switch-shows-the-picture");
  const card = '{vendor_id: 10de, device_id: 13c0, address: "0000:06:00.0"}';
  const [slot] = fixes(host, "iommu.group", card);
  assert.match(slot!, /^Move the card to a slot that shares no switch with 0000:05:00\.0/);
  assert.not.match(fixes(host, "iommu.group", card).join("\n"), /Give all of them/i);
  const dark = host.replace(/^(0000:05:00\.0\/boot_vga):1$/m, "$1:0").replace(/^0000:05:00\.0\/display:.*\n/m, "");
  assert.match(fixes(dark, "iommu.group", card)[0]!, /^Give all of them to one machine/);
});

test("iommu.interrupts: on AMD the kernel log names the reason; old chipsets have no setting", () => {
  const host = text("am3-board-without-interrupt-remapping");
  const card = "{vendor_id: 10de, device_id: 1b81}";
  const all = fixes(host, "iommu.interrupts", card);
  assert.match(all[0]!, /^dmesg /);
  assert.match(all[1]!, /ivrs_ioapic/);
  const newer = host.replace(/^0000:00:00\.0\/device:0x5a14$/m, "0000:00:00.0/device:0x1480");
  assert.match(fixes(newer, "iommu.interrupts", card)[0]!, /firmware setup/);
});

test("what a provider lacks on a host that cannot have it is left out: no fix of it helps", () => {
  const machine = (provider: string, mode: string) =>
    `machines: [{name: vm, provider: ${provider}, box: lab/x, memory: 1024, gpu: {mode: ${mode}}}]`;
  const found = (name: string, config: string, only: string[] = []) => {
    const host = parseHost(text(name));
    return runChecks(host, resolveConfig(parseConfig(config), host), only).map(({ check, status }) =>
      `${status} ${check}`
    );
  };
  const home = found("windows-11-home", machine("hyperv", "partition"));
  assert.ok(home.includes("fail provider.host"));
  assert.equal(home.filter((one) => /(fail|unknown) hyperv/.test(one)), []);
  assert.equal(found("windows-11-home", machine("hyperv", "partition"), ["hyperv.card"]), []);
  const wsl = found("wsl2-ubuntu", machine("libvirt", "passthrough"));
  assert.ok(wsl.includes("fail provider.host"));
  assert.not.ok(wsl.includes("fail guest.firmware"));
});

test("hyperv.policy: Windows Server 2019 has no partitions that a policy could allow", () => {
  const server = (build: number) =>
    runOn(text("windows-server-2022-rtx4090").replace(/^build:.*$/m, `build:${build}`), "hyperv.policy");
  assert.is(server(20348), "fail");
  assert.is(server(17763), "skip");
});

test("gpu.present: no card is to be installed in a Mac", () => {
  assert.match(fixes(text("macos-apple-silicon"), "gpu.present", "{}")[0]!, /^Run this on a host that has one$/);
});

test("gpu.power: a card that fell off the bus needs no reboot after the power was off", () => {
  const host = text("rtx4070-desktop-debian12").replace(/^(0000:01:00\.0\/config:).*$/m, "$1 ff ff ff ff");
  const [{ status, fix }] = findings(host, "gpu.power", "{}") as [ReturnType<typeof findings>[0]];
  assert.is(status, "fail");
  assert.equal(fix.map(({ reboot }) => reboot), [false]);
});

test("iommu.acs: the command that removes the argument from this host's boot loader", () => {
  const host = text("rtx4070-desktop-debian12").replace(/^kernel:.*$/m, "kernel:6.17.9-zen1-1-zen")
    .replace("read:/proc/cmdline\n", "read:/proc/cmdline\nrunning:pcie_acs_override=downstream\n");
  assert.match(fixes(host, "iommu.acs", "{}")[0]!, /^Remove pcie_acs_override=downstream .*GRUB/);
});

/** The status of a check for a partition with Hyper-V on a host's text. */
function runOn(host: string, check: string): string {
  const parsed = parseHost(host);
  const config = "machines: [{name: vm, provider: hyperv, box: lab/x, memory: 1024, gpu: {mode: partition}}]";
  return runChecks(parsed, resolveConfig(parseConfig(config), parsed), [check])[0]!.status;
}

test.run();
