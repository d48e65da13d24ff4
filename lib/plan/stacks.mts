/** The files and steps that bring Compose projects into a VM and run them there. */
import type { File, Step } from "./types.mts";
import { manifestText, ownFolder, type Project, projectDigest } from "../compose/project.mts";
import type { Lab, LabMachine } from "../host/lab.mts";
import { shellWord } from "../render.mts";
import { firstFew, formatSize } from "../text.mts";

/** Name of the project of the inline services. */
export const inlineProject = "homelab-gpu";

/** The folder in a VM that has its projects, as apply-stack.sh takes it. */
const guestRoot = "/srv/homelab-gpu";

const localFolder = ({ machine, name }: Project) => `stacks/${machine}/${name}`;

/**
 * Files that are written for a project in addition to the folder's own. Variables may be secrets.
 */
export function projectFiles(project: Project): File[] {
  const { composeFiles, profiles, variables, override, rewritten = {}, files, compose = [] } = project;
  const folder = `${localFolder(project)}/${ownFolder}`;
  const exports = Object.keys(variables).sort().map((name) => `export ${name}=${shellWord(variables[name]!)}\n`);
  const rewrites = Object.keys(rewritten).sort().map((path) =>
    `printf %s ${shellWord(rewritten[path]!)} >${shellWord(path)}\n`
  );
  const lines = [
    ...composeFiles.map((file) => `file:${file}`),
    ...profiles.map((profile) => `profile:${profile}`),
    ...compose.map((argument) => `argument:${argument}`),
    `digest:${projectDigest(project)}`,
  ];
  return [
    { path: `${folder}/project`, text: `${lines.join("\n")}\n` },
    { path: `${folder}/manifest`, text: manifestText(files) },
    { path: `${folder}/variables`, text: exports.join(""), mode: 0o600, secret: true },
    { path: `${folder}/override.yaml`, text: override ?? "" },
    { path: `${folder}/rewrite`, text: rewrites.join(""), mode: 0o600, secret: true },
  ];
}

/** How a project is copied. */
interface Copying {
  /** All files, whatever the VM already has. */
  whole: boolean;
  /** The lab is on another host than the project. */
  away: boolean;
  /** The start of an SSH command to the VM. */
  ssh: string[];
  /** The folder in the VM that has the projects. */
  root?: string;
}

/** The steps that copy a project's changed files, and the list of files that they need. */
export function copySteps(
  project: Project,
  lab: Lab,
  { copies }: Pick<LabMachine, "copies">,
  { whole, away, ssh, root = guestRoot }: Copying,
): { files: File[]; steps: Step[] } {
  const { name, machine, files, path, size, leftOut = [] } = project;
  const had = whole ? {} : (copies?.stacks[name] ?? {});
  const changed = Object.keys(files).sort().filter((one) => files[one] !== had[one]);
  const local = localFolder(project);
  const [list, archive] = [`${local}/list`, `${local}.tar`];
  const count = changed.filter((one) => !files[one]!.startsWith("d")).length;
  const all = Object.values(files).filter((one) => !one.startsWith("d")).length;
  const without = whole || count === all ? leftOut : [];
  const subject = name === inlineProject ? "the variables of the services" : `the stack ${name}`;
  // names begin with ./, so that none is read as an option
  const named = (list: string) => ["-C", path, "--no-recursion", "--null", "-T", list];
  return {
    files: [{ path: list, text: changed.map((one) => `./${one}\0`).join(""), secret: true }],
    steps: [
      {
        title: `Pack ${subject}: ${count} of ${all} files${count === all ? `, ${formatSize(size)}` : ""}${
          without.length > 0 ? `, without ${firstFew(without, 4).join(", ")}` : ""
        }`,
        ...(away ? { command: ["tar", "-c", "-f", "-", ...named("-")], input: list, here: true as const } : {
          command: [
            ...["tar", "-c", "-f", "-", "-C", `${lab.folder}/${local}`, ownFolder],
            ...named(`${lab.folder}/${list}`),
          ],
        }),
        env: { COPYFILE_DISABLE: "1" },
        output: archive,
      },
      // these files are on the lab's host
      ...(away
        ? [{
          title: `Add the settings of ${name === inlineProject ? "the services" : subject} to the archive`,
          command: ["tar", "-r", "-f", archive, "-C", local, ownFolder],
        }]
        : []),
      {
        title: `Copy ${subject} to ${machine}`,
        command: [
          ...ssh,
          `sudo mkdir -p ${root}/projects && sudo sh -c 'umask 077 && cat >${root}/projects/${name}.tar'`,
        ],
        input: archive,
        removes: [archive],
      },
    ],
  };
}

/** The step that unpacks a stack in its VM and starts it. */
export function startStep({ name, machine }: Project, ssh: string[], runAsRoot: string): Step {
  return {
    title: `Start the stack ${name} on ${machine}`,
    command: [...ssh, `${runAsRoot} -- up ${name}`],
    input: "scripts/apply-stack.sh",
  };
}

/** The step that takes down stacks that the config no longer has. */
export function dropStep(machine: string, kept: string[], ssh: string[], runAsRoot: string): Step {
  return {
    title: `Stop the stacks that ${machine} no longer has`,
    command: [...ssh, `${[runAsRoot, "-- keep", ...kept].join(" ")}`],
    input: "scripts/apply-stack.sh",
  };
}
