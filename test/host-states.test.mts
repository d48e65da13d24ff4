// States of a host's own system: live systems, closed package servers, scripts of the user, signed modules.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { decodeBytes } from "../lib/encoding.mts";
import { main } from "../lib/cli/main.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, own } from "./fake.mts";

const test = suite("host states");
const desktop = own("test/hosts/rtx4070-desktop-debian12.txt");
const ada = "{vendor_id: 10de, device_id: 2786}";

/** The text of the desktop with these lines added to its sections. */
const withLines = (sections: Record<string, string>, text = desktop) =>
  Object.entries(sections).reduce((all, [name, lines]) => {
    const head = `[${name}]\n`;
    return all.includes(head) ? all.replace(head, `${head}${lines}\n`) : all.replace("[end]", `${head}${lines}\n[end]`);
  }, text);

function findings(text: string, check: string, machine = "provider: libvirt", gpu = ada) {
  const host = parseHost(text);
  const config = parseConfig(
    `machines: [{name: m, ${machine}, box: lab/x, image: debian-13, memory: 4096, gpu: ${gpu}}]`,
  );
  return runChecks(host, resolveConfig(config, host), [check]);
}
const fixes = (...words: Parameters<typeof findings>) =>
  findings(...words).flatMap(({ fix }) => fix.map(({ title, command }) => command ?? title));

async function prepare(text: string): Promise<string> {
  const config = `machines: [{name: m, provider: libvirt, box: lab/x, memory: 1024, gpu: ${ada}}]\n`;
  const { shell, said } = fakeShell({ host: text, "homelab-gpu.yaml": config });
  await main(["prepare", "--no-color", "--host", "host"], shell);
  return said.join("");
}

test("a live system: prepare changes nothing and no check recommends it; packages can be installed", async () => {
  const marks: Record<string, string>[] = [
    { needs: "root:memory" },
    { "kernel-arguments": "read:/proc/cmdline\nrunning:boot=live" },
    { "kernel-arguments": "read:/proc/cmdline\nrunning:BOOT_IMAGE=/casper/vmlinuz" },
    { "kernel-arguments": "read:/proc/cmdline\nrunning:rd.live.image" },
    { "kernel-arguments": "read:/proc/cmdline\nrunning:archisobasedir=arch" },
  ];
  assert.equal(fixes(desktop, "gpu.driver"), ["npx zx homelab-gpu.mts prepare"]);
  for (const mark of marks) {
    const live = withLines(mark);
    assert.match(await prepare(live), /a live system: this system runs from a medium[^]*does not change this system/);
    assert.match(await prepare(live), /without persistence it loses all changes/);
    assert.equal(fixes(live, "gpu.driver"), []);
    assert.match(fixes(live.replace(/^xorriso:.*\n/m, ""), "tools.present").join(), /apt-get install .* xorriso$/);
  }
  const off = desktop.replace(/^(units:).*$/m, "$1").replace(/\/iommu_group:\d+/g, "/iommu_group:none");
  assert.match(fixes(withLines({ needs: "root:memory" }, off), "iommu.enabled").join(), /in the boot menu/);
  const nixos = desktop.replace(/^ID:.*$/m, "ID:nixos");
  assert.equal(fixes(withLines({ needs: "root:memory" }, nixos), "gpu.driver"), ["npx zx homelab-gpu.mts prepare"]);
  assert.match(
    await prepare(withLines({ needs: "root:memory" }, nixos)),
    /boot\.extraModprobeConfig|boot\.kernelParams/,
  );
});

test("host.disk: disks of VMs in memory are lost; not if a disk is mounted for them", () => {
  const status = (lines: string) => findings(withLines({ needs: lines }), "host.disk")[0]!.status;
  assert.is(status("root:memory"), "warn");
  assert.is(status("root:memory\nmount-/var/lib/libvirt:0000:02:00.0"), "pass");
  assert.is(status("root:memory\nmount-/home:0000:02:00.0"), "warn");
});

test("tools.present: a release whose package servers are closed", () => {
  const without = desktop.replace(/^(xorriso|virsh|libvirtd|apt-get):.*\n/gm, "");
  const named = (id: string, version: string) =>
    without.replace(/^ID:.*$/m, `ID:${id}`).replace(/^VERSION_ID:.*$/m, `VERSION_ID:${version}`);
  const centos = fixes(named("centos", "7"), "tools.present");
  assert.is(centos.length, 1);
  assert.match(centos[0]!, /closed since July 2024: install a supported release, or first write vault\.centos\.org/);
  const buster = withLines({ programs: "apt-get:/usr/bin/apt-get" }, named("debian", "10"));
  const [advice, install] = findings(buster, "tools.present")[0]!.fix;
  assert.match(advice!.title, /archive\.debian\.org, which gets no updates, into \/etc\/apt\/sources\.list$/);
  assert.match(install!.command!, /^apt-get update/);
  assert.not(install!.safe, "--yes does not run a command that fails");
  const interim = (version: string) => fixes(named("ubuntu", version), "tools.present").join();
  assert.match(interim("24.10"), /are closed since September 2025: .*old-releases\.ubuntu\.com/);
  assert.match(interim("23.04"), /are closed: install/, "that one was closed earlier");
  for (
    const [id, version] of [
      ...[["debian", "11"], ["centos", "9"], ["ubuntu", "10"]],
      ...[["ubuntu", "24.04"], ["ubuntu", "22.04"], ["ubuntu", "25.10"]],
    ] as [string, string][]
  ) {
    assert.not.match(fixes(named(id, version), "tools.present").join(), /closed/, id);
  }
});

