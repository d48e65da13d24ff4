import { manualFix } from "../fixes.mts";
import type { Resolved } from "../resolve/types.mts";
import { fail, pass } from "./results.mts";
import type { Verdict } from "./types.mts";

/** The verdicts of gpu.exclusive: whether each card, and each IOMMU group, goes to one machine only. */
export function exclusiveVerdicts({ machines }: Resolved): Verdict[] {
  const requests = machines.flatMap((machine) =>
    machine.gpus.flatMap((request) => {
      const { match: choice } = request;
      return choice.kind === "card"
        ? [{
          machine: machine.name,
          mode: request.mode,
          card: choice.card.gpu,
          groups: choice.card.groups,
          all: choice.card,
        }]
        : [];
    })
  );
  if (requests.length === 0) return [];
  // virtual functions disappear with their physical function
  const takes = ({ all }: typeof requests[0]) => [...all.assignedFunctions, ...all.virtualFunctions];
  // partitions of one card, including virtual functions, may go to several machines; the GPUs of
  // one board must go to the same machine
  const clash = (a: typeof requests[0], b: typeof requests[0]) =>
    a.machine === b.machine
      ? a.card === b.card || a.all.virtualFunctions.includes(b.card) || b.all.virtualFunctions.includes(a.card)
      : (a.mode === "passthrough" || b.mode === "passthrough") && takes(a).some((fn) => takes(b).includes(fn));
  const twice = requests.flatMap((one, i) => {
    const first = requests.slice(0, i).find((other) => clash(one, other));
    return first ? [{ first, one }] : [];
  });
  const whole = requests.filter(({ mode }) => mode === "passthrough");
  const shared = whole.flatMap((one, i) => {
    const first = whole.slice(0, i).find((other) =>
      other.machine !== one.machine && !clash(other, one) && other.groups.some((group) => one.groups.includes(group))
    );
    return first ? [{ first, one }] : [];
  });
  if (twice.length + shared.length === 0) {
    return [pass("each card goes to one machine")];
  }
  const same = twice.map(({ first, one: { machine, card: { bdf } } }): Verdict => ({
    machine,
    ...fail(
      first.machine === machine
        ? `${machine} asks for ${bdf} twice`
        : first.card.bdf === bdf
        ? `${first.machine} and ${machine} both ask for ${bdf}: only one running VM can have a card`
        : `${first.machine} gets ${first.card.bdf} and ${machine} gets ${bdf}, which cannot be separated: only ` +
          "one running VM can have them",
      [],
      [manualFix("Give each its own card with address:, or remove gpu: from one of them")],
    ),
  }));
  // a group can be opened only once: the second open returns EBUSY (drivers/vfio/group.c,
  // vfio_group_fops_open)
  const joined = shared.map(({ first, one }): Verdict => {
    const groups = one.groups.filter((group) => first.groups.includes(group));
    return {
      machine: one.machine,
      ...fail(
        `${first.machine} gets ${first.card.bdf} and ${one.machine} gets ${one.card.bdf}, which share ${
          groups.length === 1 ? "group" : "groups"
        } ${groups.join(" and ")}: a group has one owner, so the VM that starts second fails`,
        [first, one].map(({ card: { bdf, group } }) => ({
          read: `/sys/bus/pci/devices/${bdf}/iommu_group`,
          value: group ?? "none",
        })),
        [
          manualFix("Give both cards to one machine, or remove gpu: from one of them"),
          manualFix("Or put one of the cards in another slot", { root: true, reboot: true }),
        ],
      ),
    };
  });
  return [...same, ...joined];
}
