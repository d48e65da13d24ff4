/**
 * Queries the support table: for a machine on a host, for every way of passing a GPU, and as
 * Markdown.
 */
import type { ResolvedMachine } from "./types.mts";
import type { Host } from "../host/types.mts";
import { foreignProviders } from "./foreign-providers.mts";
import { type GpuUse, type SupportRow, supportTable } from "./support-table.mts";

/** Providers that can pass a GPU on some host. */
export const implemented: string[] = [
  ...new Set(
    supportTable.filter(({ uses, verdict }) => verdict !== "refused" && !uses.includes("plain")).map(({ provider }) =>
      provider
    ),
  ),
];

/** The providers in the table. */
const ownProviders: string[] = [...new Set(supportTable.map(({ provider }) => provider))];

/** `a, b and c` */
const listNames = (names: string[]) => `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/**
 * The row for a provider and use on a host. `sure` is false where the deciding facts were not read:
 * the row then may apply.
 */
export function supportOf(provider: string, use: GpuUse, host: Host): { row: SupportRow; sure: boolean } {
  for (const row of supportTable) {
    if (row.provider !== provider || !row.uses.includes(use)) continue;
    const on = row.on(host);
    if (on !== false) return { row, sure: on === true };
  }
  return { row: foreignRow(provider, use), sure: true };
}

/** The rows that refuse a machine on this host, one for each use of its provider. */
export function refusals(
  { provider, gpus }: Pick<ResolvedMachine, "provider" | "gpus">,
  host: Host,
): { row: SupportRow; use: GpuUse; sure: boolean }[] {
  const uses: GpuUse[] = gpus.length > 0 ? [...new Set(gpus.map(({ mode }) => mode))] : ["plain"];
  return uses.map((use) => ({ use, ...supportOf(provider, use, host) })).filter(({ row }) =>
    row.check === "provider.host" && row.verdict === "refused"
  );
}

/** Where a GPU can be passed, and with which provider. */
const places = [
  { platform: "linux", description: "on a Linux host with provider: libvirt" },
  { platform: "windows", description: "on Windows with provider: hyperv" },
];

/**
 * What to do or write where a row refuses a use on a host with this system: what works on that
 * host, then other places.
 */
export function insteadOf({ instead = "" }: SupportRow, use: GpuUse, host: Host, system: string): string {
  const general = /^(Run this on|Write provider:) /.test(instead);
  if (!general) return instead;
  const uses: GpuUse[] = use === "plain" ? ["plain"] : ["passthrough", "partition"];
  const results = uses.flatMap((one) => ownProviders.map((provider) => supportOf(provider, one, host)));
  const providersWith = (verdict: SupportRow["verdict"]) => [
    ...new Set(results.filter(({ row, sure }) => sure && row.verdict === verdict).map(({ row }) => row.provider)),
  ];
  const best = providersWith("works").length > 0 ? providersWith("works") : providersWith("experimental");
  const write = `Write provider: ${best.join(" or ")}`;
  if (use === "plain") {
    if (best.length === 0) return instead.startsWith("Run") ? `${instead}; this one is ${system}` : instead;
    return instead.startsWith("Run") ? `${write}, or r${instead.slice(1)}` : write;
  }
  if (best.length > 0 && host.os.platform === "linux") return write;
  // WSL is part of Windows, but Hyper-V runs outside it
  const others = places.filter(({ platform }) => platform !== host.os.platform || host.os.wsl);
  const run = `un this ${others.map(({ description }) => description).join(", or ")}`;
  if (best.length > 0) return `${write}, or r${run}`;
  return results.every(({ row, sure }) => sure && row.verdict === "refused")
    ? `No provider can pass a GPU to a VM on ${system}: r${run}`
    : `R${run}; this one is ${system}`;
}

function foreignRow(provider: string, use: GpuUse): SupportRow {
  const { reason, source, checked } = foreignProviders[provider] ?? { reason: "", source: "", checked: "" };
  return {
    ...{
      provider,
      uses: [use],
      host: "any",
      on: () => true,
      verdict: "refused",
      check: "provider.host",
      source,
      checked,
    },
    ...(use === "plain"
      ? {
        message: `homelab-gpu cannot create VMs with ${provider}`,
        instead: `Write provider: ${ownProviders.join(", ")}`,
      }
      : {
        message: `GPU passthrough not implemented for ${provider}${reason ? `: ${reason}` : ""}; it works with ${
          listNames(implemented)
        }`,
        instead: `Write provider: ${implemented.join(", ")}`,
      }),
  };
}

/** The names of the uses in the table. */
const useNames: Record<GpuUse, string> = { plain: "none", passthrough: "whole card", partition: "GPU partition" };
const marks: Record<SupportRow["verdict"], string> = { works: "✓", experimental: "!", refused: "✗" };

/** The table as Markdown, for the README. */
export function supportMarkdown(): string {
  const lines = [
    ...supportTable.map(({ provider, uses, host, verdict, message, source }) => {
      const use = uses.length === 3 ? "any or none" : uses.map((one) => useNames[one]).join(", ");
      return `| ${provider} | ${use} | ${host} | ${marks[verdict]} | ${
        message ? `${message} ` : ""
      }([source](${source})) |`;
    }),
    ...[...new Set(Object.values(foreignProviders).map(({ reason }) => reason))].map((reason) => {
      const names = Object.keys(foreignProviders).filter((name) => foreignProviders[name]!.reason === reason);
      return `| ${names.join(", ")} | any | any | ✗ | ${reason} ([source](${foreignProviders[names[0]!]!.source})) |`;
    }),
  ];
  return ["| provider | GPU | host | | |", "|---|---|---|---|---|", ...lines].join("\n");
}
