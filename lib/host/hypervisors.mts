/** Queries hypervisors other than libvirt about a VM. */
import process from "node:process";
import type { Domain } from "./libvirt.mts";
import type { CommandResult, Shell } from "../shell.mts";
import { plainPowershell, powershell } from "./windows.mts";

/** A hypervisor did not answer; the message is the reason. */
export class NoAnswer extends Error {}

/** A VM as Vagrant recorded it. */
export interface RecordedVm {
  provider: string;
  id: string;
}

/** Asks Hyper-V about the VMs of these ids; gives PowerShell's answer to {@link hypervCommand}. */
export type HypervQuestion = (ids: string[]) => Promise<CommandResult>;

/**
 * Looks up VMs by the ids that Vagrant recorded, with one question for all VMs of Hyper-V and one for
 * each other VM. `askHyperv` asks the first one, by default in a process of its own. Returns in their
 * order what their hypervisors report: undefined if it has no VM of that id, {@link NoAnswer} if it
 * does not answer. `number` identifies one run of a VM.
 */
export async function readVms(
  shell: Shell,
  recorded: (RecordedVm | undefined)[],
  askHyperv: HypervQuestion = (ids) => shell.capture(hypervCommand(ids)),
): Promise<(Domain | NoAnswer | undefined)[]> {
  const asked = recorded.map((one) => {
    // every hypervisor uses UUIDs: Vagrant did not write any other id
    const [, id] = /^\s*\{?([0-9a-f-]{36})\}?\s*$/i.exec(one?.id ?? "") ?? [];
    return one && id !== undefined && Object.hasOwn(queries, one.provider) ? { provider: one.provider, id } : undefined;
  });
  const together = asked.flatMap((one) => (one?.provider === "hyperv" ? [one.id] : []));
  const answer = together.length > 0 ? answerOf(askHyperv(together), queries.hyperv!(together)) : undefined;
  return await Promise.all(asked.map(async (one) => {
    if (!one) return undefined;
    const { id, provider } = one;
    const found = await (provider === "hyperv" ? answer! : ask(shell, queries[provider]!([id])));
    return found instanceof NoAnswer ? found : found[id.toLowerCase()];
  }));
}

const ask = (shell: Shell, query: VmQuery) => answerOf(shell.capture(query.command), query);

async function answerOf(
  answer: Promise<CommandResult>,
  { command, read, failed }: VmQuery,
): Promise<Record<string, Domain> | NoAnswer> {
  const { ok, out, err, code, timedOut } = await answer;
  // without an answer the VM's state is not known
  if (timedOut) return new NoAnswer(err.trim().split("\n").at(-1) ?? "");
  if (code === 127) return new NoAnswer(`${command[0]} is not installed`);
  if (!ok && failed) return new NoAnswer(failed(err));
  return ok ? read(out) : {};
}

interface VmQuery {
  command: string[];
  /** The reason of a failure; absent if a failure means that there is no such VM. */
  failed?(err: string): string;
  /** The VMs by id, in lower case. */
  read(out: string): Record<string, Domain>;
}

