/** Who wrote a line of a log of several programs: a program of the journal, or a service of Compose. */
import { anyOf } from "../../text.mts";

/** The journal's prefix; the group is the program. */
const ofJournal =
  /^["> ]{0,4}(?:(?:[^\s\d]{2,9}|\d{1,2}[\u6708\uc6d4]) [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT[\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d)?) [\w.-]{1,64} ([\w@.\/-]{1,60}?)(?:\[\d{1,8}\])?: ?/;
/** Compose's prefix; the group is the service. */
const ofCompose = /^["> ]{0,5}(?!\d+ )([\w.@-]{1,90}?) {1,30}\| /;

/** The program or service that a line names as its writer. */
export function speakerOf(line: string): string | undefined {
  const head = line.slice(0, 200);
  return (ofJournal.exec(head) ?? ofCompose.exec(head))?.[1];
}

/** Programs of a desktop and small services of a host, which write about neither VMs, containers nor cards. */
const others = anyOf(
  /^(?:\w{1,20}-)?(?:gnome|gdm|gsd|goa|gvfsd?|kde|kded\d?|plasma\w{0,10}|kwin\w{0,10}|sddm|xfce\d?|xdg|dbus|at-spi\w{0,12}|ibus\w{0,12}|evolution|tracker|bamf\w{0,8}|pulseaudio|pipewire\w{0,8}|wireplumber|cups\w{0,8}|avahi\w{0,8}|bluetooth\w{0,4}|blue(?:man|z)\w{0,8}|geoclue|colord|fwupd\w{0,6}|upowerd?|rtkit\w{0,8}|accounts|polkit\w{0,4}|snap\w{0,4}|flatpak|tlp|thermald|autorandr|whoopsie|apport\w{0,6}|ModemManager|wpa_supplicant|iwd|NetworkManager|ntpd|chronyd?|cron|CRON|anacron|postfix|smartd|nut|upsd|upsmon|rngd|irqbalance)\b/,
  /\.desktop$|^(?:google-)?(?:chrome|chromium|firefox|thunderbird|slack|discord|spotify|steam|code|teams|zoom|signal|telegram)\b/,
);
/** Returns whether a program that the catalogue has no entries about wrote a line of a journal. */
export const isOther = (line: string): boolean => others.test(ofJournal.exec(line.slice(0, 200))?.[1] ?? "");

/** Programs that write about the others of a host: the kernel, the service manager, engines, hypervisors. */
const central =
  /^(?:kernel|systemd|audit|sudo|libvirt|virt|qemu|kvm|docker|containerd|podman|conmon|netavark|nvidia|dnsmasq|pve|qm|lx[cd]|incus|k[38]s|k0s|kubelet)/;
/** Returns whether a line of one program can be the context of a line of another one. Undefined: it names none. */
export const mayRelate = (one: string | undefined, other: string | undefined): boolean =>
  one === undefined || other === undefined || one === other || central.test(one);

/**
 * Lines that have a failure's words and report none. The kernel 6.12 (vgaarb, DMAR, i915, cfg80211), systemd 257
 * (conditions), kubelet, Packer and its QEMU plugin (commands, locks of ports), Vagrant 2.4 (boxes before they are
 * added), VirtualBox 7 (a VM that is about to start or end), read 2026-11.
 */
const remarks = anyOf(
  /vgaarb ?: ?changed VGA decodes|system memory bandwidth|missing HDR static metadata|x2apic is disabled because BIOS sets/i,
  /regulatory\.db|skipped because of (?:a failed|an unmet|no trigger)|trigger condition checks|Correctable Errors collector/,
  /GPU metrics will not be available|Executing \S{1,80}: ?\[\]string\{|failed to unlock port lockfile/,
  /WARN vagrantfile ?: ?|component SessionMachine, ?/,
);
/** Returns whether a line reports no failure, whatever its words are. */
export const isRemark = (line: string): boolean => remarks.test(line.slice(0, 400));
