// What prepare says about the next boot before it changes anything, on saved hosts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { main } from "../lib/cli/main.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, own } from "./fake.mts";

const test = suite("before prepare");
const text = (name: string) => own(`test/hosts/${name}.txt`);
const cardOf = (name: string) => /^gpu: (.*)$/m.exec(own(`test/hosts/${name}.findings`))![1]!;
const configOf = (gpu: string) => `machines: [{name: m, provider: libvirt, box: lab/x, memory: 1024, gpu: ${gpu}}]`;

/** What `prepare` prints on the saved host of this name, or on a changed text of it. */
async function prepared(name: string, host = text(name)): Promise<{ code: number; text: string }> {
  const { shell, said } = fakeShell({ host, "c.yaml": configOf(cardOf(name)) });
  const code = await main(["prepare", "--no-color", "--host", "host", "--config", "c.yaml"], shell);
  return { code, text: said.join("") };
}
/** The finding of a check on the saved host of this name, or on a changed text of it. */
function finding(name: string, check: string, host = text(name)) {
  const parsed = parseHost(host);
  return runChecks(parsed, resolveConfig(parseConfig(configOf(cardOf(name))), parsed), [check])[0]!;
}

test("an IOMMU that is off in the firmware is named first; one that prepare turns on is not", async () => {
  const name = "laptop-with-vt-d-off-lmde";
  const firmware = await prepared(name);
  assert.is(firmware.code, 0);
  assert.match(
    firmware.text,
    /✗ iommu\.enabled \(m\)[^]*→ Turn on VT-d in the firmware setup[^]*options vfio-pci ids=/,
  );
  const kernel = text(name).replace(/^(acpi-tables:.*)$/m, "$1 DMAR");
  assert.match((await prepared(name, kernel)).text, /intel_iommu=on/);
  assert.not.match((await prepared(name, kernel)).text, /iommu\.enabled/);
});

test("a Mac without an IOMMU is refused: no setting turns it on", async () => {
  const { code, text: said } = await prepared("mac-mini-with-an-external-card");
  assert.is(code, 1);
  assert.match(said, /✗ iommu\.enabled \(m\)[^]*A Mac has no setting for it/);
  assert.not.match(said, /modprobe/);
});

test("a card that the host displays on: the display goes dark at the next boot", async () => {
  for (const name of ["compositor-holds-a-card-with-a-display-pop", "rx7900-only-card-fedora"]) {
    const { code, text: said } = await prepared(name);
    assert.is(code, 0);
    assert.match(said, /gpu\.display \(m\)[^]*note: from the next boot on, this host shows nothing on that card/, name);
    assert.not.match(said, /homelab-gpu\.mts prepare$/m, "prepare does not advise to run prepare");
  }
  assert.not.match((await prepared("rtx4070-desktop-debian12")).text, /gpu\.display|from the next boot on/);
});

test("gpu.driver: a list of ids that also takes another card of the host at its next boot", () => {
  const name = "own-ids-take-the-hosts-second-card-proxmox";
  const { status, message, fix } = finding(name, "gpu.driver");
  assert.is(status, "warn");
  assert.match(
    message,
    /At the next boot \/etc\/modprobe\.d\/vfio\.conf also binds 0000:03:00\.0 \(nouveau has it now\): it matches the/,
  );
  assert.match(fix[0]!.title, /^Remove the ids [0-9a-f:,]+ from \/etc\/modprobe\.d\/vfio\.conf$/);
  const nixos = text(name).replace(/^ID:.*$/m, "ID:nixos");
  assert.match(finding(name, "gpu.driver", nixos).fix[0]!.title, /from configuration\.nix .* nixos-rebuild switch$/);
  const [, ids] = /^modprobe\.d\/vfio\.conf:options vfio-pci ids=(\S+)/m.exec(text(name))!;
  const words = `read:/proc/cmdline\nrunning:vfio-pci.ids=8086:1521,${ids}\nrunning:vfio-pci.disable_vga=1`;
  const line = text(name).replace(/^modprobe\.d\/vfio\.conf:.*\n/m, "").replace("read:/proc/cmdline", words)
    .replace("[programs]", "[programs]\nkernelstub:/usr/bin/kernelstub");
  assert.is(
    finding(name, "gpu.driver", line).fix[0]!.command,
    `kernelstub -d vfio-pci.ids=8086:1521,${ids} && kernelstub -a vfio-pci.ids=8086:1521`,
    "other devices keep their driver",
  );
  const on = (programs: string, more: string) =>
    finding(
      name,
      "gpu.driver",
      line.replace("kernelstub:/usr/bin/kernelstub", programs).replace("exists:/etc/pve\n", "")
        .replace("[kernel-arguments]", `[kernel-arguments]\n${more}`),
    ).fix[0]!.command!;
  assert.is(
    on("dnf:/usr/bin/dnf", "bls:yes"),
    `dnf install -y grubby && grubby --update-kernel=ALL --remove-args=vfio-pci.ids=8086:1521,${ids} && ` +
      "grubby --update-kernel=ALL --args=vfio-pci.ids=8086:1521",
  );
  assert.match(
    on("sdbootutil:/usr/bin/sdbootutil", `configuration:/etc/kernel/cmdline\nconfigured:vfio-pci.ids=8086:1521,${ids}`),
    /^sed -i [^&]+ && sed -i [^&]+ && sdbootutil update-all-entries$/,
    "one refresh",
  );
  assert.match(fix[1]!.command!, /prepare$/);
  const own = text(name).replace("modprobe.d/vfio.conf:", "modprobe.d/homelab-gpu.conf:");
  assert.match(finding(name, "gpu.driver", own).fix[0]!.command!, /prepare$/, "prepare writes its own file again");
  const apart = text(name).replace("0000:03:00.0/device:0x2504", "0000:03:00.0/device:0x2503");
  assert.not.match(finding(name, "gpu.driver", apart).message, /At the next boot/);
  const taken = text(name).replace("0000:03:00.0/driver:nouveau", "0000:03:00.0/driver:vfio-pci");
  assert.not.match(finding(name, "gpu.driver", taken).message, /At the next boot/, "after that boot");
});

