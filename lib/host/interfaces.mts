/** The network interfaces of the host, for `network: {lan: …}`. */
import type { Shell } from "../shell.mts";

/**
 * `wired`: an Ethernet interface with a device, a bond or a VLAN; `virtual`: one of software, such as a
 * veth; `other`: not Ethernet, such as a VPN.
 */
export type InterfaceKind = "bridge" | "wired" | "wireless" | "virtual" | "other";

/** A network interface. */
export interface Interface {
  name: string;
  kind: InterfaceKind;
  /** `up`, `down`, `unknown` … (kernel.org, networking/operstates). */
  state: string;
  /** The bridge or bond that it is part of. */
  master?: string;
  /** Its IPv4 addresses, as `192.168.1.10/24`. Absent if they could not be read. */
  addresses?: string[];
}

/** The interfaces of the host. */
export interface Interfaces {
  all: Interface[];
  /** Whether iptables filters the frames between the ports of a bridge. */
  bridgeFilter: boolean;
  /** Whether NetworkManager runs, and nmcli configures it. */
  networkManager: boolean;
  /** Whether this command runs in an SSH session. */
  ssh: boolean;
}

const script = `for path in /sys/class/net/*; do
  [ -e "$path/type" ] || continue
  read -r type <"$path/type" && read -r state <"$path/operstate" || continue
  kind=virtual master=-
  if [ "$type" != 1 ]; then kind=other
  elif [ -d "$path/bridge" ]; then kind=bridge
  elif [ -d "$path/wireless" ] || [ -d "$path/phy80211" ]; then kind=wireless
  elif [ -e "$path/device" ] || [ -d "$path/bonding" ] || grep -qsx DEVTYPE=vlan "$path/uevent"; then kind=wired
  fi
  if [ -e "$path/master" ]; then master=$(readlink "$path/master") && master=\${master##*/}; fi
  printf 'interface %s %s %s %s\\n' "\${path##*/}" "$kind" "$state" "$master"
done
PATH=$PATH:/usr/sbin:/sbin
if command -v ip >/dev/null; then
  ip -4 -o addr show | sed -n 's/^[0-9]*: \\([^ ]*\\)  *inet \\([0-9./]*\\).*/inet \\1 \\2/p'
  echo addresses
fi
read -r filter 2>/dev/null </proc/sys/net/bridge/bridge-nf-call-iptables && echo "filter $filter"
command -v nmcli >/dev/null && [ -d /run/NetworkManager ] && echo networkmanager
[ -z "\${SSH_CONNECTION:-}" ] || echo ssh
echo end`;

/** Reads the interfaces with one shell; undefined on other systems than Linux, or if the answer is not whole. */
export async function readInterfaces(shell: Shell): Promise<Interfaces | undefined> {
  if (shell.platform !== "linux") return undefined;
  const { out } = await shell.capture(["sh", "-c", script, "sh"], { about: "the network interfaces of this host" });
  return interfacesOf(out);
}

/** Parses the answer of that shell; undefined if it is not whole. */
export function interfacesOf(out: string): Interfaces | undefined {
  const lines = out.split("\n").map((line) => line.split(" "));
  if (!lines.some(([word]) => word === "end")) return undefined;
  const readsAddresses = lines.some(([word]) => word === "addresses");
  return {
    all: lines.filter(([word]) => word === "interface").map(([, name = "", kind, state = "", master = "-"]) => ({
      name,
      kind: kind as InterfaceKind,
      state,
      ...(master === "-" ? {} : { master }),
      ...(readsAddresses
        ? {
          addresses: lines.flatMap((
            [word, of, address],
          ) => (word === "inet" && of === name && address ? [address] : [])),
        }
        : {}),
    })),
    bridgeFilter: lines.some(([word, value]) => word === "filter" && value === "1"),
    networkManager: lines.some(([word]) => word === "networkmanager"),
    ssh: lines.some(([word]) => word === "ssh"),
  };
}
