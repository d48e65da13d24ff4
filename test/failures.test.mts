import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checks } from "../lib/checks/index.mts";
import { explain } from "../lib/cli/commands/explain.mts";
import { asFinding, failures, likelyCauses } from "../lib/verify/failures/index.mts";
import type { Options } from "../lib/cli/context.mts";
import { fakeShell, options } from "./fake.mts";

const test = suite("failures");

/** Layers above the host that the doctor does not look at yet: those of verify.mts, and what the design says of guests. */
const layers = ["verify.ssh", "verify.docker", "verify.service", "guest.libc", "guest.driver", "guest.cuda"];

/** What programs print → the checks of what it says, the likely cause first. */
const logs: [checks: string, text: string][] = [
  [
    "iommu.group",
    `==> devlab: Starting domain.
==> devlab: Removing domain...
An error occurred while executing the action on the 'devlab'
machine. Please handle this error then try again:

There was an error talking to Libvirt. The error message is shown
below:

Call to virDomainCreateWithFlags failed: internal error: qemu unexpectedly closed the monitor: 2026-11-03T08:06:48.563014Z qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0,id=hostdev0,bus=pci.5,addr=0x0: vfio 0000:01:00.0: group 1 is not viable
Please ensure all devices within the iommu_group are bound to their vfio bus driver.`,
  ],
  [
    "hyperv.policy",
    "Start-VM : 'a' failed to start. Could not allocate partitionable GPU device 'PCI' that is not compliant with currently set group policy. See HyperV\\RequireSecureDeviceAssignment",
  ],
  [
    "hyperv.card",
    `Start-VM : 'GPUP' failed to start.
The configuration of the virtual machine 'GPUP' specifies an upper MMIO region that is above the supported physical address range.`,
  ],
  [
    "hyperv.choice",
    "Add-VMGpuPartitionAdapter : A parameter cannot be found that matches parameter name 'InstancePath'.",
  ],
  [
    "hyperv.card",
    "'a' GPU Partition (Instance ID 1): Error 'Insufficient system resources exist to complete the requested service.' (0x800705AA).",
  ],
  ["iommu.group", "error: internal error: Non-endpoint PCI devices cannot be assigned to guests"],
  [
    "iommu.enabled",
    `Bringing machine 'devlab' up with 'libvirt' provider...
==> devlab: Creating shared folders metadata...
==> devlab: Starting domain.
There was an error talking to Libvirt. The error message is shown
below:

Call to virDomainCreateWithFlags failed: unsupported configuration: host doesn't support passthrough of host PCI devices`,
  ],
  ["iommu.enabled", "error: unsupported configuration: host doesn't support VFIO PCI passthrough"],
  [
    "iommu.enabled",
    "qemu-system-x86_64: -device vfio-pci,host=0000:00:00.0: vfio 0000:00:00.0: no iommu_group found: No such file or directory",
  ],
  [
    "iommu.enabled",
    `[   41.112201] VFIO - User Level meta-driver version: 0.3
[   41.120932] vfio-pci: probe of 0000:01:00.0 failed with error -22`,
  ],
  [
    "verify.docker",
    `docker: Error response from daemon: AppArmor enabled on system but the docker-default profile could not be loaded: running \`apparmor_parser apparmor_parser --version\` failed with output:
error: exec: "apparmor_parser": executable file not found in $PATH.`,
  ],
  ["iommu.enabled", "[   41.1] vfio-pci 0000:01:00.0: probe with driver vfio-pci failed with error -22"],
  [
    "iommu.interrupts iommu.interrupts",
    `[  101.231] vfio_iommu_type1_attach_group: No interrupt remapping support.  Use the module param "allow_unsafe_interrupts" to enable VFIO IOMMU support on this platform
qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to setup container for group 14: Failed to set iommu for container: Operation not permitted`,
  ],
  [
    "iommu.reserved iommu.interrupts",
    `vfio-pci 0000:07:00.0: DMAR: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.
qemu-kvm: -device vfio-pci,host=0000:07:00.0: vfio 0000:07:00.0: failed to setup container for group 32: failed to set iommu for container: Operation not permitted`,
  ],
  [
    "iommu.reserved iommu.reserved",
    `vfio-pci 0000:01:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping. Contact your platform vendor.
kvm: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: failed to setup container for group 13: Failed to set group container: Invalid argument`,
  ],
  [
    "host.memory",
    "error: cannot limit locked memory of process 4711 to 18253611008: Operation not permitted",
  ],
  [
    "host.memory",
    `error: Failed to start domain 'devlab'
error: internal error: qemu unexpectedly closed the monitor: 2026-02-07T09:02:08.234524Z qemu-system-x86_64: -device vfio-pci,host=0000:07:00.0,id=hostdev0,bus=pci.2,addr=0x0: VFIO_MAP_DMA failed: Cannot allocate memory
2026-02-07T09:02:08.235790Z qemu-system-x86_64: -device vfio-pci,host=0000:07:00.0,id=hostdev0,bus=pci.2,addr=0x0: vfio 0000:07:00.0: failed to setup container for group 49: memory listener initialization failed: Region pc.ram: vfio_dma_map(0x648f08f946c0, 0x0, 0x80000000, 0x715dc0000000) = -12 (Cannot allocate memory)`,
  ],
  ["host.memory", "[  +0.001779] vfio_pin_pages_remote: RLIMIT_MEMLOCK (65536) exceeded"],
  ["host.memory", "qemu-system-x86_64: IOMMU_IOAS_MAP failed: Cannot allocate memory"],
  ["host.memory", "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory"],
  [
    "host.memory",
    "qemu-system-x86_64: unable to map backing store for guest RAM: Cannot allocate memory",
  ],
  [
    "host.memory",
    "Out of memory: Killed process 20412 (qemu-system-x86) total-vm:18253611kB, anon-rss:16204220kB, file-rss:0kB, shmem-rss:4kB",
  ],
  [
    "gpu.window",
    `kvm: VFIO_MAP_DMA failed: Invalid argument
kvm: vfio_dma_map(0x5557a40c5870, 0x380000000000, 0x10000000, 0x7f2e40000000) = -22 (Invalid argument)`,
  ],
  [
    "gpu.window gpu.window guest.driver",
    `[    0.412] pci 0000:05:00.0: BAR 1: no space for [mem size 0x400000000 64bit pref]
[    0.412] pci 0000:05:00.0: BAR 1: failed to assign [mem size 0x400000000 64bit pref]
[    4.120] NVRM: This PCI I/O region assigned to your NVIDIA device is invalid:
               NVRM: BAR1 is 0M @ 0x0 (PCI:0000:05:00.0)
[    4.121] NVRM: GPU 0000:05:00.0: RmInitAdapter failed! (0x22:0x38:762)`,
  ],
  ["gpu.window", "[    0.4] pci 0000:05:00.0: BAR 3 [mem size 0x02000000 64bit pref]: can't assign; no space"],
  [
    "gpu.display",
    `kernel: vfio-pci 0000:c3:00.0: vfio_ecap_init: hiding ecap 0x19@0x900
kernel: vfio-pci 0000:c3:00.0: BAR 0: can't reserve [mem 0x2800000000-0x2fffffffff 64bit pref]
qemu-system-x86_64: warning: Failed to mmap 0000:c3:00.0 BAR 0. Performance may be slow`,
  ],
  [
    "gpu.display",
    "[  212.411] vfio-pci 0000:01:00.0: Invalid PCI ROM header signature: expecting 0xaa55, got 0xffff",
  ],
  [
    "gpu.in-use",
    "error: Requested operation is not valid: PCI device 0000:01:00.0 is in use by driver QEMU, domain win11",
  ],
  [
    "gpu.in-use",
    "qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/14: Device or resource busy",
  ],
  ["gpu.in-use", "[ 1204.3] NVRM: Attempting to remove device 0000:01:00.0 with non-zero usage count!"],
  [
    "gpu.in-use",
    '[ 77.1] vfio-pci 0000:01:00.0: Device is currently in use, task "qemu-system-x86" (3310) blocked until device is released',
  ],
  [
    "gpu.power gpu.power",
    `[ 812.204] vfio-pci 0000:02:00.0: Unable to change power state from D3cold to D0, device inaccessible
2026-03-04T10:00:00.000000Z qemu-system-x86_64: vfio: Unable to power on device, stuck in D3
libvirtd[911]: internal error: Unknown PCI header type '127' for device '0000:02:00.0'`,
  ],
  ["gpu.power", "NVRM: Xid (PCI:0000:06:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."],
  [
    "gpu.reset",
    "error: internal error: Unable to reset PCI device 0000:01:00.0: no FLR, PM reset or bus reset available",
  ],
  ["gpu.reset", "kvm: vfio: Cannot reset device 0000:01:00.1, no available reset mechanism."],
  [
    "gpu.reset",
    `vfio-pci 0000:84:00.0: not ready 32767ms after bus reset; waiting
vfio-pci 0000:84:00.0: not ready 65535ms after bus reset; giving up`,
  ],
  [
    "gpu.match",
    "qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0: vfio /sys/bus/pci/devices/0000:01:00.0: no such host device: No such file or directory",
  ],
  [
    "gpu.match",
    "error: Device 0000:01:00.0 not found: could not access /sys/bus/pci/devices/0000:01:00.0/config: No such file or directory",
  ],
  ["gpu.driver", "error: internal error: Failed to load PCI stub module vfio-pci"],
  [
    "gpu.driver",
    "qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/7: No such file or directory",
  ],
  [
    "provider.access",
    "qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: Could not open '/dev/vfio/vfio': Permission denied",
  ],
  [
    "guest.firmware",
    "error: operation failed: unable to find any master var store for loader: /usr/share/OVMF/OVMF_CODE_4M.fd",
  ],
  [
    "guest.firmware",
    "error: operation failed: Unable to find 'efi' firmware that is compatible with the current configuration",
  ],
  [
    "guest.firmware",
    "qemu-system-x86_64: -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd: Could not open '/usr/share/OVMF/OVMF_CODE.fd': No such file or directory",
  ],
  [
    "guest.firmware guest.driver",
    `modprobe: ERROR: could not insert 'nvidia': Key was rejected by service
NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.`,
  ],
  ["guest.firmware", "[  312.884211] Loading of unsigned module is rejected"],
  [
    "host.virtualization",
    `Could not access KVM kernel module: Permission denied
qemu-system-x86_64: -accel kvm: failed to initialize kvm: Permission denied`,
  ],
  [
    "host.virtualization",
    `Could not access KVM kernel module: No such file or directory
qemu-system-x86_64: -accel kvm: failed to initialize kvm: No such file or directory`,
  ],
  [
    "host.virtualization",
    "error: invalid argument: could not find capabilities for arch=x86_64 domaintype=kvm machinetype=q35",
  ],
  [
    "provider.access",
    `/usr/share/rubygems-integration/all/gems/fog-libvirt-0.9.0/lib/fog/libvirt/requests/compute/vm_action.rb:7:in \`create'
Call to virDomainCreateWithFlags failed: Unable to open /dev/net/tun, is tun module loaded?: No such file or directory (Libvirt::Error)`,
  ],
  [
    "provider.access",
    "Error while activating network: Call to virNetworkCreate failed: internal error: Network is already in use by interface virbr1.",
  ],
  [
    "provider.access",
    "Error while activating network: Call to virNetworkCreate failed: error creating bridge interface virbr0: File exists.",
  ],
  [
    "provider.access",
    `error: Failed to start network default
error: internal error: Child process (VIR_BRIDGE_NAME=virbr0 /usr/sbin/dnsmasq --conf-file=/var/lib/libvirt/dnsmasq/default.conf) unexpected exit status 2:
dnsmasq: failed to create listening socket for 192.168.122.1: Address already in use`,
  ],
  [
    "provider.access",
    "Call to virDomainCreateWithFlags failed: Requested operation is not valid: network 'default' is not active.",
  ],
  ["provider.access", "error: Network not found: no network with matching name 'default'"],
  ["provider.access", "error: Storage pool not found: no storage pool with matching name 'default'"],
  ["provider.access", "No usable storage pool found! Please check if storage pool is\ncreated and available."],
  [
    "provider.access",
    `error: failed to connect to the hypervisor
error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied`,
  ],
  [
    "provider.access",
    `error: failed to connect to the hypervisor
error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory`,
  ],
  ["provider.access", "error: Failed to connect socket to '/var/run/libvirt/virtlogd-sock': Connection refused"],
  [
    "provider.access",
    "error: authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'",
  ],
  [
    "provider.access",
    "error: Cannot access storage file '/home/me/disk.qcow2' (as uid:64055, gid:64055): Permission denied",
  ],
  [
    "host.disk",
    `    qemu.box: Unpacking docker.io (20.10.24+dfsg1-1+deb12u1) ...
    qemu.box: dpkg: error processing archive docker.io.deb (--unpack):
    qemu.box:  cannot copy extracted data for './usr/sbin/dockerd' to '/usr/sbin/dockerd.dpkg-new': failed to write (No space left on device)`,
  ],
  ["host.disk", "E: You don't have enough free space in /var/cache/apt/archives/."],
  [
    "host.disk",
    `==> qemu.box: Retrieving Disk image
==> qemu.box: Checksums did not match for /lab/packer/box/image.
==> qemu.box: Expected: 0000
==> qemu.box: Got     : 1111`,
  ],
  [
    "host.disk",
    `The checksum of the downloaded box did not match the expected
value. Please verify that you have the proper URL setup and that
you're downloading the proper file.

Expected: 0000
Received: 1111`,
  ],
  [
    "host.disk",
    "get-image: https://images.example/debian.qcow2 is not what it should be: its sha512 is 00, and 11 was expected",
  ],
  [
    "verify.service",
    'Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "nvidia-smi": executable file not found in $PATH: unknown',
  ],
  [
    "verify.service",
    'Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "serve": executable file not found in $PATH: unknown',
  ],
  [
    "verify.service",
    ` Container homelab-gpu-ml-worker-1  Created
 Container homelab-gpu-ml-worker-1  Starting
Error response from daemon: could not select device driver "" with capabilities: [[gpu]]`,
  ],
  ["verify.service", 'ml-worker  | could not select device driver \\"nvidia\\" with capabilities: [[gpu]]'],
  [
    "verify.service",
    "docker: Error response from daemon: failed to discover GPU vendor from CDI: no known GPU vendor found",
  ],
  ["verify.service", "Error response from daemon: unknown or invalid runtime name: nvidia"],
  [
    "verify.service",
    "could not apply required modification to OCI specification: error modifying OCI spec: failed to inject CDI devices: unresolvable CDI devices nvidia.com/gpu=all",
  ],
  ["verify.service", "ml-worker-1  | Failed to initialize NVML: Unknown Error"],
  ["verify.service", "manifest for nvidia/cuda:11.0-base not found: manifest unknown: manifest unknown"],
  ["verify.service", "toomanyrequests: You have reached your pull rate limit."],
  [
    "verify.service",
    'Error response from daemon: Get "https://registry.example/v2/": dial tcp: lookup registry.example on 10.0.2.3:53: server misbehaving',
  ],
  [
    "verify.service",
    "driver failed programming external connectivity on endpoint homelab-gpu-web-1: Bind for 0.0.0.0:8080 failed: port is already allocated",
  ],
  [
    "verify.docker",
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.50/containers/json": dial unix /var/run/docker.sock: connect: permission denied',
  ],
  [
    "verify.docker",
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
  ],
  [
    "verify.docker",
    "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct and if the daemon is running: dial unix /var/run/docker.sock: connect: no such file or directory",
  ],
  [
    "guest.cuda",
    `[+] Running 0/1
 ⠙ Container ml-worker  Starting                                                                                0.1s
Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'
nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.4, please update your driver to a newer version, or use an earlier cuda container: unknown`,
  ],
  ["guest.cuda", "RuntimeError: CUDA driver version is insufficient for CUDA runtime version"],
  [
    "guest.driver guest.driver guest.driver",
    `[    5.499014] NVRM: loading NVIDIA UNIX x86_64 Kernel Module  580.105.08  Wed Oct 29 23:15:11 UTC 2025
[    5.559842] NVRM: The NVIDIA GPU 0000:02:00.0 (PCI ID: 10de:2c58)
               NVRM: installed in this system requires use of the NVIDIA open kernel modules.
[    5.559858] NVRM: GPU 0000:02:00.0: RmInitAdapter failed! (0x22:0x56:884)
[    5.560313] NVRM: GPU 0000:02:00.0: rm_init_adapter failed, device minor number 0
No devices were found`,
  ],
  [
    "guest.driver",
    `NVRM: The NVIDIA GeForce GT 1030 GPU installed in this system is
NVRM:   supported through the NVIDIA 580.xx Legacy drivers. Please
NVRM:   visit http://www.nvidia.com/object/unix.html for more
NVRM:   information.  The 610.43.02 NVIDIA driver will ignore this GPU.`,
  ],
  [
    "guest.driver",
    `Building initial module for 6.1.0-50-amd64
Error! Your kernel headers for kernel 6.1.0-50-amd64 cannot be found at /lib/modules/6.1.0-50-amd64/build or /lib/modules/6.1.0-50-amd64/source.
Please install the linux-headers-6.1.0-50-amd64 package or use the --kernelsourcedir option to tell DKMS where it's located.`,
  ],
  [
    "guest.driver guest.driver",
    `    qemu.box: Building initial module for 6.12.107+deb13-amd64
    qemu.box: Error! Bad return status for module build on kernel: 6.12.107+deb13-amd64 (x86_64)
    qemu.box: Consult /var/lib/dkms/nvidia-current-open/550.163.01/build/make.log for more information.
    qemu.box: dpkg: error processing package nvidia-open-kernel-dkms (--configure):
    qemu.box:  installed nvidia-open-kernel-dkms package post-installation script subprocess returned error exit status 10
NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.`,
  ],
  ["guest.driver", "modprobe: FATAL: Module nvidia not found in directory /lib/modules/6.12.88+deb13-amd64"],
  [
    "guest.driver",
    `Failed to initialize NVML: Driver/library version mismatch
NVML library version: 580.126`,
  ],
  ["guest.driver", "Failed to initialize NVML: GPU access blocked by the operating system"],
  [
    "guest.driver",
    `kernel: NVRM: The NVIDIA probe routine was not called for 1 device(s).
kernel: NVRM: This can occur when a driver such as:
               NVRM: nouveau, rivafb, nvidiafb or rivatv
               NVRM: was loaded and obtained ownership of the NVIDIA device(s).`,
  ],
  ["guest.driver", "ERROR: The Nouveau kernel driver is currently in use by your system."],
  [
    "guest.driver",
    "nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1: cannot open shared object file: no such file or directory: unknown",
  ],
  ["guest.driver", "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown"],
  [
    "guest.libc",
    `fetch https://mirror.example/alpine/v3.21/community/x86_64/APKINDEX.tar.gz
ERROR: unable to select packages:
  nvidia-driver (no such package):
    required by: world[nvidia-driver]`,
  ],
  [
    "guest.libc",
    "Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /usr/bin/nvidia-smi)",
  ],
  [
    "provider.mode",
    `A customization command failed:

["modifyvm", :id, "--pciattach", "0a:00.0@01:00.0"]

The following error was experienced:

VBoxManage: error: Unknown option: --pciattach`,
  ],
  ["provider.host", "The Hyper-V provider only works on Windows. Please try to\nuse another provider."],
  [
    "provider.version",
    `Error: Unsupported argument

  on box.pkr.hcl line 14:
  (source code not available)

An argument named "efi_boot" is not expected here.`,
  ],
  [
    "provider.version",
    `There are errors in the configuration of this machine. Please fix
the following errors and try again:

Hyper-V:
* The following settings shouldn't exist: gpu_partition_adapter, gpu_partition_count`,
  ],
  [
    "tools.present",
    `Error: Failed to initialize build "qemu.box"

The builder qemu is unknown by Packer, and is likely part of a plugin that is not installed.`,
  ],
  [
    "tools.present",
    'Failed creating Qemu driver: exec: "qemu-system-x86_64": executable file not found in $PATH',
  ],
  ["tools.present", "error: internal error: Unable to find 'dnsmasq' binary in $PATH"],
  [
    "tools.present",
    `The provider 'libvirt' could not be found, but was requested to
back the machine 'devlab'. Please use a provider that exists.`,
  ],
  [
    "tools.present",
    `I: Checking Release signature
E: Release signed by unknown key (key id 6ED0E7B82643E131)`,
  ],
  ["tools.present", "E: No such script: /usr/share/debootstrap/scripts/forky"],
  ["tools.present", "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1177 (unattended-upgr)"],
  [
    "tools.present tools.present",
    `Err:1 http://mirror.example/debian bookworm InRelease
  Temporary failure resolving 'mirror.example'
E: Failed to fetch http://mirror.example/debian/pool/main/d/docker.io.deb  Temporary failure resolving 'mirror.example'
E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?`,
  ],
  [
    "tools.present",
    `get-image: fetching https://images.example/debian.qcow2
curl: (6) Could not resolve host: images.example`,
  ],
  ["tools.present", "E: Unable to locate package docker-compose-v2"],
  [
    "verify.ssh",
    `    devlab: SSH address: 192.168.121.32:22
    devlab: Warning: Connection refused. Retrying...
Timed out while waiting for the machine to boot. This means that
Vagrant was unable to communicate with the guest machine within
the configured ("config.vm.boot_timeout" value) time period.`,
  ],
  ["verify.ssh", "==> qemu.box: Timeout waiting for SSH.\n==> qemu.box: Deleting output directory..."],
  ["verify.ssh", "SSH authentication failed! This is typically caused by the public/private\nkeypair for the SSH user"],
  ["provider.access", "qemu-system-x86_64: failed to open /dev/vfio/vfio: No such file or directory"],
  ["gpu.display", "vfio-pci: Cannot read device rom at 0000:01:00.0"],
  ["gpu.match", "error: internal error: host pci device 0000:01:00.0 not found"],
  [
    "guest.firmware",
    "Lockdown: modprobe: unsigned module loading is restricted; see man kernel_lockdown.7",
  ],
  [
    "host.virtualization",
    "error: unsupported configuration: Domain requires KVM, but it is not available. Check that virtualization is enabled in the host BIOS, and host configuration is setup to load the kvm modules.",
  ],
  ["provider.access", "qemu-system-x86_64: -netdev tap,id=n: could not open /dev/net/tun: No such file or directory"],
  ["provider.access", "error: Requested operation is not valid: storage pool 'default' is not active"],
  ["provider.access", "in `default_pool_name': No storage pools are defined"],
  ["provider.access", "error: authentication failed: access denied by policy"],
  [
    "host.disk",
    `The calculated checksum of the requested file does not match the expected
checksum!`,
  ],
  [
    "verify.service",
    "pull access denied for my/image, repository does not exist or may require 'docker login'",
  ],
  ["verify.docker", "ERROR: Couldn't connect to Docker daemon at http+docker://localhost - is it running?"],
  ["guest.cuda", "CUDA error: the provided PTX was compiled with an unsupported toolchain."],
  ["guest.driver", "==> ERROR: Missing 6.2.1-zen1-1-zen kernel headers for module nvidia/525.89.02."],
  [
    "guest.driver",
    "nvidia/nv-pci.c:312:9: error: too few arguments to function ‘pci_resize_resource’",
  ],
  ["provider.mode", "VBoxManage: error: Host PCI attachment only supported with ICH9 chipset"],
  ["provider.version", 'Blocks of type "required_plugins" are not expected here.'],
  ["tools.present", "Error: Unknown source type qemu"],
  [
    "tools.present",
    "could not find a supported CD ISO creation command (the supported commands are: xorriso, mkisofs, hdiutil, oscdimg)",
  ],
  [
    "tools.present",
    `The executable 'virsh' Vagrant is trying to run was not
found in the PATH variable. This is an error. Please verify
this software is installed and on the path.`,
  ],
  ["tools.present", "No usable default provider could be found for your system."],
  ["tools.present", "E: Invalid Release signature (key id 6ED0E7B82643E131)"],
  [
    "tools.present",
    `W: GPG error: http://mirror.example stable InRelease: NO_PUBKEY A4B469963BF863CC
E: The repository 'http://mirror.example stable InRelease' is not signed.`,
  ],
  ["tools.present", "E: Failed getting release file http://mirror.example/debian/dists/forky/Release"],
  [
    "tools.present",
    "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
  ],
  ["tools.present", "ping: mirror.example: Temporary failure in name resolution"],
  ["tools.present", "  Could not resolve 'mirror.example'"],
  [
    "verify.ssh",
    "==> qemu.box: Error waiting for SSH: Packer experienced an authentication error when trying to connect via SSH. original error: ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain",
  ],
];

