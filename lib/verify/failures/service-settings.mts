import type { Failure } from "./types.mts";
import { guestFix } from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { rows } from "./rows.mts";
import { serviceWords } from "./script-lines.mts";

const compare = "Compare .env and environment: with the example of the same release (.env.example), and create the " +
  "container again (docker compose up -d)";
const effective = guestFix("See what the service gets", "docker compose config");

/** Settings that a service needs or does not take, as the program in its container says at the start. */
export const serviceSettingFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    source: "pydantic-settings; plastic-labs/honcho#553 (2026-04), fief-dev/fief#316 (2024-01), " +
      "bitnami/containers#70553 (2024-08), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /validation errors? for \w{0,40}(?:Settings|EnvVars)\b/,
        /\d{1,3} validation errors? for [A-Z]\w{1,40} [A-Za-z]\w{2,60} {1,4}Field required/,
        /ERROR ==> The [A-Z]\w{2,60} environment variable is empty or not set/,
        /ERROR {1,4}==> The [A-Z]\w{2,60} environment variable must be set/,
      ),
      "the program misses a setting, or does not take its value: the lines below name it, most often as the " +
      "environment variable of that name in capitals",
      compare,
      effective,
    ],
  ]),
  ...rows({
    layer: "docker",
    near: serviceWords,
    shared: true,
    source: "Zod, envalid, viper, python-decouple; mmartial/ComfyUI-Nvidia-Docker#73 (2025-09), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      anyOf(
        /environment variables? ['"`]?[A-Z]\w{1,40}_\w{1,40}['"`]? (?:is|are|was|must be) (?:not set|not defined|required|missing|empty|unset|set)\b/,
        /['"`]?[A-Z]\w{1,40}_\w{1,40}['"`]? (?:environment|env) variable (?:is |was )?(?:not set|not defined|required|missing|empty)/,
        /(?:missing|required|undefined) (?:required )?(?:environment|env) variables?:? ['"`[]?[A-Z]/,
        /Invalid environment variables/,
        /errors\.pydantic\.dev\/[\d.]{1,6}\/v\/missing/,
      ),
      "the program needs an environment variable that is not set, or that has a value it does not take; that line or " +
      "the next names it",
      compare,
      effective,
    ],
    [
      "verify.service",
      "cause",
      /owned by unexpected user\/group, expected \d{1,10}:\d{1,10}, actual/,
      "a mounted folder belongs to another user than the one that the service runs as; the line names both",
      guestFix("See the owner of the folder, as numbers", "ls -ln FOLDER"),
      "Give it to the expected one: chown -R UID:GID FOLDER. Rootless Podman: podman unshare chown, or " +
      "userns_mode: keep-id",
    ],
  ]),
];
