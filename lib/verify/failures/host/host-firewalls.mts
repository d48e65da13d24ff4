import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const root = { root: true } as const;

/** Errors of ufw, firewalld and nftables about their own rules and zones. */
export const hostFirewallFailures = (): Failure[] => [
  ...rows({ layer: "network", source: "iptables 1.8 (nf_tables); moby/moby#48411 (2024-09)" }, [
    [
      "verify.ssh",
      "symptom",
      /ip6?tables v[\d.]{3,8} \(nf_tables\): .{0,60}table `\w{2,12}' is incompatible, use 'nft' tool/,
      "iptables cannot read a table of the firewall that another program wrote with nft: nftables.conf, or a " +
      "firewall that uses nftables itself",
      commandFix("List the tables, and see whose they are", "nft list tables", root),
      "Let that program use tables of its own names, or take “table ip filter” and “table ip nat” out of " +
      "/etc/nftables.conf",
    ],
  ]),
  ...rows({
    layer: "network",
    near: /ufw|ip6?tables|firewall/i,
    source: "ufw, iptables; shinebayar-g/ufw-docker-automated" +
      "#43 (2022-02), dreemurrs-embedded/Pine64-Arch#157 (2021-05), chaifeng/ufw-docker#62 (2021-12)",
  }, [
    [
      "verify.ssh",
      "cause",
      anyOf(
        /(?:Couldn't|could not) load (?:match|target) [`'"‘]?\w{2,20}['"’]?: ?No such file/,
        /can't initialize ip6?tables table [`']\w{1,10}/,
      ),
      "a rule of the firewall needs a kernel module or a part of iptables that is not there: the kernel was updated " +
      "and the machine not restarted since, or it has no such module; a container (LXC) uses those that its host " +
      "loaded",
      manualFix("Restart the machine, if its kernel was updated", { root: true, reboot: true }),
      commandFix("Otherwise see whether the kernel has it", "modprobe -a xt_limit xt_hl xt_addrtype", root),
    ],
    [
      "verify.ssh",
      "cause",
      /ufw-init: modprobe: not found|sysctl: setting key "net\.[\w.]{4,60}": Read-only file system/,
      "ufw runs in a container, which cannot load modules or change the network of the kernel",
      "Set the rules up on the machine itself, and leave ufw out of the container (as ENABLE_UFW=false)",
      "If the container is to filter its own network: cap_add: [NET_ADMIN], with the modules loaded on the machine",
    ],
    [
      "verify.ssh",
      "cause",
      /ERROR: Could not load logging rules/,
      "ufw could not set up its logging: the kernel has no module for it (a container, a minimal kernel), or " +
      "iptables' legacy and nf_tables forms are mixed",
      commandFix("Leave logging out", "ufw logging off", root),
      commandFix("Check which iptables is used", "update-alternatives --display iptables", root),
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /Bad argument [`'"‘]?\*(?:filter|nat|mangle|raw)|Problem running '\/etc\/ufw\//,
        /ip6?tables-restore: line \d{1,5} failed/,
      ),
      "ufw could not load one of its files of rules: a line is wrong, or a table (*filter, *nat) has no COMMIT " +
      "before the next begins; its rules are not in force",
      "Correct the file at the line that the message names (/etc/ufw/after.rules, before.rules), each table with " +
      "COMMIT",
      commandFix("Test the file without loading it", "iptables-restore --test /etc/ufw/after.rules", root),
    ],
    [
      "verify.ssh",
      "cause",
      /UFW is disabled or you are not root user/,
      "ufw-docker finds no ufw in force: it is turned off, the command is not run as root, or ufw and Docker use " +
      "different iptables (legacy, nf_tables)",
      commandFix("Check whether it is on", "ufw status", root),
      commandFix("Check which iptables is used", "update-alternatives --display iptables", root),
      "Allow SSH (ufw allow OpenSSH) before ufw enable",
    ],
  ]),
  ...rows({
    layer: "network",
    source: "firewalld (errors.py), firewalld/firewalld#1487 (2025-06), moby/moby#52642 (2026-06)",
  }, [
    [
      "verify.ssh",
      "cause",
      /ZONE_CONFLICT: (?!'?docker)/,
      "firewalld has that interface in another zone than the one that is asked for",
      commandFix("Find out in which", "firewall-cmd --get-active-zones", root),
      "Change it there: firewall-cmd --permanent --zone=ZONE --change-interface=INTERFACE, then firewall-cmd --reload",
    ],
    [
      "verify.ssh",
      "cause",
      /\bINVALID_(?:ZONE|SERVICE|ICMPTYPE|IPSET|POLICY|HELPER): (?!libvirt|docker)/,
      "firewalld does not have the zone, service or set of that name, or its file in /etc/firewalld is not correct; " +
      "after such a reload no zone may be in force",
      commandFix("Check the files", "firewall-cmd --check-config", root),
      "Move backups and copies out of /etc/firewalld/zones (a name with a dot is refused), then firewall-cmd --reload",
    ],
    [
      "verify.ssh",
      "cause",
      /^(?:Error: )?FirewallD is not running\b/,
      "firewalld does not run, so the command changed nothing",
      commandFix("Find out why", "systemctl status firewalld", root),
      "If the machine uses ufw or plain nftables: set the rule there instead",
    ],
  ]),
  ...rows({
    layer: "network",
    near: /\bnft|table (?:inet|ip6?)/i,
    source: "nftables; voxpupuli/puppet-nftables#74 (2021-03), " +
      "dyrnq/install-docker#19 (2026-03)",
  }, [
    [
      "verify.ssh",
      "cause",
      /(?<!0-0: ?Error: ?)Could not process rule: (?:No such file or directory|Operation not supported|Operation not permitted|File exists)/,
      "a line for nftables names a table, chain or set that does not exist (or exists already), needs a kernel " +
      "module that is missing, or was not run as root; nft loads the whole of its input or nothing",
      "In a file: write “table inet NAME” (which creates it) before “flush table” or “delete table”",
      guestFix("List the tables, chains and sets", "nft list ruleset"),
    ],
  ]),
];
