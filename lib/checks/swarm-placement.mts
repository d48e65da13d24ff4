/** Constraints of a service that no node of the Swarm meets, or that need a label that `up` does not set. */
import { texts } from "../compose/service.mts";
import type { ComposeService } from "../compose/types.mts";
import { type Constraint, constraintOf } from "../config/swarm-deploy.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { mapAt } from "../maps.mts";
import { guestWord } from "../render.mts";
import { self } from "../self.mts";
import { joinList, oneLine } from "../text.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";

/** What is known of a node, by the key of a constraint; other keys are not known before the node exists. */
type Node = Record<string, string>;

const isMet = (node: Node) => ({ key, equals, value }: Constraint): boolean =>
  node[key] === undefined || (node[key].toLowerCase() === value.toLowerCase()) === equals;

/**
 * The flaws of the constraints of a service, without its name. `nodes`: the names of the machines; the first one is the
 * manager.
 */
export function placementFlaws(service: ComposeService, nodes: string[]): ProjectFlaw[] {
  const deploy = mapAt(service, "deploy");
  const written = texts(mapAt(deploy, "placement").constraints);
  const constraints = written.flatMap((text) => constraintOf(text) ?? []);
  const all = nodes.map((name, i): Node => ({
    "node.hostname": name,
    "node.role": i === 0 ? "manager" : "worker",
    "node.platform.os": "linux",
    "node.platform.arch": "x86_64",
  }));
  if (all.length > 0 && !all.some((node) => constraints.every(isMet(node)))) {
    const alone = constraints.findIndex((one) => !all.some((node) => isMet(node)(one)));
    const at = alone < 0 ? written : [written[alone]!];
    const isGlobal = String(deploy.mode ?? "").startsWith("global");
    return [{
      status: isGlobal ? "warn" : "fail",
      message: `has the constraint${at.length > 1 ? "s" : ""} ${joinList(at)}, which no machine meets: it ${
        isGlobal ? "runs nowhere" : "would stay pending"
      }`,
      at: at[0]!,
      fix: manualFix(
        `The machines are ${joinList(nodes)}; ${nodes[0]} is the manager${
          nodes.length > 1 ? ", the others are workers" : ", and there is no worker"
        }: change the constraint`,
      ),
    }];
  }
  const labels = constraints.filter(({ key, equals }) =>
    equals && key.startsWith("node.labels.") && !key.startsWith("node.labels.homelab-gpu.")
  );
  const found = labels.map(({ key, value }) => ({ key, label: `${key.slice("node.labels.".length)}=${value}` }));
  return found.filter((one, i) => found.findIndex(({ label }) => label === one.label) === i).map(
    ({ key, label }): ProjectFlaw => {
      const item = `only on a node with the label ${oneLine(label)}`;
      const rest = () => ", which up does not set";
      return {
        status: "warn",
        message: `runs ${item}${rest()}`,
        at: key,
        fix: oneLine(label) === label
          ? commandFix(
            "Set it once the machines are in the Swarm",
            self(`ssh ${nodes[0]} -- sudo docker node update --label-add ${guestWord(label)} ${nodes[0]}`),
          )
          : manualFix("Write a label without line breaks or tabs"),
        fold: { kind: `label ${label}`, verb: ["runs", "run"], item, rest },
      };
    },
  );
}
