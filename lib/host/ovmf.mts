import type { Host } from "./types.mts";

/**
 * A pair of UEFI images: code that guests share, and a template of variables that is copied for
 * each guest.
 */
export interface Firmware {
  code: string;
  variables: string;
}

/**
 * The UEFI firmware for a guest with a GPU: OVMF without Secure Boot, which would refuse the
 * guest's driver. File names differ by distribution (Debian: OVMF_CODE_4M.fd, Fedora:
 * edk2/ovmf/OVMF_CODE.fd, Arch: edk2/x64/OVMF_CODE.4m.fd, openSUSE: qemu/ovmf-x86_64-code.bin,
 * NixOS: nix-ovmf/OVMF_CODE.fd, or QEMU's own edk2-x86_64-code.fd with the variables
 * edk2-i386-vars.fd).
 */
export function firmwareOf({ ovmf = [] }: Host): Firmware | undefined {
  const plain = ovmf.filter((path) => !/secboot|\.ms\.|snakeoil|-ms-|smm|-secure-/i.test(path));
  const pairs = plain.filter((path) => /CODE|-code/.test(path)).map((code) => ({
    code,
    variables: code.replace("CODE", "VARS").replace("edk2-x86_64-code", "edk2-i386-vars").replace("-code", "-vars"),
  }));
  const whole = pairs.filter(({ variables }) => plain.includes(variables));
  // the 4 MiB image is the current default and has room for the tables of large MMIO windows
  return whole.find(({ code }) => /4m/i.test(code)) ?? whole[0];
}
