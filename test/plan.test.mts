import { suite } from "uvu";
import * as assert from "uvu/assert";
import { names } from "../lib/plan/assets.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { folderTag } from "../lib/host/folders.mts";
import type { BoxInputs } from "../lib/host/box-inputs.mts";
import type { VmHardware } from "../lib/host/libvirt.mts";
import type { Lab, LabMachine } from "../lib/host/lab.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { servicesHash } from "../lib/plan/proof.mts";
import { resolveConfig, withoutGpus } from "../lib/resolve/resolve.mts";
import type { Config } from "../lib/config/types.mts";
import type { Host } from "../lib/host/types.mts";
import type { Step } from "../lib/plan/types.mts";
import { golden, own } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("plan");

const texts = Object.fromEntries(names.map((name) => [name, own(name)]));
const host = savedHost("vm-without-gpu");
const starter = withoutGpus(parseConfig(own("templates/homelab-gpu.yaml"))).config;

function planned(
  config: Config,
  machines: Record<string, Partial<LabMachine>> = {},
  more: { boxes?: Lab["boxes"]; host?: Host; recreate?: boolean; names?: string[]; texts?: Record<string, string> } =
    {},
) {
  const lab: Lab = {
    folder: "/home/me/lab/.homelab-gpu",
    prefix: "lab-123456_",
    boxes: more.boxes ?? {},
    orphans: {},
    machines: Object.fromEntries(
      config.machines.map(({ name }) => [name, { domain: `lab-123456_${name}`, state: "absent", ...machines[name] }]),
    ),
  };
  const resolved = resolveConfig(config, more.host ?? host);
  return {
    ...makePlan(resolved, more.host ?? host, lab, { ...texts, ...more.texts }, { recreate: false, ...more }),
    resolved,
  };
}
const file = (plan: { files: { path: string; text: string }[] }, path: string) =>
  plan.files.find((one) => one.path === path)?.text ?? "";
const titles = (plan: { steps: { title: string }[] }) => plan.steps.map(({ title }) => title);
const version = (plan: ReturnType<typeof planned>) =>
  /1\.\d+/.exec(/box_version = '([^']*)'/.exec(file(plan, "Vagrantfile"))![1]!)![0];

test("renders the starter without its GPU", () => {
  const plan = planned(starter);
  golden("starter.Vagrantfile", file(plan, "Vagrantfile").replace(/1\.\d+\.0/, "1.HASH.0"));
  golden("starter.compose.yaml", file(plan, "compose/devlab.yaml"));
  golden("starter.pkrvars.json", file(plan, "packer/homelab-gpu~debian-13/values.auto.pkrvars.json"));
});

test("renders several machines, with KVM and an existing box", () => {
  const kvm = structuredClone(host);
  kvm.cpu.flags = ["vmx"];
  const plan = planned(
    parseConfig("machines: [{name: a, box: lab/x, cpus: 2, memory: 1024}, {name: b, box: lab/y, accelerator: tcg}]"),
    {},
    { host: kvm },
  );
  golden("two.Vagrantfile", file(plan, "Vagrantfile"));
  assert.not.ok(plan.files.some(({ path }) => path.startsWith("packer/")), "no image, nothing to build");
});

test("plans all steps from an empty host", () => {
  assert.equal(titles(planned(starter)), [
    "Get the image debian-13",
    "Create an SSH key for this build",
    "Build the box homelab-gpu/debian-13",
    "Add the box homelab-gpu/debian-13 to Vagrant",
    "Check libvirt's copies of the box homelab-gpu/debian-13",
    "Create the VM devlab",
    "Save the SSH config of devlab",
    "Copy the Compose file to devlab",
    "Start the services of devlab",
    "Prove devlab",
  ]);
});

