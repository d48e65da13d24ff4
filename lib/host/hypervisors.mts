/** Queries hypervisors other than libvirt about a VM. */
import process from "node:process";
import type { Domain } from "./libvirt.mts";
import type { Shell } from "../shell.mts";
import { plainPowershell, powershell } from "./windows.mts";

/** A hypervisor did not answer; the message is the reason. */
export class NoAnswer extends Error {}

/**
 * Looks up a VM by the id that Vagrant recorded; undefined if its hypervisor has no VM of that id.
 * `number` identifies one run of the VM. Throws {@link NoAnswer} if the hypervisor does not answer.
 */
export async function readVm(shell: Shell, provider: string, id: string): Promise<Domain | undefined> {
  const query = Object.hasOwn(queries, provider) ? queries[provider] : undefined;
  // every hypervisor uses UUIDs: Vagrant did not write any other id
  if (!query || !/^\{?[0-9a-f-]{36}\}?$/i.test(id.trim())) return undefined;
  const { command, read, failed } = query(id.trim());
  const { ok, out, err, code, timedOut } = await shell.capture(command);
  // without an answer the VM's state is not known
  if (timedOut) throw new NoAnswer(err.trim().split("\n").at(-1) ?? "");
  if (code === 127) throw new NoAnswer(`${command[0]} is not installed`);
  if (!ok && failed) throw new NoAnswer(failed(err));
  return ok ? read(out) : undefined;
}

interface VmQuery {
  command: string[];
  /** The reason of a failure; absent if a failure means that there is no such VM. */
  failed?(err: string): string;
  read(out: string): Domain | undefined;
}

const queries: Record<string, (id: string) => VmQuery> = {
  virtualbox: (id) => ({
    command: [virtualboxManager(), "showvminfo", id, "--machinereadable"],
    read(out) {
      const facts = Object.fromEntries(
        [...out.matchAll(/^"?([^"=\n]+)"?="?(.*?)"?\r?$/gm)].map(([, key, value]) => [key!, value!]),
      );
      if (!facts.VMState) return undefined;
      return domain(facts.VMState === "running", facts.VMStateChangeTime, facts.cpus, facts.memory);
    },
  }),
  // Get-VM reports only the uptime, which changes with every query; WMI has the start time. With
  // -Id, the error does not distinguish a missing VM from missing permissions
  hyperv: (id) => ({
    command: powershell(
      "-Command",
      "$ErrorActionPreference = 'Stop'; " +
        `$vm = Get-VM | Where-Object { [string]$_.Id -eq '${id.replace(/[{}]/g, "")}' }; ` +
        "if (-not $vm) { '{}'; exit 0 }; " +
        "$run = Get-CimInstance -Namespace 'root/virtualization/v2' -ClassName 'Msvm_ComputerSystem' | " +
        "Where-Object { $_.Name -eq [string]$vm.Id }; " +
        "ConvertTo-Json -Compress @{ state = [string]$vm.State; cpus = $vm.ProcessorCount; memory = " +
        "$vm.MemoryStartup / 1048576; " +
        "since = [string]$run.TimeOfLastStateChange.ToFileTimeUtc(); " +
        "addresses = @($vm.NetworkAdapters | ForEach-Object { $_.IPAddresses }) }",
    ),
    // without permission for Hyper-V, or without its service, the state of the VM is not known
    failed: (err) => plainPowershell(err),
    read: (out) => {
      const { state, since, cpus, memory, addresses } = parsed(out) as Record<string, string> & { addresses?: unknown };
      if (!state) return undefined;
      // IPv4 addresses, except self-assigned ones (RFC 3927)
      const ipv4 = [addresses].flat().filter((one): one is string =>
        typeof one === "string" && /^\d+(\.\d+){3}$/.test(one) && !one.startsWith("169.254.")
      );
      return {
        ...domain(state === "Running", since, cpus, memory),
        ...(state === "Running" && ipv4.length > 0 ? { addresses: ipv4 } : {}),
      };
    },
  }),
  // some versions report the start of the host as that of the VM, so all runs of the VM get the same number
  parallels: (id) => ({
    command: ["prlctl", "list", "--info", "--json", id],
    read(out) {
      const [vm] = [parsed(out)].flat() as {
        State?: string;
        Hardware?: Record<string, { cpus?: number; size?: string }>;
      }[];
      if (!vm?.State) return undefined;
      const { cpu, memory } = vm.Hardware ?? {};
      return domain(vm.State === "running", id, cpu?.cpus, memory?.size);
    },
  }),
};

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
