/** Known error texts of libvirt, QEMU, the kernel, Vagrant, Packer, Docker, NVIDIA → check and fix: as data. */
import type { Finding } from "../../findings.mts";
import type { Cause, Failure } from "./types.mts";
import { guestFailures } from "./guest.mts";
import { hostFailures } from "./host.mts";
import { hypervisorFailures } from "./hypervisor.mts";
import { packageFailures } from "./packages.mts";
import { plain } from "../../lines.mts";

/** The catalogue. Where two entries match one line the first of them counts: the particular before the general. */
export const failures: Failure[] = [...hostFailures, ...hypervisorFailures, ...guestFailures, ...packageFailures];

/**
 * What a log says went wrong: each failure once, by the line that told it first. The first of them is the likely cause,
 * and the later ones most often follow from it.
 */
export function likelyCauses(text: string): Cause[] {
  const seen = new Set<Failure>();
  const causes: Cause[] = [];
  for (const [i, raw] of text.split("\n").entries()) {
    const line = plain(raw);
    if (!any.test(line)) continue;
    const failure = failures.find(({ pattern }) => pattern.test(line));
    if (!failure || seen.has(failure)) continue;
    seen.add(failure);
    const { pattern, ...rest } = failure;
    causes.push({ ...rest, line: around(line, pattern), number: i + 1 });
  }
  return causes;
}

/** A cause as a finding, for those who print findings. */
export function asFinding({ check, says: message, fix, line, number }: Cause): Finding {
  return { check, machine: null, status: "fail", message, evidence: [{ read: `line ${number}`, value: line }], fix };
}

/** Whether a line is worth a closer look: all patterns in one, since most lines of a log match none. */
const any = new RegExp(failures.map(({ pattern }) => pattern.source).join("|"), "i");

/** The part of a line that tells, at most 200 characters; nothing in it can move the terminal's cursor. */
function around(line: string, pattern: RegExp): string {
  const start = line.length > 200 ? Math.max(0, line.search(pattern) - 60) : 0;
  return line.slice(start, start + 200).replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
}
