/** What the table of what works where says: of a machine on a host, of every way, in Markdown. */
import type { SettledMachine } from "../config/types.mts";
import type { Host } from "../host/types.mts";
import { foreign, matrix, type Row, type Use } from "./support-table.mts";

/** Providers that can hand over a GPU somewhere. */
export const implemented: string[] = [
  ...new Set(
    matrix.filter(({ uses, verdict }) => verdict !== "refused" && !uses.includes("plain")).map(({ provider }) =>
      provider
    ),
  ),
];

/** The providers that the table is about. */
const own: string[] = [...new Set(matrix.map(({ provider }) => provider))];

/** `a, b and c` */
const listed = (names: string[]) => `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/** What the table says of a provider and use on a host. `sure` is false where what decides was not read: then the row is what may be. */
export function ruling(provider: string, use: Use, host: Host): { row: Row; sure: boolean } {
  for (const row of matrix) {
    if (row.provider !== provider || !row.uses.includes(use)) continue;
    const on = row.on(host);
    if (on !== false) return { row, sure: on === true };
  }
  return { row: foreignRow(provider, use), sure: true };
}

/** The rows by which a machine cannot be on this host at all, one for each use that it makes of its provider. */
export function refusals(
  { provider, gpus }: Pick<SettledMachine, "provider" | "gpus">,
  host: Host,
): { row: Row; use: Use; sure: boolean }[] {
  const uses: Use[] = gpus.length > 0 ? [...new Set(gpus.map(({ mode }) => mode))] : ["plain"];
  return uses.map((use) => ({ use, ...ruling(provider, use, host) })).filter(({ row }) =>
    row.check === "provider.host" && row.verdict === "refused"
  );
}

/** Where a GPU can be handed over, and with which provider. */
const places = [
  { platform: "linux", says: "on a Linux host with provider: libvirt" },
  { platform: "windows", says: "on Windows with provider: hyperv" },
];

/** What to do or write where a row refuses a use on a host whose system is so called: what works on that host, then where else to go. */
export function insteadOf({ instead = "" }: Row, use: Use, host: Host, system: string): string {
  const general = /^(Run this on|Write provider:) /.test(instead);
  if (!general) return instead;
  const uses: Use[] = use === "plain" ? ["plain"] : ["passthrough", "partition"];
  const rulings = uses.flatMap((one) => own.map((provider) => ruling(provider, one, host)));
  const here = (verdict: Row["verdict"]) => [
    ...new Set(rulings.filter(({ row, sure }) => sure && row.verdict === verdict).map(({ row }) => row.provider)),
  ];
  const best = here("works").length > 0 ? here("works") : here("experimental");
  const write = `Write provider: ${best.join(" or ")}`;
  if (use === "plain") {
    if (best.length === 0) return instead.startsWith("Run") ? `${instead}; this one is ${system}` : instead;
    return instead.startsWith("Run") ? `${write}, or r${instead.slice(1)}` : write;
  }
  if (best.length > 0 && host.os.platform === "linux") return write;
  // WSL is a part of Windows, and not the one that has Hyper-V
  const others = places.filter(({ platform }) => platform !== host.os.platform || host.os.wsl);
  const run = `un this ${others.map(({ says }) => says).join(", or ")}`;
  if (best.length > 0) return `${write}, or r${run}`;
  return rulings.every(({ row, sure }) => sure && row.verdict === "refused")
    ? `No provider hands a GPU over on ${system}: r${run}`
    : `R${run}; this one is ${system}`;
}

function foreignRow(provider: string, use: Use): Row {
  const { says, source } = foreign[provider] ?? { says: "", source: "" };
  return {
    ...{ provider, uses: [use], host: "every", on: () => true, verdict: "refused", check: "provider.host", source },
    ...(use === "plain"
      ? { says: `homelab-gpu makes no VMs with ${provider}`, instead: `Write provider: ${own.join(", ")}` }
      : {
        says: `GPU passthrough not implemented for ${provider}${says ? `: ${says}` : ""}; it is for ${
          listed(implemented)
        }`,
        instead: `Write provider: ${implemented.join(", ")}`,
      }),
  };
}

/** Where a GPU can be handed over, in a sentence for each mode. */
export function gpuWays(): string {
  const ways = matrix.filter(({ verdict }) => verdict !== "refused").flatMap(({ provider, uses, host, verdict }) =>
    uses.filter((use) => use !== "plain").map((mode) =>
      `${mode} with ${provider} on ${host}${verdict === "experimental" ? " (experimental)" : ""}`
    )
  );
  return ways.join(", ");
}

/** How the table calls a use. */
const useNames: Record<Use, string> = { plain: "none", passthrough: "whole card", partition: "part of a card" };
const marks: Record<Row["verdict"], string> = { works: "✓", experimental: "!", refused: "✗" };

/** The table in Markdown, for the README. */
export function matrixTable(): string {
  const lines = [
    ...matrix.map(({ provider, uses, host, verdict, says, source }) => {
      const use = uses.length === 3 ? "any or none" : uses.map((one) => useNames[one]).join(", ");
      return `| ${provider} | ${use} | ${host} | ${marks[verdict]} | ${says ? `${says} ` : ""}([source](${source})) |`;
    }),
    ...[...new Set(Object.values(foreign).map(({ says }) => says))].map((says) => {
      const names = Object.keys(foreign).filter((name) => foreign[name]!.says === says);
      return `| ${names.join(", ")} | any | every | ✗ | ${says} ([source](${foreign[names[0]!]!.source})) |`;
    }),
  ];
  return ["| provider | GPU | host | | |", "|---|---|---|---|---|", ...lines].join("\n");
}