test("a script of the user that binds devices without naming them", async () => {
  const text = withLines({ configured: "initramfs-tools/scripts/init-top/vfio.sh:driver_override" });
  const path = "/etc/initramfs-tools/scripts/init-top/vfio.sh";
  assert.match(
    findings(text, "gpu.driver")[0]!.message,
    /vfio\.sh gives devices to vfio-pci at boot; which ones could/,
  );
  assert.match(await prepare(text), /note: \S*vfio\.sh is kept, and gives devices to vfio-pci at boot without/);
  // a driver_override of libvirt is lost at the next boot, one of such a script may be set again
  const bound = (before: string) =>
    before.replace(/^(0000:01:00\.[01])\/driver:.*$/gm, "$1/driver:vfio-pci")
      .replace(/^(0000:01:00\.[01])\/driver_override:.*$/gm, "$1/driver_override:vfio-pci");
  assert.match(
    findings(bound(desktop), "gpu.driver")[0]!.message,
    /^vfio-pci holds the card already, until the next boot unless a script of this host binds it then$/,
  );
  const line = "modprobe.d/vfio.conf:install vfio-pci";
  assert.is(
    findings(bound(withLines({ configured: line })), "gpu.driver")[0]!.message,
    "vfio-pci holds the card already, and /etc/modprobe.d/vfio.conf may bind it at each boot",
  );
  assert.is(
    findings(bound(text), "gpu.driver")[0]!.message,
    `vfio-pci holds the card already, and ${path} may bind it at each boot`,
  );
});

test("gpu.in-use without root: a driver that nothing but modules uses has no open device node", () => {
  const own = desktop.replace(/^seen:all$/m, "seen:own");
  const inUse = (lines: string) => findings(lines ? withLines({ kernel: lines }, own) : own, "gpu.in-use")[0]!;
  assert.is(inUse("").status, "unknown");
  assert.is(inUse("users-nouveau:0 0").status, "pass");
  assert.is(inUse("users-nouveau:3 0").status, "unknown", "of whatever card");
  assert.is(inUse("users-nvidia:0 0").status, "unknown", "another driver");
  const nvidia = own.replace(/^0000:01:00\.0\/driver:.*$/m, "0000:01:00.0/driver:nvidia\n0000:01:00.0/nvidia-minor:0");
  const of = (lines: string) => findings(withLines({ kernel: lines }, nvidia), "gpu.in-use")[0]!.status;
  assert.is(of("users-nvidia:2 2\nusers-nvidia_uvm:0 0\nusers-nvidia_modeset:1 1\nusers-nvidia_drm:0 0"), "pass");
  assert.is(of("users-nvidia:2 2\nusers-nvidia_uvm:4 0\nusers-nvidia_modeset:1 1"), "unknown");
  assert.is(of("users-nvidia_uvm:0 0"), "unknown", "that of the driver itself was not read");
  assert.is(of("users-nvidia:2 2\nusers-nvidia_modeset:1 1\nusers-nvidia_drm:0 0"), "unknown", "that of nvidia_uvm");
  assert.is(of("users-nvidia:2 2\nusers-nvidia_uvm:0 0\nusers-nvidia_modeset:1 1"), "unknown", "that of nvidia_drm");
  assert.is(of("users-nvidia:1 1\nusers-nvidia_uvm:0 0"), "pass", "a server without a display");
});

test("provider.access: VirtualBox's module, and a kernel that loads signed modules only", () => {
  const access = (lines: Record<string, string>) =>
    findings(withLines(lines), "provider.access", "provider: virtualbox");
  assert.equal(access({}), [], "not read");
  assert.is(access({ virtualbox: "kernel-module:yes" })[0]!.status, "pass");
  const missing = access({ virtualbox: "kernel-module:no" })[0]!;
  assert.equal([missing.status, missing.fix.map(({ command }) => command)], ["warn", ["modprobe vboxdrv"]]);
  const locked = access({ virtualbox: "kernel-module:no", os: "lockdown:none [integrity] confidentiality" })[0]!;
  assert.match(locked.fix[0]!.title, /signed modules only \(lockdown: integrity\)/);
  const open = access({ virtualbox: "kernel-module:no", os: "lockdown:[none] integrity confidentiality" })[0]!;
  assert.is(open.fix.length, 1);
});

