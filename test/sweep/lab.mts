// The real script in a lab whose Vagrant, libvirt and ssh are stand-ins.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { root, standIns } from "../fake.mts";
import { starting } from "../start.mts";

/** Stand-ins that take their time, and keep domains as files. A domain is there as soon as `vagrant up` has begun. */
const programs = {
  vagrant: `prefix=$(sed -n "s/.*default_prefix = '\\(.*\\)'/\\1/p" Vagrantfile | head -n 1)
case $1 in
  up)
    mkdir -p .vagrant/machines/a/libvirt
    echo 5e >.vagrant/machines/a/libvirt/id
    [ -e "$DOMAINS/$prefix"a ] || echo - >"$DOMAINS/$prefix"a
    sleep "$PACE"
    yes 'a line of what Vagrant says' | head -n 3000
    date +%N >"$DOMAINS/$prefix"a ;;
  ssh-config) sleep "$PACE"; printf 'Host a\\n  HostName 192.168.121.5\\n' ;;
  destroy) sleep "$PACE"; rm -f "$DOMAINS/$prefix"a ;;
esac`,
  virsh: `case "$*" in
  *vol-*) sleep "$PACE" ;;
  *domstate*) test -e "$DOMAINS/\${5##* }" ;;
  *undefine*) for name; do :; done; rm -f "$DOMAINS/$name" ;;
  *dominfo*)
    name=\${*##*dominfo } name=\${name%%;*}
    if [ -e "$DOMAINS/$name" ]; then printf 'Id: %s\\nName: %s\\n\\n' "$(cat "$DOMAINS/$name")" "$name"
    else echo "error: failed to get domain '$name'" >&2; exit 1; fi ;;
esac
true`,
  ssh: `cat >/dev/null; sleep "$PACE"; case "$*" in *'sh -s -- '*) cat '${root}/test/guests/fine.txt' ;; esac`,
  // the probe's script comes on standard input; all else is the shell's
  sh: `[ "$*" = -s ] || exec /bin/sh "$@"; cat >/dev/null; cat '${root}/test/hosts/vm-without-gpu.txt'`,
};

/** A lab of one machine with one service, in a folder of its own; `pace` is how long each stand-in takes, in seconds. */
export function lab(pace = 0.4) {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-signals-"));
  const domains = join(folder, "domains");
  mkdirSync(domains);
  writeFileSync(
    join(folder, "homelab-gpu.yaml"),
    "machines: [{name: a, box: lab/x, cpus: 2, memory: 1024}]\nservices: {web: {image: x}}\n",
  );
  const env: NodeJS.ProcessEnv = {
    ...standIns(folder, programs),
    DOMAINS: domains,
    PACE: String(pace),
    VAGRANT_HOME: folder,
  };
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR"]) delete env[name];
  const words = (command: string) => [
    ...starting,
    `${root}/homelab-gpu.mts`,
    command,
    ...(["up", "destroy"].includes(command) ? ["--yes"] : []),
  ];
  const run = (command: string, signal?: { at: number; name: NodeJS.Signals }) =>
    new Promise<{ code: number | null; said: string }>((resolve, reject) => {
      const child = spawn(process.execPath, words(command), {
        cwd: folder,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let [said, sent] = ["", false];
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          said += text;
          if (sent || !signal || !new RegExp(`^homelab-gpu: ${signal.at}/\\d+ (?!done)`, "m").test(said)) return;
          sent = true;
          setTimeout(() => process.kill(child.pid!, signal.name), 250);
        });
      }
      child.on("exit", (code) => {
        if (signal && !sent) reject(new Error(`there was no step ${signal.at}: ${said}`));
        else resolve({ code, said });
      });
    });
  return { folder, env, words, run };
}
