import type { ExistingVm } from "../../host/types.mts";
import type { Resolved } from "../../resolve/types.mts";
import type { Host } from "../../host/types.mts";
import { checks, notesFor, runChecks } from "../../checks/index.mts";
import { programsToAsk } from "../../checks/needs.mts";
import { isJudged, notLookedAt } from "../../checks/unjudged.mts";
import { UserError } from "../../errors.mts";
import { parseHost } from "../../host/parse.mts";
import { countsByStatus, explainFindings, type Finding, isReady } from "../../findings.mts";
import { formatFindings } from "../print.mts";
import { type Context, log, selfFor, styleFor, withheldLines } from "../context.mts";
import { wrapMessage } from "../../text.mts";
import { readHere } from "../inspect.mts";
import { type HostReading, readHost } from "../host-reading.mts";
import { idsNamed, unknownCheck } from "../check-names.mts";
import { loadConfig, type LoadedConfig, requireFiles } from "../load-config.mts";
import { readFound } from "../found-files.mts";
import { readStacks } from "../projects.mts";
import { withModels } from "../project-models.mts";
import { withSwarmModels } from "../swarm-stacks.mts";
import { resolveConfig } from "../../resolve/resolve.mts";
import { factsFor, nextStep, quietLines, rowsOf, screenLines, topologiesOf, verboseLines } from "../screen.mts";
import { jsonText } from "../../urls.mts";

/** `doctor [check…]`: checks the config's machines on this host, or on a saved one. */
export async function doctor(context: Context): Promise<number> {
  const { shell, options, args } = context;
  const ids = checks.map(({ id }) => id);
  const unknown = args.find((word) => idsNamed(word, ids).length === 0);
  if (unknown !== undefined) throw new UserError(unknownCheck(`there is no check ${unknown}`, unknown, ids));
  const piped = options.save === "-" && !options.dryRun;
  if (piped && options.json) throw new UserError("--json and --save - both write to standard output: save to a file");
  // what is saved is whole
  const reader = readHost(context, options.save ? undefined : programsToAsk(args));
  const reading = loadConfig(context, () => reader.probe(true));
  const [source, probe, vms, , { stacks, unread }] = await Promise.all([
    reading,
    reader.probe(),
    // this host's VMs do not matter for a saved host
    reading.then((source) => (options.host ? {} : readExistingVms(context, source, reader))),
    reading.then((source) => (options.host || source.starter ? undefined : requireFiles(context, source))),
    reading.then((source) =>
      options.host ? readFound(context, source) : readStacks(shell, source).then((stacks) => ({ stacks, unread: [] }))
    ),
  ]);
  if (options.save && options.dryRun) log(context, `would save what the probe read: ${options.save}`);
  else if (piped) shell.stdout(probe);
  else if (options.save) {
    await shell.save(options.save, probe, (start) => start.startsWith("homelab-gpu-probe "));
    log(context, `saved what the probe read: ${options.save}`);
  }
  const host = parseHost(probe);
  const read = { gpu: options.gpu, here: !options.host };
  const plainly = resolveConfig(source.config, host, vms, stacks);
  const own = await withModels(shell, plainly, read);
  const { resolved, withheld } = await withSwarmModels(shell, own.resolved, read);
  const found = runChecks(host, { ...resolved, ...(await readHere(context, source)) }, args);
  const asked = unread.filter(({ check }) =>
    args.length === 0 || args.some((word) => idsNamed(word, ids).includes(check))
  );
  const findings = [...found, ...asked, ...notLookedAt(host, resolved, args, [...found, ...asked])];
  // a check that did not run is not a pass
  const ok = isJudged(findings) && isReady(findings);
  if (options.json) {
    const explained = explainFindings(findings, notesFor(host));
    const report = {
      schema: "homelab-gpu/doctor/2",
      host: plain(host),
      findings: explained,
      counts: countsByStatus(findings),
      ok,
    };
    shell.stdout(`${jsonText(report)}\n`);
  } else {
    const heads = [
      ...(context.on ? [] : [`config: ${source.name}${options.host ? `, host: ${options.host}` : ""}`]),
      ...withheldLines([...source.withheldServices, ...own.withheld, ...withheld]),
    ];
    for (const line of heads) log(context, line);
    const { columns } = shell.terminal;
    const above = heads.flatMap((line) => wrapMessage(line, columns, "homelab-gpu: ").split("\n"));
    const lines = reportLines(
      context,
      source,
      { host, resolved, findings },
      piped ? "err" : "out",
      rowsOf(above, columns),
    );
    if (lines.length > 0) (piped ? shell.stderr : shell.stdout)(`${lines.join("\n")}\n`);
  }
  return ok ? 0 : 1;
}

/**
 * The report for this terminal, below `above` lines: in full with `-v` and for named checks,
 * failures only with `-q`.
 */
function reportLines(
  context: Context,
  { starter }: LoadedConfig,
  { host, resolved, findings }: { host: Host; resolved: Resolved; findings: Finding[] },
  stream: "out" | "err",
  above: number,
): string[] {
  const { shell, options, args } = context;
  const style = { ...styleFor(context, stream, host), notes: notesFor(host) };
  if (options.quiet) return quietLines(findings, style);
  if (args.length > 0 && !options.verbose) return formatFindings(findings, { ...style, passes: true });
  const parts = {
    facts: factsFor(resolved, host),
    topology: topologiesOf(resolved, host, style.width),
    next: nextStep(findings, {
      self: (command) => selfFor(context, command),
      starter,
      elsewhere: options.host !== undefined,
    }),
    // the prompt takes one more
    rows: shell.terminal[stream] ? (shell.terminal.rows ?? 24) - above - 1 : undefined,
  };
  return options.verbose ? verboseLines(findings, parts, style) : screenLines(findings, parts, style);
}

async function readExistingVms(
  { shell }: Context,
  source: LoadedConfig,
  reader: HostReading,
): Promise<Record<string, ExistingVm>> {
  return await reader.beside(async (askHyperv) => {
    // a lab that was never brought up has no VMs
    if ((await shell.list(source.folder)).length === 0) return {};
    const { readLab, existingVmsOf } = await import("../../host/lab.mts");
    return existingVmsOf(await readLab(shell, source.config, source.folder, askHyperv));
  });
}

/** JSON knows neither maps nor big integers. */
function plain(host: object): unknown {
  return JSON.parse(
    JSON.stringify(
      host,
      (
        _,
        value,
      ) => (value instanceof Map
        ? Object.fromEntries(value)
        : typeof value === "bigint"
        ? `0x${value.toString(16)}`
        : value),
    ),
  );
}
