/** Whether machines can be connected to the LAN by `network: {lan: …}`. */
import { commandFix, manualFix } from "../fixes.mts";
import type { Fix } from "../findings.mts";
import { ipv4Network } from "../config/network.mts";
import type { Host } from "../host/types.mts";
import type { Interface, Interfaces } from "../host/interfaces.mts";
import { lanMac } from "../host/lan.mts";
import { prefixOf } from "../host/lab.mts";
import { shellCommand } from "../render.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import { joinList } from "../text.mts";
import { causes } from "./host-forwarding.mts";
import { fail, pass, unknown, warn } from "./results.mts";
import type { Check, Verdict } from "./types.mts";

/** The check of `network: {lan: …}`. */
export const lanChecks: Check[] = [
  {
    id: "network.lan",
    about: "whether the interface of network: {lan: …} connects the VM to the LAN",
    why: "other computers reach services of the VM only if it has a network card in their network",
    confirm: "ip -br link; ip -br -4 address",
    check: (host, config) =>
      config.machines.flatMap((machine) =>
        machine.network?.lan === undefined && machine.network?.switch === undefined
          ? []
          : verdicts(machine, host, config).map((verdict) => ({ machine: machine.name, ...verdict }))
      ),
  },
];

/** What to write for another provider's way to the LAN. */
const elsewhere: Record<string, string> = {
  hyperv: "Write network: {switch: NAME}, an external switch of Hyper-V, which connects the VM to the LAN",
  virtualbox: "Remove lan:, and forward ports of this host to the VM, or choose provider: libvirt",
  parallels: "Remove lan:, or choose a host with libvirt",
};

function verdicts(machine: ResolvedMachine, host: Host, config: Resolved): Verdict[] {
  const { provider, network: { lan, switch: hyperv } = {} } = machine;
  if (lan === undefined) {
    return provider === "hyperv" ? [] : [
      fail(`network: {switch: ${hyperv}} is for Hyper-V, and this machine runs with ${provider}`, [], [
        manualFix("Remove it; with libvirt, network: {lan: br0} connects the VM to the LAN"),
      ]),
    ];
  }
  if (provider !== "libvirt") {
    return [
      fail(`lan: is available only with libvirt, and this machine runs with ${provider}`, [], [
        manualFix(elsewhere[provider] ?? "Remove lan:"),
      ]),
    ];
  }
  const { interfaces } = config;
  if (!interfaces) return [unknown("could not read the network interfaces of this host")];
  const found = interfaces.all.find(({ name }) => name === lan);
  const evidence = [
    { read: "/sys/class/net", value: interfaces.all.map(described).join(", ") || "no interface" },
    ...(found ? [{ read: lan, value: [described(found), ...(found.addresses ?? [])].join(", ") }] : []),
  ];
  if (!found) return [fail(`there is no interface ${lan} on this host`, evidence, instead(interfaces, lan))];
  const refused = refusedInterface(found, interfaces);
  if (refused) return [fail(refused.message, evidence, refused.fix)];
  const wrong = wrongAddress(machine, found);
  if (wrong) return [fail(wrong.message, evidence, wrong.fix)];
  if (found.state === "down" || found.state === "lowerlayerdown") {
    return [
      warn(`${lan} has no link: the VM is not reachable in the LAN until it has one`, evidence, [
        manualFix(
          found.kind === "bridge"
            ? "Connect a wired interface to the bridge in this host's network configuration, and plug its cable in"
            : "Plug its cable in, and enable it in this host's network configuration",
          { root: true },
        ),
      ]),
    ];
  }
  if (found.kind === "virtual") {
    return [
      unknown(
        `${
          connected(machine, found, config)
        }; ${lan} is an interface of software (veth, team, Open vSwitch): whether ` +
          "it leads to the LAN could not be read",
        evidence,
      ),
    ];
  }
  return [
    ...(found.kind === "bridge" && interfaces.bridgeFilter && drops(host)
      ? [
        warn(`this host's firewall filters the bridge ${lan}, and may drop what the LAN sends to the VM`, evidence, [
          commandFix(
            "Let it pass, until the next boot",
            `iptables -I FORWARD -i ${shellCommand(lan)} -o ${shellCommand(lan)} -j ACCEPT`,
            { root: true },
          ),
        ]),
      ]
      : []),
    pass(connected(machine, found, config), evidence),
  ];
}

/** Whether IPv4 packets are dropped by default: by the rules if root read them, else by what makes such rules. */
const drops = ({ forwarding }: Host) =>
  forwarding?.chains
    ? forwarding.chains.some(({ family, drops }) => family !== "ip6" && drops)
    : forwarding !== undefined && causes(forwarding) !== undefined;

