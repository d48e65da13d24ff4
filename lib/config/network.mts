/** The rules for `network:`. */
import type { Network } from "./types.mts";
import type { Reader } from "./reader.mts";

/** The number of an IPv4 address. */
const numberOf = (address: string): number => address.split(".").reduce((all, part) => all * 256 + Number(part), 0);

/** The addresses of `192.168.1.50/24` as numbers: its own, and the first and the last of its network. */
export function ipv4Network(text: string): { address: number; first: number; last: number } {
  const [plain = "", length] = text.split("/");
  const address = numberOf(plain);
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(address / size) * size;
  return { address, first, last: first + size - 1 };
}

/**
 * Reports settings of `network:` that exclude each other, and addresses that no VM can have. `taken`:
 * the addresses of the machines before; this one's is added.
 */
export function checkNetwork(network: Network, at: string, taken: Set<string>, reader: Reader): void {
  const { switch: hyperv, lan, address, gateway } = network;
  if (lan !== undefined && hyperv !== undefined) {
    reader.at(`${at}.switch`, "switch: is for Hyper-V and lan: for libvirt: write one of them", `lan: ${lan}`);
  }
  if (address === undefined) {
    if (gateway !== undefined && !reader.has(`${at}.address`)) {
      reader.at(`${at}.gateway`, "gateway: needs address:, since DHCP names the router", "address: 192.168.1.50/24");
    }
    return;
  }
  if (lan === undefined && !reader.has(`${at}.lan`)) {
    reader.at(`${at}.address`, "address: needs lan:, the interface of this host in that network", "lan: br0");
  }
  const { address: own, first, last } = ipv4Network(address);
  if (own === first || own === last) {
    const whole = own === first ? "the network itself" : "all hosts of the network";
    reader.at(`${at}.address`, `address: ${address} means ${whole}, not one host`, "address: 192.168.1.50/24");
  }
  const plain = address.split("/")[0]!;
  if (taken.has(plain)) reader.at(`${at}.address`, `two machines have the address ${plain}`);
  taken.add(plain);
  if (gateway === undefined) return;
  const router = numberOf(gateway);
  if (router <= first || router >= last) {
    reader.at(`${at}.gateway`, `gateway: ${gateway} is not in the network of ${address}, or is no host's address`);
  } else if (router === own) reader.at(`${at}.gateway`, `gateway: ${gateway} is the VM's own address`);
}
