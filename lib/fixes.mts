/** Constructors of fixes, and fixes that several modules use. */
import type { Fix } from "./findings.mts";
import { self } from "./self.mts";

/** A fix without a command: what to do, in words. */
export const manualFix = (title: string, more: Partial<Fix> = {}): Fix => ({
  title,
  command: null,
  root: false,
  reboot: false,
  safe: false,
  ...more,
});
/** A fix by a shell command; null if the command for this host is not known. */
export const commandFix = (title: string, command: string | null, more: Partial<Fix> = {}): Fix => ({
  ...manualFix(title, more),
  command,
});
/** A fix in the firmware setup or in the hardware, for which the host is switched off. */
export const firmwareFix = (title: string): Fix => manualFix(title, { root: true, reboot: true });
/** A command that runs in the VM, as root. */
export const guestFix = (title: string, run: string): Fix => commandFix(title, self(`ssh -- sudo ${run}`));
/** Points to a check (its id) or a group of them (`iommu`). */
export const doctorFix = (check: string): Fix =>
  commandFix("Check what doctor finds on this host", self(`doctor ${check}`));

/** Fixes that several modules use, by name. */
export const remedies = {
  iommu: firmwareFix("Turn on VT-d (Intel) or AMD-Vi, also called IOMMU (AMD), in the firmware setup"),
  virtualization: firmwareFix("Turn on VT-x or SVM in the firmware setup"),
  interrupts: firmwareFix("Turn on interrupt remapping or x2APIC in the firmware setup"),
  reserved: firmwareFix("Find the setting in the firmware setup that reserves memory for that slot"),
  firmwareUpdate: firmwareFix("Update the firmware of the machine, which describes the devices of the IOMMU"),
  slot: firmwareFix("Move the card to another slot, preferably one that is wired to the CPU"),
  display: firmwareFix(
    "Connect the display to another card, or to the CPU's graphics, and choose that as primary display in the " +
      "firmware setup",
  ),
  smallRegions: firmwareFix("Turn off Resizable BAR in the firmware setup, which makes the card's regions smaller"),
  otherVm: commandFix("Check which VM has it, then shut that VM down", "virsh -c qemu:///system list"),
  persistenced: commandFix("Stop NVIDIA's persistence daemon", "systemctl stop nvidia-persistenced", { root: true }),
  awake: commandFix(
    "If the VM cannot wake it: keep idle cards awake",
    "sh -c 'echo options vfio-pci disable_idle_d3=1 >/etc/modprobe.d/vfio-idle.conf'",
    { root: true, reboot: true },
  ),
  powerCycle: manualFix(
    "Shut the VMs down, power the host off, wait ten seconds, and power it on: a reboot leaves the card powered",
    { root: true },
  ),
  bindAtBoot: commandFix("More reliable: bind the card to vfio-pci at boot", self("prepare"), {
    reboot: true,
  }),
  outside: manualFix("Run this on the host itself, outside of the container"),
  recreate: commandFix("Recreate the VM (its system disk is lost)", self("up --recreate")),
  network: commandFix("Start libvirt's network default", "virsh -c qemu:///system net-start default", {
    root: true,
    safe: true,
  }),
  // virsh ends with the result of its last command
  pool: commandFix(
    "Start libvirt's storage pool default, now and with the host",
    "virsh -c qemu:///system 'pool-autostart default; pool-start default'",
    { root: true, safe: true },
  ),
  room: manualFix("Free space where VM disks and images are stored"),
} satisfies Record<string, Fix>;

/** Replaces the VM of a machine, and says what is deleted with its system disk. */
export const recreateFix = ({ name, engine }: { name: string; engine: string }): Fix =>
  commandFix(
    `Recreate the VM when it suits you: this deletes its system disk, with ${lostWith(engine)}`,
    self(`up ${name} --recreate`),
  );

/** What is on the system disk of a VM, as part of a sentence. `engine`: `docker` or `podman`. */
export function lostWith(engine: string): string {
  const title = engine === "podman" ? "Podman" : "Docker";
  return `all volumes, images and containers of ${title} and every other file in the VM`;
}

/** What is on the data disk of a VM, as part of a sentence. `engine`: `docker` or `podman`. */
export function dataHolds(engine: string): string {
  return engine === "podman"
    ? "/var/lib/containers (volumes, images) and /srv"
    : "/var/lib/docker (volumes, images) and /srv";
}

/** Adds this user to a group. `joined`: the user's groups that take effect at the next login. */
export const joinGroupFix = (group: "kvm" | "libvirt", joined: string[] = []): Fix =>
  joined.includes(group)
    ? manualFix(
      `Log in again: this login began before you joined the group ${group}. In this terminal alone: newgrp ${group}`,
    )
    : commandFix(`Join the group ${group}, then log in again`, `usermod -aG ${group} "$USER"`, { root: true });

/** For a guest without the headers of its kernel. */
export const headers = "Install the headers of the kernel that the box boots, and rebuild the box";
/** For a machine that is too large for its host. */
export const lessMemory = manualFix("Give the machine less memory (memory:), or free memory");
/** Shows why VFIO refused the card. */
export const kernelLog = commandFix(
  "Find the cause in the kernel log",
  "dmesg | grep -iE 'vfio|remapping|RMRR|1:1'",
  {
    root: true,
  },
);
/**
 * For a ProLiant server that reserves memory for a card (RMRR), by its product name. Gen8 has the setting only in HPE's
 * tool (advisory c04781229; jamesdenton and silvenga.com on DL360e and DL380p Gen8, read 2026-11-27).
 */
export function withoutSharedMemory(product = ""): Fix[] {
  const menu = "turn off “HP Shared Memory features” for the slot in the firmware setup";
  const tool =
    "exclude the slot with HPE's tool conrep (package hp-scripting-tools): RMRDS_SlotN, Endpoints_Excluded; " +
    "iLO then cannot read that slot";
  const [, generation] = /\bGen(\d+)/.exec(product) ?? [];
  const upper = (text: string) => text[0]!.toUpperCase() + text.slice(1);
  return [
    ...(generation === "8" ? [] : [firmwareFix(generation ? upper(menu) : `HPE Gen9 and later: ${menu}`)]),
    ...(Number(generation ?? 8) > 8 ? [] : [firmwareFix(generation ? upper(tool) : `HPE Gen8: ${tool}`)]),
  ];
}
/** For cards whose memory regions do not fit below 4 GiB. */
export const aboveFour = firmwareFix(
  "Turn on Above 4G Decoding (some makers: Memory Mapped I/O above 4 GB) in the host's firmware setup",
);
/** For a card that is not bound to vfio-pci. */
export const bindVfio = commandFix(
  "Load vfio-pci, and see which driver has the card",
  "modprobe vfio-pci && lspci -nnk -d ::03xx",
  {
    root: true,
  },
);
/** For a VM whose Docker has no GPU support. */
export const toolkit = [
  manualFix("Install the NVIDIA Container Toolkit in the VM, or rebuild its box with gpu:"),
  guestFix("Register it with Docker", "nvidia-ctk runtime configure --runtime=docker"),
  guestFix("Restart Docker: it looks for GPUs only at its start", "systemctl restart docker"),
];
