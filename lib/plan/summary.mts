/** The summary of a plan in one line. */
import type { FileChange, Step } from "./types.mts";
import { counted, formatDuration } from "../text.mts";

/** The counts of a plan. */
export interface Summary {
  /** Files. */
  create: number;
  change: number;
  steps: number;
  /** Boxes to build. */
  boxes: number;
  /** Milliseconds that all steps took in their last runs; absent if one of them never ran. */
  lastTime?: number;
}

/** Counts files and steps. `took`: the milliseconds of earlier runs, by the title of a step. */
export function summaryOf(changes: FileChange[], steps: Step[], took: Record<string, number>): Summary {
  const times = steps.map(({ title }) => (Object.hasOwn(took, title) ? took[title] : undefined));
  return {
    create: changes.filter(({ change }) => change === "create").length,
    change: changes.filter(({ change }) => change === "update").length,
    steps: steps.length,
    boxes: steps.filter(({ title }) => title.startsWith("Build the box ")).length,
    ...(steps.length > 0 && times.every((time) => time !== undefined)
      ? { lastTime: times.reduce<number>((sum, time) => sum + time!, 0) }
      : {}),
  };
}

/** `17 files to create, 1 box to build, 9 steps: about 8 min, as last time`. */
export function summaryLine({ create, change, steps, boxes, lastTime }: Summary): string {
  const parts = [
    ...(create > 0 ? [`${counted(create, "file")} to create`] : []),
    ...(change > 0 ? [`${counted(change, "file")} to change`] : []),
    ...(boxes > 0 ? [`${boxes} box${boxes > 1 ? "es" : ""} to build`] : []),
    ...(steps > 0 ? [`${counted(steps, "step")} to run`] : []),
  ];
  if (parts.length === 0) return "Nothing to write, nothing to run.";
  const time = lastTime === undefined
    ? boxes > 0 ? ": some minutes, most of them to build the box" : ""
    : `: about ${formatDuration(lastTime)}, like last time`;
  return `${parts.join(", ")}${time}.`;
}
