// What `init` writes for the recorded hosts, and the tasks that it lists before `up`.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { stateOf } from "../lib/cli/choose-card.mts";
import { main } from "../lib/cli/main.mts";
import { parseConfig } from "../lib/config/parse.mts";
import type { Finding } from "../lib/findings.mts";
import { starterServices } from "../lib/config/services.mts";
import { starterStack } from "../lib/cli/stack-here.mts";
import { homeDir } from "../lib/text.mts";
import type { Shell } from "../lib/shell.mts";
import { checkDoctorWithoutConfig } from "./every-host.mts";
import { fakeShell, own, root } from "./fake.mts";
import { savedHost, someHosts } from "./hosts.mts";

const test = suite("init");

/** Runs `init`, or another command, on a recorded host, in a folder without a config. */
async function init(
  host: string,
  words: string[] = [],
  more: Partial<Shell> = {},
  command = "init",
  files: Record<string, string> = {},
) {
  const path = `test/hosts/${host}.txt`;
  const starter = "templates/homelab-gpu.yaml";
  const { shell, disk, said, printed } = fakeShell({ host: own(path), [`${root}/${starter}`]: own(starter), ...files });
  const code = await main([command, "--no-color", "--host", "host", ...words], { ...shell, ...more });
  const err = said.filter((text) => !printed.includes(text)).join("");
  return { code, out: printed.join(""), err, disk };
}

test("without a free NVIDIA card, init requests one and lists the tasks, the reboot last", async () => {
  const board = await init("old-board-shared-group-debian11");
  assert.is(board.code, 0);
  assert.match(board.disk.get("homelab-gpu.yaml")!, /vendor_id: 10de\n {6}device_id: 1b80/);
  assert.match(
    board.err,
    /\nBefore up, on that host:\n {2}1\. iommu\.group [^]*→ Put the card in [^]*\n {2}2\. Reboot\nThen: /,
  );
});

test("init names the card, and says why the others were not chosen", async () => {
  const server = await init("h200-server-ubuntu");
  assert.match(server.disk.get("homelab-gpu.yaml")!, /device_id: 2335\n {6}address: "0000:18:00\.0"/);
  assert.match(
    server.err,
    /^homelab-gpu: wrote homelab-gpu\.yaml with NVIDIA H200 at 0000:18:00\.0; services: hello, /,
  );
  assert.match(server.err, /not chosen: .*0000:2a:00\.0 NVIDIA H200 \(gpu\.in-use to fix first\)/);
  assert.match(
    server.err,
    /1\. gpu\.in-use [^]*Stop NVIDIA's persistence daemon:\n +systemctl stop nvidia-persistenced\n/,
  );
  const desktop = await init("rtx4070-desktop-debian12");
  assert.match(desktop.err, /with NVIDIA AD104 \(10de:2786\)/);
});

test("without a config, a config in the folder above is named", async () => {
  const doctor = (files: Record<string, string>) => init("vm-without-gpu", [], {}, "doctor", files);
  assert.match(
    (await doctor({ "../homelab-gpu.yaml": "" })).err,
    /init would write \(for \.\.\/homelab-gpu\.yaml: --config \.\.\/homelab-gpu\.yaml\)/,
  );
  assert.not.match((await doctor({})).err, /\.\.\/homelab-gpu/);
});

test("the state of a card names what its failures and warnings are about", () => {
  const [card] = savedHost("rtx4070-desktop-debian12").pci!;
  const about = (check: string): Finding => ({
    check,
    status: "warn",
    message: "",
    machine: null,
    evidence: [],
    fix: [],
  });
  const ready = { card: card!, fails: [], warnings: [], shows: false };
  assert.equal(
    [
      ready,
      { ...ready, warnings: [about("gpu.reset")] },
      { ...ready, fails: [about("gpu.power")], warnings: [about("gpu.reset")] },
      { ...ready, fails: [about("gpu.power")], shows: true },
      { ...ready, shows: true, never: "it cannot be moved" },
    ].map(stateOf),
    [
      "ready",
      "ready, with warnings (gpu.reset)",
      "gpu.power to fix first",
      "the host displays on it",
      "it cannot be moved",
    ],
  );
});

