/** The config and the VMs, for commands that examine nothing else of this host. */
import type { HypervQuestion } from "../host/hypervisors.mts";
import { type Lab, readLab } from "../host/lab.mts";
import type { Context } from "./context.mts";
import type { HostReading } from "./host-reading.mts";
import { closeLab, logUnreadState } from "./lab-state.mts";
import { loadConfig, type LoadedConfig } from "./load-config.mts";

/**
 * Reads the config and the state of its lab, whose folder is closed to other users. `before` starts what
 * does not need the state of the lab. `reader` also runs the probe.
 */
export async function inspectLab(
  context: Context,
  before?: (source: LoadedConfig) => void,
  reader?: HostReading,
): Promise<{ source: LoadedConfig; lab: Lab }> {
  const source = await loadConfig(context);
  await closeLab(context, source.folder);
  before?.(source);
  const read = (askHyperv?: HypervQuestion) => readLab(context.shell, source.config, source.folder, askHyperv);
  const lab = await (reader ? reader.beside(read) : read());
  logUnreadState(context, lab);
  return { source, lab };
}
