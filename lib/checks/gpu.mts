import type { Check, GpuWish, Host, Verdict } from "../types.mts";
import { described, isDisplay } from "../pci.mts";

export const gpuChecks: Check[] = [
  {
    id: "gpu.present",
    about: "whether there is a card of that vendor at all",
    look: (host, { machines }) =>
      machines.flatMap((machine) => machine.gpus.map((wish) => ({ machine: machine.name, ...present(wish, host) }))),
  },
];

function present(wish: GpuWish, host: Host): Verdict {
  if (!host.pci) {
    return {
      status: "unknown",
      says: "the PCI bus could not be read",
      evidence: [{ read: "/sys/bus/pci/devices", value: "not readable" }],
    };
  }
  const cards = host.pci.filter(isDisplay);
  const evidence = [{ read: "/sys/bus/pci/devices, class 0x03", value: cards.map(described).join("; ") || "none" }];
  if (cards.some(({ vendor }) => vendor === wish.vendorId)) {
    return {
      status: "pass",
      says: `${cards.filter(({ vendor }) => vendor === wish.vendorId).map(described).join("; ")}`,
      evidence,
    };
  }
  const asked = wish.vendorId === "10de" ? "NVIDIA GPU" : `GPU ${wish.vendorId}:${wish.deviceId ?? "*"}`;
  return {
    status: "fail",
    says: `no ${asked} detected on host`,
    evidence,
    fix: [
      {
        say: cards.length > 0
          ? "Name a card that is there (vendor_id, device_id)"
          : "Put a card in, or run this where one is",
        run: null,
        root: false,
        reboot: false,
        safe: false,
      },
      {
        say: "Or bring the rest of the lab up without it",
        run: "npx zx homelab-gpu.mts up --no-gpu",
        root: false,
        reboot: false,
        safe: false,
      },
    ],
  };
}