const foreign: Record<string, string> = {
  npm: `npm error code ERESOLVE
npm error ERESOLVE unable to resolve dependency tree
npm error
npm error While resolving: app@1.0.0
npm error Found: react@19.0.0
npm error Could not resolve dependency:
npm error peer react@"^17.0.0" from some-widget@2.1.0
npm error Fix the upstream dependency conflict, or retry this command with --force`,
  git: `Auto-merging lib/gpu.c
CONFLICT (content): Merge conflict in lib/gpu.c
error: could not apply 1a2b3c4... vfio: reset the device in the group
hint: Resolve all conflicts manually, mark them as resolved with
fatal: Could not read from remote repository.`,
  gcc: `main.c: In function 'main':
main.c:12:3: error: too few arguments to function 'open_device'
   12 |   open_device();
      |   ^~~~~~~~~~~
main.c:4:6: note: declared here
make: *** [Makefile:7: main.o] Error 1`,
  boot: `[    0.0] Command line: BOOT_IMAGE=/vmlinuz-6.1.0-50-amd64 root=/dev/vda1 ro intel_iommu=on
[    0.1] DMAR: IOMMU enabled
[    0.2] pci 0000:00:1c.0: BAR 13: no space for [io  size 0x1000]
[    0.3] pci 0000:04:00.0: VF BAR 0 [mem size 0x00080000 64bit pref]: can't assign; no space
[    1.2] pci 0000:01:00.0: Adding to iommu group 14
[    2.9] nvidia 0000:01:00.0: vgaarb: VGA decodes changed
[    9.1] vfio-pci 0000:01:00.0: vfio_bar_restore: reset recovery - restoring BARs`,
};

