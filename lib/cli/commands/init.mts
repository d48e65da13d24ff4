import { dirname, resolve } from "node:path";
import type { Finding } from "../../findings.mts";
import type { Host, PciFunction } from "../../host/types.mts";
import { asset, schemaFor } from "../../plan/assets.mts";
import { notesFor, runChecks } from "../../checks/index.mts";
import { parseConfig } from "../../config/parse.mts";
import { UserError } from "../../errors.mts";
import { parseHost } from "../../host/parse.mts";
import { className, isDisplay, slotOf } from "../../host/pci.mts";
import { formatFindings } from "../print.mts";
import { shellCommand } from "../../render.mts";
import { type Context, log, readProbe, styleFor } from "../context.mts";
import { resolveConfig } from "../../resolve/resolve.mts";
import { starterFor } from "../../config/starter.mts";

/** `init`: writes a config for the card found here. Never over one that is there. */
export async function init(session: Context): Promise<number> {
  const { shell, options } = session;
  const path = options.config ?? "homelab-gpu.yaml";
  if ((await shell.fingerprint(path)) !== undefined) {
    throw new UserError(`${path} is there already: nothing is written over it`, 1);
  }
  const host = parseHost(await readProbe(session));
  const starter = await asset(shell, "templates/homelab-gpu.yaml");
  const schema = await schemaFor(path);
  const textFor = (card: PciFunction | undefined) => starterFor(starter, card, host, schema.path);

  const found = options.gpu ? candidates(host) : [];
  const judged = found.map((card) => ({ card, fails: failing(textFor(card), host) }));
  const card = judged.find(({ fails }) => fails.length === 0)?.card;
  if (options.gpu && !card && !(await without(session, host, obstacles(starter, judged, host)))) return 1;
  const text = textFor(card);
  parseConfig(text, path);
  if (options.dryRun) {
    shell.stdout(text);
    return 0;
  }
  if (!(await shell.create(path, text))) {
    throw new UserError(`there is already something at ${path}: nothing is written over it`, 1);
  }
  if (schema.text) {
    await shell.ensurePrivateDir(dirname(resolve(dirname(path), schema.path)));
    await shell.write(resolve(dirname(path), schema.path), schema.text);
    await shell.write(resolve(dirname(path), ".homelab-gpu/.gitignore"), "*\n");
  }
  const what = card ? `with the card at ${card.bdf}` : "without a GPU";
  log(session, `wrote ${path}, ${what}; next: ${told(session, "up")}`);
  if (card && card.vendor !== "10de") {
    log(session, "the service ml-worker is left out: its image needs an NVIDIA card");
  }
  return 0;
}

/** A command to type for the same config. */
function told({ options: { config } }: Context, command: string): string {
  return `npx zx homelab-gpu.mts ${command}${config ? ` --config ${shellCommand(config)}` : ""}`;
}

/** Makers of cards, the likeliest to be wanted in a VM first: a server's own chip, which shows its console, is of none of them. */
const makers = ["10de", "1002", "8086"];

/** The cards that may be handed over unasked, one function of each: those of one maker. */
function candidates({ pci = [] }: Host): PciFunction[] {
  const displays = pci.filter(isDisplay).filter((fn, i, all) =>
    all.findIndex((one) => slotOf(one) === slotOf(fn)) === i
  );
  const maker = makers.find((id) => displays.some(({ vendor }) => vendor === id));
  return displays.filter(({ vendor }) => vendor === (maker ?? displays[0]!.vendor));
}

/** What keeps a card from being handed over, whatever else is missing on the host. */
function failing(text: string, host: Host): Finding[] {
  const findings = runChecks(host, resolveConfig(parseConfig(text), host), ["gpu", "iommu", "hyperv", "provider.host"]);
  return findings.filter(({ status }) => status === "fail");
}

/** What keeps cards from being handed over; of a host whose cards are not known, what is said of that. */
interface Obstacle {
  cards: PciFunction[];
  findings: Finding[];
}

/** What stands in the way, once for all cards of which the same is said. */
function obstacles(starter: string, judged: { card: PciFunction; fails: Finding[] }[], host: Host): Obstacle[] {
  if (!host.pci) {
    const findings = runChecks(host, resolveConfig(parseConfig(starter), host), ["provider.host", "gpu.present"]);
    return [{ cards: [], findings: findings.filter(({ status }) => status !== "pass" && status !== "skip") }];
  }
  const said = (fails: Finding[]) => JSON.stringify(fails.map(({ check, message }) => [check, message]));
  const kinds = [...new Set(judged.map(({ fails }) => said(fails)))].map((kind) =>
    judged.filter(({ fails }) => said(fails) === kind)
  );
  return kinds.map((kind) => ({ cards: kind.map(({ card }) => card), findings: kind[0]!.fails }));
}

/** No card can be had: says why, and asks whether a config without one is wanted. */
async function without(session: Context, host: Host, found: Obstacle[]): Promise<boolean> {
  const { shell } = session;
  const look = { ...styleFor(session, "out", host), notes: notesFor(host) };
  const lines = found.flatMap(({ cards, findings }) => [
    ...cards.map((fn) => `${fn.bdf} ${className(fn)} ${fn.vendor}:${fn.device} cannot be handed over:`),
    ...formatFindings(findings, look),
    "",
  ]);
  if (lines.length > 0) shell.stdout(lines.join("\n"));
  else log(session, "there is no graphics card on this host");
  if (shell.terminal.in) return await shell.confirm("Write a config without a GPU?");
  log(session, `a config without a GPU: ${told(session, "init --no-gpu")}`);
  return false;
}