test("gpu.driver: a list of ids that also takes what the host needs", () => {
  const name = "own-ids-take-the-hosts-second-card-proxmox";
  const line = (ids: string) => text(name).replace(/^(modprobe\.d\/vfio\.conf:options vfio-pci ids=)\S+/m, `$1${ids}`);
  const all = finding(name, "gpu.driver", line("ffffffff:ffffffff"));
  assert.is(all.status, "warn");
  const taken = [
    "0000:00:14.0 (the keyboard; xhci_hcd has it now)",
    "0000:02:00.0 (the root disk; nvme has it now)",
    "0000:05:00.0 (the default route; igc has it now)",
    "0000:00:02.0 (i915 has it now) and 0000:03:00.0 (nouveau has it now): they match",
  ];
  assert.ok(all.message.includes(`/etc/modprobe.d/vfio.conf can also bind ${taken.join(", ")}`), all.message);
  assert.match(all.fix[0]!.title, /^Remove the ids ffffffff:ffffffff from/);
  assert.match(all.fix[1]!.command!, /prepare$/);
  const own = "10de:2504,10de:228e";
  const apart = (ids: string) => line(ids).replace("0000:03:00.0/device:0x2504", "0000:03:00.0/device:0x2503");
  const usb = apart(`${own},8086:7ae0`).replace(/^keyboard:.*\n/gm, "");
  assert.not.match(finding(name, "gpu.driver", usb).message, /also/, "meant for another VM");
  const { message, fix } = finding(name, "gpu.driver", apart(`${own},144d:a80a`));
  assert.match(message, /can also bind 0000:02:00\.0 \(the root disk; nvme has it now\): it matches/);
  assert.match(fix[0]!.title, /^Remove the ids 144d:a80a from/, "those of the card stay");
  assert.not.match(fix.map(({ title }) => title).join(), /by its address/);
});

test("gpu.driver: a script that names the addresses of two cards takes no card by accident", () => {
  const name = "own-ids-take-the-hosts-second-card-proxmox";
  const script = "initramfs-tools/scripts/init-top/vfio.sh:driver_override 0000:01:00.0 0000:01:00.1 0000:03:00.0";
  const { message, fix } = finding(name, "gpu.driver", text(name).replace(/^modprobe\.d\/vfio\.conf:.*$/m, script));
  assert.not.match(message, /also/);
  assert.not.match(fix.map(({ title }) => title).join(), /the ids/);
});

test("gpu.driver, prepare: an equal second card that prepare's own list of ids took with the first", async () => {
  const name = "two-equal-cards-bound-by-own-ids";
  assert.is(finding(name, "gpu.driver").status, "pass", "a list of the user's own");
  const own = text(name).replaceAll("modprobe.d/vfio.conf:", "modprobe.d/homelab-gpu.conf:");
  assert.not.equal(own, text(name));
  const { status, message, fix } = finding(name, "gpu.driver", own);
  assert.is(status, "warn");
  assert.match(message, /\/etc\/modprobe\.d\/homelab-gpu\.conf also binds 0000:03:00\.0, which no machine gets/);
  const variant = own.replace("0000:03:00.0/driver:vfio-pci", "0000:03:00.0/driver:xe-vfio-pci");
  assert.not.equal(variant, own);
  assert.match(finding(name, "gpu.driver", variant).message, /also binds 0000:03:00\.0, which no machine gets/);
  assert.match(fix[0]!.command!, /prepare$/);
  assert.match((await prepared(name, own)).text, /KERNEL=="0000:01:00\.0"/, "prepare binds the first by its address");
});

