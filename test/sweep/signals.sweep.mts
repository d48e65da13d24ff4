// The real script with stand-ins for Vagrant, libvirt and ssh, stopped by signals during each step: the next run goes on.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";
import { starting } from "../start.mts";

const test = suite("signals");

/** Stand-ins that take their time, and keep domains as files. A domain is there as soon as `vagrant up` has begun. */
const programs = {
  vagrant: `prefix=$(sed -n "s/.*default_prefix = '\\(.*\\)'/\\1/p" Vagrantfile | head -n 1)
case $1 in
  up)
    mkdir -p .vagrant/machines/a/libvirt
    echo 5e >.vagrant/machines/a/libvirt/id
    [ -e "$DOMAINS/$prefix"a ] || echo - >"$DOMAINS/$prefix"a
    sleep 0.4
    date +%N >"$DOMAINS/$prefix"a ;;
  ssh-config) sleep 0.4; printf 'Host a\\n  HostName 192.168.121.5\\n' ;;
  destroy) sleep 0.4; rm -f "$DOMAINS/$prefix"a ;;
esac`,
  virsh: `case "$*" in
  *vol-*) sleep 0.4 ;;
  *domstate*) test -e "$DOMAINS/\${5##* }" ;;
  *undefine*) for name; do :; done; rm -f "$DOMAINS/$name" ;;
  *dominfo*) cd "$DOMAINS" && for name in *; do
      [ -e "$name" ] && printf 'Id: %s\\nName: %s\\n\\n' "$(cat "$name")" "$name"
    done ;;
esac
true`,
  ssh: `cat >/dev/null; sleep 0.4; case "$*" in *'sh -s -- '*) cat '${root}/test/guests/fine.txt' ;; esac`,
};

/** A lab of one machine with one service, in a folder of its own. */
function lab() {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-signals-"));
  const domains = join(folder, "domains");
  mkdirSync(domains);
  writeFileSync(
    join(folder, "homelab-gpu.yaml"),
    "machines: [{name: a, box: lab/x, cpus: 2, memory: 1024}]\nservices: {web: {image: x}}\n",
  );
  const env: NodeJS.ProcessEnv = { ...standIns(folder, programs), DOMAINS: domains, VAGRANT_HOME: folder };
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR"]) delete env[name];
  const run = (command: string, signal?: { at: number; name: NodeJS.Signals }) =>
    new Promise<{ code: number | null; said: string }>((resolve, reject) => {
      const host = `--host=${root}/test/hosts/vm-without-gpu.txt`;
      const child = spawn(process.execPath, [...starting, `${root}/homelab-gpu.mts`, command, "--yes", host], {
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
  return { folder, run };
}

/** Stops a command in one of its steps, and sees the next runs do the rest. */
async function stopped(command: string, at: number, name: NodeJS.Signals): Promise<void> {
  const { folder, run } = lab();
  const fine = async (words: string, says: RegExp) => {
    const { code, said } = await run(words);
    assert.is(code, 0, `${words} after ${name} in step ${at} of ${command}: ${said}`);
    assert.match(said, says);
  };
  try {
    if (command === "destroy") await fine("up", /a is up/);
    const { code, said } = await run(command, { at, name });
    if (name !== "SIGKILL") {
      assert.is(code, 130, said);
      assert.match(said, /interrupted; the next run goes on from here/);
      assert.not.ok(existsSync(join(folder, ".homelab-gpu/lock")), "the lock is given back");
    }
    await fine(command, command === "up" ? /a is up/ : /done/);
    await fine(command, /nothing to do|there is nothing to remove/);
    if (command === "up") await fine("destroy", /Remove the VM a/);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const name of ["SIGINT", "SIGKILL"] as const) {
  for (const [command, steps] of [["up", 6], ["destroy", 2]] as const) {
    test(`${command}: ${name} during each of its ${steps} steps`, async () => {
      await Promise.all(Array.from({ length: steps }, (_, i) => stopped(command, i + 1, name)));
    });
  }
}

test.run();
