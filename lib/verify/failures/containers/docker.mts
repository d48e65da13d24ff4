import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";

/** Errors of Docker and Podman about containers, their network and memory, not about GPUs. */
export const dockerFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /(?:exec:? "?|exec )(?!\S{0,60}(?:conmon|crun|runc|netavark|pasta|slirp4netns|newuidmap)"?: perm)[\w.\/-]{1,80}"?: (?:permission denied|no such file or directory)/,
      /(?:Executing child process '|tini \(\d{1,7}\)\] exec (?!\/run\/podman-init))[\w.\/-]{1,80}'? failed: '?permission denied/,
      /(?:Executing child process '|tini \(\d{1,7}\)\] exec (?!\/run\/podman-init))[\w.-]{0,80}\/[\w.\/-]{1,80}'? failed: '?no such file/,
      /\[dumb-init\] [\w.\/-]{1,80}: permission denied|\[dumb-init\] [\w.-]{0,80}\/[\w.\/-]{1,80}: no such file/,
      /failed to exec pid1: (?:permission denied|no such file)/,
      /exec user process caused:? "?(?:permission denied|no such file)/,
    ),
    near: new RegExp(`${dockerWords.source}|\\btini\\b|dumb-init|catatonit|exec user process`, "i"),
    check: "verify.service",
    layer: "image",
    message:
      "the service's start script cannot be run: it is not executable or not in the image, its first line names a " +
      "missing shell, or it has line ends of Windows",
    fix: [
      manualFix("Make it executable (chmod +x), and save it with line ends of Unix (git: core.autocrlf input)"),
      manualFix("Check that the image has it at that path, and that no mount hides it"),
    ],
    source: "runc, Linux (execve), read 2026-11",
  },
  {
    pattern: /open sysctl net\.ipv4\.ip_unprivileged_port_start file: reopen fd/,
    check: "verify.service",
    layer: "docker",
    message: "Docker runs in an LXC container whose AppArmor profile forbids what runc does since its fixes of 2025-11",
    fix: [
      manualFix("Run Docker in a VM, or update the host of the LXC container (Proxmox: lxc-pve)"),
      manualFix("Until then: an older containerd.io (1.7.28-1), which has known security faults"),
    ],
    source: "runc 1.3.3; opencontainers/runc#4968 (2025-11)",
  },
  {
    pattern: /\bIptables not found|exec: "iptables": executable file not found/,
    near: dockerWords,
    check: "verify.docker",
    layer: "network",
    message: "iptables is not installed, and Docker writes its firewall rules with it",
    fix: [
      guestFix("Install it", "apt-get install -y iptables"),
      guestFix("Start Docker", "systemctl restart docker"),
    ],
    source: "Docker; dyrnq/install-docker#10 (2023-02)",
  },
  {
    pattern: anyOf(
      /failed to register "bridge" driver: invalid argument/,
      /(?:Extension|extension) \w{1,14} revision \d (?:is )?not supported/,
      /RULE_(?:APPEND|INSERT) failed \(No such file/,
      /can't initialize iptables table `\w{1,10}': /,
      /iptables.{0,40}: (?:Failed to initialize nft|Couldn't (?:load|find) (?:match|target))/,
      /Could not fetch rule set generation id/,
      /modprobe: FATAL: Module (?:ip_tables|iptable_nat|xt_addrtype|br_netfilter|bridge|overlay|veth) not found/,
      /operation not supported.{0,20}veth|failed to add the host .{0,40}veth/,
    ),
    near: dockerWords,
    check: "verify.docker",
    layer: "kernel",
    message:
      "the kernel lacks modules that Docker's network needs: it was updated and not rebooted, or is a minimal or " +
      "WSL kernel",
    fix: [
      guestFix("Load them", "modprobe -a ip_tables iptable_nat br_netfilter overlay"),
      manualFix("If there are no such modules: reboot into the newest kernel", { reboot: true }),
      manualFix(
        "Then install the kernel's extra modules: Ubuntu linux-modules-extra-…, Fedora kernel-modules-extra; " +
          "Debian: linux-image-amd64 rather than -cloud",
      ),
    ],
    source: "Docker 28 (2025-02) and 29, iptables; dockur/windows#297 (2024-03)",
  },
  {
    pattern: anyOf(
      /iptables\S{0,20}: No chain\/target\/match by that name/,
      /failed to (?:program|create) (?:NAT chain|filter chain|\S{1,12} chain) ?\S{0,30}/,
      /Failed to Setup IP tables/i,
      /unable to enable (?:SKIP DNAT|DIRECT ACCESS FILTERING|DIRECT ROUTING|ACCEPT OUTGOING) rule/i,
      /Chain 'DOCKER\S{0,30}' does not exist/,
    ),
    near: dockerWords,
    check: "verify.docker",
    layer: "network",
    message:
      "Docker's firewall rules are gone or cannot be written: the firewall was reloaded after Docker started, or " +
      "the kernel's modules are missing",
    fix: [
      guestFix("Let Docker write them again", "systemctl restart docker"),
      guestFix(
        "If it fails: load the modules",
        "modprobe -a ip_tables iptable_nat xt_addrtype xt_conntrack br_netfilter nf_nat",
      ),
      manualFix(
        "If a module is missing: install the kernel's extra modules (Ubuntu: linux-modules-extra), or reboot after " +
          "the kernel's update",
      ),
      manualFix("If iptables and nftables are mixed: choose one (update-alternatives --config iptables)"),
    ],
    source: "Docker 20.10 to 29; moby/moby#16816 (2020-09), kind to date",
  },
  {
    pattern: /endpoint with name \S{1,80} already exists in network/,
    check: "verify.docker",
    layer: "network",
    message: "Docker's network still has the container's earlier connection, which was not removed when it stopped " +
      "(Docker 29 with several networks, or after a crash)",
    fix: [
      manualFix("Remove it, with the names of the message: docker network disconnect -f NETWORK CONTAINER"),
      guestFix("Or create the containers again", "docker compose up -d --force-recreate"),
      guestFix("If the error remains: restart Docker", "systemctl restart docker"),
    ],
    source: "Docker 29; moby/moby#51578 (2025-11)",
  },
  {
    pattern: /failed to parse pool request for address space[^\n]{0,120}: [Ii]nvalid [Aa]ddress (?:Sub)?[Pp]ool/,
    check: "verify.docker",
    layer: "network",
    message: "fixed-cidr in daemon.json (or ip_range of a network) is outside of the network's own addresses",
    fix: [
      manualFix(
        'Write the bridge\'s addresses too, around that range: "bip": "100.64.0.1/24" in /etc/docker/daemon.json',
      ),
      manualFix("Of a network in Compose: ip_range has to be a part of subnet"),
      guestFix("Start Docker again", "systemctl restart docker"),
    ],
    source: "Docker 23.0.4; moby/moby#45356 (2023-04)",
  },
  {
    pattern: /Error initializing network controller|failed to set up container networking/,
    check: "verify.docker",
    strength: "symptom",
    layer: "network",
    fallback: true,
    message: "Docker cannot set its network up; the reason is after the last colon",
    fix: [
      guestFix("Show Docker's own messages", "journalctl -u docker --no-pager -n 50"),
      guestFix("If the firewall was changed or reloaded: restart Docker", "systemctl restart docker"),
    ],
    source: "Docker 20.10 to 29; moby/moby#49505 (2025-02)",
  },
  {
    pattern: anyOf(
      /could not find an available, non-overlapping IPv[46] address pool/,
      /all predefined address pools have been fully subnetted/,
    ),
    check: "verify.docker",
    layer: "network",
    message: "Docker has no address range left for another network",
    fix: [
      guestFix("Remove networks that nothing uses", "docker network prune"),
      manualFix("Or write default-address-pools in /etc/docker/daemon.json"),
    ],
    source: "Docker, read 2026-11",
  },
  {
    pattern: /The container name "[^"]{1,120}" is already in use/,
    check: "verify.service",
    layer: "docker",
    message: "a container of that name is left over",
    fix: [guestFix("Show it", "docker ps -a"), manualFix("Remove it (docker rm NAME, in the VM), or start it instead")],
    source: "Docker, read 2026-11",
  },
  {
    pattern: anyOf(
      /port is already allocated|failed to bind host port .{0,80}address already in use/,
      /ports are not available: exposing port/,
    ),
    check: "verify.service",
    layer: "docker",
    message: "something in the VM, most often another container, already has that port",
    fix: [
      guestFix("Check which container", "docker ps"),
      guestFix("Check which program", "ss -lntp"),
      manualFix("Change ports: of one of them"),
    ],
    source: "Docker 20.10 (2020-12) to 29",
  },
  {
    pattern: /copying bootstrap data to pipe|can't copy bootstrap data to pipe/,
    near: /docker|podman|containerd|runc|OCI runtime/i,
    check: "verify.service",
    strength: "symptom",
    layer: "docker",
    message:
      "the container's first process ended before it began: its memory limit is too small for it, or runc is too " +
      "new for this kernel",
    fix: [
      manualFix("Raise mem_limit of the service (or free the VM's memory)"),
      manualFix("Update the kernel, then Docker and containerd, and reboot the VM", { reboot: true }),
    ],
    source: "runc; docker/for-linux#595 (2019-02), opencontainers/runc#3965 (2023-08)",
  },
  {
    pattern: anyOf(
      /(?:OCI runtime|container process).{0,200}executable file not found in \$PATH/,
      /executable file `?[\w.\/-]{1,60}`? not found(?: in \$PATH)?: No such file/,
      /exec: "[^"]{1,80}": stat \S{1,80}: no such file/,
      /(?:Executing child process '|tini \(\d{1,7}\)\] exec )[\w.-]{1,80}'? failed: '?no such file/,
      /\[dumb-init\] [\w.-]{1,80}: no such file/,
    ),
    check: "verify.service",
    layer: "image",
    message: "the service's command is not in its image",
    fix: [manualFix("Correct command: or image: of that service")],
    source: "runc and crun, as Docker and Podman show it, read 2026-11",
  },
  {
    pattern: /(?<!whpx: |\/create: )no space left on device|don't have enough free space in|ENOSPC(?!: System limit)/,
    near: anyOf(
      /docker|layer|failed to (?:solve|copy)|did not complete|\bapt|dpkg|qemu|vagrant|packer|libvirt|nvidia|initramfs/i,
      /overlay|containerd|image|box|\/boot|ollama|exited with code|\(os error 28\)|^[\w.-]{2,60} {1,30}\| /im,
    ),
    check: "host.disk",
    layer: "kernel",
    message: "a disk is full: this host's, or the VM's if the message is from there",
    fix: [
      commandFix("Check which", "df -h"),
      remedies.room,
      guestFix("In the VM: see what Docker keeps", "docker system df"),
    ],
    source: "C library (ENOSPC), apt, read 2026-11",
  },
  {
    pattern: /Killed process \d{1,10} \(|oom-kill:constraint=|Memory cgroup out of memory/,
    near: /qemu|kvm|vllm|ollama|python|docker|llama|comfy|vagrant|packer/i,
    check: "host.memory",
    layer: "kernel",
    message: "the kernel ended a process because memory ran out: on the host the VM, in the VM a service",
    fix: [
      manualFix("If it was qemu: give the machine less (memory:), or free memory of the host"),
      manualFix(
        "If it was a service: give the machine more (memory:), or the service a higher limit or a smaller model",
      ),
      commandFix("Check what is free", "free -h"),
    ],
    source: "Linux 6.1 (mm/oom_kill, 2022-12)",
  },
  {
    pattern: /crun: unknown version specified|OCI runtime create failed: unknown version specified/,
    check: "guest.engine",
    layer: "docker",
    message: "crun is older than the engine: releases before 1.14.3 refuse containers that Podman 5 or a new Docker " +
      "describes",
    fix: [
      guestFix(
        "Check which crun runs",
        "podman info --format '{{.Host.OCIRuntime.Path}} {{.Host.OCIRuntime.Version}}'",
      ),
      manualFix("Install crun 1.16 or later at that path, or use runc (podman --runtime runc)"),
    ],
    source: "crun; containers/podman#27272 (2025-10), actions/runner-images#14473 (2026-07)",
  },
];
