// Runs the real script in a lab in which Vagrant, libvirt and ssh are stand-ins.
import { spawn } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { root, standIns } from "../fake.mts";
import { starting } from "../start.mts";
import { until } from "../until.mts";

/**
 * If $HOLD names a folder, a stand-in creates a FIFO there, named by its process id, and waits
 * until somebody opens it for writing.
 */
const held = '[ -z "$HOLD" ] || { mkfifo "$HOLD/$$"; : <"$HOLD/$$"; rm "$HOLD/$$"; }';

/** Stand-ins that keep domains as files. A domain exists as soon as `vagrant up` has started. */
export const programs = {
  vagrant: `prefix=$(sed -n "s/.*default_prefix = '\\(.*\\)'/\\1/p" Vagrantfile | head -n 1)
case $1 in
  up)
    mkdir -p .vagrant/machines/a/libvirt
    echo 5e >.vagrant/machines/a/libvirt/id
    [ -e "$DOMAINS/$prefix"a ] || echo - >"$DOMAINS/$prefix"a
    ${held}
    yes 'a line of what Vagrant says' | head -n 3000
    date +%N >"$DOMAINS/$prefix"a ;;
  ssh-config) ${held}; printf 'Host a\\n  HostName 192.168.121.5\\n' ;;
  destroy) ${held}; rm -f "$DOMAINS/$prefix"a ;;
esac`,
  virsh: `case "$*" in
  *pool-list*) ${held} ;;
  *domstate*) test -e "$DOMAINS/\${5##* }" ;;
  *undefine*) for name; do :; done; rm -f "$DOMAINS/$name" ;;
  *dominfo*)
    name=\${*##*dominfo } name=\${name%%;*}
    if [ -e "$DOMAINS/$name" ]; then printf 'Id: %s\\nName: %s\\n\\n' "$(cat "$DOMAINS/$name")" "$name"
    else echo "error: failed to get domain '$name'" >&2; exit 1; fi ;;
esac
true`,
  ssh: `cat >/dev/null; ${held}; case "$*" in *'sh -s -- '*) cat '${root}/test/guests/fine.txt' ;; esac`,
  // the probe's script arrives on standard input; the real shell runs everything else
  sh: `[ "$*" = -s ] || exec /bin/sh "$@"; cat >/dev/null; cat '${root}/test/hosts/vm-without-gpu.txt'`,
};

/**
 * The process group of a process (proc(5), /proc/PID/stat: the fifth value; the second one, in
 * brackets, may contain any characters); undefined if the process has ended.
 */
function groupOf(process: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/${process}/stat`, "utf8").replace(/.*\) /s, "").split(" ")[2]);
  } catch {
    return undefined;
  }
}

/**
 * Releases a stand-in that waits at this FIFO. If it does not wait yet, or no longer, a later call
 * releases it.
 */
export function letGo(fifo: string): void {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (error) {
    if (!["ENXIO", "ENOENT"].includes((error as NodeJS.ErrnoException).code!)) throw error;
  }
}

/** When and how a command is stopped. */
export interface Stop {
  /** The number of the step, from 1, in which it is stopped. */
  at: number;
  name: NodeJS.Signals;
}

/** A lab of one machine with one service, in a new folder. */
export function lab() {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-signals-"));
  const domains = join(folder, "domains");
  const hold = join(folder, "hold");
  for (const made of [domains, hold]) mkdirSync(made);
  writeFileSync(
    join(folder, "homelab-gpu.yaml"),
    "machines: [{name: a, box: lab/x, cpus: 2, memory: 1024}]\nservices: {web: {image: x}}\n",
  );
  const env: NodeJS.ProcessEnv = { ...standIns(folder, programs), DOMAINS: domains, HOLD: "", VAGRANT_HOME: folder };
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR"]) delete env[name];
  const words = (command: string) => [
    ...starting,
    `${root}/homelab-gpu.mts`,
    command,
    ...(["up", "destroy"].includes(command) ? ["--yes"] : []),
  ];

  const groups = (): number[] =>
    (JSON.parse(readFileSync(join(folder, ".homelab-gpu/lock"), "utf8")).steps ?? []).map((
      { group }: { group: number },
    ) => group);
  /** Whether the lock records that process group: one of an earlier, killed step does not count. */
  const noted = (group: number): boolean => groups().includes(group);
  /** The process group, recorded in the lock, of the step that a killed run left. */
  const left = (): number => groups().at(-1)!;

  /**
   * Runs a command. With `stop`, each stand-in waits until its step is known, and one in that step
   * waits for the signal.
   */
  async function run(command: string, stop?: Stop): Promise<{ code: number | null; said: string }> {
    // a file has everything printed before a stand-in began to wait; a pipe may still have unread
    // text
    const log = join(folder, "said");
    const file = openSync(log, "w");
    const child = spawn(process.execPath, words(command), {
      cwd: folder,
      env: { ...env, HOLD: stop ? hold : "" },
      stdio: ["ignore", file, file],
    });
    closeSync(file);
    const said = () => readFileSync(log, "utf8");
    let over = false;
    const ended = new Promise<number | null>((resolve) =>
      child.on("exit", (code) => {
        over = true;
        resolve(code);
      })
    );
    if (stop) {
      const step = () => [...said().matchAll(/^homelab-gpu: (\d+)\/\d+ (?!done)/gm)].at(-1)?.[1] ?? "0";
      await until(`step ${stop.at} of ${command}`, () => {
        if (over) throw new Error(`no stand-in waited in step ${stop.at}: ${said()}`);
        const [waiting] = readdirSync(hold);
        if (waiting && Number(step()) === stop.at) {
          // one of the step before may have ended since its name was read
          const group = groupOf(waiting);
          return group !== undefined && noted(group);
        }
        if (waiting) letGo(join(hold, waiting));
        return false;
      });
      process.kill(child.pid!, stop.name);
    }
    return { code: await ended, said: said() };
  }

  /** Releases all waiting stand-ins. */
  const release = () => readdirSync(hold).forEach((name) => letGo(join(hold, name)));

  return { folder, env, words, run, release, left };
}
