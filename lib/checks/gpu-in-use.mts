import type { Check } from "./types.mts";
import { eachCard } from "./each.mts";
import { driverVerdict } from "./gpu-driver.mts";
import { withTwins } from "./gpu-twins.mts";
import { holdersVerdict } from "./gpu-holders.mts";
import { displayVerdict } from "./gpu-display.mts";

/** The host's use of the card: the driver and processes that hold it, and the display on it. */
export const gpuInUseChecks: Check[] = [
  {
    id: "gpu.driver",
    about: "which host driver holds the card, whether vfio-pci can take it, and what will happen",
    why: "the host's driver must release the card before the VM gets it",
    confirm: "lspci -nnk -d ::03xx",
    check: (host, config) =>
      eachCard(
        host,
        config,
        (card, { provider }) => withTwins(driverVerdict(card, host, provider), card, host, config),
      ),
  },
  {
    id: "gpu.in-use",
    about: "which processes hold the card open",
    why: "a driver cannot release a device that is open: the start of the VM would hang, and libvirt with it",
    confirm: "fuser -v /dev/dri/* /dev/nvidia*",
    check: (host, config) =>
      config.machines.flatMap((machine) =>
        eachCard(host, { ...config, machines: [machine] }, (card) => holdersVerdict(card, host, machine.running))
      ),
  },
  {
    id: "gpu.display",
    about: "whether the host uses the card as a display",
    why: "the host's console goes dark when the VM takes the card",
    confirm: "cat /sys/bus/pci/devices/*/boot_vga",
    check: (host, config) => eachCard(host, config, (card) => displayVerdict(card, host, config)),
  },
];
