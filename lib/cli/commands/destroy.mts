import type { Config } from "../../config/types.mts";
import type { Step } from "../../plan/types.mts";
import { type Lab, type LabMachine, readLab } from "../../host/lab.mts";
import { readState, writeState } from "../../host/state.mts";
import { removal, returnCard } from "../../plan/vm-steps.mts";
import type { Context } from "../context.mts";
import { loadConfig } from "../load-config.mts";
import { machinesOf, runWork } from "../machine-work.mts";
import { checkGpusReturned } from "../gpu-return.mts";

/**
 * `destroy [machine…]`: removes the machines, also those that the config has no longer; without
 * names everything of this lab in libvirt too. Boxes and downloads stay, for the next `up`.
 */
export async function destroy(context: Context): Promise<number> {
  const { shell, args } = context;
  const source = await loadConfig(context);
  const { folder, config } = source;
  const whole = args.length === 0;
  const { code, ran } = await runWork(context, source, "destroy", {
    nothing: "there is nothing to remove",
    choose: existingMachines,
    steps: async (names, lab) => {
      const copied = whole && (names.length > 0 || (await readState(shell, folder)).removing ||
        (await shell.list(`${folder}/verify`)).length > 0);
      return [
        ...machinesOf(lab, names).flatMap(([name, machine]) => [
          ...(machine.state === "absent" ? [] : [removal(name, machine, `Remove the VM ${name}`)]),
          // removing the VM returns its card, unless the VM was gone already or that failed
          ...(machine.cardTaken ? [returnCard(name)] : []),
        ]),
        ...(copied ? copiesOf(context, config, lab) : []),
      ];
    },
    question: (names) =>
      names.length === 0
        ? "Remove libvirt's copies of the boxes?"
        : `Remove ${names.join(", ")} and everything in ${names.length === 1 ? "it" : "them"}?`,
    action: (names) => names.length === 0 ? "destroy" : `destroy of ${names.join(", ")}`,
    before: async () => {
      if (whole) await writeState(shell, folder, { ...(await readState(shell, folder)), removing: true });
    },
  });
  if (code !== 0 || context.options.dryRun) return code;
  const { removing: _, ...state } = await readState(shell, folder);
  const now = await readLab(shell, config, folder);
  const there = existingMachines(Object.entries({ ...now.machines, ...now.orphans }));
  const gone = Object.keys(state.previousDrivers).filter((name) => whole ? !there.includes(name) : args.includes(name));
  const back = await checkGpusReturned(context, source, gone);
  if (ran || gone.length > 0) {
    // the record stays until the card is seen on the host
    const all = back.every((status) => status === "pass");
    await writeState(shell, folder, {
      ...state,
      proofs: only(state.proofs, (name) => there.includes(name)),
      previousDrivers: only(state.previousDrivers, (name) => !all || !gone.includes(name)),
    });
    if (whole) await shell.remove(`${folder}/verify`);
  }
  return back.includes("fail") ? 1 : 0;
}

/** The names of machines that have a VM, or a card of the host. */
function existingMachines(machines: [string, LabMachine][]): string[] {
  return machines.flatMap(([name, { state, cardTaken }]) => (state === "absent" && !cardTaken ? [] : [name]));
}

function only<T>(of: Record<string, T>, keep: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(of).filter(([name]) => keep(name)));
}

/** Steps that remove libvirt's copies of the boxes. No other provider has copies of its own. */
function copiesOf({ shell }: Context, { machines }: Config, lab: Lab): Step[] {
  if (shell.platform !== "linux") return [];
  const inLibvirt = machines.filter(({ name, provider = "libvirt" }) =>
    (lab.machines[name]?.provider ?? provider) === "libvirt"
  );
  return [...new Set(inLibvirt.map(({ box }) => box))].map((box) => ({
    title: `Remove libvirt's copies of the box ${box}`,
    command: ["sh", "scripts/box-volumes.sh", "drop", box],
  }));
}
