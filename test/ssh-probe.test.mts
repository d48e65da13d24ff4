// A host over ssh, with an ssh that is recorded.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../lib/cli/main.mts";
import { sshFailure } from "../lib/cli/ssh-probe.mts";
import type { CommandResult } from "../lib/shell.mts";
import { fakeShell, own, root } from "./fake.mts";

const test = suite("a host over ssh");
const probe = own("test/hosts/rtx4070-desktop-debian12.txt");

/** Runs a command with an ssh that gives these answers, in order; the last one repeats. */
async function within(words: string[], ...answers: Partial<CommandResult>[]) {
  const scripts = ["templates/homelab-gpu.yaml", "scripts/probe-linux.sh", "scripts/probe-macos.sh"];
  const assets = Object.fromEntries(scripts.map((path) => [`${root}/${path}`, own(path)]));
  const { shell, said, printed } = fakeShell(assets);
  const commands: string[][] = [];
  const inputs: string[] = [];
  const capture: typeof shell.capture = (command, options = {}) => {
    if (command[0] !== "ssh") return shell.capture(command, options);
    commands.push(command);
    inputs.push(options.input ?? "");
    const answer = answers[Math.min(commands.length, answers.length) - 1]!;
    return Promise.resolve({ ok: (answer.code ?? 0) === 0, code: 0, out: "", err: "", ...answer });
  };
  const code = await main(words, { ...shell, capture });
  return {
    code,
    commands,
    inputs,
    out: printed.join(""),
    err: said.filter((text) => !printed.includes(text)).join(""),
  };
}

test("ssh asks nothing, and gets the host as an operand", async () => {
  const { code, commands, inputs, out } = await within(["doctor", "gpu.present", "--host", "ssh://me@gpubox:2222"], {
    out: probe,
  });
  assert.equal(commands, [[
    ...["ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-p", "2222", "--", "me@gpubox"],
    "env HOMELAB_GPU_ASK='' sh -s",
  ]]);
  assert.ok(inputs[0]!.endsWith(own("scripts/probe-linux.sh")));
  assert.is(code, 0);
  assert.match(out, /gpu\.present/);
});

test("the factor for time limits of a slow host reaches the probe there", async () => {
  process.env.HOMELAB_GPU_TIMEOUT_FACTOR = "7";
  try {
    const { commands: [command] } = await within(["doctor", "--host", "ssh://gpubox"], { out: probe });
    assert.match(command!.at(-1)!, /^env HOMELAB_GPU_TIMEOUT_FACTOR='7' .*sh -s$/);
  } finally {
    delete process.env.HOMELAB_GPU_TIMEOUT_FACTOR;
  }
});

test("an IPv6 address is given to ssh without brackets", async () => {
  const { commands: [command] } = await within(["doctor", "--host", "ssh://[fe80::1]"], { out: probe });
  assert.equal(command!.slice(-3, -1), ["--", "fe80::1"]);
});

test("text of the login shell before the probe is left out", async () => {
  const { out } = await within(["doctor", "--host", "ssh://gpubox", "--save", "-"], { out: `Welcome!\n${probe}` });
  assert.is(out, probe);
});

test("a Mac is read by its own probe; another system is an error", async () => {
  const mac = own("test/hosts/macos-apple-silicon.txt");
  const { commands, inputs, out } = await within(
    ["doctor", "--host", "ssh://mac", "--save", "-"],
    { out: "homelab-gpu-system Darwin\n" },
    { out: mac },
  );
  assert.is(commands.length, 2);
  assert.ok(inputs[1]!.endsWith(own("scripts/probe-macos.sh")));
  assert.is(out, mac);
  const bsd = await within(["doctor", "--host", "ssh://nas"], { out: "homelab-gpu-system FreeBSD\n" });
  assert.equal([bsd.code, bsd.commands.length], [1, 1]);
  assert.match(bsd.err, /nas runs FreeBSD: only Linux hosts and Macs can be read over ssh/);
});

test("what is no host name never reaches ssh", async () => {
  const names = ["-oProxyCommand=id", "a b", "a\nb", "me@", "a;id", "$(id)", "me@-x", "me@a@b", "a:99999", "a:0", ""];
  for (const name of names) {
    const { code, commands, err } = await within(["doctor", "--host", `ssh://${name}`], { out: probe });
    assert.equal([code, commands], [2, []], name);
    assert.match(err, /is not a host for ssh: write ssh:\/\/\[USER@\]HOST\[:PORT\]/);
  }
});

test("a failure of ssh says what to do", async () => {
  const failures: [Partial<CommandResult>, RegExp][] = [
    [{ code: 127 }, /the program ssh is missing: install the OpenSSH client/],
    [{ code: 255, err: "Host key verification failed.\n" }, /does not know the host key of me@gpubox/],
    [
      { code: 255, err: "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.\n" },
      /the host key of me@gpubox has changed/,
    ],
    [{ code: 255, err: "me@gpubox: Permission denied (publickey,password).\n" }, /without a password: .*Permission/],
    [
      { code: 255, err: "ssh: connect to host gpubox port 22: Connection refused\n" },
      /cannot reach me@gpubox: ssh: co/,
    ],
    [
      { code: 1, err: "'env' is not recognized as an internal or external command\n" },
      /did not run the probe.*\n.*--save/,
    ],
    [
      { code: 1, out: "homelab-gpu-probe 1 linux\n", err: "could not read /etc/x, which the probe needs\n" },
      /the probe of me@gpubox failed: could not read \/etc\/x, which the probe needs\n$/,
    ],
    [{ code: null, timedOut: true, err: "the probe of me@gpubox did not answer within 90 s" }, /did not answer within/],
  ];
  for (const [answer, text] of failures) {
    const { code, out, err } = await within(["doctor", "--host", "ssh://me@gpubox"], answer);
    assert.equal([code, out], [1, ""], err);
    assert.match(err, text);
  }
});

test("a login that starts no shell was reached, and the message says so", () => {
  const rows: [code: number, err: string, text: RegExp][] = [
    [1, "'exec' is not recognized as an internal or external command,\noperable program", /there: 'exec' is not recog/],
    [127, "sh: not found\n", /no shell started there: sh: not found\n.*: ssh -p 22 me@gpubox exec sh$/],
    [1, "", /no shell started there: it ended with code 1\n/],
  ];
  for (const [code, err, text] of rows) {
    const message = sshFailure("me@gpubox", "22", { code, err });
    assert.match(message, /^ssh logged in to me@gpubox, but no shell/);
    assert.match(message, text);
  }
});

test("commands that change a host refuse one over ssh", async () => {
  for (const words of [["up"], ["prepare", "--apply"]]) {
    const { code, commands } = await within([...words, "--host", "ssh://gpubox"], { out: probe });
    assert.equal([code, commands], [2, []]);
  }
});

test.run();
