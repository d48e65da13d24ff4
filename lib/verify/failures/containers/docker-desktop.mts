import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const distributions = commandFix("List the distributions and the version of each (2 is needed)", "wsl -l -v");
const update = commandFix("Update WSL", "wsl --update");
const restart = commandFix("End WSL, then start Docker Desktop again", "wsl --shutdown");

/** Why Docker Desktop's engine does not start on Windows. */
export const dockerDesktopFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    source: "Docker Desktop; docker/for-win#13472 (2023-05), #13492 (2023-05), #11249 (2021-05), #14159 (2024-06), " +
      "#14698 (2025-03)",
  }, [
    [
      "verify.docker",
      "cause",
      /exec: "wsl(?:\.exe)?": executable file not found|unable to query WSL distros/,
      "Docker Desktop needs WSL 2, which is not installed on this Windows or does not answer",
      commandFix("Install it as administrator, then restart Windows", "wsl --install --no-distribution", {
        root: true,
      }),
      distributions,
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /WSLIntegrationService: start failed|waiting for WSL (?:distro )?integration/,
        /waiting for a WSL integration agent to become ready|WSL integration with distro '?\S{1,60} unexpectedly/,
      ),
      "Docker Desktop's part in one of the WSL distributions does not start: that distribution hangs, is WSL 1, or " +
      "its disk is full",
      restart,
      distributions,
      "Turn that distribution off in Docker Desktop: Settings, Resources, WSL integration",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /Failed to deploy distro docker-desktop|deploying WSL2 distributions|Failed to set version to docker-desktop/,
        /\\\\wsl(?:\$|\.localhost)\\docker-desktop\S{0,80} The (?:network name|system) cannot (?:be found|find)/,
        /DockerDesktop\/Wsl\/ExecError|error (?:was encountered|occurred) while executing a WSL command|Unexpected WSL error/,
        /starting WSL engine: |running wsl-bootstrap: |provisioning docker WSL distros|ensuring main distro is/,
      ),
      "WSL does not run Docker Desktop's own distribution: WSL is old, damaged or hangs, or Windows' virtualization " +
      "is off",
      update,
      restart,
      "If the error remains: turn on Virtual Machine Platform in Windows' features and virtualization in the " +
      "firmware, and restart Windows",
    ],
    [
      "provider.version",
      "cause",
      /Docker Desktop requires a newer WSL kernel|WSL kernel version too low|WSL version .{0,20}too old/i,
      "WSL or its kernel is older than Docker Desktop needs",
      update,
      "Without the Store: wsl --update --web-download; then wsl --shutdown, and start Docker Desktop",
    ],
    [
      "provider.version",
      "cause",
      /incompatible version of Windows|Docker Desktop requires (?:a server with )?Windows 1[01]/,
      "Docker Desktop does not support this release or edition of Windows (nor Windows Server)",
      "Install the updates of Windows, or an older Docker Desktop; on Windows Server use Docker in a VM or WSL",
    ],
    [
      "verify.docker",
      "cause",
      /Containers feature is not enabled|\/windowscontainers\/start .{0,40}(?:Error|failed)/i,
      "Docker Desktop is set to Windows containers, whose part of Windows is off or does not start",
      "Switch to Linux containers (menu of the whale icon), which a GPU needs",
      "For Windows containers: turn on Containers and Hyper-V in Windows' features, then restart",
    ],
    [
      "verify.docker",
      "symptom",
      /Component (?:Docker|Community)\S{1,80} failed: /,
      "Docker Desktop's installer stopped at the part that the line names, for the reason after it",
      "Run the installer as administrator; uninstall an older Docker Desktop and restart before",
      "Features it could not turn on: dism.exe /online /enable-feature /featurename:VirtualMachinePlatform /all",
    ],
    [
      "verify.docker",
      "cause",
      /wsl update failed(?:: | with exit code)|updating wsl: exit code/,
      "Docker Desktop could not update WSL: the download was refused (403: a proxy, firewall or country), or " +
      "Windows' installer did not run",
      commandFix("Update it yourself, as administrator", "wsl --update --web-download", { root: true }),
      "Or install the newest package of WSL from its releases on GitHub (wsl.VERSION.x64.msi), then start Docker " +
      "Desktop again",
    ],
    [
      "verify.docker",
      "cause",
      anyOf(
        /failed to ping com\.docker\.service|dockerBackend\w{0,12}: The system cannot find the file/,
        /docker_engine\w{0,10}: Access is denied|must be in the ['"]?docker-users['"]? group/,
        /Unable to start Docker Desktops? service|ServiceNotRunningException|Failed to stop Docker daemon Windows service/,
      ),
      "Docker Desktop's service on Windows does not run, or this user is not allowed to use it",
      commandFix("Start it as administrator", "net start com.docker.service", { root: true }),
      "Add the user to Windows' group docker-users, then log in again",
    ],
  ]),
];
