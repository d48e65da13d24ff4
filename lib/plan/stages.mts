/** Which steps run side by side. */
import type { Step } from "./types.mts";

/** A step, with its place among all of them from 0. */
export interface ScheduledStep {
  step: Step;
  at: number;
}

/**
 * Steps → stages that come one after the other, each with its lanes that run side by side, each with its steps in order. A step that names
 * no lane is a stage by itself.
 */
export function scheduleOf(steps: Step[]): ScheduledStep[][][] {
  const stages: Map<string | undefined, ScheduledStep[]>[] = [];
  for (const [at, step] of steps.entries()) {
    const last = stages.at(-1);
    const stage = last && step.queue !== undefined && !last.has(undefined)
      ? last
      : new Map<string | undefined, ScheduledStep[]>();
    if (stage !== last) stages.push(stage);
    stage.set(step.queue, [...(stage.get(step.queue) ?? []), { step, at }]);
  }
  return stages.map((stage) => [...stage.values()]);
}

/** Steps of one machine or box, in a lane of its name. */
export function inQueue(queue: string, steps: Step[]): Step[] {
  return steps.map((step) => ({ ...step, queue }));
}

/** Machines and boxes have steps in common. */
export function uniqueSteps(steps: Step[]): Step[] {
  const words = steps.map(({ command }) => command.join(" "));
  return steps.filter((_, i) => words.indexOf(words[i]!) === i);
}
