import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";

/** Words of Hyper-V, of the service for VMs and containers (HCS), and of programs that use them. */
export const hypervWords = anyOf(
  /hyper-?v|virtual (?:machine|processor|hard disk|disk|switch|TPM)|compute system|guest operating system|\bHC[SN]\b|vmcompute|\bvmms\b|vmwp|\bVID\b/i,
  /\.vhdx?\b|vagrant|docker desktop|multipass|partition|sandbox|\(Instance ID |could not initialize memory|Attachment '/i,
  /\b(?:\w{3,12}-VM|(?:Get|New|Set|Convert|Resize|Mount|Test)-VHD)\w{0,40}\b|NetNat|featurename|boot loader did not load|image's hash is not|checkpoint|hypervisor|PSSession|PowerShell|or container|key protector|\bVM\b/i,
);

/** Words of WSL, and those of {@link hypervWords}. */
export const windowsWords = anyOf(/\bWsl|wsl\.exe/i, hypervWords);

/** Shows what Hyper-V wrote about a VM (`Worker`), or about its own work (`VMMS`). */
export const logOf = (service: "Worker" | "VMMS") =>
  commandFix(
    service === "Worker" ? "Read what Hyper-V wrote about the VM" : "Read what Hyper-V wrote about it",
    `Get-WinEvent -LogName Microsoft-Windows-Hyper-V-${service}-Admin -MaxEvents 20`,
  );

/** Words of graphics cards, and those of the Device Manager's own sentences in several languages. */
export const deviceWords =
  /gpu|nvidia|geforce|quadro|radeon|\bintel\(r\)|display|video|graphics|this (?:hardware )?device|for this hardware|Gerät|périphérique|dispositivo|设备|裝置|устройств|デバイス|장치|urządzeni/i;
