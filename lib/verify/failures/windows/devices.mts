import type { Failure } from "../types.mts";
import { anyOf } from "../../../text.mts";
import { deviceWords } from "./names-of-windows.mts";
import { type Row, rows } from "../rows.mts";

const install =
  "Install the maker's driver in this Windows (in a VM with a GPU partition: copy the host's driver again)";

/** What the Device Manager says about a card, by its code or its sentence. */
const codes: Row[] = [
  [
    "gpu.window",
    "cause",
    /This device cannot find enough free resources that it can use|\(Code 12\)(?! a ?t \w)/,
    "the guest has no room for the card's memory: the VM's MMIO space is too small",
    "Give the VM a larger MMIO window (hyperv: HighMemoryMappedIoSpace; OVMF: X-PciMmio64Mb)",
  ],
  [
    "hyperv.driver",
    "cause",
    anyOf(
      /\(Code (?:10|18|28|31|32|37|39|40|48|52)\)(?! a ?t \w)|This device cannot start\.(?! Try)/,
      /The drivers for this device are not installed|(?:This device is not working properly because )?Windows cannot (?:initialize|load) the (?:device driver|drivers) /,
      /Windows cannot verify the digital signature for the drivers required|Reinstall the drivers for this device/,
      /The software for this device has been blocked from starting|A driver \(service\) for this device has been disabled/,
    ),
    "Windows' driver for the card (or the device in the message) is not installed, does not fit, is blocked or " +
    "not signed, or the card did not answer " +
    "it",
    install,
    "If Windows blocks or does not verify it: use the maker's current driver; test drivers need Secure Boot off",
    "A whole card in a VM: stop the VM, and power the host off and on, if the driver was right before",
  ],
  [
    "hyperv.driver",
    "cause",
    anyOf(
      /\(Code (?:14|21|38|47|51|54)\)(?! a ?t \w)|This device cannot work properly until you restart|Windows is removing this device/,
      /previous instance of the device driver is still in memory|This device is currently waiting on another device/,
    ),
    "the card's driver waits for a restart of Windows",
    "Restart this Windows; a VM: shut it down and start it",
  ],
  [
    "hyperv.driver",
    "cause",
    /\(Code (?:22|29)\)(?! a ?t \w)|This device is disabled(?:\.| because the firmware)/,
    "the card is switched off in the Device Manager, or by the firmware",
    "Enable it there (right click, Enable device), or in the firmware's setup",
    "A host whose card was given to a VM whole (DDA) shows it so, until the VM gives it back",
  ],
  [
    "hyperv.card",
    "cause",
    anyOf(
      /\(Code (?:24|41|45)\)(?! a ?t \w)|(?:Currently, )?this hardware device is not connected to the computer|cannot find the hardware device/,
      /This device is not present, is not working properly, or does not have all its drivers/,
    ),
    "Windows does not find the card: it was taken out or given to a VM, has lost its power, or fell off the bus",
    "Shut down, power off, and check the card's seat and its power cables",
    "In a VM: check that the card or its partition is still given to it",
  ],
  [
    "hyperv.driver",
    "cause",
    anyOf(
      /(?:This )?(?:NVIDIA )?graphics driver (?:package )?is not compatible with this version of Windows|(?:This graphics driver )?could not find compatible graphics hardware/,
      /NVIDIA Installer (?:cannot continue|failed)|DCH drivers? (?:is|are) not compatible|Standard (?:display|NVIDIA graphics) driver is not compatible/,
    ),
    "NVIDIA's installer does not install this driver: it is not for this card or this Windows, it finds no card, " +
    "or the " +
    "type (DCH, Standard) is another one than before",
    "Take the driver for exactly this card and Windows from NVIDIA's page (DCH for Windows 10 and 11)",
    "In a VM with a GPU partition install none: copy the host's driver files instead",
    "A whole card that the installer does not find: see that the Device Manager shows it",
  ],
  [
    "hyperv.driver",
    "cause",
    /[A-Z]:\\[^>\n]{0,80}> ?nvidia-smi(?:\.exe)?[^\n]{0,60}"?\n{1,2}"?NVIDIA-SMI has failed/,
    "NVIDIA's driver does not run on this Windows: it is not installed, the card is stopped or disabled in the " +
    "Device " +
    "Manager, or it was given to a VM",
    "See in the Device Manager what the card says (Properties, General)",
    install,
  ],
];

/** The Device Manager's errors of a card, and what NVIDIA's installer for Windows says. */
export const windowsDeviceFailures = (): Failure[] =>
  rows({
    layer: "driver",
    near: deviceWords,
    source: "Microsoft Learn (Device Manager error codes), general knowledge, 2026-11",
  }, codes);