test("plans only what is missing", () => {
  const built = version(planned(starter));
  const boxes = { "homelab-gpu/debian-13": [`${built}.1700000000`] };
  const box = `${built}.1700000000`;
  const services = servicesHash(planned(starter).resolved.machines[0]!, planned(starter).resolved);
  const proof = { bootId: "boot/3", services, at: "2026-01-01T00:00:00Z" };
  const address = "192.168.121.5";
  const running = { state: "running" as const, bootId: "boot/3", cpus: 2, memory: 5632, box, address, proof };
  const at = (state: Partial<LabMachine>) => titles(planned(starter, { devlab: state }, { boxes }));
  assert.equal(at(running), [], "all proven");
  assert.equal(at({ ...running, bootId: "boot/4" }).at(-1), "Prove devlab", "it was restarted since");
  assert.equal(at({ ...running, proof: { ...proof, services: "old" } }), [
    "Copy the Compose file to devlab",
    "Start the services of devlab",
    "Prove devlab",
  ]);
  const { address: _, ...unreached } = running;
  assert.equal(at(unreached), ["Save the SSH config of devlab"], "another VM's failure ended the run");
  assert.equal(at({ ...running, cpus: 1 })[0], "Restart the VM devlab with 2 CPUs and 5632 MiB");
  assert.equal(at({ state: "off", box })[0], "Start the VM devlab");
  assert.equal(at({ state: "absent" })[0], "Check libvirt's copies of the box homelab-gpu/debian-13");
  assert.equal(at({ state: "half-made" }).slice(0, 2), [
    "Remove the VM devlab, which an earlier run left incomplete",
    "Check libvirt's copies of the box homelab-gpu/debian-13",
  ]);
});

test("builds boxes in parallel within the host's limits, after the steps that ask for a password", () => {
  const four = parseConfig(`machines:
  - {name: a, box: lab/a, image: debian-12}
  - {name: b, box: lab/b, image: debian-13}
  - {name: c, box: lab/c, image: debian-12}
  - {name: d, box: lab/a, image: debian-12}
`);
  const on = (change: (host: Host) => void) => {
    const here = structuredClone(host);
    change(here);
    return planned(four, {}, { host: here });
  };
  const lanes = ({ steps }: { steps: Step[] }) =>
    steps.filter(({ title }) => title.startsWith("Build the box")).map(({ queue }) => queue);
  const room = (count: number, gibibytes: number) =>
    lanes(on((host) => Object.assign(host, { cpu: { ...host.cpu, count }, memory: { total: gibibytes * 1024 } })));
  assert.equal(room(8, 64), ["lab/a", "lab/b", "lab/c"]);
  assert.equal(room(2, 64), ["lab/a", "lab/b", "lab/a"], "as many as CPUs");
  assert.equal(room(8, 9), ["lab/a", "lab/b", "lab/a"], "in half of the memory");
  assert.equal(room(8, 4), ["boxes", "boxes", "boxes"]);
  assert.equal(lanes(on(({ memory }) => delete memory.total)), ["boxes", "boxes", "boxes"], "unknown is no room");

  const asks = on((host) => host.uid = 1000).steps;
  assert.equal(asks.slice(0, 3).map(({ title, queue }) => [title, queue]), [
    ["Get the image debian-12", undefined],
    ["Get the image debian-13", undefined],
    ["Get the image debian-12", undefined],
  ]);
  const proofs = asks.filter(({ title }) => title.startsWith("Prove"));
  assert.equal(proofs.map(({ queue }) => queue), ["a", "b", "c", "d"]);
});

test("each provider has its own box, and each box its own folder", () => {
  const plan = planned(parseConfig(`machines:
  - {name: a, box: lab/x-y, image: debian-13}
  - {name: b, box: lab/x-y, image: debian-13, provider: virtualbox}
  - {name: c, box: lab-x/y, image: debian-13}
`));
  const folders = [...new Set(plan.steps.flatMap(({ cwd = "" }) => /^packer\/.*/.exec(cwd) ?? []))];
  assert.equal(folders, ["packer/lab~x-y", "packer/lab~x-y~virtualbox", "packer/lab-x~y"]);
  const versions = [...file(plan, "Vagrantfile").matchAll(/box_version = '([^']*)'/g)].map(([, version]) => version);
  assert.is(new Set(versions).size, 2, "the provider goes into a box, its name does not");
});

test("takes down services that the config no longer has", () => {
  const empty = parseConfig("machines: [{name: a, box: lab/x}]");
  const running = { state: "running" as const, bootId: "boot/3", cpus: 2, memory: 5632, address: "192.168.121.5" };
  assert.equal(titles(planned(empty, { a: running })), ["Wait until a answers", "Prove a"], "none yet");
  const virtualbox = parseConfig("machines: [{name: a, box: lab/x, provider: virtualbox}]");
  assert.equal(titles(planned(virtualbox, { a: running })), ["Prove a"], "only libvirt starts a VM with the host");
  assert.equal(titles(planned(empty, { a: { ...running, proof: { bootId: "boot/3", services: "some", at: "" } } })), [
    "Copy the Compose file to a",
    "Start the services of a",
    "Prove a",
  ]);
});