test("init writes a stack for the Compose project next to the config, or for --stack", async () => {
  const files = {
    "/srv/My Lab/compose.yaml": "services: {web: {image: x/y, restrat: always}}\n",
    "/srv/immich/docker-compose.yml": "services: {web: {image: x/y}}\n",
  };
  const of = (...words: string[]) => init("rtx4070-desktop-debian12", words, {}, "init", files);
  const here = await of("--config", "/srv/My Lab/homelab-gpu.yaml");
  const written = here.disk.get("/srv/My Lab/homelab-gpu.yaml")!;
  assert.match(written, /device_id: 2786\n\nstacks:\n {2}- path: "?\."?\n {4}name: mylab\n$/);
  assert.not.match(written, /services:/);
  assert.match(here.err, /: wrote .*; stack: mylab \(\.\)$/m);
  assert.match(here.err, /services\.compose .*restrat/, "the project is checked like those of up");
  const given = await of("--config", "/srv/homelab-gpu.yaml", "--stack", "/srv/immich", "--service", "ollama");
  assert.match(
    given.disk.get("/srv/homelab-gpu.yaml")!,
    /services:\n {2}ollama:[^]*\nstacks:\n {2}- path: \.\/immich\n$/,
  );
  const service = await of("--config", "/srv/immich/homelab-gpu.yaml", "--service", "ollama");
  assert.not.match(service.disk.get("/srv/immich/homelab-gpu.yaml")!, /stacks:/);
  for (
    const [dir, says] of [["/nowhere", /there is no folder \/nowhere\n/], ["/srv", /\/srv has no Compose file/]]
  ) {
    const wrong = await of("--config", "/lab/homelab-gpu.yaml", "--stack", String(dir));
    assert.is(wrong.code, 2);
    assert.match(wrong.err, says as RegExp);
    assert.not(wrong.disk.has("/lab/homelab-gpu.yaml"));
  }
  const starter = (files: Record<string, string>, home: string, folder?: string) =>
    starterStack(fakeShell(files).shell, home, folder);
  assert.is(await starter({ [`${homeDir()}/compose.yaml`]: "x" }, homeDir()), undefined);
  // the name of the inline services' project is taken
  const taken = await starter({ "/lab/homelab-gpu/compose.yaml": "x" }, "/lab/homelab-gpu");
  assert.equal(taken, { path: ".", name: "stack" });
  // Compose files that only .env names
  const named = { "/lab/p/.env": "COMPOSE_FILE=docker/a.yaml\n", "/lab/p/docker/a.yaml": "x" };
  assert.is(await starter(named, "/lab/p"), undefined);
  assert.equal(await starter(named, "/lab/p", "/lab/p"), { path: ".", name: "p" });
});

test("of several vendors, NVIDIA comes first, then AMD, whose services get no GPU", async () => {
  const laptop = await init("laptop-3d-controller-ubuntu");
  assert.equal([laptop.code, /vendor_id: 10de/.test(laptop.disk.get("homelab-gpu.yaml")!)], [0, true]);
  assert.match(laptop.disk.get("homelab-gpu.yaml")!, /ml-worker/);
  const radeon = await init("lab-two-identical-cards-one-chosen-by-its-address");
  const text = radeon.disk.get("homelab-gpu.yaml")!;
  assert.equal([/vendor_id: 1002/.test(text), /ml-worker|gpu: 1/.test(text)], [true, false]);
  assert.match(radeon.err, /no service gets the card: the example that uses one needs CUDA/);
});

test("a host without a card, or that cannot pass one, gets a config without a card", async () => {
  const none = await init("vm-without-gpu");
  assert.match(none.err, / without a GPU; [^]*this host has no graphics card\n/);
  const home = await init("windows-11-home");
  assert.match(home.err, /this host cannot pass a card to a VM: VirtualBox GPU passthrough requires a Linux host\n/);
  for (const { code, disk } of [none, home]) {
    assert.equal([code, /gpu:/.test(disk.get("homelab-gpu.yaml")!)], [0, false]);
  }
});

/** The mode, its reason and the image in the config that `init` writes for a Windows. */
async function onWindows(name: string, change = (text: string) => text) {
  const { disk } = await init(name, [], {}, "init", { host: change(own(`test/hosts/${name}.txt`)) });
  const text = disk.get("homelab-gpu.yaml")!;
  const [, mode, why] = /mode: (\w+) # the whole card: (.*)/.exec(text) ?? [];
  return [mode ?? "partition", why, /image: (\S+)/.exec(text)![1]];
}
const build = (number: number) => (text: string) => text.replace(/^build:.*/m, `build:${number}`);
const part = ["partition", undefined, "ubuntu-24.04"];
const whole = (why: string) => ["passthrough", why, "debian-13"];

