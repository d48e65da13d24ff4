/** The probe of this host, and the question about its VMs: on Windows both in one process of PowerShell. */
import type { HypervQuestion } from "../host/hypervisors.mts";
import { hypervCommand, hypervScript } from "../host/hypervisors.mts";
import type { CommandResult } from "../shell.mts";
import type { Context } from "./context.mts";
import { probeWith, readProbe } from "./probe.mts";

/** What a command reads of this host. */
export interface HostReading {
  /**
   * The text of the probe. On Windows it waits for the end of {@link HostReading.beside}, unless
   * `first`: a config that is proposed from the probe comes before the VMs.
   */
  probe(first?: boolean): Promise<string>;
  /** Runs `read`, which may ask Hyper-V about VMs with the question that it gets. */
  beside<T>(read: (askHyperv?: HypervQuestion) => Promise<T>): Promise<T>;
}

/**
 * Starts to read this host, or that of `--host`. `ask`, `hardware`: as for {@link readProbe}. Each start of
 * PowerShell takes a second or two on Windows: its probe and the question about VMs share one.
 */
export function readHost(context: Context, ask?: string[], hardware = false): HostReading {
  if (context.shell.platform !== "win32" || context.options.host) {
    const probing = readProbe(context, ask, hardware);
    return { probe: () => probing, beside: (read) => read() };
  }
  return onWindows(context);
}

/**
 * The same for a command that may not need the probe: it starts when {@link HostReading.probe} is called, on Windows
 * also with the question about VMs.
 */
export function readHostLater(context: Context, ask?: string[], hardware = false): HostReading {
  return context.shell.platform === "win32" && !context.options.host
    ? onWindows(context)
    : { probe: () => readProbe(context, ask, hardware), beside: (read) => read() };
}

function onWindows(context: Context): HostReading {
  let started: Promise<{ text: string; vms: CommandResult }> | undefined;
  let open = () => {};
  const opened = new Promise<void>((resolve) => open = resolve);
  const start = (ids: string[]) => started ??= probed(context, ids);
  return {
    async probe(first = false) {
      if (!first) await opened;
      return (await start([])).text;
    },
    async beside(read) {
      try {
        return await read(async (ids) => {
          // a probe that started before the VMs were known did not ask about them; one that fails hides none
          if (started) return await context.shell.capture(hypervCommand(ids));
          const both = start(ids);
          open();
          return await both.then(({ vms }) => vms, () => context.shell.capture(hypervCommand(ids)));
        });
      } finally {
        open();
      }
    },
  };
}

const [answer, refusal] = ["homelab-gpu-vms:", "homelab-gpu-vms-error:"];

/** The lines of PowerShell after the probe that ask about the VMs with these ids; their error does not end it. */
export const questionAfterProbe = (ids: string[]): string => `
try { Write-Output ('${answer}' + $(${hypervScript(ids)})) }
catch { Write-Output ('${refusal}' + ($_.Exception.Message -replace '\\s+', ' ')) }
`;

/** Runs the probe and the question about these VMs. Throws UserError if the probe fails. */
async function probed(context: Context, ids: string[]): Promise<{ text: string; vms: CommandResult }> {
  const out = await probeWith(context, ids.length === 0 ? "" : questionAfterProbe(ids));
  const at = out.search(/^homelab-gpu-vms(-error)?:/m);
  if (at === -1) {
    return { text: out, vms: { ok: false, code: 1, out: "", err: "PowerShell gave no answer about VMs" } };
  }
  const rest = out.slice(at).trim();
  const [ok, said] = rest.startsWith(answer) ? [true, rest.slice(answer.length)] : [false, rest.slice(refusal.length)];
  return { text: out.slice(0, at), vms: { ok, code: ok ? 0 : 1, out: ok ? said : "", err: ok ? "" : said } };
}
