import type { Failure } from "../types.mts";
import { commandFix, doctorFix } from "../../../fixes.mts";
import { editDefinition, libvirtSource, vmWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const lists = commandFix("Check what libvirt has", "virsh -c qemu:///system list --all");
const networks = commandFix("List the networks", "virsh -c qemu:///system net-list --all");
const pools = commandFix("List the storage pools", "virsh -c qemu:///system pool-list --all --details");
const volumes = commandFix("Show the files of the pool", "virsh -c qemu:///system vol-list default");
const daemonLog = commandFix("Read what libvirt says", "journalctl -u libvirtd -u virtqemud -b --no-pager -n 50", {
  root: true,
});

/** libvirt's daemons: not other programs whose names begin alike, such as virtiofsd. */
const daemon =
  "\\b(?:libvirt|virt(?:qemu|log|lock|network|nodedev|storage|nwfilter|secret|interface|proxy|lxc|xen|vbox|ch))d";

/** Sentences of libvirt about storage, networks and itself that no other table has, by topic. */
export const libvirtErrorFailures = (): Failure[] => [
  ...rows({
    layer: "provider",
    near: vmWords,
    source: "libvirt 11.3 (logging, 2025-05); virt-manager/virt-manager#1011",
  }, [
    [
      "provider.mode",
      "cause",
      /Failed to reserve port \d|Unable to find an unused port in range/,
      "the port for the VM's screen (VNC, SPICE) is in use by another VM or program",
      commandFix("Check which one has it", "ss -lntp 'sport >= :5900 and sport <= :6000'", { root: true }),
      "Let libvirt choose: autoport='yes' in <graphics>; Vagrant: leave libvirt.graphics_port out",
    ],
    [
      "tools.present",
      "cause",
      /Failed to open libvirt(?:-qemu|-lxc)?\.so\.0|libvirt(?:-qemu|-lxc)?\.so\.0: cannot open shared object file|binary '\S{0,60}(?:libvirt|virtqemu)d' does not exist in \$PATH/,
      "libvirt's library or daemon is not installed, or is where this program, such as a Flatpak, does not look",
      "Install it (apt: libvirt-daemon-system; dnf: libvirt; zypper: libvirt-daemon-qemu; pacman: libvirt); NixOS: " +
      "set LD_LIBRARY_PATH; in a Flatpak or container use the host's qemu:///system",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /The (?:server|client|CA) certificate \S{1,160} (?:is not yet active|has expired|is not trusted)/,
        /Unable to set x509 key and certificate|Certificate failed validation: |Failed to verify peer's certificate/,
      ),
      "libvirt's certificate for connections from other machines (TLS) is not valid: it expired, or this machine's " +
      "clock is wrong",
      "Set the clock (timedatectl), or make new certificates in /etc/pki/libvirt. Connections within this " +
      "machine do not use it. Turn it off: systemctl disable --now libvirtd-tls.socket virtproxyd-tls.socket",
    ],
    [
      "tools.present",
      "cause",
      /Failed to open file '\/lib\/modules\/[^']{1,60}\/modules\.alias'/,
      "libvirt looks in the running kernel's modules for the driver of the passed device, and they are not there: " +
      "the kernel was updated since the boot, or NixOS has libvirt 10.0 as of January 2024, which looks in the " +
      "wrong folder",
      "Reboot, so that the installed kernel runs; NixOS: update nixpkgs",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        new RegExp(`Dependency failed for (?:${daemon}\\b|(?:libvirt|Virtualization) (?:[\\w ]{2,30} )?daemon)`),
        new RegExp(`${daemon}\\.(?:service|socket)\\S{0,60}: Job \\S{1,80} failed with result 'dependency'`),
      ),
      "a service or socket that libvirt's daemon needs did not start, so systemd did not start the daemon",
      commandFix("Check which", "systemctl list-units --failed"),
      commandFix("Read why", "journalctl -b --no-pager -p warning -g 'virt|socket'", { root: true }),
    ],
    [
      "provider.access",
      "cause",
      /(?:virtlogd|Unable to open file|Cannot open log file)[^\n]{0,80}\/var\/log\/libvirt\/\S{1,120}\.log'?: Permission denied/,
      "libvirt's log service (virtlogd) may not write the VM's log: the file has another owner, or lost its SELinux " +
      "label",
      commandFix("Give the folder its labels again (SELinux)", "restorecon -RFv /var/log/libvirt", { root: true }),
      commandFix("Check who owns the files: root", "ls -lZ /var/log/libvirt/qemu", { root: true }),
    ],
    [
      "provider.access",
      "cause",
      /Cannot open log file: '[^']{1,200}': Device or resource busy/,
      "libvirt's log service (virtlogd) still has the VM's log open, from a start that failed",
      commandFix("Restart it; VMs that run keep running", "systemctl restart virtlogd", { root: true }),
    ],
  ]),
  ...rows({
    layer: "provider",
    near: vmWords,
    source:
      "libvirt (storage); vagrant-libvirt/vagrant-libvirt#580 (2016-03), mit-cml/appinventor-sources#2369 (2020-12)",
  }, [
    [
      "provider.access",
      "cause",
      /cannot (?:chown|set (?:mode of|ownership on|file mode)) '?\S{1,200}'? to |failed to set mode of '/,
      "libvirt is not allowed to give the new disk to that user: Vagrant talks to your own libvirt " +
      "(qemu:///session), or the pool is in a folder (NFS, your home) that does not let it",
      "Use the system's libvirt: libvirt.uri = 'qemu:///system', with your user in the group libvirt",
      "Or set the owner in Vagrant: libvirt.storage_pool_name of a pool in /var/lib/libvirt/images",
    ],
  ]),
  ...rows({ layer: "provider", near: vmWords, source: libvirtSource }, [
    [
      "provider.access",
      "cause",
      anyOf(
        /Failed to acquire pid file '|Unable to obtain pidfile\. Check/,
        new RegExp(`${daemon}\\b.{0,160}Unable to obtain pidfile`),
      ),
      "another libvirt daemon of this kind runs already: libvirtd and the daemons of its parts (virtqemud) exclude " +
      "each other",
      commandFix("Check which ones run", "systemctl list-units 'libvirt*' 'virt*'"),
      commandFix(
        "If both do: keep the parts",
        "systemctl disable --now libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket",
        { root: true },
      ),
    ],
    [
      "provider.access",
      "cause",
      /Failed to parse (?:user|group) '(?!tss|swtpm)[\w-]{1,40}'/,
      "the user or group that QEMU is to run as (user and group in /etc/libvirt/qemu.conf) does not exist on this host",
      "Reinstall the package that creates it (Debian: libvirt-daemon-system; Fedora, Arch: qemu's and libvirt's), or " +
      "name one that exists",
      "Atomic Fedora: systemd-sysusers creates it, then restart virtqemud",
    ],
    [
      "provider.access",
      "symptom",
      /Initialization of \w{2,20} state driver failed|Driver state initialization failed/,
      "a part of libvirt's daemon does not start, for the reason after the colon or in the line before",
      daemonLog,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Storage volume not found|no storage vol with matching|cannot open volume '/,
        /virStorageVol\w{1,20} failed: cannot stat file|cannot stat file '\/var\/lib\/libvirt\/images/,
        /storage volume name '[^']{1,120}' already exists|storage vol already exists/,
      ),
      "libvirt's storage pool does not have that file, or has one of that name already: it was copied or removed " +
      "by hand",
      commandFix("Have libvirt read the pool again", "virsh -c qemu:///system pool-refresh default"),
      volumes,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /(?<!creating Libvirt storage pool: .{1,90} )(?:pool|network) '[^']{1,60}' already exists with uuid|Storage source conflict with pool/,
        /bridge name '[^']{1,20}' already in use/,
      ),
      "libvirt has a pool or network of that name, folder or bridge already",
      pools,
      networks,
      "Use the one there is, or choose another name, folder or bridge",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /(?:cannot|Failed to) open directory '\/(?!sys\/class\/drm)|cannot (?:unlink|create|rename) (?:file|path) '\/\S{1,160}': /,
        /Failed to create file '\/\S{1,160}': (?:No such file|Permission denied|Read-only)/,
        /unable to open disk path|Disk source \S{1,120} must be a block device/,
      ),
      "a folder or file that the VM's definition or a pool names is gone, read-only, or closed to libvirt's user",
      "Create the folder with the permissions it needs, or correct the path (virsh edit, virsh pool-edit)",
      pools,
    ],
    [
      "guest.image",
      "cause",
      /was not specified in the image metadata/,
      "the VM's disk builds on another image without saying its format, which libvirt and QEMU refuse since 6.1",
      "Write it into the disk: qemu-img rebase -u -F qcow2 -b BASE DISK",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Unable to create bridge \S{1,20}: |failed to find bridge helper/,
        /Unable to open '?\/dev\/vhost-net|Unable to open \/dev\/(?:tap|macvtap)\S{0,12}/,
      ),
      "the kernel's module for the VM's network (bridge, vhost_net, macvtap) is not loaded, or QEMU's bridge " +
      "helper is not installed",
      commandFix("Load the modules", "modprobe -a bridge tun vhost_net macvtap", { root: true }),
      "If there are no such modules: the kernel was updated, and the host not rebooted",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /error calling aa_change_profile|Security Labeling error/,
        /SELinux policy does not define|Security driver \S{1,20} not found/,
      ),
      "libvirt could not put QEMU under its security profile (AppArmor, SELinux): the profile is missing or " +
      "refuses the change",
      commandFix("Check what is refused", "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'", { root: true }),
      "Reinstall libvirt's profiles (apparmor, selinux-policy), and restart its daemon; in a container: " +
      "security_driver = 'none'",
    ],
    [
      "provider.access",
      "cause",
      /Unable to (?:write to '\/sys\/fs\/cgroup|initialize \/\S{1,40} cgroup)/,
      "libvirt is not allowed to write the VM's control group: it runs in a container or without root, the cgroups " +
      "are mounted read-only or in an unusual way, or the list of CPUs or memory nodes has one that this host does " +
      "not have",
      commandFix("Check how they are mounted", "findmnt -t cgroup,cgroup2"),
      "In a container: give it the host's cgroups (privileged, cgroupns: host); on the host: start libvirtd by systemd",
      "Check vcpupin, cpuset= and numatune in the VM's definition: virsh edit NAME",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /failed to get cgroup backend for/,
        /At least one cgroup controller is required/,
        /CreateMachine: |(?<!dbus-org\.)freedesktop\.machine1|Unable to get DBus system bus connection/,
      ),
      "libvirt could not register the VM with systemd or its control group: systemd-machined or D-Bus does not " +
      "run, or a VM of that name is left over",
      commandFix("Start it", "systemctl restart systemd-machined", { root: true }),
      commandFix("Check what is left over", "machinectl list"),
      "In a container: set cgroup_controllers = [ ] in qemu.conf",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /no connection driver available for|access denied: '\w{1,20}' denied access/,
        /Policy kit denied action/,
      ),
      "libvirt does not serve that URI to this user: its QEMU driver is not installed, or its access rules refuse " +
      "the user",
      "Install libvirt-daemon-driver-qemu (or qemu), and restart libvirt",
      doctorFix("provider.access"),
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /cannot acquire (?:job mutex|state change lock)|operation failed: job '/,
        /Failed to terminate process \d{1,9} with SIG/,
      ),
      "a VM or its QEMU hangs, so that libvirt waits for it: often the kernel waits for a card that no " +
      "longer answers",
      commandFix("Read the kernel's lines", "dmesg --level err,warn | tail -n 40", { root: true }),
      "Restart libvirt's daemon; if QEMU cannot be killed (state D), only a reboot of the host helps",
      daemonLog,
    ],
    [
      "provider.access",
      "symptom",
      /domain is not running|Domain not running/,
      "the VM that the command is for does not run",
      lists,
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /target '\w{1,8}' duplicated for disk sources|unable to find disk by target/,
        /Memory ballooning is not supported with VFIO|Only one (?:primary )?(?:hostdev|vgpu|video)/,
      ),
      "two devices of the VM's definition exclude each other, or a command names one that it does not have",
      editDefinition,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Lock held by another process|resource busy: Failed to acquire lock/,
        /Setting different (?:DAC user or group|SELinux label) on \S{1,160} which is already in use/,
      ),
      "another VM, host or process uses the VM's disk",
      "Check that no other VM has that disk, and that this one does not run elsewhere; a lock of virtlockd ends with " +
      "that QEMU",
      lists,
    ],
    [
      "gpu.match",
      "cause",
      /Unable to configure VF \d{1,3} of PF|Cannot set interface MAC\S{0,8} to .{1,80} vf \d|missing IFLA_VF_INFO|No usable Vf's present on SRIOV PF/,
      "a virtual function (SR-IOV) cannot be set up: its parent is down, has none free, or takes no MAC address",
      commandFix("List the functions", "lspci -nn | grep -i 'virtual function'"),
      "Bring the parent up, and create enough functions (sriov_numvfs); InfiniBand takes no MAC address: pass its " +
      "function as <hostdev>",
    ],
  ]),
];
