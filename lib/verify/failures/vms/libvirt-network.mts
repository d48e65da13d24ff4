import type { Failure } from "../types.mts";
import { commandFix, manualFix, remedies } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { each, install, vmWords } from "../fixes.mts";

/** Errors of libvirt about the networks of VMs. */
export const libvirtNetworkFailures = (): Failure[] => [
  {
    pattern: /Unable to open \/dev\/net\/tun|could not open \/dev\/net\/tun: No such/,
    check: "provider.access",
    layer: "network",
    message: "the kernel module tun is not loaded, and without it no VM gets a network",
    fix: [
      commandFix("Load it", "modprobe tun", { root: true }),
      manualFix("If there is no such module: the kernel was updated, and the host not rebooted since", {
        reboot: true,
      }),
    ],
    source: "libvirt 9.0 (2023-01), seen through vagrant-libvirt; QEMU",
  },
  {
    pattern: /firewalld can't find the 'libvirt|INVALID_ZONE: libvirt/,
    check: "provider.access",
    layer: "network",
    message: "firewalld does not know libvirt's zone: libvirt was installed while firewalld ran",
    fix: [
      commandFix("Let firewalld read its zones again", "firewall-cmd --reload", { root: true }),
      commandFix("Then start the network", "virsh -c qemu:///system net-start default", { root: true }),
    ],
    source: "libvirt; libreswan/libreswan#2763 (2026-05)",
  },
  {
    pattern: /(?:Failed to apply firewall rules [^]{1,200})?table ['`]\w{2,12}' is incompatible, use 'nft' tool/,
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message:
      "libvirt writes its firewall rules with iptables, and that table has rules of nftables that iptables does not " +
      "understand",
    fix: [
      manualFix(
        'Write firewall_backend = "nftables" in /etc/libvirt/network.conf (libvirt 10.4 and later), then restart ' +
          "virtnetworkd or libvirtd",
      ),
      commandFix("Or see who wrote that table, and let that program use another name", "nft list tables", {
        root: true,
      }),
    ],
    source: "iptables 1.8 (nf_tables), libvirt; virt-manager/virt-manager#413 (2022-07)",
  },
  {
    pattern: /LIBVIRT_\w{2,4} .{0,200}(?:No chain\/target\/match by that name|Chain 'LIBVIRT_\w{2,4}' does not exist)/,
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message: "another firewall of this host removed the chains of libvirt's rules while libvirt ran",
    fix: [
      commandFix("Have libvirt write them again", "systemctl try-restart libvirtd virtnetworkd", { root: true }),
      manualFix("Start libvirt after that firewall, or let it restart libvirt when it writes its rules"),
      manualFix(
        'libvirt 10.4 and later: firewall_backend = "nftables" in /etc/libvirt/network.conf has a table of its own',
      ),
    ],
    source: "libvirt; arno-iptables-firewall/aif#86 (2023-01)",
  },
  {
    pattern: /operation is not valid: (?:network|storage pool '[^']{1,80}') is already active/,
    check: "provider.access",
    strength: "symptom",
    layer: "network",
    message: "libvirt's network or pool runs already: it need not be started; two runs at the same time start it twice",
    fix: [
      commandFix("List the networks and their state", "virsh -c qemu:///system net-list --all"),
      manualFix("If a program ended at it: run it again, alone"),
    ],
    source: "libvirt (src/network, src/storage), read 2026-11",
  },
  {
    pattern: anyOf(
      /Failed to (?:apply|add) firewall (?:rules?|command)/,
      /COMMAND_FAILED: '\S{0,30}(?:iptables|nft)\S{0,10} .{0,120}LIBVIRT/,
      /error: internal error: (?:Child process|Failed to run firewall command) .{0,80}(?:iptables|nft|ip6tables)/,
      /(?:Unable to find|cannot find) '(?:nft|iptables|ebtables)' binary/,
      /Failed to initialize a valid firewall backend/,
    ),
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message: "libvirt could not write its firewall rules: iptables or nftables is missing, or the kernel's modules " +
      "for it are",
    fix: each(
      install("Install them", {
        apt: "iptables nftables",
        dnf: "iptables-nft nftables",
        pacman: "iptables-nft dnsmasq",
        zypper: "iptables nftables",
      }),
      manualFix('Or choose the other one: firewall_backend = "nftables" or "iptables" in /etc/libvirt/network.conf'),
      manualFix("If the kernel was updated and the host not rebooted since: reboot", { reboot: true }),
    ),
    source: "libvirt 10.4 (2024-06) and later",
  },
  {
    pattern: anyOf(
      /error creating (?:bridge|macvtap) interface \S{1,40}.{0,40}: Operation not permitted/,
      /Unable to create (?:tap|bridge) device.{0,40}: Operation not permitted/,
    ),
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message:
      "this libvirt runs as your user (qemu:///session), which may make no networks, or in a container without the " +
      "permission",
    fix: [
      commandFix("Use the system's libvirt", "virsh -c qemu:///system net-list --all"),
      manualFix("Vagrant: libvirt.qemu_use_session = false, and LIBVIRT_DEFAULT_URI unset"),
      manualFix("For one bridge of the host: a line “allow br0” in /etc/qemu/bridge.conf", { root: true }),
      manualFix("In a container: give it the capability NET_ADMIN and /dev/net/tun"),
    ],
    source: "libvirt, qemu-bridge-helper; vagrant-libvirt/vagrant-libvirt#1786 (2023-10), #380 (2023-06), " +
      "flathub/org.virt_manager.virt-manager#91 (2025-10)",
  },
  {
    pattern: anyOf(
      /Network is already in use by interface|error creating bridge interface \S{1,20} ?: File exists/,
      /could not find a free (?:address|subnet)|Network .{0,40}overlaps with/,
    ),
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message: "something else on this host already has the addresses or the bridge of libvirt's network",
    fix: [
      commandFix("List the networks", "virsh -c qemu:///system net-list --all"),
      commandFix("Find out whose addresses and bridges these are", "ip address"),
    ],
    source: "libvirt 9.0 (2023-01); vagrant-libvirt/vagrant-libvirt#617, #670",
  },
  {
    pattern: /failed to create inotify: Too many open files/,
    check: "provider.access",
    layer: "kernel",
    message: "the kernel's inotify instances of this user are used up; all containers of the user share them",
    fix: [
      commandFix("Allow more, on the machine itself", "sysctl -w fs.inotify.max_user_instances=1024", { root: true }),
      manualFix("To keep it: write fs.inotify.max_user_instances = 1024 into /etc/sysctl.d/90-inotify.conf"),
    ],
    source: "dnsmasq; dockur/windows#1228 (2025-05)",
  },
  {
    pattern: anyOf(
      /cannot find dnsmasq in |Cannot check dnsmasq binary|Failed to find path to dnsmasq binary/,
      /dnsmasq: (?!failed to create (?:listening|inotify))(?:cannot |failed to |unknown |bad |illegal )/,
    ),
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message:
      "dnsmasq, which gives the VMs of libvirt's network their addresses, is missing or refuses its settings: its " +
      "line says why",
    fix: each(
      install("Install it", { apt: "dnsmasq-base", dnf: "dnsmasq", pacman: "dnsmasq", zypper: "dnsmasq" }),
      commandFix("Check which dnsmasq runs: a wrapper (firejail) in /usr/local/bin can stop it", "command -v dnsmasq"),
      commandFix("Then start the network", "virsh -c qemu:///system net-start default", { root: true }),
    ),
    source: "libvirt (src/util/virdnsmasq.c), read 2026-11; netblue30/firejail#5137 (2022-05)",
  },
  {
    pattern: /error while loading shared libraries: libvirt[\w-]{0,12}\.so/,
    check: "tools.present",
    layer: "provider",
    message:
      "a program of libvirt does not find libvirt's own library: it was built into /usr/local, or parts of two " +
      "releases are mixed",
    fix: [
      commandFix("List them", "sh -c 'ldconfig -p | grep libvirt; find /usr -name \"libvirt.so*\"'"),
      manualFix("Built here: list its folder in /etc/ld.so.conf.d/libvirt.conf, then run ldconfig as root"),
      manualFix("Otherwise keep one: remove the other build (ninja uninstall), and install the packages again"),
    ],
    source: "glibc's loader, libvirt; kevoreilly/CAPEv2#2423 (2024-12)",
  },
  {
    pattern:
      /dnsmasq.{0,300} unexpected exit status \d{1,3}: Error: (?:PATH environment variable not set|no valid sandbox)/,
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message: "firejail's wrapper (/usr/local/bin/dnsmasq) runs in the place of dnsmasq, and does not start for libvirt",
    fix: [
      commandFix("Check where it leads", "ls -l /usr/local/bin/dnsmasq"),
      manualFix("If it leads to firejail: remove it; firecfg creates it again", { root: true }),
      manualFix("So that it stays: comment dnsmasq out in /etc/firejail/firecfg.config"),
      commandFix("Then start the network", "virsh -c qemu:///system net-start default", { root: true }),
    ],
    source: "firejail; netblue30/firejail#6121 (2023-12), #6533 (2024-11)",
  },
  {
    pattern: /Child process \(VIR_BRIDGE_NAME=\S{1,20} \S{0,60}dnsmasq/,
    near: vmWords,
    check: "provider.access",
    strength: "symptom",
    layer: "network",
    fallback: true,
    message:
      "dnsmasq, which gives the VMs of libvirt's network their addresses, ended at its start: the end of the line " +
      "says why",
    fix: [
      commandFix("Check which dnsmasq runs: a wrapper (firejail) in /usr/local/bin can stop it", "command -v dnsmasq"),
      commandFix("Check who listens already", "ss -lnup 'sport = :53 or sport = :67'", { root: true }),
      commandFix("Then start the network", "virsh -c qemu:///system net-start default", { root: true }),
    ],
    source: "libvirt (src/network/bridge_driver.c), read 2026-11; netblue30/firejail#5137 (2022-05)",
  },
  {
    pattern:
      /dnsmasq(?:\[\d{1,8}\])?: failed to create listening socket for (?:port )?\S{1,60}: Address already in use/,
    check: "provider.access",
    layer: "network",
    message: "another name server on this host listens on the address that this network's dnsmasq needs",
    fix: [
      commandFix("Check which", "ss -lnup 'sport = :53 or sport = :67'", { root: true }),
      manualFix("If it is a dnsmasq of the system: stop it, or write bind-interfaces in /etc/dnsmasq.conf"),
    ],
    source: "dnsmasq, read 2026-11; oblique/create_ap#65 (2015-04)",
  },
  {
    pattern: /dnsmasq(?:\[\d{1,8}\])?: failed to create listening socket for \S{1,60}: Cannot assign requested address/,
    check: "provider.access",
    layer: "network",
    message:
      "dnsmasq is to listen on an address that no interface of this machine has (yet): its bridge or VPN is not up",
    fix: [
      commandFix("Check the addresses", "ip -brief address"),
      manualFix("Start it after that interface, or write bind-dynamic in /etc/dnsmasq.conf instead of bind-interfaces"),
    ],
    source: "dnsmasq (network.c); StreisandEffect/streisand#698 (2017-05)",
  },
  {
    pattern: /network '[^']{1,80}' is not active/,
    check: "provider.access",
    strength: "symptom",
    layer: "network",
    message: "a libvirt network is inactive",
    fix: [
      remedies.network,
      commandFix("Start it automatically from now on", "virsh -c qemu:///system net-autostart default", { root: true }),
    ],
    source: "libvirt 9.0 (2023-01); vagrant-libvirt/vagrant-libvirt#60, #116",
  },
  {
    pattern: /network '[^']{1,80}' does not have a bridge name/,
    near: vmWords,
    check: "provider.access",
    layer: "network",
    message: "a libvirt network has no bridge of its own (macvtap, routed by another program), and Vagrant needs one",
    fix: [
      commandFix("List the networks", "virsh -c qemu:///system net-list --all"),
      manualFix("Use a NAT network for the management network (libvirt.management_network_name)"),
    ],
    source: "libvirt, vagrant-libvirt; vagrant-libvirt/vagrant-libvirt#599 (2016-05, 2021-04)",
  },
  {
    pattern: /no network with matching name '|Cannot get interface MTU on '|failed to get mtu of bridge `/,
    check: "provider.access",
    layer: "network",
    message: "libvirt has no network or bridge of that name",
    fix: [
      manualFix("Define it with virsh net-define; libvirt brings the default one as networks/default.xml"),
      commandFix("List them", "virsh -c qemu:///system net-list --all"),
    ],
    source: "libvirt 9.0; vagrant-libvirt/vagrant-libvirt#1258 (2021-04)",
  },
];
