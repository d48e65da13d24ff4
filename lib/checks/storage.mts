import { manualFix, remedies } from "../fixes.mts";
import { boxDiskSize } from "../config/vocabulary.mts";
import type { Host } from "../host/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import { fail, pass, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** Sizes of disks that the config names. */
export const storageChecks: Check[] = [
  {
    id: "storage.disk",
    about: "whether the system disk can have the size of disk:",
    why: "a disk can only grow: a smaller one would lose data",
    confirm: "df -h /var/lib/libvirt/images",
    check: (host, { machines }) =>
      machines.flatMap((machine) =>
        machine.disk === undefined ? [] : [{ machine: machine.name, ...systemDisk(machine, machine.disk, host) }]
      ),
  },
  {
    id: "storage.data",
    about: "whether the data disk can have the size of data:",
    why: "a data disk outlives its VM, and it can only grow: a smaller one would lose data",
    confirm: "virsh -c qemu:///system vol-list default --details",
    check: (host, { machines }) =>
      machines.flatMap((machine) =>
        machine.data === undefined ? [] : [{ machine: machine.name, ...dataDisk(machine, machine.data, host) }]
      ),
  },
];

/** Why a provider has no data disks yet. */
const withoutData: Record<string, string> = {
  virtualbox: "VirtualBox deletes every disk that is attached to a VM together with it",
  hyperv: "Vagrant's provider for Hyper-V attaches no disk that outlives the VM",
  parallels: "Parallels keeps every disk in the VM's own folder, which is deleted with it",
};

/** `wanted`: MiB. */
function dataDisk(
  { provider, dataSize: has, dataVolume, dataUsed = 0 }: ResolvedMachine,
  wanted: number,
  host: Host,
): Verdict {
  const room = host.disk.images;
  const requested = { read: "data", value: `${wanted / 1024} GiB` };
  if (provider !== "libvirt") {
    const reason = withoutData[provider];
    return fail(`data: is available only with libvirt so far${reason ? `: ${reason}` : ""}`, [requested], [
      manualFix("Remove data:; volumes and /srv are then on the system disk, which is replaced with the VM"),
    ]);
  }
  const evidence = [
    requested,
    {
      read: "virsh vol-info",
      value: has === undefined ? "none, or not read" : `${dataVolume ?? "its volume"}: ${Math.floor(has / 1024)} GiB`,
    },
    { read: "df /var/lib/libvirt/images", value: room === undefined ? "unknown" : `${room} MiB` },
  ];
  if (has !== undefined && has > wanted) {
    return fail(`its data disk has ${Math.ceil(has / 1024)} GiB, and a disk cannot be made smaller`, evidence, [
      manualFix(`Write data: ${Math.ceil(has / 1024)} GiB`),
    ]);
  }
  if (room !== undefined && room < wanted - dataUsed) {
    const message = `its data disk may grow to ${wanted / 1024} GiB, but only ${Math.floor(room / 1024)} GiB are free`;
    return warn(message, evidence, [remedies.room]);
  }
  return pass(`a data disk of ${wanted / 1024} GiB`, evidence);
}

/** `wanted`: MiB. */
function systemDisk(
  { provider, image, diskSize: has, diskUsed = 0 }: ResolvedMachine,
  wanted: number,
  host: Host,
): Verdict {
  const room = host.disk.images;
  const evidence = [
    { read: "disk", value: `${wanted / 1024} GiB` },
    { read: "virsh domblkinfo", value: has === undefined ? "none, or not read" : `${Math.floor(has / 1024)} GiB` },
    { read: "df /var/lib/libvirt/images", value: room === undefined ? "unknown" : `${room} MiB` },
  ];
  if (provider !== "libvirt") {
    return fail(`disk: is not available with ${provider}, only with libvirt`, evidence, [
      manualFix("Remove disk:; the VM then has the disk of its box"),
    ]);
  }
  if (has !== undefined && has > wanted) {
    return fail(`its disk has ${has / 1024} GiB, and a disk cannot be made smaller`, evidence, [
      manualFix(`Write disk: ${Math.ceil(has / 1024)} GiB`),
    ]);
  }
  if (image && wanted < boxDiskSize) {
    return fail(`a box that is built here has a disk of ${boxDiskSize / 1024} GiB, which can only grow`, evidence, [
      manualFix(`Write disk: ${boxDiskSize / 1024} GiB or more, or remove it`),
    ]);
  }
  if (room !== undefined && room < wanted - diskUsed) {
    const message = `its disk may grow to ${wanted / 1024} GiB, but only ${Math.floor(room / 1024)} GiB are free`;
    return warn(message, evidence, [remedies.room]);
  }
  return pass(`a system disk of ${wanted / 1024} GiB`, evidence);
}