test("gpu.driver: a udev rule for an address counts only for the device whose ids it has", () => {
  const name = "own-ids-take-the-hosts-second-card-proxmox";
  const rule = (address: string, device: string) =>
    text(name).replace(
      /^modprobe\.d\/vfio\.conf:.*$/m,
      `udev/rules.d/70-homelab-gpu.rules:ACTION=="add", SUBSYSTEM=="pci", KERNEL=="${address}", ATTR{vendor}=="0x10de", ` +
        `ATTR{device}=="0x${device}", ATTR{driver_override}="vfio-pci"`,
    ).replace("0000:01:00.0/driver:vfio-pci", "0000:01:00.0/driver:nouveau");
  const says = (host: string) => finding(name, "gpu.driver", host).message;
  assert.match(says(rule("0000:01:00.0", "2504")), /^configured for vfio-pci|^only 0000:01:00\.0 .*is configured/);
  const other = /names 0000:01:00\.0 for vfio-pci, which no device of this host has/;
  assert.match(says(rule("0000:01:00.0", "2786")), other, "the card before this one");
  assert.match(says(rule("0000:07:00.0", "2504")), /names 0000:07:00\.0 for vfio-pci/, "the card's address before");
});

test("gpu.driver: a configured card stays with its driver while the IOMMU is off: no new initramfs changes that", () => {
  const name = "laptop-with-vt-d-off-lmde";
  const configured = text(name).replace(
    "[configured]\n",
    "[configured]\nmodprobe.d/homelab-gpu.conf:options vfio-pci ids=10de:13b0,10de:0fbc\n",
  );
  const { status, message, fix } = finding(name, "gpu.driver", configured);
  assert.is(status, "warn");
  assert.match(message, /vfio-pci takes no card while the IOMMU is off/);
  assert.equal(fix, []);
});

test("prepare --host: this machine's own files say nothing about the other one", async () => {
  const name = "rtx4070-desktop-debian12";
  const { shell, said } = fakeShell({ host: text(name), "c.yaml": configOf("{}") });
  const asked: string[] = [];
  const read = shell.read.bind(shell);
  shell.read = (path) => (asked.push(path), read(path));
  await main(["prepare", "--no-color", "--host", "host", "--config", "c.yaml"], shell);
  assert.match(said.join(""), /options vfio-pci ids=/);
  assert.equal(asked.filter((path) => path.startsWith("/etc/") || path.startsWith("/var/lib/homelab-gpu")), []);
});

test("gpu.in-use: a process on the card's DRM node is found though NVIDIA's number of the card was not read", () => {
  const name = "compositor-holds-a-card-with-a-display-pop";
  const { status, message } = finding(name, "gpu.in-use");
  assert.is(status, "fail");
  assert.match(message, /^cosmic-comp \(1500\) holds the card/);
  const free = text(name).replace(/^holds:.*card0.*\n/m, "");
  assert.is(finding(name, "gpu.in-use", free).status, "unknown");
});

test("iommu.group: only a device that is not part of the board is to be moved", () => {
  const titles = (name: string, host?: string) => finding(name, "iommu.group", host).fix.map(({ title }) => title);
  assert.match(titles("old-board-shared-group-debian11")[0]!, /, or move 0000:02:00\.0 if it is in a slot/);
  const index = text("old-board-shared-group-debian11").replace(/^0000:02:00\.0\/vendor:/m, "0000:02:00.0/index:1\n$&");
  const onboard = titles("old-board-shared-group-debian11", index)[0]!;
  assert.not.match(onboard, /if it is in a slot/, "a device of the board by its firmware");
  const usb = text("old-board-shared-group-debian11").replace(/^(0000:02:00\.0\/vendor:0x).*$/m, "$11022");
  assert.match(titles("old-board-shared-group-debian11", usb)[0]!, /wired to the CPU$/, "a part of AMD's chipset");
  // the move of one device does not help while the group has another one that the host needs
  const name = "x670e-second-card-below-the-chipset";
  assert.match(titles(name)[0]!, /, or move 0000:0b:00\.0 if it is in a slot/);
  const keyboard = text(name).replace("keyboard:0000:11:00.3", "keyboard:0000:0c:00.0");
  assert.match(titles(name, keyboard)[0]!, /wired to the CPU$/, "the chipset's USB controller has the keyboard");
});

test.run();
