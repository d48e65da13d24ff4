/** What every command starts from: the config, the host, the lab. */
import { dirname, isAbsolute, resolve } from "node:path";
import process from "node:process";
import type { Config } from "../config/types.mts";
import type { Resolved } from "../resolve/types.mts";
import type { Finding } from "../findings.mts";
import type { Host } from "../host/types.mts";
import { allTexts, asset, requirePlatform } from "../plan/assets.mts";
import type { Texts } from "../plan/box.mts";
import { configErrorAt, parseConfig } from "../config/parse.mts";
import { UserError } from "../errors.mts";
import { homeDir } from "../text.mts";
import { parseHost } from "../host/parse.mts";
import type { Lab } from "../host/lab.mts";
import type { Style } from "./print.mts";
import { sayTo } from "./say.mts";
import { resolveConfig, withoutGpus } from "../resolve/resolve.mts";
import type { Reporter } from "../run/steps.mts";
import type { Shell } from "../shell.mts";
import { closest } from "../suggest.mts";
import { shellCommand } from "../render.mts";
import { self } from "../self.mts";
import { powershellScript } from "../host/windows.mts";

/** What was typed, checked. */
export interface Options {
  config?: string;
  save?: string;
  host?: string;
  service?: string;
  json: boolean;
  dryRun: boolean;
  yes: boolean;
  gpu: boolean;
  recreate: boolean;
  apply: boolean;
  undo: boolean;
  quiet: boolean;
  verbose: boolean;
  color: boolean;
}

/** A command's surroundings. */
export interface Context {
  shell: Shell;
  options: Options;
  /** Words behind the command's name. */
  args: string[];
  /** Words behind `--`. */
  passthroughArgs: string[];
}

/** The config that is used, and where it lies. */
export interface LoadedConfig {
  config: Config;
  /** Its text. */
  text: string;
  /** Its name in messages. */
  name: string;
  /**
   * The folder of its lab: `.homelab-gpu` next to it, or in the current folder if it is the
   * starter.
   */
  folder: string;
  starter: boolean;
  /** Services that `--no-gpu` leaves out. */
  withheldServices: string[];
}

/** Writes a message to standard error, after the program's name; nothing with `--quiet`. */
export function log({ shell, options }: Context, text: string): void {
  if (!options.quiet) sayTo(shell, text);
}

/** Reports the steps of a run to this terminal. */
export function reporterOf(context: Context): Reporter {
  const { shell, options } = context;
  return {
    shell,
    options,
    folds: shell.terminal.err && process.env.TERM !== "dumb",
    log: (text) => log(context, text),
    async explain(text, program) {
      const { asFinding, likelyCauses } = await import("../verify/failures/index.mts");
      const { formatFinding } = await import("./print.mts");
      const findings = likelyCauses(text, { program }).slice(0, 3).map(asFinding);
      const style = styleFor(context, "err");
      if (findings.length === 0) return "";
      return `\nThe likely cause:\n${findings.flatMap((finding) => formatFinding(finding, style)).join("\n")}`;
    },
  };
}

/** The command line of one of this program's commands, for the same config. */
export function selfFor({ options: { config } }: Context, command: string): string {
  return self(command) + (config ? ` --config ${shellCommand(config)}` : "");
}

/** The style of lines on a stream. */
export function styleFor({ shell, options }: Context, stream: "out" | "err", host?: Host): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const wanted = FORCE_COLOR ? !["0", "false"].includes(FORCE_COLOR) : shell.terminal[stream] && TERM !== "dumb";
  return {
    color: options.color && !NO_COLOR && wanted,
    // what goes to a file or a program is not wrapped
    width: shell.terminal[stream] ? Math.min(shell.terminal.columns, 100) : Infinity,
    verbose: options.verbose,
    powershell: host ? host.os.platform === "windows" : shell.platform === "win32",
    // Windows has no sudo, and says itself where it wants an administrator
    root: host ? host.uid === 0 || host.os.platform === "windows" : process.getuid?.() === 0,
  };
}

/**
 * Finds and reads the config: `--config`, `./homelab-gpu.yaml`, the one in `$XDG_CONFIG_HOME`; else what `init` would write for the host
 * that `probe` reads, or the starter as it is.
 */
export async function loadConfig(context: Context, probe?: () => Promise<string>): Promise<LoadedConfig> {
  const { shell, options } = context;
  const personal = `${process.env.XDG_CONFIG_HOME || `${homeDir()}/.config`}/homelab-gpu/config.yaml`;
  if (options.config) {
    const text = await readNamed(shell, options.config);
    return source(context, text, options.config, dirname(resolve(options.config)), false);
  }
  for (const path of ["homelab-gpu.yaml", personal]) {
    const text = await shell.read(path);
    if (text !== undefined) return source(context, text, path, dirname(resolve(path)), false);
  }
  const starter = await asset(shell, "templates/homelab-gpu.yaml");
  const text = probe ? (await import("./choose-card.mts")).starterText(starter, parseHost(await probe())) : starter;
  return source(context, text, "none yet: what init would write", process.cwd(), true);
}

