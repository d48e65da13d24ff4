import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { driverLog, nvidiaWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const dcgm = /dcgm|watching fields|nv-hostengine|nvidia|\bgpu/i;
const services = new RegExp(`${nvidiaWords.source}|gridd|vgpu|fabric ?manager|nvlsm`, "i");
const mig = /\bmig\b|nvidia-smi|\bNVML\b|\bNVRM\b|\bgpu/i;

/** Messages of NVIDIA's programs for data-centre cards: MIG, DCGM, vGPU licences, and nvidia-smi's settings. */
export const dataCenterFailures = (): Failure[] => [
  ...rows({ layer: "driver", near: mig, source: "nvidia-smi 580, NVIDIA, MIG User Guide, read 2026-11" }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /(?:GPU|compute) instances?.{0,80}: Insufficient Resources/,
        /Unable to create .{0,60}using profile .{0,40}Insufficient Resources/,
      ),
      "the card has no room for that MIG profile: other instances hold it, or its places do not fit",
      guestFix("Check which profiles still fit", "nvidia-smi mig -lgip"),
      "Remove instances that are not used: nvidia-smi mig -dci, then nvidia-smi mig -dgi",
    ],
    [
      "gpu.in-use",
      "cause",
      anyOf(
        /MIG mode is in pending (?:enable|disable) state/,
        /Unable to (?:enable|disable) MIG Mode .{0,60}In use by another client/,
        /(?:GPU|compute) instances?.{0,80}: In use by another client/,
      ),
      "programs use the card, so that MIG or its instances cannot be changed now",
      guestFix("Check which programs hold the card", "sh -c 'fuser -v /dev/nvidia*'"),
      "Stop them (also DCGM and nvidia-persistenced), then nvidia-smi --gpu-reset, or reboot the VM",
    ],
    [
      "guest.driver",
      "cause",
      /Unable to enable MIG Mode .{0,60}Not Supported|No MIG-supported devices found|Failed to display GPU instance profiles: Not Supported/,
      "this card has no MIG, or the VM does not allow it: it needs an A30, A100, H100, RTX PRO 6000 Blackwell or a " +
      "later card of their kind",
      "Share a card without MIG between containers: write gpu: for several services",
    ],
    [
      "guest.driver",
      "symptom",
      anyOf(
        /No (?:GPU|compute) instances found/i,
        /No MIG.enabled devices found|MIG mode (?:is )?(?:not enabled|disabled)|no MIG devices/i,
      ),
      "MIG is off, or it is on and has no instances, so that no program can use the card",
      guestFix("Check its state", "nvidia-smi --query-gpu=index,mig.mode.current,mig.mode.pending --format=csv"),
      "Create instances (nvidia-smi mig -cgi PROFILE -C), or turn MIG off (nvidia-smi -mig 0)",
    ],
    [
      "guest.driver",
      "note",
      anyOf(
        /Unable to retrieve NVLink information as all links are inActive/i,
        /Changing (?:compute mode|persistence mode|power management limit) is not supported|Unable to (?:set|query) ECC mode .{0,60}: Not Supported|Setting [\w ]{3,40} is not supported/,
      ),
      "the card has no such function (NVLink without a bridge, modes and clocks of other kinds of cards): harmless",
      "Leave the command out of the start script; NVLink: two cards with a bridge, or an SXM board",
    ],
    [
      "guest.driver",
      "symptom",
      /Detected Critical Xid Error|\bGSP_(?:POST_NOCAT_RECORD|LOCKDOWN_NOTICE)\b/,
      "a card hangs or has failed: nvidia-smi gets no values from it; its Xid says why",
      guestFix("Read the driver's lines", "sh -c 'dmesg | grep -iE \"xid|nvrm\"'"),
      "Stop its programs and reset it (nvidia-smi --gpu-reset), or restart the machine; power it off if that fails",
    ],
    [
      "guest.driver",
      "cause",
      /is not a valid power limit which should be between/,
      "that power limit is outside of what the card allows",
      guestFix("Show the range", "nvidia-smi -q -d POWER"),
    ],
  ]),
  ...rows({ layer: "image", near: dcgm, source: "NVIDIA/dcgm-exporter, NVIDIA/DCGM, read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /CacheManager Init Failed\. Error: -17/,
        /ERR_NVGPUCTRPERM|permission to access NVIDIA GPU Performance Counters/,
      ),
      "the program is not allowed to read the GPU's counters or MIG instances: only root with CAP_SYS_ADMIN can",
      "Write cap_add: [SYS_ADMIN] for that service; with MIG also NVIDIA_MIG_MONITOR_DEVICES=all and " +
      "privileged: true",
      "For ordinary users: options nvidia NVreg_RestrictProfilingToAdminUsers=0 in /etc/modprobe.d, then reboot",
    ],
    [
      "verify.service",
      "note",
      anyOf(
        /sufficient privileges to expose profiling metrics/,
        /Profiling is not supported for this group of GPUs/,
      ),
      "dcgm-exporter leaves the profiling metrics out (a GeForce has none, others need CAP_SYS_ADMIN); the " +
      "others work",
      "Where the card has them: write cap_add: [SYS_ADMIN] for that service",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /serviced by a module of DCGM that is not currently loaded/,
        /third-party Profiling module returned an? un\w{3,14}|DcgmModuleProfiling failed to initialize/,
        /Error watching fields: (?:Feature not supported|Bad parameter)/,
      ),
      "DCGM does not have the profiling metrics of this GPU, or another profiler uses them",
      "Take the fields DCGM_FI_PROF_… out of the exporter's list (-f), or use a newer release of its image",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Unable to connect to host engine|Host engine is no longer connected|Host engine connection invalid/i,
        /error connecting to nv-hostengine|Error starting nv-hostengine|Failed to start DCGM Server: -?\d/,
      ),
      "DCGM's own service (nv-hostengine) does not run, or did not start",
      guestFix("Start it", "systemctl enable --now nvidia-dcgm"),
      "In a container: let the exporter start its own (no -r), and see that nvidia-smi works there",
    ],
    [
      "guest.image",
      "cause",
      /libdcgm\.so\S{0,6}: cannot open|libdcgm\.so\S{0,6} not found/,
      "DCGM's library is not installed there",
      "Install DCGM 4 (datacenter-gpu-manager-4-core from NVIDIA's repository), or use the image dcgm-exporter",
    ],
  ]),
  ...rows(
    { layer: "driver", near: services, source: "NVIDIA, vGPU Licensing User Guide, nvidia-gridd, read 2026-11" },
    [
      [
        "guest.driver",
        "cause",
        anyOf(
          /License Status\s{0,40}: Unlicensed|vGPU (?!.{0,40}\bLicensed\b).{0,60}(?:licen[sc]e|unlicensed)/,
          /nvidia-gridd\S{0,10}: .{0,80}(?:fail|error|not )/,
          /Failed to acquire license from|Failed to register client \(\d|License request failed/,
          /Client Configuration Token (?:has been found|file)|fetch the client configuration token/i,
          /ServerAddress {1,2}& FeatureType \) not set/,
        ),
        "the virtual GPU (vGPU) has no licence, so that its driver slows it down and ends CUDA after a while",
        "Put the licence server's token into /etc/nvidia/ClientConfigToken, and see that the VM reaches the server " +
        "(port 443) and its clock is right",
        guestFix("Ask for it again", "systemctl restart nvidia-gridd"),
        guestFix("Check the state", "sh -c 'nvidia-smi -q | grep -i license'"),
      ],
      [
        "guest.driver",
        "cause",
        anyOf(
          /failed to initialize all the available NVSwitches/,
          /Failed to find NVLink-SM|nvlsm.{0,60}fail/i,
        ),
        "NVIDIA's Fabric Manager could not start the switches between the GPUs",
        driverLog,
        "Use Fabric Manager of exactly the driver's release (and nvlsm on B200 and later)",
      ],
    ],
  ),
];
