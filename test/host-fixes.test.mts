// Fixes of explain for the host that wrote a log.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandFix } from "../lib/fixes.mts";
import { forHost } from "../lib/verify/failures/host-fixes.mts";
import { likelyCauses } from "../lib/verify/failures/index.mts";
import { savedHost } from "./hosts.mts";
import { texts } from "./logs.mts";

const test = suite("host fixes");

const some = texts.filter((_, i) => i % 9 === 0).map(([, text]) => text);
/** The commands of a host itself, not those in a VM, of the fixes for a log. */
const commandsFor = (text: string, host: string) =>
  likelyCauses(text, { host: savedHost(host) }).flatMap(({ fix }) => fix).map(({ command }) => command ?? "").filter((
    command,
  ) => !/ ssh .*-- /.test(command));

for (
  const [host, lacking] of [
    ["alpine-arc-without-tools", /^(?:systemctl|journalctl|apt-get|dnf|pacman|zypper|update-grub|update-initramfs) /],
    ["void-with-grub-libvirt-not-running", /^(?:systemctl|journalctl|apt-get|dnf|pacman|zypper) /],
    ["nixos-without-tools", /^(?:apt-get|dnf|pacman|zypper|update-grub|update-initramfs) /],
    ["silverblue-with-composefs", /^(?:apt-get|dnf|pacman|zypper) /],
    ["truenas-card-on-nouveau", /^(?:apt-get|dnf|pacman|zypper) /],
    ["arch-with-refind", /^(?:apt-get|dnf|zypper|update-grub|update-initramfs) /],
  ] as const
) {
  test(`names no program that ${host} lacks`, () => {
    for (
      const text of some.filter((text) =>
        !/\b(?:apt|dpkg|dnf|yum|rpm|pacman|zypper|initramfs)\b|(?:^|[ \t])[EWN]: /m.test(text)
      )
    ) {
      assert.equal(commandsFor(text, host).filter((command) => lacking.test(command)), [], text);
    }
  });
}

test("each cause keeps a fix on each host", () => {
  for (const text of some) {
    for (const host of ["alpine-arc-without-tools", "truenas-card-on-nouveau", "proxmox-rtx2080ti-four-functions"]) {
      for (const { fix, message } of likelyCauses(text, { host: savedHost(host) })) assert.ok(fix.length > 0, message);
    }
  }
});

test("a service is restarted by the host's own service manager", () => {
  const restart = [commandFix("Restart it", "systemctl restart libvirtd", { root: true })];
  const on = (host: string) => forHost(restart, savedHost(host), "").map(({ command }) => command);
  assert.equal(on("alpine-arc-without-tools"), ["rc-service libvirtd restart"]);
  assert.equal(on("slackware-without-tools-iommu-off"), [null]);
  assert.equal(on("arch-with-refind"), ["systemctl restart libvirtd"]);
});

test.run();
