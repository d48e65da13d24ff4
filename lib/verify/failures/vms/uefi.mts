import type { Failure } from "../types.mts";
import { manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = /BdsDxe|OVMF|edk2|\bUEFI|\bEFI\b|\bshim|MokManager|>>Start (?:PXE|HTTP)|secure ?boot|SBAT|X64 Exception/i;
const bootOrder = manualFix("Put the VM's disk first in its boot order, and see that the disk or CD image is attached");
const secureBootOff = [
  manualFix(
    "libvirt: turn Secure Boot off: in <os firmware='efi'>, <firmware><feature enabled='no' name='secure-boot'/>" +
      "</firmware>; Proxmox: an EFI disk without pre-enrolled keys",
  ),
  manualFix(
    "Hyper-V with a Linux guest: Set-VMFirmware -VMName NAME -SecureBootTemplate MicrosoftUEFICertificateAuthority, " +
      "or -EnableSecureBoot Off",
  ),
];

/** Messages of UEFI firmware (OVMF) and of shim, which starts a Linux boot loader under Secure Boot. */
export const uefiFailures = (): Failure[] => [
  ...rows({ layer: "hypervisor", near, source: "tianocore/edk2 (BdsDxe, NetworkPkg, PciBusDxe), read 2026-11" }, [
    [
      "guest.firmware",
      "cause",
      anyOf(
        /BdsDxe: failed to (?:load|start) Boot[\dA-F]{4} .{1,300}: (?:Access Denied|Security Violation)/,
        /Verification failed: \(0x1A\) Security Violation/,
        /Bootloader has not verified loaded image/,
      ),
      "Secure Boot refuses the boot loader or kernel: it is unsigned, or signed by a key that the machine's firmware " +
      "does not have",
      ...secureBootOff,
    ],
    [
      "guest.firmware",
      "cause",
      /PciBus: \[[\w|]{2,12}\] was rejected due to resource confliction|PciHostBridgeResourceConflict\(\)/,
      "the VM's firmware finds no room for the regions (BARs) of a PCI device: its 64-bit window is too small",
      "Give QEMU a larger window: -fw_cfg name=opt/ovmf/X-PciMmio64Mb,string=65536 (MiB), or more for a larger card",
      "Give the VM the host's CPU (host-passthrough) with its address bits, from which newer OVMF computes the window",
    ],
    [
      "guest.firmware",
      "cause",
      /!!!! (?:X64|IA32|AArch64) Exception Type - /,
      "the VM's firmware (OVMF) crashed: a card's option ROM can do that, or a firmware that does not fit this QEMU",
      "Leave the card's ROM out: <rom bar='off'/> in its <hostdev>, or rombar=0 for QEMU and Proxmox",
      "Update the firmware package (ovmf, edk2-ovmf) and QEMU together",
    ],
    [
      "guest.firmware",
      "symptom",
      /ASSERT \[\w{1,40}\] \S{1,160}\.c\(\d{1,5}\): |ASSERT_EFI_ERROR \(Status = /,
      "the VM's firmware stopped at one of its own checks: the condition after the colon is false",
      "Update the firmware package (ovmf, edk2-ovmf) and QEMU together; take devices out of the VM one by one",
    ],
    [
      "guest.image",
      "cause",
      /Image type \w{2,12} can't be loaded on \w{2,12} UEFI system/,
      "the boot loader on that disk or CD is for another kind of processor than the VM's",
      "Use the image for this processor (amd64, arm64)",
    ],
    [
      "guest.firmware",
      "symptom",
      anyOf(
        /PXE-E\d\d: |>>Start (?:PXE|HTTP Boot) over IPv[46]/,
        /Error: Could not (?:retrieve NBP file size|establish connection with HTTP server|detect network connection)/,
      ),
      "the VM's firmware found no system on its disks and tries the network, where no boot server answers",
      bootOrder,
      "To boot from the network: the DHCP server has to name a boot server and a file (options 66 and 67)",
    ],
    [
      "guest.firmware",
      "symptom",
      /UEFI Interactive Shell v\d|map: No mapping found|ESC in \d seconds? to skip startup\.nsh/i,
      "the UEFI shell started, since the firmware found no boot loader on the machine's disks",
      bootOrder,
      "If the disk holds a system for BIOS: give the VM BIOS, or use an image that has an EFI partition",
    ],
    [
      "guest.firmware",
      "fallback",
      /Guest has not initiali[sz]ed the display|Display output is not active/i,
      "the VM draws nothing on its own screen: its firmware did not start, or the picture goes to the passed card",
      "Look at the passed card's own output, and at the serial console (virsh console NAME)",
      "In a VM with UEFI: see that its firmware and its variables are of one variant (both 4M, both .secboot or not)",
    ],
  ]),
  ...rows({ layer: "hypervisor", near, source: "rhboot/shim (its messages), Ubuntu and Microsoft, 2024-08" }, [
    [
      "guest.firmware",
      "cause",
      /SBAT self-check failed|Verifying shim SBAT data failed/,
      "shim refuses to start: it is older than the revocation list (SBAT) in this machine's firmware, which an " +
      "update of Windows or of another system raised",
      "Turn Secure Boot off, boot, and update shim (apt: shim-signed; dnf: shim-x64)",
      "Then reset the list (mokutil --set-sbat-policy delete), reboot once, and turn Secure Boot on again",
    ],
    [
      "guest.image",
      "cause",
      /Failed to (?:open|load image) \\EFI\\\S{1,80}(?: - |: )Not Found|start_image\(\) returned/,
      "shim finds no boot loader next to it (grubx64.efi): the EFI partition of that disk is incomplete, or the boot " +
      "entry names another folder",
      "From a rescue system: install the boot loader again (grub-install; dnf reinstall grub2-efi-x64 shim-x64)",
      bootOrder,
    ],
  ]),
];
