import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { amdWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const exportsOf = commandFix("Check what this host exports", "exportfs -v", { root: true });

/**
 * Errors of rsync, systemd, NFS, SMB, cloud-init and libguestfs, and of the runtimes for
 * cards of Intel and AMD.
 */
export const serviceToolFailures = (): Failure[] => [
  ...rows({
    layer: "provider",
    near: /vagrant|==> [\w-]{1,40}: |guest|libvirt|packer|remote command not found|\bvm\b/i,
    source: "rsync 3.4 (errcode.h, main.c), read 2026-11",
  }, [
    [
      "verify.ssh",
      "cause",
      /(?:remote command not found \(code 127\)|rsync: (?:\S{1,20}: )?command not found|rsync: not found)/,
      "rsync is not installed at the other end of the connection",
      guestFix("Install it in the guest (Debian, Ubuntu)", "apt-get install -y rsync"),
    ],
    [
      "provider.access",
      "cause",
      /(?:link_stat "\S{1,200}" failed: No such file|change_dir\S{0,3} "\S{1,200}" failed: |change_dir \S{1,200} failed: )/,
      "rsync does not find the source: the path does not exist, or is meant relative to another folder",
      "Correct the path; a “/” at its end copies the contents of the folder",
    ],
    [
      "provider.access",
      "symptom",
      /rsync (?:error|warning): (?:some files(?:\/attrs)? (?:were not transferred|vanished)|error in (?:file IO|socket IO|IPC)|timeout|protocol|unexplained|syntax|received SIG|errors (?:selecting|starting))/,
      "rsync did not copy everything; the lines above it name each file with its reason",
      "Code 11: the disk is full. 23: permissions or missing files. 24: files changed meanwhile. 30: time-out",
    ],
  ]),
  ...rows({ layer: "provider", source: "sudo, systemd, nfs-utils; read 2026-11" }, [
    [
      "provider.access",
      "cause",
      /(?:does not support NFS export|exportfs: .{0,120}(?:Operation not supported|requires fsid=|No such file))/,
      "the folder cannot be exported by NFS: it is on a file system without support for it (overlay, encrypted " +
      "home, FUSE), or needs a number (fsid=)",
      exportsOf,
      "Move it to ext4, XFS or Btrfs, or add fsid=1 to its line in /etc/exports; or share by virtiofs or rsync",
    ],
    [
      "provider.access",
      "cause",
      /(?:Unit|Unit file) (?:libvirtd|virtqemud|virtnetworkd|virtlogd|docker|ssh|sshd|nfs-server|smbd|swtpm|incus|vboxdrv)\S{0,12} (?:is masked|not found|could not be found)/,
      "systemd does not have that service, or it is masked: its package is not installed, or has another " +
      "name for it " +
      "(libvirt: libvirtd or the modular virtqemud)",
      commandFix("List them", "systemctl list-unit-files 'libvirt*' 'virt*' 'docker*' 'ssh*' 'nfs*'"),
      "Install the package; a masked one: systemctl unmask NAME",
    ],
  ]),
  ...rows({ layer: "provider", source: "libguestfs, cloud-init, hashicorp/packer, Samba, systemd; read 2026-11" }, [
    [
      "guest.image",
      "symptom",
      /- [a-z_]{2,40}\.py\[(?:WARNING|ERROR|CRITICAL)\]: \S/,
      "cloud-init reports an error of one of its parts, named before .py: its settings are wrong, or what it " +
      "ran failed",
      guestFix("Read its log", "grep -iE 'warn|error|fail' /var/log/cloud-init.log"),
      guestFix("Check its state and its errors", "cloud-init status --long"),
    ],
    [
      "guest.image",
      "fallback",
      /(?:libguestfs: error: |libguestfs error: |virt-(?:customize|resize|sysprep|builder|sparsify|copy-in|edit): error: )\S/,
      "libguestfs could not work in the disk image, for the reason at the end of its line",
      "Check that no VM has the image open, that it holds the file system, and that there is room",
      commandFix("Test libguestfs itself", "LIBGUESTFS_BACKEND=direct libguestfs-test-tool"),
    ],
    [
      "provider.mode",
      "cause",
      /(?:A boot command cannot be used when vnc is disabled|Output directory '?\S{1,160} already exists\. (?:It must not exist|Use the force flag)|host_port_min must be|must be specified, please reference your communicator documentation)/,
      "two settings of Packer's template do not go together, or its output folder is left over from an earlier build",
      commandFix("Check the template", "packer validate ."),
      "Remove the output folder, or build with -force, which replaces it",
    ],
    [
      "provider.access",
      "symptom",
      /(?:NT_STATUS_(?:ACCESS_DENIED|LOGON_FAILURE|BAD_NETWORK_NAME|CONNECTION_REFUSED|IO_TIMEOUT|HOST_UNREACHABLE|OBJECT_NAME_NOT_FOUND|WRONG_PASSWORD|INVALID_PARAMETER|PASSWORD_EXPIRED|ACCOUNT_\w{4,20}))/,
      "the SMB share was refused, for the reason in that code: user or password, the share's name, or the connection",
      "List the shares as that user: smbclient -L SERVER -U USER; the share's name has no path in it",
      "Samba: smbpasswd -a USER, and read and write permissions for that user in the folder",
    ],
  ]),
  ...rows({
    layer: "image",
    near: /openvino|intel|level.?zero|\[GPU\]|libze|xpu|gpu/i,
    source: "OpenVINO, Level Zero loader; read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /(?:Can't find device for GPU|device_map\.find\(device_id\) != device_map\.end|(?:cannot|Cannot) (?:open|load) (?:shared object file|library) libze_(?:loader|intel_gpu)|libze_loader\.so\.1: cannot open|libOpenCL\.so\.1: cannot open|Failed to create plugin \S{1,160}(?:intel_gpu_plugin|clDNNPlugin))/,
      "Intel's compute runtime is missing in the image, or sees no GPU: OpenVINO, PyTorch XPU and others need it",
      manualFix("Write devices: [/dev/dri] and group_add: [render, video] for that service"),
      manualFix("In the image: intel-opencl-icd, libze1 and libze-intel-gpu1 of a release that knows the chip"),
      guestFix("Show the card's nodes", "ls -l /dev/dri"),
    ],
  ]),
  ...rows({ layer: "image", source: "ONNX Runtime (providers/openvino); immich-app/immich#7487 (2024-02)" }, [
    [
      "verify.service",
      "symptom",
      /while running OpenVINO-EP-subgraph|providers\/openvino\/\S{1,40} Exception/,
      "OpenVINO did not run the model on Intel's GPU: its memory is too small for it, or the image's compute runtime " +
      "does not know the chip",
      manualFix("Update the image, and try a smaller model; the plain image (without openvino) runs it on the CPU"),
      guestFix("Show the card's nodes", "ls -l /dev/dri"),
    ],
  ]),
  ...rows({ layer: "image", source: "Khronos OpenCL (cl.h), OpenVINO (intel_gpu plugin); read 2026-11" }, [
    [
      "verify.service",
      "symptom",
      /(?:\[GPU\] (?:ProgramBuilder build failed|cl\w{6,30}, error)|GPU program build failed|error code: -\d{1,4} CL_\w{4,40}|(?<!#define )\bCL_(?:OUT_OF_(?:RESOURCES|HOST_MEMORY)|MEM_OBJECT_ALLOCATION_FAILURE|BUILD_PROGRAM_FAILURE|INVALID_(?:WORK_GROUP_SIZE|KERNEL|BUFFER_SIZE|DEVICE|PLATFORM|BINARY)|DEVICE_NOT_(?:FOUND|AVAILABLE))\b)/,
      "OpenCL refused a call, for the reason in its code: too little memory on the card (OUT_OF_RESOURCES, " +
      "ALLOCATION), " +
      "or a driver and a program that do not fit each other (INVALID, BUILD)",
      guestFix("Check what OpenCL finds", "clinfo"),
      manualFix("Update the image with its compute runtime, and try a smaller model or batch"),
    ],
  ]),
  ...rows({ layer: "toolkit", near: amdWords, source: "ROCm/container-toolkit, moby; read 2026-11" }, [
    [
      "verify.service",
      "cause",
      /(?:could not select device driver "?amd|amd-container-runtime\S{0,4}: .{0,80}(?:fail|error|no )|amd-ctk\S{0,4}: .{0,80}(?:fail|error)|unresolvable CDI devices? amd\.com\/gpu)/,
      "AMD's container toolkit is not installed or not set up, or found no card: Docker has no driver amd by itself",
      manualFix("Without it: devices: [/dev/kfd, /dev/dri] and group_add: [video, render] for that service"),
      guestFix(
        "With it: set it up, and write its CDI file",
        "sh -c 'amd-ctk runtime configure && amd-ctk cdi generate'",
      ),
      guestFix("Check that amdgpu has the card", "ls -l /dev/kfd /dev/dri"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /AMD GPU driver \(amdgpu\) is not installed or loaded/,
        /AMD Container Toolkit requires the amdgpu driver to be installed/,
      ),
      "the package of AMD's container toolkit installs only where amdgpu is loaded: the driver has no card here, " +
      "or an image is built (rpm-ostree, bootc, a Dockerfile), where the package sees no driver",
      guestFix("Check that amdgpu has the card", "ls -l /dev/kfd /dev/dri"),
      guestFix("If not, load the driver and read what it says", "sh -c 'modprobe amdgpu; dmesg | grep amdgpu'"),
      manualFix("Without the toolkit: devices: [/dev/kfd, /dev/dri] and group_add: [video, render] for that service"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /\b(?:amd-ctk|rocm-?smi|amd-smi|rocminfo|hipconfig|hipcc): (?:command )?not found/,
        /command not found: (?:amd-ctk|rocm-smi|amd-smi|rocminfo)|Command '(?:amd-ctk|rocm-smi|amd-smi|rocminfo)' not found/,
      ),
      "that program of AMD is not installed here, or its folder is not searched (sudo has its own list of folders)",
      guestFix("Check where it lies", "ls /opt/rocm/bin /usr/bin/amd-ctk /usr/local/bin/amd-ctk"),
      manualFix('Call it by its whole path: sudo "$(command -v amd-ctk)", sudo /opt/rocm/bin/rocm-smi'),
      manualFix("amd-ctk comes with the package amd-container-toolkit, the others with ROCm"),
    ],
  ]),
];
