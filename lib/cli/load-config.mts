/** The config that a command uses, and the files that it names. */
import process from "node:process";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import type { Config, Stack } from "../config/types.mts";
import { asset } from "../plan/assets.mts";
import { configErrorAt, parseConfig } from "../config/parse.mts";
import { configOn, thisMachine } from "../config/placed.mts";
import { UserError } from "../errors.mts";
import { homeDir, joinList } from "../text.mts";
import { parseHost } from "../host/parse.mts";
import { withoutGpus } from "../resolve/resolve.mts";
import type { Host } from "../host/types.mts";
import { type Away, hereOf, type Shell } from "../shell.mts";
import { self } from "../self.mts";
import { configPaths, defaultName, isPipe } from "./config-paths.mts";
import type { Context } from "./context.mts";
import { isSshUrl, loginOf } from "./ssh-probe.mts";

/** The config that is used, and its path. */
export interface LoadedConfig {
  config: Config;
  /** Its text. */
  text: string;
  /** Its name in messages. */
  name: string;
  /** The folder on this machine that its paths are relative to. */
  home: string;
  /**
   * The folder of its lab: `.homelab-gpu` next to it, or in the current folder if it is the
   * starter; on another host, one named after its folder.
   */
  folder: string;
  starter: boolean;
  /** Services that `--no-gpu` leaves out. */
  withheldServices: string[];
}

/**
 * Finds and reads the config: `--config`, `./homelab-gpu.yaml`, the one in `$XDG_CONFIG_HOME`; else
 * what `init` would write for the host that `probe` reads, or the starter as it is.
 */
export async function loadConfig(context: Context, probe?: () => Promise<string>): Promise<LoadedConfig> {
  const { options } = context;
  const shell = hereOf(context.shell);
  if (options.config) {
    const text = await readNamed(shell, options.config);
    const path = resolve(options.config);
    // a pipe, such as that of <(…), has no folder of its own
    return fromText(context, text, options.config, isPipe(options.config) ? process.cwd() : dirname(path), false);
  }
  for (const path of configPaths()) {
    let text: string | undefined;
    try {
      text = await shell.read(path);
    } catch (error) {
      throw asUsage(error);
    }
    if (text !== undefined) return fromText(context, text, path, dirname(resolve(path)), false);
    if (path === defaultName) await refuseMisnamed(shell);
  }
  const starter = await asset(shell, "templates/homelab-gpu.yaml");
  const { text, without } = probe
    ? await textFor(shell, starter, parseHost(await probe()))
    : { text: starter, without: undefined };
  const above = await shell.fingerprint(`../${defaultName}`) === undefined
    ? ""
    : ` (for ../${defaultName}: --config ../${defaultName})`;
  const why = without === undefined || !options.gpu ? "" : `; ${without}`;
  return fromText(context, text, `none yet: using what init would write${above}${why}`, process.cwd(), true);
}

/** Names that people give the config, and that are not read. */
const misnamed = /^homelab-gpu\.(?:ya?ml|json|ya?ml\.txt)$/i;

/**
 * Throws {@link UserError} if the current folder has no config, but a file that was meant as one: what `init` would
 * write must not be used in its place.
 */
export async function refuseMisnamed(shell: Shell): Promise<void> {
  const name = (await shell.list(".")).find((one) => misnamed.test(one));
  if (name === undefined) return;
  throw new UserError(
    name === defaultName
      ? `${name} is a link to a file that does not exist`
      : `${name} is not read: rename it to ${defaultName}, or add --config ${name}`,
  );
}

/** What `init` would write for a host and the current folder. */
async function textFor(shell: Shell, starter: string, host: Host): Promise<{ text: string; without?: string }> {
  const { starterText } = await import("./choose-card.mts");
  const { starterStack } = await import("./stack-here.mts");
  return starterText(starter, host, await starterStack(shell, process.cwd()));
}

function fromText(
  context: Context,
  text: string,
  name: string,
  home: string,
  starter: boolean,
): LoadedConfig {
  const { shell: { away }, options } = context;
  const read = partOf(parseConfig(text, starter ? "templates/homelab-gpu.yaml" : name), context);
  const parsed = resolvePaths(read, home, away?.home ?? homeDir());
  const { config, left: withheldServices } = options.gpu ? { config: parsed, left: [] } : withoutGpus(parsed);
  const folder = away ? labOn(away, home) : `${home}/.homelab-gpu`;
  return { config, text, name, home, folder, starter, withheldServices };
}

