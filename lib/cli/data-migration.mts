/** The question before existing VMs get data disks, and what is said afterwards. */
import { UserError } from "../errors.mts";
import { dataFolders, defaultDataVolume } from "../host/data-disks.mts";
import { isFilled } from "../plan/data-migration.mts";
import { runAsRoot } from "../plan/vm-steps.mts";
import { shellWord } from "../render.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { self } from "../self.mts";
import { formatSize } from "../text.mts";
import { confirmed } from "./confirm.mts";
import { type Context, log } from "./context.mts";
import { isReachable, sshTo } from "./guest.mts";
import type { Inspection } from "./inspect.mts";

/**
 * Asks before existing VMs get data disks: lists what is copied, with sizes, and what stays. Throws {@link
 * UserError} for data that certainly does not fit.
 */
export async function agreesToMove(context: Context, found: Inspection, names: string[]): Promise<boolean> {
  if (names.length === 0) return true;
  const machines = found.resolved.machines.filter(({ name }) => names.includes(name));
  const parts = await Promise.all(machines.map((machine) => partOf(context, found, machine)));
  const question = `${parts.join("")}Continue?`;
  if (await confirmed(context, question, `the data disk for the VM of ${names.join(", ")}`)) return true;
  log(context, "nothing was changed");
  return false;
}

/** A size in MiB as text. */
const sizeText = (mebibytes: number) => formatSize(mebibytes * 1024 ** 2);

/** The part of the question about a machine. */
async function partOf(context: Context, found: Inspection, machine: ResolvedMachine): Promise<string> {
  const { name, engine, data = 0, dataVolume } = machine;
  const disk = found.lab.machines[name]!.data;
  const volume = dataVolume ?? defaultDataVolume(found.lab.prefix, name);
  const head = `The VM of ${name} gets the data disk ${volume} (${data / 1024} GiB): it restarts, and its services ` +
    "stop meanwhile.\n";
  if (isFilled(disk)) {
    return `${head}  mounts: what an earlier VM wrote to that disk (${sizeText(disk.used)})\n` +
      `  stays:  ${dataFolders(engine).join(", ")} of this VM, on its system disk, no longer used\n`;
  }
  const sizes = await folderSizes(context, found, machine);
  const all = sizes?.reduce((sum, { mebibytes }) => sum + mebibytes, 0) ?? 0;
  // ext4 itself takes a part
  if (all > data * 0.95) {
    throw new UserError(
      `${name}: ${dataFolders(engine).join(", ")} have ${sizeText(all)}, which do not fit on a data disk of ` +
        `${data / 1024} GiB: write a larger data:`,
      1,
    );
  }
  const copied = sizes?.map(({ path, mebibytes }) => `${path} (${sizeText(mebibytes)})`) ??
    [...dataFolders(engine), "of unknown size, since the VM does not answer"];
  return `${head}  copies: ${copied.join(", ")}\n` +
    "  stays:  the originals on the system disk, until you remove them\n";
}

/** The sizes of the folders that a data disk gets, as the running VM has them; undefined if it does not answer. */
async function folderSizes(
  { shell }: Context,
  { lab, loaded }: Inspection,
  { name, engine }: ResolvedMachine,
): Promise<{ path: string; mebibytes: number }[] | undefined> {
  const machine = lab.machines[name]!;
  if (!isReachable(machine)) return undefined;
  const ssh = sshTo(name, machine, ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"]);
  const { out } = await shell.capture([...ssh, `sudo du -sxk ${dataFolders(engine).join(" ")} 2>/dev/null`], {
    cwd: loaded.folder,
    limit: 120,
    about: `the sizes of the folders of ${name}`,
  });
  const sizes = [...out.matchAll(/^(\d+)\s+(\/\S+)$/gm)].map(([, size, path]) => ({
    path: path!,
    mebibytes: Math.ceil(Number(size) / 1024),
  }));
  return sizes.length > 0 ? sizes : undefined;
}

/** Prints where the originals are, how to remove them, and how to go back. */
export function printOriginals(context: Context, { resolved, loaded }: Inspection, names: string[]): void {
  for (const machine of resolved.machines.filter(({ name }) => names.includes(name))) {
    const run = (word: string) =>
      `${self(`ssh ${machine.name}`)} -- ${shellWord(`${runAsRoot(machine)} -- ${word}`)} <${
        shellWord(`${loaded.folder}/scripts/data-originals.sh`)
      }`;
    // in one line each, so that the commands can be copied
    context.shell.stdout(
      `  ${dataFolders(machine.engine).join(", ")} of ${machine.name} are on its data disk; the originals stay on ` +
        `the system disk, under the mounts\n    to remove them\n      ${run("remove")}\n` +
        `    to go back, after data: is removed from the config\n      ${run("back")}\n`,
    );
  }
}
