// Windows and macOS: which probe runs, and how its output is read.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { hardwareOf, nvidiaVersion } from "../lib/host/windows.mts";
import { parseHost } from "../lib/host/parse.mts";
import type { Host } from "../lib/host/types.mts";
import { partitionableOf } from "../lib/resolve/partition.mts";
import type { Context } from "../lib/cli/context.mts";
import { readProbe } from "../lib/cli/probe.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, own, root } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("windows");
const host = savedHost;

async function probed(
  platform: NodeJS.Platform,
  answers: Record<string, { out?: string; err?: string; code?: number }>,
) {
  const scripts = ["probe-linux.sh", "probe-macos.sh", "probe-windows.ps1"];
  const files = Object.fromEntries(scripts.map((name) => [`${root}/scripts/${name}`, name]));
  const { shell, asked } = fakeShell(files, answers);
  const context = { shell: Object.assign(shell, { platform }), options: {} } as unknown as Context;
  return { text: await readProbe(context).catch((error: Error) => error.message), asked };
}

test("each system has its own probe, which needs no shell that it lacks", async () => {
  const linux = "homelab-gpu-probe 1 linux\n[os]\nID:debian\n";
  assert.equal(await probed("linux", { "sh -s": { out: linux } }), { text: linux, asked: ["sh -s"] });
  assert.equal((await probed("darwin", { "sh -s": { out: "mac" } })).text, "mac");
  const { text, asked } = await probed("win32", { "powershell.exe": { out: "windows" } });
  assert.is(text, "windows");
  assert.match(asked[0]!, /^powershell\.exe .*-NonInteractive .*ReadToEnd/);
  assert.match((await probed("win32", { "powershell.exe": { code: 1 } })).text, /^the probe failed/);
  const err =
    '#< CLIXML\n<Objs><S S="Error">_x001B_[31;1mInvoke-Expression: out of memory_x001B_[0m_x000D_</S></Objs>\n';
  assert.is((await probed("win32", { "powershell.exe": { code: 1, err } })).text, "the probe failed: out of memory");
});

test("inside WSL, Windows itself is probed", async () => {
  const wsl = own("test/hosts/wsl2-ubuntu.txt");
  const windows = own("test/hosts/windows-11-pro-rtx4070.txt");
  const { text } = await probed("linux", { "sh -s": { out: wsl }, "powershell.exe": { out: windows } });
  const { os, pci, windows: facts } = parseHost(text);
  assert.equal([os.platform, os.wsl, os.id, pci?.length, facts?.edition], [
    "windows",
    true,
    "windows",
    1,
    "Professional",
  ]);
  // if Windows' programs cannot be run, only what WSL itself shows is known
  const alone = await probed("linux", { "sh -s": { out: wsl }, "powershell.exe": { code: 127 } });
  const parsed = parseHost(alone.text);
  assert.equal([parsed.os.platform, parsed.os.wsl, parsed.pci, parsed.windows], [
    "windows",
    true,
    undefined,
    undefined,
  ]);
});

test("reads the probe of Windows", () => {
  const { windows, os, cpu, memory, pci, hardwareVirtualization } = host("windows-server-2025-a16");
  assert.equal([os.platform, os.wsl, os.arch, cpu.count, memory.total, hardwareVirtualization], [
    "windows",
    false,
    "x86_64",
    64,
    261718,
    true,
  ]);
  const { drivers, partitionable, ...rest } = windows!;
  assert.equal(rest, {
    edition: "ServerDatacenter",
    build: 26100,
    product: "server",
    elevated: true,
    hypervPermission: false,
    hyperv: true,
    hypervisor: true,
    service: "Running",
    vbs: true,
    cmdlet: "Get-VMHostPartitionableGpu",
    choice: true,
    policy: {},
    libraries: true,
    switches: [{ id: "5f0a7a44-2a3c-4d1f-9a55-0d3c7e1b9f60", type: "External", name: "vSwitch" }],
    networkDrives: [],
    systemAccess: true,
    vagrantHome: "C:\\xxxxx\\x\\.xxxxxxx.x",
  });
  assert.equal(partitionable!.map(({ counts, count }) => [counts, count]), [[[16, 8, 4, 2], 16]]);
  assert.equal(drivers.map(({ name, version, status }) => [name, version, status]), [
    ["NVIDIA A16", "32.0.15.8180", "OK"],
    ["Microsoft Basic Display Adapter", "10.0.20348.1", "OK"],
  ]);
  assert.equal(
    pci!.map((
      { bdf, class: code, vendor, device, driver, instance },
    ) => [bdf, code, vendor, device, driver, instance])[0],
    [
      "0000:c3:00.0",
      "030200",
      "10de",
      "25b6",
      "nvlddmkm",
      "6&18C2E5D9&0&00200019",
    ],
  );
});

test("a fact without a line is unknown", () => {
  const { windows, hardwareVirtualization } = parseHost("homelab-gpu-probe 1 windows\n[windows]\n");
  assert.equal(windows, { drivers: [] });
  assert.is(hardwareVirtualization, undefined);
  assert.is(parseHost("homelab-gpu-probe 1 windows\n").windows, undefined);
});

test("reads ids from instance ids and paths, in upper and lower case", () => {
  const found = { vendor: "10de", device: "2786", instance: "4&275d7527&0&0010" };
  assert.equal(
    hardwareOf("\\\\?\\PCI#VEN_10DE&DEV_2786&SUBSYS_1&REV_A1#4&275d7527&0&0010#{064092b3}\\GPUPARAV"),
    found,
  );
  assert.equal(hardwareOf("PCI\\VEN_10DE&DEV_2786&SUBSYS_1&REV_A1\\4&275d7527&0&0010"), found);
  assert.equal(hardwareOf("PCIP\\VEN_10de&DEV_2786&REV_A1\\4&275d7527&0&0010"), found);
  assert.equal(["", "ROOT\\BasicDisplay\\0000", "PCI\\VEN_10DE"].map(hardwareOf), [undefined, undefined, undefined]);
});

