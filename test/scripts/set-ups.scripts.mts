// prepare in trees of files, one for each way in which distributions build boot images and boot
// entries: apply, read the result of the host's own tools, apply again, undo. The tools are
// stand-ins that read their own configuration files by their documented rules.
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHost } from "../../lib/host/parse.mts";
import type { Host } from "../../lib/host/types.mts";
import { leftToDo, ownFiles, type Preparation, stateDir } from "../../lib/plan/prepare.mts";
import { applyScript, undoScript } from "../../lib/plan/prepare-scripts.mts";
import { root, standIns } from "../fake.mts";
import { kernelOff, prepared } from "../prepared.mts";

const test = suite<{ folder: string }>("prepare on each set-up");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-set-ups-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/**
 * The tools that build images and entries, as shell texts; $ROOT is the tree. An image is a text:
 * `module NAME`, `file PATH`, and for unified images `cmdline WORDS`.
 */
const tools: Record<string, string> = {
  // initramfs-tools(7): executable hooks run with DESTDIR; update-initramfs copies /etc/modprobe.d
  "update-initramfs": `
    work=$(mktemp -d) && mkdir -p "$work/dest"
    echo 'force_load() { echo "module $1" >>"$IMAGE"; }' >"$work/hook-functions"
    : >"$ROOT/boot/initrd.img"
    for path in "$ROOT"/etc/modprobe.d/*.conf; do [ ! -e "$path" ] || echo "file \${path#"$ROOT"}"; done >>"$ROOT/boot/initrd.img"
    for hook in "$ROOT"/etc/initramfs-tools/hooks/*; do
      [ -x "$hook" ] || continue
      sed "s|/usr/share/initramfs-tools|$work|; s|/etc/|$ROOT/etc/|g" "$hook" >"$work/hook"
      IMAGE=$ROOT/boot/initrd.img DESTDIR=$work/dest sh "$work/hook" || exit 1
    done
    (cd "$work/dest" && find . -type f | sed 's|^[.]|file |') >>"$ROOT/boot/initrd.img"
    rm -r "$work"`,
  // dracut.conf(5): all *.conf of the folder, after dracut.conf; force_drivers and install_items are lists
  dracut: `
    for path in "$ROOT"/etc/dracut.conf "$ROOT"/etc/dracut.conf.d/*.conf; do [ ! -e "$path" ] || . "$path"; done
    { for word in $force_drivers; do echo "module $word"; done
      for word in $install_items; do [ -e "$ROOT\${word#"$ROOT"}" ] || exit 1; echo "file \${word#"$ROOT"}"; done
      [ -z "$kernel_cmdline" ] || echo "cmdline $kernel_cmdline"; } >"$ROOT/boot/work"
    out=initrd.img; for word; do case $word in *.img) out=\${word##*/} ;; esac; done
    mv "$ROOT/boot/work" "$ROOT/boot/$out"`,
  // mkinitcpio(8): a preset's config replaces mkinitcpio.conf and its folder; the hook modconf brings /etc/modprobe.d
  mkinitcpio: `
    shopt -s nullglob
    for preset in "$ROOT"/etc/mkinitcpio.d/*.preset; do
      unset ALL_config default_config default_image default_uki
      . "$preset"
      config=\${default_config:-$ALL_config}
      if [ -n "$config" ]; then set -- "$ROOT$config"; else set -- "$ROOT/etc/mkinitcpio.conf" "$ROOT"/etc/mkinitcpio.conf.d/*.conf; fi
      MODULES=() FILES=() HOOKS=()
      for path; do . "$path" || exit 1; done
      out=$ROOT\${default_uki:-$default_image}
      mkdir -p "\${out%/*}"
      { for word in "\${MODULES[@]}"; do echo "module $word"; done
        for word in "\${FILES[@]}"; do [ -e "$ROOT\${word#"$ROOT"}" ] || exit 1; echo "file \${word#"$ROOT"}"; done
        [[ " \${HOOKS[*]} " != *" modconf "* ]] || for path in "$ROOT"/etc/modprobe.d/*.conf; do echo "file \${path#"$ROOT"}"; done
        [ -z "$default_uki" ] || echo "cmdline" $(cat "$ROOT/etc/kernel/cmdline" "$ROOT"/etc/cmdline.d/*.conf); } >"$out"
    done`,
  "kernel-install": `dracut || exit 1
    mkdir -p "$ROOT/boot/efi/loader/entries"
    printf 'title Linux\\nversion %s\\noptions %s\\n' "$2" "$(cat "$ROOT/etc/kernel/cmdline")" >"$ROOT/boot/efi/loader/entries/0123-$2.conf"`,
  "reinstall-kernels": "kernel-install add 6.17.9-arch1-1 x",
  sdbootutil: `case $1 in
    mkinitrd) dracut ;;
    update-all-entries)
      for path in "$ROOT"/boot/efi/loader/entries/*.conf; do sed -i "s|^options .*|options $(cat "$ROOT/etc/kernel/cmdline")|" "$path"; done ;;
    *) exit 64 ;;
    esac`,
  "limine-mkinitcpio": `
    declare -A KERNEL_CMDLINE
    . "$ROOT/etc/default/limine"
    mkinitcpio -P && echo "cmdline: \${KERNEL_CMDLINE[default]}" >"$ROOT/boot/limine.conf"`,
  "limine-dracut": `
    declare -A KERNEL_CMDLINE
    . "$ROOT/etc/default/limine"
    dracut && echo "cmdline: \${KERNEL_CMDLINE[default]}" >"$ROOT/boot/limine.conf"`,
  "sdboot-manage": `[ "$1" = gen ] || exit 64
    . "$ROOT/etc/sdboot-manage.conf"
    for path in "$ROOT"/boot/loader/entries/*.conf; do sed -i "s|^options .*|options root=UUID=x rw $LINUX_OPTIONS|" "$path"; done`,
  grubby: `for word; do case $word in
      --update-kernel=ALL) ;;
      --args=*) sed -i "/ \${word#--args=}\\( \\|$\\)/! s|^options .*|& \${word#--args=}|" "$ROOT"/boot/loader/entries/*.conf ;;
      --remove-args=*) sed -i "s| \${word#--remove-args=}||" "$ROOT"/boot/loader/entries/*.conf ;;
      *) exit 64 ;;
    esac; done`,
  "grub2-mkconfig":
    '. "$ROOT/etc/default/grub"; echo "linux $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT" >"$ROOT/boot/grub.cfg"',
  "grub-mkconfig": "grub2-mkconfig",
  "update-grub": `. "$ROOT/etc/default/grub"
    for path in "$ROOT"/etc/default/grub.d/*.cfg; do [ ! -e "$path" ] || . "$path"; done
    echo "linux $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT" >"$ROOT/boot/grub.cfg"`,
  "proxmox-boot-tool":
    '[ "$1" = refresh ] || exit 64; echo "options $(cat "$ROOT/etc/kernel/cmdline")" >"$ROOT/boot/proxmox.conf"',
  "transactional-update": "case $1 in initrd) dracut ;; grub.cfg) grub2-mkconfig ;; *) exit 64 ;; esac",
  // rpm-ostree(1): dracut with only the arguments of the call; fails if nothing would change
  "rpm-ostree": `state=$ROOT/deployment entry=$ROOT/boot/loader/entries/ostree-1.conf
    case $1 in
    kargs) for word; do case $word in
        --append-if-missing=*) grep -q " \${word#*=}" "$entry" || sed -i "s|^options.*|& \${word#*=}|" "$entry" ;;
        --delete-if-present=*) sed -i "s| \${word#*=}||" "$entry" ;;
      esac; done ;;
    initramfs) shift
      [ $# -gt 0 ] || { sed -n '/^Initramfs/p' "$state"; exit; }
      how=\${1#--}d; shift; args=; for word; do args="$args\${word#--arg=} "; done
      [ -n "$args" ] || ! grep -q ": $how" "$state" || { echo "error: initramfs regeneration state is already $how" >&2; exit 1; }
      { echo "Initramfs regeneration: $how"; [ -z "$args" ] || echo "Initramfs args: $args"; } >"$state.new"
      mv "$state.new" "$state" ;;
    esac`,
};

