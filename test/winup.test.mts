// Whole commands on a simulated Windows: they use only what Windows has, and no POSIX shell.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { destroy } from "../lib/cli/commands/destroy.mts";
import { down } from "../lib/cli/commands/down.mts";
import { ssh } from "../lib/cli/commands/ssh.mts";
import { status } from "../lib/cli/commands/status.mts";
import { up } from "../lib/cli/commands/up.mts";
import { verify } from "../lib/cli/commands/verify.mts";
import { UserError } from "../lib/errors.mts";
import type { Context } from "../lib/cli/context.mts";
import { fakeShell, options as noOptions, own, root } from "./fake.mts";

const test = suite("winup");
const folder = `${process.cwd()}/.homelab-gpu`;
const id = "8d1f54b9-0001-4b3a-9f3c-1a2b3c4d5e6f";
const config = `machines:
  - {name: a, box: lab/x, image: {file: ./ubuntu-24.04.box}, cpus: 2, memory: 1024, gpu: {device_id: 2786}}
services:
  ml: {image: "nvidia/cuda:12.4.1-base-ubuntu22.04", command: sleep infinity, gpu: 1}
`;
const guest = (driver: string) =>
  "homelab-gpu-verify 1\nkernel:6.8.0-50-generic\nexpected:nvidia\ndxg:yes\ndxgkrnl-loaded:yes\ndxgkrnl-built:yes\n" +
  `driver:${driver}\nsmi:0\nsmi-gpu:GPU 0: NVIDIA GeForce RTX 4070\ntoolkit:1.18.1\ncdi:nvidia.com/gpu=all\n` +
  "engine:docker\nengine-state:running\nengine-version:28.2.2\nservice:ml running 0 0 none no homelab-gpu-ml-1\n" +
  "gpu-ml:0\ngpu-found-ml:GPU 0: NVIDIA GeForce RTX 4070\nend:yes\n";

/** A Windows host with one lab: the state of its VM, its driver, and all commands that were run. */
function windows() {
  const world = {
    vm: "none" as "none" | "Off" | "Running",
    since: 0,
    address: "172.20.1.5",
    probe: own("test/hosts/windows-11-pro-rtx4070.txt"),
    ran: [] as string[],
    /** PowerShell processes that this program started: questions and steps. */
    powershells: 0,
  };
  const { shell, disk, said } = fakeShell({
    "homelab-gpu.yaml": config,
    [`${process.cwd()}/ubuntu-24.04.box`]: "a box",
  });
  const read = shell.read;
  const inside = () => disk.get("guest's driver") ?? "none";
  Object.assign(shell, {
    platform: "win32",
    read: async (path: string) =>
      (await read(path)) ??
        (path.startsWith(root) && /\/(templates|scripts)\/[^/]+$/.test(path) && !path.startsWith(folder)
          ? own(path.slice(root.length + 1))
          : undefined),
    remove: (path: string) => {
      for (const name of [...disk.keys()]) if (name === path || name.startsWith(`${path}/`)) disk.delete(name);
      return Promise.resolve();
    },
    capture: (command: string[], { input = "" }: { input?: string } = {}) => {
      // status asks the machine, which does not answer here
      if (command[0] === "ssh") return Promise.resolve({ ok: false, code: 255, out: "", err: "" });
      assert.is(command[0], "powershell.exe", command.join(" "));
      world.powershells++;
      const probe = command.at(-1)!.includes("Invoke-Expression");
      if (probe && world.probe === "") return Promise.resolve({ ok: false, code: 1, out: "", err: "no WMI" });
      const addresses = world.vm === "Running" ? ["fe80::215:5dff:fe01:203", world.address] : [];
      const state = world.vm === "none"
        ? "{}"
        : JSON.stringify({ [id]: { state: world.vm, cpus: 2, memory: 1024, since: String(world.since), addresses } });
      return Promise.resolve({
        ok: true,
        code: 0,
        out: probe ? world.probe + (input.includes("Get-VM |") ? `homelab-gpu-vms:${state}\n` : "") : state,
        err: "",
      });
    },
    interactive: (command: string[]) => {
      world.ran.push(command.join(" "));
      return Promise.resolve(0);
    },
    run: (command: string[], { output }: { output?: string }) => {
      const [program, verb] = command;
      if (program === "powershell.exe") world.powershells++;
      world.ran.push(`${program} ${program === "powershell.exe" ? command[command.indexOf("-File") + 1] : verb}`);
      const own = `${folder}/.vagrant/machines/a/hyperv`;
      let out = "";
      if (program === "vagrant" && verb === "up") {
        Object.assign(world, { vm: "Running", since: world.since + 1 });
        if (/gpu_assigned/.test(disk.get(`${folder}/Vagrantfile`)!)) disk.set(`${folder}/cards/a.txt`, "PCI\\VEN_10DE");
        disk.set(`${own}/id`, id);
        disk.set(
          `${own}/box_meta`,
          JSON.stringify({ version: `${/~> (1\.\d+)/.exec(disk.get(`${folder}/Vagrantfile`)!)![1]}.0` }),
        );
      } else if (program === "vagrant" && verb === "halt") world.vm = "Off";
      else if (program === "vagrant" && verb === "destroy") world.vm = "none";
      else if (verb === "ssh-config") out = `Host a\n  HostName ${world.address}\n`;
      else if (command.includes("hyperv_gpu.ps1")) disk.delete(`${folder}/cards/a.txt`);
      else if (command.includes("scripts/copy-driver.ps1")) {
        disk.set("guest's driver", /32\.0\.15\.9174/.test(world.probe) ? "591.74" : "595.10");
      } else if (program === "ssh" && output) out = guest(inside());
      if (output) disk.set(output, out);
      return Promise.resolve({ code: 0, tail: [] });
    },
  });
  const does = async (command: (context: Context) => Promise<number>) => {
    world.ran = [];
    world.powershells = 0;
    said.length = 0;
    try {
      return await command({ shell, options: { ...noOptions, yes: true }, args: [], passthroughArgs: [] });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      said.push(error.message);
      return error.code;
    }
  };
  return { world, disk, said, does };
}

