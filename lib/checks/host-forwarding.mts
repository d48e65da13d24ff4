import type { Fix } from "../findings.mts";
import { commandFix, manualFix } from "../fixes.mts";
import type { ForwardChain, Forwarding, Host } from "../host/types.mts";
import { isOlder } from "../text.mts";
import { pass, skip, unknown, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** From this version on libvirt prefers nftables (libvirt news, 10.4.0, 2024-06-03), in a table of its own. */
const nftablesSince = "10.4.0";

/**
 * Whether the host's firewall lets packets of libvirt's guests through. A packet must be accepted by
 * each table. Docker and ufw make iptables' FORWARD chain drop unknown packets: libvirt's
 * iptables backend adds its rules to that chain, its nftables backend has a table of its own, which
 * the drop overrides (moby/moby#52612, 2026-05-12; vagrant-libvirt#1839, 2026-01-19).
 */
export const forwardingChecks: Check[] = [
  {
    id: "host.forwarding",
    about: "whether a firewall on this host drops what libvirt's guests send",
    why: "the guest starts without access to other networks, and cannot download packages and images",
    confirm: "sudo iptables -S FORWARD; sudo nft list ruleset",
    check: (host, { machines }) =>
      host.os.platform === "linux" && machines.some(({ provider }) => provider === "libvirt")
        ? [forwarding(host, host.forwarding)]
        : [],
  },
];

function forwarding(host: Host, read: Forwarding | undefined): Verdict {
  if (!read || !host.programs) return skip("this probe did not read the firewall");
  const backend = read.backend ??
    (host.versions.libvirt !== undefined && isOlder(host.versions.libvirt, nftablesSince) ? "iptables" : undefined);
  const evidence = [
    {
      read: "/etc/libvirt/network.conf",
      value: read.backend ? `firewall_backend ${read.backend}` : "no firewall_backend, or not readable",
    },
    { read: "libvirt version", value: host.versions.libvirt ?? (hasLibvirt(host) ? "no answer" : "not installed") },
    { read: "/sys/class/net/docker0", value: read.docker ? "there" : "not there" },
    { read: "/etc/ufw", value: read.ufw === undefined ? "not enabled" : `forwarded packets: ${read.ufw}` },
  ];
  if (!read.chains) {
    const unread = "only root can read the firewall rules";
    const cause = causes(read);
    if (!cause) return skip(`${unread}; this host has no Docker bridge and no ufw`, evidence);
    if (backend === "iptables") return skip(`${unread}; libvirt adds its rules to those of ${cause}`, evidence);
    return unknown(`${cause} may drop what guests send: ${unread}`, evidence);
  }
  const { chains } = read;
  const policies = chains.map(({ family, table, drops, passesGuests }) =>
    `${family} ${table} ${drops ? (passesGuests ? "accepts virbr*" : "drops") : "accepts"}`
  );
  evidence.push({ read: "chains for forwarded packets", value: policies.join(", ") || "none" });
  const dropping = chains.filter((chain) => chain.family !== "ip6" && chain.drops && !chain.passesGuests);
  const own = dropping.filter((chain) => !isOfIptables(chain));
  if (dropping.length === 0 && read.legacyUnread) {
    return unknown(
      "could not read the rules of the older iptables (iptables-legacy), which this kernel has: they may drop what " +
        "guests send",
      evidence,
      [
        manualFix(
          "Show them with iptables-legacy -S FORWARD; its package is iptables-legacy, or iptables (Debian, Arch Linux)",
          { root: true },
        ),
      ],
    );
  }
  if (dropping.length === 0) return pass("the firewall lets guests through", evidence);
  if (own.length > 0) {
    return warn(`the firewall's table ${own.map(nameOf).join(" and ")} drops what guests send`, evidence, [
      acceptBridges,
    ]);
  }
  if (!hasLibvirt(host)) return skip("libvirt is not installed, so it has no rules yet");
  if (backend === "iptables" && !isActive(host)) return pass("libvirt adds its rules to iptables", evidence);
  if (backend !== "nftables" && !isActive(host)) {
    return unknown("iptables drops unknown packets; libvirt adds its rules when its network starts", evidence);
  }
  return warn(`${causes(read) ?? "the firewall"} drops what libvirt's guests send`, evidence, [useIptables(host)]);
}

const isOfIptables = ({ family, table }: ForwardChain) =>
  table === "filter" && (family === "ip" || family === "legacy");
const nameOf = ({ family, table }: ForwardChain) => (table === "…" ? `of your own (${family})` : `${family} ${table}`);
const hasLibvirt = ({ programs = {} }: Host) => ["libvirtd", "virtqemud"].some((name) => name in programs);
/** Whether libvirt has added its rules for a network. */
const isActive = ({ libvirt }: Host) => Object.values(libvirt?.networks ?? {}).includes("active");

/** The programs on this host that make iptables drop forwarded packets; undefined if none was found. */
export function causes({ docker, ufw }: Forwarding): string | undefined {
  const found = [...(docker ? ["Docker"] : []), ...(ufw !== undefined && ufw !== "ACCEPT" ? ["ufw"] : [])];
  return found.length > 0 ? found.join(" or ") : undefined;
}

const acceptBridges = manualFix(
  'Accept libvirt\'s bridges in that chain: iifname "virbr*" accept, and oifname "virbr*" accept',
  { root: true },
);

function useIptables({ os, programs = {}, systemd, forwarding }: Host): Fix {
  const title = "Let libvirt add its rules to iptables, before the rule that drops";
  if (os.id === "nixos") {
    return manualFix(`${title}: firewall_backend = "iptables" in libvirt's network.conf`, { root: true });
  }
  const daemon = "libvirtd" in programs ? "libvirtd" : "virtnetworkd";
  const restart = systemd ? `systemctl restart ${daemon}` : `pkill -x ${daemon}; ${daemon} -d`;
  const file = "/etc/libvirt/network.conf";
  const line = 'firewall_backend = \\"iptables\\"';
  const write = forwarding?.backend ? `sed -i "s/^ *firewall_backend.*/${line}/" ${file}` : `echo "${line}" >>${file}`;
  return commandFix(title, `sh -c '${write}; ${restart}'`, { root: true });
}
