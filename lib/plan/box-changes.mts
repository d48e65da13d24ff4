/** What changed between two versions of a box, in words. */
import type { BoxInputs } from "../host/box-inputs.mts";

/** The settings of the install scripts, in words for users. Others are shown by their names. */
const titles: Record<string, string> = {
  NVIDIA_SOURCE: "driver source",
  NVIDIA_BRANCH: "driver branch",
  NVIDIA_MODULES: "driver modules",
  NVIDIA_DEFAULT_RUNTIME: "default runtime",
  NVIDIA_DRIVER_REPO: "driver repository",
  NVIDIA_DRIVER_KEY: "driver repository's key",
  NVIDIA_TOOLKIT_REPO: "toolkit repository",
  NVIDIA_TOOLKIT_KEY: "toolkit repository's key",
  DXGKRNL_SOURCE: "dxgkrnl source",
  DXGKRNL_SHA256: "dxgkrnl checksum",
  DOCKER_SOURCE: "Docker's source",
  DOCKER_REPO: "Docker's repository",
  DOCKER_KEY: "key of Docker's repository",
};

/**
 * The changes from the box that a VM was created from to the one that the config describes: `image
 * debian-12 → debian-13`, `driver branch 570 → 580`, `provision script my-setup.sh changed`. Never
 * empty.
 */
export function boxChanges(has: BoxInputs, wants: BoxInputs): string[] {
  const scripts = differences(has.scripts, wants.scripts).flatMap(({ name, before, after }) => {
    const own = /^provision: ([^]*)$/.exec(name)?.[1];
    // passwords of repositories are in a separate script
    const input = own !== undefined ? `provision script ${own}` : name === "passwords.sh" ? "passwords" : name;
    return [`${input} ${before === undefined ? "added" : after === undefined ? "removed" : "changed"}`];
  });
  const settings = differences(has.settings, wants.settings).filter(({ name }) => name !== "ENGINE").map(
    ({ name, before, after }) => `${titles[name] ?? name} ${before ?? "default"} → ${after ?? "default"}`,
  );
  const image = has.image === wants.image
    ? has.rest === wants.rest ? [] : ["the image or its build"]
    : [`image ${has.image} → ${wants.image}`];
  const engine = has.engine === wants.engine ? [] : [`engine ${has.engine} → ${wants.engine}`];
  const all = [...image, ...engine, ...settings, ...scripts];
  return all.length > 0 ? all : ["the order of its scripts"];
}

/**
 * What the config needs and the VM's box lacks, so that the services cannot run as the config
 * describes them. Undefined if nothing is known to be missing.
 */
export function missingInBox(has: BoxInputs, wants: BoxInputs): string | undefined {
  if (has.engine !== wants.engine) return "its engine";
  const driver = (inputs: BoxInputs) => Object.hasOwn(inputs.scripts, "install-nvidia.sh");
  return driver(wants) && !driver(has) ? "the NVIDIA driver in it" : undefined;
}

function differences(has: Record<string, string>, wants: Record<string, string>) {
  const names = [...new Set([...Object.keys(has), ...Object.keys(wants)])];
  const of = (map: Record<string, string>, name: string) => (Object.hasOwn(map, name) ? map[name] : undefined);
  return names.map((name) => ({ name, before: of(has, name), after: of(wants, name) }))
    .filter(({ before, after }) => before !== after);
}
