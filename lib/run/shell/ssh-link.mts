/** One connection to another host by the system's ssh, and a shell there that answers small questions. */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { UserError } from "../../errors.mts";
import { hostIdIn, idFiles } from "../../host/host-id.mts";
import { bytesOf } from "./ssh-words.mts";

/** Where ssh logs in. */
export interface Login {
  /** `[USER@]HOST`. */
  login: string;
  port?: string;
}

/** How a script ended at the other end. */
export interface Answer {
  code: number;
  out: Buffer;
  err: string;
}

/** A connection. */
export interface Link {
  readonly login: string;
  readonly port?: string;
  /** The home folder there. */
  readonly home: string;
  /** The user's number there. */
  readonly uid: number;
  /** Which running system it is (host/host-id.mts). */
  readonly hostId?: string;
  /** A process there that ends with the connection. */
  readonly pid: number;
  /** A word that no output contains by chance. */
  readonly mark: string;
  /** Runs a script in a shell of its own, one after another. Throws UserError if the connection is lost. */
  ask(script: string): Promise<Answer>;
  /** Runs statements in the shell itself. */
  tell(statements: string): void;
  /** The start of an ssh command over this connection. `terminal`: with one there. */
  command(script: string, terminal?: boolean): string[];
  close(): void;
}

/** Seconds between signs of life, and how long the other end waits for one: longer than any question takes. */
const beat = { every: 15, patience: 300 };

/**
 * What the shell there does first. A step must not outlive the connection: when its input ends, the shell leaves a
 * process that ends the groups of the steps, and a timer does the same where a dead network ends nothing. The shell
 * itself ends at once, so that the next run can take the lock and wait for these groups.
 */
const prelude = (mark: string) =>
  `LC_ALL=C; export LC_ALL; umask 022; groups=; dog=
stop_groups() {
  for g in $groups; do kill -TERM -$g 2>/dev/null; done
  n=0
  while [ $n -lt 10 ]; do
    left=
    for g in $groups; do kill -0 -$g 2>/dev/null && left=yes; done
    [ "$left" ] || return 0
    sleep 1
    n=$((n + 1))
  done
  for g in $groups; do kill -KILL -$g 2>/dev/null; done
}
beat() {
  [ -z "$dog" ] || kill "$dog" 2>/dev/null
  (
    exec </dev/null >/dev/null 2>&1 3>&1
    nap=
    trap '[ -z "$nap" ] || kill "$nap"; exit' TERM
    sleep ${beat.patience} &
    nap=$!
    wait "$nap"
    stop_groups
    kill -KILL $$
  ) &
  dog=$!
}
trap '[ -z "$dog" ] || kill "$dog" 2>/dev/null; ( exec </dev/null >/dev/null 2>&1 3>&1; stop_groups ) &' EXIT
exec 3>&1 2>/dev/null
boot= machine=
read -r boot <${idFiles.boot}
read -r machine <${idFiles.machine}
printf '%s %s %s %s %s/%s\\n%s\\0' '${mark}' "$(uname -s)" $$ "$(id -u)" "$boot" "$machine" "$HOME"
`;

/**
 * Options of every connection: nothing is asked, only a known host key is accepted, and what the user's configuration
 * sets for logins by hand does not apply (ssh_config(5)).
 */
const careful = [
  ...["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"],
  ...["-o", "RemoteCommand=none", "-o", "ClearAllForwardings=yes"],
];

/**
 * Connects. `failure` says why it failed, from ssh's exit code (null: it could not be started) and its messages.
 * Throws UserError.
 */
