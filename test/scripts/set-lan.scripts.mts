// The network card in the LAN of a guest: its file for systemd-networkd and the wait for an address, in a
// scratch tree; what asks and reloads the network is recorded.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("the network card in the LAN of a guest");

const mac = "52:54:00:01:02:03";
const file = "etc/systemd/network/05-homelab-gpu-lan.network";

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-lan-"));
  mkdirSync(join(context.folder, "etc"));
  card(context.folder, "ens5", "52:54:00:99:99:99");
  card(context.folder, "ens6", mac);
  // a VLAN has the address of its card
  card(context.folder, "ens6.20", mac, false);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function card(folder: string, name: string, address: string, device = true): void {
  const path = join(folder, "sys/class/net", name);
  mkdirSync(device ? join(path, "device") : path, { recursive: true });
  writeFileSync(join(path, "address"), `${address}\n`);
}

/** Runs the script. `has`: the lines of `ip -4 -o address show` from the first, second … question on. */
function setLan(folder: string, words: string[], has: string[] = [], networkd = true) {
  const log = join(folder, "log");
  writeFileSync(log, "");
  has.forEach((text, i) => writeFileSync(join(folder, `has${i + 1}`), text));
  const found = spawnSync("sh", [join(root, "scripts/set-lan.sh"), ...words], {
    env: {
      ...standIns(folder, {
        ip: `echo "ip $*" >>'${log}'
n=$(grep -c '^ip ' '${log}')
while [ "$n" -gt 0 ] && [ ! -e '${folder}/has'"$n" ]; do n=$((n - 1)); done
[ "$n" = 0 ] || cat '${folder}/has'"$n"`,
        systemctl: networkd ? "exit 0" : "exit 3",
        networkctl: `echo "networkctl $*" >>'${log}'`,
        sleep: ":",
      }),
      ...{ LAN_ROOT: folder, LAN_WAIT: "3" },
    },
    encoding: "utf8",
  });
  const path = join(folder, file);
  return {
    ...found,
    log: readFileSync(log, "utf8").trim().split("\n").filter((line) => line.startsWith("networkctl")),
    text: existsSync(path) ? readFileSync(path, "utf8") : undefined,
  };
}
const line = (address: string) =>
  `3: ens6    inet ${address} brd 192.168.1.255 scope global ens6\\       valid_lft forever\n`;

test("by DHCP: the card is named by its address, its router is preferred, and it delays no boot", ({ folder }) => {
  const { status, stdout, stderr, text, log } = setLan(folder, [mac], ["", line("192.168.1.77/24")]);
  assert.is(status, 0, stderr);
  assert.is(
    text,
    `[Match]\nMACAddress=${mac}\n\n[Link]\nRequiredForOnline=no\n\n[Network]\nDHCP=ipv4\n\n` +
      "[DHCPv4]\nClientIdentifier=mac\nRouteMetric=512\n",
  );
  assert.equal(log, ["networkctl reload", "networkctl reconfigure ens6"]);
  assert.is(stdout, "192.168.1.77\n");
  assert.is(readFileSync(join(folder, "etc/homelab-gpu-lan"), "utf8"), `${mac}\n`);
  const again = setLan(folder, [mac], [line("192.168.1.77/24")]);
  assert.equal([again.status, again.stdout, again.log], [0, "192.168.1.77\n", []], "a second run changes nothing");
});

test("a fixed address: an earlier one by DHCP is not taken for it; another one replaces it", ({ folder }) => {
  const lines = ["", line("192.168.1.77/24"), line("192.168.1.50/24")];
  const { status, stdout, stderr, text } = setLan(folder, [mac, "192.168.1.50/24", "192.168.1.1"], lines);
  assert.equal([status, stdout], [0, "192.168.1.50\n"], stderr);
  assert.match(text!, /\[Network\]\nDHCP=no\nConfigureWithoutCarrier=yes\nAddress=192\.168\.1\.50\/24\n/);
  assert.match(text!, /\[Route\]\nGateway=192\.168\.1\.1\nMetric=512\n$/);
  const other = setLan(folder, [mac, "192.168.1.51/24"], [line("192.168.1.51/24")]);
  assert.is(other.status, 0, other.stderr);
  assert.not.match(other.text!, /192\.168\.1\.50|Gateway/);
  assert.equal(other.log, ["networkctl reload", "networkctl reconfigure ens6"]);
});

test("a run that was interrupted before the reload: the next one reloads", ({ folder }) => {
  assert.is(setLan(folder, [mac, "192.168.1.50/24"], [line("192.168.1.50/24")]).status, 0);
  const next = setLan(folder, [mac, "192.168.1.50/24"], ["", line("192.168.1.50/24")]);
  assert.equal([next.status, next.log], [0, ["networkctl reload", "networkctl reconfigure ens6"]], next.stderr);
});

test("no address, and no such card, are errors", ({ folder }) => {
  const none = setLan(folder, [mac], [""]);
  assert.is(none.status, 1);
  assert.match(none.stderr, /ens6 \(52:54:00:01:02:03\) has no address in the LAN after 3 s: is there a DHCP server/);
  const missing = setLan(folder, ["52:54:00:0a:0b:0c"]);
  assert.is(missing.status, 1);
  assert.match(missing.stderr, /no network card 52:54:00:0a:0b:0c/);
});

test("a guest without systemd-networkd: its own DHCP is waited for, a fixed address is refused", ({ folder }) => {
  const own = setLan(folder, [mac], [line("192.168.1.77/24")], false);
  assert.equal([own.status, own.text, own.log], [0, undefined, []], own.stderr);
  const fixed = setLan(folder, [mac, "192.168.1.50/24"], [], false);
  assert.is(fixed.status, 1);
  assert.match(fixed.stderr, /not configured by systemd-networkd: remove address:/);
});

test("without a card its file and its record are removed", ({ folder }) => {
  assert.is(setLan(folder, [mac], [line("192.168.1.77/24")]).status, 0);
  const { status, text, log } = setLan(folder, []);
  assert.equal([status, text, log], [0, undefined, ["networkctl reload"]]);
  assert.not.ok(existsSync(join(folder, "etc/homelab-gpu-lan")));
  assert.equal(setLan(folder, []).log, [], "a second run changes nothing");
});

test.run();
