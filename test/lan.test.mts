// A network card in the LAN: what the config accepts, which interfaces are refused before anything
// boots, and when a VM is restarted for it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { up } from "../lib/cli/commands/up.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { interfacesOf } from "../lib/host/interfaces.mts";
import { lanIn, lanMac } from "../lib/host/lan.mts";
import type { LabMachine } from "../lib/host/lab.mts";
import type { Forwarding } from "../lib/host/types.mts";
import { names as assets } from "../lib/plan/assets.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { own } from "./fake.mts";
import { savedHost } from "./hosts.mts";
import { World } from "./world.mts";

const test = suite("network.lan");
const host = savedHost("vm-without-gpu");
const texts = Object.fromEntries(assets.map((name) => [name, own(name)]));
const machine = (keys: string, name = "a") => `{name: ${name}, box: lab/x, memory: 1024, cpus: 2, ${keys}}`;
const read = (network: string) => parseConfig(`machines: [${machine(`network: ${network}`)}]`).machines[0]!.network;
const wrong = (...networks: string[]) => {
  try {
    parseConfig(`machines: [${networks.map((one, i) => machine(`network: ${one}`, `a${i}`)).join(", ")}]`);
    return "";
  } catch (error) {
    return (error as Error).message.replace(/\s+/g, " ");
  }
};

test("an interface, a fixed address, a router", () => {
  assert.equal(read("{lan: br0}"), { lan: "br0" });
  const all = { lan: "enp3s0.20", address: "192.168.1.50/24", gateway: "192.168.1.1" };
  assert.equal(read(JSON.stringify(all)), all);
});