test("a VM that started with the host is waited for, and its folders are mounted; a proven start is not", () => {
  const config = parseConfig(
    "machines: [{name: a, box: lab/x, cpus: 2, memory: 1024, folders: [{from: /m, to: /mnt/m}]}]\nservices: {web: {image: x}}",
  );
  const hardware = {
    accelerator: "tcg" as const,
    assignedFunctions: [],
    folderTags: [folderTag(config.machines[0]!.folders![0]!)],
  };
  const there = { state: "running" as const, bootId: "boot/3", cpus: 2, memory: 1024, address: "1.2.3.4", hardware };
  const proof = { at: "2026", services: "other", driver: null };
  const steps = (bootId: string) => titles(planned(config, { a: { ...there, proof: { ...proof, bootId } as never } }));
  assert.equal(steps("boot/2").slice(0, 2), ["Wait until a answers", "Mount the folders of a"]);
  assert.equal(steps("boot/3"), ["Copy the Compose file to a", "Start the services of a", "Prove a"]);
});

test("a changed box is a warning, and services are applied; --recreate replaces the VM", () => {
  const old = { state: "running" as const, bootId: "boot/3", box: "1.42.1700000000", cpus: 2, memory: 5632 };
  const plan = planned(starter, { devlab: { ...old, address: "192.168.121.5" } });
  assert.equal(titles(plan), [
    "Wait until devlab answers",
    "Copy the Compose file to devlab",
    "Start the services of devlab",
    "Prove devlab",
  ]);
  assert.equal(plan.findings.map(({ check, status, machine }) => [check, status, machine]), [[
    "machine.outdated",
    "warn",
    "devlab",
  ]]);
  assert.is(plan.findings[0]!.fix[0]!.command, "npx zx homelab-gpu.mts up devlab --recreate");
  const recreated = planned(starter, { devlab: old }, { recreate: true });
  assert.equal([recreated.findings, recreated.replaces], [[], ["devlab"]]);
  assert.equal(titles(recreated)[4], "Remove the old VM devlab");
});

test("an existing VM keeps its box in the Vagrantfile until it is replaced", () => {
  const block = (there: Partial<LabMachine>, recreate = false) => {
    const text = file(planned(starter, { devlab: there }, { recreate }), "Vagrantfile");
    return [/vm\.box = '(.*)'/.exec(text)![1], /box_version = '(.*)'/.exec(text)?.[1]?.replace(/\d{9,}/, "HASH")];
  };
  const old = { state: "off" as const, box: "1.42.1700000000", boxName: "homelab-gpu/debian-13" };
  assert.equal(block(old), ["homelab-gpu/debian-13", "~> 1.42.0"]);
  assert.equal(block({ ...old, boxName: "lab/other" }), ["lab/other", "~> 1.42.0"]);
  assert.equal(block({ ...old, boxName: "debian/trixie64", box: "13.20260101.1" }), ["debian/trixie64", undefined]);
  for (const [there, recreate] of [[old, true], [{ ...old, state: "half-made" as const }, false]] as const) {
    assert.equal(block(there, recreate), ["homelab-gpu/debian-13", "~> 1.HASH.0"]);
  }
});

