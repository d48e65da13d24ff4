import process from "node:process";
import { homeDir } from "../text.mts";

/** The paths at which a config is looked for, without `--config`: in the current folder, then the user's own. */
export const configPaths = (): string[] => [
  "homelab-gpu.yaml",
  `${process.env.XDG_CONFIG_HOME || `${homeDir()}/.config`}/homelab-gpu/config.yaml`,
];
