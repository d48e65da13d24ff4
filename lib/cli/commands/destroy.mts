import type { Config } from "../../config/types.mts";
import type { Step } from "../../plan/types.mts";
import { type Lab, type LabMachine, readLab } from "../../host/lab.mts";
import { readState, swarmAfter, unsureSwarm, writeState } from "../../host/state.mts";
import { dataRemoval, dropCopies, removal, returnCard } from "../../plan/vm-steps.mts";
import { UserError } from "../../errors.mts";
import { self } from "../../self.mts";
import { joinList } from "../../text.mts";
import { type Context, log } from "../context.mts";
import { loadConfig } from "../load-config.mts";
import { machinesOf, runWork } from "../machine-work.mts";
import { checkGpusReturned } from "../gpu-return.mts";

/**
 * `destroy [machine…]`: removes the machines, also those that the config has no longer; without
 * names everything of this lab in libvirt too. Boxes and downloads stay, for the next `up`.
 */
export async function destroy(context: Context): Promise<number> {
  const { shell, args, options } = context;
  const source = await loadConfig(context);
  const { folder, config } = source;
  const whole = args.length === 0;
  // no data disk is deleted that was not listed before the question
  let listed: string[] | undefined;
  const { code, ran } = await runWork(context, source, "destroy", {
    nothing: "there is nothing to remove",
    choose: (machines) => existingMachines(machines, options.data),
    steps: async (names, lab) => {
      if (options.data) requireSizes(lab);
      listed ??= dataDisksOf(lab, names).map(({ name }) => name);
      const copied = whole && (names.length > 0 || (await readState(shell, folder)).removing ||
        (await shell.list(`${folder}/verify`)).length > 0);
      return [
        ...(lab.swarm
          ? (await import("../../plan/swarm.mts")).leaveSteps(lab, names, context.on?.manager && config.sharedSwarm)
          : []),
        ...machinesOf(lab, names).flatMap(([name, machine]) => [
          ...(machine.state === "absent" ? [] : [removal(name, machine, `Remove the VM ${name}`)]),
          // removing the VM returns its card, unless the VM was gone already or that failed
          ...(machine.cardTaken ? [returnCard(name)] : []),
          ...(options.data && machine.data?.size !== undefined && listed?.includes(name)
            ? [dataRemoval(name, machine.data)]
            : []),
        ]),
        ...(copied ? copiesOf(context, config, lab) : []),
      ];
    },
    question: (names, lab) => {
      if (names.length === 0) return "Remove libvirt's copies of the boxes?";
      const disks = dataDisksOf(lab, names).map(({ text }) => `  ${options.data ? "goes: " : "stays:"} ${text}`);
      const list = [...disks, ...swarmEnd(names, lab)].map((line) => `\n${line}`).join("");
      const extent = disks.length === 0 || options.data ? "everything in" : "the system disk of";
      return `Remove ${names.join(", ")} and ${extent} ${names.length === 1 ? "it" : "them"}${
        list === "" ? "?" : `:${list}\nContinue?`
      }`;
    },
    action: (names) => names.length === 0 ? "destroy" : `destroy of ${names.join(", ")}`,
    before: async () => {
      const { swarm, ...state } = await readState(shell, folder);
      if (!whole && !swarm) return;
      await writeState(shell, folder, {
        ...state,
        ...(whole ? { removing: true as const } : {}),
        // a node that has left joins again by the next up, even if its VM is not removed after all
        ...(swarm ? { swarm: unsureSwarm(swarm) } : {}),
      });
    },
  });
  if (code !== 0 || context.options.dryRun) return code;
  const { removing: _, swarm, ...state } = await readState(shell, folder);
  const now = await readLab(shell, config, folder);
  const keptDisks = dataDisksOf(now, args.length === 0 ? Object.keys({ ...now.machines, ...now.orphans }) : args);
  for (const { text } of keptDisks) log(context, `kept: ${text}; to remove it: destroy --data`);
  const existing = existingMachines(Object.entries({ ...now.machines, ...now.orphans }));
  const returned = Object.keys(state.previousDrivers).filter((name) =>
    whole ? !existing.includes(name) : args.includes(name)
  );
  const back = await checkGpusReturned(context, source, returned);
  if (ran || returned.length > 0) {
    // the record stays until the card is seen on the host
    const all = back.every((status) => status === "pass");
    const left = swarmAfter(swarm, (swarm?.nodes ?? []).filter((name) => !existing.includes(name)));
    await writeState(shell, folder, {
      ...state,
      ...(left ? { swarm: left } : {}),
      proofs: only(state.proofs, (name) => existing.includes(name)),
      ...(state.upgrades ? { upgrades: only(state.upgrades, (name) => existing.includes(name)) } : {}),
      previousDrivers: only(state.previousDrivers, (name) => !all || !returned.includes(name)),
    });
    if (whole) await shell.remove(`${folder}/verify`);
  }
  return back.includes("fail") ? 1 : 0;
}

/** The names of machines that have a VM, or a card of the host, or with `data` a data disk. */
function existingMachines(machines: [string, LabMachine][], data = false): string[] {
  return machines.flatMap(([name, { state, cardTaken, data: disk }]) =>
    state === "absent" && !cardTaken && !(data && disk?.size !== undefined) ? [] : [name]
  );
}

/** The line about a Swarm whose manager is removed, if other nodes stay. */
function swarmEnd(names: string[], { swarm }: Lab): string[] {
  const others = swarm && names.includes(swarm.manager) ? swarm.nodes.filter((name) => !names.includes(name)) : [];
  return others.length === 0
    ? []
    : [`  ends:  the Swarm of ${swarm!.manager}, with its services on ${joinList(others)}`];
}

/** The data disks of machines, each described with its sizes. */
function dataDisksOf(lab: Lab, names: string[]): { name: string; text: string }[] {
  return machinesOf(lab, names).flatMap(([name, { data }]) => {
    if (data?.size === undefined) return [];
    const used = data.used === undefined ? "" : `, of which ${data.used} MiB are used`;
    return [{ name, text: `the data disk of ${name} (${data.volume}): ${Math.floor(data.size / 1024)} GiB${used}` }];
  });
}

/** Throws {@link UserError} if libvirt did not say which data disks there are. */
function requireSizes({ libvirtError }: Lab): void {
  if (libvirtError === undefined) return;
  throw new UserError(
    `libvirt does not say which data disks exist: ${libvirtError}\n  ${self("doctor provider.access")}`,
    1,
  );
}

function only<T>(of: Record<string, T>, keep: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(of).filter(([name]) => keep(name)));
}

/**
 * Steps that remove libvirt's copies of the boxes in the config, and of those that the VMs were created from. No
 * other provider has copies of its own.
 */
function copiesOf({ shell }: Context, { machines }: Config, lab: Lab): Step[] {
  if (shell.platform !== "linux") return [];
  const existing = Object.values({ ...lab.machines, ...lab.orphans });
  const inLibvirt = machines.filter(({ name, provider = "libvirt" }) =>
    (lab.machines[name]?.provider ?? provider) === "libvirt"
  );
  const boxes = [
    ...inLibvirt.map(({ box }) => box),
    ...existing.flatMap(({ boxName, provider = "libvirt" }) => boxName && provider === "libvirt" ? [boxName] : []),
  ];
  return [...new Set(boxes)].map(dropCopies);
}
