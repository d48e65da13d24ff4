import type { Failure } from "../types.mts";
import { commandFix, doctorFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords, nvidiaWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const config = guestFix("Show the file as Compose reads it", "docker compose config");
const packerForm = anyOf(
  /packer|pkr\.|==> [a-z][\w.-]{1,60}: |Errors? validating|Failed to (?:prepare|initialize) build/i,
  /error\(s\) occurred|errors? occurred:/i,
);

/** Messages of Compose, Packer and package managers in the forms of their sources, by topic. */
export const toolErrorFailures = (): Failure[] => [
  ...rows({ layer: "docker", source: "docker/compose (pkg/compose), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /network (?:with name )?\S{1,80} (?:\(id \w{1,70}\) )?(?:exists but was not created|carries the compose label)/,
        /volume "?[^" ]{1,80}"? (?:already exists but was|carries the compose label)/,
        /networks with name "[^"]{1,80}" were found/,
      ),
      "a network or volume of that name already exists, from another project or made by hand",
      "Write external: true for it to use it, or give it another name (name:)",
      guestFix("Check which project has it", "docker compose ls --all"),
    ],
    [
      "guest.engine",
      "cause",
      anyOf(
        /compose build requires buildx \S{1,12} or later|Docker Compose requires buildx plugin/,
        /\brequires? Docker Engine \S{0,12} ?or later/,
        /the classic builder doesn't support/,
      ),
      "Docker, or its builder (buildx), is older than the Compose file needs, or is missing",
      guestFix(
        "Update them",
        "sh -c 'apt-get update && apt-get install -y docker-ce docker-buildx-plugin docker-compose-plugin'",
      ),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /service \S{1,60} is required by \S{1,60} but is disabled/,
        /build configuration does not support platform: /,
        /unsupported depends_on condition: |secret file \S{1,200} does not exist/,
        /mount of type `\w{1,10}` should not define/,
        /provider "[^"]{1,60}" definition/,
      ),
      "the Compose file asks for something that does not go together, as the message says",
      config,
    ],
  ]),
  ...rows({ layer: "provider", near: packerForm, source: "hashicorp/packer, packer-plugin-sdk, read 2026-11" }, [
    [
      "provider.mode",
      "cause",
      anyOf(
        /unknown configuration key: |Deprecated configuration key: /,
        /\* .{0,20}(?:iso_checksum\w{0,10}|iso_urls?|checksum|ssh_username|winrm_username|boot_command)\b.{0,40}(?:must|cannot)/,
        /\* (?:invalid (?:accelerator|format), only|unrecognized disk |vnc_port_|host_port_|Invalid disk size|skip_resize_disk can only)/,
      ),
      "the template has a key or a value that this release of the plugin does not know or that does not go together",
      commandFix("Check the template", "packer validate ."),
      "For an old template in JSON: packer fix FILE prints it in today's form, and packer hcl2_upgrade converts it " +
      "to HCL",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /(?:builder|provisioner|post-processor|data source)s? type not found: /,
        /unknown builder type\(s\)/,
      ),
      "Packer does not know that builder: its plugin is not installed (since 1.10 Packer brings none)",
      commandFix("Get the plugins that an HCL template names", "packer init ."),
      "For a template in JSON: packer plugins install github.com/hashicorp/virtualbox",
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /packer|pkr\.|==> [a-z][\w-]{0,40}\.[\w-]{1,40}: /,
    // many programs write such lines
    shared: true,
    source: "hashicorp/packer, packer-plugin-qemu, read 2026-11",
  }, [
    [
      "provider.access",
      "fallback",
      anyOf(
        /(?:Error|Failed) (?:getting|finding|opening|processing|preparing|creating|adding|copying|converting|launching) [^:\n]{2,80}: \S/,
        /(?:Error|Failed) (?:starting|stopping|shutting down|determining|parsing|building|generating|connecting) [^:\n]{2,80}: \S/,
        /(?:Error|Failed) (?:configuring|uploading|executing|waiting|downloading|retrieving|closing|mounting) [^:\n]{2,80}: \S/,
      ),
      "a step of Packer's build failed, for the reason after the colon",
      "Build with all messages: PACKER_LOG=1 packer build .",
    ],
  ]),
  ...rows({
    layer: "packages",
    source: "dnf5, dpkg, curl; VirtualBox/virtualbox#378 (2025-11), general knowledge, 2026-11",
  }, [
    [
      "tools.present",
      "cause",
      /package \S{3,160} does not verify: /,
      "RPM refuses a package: it has no digest or signature of a kind that this release accepts (RPM 6, Fedora 43)",
      "Install a newer release of that package: NVIDIA's toolkit from 1.18 on, or the distribution's own",
      commandFix("Fetch the lists again", "dnf clean metadata && dnf makecache", { root: true }),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /(?:GPG|OpenPGP) signature verification error: |(?:GPG|OpenPGP) check (?:FAILED|failed)/,
        /Signing key not found|Failed to retrieve \S{1,20} key|repomd\.xml signature could not be verified/,
        /is not installed\. Failing package is: /,
      ),
      "the key that this package source signs with is not installed here, or its publisher did not give it",
      "Fetch the key from the publisher's page, and import it: rpm --import FILE",
      commandFix("Then fetch the lists again", "dnf clean metadata && dnf makecache", { root: true }),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /unable to (?:make backup link of|install new version of|securely remove|move aside) '/,
        /unable to (?:open|create|sync|stat) (?:file )?'[^']{1,160}': (?:Invalid cross-device|Operation not permitted|Read-only)/,
      ),
      "dpkg could not write a package's files: in a container the driver's files are mounted from outside, or the " +
      "file system is read-only or damaged",
      "In a container with a GPU: do not install NVIDIA's driver, its files come with the GPU; build the image " +
      "without one",
      commandFix("On a machine: see the file system's errors", "dmesg --level err,warn", { root: true }),
    ],
  ]),
  ...rows({
    layer: "driver",
    near: nvidiaWords,
    source: "NVIDIA/nvtrust#55 (2024-09), NVIDIA/nvidia-container-toolkit, read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      /fabric ?manager .{0,100}(?:don't match|does not match|mismatch)/,
      "NVIDIA's Fabric Manager has another version than the driver, so the GPUs are not started together",
      "Install nvidia-fabricmanager in exactly the driver's version, then restart its service",
      guestFix("Show the driver's", "cat /proc/driver/nvidia/version"),
    ],
    [
      "guest.driver",
      "symptom",
      /no NVIDIA (?:device nodes|devices) found|no driver store paths found/,
      "NVIDIA's toolkit found no GPU on this machine: the driver is not loaded or drives no card",
      guestFix("Check that the driver works", "nvidia-smi"),
    ],
  ]),
  ...rows({
    layer: "vfio",
    source: "kmod, libvirt 10.10; foxlet/macOS-Simple-KVM#12 (2019-06), virt-manager/virt-manager#807 (2025-01)",
  }, [
    [
      "gpu.driver",
      "cause",
      /(?:insmod|modprobe): (?:ERROR|FATAL): could not (?:load module|insert) '?vfio[\w-]{0,24}/,
      "a module of VFIO cannot be loaded: the kernel that runs lacks it or was updated since, or no IOMMU is on",
      commandFix("Load it by its name, not by a path", "modprobe vfio-pci", { root: true }),
      manualFix("If it is not found: reboot into the newest kernel", { root: true, reboot: true }),
      doctorFix("iommu"),
    ],
    [
      "guest.firmware",
      "cause",
      anyOf(
        /conversion of the nvram template to another target format/,
        /(?:Unknown|unsupported) .{0,40}nvram\.?[tT]emplateFormat/,
      ),
      "since libvirt 10.10 the VM's UEFI variables have to be of the same format (raw, qcow2) as their template",
      "In the VM's XML (virsh edit): give <nvram> the format of the template (templateFormat='raw' format='raw'), " +
      "or write <os firmware='efi'> and let libvirt choose",
    ],
  ]),
  ...rows({ layer: "hypervisor", source: "Hyper-V, LXC (src/lxc); hashicorp/vagrant#9317 (2018-05), kind to date" }, [
    [
      "provider.version",
      "cause",
      anyOf(
        /configuration version (?:is not supported|'[\d.]{1,6}' which is not supported)/,
        /virtual machine configuration .{0,40}not supported by this version of Hyper-V/,
      ),
      "the VM or box was made by a newer Windows than this one",
      commandFix("List the versions that this Windows knows", "Get-VMHostSupportedVersion"),
      "Update Windows, or use a box that was made for an older version",
    ],
    [
      "provider.access",
      "symptom",
      anyOf(
        /lxc_setup: \d{1,5} (?!-)|__lxc_start: \d{1,5} |run_buffer: \d{1,5} Script exited/,
        /startup for container '\d{1,9}' failed/,
      ),
      "an LXC container did not start: a mount or hook of its configuration failed; a VM of this project is no " +
      "such container",
      "Find out why: lxc-start -n ID -F -l DEBUG -o /tmp/lxc.log",
      "A GPU in an LXC container: bind the driver's device nodes and files in, with the same driver release inside",
    ],
  ]),
  ...rows({ layer: "image", source: "ROCm (ROCR-Runtime); ROCm/legacy-rocm-build#6182 (2026-07)" }, [
    [
      "verify.service",
      "cause",
      /Memory critical error by agent/,
      "the AMD card's driver ended the program: kernel, firmware and the image's ROCm do not fit each other for " +
      "this card",
      "Update kernel and linux-firmware, and use an image with a ROCm release that names the card",
      guestFix("Read the kernel's lines", "dmesg --level err,warn"),
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "docker/cli, general knowledge, 2026-11" }, [
    [
      "verify.service",
      "symptom",
      anyOf(
        /timeout waiting for dependencies|has no healthcheck configured/,
        /no containers? found for (?:service|project) "|service "[^"]{1,60}" is not running/,
      ),
      "a service that another one or the command waits for does not run",
      guestFix("List the services and their state", "docker compose ps --all"),
      guestFix("Read their logs", "docker compose logs --no-color --tail 50"),
    ],
    [
      "verify.docker",
      "symptom",
      /(?:docker|compose).{0,60}daemon (?:unavailable|unreachable|connection lost)/,
      "Docker's daemon does not answer",
      guestFix("Check whether it runs", "systemctl status docker"),
    ],
  ]),
];
