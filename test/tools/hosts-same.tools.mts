// What commands print about machines on another host: the same as about machines of this one.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { programs } from "../sweep/lab.mts";
import { type Ended, type FarHost, farHost } from "./far-host.mts";

const test = suite("commands about another host");
let far: FarHost;

const state = ["engine:answers", "service:web running 0 0 none always homelab-gpu-web-1", "port:web 0.0.0.0 80 80/tcp"];

/** Answers as the VM does: its state, the log of a container, the proof. */
const ssh = `text=$(cat)
case "$*" in *' logs '*) echo "a line of the log"; exit ;; *' whoami') echo vagrant; exit ;; esac
case $text in *homelab-gpu-status*) printf '%s\\n' 'homelab-gpu-status 1' ${
  state.map((line) => `'${line}'`).join(" ")
} end:yes; exit ;; esac
${programs.ssh} | grep -v '^gpu-\\|^service:ml\\|^service:web' | sed 's|^end:yes|${state.slice(1).join("\\n")}\\n&|'`;
const vagrant = programs.vagrant.replace(
  "printf 'Host a\\n  HostName 192.168.121.5\\n'",
  `printf 'Host a\\n  HostName 192.168.121.5\\n  IdentityFile "%s/a key"\\n  LogLevel FATAL\\n' "$HOME"`,
).replace("destroy)", 'halt) rm "$DOMAINS/$prefix"a ;;\n  destroy)');

beforeAll(test, async () => {
  far = await farHost({ ssh, vagrant });
  for (const folder of ["far", "near"]) writeFileSync(far.file(`${folder}/a key`), "a secret key\n");
  far.config(
    "hosts: {gpubox: {ssh: root@gpubox}}\nmachines: [{name: a, host: gpubox, box: lab/x, cpus: 2, memory: 1024}]\n" +
      "services: {web: {image: x, ports: ['80:80']}}\n",
  );
});

test.after(() => far.end());

/** What a command printed, without what is known to differ: the names of folders, times, the lines about the host. */
const plain = ({ code, out, err }: Ended) =>
  `code ${code}\n${err}\n${out}`.replaceAll("/near/", "/far/").replaceAll(/\blab-[0-9a-f]{6}/g, "lab-x")
    .replaceAll(/\d+(\.\d+)? s\b/g, "N s").replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, "then")
    .replaceAll(/^homelab-gpu: (host: gpubox|waiting for) .*\n/gm, "")
    .replaceAll(/^ *from this machine, through gpubox: .*\n/gm, "")
    .replaceAll(/"provenAt": ".*"/g, "");

test("each command prints there what it prints here, and has the same exit code", async () => {
  const all = [
    ...["doctor -v", "status", "logs", "up --yes", "status --json", "verify", "logs web --tail 5", "ssh a -- whoami"],
    ...["plan", "prepare", "prepare --undo --yes", "upgrade -n", "down", "status", "ssh-config", "destroy --yes"],
  ];
  for (const command of all) {
    const [there, here] = await Promise.all([far.run(...command.split(" ")), far.near(...command.split(" "))]);
    assert.fixture(plain(there), plain(here), command);
  }
  far.nothingRanHere();
});

test("ssh-config goes through the host, with a copy of the key that only this user reads", async () => {
  assert.is((await far.run("up", "--yes")).code, 0);
  const { code, out, said } = await far.run("ssh-config");
  assert.is(code, 0, said);
  const key = far.file("lab/.homelab-gpu/keys/gpubox-a");
  assert.is(
    out,
    `Host a\n  HostName 192.168.121.5\n  IdentityFile ${key}\n  LogLevel FATAL\n  ProxyJump root@gpubox\n`,
  );
  assert.match(said, /the key of a is copied to .*keys\/gpubox-a\n/);
  assert.is(readFileSync(key, "utf8"), "a secret key\n");
  assert.equal([statSync(key).mode & 0o777, statSync(far.file("lab/.homelab-gpu")).mode & 0o777], [0o600, 0o700]);
  assert.is(readFileSync(far.file("lab/.homelab-gpu/.gitignore"), "utf8"), "*\n");
  assert.not.match((await far.run("ssh-config", "a")).said, /is copied/);
});

test("with that configuration the real ssh logs in through the host", async () => {
  // the server on 127.0.0.1 is the VM too
  writeFileSync(far.file("far/a key"), readFileSync(far.file("user")));
  const { out } = await far.run("ssh-config");
  const vm = out.replace("192.168.121.5", "127.0.0.1") +
    `  Port ${far.server.port}\n  User root\n  UserKnownHostsFile ${far.file("known")}\n`;
  far.client("known", vm);
  const said = execFileSync("ssh", ["-v", "-F", far.file("ssh_config"), "-o", "BatchMode=yes", "a", "echo $HOME"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  assert.is(said, `${far.file("far")}\n`);
  far.client("known");
});

test("status and up print how the services are reached from this machine", async () => {
  const line =
    "from this machine, through gpubox: ssh -N -L 8080:192.168.121.5:80 root@gpubox, then http://localhost:8080";
  for (const command of ["status", "up"]) assert.ok((await far.run(command)).out.includes(line), command);
});

test("init --host writes a config whose machine is on that host", async () => {
  const folder = far.file("lab/new");
  mkdirSync(folder);
  const path = "new/homelab-gpu.yaml";
  const { code, said } = await far.run("init", "--host", `ssh://root@gpubox:${far.server.port}`, "--config", path);
  assert.is(code, 0, said);
  const text = readFileSync(far.file(`lab/${path}`), "utf8");
  assert.match(
    text,
    /^hosts:\n {2}gpubox:\n {4}ssh: ssh:\/\/root@gpubox:\d+\nmachines:\n {2}- name: \w+\n {4}host: gpubox$/m,
  );
  assert.equal(parseConfig(text).host, { name: "gpubox", login: "root@gpubox", port: `${far.server.port}` });
  assert.match(said, /^(Next: |Before up, on gpubox:$)/m);
  assert.not.match(said, /on that host/);
  const planned = await far.run("plan", "--config", path);
  assert.match(planned.said, /host: gpubox \(ssh:\/\/root@gpubox:\d+\)/);
  assert.not.match(planned.said, /Error|^ +at /m);
});

test.run();