function connected({ name, network }: ResolvedMachine, { kind, name: lan }: Interface, { folder }: Resolved): string {
  const mac = folder === undefined ? "" : `, with the MAC address ${lanMac(prefixOf(folder) + name)}`;
  const address = network?.address?.split("/")[0] ?? "an address by DHCP";
  const own = kind === "bridge" ? "" : ": this host itself reaches the VM only by its NAT address (macvtap)";
  return `it gets ${address} in the network of ${lan}${mac}${own}`;
}

const described = ({ name, kind, master }: Interface) => `${name} (${kind}${master ? ` of ${master}` : ""})`;

/** Bridges that programs make for their own networks, by name. */
const ownBridges =
  /^(virbr\d+|docker\d+|br-[0-9a-f]{12}|podman\d+|cni-?podman\d+|cni\d+|lxcbr\d+|lxdbr\d+|incusbr\d+)$/;

function refusedInterface(
  { name, kind, master }: Interface,
  interfaces: Interfaces,
): { message: string; fix: Fix[] } | undefined {
  if (kind === "wireless") {
    return {
      message: `${name} is wireless: an access point accepts only this host's own address, so no VM can use it`,
      fix: instead(interfaces),
    };
  }
  if (kind === "other") {
    return { message: `${name} is not an Ethernet interface`, fix: instead(interfaces) };
  }
  if (ownBridges.test(name)) {
    return {
      message: `${name} is the bridge of a network inside this host, which the LAN does not reach`,
      fix: instead(interfaces),
    };
  }
  if (master === undefined) return undefined;
  return {
    message: `${name} is part of ${master}, so it cannot be given to a VM`,
    fix: [manualFix(`Write lan: ${master}`)],
  };
}

/** What to write in place of an interface that cannot be used, and how a bridge is made. */
function instead({ all, networkManager, ssh }: Interfaces, written = ""): Fix[] {
  const usable = all.filter(({ name, kind, master }) =>
    (kind === "bridge" || kind === "wired") && master === undefined && !ownBridges.test(name)
  ).map(({ name }) => name);
  // ip link shows a VLAN as eno1.20@eno1
  const [plain = ""] = written.split("@");
  const isVlan = usable.includes(plain);
  const names = isVlan ? [plain] : usable;
  const wired = all.find(({ kind, master }) => kind === "wired" && master === undefined)?.name;
  const careful = ssh ? ". Do it at the console: your SSH session ends if this goes wrong" : "";
  return [
    ...(names.length > 0 ? [manualFix(`Write lan: ${joinList(names, "or")}`)] : []),
    ...(wired === undefined || isVlan ? [] : [bridgeOf(wired, networkManager, careful)]),
    ...(names.length === 0
      ? [manualFix("Connect this host by cable, or remove network: and use the NAT address")]
      : []),
  ];
}

/** How a bridge is made of an interface, which then is the host's own way to the network. */
function bridgeOf(wired: string, networkManager: boolean, careful: string): Fix {
  return networkManager
    ? commandFix(
      `Or make a bridge of ${wired}, which this host keeps using${careful}`,
      "nmcli connection add type bridge ifname br0 con-name br0 && " +
        `nmcli connection add type bridge-slave ifname ${shellCommand(wired)} master br0 && nmcli connection up br0`,
      { root: true },
    )
    : manualFix(
      `Or make a bridge of ${wired}, which this host keeps using, in its network configuration${careful}`,
      { root: true },
    );
}

/** Why the fixed address of a machine cannot be in the network of an interface with an address. */
function wrongAddress(
  { network: { address, lan } = {} }: ResolvedMachine,
  { addresses: all = [] }: Interface,
): { message: string; fix: Fix[] } | undefined {
  const wanted = address === undefined ? undefined : ipv4Network(address);
  if (!wanted) return undefined;
  const plain = address!.split("/")[0];
  if (all.some((own) => own.split("/")[0] === plain)) {
    return {
      message: `${plain} is the address of this host on ${lan}`,
      fix: [manualFix("Write another address of that network, which the router does not assign by DHCP")],
    };
  }
  // an address of a point-to-point link, /31 or /32, does not say which network the interface is in
  const addresses = all.filter((own) => Number(own.split("/")[1] ?? 32) <= 30);
  if (addresses.length === 0) return undefined;
  const within = addresses.some((own) => {
    const network = ipv4Network(own);
    return wanted.address > network.first && wanted.address < network.last;
  });
  return within ? undefined : {
    message: `address: ${address} is not in the network of ${lan} (${addresses.join(", ")})`,
    fix: [manualFix(`Write an address of the network of ${addresses[0]}`)],
  };
}