export async function connect(
  { login, port }: Login,
  failure: (code: number | null, err: string) => string,
): Promise<Link> {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-"));
  const socket = `${folder}/s`;
  const mark = `homelab-gpu-${randomBytes(16).toString("hex")}`;
  const child = spawn("ssh", [
    ...["-T", "-M", "-S", socket, "-o", "ControlPersist=no", "-o", "ConnectTimeout=15"],
    ...["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3", ...careful],
    ...(port ? ["-p", port] : []),
    ...["--", login, "exec sh"],
  ], { stdio: "pipe", detached: process.platform !== "win32" });
  let [heard, said]: [Buffer, string] = [Buffer.alloc(0), ""];
  let ended: { code: number | null } | undefined;
  const waiting: { end: Buffer; resolve: (text: Buffer) => void; reject: (error: Error) => void }[] = [];
  const lost = () => new UserError(`the connection to ${login} was lost: the next run continues from here`, 1);
  const serve = () => {
    for (;;) {
      const [first] = waiting;
      const at = first ? heard.indexOf(first.end) : -1;
      if (!first || at < 0) return;
      waiting.shift();
      first.resolve(heard.subarray(0, at));
      heard = heard.subarray(at + first.end.length);
    }
  };
  let chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    // the end of a long answer is looked for once, not in each piece
    setImmediate(() => {
      if (chunks.length === 0) return;
      heard = Buffer.concat([heard, ...chunks]);
      chunks = [];
      serve();
    });
  });
  child.stderr.on("data", (chunk: Buffer) => said += String(chunk));
  child.stdin.on("error", () => {});
  const end = (code: number | null) => {
    if (ended) return;
    ended = { code };
    clearInterval(timer);
    rmSync(folder, { recursive: true, force: true });
    setImmediate(() => {
      serve();
      for (const { reject } of waiting.splice(0)) reject(lost());
    });
  };
  const timer = setInterval(() => child.stdin.write("beat\n"), beat.every * 1000);
  timer.unref();
  child.on("error", () => end(null)).on("close", end);
  const until = (text: string) =>
    new Promise<Buffer>((resolve, reject) => {
      if (ended) return reject(lost());
      waiting.push({ end: Buffer.from(text), resolve, reject });
    });
  const greeting = until("\0");
  child.stdin.write(prelude(mark));
  const first = await greeting.catch(() => undefined);
  const facts = new RegExp(`${mark} (\\S+) (\\d+) (\\d+) (.*?)/(.*)\\n([^]*)$`).exec(String(first ?? "")) ?? [];
  const [, system, pid, uid, boot, machine, home] = facts;
  if (home === undefined) throw new UserError(failure(ended?.code ?? null, said), 1);
  const close = () => {
    child.stdin.end();
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as { unref?(): void }).unref?.();
    rmSync(folder, { recursive: true, force: true });
  };
  if (system !== "Linux") {
    close();
    throw new UserError(`${login} runs ${system}: a lab can be only on a Linux host`, 1);
  }
  child.stdin.write("beat\n");
  const hostId = hostIdIn(boot, machine);
  return {
    ...{ login, home, uid: Number(uid), pid: Number(pid), mark, close },
    ...(hostId === undefined ? {} : { hostId }),
    ...(port ? { port } : {}),
    async ask(script) {
      const answers = until(`\n${mark}.\n`);
      child.stdin.write(bytesOf(
        `e=$( { ${script}\n} 2>&1 >&3 </dev/null )\nc=$?; printf '\\n%s %d\\n%s\\n%s.\\n' ${mark} $c "$e" ${mark}\n`,
      ));
      const text = await answers;
      const at = text.lastIndexOf(`\n${mark} `);
      const [, code, err] = /^(\d+)\n([^]*)$/.exec(String(text.subarray(at + mark.length + 2))) ?? [];
      return { code: Number(code), out: text.subarray(0, at), err: err ?? "" };
    },
    tell: (statements) => void child.stdin.write(bytesOf(`${statements}\n`)),
    command: (script, terminal = false) => [
      ...["ssh", terminal ? "-t" : "-T", "-S", socket, "-o", "ControlMaster=no", ...careful],
      // over this connection or not at all
      ...["-o", "ProxyCommand=exit 255", "-o", "LogLevel=ERROR", "--", login, script],
    ],
  };
}