function source({ options }: Context, text: string, name: string, home: string, starter: boolean): LoadedConfig {
  const parsed = resolvePaths(parseConfig(text, starter ? "templates/homelab-gpu.yaml" : name), home);
  const { config, left: withheldServices } = options.gpu ? { config: parsed, left: [] } : withoutGpus(parsed);
  return { config, text, name, folder: `${home}/.homelab-gpu`, starter, withheldServices };
}

/** Paths of a config are relative to its folder; `~/` is the user's own. */
function resolvePaths(config: Config, home: string): Config {
  const absolute = (path: string) => {
    const own = path === "~" || path.startsWith("~/") ? homeDir() + path.slice(1) : path;
    return isAbsolute(own) ? own : resolve(home, own);
  };
  return {
    ...config,
    machines: config.machines.map((machine) => ({
      ...machine,
      ...(machine.image?.kind === "file" ? { image: { ...machine.image, file: absolute(machine.image.file) } } : {}),
      provision: machine.provision.map(absolute),
    })),
    stacks: config.stacks.map((stack) => ({ ...stack, path: absolute(stack.path) })),
  };
}

/**
 * Throws {@link ConfigError} for a config that names files which do not exist: all of them, each
 * with its line.
 */
export async function requireFiles({ shell }: Context, { config, text, name, starter }: LoadedConfig): Promise<void> {
  const named = config.machines.flatMap(({ image, provision }, i) => [
    ...(image?.kind === "file" ? [{ path: `machines.${i}.image.file`, file: image.file }] : []),
    ...provision.map((file, j) => ({ path: `machines.${i}.provision.${j}`, file })),
  ]);
  const stamps = await Promise.all(named.map(({ file }) => shell.fingerprint(file)));
  const missing = named.filter((_, i) => stamps[i] === undefined);
  // what init writes names a file that has to be fetched, and init says so
  if (starter && missing.length > 0) {
    throw new UserError(
      `there is no ${missing[0]!.file} yet, which the VM is made from: ${self("init")} says what to do`,
    );
  }
  if (missing.length > 0) {
    throw configErrorAt(text, name, missing.map(({ path, file }) => ({ path, message: `there is no file ${file}` })));
  }
}

/** A file that was named on the command line. That it cannot be read is wrong usage. */
export async function readNamed(shell: Shell, path: string): Promise<string> {
  const text = await shell.read(path).catch((error: unknown) => {
    throw error instanceof UserError ? new UserError(error.message) : error;
  });
  if (text === undefined) throw new UserError(`there is no file ${path}`);
  return text;
}

/**
 * The probe's text: this host's own, or a saved one (`--host FILE`, `-` for standard input). `ask` names the slow programs that a Linux
 * host is asked about (packer, libvirt); default: all of them.
 */
export async function readProbe(context: Context, ask?: string[]): Promise<string> {
  const { shell, options } = context;
  if (options.host) {
    const saved = await readNamed(shell, options.host);
    const [, platform] = /^homelab-gpu-probe \d+ (\w+)/.exec(saved) ?? [];
    if (platform !== undefined) requirePlatform(platform);
    return saved;
  }
  const probe = probes[shell.platform] ?? probes.linux!;
  requirePlatform(/probe-(\w+)/.exec(probe.script)![1]!);
  const text = await probed(context, probe, ask);
  // from within WSL Windows itself is asked, whose part it is
  if (shell.platform !== "linux" || !parseHost(text).os.wsl) return text;
  const asked = await probed(context, probes.win32!).catch(() => undefined);
  return asked?.startsWith("homelab-gpu-probe ") ? asked.replace("[os]", "[os]\nwsl:yes") : text;
}

/** How each system is probed: the program takes the script from its standard input. */
const probes: Partial<Record<NodeJS.Platform, { script: string; command: string[] }>> = {
  linux: { script: "scripts/probe-linux.sh", command: ["sh", "-s"] },
  darwin: { script: "scripts/probe-macos.sh", command: ["sh", "-s"] },
  win32: {
    script: "scripts/probe-windows.ps1",
    // with -Command - PowerShell would take its input line by line
    command: powershellScript("-Command", "[Console]::In.ReadToEnd() | Invoke-Expression"),
  },
};

async function probed(
  { shell }: Context,
  { script, command }: { script: string; command: string[] },
  ask?: string[],
): Promise<string> {
  const input = await asset(shell, script);
  const { ok, out, err } = await shell.capture(command, {
    input,
    limit: 60,
    about: "the probe of this host",
    ...(ask ? { env: { HOMELAB_GPU_ASK: ask.join(" ") } } : {}),
  });
  if (!ok) throw new UserError(`the probe failed: ${err.trim().split("\n").at(-1) ?? ""}`, 1);
  return out;
}

/** The machines that were named, or all of them. */
export function selectMachines({ config }: LoadedConfig, words: string[]): string[] {
  return selectNames(words, config.machines.map(({ name }) => name));
}

/**
 * The names that are among the words, or all of them if there are no words. Throws {@link
 * UserError} for a word that is none of them.
 */
