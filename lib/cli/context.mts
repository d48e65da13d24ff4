/** What every command has: the typed options, the shell, the log, the style of its lines. */
import process from "node:process";
import { program } from "../host/programs.mts";
import { UserError } from "../errors.mts";
import type { OtherHost } from "../config/types.mts";
import type { Host } from "../host/types.mts";
import type { Style } from "./print.mts";
import { sayTo } from "./say.mts";
import { isPipe } from "./config-paths.mts";
import type { Reporter } from "../run/steps.mts";
import type { Shell } from "../shell.mts";
import { shellCommand } from "../render.mts";
import { self } from "../self.mts";
import type { Resolved } from "../resolve/types.mts";

/** What was typed, checked. */
export interface Options {
  config?: string;
  save?: string;
  host?: string;
  service?: string;
  stack?: string;
  tail?: string;
  json: boolean;
  dryRun: boolean;
  yes: boolean;
  gpu: boolean;
  recreate: boolean;
  data: boolean;
  pull: boolean;
  follow: boolean;
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
  /** Words after the command's name. */
  args: string[];
  /** Words after `--`. */
  passthroughArgs: string[];
  /** The host that the run is about, if the config has several; without a name it is this machine. */
  on?: {
    name?: string;
    manager?: ManagerAccess;
    /**
     * The shell of another host of the config, which stays open for the whole run; null is this machine. Throws
     * {@link UserError} if that host is not reached.
     */
    reach?(host: OtherHost | null): Promise<Shell>;
    /** Called when every step of `up` or `upgrade` has succeeded, also if a machine is not proven then. */
    ran?(resolved: Resolved): void;
  };
}

/** The manager of the Swarm, if it is on another host than a run, and stays in the Swarm. */
export interface ManagerAccess {
  /** The shell of its host, and the folder of its lab there. Throws {@link UserError} if that host is not reached. */
  open(): Promise<{ shell: Shell; folder: string }>;
}

/** Writes a message to standard error, after the program's name; nothing with `--quiet`. */
export function log({ shell, options }: Context, text: string): void {
  if (!options.quiet) sayTo(shell, text);
}

/** Writes which config is used; on several hosts that is known. */
export function logConfig(context: Context, name: string): void {
  if (!context.on) log(context, `config: ${name}`);
}

/** The line about what `--no-gpu` leaves out; none if that is nothing. */
export const withheldLines = (withheld: string[]): string[] =>
  withheld.length > 0 ? [`without a GPU these services are left out: ${withheld.join(", ")}`] : [];

/** Reports the steps of a run to this terminal. */
export function reporterOf(context: Context): Reporter {
  const { shell, options } = context;
  const { manager } = context.on ?? {};
  return {
    shell,
    options,
    ...(manager ? { askManager: (command, input) => askManager(manager, command, input) } : {}),
    folds: shell.terminal.err && !shell.terminal.shared && process.env.TERM !== "dumb",
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

/** Runs a command on the host of the Swarm's manager; gives what went wrong there. It waits for tasks that end. */
async function askManager({ open }: ManagerAccess, command: string[], input: string): Promise<string | undefined> {
  try {
    const { shell, folder } = await open();
    const { ok, err } = await shell.capture(command, { cwd: folder, input, limit: 300, about: "the Swarm's manager" });
    return ok ? undefined : err.trim() || "it failed";
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** The command line of one of this program's commands, for the same config. */
export function selfFor({ options: { config } }: Context, command: string): string {
  return self(command) + (config ? ` --config ${isPipe(config) ? "FILE" : shellCommand(config)}` : "");
}

/** Whether a Linux host has no sudo, as far as its programs were read. */
export const hasNoSudo = (host: Host): boolean =>
  host.os.platform === "linux" && host.programs !== undefined && !program(host, "sudo");

/** The style of lines on a stream. */
export function styleFor({ shell, options }: Context, stream: "out" | "err", host?: Host): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const colored = FORCE_COLOR ? !["0", "false"].includes(FORCE_COLOR) : shell.terminal[stream] && TERM !== "dumb";
  return {
    color: options.color && !NO_COLOR && colored,
    // what goes to a file or a program is not wrapped
    width: shell.terminal[stream] ? Math.min(shell.terminal.columns, 100) : Infinity,
    verbose: options.verbose,
    powershell: host ? host.os.platform === "windows" : shell.platform === "win32",
    // Windows has no sudo, and its programs report where they need an administrator
    root: host ? host.uid === 0 || host.os.platform === "windows" : (shell.away?.uid ?? process.getuid?.()) === 0,
    ...(host && hasNoSudo(host) ? { su: true } : {}),
  };
}