test("up, up again, another driver in Windows, down, up and destroy work without any shell", async () => {
  const { world, said, does, disk } = windows();
  assert.is(await does(up), 0, said.join(""));
  assert.equal(world.ran, [
    "packer init",
    "packer build",
    "vagrant box",
    "vagrant up",
    "vagrant ssh-config",
    "powershell.exe scripts/copy-driver.ps1",
    ...["ssh -F", "ssh -F", "ssh -F", "ssh -F"],
  ]);
  assert.match(said.join(""), /a is up at 172\.20\.1\.5/);
  assert.match(disk.get(`${folder}/compose/a.yaml`)!, /nvidia\.com\/gpu=all/);
  assert.is(await does(up), 0);
  assert.equal(world.ran, [], said.join(""));

  world.probe = world.probe.replaceAll("32.0.15.9174", "32.0.15.9510");
  assert.is(await does(verify), 1);
  assert.match(said.join(""), /the host has driver 595\.10, but the guest has 591\.74/);
  assert.is(await does(up), 0, said.join(""));
  assert.is(world.ran[0], "powershell.exe scripts/copy-driver.ps1");
  assert.is(await does(verify), 0, said.join(""));

  assert.is(await does(status), 0);
  assert.match(said.join(""), /a: running · 172\.20\.1\.5 · 2 CPUs, 1024 MiB/);
  assert.is(await does(down), 0);
  assert.equal([world.ran, world.vm], [["vagrant halt"], "Off"]);
  assert.is(await does(up), 0, said.join(""));
  assert.equal(world.ran.slice(0, 2), ["vagrant up", "vagrant ssh-config"]);
  assert.is(await does(destroy), 0, said.join(""));
  assert.equal([world.ran, world.vm], [["vagrant destroy"], "none"]);
  assert.is(disk.get(`${folder}/ssh/a`), undefined);
  assert.is(await does(destroy), 0);
  assert.equal(world.ran, [], "nothing to remove");
});

