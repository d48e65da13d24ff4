import type { Fix } from "../findings.mts";
import { commandFix, manualFix, remedies } from "../fixes.mts";
import { joinGroup } from "../host/nixos.mts";
import { startDaemon } from "../host/start-service.mts";
import type { Host } from "../host/types.mts";
import type { Windows } from "../host/windows-types.mts";
import { fail, pass, skip, unknown, warn } from "./results.mts";
import type { Verdict } from "./types.mts";

/** The verdict of provider.access about Hyper-V. `able`: whether the firmware has hardware virtualization on. */
export function hypervAccess(
  { hyperv, hypervisor, service, elevated, hypervPermission, vbs }: Windows,
  able: boolean | undefined,
): Verdict {
  const yesOrNo = (flag: boolean | undefined) => (flag === undefined ? "not read" : flag ? "yes" : "no");
  const evidence = [
    { read: "service vmms", value: service ?? "not read" },
    { read: "administrator", value: yesOrNo(elevated) },
    { read: "in the group Hyper-V Administrators", value: yesOrNo(hypervPermission) },
    { read: "virtualization-based security", value: yesOrNo(vbs) },
    ...(hypervisor === undefined ? [] : [{ read: "HypervisorPresent", value: yesOrNo(hypervisor) }]),
  ];
  if (hyperv === false) return skip("Hyper-V is not turned on", evidence);
  if (hypervisor === false) {
    return fail("Hyper-V is turned on, but its hypervisor does not run: no VM starts", evidence, [
      able === false
        ? remedies.virtualization
        : commandFix("Let the hypervisor start with Windows", "bcdedit /set hypervisorlaunchtype auto", {
          root: true,
          reboot: true,
        }),
    ]);
  }
  if (service !== undefined && service !== "Running") {
    const message = service === "missing" ? "Hyper-V has no service (vmms)" : `Hyper-V's service vmms is ${service}`;
    return fail(message, evidence, [commandFix("Start it", "Start-Service vmms", { root: true })]);
  }
  if (elevated === false && hypervPermission === false) {
    return fail("no permission to use Hyper-V", evidence, [
      manualFix("Run this in a PowerShell that was started as administrator"),
      commandFix(
        "Or join the group Hyper-V Administrators, then log in again",
        'Add-LocalGroupMember -SID S-1-5-32-578 -Member "$env:USERDOMAIN\\$env:USERNAME"',
        { root: true },
      ),
    ]);
  }
  if (service === undefined || (!elevated && !hypervPermission)) {
    return unknown("could not read whether this user may use Hyper-V", evidence);
  }
  return pass("Hyper-V runs, and this user may use it", evidence);
}

/** The verdicts of provider.access about VirtualBox on Linux; none where the probe did not read its module. */
export function virtualboxAccess(host: Host): Verdict[] {
  if (host.os.platform !== "linux" || host.virtualboxModule === undefined) return [];
  const evidence = [
    { read: "/sys/module/vboxdrv", value: host.virtualboxModule ? "loaded" : "not loaded" },
    ...(host.lockdown === undefined ? [] : [{ read: "/sys/kernel/security/lockdown", value: host.lockdown }]),
  ];
  if (host.virtualboxModule) return [pass("VirtualBox's kernel module is loaded", evidence)];
  return [
    // builds of VirtualBox for KVM need no module (cyberus-technology/virtualbox-kvm, read 2026-11-28)
    warn("VirtualBox's kernel module, vboxdrv, is not loaded: its VMs do not start without it", evidence, [
      ...(host.lockdown === undefined ? [] : [
        manualFix(
          `This kernel loads signed modules only (lockdown: ${host.lockdown}): sign VirtualBox's modules with a key ` +
            "that the firmware knows (mokutil --import), or turn off Secure Boot",
          { root: true, reboot: true },
        ),
      ]),
      commandFix("Load it; if it is missing, build it with /sbin/vboxconfig", "modprobe vboxdrv", { root: true }),
    ]),
  ];
}

/** Fixes for a daemon that runs and answers with an error. A restart ends no VM (libvirtd(8), virtqemud(8)). */
function restartDaemon(daemon: string, error: string, { systemd }: Host): Fix[] {
  const restart = `Restart ${daemon}, which ends no VM`;
  if (!systemd) return [manualFix(`${restart}, with this host's init system`, { root: true })];
  return [
    ...(/system bus|d-?bus/i.test(error)
      ? [commandFix(`Start D-Bus, which ${daemon} needs`, "systemctl start dbus", { root: true })]
      : []),
    commandFix(restart, `systemctl restart ${daemon}`, { root: true }),
    commandFix("If that does not help, read its log", `journalctl -b -e -u ${daemon}`, { root: true }),
  ];
}

/** The verdicts of provider.access about libvirt. */
export function libvirtAccess(host: Host): Verdict[] {
  const { libvirt, programs, systemd } = host;
  if (!programs || !libvirt) return [unknown("libvirt was not queried")];
  const daemon = "libvirtd" in programs ? "libvirtd" : "virtqemud" in programs ? "virtqemud" : undefined;
  if (!daemon) return [skip("libvirt is not installed")];
  const evidence = [{ read: "/run/libvirt/libvirt-sock", value: libvirt.socket ?? "not there" }];
  // the socket of a killed daemon remains, but nothing listens on it
  const deaf = /connection refused/i.test(libvirt.error ?? "");
  if (!libvirt.socket || deaf) {
    const run = daemon === "libvirtd"
      ? "systemctl start libvirtd"
      : "systemctl start virtqemud.socket virtnetworkd.socket virtstoraged.socket";
    return [
      fail(
        `${daemon} is not running`,
        [...evidence, ...(deaf ? [{ read: "virsh", value: libvirt.error! }] : [])],
        systemd ? [commandFix(`Start ${daemon}`, run, { root: true, safe: true })] : startDaemon(daemon, host),
      ),
    ];
  }
  // where polkit decides, all users can open the socket
  const refused = /^authentication (?:unavailable|failed|cancelled)/.test(libvirt.error ?? "");
  if (libvirt.access === false || refused) {
    return [
      fail(
        refused
          ? "no permission to use libvirt: polkit does not let this user in"
          : "no permission to use libvirt's socket",
        [
          refused ? { read: "virsh", value: libvirt.error! } : { read: libvirt.socket, value: "no permission" },
          { read: "groups", value: host.groups.join(" ") || "none of the needed groups" },
        ],
        [joinGroup("libvirt", host)],
      ),
    ];
  }
  if (libvirt.error) {
    const answer = [{ read: "virsh -c qemu:///system", value: libvirt.error }];
    return [fail(`libvirt does not answer: ${libvirt.error}`, answer, restartDaemon(daemon, libvirt.error, host))];
  }
  const verdicts: Verdict[] = [pass(`${daemon} answers`, evidence)];
  if (libvirt.networks.default === "inactive") {
    // vagrant-libvirt creates its own network, so this blocks nothing
    verdicts.push(
      warn("libvirt's default network is inactive", [{ read: "virsh net-list --all", value: "default inactive" }], [
        remedies.network,
      ]),
    );
  }
  if (libvirt.pools.default === "inactive") {
    // vagrant-libvirt 0.11.2 takes an inactive pool for a missing one, and fails to define it
    verdicts.push(
      fail("libvirt's storage pool default is inactive: no disk of a VM can be created", [
        { read: "virsh pool-list --all", value: "default inactive" },
      ], [remedies.pool]),
    );
  }
  return verdicts;
}
