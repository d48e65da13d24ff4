import { dirname, resolve } from "node:path";
import { isJudged } from "../../checks/unjudged.mts";
import { runChecks } from "../../checks/index.mts";
import { parseConfig } from "../../config/parse.mts";
import { hostEntry, starterFor, withHost } from "../../config/starter.mts";
import type { Config } from "../../config/types.mts";
import type { Resolved } from "../../resolve/types.mts";
import { UserError } from "../../errors.mts";
import type { Finding } from "../../findings.mts";
import { parseHost } from "../../host/parse.mts";
import type { Host } from "../../host/types.mts";
import type { PciFunction } from "../../host/pci-types.mts";
import { isIntegrated } from "../../host/pci.mts";
import { isNvidia } from "../../host/vendors.mts";
import { asset, schemaFor } from "../../plan/assets.mts";
import { resolveConfig } from "../../resolve/resolve.mts";
import { firstFew, visible, wrap } from "../../text.mts";
import { cardName } from "../card-name.mts";
import { bestOf, candidatesOf, hopelessOf, judgeCards, type Judged, stateOf, withoutCard } from "../choose-card.mts";
import { type Context, log, selfFor, styleFor } from "../context.mts";
import { refuseMisnamed } from "../load-config.mts";
import { readProbe } from "../probe.mts";
import { isSshUrl, loginOf } from "../ssh-probe.mts";
import { starterStack } from "../stack-here.mts";
import { formatFinding, formatNumbered } from "../print.mts";

/** `init`: writes a config for the card found here, and lists what is to do before `up`. It never overwrites one. */
export async function init(context: Context): Promise<number> {
  const { shell, options } = context;
  const path = options.config ?? "homelab-gpu.yaml";
  if ((await shell.fingerprint(path)) !== undefined) {
    throw new UserError(exists(context, path), 1);
  }
  if (options.config === undefined) await refuseMisnamed(shell);
  const host = parseHost(await readProbe(context));
  const starter = await asset(shell, "templates/homelab-gpu.yaml");
  const schema = await schemaFor(path);
  const judged = options.gpu ? judgeCards(starter, host) : [];
  const possible = candidatesOf(judged, host.pci);
  const chosen = await choose(context, possible, bestOf(possible, host.pci));
  // on a host that can never pass a card, the config has none
  const wrong = options.gpu && host.pci ? hopelessOf(starter, host) : [];
  const card = !options.gpu || wrong.length > 0 ? undefined : host.pci ? chosen?.card : "any";
  const { service } = options;
  const home = dirname(resolve(path));
  const stack = service === undefined || options.stack ? await starterStack(shell, home, options.stack) : undefined;
  const other = otherHost(context, host);
  const plain = starterFor(starter, card, host, schema.path, { service, stack });
  const text = other ? withHost(plain, other) : plain;
  const config = parseConfig(text, path);
  if (options.dryRun) shell.stdout(text);
  else {
    if (!(await shell.create(path, text))) throw new UserError(exists(context, path), 1);
    if (schema.text) {
      await shell.ensurePrivateDir(dirname(resolve(dirname(path), schema.path)));
      await shell.write(resolve(dirname(path), schema.path), schema.text);
      await shell.write(resolve(dirname(path), ".homelab-gpu/.gitignore"), "*\n");
    }
  }
  const names = config.services.map(({ name }) => name);
  const runs = [
    ...(names.length > 0 ? [`services: ${names.join(", ")}`] : []),
    ...(stack ? [`stack: ${stack.name} (${stack.path})`] : []),
  ];
  log(context, [`${options.dryRun ? "would write" : "wrote"} ${path} ${titleOf(card)}`, ...runs].join("; "));
  for (const line of reasonsFor(card, judged, chosen, host.pci)) log(context, line);
  // gpu.driver warns on every host that was not prepared
  for (const { check, message } of card ? chosen?.warnings ?? [] : []) {
    if (check !== "gpu.driver") log(context, `warning: ${check}: ${message}`);
  }
  if (options.gpu && card === undefined && wrong.length === 0) {
    const chips = judged.map((one) => `${one.card.bdf} ${cardName(one.card)} (${stateOf(one)})`);
    log(
      context,
      judged.some(({ never }) => never !== undefined)
        ? withoutCard(judged)
        : `this host has no graphics card${chips.length > 0 ? ` but ${firstFew(chips, 4).join("; ")}` : ""}`,
    );
  }
  for (const { message } of wrong) log(context, `this host cannot pass a card to a VM: ${message}`);
  if (typeof card === "object" && !isNvidia(card) && !stack) {
    log(
      context,
      "no service gets the card: the example that uses one needs CUDA; write gpu: 1 at a service whose image " +
        "supports this card",
    );
  }
  const findings = runChecks(host, await resolvedWith(context, config, text, path, host));
  const lines = todo(context, host, findings, other?.name);
  if (!options.quiet) shell.stderr(`${lines.join("\n")}\n`);
  return 0;
}

