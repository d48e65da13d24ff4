// The cases of shell-contract.mts on the shell over ssh: this machine, through a server on 127.0.0.1, with several login
// shells, one of which prints something at each login.
import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { UserError } from "../../lib/errors.mts";
import { realShell } from "../../lib/run/shell.mts";
import { connect, type Link } from "../../lib/run/shell/ssh-link.mts";
import { shellOver } from "../../lib/run/shell/ssh-shell.mts";
import type { Shell } from "../../lib/shell.mts";
import { standIns } from "../fake.mts";
import { contractTests } from "../shell-contract.mts";
import { type SshServer, startSshd } from "../sshd.mts";
import { until } from "../until.mts";

const work = mkdtempSync(join(tmpdir(), "homelab-gpu-ssh-"));
const file = (name: string) => join(work, name);
const here = realShell();
let server: SshServer;

/** The logins with another shell than root's own: all are root, except for the last one. */
const shells = { fish: "/usr/bin/fish", tcsh: "/usr/bin/tcsh", ash: file("ash"), plain: "/bin/sh" };
const logins = Object.keys(shells) as (keyof typeof shells)[];
const uidOf = (login: string) => (login === "plain" ? 4242 : 0);

function client(more = ""): void {
  writeFileSync(
    file("ssh_config"),
    `Host gpubox jump\n  HostName 127.0.0.1\n  Port ${server.port}\n  IdentityFile ${file("user")}\n` +
      `  IdentitiesOnly yes\n  UserKnownHostsFile ${file("known")}\n  GlobalKnownHostsFile none\n${more}`,
  );
}

const linkTo = (login: string) => connect({ login }, (code, err) => `${code} ${err}`);

const start = suite("the server");
start("starts", async () => {
  execFileSync("ln", ["-s", "/bin/busybox", file("ash")]);
  for (const login of logins) {
    mkdirSync(file(`home-${login}/.config/fish`), { recursive: true });
    chownSync(file(`home-${login}`), uidOf(login), uidOf(login));
  }
  writeFileSync(file("home-fish/.config/fish/config.fish"), "echo hello of fish; echo noise >&2\n");
  const accounts = logins.map((login) =>
    `${login}:x:${uidOf(login)}:${uidOf(login)}::${file(`home-${login}`)}:${shells[login]}`
  );
  server = await startSshd(work, [], undefined, accounts);
  server.known("known", "host");
  client();
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  process.env.PATH = standIns(work, { ssh: `exec ${ssh} -F '${file("ssh_config")}' "$@"` }).PATH;
});
start.run();

for (const login of ["root", "fish", "tcsh", "ash"]) {
  const test = suite(`the contract of a shell, over ssh to ${login}`);
  let link: Link;
  let shell: Shell;
  beforeAll(test, async () => {
    link = await linkTo(`${login}@gpubox`);
    shell = shellOver(link, here);
  });
  test.after(() => link?.close());
  contractTests(test, () => shell);
  test("greets with the facts of the login", () => {
    assert.equal([link.home, link.uid], [login === "root" ? "/root" : file(`home-${login}`), 0]);
  });
  test.run();
}

const test = suite("logins");

test("a user who is not root has a home folder, and no rights elsewhere", async () => {
  const link = await linkTo("plain@gpubox");
  const shell = shellOver(link, here);
  assert.equal([link.home, link.uid], [file("home-plain"), 4242]);
  await shell.ensurePrivateDir(`${link.home}/homelab-gpu/x/.homelab-gpu`);
  await shell.write(`${link.home}/homelab-gpu/x/.homelab-gpu/f`, "mine");
  assert.is(await shell.read(`${link.home}/homelab-gpu/x/.homelab-gpu/f`), "mine");
  for (
    const act of [
      () => shell.write("/etc/homelab-gpu-test", ""),
      () => shell.create("/etc/homelab-gpu-test", ""),
      () => shell.ensurePrivateDir("/etc/homelab-gpu-test"),
      () => shell.read("/etc/shadow"),
    ]
  ) {
    const message = await act().then(() => "no error", (error: unknown) => {
      assert.instance(error, UserError);
      return (error as Error).message;
    });
    assert.match(message, /^cannot (write|create|read) \/etc\/[\w-]+: permission denied|no permission/);
  }
  assert.is((await shell.run(["sh", "-c", "echo x >/etc/homelab-gpu-test"], {})).code, 2);
  link.close();
});

test("through a jump host", async () => {
  client("Match host 127.0.0.1 originalhost gpubox\n  ProxyJump jump\n");
  const link = await linkTo("root@gpubox");
  const shell = shellOver(link, here);
  assert.is((await shell.capture(["sh", "-c", "echo there"])).out, "there\n");
  const seen: string[] = [];
  assert.is((await shell.run(["echo", "step"], { show: (text) => seen.push(text) })).code, 0);
  assert.is(seen.join(""), "step\n");
  link.close();
  client();
});

test("a login that is refused is an error, not a stack", async () => {
  for (const login of ["nobody-here@gpubox", "root@no-such-host.invalid"]) {
    const error = await linkTo(login).then(() => undefined, (error: unknown) => error);
    assert.instance(error, UserError, login);
  }
});

test("signs of life keep one waiting process there, and the end of the connection keeps none", async () => {
  const one = await linkTo("root@gpubox");
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

test("the close of a connection ends nothing of another one", async () => {
  const [one, two] = [await linkTo("root@gpubox"), await linkTo("root@gpubox")];
  try {
    const answer = shellOver(one, here).capture(["sh", "-c", "sleep 1; echo there"]);
    await new Promise((done) => setTimeout(done, 300));
    shellOver(two, here).close();
    assert.is((await answer).out, "there\n");
  } finally {
    one.close();
  }
});

test("a connection that is lost in the middle of a copy ends the program here, with an error", async () => {
  const link = await linkTo("root@gpubox");
  const shell = shellOver(link, here);
  const pid = file("pid");
  const words = link.command("true");
  const cut = () =>
    execFileSync("ssh", ["-S", words[words.indexOf("-S") + 1]!, "-O", "exit", "gpubox"], { stdio: "ignore" });
  const step = shell.run(["sh", "-c", `echo $$ >'${pid}'; while echo y; do sleep 0.05; done`], {
    here: true,
    output: file("copied"),
    started: () => Promise.resolve(void setTimeout(cut, 500)),
  });
  const error = await step.then(() => undefined, (error: unknown) => error);
  assert.instance(error, UserError);
  assert.match((error as Error).message, /the connection to root@gpubox was lost/);
  const id = readFileSync(pid, "utf8").trim();
  await until("the end of the program here", () => !existsSync(`/proc/${id}`));
  assert.not.ok(existsSync(file("copied")), "no half of a file");
});

test.after(() => {
  here.close();
  server.process.kill();
  rmSync(work, { recursive: true, force: true });
});

test.run();
