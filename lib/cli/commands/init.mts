import { dirname, resolve } from "node:path";
import type { Finding } from "../../findings.mts";
import type { Host, PciFunction } from "../../host/types.mts";
import { asset, schemaFor } from "../../plan/assets.mts";
import { notesFor, runChecks } from "../../checks/index.mts";
import { parseConfig } from "../../config/parse.mts";
import { UserError } from "../../errors.mts";
import { parseHost } from "../../host/parse.mts";
import { className, isIntegrated, nameOf } from "../../host/pci.mts";
import { cardOf, isGpu } from "../../resolve/cards.mts";
import { formatFindings } from "../print.mts";
import { shellCommand } from "../../render.mts";
import { type Context, log, readProbe, styleFor } from "../context.mts";
import { resolveConfig } from "../../resolve/resolve.mts";
import { starterFor } from "../../config/starter.mts";
import { self } from "../../self.mts";
import { firstFew } from "../../text.mts";
import { isNvidia, vendorIds } from "../../host/vendors.mts";

/** `init`: writes a config for the card found here. It never overwrites one. */
export async function init(session: Context): Promise<number> {
  const { shell, options } = session;
  const path = options.config ?? "homelab-gpu.yaml";
  if ((await shell.fingerprint(path)) !== undefined) {
    throw new UserError(`${path} exists and is not overwritten`, 1);
  }
  const host = parseHost(await readProbe(session));
  const starter = await asset(shell, "templates/homelab-gpu.yaml");
  const schema = await schemaFor(path);
  const textFor = (card: PciFunction | undefined) => starterFor(starter, card, host, schema.path);

  const judgedOf = (cards: PciFunction[]) => cards.map((card) => judge(card, textFor(card), host));
  const { first, others } = options.gpu ? candidates(host) : { first: [], others: [] };
  let judged = judgedOf(first);
  let best = bestOf(judged, host.pci);
  if (!best && others.length > 0) {
    // another maker's card is taken unasked only if the host does not need it for its own picture
    const more = judgedOf(others);
    best = bestOf(
      more.filter(({ card, shows, fails }) => !shows && fails.length === 0 && !isIntegrated(card, host.pci)),
      host.pci,
    );
    if (best) judged = [...judged, ...more];
  }
  const card = best?.card;
  if (options.gpu && !card && !(await without(session, host, obstacles(starter, judged, host)))) return 1;
  const text = textFor(card);
  parseConfig(text, path);
  const reasons = best ? reasonsFor(best, judged, host.pci) : [];
  if (options.dryRun) {
    shell.stdout(text);
    for (const reason of reasons) log(session, reason);
    return 0;
  }
  if (!(await shell.create(path, text))) {
    throw new UserError(`${path} exists and is not overwritten`, 1);
  }
  if (schema.text) {
    await shell.ensurePrivateDir(dirname(resolve(dirname(path), schema.path)));
    await shell.write(resolve(dirname(path), schema.path), schema.text);
    await shell.write(resolve(dirname(path), ".homelab-gpu/.gitignore"), "*\n");
  }
  const what = card ? `with the card at ${card.bdf}${card.name ? `, ${nameOf(card)}` : ""}` : "without a GPU";
  log(session, `wrote ${path}, ${what}; next: ${told(session, "up")}`);
  for (const reason of reasons) log(session, reason);
  if (card && !isNvidia(card)) {
    log(session, "the service ml-worker is left out: its image needs an NVIDIA card");
  }
  return 0;
}

/** A command to type for the same config. */
function told({ options: { config } }: Context, command: string): string {
  return self(command) + (config ? ` --config ${shellCommand(config)}` : "");
}

/** Makers of cards, the likeliest to be wanted in a VM first: a server's own chip, which shows its console, is of none of them. */
const makers: string[] = [vendorIds.nvidia, vendorIds.amd, vendorIds.intel];

/**
 * The cards that may be handed over unasked, one function of each, and of a divided card the parts
 * or the whole: `first` those of the likeliest maker, `others` those of the other known makers.
 */
function candidates(host: Host): { first: PciFunction[]; others: PciFunction[] } {
  const displays = (host.pci ?? []).filter(isGpu).filter((fn, i, all) =>
    !all.slice(0, i).some((one) =>
      one.physicalFunction === fn.physicalFunction && cardOf(one, host).assignedFunctions.includes(fn)
    )
  );
  const maker = makers.find((id) => displays.some(({ vendor }) => vendor === id));
  const wanted = maker ?? displays[0]?.vendor;
  return {
    first: displays.filter(({ vendor }) => vendor === wanted),
    others: displays.filter(({ vendor }) => vendor !== wanted && makers.includes(vendor ?? "")),
  };
}

/** A card, and what the checks of cards say of it, whatever else is missing on the host. */
interface Judged {
  card: PciFunction;
  fails: Finding[];
  warnings: Finding[];
  /** The host uses it as a display. */
  shows: boolean;
}

