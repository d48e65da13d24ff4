import type { Resolved } from "../resolve/types.mts";
import type { Finding, Notes } from "../findings.mts";
import { manualFix } from "../fixes.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { factsBehind } from "../resolve/resolve.mts";
import { clusterNetworkChecks } from "./cluster-network.mts";
import { clusterSwarmChecks } from "./cluster-swarm.mts";
import { composeChecks } from "./compose.mts";
import { gpuHardwareChecks } from "./gpu-hardware.mts";
import { gpuPlatformChecks } from "./gpu-platform.mts";
import { guestCudaChecks } from "./guest-cuda.mts";
import { guestDriverChecks } from "./guest-driver.mts";
import { gpuSelectionChecks } from "./gpu-selection.mts";
import { guestChecks } from "./guest.mts";
import { guestComposeChecks } from "./guest-compose.mts";
import { gpuInUseChecks } from "./gpu-in-use.mts";
import { autostartChecks } from "./host-autostart.mts";
import { forwardingChecks } from "./host-forwarding.mts";
import { hostChecks } from "./host.mts";
import { hypervChecks } from "./hyperv.mts";
import { hypervSwitchChecks } from "./hyperv-switch.mts";
import { iommuChecks } from "./iommu.mts";
import { labFolderChecks } from "./lab-folder.mts";
import { lanChecks } from "./network-lan.mts";
import { ownLinesChecks } from "./own-lines.mts";
import { providerChecks } from "./provider.mts";
import { serviceChecks } from "./services.mts";
import { toolChecks } from "./tools.mts";
import { storageChecks } from "./storage.mts";
import { folderChecks } from "./storage-folders.mts";
import { self } from "../self.mts";
import { advisesPrepare, neededForPrepare, stopsPrepare, withoutPrepare } from "./before-prepare.mts";

/** Whether the probe's text is complete. This check runs whatever others are selected. */
const probeCheck: Check = {
  id: "host.probe",
  about: "whether the probe's text is complete",
  why: "a missing fact is unknown, not false",
  check: ({ cut }) =>
    cut
      ? [{
        status: "fail",
        message: "the probe's text ends early: its last line, [end], is missing",
        evidence: [{ read: "what may be missing", value: cut.join(", ") || "nothing that a check needs" }],
        fix: [manualFix("Run the probe again, and keep all of its output")],
      }]
      : [],
};

/** The catalogue, in the order of the findings. */
export const checks: Check[] = [
  ...providerChecks,
  ...ownLinesChecks,
  ...toolChecks,
  probeCheck,
  ...hostChecks,
  ...forwardingChecks,
  ...autostartChecks,
  ...lanChecks,
  ...clusterNetworkChecks,
  ...clusterSwarmChecks,
  ...labFolderChecks,
  ...storageChecks,
  ...folderChecks,
  ...gpuSelectionChecks,
  ...hypervChecks,
  ...hypervSwitchChecks,
  ...gpuInUseChecks,
  ...gpuHardwareChecks,
  ...gpuPlatformChecks,
  ...iommuChecks,
  ...guestChecks,
  ...guestComposeChecks,
  ...guestDriverChecks,
  ...guestCudaChecks,
  ...serviceChecks,
  ...composeChecks,
];

/**
 * Runs the checks. With `only`, runs just these ids and groups (`gpu` selects all `gpu.*`). A check
 * that throws becomes an `unknown` finding with the error.
 */
export function runChecks(host: Host, config: Resolved, only: string[] = []): Finding[] {
  const findings = onPossibleHosts(findingsOf(host, config, only), host, config);
  if (!findings.some(advisesPrepare)) return findings;
  const before = only.length === 0 ? findings : findingsOf(host, config, neededForPrepare);
  const stop = before.find((finding) => stopsPrepare(finding, host));
  return stop ? findings.map((finding) => withoutPrepare(finding, stop)) : findings;
}

/** Checks of what a provider needs from its host. */
const providersNeeds = /^(hyperv\.|guest\.firmware$)/;

/**
 * Leaves out what a provider lacks on a host that cannot have that provider (Hyper-V on Windows Home, libvirt in
 * WSL): no fix of it helps.
 */
