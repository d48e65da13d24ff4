/** Which steps run in parallel. */
import type { Step } from "./types.mts";

/** A step, with its index among all steps, from 0. */
export interface ScheduledStep {
  step: Step;
  at: number;
}

/**
 * Groups steps into stages that run one after the other. A stage has queues that run in parallel,
 * each with its steps in order. A step without a queue is a stage of its own.
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

/** The number of a step among those that are not minor, from 1; a minor one has that of the next such step. */
export function majorNumber(steps: Step[], at: number): number {
  return Math.min(steps.slice(0, at).filter(({ minor }) => !minor).length + 1, majorCount(steps));
}

/** How many steps are not minor. */
export const majorCount = (steps: Step[]): number => Math.max(1, steps.filter(({ minor }) => !minor).length);

/** Puts the steps of one machine or box into a queue of its name. */
export function inQueue(queue: string, steps: Step[]): Step[] {
  return steps.map((step) => ({ ...step, queue }));
}

/** Removes duplicates of steps that several machines or boxes share. */
export function uniqueSteps(steps: Step[]): Step[] {
  const words = steps.map(({ command }) => command.join(" "));
  return steps.filter((_, i) => words.indexOf(words[i]!) === i);
}
