/** How the early boot image is made anew on a host: as data, one entry a tool. */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { program } from "./kernel-arguments.mts";
import { commandFix } from "../fixes.mts";
import { shellCommand } from "../render.mts";

/** Makes the early boot image anew, by this tool where one is known. */
export function rebuildInitramfs(initramfs: Initramfs | undefined): Fix {
  const say = initramfs
    ? `Make the early boot image anew (${initramfs.name})`
    : "Make the early boot image anew, if there is one";
  return commandFix(say, initramfs?.rebuild ?? null, { root: true, reboot: true });
}

/** A tool that makes early boot images, and its command. */
export interface Initramfs {
  name: string;
  rebuild: string;
  /** Where rebuilding once means rebuilding with every update from then on. */
  lasting?: {
    /** Tells how it is made by now. */
    show: string;
    /** What `rebuild` does, given a file that keeps what was told before. */
    rebuild(file: string): string;
    /** Lines of a shell script: has it made again as that file tells. */
    undo(file: string): string[];
  };
}

/**
 * The tool that makes this host's early boot image; `files` are those of /etc that it has to have, by default all that give
 * something to vfio-pci.
 */
export function initramfsOf(host: Host, files: string[] = vfioFiles(host)): Initramfs | undefined {
  // a deployment of OSTree's has the image that it came with: what dracut writes by itself is never booted
  if (host.marks.includes("/run/ostree-booted")) return program(host, "rpm-ostree") ? ostree(files) : undefined;
  const known: [string, string, string][] = [
    ["update-initramfs", "initramfs-tools", "update-initramfs -u -k all"],
    ["mkinitcpio", "mkinitcpio", "mkinitcpio -P"],
    ["dracut", "dracut", "dracut --force --regenerate-all"],
  ];
  const found = known.find(([tool]) => program(host, tool));
  return found && { name: found[1], rebuild: found[2] };
}

function vfioFiles({ configured }: Host): string[] {
  const giving = configured.filter(({ file, text }) =>
    /^(modprobe\.d|udev)\//.test(file) && /vfio|driver_override/.test(text)
  );
  return [...new Set(giving.map(({ file }) => `/etc/${file}`))];
}

/**
 * rpm-ostree has dracut make the image when told to by `initramfs --enable`, with the arguments given then and no others (rpm-ostree(1)):
 * the ones that it had are given again. Told what is so already, it fails, unless there are arguments (rpmostreed-transaction-types.cxx).
 */
function ostree(files: string[]): Initramfs {
  const own = ["--force-drivers", "vfio-pci", ...files.flatMap((file) => ["-I", file])];
  const args = "sed -n 's/^Initramfs args: *//p'";
  const had = (args: string) => `$(${args} | sed 's/[^ ][^ ]*/--arg=&/g')`;
  const enable = (args: string) =>
    `rpm-ostree initramfs --enable ${own.map((word) => shellCommand(`--arg=${word}`)).join(" ")} ${had(args)}`;
  const show = "rpm-ostree initramfs";
  return {
    name: "rpm-ostree",
    rebuild: enable(`${show} | ${args}`),
    lasting: {
      show,
      rebuild: (file) => enable(`${args} ${file}`),
      undo: (file) => [
        "set -- --disable",
        "# shellcheck disable=SC2046 # words, each an argument",
        `! grep -q 'regeneration: enabled' ${file} || set -- --enable ${had(`${args} ${file}`)}`,
        "# it is so already where what was to change it did not come to its end",
        'said=$(rpm-ostree initramfs "$@" 2>&1) || case $said in',
        "  *' already '*) ;;",
        '  *) echo "$said" >&2; exit 1 ;;',
        "esac",
      ],
    },
  };
}
