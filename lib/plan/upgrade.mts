/** Upgrades: which box a VM gets, and which boxes are removed when the upgrade is finished. */
import type { Lab, LabMachine } from "../host/lab.mts";
import type { BoxVersion, Upgrade } from "../host/state.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { type Box, boxKey } from "./box.mts";
import type { Step } from "./types.mts";
import { vagrantEnv } from "./vm-steps.mts";

/** What a run does for the upgrade of a machine. */
interface UpgradeWork {
  /** Whether a box is built although Vagrant has one of the same inputs. */
  builds: boolean;
  /** Whether the VM is removed first. */
  replaces: boolean;
  /** The box that a new VM gets; absent for the newest one. */
  pinned: BoxVersion | undefined;
}

/**
 * What a run does for the upgrade of a machine. `asked`: the command is `upgrade`. Any other command
 * replaces no VM, and creates a missing one from the box that an unfinished upgrade had come to.
 */
export function upgradeOf(there: LabMachine, lab: Lab, box: Box | undefined, asked: boolean): UpgradeWork {
  const { upgrade: left } = there;
  const exists = there.state === "off" || there.state === "running";
  const pinned = left?.failed && isInVagrant(lab, left.from) ? left.from : undefined;
  if (pinned) return { builds: false, replaces: asked && exists && !hasBox(there, pinned), pinned };
  if (!asked || !box) return { builds: false, replaces: false, pinned };
  const begun = left?.to.name === box.name && left.to.version === box.version;
  const isNew = begun && exists && newVersions(left, lab).some((version) => hasBox(there, { name: box.name, version }));
  if (isNew) return { builds: false, replaces: false, pinned };
  return { builds: !begun || newVersions(left, lab).length === 0, replaces: exists, pinned };
}

/** Whether a VM was created from that box. */
export function hasBox({ boxName, box }: LabMachine, { name, version }: BoxVersion): boolean {
  return boxName === name && box === version;
}

/** The versions that an upgrade has built, oldest first. */
function newVersions({ from, to, at }: Upgrade, { boxes }: Lab): string[] {
  const began = Math.floor(Date.parse(at) / 1000);
  const time = (version: string) => Number(version.split(".")[2]);
  return (boxes[to.name] ?? []).filter((version) =>
    version.startsWith(`${to.version}.`) && time(version) >= began && version !== from.version
  ).sort((one, other) => time(one) - time(other));
}

/** Whether Vagrant has that box; true if its versions were not read. */
function isInVagrant({ boxes }: Lab, { name, version }: BoxVersion): boolean {
  return boxes[name]?.includes(version) ?? true;
}

/** Whether a version is of a box that was built here: `1.HASH.TIME`. */
const isBuiltHere = ({ version }: BoxVersion) => /^1\.\d+\.\d{10}$/.test(version);

/** The boxes of a finished upgrade that its VM does not have, and that were built here. */
export function spareBoxes(upgrade: Upgrade, there: LabMachine, lab: Lab): BoxVersion[] {
  const { from, to } = upgrade;
  const all = [from, ...newVersions(upgrade, lab).map((version) => ({ name: to.name, version }))];
  return all.filter((box) => isBuiltHere(box) && isInVagrant(lab, box) && !hasBox(there, box));
}

/** The steps that remove boxes from Vagrant, and then libvirt's copies of them. A box of another VM stays. */
export function boxRemovals(boxes: BoxVersion[], provider: string): Step[] {
  return [
    ...boxes.map(({ name, version }) => ({
      title: `Remove the box ${name} ${version}`,
      command: ["sh", "scripts/remove-box.sh", name, version, provider],
      env: vagrantEnv,
    })),
    ...[...new Set(boxes.map(({ name }) => name))].map((name) => ({
      title: `Remove libvirt's copies of older boxes ${name}`,
      command: ["sh", "scripts/box-volumes.sh", "check", name],
    })),
  ];
}

/** Whether a run may have to remove boxes. */
export function removesBox({ machines }: Lab, asked: boolean): boolean {
  return asked || Object.values(machines).some(({ upgrade }) => upgrade !== undefined);
}

/** The boxes that a run builds: for machines whose VM it creates, unless Vagrant has such a box. */
export function boxesToBuild(
  boxes: Map<string, Box>,
  work: { machine: ResolvedMachine; creates: boolean; builds: boolean; pinned: BoxVersion | undefined }[],
  lab: Lab,
): Box[] {
  return [...boxes].flatMap(([key, box]) => {
    const users = work.filter(({ machine, creates, pinned }) => creates && !pinned && boxKey(machine) === key);
    if (users.some(({ builds }) => builds)) return [withNewImage(box)];
    const isThere = (lab.boxes[box.name] ?? []).some((version) => version.startsWith(`${box.version}.`));
    return users.length > 0 && !isThere ? [box] : [];
  });
}

/** A box whose image, where it is built from package sources, is built today. */
function withNewImage(box: Box): Box {
  const fresh = (step: Step): Step =>
    step.command[1] === "scripts/get-image.sh" ? { ...step, env: { ...step.env, FRESH: "yes" } } : step;
  return { ...box, first: box.first.map(fresh), steps: box.steps.map(fresh) };
}

/** Why a machine cannot be upgraded; undefined if it can. */
export function upgradeRefusal({ box, image, provider }: ResolvedMachine, there: LabMachine): string | undefined {
  if (provider !== "libvirt") {
    return `upgrade is available only with libvirt so far: with ${provider}, a new build replaces the old box, so ` +
      "there is no way back";
  }
  if (image === undefined) {
    return `its box ${box} is not built here (it has no image:): vagrant box update --box ${box} gets a newer one, ` +
      "and up --recreate uses it";
  }
  if (there.upgrade !== undefined || there.state === "unknown") return undefined;
  if (there.state === "absent") return "it has no VM yet (up creates it)";
  if (there.state === "half-made") return "its VM is incomplete (up creates it again)";
  return there.box === undefined || there.boxName === undefined
    ? "Vagrant does not record which box its VM has (up --recreate replaces it)"
    : undefined;
}
