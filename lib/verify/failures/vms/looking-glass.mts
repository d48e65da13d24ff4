import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = /looking[- ]?glass|ivshmem|kvmfr|LGMP|lg_run|main\.c:|spice(?:_|\.c)|host application/i;
const file = commandFix("Show the file and its owner", "ls -l /dev/shm/looking-glass /dev/kvmfr0");

/** Errors of Looking Glass, which shows a VM's picture from memory that both share. */
export const lookingGlassFailures = (): Failure[] =>
  rows({
    layer: "vfio",
    near,
    source: "gnif/LookingGlass (client, common), read 2026-11; gnif/LookingGlass#1130 (2024-08), #1318 (2026-07)",
  }, [
    [
      "provider.version",
      "cause",
      anyOf(
        /\/var\/lib\/dkms\/kvmfr\/\S{1,40}\/build|\bkvmfr\.c:\d{1,5}:\d{1,4}: (?:fatal )?error: |autoinstall on \S{1,60} failed for kvmfr/,
        /could not insert (?:module )?'?(?:\.\/)?kvmfr(?:\.ko)?'?: (?:Invalid module format|Exec format error)/,
      ),
      "Looking Glass' module kvmfr does not fit this kernel: it was built for another one, or its release is older " +
      "than the kernel",
      "Install kvmfr of Looking Glass' newest release, and build it for the kernel that runs (with its headers): " +
      "dkms install kvmfr/RELEASE",
      "Without the module: /dev/shm/looking-glass does the same, more slowly",
    ],
    [
      "provider.mode",
      "cause",
      /Hotplug memory \[0x[\da-f]{1,16}-0x[\da-f]{1,16}\] exceeds maximum addressable range/,
      "the kernel cannot use memory at that high address, which kvmfr (or a card's driver) registers: a random map " +
      "of its own memory leaves too few addresses",
      "Boot that system, in a VM the guest, with the kernel argument nokaslr, or update its kernel",
    ],
    [
      "provider.mode",
      "cause",
      /kvmfr\S{0,30}:? failed to remap pages/,
      "the VM's shared memory device is at an address that the guest cannot map: its CPU has more bits for " +
      "addresses than it can use",
      "Limit them: <maxphysaddr mode='passthrough' limit='39'/> in <cpu> (QEMU: host-phys-bits-limit=39)",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /(?:Failed|Unable) to open:? (?:the (?:shared memory )?file: )?\/dev\/(?:shm\/\S{1,40}|kvmfr\d).{0,160}Permission denied/,
        /Failed to (?:open|map) the shared memory (?:file|device): \/dev\//,
      ),
      "Looking Glass is not allowed to open the memory that it shares with the VM: the file belongs to QEMU's user",
      file,
      "Give it your user and the group kvm before the VM starts: in /etc/tmpfiles.d/10-looking-glass.conf write “f " +
      "/dev/shm/looking-glass 0660 USER kvm -”; for /dev/kvmfr0 write a udev rule",
      "With SELinux: the file needs the type svirt_tmpfs_t",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Invalid (?:value|argument).{0,40}app:shmFile|app:shmFile .{0,80}(?:not|invalid)/,
        /(?:Failed|Unable) to open:? \/dev\/(?:shm\/\S{1,40}|kvmfr\d).{0,160}No such file/,
      ),
      "Looking Glass does not find the memory that it shares with the VM: the VM has no such device, did not start " +
      "yet, or the path is another",
      file,
      "Name the right one: looking-glass-client -f /dev/kvmfr0, after modprobe kvmfr static_size_mb=64",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /IVSHMEM too small|Recommend increase size to \d{1,5} MiB/,
        /(?:shared memory|IVSHMEM).{0,60}(?:not large enough|too small|insufficient)/,
        /lgmpHostMemAlloc Failed/,
      ),
      "the memory that Looking Glass shares with the VM is too small for the picture",
      "Give it more, a power of two: width × height × 4 × 2 bytes + 10 MiB (64 MiB for 2560×1440, 128 for " +
      "3840×2160), in the VM's shmem and in kvmfr's static_size_mb",
      "Stop the VM, delete /dev/shm/looking-glass, and start it again",
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /host application is not compatible with this client|Incompatible \S{1,20} version/,
        /Expected (?:KVMFR )?version.{0,60}(?:host|got|actual)|KVMFR version mismatch/,
        /LGMP reported the shared memory has been corrupted/,
      ),
      "Looking Glass in the VM and on the host are of different releases",
      "Install the same release on both: looking-glass.io, Downloads",
    ],
    [
      "provider.mode",
      "symptom",
      anyOf(
        /host application (?:does not seem to be|seems? to not be|seems? not to be|is not) running/,
        /Waiting for the host application/,
      ),
      "Looking Glass' program in the VM does not run yet, so there is no picture",
      "See its log in the VM: %ProgramData%\\Looking Glass (host)\\looking-glass-host.txt; its card needs a " +
      "monitor or dummy plug",
    ],
    [
      "provider.mode",
      "cause",
      /(?:Failed to connect to (?:the )?spice server|failed to read SpiceLink\w{3,12}|connect main channel failed|Failed to process spice messages|A SPICE session is already active|Failed to (?:connect|process|set up) .{0,30}\bspice)/,
      "Looking Glass reached no SPICE server of the VM, by which it sends keyboard and mouse: the VM has no SPICE " +
      "graphics, listens elsewhere, or another viewer (virt-manager) has it",
      "Close other viewers, and give the VM <graphics type='spice'> (virsh edit); then spice:host and " +
      "spice:port of that VM",
      "Without SPICE's input: looking-glass-client -s, with the devices passed by evdev",
    ],
    [
      "provider.mode",
      "cause",
      /(?:(?:Unable|Failed) to find (?:the |any )IVSHMEM devices?|Host application (?:exited with code 0x|failed to start)|Did you remember to add the device to your VM)/,
      "Looking Glass' program in the VM does not start: the VM has no IVSHMEM device, its driver is missing " +
      "there, or " +
      "the picture cannot be captured",
      "Add the device (shmem) to the VM, and its driver in Windows: virtio-win's ivshmem, by Device Manager",
      "See its log in the VM: %ProgramData%\\Looking Glass (host)\\looking-glass-host.txt",
    ],
    [
      "provider.mode",
      "symptom",
      /\[[EWF]\] {1,20}(?:\d{1,16} )?[\w.-]{1,30}:\d{1,5} \| \w{1,40} \| .{0,80}(?:DMA update|DMABUF|OpenGL|shader|texture|surface|Wayland|Compositor|capture|NvFBC|D3D12|renderer|audio|PipeWire|PulseAudio|clipboard)/,
      "Looking Glass has trouble with the picture, its capture in the VM, sound or clipboard, as the line " +
      "says; the VM " +
      "itself works",
      "Try the other renderer (-g egl or -g opengl), app:allowDMA=no, and the current release on both sides",
    ],
    [
      "provider.mode",
      "fallback",
      /\[E\] {1,20}(?:\d{1,16} )?[\w.-]{1,30}:\d{1,5} \| \w{1,40} \| (?:Failed|Unable|Could not|Invalid|Missing)/,
      "Looking Glass reports an error",
      file,
      "Read the first line with [E], and the log of its program in the VM",
    ],
  ]);