/** The question about VMs, by provider; each but Hyper-V's is about one VM. */
const queries: Record<string, (ids: string[]) => VmQuery> = {
  virtualbox: ([id = ""]) => ({
    command: [virtualboxManager(), "showvminfo", id, "--machinereadable"],
    read(out) {
      const facts = Object.fromEntries(
        [...out.matchAll(/^"?([^"=\n]+)"?="?(.*?)"?\r?$/gm)].map(([, key, value]) => [key!, value!]),
      );
      if (!facts.VMState) return {};
      const { VMState, VMStateChangeTime, cpus, memory } = facts;
      return { [id.toLowerCase()]: domain(VMState === "running", VMStateChangeTime, cpus, memory) };
    },
  }),
  hyperv: (ids) => ({
    command: hypervCommand(ids),
    // without permission for Hyper-V, or without its service, the state of the VM is not known
    failed: (err) => plainPowershell(err),
    read: (out) => {
      const found = Object.entries(parsed(out) as Record<string, HypervVm>);
      return Object.fromEntries(found.flatMap(([id, vm]) => (vm?.state ? [[id.toLowerCase(), hypervDomain(vm)]] : [])));
    },
  }),
  // some versions report the start of the host as that of the VM, so all runs of the VM get the same number
  parallels: ([id = ""]) => ({
    command: ["prlctl", "list", "--info", "--json", id],
    read(out) {
      const [vm] = [parsed(out)].flat() as {
        State?: string;
        Hardware?: Record<string, { cpus?: number; size?: string }>;
      }[];
      if (!vm?.State) return {};
      const { cpu, memory } = vm.Hardware ?? {};
      return { [id.toLowerCase()]: domain(vm.State === "running", id, cpu?.cpus, memory?.size) };
    },
  }),
};

/**
 * The lines of PowerShell that print the state of the VMs of Hyper-V with these ids, as one line of JSON. Get-VM
 * reports only the uptime, which changes with every query; WMI has the start time. With -Id, the error does not
 * distinguish a missing VM from missing permissions.
 */
export function hypervScript(ids: string[]): string {
  return "$ErrorActionPreference = 'Stop'; " +
    `$ids = ${ids.map((id) => `'${id}'`).join(", ")}; ` +
    "$vms = @(Get-VM | Where-Object { $ids -contains [string]$_.Id }); " +
    "$runs = @(if ($vms) { Get-CimInstance -Namespace 'root/virtualization/v2' -ClassName 'Msvm_ComputerSystem' }); " +
    "$all = @{}; " +
    "foreach ($vm in $vms) { $run = $runs | Where-Object { $_.Name -eq [string]$vm.Id }; " +
    "$all[[string]$vm.Id] = @{ state = [string]$vm.State; cpus = $vm.ProcessorCount; memory = " +
    "$vm.MemoryStartup / 1048576; " +
    "since = $(if ($run) { [string]$run.TimeOfLastStateChange.ToFileTimeUtc() }); " +
    "addresses = @($vm.NetworkAdapters | ForEach-Object { $_.IPAddresses }) } }; " +
    "ConvertTo-Json -Compress -Depth 4 $all";
}

/** The command that runs {@link hypervScript}. */
export const hypervCommand = (ids: string[]): string[] => powershell("-Command", hypervScript(ids));

/** A VM in the answer of Hyper-V. */
interface HypervVm {
  state?: string;
  since?: string;
  cpus?: number;
  memory?: number;
  addresses?: unknown;
}

function hypervDomain({ state, since, cpus, memory, addresses }: HypervVm): Domain {
  // IPv4 addresses, except self-assigned ones (RFC 3927)
  const ipv4 = [addresses].flat().filter((one): one is string =>
    typeof one === "string" && /^\d+(\.\d+){3}$/.test(one) && !one.startsWith("169.254.")
  );
  return {
    ...domain(state === "Running", since, cpus, memory),
    ...(state === "Running" && ipv4.length > 0 ? { addresses: ipv4 } : {}),
  };
}

function domain(running: boolean, run: unknown, cpus: unknown, memory: unknown): Domain {
  const [count, mebibytes] = [cpus, memory].map((value) => parseInt(String(value), 10));
  return {
    ...(running ? { number: String(run || "running") } : {}),
    ...(count ? { cpus: count } : {}),
    ...(mebibytes ? { memory: mebibytes } : {}),
  };
}

/** VirtualBox's installer for Windows sets a variable with its folder and adds nothing to PATH. */
function virtualboxManager(): string {
  const folder = process.env.VBOX_MSI_INSTALL_PATH ?? process.env.VBOX_INSTALL_PATH;
  return folder ? `${folder.replace(/[\\/]$/, "")}\\VBoxManage.exe` : "VBoxManage";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