test("reads NVIDIA's driver versions in NVIDIA's form", () => {
  assert.equal(["32.0.15.9174", "31.0.15.5222", "27.21.14.5671", "x", undefined].map(nvidiaVersion), [
    "591.74",
    "552.22",
    "456.71",
    undefined,
    undefined,
  ]);
});

/** The card whose partition a machine's request matches. */
const partitionOf = (gpu: string, on: Host) =>
  partitionableOf(resolveConfig(parseConfig(`machines: [{name: a, box: x, gpu: ${gpu}}]`), on).machines[0]!.gpus[0]!);

test("of two equal cards, the address selects one", () => {
  const two = host("windows-11-pro-rtx4070");
  const [first] = two.pci!;
  two.pci!.push({ ...first!, bdf: "0000:02:00.0", instance: "4&1A2B3C4D&0&0020" });
  two.windows!.partitionable!.push({
    ...two.windows!.partitionable![0]!,
    path: two.windows!.partitionable![0]!.path.replace(/4&275d7527&0&0010/, "4&1a2b3c4d&0&0020"),
  });
  assert.is(partitionOf("{}", two), undefined);
  assert.match(partitionOf('{address: "0000:02:00.0"}', two)!.path, /1a2b3c4d/);
});

test("of two cards of one vendor, the ids select one", () => {
  const two = host("windows-11-pro-rtx4070");
  const [first] = two.windows!.partitionable!;
  two.windows!.partitionable!.push({ ...first!, path: first!.path.replace("DEV_2786", "DEV_2684") });
  assert.is(partitionOf("{}", two), undefined);
  assert.match(partitionOf("{device_id: 2684}", two)!.path, /DEV_2684/);
  assert.is(partitionOf("{vendor_id: 1002, device_id: 744c}", two), undefined);
});

test("machines may share a card in partitions, and must agree on the count", () => {
  const config = (a: string, b: string) =>
    parseConfig(`machines: [{name: a, box: x, gpu: {${a}}}, {name: b, box: y, gpu: {${b}}}]`);
  const bad = (a: string, b: string) => {
    const on = host("windows-server-2025-a16");
    return runChecks(on, resolveConfig(config(a, b), on), ["gpu.exclusive", "hyperv.count"]).filter(({ status }) =>
      status === "fail"
    ).map(({ machine, message }) => `${machine}: ${message}`);
  };
  assert.equal(bad("", ""), []);
  assert.equal(bad("partition_count: 4", "partition_count: 4"), []);
  assert.equal(bad("partition_count: 4", "partition_count: 8"), [
    "b: a asks for 4 partitions of the card and b for 8: a card has one count for all VMs",
  ]);
  assert.match(bad("mode: passthrough", "")[0]!, /^b: a and b both ask for/);
});

test("a damaged probe of Windows only has fewer facts", () => {
  const [first, ...lines] = own("test/hosts/windows-11-laptop-two-cards.txt").split("\n");
  for (let i = 0; i < lines.length; i++) {
    const on = parseHost([first, ...lines.filter((_, at) => at !== i)].join("\n"));
    const whole = runChecks(
      on,
      resolveConfig(parseConfig("machines: [{name: a, box: x, gpu: {vendor_id: 10de}}]"), on),
    );
    assert.not.ok(whole.some(({ message }) => message.startsWith("this check broke")), lines[i]!);
  }
});

test("hyperv.driver: reports a working, a failed and an unread driver", () => {
  const text = own("test/hosts/windows-11-pro-rtx4070.txt");
  const config = parseConfig("machines: [{name: a, box: lab/x, provider: hyperv, gpu: {device_id: 2786}}]");
  const status = (from: string | RegExp, to: string) => {
    const changed = text.replace(from, to);
    assert.not(from !== "" && changed === text, `${from} is not in it`);
    const made = parseHost(changed);
    return runChecks(made, resolveConfig(config, made), ["hyperv.driver"])[0]!.status;
  };
  const folder = "nv_dispi.inf_amd64_7d2b8a0c5ce04b5f";
  assert.is(status("", ""), "pass");
  assert.is(status("|OK|", "|Error|"), "fail");
  assert.is(status(`|${folder}|`, "|-|"), "fail");
  assert.is(status("libraries:yes", "libraries:no"), "fail");
  assert.is(status("|OK|", "||"), "unknown");
  assert.is(status(`|${folder}|`, "||"), "unknown");
  assert.is(status("libraries:yes\n", ""), "unknown");
  assert.is(status(/^video:.*\n/m, ""), "unknown");
});

test("in a VM of Hyper-V without a card to partition, the host of the VM has to do it", () => {
  const windows = host("windows-11-pro-rtx4070");
  const inVm = {
    ...windows,
    dmi: { ...windows.dmi, sys_vendor: "Microsoft Corporation", product_name: "Virtual Machine" },
    windows: { ...windows.windows!, partitionable: [] },
  };
  const config = "machines: [{name: a, box: lab/x, image: debian-13, gpu: {device_id: 2786}}]";
  const title = (on: Host) =>
    runChecks(on, resolveConfig(parseConfig(config), on), ["hyperv.card"]).flatMap(({ fix }) => fix)[0]?.title ?? "";
  assert.match(title(inVm), /^Run this on the host of this VM/);
  assert.match(title({ ...inVm, dmi: windows.dmi }), /^Update the card's driver/);
});

test.run();