test("the warning of a changed box lists the changes, if the box's inputs are recorded", () => {
  const machine = (keys: string) => parseConfig(`machines: [{name: a, box: lab/x, cpus: 2, memory: 1024, ${keys}}]`);
  const card = savedHost("rtx4070-desktop-debian12");
  const texts = { "/me/my.sh": "one", "/me/more.sh": "two" };
  const inputs = (plan: ReturnType<typeof planned>): BoxInputs =>
    JSON.parse(plan.files.find(({ path }) => path.includes("/inputs/"))!.text);
  const found = (before: string, after: string, changed: Record<string, string> = {}) => {
    const boxInputs = inputs(planned(machine(before), {}, { host: card, texts }));
    const there = { state: "off" as const, box: "1.42.1700000000", boxInputs };
    const [finding] = planned(machine(after), { a: there }, { host: card, texts: { ...texts, ...changed } }).findings;
    return `${finding!.status} ${/created \((.*?)\): /.exec(finding!.message)?.[1]}`;
  };
  const plain = "image: debian-13";
  assert.is(found(plain, "image: debian-12"), "warn image debian-13 → debian-12");
  assert.is(
    found(plain, plain, { "scripts/install-docker.sh": "other" }),
    "warn install-docker.sh changed",
    "a script of this program",
  );
  const [one, two] = [`${plain}, provision: [/me/my.sh]`, `${plain}, provision: [/me/my.sh, /me/more.sh]`];
  assert.is(found(one, one, { "/me/my.sh": "new" }), "warn provision script my.sh changed");
  assert.is(found(one, two), "warn provision script more.sh added");
  assert.is(found(one, plain), "warn provision script my.sh removed");
  assert.is(found(two, `${plain}, provision: [/me/more.sh, /me/my.sh]`), "warn the order of its scripts");
  assert.is(
    found(one, `${plain}, provision: [/me/my.sh, /you/my.sh]`, { "/you/my.sh": "" }),
    "warn provision script my.sh (2) added",
  );
  const gpu = (driver: string) => `${plain}, gpu: {}, driver: {${driver}}`;
  assert.is(found(gpu("branch: 570"), gpu("branch: 580")), "warn driver branch 570 → 580");
  assert.match(found(plain, `${plain}, engine: podman`), /^fail .*engine docker → podman/);
  assert.match(found(plain, gpu("branch: 580")), /^fail /, "the VM has no driver for its card");
});

/** A plan for cards of a recorded host. */
function withCards(host: string, gpu: string, there: Partial<LabMachine> = {}, recreate = false) {
  const config = parseConfig(`machines: [{name: a, box: lab/x, cpus: 2, memory: 1024, gpu: ${gpu}}]`);
  return planned(config, { a: there }, { host: savedHost(host), recreate });
}

test("a box for an NVIDIA card gets the chosen driver; any other box gets none", () => {
  const built = (machine: string, name = "rtx4070-desktop-debian12") => {
    const config = parseConfig(`machines: [{name: a, box: lab/x, image: debian-12, ${machine}}]`);
    const plan = planned(config, {}, { host: savedHost(name) });
    return JSON.parse(file(plan, "packer/lab~x/values.auto.pkrvars.json"));
  };
  const { scripts, environment } = built(
    "gpu: {}, driver: {toolkit_repository: 'http://10.0.2.2/x', default_runtime: true}",
  );
  assert.equal(scripts, ["install-docker.sh", "busybox-image.sh", "install-nvidia.sh", "finish-box.sh"]);
  assert.equal(environment, [
    "NVIDIA_SOURCE=nvidia",
    "NVIDIA_BRANCH=580",
    "NVIDIA_MODULES=open",
    "NVIDIA_DEFAULT_RUNTIME=yes",
    "NVIDIA_TOOLKIT_REPO=http://10.0.2.2/x",
  ]);
  const plain = built("gpu: {enabled: false}");
  assert.equal([plain.scripts, plain.environment], [["install-docker.sh", "busybox-image.sh", "finish-box.sh"], []]);
  const podman = built("engine: podman");
  assert.equal(
    [podman.scripts, podman.environment],
    [["install-podman.sh", "busybox-image.sh", "finish-box.sh"], ["ENGINE=podman"]],
  );
  const radeon = built("gpu: {vendor_id: 1002}", "rx7900-only-card-fedora");
  assert.equal(radeon.environment, ["GRAPHICS=amd"], "an AMD card");
  assert.equal(radeon.scripts, ["install-docker.sh", "busybox-image.sh", "install-graphics.sh", "finish-box.sh"]);
});

for (
  const [name, host, gpu] of [
    ["gpu-one-function", "h200-server-ubuntu", '{address: "18:00.0"}'],
    ["gpu-four-functions", "proxmox-rtx2080ti-four-functions", "{device_id: 1e04}"],
    ["gpu-two-cards", "threadripper-two-rtx3090-arch", '[{address: "21:00.0"}, {address: "4b:00.0"}]'],
    ["gpu-32-gib", "rtx4070-desktop-debian12", "{vendor_id: 10de, device_id: 2786, mode: passthrough}"],
    ["gpu-amd", "rx7900-only-card-fedora", "{vendor_id: 1002}"],
  ] as const
) {
  test(`renders ${name}`, () => {
    const plan = withCards(host, gpu);
    assert.equal(plan.findings, []);
    golden(`${name}.Vagrantfile`, file(plan, "Vagrantfile"));
  });
}

