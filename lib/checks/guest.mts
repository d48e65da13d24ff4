import type { Check, Host, Verdict } from "../types.mts";
import { installs, tools } from "../tools.mts";

export const guestChecks: Check[] = [
  {
    id: "guest.firmware",
    about: "whether there is UEFI firmware for a guest with a GPU",
    why:
      "graphics cards expect UEFI, and only it makes room for large ones; with Secure Boot it refuses drivers built in the guest",
    confirm: "npx zx homelab-gpu.mts doctor guest.firmware",
    look: (host, { machines }) =>
      machines.filter(({ gpus, provider }) => gpus.length > 0 && provider === "libvirt").map(({ name }) => ({
        machine: name,
        ...firmware(host),
      })),
  },
];

/** A pair of UEFI images: code that guests share, and a template of variables that each gets its own copy of. */
export interface Firmware {
  code: string;
  variables: string;
}

/**
 * The UEFI firmware for a guest with a GPU: OVMF without Secure Boot, which would refuse the guest's driver. Names differ by distribution
 * (Debian: OVMF_CODE_4M.fd, Fedora: edk2/ovmf/OVMF_CODE.fd, Arch: edk2/x64/OVMF_CODE.4m.fd, openSUSE: qemu/ovmf-x86_64-code.bin).
 */
export function firmwareOf({ ovmf }: Host): Firmware | undefined {
  const plain = ovmf.filter((path) => !/secboot|\.ms\.|snakeoil|-ms-|smm/i.test(path));
  const pairs = plain.filter((path) => /CODE|-code/.test(path)).map((code) => ({
    code,
    variables: code.replace("CODE", "VARS").replace("-code", "-vars"),
  }));
  const whole = pairs.filter(({ variables }) => plain.includes(variables));
  // the larger one is today's default, and has room for the tables of large windows
  return whole.find(({ code }) => /4m/i.test(code)) ?? whole[0];
}

function firmware(host: Host): Verdict {
  const found = firmwareOf(host);
  const evidence = [{
    read: "OVMF images",
    value: found ? `${found.code}, ${found.variables}` : host.ovmf.join(" ") || "none",
  }];
  if (found) return { status: "pass", says: `OVMF without Secure Boot: ${found.code}`, evidence };
  return {
    status: "fail",
    says: host.ovmf.length > 0
      ? "only firmware with Secure Boot was found, which refuses the guest's GPU driver"
      : "no UEFI firmware (OVMF) on this host, which a guest with a GPU needs",
    evidence,
    fix: host.ovmf.length > 0
      ? [{
        say: "Bring an OVMF that was built without Secure Boot: Debian's, Fedora's and Arch's packages have one",
        run: null,
        root: true,
        reboot: false,
        safe: false,
      }]
      : installs([tools.ovmf!], host),
  };
}
