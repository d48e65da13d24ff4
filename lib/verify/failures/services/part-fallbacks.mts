import type { Fix } from "../../../findings.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { pythonFallbacks } from "../compute/program-inputs.mts";
import { pythonKindFallbacks } from "../compute/python-traces.mts";
import { startScriptFallbacks } from "./start-scripts.mts";
import type { Failure, Layer } from "../types.mts";

const first = manualFix("Read that line to its end, and the lines above it: the first error explains the others");
const daemonLog = guestFix("Read what Docker logs", "journalctl -u docker -u containerd -b --no-pager -n 50");

/** Programs of containers, by the words with which their errors begin. */
const programs: [name: string, start: string, layer: Layer, near?: RegExp][] = [
  ["Docker", "(?:Error response from daemon|failed to start daemon): ", "docker"],
  [
    "Podman",
    "(?:podman\\S{0,20}: |\\bError: (?:preparing|setting up|creating|mounting|starting) container )",
    "docker",
  ],
  ["NVIDIA's Container Toolkit", "(?:nvidia-container-\\w{3,12}|nvidia-ctk|nvidia-cdi-hook)\\S{0,10}: ", "toolkit"],
];
/** Parts of them, by words of the rest of the line, and where to look. */
const parts: [name: string, words: string, fix: Fix][] = [
  [
    "a network, address or port",
    "(?:network|bridge|subnet|address pool|endpoint|iptables|nftables|\\bveth|\\bport\\b)",
    guestFix("List the networks and who listens where", "sh -c 'docker network ls; ss -lntp'"),
  ],
  [
    "a volume, mount or layer of an image",
    "(?:mount|volume|overlay|layer|snapshot|graph ?driver|rootfs|read-only|no space)",
    guestFix("Check the free space and the file systems", "df -hT"),
  ],
  [
    "a limit (memory, CPU, cgroup)",
    "(?:cgroup|memory|\\bcpu|pids|ulimit|rlimit|shm)",
    guestFix("Show the machine's memory", "free -h"),
  ],
  [
    "the permissions of the container (user ids, seccomp, AppArmor, SELinux)",
    "(?:permission|not permitted|seccomp|apparmor|selinux|capabilit|namespace|uid|gid)",
    manualFix("Check which of them the message names; try the service without user: and security_opt: to find it"),
  ],
  [
    "a device or GPU",
    "(?:device|\\bgpu|\\bcdi\\b|nvml|driver|runtime)",
    guestFix("Check that the driver works", "nvidia-smi"),
  ],
  [
    "an image or a file of its configuration",
    "(?:image|manifest|registry|platform|config|json|toml|yaml|spec\\b|version)",
    guestFix("List the images and their versions", "docker image ls"),
  ],
];

/**
 * Errors of programs of containers that no other entry knows, by the part that failed: what the message
 * is about, and where to look.
 */
export const partFailures = (): Failure[] => [
  ...programs.flatMap(([program, start, layer, near]) =>
    parts.map(([part, words, fix]): Failure => ({
      pattern: new RegExp(`${start}.{0,240}${words}`),
      ...(near ? { near } : {}),
      check: layer === "toolkit" ? "verify.service" : "verify.docker",
      strength: "symptom",
      layer,
      fallback: true,
      message: `${program} failed at ${part}, for the reason in its message`,
      fix: [first, fix, ...(program === "Docker" ? [daemonLog] : [])],
      source: "moby, Podman, NVIDIA Container Toolkit (their messages by subject), read 2026-11",
    }))
  ),
  ...pythonKindFallbacks(),
  ...startScriptFallbacks(),
  ...pythonFallbacks(),
];
