// The real script in a lab whose Vagrant, libvirt and ssh are stand-ins.
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

/** Where $HOLD names a folder, a stand-in makes a FIFO in it, named by its process, and waits until somebody opens that to write. */
const held = '[ -z "$HOLD" ] || { mkfifo "$HOLD/$$"; : <"$HOLD/$$"; rm "$HOLD/$$"; }';

/** Stand-ins that keep domains as files. A domain is there as soon as `vagrant up` has begun. */
const programs = {
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
  // the probe's script comes on standard input; all else is the shell's
  sh: `[ "$*" = -s ] || exec /bin/sh "$@"; cat >/dev/null; cat '${root}/test/hosts/vm-without-gpu.txt'`,
};

/** The process group of a process (proc(5), /proc/PID/stat: the fifth value; the second, in brackets, may be anything). */
const groupOf = (process: string): number =>
  Number(readFileSync(`/proc/${process}/stat`, "utf8").replace(/.*\) /s, "").split(" ")[2]);

/** Lets a stand-in go on that waits there; one that is not there yet, or no more, is left to the next look. */
function letGo(fifo: string): void {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
  } catch (error) {
    if (!["ENXIO", "ENOENT"].includes((error as NodeJS.ErrnoException).code!)) throw error;
  }
}

/** When a command is to be stopped, and how. */
export interface Stop {
  /** During which of its steps, from 1. */
  at: number;
  name: NodeJS.Signals;
}

/** A lab of one machine with one service, in a folder of its own. */
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
  /** Whether the lock has that process group: a step that was killed before is nobody's. */
  const noted = (group: number): boolean => groups().includes(group);
  /** The process group of the step that a killed run left, by its lock. */
  const left = (): number => groups().at(-1)!;

  /** Runs a command; with `stop`, each stand-in is held until it is known to which step it belongs, and one of that step until the signal. */
  async function run(command: string, stop?: Stop): Promise<{ code: number | null; said: string }> {
    // a file has all that was said before a stand-in began to wait; of a pipe some might still be unread
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
        if (waiting && Number(step()) === stop.at) return noted(groupOf(waiting));
        if (waiting) letGo(join(hold, waiting));
        return false;
      });
      process.kill(child.pid!, stop.name);
    }
    return { code: await ended, said: said() };
  }

  /** Lets the stand-ins that wait go on. */
  const release = () => readdirSync(hold).forEach((name) => letGo(join(hold, name)));

  return { folder, env, words, run, release, left };
}
