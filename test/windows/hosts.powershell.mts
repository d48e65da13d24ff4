// Windows hosts as they are changed by hand: the real probe reads each of them by real PowerShell, and the checks of
// its text find what is wrong. `init` proposes what each Windows can do.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../../lib/checks/index.mts";
import { starterText } from "../../lib/cli/choose-card.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { switchOf } from "../../lib/resolve/hyperv-switch.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import { own } from "../fake.mts";
import { stateOf } from "./recorded.mts";
import { type Entry, plan, type Result } from "./windows.mts";

const test = suite("hosts");

type State = ReturnType<typeof stateOf>;
const client = stateOf(own("test/hosts/windows-11-pro-rtx4070.txt"));
const server = stateOf(own("test/hosts/windows-server-2025-dda.txt"));
const defaultSwitch = "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444";

const planned = new Map<string, () => Result[][]>();
/** Plans the probe of a changed Windows; gives a function with its host. */
function probed(state: State, change: Record<string, unknown> = {}) {
  const entry: Entry = { state: { ...state, marks: {}, ...change }, runs: [{ script: "scripts/probe-windows.ps1" }] };
  const key = JSON.stringify(entry);
  const results = planned.get(key) ?? plan([entry]);
  planned.set(key, results);
  return () => {
    const [[{ code, error, out }]] = results() as [[Result]];
    assert.is(code, 0, error);
    return parseHost(`${out.join("\n")}\n`);
  };
}
/** Plans a probe, and the finding of a check for a machine on that host: its status and its message. */
function finding(check: string, state: State, change: Record<string, unknown> = {}, machine = "", folder?: string) {
  const host = probed(state, change);
  return () => {
    const resolved = resolveConfig(
      parseConfig(`machines: [{name: a, box: x, provider: hyperv${machine}}]`),
      host(),
    );
    const [found] = runChecks(host(), { ...resolved, ...(folder === undefined ? {} : { folder }) }, [check]);
    return found ? `${found.status}: ${found.message}` : "none";
  };
}
const drives = (...letters: string[]) => ({
  cim: { ...client.cim, Win32_LogicalDisk: letters.map((DeviceID) => ({ DeviceID, DriveType: 4 })) },
});
const home = (path: string) => ({ env: { ...client.env, VAGRANT_HOME: path } });
const lab = "C:\\lab\\.homelab-gpu";

const folders: [finding: () => string, RegExp][] = [
  [finding("host.folder", client, {}, "", lab), /^pass/],
  [finding("host.folder", client, {}, "", "C:\\Users\\O'Brien\\.homelab-gpu"), /^fail: the folder has a quote/],
  [finding("host.folder", client, {}, "", "C:\\lab [1]\\.homelab-gpu"), /^fail: the folder has brackets/],
  [finding("host.folder", client, {}, "", "C:\\$x\\.homelab-gpu"), /^warn: the folder has \$ in its path/],
  [finding("host.folder", client, {}, "", "C:\\50%\\.homelab-gpu"), /^fail: the folder has % in its path, which ssh/],
  [
    finding("host.folder", client, drives("Z:"), "", "Z:\\lab\\.homelab-gpu"),
    /^fail: the folder is on a network drive/,
  ],
  [finding("host.folder", client, {}, "", `C:\\${"deep\\".repeat(40)}.homelab-gpu`), /^fail: .* characters too long/],
  [finding("host.folder", client, {}, "", "C:\\Users\\x\\OneDrive\\lab\\.homelab-gpu"), /^warn: .* OneDrive/],
  [finding("host.folder", client, { access: ["S-1-5-32-544"] }, "", lab), /^fail: SYSTEM, which Hyper-V runs as/],
  [finding("host.folder", client, { access: undefined }, "", lab), /^unknown: .* SYSTEM/],
  // a user's name is also in the folder of Vagrant's boxes
  [finding("host.folder", client, home("C:\\Users\\O'Brien\\.vagrant.d"), "", lab), /^fail: .*boxes has a quote/],
  [finding("host.folder", client, home("C:\\Users\\O\u2019Brien\\.vagrant.d"), "", lab), /^fail: .*boxes has a quote/],
  [
    finding("host.folder", client, home("C:\\Users\\Jos\u00e9\\.vagrant.d"), "", lab),
    /^warn: .*boxes .* outside ASCII/,
  ],
  [finding("host.folder", client, home("C:\\a [b]\\v"), "", lab), /^fail: .*boxes has brackets/],
  [finding("host.folder", client, { ...drives("H:"), ...home("H:\\v") }, "", lab), /^fail: .*boxes is on a network/],
  [finding("host.folder", client, home(`C:\\${"a\\".repeat(90)}`), "", lab), /^fail: .*boxes is \d+ characters too/],
  [finding("host.folder", client, home("C:\\Users\\uwe.x\\.vagrant.d"), "", lab), /^pass/],
  // without regard to case, the Kelvin sign is a k, and the i with a dot above an i
  [finding("host.folder", client, home("C:\\Users\\Kiki\\.vagrant.d"), "", lab), /^pass/],
];

test("host.folder: what the probe reads of a folder, a drive, rights and VAGRANT_HOME", () => {
  for (const [found, expected] of folders) assert.match(found(), expected);
});

