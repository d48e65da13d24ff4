/** Reads what Vagrant stores in files: its boxes, and the VM of each machine. */
import process from "node:process";
import { isMap } from "../maps.mts";
import type { Shell } from "../shell.mts";
import { homeDir } from "../text.mts";
import { type BoxInputs, readBoxInputs } from "./box-inputs.mts";
import { readCopies } from "./copies.mts";

/** The folder of Vagrant's own files. */
const vagrantHome = ({ away }: Shell) =>
  away ? `${away.home}/.vagrant.d` : process.env.VAGRANT_HOME ?? `${homeDir()}/.vagrant.d`;

/**
 * Reads the versions of the boxes. Vagrant keeps a box in `boxes/NAME/VERSION/PROVIDER`, newer
 * versions of Vagrant in `boxes/NAME/VERSION/ARCHITECTURE/PROVIDER`.
 */
export async function readBoxes(shell: Shell, machines: { box: string }[]): Promise<Record<string, string[]>> {
  const root = `${vagrantHome(shell)}/boxes`;
  const names = [...new Set(machines.map(({ box }) => box))];
  const versions = await Promise.all(
    names.map((name) => shell.list(`${root}/${name.replaceAll("/", "-VAGRANTSLASH-")}`)),
  );
  return Object.fromEntries(names.map((name, i) => [name, versions[i]!.filter((version) => /^\d/.test(version))]));
}

/**
 * Reads Vagrant's folder of a machine, `machines/NAME/PROVIDER`. It has a file `id` if the VM
 * exists.
 */
export async function readMachine(shell: Shell, folder: string, name: string) {
  const all = `${folder}/.vagrant/machines/${name}`;
  const [providers, ssh] = await Promise.all([shell.list(all), shell.read(`${folder}/ssh/${name}`)]);
  const ids = await Promise.all(providers.map((provider) => shell.read(`${all}/${provider}/id`)));
  const at = ids.findIndex((id) => id !== undefined);
  const provider = at < 0 ? undefined : providers[at]!;
  const key = /^\s*IdentityFile "?([^"\n]+)/m.exec(ssh ?? "")?.[1];
  const [box, up, keyFile, copies] = await Promise.all([
    provider ? readBox(shell, folder, name, provider) : undefined,
    // the Vagrantfile creates this file when the VM has started
    ssh === undefined && provider ? shell.fingerprint(`${all}/${provider}/up`) : undefined,
    key ? shell.fingerprint(key) : "none named",
    readCopies(shell, folder, name),
  ]);
  return {
    id: ids[at]?.trim(),
    provider,
    copies,
    created: ssh !== undefined || up !== undefined,
    box,
    // not the SSH configuration of another VM, or of this one before the lab's folder was moved
    address: keyFile === undefined || !ssh?.startsWith(`Host ${name}\n`)
      ? undefined
      : /^\s*HostName (\S+)$/m.exec(ssh)?.[1],
  };
}

/** Vagrant's id of a machine's VM; undefined if there is none. */
export async function readVmId(shell: Shell, folder: string, name: string): Promise<string | undefined> {
  return (await readMachine(shell, folder, name)).id || undefined;
}

/**
 * The box that a VM was created from, as Vagrant records it
 * (commands/up/middleware/store_box_metadata.rb), and what it was built from.
 */
async function readBox(
  shell: Shell,
  folder: string,
  machine: string,
  provider: string,
): Promise<{ name?: string; version?: string; inputs?: BoxInputs } | undefined> {
  let box: unknown;
  try {
    box = JSON.parse((await shell.read(`${folder}/.vagrant/machines/${machine}/${provider}/box_meta`)) ?? "");
  } catch {
    // no box is recorded, or not yet
  }
  if (!isMap(box)) return undefined;
  const [name, version] = [box.name, box.version].map((one) => (typeof one === "string" ? one : undefined));
  const inputs = name && version ? await readBoxInputs(shell, folder, name, provider, version) : undefined;
  return { ...(name ? { name } : {}), ...(version ? { version } : {}), ...(inputs ? { inputs } : {}) };
}
