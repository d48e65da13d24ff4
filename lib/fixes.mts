/** How fixes are made, and those that more than one place offers, in the same words. */
import type { Fix } from "./findings.mts";

/** A fix that no command does: what to do, in words. */
export const words = (say: string, more: Partial<Fix> = {}): Fix => ({
  say,
  run: null,
  root: false,
  reboot: false,
  safe: false,
  ...more,
});
/** A fix by a shell command; null where what it would be on this host is not known. */
export const command = (say: string, run: string | null, more: Partial<Fix> = {}): Fix => ({
  ...words(say, more),
  run,
});
/** A fix at the machine itself or in its firmware's set-up, while it is not running. */
export const firmware = (say: string): Fix => words(say, { root: true, reboot: true });
/** A command that runs in the VM, as root. */
export const inGuest = (say: string, run: string): Fix => command(say, `npx zx homelab-gpu.mts ssh -- sudo ${run}`);
/** What the doctor says of a check (its id) or of a group of them (`iommu`). */
export const doctor = (check: string): Fix =>
  command("See what the doctor says of this host", `npx zx homelab-gpu.mts doctor ${check}`);

/** Fixes by name. */
export const remedies = {
  iommu: firmware("Turn on VT-d (Intel) or AMD-Vi, also called IOMMU (AMD), in the firmware's set-up"),
  virtualization: firmware("Turn on VT-x or SVM in the firmware set-up"),
  interrupts: firmware("Turn on interrupt remapping or x2APIC in the firmware's set-up"),
  reserved: firmware("Look in the firmware's set-up for what reserves memory for that slot"),
  slot: firmware("Put the card in another slot, best one that hangs on the CPU"),
  display: firmware("Choose another card, or the CPU's graphics, as primary display in the firmware's set-up"),
  smallRegions: firmware("Turn Resizable BAR off in the firmware's set-up, which makes the card's regions small"),
  otherVm: command("See which VM has it, then shut that one down", "virsh -c qemu:///system list"),
  persistenced: command("Stop NVIDIA's persistence daemon", "systemctl stop nvidia-persistenced", { root: true }),
  awake: command(
    "If the VM cannot wake it: keep idle cards awake",
    "sh -c 'echo options vfio-pci disable_idle_d3=1 >/etc/modprobe.d/vfio-idle.conf'",
    { root: true, reboot: true },
  ),
  powerCycle: command("Turn the host off and on again: a reboot may not do", "poweroff", { root: true, reboot: true }),
  bindAtBoot: command("Surer: bind the card to vfio-pci at boot", "npx zx homelab-gpu.mts prepare", { reboot: true }),
  recreate: command("Make the VM anew; what is in it is lost", "npx zx homelab-gpu.mts up --recreate"),
  network: command("Start it", "virsh -c qemu:///system net-start default", { root: true, safe: true }),
  room: words("Make room where the VM disks and the images go"),
} satisfies Record<string, Fix>;

/** Lets this user in where a group is let in. `joined`: the groups that count from the next login on. */
export const joining = (group: "kvm" | "libvirt", joined: string[] = []): Fix =>
  joined.includes(group)
    ? words(
      `Log in anew: this login began before you joined the group ${group}. In this terminal alone: newgrp ${group}`,
    )
    : command(`Join the group ${group}, then log in anew`, `usermod -aG ${group} "$USER"`, { root: true });

/** Said where the guest has no headers for its kernel. */
export const headers = "Install the headers of the kernel that the box boots, and build the box anew";
/** Of a machine that is too large for its host. */
export const lessMemory = words("Give the machine less (memory:), or free some");
/** Why VFIO refused, as the kernel tells it. */
export const kernelLog = command("Read which in the kernel's log", "dmesg | grep -iE 'vfio|remapping|RMRR|1:1'", {
  root: true,
});
/** Of cards whose regions do not fit below 4 GiB. */
export const aboveFour = firmware("Turn on Above 4G Decoding in the firmware's set-up of the host");
/** Where the card is not on vfio-pci. */
export const bindVfio = command(
  "Load vfio-pci, and see who has the card",
  "modprobe vfio-pci && lspci -nnk -d ::03xx",
  {
    root: true,
  },
);
/** Where Docker in the VM knows nothing of GPUs. */
export const toolkit = [
  words("Install the NVIDIA Container Toolkit in the VM, or build its box anew with gpu:"),
  inGuest("Tell Docker of it", "nvidia-ctk runtime configure --runtime=docker"),
  inGuest("Let Docker start anew, since it looks for GPUs only then", "systemctl restart docker"),
];
