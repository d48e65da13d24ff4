import { notesFor } from "../../checks/index.mts";
import { countsByStatus, explainFindings, type Finding, isReady } from "../../findings.mts";
import { makePlan } from "../../plan/plan.mts";
import { formatFinding, formatPlan, heading } from "../print.mts";
import { checkLines } from "../report.mts";
import { summaryLine, summaryOf } from "../../plan/summary.mts";
import { readDurations } from "../../run/durations.mts";
import { shellCommand } from "../../render.mts";
import { visible, wrap } from "../../text.mts";
import { diffFiles } from "../../run/steps.mts";
import { type Context, log, logConfig, styleFor, withheldLines } from "../context.mts";
import { inspect } from "../inspect.mts";
import { leftVms, logLeft, refuseOtherName } from "../moved.mts";
import { readTexts } from "../plan-texts.mts";
import { selectUpgrades, upgradeFindings } from "../upgrades.mts";
import { jsonText } from "../../urls.mts";

/** Whether a failed check is the cause of what stops a plan: without a card, none can be chosen. */
const isCauseOf = (one: Finding, stop: Finding) =>
  one.status === "fail" && (one.machine ?? stop.machine) === stop.machine &&
  (one.check === stop.check || one.check === "gpu.present" && stop.check === "gpu.match");

const together = "If a step fails, that is every VM that is not proven by then: to upgrade one alone, name it.";

/** What follows with a Swarm on several hosts: who is a node is known only then. */
const afterAll = (manager: string) =>
  `When the VMs of all hosts run: the machines that are no nodes yet join the Swarm of ${manager}, each node gets ` +
  "labels for its cards, and what has changed is deployed.";

const more = " -v shows every file and command.";

/** `plan [machine…]`: what `up` would write and run, or `upgrade`. Touches nothing. */
export async function plan(context: Context, upgrade = false): Promise<number> {
  const { shell, options } = context;
  const found = await inspect(context, undefined, context.args);
  const { loaded, resolved, host, lab } = found;
  const left = await leftVms(context, loaded, lab);
  refuseOtherName(context, loaded, left);
  const names = upgrade ? selectUpgrades(context, found) : found.names;
  const { files, steps, ownLines, ownArguments, findings: stops } = makePlan(
    resolved,
    host,
    lab,
    await readTexts(context, loaded.config),
    {
      recreate: options.recreate,
      pull: options.pull,
      upgrade,
      names,
    },
  );
  const changes = await diffFiles(context.shell, loaded.folder, files);
  const checked = upgrade ? upgradeFindings(found, names) : found.findings;
  const findings = [...checked, ...stops.filter((stop) => !checked.some((one) => isCauseOf(one, stop)))];
  const summary = summaryOf(changes, steps, await readDurations(shell, loaded.folder));
  const ok = isReady(findings);
  if (options.json) {
    const report = {
      schema: "homelab-gpu/plan/2",
      files: changes.map(({ path, change, text, secret }) => ({ path, change, text: secret ? null : text })),
      steps: steps.map(({ title, command, cwd = ".", here, managerHost }) => ({
        ...{ title, command, cwd },
        ...(here ? { here } : {}),
        ...(managerHost === undefined ? {} : { host: managerHost }),
      })),
      ...(ownLines.length > 0 ? { ownLines } : {}),
      ...(ownArguments.length > 0 ? { ownArguments } : {}),
      summary,
      findings: explainFindings(findings, notesFor(host)),
      counts: countsByStatus(findings),
      ok,
    };
    shell.stdout(`${jsonText(report)}\n`);
    return ok ? 0 : 1;
  }
  logConfig(context, loaded.name);
  logLeft(context, left);
  for (const line of withheldLines([...loaded.withheldServices, ...found.withheld])) log(context, line);
  const style = { ...styleFor(context, "out", host), notes: notesFor(host) };
  const shown = options.verbose ? steps : steps.filter(({ minor }) => !minor);
  const planned = formatPlan(loaded.folder, changes, shown, style, !options.verbose);
  const idle = steps.length === 0 && changes.every(({ change }) => change === "same");
  const warned = stops.filter(({ status }) => status === "warn").flatMap((finding) => formatFinding(finding, style));
  const lines = ok
    ? [
      ...planned,
      ...ownLines.flatMap(({ machine, text }) => [
        "",
        heading(`Your own lines in the block of ${machine} (libvirt:):`, style),
        ...text.split("\n").map((line) => `  ${visible(line)}`),
      ]),
      ...ownArguments.flatMap(({ stack, arguments: words }) => [
        "",
        heading(`Your own arguments for docker compose up of ${stack} (compose:):`, style),
        `  ${visible(words.map(shellCommand).join(" "))}`,
      ]),
      ...(warned.length > 0 ? ["", ...warned] : []),
      ...(upgrade
        ? [
          "",
          "A VM that is not proven gets its old box again. The box that is not needed is removed.",
          ...(names.length > 1 ? [together] : []),
        ]
        : []),
      ...(resolved.sharedSwarm && resolved.swarm ? ["", ...wrap(afterAll(resolved.swarm.manager), style.width)] : []),
      ...(idle
        ? []
        : ["", ...wrap(summaryLine({ ...summary, steps: shown.length }) + (options.verbose ? "" : more), style.width)]),
    ]
    // a plan and failures that are too long together: the failures get the whole screen
    : [...planned, "", "Fix this first:", ...checkLines(context, findings, host)];
  shell.stdout(`${lines.join("\n")}\n`);
  return ok ? 0 : 1;
}