const [external, nat] = [
  { Id: "5f0a7a44-2a3c-4d1f-9a55-0d3c7e1b9f60", SwitchType: "External", Name: "LAN | 1" },
  { Id: "77777777-2a3c-4d1f-9a55-0d3c7e1b9f60", SwitchType: "Internal", Name: "Локальная сеть" },
];
const standard = { Id: defaultSwitch, SwitchType: "Internal", Name: "Standardswitch" };
const switches: [switches: unknown[], machine: string, status: string, chosen: string][] = [
  [[external, standard], "", "pass: it is connected to Standardswitch", defaultSwitch],
  [[external], "", "pass: it is connected to LAN | 1", external!.Id],
  [[external, nat], "", "fail: Hyper-V has 2 virtual switches but no Default Switch", defaultSwitch],
  [[external, nat], ", network: {switch: Локальная сеть}", "pass: it is connected to Локальная сеть", nat!.Id],
  [[external, standard], ", network: {switch: x}", "fail: Hyper-V has no virtual switch x; it has LAN | 1", "x"],
  [[], "", "fail: Hyper-V has no virtual switch", defaultSwitch],
];
const chosen = switches.map(([all, machine]) => ({
  found: finding("hyperv.switch", server, { switches: all }, machine),
  host: probed(server, { switches: all }),
  machine,
}));

test("hyperv.switch: the Default Switch by its id, else the only one, else the named one by its id", () => {
  for (const [i, { found, host, machine }] of chosen.entries()) {
    const [, , status, id] = switches[i]!;
    assert.ok(found().startsWith(status), found());
    const resolved = resolveConfig(
      parseConfig(`machines: [{name: a, box: x, provider: hyperv${machine}}]`),
      host(),
    );
    assert.is(switchOf(resolved.machines[0]!, host()), id);
  }
});

const build = (state: State, number: number) => ({
  windows: { ...state.windows, build: number },
  registry: {
    ...state.registry,
    "HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion": {
      EditionID: state.windows.client ? "Professional" : "ServerStandard",
      CurrentBuildNumber: number,
    },
  },
});
const a16 = stateOf(own("test/hosts/windows-server-2025-a16.txt"));
const policy = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\HyperV";
const allowed = { RequireSecureDeviceAssignment: 0, RequireSupportedDeviceAssignment: 0 };
const proposals: [name: string, host: () => ReturnType<typeof parseHost>, mode: string, image: string][] = [
  ["10", probed(client, build(client, 19045)), "partition", "ubuntu-24.04"],
  ["11", probed(client), "partition", "ubuntu-24.04"],
  ["Server 2016", probed(a16, build(a16, 14393)), "passthrough", "debian-13"],
  ["Server 2019", probed(a16, build(a16, 17763)), "passthrough", "debian-13"],
  ["Server 2022", probed(a16, build(a16, 20348)), "passthrough", "debian-13"],
  [
    "Server 2022 with policies",
    probed(a16, {
      windows: { ...a16.windows, build: 20348 },
      registry: { ...build(a16, 20348).registry, [policy]: allowed },
    }),
    "partition",
    "ubuntu-24.04",
  ],
  ["Server 2025", probed(a16), "partition", "ubuntu-24.04"],
  ["Server 2025, no partitions", probed(a16, { cards: [] }), "passthrough", "debian-13"],
];

test("without a config, up and init propose what the probed Windows can do", () => {
  const starter = own("templates/homelab-gpu.yaml");
  for (const [name, host, mode, image] of proposals) {
    const { text } = starterText(starter, host());
    assert.equal(
      [/^\s+mode: (\w+)/m.exec(text)?.[1] ?? "partition", /image: (\S+)/.exec(text)?.[1]],
      [mode, image],
      name,
    );
    // the proposal has no fault in the config itself
    assert.ok(parseConfig(text).machines.length > 0, name);
  }
});

const makers = ["10de", "1002", "8086"].map((vendor) => {
  const ids = (text: string) => text.replaceAll("VEN_10DE", `VEN_${vendor.toUpperCase()}`);
  const changed = JSON.parse(ids(JSON.stringify(client))) as Record<string, unknown>;
  const machine = `, image: ubuntu-24.04, gpu: {vendor_id: ${vendor}, mode: partition}`;
  return {
    card: finding("hyperv.card", client, changed, machine),
    guest: finding("hyperv.guest", client, changed, machine),
  };
});
const images: [image: string, expected: RegExp][] = [
  ["ubuntu-22.04", /^pass/],
  ["ubuntu-24.04", /^pass/],
  ["ubuntu-26.04", /^warn: .*not yet built in Ubuntu 26\.04/],
  ["debian-12", /^pass/],
  ["debian-13", /^pass/],
];
const guests = images.map(([image]) =>
  finding("hyperv.guest", client, {}, `, image: ${image}, gpu: {device_id: 2786, mode: partition}`)
);

test("hyperv.guest: dxgkrnl by the guest's kernel; partitions of AMD and Intel cards are named as untested", () => {
  assert.equal(makers.map(({ card }) => card().split(":")[0]), ["pass", "pass", "pass"]);
  assert.equal(
    makers.map(({ guest }) => guest().replace(/ is untested.*/, " is untested")),
    [
      "pass: dxgkrnl builds in Ubuntu 24.04",
      ...["AMD", "Intel"].map((name) => `fail: a GPU partition from ${name} is untested`),
    ],
  );
  for (const [i, [, expected]] of images.entries()) assert.match(guests[i]!(), expected);
});

test.run();