/** The entry in `hosts:` for a Linux host that was read over ssh; undefined for any other host. Throws UserError. */
function otherHost({ options }: Context, { os }: Host): ReturnType<typeof hostEntry> {
  if (!options.host || !isSshUrl(options.host) || os.platform !== "linux") return undefined;
  const { login, port } = loginOf(options.host);
  const entry = hostEntry(login, port);
  if (entry) return entry;
  throw new UserError(
    `${options.host} cannot be in hosts: of a config: write an alias for its address in ~/.ssh/config, and use that`,
  );
}

/** The message for a file that exists, with what to do next. */
const exists = (context: Context, path: string) =>
  `${path} exists and is not overwritten. For a new one, move it away first. To use it: ${selfFor(context, "up")}`;

/** The config for this host, with its stack read as `up` reads it. */
async function resolvedWith(
  { shell, options }: Context,
  config: Config,
  text: string,
  name: string,
  host: Host,
): Promise<Resolved> {
  if (config.stacks.length === 0) return resolveConfig(config, host);
  const home = dirname(resolve(name));
  const { readStacks } = await import("../projects.mts");
  const { withModels } = await import("../project-models.mts");
  const stacks = config.stacks.map((stack) => ({ ...stack, path: resolve(home, stack.path) }));
  const source = { config: { ...config, stacks }, text, name, home };
  const plain = resolveConfig(source.config, host, {}, await readStacks(shell, source));
  return (await withModels(shell, plain, { gpu: options.gpu, here: !options.host })).resolved;
}

/** What a config requests, in words. */
function titleOf(card: PciFunction | "any" | undefined): string {
  if (card === undefined) return "without a GPU";
  return card === "any" ? "with the NVIDIA card of this host" : `with ${cardName(card)} at ${card.bdf}`;
}

/** On a terminal the person chooses, where there are several cards; else the best one. */
async function choose({ shell, options }: Context, judged: Judged[], best?: Judged): Promise<Judged | undefined> {
  const { in: asks, err, columns } = shell.terminal;
  if (!best || judged.length < 2 || !asks || !err || options.quiet || options.dryRun) return best;
  const rows = judged.flatMap((one, i) =>
    wrap(`${one.card.bdf}  ${cardName(one.card)}: ${stateOf(one)}`, columns, `  ${i + 1}. `, " ".repeat(7))
  );
  const usual = judged.indexOf(best) + 1;
  shell.stderr(`${["Which card goes to the VM?", ...rows].join("\n")}\n`);
  for (;;) {
    const answer = await shell.ask(`Card, 1 to ${judged.length} [${usual}]: `);
    if (answer === "") return best;
    const found = /^\d+$/.test(answer) ? judged[Number(answer) - 1] : undefined;
    if (found) return found;
    shell.stderr(
      `There is no card ${visible(answer)}: write a number from 1 to ${judged.length}, or press Enter for ${usual}\n`,
    );
  }
}

/** Why this card was chosen among several. */
function reasonsFor(
  card: PciFunction | "any" | undefined,
  judged: Judged[],
  chosen: Judged | undefined,
  pci: PciFunction[] = [],
): string[] {
  if (card === undefined || judged.length < 2 || !chosen) return [];
  const why = (one: Judged) =>
    one.never !== undefined
      ? one.never
      : chosen.shows && isIntegrated(one.card, pci)
      ? "part of the processor"
      : one.shows || one.fails.length > 0 || one.warnings.length > chosen.warnings.length
      ? stateOf(one)
      : one.card.vendor === chosen.card.vendor
      ? "equally good"
      : "of another vendor";
  const others = judged.filter((one) => one !== chosen).map((one) =>
    `${one.card.bdf} ${cardName(one.card)} (${why(one)})`
  );
  return [`not chosen: ${firstFew(others, 4).join("; ")}`];
}

/**
 * What to do before `up`, in order: first what takes effect at once, then what needs a reboot; and the
 * command after that.
 */
function todo(context: Context, host: Host, findings: Finding[], other?: string): string[] {
  const { options } = context;
  const style = styleFor(context, "err", host);
  // numbers indent the items
  const narrow = { ...style, width: style.width - 3 };
  const fails = findings.filter(({ status }) => status === "fail");
  const late = ({ fix }: Finding) => fix[0]?.reboot ?? false;
  const ordered = [...fails.filter((one) => !late(one)), ...fails.filter(late)];
  const items = [
    ...ordered.map((finding) => {
      const fix = finding.fix.map((one) => ({ ...one, reboot: false }));
      return formatFinding({ ...finding, evidence: [], fix }, narrow).map((line, i) =>
        i === 0 ? line.replace(/^\S+ /, "") : line
      );
    }),
    ...(fails.some(late) && ordered.at(-1)!.fix.at(-1)?.command !== "reboot" ? [["Reboot"]] : []),
  ];
  const where = other ? `, on ${other}` : options.host ? ", on that host" : "";
  const next = `${selfFor(context, "up")}`;
  if (items.length === 0) {
    const unread = isJudged(findings) ? "" : "; much of this host could not be read: doctor lists it";
    // for a host in hosts:, up runs here
    return [`Next${other ? "" : where}: ${next}${unread}`];
  }
  return [`Before up${where}:`, ...formatNumbered(items), `Then: ${next}`];
}
