// What a lab on Hyper-V needs besides its card: a folder, a virtual switch, and a guest whose
// kernel has dxgkrnl.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { hyperv } from "../lib/resolve/providers/hyperv.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { likelyCauses } from "../lib/verify/failures/index.mts";
import { own } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("hyperv-lab");
const client = own("test/hosts/windows-11-pro-rtx4070.txt");
const server = own("test/hosts/windows-server-2025-dda.txt");

/** The finding of one check, with a lab in this folder. */
function found(check: string, text: string, machine = "", folder?: string) {
  const host = parseHost(text);
  const resolved = resolveConfig(parseConfig(`machines: [{name: a, box: x, provider: hyperv${machine}}]`), host);
  const [finding] = runChecks(host, { ...resolved, ...(folder === undefined ? {} : { folder }) }, [check]);
  return finding ? [finding.status, finding.message, finding.fix.map(({ title }) => title).join()] as const : undefined;
}
const folder = (path: string, text = client) => found("host.folder", text, "", path)?.[0];

test("a folder that Vagrant's scripts or Hyper-V cannot use is reported before any change", () => {
  for (
    const path of [
      String.raw`C:\Users\O'Brien\lab\.homelab-gpu`,
      String.raw`C:\Users\O’Brien\.homelab-gpu`,
      String.raw`D:\vm [old]\.homelab-gpu`,
      String.raw`\\nas\labs\.homelab-gpu`,
      "//nas/labs/.homelab-gpu",
      `C:\\${"deep\\".repeat(40)}.homelab-gpu`,
    ]
  ) assert.is(folder(path), "fail", path);
  assert.equal(["C:\\50%\\.homelab-gpu", "C:\\${lab}\\.homelab-gpu"].map((path) => folder(path)), ["fail", "fail"]);
  for (const path of ["C:\\`x`\\.homelab-gpu", "C:\\$lab\\.homelab-gpu", "C:\\a & b\\.homelab-gpu"]) {
    assert.is(folder(path), "warn", path);
  }
  assert.is(folder("D:\\größe\\.homelab-gpu"), "warn");
  for (const name of ["OneDrive", "OneDrive - Example Corp"]) {
    assert.is(folder(`C:\\Users\\x\\${name}\\Documents\\.homelab-gpu`), "warn");
  }
  for (
    const path of ["C:\\lab\\.homelab-gpu", "D:\\My labs (2026)\\.homelab-gpu", "c:/lab/OneDriver/.homelab-gpu"]
  ) {
    assert.is(folder(path), "pass", path);
  }
});

test("a network drive is recognised by its letter; drives that were not read are unknown", () => {
  const mapped = client.replace("drives-read:yes", "drives-read:yes\nnetwork-drive:Z:");
  assert.is(folder("z:\\lab\\.homelab-gpu", mapped), "fail");
  assert.is(folder("C:\\lab\\.homelab-gpu", mapped), "pass");
  assert.is(folder("C:\\lab\\.homelab-gpu", client.replace("drives-read:yes\n", "")), "unknown");
});

test("the folder of Vagrant's boxes is checked in the same way, without a user's name", () => {
  const boxes = (path: string, text = client) =>
    found(
      "host.folder",
      text.replace(/^vagrant-home:.*$/m, () => `vagrant-home:${path}`),
      "",
      "C:\\lab\\.homelab-gpu",
    )!;
  const quoted = boxes("C:\\xxxxx\\x'xxxxx\\.xxxxxxx.x");
  assert.equal(quoted.slice(0, 2), [
    "fail",
    "the folder of Vagrant's boxes has a quote in its path, which breaks quoted paths in Vagrant's scripts",
  ]);
  assert.match(quoted[2], "VAGRANT_HOME");
  assert.is(boxes("\\\\xxx\\xxxx\\.xxxxxxx.x")[0], "fail");
  assert.is(boxes("H:\\.xxxxxxx.x", client.replace("drives-read:yes", "drives-read:yes\nnetwork-drive:H:"))[0], "fail");
  assert.is(boxes(`C:\\${"xxxxx\\".repeat(40)}`)[0], "fail");
  assert.is(boxes("C:\\xx&xx\\.xxxxxxx.x")[0], "warn");
  assert.is(boxes("C:\\xxxxx\\xuxx\\.xxxxxxx.x")[0], "warn");
  assert.is(boxes("D:\\xxxxxxx.x")[0], "pass");
  assert.is(boxes("u:\\xxxxxxx.x")[0], "pass", "the drive is no letter outside ASCII");
});

