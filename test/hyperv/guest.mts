/**
 * The guest of the tier hyperv, as a box for Vagrant's Hyper-V provider: the tiny guest of the tier
 * gpu, with an SFTP server and stand-ins for what a built box has. QEMU boots its kernel and
 * initramfs; the disk in the box is empty.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { own, root } from "../fake.mts";

/** The name of the box. */
export const box = "homelab-gpu/tiny";

const put = (path: string, text: string, mode = 0o644) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
};

// dxgkrnl creates /dev/dxg for a part of a card; a whole card is QEMU's device edu with the card's ids
const firstProcess = `#!/bin/sh
export PATH=/bin
mount -t devtmpfs dev /dev
: >/dev/dxg
mount -t sysfs sys /sys
for card in /sys/bus/pci/devices/*; do
  [ "$(cat "$card/vendor")" = 0x1234 ] || continue
  for fact in vendor=0x10de device=0x25b6 class=0x030200; do
    echo "\${fact#*=}" >"/run/\${fact%=*}"
    mount -o bind "/run/\${fact%=*}" "$card/\${fact%=*}"
  done
done
exec /init.tiny
`;

/** A stand-in of Docker with Compose: a container is a process, with the name homelab-gpu-SERVICE-1. */
const engine = `#!/bin/sh
PATH=$PATH:/usr/lib/wsl/lib
all=/run/docker
mkdir -p $all
runs() { [ -e $all/$one ] && [ -e "/proc/$(cat $all/$one)" ]; }
named() { one=\${1#/} one=\${one#homelab-gpu-} one=\${one%-1}; }
case "$*" in
  'compose version') ;;
  'compose -p homelab-gpu -f '*' config -q') grep -q '^services:' "$5" ;;
  'compose -p homelab-gpu -f '*' up -d'*)
    for one in $(sed -n '/^services:/,/^[a-z]/s/^  \\([a-z][a-z0-9-]*\\):.*/\\1/p' "$5"); do
      ! runs || continue
      sleep 99999 >/dev/null 2>&1 </dev/null &
      echo $! >$all/$one
    done
    ;;
  version*) echo 28.2.2 ;;
  'ps -aq'*) for one in $all/*; do [ ! -e "$one" ] || echo "homelab-gpu-\${one##*/}-1"; done ;;
  inspect*)
    format=$3
    shift 3
    for container; do
      named "$container"
      process=$(cat $all/$one)
      state=exited
      ! runs || state=running
      case $format in
        *service:*) echo "service:homelab-gpu/$one $state 0 0 none no /homelab-gpu-$one-1" ;;
        *compose.service*) echo "homelab-gpu/$one $state 0 0 none no $process /homelab-gpu-$one-1" ;;
        '{{.State.Pid}}') echo "$process" ;;
      esac
    done
    ;;
  exec*) shift 2 && exec "$@" ;;
  logs*) for one; do :; done && named "$one" && echo "$one says hello" ;;
esac
`;

/** Writes `vmlinuz` and `initrd` to a folder. Takes minutes the first time: it builds the host of the tier gpu. */
export function makeGuest(folder: string): void {
  const built = execFileSync("sh", [`${root}/test/e2e/host/build.sh`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trim();
  for (const name of ["vmlinuz", "tiny"]) {
    const from = name === "tiny" ? "initrd" : name;
    execFileSync("debugfs", ["-R", `dump /srv/tiny/${from} ${folder}/${name}`, `${built}/root.img`], {
      stdio: "ignore",
    });
  }
  const over = `${folder}/over`;
  mkdirSync(`${over}/usr/lib`, { recursive: true });
  mkdirSync(`${over}/bin`);
  // Vagrant copies files with scp's own protocol, OpenSSH's scp with SFTP
  cpSync("/usr/lib/openssh/sftp-server", `${over}/usr/lib/sftp-server`, { dereference: true });
  cpSync("/usr/bin/scp", `${over}/bin/scp`, { dereference: true });
  cpSync("/sbin/ldconfig", `${over}/bin/ldconfig`, { dereference: true });
  put(`${over}/init`, firstProcess, 0o755);
  put(`${over}/bin/docker`, engine, 0o755);
  put(`${over}/init.tiny`, own("test/e2e/host/guest-init"), 0o755);
  put(
    `${over}/bin/nvidia-ctk`,
    `#!/bin/sh
case "$1 $2" in
  '--version '*) echo 'NVIDIA Container Toolkit CLI version 1.19.0' ;;
  'cdi generate') for word; do case $word in --output=*) : >"\${word#--output=}" ;; esac; done ;;
  'cdi list') [ ! -e /etc/cdi/nvidia.yaml ] || echo nvidia.com/gpu=all ;;
esac
`,
    0o755,
  );
  execFileSync("sh", [
    "-c",
    `cd "$1/over" && find . | busybox cpio -o -H newc -R 0:0 2>/dev/null | cat "$1/tiny" - >"$1/initrd"`,
    "sh",
    folder,
  ]);
}

const value = (name: string, type: string, text: string) => `<${name} type="${type}">${text}</${name}>`;

/**
 * A VM's configuration in a box, with one disk. It has the format of Windows 8: on Linux Vagrant finds
 * no other.
 */
export const vmConfig = (name: string, disk: string) =>
  `<?xml version="1.0"?>
<configuration>
  <properties>${value("name", "string", name)}${value("subtype", "integer", "1")}</properties>
  <settings>
    <processors>${value("count", "integer", "1")}</processors>
    <memory><bank>${value("dynamic_memory_enabled", "bool", "False")}${value("limit", "integer", "1024")}${
    value("reservation", "integer", "256")
  }${value("size", "integer", "256")}</bank></memory>
  </settings>
  <boot>${value("device0", "string", "HardDrive")}</boot>
  ${value("secure_boot_enabled", "bool", "False")}
  <scsi>${value("ChannelInstanceGuid", "string", "x")}<controller0><drive0>${value("pathname", "string", disk)}${
    value("type", "string", "VHD")
  }</drive0></controller0></scsi>
</configuration>
`;

/** Writes Vagrant's home folder with the box in it, as `vagrant box add` would. */
export function makeVagrantHome(home: string): void {
  const folder = `${home}/boxes/${box.replace("/", "-VAGRANTSLASH-")}/0/hyperv`;
  put(`${home}/setup_version`, "1.5");
  put(`${folder}/metadata.json`, '{"provider": "hyperv"}');
  put(
    `${folder}/Vagrantfile`,
    'Vagrant.configure("2") do |config|\n  config.vm.guest = :linux\n  config.ssh.shell = "sh"\nend\n',
  );
  put(`${folder}/Virtual Hard Disks/tiny.vhdx`, "");
  put(`${folder}/Virtual Machines/tiny.xml`, vmConfig("tiny", "tiny.vhdx"));
  // Vagrant's Hyper-V provider refuses hosts other than Windows; the rest of Vagrant must know that this is Linux
  put(
    `${home}/Vagrantfile`,
    `Vagrant::Util::Platform.singleton_class.prepend(Module.new do
  def windows?
    caller_locations(1, 1).first.path.end_with?("providers/hyperv/provider.rb") || super
  end
end)
# on a busy machine an emulated VM takes longer to boot than Hyper-V's
Vagrant.plugin("2").manager.config[:vm].prepend(Module.new do
  def boot_timeout
    1800
  end
end)
`,
  );
}
