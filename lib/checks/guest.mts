import type { Check, Host, Verdict } from "../types.mts";
import { firmwareOf } from "../firmware.mts";
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