test("a folder without full control for SYSTEM is reported with the command that grants it", () => {
  const refused = found(
    "host.folder",
    client.replace("system-access:yes", "system-access:no"),
    "",
    "C:\\lab\\.homelab-gpu",
  )!;
  assert.is(refused[0], "fail");
  assert.match(refused[1], /^SYSTEM, which Hyper-V runs as, has no full control/);
  const unread = found(
    "host.folder",
    client.replace(/^(system-access|vagrant-home):.*\n/gm, ""),
    "",
    "C:\\lab\\.homelab-gpu",
  )!;
  assert.equal(unread.slice(0, 2), [
    "unknown",
    "could not read whether SYSTEM may use the folder, where Vagrant's boxes are",
  ]);
});

test("on Linux only what ssh expands in the path of a key is reported", () => {
  const on = (path: string) => {
    const host = savedHost("blacklisted-vfio-debian13");
    const resolved = resolveConfig(parseConfig("machines: [{name: a, box: x}]"), host);
    return runChecks(host, { ...resolved, folder: path }, ["host.folder"]).map(({ status, message }) =>
      `${status}: ${message}`
    );
  };
  const message = "in its path, which ssh expands in the path of a key";
  assert.equal(on("/srv/50% off/.homelab-gpu"), [`fail: the folder has % ${message}`]);
  assert.equal(on("/srv/${x}/.homelab-gpu"), [`fail: the folder has \${ ${message}`]);
  assert.equal(on("/srv/$x & 'y' [1]/.homelab-gpu"), []);
});

test("the folder is checked only for Hyper-V, and only on the host itself", () => {
  assert.is(found("host.folder", client, "")?.[0], undefined);
  assert.is(folder("/home/o'brien/lab/.homelab-gpu"), undefined);
});

test("Hyper-V is turned on by the command of that Windows", () => {
  const fix = (text: string) => found("tools.present", text.replace("hyperv:yes", "hyperv:no"))![2];
  assert.match(fix(client), "Turn Hyper-V on");
  assert.match(fix(server), "Install the role Hyper-V");
});

const two = server.replace(
  "|External|vSwitch",
  "|External|vSwitch\nswitch:77777777-2a3c-4d1f-9a55-0d3c7e1b9f60|Internal|NAT",
);
const none = server.replace(/^switch:.*\n/m, "");

/** The switch in the Vagrantfile. */
const bridge = (text: string, machine = "") => {
  const host = parseHost(text);
  const resolved = resolveConfig(parseConfig(`machines: [{name: a, box: x, provider: hyperv${machine}}]`), host);
  return hyperv.values(resolved.machines[0]!, host, "lab_").switch;
};

test("the switch is the named one, else the Default Switch by its id, else the only one", () => {
  const more = client.replace("|Default Switch", "|Standardswitch\nswitch:1|External|LAN");
  assert.is(bridge(more), "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444");
  assert.is(bridge(server), "5f0a7a44-2a3c-4d1f-9a55-0d3c7e1b9f60");
  // Vagrant reads names in the console's code page: it gets the id of a switch that the host has
  assert.is(bridge(two, ", network: {switch: nat}"), "77777777-2a3c-4d1f-9a55-0d3c7e1b9f60");
  assert.is(bridge(two, ", network: {switch: LAN}"), "LAN");
  assert.is(bridge("homelab-gpu-probe 1 windows\n"), "c08cb7b8-9b3c-408e-8e30-5e16a3aeb444");
  assert.equal(
    [more, server].map((text) => found("hyperv.switch", text)!.slice(0, 2)),
    [["pass", "it is connected to Standardswitch"], ["pass", "it is connected to vSwitch"]],
  );
});

