// doctor of a host that OpenSSH logs in to: this machine, through a server on 127.0.0.1.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { root, standIns } from "../fake.mts";
import { freePort, type SshServer, startSshd } from "../sshd.mts";

const test = suite("a host over ssh");
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-ssh-"));
const file = (name: string) => join(work, name);
let server: SshServer;
let env: NodeJS.ProcessEnv = process.env;

/** The client's configuration: the alias gpubox, with a key and the known host keys of a file. */
const client = (key: string, known: string) =>
  writeFileSync(
    file("ssh_config"),
    `Host gpubox\n  HostName 127.0.0.1\n  Port ${server.port}\n  User root\n  IdentityFile ${file(key)}\n` +
      `  IdentitiesOnly yes\n  UserKnownHostsFile ${file(known)}\n  GlobalKnownHostsFile none\n`,
  );

beforeAll(test, async () => {
  server = await startSshd(work, ["other-host", "other-user"]);
  server.known("known", "host");
  server.known("changed", "other-host");
  writeFileSync(file("none"), "");
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  env = standIns(work, { ssh: `exec ${ssh} -F '${file("ssh_config")}' "$@"` });
});

test.after(() => {
  server.process.kill();
  rmSync(work, { recursive: true, force: true });
});

function doctor(...words: string[]) {
  const { NODE_OPTIONS: _, ...rest } = env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      "--import",
      "tsx",
      "node_modules/zx/build/cli.js",
      "homelab-gpu.mts",
      "doctor",
      "--no-color",
      "--no-gpu",
      ...words,
    ],
    { cwd: root, env: rest, encoding: "utf8" },
  );
  return { code: status, out: stdout, err: stderr };
}

test("the probe of the far end is read, and nothing asks", () => {
  client("user", "known");
  const { out, err } = doctor("--host", "ssh://gpubox", "--save", "-");
  const pci = (text: string) => /^\[pci\]$[^[]*/m.exec(text)?.[0];
  const here = execFileSync("sh", [`${root}/scripts/probe-linux.sh`], { encoding: "utf8" });
  assert.match(out, /^homelab-gpu-probe \d+ linux\n/, err);
  assert.match(out, /\[end\]\n$/);
  assert.is(pci(out), pci(here));
  const judged = doctor("--host", `ssh://root@gpubox:${server.port}/`);
  assert.match(judged.err, /host: ssh:\/\/root@gpubox/);
  assert.match(judged.out, /^. Host +\d+ passed/m);
});

test("an unknown host key, another host key and a refused login are errors with what to do", () => {
  const refused: [key: string, known: string, text: RegExp][] = [
    ["user", "none", /does not know the host key of gpubox\n +log in once, and compare the key: ssh gpubox/],
    ["user", "changed", /the host key of gpubox has changed, so ssh refuses it/],
    ["other-user", "known", /cannot log in to gpubox without a password: .*Permission denied \(publickey\)/],
  ];
  for (const [key, hosts, text] of refused) {
    client(key, hosts);
    const before = readFileSync(file(hosts), "utf8");
    const { code, out, err } = doctor("--host", "ssh://gpubox");
    assert.equal([code, out], [1, ""], err);
    assert.match(err, text);
    assert.is(readFileSync(file(hosts), "utf8"), before, "no key is accepted");
  }
});

test("a host that does not answer", async () => {
  client("user", "known");
  const closed = await freePort();
  const { code, err } = doctor("--host", `ssh://root@127.0.0.1:${closed}`);
  assert.is(code, 1);
  assert.match(err, /ssh cannot reach root@127\.0\.0\.1: .*Connection refused\n +try it yourself: ssh -p \d+ root@127/);
});

test.run();
