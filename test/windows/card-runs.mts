/** Runs of hyperv_gpu.ps1 for the machine `a` on a simulated Windows, and what is left after them. */
import { card, device, host, id, vm } from "./hosts.mts";
import type { Result, Run } from "./windows.mts";

const script = "templates/hyperv_gpu.ps1";

/** What `up` runs before the VM starts: the whole card goes to the VM. */
export const give = (more: Partial<Run> = {}, words: Record<string, string | number> = {}): Run => ({
  script,
  words: {
    Action: "give",
    Mode: "passthrough",
    Id: id,
    Vendor: "10de",
    Device: "2786",
    Record: "cards/a.txt",
    ...words,
  },
  ...more,
});
/** The same for a partition of the card. */
export const partitioned = (words: Record<string, string | number> = {}) => give({}, { Mode: "partition", ...words });
/** What `destroy` runs for a machine with its VM. */
export const back = (more: Partial<Run> = {}, words: Record<string, string> = {}): Run => ({
  script,
  words: { Action: "back", Id: id, Record: "cards/a.txt", ...words },
  ...more,
});
/** What `up` and `destroy` run for a machine without a VM: only the card's record is known. */
export const returned = (more: Partial<Run> = {}): Run => ({
  script,
  words: { Action: "back", Record: "cards/a.txt" },
  ...more,
});

/** The owner of a card: `host` only if Windows has started it. */
export function owner({ state }: Result): string {
  const [{ enabled, dismounted }] = state.devices;
  const assigned = state.vms.find((one: { assigned: string[] }) => one.assigned.includes(card));
  if (assigned) return dismounted ? `VM ${assigned.Name}` : "both";
  return dismounted ? "nobody" : enabled ? "host" : "host, disabled";
}
/** Whether the card that was taken from the host is written down. */
export const record = ({ files }: Result) => files.some(({ path }) => path === "cards/a.txt");
/** The changes of a run, as short names. */
export const names = ({ log }: Result) =>
  log.map((line) => line.split(" ")[0]!.replace("HostAssignableDevice", "").replace("-VM", "-"));

/** A Windows whose VM has the card, as the first `up` leaves it. */
export const passed = (windows: 2016 | 2019 | 2022 | 2025 = 2022, more: Record<string, unknown> = {}) =>
  host(windows, {
    vms: [
      vm({
        assigned: [card],
        SecureBoot: "Off",
        AutomaticStopAction: "TurnOff",
        GuestControlledCacheTypes: true,
        LowMemoryMappedIoSpace: 3 * 1024 ** 3,
        HighMemoryMappedIoSpace: 33280 * 1024 ** 2,
      }),
    ],
    devices: [device({ enabled: false, dismounted: true })],
    ...more,
  });