/** The parts of a setup: its os-release, its files, its own tools. */
interface SetUp {
  os: string;
  files?: Record<string, string>;
  programs: string[];
  /** The commands that built its image and entries when it was installed. */
  first: string[];
  existing?: string[];
  /** The file with the arguments of the next boot, and the image; by default they are the same. */
  entry: string;
  image: string;
  /** What the image contains; by default the module and modprobe's file. */
  has?: RegExp[];
}
const conf = "/etc/modprobe.d/homelab-gpu.conf";
const usual = [/^module vfio[-_]pci$/m, new RegExp(`^file ${conf}$`, "m")];
const grub = 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n';
const hooks = "MODULES=()\nHOOKS=(base systemd autodetect modconf kms block filesystems)\n";
const preset = "PRESETS=('default')\ndefault_image=/boot/initramfs-linux.img\n";
const entry = "title Linux\nlinux /vmlinuz\noptions root=UUID=x rw quiet\n";

const setUps: Record<string, SetUp> = {
  "Debian: initramfs-tools and GRUB": {
    os: "ID=debian\nVERSION_ID=13\n",
    files: { "/etc/default/grub": grub, "/boot/.keep": "" },
    programs: ["update-grub", "update-initramfs", "mkinitramfs"],
    first: ["update-grub", "update-initramfs -u"],
    entry: "/boot/grub.cfg",
    image: "/boot/initrd.img",
  },
  "Ubuntu 26.04: dracut and GRUB": {
    os: 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="26.04"\n',
    files: { "/etc/default/grub": grub, "/boot/.keep": "" },
    programs: ["update-grub", "update-initramfs", "dracut"],
    first: ["update-grub", "dracut"],
    entry: "/boot/grub.cfg",
    image: "/boot/initrd.img",
  },
  "Proxmox on ZFS: initramfs-tools and systemd-boot": {
    os: "ID=debian\nVERSION_ID=13\n",
    files: { "/etc/kernel/cmdline": "root=ZFS=rpool/ROOT/pve-1 boot=zfs\n", "/boot/.keep": "" },
    existing: ["/etc/pve"],
    programs: ["update-initramfs", "proxmox-boot-tool"],
    first: ["proxmox-boot-tool refresh", "update-initramfs -u"],
    entry: "/boot/proxmox.conf",
    image: "/boot/initrd.img",
  },
  "Arch: mkinitcpio and systemd-boot": {
    os: "ID=arch\n",
    files: {
      "/etc/mkinitcpio.conf": hooks,
      "/etc/mkinitcpio.d/linux.preset": preset,
      "/boot/loader/entries/arch.conf": entry,
    },
    programs: ["mkinitcpio"],
    first: ["mkinitcpio -P"],
    entry: "/boot/loader/entries/arch.conf",
    image: "/boot/initramfs-linux.img",
  },
  "Arch: mkinitcpio without the hook modconf": {
    os: "ID=arch\n",
    files: {
      "/etc/mkinitcpio.conf": "MODULES=(btrfs)\nHOOKS=(base udev block filesystems)\n",
      "/etc/mkinitcpio.d/linux.preset": preset,
      "/boot/loader/entries/arch.conf": entry,
    },
    programs: ["mkinitcpio"],
    first: ["mkinitcpio -P"],
    entry: "/boot/loader/entries/arch.conf",
    image: "/boot/initramfs-linux.img",
    has: [...usual, /^module btrfs$/m],
  },
  "Arch: a preset with ALL_config": {
    os: "ID=arch\n",
    files: {
      "/etc/mkinitcpio.conf": hooks.trimEnd(),
      "/etc/mkinitcpio.d/linux.preset": `ALL_config="/etc/mkinitcpio.conf"\n${preset}`,
      "/etc/default/grub": grub,
    },
    programs: ["mkinitcpio", "grub-mkconfig"],
    first: ["mkdir -p $ROOT/boot", "mkinitcpio -P", "grub-mkconfig"],
    entry: "/boot/grub.cfg",
    image: "/boot/initramfs-linux.img",
  },
  "Arch: a unified kernel image by mkinitcpio": {
    os: "ID=arch\n",
    files: {
      "/etc/mkinitcpio.conf": hooks,
      "/etc/mkinitcpio.d/linux.preset": "PRESETS=('default')\ndefault_uki=\"/efi/EFI/Linux/arch-linux.efi\"\n",
      "/etc/kernel/cmdline": "# the root file system\nroot=UUID=x rw quiet",
      "/etc/cmdline.d/10-zswap.conf": "zswap.enabled=0\n",
    },
    programs: ["mkinitcpio", "bootctl"],
    first: ["mkinitcpio -P"],
    entry: "/efi/EFI/Linux/arch-linux.efi",
    image: "/efi/EFI/Linux/arch-linux.efi",
  },
  "CachyOS: mkinitcpio and Limine": {
    os: "ID=cachyos\nID_LIKE=arch\n",
    files: {
      "/etc/mkinitcpio.conf": hooks,
      "/etc/mkinitcpio.d/linux.preset": preset,
      "/etc/default/limine": 'KERNEL_CMDLINE[default]+="quiet nowatchdog root=UUID=x"\n',
    },
    programs: ["mkinitcpio", "limine-mkinitcpio"],
    first: ["limine-mkinitcpio"],
    entry: "/boot/limine.conf",
    image: "/boot/initramfs-linux.img",
  },
  "CachyOS: dracut for Limine": {
    os: "ID=cachyos\nID_LIKE=arch\n",
    files: { "/etc/default/limine": 'KERNEL_CMDLINE[default]+="quiet root=UUID=x"\n', "/boot/.keep": "" },
    programs: ["dracut", "limine-dracut", "limine-update"],
    first: ["limine-dracut"],
    entry: "/boot/limine.conf",
    image: "/boot/initrd.img",
  },
  "Arch: dracut and GRUB": {
    os: "ID=arch\n",
    files: { "/etc/default/grub": grub, "/lib/modules/6.17.9-arch1-1/pkgbase": "linux\n", "/boot/.keep": "" },
    programs: ["dracut", "grub-mkconfig"],
    first: ["dracut --force initramfs-linux.img", "grub2-mkconfig"],
    entry: "/boot/grub.cfg",
    image: "/boot/initramfs-linux.img",
  },
  "CachyOS: mkinitcpio and sdboot-manage": {
    os: "ID=cachyos\nID_LIKE=arch\n",
    files: {
      "/etc/mkinitcpio.conf": hooks,
      "/etc/mkinitcpio.d/linux.preset": preset,
      "/etc/sdboot-manage.conf": '# options\nLINUX_OPTIONS="zswap.enabled=0 quiet splash"\n',
      "/boot/loader/entries/linux-cachyos.conf": entry,
    },
    programs: ["mkinitcpio", "sdboot-manage", "bootctl"],
    first: ["mkinitcpio -P", "sdboot-manage gen"],
    entry: "/boot/loader/entries/linux-cachyos.conf",
    image: "/boot/initramfs-linux.img",
  },
  "EndeavourOS: dracut by kernel-install": {
    os: "ID=endeavouros\nID_LIKE=arch\n",
    files: { "/etc/kernel/cmdline": "nvme_load=YES rw root=UUID=x quiet\n", "/boot/.keep": "" },
    programs: ["dracut", "reinstall-kernels", "kernel-install", "bootctl"],
    first: ["reinstall-kernels"],
    entry: "/boot/efi/loader/entries/0123-6.17.9-arch1-1.conf",
    image: "/boot/initrd.img",
  },
  "Fedora: dracut by kernel-install and systemd-boot": {
    os: "ID=fedora\nVERSION_ID=43\n",
    files: {
      "/etc/kernel/cmdline": "root=UUID=x ro quiet\n",
      "/lib/modules/6.17.7-300.fc43.x86_64/vmlinuz": "",
      "/boot/.keep": "",
    },
    programs: ["dracut", "grubby", "kernel-install", "bootctl"],
    first: ["kernel-install add 6.17.7-300.fc43.x86_64 x"],
    entry: "/boot/efi/loader/entries/0123-6.17.7-300.fc43.x86_64.conf",
    image: "/boot/initrd.img",
  },
  "Fedora: dracut and GRUB with boot entries": {
    os: "ID=fedora\nVERSION_ID=43\n",
    files: {
      "/etc/default/grub": 'GRUB_CMDLINE_LINUX="rhgb quiet"\nGRUB_ENABLE_BLSCFG=true\n',
      "/etc/kernel/cmdline": "root=UUID=x ro rhgb quiet\n",
      "/boot/loader/entries/0123-6.17.7-300.fc43.x86_64.conf": entry,
    },
    programs: ["dracut", "grubby", "grub2-mkconfig", "kernel-install", "bootctl"],
    first: ["dracut"],
    entry: "/boot/loader/entries/0123-6.17.7-300.fc43.x86_64.conf",
    image: "/boot/initrd.img",
  },
  "openSUSE: dracut by sdbootutil": {
    os: 'ID=opensuse-tumbleweed\nID_LIKE="opensuse suse"\n',
    files: {
      "/etc/kernel/cmdline": "root=UUID=x splash=silent quiet\n",
      "/boot/efi/loader/entries/opensuse-6.17.7-1-default-1.conf":
        "title openSUSE\noptions root=UUID=x splash=silent quiet\n",
    },
    programs: ["dracut", "sdbootutil", "bootctl"],
    first: ["sdbootutil mkinitrd"],
    entry: "/boot/efi/loader/entries/opensuse-6.17.7-1-default-1.conf",
    image: "/boot/initrd.img",
  },
  "openSUSE Leap: dracut and GRUB": {
    os: 'ID=opensuse-leap\nID_LIKE="suse opensuse"\nVERSION_ID="16.0"\n',
    files: { "/etc/default/grub": grub, "/boot/.keep": "" },
    programs: ["dracut", "grub2-mkconfig"],
    first: ["dracut", "grub2-mkconfig"],
    entry: "/boot/grub.cfg",
    image: "/boot/initrd.img",
  },
  "Leap Micro: dracut and GRUB by transactional-update": {
    os: 'ID=opensuse-leap-micro\nID_LIKE="suse opensuse"\nVERSION_ID="6.1"\n',
    files: { "/etc/default/grub": grub, "/boot/.keep": "" },
    programs: ["dracut", "grub2-mkconfig", "transactional-update"],
    first: ["dracut", "grub2-mkconfig"],
    entry: "/boot/grub.cfg",
    image: "/boot/initrd.img",
  },
  "Silverblue: rpm-ostree": {
    os: "ID=fedora\nVERSION_ID=43\n",
    files: {
      "/boot/loader/entries/ostree-1.conf": "title Fedora\noptions root=UUID=x rw quiet\n",
      "/deployment": "Initramfs regeneration: disabled\n",
    },
    existing: ["/run/ostree-booted"],
    programs: ["dracut", "rpm-ostree", "grubby"],
    first: [],
    entry: "/boot/loader/entries/ostree-1.conf",
    image: "/deployment",
    has: [/^Initramfs args: .*--force-drivers vfio-pci .*-I \S*\/etc\/modprobe\.d\/homelab-gpu\.conf/m],
  },
};