function onPossibleHosts(findings: Finding[], host: Host, config: Resolved): Finding[] {
  const isLacking = ({ check, status }: Finding) => providersNeeds.test(check) && status !== "pass";
  if (!findings.some(isLacking)) return findings;
  const where = findings.some(({ check }) => check === "provider.host")
    ? findings
    : findingsOf(host, config, ["provider.host"]);
  const stopped = where.filter(({ check, status }) => check === "provider.host" && status === "fail");
  return findings.filter((one) => !isLacking(one) || !stopped.some(({ machine }) => machine === one.machine));
}

function findingsOf(host: Host, config: Resolved, only: string[]): Finding[] {
  return wantedChecks(only, host.cut !== undefined).flatMap(({ id, check }): Finding[] => {
    try {
      const { watched, touched } = watch(host, config);
      const verdicts = id === probeCheck.id ? check(host, config) : check(watched.host, watched.config);
      // the check read a fact that may be incomplete: its verdict would be a guess
      const guessed = touched().length > 0 || (id !== probeCheck.id && resolvedByGuess(host));
      const judged = (verdict: Verdict): Verdict => guessed ? { ...unsure(touched()), ...about(verdict) } : verdict;
      return verdicts.map(judged).map(({ machine = null, fix = [], ...verdict }) => ({
        check: id,
        machine,
        ...verdict,
        fix,
      }));
    } catch (error) {
      const message = `this check failed with an error, which is a bug in homelab-gpu: ${(error as Error).message}`;
      return [{ check: id, machine: null, status: "unknown", message, evidence: [], fix: [] }];
    }
  });
}

/** The checks of these ids and groups, or all; with `probe`, also the check of the probe. */
function wantedChecks(only: string[], probe: boolean): Check[] {
  const others = checks.filter(({ id }) =>
    id !== probeCheck.id && (only.length === 0 || only.some((name) => id === name || id.startsWith(`${name}.`)))
  );
  return probe ? [probeCheck, ...others] : others;
}

/**
 * Whether machines were resolved from facts that may be incomplete: no check then knows the
 * machines.
 */
function resolvedByGuess({ os, cut = [] }: Host): boolean {
  // on a Mac, the installed programs decide the provider
  const behind = { windows: "windows", macos: "programs", linux: "os", other: "os" }[os.platform];
  return cut.some((fact) => fact === "os" || fact === behind);
}

/**
 * Wraps a host and a config to record which possibly incomplete facts are read: directly from the
 * host, or through values that were resolved from them.
 */
function watch(host: Host, config: Resolved): { watched: { host: Host; config: Resolved }; touched: () => string[] } {
  const { cut = [] } = host;
  if (cut.length === 0) return { watched: { host, config }, touched: () => [] };
  const touched = new Set<string>();
  function recorded<T extends object>(object: T, factsOf: (key: string, object: T) => string[]): T {
    return new Proxy(object, {
      get(target, key) {
        for (const fact of factsOf(String(key), target)) if (cut.includes(fact)) touched.add(fact);
        return target[key as keyof T];
      },
    });
  }
  const machines = config.machines.map((machine) => {
    const gpus = machine.gpus.map((request) => recorded(request, factsBehind));
    return recorded({ ...machine, gpus }, factsBehind);
  });
  return {
    watched: { host: recorded(host, (key) => [key]), config: { ...config, machines } },
    touched: () => [...touched],
  };
}

function unsure(keys: string[]): Verdict {
  return {
    status: "unknown",
    message: "could not check this: the probe's text ends before the facts that it needs",
    evidence: [{ read: "the probe", value: `may lack ${keys.join(", ") || "os"}` }],
  };
}

const about = ({ machine }: Verdict) => (machine === undefined ? {} : { machine });

/** For each check, why it matters, and the command that confirms the fix on such a host. */
export function notesFor({ os: { platform } }: Host): Notes {
  const system = platform === "other" ? "linux" : platform;
  return Object.fromEntries(checks.map(({ id, why, confirm = self(`doctor ${id}`) }) => [id, {
    why,
    confirm: typeof confirm === "string" ? confirm : confirm[system],
  }]));
}
