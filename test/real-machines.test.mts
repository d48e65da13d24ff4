// Kinds of real machines, based on public listings, and the effect of a small change to each.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { upstreamSteps } from "../lib/host/upstream.mts";
import { nameOf } from "../lib/host/pci.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { main } from "../lib/cli/main.mts";
import { fakeShell, own, root } from "./fake.mts";

const test = suite("real machines");
const text = (name: string) => own(`test/hosts/${name}.txt`);

/** The statuses of a check for machines (their gpu: values) on a host's text. */
function statuses(host: string, check: string, ...gpus: string[]): string[] {
  const machines = gpus.map((gpu, i) => `{name: m${i}, provider: libvirt, box: lab/x, memory: 1024, gpu: ${gpu}}`);
  const parsed = parseHost(host);
  return runChecks(parsed, resolveConfig(parseConfig(`machines: [${machines.join(", ")}]`), parsed), [check]).map((
    { status },
  ) => status);
}

const laptop = "{vendor_id: 10de, device_id: 28e0}";
test("iommu.reserved: kernels since 6.6 refuse a direct region; earlier or unknown ones may", () => {
  const direct = text("amd-ivmd-direct-region-arch");
  assert.equal(statuses(direct, "iommu.reserved", laptop), ["fail"]);
  assert.equal(statuses(direct.replace(/^kernel:.*$/m, "kernel:6.5.0-45-generic"), "iommu.reserved", laptop), ["warn"]);
  assert.equal(statuses(direct.replace(/^kernel:.*$/m, ""), "iommu.reserved", laptop), ["warn"]);
  assert.equal(statuses(direct.replace(/ direct$/m, " direct-relaxable"), "iommu.reserved", laptop), ["pass"]);
});

const part = (more: string) => `{vendor_id: 8086, device_id: 46d3, ${more}}`;
test("gpu.exclusive: two virtual functions may go to two machines, one with its physical function not", () => {
  const host = text("intel-igpu-seven-virtual-functions");
  const at = (n: number) => part(`address: "0000:00:02.${n}"`);
  assert.equal(statuses(host, "gpu.exclusive", at(1), at(2)), ["pass"]);
  assert.equal(statuses(host, "gpu.exclusive", at(1), at(1)), ["fail"]);
  assert.equal(statuses(host, "gpu.exclusive", at(0), at(2)), ["fail"]);
});

test("mode: partition on libvirt gives each machine its own virtual function, while any is free", () => {
  const host = parseHost(text("intel-igpu-seven-virtual-functions"));
  const gpu = part("mode: partition");
  const config = parseConfig(
    `machines: [${[1, 2].map((n) => `{name: m${n}, provider: libvirt, box: lab/x, gpu: ${gpu}}`).join(", ")}]`,
  );
  const seen = { m2: { running: false, passedAddresses: ["0000:00:02.1"] } };
  const { machines } = resolveConfig(config, host, seen);
  assert.equal(machines.map(({ gpus }) => gpus[0]!.address), ["0000:00:02.2", "0000:00:02.1"], "a VM keeps its own");
  const none = text("sriov-card-without-virtual-functions");
  assert.equal(statuses(none, "provider.mode", "{vendor_id: 8086, device_id: e212, mode: partition}"), ["fail"]);
});

const ada = "{vendor_id: 10de, device_id: 2786}";
test("gpu.in-use: a VM that holds the card through iommufd; unknown if its node was not read", () => {
  const held = text("card-held-through-iommufd");
  assert.equal(statuses(held, "gpu.in-use", ada), ["fail"]);
  assert.equal(statuses(held.replace(/^.*\/vfio-dev:.*$/m, ""), "gpu.in-use", ada), ["unknown"]);
});

test("gpu.present: a card that a udev rule or the firmware turned off is not one that the host lacks", () => {
  const titles = (...changes: [RegExp, string][]) => {
    const host = changes.reduce((one, [from, to]) => one.replace(from, to), text("nuc-without-its-external-card"));
    const [finding] = findingsOf(host, "gpu.present", ada);
    assert.is(finding!.status, "fail");
    return finding!.fix.map(({ title }) => title).join("\n");
  };
  const rule = (vendor: string, type: string) =>
    `[configured]\n/usr/lib/udev/rules.d/50-pm-nvidia.rules:ACTION=="add", ATTR{vendor}=="${vendor}", ` +
    `ATTR{class}=="${type}", ATTR{remove}="1"`;
  const removed = /50-pm-nvidia\.rules removes NVIDIA's cards/;
  assert.match(titles([/^\[configured\]$/m, rule("0x10de", "0x03[0-9]*")]), removed);
  assert.not.match(titles([/^\[configured\]$/m, rule("0x10de", "0x040300")]), removed, "the card's audio");
  assert.not.match(titles([/^\[configured\]$/m, rule("0x1002", "0x030000")]), removed);
  assert.match(titles([/^\[os\]$/m, "[os]\ndgpu-disable:1"]), /firmware turned the card off/);
  const daemon = "[configured]\nmodprobe.d/supergfxd.conf:blacklist nouveau";
  assert.match(titles([/^\[configured\]$/m, daemon]), /supergfxctl -g shows the mode.*supergfxctl -m Hybrid/);
  const off = titles([/^\[os\]$/m, "[os]\ndgpu-disable:1"], [/^\[configured\]$/m, daemon]);
  assert.match(off, /firmware turned the card off/);
  assert.not.match(off, /supergfxctl -g/, "the mode is known");
  const byDaemon = text("nuc-without-its-external-card").replace(/^\[configured\]$/m, daemon);
  assert.equal(
    findingsOf(byDaemon, "gpu.present", ada)[0]!.evidence.filter(({ read }) => /supergfxd/.test(read)),
    [{ read: "/etc/modprobe.d/supergfxd.conf", value: "blacklist nouveau" }],
  );
  assert.not.match(titles(), /turned|removes|supergfx/);
});

test("host.architecture: Hyper-V and VirtualBox cannot emulate x86_64 on Arm", () => {
  const found = (name: string, provider: string, arch: string) => {
    const parsed = parseHost(text(name).replace(/^arch:.*$/m, `arch:${arch}`));
    const config = parseConfig(`machines: [{name: m, provider: ${provider}, box: lab/x, memory: 1024}]`);
    return runChecks(parsed, resolveConfig(config, parsed), ["host.architecture"]).map(({ status }) => status);
  };
  assert.equal(found("windows-11-pro-rtx4070", "hyperv", "aarch64"), ["fail"]);
  assert.equal(found("windows-11-pro-rtx4070", "hyperv", "x86_64"), ["pass"]);
  assert.equal(found("macos-apple-silicon", "virtualbox", "aarch64"), ["fail"]);
  assert.equal(found("macos-intel-radeon", "virtualbox", "x86_64"), ["pass"]);
  assert.equal(found("arm-server-with-smmu", "libvirt", "aarch64"), ["warn"]);
});

