import type { Status } from "../findings.mts";
import { checkGpuReturned } from "../verify/gpu-return.mts";
import { parseHost } from "../host/parse.mts";
import { readState } from "../host/state.mts";
import { ownValue } from "../maps.mts";
import { formatFinding } from "./print.mts";
import { type Context, styleFor } from "./context.mts";
import { readProbe } from "./probe.mts";
import type { LoadedConfig } from "./load-config.mts";

/** Checks that the host has the cards of these machines back, and prints a finding for each. */
export async function checkGpusReturned(
  context: Context,
  { folder }: LoadedConfig,
  names: string[],
): Promise<Status[]> {
  const { previousDrivers } = await readState(context.shell, folder);
  const taken = names.filter((name) => ownValue(previousDrivers, name)?.length);
  if (taken.length === 0) return [];
  const host = parseHost(await readProbe(context));
  const findings = taken.map((name) => checkGpuReturned(name, previousDrivers[name]!, host));
  const style = styleFor(context, "out", host);
  context.shell.stdout(`${findings.flatMap((finding) => formatFinding(finding, style)).join("\n")}\n`);
  return findings.map(({ status }) => status);
}