/** Everything below a folder except the stand-ins: paths, modes, texts. */
function snapshot(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    !path.startsWith("bin/") && statSync(join(folder, path)).isFile()
  ).map((path) => `${path} ${statSync(join(folder, path)).mode} ${readFileSync(join(folder, path), "utf8")}`).sort();
}

/** Runs a script with the paths of the tree instead of this machine's. */
function run(script: string, folder: string, env: NodeJS.ProcessEnv): void {
  const text = script.replaceAll(
    /(?<=[\s>="':]|before|after|kept)\/(etc|var|boot|lib\/modules|efi)(?=\/)/g,
    (_, top: string) => `${folder}/${top}`,
  ).replaceAll(/(before|after|kept)(?=\/tmp)/g, "$1");
  const { status, stderr } = spawnSync("sh", ["-c", text], { encoding: "utf8", env });
  assert.is(status, 0, stderr);
}

const probe = (folder: string) =>
  parseHost(execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8" }));

/** Changes the saved host to one with the files of a tree. `applied`: it was rebooted after prepare. */
function hostOf(read: Host, { programs, existing = [] }: SetUp, applied = false) {
  return (host: Host) => {
    kernelOff(host);
    host.os = { ...read.os, platform: "linux", kernel: host.os.kernel, arch: host.os.arch } as Host["os"];
    const { configurations, unread, bls } = read.kernel;
    Object.assign(host.kernel, { configurations, unread, bls });
    host.configured = read.configured;
    host.programs = Object.fromEntries(programs.map((name) => [name, `/usr/bin/${name}`]));
    host.existingPaths = [...host.existingPaths, ...existing];
    Object.assign(host, { efi: true, secureBoot: false });
    // after the reboot, the argument is active
    if (applied) host.kernel.arguments = ["intel_iommu=on"];
  };
}
const ownTexts = (folder: string) =>
  Object.fromEntries(
    ownFiles.map((path) => [
      path,
      existsSync(join(folder, path)) ? readFileSync(join(folder, path), "utf8").replaceAll(folder, "") : undefined,
    ]),
  );

for (const [name, setUp] of Object.entries(setUps)) {
  test(`${name}: applied, in the image, nothing left to do, undone`, ({ folder }) => {
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    put("/etc/os-release", setUp.os);
    put("/proc/cmdline", "BOOT_IMAGE=/vmlinuz ro quiet\n");
    for (const [path, text] of Object.entries(setUp.files ?? {})) put(path, text);
    const shells = Object.entries(tools).filter(([tool]) =>
      setUp.programs.includes(tool) || ["dracut", "mkinitcpio", "grub2-mkconfig"].includes(tool)
    );
    const env = {
      ...standIns(folder, {}),
      ROOT: folder,
    };
    for (const [tool, text] of shells) {
      writeFileSync(join(folder, "bin", tool), `#!/bin/bash\nset -e\n${text}\n`, { mode: 0o755 });
    }
    for (const command of setUp.first) execFileSync("sh", ["-ec", command], { env });
    const before = snapshot(folder);
    const read = (path: string) => readFileSync(join(folder, path), "utf8");
    const prepare = (read: Host, applied = false): Preparation =>
      prepared("rtx4070-desktop-debian12", "{}", hostOf(read, setUp, applied));

    const preparation = prepare(probe(folder));
    assert.is(preparation.manual, undefined);
    run(applyScript(preparation), folder, env);
    assert.match(read(setUp.entry), /[ \n"]intel_iommu=on\b/, "the argument boots");
    assert.match(read(setUp.entry), /quiet|boot=zfs/, "with those of before");
    assert.is(read(setUp.entry).match(/intel_iommu=on/g)!.length, 1);
    for (const wanted of setUp.has ?? usual) assert.match(read(setUp.image), wanted);

    const once = snapshot(folder);
    const after = probe(folder);
    const again = prepare(after);
    const whole = existsSync(join(folder, stateDir, "done"));
    assert.is(leftToDo(again, ownTexts(folder), whole), false, "before the reboot");
    assert.is(leftToDo(prepare(after, true), ownTexts(folder), whole), false, "after it");
    run(applyScript(again), folder, env);
    assert.equal(snapshot(folder), once, "a second run changes nothing");

    run(read(`${stateDir}/undo.sh`), folder, env);
    assert.equal(snapshot(folder), before);
    run(undoScript(preparation), folder, env);
    assert.equal(snapshot(folder), before, "undo twice");
  });
}

test("NixOS: prints lines for configuration.nix, and writes no file", ({ folder }) => {
  const setUp: SetUp = { os: "ID=nixos\nVERSION_ID=26.05\n", programs: ["bootctl"], first: [], entry: "", image: "" };
  mkdirSync(join(folder, "etc"));
  writeFileSync(join(folder, "etc/os-release"), setUp.os);
  const { files, manual } = prepared("rtx4070-desktop-debian12", "{}", hostOf(probe(folder), setUp));
  assert.equal(files, []);
  assert.match(
    manual!.lines.join("\n"),
    /^boot\.kernelParams = \[ "intel_iommu=on" "vfio-pci\.ids=10de:2786,10de:22bc" \];$/m,
  );
});

test.run();
