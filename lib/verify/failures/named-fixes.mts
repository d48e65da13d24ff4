/** Fits fixes to a log: the names of its message (a VM, a storage pool, a network), and Proxmox VE's commands. */
import type { Fix } from "../../findings.mts";
import type { Host } from "../../host/types.mts";
import { forHost } from "./host-fixes.mts";
import { forProxmox, isProxmox } from "./vms/proxmox-fixes.mts";

/** A kind of thing that a fix names, and where a message names it. */
interface Kind {
  /** How messages name it; the group is the name. */
  named: RegExp[];
  /** What a fix says instead of the name, and its replacement, in which `%` is the name. */
  replaced: [said: RegExp, replacement: string][];
}

/** A name that a shell reads as one word: others stay as they are in the fix. */
const word = String.raw`(\w[\w.-]{0,79})`;
const quote = String.raw`["'\u0060\u2018\u201c]`;

const kinds: Kind[] = [
  {
    named: [
      new RegExp(`storage pool(?: with matching name)? ${quote}${word}${quote}`, "i"),
      new RegExp(`\\bpool ${quote}${word}${quote}`, "i"),
      new RegExp(`Failed to (?:start|build|mark) pool ${word}$`, "im"),
    ],
    replaced: [
      // another pool has a folder of its own
      [
        /\bpool-define-as default dir --target \/var\/lib\/libvirt\/images\b/g,
        "pool-define-as % dir --target /var/lib/libvirt/%",
      ],
      [/(\bpool-[a-z-]{2,12} |\bvol-list |--pool |\bpool )default\b/g, "$1%"],
    ],
  },
  {
    named: [
      new RegExp(`network(?: with matching name)? ${quote}${word}${quote}`, "i"),
      new RegExp(`Failed to (?:start|create|destroy) network ${word}$`, "im"),
    ],
    replaced: [[/(\bnet-[a-z-]{2,14} |\bnetwork )default\b/g, "$1%"]],
  },
  {
    named: [
      new RegExp(`domain(?: with matching name)? ${quote}${word}${quote}`, "i"),
      new RegExp(`\\(vm=${quote}${word}${quote}\\)`),
      new RegExp(`Name ${quote}${word}${quote} of domain about to create`),
      new RegExp(`Failed to (?:start|create) domain ${word}$`, "im"),
      new RegExp(`Guest name ${quote}${word}${quote} is already in use`),
    ],
    replaced: [
      [/(\bvirsh (?:-c qemu:\/\/\/\w{1,8} )?[a-z-]{3,20} (?:--[a-z-]{2,20} )*)NAME\b/g, "$1%"],
      [/(\/var\/log\/libvirt\/qemu\/)NAME\b/g, "$1%"],
    ],
  },
  {
    named: [
      new RegExp(`virtual machine with name ${quote}${word}${quote}`, "i"),
      new RegExp(`virtual machine ${quote}${word}${quote}`, "i"),
      new RegExp(`^(?:\\S{2,30} : )?${quote}${word}${quote} (?:failed to|could not|cannot)`, "im"),
    ],
    replaced: [[/((?:-VM|-)Name )NAME\b/g, "$1%"]],
  },
  {
    named: [/\bqm(?:start| start| set| config)[ :](?:UPID\S{0,80}:)?(\d{3,9})\b/, /\b(?:start )?VM (\d{3,9})\b/],
    replaced: [[/(\bqm [a-z]{3,10} )ID\b/g, "$1%"]],
  },
  {
    named: [new RegExp(`Logical Volume "${word}" already exists`)],
    replaced: [[/\bVOLUME\b/g, "%"]],
  },
];

/** A longer log has the names of many things. Characters. */
const longest = 1 << 17;

/**
 * Returns the function that fits the fixes of an entry to a log: on Proxmox VE those for libvirt become its own.
 *
 * @param text the whole log
 * @param host the machine that wrote it
 */
export function fixesFor(text: string, host?: Host): (fixes: Fix[], shown: string) => Fix[] {
  const proxmox = isProxmox(text, host);
  return (fixes, shown) => {
    const fitting = proxmox ? fixes.map(forProxmox).filter((fix) => fix !== undefined) : fixes;
    const chosen = fitting.length > 0 ? fitting : fixes;
    return (host ? forHost(chosen, host, text) : chosen).map(namesFrom(shown, text.length <= longest ? text : ""));
  };
}

/**
 * Returns a function that puts the names of a message into a fix, which without it names `default` or has a
 * placeholder.
 *
 * @param line the lines that show the failure
 * @param text the whole log: a name counts if it is the only one there
 */
function namesFrom(line: string, text: string): (fix: Fix) => Fix {
  const found = kinds.flatMap(({ named, replaced }) => {
    const name = named.map((pattern) => pattern.exec(line)?.[1]).find((one) => one !== undefined) ??
      onlyName(named, text);
    return name === undefined || name === "default" ? [] : [{ name, replaced }];
  });
  const put = (part: string) =>
    found.reduce(
      (whole, { name, replaced }) =>
        replaced.reduce(
          (so, [said, replacement]) => so.replace(said, replacement.replaceAll("%", name)),
          whole,
        ),
      part,
    );
  if (found.length === 0) return (fix) => fix;
  return (fix) => ({ ...fix, title: put(fix.title), command: fix.command === null ? null : put(fix.command) });
}

/** The name that a log has for a thing; undefined if it has none, or several. */
function onlyName(named: RegExp[], text: string): string | undefined {
  const names = new Set(
    named.flatMap((pattern) =>
      [...text.matchAll(new RegExp(pattern.source, `${pattern.flags}g`))].map(([, name]) => name!)
    ),
  );
  return names.size === 1 ? [...names][0] : undefined;
}
