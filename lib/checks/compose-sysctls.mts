/** Kernel parameters of services (`sysctls`) that the engine refuses. */
import type { ComposeService } from "../compose/types.mts";
import { manualFix } from "../fixes.mts";
import { isMap } from "../maps.mts";
import { texts } from "../compose/service.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";

/**
 * Parameters of the IPC namespace (opencontainers/runc, libcontainer/configs/validate/validator.go;
 * read 2026-11-26).
 */
const ofIpc = /^(fs\.mqueue\..+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced))$/;

/**
 * The parameters that a container cannot set: those of the whole VM, and those of a namespace that
 * it shares with the VM.
 */
export function sysctlFlaws({ sysctls, network_mode, ipc }: ComposeService): ProjectFlaw[] {
  const all = isMap(sysctls)
    ? Object.entries(sysctls).map(([name, value]) => ({ name, value: String(value) }))
    : texts(sysctls).map((one) => ({ name: one.split("=")[0]!, value: one.split("=").slice(1).join("=") }));
  return all.filter(({ name }) => name !== "" && !name.includes("$")).flatMap(({ name, value }): ProjectFlaw[] => {
    const dotted = name.replaceAll("/", ".");
    const shared = dotted.startsWith("net.")
      ? network_mode === "host" ? "network_mode: host" : undefined
      : ofIpc.test(dotted)
      ? ipc === "host" ? "ipc: host" : undefined
      : "";
    if (shared === undefined || dotted === "kernel.domainname") return [];
    return [{
      status: "fail",
      message: shared === ""
        ? `sets ${dotted}, which applies to the whole VM: a container cannot set it`
        : `sets ${dotted}, which a container with ${shared} cannot set`,
      at: name,
      fix: manualFix(`Remove it, and set it in the VM with a provision: script: sysctl -w ${dotted}=${value}`),
    }];
  });
}
