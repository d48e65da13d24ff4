/** Who may use KVM on the host. */

/**
 * Whether libvirt's VMs may use /dev/kvm. Distributions run them as a user (libvirt-qemu, qemu) in
 * the group kvm. `mode`: permissions and group, such as `660 kvm`.
 */
export function kvmOpenToVms(mode: string | undefined): boolean | undefined {
  const [, group, others, name] = /^\d*\d(\d)(\d) (\S+)$/.exec(mode ?? "") ?? [];
  if (name === undefined) return undefined;
  return Number(others) >= 6 || Number(group) >= 6 && name === "kvm";
}
