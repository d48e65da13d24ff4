// VMs on a host that the config has on another host: whether they moved, or both names lead to one host.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Context } from "../lib/cli/context.mts";
import { leftVms, logLeft, refuseOtherName } from "../lib/cli/moved.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { configOn } from "../lib/config/placed.mts";
import type { OtherHost } from "../lib/config/types.mts";
import { UserError } from "../lib/errors.mts";
import type { Lab, LabMachine } from "../lib/host/lab.mts";
import type { Away, Shell } from "../lib/shell.mts";
import { fakeShell, options } from "./fake.mts";

const test = suite("VMs that moved");
const text = `hosts: {alpha: {ssh: me@alpha}, beta: {ssh: me@beta}}
machines:
  - {name: one, host: alpha, box: lab/x}
  - {name: two, host: beta, box: lab/x}
  - {name: home, box: lab/x}
`;
/** What beta still has: the VM of a machine on alpha, of one on this machine, and of one that is in no config. */
const orphans = {
  one: { domain: "d", state: "running" },
  home: { domain: "d", state: "absent" },
  gone: { domain: "d", state: "off" },
} satisfies Record<string, LabMachine>;

/** What `up` on beta says, while alpha has that id, and this machine another one; undefined: alpha does not answer. */
async function said(alpha: string | undefined, has: Record<string, LabMachine> = orphans) {
  const here = fakeShell({ "/proc/sys/kernel/random/boot_id": "h\n", "/etc/machine-id": "h\n" }).shell;
  const shell: Shell = { ...here, away: { here, hostId: "b/b" } as Away };
  let output = "";
  here.stderr = shell.stderr = (line) => output += line;
  const loaded = { config: configOn(parseConfig(text), "beta"), text, name: "homelab-gpu.yaml" };
  const asked: string[] = [];
  const reach = (host: OtherHost | null) => {
    asked.push(host!.name);
    if (alpha === undefined) return Promise.reject(new UserError("no route to host"));
    const close = () => assert.unreachable("the connection is that of the run");
    return Promise.resolve({ ...here, away: { here, hostId: alpha } as Away, close });
  };
  const context: Context = { shell, options, args: [], passthroughArgs: [], on: { name: "beta", reach } };
  const left = await leftVms(context, loaded, { orphans: has } as unknown as Lab);
  let refused = "";
  try {
    refuseOtherName(context, loaded, left);
    logLeft(context, left);
  } catch (error) {
    refused = (error as Error).message;
  }
  return { asked, refused, lines: output.trim().split("\n") };
}

test("what moved is named with its old host and the command that removes it", async () => {
  const { asked, refused, lines } = await said("a/a");
  assert.equal([asked, refused], [["alpha"], ""]);
  assert.equal(lines, [
    "homelab-gpu: one is on alpha in the config, and its VM still exists on beta; to remove it: destroy beta/one",
    "homelab-gpu: home is on this machine in the config, and its data disk still exists on beta; to remove it: " +
    "destroy beta/home --data",
    "homelab-gpu: gone is no longer in the config, and its VM still exists; to remove it: destroy gone",
  ]);
});

test("another name of the same host is refused with its line, and nothing is said to be removable", async () => {
  const { refused, lines } = await said("b/b");
  assert.match(refused, /homelab-gpu\.yaml:4:\d+: alpha and beta are the same host[^]*host: alpha/);
  assert.equal(lines, [""]);
});

test("a host that does not answer is not known to be another one; without a moved VM no host is asked", async () => {
  const { refused, lines } = await said(undefined);
  assert.is(refused, "");
  assert.match(
    lines[0]!,
    /still exists on beta\. alpha does not answer: if alpha and beta are two hosts, to remove it: destroy beta\/one$/,
  );
  assert.equal((await said("b/b", { gone: orphans.gone })).asked, []);
});

test.run();