export function selectNames(words: string[], names: string[]): string[] {
  const stranger = words.find((word) => !names.includes(word));
  if (stranger !== undefined) {
    const meant = closest(stranger, names);
    const more = meant ? `: did you mean ${meant}?` : `; there is ${names.join(", ")}`;
    throw new UserError(`there is no machine ${stranger}${more}`);
  }
  return words.length > 0 ? names.filter((name) => words.includes(name)) : names;
}

/** Logs which parts of `state.json` are ignored: once per file and part in a run. */
export function logUnreadState(context: Context, { unreadState = [] }: Lab): void {
  const said = saidOf.get(context) ?? new Set<string>();
  saidOf.set(context, said);
  for (const sentence of unreadState.filter((one) => !said.has(one))) {
    said.add(sentence);
    log(context, sentence);
  }
}

const saidOf = new WeakMap<Context, Set<string>>();

/** What is known before anything is decided. */
export interface Inspection {
  loaded: LoadedConfig;
  /** The machines that this is about. */
  names: string[];
  host: Host;
  lab: Lab;
  resolved: Resolved;
  findings: Finding[];
  /** What `--no-gpu` leaves out of stacks, as `STACK/SERVICE`. */
  withheld: string[];
}

/**
 * When Compose is asked about the stacks: always, only if a machine with stacks is not proven in
 * its current state, or never. Asking starts programs, which an unchanged lab does not need.
 */
export type StackReading = "always" | "unproven" | "never";

/**
 * Closes an existing lab's folder to other users; makes none. Throws UserError if another user owns
 * it or something in it.
 */
export async function closeLab({ shell }: Context, folder: string): Promise<void> {
  if ((await shell.list(folder)).length > 0) await shell.ensurePrivateDir(folder);
}

/**
 * Reads config, host and lab in parallel, and checks the machines that were named and those that
 * run.
 */
export async function inspect(
  context: Context,
  known?: LoadedConfig,
  words: string[] = [],
  models: StackReading = "always",
): Promise<Inspection> {
  const probing = readProbe(context);
  const reading = known ? Promise.resolve(known) : loadConfig(context, () => probing);
  const labs = import("../host/lab.mts");
  const [loaded, probe, lab, { existingVmsOf }, { runChecks }, stacks] = await Promise.all([
    reading,
    probing,
    Promise.all([reading, labs]).then(([{ config, folder }, { readLab }]) => readLab(context.shell, config, folder)),
    labs,
    import("../checks/index.mts"),
    reading.then(async (source) => {
      await requireFiles(context, source);
      return await (await import("./projects.mts")).readProjects(context.shell, source);
    }),
  ]);
  logUnreadState(context, lab);
  const names = selectMachines(loaded, words);
  const host = parseHost(probe);
  const plain = resolveConfig(loaded.config, host, existingVmsOf(lab), stacks);
  const { resolved, withheld } = await readModels(context, plain, lab, models);
  const machines = resolved.machines.filter(({ name, running }) => running || names.includes(name));
  const services = resolved.services.filter(({ machine }) => machines.some(({ name }) => name === machine));
  const findings = runChecks(host, { ...resolved, machines, services, ...folderHere(context, loaded) });
  return { loaded, names, host, lab, resolved, findings, withheld };
}

/** The folder of a lab that is on the host which is judged. */
export const folderHere = ({ options }: Context, { folder }: LoadedConfig): { folder?: string } =>
  options.host ? {} : { folder };

async function readModels({ shell, options }: Context, resolved: Resolved, lab: Lab, when: StackReading) {
  const { stacks = [] } = resolved;
  if (when === "never" || stacks.length === 0) return { resolved, withheld: [] };
  if (when === "unproven") {
    const { isProven } = await import("../plan/proof.mts");
    const isKnown = (machine: Resolved["machines"][number]) =>
      stacks.every((stack) => stack.machine !== machine.name) ||
      isProven(machine, resolved, lab.machines[machine.name]!);
    if (resolved.machines.every(isKnown)) return { resolved, withheld: [] };
  }
  const { withModels } = await import("./project-models.mts");
  return await withModels(shell, resolved, { gpu: options.gpu, here: !options.host });
}

/** Every text that a plan may need: templates, scripts, the user's own scripts. */
export async function readTexts({ shell }: Context, config: Config): Promise<Texts> {
  const own = [...new Set(config.machines.flatMap(({ provision }) => provision))];
  const files = config.machines.flatMap(({ image }) => (image?.kind === "file" ? [image.file] : []));
  const texts: Texts = await allTexts((name) => asset(shell, name));
  await Promise.all([
    ...own.map(async (path) => {
      const text = await shell.read(path);
      if (text === undefined) throw new UserError(`provision: there is no file ${path}`);
      texts[path] = text;
    }),
    ...files.map(async (path) => {
      const stamp = await shell.fingerprint(path);
      if (stamp === undefined) throw new UserError(`image: there is no file ${path}`);
      texts[path] = stamp;
    }),
  ]);
  return texts;
}
