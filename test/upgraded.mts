// A lab for tests of upgrade: one machine on a simulated host, and what is left of its boxes.
import * as assert from "uvu/assert";
import { up } from "../lib/cli/commands/up.mts";
import { World } from "./world.mts";

/** The config of a machine whose box is built here. */
export const one = `machines:
  - {name: a, box: lab/x, image: debian-13, cpus: 2, memory: 1024}
services: {web: {image: x/web}}
`;
/** The state of the lab between runs. */
export const state = (world: World) => JSON.parse(world.disk.get(`${world.folder}/state.json`)!);
/** The versions of a box in Vagrant, oldest first. */
export const versions = (world: World, box = "lab-VAGRANTSLASH-x") =>
  [...world.disk.keys()].flatMap((path) => new RegExp(`/boxes/${box}/([^/]+)/`).exec(path)?.[1] ?? []).sort();
/** The version of the box that a machine's VM has. */
export const boxOf = (world: World, name = "a") =>
  JSON.parse(world.disk.get(`${world.folder}/.vagrant/machines/${name}/libvirt/box_meta`)!).version as string;
/** What was printed. */
export const said = (world: World) => world.output.join("");
/** The commands of a run, without those that only read. */
export const ran = (world: World) =>
  world.calls.flatMap((words) =>
    /^(packer|vagrant (up|box)|sh (\.\.\/\.\.\/)?scripts\/(get-image|add-box|remove-vm|remove-box|box-volumes))/.exec(
      words,
    )?.[0] ??
      []
  );

/** A host whose machine was brought up; what it printed and ran is forgotten. */
export async function running(config = one): Promise<World> {
  const world = new World(config, "vm-without-gpu");
  assert.is(await world.runCommand(up, world.context([])), 0, said(world));
  world.calls = [];
  world.output = [];
  return world;
}
