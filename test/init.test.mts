// What `init` writes for the recorded hosts, and its message where it writes nothing.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../lib/cli/main.mts";
import { fakeShell, own, root } from "./fake.mts";

const test = suite("init");

/** Runs `init` on a recorded host. */
async function init(host: string, words: string[] = []) {
  const path = `test/hosts/${host}.txt`;
  const starter = "templates/homelab-gpu.yaml";
  const { shell, disk, said, printed } = fakeShell({ host: own(path), [`${root}/${starter}`]: own(starter) });
  const code = await main(["init", "--no-color", "--host", "host", ...words], shell);
  const err = said.filter((text) => !printed.includes(text)).join("");
  return { code, out: printed.join(""), err, disk };
}

test("of NVIDIA's cards none can be handed over: says why, and takes no other maker's chip", async () => {
  const board = await init("old-board-shared-group-debian11");
  assert.equal([board.code, board.disk.get("homelab-gpu.yaml")], [1, undefined]);
  assert.match(board.out, /^0000:01:00\.0 VGA controller 10de:1b80 cannot be handed over:\n✗ iommu\.group /);
});

test("writes a config although a failure waits for a reboot, and says what to do first", async () => {
  const server = await init("h200-server-ubuntu");
  assert.is(server.code, 0);
  assert.match(server.disk.get("homelab-gpu.yaml")!, /device_id: 2335\n {6}address: "0000:18:00\.0"/);
  assert.match(server.err, /chose 0000:18:00\.0 10de:2335.*; not 0000:2a:00\.0 10de:2335/);
  assert.match(server.err, /first: nvidia-persiste \(2211\) holds the card/);
  assert.match(server.err, /Stop NVIDIA's persistence daemon: systemctl stop nvidia-persistenced\n/);
});

test("of several makers' cards NVIDIA's come first, then AMD's; says which are left out", async () => {
  const laptop = await init("laptop-3d-controller-ubuntu");
  assert.equal([laptop.code, /vendor_id: 10de/.test(laptop.disk.get("homelab-gpu.yaml")!)], [0, true]);
  assert.match(laptop.disk.get("homelab-gpu.yaml")!, /ml-worker/);
  const radeon = await init("lab-two-identical-cards-one-chosen-by-its-address");
  assert.match(radeon.disk.get("homelab-gpu.yaml")!, /vendor_id: 1002/);
  assert.match(radeon.err, /the service ml-worker is left out: its image needs an NVIDIA card/);
});

test("a bus that could not be read is not one without a card", async () => {
  const wsl = await init("wsl2-ubuntu");
  assert.equal([wsl.code, /there is no graphics card/.test(wsl.err)], [1, false]);
  assert.match(wsl.out, /^✗ provider\.host \(devlab\): WSL is a part of Windows/);
  assert.match(wsl.out, /→ Run this in PowerShell on Windows/);
  assert.match(wsl.out, /\? gpu\.present .*: the PCI bus could not be read/);
  assert.match((await init("vm-without-gpu")).err, /there is no graphics card on this host/);
});

test("the commands that it tells are for the same config", async () => {
  const written = await init("rtx4070-desktop-debian12", ["--config", "sub/x y.yaml"]);
  assert.match(written.err, /; next: npx zx homelab-gpu\.mts up --config 'sub\/x y\.yaml'\n/);
  const refused = await init("vm-without-gpu", ["--config", "sub/x.yaml"]);
  assert.match(refused.err, /homelab-gpu\.mts init --no-gpu --config sub\/x\.yaml\n/);
});

test.run();
