import type { Seen, Settled } from "../../config/types.mts";
import type { Host } from "../../host/types.mts";
import { checks, examine, notesFor } from "../../checks/index.mts";
import { Trouble } from "../../errors.mts";
import { cardsOf } from "../../resolve/cards.mts";
import { parseHost } from "../../host/parse.mts";
import { findingLines } from "../print.mts";
import { haveFiles, lookOf, readProbe, readSource, type Session, type Source, talk } from "../context.mts";
import { settle } from "../../resolve/resolve.mts";
import { noSuch } from "../../text.mts";
import { topologyLines } from "../topology.mts";

/** `doctor [check…]`: what stands for and against the config's machines here, or on a saved host. */
export async function doctor(session: Session): Promise<number> {
  const { shell, options, words } = session;
  for (const word of words) {
    if (!checks.some(({ id }) => id === word || id.startsWith(`${word}.`))) {
      throw new Trouble(noSuch("check", word, checks.map(({ id }) => id)));
    }
  }
  const reading = readSource(session);
  const [source, probe, known] = await Promise.all([
    reading,
    readProbe(session),
    // nothing of this host's counts for a saved one
    reading.then((source) => (options.host ? {} : seen(session, source))),
    reading.then((source) => (options.host ? undefined : haveFiles(session, source))),
  ]);
  if (options.save && options.dryRun) talk(session, `would save what the probe read: ${options.save}`);
  else if (options.save) {
    await shell.write(options.save, probe);
    talk(session, `saved what the probe read: ${options.save}`);
  }
  const host = parseHost(probe);
  const settled = settle(source.config, host, known);
  const findings = examine(host, settled, words);
  const ok = !findings.some(({ status }) => status === "fail");
  if (options.json) {
    shell.print(`${JSON.stringify({ schema: "homelab-gpu/doctor/1", host: plain(host), findings, ok }, null, 2)}\n`);
  } else {
    talk(session, `config: ${source.name}${options.host ? `, host: ${options.host}` : ""}`);
    const look = { ...lookOf(session, "out", host), notes: notesFor(host) };
    shell.print(`${[...pictures(settled, host, look.width), ...findingLines(findings, look)].join("\n")}\n`);
  }
  return ok ? 0 : 1;
}

/** Each card that was found, drawn with its surroundings. */
function pictures({ machines }: Settled, host: Host, width: number): string[] {
  return machines.flatMap((machine) =>
    cardsOf(machine, host).flatMap((card) => [`The card for ${machine.name}:`, ...topologyLines(card, host, width), ""])
  );
}

async function seen({ shell }: Session, source: Source): Promise<Record<string, Seen>> {
  const { readLab, seenOf } = await import("../../host/lab.mts");
  return seenOf(await readLab(shell, source.config, source.folder));
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