test("knows what programs print when it goes wrong", () => {
  for (const [expected, text] of logs) {
    assert.is(likelyCauses(text).map(({ check }) => check).join(" "), expected, text);
  }
});

test("every entry is told by some text, belongs to a known check, and says what to do", () => {
  const known = [...checks.map(({ id }) => id), ...layers];
  const told = logs.flatMap(([, text]) => likelyCauses(text));
  for (const { pattern, check, says, fix, source } of failures) {
    assert.ok(told.some((cause) => cause.says === says && cause.check === check), `no text tells ${pattern}`);
    assert.ok(known.includes(check), `${check} of ${pattern}`);
    assert.ok(fix.length > 0 && source.length > 0, says);
    assert.not.match(says, /\n|\.$/);
    assert.is(pattern.global || pattern.sticky || pattern.multiline, false, `flags of ${pattern}`);
    assert.not.match(
      pattern.source.replace(/\\[.*+{]/g, ""),
      /[.)\]][*+]|\\[sSwWdD]\+|\{\d+,\}|\)\{/,
      `gaps of ${pattern}`,
    );
  }
  assert.is(new Set(failures.map(({ says, check }) => check + says)).size, failures.length);
});

/** The texts that a pattern joins by `|`, outside of any brackets. */
function alternatives({ source }: RegExp): string[] {
  const found = [""];
  let depth = 0;
  for (const [part] of source.matchAll(/\\.|\[(?:\\.|[^\]])*\]|[^]/g)) {
    if (part === "(") depth++;
    if (part === ")") depth--;
    if (part === "|" && depth === 0) found.push("");
    else found[found.length - 1] += part;
  }
  return found;
}

