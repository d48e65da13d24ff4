import { commandFix, doctorFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { hostErrors, powerCycle } from "../fixes.mts";
import { rows } from "../rows.mts";
import type { Failure } from "../types.mts";

const source =
  "Linux 6.18 (drivers/gpu/drm/i915, xe), strongtz/i915-sriov-dkms#133 (2024-01), #210, #287 (2025-04), read 2026-11";
const near = /\bi915\b|\bxe\b|\[drm/;
const functions = commandFix(
  "Show the card's virtual functions and who has them",
  "lspci -nnk -d 8086::03xx",
);

/** Messages of Intel's kernel drivers (i915, xe) about SR-IOV, firmware and a card that does not answer. */
export const intelKernelFailures = (): Failure[] =>
  rows({ layer: "driver", near, source }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /Unable to confirm (?:version|VF\/PF ABI version|GuC version) \d/,
        /Unsupported GuC version \d|\bUnsupported GuC v\d/,
        /IOV: Found interface version \d/,
      ),
      "the driver of the virtual function and the host's driver or its GuC firmware do not speak the same version",
      manualFix(
        "Use the same release on host and guest: of i915-sriov-dkms where the host uses it, else of kernel and " +
          "linux-firmware; then power the host off and on",
        { root: true, reboot: true },
      ),
      manualFix("i915-sriov-dkms names the kernels that each of its releases knows; or use the kernel's own xe"),
    ],
    [
      "guest.driver",
      "cause",
      /\b(?:i915|xe)'?: (?:Unknown symbol|disagrees about version of symbol) \w/,
      "Intel's driver does not fit the kernel's other graphics modules: it was built for another kernel, or they are " +
      "not installed",
      manualFix("Ubuntu: install linux-modules-extra of the kernel that runs; then modprobe drm_display_helper i915", {
        root: true,
      }),
      manualFix("A driver of your own build (i915-sriov-dkms): build it again for the kernel that runs", {
        root: true,
      }),
    ],
    [
      "guest.driver",
      "cause",
      /I915 probe blocked for Device ID/i,
      "i915 is configured not to take this card (i915.force_probe=!ID), as for xe or vfio-pci",
      manualFix("If i915 should drive it: remove that kernel argument or option, rebuild the initramfs and reboot", {
        root: true,
        reboot: true,
      }),
    ],
    [
      "gpu.power",
      "cause",
      /Device is non-operational; MMIO access returns 0xFFFFFFFF|MMIO unreliable|returns all ones, device lost/,
      "Intel's card does not answer (reads are all ones): it sleeps, was not reset, or the host has not enabled this " +
      "virtual function",
      functions,
      manualFix("In a VM: blacklist the driver, and load it after the boot (modprobe i915): some cards wake up late"),
      powerCycle,
    ],
    [
      "gpu.match",
      "cause",
      anyOf(
        /(?:i915|xe) \S{1,14}: (?:\[drm\] )?(?:\*ERROR\* )?Failed to enable \d{1,2} VFs/,
        /Failed to (?:bulk )?provision VF\d|Failed to push (?:VF\d|\d{1,3} of \d{1,3} VF)/,
      ),
      "the host's driver could not create the virtual functions or give them their share of the card: SR-IOV or the " +
      "room for their memory is off in the firmware setup, or more are asked for than the card has room for",
      manualFix(
        "Firmware setup: SR-IOV, Above 4G Decoding and Resizable BAR on; ask for fewer functions (sriov_numvfs)",
        { root: true, reboot: true },
      ),
      commandFix("Check how many the card has", "grep -H . /sys/bus/pci/devices/*/sriov_totalvfs"),
      hostErrors,
    ],
    [
      "gpu.in-use",
      "cause",
      /Can't disable \d{1,2} VFs, \d{1,2} (?:are|is) still assigned/,
      "virtual functions cannot be removed: a VM still has one of them",
      manualFix("Shut that VM down first, then write the number into sriov_numvfs"),
      functions,
    ],
    [
      "gpu.reset",
      "cause",
      /VF\d{1,2} FLR didn't (?:complete|finish)/,
      "a virtual function of Intel's card does not come back from its reset",
      manualFix(
        "Shut the VMs down, write 0 and then the number into sriov_numvfs; if the error remains, reboot " +
          "the host",
      ),
      manualFix("Update the host's kernel and linux-firmware"),
    ],
    [
      "guest.driver",
      "cause",
      /Survivability Mode|Firmware flash required/,
      "the firmware on Intel's card itself is damaged or unfinished: its driver starts only to let it be written " +
      "again",
      commandFix("Check whether the vendor offers it", "fwupdmgr get-updates"),
      manualFix("Else write the card's firmware with its maker's tool, mostly from Windows; then power off and on"),
    ],
    [
      "gpu.window",
      "cause",
      /VRAM: \S{1,24} is larger than resource/,
      "Intel's card has more memory than the window that the firmware gave it: xe does not start the card",
      manualFix("Turn on Above 4G Decoding and Resizable BAR in the firmware setup; in a VM: UEFI (OVMF) and q35"),
      doctorFix("gpu.window"),
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /CT: (?:Sending action 0x\w{1,8} failed|No response for request)|mmio request 0x\w{1,8}: (?:no reply|unexpected reply|failure (?!201))/,
        /GUC: TLB invalidation response timed out|(?:TLB|Global) invalidation (?:fence )?(?:timeout|timed out)/,
        /Failed to (?:save|restore) VF\d{1,2} (?:GuC )?(?:state|data)/,
      ),
      "the firmware processor of Intel's card (GuC) refuses a request of the driver or does not answer: its firmware " +
      "is older than the driver, or the card hangs",
      manualFix("Update the host's linux-firmware and kernel together, and reboot", { root: true, reboot: true }),
      manualFix("If a VM with a virtual function runs on: the host's suspend is what fails; do not suspend then"),
      powerCycle,
    ],
    [
      "gpu.window",
      "note",
      /(?:Failed to resize BAR\d? to|Local memory IO size|small[- ]bar device|Consider enabling 'Resizable BAR')/,
      "Intel's card works with a small window to its memory (Resizable BAR is off, or the VM's firmware gives no " +
      "room), which costs speed",
      manualFix("Turn on Above 4G Decoding and Resizable BAR in the firmware setup; in a VM: UEFI (OVMF) and q35"),
      doctorFix("gpu.window"),
    ],
    [
      "guest.driver",
      "symptom",
      /(?:i915|xe)\b.{0,60}(?:probe (?:of \S{1,20} |with driver \w{2,6} )?failed with error -19\b|Device initialization failed \(-19\))/,
      "Intel's driver does not take this device (-19): the kernel is older than the chip, it is a virtual function " +
      "that needs a driver with SR-IOV, or graphics of the CPU that were passed without their ROM",
      hostErrors,
      manualFix("Use a newer kernel in the system that prints this (the distribution's backports or HWE kernel)"),
      manualFix("A virtual function: install a driver with SR-IOV (i915-sriov-dkms) on the host and in each guest"),
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /Missing (?:GuC-Err-Cap|capture) reglist|Error state capture buffer maybe (?:too )?small|Zero GuC log (?:crash dump|debug) size/,
        /VF: migration not supported|GSC proxy component (?:didn't bind within|not bound)/,
      ),
      "a message of Intel's driver that is harmless: only error reports, protected video, or moving a running VM " +
      "lack something",
      manualFix("Nothing to do: look for another error"),
    ],
  ]);
