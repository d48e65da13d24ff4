import type { Failure } from "./types.mts";
import { commandFix, doctorFix, remedies } from "../../fixes.mts";
import { powerCycle, vmWords } from "./fixes.mts";
import { anyOf } from "../../text.mts";
import { rows } from "./rows.mts";

const lists = commandFix("See what libvirt has", "virsh -c qemu:///system list --all");
const networks = commandFix("See the networks", "virsh -c qemu:///system net-list --all");
const pools = commandFix("See the storage pools", "virsh -c qemu:///system pool-list --all --details");
const volumes = commandFix("See the files of the pool", "virsh -c qemu:///system vol-list default");
const drivers = commandFix("See which driver has the card", "lspci -nnk -d ::03xx");
const daemonLog = commandFix("Read what libvirt says", "journalctl -u libvirtd -u virtqemud -b --no-pager -n 50", {
  root: true,
});
const edit = "Correct the VM's definition (virsh edit NAME)";
const source = "libvirt 9.0 (its own messages, 2023-01), read 2026-11";

/** Sentences of libvirt that no other table has, by topic. */
export const libvirtErrorFailures: Failure[] = [
  ...rows({ layer: "vfio", near: new RegExp(`${vmWords.source}|vfio`, "i"), source }, [
    [
      "gpu.in-use",
      "cause",
      anyOf(
        /PCI device \S{1,20} is already in use|PCI device \S{1,20} is in use by driver/,
        /PCI slot \S{1,20} already in use/,
      ),
      "libvirt counts the card as used: another VM has it, or a part of it (its audio function) stayed with one",
      remedies.otherVm,
      "If no VM has it: restart libvirt's daemon, which then counts again",
    ],
    [
      "gpu.match",
      "symptom",
      /Failed to (?:open config space file|read from) '\/sys\/bus\/pci\/devices/,
      "libvirt cannot read a PCI device: it runs in a container with a read-only /sys, or the device left the bus",
      "If it is not the card: nothing to do; otherwise see that the card is there and answers",
      drivers,
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        /drivers\/vfio-pci\/(?:bind|new_id)['"]?: (?:write error: )?(?:invalid argument|no such device)/,
        /stat \/dev\/vfio\/(?:\d{1,4}|devices\/vfio\d{1,4}): no such file/,
      ),
      "vfio-pci does not have the card: the IOMMU is off (invalid argument), or another driver took the card (again)",
      drivers,
      doctorFix("iommu.enabled"),
      remedies.bindAtBoot,
    ],
    [
      "gpu.reset",
      "cause",
      /Active \S{1,20} devices on bus with \S{1,20}, not doing bus reset/,
      "the card can only be reset together with other devices on its bus, and one of them is in use",
      "Pass all functions of the card (its audio, USB) to the same VM, and leave the others to vfio-pci",
      doctorFix("gpu.reset"),
      powerCycle,
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        /Failed to probe driver \S{1,20}: |Attempting to use unknown stub driver|No stub driver configured for PCI/,
        /Invalid device \S{1,20} driver file|Failed to (?:un)?bind PCI device \S{1,20} (?:from|to)/,
        /host device driver name '\w{1,12}' is not supported/,
      ),
      "libvirt could not give the card to vfio-pci: that module does not load here, or the VM's definition names " +
      "an old driver (kvm)",
      commandFix("Load it", "modprobe vfio-pci", { root: true }),
      drivers,
      remedies.bindAtBoot,
    ],
    [
      "gpu.match",
      "cause",
      /mdev device not found|mediated device \S{1,40} is not found|could not access \/sys\/bus\/mdev/,
      "the virtual GPU (mdev) that the VM asks for does not exist: it has to be created again after each boot of " +
      "the host",
      commandFix("See which there are", "ls /sys/bus/mdev/devices"),
      "Create it with mdevctl define --auto, which keeps it over a boot",
    ],
    [
      "provider.mode",
      "symptom",
      anyOf(
        /unable to execute QEMU command 'device_add'/,
        /unable to execute QEMU command 'device_del'|Bus '?\S{0,20}'? ?does not support hotplugging/,
      ),
      "a device could not be added to or removed from the running VM",
      "Shut the VM down, change its definition, and start it again; to add cards at run time it needs free " +
      "pcie-root-ports",
    ],
    [
      "provider.mode",
      "symptom",
      /Resetting the Virtual Machine is required/,
      "the VM crashed or was stopped by QEMU, and goes on only after a reset",
      commandFix("Read the VM's own log", "tail -n 40 /var/log/libvirt/qemu/NAME.log", { root: true }),
      "Then reset it: virsh reset NAME",
    ],
    [
      "host.memory",
      "cause",
      /cannot limit locked memory (?:of process \d{1,9} )?to/,
      "libvirt may not raise the limit on locked memory that a VM with a card needs: it runs in a container, or " +
      "as your user",
      "Use qemu:///system rather than qemu:///session; in a container: give it the capability SYS_RESOURCE or " +
      "ulimits: {memlock: -1}",
    ],
  ]),
  ...rows({ layer: "hypervisor", near: vmWords, source }, [
    [
      "guest.firmware",
      "cause",
      anyOf(
        /ACPI must be enabled in order to use UEFI/,
        /Secure boot (?:is supported (?:with|for)|requires SMM)/,
        /Only EFI firmware permits NVRAM|NVRAM (?:template )?is not permitted when/,
      ),
      "the VM's UEFI firmware needs settings that its definition lacks: ACPI, machine type q35, and SMM for " +
      "Secure Boot",
      "Write <acpi/> and <smm state='on'/> in features, and machine='q35'; or use firmware without Secure Boot",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /machine type '[^']{1,40}' is not supported by emulator/,
        /machine type '[^']{1,40}' does not support/,
      ),
      "this QEMU does not have the machine type of the VM's definition: the VM was made with a newer or another QEMU",
      commandFix("See which types there are", "qemu-system-x86_64 -machine help"),
      "Write machine='q35' in the domain (virsh edit): libvirt then takes the newest that there is",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Unknown CPU model \S{1,40}|unable to find CPU model/,
        /require extended interrupt mode|Maximum CPUs greater than/,
        /CPU topology doesn't match (?:maximum|desired|the)/,
      ),
      "the VM asks for a CPU model, a number of CPUs or a topology that QEMU or its machine type does not have",
      "Use cpu mode='host-passthrough', and sockets × cores × threads equal to vcpus; above 255 CPUs: a vIOMMU " +
      "with eim='on'",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /could not find capabilities for arch|unable to find the emulator for|No emulator found for/,
        /cannot execute binary \/\S{1,80}: (?:Permission denied|No such file|Exec format)/,
      ),
      "QEMU for that architecture is not installed, or libvirt may not run the emulator that the VM's definition names",
      commandFix("See what libvirt knows", "virsh -c qemu:///system capabilities"),
      "Write <emulator>/usr/bin/qemu-system-x86_64</emulator>; a script as emulator needs a line in AppArmor's " +
      "profile and its x bit",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /virtiofs is not (?:yet )?supported in session mode/,
        /could not start virtiofsd|Unable to find a satisfying virtiofsd/,
        /\bvirtiofsd\S{0,12} (?:died|failed|exited)/,
      ),
      "a shared folder by virtiofs does not start: virtiofsd is missing or may not read the folder, or libvirt " +
      "runs as your user",
      "Install virtiofsd, use qemu:///system, and give the VM shared memory (memoryBacking, access mode='shared')",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /IDE controllers are unsupported for this|Target domain has no PCI support/,
        /(?:is|are) not supported by this QEMU binary|not supported (?:with|in) this QEMU binary/,
      ),
      "the VM's definition has a device that its machine type or this QEMU does not have (q35 has no IDE)",
      "Use SATA or virtio disks with q35, and remove devices such as SPICE or QXL that this QEMU was built without",
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
      "libvirt may not give the new disk to that user: Vagrant talks to your own libvirt (qemu:///session), or the pool is in a " +
      "folder (NFS, your home) that does not let it",
      "Use the system's libvirt: libvirt.uri = 'qemu:///system', with your user in the group libvirt",
      "Or set the owner in Vagrant: libvirt.storage_pool_name of a pool in /var/lib/libvirt/images",
    ],
  ]),
  ...rows({ layer: "provider", near: vmWords, source }, [
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
        /(?:pool|network) '[^']{1,60}' already exists with uuid|Storage source conflict with pool/,
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
        /(?:cannot|Failed to) open directory '\/|cannot (?:unlink|create|rename) (?:file|path) '\/\S{1,160}': /,
        /Failed to create file '\/\S{1,160}': (?:No such file|Permission denied|Read-only)/,
        /unable to open disk path|Disk source \S{1,120} must be a block device/,
      ),
      "a folder or file that the VM's definition or a pool names is gone, read-only, or closed to libvirt's user",
      "Create the folder with the rights it needs, or correct the path (virsh edit, virsh pool-edit)",
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
      commandFix("See what is refused", "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'", { root: true }),
      "Reinstall libvirt's profiles (apparmor, selinux-policy), and restart its daemon; in a container: " +
      "security_driver = 'none'",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /Unable to write to '\/sys\/fs\/cgroup|failed to get cgroup backend for/,
        /At least one cgroup controller is required/,
        /CreateMachine: |freedesktop\.machine1|Unable to get DBus system bus connection/,
      ),
      "libvirt could not register the VM with systemd or its control group: systemd-machined or D-Bus does not " +
      "run, or a VM of that name is left over",
      commandFix("Start it", "systemctl restart systemd-machined", { root: true }),
      commandFix("See what is left over", "machinectl list"),
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
      "a VM or its QEMU hangs, so that libvirt waits for it: often the kernel waits for a card that no longer answers",
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
      edit,
    ],
    [
      "provider.access",
      "cause",
      /Lock held by another process|resource busy: Failed to acquire lock/,
      "another host or process holds libvirt's lock on the VM's disk",
      "See that the VM does not run elsewhere; virtlockd holds the lock until that QEMU ends",
      lists,
    ],
    [
      "gpu.match",
      "cause",
      /Unable to configure VF \d{1,3} of PF|missing IFLA_VF_INFO|No usable Vf's present on SRIOV PF/,
      "a virtual function (SR-IOV) cannot be set up: its parent is down, or has none free",
      commandFix("See the functions", "lspci -nn | grep -i 'virtual function'"),
      "Bring the parent up, and create enough functions (sriov_numvfs)",
    ],
  ]),
];
