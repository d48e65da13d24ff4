/** The rules for `network:`. */
import type { Network } from "./types.mts";
import type { Reader } from "./reader.mts";

/** The number of an IPv4 address. */
const numberOf = (address: string): number => address.split(".").reduce((all, part) => all * 256 + Number(part), 0);

const addressOf = (number: number): string => [24, 16, 8, 0].map((bits) => (number >>> bits) % 256).join(".");

/** The addresses of `192.168.1.50/24` as numbers: its own, and the first and the last of its network. */
export function ipv4Network(text: string): { address: number; first: number; last: number } {
  const [plain = "", length] = text.split("/");
  const address = numberOf(plain);
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(address / size) * size;
  return { address, first, last: first + size - 1 };
}

/** Whether an address with the length of its network is that of one host, not of the network or of all hosts in it. */
export function isOneHost(text: string): boolean {
  const { address, first, last } = ipv4Network(text);
  return address > first && address < last;
}

/**
 * Reports settings of `network:` that exclude each other, and addresses that no VM can have. `taken`:
 * the addresses of the machines before; this one's is added.
 */
export function checkNetwork(network: Network, at: string, taken: Set<string>, reader: Reader): void {
  const { switch: hyperv, lan, address, gateway } = network;
  const has = (key: string) => reader.has(`${at}.${key}`);
  if (lan !== undefined && hyperv !== undefined) {
    reader.at(`${at}.switch`, "switch: is for Hyper-V and lan: for libvirt: write one of them", `lan: ${lan}`);
  }
  if (has("gateway") && !has("address")) {
    reader.at(`${at}.gateway`, "gateway: needs address:, since DHCP names the router", "address: 192.168.1.50/24");
  }
  if (has("address") && !has("lan")) {
    reader.at(`${at}.address`, "address: needs lan:, the interface of this host in that network", "lan: br0");
  }
  if (address === undefined) return;
  const { address: own, first, last } = ipv4Network(address);
  if (!isOneHost(address)) {
    const whole = own === first ? "the network itself" : "all hosts of the network";
    reader.at(`${at}.address`, `address: ${address} means ${whole}, not one host`, "address: 192.168.1.50/24");
  }
  const plain = address.split("/")[0]!;
  if (taken.has(plain)) reader.at(`${at}.address`, `two machines have the address ${plain}`);
  taken.add(plain);
  if (gateway === undefined) return;
  const router = numberOf(gateway);
  if (router <= first || router >= last) {
    const message = `gateway: ${gateway} is not the address of a host in the network of ${address}`;
    reader.at(`${at}.gateway`, message, `gateway: ${addressOf(own === first + 1 ? first + 2 : first + 1)}`);
  } else if (router === own) reader.at(`${at}.gateway`, `gateway: ${gateway} is the VM's own address`);
}
