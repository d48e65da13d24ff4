import process from "node:process";
import { homeDir } from "../text.mts";

/** The name of a config in the current folder. */
export const defaultName = "homelab-gpu.yaml";

/** The paths at which a config is looked for, without `--config`: in the current folder, then the user's own. */
export const configPaths = (): string[] => [
  defaultName,
  `${process.env.XDG_CONFIG_HOME || `${homeDir()}/.config`}/homelab-gpu/config.yaml`,
];

/** Whether a path is that of an open file: `-`, `/dev/stdin`, `/dev/fd/63`, `/proc/self/fd/63`. */
export const isPipe = (path: string): boolean => /^-$|^\/dev\/(stdin$|fd\/)|^\/proc\/[^/]+\/fd\//.test(path);
