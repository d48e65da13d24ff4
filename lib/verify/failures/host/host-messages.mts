import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** What a host's package manager, name server, firewall, file system and ssh say, where no entry before knows it. */
export const hostMessageFailures = (): Failure[] => [
  ...rows({
    layer: "packages",
    source: "coreos/rpm-ostree (rpmostree-core), coreos/fedora-coreos-tracker#455 (2020-04)",
  }, [
    [
      "tools.present",
      "cause",
      /Forbidden base package replacements|error: Some base packages would be (?:replaced|removed)/,
      "the packages need newer base packages than the image has: the image is older than the package sources",
      commandFix("Update the image first, restart, then install again", "rpm-ostree upgrade", { root: true }),
      "If there is no newer image yet: wait some hours, until it is published",
    ],
  ]),
  ...rows({ layer: "packages", source: "glibc's loader (elf/dl-version.c), read 2026-11" }, [
    [
      "tools.present",
      "cause",
      /\/lib\S{1,80}\.so[\d.]{0,8}: version [`'‘](?!GLIBC|CXXABI)\w{2,40}[.\w]{0,20}['’] not found \(required by/,
      "a program finds a library of another release: a copy built by hand (/usr/local/lib), or packages of two " +
      "releases",
      commandFix("Show which file it takes", "ldd $(command -v PROGRAM)"),
      "Remove the copy, then ldconfig; or finish the update of the packages (apt-get --fix-broken install)",
    ],
  ]),
  ...rows({ layer: "network", source: "systemd (resolvectl, systemd-resolved), read 2026-11" }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /resolve call failed: (?:All attempts to contact name servers|No appropriate name servers|DNS server)/,
        /resolve call failed: '?\S{1,120}'? not found|resolve call failed: Lookup failed/,
      ),
      "names cannot be resolved: no name server is set or reachable, or the name does not exist there",
      commandFix("Check the name servers and what they answer", "resolvectl status"),
      "If a plain address works (ping 1.1.1.1): set a name server (resolvectl dns INTERFACE ADDRESS); a VPN can " +
      "take it over",
    ],
  ]),
  ...rows({ layer: "network", source: "nftables (src/netlink.c, src/libnftables.c), read 2026-11" }, [
    [
      "provider.access",
      "cause",
      /Could not process rule: No such file or directory [^\n]{0,20}(?:add|insert|delete|flush|list) (?:rule|chain|element|set|table) /,
      "nftables has no such table, chain or set: it was never made, belongs to another family (ip, inet), or another " +
      "program (firewalld, Docker, libvirt) made the rules new",
      commandFix("List what exists", "nft list ruleset", { root: true }),
      "Correct the names in /etc/nftables.conf, or add table and chain before the rule",
    ],
  ]),
  ...rows({ layer: "hypervisor", source: "Hyper-V (Windows 10 to 11), Justsenger/ExHyperV#43 (2025-11)" }, [
    [
      "hyperv.card",
      "symptom",
      /failed to start\. (?:\([^()\n]{0,80}\) )?Insufficient system resources exist to complete the requested service/,
      "Windows has too little of something for that VM: its memory, or with a GPU partition the MMIO space that " +
      "the VM reserves for the card",
      commandFix("Check whether it has a partition", "Get-VMGpuPartitionAdapter -VMName NAME"),
      commandFix(
        "With one, reserve more of that space",
        "Set-VM -Name NAME -GuestControlledCacheTypes $true -LowMemoryMappedIoSpace 1GB -HighMemoryMappedIoSpace 32GB",
      ),
      "Without: close programs, or give the VM less memory",
    ],
  ]),
  ...rows({ layer: "packages", source: "OpenZFS 2.3 (cmd/zpool), read 2026-11" }, [
    [
      "host.disk",
      "cause",
      /cannot import '[^'\n]{1,80}': pool was previously in use from another system/,
      "ZFS sees that another system used the pool last, and did not export it",
      "Make sure that no other machine or VM uses these disks now: two at the same time destroy the pool",
      "Then import it by force, once: zpool import -f NAME",
    ],
  ]),
  ...rows({ layer: "network", source: "OpenSSH 10 (sshconnect.c), read 2026-11" }, [
    [
      "verify.ssh",
      "cause",
      /REMOTE HOST IDENTIFICATION HAS CHANGED!|Host key for \S{1,80} has changed and you have requested strict/,
      "the machine at that address has another key than at the last login: it was installed again, another machine " +
      "has the address now, or someone is in between",
      "If you know why it changed, remove the old key: ssh-keygen -R ADDRESS ([ADDRESS]:PORT with a port)",
      "Otherwise compare the fingerprint on the machine's own console: ssh-keygen -lf " +
      "/etc/ssh/ssh_host_ed25519_key.pub",
    ],
  ]),
  ...rows({ layer: "packages", source: "Proxmox VE 9 (pve-enterprise.sources), apt 3.0, read 2026-11" }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /enterprise\.proxmox\.com\/[^\n]{0,120}\n?[^\n]{0,80}401 {1,2}Unauthorized/,
        /Failed to fetch https?:\/\/enterprise\.proxmox\.com\/\S{1,160} {1,2}401/,
      ),
      "Proxmox' enterprise source requires a subscription, and this host has none",
      "Switch it off in the web page (Updates, Repositories) or in /etc/apt/sources.list.d/pve-enterprise.sources",
      "Add the source without a subscription there (pve-no-subscription); ceph has such a pair of its own",
    ],
  ]),
  ...rows({ layer: "vfio", source: "Linux (sysfs), bash, coreutils, read 2026-11" }, [
    [
      "gpu.match",
      "cause",
      /\/sys\/(?:kernel\/iommu_groups|bus\/(?:pci|mdev)\/(?:devices|drivers))\/(?:0{4}:)?\/[\w.\/*-]{2,80}['"]?: (?:No such file|Not a directory|Permission denied|Is a dir)/,
      "a variable of the script is empty: the path has nothing between two slashes, where a device or group belongs",
      "Find out which line sets it: bash -x SCRIPT; write the card's address there with its domain, as 0000:01:00.0",
      commandFix("Show the address of the card", "lspci -Dnn -d ::03xx"),
      "If the script reads the group of the right address, and gets none: doctor says whether the IOMMU is on",
    ],
  ]),
  ...rows({ layer: "kernel", source: "Linux (drivers/iommu), ra1nstorm/ra1nstorm-helper#64 (2019-11), read 2026-11" }, [
    [
      "iommu.enabled",
      "cause",
      /microsoft-standard-WSL2[^]{0,160}\/sys\/kernel\/iommu_groups\S{0,20}: No such file or directory/,
      "WSL2 has no IOMMU groups: it is a VM of Windows, and no device can be passed on to another VM from there",
      "Nothing to change: WSL2 uses the card through /dev/dxg and Windows' driver (nvidia-smi shows it)",
      "For a card in a VM of its own: Hyper-V with a GPU partition, or Linux on the machine itself",
    ],
    [
      "iommu.enabled",
      "cause",
      /\/sys\/kernel\/iommu_groups(?<!microsoft-standard-WSL2[^]{0,160})(?!\/{1,2}[1-9]|\/\/\w)\S{0,20}: No such file or directory/,
      "this host has no IOMMU groups: the IOMMU is off in the firmware or by a kernel argument",
      "Turn on VT-d (Intel) or AMD-Vi, IOMMU (AMD) in the firmware's setup; Intel also needs intel_iommu=on",
      "In a VM, such as WSL2, that is normal: look on the machine itself",
      commandFix("Then see it", "sh -c 'dmesg | grep -iE \"dmar|amd-vi|iommu\"'", { root: true }),
    ],
    [
      "guest.driver",
      "symptom",
      /(?:BUG: kernel NULL pointer dereference|BUG: unable to handle|kernel BUG at |Oops: )[^]{0,400}Comm: (?:nvidia[\w-]{0,20}|dockerd|containerd|runc|modprobe)\b/,
      "the kernel met a fault of its own in the function that RIP names, while the program that Comm names ran; " +
      "what fails afterwards follows from it",
      "Restart the machine; start an older or newer kernel, and report the whole trace to its maker",
      commandFix("Save it", "journalctl -k -b --no-pager"),
    ],
    [
      "gpu.in-use",
      "symptom",
      /kernel BUG at [^\n]{1,80}![^]{0,400}Comm: (?:rpc-libvirtd|rpc-virtqemud|libvirtd|virtqemud|qemu-system\S{0,8}|kvm)\b/,
      "the kernel met a fault of its own while libvirt or QEMU bound or released a device: until a restart that " +
      "device hangs",
      "Restart the host; start an older or newer kernel, and report the whole trace to its maker",
      commandFix("Save it", "journalctl -k -b --no-pager"),
    ],
  ]),
  ...rows({ layer: "hypervisor", source: "Linux (drivers/net/tun.c), QEMU (net/tap-linux.c), read 2026-11" }, [
    [
      "provider.access",
      "cause",
      /ioctl\(TUNSETIFF\): Device or resource busy/,
      "another VM or VPN has that network interface (tap) open",
      commandFix("Find out who", "sh -c 'ip -details link show type tun; fuser -v /dev/net/tun'", { root: true }),
      "End that program, or give this VM another name (ifname=)",
    ],
    [
      "provider.access",
      "cause",
      /ioctl\(TUNSETIFF\): Operation not permitted/,
      "this user is not allowed to make network interfaces: QEMU runs without root, and the interface does not " +
      "belong to the user",
      commandFix("Make it in advance for the user", "ip tuntap add dev tap0 mode tap user USER", { root: true }),
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /virt-(?:install|clone|xml|manager)|virtinst|libvirt/i,
    source: "virt-manager/virt-manager (virtinst, virt-install, virt-xml), read 2026-11",
  }, [
    [
      "provider.access",
      "fallback",
      /Domain installation does not appear to have been successful|Domain has crashed\.|VM disappeared unexpectedly: /,
      "virt-install stopped before the installation ended; the lines above say why, or the VM itself ended",
      commandFix("Read what QEMU says", "tail -n 30 /var/log/libvirt/qemu/NAME.log", { root: true }),
      commandFix("Check whether the VM is there", "virsh -c qemu:///system list --all"),
    ],
    [
      "host.disk",
      "cause",
      /Name '[^'\n]{1,80}' already in use by another (?:volume|pool|network)|This will overwrite the existing path '/,
      "a disk, pool or network of that name already exists, from an earlier VM or attempt",
      "Choose another name; or look at the old one first, and remove it if nothing uses it: virsh vol-delete, " +
      "net-undefine",
      commandFix("List the disks that VMs use", "virsh -c qemu:///system list --all --name"),
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Conflicting options --|Cannot specify storage and use --nodisks|Cannot mix --file, --nonsparse/,
        /An original machine name is required|Either --auto-clone or --file is required/,
        /Requested memory \S{1,12} MiB is abnormally low|does(?:n't| not) make sense with --|is not supported with --edit/,
        /OS '[^'\n]{1,60}' does not support unattended installation|Cannot access install tree on remote connection/,
      ),
      "virt-install or one of its relatives does not take these options together, or misses one",
      "Correct the option that the line names; virt-install --OPTION=? lists what one takes (as --disk=?)",
      "For a cloud image: --import with --disk and --cloud-init, and no --location",
    ],
  ]),
];