/** The part of a config that a run is about. Throws {@link UserError} if `--host` names none of its hosts. */
function partOf(config: Config, { on, options }: Context): Config {
  if (on || !config.hosts) return on ? configOn(config, on.name) : config;
  const { login, port } = options.host && isSshUrl(options.host) ? loginOf(options.host) : {};
  const named = config.hosts.find((host) => login !== undefined && host?.login === login && host.port === port);
  if (named) return configOn(config, named.name);
  throw new UserError(
    `--host reads one host, but the machines are on ${
      joinList(config.hosts.map((host) => host?.name ?? thisMachine))
    }` +
      "\n  leave it out, name one of these by its ssh://, or use a config with the machines of one host",
  );
}

/** The lab's folder on another host, by the name of the config's folder: `~/homelab-gpu/NAME/.homelab-gpu` there. */
const labOn = ({ home }: Away, folder: string) =>
  `${home}/homelab-gpu/${basename(folder).replace(/[^A-Za-z0-9._-]+/g, "-") || "lab"}/.homelab-gpu`;

/** Paths of a config are relative to its folder; `~/` is the user's own, in `folders` that of `hostHome`. */
function resolvePaths(config: Config, home: string, hostHome: string): Config {
  const absolute = (path: string, user = homeDir()) => {
    const own = path === "~" || path.startsWith("~/") ? user + path.slice(1) : path;
    return isAbsolute(own) ? own : resolve(home, own);
  };
  const located = (stack: Stack) => ({ ...stack, path: absolute(stack.path) });
  const onHost = (path: string) => absolute(path, hostHome).replace(/(.)\/+$/, "$1");
  const { swarm, sharedSwarm } = config;
  return {
    ...config,
    machines: config.machines.map((machine) => ({
      ...machine,
      ...(machine.image?.kind === "file" ? { image: { ...machine.image, file: absolute(machine.image.file) } } : {}),
      ...(machine.folders ? { folders: machine.folders.map((one) => ({ ...one, from: onHost(one.from) })) } : {}),
      provision: machine.provision.map((path) => absolute(path)),
    })),
    stacks: config.stacks.map(located),
    ...(swarm ? { swarm: { ...swarm, stacks: swarm.stacks.map(located) } } : {}),
    ...(sharedSwarm ? { sharedSwarm: { ...sharedSwarm, unread: sharedSwarm.unread.map(located) } } : {}),
  };
}

/**
 * Throws {@link ConfigError} for a config that names files which do not exist: all of them, each
 * with its line.
 */
export async function requireFiles(context: Context, { config, text, name, starter }: LoadedConfig): Promise<void> {
  const shell = hereOf(context.shell);
  const named = config.machines.flatMap(({ image, provision }, i) => {
    const at = `machines.${config.places?.machines[i] ?? i}`;
    return [
      ...(image?.kind === "file" ? [{ path: `${at}.image.file`, file: image.file }] : []),
      ...provision.map((file, j) => ({ path: `${at}.provision.${j}`, file })),
    ];
  });
  const stamps = await Promise.all(named.map(({ file }) => shell.fingerprint(file)));
  const missing = named.filter((_, i) => stamps[i] === undefined);
  const names = await Promise.all(named.map(({ file }, i) => stamps[i] === undefined ? [] : shell.list(file)));
  const folders = named.filter((_, i) => names[i]!.length > 0);
  // what init writes names a file that has to be fetched, and init says so
  if (starter && missing.length > 0) {
    throw new UserError(
      `${missing[0]!.file}, which the VM is created from, does not exist yet: ${self("init")} says what to do`,
    );
  }
  const flaws = [
    ...missing.map(({ path, file }) => ({
      path,
      message: `there is no file ${file}`,
      ...(/\.provision\./.test(path) ? { instead: "the path of a script: commands go into it" } : {}),
    })),
    ...folders.map(({ path, file }) => ({ path, message: `${file} is a folder, but must be a file` })),
  ];
  if (flaws.length > 0) throw configErrorAt(text, name, flaws);
}

/** A file that was named on the command line. That it cannot be read is wrong usage. */
export async function readNamed(shell: Shell, path: string): Promise<string> {
  const text = await shell.read(path).catch((error: unknown) => {
    throw asUsage(error);
  });
  if (text === undefined) throw new UserError(`there is no file ${path}`);
  return text;
}

/** An error of reading what the user named or wrote, as wrong usage. */
function asUsage(error: unknown): unknown {
  return error instanceof UserError ? new UserError(error.message) : error;
}
