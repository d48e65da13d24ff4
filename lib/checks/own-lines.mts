import { manualFix } from "../fixes.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { fail, pass, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** Settings of vagrant-libvirt by which this program finds a VM, its disks and its network. */
const identifying = [
  "uri",
  "host",
  "username",
  "connect_via_ssh",
  "socket",
  "qemu_use_session",
  "default_prefix",
  "storage_pool_name",
  "management_network_name",
];

/** Settings that have a key in the config: the VM is compared with that key. */
const keys: Record<string, string> = {
  cpus: "cpus",
  memory: "memory",
  autostart: "autostart",
  driver: "accelerator",
  pci: "gpu",
};

/** Lines of Ruby that the user adds to a machine's block. */
export const ownLinesChecks: Check[] = [
  {
    id: "provider.lines",
    about: "whether the lines of libvirt: conflict with the settings that this program writes",
    why: "with some settings this program does not find the VM again",
    check: (_, { machines }) =>
      machines.flatMap((machine) =>
        machine.libvirt === undefined ? [] : [{ machine: machine.name, ...ownLines(machine, machine.libvirt) }]
      ),
  },
];

function ownLines({ provider }: ResolvedMachine, text: string): Verdict {
  const lines = text.trim().split("\n");
  const evidence = [{ read: "libvirt", value: lines.join("; ") }];
  if (provider !== "libvirt") {
    return warn(`the lines of libvirt: are ignored with ${provider}`, evidence, [
      manualFix("Remove libvirt:, or write provider: libvirt"),
    ]);
  }
  // `l.cpus = 4` and `l.pci domain: …`, not in a comment
  const set = [...text.matchAll(/(?:^|;)[ \t]*l\.(\w+)(?=[ \t]*=|[ \t(])/gm)].map(([, name]) => name!);
  const lost = set.find((name) => identifying.includes(name));
  if (lost !== undefined) {
    return fail(`l.${lost} is set by this program to find the VM, its disks and its network`, evidence, [
      manualFix(`Remove l.${lost} from libvirt:`),
    ]);
  }
  const setting = set.find((name) => Object.hasOwn(keys, name));
  if (setting !== undefined) {
    return fail(`the config has its own key for l.${setting}`, evidence, [
      manualFix(`Write ${keys[setting]}: for the machine, and remove l.${setting} from libvirt:`),
    ]);
  }
  return pass(`${lines.length === 1 ? "one line" : `${lines.length} lines`} of yours in its block`, evidence);
}
