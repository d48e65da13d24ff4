// Inside WSL: the probe says so, and `up` is refused with the line to run in Windows.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { fromWsl } from "../lib/checks/from-wsl.mts";
import { up } from "../lib/cli/commands/up.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { UserError } from "../lib/errors.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, options as noOptions, own, root } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("wsl");
const config = "machines:\n  - {name: a, box: lab/x, image: ubuntu-24.04, gpu: {device_id: 2786}}\n";

test("up is refused before anything runs, with the line for Windows and its reason", async () => {
  const { shell, disk, asked, said } = fakeShell({
    "/mnt/c/Users/O'Brien/lab/homelab-gpu.yaml": config,
    [`${root}/scripts/probe-linux.sh`]: "probe-linux.sh",
    [`${root}/scripts/probe-windows.ps1`]: "probe-windows.ps1",
  }, {
    "sh -s": { out: own("test/hosts/wsl2-ubuntu.txt") },
    "powershell.exe": { out: own("test/hosts/windows-11-pro-rtx4070.txt") },
  });
  const before = [...disk.keys()];
  const options = { ...noOptions, config: "/mnt/c/Users/O'Brien/lab/homelab-gpu.yaml", yes: true };
  const code = await up({ shell, options, args: [], passthroughArgs: [] }).catch((error: Error) => {
    assert.instance(error, UserError);
    said.push(error.message);
    return (error as UserError).code;
  });
  const text = said.join("").replace(/\s+/g, " ");
  assert.is(code, 1, text);
  assert.match(text, "Vagrant's Hyper-V provider must run in Windows, not in WSL");
  assert.match(text, String.raw`cd 'C:\Users\O''Brien\lab'; npm.cmd ci; npx.cmd zx homelab-gpu.mts up`);
  assert.equal([...disk.keys()], before, "nothing is written");
  assert.equal(asked.filter((command) => !/^sh -s|^powershell\.exe|^virsh -q -c \S+ dominfo/.test(command)), []);
});

test("a lab in WSL's own file system is copied first; Docker is named for those who need no VM", () => {
  const titles = (folder?: string) => fromWsl(folder).map(({ title, command }) => [title, command]);
  const [[title, command], other] = titles("/home/ada/lab/.homelab-gpu") as [[string, string], [string, null]];
  assert.match(title, /^Copy the config and this program to a folder of Windows/);
  assert.is(command, "cd 'C:\\lab'; npm.cmd ci; npx.cmd zx homelab-gpu.mts up");
  assert.match(other[0], "Docker in WSL can use the GPU without a VM");
  const older = fromWsl(undefined, "4.4.0-26100-Microsoft")[1]!.title;
  assert.match(older, /Docker in WSL 2 can .*: this is WSL 1, which has no Linux kernel/);
  assert.is(fromWsl(undefined, "5.15.153.1-microsoft-standard-WSL2")[1]!.title, other[0]);
  assert.equal(titles("/mnt/d/.homelab-gpu")[0]![1], "cd 'D:\\'; npm.cmd ci; npx.cmd zx homelab-gpu.mts up");
  assert.equal(titles("/mnt/wsl/x/.homelab-gpu"), titles());
});

test("the line repeats how this program was started, if Windows can start it in the same way", () => {
  const line = (started: string) => {
    process.env.HOMELAB_GPU_COMMAND = started;
    try {
      return fromWsl("/mnt/c/lab/.homelab-gpu")[0]!.command;
    } finally {
      delete process.env.HOMELAB_GPU_COMMAND;
    }
  };
  assert.is(line("node tools/homelab-gpu.mjs"), "cd 'C:\\lab'; node tools/homelab-gpu.mjs up");
  assert.is(line("npx zx ../homelab-gpu.mts"), "cd 'C:\\lab'; npm.cmd ci; npx.cmd zx ../homelab-gpu.mts up");
  for (const unknown of ["node ~/dotfiles/homelab-gpu.mjs", "node '/home/a b/homelab-gpu.mjs'", "lab"]) {
    assert.is(line(unknown), "cd 'C:\\lab'; npm.cmd ci; npx.cmd zx homelab-gpu.mts up");
  }
});

test("in WSL without Windows' programs, and with another provider, the same reason is given", () => {
  const host = savedHost("wsl2-ubuntu");
  const found = (provider: string) =>
    runChecks(host, resolveConfig(parseConfig(`machines: [{name: a, box: x, provider: ${provider}, gpu: {}}]`), host), [
      "provider.host",
    ])[0]!;
  assert.is(found("hyperv").evidence[0]!.value, "Windows (WSL)");
  assert.match(found("hyperv").fix[0]!.command!, "npx.cmd");
  assert.is(found("libvirt").status, "fail");
  assert.is(found("libvirt").fix[0]!.command, null);
});

test.run();
