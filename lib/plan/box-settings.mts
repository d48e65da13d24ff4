/** Settings of the scripts that run in a box while it is built, NAME=VALUE each. */
import type { DriverRequest } from "../config/types.mts";
import type { Driver, ResolvedMachine } from "../resolve/types.mts";

/** Settings of install-docker.sh where Docker comes from its own repository. */
export function dockerSettings({ engineRepository, engineKey }: ResolvedMachine): string[] {
  return [
    "DOCKER_SOURCE=docker",
    ...(engineRepository ? [`DOCKER_REPO=${engineRepository}`] : []),
    ...(engineKey ? [`DOCKER_KEY=${engineKey}`] : []),
  ];
}

/**
 * Settings of install-nvidia.sh and install-dxgkrnl.sh, `NAME=VALUE` each: the chosen driver, and
 * its source.
 */
export function environmentFor(
  { source, branch, modules }: Partial<Omit<Driver, "source">> & { source: Driver["source"] | "host" },
  request: DriverRequest,
): string[] {
  const values: Record<string, string | undefined> = {
    NVIDIA_SOURCE: source,
    NVIDIA_BRANCH: branch === undefined ? undefined : String(branch),
    NVIDIA_MODULES: modules,
    NVIDIA_DEFAULT_RUNTIME: request.defaultRuntime ? "yes" : undefined,
    NVIDIA_DRIVER_REPO: request.repository,
    NVIDIA_DRIVER_KEY: request.key,
    NVIDIA_TOOLKIT_REPO: request.toolkitRepository,
    NVIDIA_TOOLKIT_KEY: request.toolkitKey,
    DXGKRNL_SOURCE: source === "host" ? request.dxgkrnl?.url : undefined,
    DXGKRNL_SHA256: source === "host" ? request.dxgkrnl?.checksum.replace(/^sha256:/, "") : undefined,
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}
