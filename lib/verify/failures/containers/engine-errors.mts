import type { Failure } from "../types.mts";
import { commandFix, doctorFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dkmsStatus, dockerWords, driverLog, nvidiaWords, writeCdi } from "../fixes.mts";
import { rows } from "../rows.mts";

const smi = guestFix("Check that the driver works", "nvidia-smi");
const update = guestFix(
  "Update the toolkit",
  "apt-get install --only-upgrade -y nvidia-container-toolkit libnvidia-container1",
);
const ourServices = "(?:docker|containerd|podman|nvidia-\\w[\\w-]{2,30}|libvirtd|" +
  "virt\\w{2,12}d|vboxdrv|vboxautostart-service|dkms|systemd-modules-load)";

/**
 * Messages of NVIDIA's toolkit and driver, of Docker and of systemd that say more than their
 * general forms in other lists.
 */
export const engineErrorFailures = (): Failure[] => [
  ...rows({
    layer: "toolkit",
    near: new RegExp(`${nvidiaWords.source}|ldcache`, "i"),
    source: "NVIDIA Container Toolkit; mudler/LocalAGI#49 (2025-04), NVIDIA-ISAAC-ROS/isaac_ros_common#163 (2025)",
  }, [
    [
      "verify.service",
      "cause",
      /requirement error: invalid expression/,
      "the toolkit cannot read what the image says about the driver that it needs (NVIDIA_REQUIRE_CUDA)",
      "Set NVIDIA_DISABLE_REQUIRE: 1 for that service, if the driver is new enough for the image's CUDA",
      update,
    ],
    [
      "verify.service",
      "cause",
      /error getting GPU device minor number: Not Supported/,
      "nvidia-ctk asked for a discrete card, and this is a Jetson (or WSL), whose GPU has no such device node",
      guestFix(
        "Jetson: write the specification",
        "nvidia-ctk cdi generate --mode=csv --output=/etc/cdi/nvidia.yaml",
      ),
      guestFix("WSL: write the specification", "nvidia-ctk cdi generate --mode=wsl --output=/etc/cdi/nvidia.yaml"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to update ldcache|update-ldcache .{0,80}(?:fail|error)/,
        /error running pivot_root: pivot_root/,
      ),
      "the toolkit's hook could not change into the container's file system to list the driver's libraries: the " +
      "system runs from a ramdisk, or Docker runs in a container",
      update,
      "On a system that runs from a ramdisk: start it from a disk, or set DOCKER_RAMDISK=true for Docker's service",
    ],
  ]),
  ...rows({
    layer: "driver",
    near: nvidiaWords,
    source: "NVIDIA, NVML API reference; NVIDIA/nvidia-container-toolkit#60 (2023-04), read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      anyOf(
        /Direct firmware load for nvidia\/\S{1,60} failed/,
        /failed to load GSP firmware|firmware: failed to load nvidia\/\d/,
        /unable to open firmware nvidia\/|No firmware image found|need firmware to initialize GSP/,
      ),
      "the driver does not find its firmware files: their package is missing, of another version, or not in the " +
      "initramfs",
      guestFix("List them", "ls /lib/firmware/nvidia"),
      "Install the firmware package in exactly the driver's version (Debian: firmware-nvidia-gsp; Ubuntu: " +
      "nvidia-firmware-BRANCH), then rebuild the initramfs",
    ],
    [
      "guest.driver",
      "symptom",
      /Failed to query NVIDIA devices/,
      "NVIDIA's persistence daemon found no card: the driver's module is not loaded, or drives none",
      smi,
      dkmsStatus,
      driverLog,
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "Docker CLI and Compose, read 2026-11" }, [
    [
      "guest.engine",
      "cause",
      anyOf(
        /unknown flag: --\w[\w-]{1,40} See 'docker/,
        /unknown flag: --(?:quiet-build|wait|watch|menu|pull|dry-run|progress|gpus|env-file|profile)/,
      ),
      "this Docker or Compose is older than the option that it was given",
      guestFix("List the versions", "sh -c 'docker version; docker compose version'"),
      guestFix(
        "Update both",
        "sh -c 'apt-get update && apt-get install --only-upgrade -y docker-ce-cli docker-compose-plugin'",
      ),
    ],
  ]),
  ...rows({ layer: "toolkit", source: "systemd (systemctl status); NVIDIA/nvidia-container-toolkit#1517 (2026-02)" }, [
    [
      "verify.service",
      "cause",
      /ExecStart=\/usr\/bin\/nvidia-ctk cdi generate.{0,40}\(code=exited, status=[1-9]/,
      "nvidia-cdi-refresh ran, and nvidia-ctk failed: the CDI specification was not written",
      ...writeCdi,
      "If it crashes rather than says why: update the toolkit",
      doctorFix("guest.driver"),
    ],
  ]),
  ...setupErrorFailures(),
];

