/** Keys under `deploy` that only a swarm reads (compose-spec, deploy.md; docker/compose ignores them). */
import type { ComposeService } from "../compose/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { manualFix } from "../fixes.mts";
import { mapAt } from "../maps.mts";

const isSet = (value: unknown) => typeof value === "object" && value !== null && Object.keys(value).length > 0;

/** A constraint that any node of one machine meets. */
const anyNode = /^node\.(role\s*==\s*manager|platform\.os\s*==\s*linux|platform\.arch\s*==\s*x86_64)$/;

/** Whether the effect of a key of `placement` is missed. */
const isMissed = (key: string, value: unknown) =>
  key === "constraints" && Array.isArray(value)
    ? !value.every((one) => anyNode.test(String(one).trim()))
    : typeof value === "number" || isSet(value);

/** The keys of a service without an effect outside a swarm, where their effect is missed. */
export function swarmFlaws(service: ComposeService): ProjectFlaw[] {
  const { placement, labels } = mapAt(service, "deploy");
  const flaw = (item: string, rest: (several: boolean) => string, mend: string): ProjectFlaw => ({
    status: "warn",
    message: `has ${item}${rest(false)}`,
    at: `${item.split(".")[1]}:`,
    fix: manualFix(mend),
    fold: { kind: item, verb: ["has", "have"], item, rest: (_, several) => rest(several) },
  });
  return [
    ...(isSet(placement) && Object.entries(placement as object).some(([key, one]) => isMissed(key, one))
      ? [flaw(
        "deploy.placement",
        () => ", which only a swarm reads",
        "Remove it: machine: chooses the VM of the stack",
      )]
      : []),
    ...(isSet(labels)
      ? [flaw(
        "deploy.labels",
        (several) => `, which are not on ${several ? "their containers" : "its container"}: only a swarm reads them`,
        "Write them under labels: of the service",
      )]
      : []),
  ];
}
