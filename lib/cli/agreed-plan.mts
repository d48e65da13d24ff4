/** A plan, and a person's agreement to the data that it deletes. */
import { dataHolds, lostWith } from "../fixes.mts";
import { makePlan } from "../plan/plan.mts";
import type { Plan } from "../plan/types.mts";
import { confirmed } from "./confirm.mts";
import { type Context, log } from "./context.mts";
import { agreesToMove } from "./data-migration.mts";
import { inspect, type Inspection } from "./inspect.mts";
import { readTexts } from "./plan-texts.mts";

/**
 * The plan for an inspection, which is read again once the lock is held. Undefined if a VM would be recreated and a
 * person does not agree. `take` takes the lock.
 */
export async function agreedPlan(
  context: Context,
  first: Inspection,
  take: () => Promise<unknown>,
): Promise<{ plan: Plan; found: Inspection } | undefined> {
  const { loaded, names } = first;
  const texts = await readTexts(context, loaded.config);
  const { recreate, pull } = context.options;
  const options = { recreate, pull, names };
  const planOf = ({ resolved, host, lab }: Inspection) => makePlan(resolved, host, lab, texts, options);
  const plan = planOf(first);
  if (!(await agreesToLose(context, first, plan.replaces))) return undefined;
  if (!(await agreesToMove(context, first, plan.gainsData))) return undefined;
  if (plan.steps.length === 0) return { plan, found: first };
  // another run may have changed what was read before the lock was held, and the steps may start proven stacks again
  await take();
  const found = await inspect(context, loaded, context.args, "always");
  const again = planOf(found);
  const more = again.replaces.filter((name) => !plan.replaces.includes(name));
  const moved = again.gainsData.filter((name) => !plan.gainsData.includes(name));
  const agrees = await agreesToLose(context, found, more) && await agreesToMove(context, found, moved);
  return agrees ? { plan: again, found } : undefined;
}

/** Asks before VMs are recreated: lists what is deleted and what stays. */
export async function agreesToLose(
  context: Context,
  { resolved, lab }: Inspection,
  names: string[],
  command: "up --recreate" | "upgrade" = "up --recreate",
): Promise<boolean> {
  if (names.length === 0) return true;
  const [are, disks] = names.length === 1 ? ["is", "system disk"] : ["are", "system disks"];
  const replaced = resolved.machines.filter(({ name }) => names.includes(name));
  const dataOf = (name: string) => lab.machines[name]?.hardware?.dataVolume;
  const goes = replaced.map(({ name, engine }) => {
    const loss = dataOf(name) === undefined
      ? lostWith(engine)
      : `every file in the VM that is not in ${dataHolds(engine)}`;
    return `  goes:  the system disk of ${name}, with ${loss}\n`;
  });
  const stays = replaced.flatMap(({ name, engine }) =>
    dataOf(name) === undefined ? [] : [`  stays: the data disk of ${name}, with ${dataHolds(engine)}\n`]
  );
  const ends = lab.swarm && names.includes(lab.swarm.manager)
    ? `  ends:  the Swarm of ${lab.swarm.manager}, with its services; a new one starts when the VM is created\n`
    : "";
  const boxes = command === "upgrade"
    ? "  stays: the old box until the new one is proven; if it is not, the VM gets the old one again\n"
    : "";
  const question =
    `The VM of ${names.join(", ")} ${are} removed and created again.\n${goes.join("")}${ends}${stays.join("")}` +
    "  stays: the config and the folders of stacks on this host, downloads, built boxes\n" + boxes +
    `All data on the ${disks} is lost. Continue?`;
  if (await confirmed(context, question, `${command} of ${names.join(", ")}, which deletes the ${disks},`)) {
    return true;
  }
  log(context, "nothing was changed");
  return false;
}
