/** Data disks: libvirt's volumes that outlive their VMs. */
import type { Shell } from "../shell.mts";

/** The serial number by which a guest finds its data disk; at most 20 characters (virtio-blk). */
export const dataSerial = "homelab-gpu-data";

/** The data disk of a machine. */
export interface DataDisk {
  /** Name of its volume in libvirt's default pool. */
  volume: string;
  /** MiB; absent if there is no such volume. */
  size?: number;
  /** What it takes on the host, MiB. */
  used?: number;
}

/** Path of the record of a machine's data disk, relative to the lab's folder: one line, the volume's name. */
export const dataRecord = (name: string): string => `data/${name}`;

/** The volume of a machine's data disk where no record names another. `prefix`: of the lab's domains. */
export const defaultDataVolume = (prefix: string, name: string): string => `${prefix}${name}-data.qcow2`;

/** The folders of a VM that are on its data disk. `engine`: `docker` or `podman`. */
export const dataFolders = (engine: string): string[] =>
  engine === "podman" ? ["/srv", "/var/lib/containers"] : ["/srv", "/var/lib/docker", "/var/lib/containerd"];

/** The machines with a record of a data disk, those that have left the config included. */
export async function listDataDisks(shell: Shell, folder: string): Promise<string[]> {
  return shell.platform === "linux" ? await shell.list(`${folder}/data`) : [];
}

/**
 * The data disks of machines that have a record, or a `data:` in the config. One call of virsh, and
 * none for a lab without data disks. A size that libvirt did not report is absent.
 */
export async function readDataDisks(
  shell: Shell,
  folder: string,
  prefix: string,
  names: string[],
  { machines }: { machines: { name: string; data?: number }[] },
): Promise<Record<string, DataDisk>> {
  if (shell.platform !== "linux") return {};
  const withData = machines.flatMap(({ name, data }) => (data === undefined ? [] : [name]));
  const records = await Promise.all(names.map((name) => shell.read(`${folder}/${dataRecord(name)}`)));
  const volumes = names.flatMap((name, i) => {
    const recorded = records[i]?.trim();
    if (recorded !== undefined && /^[A-Za-z0-9][\w.-]*$/.test(recorded)) return [[name, recorded] as const];
    return withData.includes(name) ? [[name, defaultDataVolume(prefix, name)] as const] : [];
  });
  if (volumes.length === 0) return {};
  const command = volumes.map(([, volume]) => `vol-info --bytes --pool default ${volume}`).join("; ");
  const { out } = await shell.capture(["virsh", "-q", "-c", "qemu:///system", command], { env: { LC_ALL: "C" } });
  const sizes = new Map(
    out.split(/^(?=Name:)/m).map((block) => [/^Name:\s*(.+?)\s*$/m.exec(block)?.[1], block] as const),
  );
  return Object.fromEntries(volumes.map(([name, volume]) => {
    const block = sizes.get(volume) ?? "";
    const [size, used] = ["Capacity", "Allocation"].map((key) => {
      const bytes = new RegExp(`^${key}:\\s*(\\d+)`, "m").exec(block)?.[1];
      return bytes === undefined ? undefined : Math.floor(Number(bytes) / 1024 ** 2);
    });
    return [name, {
      volume,
      ...(size === undefined ? {} : { size }),
      ...(used === undefined ? {} : { used }),
    }];
  }));
}

/** File name of the data disk in a domain's XML (formatdomain.html: disk, serial); undefined without one. */
export function dataVolumeIn(xml: string): string | undefined {
  const disk = [...xml.matchAll(/<disk [^]*?<\/disk>/g)].find(([text]) =>
    text.includes(`<serial>${dataSerial}</serial>`)
  );
  return /<source file='[^']*\/([^'/]+)'/.exec(disk?.[0] ?? "")?.[1];
}
