// doctor of a host that OpenSSH logs in to: this machine, through a server on 127.0.0.1.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";
import { until } from "../until.mts";

const test = suite("a host over ssh");
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-ssh-"));
const file = (name: string) => join(work, name);
let server: ChildProcess;
let port = 0;
let env: NodeJS.ProcessEnv = process.env;

const freePort = () =>
  new Promise<number>((resolve) => {
    const one = createServer().listen(0, "127.0.0.1", () => {
      const { port } = one.address() as { port: number };
      one.close(() => resolve(port));
    });
  });

/** The client's configuration: the alias gpubox, with a key and the known host keys of a file. */
const client = (key: string, known: string) =>
  writeFileSync(
    file("ssh_config"),
    `Host gpubox\n  HostName 127.0.0.1\n  Port ${port}\n  User root\n  IdentityFile ${file(key)}\n` +
      `  IdentitiesOnly yes\n  UserKnownHostsFile ${file(known)}\n  GlobalKnownHostsFile none\n`,
  );

const known = (name: string, key: string) =>
  writeFileSync(file(name), `[127.0.0.1]:${port} ${readFileSync(file(`${key}.pub`), "utf8")}`);

test.before(async () => {
  const tree = execFileSync("sh", [`${root}/test/tools/sshd.sh`], { encoding: "utf8" }).trim();
  for (const key of ["host", "other-host", "user", "other-user"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(key)]);
  }
  writeFileSync(file("authorized_keys"), readFileSync(file("user.pub")));
  // the server wants a user of its own and the folder /run/sshd; both exist only in its mount namespace
  writeFileSync(file("passwd"), `${readFileSync("/etc/passwd", "utf8")}sshd:x:65533:65534::/run/sshd:/bin/false\n`);
  writeFileSync(
    file("start.sh"),
    `set -eu
mount --bind '${file("passwd")}' /etc/passwd
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd
export LD_LIBRARY_PATH="$(dirname "$(find '${tree}' -name 'libwrap.so.0')")"
exec '${tree}/usr/sbin/sshd' -D -e -f '${file("sshd_config")}'
`,
  );
  chmodSync(work, 0o755);
  await until("the ssh server", async () => {
    if (server && server.exitCode === null) {
      return existsSync(file("log")) && /Server listening/.test(readFileSync(file("log"), "utf8"));
    }
    port = await freePort();
    writeFileSync(
      file("sshd_config"),
      `ListenAddress 127.0.0.1\nPort ${port}\nHostKey ${file("host")}\nAuthorizedKeysFile ${
        file("authorized_keys")
      }\n` +
        "PidFile none\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n" +
        "StrictModes no\n",
    );
    // it ends with this process
    server = spawn("setpriv", [
      "--pdeathsig",
      "TERM",
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-c",
      `exec sh '${file("start.sh")}' 2>'${file("log")}'`,
    ], { stdio: "ignore" });
    return false;
  });
  known("known", "host");
  known("changed", "other-host");
  writeFileSync(file("none"), "");
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  env = standIns(work, { ssh: `exec ${ssh} -F '${file("ssh_config")}' "$@"` });
});

test.after(() => {
  server.kill();
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
  const judged = doctor("--host", `ssh://root@gpubox:${port}/`);
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
