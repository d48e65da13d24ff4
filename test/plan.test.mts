import { suite } from "uvu";
import * as assert from "uvu/assert";
import { names } from "../lib/assets.mts";
import { parseConfig } from "../lib/config.mts";
import { parseHost } from "../lib/host.mts";
import type { Lab, LabMachine } from "../lib/lab.mts";
import { makePlan, servicesHash } from "../lib/plan.mts";
import { settle, withoutGpu } from "../lib/settle.mts";
import type { Config, Host } from "../lib/types.mts";
import { golden, own } from "./fake.mts";

const test = suite("plan");

const texts = Object.fromEntries(names.map((name) => [name, own(name)]));
const host = parseHost(own("test/hosts/vm-without-gpu.txt"));
const starter = withoutGpu(parseConfig(own("templates/homelab-gpu.yaml"))).config;

function planned(
  config: Config,
  machines: Record<string, Partial<LabMachine>> = {},
  more: { boxes?: Lab["boxes"]; host?: Host; recreate?: boolean; texts?: Record<string, string> } = {},
) {
  const lab: Lab = {
    folder: "/home/me/lab/.homelab-gpu",
    prefix: "lab-123456_",
    boxes: more.boxes ?? {},
    machines: Object.fromEntries(
      config.machines.map(({ name }) => [name, { domain: `lab-123456_${name}`, state: "absent", ...machines[name] }]),
    ),
  };
  const settled = settle(config, more.host ?? host);
  return {
    ...makePlan(settled, more.host ?? host, lab, { ...texts, ...more.texts }, { recreate: more.recreate ?? false }),
    settled,
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
  golden("starter.pkrvars.json", file(plan, "packer/homelab-gpu-debian-13/values.auto.pkrvars.json"));
});

test("renders several machines, on hardware, with a box that is there", () => {
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

test("goes the whole way from nothing", () => {
  assert.equal(titles(planned(starter)), [
    "Get the image debian-13",
    "Make a key for this build",
    "Build the box homelab-gpu/debian-13",
    "Give the box homelab-gpu/debian-13 to Vagrant",
    "Look after the copies of the box in libvirt",
    "Make the VM devlab",
    "Learn how to reach devlab",
    "Copy the Compose file to devlab",
    "Start the services of devlab",
    "Prove devlab",
  ]);
});

test("does only what is missing", () => {
  const built = version(planned(starter));
  const boxes = { "homelab-gpu/debian-13": [`${built}.1700000000`] };
  const box = `${built}.1700000000`;
  const services = servicesHash(planned(starter).settled.machines[0]!, planned(starter).settled);
  const proof = { run: "boot/3", services, at: "2026-01-01T00:00:00Z" };
  const running = { state: "running" as const, run: "boot/3", cpus: 2, memory: 5632, box, proof };
  const at = (state: Partial<LabMachine>) => titles(planned(starter, { devlab: state }, { boxes }));
  assert.equal(at(running), [], "all proven");
  assert.equal(at({ ...running, run: "boot/4" }).at(-1), "Prove devlab", "it was restarted since");
  assert.equal(at({ ...running, proof: { ...proof, services: "old" } }), [
    "Copy the Compose file to devlab",
    "Start the services of devlab",
    "Prove devlab",
  ]);
  assert.equal(at({ ...running, cpus: 1 })[0], "Restart the VM devlab with 2 CPUs and 5632 MiB");
  assert.equal(at({ state: "off", box })[0], "Start the VM devlab");
  assert.equal(at({ state: "absent" })[0], "Look after the copies of the box in libvirt");
  assert.equal(at({ state: "half-made" }).slice(0, 2), [
    "Remove the VM devlab, which an earlier run left half made",
    "Look after the copies of the box in libvirt",
  ]);
});

test("takes services away that the config has no longer", () => {
  const empty = parseConfig("machines: [{name: a, box: lab/x}]");
  const running = { state: "running" as const, run: "boot/3", cpus: 2, memory: 5632 };
  assert.equal(titles(planned(empty, { a: running })), ["Prove a"], "there never were any");
  assert.equal(titles(planned(empty, { a: { ...running, proof: { run: "boot/3", services: "some", at: "" } } })), [
    "Copy the Compose file to a",
    "Start the services of a",
    "Prove a",
  ]);
});

test("says that a VM must be made anew when its box has changed, and does so only when told", () => {
  const old = { state: "running" as const, run: "boot/3", box: "1.42.1700000000" };
  const plan = planned(starter, { devlab: old });
  assert.equal(plan.steps, []);
  assert.equal(plan.findings.map(({ check, status, machine }) => [check, status, machine]), [[
    "machine.box",
    "fail",
    "devlab",
  ]]);
  const anew = planned(starter, { devlab: old }, { recreate: true });
  assert.equal(anew.findings, []);
  assert.equal(titles(anew)[4], "Remove the old VM devlab");
});

test("gives a box another version when anything that makes it changes, and only then", () => {
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

test("asks for Packer's plugins where Packer has none built in", () => {
  const today = structuredClone(host);
  today.versions.packer = "1.11.2";
  const plan = planned(starter, {}, { host: today });
  assert.ok(file(plan, "packer/homelab-gpu-debian-13/plugins.pkr.hcl").includes("required_plugins"));
  assert.ok(titles(plan).includes("Get Packer's plugins"));
  assert.not.ok(file(planned(starter), "packer/homelab-gpu-debian-13/plugins.pkr.hcl"), "1.6.6 refuses that block");
});

test("names two machines on one box once", () => {
  const plan = planned(
    parseConfig("machines: [{name: a, box: lab/x, image: debian-12}, {name: b, box: lab/x, image: debian-12}]"),
  );
  assert.is(titles(plan).filter((title) => title.startsWith("Build the box")).length, 1);
  assert.equal(titles(plan).filter((title) => title.startsWith("Make the VM")), ["Make the VM a", "Make the VM b"]);
});

test.run();
