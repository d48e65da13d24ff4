/** What hypervisors other than libvirt know of a VM. */
import process from "node:process";
import type { Domain } from "./libvirt.mts";
import type { Shell } from "../shell.mts";
import { powershell } from "./windows.mts";

/** A hypervisor that could not be asked; the message says why. */
export class NoAnswer extends Error {}

/**
 * A VM by Vagrant's id of it, or undefined if its hypervisor has none of that id. `number` is something that a run of the VM has and the
 * next one has not. Throws {@link NoAnswer} if the hypervisor could not be asked.
 */
export async function readVm(shell: Shell, provider: string, id: string): Promise<Domain | undefined> {
  const asking = Object.hasOwn(asked, provider) ? asked[provider] : undefined;
  // ids are UUIDs everywhere: what is none was not written by Vagrant
  if (!asking || !/^\{?[0-9a-f-]{36}\}?$/i.test(id.trim())) return undefined;
  const { command, read } = asking(id.trim());
  const { ok, out, err, code, timedOut } = await shell.capture(command);
  // no answer says nothing of the VM
  if (timedOut) throw new NoAnswer(err.trim().split("\n").at(-1) ?? "");
  if (code === 127) throw new NoAnswer(`${command[0]} is not installed`);
  return ok ? read(out) : undefined;
}

interface Asking {
  command: string[];
  read(out: string): Domain | undefined;
}

const asked: Record<string, (id: string) => Asking> = {
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
  // Get-VM tells since when by its uptime alone, which is another at every look; WMI has the moment itself
  hyperv: (id) => ({
    command: powershell(
      "-Command",
      `$vm = Get-VM -Id '${id}' -ErrorAction Stop; ` +
        `$run = Get-CimInstance -Namespace 'root/virtualization/v2' -ClassName 'Msvm_ComputerSystem' | Where-Object { $_.Name -eq '${id}' }; ` +
        "ConvertTo-Json -Compress @{ state = [string]$vm.State; cpus = $vm.ProcessorCount; memory = $vm.MemoryStartup / 1048576; " +
        "since = [string]$run.TimeOfLastStateChange.ToFileTimeUtc() }",
    ),
    read: (out) => {
      const { state, since, cpus, memory } = parsed(out) as Record<string, string>;
      return state ? domain(state === "Running", since, cpus, memory) : undefined;
    },
  }),
  // its own account of since when is of the host's start for some versions: a run is as good as the next
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

/** On Windows VirtualBox's installer tells where it is by a variable, and puts nothing into PATH. */
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