function judge(card: PciFunction, text: string, host: Host): Judged {
  const findings = runChecks(host, resolveConfig(parseConfig(text), host), [
    "gpu",
    "iommu",
    "hyperv",
    "provider.host",
    "host.architecture",
    "guest.driver",
  ]);
  const of = (status: Finding["status"]) => findings.filter((finding) => finding.status === status);
  const display = findings.find(({ check }) => check === "gpu.display");
  return {
    card,
    fails: of("fail"),
    warnings: of("warn"),
    shows: display?.status === "warn" || display?.status === "fail",
  };
}

/**
 * The card to write: of those that can be passed through, the one with the fewest warnings, a
 * display of the host after the others, and the processor's graphics last; if there is none, one
 * that only waits for something to end. `all`: the host's functions.
 */
function bestOf(judged: Judged[], all: PciFunction[] = []): Judged | undefined {
  const built = ({ card }: Judged) => Number(isIntegrated(card, all));
  const order = (a: Judged, b: Judged) =>
    built(a) - built(b) || Number(a.shows) - Number(b.shows) || a.fails.length - b.fails.length ||
    a.warnings.length - b.warnings.length;
  // the processor's graphics are not chosen while they show the picture, unless they are the only card
  const spare = ({ card, shows }: Judged) => !(shows && judged.length > 1 && isIntegrated(card, all));
  const able = judged.filter(({ fails }) => fails.length === 0).filter(spare).toSorted(order);
  return able[0] ?? judged.filter(({ fails }) => fails.every(passes)).filter(spare).toSorted(order)[0];
}

/**
 * Whether a failure goes away without a change of the host: a process that ends, or a reboot that
 * is due.
 */
function passes({ check, fix }: Finding): boolean {
  return check === "gpu.in-use" ||
    (check === "gpu.driver" || check === "iommu.enabled") && fix.some(({ command }) => command === "reboot");
}

/** Why this card was chosen, and what must be done before it can go to a VM. */
function reasonsFor(best: Judged, judged: Judged[], all: PciFunction[] = []): string[] {
  const others = judged.filter((one) => one !== best);
  const why = ({ card, shows, fails, warnings }: Judged) =>
    best.shows && isIntegrated(card, all)
      ? "it is a part of the processor"
      : shows
      ? "this host displays on it"
      : fails.length > 0
      ? `${fails[0]!.check} fails`
      : warnings.length > best.warnings.length
      ? `it has more warnings (${warnings.map(({ check }) => check).join(", ")})`
      : "equally good, later on the bus";
  const passed = others.map((one) => `not ${one.card.bdf} ${nameOf(one.card)}: ${why(one)}`);
  return [
    ...(others.length > 0
      ? [
        `chose ${best.card.bdf} ${nameOf(best.card)}; ${firstFew(passed, 4).join("; ")}`,
      ]
      : []),
    ...best.fails.flatMap(({ message, fix }) => [
      `first: ${message}`,
      ...fix.slice(0, 2).map(({ title, command }) => `  ${title}${command ? `: ${command}` : ""}`),
    ]),
  ];
}

/** The failures that keep cards from being passed through; if the cards are not known, why. */
interface Obstacle {
  cards: PciFunction[];
  findings: Finding[];
}

/** The failures, once for all cards that have the same ones. */
function obstacles(starter: string, judged: Judged[], host: Host): Obstacle[] {
  // a Mac may have graphics on no PCI bus, which the probe does not list
  if (!host.pci || (judged.length === 0 && host.os.platform === "macos")) {
    const ids = host.pci ? ["provider.host"] : ["provider.host", "gpu.present"];
    const findings = runChecks(host, resolveConfig(parseConfig(starter), host), ids);
    return [{ cards: [], findings: findings.filter(({ status }) => status !== "pass" && status !== "skip") }];
  }
  const said = (fails: Finding[]) => JSON.stringify(fails.map(({ check, message }) => [check, message]));
  const kinds = [...new Set(judged.map(({ fails }) => said(fails)))].map((kind) =>
    judged.filter(({ fails }) => said(fails) === kind)
  );
  return kinds.map((kind) => ({ cards: kind.map(({ card }) => card), findings: kind[0]!.fails }));
}

/** No card can be passed through: says why, and asks whether to write a config without one. */
async function without(session: Context, host: Host, found: Obstacle[]): Promise<boolean> {
  const { shell } = session;
  const look = { ...styleFor(session, "out", host), notes: notesFor(host) };
  const lines = found.flatMap(({ cards, findings }) => [
    ...cards.map((fn) => `${fn.bdf} ${className(fn)} ${nameOf({ ...fn, model: "" })} cannot be handed over:`),
    ...formatFindings(findings, look),
    "",
  ]);
  if (lines.length > 0) shell.stdout(lines.join("\n"));
  else log(session, "there is no graphics card on this host");
  if (shell.terminal.in) return await shell.confirm("Write a config without a GPU?");
  log(session, `a config without a GPU: ${told(session, "init --no-gpu")}`);
  return false;
}