test("gpu.reset: vendor-reset must be signed where the kernel loads signed modules only", () => {
  const vega = desktop.replaceAll("0x2786", "0x687f").replace(/^(0000:01:00\.0\/vendor:).*$/m, "$10x1002");
  const fix = (text: string) => fixes(text, "gpu.reset", undefined, "{vendor_id: 1002, device_id: 687f}").join();
  assert.match(fix(vega), /vendor-reset/);
  assert.not.match(fix(vega), /signed/);
  assert.match(fix(withLines({ os: "lockdown:none [integrity] confidentiality" }, vega)), /loads signed modules only/);
});

test("iommu.enabled: a processor without VT-d, and the variable of GRUB that has the argument to remove", () => {
  const off = desktop.replace(/^(units:).*$/m, "$1").replace(/\/iommu_group:\d+/g, "/iommu_group:none");
  const withCpu = (model: string) =>
    off.replace(/^(acpi-tables:).*$/m, "$1APIC FACP").replace(/^model:.*$/m, `model:${model}`);
  const fix = (text: string) => fixes(text, "iommu.enabled").join();
  const haswell = (name: string) => withCpu(`Intel(R) Core(TM) ${name} CPU @ 3.50GHz`);
  assert.match(fix(haswell("i7-4770K")), /^The i7-4770K has no VT-d/);
  for (const name of ["i7-4770", "i7-4790K", "i5-4690K"]) {
    assert.is(fix(haswell(name)), "Turn on VT-d in the firmware setup");
  }
  const argument =
    'read:/proc/cmdline\nrunning:intel_iommu=off\nconfiguration:/etc/default/grub\ngrub:GRUB_CMDLINE_LINUX_DEFAULT "\ngrub:GRUB_CMDLINE_LINUX "\nconfigured:intel_iommu=off';
  const switched = off.replace(/^read:\/proc\/cmdline\n(configuration|grub):[^[]*/m, `${argument}\n`);
  assert.match(fix(switched), /in GRUB_CMDLINE_LINUX of \/etc\/default\/grub, then run/);
});

test("iommu.group: a line of the default route that is cut short is not read as complete", () => {
  const card = "{vendor_id: 10de, device_id: 1e87}";
  const text = own("test/hosts/default-route-on-the-usb-port-of-the-card.txt");
  const status = (line: string) =>
    findings(text.replace(/^route:0000:01:00\.2$/m, line), "iommu.group", undefined, card)[0]!.status;
  assert.equal(["route:0000:01:00.2", "route:0000:01:0", "route:", ""].map(status), [
    "fail",
    "unknown",
    "unknown",
    "unknown",
  ]);
});

test("a saved probe is read as people copy and send it", async () => {
  const config = `machines: [{name: m, provider: libvirt, box: lab/x, memory: 1024, gpu: ${ada}}]\n`;
  const doctor = async (text: string) => {
    const { shell, printed } = fakeShell({ host: text, "homelab-gpu.yaml": config });
    await main(["doctor", "--json", "--host", "host"], shell);
    return printed.join("");
  };
  const lines = desktop.trimEnd().split("\n");
  const each = (change: (line: string) => string) => `${lines.map(change).join("\n")}\n`;
  const expected = await doctor(desktop);
  const bytes = (text: string) =>
    decodeBytes(
      new Uint8Array([
        0xff,
        0xfe,
        ...new Uint8Array(new Uint16Array([...text].map((char) => char.charCodeAt(0))).buffer),
      ]),
    );
  const copies: Record<string, string> = {
    "a prompt and a password": `me@box:~$ sudo sh probe-linux.sh\n[sudo] password for me: \n${desktop}me@box:~$ \n`,
    "a greeting": `Welcome to Ubuntu 24.04\n\n * Support: https://ubuntu.com/pro\n\n${desktop}`,
    Markdown: `Here it is:\n\n\`\`\`text\n${desktop}\`\`\`\nThanks!\n`,
    indented: each((line) => `    ${line}`),
    quoted: each((line) => line === "" ? ">" : `> ${line}`),
    coloured: each((line) => `\u001b[32m${line}\u001b[0m`),
    "with blanks at the ends": each((line) => `${line}   `),
    "with a byte order mark": `\ufeff${desktop}`,
    "in UTF-16": bytes(desktop.replaceAll("\n", "\r\n").replaceAll("–", "-")),
    "with no-break spaces": desktop.replaceAll(" ", "\u00a0"),
    twice: desktop + desktop,
    "first a part of it, then all": `${lines.slice(0, 40).join("\n")}\n${desktop}`,
  };
  for (const [name, text] of Object.entries(copies)) assert.is(await doctor(text), expected, name);
});

test.run();
