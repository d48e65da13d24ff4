/** Who may use KVM on the host. */

/**
 * Whether libvirt's VMs may use /dev/kvm. Distributions run them as a user (libvirt-qemu, qemu) in
 * the group kvm. `mode`: permissions and group as stat prints them, such as `660 kvm`. Undefined if
 * they were not read, or if the group has no name here.
 */
export function kvmOpenToVms(mode: string | undefined): boolean | undefined {
  const [, octal, group] = /^([0-7]+) (\S+)$/.exec(mode ?? "") ?? [];
  if (octal === undefined) return undefined;
  const bits = parseInt(octal, 8);
  if ((bits & 0o006) === 0o006) return true;
  if ((bits & 0o060) !== 0o060) return false;
  return group === "UNKNOWN" ? undefined : group === "kvm";
}
