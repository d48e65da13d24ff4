// The cases of shell-contract.mts on the shell over ssh: this machine, through a server on 127.0.0.1.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { realShell } from "../../lib/run/shell.mts";
import { connect, type Link } from "../../lib/run/shell/ssh-link.mts";
import { shellOver } from "../../lib/run/shell/ssh-shell.mts";
import type { Shell } from "../../lib/shell.mts";
import { standIns } from "../fake.mts";
import { contractTests } from "../shell-contract.mts";
import { type SshServer, startSshd } from "../sshd.mts";
import { until } from "../until.mts";

const test = suite("the contract of a shell, over ssh");
const work = mkdtempSync(join(tmpdir(), "homelab-gpu-ssh-"));
const file = (name: string) => join(work, name);
let server: SshServer;
let link: Link;
let shell: Shell;

test.before(async () => {
  server = await startSshd(work);
  server.known("known", "host");
  writeFileSync(
    file("ssh_config"),
    `Host gpubox\n  HostName 127.0.0.1\n  Port ${server.port}\n  User root\n  IdentityFile ${file("user")}\n` +
      `  IdentitiesOnly yes\n  UserKnownHostsFile ${file("known")}\n  GlobalKnownHostsFile none\n`,
  );
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  process.env.PATH = standIns(work, { ssh: `exec ${ssh} -F '${file("ssh_config")}' "$@"` }).PATH;
  link = await connect({ login: "gpubox" }, (code, err) => `${code} ${err}`);
  shell = shellOver(link, realShell());
});

test.after(() => {
  shell?.close();
  server.process.kill();
  rmSync(work, { recursive: true, force: true });
});

contractTests(test, () => shell);

test("greets with the facts of the login", () => {
  assert.equal([link.home, link.uid], ["/root", 0]);
});

test("signs of life keep one waiting process there, and the end of the connection keeps none", async () => {
  const one = await connect({ login: "gpubox" }, (code, err) => `${code} ${err}`);
  const session = execFileSync("ps", ["-o", "sid=", "-p", String(one.pid)], { encoding: "utf8" }).trim();
  const waiting = () =>
    spawnSync("ps", ["-o", "args=", "-s", session], { encoding: "utf8" }).stdout.match(/^sleep /gm)?.length ?? 0;
  try {
    one.tell("beat; beat; beat");
    await one.ask(":");
    await until("one process that waits", () => waiting() === 1);
  } finally {
    one.close();
  }
  await until("their end", () => waiting() === 0);
});

test.run();