test("a host that is a VM has no firmware setup and no slots: the fixes are in its outer hypervisor", () => {
  const desktop = text("rtx4070-desktop-debian12");
  const fixes = (host: string, check: string) => {
    const found = findingsOf(host, check, ada)[0]!;
    assert.is(found.status, "fail");
    return found.fix.map(({ title }) => title).join("\n");
  };
  const vm = (host: string) => host.replace(/^flag:lm$/m, "flag:lm\nflag:hypervisor");
  const plain = desktop.replace(/^interrupt:IR-/gm, "interrupt:");
  assert.match(fixes(plain, "iommu.interrupts"), /firmware setup/);
  assert.match(fixes(vm(plain), "iommu.interrupts"), /^In the outer hypervisor, .*intremap=on/);
  const virtio = vm(plain).replace(/^units:.*$/m, "units:virtio0");
  assert.match(fixes(virtio, "iommu.interrupts"), /^A virtio IOMMU remaps no interrupts\./);
  const unplaced = desktop.replace(
    /^(0000:01:00\.0\/resource:2:).*$/m,
    "$10x0000000000000000 0x00000003ffffffff 0x000000002014220c",
  );
  assert.match(fixes(unplaced, "gpu.window"), /Above 4G Decoding/);
  assert.match(fixes(vm(unplaced), "gpu.window"), /^In the outer hypervisor/);
});

test("gpu.driver: a command that does nothing instead of loading vfio-pci keeps libvirt from taking the card", () => {
  const found = (line: string, more = "") => {
    const host = text("rtx4070-desktop-debian12").replace(
      /^\[configured\]$/m,
      `[configured]\nmodprobe.d/x.conf:${line}`,
    );
    const [finding] = findingsOf(host.replace(/^\[kernel\]$/m, `[kernel]${more}`), "gpu.driver", ada);
    return `${finding!.status} ${finding!.fix[0]?.title ?? ""}`.trim();
  };
  const removal = "fail Remove the line install vfio-pci /bin/false from /etc/modprobe.d/x.conf";
  assert.is(found("install vfio-pci /bin/false"), removal);
  assert.match(found("install vfio /bin/true"), /^fail Remove the line install vfio \/bin\/true/);
  assert.match(found("install vfio-pci"), /^warn/, "a command of the user's may load it");
  assert.match(found("install nouveau /bin/false"), /^warn/);
  assert.match(found("install vfio-pci /bin/false", "\nloaded:vfio_pci"), /^warn/, "it is loaded");
});

test("prepare and gpu.driver: a script of the user's that binds the card at boot is a lasting configuration", async () => {
  const bound = text("rtx4070-desktop-debian12").replace(/^(0000:01:00\.[01]\/driver:).*$/gm, "$1vfio-pci").replace(
    /^(0000:01:00\.[01]\/driver_override:).*$/gm,
    "$1vfio-pci",
  );
  const line = (addresses: string) =>
    bound.replace(
      /^\[configured\]$/m,
      `[configured]\ninitramfs-tools/scripts/init-top/vfio.sh:driver_override ${addresses}`,
    );
  const message = (host: string) => findingsOf(host, "gpu.driver", ada)[0]!.message;
  assert.match(message(bound), /until the next boot/);
  assert.match(message(line("0000:05:00.0")), /until the next boot/);
  const both = line("0000:01:00.0 0000:01:00.1");
  assert.not.match(message(both), /until the next boot/);
  assert.match(
    (await says("prepare", both, ada)).text,
    /nothing to do: .*\/etc\/initramfs-tools\/scripts\/init-top\/vfio\.sh/,
  );
});

test("iommu.group: VFIO's drivers for one kind of device keep the group viable", () => {
  const host = text("lab-two-cards-behind-one-pcie-to-pci-bridge-the-other-on-its-driver");
  const status = (driver: string) =>
    statuses(
      host.replace("0000:02:02.0/driver:bochs-drm", `0000:02:02.0/driver:${driver}`),
      "iommu.group",
      "{vendor_id: 1002, device_id: 5046}",
    )[0];
  assert.equal(["bochs-drm", "vfio-pci", "mlx5_vfio_pci", "xe_vfio_pci", "vfio-user"].map(status), [
    "fail",
    "pass",
    "pass",
    "pass",
    "fail",
  ]);
});

test("provider.access: Hyper-V that is turned on without its hypervisor starts no VM", () => {
  const found = (hypervisor: string, able = "yes") => {
    const windows = text("windows-11-pro-rtx4070").replace(/^hypervisor:.*\n/m, hypervisor);
    const parsed = parseHost(windows.replace(/^virtualization:.*$/m, `virtualization:${able}`));
    const config = parseConfig("machines: [{name: m, provider: hyperv, box: lab/x, memory: 1024}]");
    return runChecks(parsed, resolveConfig(config, parsed), ["provider.access"]).map(({ status, fix }) =>
      `${status} ${fix[0]?.command ?? fix[0]?.title ?? ""}`.trim()
    );
  };
  assert.equal(found("hypervisor:no\n"), ["fail bcdedit /set hypervisorlaunchtype auto"]);
  assert.equal(found("hypervisor:no\n", "no"), ["fail Turn on VT-x or SVM in the firmware setup"]);
  assert.equal(found("hypervisor:yes\n"), ["pass"]);
  assert.equal(found(""), ["pass"], "not read, as in texts of older probes");
});

test("gpu.in-use: the fix fits what uses the card and how the host runs services", () => {
  const held = text("card-held-through-iommufd");
  const fix = (host: string) => findingsOf(host, "gpu.in-use", ada)[0]!.fix[0]!.command;
  assert.match(fix(held)!, /^virsh /);
  assert.match(fix(held.replace(/qemu-system-x86/, "cloud-hypervis"))!, /^ps -o pid,args -p \d+$/);
  const desktop = text("rtx4070-desktop-debian12").replace(
    /^seen:all$/m,
    "seen:all\nholds:900 /dev/dri/card1 cosmic-comp",
  ).replace(/^(0000:01:00\.0\/driver:.*)$/m, "$1\n0000:01:00.0/drm:card1 renderD129");
  assert.is(fix(desktop), "systemctl stop display-manager");
  assert.is(fix(desktop.replace(/^exists:\/run\/systemd\/system\n/m, "")), null, "no systemd");
});

