import type { Config } from "../../config/types.mts";
import type { ExistingVm } from "../../host/types.mts";
import type { Resolved } from "../../resolve/types.mts";
import type { Host } from "../../host/types.mts";
import { checks, notesFor, runChecks } from "../../checks/index.mts";
import { programsToAsk } from "../../checks/needs.mts";
import { isJudged, notLookedAt } from "../../checks/unjudged.mts";
import type { Stacks } from "../../compose/project.mts";
import { ConfigError, UserError } from "../../errors.mts";
import { parseHost } from "../../host/parse.mts";
import { countsByStatus, explainFindings, type Finding } from "../../findings.mts";
import { formatFindings } from "../print.mts";
import { type Context, log, selfFor, styleFor } from "../context.mts";
import { wrapMessage } from "../../text.mts";
import { readHere } from "../inspect.mts";
import { type HostReading, readHost } from "../host-reading.mts";
import { idsNamed, unknownCheck } from "../check-names.mts";
import { loadConfig, type LoadedConfig, requireFiles } from "../load-config.mts";
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
  const [source, probe, vms, , stacks] = await Promise.all([
    reading,
    reader.probe(),
    // this host's VMs do not matter for a saved host
    reading.then((source) => (options.host ? {} : readExistingVms(context, source, reader))),
    reading.then((source) => (options.host || source.starter ? undefined : requireFiles(context, source))),
    reading.then((source) => readFoundStacks(context, source)),
  ]);
  if (options.save && options.dryRun) log(context, `would save what the probe read: ${options.save}`);
  else if (piped) shell.stdout(probe);
  else if (options.save) {
    await shell.save(options.save, probe, (start) => start.startsWith("homelab-gpu-probe "));
    log(context, `saved what the probe read: ${options.save}`);
  }
  const host = parseHost(probe);
  const read = { gpu: options.gpu, here: !options.host };
  const unread = resolveConfig(source.config, host, vms, stacks);
  const { resolved } = await withSwarmModels(shell, (await withModels(shell, unread, read)).resolved, read);
  const found = runChecks(host, { ...resolved, ...(await readHere(context, source)) }, args);
  const findings = [...found, ...notLookedAt(host, resolved, args, found)];
  // a check that did not run is not a pass
  const ok = isJudged(findings) && !findings.some(({ status }) => status === "fail");
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
    const head = `config: ${source.name}${options.host ? `, host: ${options.host}` : ""}`;
    if (!context.on) log(context, head);
    const above = context.on
      ? 0
      : rowsOf(wrapMessage(head, shell.terminal.columns, "homelab-gpu: ").split("\n"), shell.terminal.columns);
    const lines = reportLines(context, source, { host, resolved, findings }, piped ? "err" : "out", above);
    if (lines.length > 0) (piped ? shell.stderr : shell.stdout)(`${lines.join("\n")}\n`);
  }
  return ok ? 0 : 1;
}

/** The stacks of a config. With a saved host, reads those that exist here and names the others. */
async function readFoundStacks(context: Context, source: LoadedConfig): Promise<Stacks> {
  const { shell, options } = context;
  try {
    return await readStacks(shell, source);
  } catch (error) {
    if (!options.host || !(error instanceof ConfigError)) throw error;
    log(context, `not checked, because it could not be read:\n${error.message.replace(/^homelab-gpu: /, "")}`);
    const { stacks, services, swarm, ...rest } = source.config;
    const parts: Partial<Config>[] = [
      { services },
      ...stacks.map((stack) => ({ stacks: [stack] })),
      ...(swarm?.stacks ?? []).map((stack) => ({ swarm: { ...swarm!, stacks: [stack] } })),
    ];
    const read = await Promise.all(
      parts.map((part) =>
        readStacks(shell, { ...source, config: { ...rest, stacks: [], services: [], ...part } }).catch(
          (one): Stacks => {
            if (one instanceof ConfigError) return { own: [], inSwarm: [] };
            throw one;
          },
        )
      ),
    );
    return { own: read.flatMap(({ own }) => own), inSwarm: read.flatMap(({ inSwarm }) => inSwarm) };
  }
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
