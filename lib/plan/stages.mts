/** Which steps run side by side. */
import type { Step } from "./types.mts";

/** A step, with its place among all of them from 0. */
export interface Placed {
  step: Step;
  at: number;
}

/**
 * Steps → stages that come one after the other, each with its lanes that run side by side, each with its steps in order. A step that names
 * no lane is a stage by itself.
 */
export function stagesOf(steps: Step[]): Placed[][][] {
  const stages: Map<string | undefined, Placed[]>[] = [];
  for (const [at, step] of steps.entries()) {
    const last = stages.at(-1);
    const stage = last && step.lane !== undefined && !last.has(undefined)
      ? last
      : new Map<string | undefined, Placed[]>();
    if (stage !== last) stages.push(stage);
    stage.set(step.lane, [...(stage.get(step.lane) ?? []), { step, at }]);
  }
  return stages.map((stage) => [...stage.values()]);
}

/** Steps of one machine or box, in a lane of its name. */
export function inLane(lane: string, steps: Step[]): Step[] {
  return steps.map((step) => ({ ...step, lane }));
}

/** Machines and boxes have steps in common. */
export function once(steps: Step[]): Step[] {
  const words = steps.map(({ command }) => command.join(" "));
  return steps.filter((_, i) => words.indexOf(words[i]!) === i);
}