test("a disabled card adds nothing to the files", () => {
  const plain = planned(parseConfig("machines: [{name: a, box: lab/x, cpus: 2, memory: 1024}]"), {}, {
    host: savedHost("rtx4070-desktop-debian12"),
  });
  assert.is(file(withCards("rtx4070-desktop-debian12", "{enabled: false}"), "Vagrantfile"), file(plain, "Vagrantfile"));
});

test("renders nothing for a card that is not known for certain", () => {
  const plan = withCards("threadripper-two-rtx3090-arch", "{}");
  assert.equal(plan.steps, []);
  assert.equal(plan.findings.map(({ check, status }) => [check, status]), [["gpu.match", "fail"]]);
});

test("renders nothing if the host's UEFI firmware was not read", () => {
  const host = savedHost("rtx4070-desktop-debian12");
  delete host.ovmf;
  const plan = planned(parseConfig("machines: [{name: a, box: lab/x, gpu: {}}]"), {}, { host });
  assert.equal(plan.steps, []);
  assert.equal(plan.findings.map(({ check, status }) => [check, status]), [["guest.firmware", "fail"]]);
});

test("a VM must be recreated for other cards, another MMIO window or accelerator", () => {
  const made = (change: Partial<VmHardware> = {}): VmHardware => ({
    accelerator: "kvm",
    assignedFunctions: [{ host: "0000:01:00.0" }, { host: "0000:01:00.1" }],
    mmioWindow: 32768,
    ...change,
  });
  const found = (change: Partial<VmHardware>) =>
    withCards("rtx4070-desktop-debian12", "{}", { state: "off", hardware: made(change) }).findings[0];
  assert.is(found({}), undefined);
  const moved = found({ assignedFunctions: [{ host: "0000:02:00.0" }, { host: "0000:07:00.0" }] })!;
  assert.is(
    moved.message,
    "its cards changed since the VM was created: recreate the VM (its system disk is lost)",
  );
  assert.match(moved.evidence[0]!.value, /^0000:02:00\.0 \[0108\] .*, 0000:07:00\.0 \(no device is there now\)$/);
  assert.is(moved.fix[0]!.command, "npx zx homelab-gpu.mts up a --recreate");
  assert.match(found({ mmioWindow: 65536 })!.message, /^its MMIO window changed/);
  assert.match(found({ accelerator: "tcg", assignedFunctions: [] })!.message, /^its accelerator and its cards changed/);
  const there = { state: "off" as const, hardware: made({ assignedFunctions: [] }) };
  assert.is(
    titles(withCards("rtx4070-desktop-debian12", "{}", there, true))[0],
    "Remove the old VM a",
  );
});

test("the version of a box changes exactly when one of its inputs changes", () => {
  const made = (keys: string, more: Record<string, string> = {}) =>
    version(
      planned(parseConfig(`machines: [{name: a, box: lab/x, image: debian-13${keys}}]`), {}, {
        texts: { "/my.sh": "one", ...more },
      }),
    );
  const first = made(", provision: [/my.sh]");
  assert.is(made(", provision: [/my.sh], cpus: 1, memory: 999"), first, "CPUs and memory are the VM's, not the box's");
  assert.is.not(made(", provision: [/my.sh]", { "/my.sh": "two" }), first);
  assert.is.not(made(""), first);
  assert.is.not(made(", provision: [/my.sh]", { "scripts/install-docker.sh": "other" }), first);
  assert.match(first, /^1\.\d{1,15}$/);
});

test("requests Packer's plugins if Packer has none built in", () => {
  const today = structuredClone(host);
  today.versions.packer = "1.11.2";
  const plan = planned(starter, {}, { host: today });
  assert.ok(file(plan, "packer/homelab-gpu~debian-13/plugins.pkr.hcl").includes("required_plugins"));
  assert.ok(titles(plan).includes("Install Packer's plugins"));
  assert.not.ok(file(planned(starter), "packer/homelab-gpu~debian-13/plugins.pkr.hcl"), "1.6.6 refuses that block");
  assert.match(
    file(plan, "packer/homelab-gpu~debian-13/plugins.pkr.hcl")!,
    /"[^"]*< 1\.1\.4"/,
    "the last that GitHub has",
  );
  today.versions.packer = "1.14.2";
  const later = planned(starter, {}, { host: today });
  assert.not.match(file(later, "packer/homelab-gpu~debian-13/plugins.pkr.hcl")!, /< 1\.1\.4/);
});

