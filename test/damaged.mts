// Damaged texts of saved hosts.
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import type { Config } from "../lib/config/types.mts";
import { UserError } from "../lib/errors.mts";
import { parseHost } from "../lib/host/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { topologyLines } from "../lib/cli/topology.mts";
import { own, random } from "./fake.mts";
import { hostNames, savedHost } from "./hosts.mts";

const guarded = ["iommu.enabled", "iommu.group"];

/** A text with a few random changes. */
function damaged(text: string, dice: ReturnType<typeof random>): string {
  let lines = text.split("\n");
  for (let times = 1 + dice.below(4); times > 0; times--) {
    const at = dice.below(lines.length);
    const length = 1 + dice.below(dice.next() < 0.3 ? 60 : 3);
    switch (dice.below(6)) {
      case 0: // remove a line or a run of lines
        lines.splice(at, length);
        break;
      case 1: // repeat them in another place
        lines.splice(dice.below(lines.length), 0, ...lines.slice(at, at + length));
        break;
      case 2: // move them
        lines.splice(dice.below(lines.length), 0, ...lines.splice(at, length));
        break;
      case 3: // cut the text off
        if (dice.next() < 0.3) lines = lines.slice(0, at);
        break;
      case 4: // cut a line off
        lines[at] = (lines[at] ?? "").slice(0, dice.below((lines[at] ?? "").length + 1));
        break;
      default: { // change a byte
        const line = lines[at] ?? "";
        const byte = dice.below(line.length + 1);
        lines[at] = line.slice(0, byte) + String.fromCharCode(dice.below(256)) + line.slice(byte + 1);
      }
    }
  }
  return lines.join("\n");
}

interface Whole {
  name: string;
  text: string;
  config: Config;
  /** The guarded checks that fail on the undamaged host. */
  failed: string[];
}
const wholes = new Map<string, Whole>();

/** A saved host without damage, judged once. */
function whole(name: string): Whole {
  const known = wholes.get(name);
  if (known) return known;
  const gpu = /^gpu: (.*)$/m.exec(own(`test/hosts/${name}.findings`))![1];
  const config = parseConfig(`machines: [{name: vm, box: lab/x, memory: 1024, gpu: ${gpu}}]`);
  const host = savedHost(name);
  const failed = runChecks(host, resolveConfig(config, host), guarded).filter(({ status }) => status === "fail");
  const made = { name, text: own(`test/hosts/${name}.txt`), config, failed: failed.map(({ check }) => check) };
  wholes.set(name, made);
  return made;
}

/**
 * Examines this many damaged hosts: no check may throw, and no fail of the IOMMU or the group may
 * become a pass. Throws for the first that violates this; returns how many were refused for their
 * first line. `each` is called after each host.
 */
export function examineDamaged(variants: number, seed: number, each: () => void = () => {}): { refused: number } {
  const dice = random(seed);
  let refused = 0;
  for (let i = 0; i < variants; i++) {
    const { name, text, config, failed } = whole(hostNames[i % hostNames.length]!);
    const variant = damaged(text, dice);
    try {
      const host = parseHost(variant);
      const resolved = resolveConfig(config, host);
      const findings = runChecks(host, resolved);
      const shown = JSON.stringify(
        findings.map(({ check, message, evidence, fix }) => [check, message, evidence, fix]),
      );
      const wrong = shown.search(/\b(?:undefined|NaN|Infinity)\b|\[object |this check broke/);
      assert.is(wrong, -1, `${name}, variant ${i}: ${shown.slice(Math.max(0, wrong - 200), wrong + 200)}`);
      for (const { check, status, message } of findings) {
        assert.not(failed.includes(check) && status === "pass", `${name}, variant ${i}: ${check} passes: ${message}`);
      }
      for (const card of resolved.machines.flatMap(({ cards }) => cards)) topologyLines(card, host, 80);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused++;
    }
    each();
  }
  return { refused };
}
