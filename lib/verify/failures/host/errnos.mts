import type { Fix } from "../../../findings.mts";
import { commandFix, doctorFix, lessMemory, manualFix, remedies } from "../../../fixes.mts";
import { vmWords } from "../fixes.mts";
import { serviceWords } from "../services/script-lines.mts";
import type { Failure, Layer } from "../types.mts";

const path = commandFix("Check the file or device, and each folder above it", "namei -l PATH");

/** What the system answered a program, in the words of the C library, and what to do about it. */
const answers: [words: string, check: string, meaning: string, fix: Fix[]][] = [
  [
    "No such file or directory",
    "provider.access",
    "a file, folder or device that the line names does not exist: it was moved or deleted, or its path is wrong",
    [path, manualFix("Correct the path, or create what is missing")],
  ],
  [
    "Permission denied",
    "provider.access",
    "its user is not allowed to use a file, folder or device that the line names",
    [
      path,
      manualFix("Give that user the right to read it, and to pass through each folder above it (chmod o+x)"),
      commandFix(
        "Check whether AppArmor or SELinux refused it",
        "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'",
        {
          root: true,
        },
      ),
    ],
  ],
  [
    "Operation not permitted",
    "provider.access",
    "the kernel forbids it to this user, or in this container",
    [manualFix("Run it as root or by the system's libvirt; in a container: give it the device and the capability")],
  ],
  [
    "Disk quota exceeded",
    "host.disk",
    "a quota of that disk is used up",
    [commandFix("Check how full the disks are", "df -h"), remedies.room],
  ],
  [
    "Read-only file system",
    "host.disk",
    "the file system that it writes to is read-only: mounted so, or after an error of the disk",
    [commandFix("Read the kernel's errors", "dmesg --level err,warn", { root: true })],
  ],
  [
    "Input/output error",
    "host.disk",
    "a disk or device answers with an error",
    [
      commandFix("Read the kernel's errors", "dmesg --level err,warn", { root: true }),
      commandFix("List the disks and what is mounted from them", "lsblk -o NAME,MODEL,MOUNTPOINTS"),
    ],
  ],
  [
    "Cannot allocate memory",
    "host.memory",
    "it did not get the memory that it asked for",
    [lessMemory, commandFix("Check what is free", "free -m")],
  ],
  [
    "(?:Device or resource|Text file) busy",
    "gpu.in-use",
    "another program or VM uses the file or device that the line names",
    [commandFix("Check which program has it", "fuser -v PATH", { root: true }), remedies.otherVm],
  ],
  [
    "No such device(?: or address)?",
    "gpu.match",
    "the device that the line names is not there, or its driver does not have it",
    [
      commandFix("List the devices and their drivers", "lspci -nnk"),
      commandFix("If it is a bridge or a network interface: list them", "ip -brief link"),
      doctorFix("gpu.match"),
    ],
  ],
  [
    "Address already in use",
    "provider.access",
    "another program has the port or socket that the line names",
    [commandFix("Check which one", "ss -lntup", { root: true }), manualFix("End it, or choose another port")],
  ],
  [
    "Connection refused",
    "provider.access",
    "nothing listens at the address that the line names: its service does not run yet, or it ended",
    [commandFix("Check what listens", "ss -lntup", { root: true })],
  ],
  [
    "Too many open files",
    "provider.access",
    "it has reached its limit of open files",
    [manualFix("Raise LimitNOFILE of its systemd service (systemctl edit), or ulimit -n")],
  ],
  [
    "Exec format error",
    "tools.present",
    "the program at that path is for another kind of processor, or no program",
    [manualFix("Install it for this machine (uname -m)")],
  ],
];

/** What the system answers to services, in the same words. */
const serviceAnswers: typeof answers = [
  [
    "Stale file handle",
    "provider.access",
    "a network share (NFS) no longer has the file or folder: it was moved, or the server exports another file system",
    [
      commandFix("Check which shares are mounted", "findmnt -t nfs,nfs4"),
      manualFix("Mount it again, then restart the service"),
    ],
  ],
  [
    "Cannot assign requested address",
    "provider.access",
    "the address that it listens at or sends from is not one of this machine or container",
    [
      commandFix("List the addresses", "ip -brief address"),
      manualFix("Let the service listen at 0.0.0.0; the address of the machine belongs into ports:"),
    ],
  ],
  [
    "Operation not supported",
    "provider.access",
    "the file system of that path (often a network share or a folder of Windows) or the device does not offer it",
    [commandFix("Show the file systems", "df -hT"), manualFix("Use a named volume or a local disk for that folder")],
  ],
];