test("every text that an entry knows stands in some log", () => {
  const lines = logs.flatMap(([, text]) => text.split("\n"));
  for (const { pattern } of failures) {
    for (const one of alternatives(pattern)) {
      assert.ok(lines.some((line) => new RegExp(one, pattern.flags).test(line)), `no line has ${one} of ${pattern}`);
    }
  }
});

test("finds nothing in logs of something else, or in one where all went well", () => {
  for (const [name, text] of Object.entries(foreign)) assert.equal(likelyCauses(text), [], name);
  assert.equal(likelyCauses(""), []);
});

test("tells the first line that says it, once, whatever follows from it", () => {
  const text = `fine\n${
    "x ".repeat(20)
  }\n  NVRM: BAR1 is 0M @ 0x0  \r\nNVRM: BAR1 is 0M @ 0x0\nNo devices were found\r\n`;
  assert.equal(likelyCauses(text).map(({ line, number }) => [number, line]), [
    [3, "NVRM: BAR1 is 0M @ 0x0"],
    [5, "No devices were found"],
  ]);
});

test("cuts a long line to the part that tells", () => {
  const [cause] = likelyCauses(
    `${"before ".repeat(500)}vfio 0000:01:00.0: group 1 is not viable${" after".repeat(500)}`,
  );
  assert.ok(cause!.line.length <= 200);
  assert.match(cause!.line, /vfio 0000:01:00\.0: group 1 is not viable/);
});

