import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const ownMessage = commandFix("Read the helper's own message", "podman --log-level debug machine start");
const provider =
  "Or use Apple's hypervisor, without the GPU: export CONTAINERS_MACHINE_PROVIDER=applehv, then podman machine init";

/** Errors of Podman's VMs on macOS (podman machine) and of krunkit and libkrun, which give them the GPU. */
export const podmanMachineFailures = (): Failure[] => [
  ...rows({
    layer: "hypervisor",
    source: "podman-container-tools/podman (pkg/machine), libkrun/krunkit (src), read 2026-11; " +
      "podman-container-tools/podman#29439 (2026-08), #27427 (2025-11), podman-desktop/podman-desktop#14772 (2025-11)",
  }, [
    [
      "tools.present",
      "cause",
      /exec: "(?:krunkit|vfkit|gvproxy)": executable file not found/,
      "Podman's VM on macOS needs a helper program (krunkit, vfkit, gvproxy) that is not installed",
      "Install Podman by its own package for macOS (podman.io), which has the helpers, or krunkit by Homebrew: brew " +
      "tap slp/krun, brew install krunkit",
      provider,
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /krunkit: unexpected argument '[^']{1,60}' found/,
        /Library not loaded: \S{1,120}libkrun\S{0,40}\.dylib/,
      ),
      "krunkit, or its library libkrun, is of another release than Podman expects",
      commandFix("Check which is used", "sh -c 'command -v -a krunkit; krunkit --version; podman --version'"),
      "Update both from one source: Podman's own package for macOS has the krunkit that fits; remove the other one",
    ],
    [
      "provider.mode",
      "cause",
      anyOf(
        /Building the microVM failed: Internal\(Vm\(VmSetup\(VmCreate\)\)\)/,
        /krun nested virtualization reported as supported, yet failed to enable/,
      ),
      "macOS' hypervisor made no VM for krunkit: this macOS is a VM itself, or another program took the hypervisor",
      commandFix("1 means that a VM is possible", "sysctl kern.hv_support"),
      "In a VM of macOS: nested virtualization needs an M3 or newer and macOS 15 on the Mac; use Podman on the " +
      "Mac",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /\b(?:krunkit|vfkit|gvproxy) (?:exited unexpectedly|was terminated by signal)/,
        /unable to begin running krun workload|unable to (?:create libkrun context|set krun vCPU\/RAM configuration)/,
      ),
      "the helper that runs Podman's VM on macOS ended; its own message says why",
      ownMessage,
      provider,
    ],
  ]),
];
