import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import { manualFix } from "../fixes.mts";
import { switchBoardOf } from "../resolve/switch-boards.mts";
import type { Card } from "../resolve/types.mts";
import { isIntegrated, isPortable } from "../host/pci.mts";
import { eachCard } from "./each.mts";
import { pass, unknown, warn } from "./results.mts";
import { isNvidia, vendorIds } from "../host/vendors.mts";

/** What a card needs from the machine that it is installed in. */
export const gpuPlatformChecks: Check[] = [
  {
    id: "gpu.platform",
    about: "what the card needs from its machine: the firmware's video BIOS (laptops, AMD's processors), the " +
      "switches of an NVSwitch board",
    why: "without that the driver in the VM finds the card but does not start it",
    confirm: "lspci -nn | grep -iE 'nvswitch|3d controller'; ls /sys/bus/pci/devices/*/rom",
    check: (host, config) => eachCard(host, config, (card, machine) => platform(card, machine.gpus.length, host)),
  },
];

function platform({ gpu, assignedFunctions, alsoPassed }: Card, wanted: number, host: Host): Verdict {
  const evidence = [
    { read: "/sys/class/dmi/id/chassis_type", value: host.dmi.chassis_type ?? "not read" },
    {
      read: `/sys/bus/pci/devices/${gpu.bdf}/rom`,
      value: gpu.rom === undefined ? "not read" : gpu.rom ? "there" : "not there",
    },
  ];
  // NVSwitches are bridges of class 0680; NVIDIA's only other ones are chips of very old boards
  const server = isNvidia(gpu) && gpu.class?.startsWith("0302") && !isPortable(host);
  const switches = server ? (host.pci ?? []).filter((fn) => isNvidia(fn) && fn.class?.startsWith("0680")) : [];
  const twins = (host.pci ?? []).filter(({ vendor, device }) => vendor === gpu.vendor && device === gpu.device).length;
  const passed = [...assignedFunctions, ...alsoPassed];
  if (switches.length > 0 && !switches.every((fn) => passed.includes(fn))) {
    return warn(
      `the GPU is one of ${twins} on a board with ${switches.length} NVSwitch${
        switches.length === 1 ? "" : "es"
      }: CUDA in the VM starts only if the board's NVLink fabric is set up for it`,
      [
        ...evidence,
        ...switches.slice(0, 6).map(({ bdf, vendor, device }) => ({
          read: "NVSwitch",
          value: `${bdf} ${vendor}:${device ?? "not read"}`,
        })),
      ],
      [
        manualFix(
          wanted > 1
            ? "Run NVIDIA's Fabric Manager on this host in its shared NVSwitch mode, with a partition of these GPUs"
            : "Run NVIDIA's Fabric Manager on this host in its shared NVSwitch mode, with a partition of this " +
              "GPU alone",
          { root: true },
        ),
      ],
    );
  }
  const board = switchBoardOf(gpu);
  if (board) {
    return warn(
      `the GPU is on an ${board.name} board, whose NVSwitches are not PCI devices of this host: CUDA in the VM ` +
        "starts only if the board's NVLink fabric is set up for it",
      [...evidence, { read: board.source, value: `as of ${board.checked}` }],
      [
        manualFix(
          "Run NVIDIA's Fabric Manager with the NVLink Subnet Manager where the board's ConnectX bridge " +
            "functions are, in its shared NVSwitch mode",
          { root: true },
        ),
      ],
    );
  }
  if (gpu.vendor === vendorIds.amd && isIntegrated(gpu, host.pci)) {
    return warn(
      "these graphics are part of the processor and have no video BIOS (vBIOS) of their own: amdgpu in the VM " +
        "does not start them without a copy (“Unable to locate a BIOS ROM”)",
      [...evidence, { read: "github.com/isc30/ryzen-gpu-passthrough-proxmox issue 117", value: "as of 2026-11-29" }],
      [
        manualFix(
          "Give the VM a copy of the vBIOS: it is in this host's ACPI table VFCT " +
            "(/sys/firmware/acpi/tables/VFCT), behind the table's header; name the file in the VM's XML " +
            "(<rom file='…'/>, in the hostdev)",
          { root: true },
        ),
        manualFix("Or use the GPU in containers on this host, without a VM"),
      ],
    );
  }
  if (isPortable(host) && gpu.rom === false && gpu.physicalFunction === undefined && gpu.upstreamBridges.length > 0) {
    return warn(
      "this laptop's card has no video BIOS (vBIOS) of its own: its driver reads it from the laptop's firmware, " +
        "and might not start in a VM",
      evidence,
      [
        manualFix(
          "Give the VM a copy of the vBIOS: extract it from the laptop's firmware and name it in the VM's XML " +
            "(<rom file='…'/>, in the hostdev)",
        ),
        manualFix("Or use the GPU in containers on this host, without a VM"),
      ],
    );
  }
  return isPortable(host) && gpu.rom === undefined
    ? unknown("could not read whether this laptop's card has a video BIOS of its own", evidence)
    : pass(
      gpu.external
        ? "an external card: connect it before the VM starts, and disconnect it only after the VM stopped"
        : "the card needs nothing that a VM does not have",
      evidence,
    );
}
