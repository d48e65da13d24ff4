import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { capabilities } from "../fixes.mts";
import { rows } from "../rows.mts";

/** Steam, Sunshine and Blender in containers and VMs. */
export const desktopGameFailures = (): Failure[] => [
  ...rows({
    layer: "image",
    near: /steam|STEAM_RUNTIME|SDL version|pressure-vessel|proton|flatpak/i,
    source: "Steam, Bubblewrap; ValveSoftware/steam-for-linux#7284 (2024-08), #12620 (2026-01), " +
      "linuxserver/docker-sealskin#34 (2026-09)",
  }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /missing the following 32-bit libraries|wrong ELF class: ELFCLASS64/,
        /Failed to load steamui\.so - dlerror\(\)/,
      ),
      "Steam is a program of 32 bits, and a library that it names is missing in 32 bits",
      "Debian, Ubuntu: dpkg --add-architecture i386, apt-get update, then that library's package with :i386 " +
      "(libgl1:i386, libdrm2:i386, libva-x11-2:i386)",
      "NVIDIA on a machine: also the driver's (Debian: nvidia-driver-libs:i386, Ubuntu: libnvidia-gl-580:i386 of the " +
      "installed branch); in a container the toolkit passes them in, if the machine has them",
    ],
    [
      "guest.image",
      "symptom",
      /capsule-capture-libs: warning: Dependencies of lib\S{1,60} not found/,
      "Steam's runtime leaves one of the driver's libraries out, since a library that it needs is missing in its " +
      "width (i386: 32 bits)",
      "Install the library named after “Could not find” in the image, for i386 too: libgbm1:i386, " +
      "libwayland-server0:i386",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Steam now requires user namespaces|bwrap: No permissions to creat\w{1,3} (?:a )?new namespace/,
        /bwrap: (?:setting up uid map|Creating new namespace failed|Can't read \/proc\/sys\/kernel\/overflowuid)/,
      ),
      "Steam (or Flatpak) has no permission for user namespaces: seccomp, AppArmor or the kernel " +
      "forbids them",
      "In a container: security_opt: [seccomp=unconfined, apparmor=unconfined]",
      "Ubuntu 24.04 and later: an AppArmor profile with flags=(unconfined) and userns, (/etc/apparmor.d/steam), then " +
      "systemctl reload apparmor",
      guestFix(
        "Check what the kernel allows (Debian's switch; Ubuntu's switch)",
        "sysctl kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns",
      ),
    ],
  ]),
  ...rows({
    layer: "image",
    source: "Sunshine (src/platform/linux, 2026-08); LizardByte/Sunshine#3391 (2024-11), loki-47-6F-64/sunshine#350 " +
      "(2022-05)",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /Failed to gain CAP_SYS_ADMIN/,
        /Couldn't get handle for DRM Framebuffer \[/,
      ),
      "Sunshine cannot read the screen by KMS: it has no CAP_SYS_ADMIN",
      'On a machine: sudo setcap cap_sys_admin+p "$(readlink -f "$(command -v sunshine)")", then start it again',
      "In a container: cap_add: [SYS_ADMIN] and devices: [/dev/dri]; or let it take X11 (capture = x11)",
    ],
    [
      "verify.service",
      "cause",
      /kmsgrab won't be enabled/,
      "Sunshine finds no /dev/dri, so it cannot read the screen by KMS",
      "Write devices: [/dev/dri] for that service",
      guestFix("List the nodes", "ls -l /dev/dri"),
    ],
    [
      "verify.service",
      "cause",
      /driver doesn't support NvFBC screencasting|This hardware does not support NvFBC/,
      "Sunshine is set to read the screen by NvFBC, which NVIDIA's driver offers on professional cards only",
      "Set capture to another way (kms, wlr, portal or x11), or leave it empty",
    ],
    [
      "guest.cuda",
      "symptom",
      /Failed to create a CUDA device: /,
      "Sunshine cannot use NVENC: CUDA does not start there, since there is no NVIDIA card or the container did " +
      "not get it",
      "Without an NVIDIA card: nothing to do, it takes VA-API or the CPU",
      capabilities,
      guestFix("Check that the driver works", "nvidia-smi"),
    ],
  ]),
  ...rows({
    layer: "image",
    near: /sunshine|wolf|moonlight|gamepad|joypad|uinput|uhid|virtual/i,
    source: "Sunshine, games-on-whales/inputtino; loki-47-6F-64/sunshine#396 (2024-08), games-on-whales/wolf#288 " +
      "(2025-11), #123 (2024-09)",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:Could not create|Unable to create virtual|Failed to create) .{0,50}(?:gamepad|joypad|controller|mouse|keyboard|touch ?screen|pen tablet): (?:Permission denied|No such file)/,
        /\/dev\/u(?:input|hid)'?:? (?:device: )?(?:Permission denied|No such file)/,
      ),
      "no virtual gamepad, mouse or keyboard can be made: /dev/uinput or /dev/uhid is not there, or the program is " +
      "not allowed to open it",
      guestFix("Load their modules", "modprobe -a uinput uhid"),
      "In a container: devices: [/dev/uinput, /dev/uhid]; on a machine: a udev rule such as " +
      'KERNEL=="uinput", GROUP="input", MODE="0660", OPTIONS+="static_node=uinput" (also for uhid), and the user ' +
      "in the group input",
    ],
    [
      "verify.service",
      "cause",
      /mknod: \/dev\/input\/\w{2,12}: Operation not permitted/,
      "the gamepad's node cannot be made in the game's container, as inside an LXC container",
      "Write device_cgroup_rules: ['c 13:* rmw'] for the service; in LXC also lxc.cgroup2.devices.allow: c 13:* rwm, " +
      "and a privileged container, since others may make no nodes",
    ],
  ]),
  ...rows({ layer: "image", source: "tianon/dockerfiles#112 (2020-12)" }, [
    [
      "verify.service",
      "note",
      /sh: 1: lspci: not found/,
      "the program lists the cards by lspci, which the image does not have; it goes on without it",
      "Look for another error",
    ],
  ]),
  ...rows({ layer: "image", source: "Blender (intern/cycles, 2.9 to 5.0); ynshung/blender-colab#20 (2023-09)" }, [
    [
      "verify.service",
      "cause",
      /no Cycles device of the specified type|Requested Cycles device not available/,
      "Cycles finds no GPU of the kind that was asked for (CUDA, OptiX, HIP, oneAPI): its container has none, or not " +
      "the libraries for it",
      "Write gpu: 1 (or all) for that service",
      "OptiX needs more than CUDA: NVIDIA_DRIVER_CAPABILITIES=all; try --cycles-device CUDA",
      guestFix("Check that a container gets the GPU", "docker run --rm --gpus all ubuntu nvidia-smi"),
    ],
  ]),
];
