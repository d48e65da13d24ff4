import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { capabilities } from "../fixes.mts";
import { rows } from "../rows.mts";

const nodes = guestFix("Show the card's nodes", "ls -l /dev/dri");
const headless = manualFix("A program that only computes: start it without a window (headless)");

/** Programs that draw: no display, a display that refuses them, no OpenGL, EGL or Vulkan; Xorg in a container. */
export const displayFailures = (): Failure[] => [
  ...rows({
    layer: "image",
    source: "GLFW 3.4, SDL 2 and 3, Qt (xcb), GTK, Tk, python-xlib, pyglet, VTK, Chromium (ozone), Blender (GHOST), " +
      "Sunshine; games-on-whales/gow#160 (2023-10), ikester/blender-docker#10 (2020-05), read 2026-11",
  }, [
    [
      "gpu.display",
      "cause",
      anyOf(
        /(?:No protocol specified|no authorization protocol specified|Invalid MIT-MAGIC-COOKIE-1 key|Unsupported authorisation protocol) .{0,60}(?:open|connect to) (?:a |X )?display/,
        /X11 connection rejected because of wrong authentication/,
      ),
      "the X server does not let this user or container in",
      "In the desktop's session, let the container's user in: xhost +SI:localuser:root (or that user's name)",
      'Or give it the key: volumes: ["$XAUTHORITY:/tmp/.Xauthority:ro"] and XAUTHORITY=/tmp/.Xauthority',
    ],
    [
      "gpu.display",
      "cause",
      anyOf(
        /X11: (?:Failed to open display|The DISPLAY environment variable is missing)|Failed to detect any supported platform/,
        /Wayland: Failed to connect to display|Failed to create wl_display/,
        /(?<!\()No available video device|(?:initialize SDL|SDL_Init\w{0,12}) ?.{0,30}(?:x11|wayland|kmsdrm) not available/,
        /Could not load the Qt platform plugin "(?:xcb|wayland)|no Qt platform plugin could be initialized/,
        /qt\.qpa\.xcb: could not connect to display|Gtk-\w{4,8} \*\*: .{0,24}cannot open display/,
        /no display name and no \$DISPLAY environment variable|couldn't connect to display "/,
        /DisplayNameError: Bad display name|NoSuchDisplayException|bad X server connection\. DISPLAY=/,
        /Missing X server or \$DISPLAY|failed to initialize display for back-end/,
        /(?:Unable to|Failed to|Could not|Couldn't|Can't) open (?:a |X )?display(?! window)|Error: cannot open display|\[VGL\] ERROR: Could not open display/,
        /variable WAYLAND_DISPLAY has not been defined|Unable to find display or encoder/,
        /Unable to find display on any available system|The control display is undefined/,
      ),
      "the program needs a screen (X11 or Wayland), and there is no screen where it runs: in a container, or over SSH",
      "Start its display server first (Sunshine: Xorg, a compositor or Wolf, with a virtual or dummy display; " +
      "others: Xvfb)",
      headless,
      "Over SSH: ssh -X, with X11Forwarding in its server, or start it at the machine's own screen",
      "For example MUJOCO_GL=egl, QT_QPA_PLATFORM=offscreen, SDL_VIDEODRIVER=dummy; Blender draws without a screen " +
      "with -b -E CYCLES",
    ],
    [
      "gpu.display",
      "fallback",
      /No protocol specified|Authorization required, but no authorization protocol specified/,
      "an X server refused a program; Open MPI's and other programs' look for cards by X prints it too, which is " +
      "harmless",
      "Look for another error; if a window is missing: xhost +SI:localuser:root in the desktop's session (or that " +
      "user's name)",
    ],
    [
      "gpu.display",
      "cause",
      /xauth: \(argv\):1: unable to read any entries from file/,
      "xauth found no key for this DISPLAY, so the container gets none for the X server",
      'Write it by the name that DISPLAY has: touch /tmp/.docker.xauth; xauth nlist "$DISPLAY" | sed -e ' +
      '"s/^..../ffff/" | ' +
      "xauth -f /tmp/.docker.xauth nmerge -",
      "If xauth list shows nothing: run it in the desktop's session, or let local users in (xhost +SI:localuser:root)",
    ],
    [
      "gpu.display",
      "cause",
      /\(MIT-SHM\) minor_code|X_Shm(?:Attach|PutImage)\)|BadShmSeg/,
      "the program shares memory with the X server, which does not work from a container with its own IPC namespace",
      "Write ipc: host for that service, or QT_X11_NO_MITSHM=1 (Qt), _X11_NO_MITSHM=1",
    ],
  ]),
  ...rows({
    layer: "image",
    source: "Mesa (EGL, GLX loaders), GLFW, glxinfo, MuJoCo, PyOpenGL, Magnum, Habitat, Isaac Sim, VirtualGL; " +
      "games-on-whales/gow#13 (2024-09), facebookresearch/habitat-sim#288 (2019-10), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /eglInitialize: (?:DRI2|failed)|(?:egl|glx): failed to create (?:dri\w{1,5}|sw\w{1,5}) screen/,
        /libGL error: (?:failed to load driver|MESA-LOADER|No matching fbConfigs)|MESA-LOADER: failed to (?:open|retrieve)(?! nvidia)/,
        /ZINK: (?:failed to choose pdev|vkCreateInstance failed)|pci id for fd \d{1,4}: \w{4}:\w{4}, driver \(/,
        /EGL: Failed to (?:get EGL display|initialize EGL|load client library)|GLX: (?:No GLXFBConfigs returned|GLX extension not found|Failed to (?:load GLX|find a suitable GLXFBConfig))/,
        /couldn't find RGB GLX visual|glXCreateContext failed/,
        /Cannot initialize a EGL device display|gladLoadGL error|an OpenGL platform library has not been loaded|has no attribute 'glGetError'/,
        /EGL device for CUDA device|CUDA device \d{1,2} among \d{1,2} EGL devices|Invalid EGL device/,
        /cannot get default EGL display|eglInitialize, error: EGL_NOT_INITIALIZED|Couldn't (?:open|initialize) EGL display: \[/,
        /Failed to create any GPU devices, including an attempt with compatibility/,
        /vkCreateInstance: Found no drivers|compatible Vulkan (?:installable client )?driver \(ICD\)|failed to find physical device/,
        /DXVK: No adapters found|DxvkInstance::createInstance: Failed to create Vulkan instance/,
        /lib(?:GLX|EGL)_nvidia\.so\.0: cannot open shared object/,
      ),
      "OpenGL, EGL or Vulkan finds no driver for the card in the container: NVIDIA's graphics libraries were not " +
      "passed in, Mesa's driver is not in the image, or /dev/dri was not given to it",
      capabilities,
      "AMD and Intel: devices: [/dev/dri], and mesa (libgl1-mesa-dri, mesa-va-drivers) in the image",
      "Programs that draw without a screen: libegl1 in the image, and MUJOCO_GL=egl, PYOPENGL_PLATFORM=egl (by the " +
      "CPU: osmesa)",
      nodes,
    ],
    [
      "verify.service",
      "symptom",
      /OpenGL [Rr]enderer(?: string)?: {1,6}llvmpipe|GL_RENDERER {0,8}[:=] {1,4}"?llvmpipe/,
      "OpenGL draws on the CPU (llvmpipe), not on the card: the card's driver is not in the container, or its X " +
      "server is a virtual one (VNC, Xvfb)",
      capabilities,
      nodes,
      "With VNC or Xvfb: start the program by VirtualGL: vglrun -d egl PROGRAM",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Found 0 GPUs, cannot create backend|Failed to open any DRM device|Failed to find any DRM render node/,
        /Could not successfully create backend on any GPU/,
      ),
      "the compositor (wlroots) finds no card that it can open: /dev/dri was not given to its container, or not to " +
      "its user",
      "Write devices: [/dev/dri] for that service; without a card: WLR_BACKENDS=headless, WLR_RENDERER=pixman",
      nodes,
    ],
    [
      "verify.service",
      "symptom",
      /Could not connect to socket \/run\/seatd\.sock|Unable to create seat\b|Failed to load session backend/,
      "the compositor gets no seat (screen, keyboard, mouse), since no seatd or logind runs where it is",
      "In a container: WLR_BACKENDS=headless and WLR_LIBINPUT_NO_DEVICES=1; on a machine: start it from a login at " +
      "its screen, or start seatd",
    ],
    [
      "verify.service",
      "cause",
      /Proprietary Nvidia drivers are NOT supported/,
      "sway refuses NVIDIA's driver unless it is asked to use it",
      "Start it with --unsupported-gpu",
    ],
    [
      "guest.driver",
      "symptom",
      /VK_ERROR_DEVICE_LOST|VkResult: ERROR_DEVICE_LOST|A GPU crash occurred/,
      "the card stopped the program's work (device lost): an error of the program, too long a task, too little " +
      "memory, or a card that failed",
      guestFix("Read what the driver says (NVIDIA: its Xid)", "dmesg --level err,warn"),
      "Use another driver release, and undo overclocking; see nvidia-smi for the card's memory",
    ],
  ]),
  ...rows({ layer: "image", source: "Xorg 21 (hw/xfree86), Xorg.wrap, read 2026-11" }, [
    [
      "gpu.display",
      "symptom",
      /Failed to load module "nvidia" \(module does not exist/,
      "Xorg has no driver from NVIDIA (nvidia_drv.so): its package is not installed, or the container did not get it",
      "In a container: NVIDIA_DRIVER_CAPABILITIES=all; on a machine: xserver-xorg-video-nvidia of the driver's release",
    ],
    [
      "gpu.display",
      "cause",
      /Cannot open \/dev\/tty0 \(|xf86OpenConsole: Cannot open (?:virtual console|\/dev\/tty)/,
      "Xorg needs a console of the machine (/dev/tty), which a container or another user's session does not have",
      "In a container: use Xvfb or a Wayland compositor without a screen instead",
      "On a machine: start it through its login manager (systemctl start display-manager)",
    ],
    [
      "gpu.display",
      "cause",
      /Only console users are allowed to run the X server/,
      "Xorg may be started only by a user at the machine's own screen, not over SSH or by a service",
      "Start it through the login manager, or as root",
    ],
    [
      "gpu.display",
      "cause",
      /Server is already active for display \d/,
      "another X server has this display's number, or an ended one has left its lock in this container",
      guestFix("Check whether one runs", "pgrep -a 'Xorg|Xvfb|Xvnc|Xwayland'"),
      "If none runs: remove /tmp/.X0-lock and /tmp/.X11-unix/X0 (of that number), or create the container again: " +
      "docker compose up -d --force-recreate",
      "Otherwise choose another number (:1)",
    ],
    [
      "gpu.display",
      "cause",
      /drmSetMaster failed: Device or resource busy/,
      "another display server draws on this card",
      guestFix("Check which program has the card", "sh -c 'fuser -v /dev/dri/card*'"),
      "Stop it (systemctl stop display-manager), or draw without a screen (Xvfb, headless)",
    ],
    [
      "gpu.display",
      "cause",
      /Cannot run in framebuffer mode\. Please specify busIDs/,
      "Xorg finds no driver for the card that it may use, and several cards to choose from",
      'Name the card in xorg.conf, Section "Device": BusID "PCI:1:0:0" (decimal; see lspci), Driver "nvidia" or ' +
      '"modesetting"',
    ],
    [
      "gpu.display",
      "symptom",
      /\(EE\) Segmentation fault at address|Caught signal \d{1,2} \([A-Z][a-z ]{3,20}\)\. Server aborting/,
      "the X server crashed; its backtrace names the library or driver in which it did",
      "libnvidia, libgbm, libEGL there: the image's Mesa or NVIDIA libraries do not fit the driver; use a newer image",
    ],
    [
      "gpu.display",
      "fallback",
      /\(EE\) no screens found/,
      "Xorg found no card or screen that it can use; an earlier line with (EE) says why",
      "Read that line in /var/log/Xorg.0.log; see that BusID in xorg.conf is the card's (nvidia-xconfig " +
      "--query-gpu-info)",
      "NVIDIA without a monitor: nvidia-xconfig --allow-empty-initial-configuration",
    ],
  ]),
];
