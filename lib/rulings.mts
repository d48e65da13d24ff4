/** What the table of what works where says: of a machine on a host, of every way, in Markdown. */
import type { SettledMachine } from "./types/config.mts";
import type { Host } from "./types/host.mts";
import { foreign, matrix, type Row, type Use } from "./matrix.mts";

/** Providers that can hand over a GPU somewhere. */
export const implemented: string[] = [
  ...new Set(
    matrix.filter(({ uses, verdict }) => verdict !== "refused" && !uses.includes("plain")).map(({ provider }) =>
      provider
    ),
  ),
];

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
): { row: Row; sure: boolean }[] {
  const uses: Use[] = gpus.length > 0 ? [...new Set(gpus.map(({ mode }) => mode))] : ["plain"];
  return uses.map((use) => ruling(provider, use, host)).filter(({ row }) =>
    row.check === "provider.host" && row.verdict === "refused"
  );
}

function foreignRow(provider: string, use: Use): Row {
  const { says, source } = foreign[provider] ?? { says: "", source: "" };
  const own = [...new Set(matrix.map((row) => row.provider))];
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
