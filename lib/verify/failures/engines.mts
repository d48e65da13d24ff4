/** The lists about container engines, WSL and Windows, in the order of the catalogue. */
import type { List } from "./types.mts";
import { composeFailures } from "./containers/compose.mts";
import { registryFailures } from "./containers/registry.mts";
import { nodeFailures } from "./services/node-programs.mts";
import { hostValidationFailures } from "./vms/virt-host-validate.mts";
import { dockerFailures } from "./containers/docker.mts";
import { dockerDesktopFailures } from "./containers/docker-desktop.mts";
import { dockerEngineFailures } from "./containers/docker-engine.mts";
import { hypervErrorFailures } from "./windows/hyperv-errors.mts";
import { hypervEventFailures, hypervStateFailures } from "./windows/hyperv-events.mts";
import { windowsDeviceFailures } from "./windows/devices.mts";
import { wslMessageFailures } from "./windows/wsl-messages.mts";
import { desktopToolFailures } from "./windows/desktop-tools.mts";
import { wslFailures } from "./windows/wsl.mts";
import { windowsCodeFailures } from "./windows/windows-codes.mts";
import { composeFileFailures } from "./containers/compose-file.mts";
import { containerStartFailures } from "./containers/container-start.mts";
import { daemonErrorFailures } from "./containers/daemon-errors.mts";
import { buildFailures } from "./containers/builds.mts";
import { cdiHookFailures } from "./containers/cdi-hooks.mts";
import { containerdFailures } from "./containers/containerd.mts";
import { composeKindFailures, composeValueFailures } from "./containers/compose-values.mts";
import { daemonStartFailures } from "./containers/daemon-start.mts";
import { gpuStartFailures } from "./compute/gpu-starts.mts";
import { engineClientFailures } from "./containers/engine-client.mts";
import { imagePartFailures } from "./compute/image-parts.mts";
import { desktopGameFailures } from "./compute/desktop-games.mts";
import { displayFailures } from "./compute/displays.mts";
import { missingCommandFailures, missingPartFallbacks } from "./compute/missing-parts.mts";
import { sourceBuildFailures } from "./compute/source-builds.mts";
import { ociAnswerFailures, ociRuntimeFailures } from "./containers/oci-runtime.mts";
import { packageNameFailures } from "./host/package-names.mts";
import { podmanNetworkFailures } from "./containers/podman-network.mts";
import { packageSetupFailures } from "./host/package-setup.mts";
import { pythonPackageFailures } from "./compute/python-packages.mts";
import { registryNetworkFailures } from "./containers/registry-network.mts";
import { dockerRequestFailures } from "./containers/docker-requests.mts";
import { gitTransferFailures } from "./services/git-transfers.mts";
import { runcSetupFailures } from "./containers/runc-setup.mts";
import { imageLayerFailures } from "./containers/image-layers.mts";
import { kubernetesPodFailures } from "./containers/kubernetes-pods.mts";
import { programLanguageFallbacks, scriptLineFailures } from "./services/script-lines.mts";
import { serviceDataFailures, serviceLinkFailures } from "./services/service-links.mts";
import { serviceProgramFailures } from "./services/service-programs.mts";
import { serviceDatabaseFailures, serviceRuntimeFailures } from "./services/service-runtimes.mts";
import { serviceSettingFailures } from "./services/service-settings.mts";
import { serviceStoreFailures } from "./services/service-stores.mts";
import { brokenPythonFailures, containerEndFallbacks, initContainerFailures } from "./services/container-ends.mts";
import { serviceStateFailures } from "./services/service-states.mts";
import { streamPipelineFailures } from "./compute/stream-pipelines.mts";
import { volumeFailures } from "./services/volumes.mts";
import { windowsHostFailures } from "./windows/windows-hosts.mts";
import { swarmFailures } from "./containers/swarm.mts";
import { wslCodeFailures, wslGuestFailures } from "./windows/wsl-codes.mts";

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
  hypervStateFailures,
  composeKindFailures,
  ociAnswerFailures,
];

/** Compose, registries, Node.js, and Docker. */
export const engineCauseFailures: List[] = [
  composeFailures,
  registryFailures,
  nodeFailures,
  hostValidationFailures,
  dockerFailures,
  dockerEngineFailures,
];

/** Hyper-V, WSL, WinGet and Windows' codes. */
export const windowsHostCauseFailures: List[] = [
  hypervErrorFailures,
  hypervEventFailures,
  windowsDeviceFailures,
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
