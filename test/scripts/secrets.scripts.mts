// A saved probe must not contain serial numbers, MAC and IP addresses, or names of this host and
// its users.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, networkInterfaces, tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../fake.mts";

const test = suite("secrets");
const probe = (...words: string[]) =>
  execFileSync("sh", [`${root}/scripts/probe-linux.sh`, ...words], { encoding: "utf8" });
const lineOf = (path: string) => {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
};

test("the probe of this host contains none of its secrets", () => {
  const names = (folder: string) => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  const secrets = [
    ...["product_serial", "product_uuid", "board_serial", "chassis_serial"].map((name) => `/sys/class/dmi/id/${name}`),
    "/etc/machine-id",
    "/proc/sys/kernel/random/boot_id",
    ...names("/sys/class/net").map((name) => `/sys/class/net/${name}/address`),
    ...names("/sys/block").map((name) => `/sys/block/${name}/serial`),
  ].map(lineOf);
  const addresses = Object.values(networkInterfaces()).flatMap((one = []) => one.map(({ address }) => address));
  const words = [hostname(), userInfo().username === "root" ? "" : userInfo().username];
  const text = probe();
  assert.match(text, /^homelab-gpu-probe \d+ linux\n/);
  const leaked = [...secrets, ...addresses].filter((secret) => secret.length > 5 && !/^[0:]+$/.test(secret)).filter((
    secret,
  ) => text.includes(secret));
  assert.equal(leaked, []);
  for (const word of words.filter((one) => one.length > 2 && one !== "localhost")) {
    assert.not.match(text, new RegExp(`\\b${word.replace(/\W/g, "\\$&")}\\b`));
  }
});

test("the probe of a host with planted secrets contains none of them", () => {
  const tree = mkdtempSync(join(tmpdir(), "homelab-gpu-planted-"));
  try {
    const bdf = "0000:01:00.0";
    const files: Record<string, string> = {
      "sys/class/dmi/id/sys_vendor": "Vendor",
      "sys/class/dmi/id/product_name": "Board",
      "sys/class/dmi/id/product_serial": "PLANTED-1",
      "sys/class/dmi/id/product_uuid": "PLANTED-2",
      "sys/class/dmi/id/board_serial": "PLANTED-3",
      "sys/class/dmi/id/board_asset_tag": "PLANTED-4",
      "sys/class/net/enx001122334455/address": "00:11:22:33:44:55",
      "sys/class/net/eth0/address": "00:11:22:33:44:66",
      "sys/class/block/sda/serial": "PLANTED-5",
      "sys/class/block/dm-0/dm/name": "planted--14",
      "sys/class/block/dm-0/dev": "253:0",
      "sys/dev/block/253:0/dm/name": "planted--14",
      "sys/dev/block/8:1/dev": "8:1",
      [`sys/bus/pci/devices/${bdf}/vendor`]: "0x10de",
      [`sys/bus/pci/devices/${bdf}/device`]: "0x2786",
      [`sys/bus/pci/devices/${bdf}/class`]: "0x030000",
      [`sys/bus/pci/devices/${bdf}/vpd`]: "PLANTED-6",
      [`sys/bus/pci/devices/${bdf}/label`]: "PLANTED-7",
      "proc/cmdline":
        "root=UUID=planted-8 ip=10.1.2.3::10.1.2.1:255.0.0.0:planted-9:eth0 nfsroot=10.1.2.4:/planted intel_iommu=on",
      "proc/sys/kernel/hostname": "planted-host",
      "proc/self/mountinfo":
        "25 1 8:1 / /home/planted rw - ext4 /dev/sda1 rw\n26 1 8:2 / / rw - ext4 /dev/sda2 rw\n27 1 0:40 / /planted rw - zfs planted rw\n28 1 0:41 / /mnt/planted rw - btrfs /dev/mapper/planted--14 rw",

      "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n/home/planted/swap file 1 0 -2",
      "proc/driver/nvidia/gpus/0000:01:00.0/information": "GPU UUID: GPU-PLANTED-10\nVideo BIOS: planted",
      "etc/hostname": "planted-host",
      "etc/hosts": "127.0.1.1 planted-host",
      "etc/machine-id": "planted11",
      "etc/passwd": "planted:x:1000:1000::/home/planted:/bin/sh",
      "etc/default/grub": 'GRUB_CMDLINE_LINUX="rd.luks.uuid=planted-12 iommu=pt"\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"',
      "etc/os-release": "ID=debian\nVERSION_ID=13",
      "etc/fstab": "UUID=planted-13 /home/planted ext4 defaults 0 0",
      "etc/modprobe.d/x.conf": "# planted-host by planted\noptions vfio-pci ids=10de:2786",
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(tree, dirname(path)), { recursive: true });
      writeFileSync(join(tree, path), `${text}\n`);
    }
    const text = probe(tree);
    assert.match(text, /intel_iommu=on/, "what it is about is there");
    assert.match(text, /^mount-\/home\/…:/m, "that there is a disk is there");
    const leaked = text.split("\n").filter((line) => /planted|00:11:22|001122|10\.1\.2/i.test(line));
    assert.equal(leaked, []);
  } finally {
    rmSync(tree, { recursive: true });
  }
});

test.run();