test("reads through colours, and hands no control characters on", () => {
  const text =
    "\u001b]0;title\u0007\u001b[1;31mvfio 0000:01:00.0: \u001b[Kgroup \u001b(B\u001b[m1 is not\u001b[0m viable\u0008\u009b31m";
  const [cause] = likelyCauses(text);
  assert.is(cause!.check, "iommu.group");
  assert.is(cause!.line, "vfio 0000:01:00.0: group 1 is not viable 31m");
});

test("reads ten megabytes in under a second, and lines that nearly match without end in as little", () => {
  const line = "[   12.984386] pci 0000:00:1c.0: bridge window [mem 0xfb000000-0xfc0fffff] of group 1 is fine\n";
  const large = line.repeat(1e7 / line.length);
  // the processor's time, so that a busy machine makes no difference
  const seconds = (text: string, expected: string[]) => {
    const before = process.cpuUsage();
    assert.equal(likelyCauses(text).map(({ check }) => check), expected);
    return process.cpuUsage(before).user / 1e6;
  };
  assert.ok(seconds(`${large}group 1 is not viable\n`, ["iommu.group"]) < 1);
  for (const part of [": BAR 1 [mem ", "group 1", "dma_map(", "open '", "OCI runtime ", "kernel headers for kernel "]) {
    assert.ok(seconds(part.repeat(2e6 / part.length), []) < 1, part);
  }
});

