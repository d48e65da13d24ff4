import type { Failure } from "../types.mts";
import { commandFix, doctorFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords, driverLog, nvidiaWords, vmWords } from "../fixes.mts";
import { rows } from "../rows.mts";
import { vmDenialFailures } from "../vms/vm-denials.mts";

const log = "Read the service's whole log, and its first error";

/**
 * Denials of SELinux and AppArmor, and messages that are more exact than the general entries about
 * the same program.
 */
export const denialFailures = (): Failure[] => [
  ...vmDenialFailures(),
  ...rows({
    layer: "kernel",
    source: "Linux (audit), AppArmor, SELinux; stefanberger/swtpm#484 (2021-07), " +
      "fedora-selinux/selinux-policy#2816 (2025-08)",
  }, [
    [
      "provider.mode",
      "cause",
      /apparmor="DENIED" .{0,240}comm="swtpm/,
      "AppArmor forbids the VM's virtual TPM (swtpm) its files",
      "Update libvirt and swtpm from the distribution: their profiles belong together",
      "A swtpm of your own build: allow its files in /etc/apparmor.d/local/usr.bin.swtpm, as “owner " +
      "/var/lib/libvirt/swtpm/** rwk,”",
      commandFix("Then load the profile again", "apparmor_parser -r /etc/apparmor.d/usr.bin.swtpm", { root: true }),
    ],
    [
      "provider.access",
      "cause",
      new RegExp(
        /avc: denied \{ [\w ]{2,40} \} .{0,300}:(?:svirt|virtqemud|virtd)\w{0,12}:\S{0,40} tcontext=\S{1,60}:/.source +
          /(?:sysfs|sysctl\w{0,12}|kernel|proc\w{0,8}|\w{2,24}device)_t:/.source,
      ),
      "SELinux's policy forbids QEMU or libvirt a device or file of the kernel: the policy is older than this " +
      "QEMU or libvirt",
      commandFix("Update it", "dnf upgrade selinux-policy", { root: true }),
      commandFix(
        "Until there is one with the rule: write a rule for what was denied, and read it",
        "ausearch -m avc -ts recent | audit2allow -M homelab-vm && cat homelab-vm.te",
        { root: true },
      ),
      "If it allows only QEMU or libvirt something: load it (semodule -i homelab-vm.pp, as root)",
      "permissive=1 in the line: it was only logged, and is not what failed",
    ],
    [
      "provider.access",
      "note",
      anyOf(
        /apparmor="DENIED" .{0,120}profile="libvirt-[\w-]{1,60}" name="\/sys\/[^"]{1,160}\/(?:queue\/\w{2,40}|hugepages\S{0,40}|max_segments)"/,
        /apparmor="DENIED" .{0,120}profile="libvirt-[\w-]{1,60}" name="\/(?:run|dev)\/shm\/lttng[^"]{0,60}"/,
        /apparmor="DENIED" .{0,120}profile="libvirt-[\w-]{1,60}" name="\/(?:proc|etc)\/(?:[^"]{1,60}\/(?:cmdline|comm|mem|task\/[^"]{0,40})|ssl\/openssl\.cnf|gss\/[^"]{1,40}|gnutls\/[^"]{1,40})"/,
      ),
      "AppArmor forbids QEMU to read a value of a disk or process that it does not need: the VM starts without it",
      "Nothing to do: look for another error; newer profiles of the distribution allow it",
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /apparmor="DENIED" .{0,120}profile="libvirt-[\w-]{1,60}"(?! name="\/(?:sys\/[^"]{1,160}\/(?:queue\/|hugepages|max_segments)|(?:run|dev)\/shm\/lttng|proc\/[^"]{1,60}\/(?:cmdline|comm|mem|task\/)|etc\/(?:ssl\/openssl|gss\/|gnutls\/)))/,
        /avc: denied [^]{0,200}(?:svirt_t|virtqemud_t|comm="qemu(?!-ga))/,
      ),
      "AppArmor or SELinux forbids the VM's QEMU a file or device that it was given",
      "Keep disks, ROM files and images in /var/lib/libvirt/images, whose label and profile fit",
      "AppArmor: allow the path for VMs in /etc/apparmor.d/local/abstractions/libvirt-qemu",
      commandFix("SELinux: give the file its label", "restorecon -v FILE", { root: true }),
    ],
    [
      "provider.access",
      "cause",
      /apparmor="DENIED" operation="exec" .{0,60}profile="(?:\/usr\/sbin\/)?(?:libvirtd|virtqemud)" (?!name="\S{0,60}qemu-img)/,
      "AppArmor forbids libvirt to run a program at that path: a QEMU of your own, a wrapper or a hook script",
      "Use the distribution's QEMU (/usr/bin/qemu-system-x86_64), or allow the path (“PATH PUx,”) in " +
      "/etc/apparmor.d/local/usr.sbin.libvirtd",
      commandFix("Then load the profile again", "apparmor_parser -r /etc/apparmor.d/usr.sbin.libvirtd", { root: true }),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /avc: denied .{0,240}(?:container_t|container_runtime_t)/,
        /apparmor="DENIED" .{0,120}profile="(?:docker-default|containers-default\S{0,20}|runc)"/,
      ),
      "SELinux or AppArmor forbids the container what it does, such as opening the GPU's device nodes",
      "SELinux: write security_opt: [label=disable] for that service, or allow it for all: setsebool -P " +
      "container_use_devices on",
      "AppArmor: write security_opt: [apparmor=unconfined] for that service alone, if you trust its image",
    ],
  ]),
  ...rows({
    layer: "packages",
    near: /dkms|nvidia|kernel module|modules|linux-headers|vbox|Makefile\.build/i,
    source: "DKMS, GNU make, general knowledge, 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /(?:sh|make\S{0,6}|env|line \d{1,5}): .{0,20}(?:gcc|cc|clang|ld|x86_64-linux-gnu-gcc|make)[\w.-]{0,8}: (?:command )?not found/,
        /unable to find the development tool `(?:cc|make|ld|gcc)/,
      ),
      "the compiler that builds the driver's module is missing, or another one than the kernel was built with",
      guestFix("Install the distribution's own", "apt-get install -y build-essential"),
      guestFix("Check which the kernel was built with", "cat /proc/version"),
      "Install that gcc release (gcc-14), then dkms autoinstall",
    ],
  ]),
  ...rows({ layer: "packages", source: "apt, general knowledge, 2026-11" }, [
    [
      "guest.driver",
      "note",
      /warning: the compiler differs from the one used to build/,
      "a remark of the build: it is harmless where the kernel's compiler and this one are of the same release, as " +
      "the two lines after it say",
      "Look for a line with error:",
    ],
    [
      "tools.present",
      "note",
      /Skipping acquire of configured file '[^']{0,80}i386\/.{0,200}doesn't support architecture/,
      "a remark of apt: it looks for packages of another architecture, which this source does not have; it is harmless",
      "Write the architecture into the source: [arch=amd64]",
    ],
  ]),
  ...rows({ layer: "driver", source: "kmod in WSL (microsoft-standard-WSL2), read 2026-11" }, [
    [
      "hyperv.driver",
      "cause",
      anyOf(
        /Module nvidia\w{0,10} not found in directory \S{1,60}microsoft-standard/,
        /\/usr\/lib\/wsl\/lib\/nvidia-smi: No such file/,
      ),
      "in WSL there is no NVIDIA module to load: the GPU comes from Windows' driver (/dev/dxg), which is missing " +
      "or does not reach this WSL",
      "Install or update NVIDIA's driver on Windows, then wsl --update and wsl --shutdown",
      "Remove Linux drivers of NVIDIA from this WSL; of CUDA install cuda-toolkit only",
      "Check that it is WSL 2: wsl -l -v",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near: vmWords,
    source: "QEMU, libvirt (domain_capabilities, qemu_validate), read 2026-11",
  }, [
    [
      "provider.version",
      "cause",
      anyOf(
        /is not supported (?:by|with) (?:this version of qemu|this QEMU(?: binary)?|QEMU binary)/,
        /this (?:version of )?QEMU(?: binary)? (?:does not|doesn't) support/,
        /(?:hostdev|host device) iommufd .{0,40}not supported/,
      ),
      "the VM's definition asks for a feature that the QEMU here does not have",
      commandFix("Check its version", "qemu-system-x86_64 --version"),
      "Update QEMU and libvirt together, or remove that feature from the VM's XML (virsh edit)",
      "If this QEMU has it: remove what libvirt remembers (/var/cache/libvirt/qemu/capabilities), and restart libvirt",
    ],
    [
      "host.virtualization",
      "cause",
      anyOf(
        /invalid accelerator \w{2,8}|(?<!WHPX: )(?:No|no) accelerator found/,
        /accelerator '?\w{2,8}'? is not (?:available|supported)/,
      ),
      "QEMU does not have that accelerator: it was built without it, or the platform has another (KVM on Linux, " +
      "WHPX on Windows, HVF on macOS)",
      doctorFix("host.virtualization"),
      'Packer: accelerator = "kvm" on Linux; install the distribution\'s qemu-system-x86 (or qemu-kvm)',
    ],
  ]),
  ...rows({ layer: "vfio", source: "KubeVirt, libvirt, Xen; harvester/harvester#10029 (2026-02), #3763 (2023-04)" }, [
    [
      "gpu.driver",
      "cause",
      anyOf(
        /failed to create (?:generic|GPU|PCI|MDEV|SR-IOV) host-?devices|number of \w{2,10} host-device\S{0,2} do not match|PCI_RESOURCE_[\w-]{3,80} not set for/,
        /pci backend driver type '\w{1,12}' is not supported/,
      ),
      "KubeVirt or libvirt could not give the VM the card: its resource name is not permitted or not served on " +
      "this node, or VFIO is not visible in the VM's container",
      "KubeVirt: compare permittedHostDevices with the node's allocatable devices, and see that no hot-plugged " +
      "disk is in that VM (1.7)",
      doctorFix("gpu"),
    ],
    [
      "gpu.driver",
      "cause",
      /Need to enable igd-passthru/,
      "Xen's QEMU passes an Intel graphics device on only with gfx_passthru on",
      'Write gfx_passthru = "igd" in the VM\'s configuration, or pass another card',
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "containerd, docker-py, Docker Compose; read 2026-11" }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /failed to extract layer .{0,160}(?:failed to unmount|resource busy|blob|no such file|input\/output)/,
        /failed to unmount \S{0,80}tmpmounts|failed to initialize logging driver: database is locked/,
        /failed to (?:get|commit|prepare) (?:snapshot|image layer)\b.{0,120}(?:not found|does not exist|already exists)/,
      ),
      "the engine's store of images is in a bad state or busy: a pull was cut off, a virus scanner or backup holds " +
      "it, or its disk has a fault",
      guestFix("Restart it, then pull again", "systemctl restart containerd docker"),
      "If the error remains: remove that image alone (docker image rm NAME) and pull it again",
      guestFix("Show the disk's errors", "dmesg --level err,warn"),
    ],
    [
      "guest.engine",
      "cause",
      anyOf(
        /Not supported URL scheme http\+docker|docker\.errors\.DockerException: Error while fetching server API/,
      ),
      "this is docker-compose 1, written in Python, which does not work with current Python libraries and Docker " +
      "releases",
      guestFix("Install Compose 2 or later", "sh -c 'apt-get update && apt-get install -y docker-compose-plugin'"),
      "Then write docker compose, without a hyphen",
    ],
  ]),
  ...rows({ layer: "docker", source: "Podman (netavark); podman-container-tools/podman#26811 (2025-08)" }, [
    [
      "verify.docker",
      "cause",
      /netavark: nftables error: got invalid json/,
      "nftables is newer than Podman's network program (netavark) understands",
      'Update netavark and Podman; until then go back to the nftables before, or set firewall_driver = "iptables" ' +
      "in containers.conf",
    ],
  ]),
  ...rows({ layer: "driver", source: "Linux (drivers/gpu, kernel/panic.c); siderolabs/talos#12544 (2026-01)" }, [
    [
      "guest.driver",
      "fallback",
      anyOf(
        /(?:WARNING: CPU: |kernel BUG at |RIP: 0010:|IP: \[<).{0,160}(?:\[(?:amdgpu|nvidia\w{0,8}|i915|xe|nouveau|vfio\w{0,20})\]|drivers\/gpu\/drm\/)/,
        /kfd2kgd: .{0,80}(?:fail|error)|kfd kfd: .{0,80}(?:fail|error)/,
      ),
      "a graphics driver met a fault of its own in the kernel; the first line of its trace and the lines before it " +
      "say where",
      driverLog,
      manualFix(
        "Update the kernel and linux-firmware, or the driver; a fault that stays belongs to the driver's " +
          "issue tracker",
      ),
    ],
  ]),
  ...rows({ layer: "toolkit", near: nvidiaWords, source: "NVIDIA Container Toolkit, read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to save (?:CDI )?spec|failed to create output directory: mkdir \/(?:etc|var\/run|run)\/cdi/,
        /open \/(?:etc|var\/run|run)\/cdi\S{0,40}: (?:permission denied|no such file|read-only)/,
      ),
      "nvidia-ctk is not allowed to write the CDI specification there: it runs without root, or the folder is " +
      "missing or read-only",
      guestFix(
        "Write it as root",
        "sh -c 'mkdir -p /etc/cdi && nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml'",
      ),
    ],
  ]),
  ...rows({ layer: "image", near: nvidiaWords, source: "Folding@home, hashcat, general knowledge, 2026-11" }, [
    [
      "verify.service",
      "symptom",
      /No CUDA or OpenCL .{0,20}support detected|no OpenCL (?:devices|platforms) (?:were )?found|No OpenCL, .{0,20}or CUDA (?:compatible platform|installation) found/i,
      "the program finds no CUDA or OpenCL on the GPU: the container lacks a driver capability, or the driver is " +
      "too old for the image",
      "Write NVIDIA_DRIVER_CAPABILITIES=all (OpenCL needs compute; video needs video), and an image that fits the " +
      "driver",
      manualFix(log),
    ],
  ]),
];