test("two machines with one box need one build and one command to boot", () => {
  const config = parseConfig(
    "machines: [{name: a, box: lab/x, image: debian-12}, {name: b, box: lab/x, image: debian-12}]",
  );
  const plan = planned(config);
  assert.equal(titles(plan).slice(-7), [
    "Add the box lab/x to Vagrant",
    "Check libvirt's copies of the box lab/x",
    "Create the VMs a, b",
    "Save the SSH config of a",
    "Prove a",
    "Save the SSH config of b",
    "Prove b",
  ]);
  assert.equal(plan.steps.find(({ title }) => title.startsWith("Create the VM"))!.command.slice(0, 4), [
    "vagrant",
    "up",
    "a",
    "b",
  ]);
  assert.is(titles(plan).filter((title) => title.startsWith("Build the box")).length, 1);
  const off = { a: { state: "off" as const } };
  assert.ok(titles(planned(config, off)).includes("Create or start the VMs a, b"));
});

test("autostart: Vagrant sets it at a start, and a step sets it for a running VM", () => {
  const config = (keys = "") => parseConfig(`machines: [{name: a, box: lab/x${keys}}]`);
  const running: Partial<LabMachine> = { state: "running", address: "192.168.121.5" };
  const steps = (keys: string, autostart: boolean) =>
    planned(config(keys), { a: { ...running, autostart } }).steps.filter(({ command }) => command[0] === "virsh").map((
      { command },
    ) => command.at(-1));
  assert.match(file(planned(config(", autostart: true")), "Vagrantfile"), /l\.autostart = true/);
  assert.not.match(file(planned(config()), "Vagrantfile"), /autostart/);
  assert.equal(steps(", autostart: true", false), ["net-autostart vagrant-libvirt; autostart lab-123456_a"]);
  assert.equal(steps(", autostart: true", true), []);
  assert.equal(steps("", true), ["autostart --disable lab-123456_a"]);
  assert.equal(steps("", false), []);
});

test("disk: grows once, before the services start; a proven VM of the right size has no step", () => {
  const config = (size?: number) =>
    parseConfig(`machines: [{name: a, box: lab/x${size === undefined ? "" : `, disk: ${size} GiB`}}]`);
  const steps = (size: number | undefined, there: Partial<LabMachine>) =>
    planned(config(size), { a: there }).steps.map(({ command, input }) => input ?? command.join(" ")).filter((text) =>
      /grow-|verify-/.test(text)
    );
  const grow = ["sh scripts/grow-disk.sh lab-123456_a 128", "scripts/grow-root.sh"];
  assert.equal(steps(128, {}), [...grow, "scripts/verify-guest.sh"]);
  assert.equal(steps(undefined, {}), ["scripts/verify-guest.sh"]);
  const proof = {
    at: "2026-01-01T00:00:00Z",
    bootId: "b/1",
    services: servicesHash(resolveConfig(config(), host).machines[0]!, planned(config()).resolved),
  };
  const running: Partial<LabMachine> = { state: "running", address: "192.168.121.5", bootId: "b/1", proof };
  assert.equal(steps(128, { ...running, disk: 131072 }), []);
  const proves = [...grow, "scripts/verify-guest.sh"];
  assert.equal(steps(128, { ...running, disk: 65536 }), proves);
  const killed = { ...running, disk: 131072, proof: { ...proof, invalid: true as const } };
  assert.equal(steps(128, killed), proves, "killed before the file system had grown");
  assert.equal(steps(128, { ...running, disk: 131072, bootId: "b/2" }), [...grow, "scripts/verify-guest.sh"]);
});

test("a plan for some machines has their steps, and the files of all", () => {
  const config = parseConfig("machines: [{name: a, box: lab/x}, {name: b, box: lab/y}]");
  const plan = planned(config, {}, { names: ["b"] });
  assert.equal(titles(plan), [
    "Check libvirt's copies of the box lab/y",
    "Create the VM b",
    "Save the SSH config of b",
    "Prove b",
  ]);
  assert.equal(plan.files, planned(config).files);
});

test.run();
