import { suite } from "uvu";
import * as assert from "uvu/assert";
import { destroy } from "../lib/commands/machines.mts";
import { up } from "../lib/commands/up.mts";
import { World } from "./world.mts";

const test = suite("up");
const three = `machines:
  - {name: a, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
  - {name: b, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
  - {name: c, box: lab/y, cpus: 2, memory: 1024}
services:
  web: {image: x/web, machine: a}
`;

test("with nothing to do it asks two programs, and says in one screen what is up", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.does(up, world.session([])), 0, world.said.join(""));
  assert.equal(world.asked.filter((words) => words.startsWith("vagrant up")), ["vagrant up a b c --provider=libvirt"]);
  world.asked = [];
  world.said = [];
  assert.is(await world.does(up, world.session([])), 0);
  assert.equal(world.asked.map((words) => words.split(" ")[0]).sort(), ["sh", "virsh"]);
  const said = world.said.join("");
  assert.match(said, /nothing to do\na is up at 192\.168\.121\.5: web, proven/);
  assert.ok(said.split("\n").length < 24, said);
});

test("brings up the machines that are named, and no other; then what is missing", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.does(up, world.session(["c"])), 0, world.said.join(""));
  assert.equal([...world.domains.keys()].map((name) => name.at(-1)), ["c"]);
  assert.not.ok(world.asked.some((words) => words.includes("packer")), "the box of the others is not built");
  assert.not.match(world.said.join(""), /a is up/);
  assert.is(await world.does(up, world.session(["a", "c"])), 0);
  assert.equal([...world.domains.keys()].map((name) => name.at(-1)), ["c", "a"]);
  assert.is(await world.does(up, world.session([])), 0);
  assert.ok(world.asked.includes("vagrant up b --provider=libvirt"));
  assert.is(await world.does(up, world.session(["d"])), 2);
  assert.match(world.said.at(-1)!, /there is no machine d; there is a, b, c/);
  assert.is(await world.does(destroy, world.session([])), 0);
  assert.is(world.domains.size, 0);
});

test("a VM that does not come up costs the others nothing: the next run makes it alone anew", async () => {
  const world = new World(three, "vm-without-gpu");
  world.dead.add("b");
  assert.is(await world.does(up, world.session([])), 1);
  assert.match(world.said.at(-1)!, /Make the VMs a, b, c: failed with code 1/);
  world.dead.clear();
  world.asked = [];
  assert.is(await world.does(up, world.session([])), 0, world.said.join(""));
  const removed = world.asked.filter((words) => words.includes("remove-vm.sh"));
  assert.equal(removed.map((words) => words.split(" ")[2]), ["b"]);
  assert.ok(world.asked.includes("vagrant up b --provider=libvirt"), world.asked.join("\n"));
  assert.equal(world.asked.filter((words) => words.startsWith("vagrant ssh-config")).length, 3);
});

test("a power cut that emptied Vagrant's file of a VM costs nothing", async () => {
  const world = new World(three, "vm-without-gpu");
  assert.is(await world.does(up, world.session([])), 0, world.said.join(""));
  const id = `${world.folder}/.vagrant/machines/b/libvirt/id`;
  world.disk.set(id, "");
  world.asked = [];
  assert.is(await world.does(up, world.session([])), 0, world.said.join(""));
  assert.is(world.disk.get(id), "5e");
  assert.not.ok(world.asked.some((words) => /remove-vm|vagrant/.test(words)), world.asked.join("\n"));
});

test("destroy keeps in mind what the host's card was bound to until it is seen to be back", async () => {
  const functions = ["0000:01:00.0", "0000:01:00.1"];
  const card = "machines: [{name: a, box: lab/y, cpus: 2, memory: 1024, gpu: {device_id: 2786}}]\n";
  const world = new World(card, "rtx4070-desktop-debian12", functions);
  const handed = () => Object.keys(JSON.parse(world.disk.get(`${world.folder}/state.json`)!).handed);
  assert.is(await world.does(up, world.session([])), 0, world.said.join(""));
  assert.equal(handed(), ["a"]);
  world.unread = /^0000:01:00\.[01]\/driver:/;
  world.said = [];
  assert.is(await world.does(destroy, world.session([])), 0, world.said.join(""));
  assert.match(world.said.join(""), /\? gpu\.returned \(a\): whether the host has its card back could not be read/);
  assert.equal(handed(), ["a"]);
  delete world.unread;
  assert.is(await world.does(destroy, world.session([])), 0);
  assert.match(world.said.join(""), /✓ gpu\.returned \(a\): the host has its card back/);
  assert.equal(handed(), []);
});

test.run();