/** Errors of programs that install, download or run scripts: apt, Vagrant, PowerShell, curl. */
const setupErrorFailures = (): Failure[] => [
  ...rows({ layer: "packages", near: /apt|InRelease|Repository|\bE: |N: /, source: "apt, read 2026-11" }, [
    [
      "tools.present",
      "cause",
      /changed its '(?:Origin|Label|Suite|Codename|Version|Default)' value from/,
      "a package source has a new name or release, and apt asks before it goes on with it",
      commandFix("If the change is expected: accept it", "apt-get update --allow-releaseinfo-change", { root: true }),
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /vagrant|rsync|hyper-?v|powershell|CategoryInfo|New-VM|\.ps1|==> /i,
    source: "Vagrant, PowerShell, Hyper-V; hashicorp/vagrant#7906 (2016-10), general knowledge, 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      /"?rsync"? could not be found on your PATH/,
      "Vagrant copies the folder with rsync, which is not installed on this machine",
      "Install rsync here and in the guest, or turn the folder off: config.vm.synced_folder '.', '/vagrant', " +
      "disabled: true",
    ],
    [
      "hyperv.switch",
      "cause",
      anyOf(
        /unable to find a (?:virtual )?switch with name/,
        /Virtual switch .{1,80} (?:was not found|does not exist|not found)/,
      ),
      "Hyper-V has no virtual switch of that name",
      commandFix("List them", "Get-VMSwitch"),
      "Use one of them (the Default Switch exists on Windows 10 and 11), or create it in Hyper-V Manager",
    ],
  ]),
  ...rows({
    layer: "network",
    near: /vagrant|packer|docker|curl|remote file|apt|wget|download|\[SSL: /i,
    source: "curl (schannel, OpenSSL), general knowledge, 2026-11",
  }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /CRYPT_E_(?:NO_REVOCATION_CHECK|REVOCATION_OFFLINE)|revocation function was unable to check/,
        /SSL certificate problem: (?!certificate (?:is not yet|has expired))/,
        /SSL routines:\S{0,60}:certificate verify failed|\[SSL: CERTIFICATE_VERIFY_FAILED\](?!.{0,30}: certificate (?:is not yet|has expired))/,
        /self-signed certificate in certificate chain|unable to get local issuer certificate/,
      ),
      "the server's certificate is not accepted: a proxy or virus scanner puts its own in, the list of revoked " +
      "ones is out of reach, or this clock is wrong",
      "Check that the clock is right, and that this machine reaches the Internet without a proxy that opens TLS",
      "Add the proxy's certificate to the system's (and to Vagrant's: SSL_CERT_FILE)",
    ],
    [
      "tools.present",
      "cause",
      /(?:SSL certificate problem|certificate verify failed): certificate (?:is not yet valid|has expired)/,
      "a certificate of the server is out of date: it has expired, this clock is wrong, or the program's list of " +
      "authorities is old (an old Vagrant brings its own)",
      commandFix("Check the clock", "timedatectl"),
      "Update ca-certificates and the program itself (Vagrant, Packer)",
      "If it has expired, as a browser shows: its server has to renew it",
    ],
  ]),
];

/** The last entry for a service of this system that systemd says has failed. */
export const serviceFailures = (): Failure[] => [
  ...rows({ layer: "docker", source: "systemd (systemctl status), read 2026-11" }, [
    [
      "verify.docker",
      "fallback",
      anyOf(
        new RegExp(`\\S ${ourServices}\\.(?:service|socket)\\b[^]{0,400}Active: failed`),
        new RegExp(`\\b${ourServices}\\.service: (?:Main process exited|Failed with result|Start request repeated)`),
        new RegExp(`Failed to start ${ourServices}\\.service`),
      ),
      "a service of this system failed at its start; its own log says why",
      manualFix("Read it: journalctl -b --no-pager -n 50 -u NAME.service", { root: true }),
    ],
  ]),
];