test("several, unknown or no switches fail with what to write", () => {
  const several = found("hyperv.switch", two)!;
  assert.is(several[0], "fail");
  assert.match(several[1], "vSwitch (External), NAT (Internal)");
  assert.match(several[2], "network: {switch: vSwitch}");
  assert.match(
    found("hyperv.switch", two, ", network: {switch: LAN}")![1],
    "no virtual switch LAN; it has vSwitch (External), NAT",
  );
  assert.is(found("hyperv.switch", two, ", network: {switch: nat}")![0], "pass");
  assert.match(found("hyperv.switch", none)![1], "Hyper-V has no virtual switch");
  assert.is(found("hyperv.switch", own("test/hosts/windows-11-not-elevated.txt"))![0], "unknown");
});

test("dxgkrnl is compared with the kernel of the guest's image before boot", () => {
  const guest = (image: string, more = "") =>
    found("hyperv.guest", client, `, image: ${image}, gpu: {device_id: 2786${more}}`)!;
  const builds = ["ubuntu-22.04", "ubuntu-24.04", "debian-12", "debian-13"];
  assert.equal(builds.map((image) => guest(image)[0]), builds.map(() => "pass"));
  assert.is(guest("ubuntu-26.04")[0], "warn");
  for (const variant of ["genericcloud", "ec2", "azure"]) {
    const [status, message, fix] = guest(`{file: ./debian-13-${variant}-amd64.qcow2}`);
    assert.is(status, "fail", variant);
    assert.match(message, "cloud kernel");
    assert.match(fix, "image: debian-13");
  }
  const address = "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2";
  assert.match(guest(`{url: "${address}", checksum: "sha256:${"a".repeat(64)}"}`)[2], "image: debian-12");
  for (const variant of ["generic", "nocloud"]) {
    assert.is(guest(`{file: ./cloud/debian-13-${variant}-amd64.qcow2}`)[0], "pass", variant);
  }
  const old = guest("{file: ./debian-11-generic-amd64.qcow2}");
  assert.is(old[0], "unknown");
  assert.match(old[2], "Write image: debian-13");
});

test("partitions of AMD and Intel cards are refused as untested, unless the user provides the driver", () => {
  const verdict = (vendor: string, more = "") =>
    found("hyperv.guest", client, `, image: ubuntu-24.04, gpu: {vendor_id: ${vendor}, mode: partition}${more}`)!;
  assert.equal(["1002", "8086"].map((vendor) => verdict(vendor)[0]), ["fail", "fail"]);
  assert.match(verdict("1002")[1], "a GPU partition from AMD is untested");
  assert.is(verdict("8086", ", provision: [./x.sh]")[0], "warn");
});

test("errors that PowerShell wraps in CLIXML are explained like any other", () => {
  const wrapped = (...lines: string[]) =>
    `#< CLIXML\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">${
      lines.map((line) => `<S S="Error">${line}_x000D__x000A_</S>`).join("")
    }</Objs>\n`;
  const logs = [
    wrapped("Start-VM : 'a' failed to start.", "Not enough memory in the", "system to start the virtual machine a."),
    wrapped(
      "_x001B_[31;1mStart-VM: _x001B_[31;1mNot enough memory in the _x001B_[36;1msystem to start the virtual machine a._x001B_[0m",
    ),
  ];
  for (const log of logs) assert.equal(likelyCauses(log).map(({ check }) => check), ["host.memory"], log);
});

test.run();