test("up builds the box from the publisher's cloud image where there is no box, and only once", async () => {
  const { world, said, does, disk } = windows();
  disk.set("homelab-gpu.yaml", config.replace("{file: ./ubuntu-24.04.box}", "ubuntu-24.04"));
  world.probe = world.probe.replace(/^qemu-img:.*\n/m, "");
  assert.is(await does(up), 1);
  assert.match(said.join(""), /missing: qemu-img \(converting/);
  assert.match(said.join(""), /winget install --exact --id SoftwareFreedomConservancy\.QEMU/);
  assert.equal(world.ran.filter((line) => /packer|vagrant/.test(line)), []);

  world.probe = own("test/hosts/windows-11-pro-rtx4070.txt");
  assert.is(await does(up), 0, said.join(""));
  assert.equal(world.ran.slice(0, 6), [
    "packer init",
    "powershell.exe scripts/get-vhdx.ps1",
    "powershell.exe scripts/prepare-build.ps1",
    "packer build",
    "vagrant box",
    "vagrant up",
  ]);
  assert.is(await does(up), 0);
  assert.equal(world.ran, [], said.join(""));
});

test("after a restart of the host, status, ssh, verify and up use the VM's new address", async () => {
  const { world, said, does, disk } = windows();
  assert.is(await does(up), 0, said.join(""));
  Object.assign(world, { since: world.since + 1, address: "172.29.80.7" });
  assert.is(await does(status), 0);
  assert.match(said.join(""), /a: running · 172\.29\.80\.7/);
  assert.is(await does(ssh), 0);
  assert.equal(world.ran, ["ssh -F ssh/a -o HostName=172.29.80.7 a"]);
  assert.is(await does(verify), 0, said.join(""));
  assert.match(disk.get(`${folder}/ssh/a`)!, "HostName 172.29.80.7\n");
  Object.assign(world, { since: world.since + 1, address: "172.30.1.9" });
  assert.is(await does(up), 0, said.join(""));
  assert.is(world.ran[0], "vagrant ssh-config");
  assert.match(said.join(""), /a is up at 172\.30\.1\.9/);
  assert.is(await does(ssh), 0);
  assert.equal(world.ran, ["ssh -F ssh/a a"]);
});

test("a whole card whose VM is gone: up and destroy return it to the host first", async () => {
  const { world, said, does, disk } = windows();
  world.probe = own("test/hosts/windows-server-2025-dda.txt");
  disk.set("homelab-gpu.yaml", config.replace("2786}", "25b6, mode: passthrough}"));
  // its guest shows a partition of a card, so verify fails: only the steps count here
  await does(up);
  assert.ok(disk.has(`${folder}/cards/a.txt`));
  world.vm = "none";
  await does(up);
  const again = ["vagrant destroy", "powershell.exe hyperv_gpu.ps1", "vagrant up", "vagrant ssh-config"];
  assert.equal(world.ran.filter((line) => !/^packer|box/.test(line)).slice(0, 4), again);
  world.vm = "none";
  assert.is(await does(destroy), 0, said.join(""));
  assert.equal(world.ran, ["vagrant destroy", "powershell.exe hyperv_gpu.ps1"]);
  // stopped between the two
  disk.set(`${folder}/cards/a.txt`, "PCI\\VEN_10DE");
  assert.is(await does(destroy), 0, said.join(""));
  assert.equal(world.ran, ["powershell.exe hyperv_gpu.ps1"]);
  disk.set(`${folder}/cards/gone.txt`, "PCI\\VEN_10DE");
  assert.is(await does(status), 0);
  assert.match(said.join(""), /gone: not created · no longer in the config/);
});

test("each command starts few PowerShell processes", async () => {
  const { world, said, does } = windows();
  const count = async (command: (context: Context) => Promise<number>) => {
    assert.is(await does(command), 0, said.join(""));
    return world.powershells;
  };
  // up that creates, up again, status, down, up that starts; a step of a box's build is one each
  const counts = [await count(up), await count(up), await count(status), await count(down), await count(up)];
  assert.equal(counts, [4, 1, 1, 2, 4]);
});

test("a probe that fails does not hide the VMs from status", async () => {
  const { world, said, does } = windows();
  assert.is(await does(up), 0, said.join(""));
  world.probe = "";
  assert.is(await does(status), 0, said.join(""));
  assert.match(said.join(""), /a: running · 172\.20\.1\.5/);
  assert.is(world.powershells, 2);
});

test("nothing runs while the doctor fails", async () => {
  const { world, said, does, disk } = windows();
  world.probe = own("test/hosts/windows-11-not-elevated.txt");
  assert.is(await does(up), 1);
  assert.equal(world.ran, []);
  assert.match(said.join(""), /no permission to use Hyper-V/);
  assert.not.ok([...disk.keys()].some((path) => path.startsWith(folder)), "and nothing is written");
});

test.run();
