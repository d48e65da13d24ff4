/** Which stages of a Dockerfile a build needs. */

/** A stage as far as other stages need it: its name in lower case, what it starts from, and what it copies from. */
export interface Stage {
  name?: string;
  image: string;
  copies: string[];
}

/** The index of the stage with a name or a number, of those before `before`; negative if there is none. */
export function stageAt(stages: Stage[], name: string, before: number): number {
  return /^\d+$/.test(name) && Number(name) < before
    ? Number(name)
    : stages.slice(0, before).findLastIndex((one) => one.name === name.toLowerCase());
}

/** The indexes of the stages that the last one, or `target`, needs, and whether the result starts from each of them. */
export function neededStages(stages: Stage[], target?: string): Map<number, boolean> {
  const found = new Map<number, boolean>();
  const visit = (at: number, isFinal: boolean): void => {
    const stage = stages[at];
    if (!stage || found.get(at) === true || (found.has(at) && !isFinal)) return;
    found.set(at, isFinal);
    // a stage can start from an earlier one
    const earlier = stageAt(stages, stage.image, at);
    if (earlier >= 0) visit(earlier, isFinal);
    for (const one of stage.copies) visit(stageAt(stages, one, at), false);
  };
  visit(target === undefined ? stages.length - 1 : stageAt(stages, target, stages.length), true);
  return found;
}