test("is a finding for those who print findings", () => {
  const [cause] = likelyCauses("ok\nNVRM: BAR1 is 0M @ 0x0\n");
  const { check, machine, status, evidence } = asFinding(cause!);
  assert.equal([check, machine, status], ["gpu.window", null, "fail"]);
  assert.equal(evidence, [{ read: "line 2", value: "NVRM: BAR1 is 0M @ 0x0" }]);
});

const log = "starting\nerror: Network not found: no network with matching name 'default'\n";

async function explained(files: Record<string, string>, args: string[], more: Partial<Options> = {}) {
  const { shell, said } = fakeShell(files);
  const code = await explain({ shell, options: { ...options, ...more }, args, passthroughArgs: [] });
  return { code, out: said.join("") };
}

test("explain prints what it knows of a file or of standard input", async () => {
  const file = await explained({ "up.log": log }, ["up.log"]);
  assert.is(file.code, 0);
  assert.is(file.out.split("\n")[0], "✗ provider.access: libvirt has no network of that name");
  assert.is(file.out.split("\n")[1], "    line 2: error: Network not found: no network with matching name 'default'");
  assert.match(file.out, /\n {6}virsh -c qemu:\/\/\/system net-list --all\n$/);
  assert.equal(file.out.split("\n").filter((line) => line.length > 80), []);
  assert.equal(await explained({ "-": log }, []), file);
  assert.equal(await explained({ "-": log }, ["-"]), file);
});

test("explain says so if it knows nothing, and refuses what it cannot read", async () => {
  const { code, out } = await explained({ "-": foreign.npm! }, []);
  assert.is(code, 1);
  assert.match(out, /^nothing in this log is known to homelab-gpu\n {2}→ /);
  assert.equal(out.split("\n").filter((line) => line.length > 80), []);
  for (const [words, says] of [[["none.log"], /there is no file none\.log/], [["a", "b"], /takes one LOG/]] as const) {
    try {
      await explained({ a: "", b: "" }, [...words]);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, says);
      assert.is((error as { code?: number }).code, 2);
    }
  }
});

test("explain prints JSON", async () => {
  const { code, out } = await explained({ "-": log }, [], { json: true });
  const { schema, causes } = JSON.parse(out);
  assert.equal([code, schema, causes.length], [0, "homelab-gpu/explain/1", 1]);
  assert.equal(Object.keys(causes[0]).sort(), ["check", "fix", "line", "number", "says", "source"]);
  const none = await explained({ "-": "" }, [], { json: true });
  assert.equal([none.code, JSON.parse(none.out).causes], [1, []]);
});

test.run();