test("gpu.in-use: the fix names the service or the container that a process belongs to", () => {
  const host = text("rtx4070-desktop-debian12").replace(
    /^(0000:01:00\.0\/driver:.*)$/m,
    "$1\n0000:01:00.0/drm:card1 renderD129",
  );
  const fixes = (...lines: string[]) =>
    findingsOf(host.replace(/^seen:all$/m, ["seen:all", ...lines].join("\n")), "gpu.in-use", ada)[0]!.fix
      .map(({ title, command }) => command ?? title);
  const ollama = "holds:2211 /dev/dri/card1 ollama";
  assert.is(fixes(ollama, "runs-in:2211 ollama.service")[0], "systemctl stop ollama.service");
  assert.match(fixes(ollama)[0]!, /^End ollama \(2211\); if a service runs it/);
  const python = "holds:2300 /dev/dri/renderD129 python3";
  const [service, container] = fixes(ollama, python, "runs-in:2211 ollama.service", "runs-in:2300 docker");
  assert.is(service, "systemctl stop ollama.service");
  assert.match(container!, /^Stop the container of Docker \(docker ps .*python3 \(2300\)$/);
  const logind = fixes("holds:640 /dev/dri/card1 systemd-logind", "runs-in:640 systemd-logind.service");
  assert.is(logind[0], "systemctl stop display-manager", "it opens the card for a desktop");
});

test("gpu.in-use: a container does not show the processes of its host", () => {
  const host = text("kubernetes-pod-with-a-card");
  assert.equal(statuses(host, "gpu.in-use", ada), ["unknown"]);
  assert.equal(statuses(host.replace(/^container:.*\n/m, ""), "gpu.in-use", ada), ["pass"]);
});

test("gpu.driver: a list of ids in an argument that the kernel does not read is named with the right one", () => {
  const host = text("cachyos-ids-in-a-misspelt-argument");
  const navi = "{vendor_id: 1002, device_id: 744c}";
  const message = (argument: string) =>
    findingsOf(host.replaceAll("vfio_pci,ids=1002:744c,1002:ab30", argument), "gpu.driver", navi)[0]!.message;
  const ids = "1002:744c,1002:ab30";
  for (
    const wrong of ["vfio_pci,ids=", "vfio-pci:ids=", "vfio.pci.ids=", "vfio-pci-ids=", "vfio.ids=", "vfio_pci.id="]
  ) {
    const end = `The kernel does not read ${wrong}${ids}: the argument is vfio-pci.ids=${ids}`;
    assert.ok(message(wrong + ids).endsWith(end), message(wrong + ids));
  }
  for (const other of [`vfio_pci.ids=${ids}`, `vfio-pci.ids=${ids}`, "vfio_iommu_type1.allow_unsafe_interrupts=1"]) {
    assert.not.match(message(other), /does not read/, other);
  }
});

test("gpu.driver: a list of ids that a space cuts short is named", () => {
  const host = text("cachyos-ids-in-a-misspelt-argument");
  const navi = "{vendor_id: 1002, device_id: 744c}";
  const message = (argument: string) =>
    findingsOf(host.replaceAll("vfio_pci,ids=1002:744c,1002:ab30", argument), "gpu.driver", navi)[0]!.message;
  const end = (list: string) => `. The list of ids in the kernel's command line ${list}: write it without spaces`;
  assert.ok(message("vfio-pci.ids=1002:7000, 1002:ab30").endsWith(end("ends with a comma")));
  assert.ok(message("vfio-pci.ids= 1002:744c,1002:ab30").endsWith(end("is empty")));
  assert.not.match(message("vfio-pci.ids=1002:7000 quiet"), /write it without/);
  const bound = host.replace(/^(0000:03:00\.0\/driver:).*$/m, "$1vfio-pci");
  const [found] = findingsOf(
    bound.replaceAll("vfio_pci,ids=1002:744c,1002:ab30", "vfio-pci.ids=1002:744c, 1002:ab30"),
    "gpu.driver",
    navi,
  );
  assert.match(found!.message, /^vfio-pci has the card, and .*ends with a comma: write it without spaces$/);
});

test("gpu.window: a region without an address fails, one that was not read does not", () => {
  const card = "{vendor_id: 10de, device_id: 1b38}";
  const zeros = text("tesla-p40-regions-all-zeros");
  assert.equal(statuses(zeros, "gpu.window", card), ["fail"]);
  assert.equal(statuses(zeros.replace(/^.*\/unset:.*$/gm, ""), "gpu.window", card), ["pass"]);
});

test("gpu.window: a card of any vendor with I/O ports only fails; if a region was not read, it does not", () => {
  const card = '{vendor_id: 1002, device_id: 5046, address: "0000:03:00.0"}';
  const host = text("lab-memory-regions-that-the-kernel-could-not-place");
  assert.equal(statuses(host, "gpu.window", card), ["fail"]);
  const lost = host.replace(/^0000:03:00\.0\/resource:2:.*\n/m, "");
  assert.not.equal(lost, host);
  assert.not.equal(statuses(lost, "gpu.window", card), ["fail"]);
});

test("gpu.power: the id registers of a virtual function read all ones, those of another card do not", () => {
  const host = text("lab-sr-iov-one-virtual-function-each-in-its-own-group");
  const at = (bdf: string) => `{vendor_id: 1b36, device_id: "0010", address: "${bdf}"}`;
  assert.match(host, /^0000:01:00\.1\/config: ff ff ff ff$/m);
  assert.equal(statuses(host, "gpu.power", at("0000:01:00.1")), ["pass"]);
  const gone = host.replace(/^(0000:01:00\.0\/config:).*$/m, "$1 ff ff ff ff");
  assert.not.equal(gone, host);
  assert.equal(statuses(gone, "gpu.power", at("0000:01:00.0")), ["fail"]);
});

test("gpu.match: a physical function is not bound while its virtual functions are on", () => {
  const host = text("lab-sr-iov-one-virtual-function-each-in-its-own-group");
  const found = (bdf: string, from = host) => {
    const parsed = parseHost(from);
    const gpu = `{vendor_id: 1b36, device_id: "0010", address: "${bdf}"}`;
    const config = parseConfig(`machines: [{name: a, provider: libvirt, box: lab/x, gpu: ${gpu}}]`);
    const [finding] = runChecks(parsed, resolveConfig(config, parsed), ["gpu.match"]);
    return [finding!.status, ...finding!.fix.map(({ title, command }) => command ?? title)];
  };
  const off = (bdf: string) => `sh -c 'echo 0 >/sys/bus/pci/devices/${bdf}/sriov_numvfs'`;
  const one = (bdf: string) => `To take one virtual function, write address: "${bdf}" or mode: partition`;
  assert.equal(
    found("0000:01:00.0"),
    ["warn", off("0000:01:00.0"), one("0000:01:00.1")],
    "its driver may turn them off",
  );
  assert.equal(found("0000:03:00.0"), ["fail", off("0000:03:00.0"), one("0000:03:00.1")], "nothing turns them off");
  assert.equal(found("0000:04:00.0"), ["pass"]);
  const bound = host.replace(/^(0000:03:00\.0\/driver:).*$/m, "$1vfio-pci");
  assert.equal(found("0000:03:00.0", bound), ["warn", one("0000:03:00.1")], "it was bound before they were turned on");
  const nvidia = host.replace(/^(0000:01:00\..\/vendor:).*$/gm, "$10x10de");
  const fixes = runChecks(
    parseHost(nvidia),
    resolveConfig(
      parseConfig('machines: [{name: a, provider: libvirt, box: lab/x, gpu: {vendor_id: 10de, address: "01:00.0"}}]'),
      parseHost(nvidia),
    ),
    ["gpu.match"],
  )[0]!.fix;
  assert.equal(fixes.map(({ command }) => command), [off("0000:01:00.0")], "no virtual function of NVIDIA is advised");
});

test("iommu.group: a disk whose line in the probe is lost may be on the card's USB ports", () => {
  const host = text("usb-disk-of-the-host-on-the-port-of-the-card");
  const card = /^gpu: (.*)$/m.exec(own("test/hosts/usb-disk-of-the-host-on-the-port-of-the-card.findings"))![1]!;
  const without = (lost: RegExp) => {
    const rest = host.replace(lost, "");
    assert.not.equal(rest, host);
    return statuses(rest, "iommu.group", card);
  };
  assert.equal(statuses(host, "iommu.group", card), ["fail"]);
  assert.equal(without(/^mount-\/srv:0000:01.*\n/m), ["unknown"], "only its bridge is left");
  assert.equal(without(/^mount-\/srv:.*\nmount-\/srv:.*\nmounts.*\nroute.*\nroute.*\n/m), ["unknown"], "and the route");
  assert.equal(
    without(/^(mount-\/srv:.*\n){2}/m),
    ["unknown"],
    "nothing is left of /srv: the number of lines is wrong",
  );
  assert.equal(without(/^(mount-\/srv:.*\n){2}mounts:.*\n/m), ["unknown"], "nor their number, but others are there");
  assert.equal(without(/^(mounts|routes|keyboards):.*\n/gm), ["fail"], "a probe before the counts");
  const both = host.replace(/^(mount-\/srv:.*\n)+/m, "").replace(/^mounts:.*$/m, "mounts:1");
  assert.equal(statuses(both, "iommu.group", card), ["pass"], "no disk on its ports");
  for (const lost of [/^keyboard:.*\n/m, /^route:.*\n/m]) {
    assert.not.equal(both.replace(lost, ""), both);
    assert.equal(statuses(both.replace(lost, ""), "iommu.group", card), ["unknown"], String(lost));
  }
});

test("prepare refuses a card with a disk of this host before the IOMMU is on, and says what it could not read", async () => {
  const host = text("usb-disk-of-the-host-on-the-port-of-the-card");
  const card = "{vendor_id: 10de, device_id: 1e04}";
  const off = await says("prepare", host.replace(/iommu_group:\d+$/gm, "iommu_group:none"), card);
  assert.is(off.code, 1);
  assert.match(off.text, /✗ iommu\.group \(m\): passing the card to a VM would take devices .* the disk of \/srv/);
  const unread = await says("prepare", host.replace(/^mount-\/srv:0000:01.*\n/m, ""), card);
  assert.match(unread.text, /\? iommu\.group \(m\): could not find the devices that \/srv needs[^]*options vfio-pci/);
});

test("iommu.group: no command unbinds a display or a device that the host uses", () => {
  const host = parseHost(text("card-in-the-group-shows-the-picture"));
  const findings = runChecks(
    host,
    resolveConfig(parseConfig(`machines: [{name: m, box: lab/x, gpu: ${ada}}]`), host),
    ["iommu.group"],
  );
  assert.is(findings[0]!.status, "fail");
  assert.not.match(JSON.stringify(findings[0]!.fix), /0000:03:00\.0\/driver/);
});

test("numbers in awk's notation for large ones are read", () => {
  const host = text("rtx4070-desktop-debian12").replace(
    /^MemTotal:.*$/m,
    "MemTotal:2.14748e+09",
  );
  assert.is(parseHost(host).memory.total, Math.floor(2.14748e9 / 1024));
});

test("a card has the name in the host's pci.ids, or else its ids", () => {
  const names = "[pci-names]\n10de:NVIDIA Corporation\n10de/2786:AD104 [GeForce RTX 4070]\n[end]";
  const host = parseHost(text("rtx4070-desktop-debian12").replace("[end]", names));
  const named = host.pci!.map(nameOf);
  assert.ok(named.includes("NVIDIA GeForce RTX 4070 (10de:2786)"), named.join("\n"));
  assert.ok(named.some((name) => name.startsWith("10de:22bc")));
});

/** The output of a command on a host's text. `config` is the machine's gpu:; init takes none. */
async function says(command: "prepare" | "init", host: string, gpu?: string): Promise<{ code: number; text: string }> {
  const config = `machines: [{name: m, provider: libvirt, box: lab/x, image: debian-13, memory: 1024, gpu: ${gpu}}]`;
  const template = `${root}/templates/homelab-gpu.yaml`;
  const { shell, said } = fakeShell({
    host,
    [template]: own("templates/homelab-gpu.yaml"),
    ...(gpu ? { "c.yaml": config } : {}),
  });
  const dry = command === "init" ? ["-n"] : [];
  const code = await main([command, ...dry, "--no-color", "--host", "host", "--config", "c.yaml"], shell);
  return { code, text: said.join("") };
}
const findingsOf = (text: string, check: string, gpu: string, more = "", services = "") => {
  const host = parseHost(text);
  const config = `machines: [{name: m, provider: libvirt, box: lab/x, memory: 1024, gpu: ${gpu}${more}}]\n${services}`;
  return runChecks(host, resolveConfig(parseConfig(config), host), [check]);
};
const commandsOf = (text: string, check: string, gpu: string) =>
  findingsOf(text, check, gpu).flatMap(({ fix }) => fix.flatMap(({ command }) => command ?? []));

test("init: a server's own display chip is not offered for a VM", async () => {
  const { code, text: said } = await says("init", text("server-chip-is-the-only-card"));
  assert.is(code, 0);
  assert.match(said, / without a GPU; [^]*this host has no graphics card but 0000:0b:00\.0 /);
});

test("prepare refuses a card with a direct region, but not before kernel 6.6", async () => {
  const direct = text("amd-ivmd-direct-region-arch");
  assert.is((await says("prepare", direct, laptop)).code, 1);
  const before = direct.replace(/^kernel:.*$/m, "kernel:6.5.0-45-generic");
  assert.is((await says("prepare", before, laptop)).code, 0);
});

test("prepare refuses a card that no longer responds, and nothing recommends it", async () => {
  const host = text("rtx4070-desktop-debian12");
  const dead = host.replace("0000:01:00.0/config: de 10 86 27", "0000:01:00.0/config: ff ff ff ff");
  assert.equal([(await says("prepare", host, ada)).code, (await says("prepare", dead, ada)).code], [0, 1]);
  assert.match((await says("prepare", dead, ada)).text, /gpu\.power|reads all ones/);
  assert.equal(commandsOf(dead, "gpu.driver", ada).filter((one) => one.endsWith("prepare")), []);
});

test("tools.present: offers no command for another distribution's packages", () => {
  const alt = text("alt-linux-without-tools");
  assert.equal(commandsOf(alt, "tools.present", ada), []);
  const as = (id: string, manager: string, more = "") =>
    alt.replace(/^ID:.*$/m, `ID:${id}${more}`).replace(/^apt-get:.*$/m, `${manager}:/usr/bin/${manager}`);
  assert.equal(commandsOf(as("mageia", "dnf", "\nID_LIKE:mandriva fedora"), "tools.present", ada), []);
  assert.equal(commandsOf(as("chimera", "apk"), "tools.present", ada), []);
  assert.match(commandsOf(as("fedora", "dnf"), "tools.present", ada)[0]!, /^dnf install /);
  const alpine = as("alpine", "apk").replace("[programs]\n", "$&vagrant:/usr/bin/vagrant\n");
  assert.match(commandsOf(alpine, "tools.present", ada)[0]!, /^apk add /);
});

test("prepare prints lines, and writes nothing, on systems whose tools it does not support", async () => {
  for (
    const [name, way] of [["harvester-card-on-nouveau", /PCI Devices/], [
      "alt-linux-without-tools",
      /initrd\.mk/,
    ]] as const
  ) {
    const { text: said } = await says("prepare", text(name), ada);
    assert.match(said, way);
    assert.match(said, /does not change this system/);
  }
});

test("prepare prints the vendor's own way, and writes nothing, on systems that keep no changes", async () => {
  const unraid = await says("prepare", text("unraid-card-on-nouveau"), ada);
  assert.is(unraid.code, 0);
  assert.match(unraid.text, /BIND=0000:01:00\.0\|10de:2786 0000:01:00\.1\|10de:22bc/);
  assert.not.match(unraid.text, /modprobe\.d/);
  const truenas = text("truenas-card-on-nouveau");
  assert.match((await says("prepare", truenas, ada)).text, /Isolated GPU Devices/);
  const image = text("rtx4070-desktop-debian12").replace(
    /^exists:.*$/m,
    "exists:/run/systemd/system\nexists:/run/ostree-booted",
  );
  const said = await says("prepare", image, ada);
  assert.match(said.text, /Containerfile/);
  assert.not.match(said.text, /update-initramfs|dracut --force/);
});

test("tools.present: offers no package that would not persist, or whose name is unknown", () => {
  assert.equal(commandsOf(text("unraid-card-on-nouveau"), "tools.present", ada), []);
  assert.equal(commandsOf(text("truenas-card-on-nouveau"), "tools.present", ada), []);
  const rhel = text("rhel9-without-tools");
  const amazon = rhel.replace(/^ID:.*$/m, "ID:amzn").replace(/^kernel:.*$/m, "kernel:6.12.55-74.119.amzn2023.x86_64");
  assert.equal(commandsOf(amazon, "tools.present", ada), []);
  const euler = rhel.replace(/^ID:.*$/m, "ID:openEuler").replace(/^ID_LIKE:.*\n/m, "").replace(
    /^kernel:.*$/m,
    "kernel:6.6.0-28.oe2403.x86_64",
  );
  assert.equal(commandsOf(euler, "tools.present", ada), []);
});

test("tools.present: RHEL has no vagrant package, whatever its ID_LIKE; Nobara counts as Fedora", () => {
  const first = (host: string) => commandsOf(host, "tools.present", ada)[0]!;
  const rhel = text("rhel9-without-tools");
  assert.not.match(first(rhel), /vagrant/);
  assert.not.match(first(rhel.replace(/^ID:.*$/m, "ID:ol").replace(/^(kernel:.*)el9\b/m, "$1el9uek")), /vagrant/);
  const nobara = commandsOf(text("nobara-without-tools"), "tools.present", ada);
  assert.match(nobara[0]!, /^dnf install -y .*qemu-system-x86-core .*\bvagrant\b/);
  const later = commandsOf(
    text("nobara-without-tools").replace(/^VERSION_ID:.*$/m, "VERSION_ID:44"),
    "tools.present",
    ada,
  );
  assert.equal(later.filter((command) => /hashicorp/.test(command)), [], "vagrant is Fedora's own");
  // a rebuild that counts its releases in another way: HashiCorp has no folder RHEL/3
  const folder = (host: string) => commandsOf(host, "tools.present", ada).find((one) => /hashicorp\.repo/.test(one))!;
  assert.match(folder(rhel), /s\/\$releasever\/9\//, "a host that is locked to 9.4 has that as $releasever");
  const [fedora] = upstreamSteps(["packer"], parseHost(text("nobara-without-tools")));
  assert.match(fedora!.command!, /fedora\/hashicorp\.repo -o \S+hashicorp\.repo$/);
  const other = (id: string, version: string, kernel: string) =>
    rhel.replace(/^ID:.*$/m, `ID:${id}\nID_LIKE:rhel fedora`).replace(/^VERSION_ID:.*$/m, `VERSION_ID:${version}`)
      .replace(/^kernel:.*$/m, `kernel:${kernel}`);
  const titleOf = (host: string) =>
    findingsOf(host, "tools.present", ada)[0]!.fix.find(({ command }) => command && /hashicorp\.repo/.test(command))!
      .title;
  const alinux = other("alinux", "3", "5.10.134-16.al8.x86_64");
  assert.match(folder(alinux), /hashicorp\.repo && sed -i 's\/\$releasever\/8\/' \S+hashicorp\.repo$/);
  assert.match(titleOf(alinux), /RHEL 8 fits/);
  for (
    const [id, version, kernel] of [
      ["anolis", "23", "6.6.7-2.an23.x86_64"],
      ["tencentos", "4.2", "6.6.47-12.tl4.x86_64"],
      ["rocky", "10.0", "6.12.0-55.el10_0.x86_64"],
    ] as const
  ) {
    assert.match(folder(other(id, version, kernel)), /s\/\$releasever\/9\//, id);
    assert.match(titleOf(other(id, version, kernel)), /RHEL 9 is the newest/, id);
    const [compilers] = upstreamSteps(["vagrant-libvirt"], parseHost(other(id, version, kernel)));
    assert.match(compilers!.command!, /libvirt-devel/);
    assert.is(
      /--enablerepo=crb/.test(compilers!.command!),
      id === "rocky",
      "dnf refuses a repository that does not exist",
    );
  }
});

test("prepare refuses a host that cannot pass cards: another architecture, Xen's control domain", async () => {
  const arm = text("arm-workstation-with-a-card");
  const prepared = await says("prepare", arm, ada);
  assert.is(prepared.code, 1);
  assert.match(prepared.text, /host\.architecture/);
  const written = await says("init", arm);
  assert.is(written.code, 0);
  assert.match(
    written.text,
    /without a GPU;[^]*this host cannot pass a card to a VM: guests are x86_64 but this host is aarch64/,
  );
  const xen = await says("prepare", text("xen-control-domain"), ada);
  assert.is(xen.code, 1);
  assert.match(xen.text, /iommu\.enabled/);
});

test("prepare reports lines of other files that prevent vfio-pci from loading", async () => {
  const host = text("rtx4070-desktop-debian12");
  const line = "modprobe.d/vfio.conf:install vfio-pci\nmodprobe.d/local.conf:blacklist vfio_pci\n";
  const said = await says("prepare", host.replace(/^\[configured\]\n/m, `[configured]\n${line}`), ada);
  assert.match(said.text, /note: install vfio-pci \(\/etc\/modprobe\.d\/vfio\.conf\)/);
  assert.match(said.text, /note: blacklist vfio_pci \(\/etc\/modprobe\.d\/local\.conf\)/);
  assert.not.match((await says("prepare", host, ada)).text, /note:/);
});

test("prepare and gpu.driver report kernel arguments that prevent vfio-pci from loading", async () => {
  const host = text("rtx4070-desktop-debian12");
  const running = (...words: string[]) =>
    host.replace(/^read:\/proc\/cmdline\n/m, `$&${words.map((word) => `running:${word}\n`).join("")}`)
      .replace(/^configuration:\/etc\/default\/grub\n/m, `$&${words.map((word) => `configured:${word}\n`).join("")}`);
  for (const word of ["modprobe.blacklist=nouveau,vfio_pci", "module_blacklist=vfio-pci"]) {
    assert.ok((await says("prepare", running(word), ada)).text.includes(`note: ${word} (`), word);
  }
  assert.not.match((await says("prepare", running("module_blacklist=nouveau"), ada)).text, /note:/);
  for (const word of ["module_blacklist=vfio_pci", "modprobe.blacklist=vfio_pci"]) {
    assert.equal(statuses(running(word), "gpu.driver", ada), ["fail"], "libvirt obeys both");
  }
});

test("prepare has nothing to do for a card that an install line of modprobe bound to vfio-pci", async () => {
  const line = "modprobe.d/vfio.conf:install vfio-pci";
  const bound = text("two-equal-cards-bound-by-own-ids").replace(/^modprobe\.d\/vfio\.conf:.*$/m, line);
  const first = ada.replace("}", ', address: "01:00.0"}');
  assert.match((await says("prepare", bound, first)).text, /nothing to do: vfio-pci has the card, by \/etc\/modprobe/);
});

test("prepare refuses a container, which host.guest reports; WSL is not a container", async () => {
  const host = text("rtx4070-desktop-debian12");
  const as = (mark: string) => host.replace("[os]\n", `[os]\n${mark}\n`);
  for (const mark of ["container:lxc", "container:systemd-nspawn", "exists:/.dockerenv", "exists:/run/.containerenv"]) {
    assert.equal(statuses(as(mark), "host.guest", ada), ["warn"], mark);
    assert.is((await says("prepare", as(mark), ada)).code, 1, mark);
  }
  assert.equal(statuses(as("container:wsl"), "host.guest", ada), statuses(host, "host.guest", ada));
});

test("iommu.interrupts: names the kernel argument that turns remapping off", () => {
  const host = text("rtx4070-desktop-debian12").replace(/^interrupt:.*$/gm, "interrupt:PCI-MSI");
  const off = host.replace(/^read:\/proc\/cmdline\n/m, "$&running:intremap=off\n");
  assert.match(findingsOf(off, "iommu.interrupts", ada)[0]!.message, /argument intremap=off/);
  assert.not.match(findingsOf(host, "iommu.interrupts", ada)[0]!.message, /argument/);
});

test("prepare: names Limine's own configuration if no tool writes it, and the file of Void's hook for efibootmgr", async () => {
  const arch = (path: string) =>
    text("arch-with-refind").replaceAll("/boot/refind_linux.conf", path).replace(/^units:.*$/m, "units:");
  for (const path of ["/boot/limine.conf", "/boot/EFI/arch-limine/limine.conf", "/efi/EFI/BOOT/limine.conf"]) {
    assert.match((await says("prepare", arch(path), ada)).text, new RegExp(`in cmdline: of each entry of ${path}`));
  }
  const hook = arch("/etc/default/efibootmgr-kernel-hook").replace(/^kernel:.*$/m, "kernel:6.12.57_1");
  assert.match(
    (await says("prepare", hook, ada)).text,
    /in OPTIONS of \/etc\/default\/efibootmgr-kernel-hook, [^]*then run xbps-reconfigure -f\s+linux6\.12$/m,
  );
});

test("init: the processor's graphics are not offered instead of a card that is the boot VGA, without AMD's PSP too", async () => {
  const host = text("rx9070xt-shows-the-picture-beside-an-apu");
  const chosen = async (one: string) => /device_id: (\w+)/.exec((await says("init", one)).text)?.[1];
  const card = await chosen(host);
  assert.is(await chosen(host.replace(/^(0000:11:00\.2\/class:).*$/m, "$10x0c0330")), card);
  assert.is(await chosen(host.replace(/^0000:11:00\.2\/.*\n/gm, "").replace(/^count:.*$/m, "")), card);
});

test("init: a card without a supported driver is not offered", async () => {
  const two = text("two-nvidia-cards-one-shows-the-picture");
  assert.match((await says("init", two)).text, /device_id: 2482/);
  const old = await says("init", two.replaceAll("0x2482", "0x128b"));
  assert.not.match(old.text, /device_id: 128b/);
});

test("gpu.match: refuses a virtual function of NVIDIA, but not one of Intel", () => {
  const at = (id: string) => `{vendor_id: ${id}, device_id: 26b9, address: "0000:01:00.4"}`;
  const nvidia = text("nvidia-virtual-function-asked-for");
  assert.equal(statuses(nvidia, "gpu.match", at("10de")), ["fail"]);
  assert.equal(statuses(nvidia.replaceAll("0x10de", "0x8086"), "gpu.match", at("8086")), ["pass"]);
});

test("gpu.window: an Intel card without its large region fails; processor graphics do not", () => {
  const arc = text("arc-without-address-for-its-memory");
  assert.equal(statuses(arc, "gpu.window", "{vendor_id: 8086, device_id: 56a0}"), ["fail"]);
  const other = arc.replaceAll("0x56a0", "0x1912");
  assert.equal(statuses(other, "gpu.window", "{vendor_id: 8086, device_id: 1912}"), ["pass"]);
});

test("gpu.platform: reports boards whose NVSwitches are not PCI devices", () => {
  const board = text("one-gpu-of-an-hgx-b200-board");
  const at = (id: string) => `{vendor_id: 10de, device_id: ${id}, address: "0000:17:00.0"}`;
  assert.equal(statuses(board, "gpu.platform", at("2901")), ["warn"]);
  assert.equal(
    statuses(board.replaceAll("0x2901", "0x2bb1"), "gpu.platform", at("2bb1")),
    ["pass"],
    "a card in a slot",
  );
});

test("iommu.group: offers no command if another function of the group cannot be unbound", () => {
  const bmc = text("bmc-with-ipmi-in-the-group");
  assert.equal(commandsOf(bmc, "iommu.group", ada), [], "IPMI beside the card that shows the picture");
  const chips = "{vendor_id: 8086, device_id: e211, address: '0000:13:00.0'}";
  const [two] = findingsOf(text("arc-pro-two-chips-in-one-group"), "iommu.group", chips);
  assert.equal(two!.fix.filter(({ command }) => command), []);
  assert.ok(two!.fix.some(({ title }) => title.includes('address: "0000:18:00.0"')), "both to one machine");
});

test("iommu.acs: knows which kernels support the argument, and which are unknown", () => {
  const host = text("acs-override-on-an-ordinary-kernel");
  const message = (release: string) =>
    findingsOf(host.replace(/^kernel:.*$/m, `kernel:${release}`), "iommu.acs", ada)[0]!.message;
  for (const release of ["6.17.7-300.fc43.x86_64", "5.14.0-611.5.1.el9_7.x86_64", "7.1.2-070102-generic"]) {
    assert.match(message(release), /has no effect/, release);
  }
  for (const release of ["6.17.9-2-cachyos", "6.12.15-production+truenas", "6.12.54-Unraid", "7.2.1-zen1-1-zen"]) {
    assert.match(message(release), /splits groups/, release);
  }
  for (const release of ["6.17.8-200.nobara.fc43.x86_64", "7.1.3-zen1-1-zen", "6.12.57_1"]) {
    assert.match(message(release), /Cannot tell/, release);
  }
});

test("services.gpu: AMD and Intel cards pass if the box gets their firmware", () => {
  const radeon = text("rx7900-only-card-fedora");
  const service = "services: {w: {image: x, gpu: 1}}";
  const status = (more: string, vendor = "1002") =>
    findingsOf(radeon, "services.gpu", `{vendor_id: ${vendor}}`, more, service).map((one) => one.status);
  assert.equal(status(", image: debian-13"), ["pass"]);
  assert.equal(status(", image: debian-13, provision: [./more.sh]"), ["pass"]);
  assert.equal(status(""), ["unknown"], "a box that is taken as it is");
  assert.equal(status(", image: debian-13", "8086"), ["pass"]);
  assert.equal(status(", image: debian-13", "10de"), ["pass"]);
});

test("guest.driver: the image's kernel drives the AMD or Intel card, or another image is named", () => {
  const radeon = text("rx7900-only-card-fedora");
  const of = (image: string, device: string, vendor = "1002") => {
    const host = radeon.replaceAll("0x744c", `0x${device}`).replaceAll("0x1002", `0x${vendor}`);
    const [found] = findingsOf(host, "guest.driver", `{vendor_id: ${vendor}}`, image && `, image: ${image}`);
    return `${found!.status} ${found!.fix[0]?.title ?? ""}`;
  };
  assert.is(of("debian-13", "744c"), "pass ");
  assert.is(of("ubuntu-22.04", "744c"), "fail Write image: debian-12, debian-13, ubuntu-24.04 or ubuntu-26.04");
  assert.is(of("debian-12", "747e"), "fail Write image: debian-13, ubuntu-24.04 or ubuntu-26.04");
  assert.is(of("ubuntu-24.04", "7550"), "fail Write image: debian-13 or ubuntu-26.04");
  assert.is(of("ubuntu-22.04", "73bf"), "pass ", "Navi 21 is older");
  assert.is(of("debian-12", "56a0", "8086"), "fail Write image: debian-13, ubuntu-24.04 or ubuntu-26.04");
  assert.is(of("ubuntu-24.04", "e20b", "8086"), "fail Write image: debian-13 or ubuntu-26.04");
  assert.is(of("debian-12", "4680", "8086"), "pass ", "the processor's graphics");
  assert.is(of("", "744c"), "unknown ", "a box that is taken as it is");
  assert.is(of("{file: ./mine.qcow2}", "744c"), "unknown ", "an image of an unknown kernel");
});

test("guest.image: refuses a system without a way to install AMD's firmware", () => {
  const of = (gpu: string, image: string) =>
    findingsOf(text("rx7900-only-card-fedora"), "guest.image", gpu, `, image: {file: ./${image}}`)[0]!.status;
  assert.is(of("{vendor_id: 1002}", "kali-2026.qcow2"), "fail");
  assert.is(of("{vendor_id: 1002}", "debian-13.qcow2"), "pass");
  assert.is(of("{enabled: false}", "kali-2026.qcow2"), "pass");
});

const fixesOf = (text: string, check: string, gpu: string) =>
  findingsOf(text, check, gpu).flatMap(({ fix }) => fix.map(({ title, command }) => command ?? title));

test("gpu.driver and gpu.display: do not recommend prepare for a card that prepare refuses", () => {
  const advised = (name: string, gpu: string) =>
    ["gpu.driver", "gpu.display"].flatMap((check) => commandsOf(text(name), check, gpu)).filter((one) =>
      one.endsWith("prepare")
    ).length;
  const one = "{vendor_id: 10de, device_id: 2504}";
  assert.is(advised("mini-pc-with-a-card-on-oculink", one), 1);
  assert.is(advised("external-card-with-its-enclosure", one), 0, "its group is not viable");
  assert.is(advised("cloud-vm-with-a10g", "{vendor_id: 10de, device_id: 2237}"), 0, "there is no IOMMU");
  assert.is(advised("arm-workstation-with-a-card", ada), 0, "guests are x86_64");
});

test("gpu.display: advice fits processor graphics, and a laptop that uses its card", () => {
  const mux = fixesOf(text("laptop-switched-to-its-card"), "gpu.display", "{vendor_id: 10de, device_id: 28e0}");
  assert.match(mux[0]!, /^Turn on hybrid graphics/);
  const apu = "{vendor_id: 1002, device_id: 1900}";
  const mini = text("mini-pc-with-a-card-on-oculink");
  assert.match(fixesOf(mini, "gpu.display", apu)[0]!, /^Connect the display to the other card/);
  const alone = mini.replace(/^0000:01:00\.[01]\/.*\n/gm, "");
  assert.match(fixesOf(alone, "gpu.display", apu)[0]!, /^Add a card for the host's display/);
});

test("iommu.group: an external card is connected to another port, not moved to a slot", () => {
  const external = text("external-card-with-its-enclosure");
  const one = "{vendor_id: 10de, device_id: 2504}";
  assert.equal(fixesOf(external, "iommu.group", one).map((title) => title.slice(0, 21)), ["This card is external"]);
  assert.match(fixesOf(external.replace(/^.*\/removable:.*\n/gm, ""), "iommu.group", one)[0]!, /another slot/);
});

test("a VM without a virtual IOMMU gets QEMU's option only under QEMU, and nothing to prepare", async () => {
  const cloud = text("cloud-vm-with-a10g");
  const gpu = "{vendor_id: 10de, device_id: 2237}";
  assert.not.match(fixesOf(cloud, "iommu.enabled", gpu).join(), /QEMU|firmware/);
  assert.match(fixesOf(cloud, "iommu.enabled", gpu)[0]!, /Amazon EC2, g5\.xlarge/);
  assert.match(fixesOf(cloud.replace("Amazon EC2", "QEMU"), "iommu.enabled", gpu)[0]!, /-device intel-iommu/);
  const said = await says("prepare", cloud, gpu);
  assert.is(said.code, 1);
  assert.not.match(said.text, /modprobe\.d/);
});

test("prepare has nothing to do for a card that the user binds, also for one of two equal ones", async () => {
  const own = await says("prepare", text("proxmox-rtx2080ti-four-functions"), "{device_id: 1e04}");
  assert.match(own.text, /nothing to do: vfio-pci has the card, by \/etc\/modprobe\.d\/vfio\.conf\n/);
  const bound = text("threadripper-two-rtx3090-arch").replace(/^(0000:21:00\.[01]\/driver):.*$/gm, "$1:vfio-pci");
  const by = (line: string) => bound.replace("[configured]\n", `[configured]\n${line}\n`);
  const asked = async (host: string) => (await says("prepare", host, '{device_id: 2204, address: "4b:00.0"}')).text;
  const ids = "modprobe.d/vfio.conf:options vfio-pci ids=10de:2204,10de:1aef";
  assert.match(await asked(by(ids)), /nothing to do: .* by \/etc\/modprobe\.d\/vfio\.conf\n/);
  const addresses = ["0", "1"].map((n) => `driverctl.d/0000:4b:00.${n}:vfio-pci`).join("\n");
  assert.match(
    await asked(by(addresses)),
    /by \/etc\/driverctl\.d\/0000:4b:00\.0 and \/etc\/driverctl\.d\/0000:4b:00\.1\n/,
  );
  const offers = /\/etc\/udev\/rules\.d\/70-homelab-gpu\.rules:/;
  assert.match(await asked(by(ids.replace(",10de:1aef", ""))), offers, "its audio is not in the list");
  assert.match(
    await asked(by(ids).replace("4b:00.0/driver:vfio-pci", "4b:00.0/driver:nvidia")),
    offers,
    "not bound yet",
  );
  assert.match(await asked(bound), offers, "nothing is configured");
});

test("tools.present: installs nothing in Xen's control domain", () => {
  const xen = text("xen-control-domain").replace(/^(virsh|libvirtd|qemu-system-x86_64):.*\n/gm, "");
  assert.equal(commandsOf(xen, "tools.present", ada), []);
  assert.match(fixesOf(xen, "tools.present", ada)[0]!, /control domain/);
});

test("init: prefers another vendor's free card; processor graphics come last", async () => {
  const mi50 = await says("init", text("old-nvidia-card-for-the-picture-beside-an-mi50"));
  assert.match(mi50.text, /device_id: 66a1/);
  assert.match(
    mi50.text,
    /not chosen: .*0000:0d:00\.0 NVIDIA .*\(10de:128b\) \(Kepler or older: no supported NVIDIA driver has it/,
  );
  const radeon = await says("init", text("rx9070xt-shows-the-picture-beside-an-apu"));
  assert.match(radeon.text, /device_id: 7550/);
  assert.match(radeon.text, /not chosen: 0000:11:00\.0 AMD .*\(1002:13c0\) \(part of the processor\)/);
});

test("init on a Mac says that no provider can pass a card, not that there is none", async () => {
  const mac = await says("init", text("macos-apple-silicon"));
  assert.is(mac.code, 0);
  assert.match(mac.text, /this host cannot pass a card to a VM: Parallels does not support GPU passthrough/);
  assert.not.match(mac.text, /this host has no graphics card|Install a card/);
});

test("tools.present: uses the package names of Void, Gentoo and EPEL", () => {
  const void_ = commandsOf(text("void-without-tools"), "tools.present", "{vendor_id: 10de, device_id: 1b81}");
  assert.match(void_[0]!, /^xbps-install -Sy libvirt dnsmasq qemu\b/);
  const gentoo = text("gentoo-without-tools");
  const polaris = "{vendor_id: 1002, device_id: 67df}";
  assert.match(commandsOf(gentoo, "tools.present", polaris)[0]!, /^emerge --noreplace app-emulation\/libvirt /);
  assert.ok(fixesOf(gentoo, "tools.present", polaris).some((title) => /^Accept ~amd64 for app-emul/.test(title)));
  const epel = (os: string) => {
    const host = parseHost(text("rhel9-without-tools").replace(/^ID:.*$/m, `ID:${os}`));
    return upstreamSteps(["debootstrap"], host).map(({ command }) => command);
  };
  assert.equal(epel("rocky"), ["dnf install -y epel-release", "dnf install -y debootstrap"]);
  assert.match(epel("rhel")[0]!, /epel-release-latest-9\.noarch\.rpm$/);
  assert.match(epel("ol")[0]!, /oracle-epel-release-el9$/);
});

test("services.gpu: MIG instances fail on cards without MIG, and are unknown on others", () => {
  const asked = (host: string, gpu: string, id: string) =>
    findingsOf(
      text(host),
      "services.gpu",
      gpu,
      ", image: debian-13",
      `services: {w: {image: x, deploy: {resources: {reservations: {devices: [{driver: nvidia, device_ids: ["${id}"], capabilities: [gpu]}]}}}}}`,
    );
  const a100 = '{vendor_id: 10de, device_id: 20f1, address: "0000:83:00.0"}';
  const uuid = "MIG-2d29c1d5-4b1d-5e7a-9c3f-0d1c2b3a4f5e";
  const [ada4070] = asked("rtx4070-desktop-debian12", ada, uuid);
  assert.is(ada4070!.status, "fail");
  assert.match(ada4070!.message, /no card of m supports MIG/);
  const [ampere] = asked("four-a100-behind-two-switches", a100, uuid);
  assert.is(ampere!.status, "unknown");
  assert.match(ampere!.fix[0]!.title, /nvidia-smi mig -cgi/);
  assert.is(asked("four-a100-behind-two-switches", a100, "0:1")[0]!.status, "unknown");
  assert.is(asked("four-a100-behind-two-switches", a100, "1:0")[0]!.status, "fail", "its only GPU is 0");
  assert.is(asked("four-a100-behind-two-switches", a100, "0")[0]!.status, "pass", "a whole GPU");
});

test.run();
