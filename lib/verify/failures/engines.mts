/** The lists about container engines, WSL and Windows, in the order of the catalogue. */
import type { List } from "./types.mts";
import { composeFailures } from "./compose.mts";
import { registryFailures } from "./registry.mts";
import { nodeFailures } from "./node-programs.mts";
import { dockerFailures } from "./docker.mts";
import { dockerDesktopFailures } from "./docker-desktop.mts";
import { dockerEngineFailures } from "./docker-engine.mts";
import { hypervErrorFailures } from "./hyperv-errors.mts";
import { wslMessageFailures } from "./wsl-messages.mts";
import { desktopToolFailures } from "./desktop-tools.mts";
import { wslFailures } from "./wsl.mts";
import { windowsCodeFailures } from "./windows-codes.mts";
import { composeFileFailures } from "./compose-file.mts";
import { containerStartFailures } from "./container-start.mts";
import { daemonErrorFailures } from "./daemon-errors.mts";
import { buildFailures } from "./builds.mts";
import { cdiHookFailures } from "./cdi-hooks.mts";
import { containerdFailures } from "./containerd.mts";
import { composeKindFailures, composeValueFailures } from "./compose-values.mts";
import { daemonStartFailures } from "./daemon-start.mts";
import { gpuStartFailures } from "./gpu-starts.mts";
import { engineClientFailures } from "./engine-client.mts";
import { imagePartFailures } from "./image-parts.mts";
import { desktopGameFailures } from "./desktop-games.mts";
import { displayFailures } from "./displays.mts";
import { missingCommandFailures, missingPartFallbacks } from "./missing-parts.mts";
import { sourceBuildFailures } from "./source-builds.mts";
import { ociAnswerFailures, ociRuntimeFailures } from "./oci-runtime.mts";
import { packageNameFailures } from "./package-names.mts";
import { podmanNetworkFailures } from "./podman-network.mts";
import { packageSetupFailures } from "./package-setup.mts";
import { pythonPackageFailures } from "./python-packages.mts";
import { registryNetworkFailures } from "./registry-network.mts";
import { dockerRequestFailures } from "./docker-requests.mts";
import { gitTransferFailures } from "./git-transfers.mts";
import { runcSetupFailures } from "./runc-setup.mts";
import { imageLayerFailures } from "./image-layers.mts";
import { kubernetesPodFailures } from "./kubernetes-pods.mts";
import { programLanguageFallbacks, scriptLineFailures } from "./script-lines.mts";
import { serviceDataFailures, serviceLinkFailures } from "./service-links.mts";
import { serviceProgramFailures } from "./service-programs.mts";
import { serviceDatabaseFailures, serviceRuntimeFailures } from "./service-runtimes.mts";
import { serviceSettingFailures } from "./service-settings.mts";
import { serviceStoreFailures } from "./service-stores.mts";
import { brokenPythonFailures, containerEndFallbacks, initContainerFailures } from "./container-ends.mts";
import { serviceStateFailures } from "./service-states.mts";
import { streamPipelineFailures } from "./stream-pipelines.mts";
import { volumeFailures } from "./volumes.mts";
import { windowsHostFailures } from "./windows-hosts.mts";
import { swarmFailures } from "./swarm.mts";
import { wslCodeFailures, wslGuestFailures } from "./wsl-codes.mts";

/** Entries that say more than the general ones of the catalogue. */
export const engineFailures: List[] = [
  gpuStartFailures,
  podmanNetworkFailures,
  imageLayerFailures,
  serviceDataFailures,
  serviceLinkFailures,
  serviceStateFailures,
  serviceStoreFailures,
  serviceSettingFailures,
  serviceDatabaseFailures,
  initContainerFailures,
  brokenPythonFailures,
  scriptLineFailures,
  kubernetesPodFailures,
  streamPipelineFailures,
  serviceProgramFailures,
  daemonStartFailures,
  containerdFailures,
  cdiHookFailures,
  pythonPackageFailures,
  dockerDesktopFailures,
  desktopGameFailures,
  displayFailures,
  sourceBuildFailures,
  missingPartFallbacks,
  imagePartFailures,
  packageNameFailures,
  packageSetupFailures,
  engineClientFailures,
  volumeFailures,
  runcSetupFailures,
  swarmFailures,
  dockerRequestFailures,
  gitTransferFailures,
  ociRuntimeFailures,
  registryNetworkFailures,
  buildFailures,
  composeValueFailures,
  wslGuestFailures,
];

/** Entries that come after those for single causes. */
export const engineKindFailures: List[] = [
  programLanguageFallbacks,
  containerEndFallbacks,
  serviceRuntimeFailures,
  windowsHostFailures,
  composeKindFailures,
  ociAnswerFailures,
];

/** Compose, registries, Node.js, and Docker. */
export const engineCauseFailures: List[] = [
  composeFailures,
  registryFailures,
  nodeFailures,
  dockerFailures,
  dockerEngineFailures,
];

/** Hyper-V, WSL, WinGet and Windows' codes. */
export const windowsHostCauseFailures: List[] = [
  hypervErrorFailures,
  wslMessageFailures,
  desktopToolFailures,
  wslFailures,
  wslCodeFailures,
  windowsCodeFailures,
];

/** Sentences of Compose, runc and Docker's daemon in the form of their sources. */
export const engineOtherFailures: List[] = [
  composeFileFailures,
  containerStartFailures,
  daemonErrorFailures,
  missingCommandFailures,
];
