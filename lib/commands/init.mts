import { dirname, resolve } from "node:path";
import type { Finding } from "../types/findings.mts";
import type { Host, PciFunction } from "../types/host.mts";
import { asset, schemaFor } from "../assets.mts";
import { examine, notesFor } from "../checks.mts";
import { parseConfig } from "../config.mts";
import { Trouble } from "../errors.mts";
import { parseHost } from "../host.mts";
import { isDisplay, slotOf } from "../pci.mts";
import { findingLines } from "../print.mts";
import { lookOf, readProbe, type Session, talk } from "../session.mts";
import { settle } from "../settle.mts";
import { starterFor } from "../starter.mts";

/** `init`: writes a config for the card found here. Never over one that is there. */
export async function init(session: Session): Promise<number> {
  const { shell, options } = session;
  const path = options.config ?? "homelab-gpu.yaml";
  if ((await shell.read(path)) !== undefined) {
    throw new Trouble(`${path} is there already: nothing is written over it`, 1);
  }
  const host = parseHost(await readProbe(session));
  const starter = await asset(shell, "templates/homelab-gpu.yaml");
  const schema = await schemaFor(path);
  const textFor = (card: PciFunction | undefined) => starterFor(starter, card, host, schema.path);

  const found = options.gpu ? candidates(host) : [];
  const judged = found.map((card) => ({ card, fails: failing(textFor(card), host) }));
  const card = judged.find(({ fails }) => fails.length === 0)?.card;
  if (options.gpu && !card && !(await without(session, host, judged[0]?.fails))) return 1;
  const text = textFor(card);
  parseConfig(text, path);
  if (options.dryRun) {
    shell.print(text);
    return 0;
  }
  if (!(await shell.create(path, text))) throw new Trouble(`${path} was written by somebody else just now`, 1);
  if (schema.text) {
    await shell.claim(dirname(resolve(dirname(path), schema.path)));
    await shell.write(resolve(dirname(path), schema.path), schema.text);
    await shell.write(resolve(dirname(path), ".homelab-gpu/.gitignore"), "*\n");
  }
  const what = card ? `with the card at ${card.bdf}` : "without a GPU";
  talk(session, `wrote ${path}, ${what}; next: npx zx homelab-gpu.mts up${options.gpu ? "" : " --no-gpu"}`);
  return 0;
}

/** The cards of a host, one function of each, NVIDIA's first. */
function candidates({ pci = [] }: Host): PciFunction[] {
  const displays = pci.filter(isDisplay).filter((fn, i, all) =>
    all.findIndex((one) => slotOf(one) === slotOf(fn)) === i
  );
  return [...displays.filter(({ vendor }) => vendor === "10de"), ...displays.filter(({ vendor }) => vendor !== "10de")];
}

/** What keeps a card from being handed over, whatever else is missing on the host. */
function failing(text: string, host: Host): Finding[] {
  const findings = examine(host, settle(parseConfig(text), host), ["gpu", "iommu", "hyperv", "provider.host"]);
  return findings.filter(({ status }) => status === "fail");
}

/** No card can be had: says why, and asks whether a config without one is wanted. */
async function without(session: Session, host: Host, fails: Finding[] | undefined): Promise<boolean> {
  const { shell } = session;
  if (fails) {
    shell.print(`${findingLines(fails, { ...lookOf(session, "out", host), notes: notesFor(host) }).join("\n")}\n`);
  } else talk(session, "there is no graphics card on this host");
  if (shell.terminal.in && shell.terminal.err) return await shell.confirm("Write a config without a GPU?");
  talk(session, "a config without a GPU: npx zx homelab-gpu.mts init --no-gpu");
  return false;
}
