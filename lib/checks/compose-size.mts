/** Stacks whose folder is large: it is copied into the VM. */
import type { Project } from "../compose/project.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import { manualFix } from "../fixes.mts";
import { formatSize } from "../text.mts";

/** From this size on, copying a folder takes minutes and room on the VM's disk. */
const large = 1024 ** 3;

/** The warning about the folder of a stack that is larger than 1 GiB. */
export function sizeVerdicts({ name, path, size, sizes = [] }: Project, { provider }: ResolvedMachine): Verdict[] {
  if (size < large) return [];
  const most = sizes.filter((one) => one.size > size / 20).slice(0, 3);
  const [first] = most;
  return [{
    status: "warn",
    message: `${name}: ${formatSize(size)} are copied into the VM: ${
      most.map((one) => `${one.name} (${formatSize(one.size)})`).join(", ")
    }`,
    evidence: [{ read: path, value: formatSize(size) }],
    fix: [
      manualFix(
        `Write ${first?.name ?? "what the VM does not need"} into .dockerignore in ${path}${
          provider === "libvirt" ? ", and share what services mount with folders:" : ""
        }`,
      ),
    ],
  }];
}