/** Answers that containers' logs have without a failure, or that other entries explain. */
const notOfServices = /^(?:No such file|Read-only|Address already|Exec format)/;

/** Answers of a disk or a share, which a copy of files meets without a fault of its own. */
const ofDisks = /^(?:Input|Stale)/;
const answersFor = (layer: Layer): typeof answers =>
  layer === "docker"
    ? [...answers.filter(([words]) => !notOfServices.test(words)), ...serviceAnswers]
    : layer === "kernel"
    ? [...answers, ...serviceAnswers].filter(([words]) => ofDisks.test(words))
    : answers;

/** Programs whose lines end in such an answer. */
const programs: [begins: string, layer: Layer, name: string, near?: RegExp, shared?: true][] = [
  [
    "(?:qemu-(?:system|kvm|img|nbd)[\\w.-]{0,20}|kvm|swtpm|virtiofsd)(?:\\[\\d{1,8}\\])?: .{0,300}",
    "hypervisor",
    "QEMU",
  ],
  [
    "(?:libvirtError|libvirtd|virtqemud|virtnetworkd|virtlogd|dnsmasq|Call to vir\\w{3,40}|Error " +
    "(?:starting|creating) domain|^error)\\b.{0,300}",
    "provider",
    "libvirt",
    new RegExp(`${vmWords.source}|Call to vir|virt(?:qemu|network|log)d`, "i"),
    true,
  ],
  ["(?:TASK ERROR|pvedaemon|pvestatd|pveproxy|\\bqm)\\b.{0,300}", "provider", "Proxmox"],
  ["(?:packer|pkr\\.hcl|(?:qemu|virtualbox-iso|hyperv-iso)\\.[\\w-]{1,40})\\b.{0,300}", "provider", "Packer"],
  ["(?:vagrant|Errno::E[A-Z]{3,12})\\b.{0,300}", "provider", "Vagrant"],
  // a line of a service, with the file or address that the answer is about
  [
    "(?:^|[\\s\"'(:])(?:\\/[\\w./-]{2,160}|[\\w.-]{1,60}:\\d{2,5})\\b[^\\n]{0,160}",
    "docker",
    "a program in a container",
    serviceWords,
    true,
  ],
  // backups and copies of a host: what they read or write does not answer
  [
    "(?:\\b(?:rsync|cp|mv|tar|dd|borg|zfs|zpool|btrfs|vzdump)(?:\\[[\\w/]{1,12}\\])?: |\\[Errno \\d{1,3}\\] |" +
    "\\b(?:read|write|open|stat|lstat|fsync)\\b)[^\\n]{0,300}",
    "kernel",
    "a backup or copy",
    /\b(?:rsync|cp|mv|tar|dd|zfs|zpool|btrfs|vzdump)(?:\[[\w\/]{1,12}\])?: |\b(?:borg|restic|rclone|duplicity|kopia)\b|terminating with \w{5,8} status, rc/i,
    true,
  ],
  // the line may be virsh's or any other program's
  ["^error\\b.{0,300}", "provider", "a program", new RegExp(`${vmWords.source}|\\(os error \\d`, "i")],
];

/**
 * Lines of programs around a VM that end in an answer of the system which no other entry knows:
 * the answer is the cause, and the line says of what.
 */
export const errnoFailures = (): Failure[] => [
  ...programs.flatMap(([begins, layer, name, near, shared]) =>
    answersFor(layer)
      .map((
        [words, check, meaning, fix],
      ): Failure => ({
        // Python writes the number before these words, Rust behind them
        pattern: layer === "docker"
          ? new RegExp(`(?:(?:${begins}|\\[Errno \\d{1,3}\\] )\\b${words}|\\b${words} \\(os error \\d)`)
          : new RegExp(`${begins}\\b${words}`),
        ...(near ? { near } : {}),
        ...(shared ? { shared } : {}),
        check,
        strength: "symptom",
        layer,
        fallback: true,
        message: `${name}: ${meaning}`,
        fix,
        source: "POSIX error texts (glibc 2.36, 2022); the programs' lines as their sources format them, read 2026-11",
      }))
  ),
  {
    pattern: /unexpectedly closed the monitor|process exited while connecting to monitor/,
    check: "provider.access",
    strength: "symptom",
    layer: "hypervisor",
    fallback: true,
    message: "QEMU ended at its start: its own error is the last line of that message without “warning”",
    fix: [commandFix("Read the VM's log", "tail -n 30 /var/log/libvirt/qemu/NAME.log", { root: true })],
    source: "libvirt 9.0 (2023-01)",
  },
];