test("addresses and settings that cannot be are errors with what to write", () => {
  const at = (address: string, gateway = "") =>
    wrong(`{lan: br0, address: ${address}${gateway ? `, gateway: ${gateway}` : ""}}`);
  for (const good of ["192.168.1.50/24", "10.0.0.1/8", "172.16.0.5/30", "192.168.1.0/16"]) {
    assert.is(at(good), "", good);
  }
  for (
    const [address, says] of [
      ["192.168.1.50", /address must be an IPv4 address with the length/],
      ["192.168.1.500/24", /address must be an IPv4 address/],
      ["192.168.01.5/24", /address must be an IPv4 address/],
      ["192.168.1.50/33", /length of its network \(8 to 30\)/],
      ["192.168.1.50/31", /length of its network \(8 to 30\)/],
      ["192.168.1.0/24", /means the network itself/],
      ["192.168.1.255/24", /means all hosts/],
    ] as const
  ) assert.match(at(address), says, address);
  assert.is(at("192.168.1.50/24", "192.168.1.1"), "");
  assert.match(at("192.168.1.50/24", "192.168.2.1"), /gateway: 192\.168\.2\.1 is not the address of a host/);
  assert.match(at("192.168.1.50/24", "192.168.1.50"), /is the VM's own address/);
  assert.match(at("192.168.1.50/24", "192.168.1.999"), /gateway must be an IPv4 address/);
  assert.match(wrong("{lan: br0, gateway: 192.168.1.1}"), /gateway: needs address:/);
  assert.match(wrong("{address: 192.168.1.50/24}"), /address: needs lan:/);
  assert.match(wrong("{lan: br0, switch: External}"), /switch: is for Hyper-V and lan: for libvirt/);
  assert.match(wrong('{lan: "a name too long"}'), /lan must be the name of a bridge or of a wired interface/);
  // a value that is wrong is there
  assert.not.match(wrong('{lan: "eth0:1", address: 192.168.1.50/24}'), /needs/);
  assert.not.match(wrong("{lan: br0, address: 192.168.1.50, gateway: 192.168.1.1}"), /needs/);
  const same = "{lan: br0, address: 192.168.1.50/24}";
  assert.match(wrong(same, same), /two machines have the address 192\.168\.1\.50/);
});

test("the MAC address belongs to the domain's name, is one of a single card, and is local", () => {
  const mac = lanMac("lab-123456_a");
  assert.match(mac, /^52:54:00(:[0-9a-f]{2}){3}$/);
  assert.is(lanMac("lab-123456_a"), mac);
  assert.is.not(lanMac("lab-123456_b"), mac);
});

test("the card in the LAN is ours, not another card of the domain", () => {
  const card = (source: string, alias: string) =>
    `<interface type='x'>\n<mac address='52:54:00:01:02:03'/>\n${source}\n<target dev='vnet3'/>\n` +
    `<alias name='${alias}'/>\n</interface>`;
  const nat = card("<source network='vagrant-libvirt'/>", "ua-net-0");
  assert.is(lanIn(`${nat}${card("<source bridge='br0'/>", "ua-homelab-gpu-lan")}`), "br0 52:54:00:01:02:03");
  assert.is(
    lanIn(`${nat}${card("<source dev='eno1' mode='bridge'/>", "ua-homelab-gpu-lan")}`),
    "eno1 52:54:00:01:02:03",
  );
  assert.is(lanIn(nat + card("<source bridge='br1'/>", "mine")), undefined);
});

const here = `interface br0 bridge up -
interface eno1 wired up br0
interface eno2 wired up -
interface eno3 wired down -
interface docker0 bridge down -
interface virbr0 bridge up -
interface lo other unknown -
interface wlp3s0 wireless up -
inet br0 192.168.1.10/24
inet eno2 10.0.0.2/8
addresses
end
`;
function judged(network: string, text = here, { more = {}, provider = "libvirt", folder = true } = {}) {
  const config = resolveConfig(
    parseConfig(`machines: [${machine(`provider: ${provider}, network: ${network}`)}]`),
    host,
  );
  const interfaces = interfacesOf(text);
  const seen = {
    ...config,
    ...(folder ? { folder: "/home/me/lab/.homelab-gpu" } : {}),
    ...(interfaces && { interfaces }),
  };
  return runChecks({ ...host, ...more }, seen, ["network.lan"])
    .map(({ status, message, fix }) =>
      [status, message, ...fix.map(({ title, command }) => command ? `${title}: ${command}` : title)].join(" | ")
    );
}

test("network.lan: a bridge, and a wired interface, whose VM this host cannot reach there", () => {
  assert.match(
    judged("{lan: br0}").join(),
    /^pass \| it gets an address by DHCP in the network of br0, with the MAC address 52:54:00:\S+$/,
  );
  assert.match(
    judged("{lan: eno2, address: 10.0.0.50/8}").join(),
    /^pass \| it gets 10\.0\.0\.50 in the network of eno2, .*: this host itself reaches the VM only by its NAT address \(macvtap\)$/,
  );
  assert.equal(judged("{}"), []);
});

test("network.lan: what cannot carry a VM is refused, with what can", () => {
  assert.match(judged("{lan: br9}").join(), /^fail \| there is no interface br9 .*\| Write lan: br0, eno2 or eno3/);
  assert.match(judged("{lan: wlp3s0}").join(), /^fail \| wlp3s0 is wireless: .*\| Write lan: br0/);
  assert.match(judged("{lan: eno1}").join(), /^fail \| eno1 is part of br0, .*\| Write lan: br0$/);
  assert.match(judged("{lan: lo}").join(), /^fail \| lo is not an Ethernet interface/);
  for (const name of ["virbr0", "docker0"]) {
    assert.match(judged(`{lan: ${name}}`).join(), /^fail .* the bridge of a network inside this host/, name);
  }
  const bare = "interface wlan0 wireless up -\nend\n";
  assert.match(judged("{lan: wlan0}", bare).join(), /^fail .*\| Connect this host by cable, or remove network:/);
});

test("network.lan: a bridge is never made unasked, and over SSH the console is advised", () => {
  const nmcli = here.replace("end", "networkmanager\nend");
  const local = judged("{lan: br9}", nmcli).join();
  assert.match(
    local,
    /Or make a bridge of eno2, .*nmcli connection add type bridge ifname br0 .*ifname eno2 master br0/,
  );
  assert.not.match(local, /SSH/);
  for (const text of [nmcli, here]) {
    const remote = judged("{lan: br9}", text.replace("end", "ssh\nend")).join();
    assert.match(remote, /Do it at the console: your SSH session ends if this goes wrong/);
  }
  assert.match(judged("{lan: br9}").join(), /a bridge of eno2, .* in its network configuration/);
});

test("network.lan: a name as ip link shows a VLAN, a bond, and interfaces of software", () => {
  const more = here.replace(
    "inet br0",
    "interface eno2.20 wired up -\ninterface bond0 wired up -\ninterface eno4 wired up bond0\n" +
      "interface team0 virtual up -\ninet br0",
  );
  assert.match(
    judged("{lan: eno2.20@eno2}", more).join(),
    /^fail \| there is no interface \S+ .*\| Write lan: eno2\.20$/,
  );
  for (const name of ["eno2.20", "bond0"]) assert.match(judged(`{lan: ${name}}`, more).join(), /^pass/, name);
  assert.match(judged("{lan: eno4}", more).join(), /^fail \| eno4 is part of bond0.*\| Write lan: bond0$/);
  assert.match(judged("{lan: team0}", more).join(), /^unknown \| it gets .* with the MAC address .*could not be read$/);
});

test("network.lan: an address outside the interface's network, and one of this host", () => {
  assert.match(
    judged("{lan: br0, address: 192.168.2.50/24}").join(),
    /^fail \| address: 192\.168\.2\.50\/24 is not in the network of br0 \(192\.168\.1\.10\/24\)/,
  );
  assert.match(
    judged("{lan: br0, address: 192.168.1.10/24}").join(),
    /^fail \| 192\.168\.1\.10 is the address of this host/,
  );
  assert.match(judged("{lan: eno3, address: 192.168.2.50/24}").join(), /^warn \| eno3 has no link/);
  const unread = here.replace("addresses\n", "").replace(/^inet .*\n/gm, "");
  assert.match(judged("{lan: br0, address: 192.168.2.50/24}", unread).join(), /^pass/, "addresses were not read");
  // of a link between two hosts, ip prints no length, or 32
  for (const own of ["192.168.1.10", "192.168.1.10/32", "192.168.1.10/31"]) {
    const alone = here.replace("192.168.1.10/24", own);
    assert.match(judged("{lan: br0, address: 192.168.2.50/24}", alone).join(), /^pass/, own);
    assert.match(judged("{lan: br0, address: 192.168.1.10/24}", alone).join(), /is the address of this host/, own);
  }
});

test("network.lan: iptables that filters the bridge and drops, as with Docker", () => {
  const filtered = here.replace("end", "filter 1\nend");
  const docker = { forwarding: { docker: true } };
  const both = judged("{lan: br0}", filtered, { more: docker });
  assert.match(both[0]!, /^warn \| this host's firewall filters the bridge br0.*iptables -I FORWARD -i br0 -o br0/);
  assert.match(both[1]!, /^pass/);
  assert.match(judged("{lan: br0}", here.replace("end", "filter 0\nend"), { more: docker }).join(), /^pass/);
  assert.match(judged("{lan: eno2}", filtered, { more: docker }).join(), /^pass/, "macvtap passes no bridge");
  const of = (forwarding: Forwarding) => judged("{lan: br0}", filtered, { more: { forwarding } })[0]!;
  assert.match(of({ docker: false, chains: [] }), /^pass/);
  const chain = { table: "filter", drops: true, passesGuests: true };
  assert.match(of({ docker: false, chains: [{ family: "ip", ...chain }] }), /^warn/);
  assert.match(of({ docker: false, chains: [{ family: "ip6", ...chain }] }), /^pass/, "frames of IPv6 only");
  assert.match(
    of({ docker: true, chains: [{ family: "ip", ...chain, drops: false }] }),
    /^pass/,
    "the rules that were read accept",
  );
  assert.match(of({ docker: false, ufw: "DROP" }), /^warn/);
  assert.match(of({ docker: false, ufw: "ACCEPT" }), /^pass/);
});

test("network.lan: other providers, and a host whose interfaces were not read", () => {
  assert.match(
    judged("{lan: br0}", here, { provider: "virtualbox" }).join(),
    /^fail \| lan: is available only with libvirt/,
  );
  assert.match(judged("{lan: br0}", here, { provider: "hyperv" }).join(), /Write network: \{switch: NAME\}/);
  assert.match(judged("{switch: External}").join(), /^fail \| network: \{switch: External\} is for Hyper-V/);
  assert.equal(judged("{switch: External}", here, { provider: "hyperv" }), []);
  assert.match(judged("{lan: br0}", "interface br0 bridge up -\n").join(), /^unknown/, "the answer is not whole");
});

function planned(keys: string, there: Partial<LabMachine> = {}) {
  const a: LabMachine = { domain: "lab-123456_a", state: "absent", ...there };
  const config = parseConfig(`machines: [${machine(keys)}]`);
  const resolved = resolveConfig(config, host, { a: { running: there.state === "running", passedAddresses: [] } });
  const state = { folder: "/lab", prefix: "lab-123456_", boxes: {}, orphans: {}, machines: { a } };
  return makePlan(resolved, host, state, texts);
}
const file = (plan: ReturnType<typeof planned>, path: string) => plan.files.find((one) => one.path === path)?.text;
const titles = (plan: ReturnType<typeof planned>) =>
  plan.steps.map(({ title }) => title).filter((title) =>
    /Create|Start the VM|Restart|Connect|Remove the net/.test(title)
  );
const mac = lanMac("lab-123456_a");
const lan = "network: {lan: br0, address: 192.168.1.50/24, gateway: 192.168.1.1}";

test("a new VM gets its card by the Vagrantfile, and its address before its services start", () => {
  const plan = planned(lan);
  assert.match(file(plan, "Vagrantfile")!, /^require_relative "libvirt_devices"$/m);
  assert.match(file(plan, "Vagrantfile")!, new RegExp(`^ +l\\.connect_lan 'br0', '${mac}'$`, "m"));
  assert.equal(titles(plan), ["Create the VM a", "Connect a to br0"]);
  const at = plan.steps.findIndex(({ input }) => input === "scripts/set-lan.sh");
  assert.is(plan.steps[at]!.command.at(-1), `sudo sh -s -- ${mac} 192.168.1.50/24 192.168.1.1`);
  assert.ok(at < plan.steps.findIndex(({ input }) => input === "scripts/verify-guest.sh"));
  assert.ok(file(plan, "scripts/set-lan.sh"));
  assert.is(file(plan, "scripts/mount-folders.sh"), undefined);
  for (const keys of ["autostart: false", `provider: virtualbox, ${lan}`]) {
    const without = planned(keys);
    assert.not.match(file(without, "Vagrantfile")!, /connect_lan|libvirt_devices/);
    assert.not.match(titles(without).join(), /Connect/);
  }
});

const hardware = { accelerator: "tcg" as const, assignedFunctions: [] };
const running: Partial<LabMachine> = {
  ...{ state: "running", address: "192.168.121.5", bootId: "b/1", cpus: 2, memory: 1024 },
};

test("a VM is restarted for another network, and left alone with this one", () => {
  const restart = "Restart the VM a with another network";
  assert.equal(titles(planned(lan, { ...running, hardware })), [restart, "Connect a to br0"]);
  assert.equal(titles(planned(lan, { ...running, hardware: { ...hardware, lan: `eno1 ${mac}` } })), [
    restart,
    "Connect a to br0",
  ]);
  assert.equal(titles(planned(lan, { ...running, hardware: { ...hardware, lan: `br0 ${mac}` } })), [
    "Connect a to br0",
  ]);
  const had = planned("autostart: false", { ...running, hardware: { ...hardware, lan: `br0 ${mac}` } });
  assert.equal(titles(had), [restart, "Remove the network card in the LAN from a"]);
  assert.match(file(had, "Vagrantfile")!, /libvirt_devices/, "its card is removed at the start");
});

test("up connects a VM, does nothing in an unchanged lab, and sets another address without a restart", async () => {
  const config = (network: string) => `machines: [{name: a, box: lab/x, memory: 1024${network}}]\n`;
  const world = new World(config(", network: {lan: br0}"), "vm-without-gpu");
  world.answers["sh -c for path in /sys"] = { out: here, code: 0 };
  const ran = async () => {
    world.output = [];
    assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
    return world.output.join("");
  };
  assert.match(await ran(), /Connect a to br0/);
  assert.match(await ran(), /nothing to do/);
  world.config = config(", network: {lan: br0, address: 192.168.1.50/24}");
  const fixed = await ran();
  assert.match(fixed, /Connect a to br0/);
  assert.not.match(fixed, /Restart/);
  assert.match(await ran(), /nothing to do/);
  world.config = config("");
  assert.match(await ran(), /Restart the VM a with another network[^]*Remove the network card in the LAN from a/);
  assert.match(await ran(), /nothing to do/);
});

test.run();