test("init proposes what this Windows can do: partitions on clients, whole cards on old servers", async () => {
  for (const name of ["windows-10-pro-gtx1060", "windows-11-pro-rtx4070", "windows-11-pro-dda"]) {
    assert.equal(await onWindows(name), part, name);
  }
  for (const number of [14393, 17763]) {
    const reason = whole("this Windows Server has no GPU partitions");
    assert.equal(await onWindows("windows-server-2025-dda", build(number)), reason);
  }
  const supported = whole("Microsoft supports GPU partitions since Windows Server 2025");
  assert.equal(await onWindows("windows-server-2022-rtx4090"), supported);
  assert.equal(await onWindows("windows-server-2025-a16", build(20348)), supported);
  // somebody set the policies for partitions
  assert.equal(await onWindows("windows-server-2022-policy"), part);
  assert.equal(
    await onWindows("windows-server-2022-rtx4090", (text) => text.replace(/^\[pci\][^]*?(?=^\[)/m, "")),
    supported,
  );
});

test("on Windows Server 2025 it proposes a partition of cards that it can partition, else the whole card", async () => {
  assert.equal(await onWindows("windows-server-2025-a16"), part);
  const geforce = (more = "") => (text: string) =>
    build(26100)(text).replace("policy-read:yes\n", `policy-read:yes\n${more}`);
  const refused = whole("Windows Server refuses partitions of a card without SR-IOV");
  assert.equal(await onWindows("windows-server-2022-rtx4090", geforce()), refused);
  assert.equal(
    await onWindows("windows-server-2022-rtx4090", geforce("policy:RequireSecureDeviceAssignment 0\n")),
    refused,
  );
  assert.equal(await onWindows("windows-server-2022-policy", geforce()), part);
  const none = (text: string) => text.replace(/^partitionable:.*\n/m, "");
  assert.equal(await onWindows("windows-server-2025-a16", none), whole("Hyper-V cannot partition this card"));
  // what was not read refuses nothing
  const unread = (text: string) => none(text).replace("partitionable-read:yes\n", "");
  assert.equal(await onWindows("windows-server-2025-a16", unread), part);
  const radeon = (text: string) => text.replace("vendor:0x10de", "vendor:0x1002").replaceAll("VEN_10DE", "VEN_1002");
  const untested = whole("partitions of cards from other makers than NVIDIA are untested");
  assert.equal(await onWindows("windows-server-2025-a16", radeon), untested);
});

test("a bus that could not be read is not a bus without a card", async () => {
  const wsl = await init("wsl2-ubuntu");
  assert.equal([wsl.code, /this host has no graphics card/.test(wsl.err)], [0, false]);
  assert.match(wsl.disk.get("homelab-gpu.yaml")!, /image: ubuntu-24\.04\n[^]*gpu:\n/);
  assert.match(
    wsl.err,
    /1\. provider\.host \(devlab\): Vagrant's Hyper-V provider must run in Windows, not in WSL[^]*→ Copy[^]*run in PowerShell/,
  );
});

test("each service of --service gives a valid config", async () => {
  for (const [name, { source }] of Object.entries(starterServices)) {
    const { code, disk } = await init("rtx4070-desktop-debian12", ["--service", name]);
    const config = parseConfig(disk.get("homelab-gpu.yaml")!);
    assert.equal([code, config.services.map((one) => [one.name, one.gpu])], [0, [[name, 1]]]);
    assert.match(source, /^https:/);
  }
});

test("on a terminal the user selects the card; Enter selects the best one", async () => {
  const asked: string[] = [];
  const errors: string[] = [];
  const chosen = async (...answers: string[]) => {
    const terminal = { in: true, out: true, err: true, columns: 60 };
    const ask = (text: string) => Promise.resolve((asked.push(text), answers.shift() ?? ""));
    const { disk, err } = await init("h200-server-ubuntu", [], { terminal, ask });
    errors.push(err);
    return disk.get("homelab-gpu.yaml")!;
  };
  assert.match(await chosen(""), /address: "0000:18:00\.0"/);
  assert.match(await chosen("9", "x\x1b[A", "3"), /address: "0000:2a:00\.0"/);
  assert.equal(asked, Array(4).fill("Card, 1 to 3 [2]: "));
  const rows = errors[0]!.split("\n").slice(0, 8);
  assert.equal(rows.filter((line) => line.length > 60), [], "the list of cards is wrapped");
  assert.match(errors.join(""), /\nThere is no card 9: write a number from 1 to 3, or press Enter for 2\n/);
  assert.not.match(errors.join(""), /\x1b/);
});

test("init requests what the host gives to vfio-pci rather than the only card that it displays on", async () => {
  // Raptor Lake with a GTX 1660 Ti, after a listing: the host displays on the card, its graphics are for a VM
  const host = own("test/hosts/raptor-lake-graphics-for-a-vm.txt");
  const card = (text: string) => /gpu: # .*, (0000:\S+)/.exec(text)?.[1];
  assert.is(card((await init("raptor-lake-graphics-for-a-vm")).disk.get("homelab-gpu.yaml")!), "0000:00:02.0");
  assert.match(
    (await init("raptor-lake-graphics-for-a-vm")).err,
    /not chosen: 0000:01:00\.0 .* \(the host displays on it\)/,
  );
  const free = await initWith("raptor-lake-graphics-for-a-vm", [[
    "0000:00:02.0/driver:vfio-pci",
    "0000:00:02.0/driver:i915",
  ]]);
  assert.ok(/0000:00:02\.0\/driver:vfio-pci/.test(host), "the change takes effect");
  assert.is(card(free.yaml), "0000:01:00.0");
});

test("suggested commands name the same config", async () => {
  const written = await init("rtx4070-desktop-debian12", ["--config", "sub/x y.yaml"]);
  assert.match(written.err, /: npx zx homelab-gpu\.mts up --config 'sub\/x y\.yaml'\n/);
});

test("without a config, doctor uses what init would write, and no advice names a missing file", () => {
  return checkDoctorWithoutConfig(someHosts);
});

/** `init` on a saved host with texts of its probe replaced. */
async function initWith(host: string, changes: [from: string | RegExp, to: string][]) {
  const text = changes.reduce((all, [from, to]) => all.replaceAll(from, to), own(`test/hosts/${host}.txt`));
  const starter = "templates/homelab-gpu.yaml";
  const { shell, disk, said } = fakeShell({ host: text, [`${root}/${starter}`]: own(starter) });
  await main(["init", "--no-color", "--host", "host"], shell);
  return { err: said.join(""), yaml: disk.get("homelab-gpu.yaml")! };
}

test("init requests no card that a VM can never get, and says why", async () => {
  const apu = "strix-halo-apu-proxmox";
  const dmi = (keys: string): [string, string] => ["[cpu]\n", `${keys}[cpu]\n`];
  const panel =
    /no card is requested: 0000:05:00\.0 .* \(this host's built-in display needs it; containers on this host/;
  for (
    const keys of [
      "dmi-sys_vendor:Valve\ndmi-product_name:Jupiter\n",
      "dmi-chassis_type:10\n",
    ]
  ) {
    const { err, yaml } = await initWith(apu, [dmi(keys), ["0x1586", "0x163f"]]);
    assert.match(err, /wrote homelab-gpu\.yaml without a GPU/, keys);
    assert.match(err, panel, keys);
    assert.not.match(yaml, /gpu:/, keys);
    // nor does doctor say to bind the card of the built-in display
    const probe = own(`test/hosts/${apu}.txt`).replace(...dmi(keys));
    const { shell, said } = fakeShell({
      host: probe,
      [`${root}/templates/homelab-gpu.yaml`]: own("templates/homelab-gpu.yaml"),
    });
    await main(["doctor", "--no-color", "--host", "host", "gpu"], shell);
    assert.match(said.join(""), panel, keys);
    assert.not.match(said.join(""), /bind the card to vfio-pci at boot/, keys);
    // a config that requests it nevertheless
    const config = "machines: [{name: a, box: lab/x, image: debian-13, gpu: {vendor_id: 1002, device_id: 163f}}]\n";
    const changed = probe.replaceAll("0x1586", "0x163f");
    const other = fakeShell({ host: changed, "own.yaml": config });
    await main(["doctor", "--no-color", "--config", "own.yaml", "--host", "host", "gpu"], other.shell);
    assert.match(other.said.join(""), /Leave the card to this host, whose built-in display needs it/, keys);
    assert.not.match(other.said.join(""), /bind the card to vfio-pci at boot/, keys);
  }
  // a desktop with only its processor's graphics can do without a display
  assert.match((await initWith(apu, [dmi("dmi-chassis_type:3\n")])).yaml, /device_id: 1586/);
  const inGroup = await init("apu-laptop-everything-in-one-group");
  assert.match(
    inGroup.err,
    /other devices of this host are in its IOMMU group, and it cannot be moved to another slot/,
  );
  const kepler = /0000:01:00\.0 NVIDIA .* \(Kepler or older: no supported NVIDIA driver has it, so a VM gets no CUDA\)/;
  // the processor's graphics, which the host displays on, are not requested instead
  const old = await initWith("rtx4070-desktop-debian12", [["0x2786", "0x128b"]]);
  assert.match(old.err, /no card is requested: 0000:00:02\.0 Intel .* \(the host displays on it\); /);
  assert.match(old.err, kepler);
  assert.not.match(old.yaml, /gpu:/);
  // a laptop's own card that the firmware can free, and an external one that can be moved, are requested
  assert.match((await init("laptop-switched-to-its-card")).disk.get("homelab-gpu.yaml")!, /device_id: 28e0/);
  const external = await init("external-card-with-the-network-in-its-enclosure");
  assert.match(external.disk.get("homelab-gpu.yaml")!, /device_id: 1b80/);
});

test.run();
