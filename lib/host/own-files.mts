/** The paths of the files that `prepare` may write on a host, in this order. */
export const ownPaths = {
  modprobe: "/etc/modprobe.d/homelab-gpu.conf",
  load: "/etc/modules-load.d/homelab-gpu.conf",
  rules: "/etc/udev/rules.d/70-homelab-gpu.rules",
  initramfsTools: "/etc/initramfs-tools/hooks/homelab-gpu",
  dracut: "/etc/dracut.conf.d/homelab-gpu.conf",
  mkinitcpio: "/etc/mkinitcpio.conf.d/homelab-gpu.conf",
  /**
   * Debian's grub-mkconfig reads the files of this folder in the order of their names; zz makes
   * this file the last one.
   */
  grub: "/etc/default/grub.d/zz-homelab-gpu.cfg",
};

/** All files that `prepare` may have written. */
export const ownFiles: string[] = Object.values(ownPaths);
