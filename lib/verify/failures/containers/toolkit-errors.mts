import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { driverWorksOutside, lxc, nvidiaWords, registerRuntime, toolkitPackages, writeCdi } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Words of NVIDIA's toolkit, of CDI, and of what asks them for a GPU. */
const toolkitWords = new RegExp(
  `${nvidiaWords.source}|\\bcdi\\b|containerd|\\bnvml\\b|factory\\.go:\\d|plugin manager`,
  "i",
);

/** Errors of NVIDIA's toolkit, CDI and Kubernetes' device plugin, by topic. */
export const toolkitErrorFailures = (): Failure[] => [
  ...rows({
    layer: "toolkit",
    near: toolkitWords,
    source: "NVIDIA/nvidia-container-toolkit, libnvidia-container, read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /failed to create (?:sym)?link.{0,20} \[?libGLX_nvidia\S{0,20} |libGLX_indirect\.so\.0\]?: failed to/,
      "the toolkit 1.17.0 cannot make its link in images that have Mesa's already (libGLX_indirect.so.0)",
      "Update the toolkit to 1.17.1 or later, then write the CDI specification again",
      ...writeCdi,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /mount error: (?:mount operation|file creation|symlink creation|open|stat) failed: .{0,200}(?:operation not permitted|permission denied|read-only file system)/,
      ),
      "the toolkit is not allowed to mount the driver's files into the container: rootless, unprivileged LXC, or a " +
      "read-only system",
      lxc,
      ...writeCdi,
    ],
    [
      "hyperv.driver",
      "cause",
      /(?:stat|open|lookup) failed: \/usr\/lib\/wsl\/\S{1,120}: no such file/,
      "Windows' driver does not bring that file into WSL: it is too old for CUDA in WSL, or damaged",
      "Install the newest NVIDIA driver on Windows (none in WSL), then wsl --update and wsl --shutdown",
    ],
    [
      "guest.driver",
      "cause",
      /nvidia-persistenced\/socket: no such device or address/,
      "the socket of NVIDIA's persistence daemon is there, but nothing listens on it, so that the toolkit cannot " +
      "pass it on",
      guestFix("Restart the daemon, which replaces its socket", "systemctl restart nvidia-persistenced"),
      "Where it is not installed: remove /run/nvidia-persistenced/socket, and old hooks in /usr/libexec/oci/hooks.d",
    ],
    [
      "verify.service",
      "cause",
      /ldconfig value \S{1,80} is not host-relative/,
      "the toolkit's configuration names the path of ldconfig without the @ that newer releases (1.17.3 and later) " +
      "require",
      guestFix(
        "Write it with the @",
        "nvidia-ctk config --in-place --set nvidia-container-cli.ldconfig=@/sbin/ldconfig",
      ),
      "Ubuntu has @/sbin/ldconfig.real",
    ],
    [
      "guest.driver",
      "cause",
      /initialization error: (?:process \S{1,40}modprobe (?:failed|terminated)|load module failed)/,
      "the toolkit could not load the driver's module (modprobe): the driver is not installed, or does not start",
      driverWorksOutside,
      guestFix("Load it, and read why it fails", "modprobe -v nvidia"),
    ],
    [
      "guest.driver",
      "cause",
      /mount error: (?:stat|open|mount operation) failed: \S{1,160}: no such file/,
      "a file or device of the driver that the toolkit mounts does not exist: the driver is incomplete or was " +
      "updated, or the toolkit is older than the driver",
      driverWorksOutside,
      "If the driver was updated: restart the machine; then update the toolkit (nvidia-container-toolkit)",
      "If the error remains: install the driver's packages again in one release, then restart Docker",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /nvidia-c\S{2,30}: (?:error while loading shared libraries|symbol lookup error)/,
        /libnvidia-container\S{0,20}: cannot open shared object/,
      ),
      "the toolkit's packages do not fit together, or one, or a library that the line names, is missing",
      toolkitPackages,
    ],
    [
      "verify.service",
      "cause",
      /conflicting device "?[\w.-]{1,40}\/[\w.-]{1,40}=\S{1,60} \(specs/,
      "two CDI specifications name the same device (/etc/cdi and /var/run/cdi)",
      guestFix("Show both", "ls -l /etc/cdi /var/run/cdi"),
      "Remove the older one, or turn nvidia-cdi-refresh off",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to (?:parse|read|load|unmarshal) CDI Spec|invalid CDI Spec(?! ?: ?failed add)|Spec validation failed/,
        /invalid CDI device name|unqualified device/,
      ),
      "a CDI specification is damaged or newer than the engine understands, or the device's name is not " +
      "VENDOR/CLASS=NAME",
      "Write the name as nvidia.com/gpu=all",
      ...writeCdi,
      "If the engine is old (Podman 4, Docker 25): update it",
    ],
    [
      "guest.driver",
      "cause",
      anyOf(
        /failed to (?:get|determine) driver version|failed to locate (?:libcuda|driver)/,
        /error locating "?lib(?:cuda|nvidia)|could not determine driver version: (?!libnvsandboxutils)/,
      ),
      "the toolkit does not find the driver's libraries: the driver is not installed on this machine, or elsewhere " +
      "than usual",
      driverWorksOutside,
      "Install the driver's libraries too, not the module alone; for a driver elsewhere, set its root " +
      "(--driver-root)",
    ],
    [
      "verify.service",
      "note",
      anyOf(
        /Could not locate \S{1,80}: pattern \S{1,80} not found|Failed to evaluate symlink/,
        /Ignoring error in locating lib\S{1,60}|level=warning msg="?(?:Could not locate|Missing) /,
        /Failed to init nvsandboxutils|Could not determine driver version: libnvsandboxutils/,
      ),
      "a warning of nvidia-ctk: an optional file of the driver is not there, which is harmless",
      guestFix("List the devices that the specification names", "nvidia-ctk cdi list"),
    ],
    [
      "verify.service",
      "cause",
      /insufficient privileges to read device list|in unprivileged container/,
      "the toolkit is set to ignore NVIDIA_VISIBLE_DEVICES of unprivileged containers",
      "Ask for the GPU by a device reservation or by CDI instead of the variable",
    ],
    [
      "verify.service",
      "cause",
      /no runtime for "nvidia" is configured|RuntimeHandler "nvidia" not supported/,
      "containerd (Kubernetes) has no runtime named nvidia",
      guestFix("Register it", "nvidia-ctk runtime configure --runtime=containerd"),
      guestFix("Restart containerd", "systemctl restart containerd"),
    ],
    [
      "verify.service",
      "symptom",
      /Insufficient (?:nvidia|amd|gpu\.intel)\.com\/\w/,
      "Kubernetes finds too few free GPUs for the pod: other pods have them, or the device plugin of " +
      "a node reports none",
      "Check what each node has and what is taken: kubectl describe nodes (nvidia.com/gpu below Allocatable and " +
      "Allocated resources)",
      "If Allocatable is 0 or missing: read the log of the device plugin's pod on that node",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /Incompatible (?:platform|strategy) detected|Detected non-NVML platform/,
        /Failed to created? FS watcher|If this is not a GPU node|nvml init failed: ERROR_LIBRARY_NOT_FOUND/,
      ),
      "Kubernetes' device plugin sees no GPU on this node: no driver or no NVIDIA runtime for its own container",
      driverWorksOutside,
      "Make the NVIDIA runtime containerd's default, or set the plugin's runtimeClassName: nvidia",
    ],
  ]),
  ...rows({
    layer: "toolkit",
    near: nvidiaWords,
    source: "NVIDIA/nvidia-container-toolkit, read 2026-11",
  }, [
    [
      "verify.docker",
      "cause",
      /unable to load config for runtime \w{4,12}|unable to load (?:docker|containerd|crio) config/,
      "nvidia-ctk cannot read the engine's configuration: the file (/etc/docker/daemon.json) is not valid " +
      "JSON or TOML",
      guestFix("Find out where", "python3 -m json.tool /etc/docker/daemon.json"),
      "Correct that place, or move the file away and write it again (nvidia-ctk runtime configure --runtime=docker)",
    ],
    [
      "verify.service",
      "cause",
      /unrecognized runtime '/,
      "nvidia-ctk configures docker, containerd and crio only; Podman takes its GPUs by CDI",
      ...writeCdi,
    ],
    [
      "guest.driver",
      "cause",
      /failed to create NVIDIA (?:control )?device nodes|failed to load NVIDIA kernel modules/,
      "the toolkit could not load the driver's modules or create its device nodes: the driver is not installed or " +
      "does not start",
      driverWorksOutside,
      guestFix("Read what the driver says", "dmesg --level err,warn"),
    ],
    [
      "verify.service",
      "cause",
      /nvidia-c(?:tk|di-hook): No help topic|flag provided but not defined: -{1,2}(?:cdi|csv|driver|library|device|dev-root|disable|format|mode|nvidia-)/,
      "this release of nvidia-ctk does not know that command or option",
      guestFix("Update the toolkit", "apt-get install --only-upgrade -y nvidia-container-toolkit"),
    ],
    [
      "verify.service",
      "cause",
      /error loading ldcache|ldconfig: Can't create temporary cache file/,
      "the list of the machine's libraries (ld.so.cache), in which the toolkit looks for the driver's, is missing or " +
      "cannot be written",
      guestFix("Check whether it names them", "sh -c 'ldconfig -p | grep -i libnvidia'"),
      "Write it as root: ldconfig; a system that is read-only (Talos, NixOS, Flatcar) brings it with the extension: " +
      "take driver and toolkit of one release",
      ...writeCdi,
    ],
    [
      "verify.service",
      "cause",
      /error running ldconfig|failed to create ld\.so\.conf\.d|failed to update ld\.so/,
      "the toolkit's hook could not list the driver's libraries in the container (ldconfig)",
      "Remove read_only: true and user: from that service to see which one is the cause, and update the toolkit",
      ...writeCdi,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:unable|failed) to (?:load|open|read|parse) (?:toolkit )?config(?! (?:space|file ?:))|error loading config/,
        /config\.toml: .{0,60}(?:no such file|permission denied|expected)/,
      ),
      "the toolkit cannot read its configuration (/etc/nvidia-container-runtime/config.toml)",
      guestFix("Write a new one", "nvidia-ctk config --in-place"),
      ...registerRuntime,
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /could not apply required modification to OCI|error modifying OCI spec/,
        /failed to construct OCI spec modifier|failed to create NVIDIA Container Runtime/,
        /nvidia-container-runtime\S{0,8}:? .{0,60}(?:error|fail)/,
      ),
      "NVIDIA's runtime could not add the GPU to the container, for the reason after the last colon",
      driverWorksOutside,
      ...writeCdi,
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /CDI device injection failed|failed to inject CDI devices|CDI registry initialization failure/,
        /nvidia-ctk\S{0,8}:? .{0,80}(?:error|fail)/,
      ),
      "the engine could not add the CDI devices, for the reason after the last colon",
      ...writeCdi,
    ],
  ]),
  ...rows({
    layer: "toolkit",
    near: /nvidia-ctk (?:runtime|cdi|config|system|info)\b|nvidia-toolkit/,
    shared: true,
    source: "NVIDIA Container Toolkit (cmd/nvidia-ctk, cmd/nvidia-ctk-installer), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      /ERRO\[\d{4}\] |level=error msg="error running nvidia-toolkit: /,
      "nvidia-ctk or the toolkit's installer failed, for the reason after the last colon",
      driverWorksOutside,
      guestFix("Check the toolkit's version", "nvidia-ctk --version"),
    ],
  ]),
];
