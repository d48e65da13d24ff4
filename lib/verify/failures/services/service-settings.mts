import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { serviceWords } from "./script-lines.mts";

/** Not behind a variable that is not set: the program goes on without it. */
const goesOn =
  "(?![^\\n]{0,40}(?:[,;] ?\\n[^\\n]{0,40})?\\b(?:us(?:ing|ed)|(?:the|a|to) default|defaulting|assum|anonymous|" +
  "offline|fall(?:ing|s)? back|ignor|skip|disabl|optional|consider|recommend))";
/** Not behind the level of a line, which a window can have wrapped, after which the program goes on. */
const warned =
  "(?<!(?:warn|warning|info|debug|notice)\\b[^\\n]{0,120}(?:\\b(?:the|an?|required|this|your|environment|env|" +
  "variables?)\\n[^\\n]{0,40})?)";
/** Not about a request to a web service or its answer. */
const noRequest = "(?<!Re(?:quest|sponse)ValidationError ?: ?\\d{1,3} )";
/** The name of an environment variable, which has an underscore, with or without quotes. */
const name = "['\"`]?[A-Z](?=\\w{0,40}_)\\w{3,80}['\"`]?";
/** One or more names. */
const names = `${name}(?:[, ][\\w'"\`, ]{1,160})?`;
const unset = "(?:not set|not defined|required|missing|empty|unset)";
/** Behind the level of an error, a name can be one word. */
const oneWord = "(?:error|fatal|critical)\\]?:? (?:the )?";
const compare = "Compare .env and environment: with the example of the same release (.env.example), and create the " +
  "container again (docker compose up -d)";
const effective = guestFix("Check what the service gets", "docker compose config");

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
      new RegExp(
        `${noRequest}validation errors? for \\w{0,40}(?:Settings|EnvVars) [\\w.]{2,60} {1,4}` +
          "Extra inputs are not permitted",
      ),
      "a file of settings (most often .env) has a variable that this program does not know: it is of another " +
      "program, misspelled, or of another release",
      "Remove it from that file, or start the program in a folder whose .env is its own; variables of other programs " +
      "belong into environment: of their service",
      compare,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        new RegExp(`${noRequest}validation errors? for \\w{0,40}(?:Settings|EnvVars)\\b`),
        /\d{1,3} validation errors? for \w{0,40}Config [A-Za-z][\w.]{2,60} {1,4}(?:Field required|Extra inputs are not permitted)/,
        /ERROR ==> The [A-Z]\w{2,60} environment variable is empty or not set/,
        /ERROR {1,4}==> The [A-Z]\w{2,60} environment variable must be set/,
      ),
      "the program misses a setting, does not know it, or does not take its value: the lines below name it (of " +
      "…Settings: most often the environment variable of that name in capitals)",
      compare,
      effective,
    ],
  ]),
  ...rows({
    layer: "docker",
    near: new RegExp(`${serviceWords.source}|(?<!process|meta)\\.env\\b|\\(/app/`, "im"),
    shared: true,
    source: "Zod, envalid, viper, python-decouple; mmartial/ComfyUI-Nvidia-Docker#73 (2025-09), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      anyOf(
        new RegExp(
          `environment variables? ${warned}${names} (?:(?:is|are|was) ${unset}|must be (?:set|defined))\\b${goesOn}`,
        ),
        new RegExp(`${name} (?:environment|env) variables? ${warned}(?:(?:is|are|was) )?${unset}\\b${goesOn}`),
        new RegExp(`${oneWord}(?:environment|env) variable ['"\`]?\\w{3,40}['"\`]? (?:is|was) ${unset}\\b${goesOn}`),
        new RegExp(`${oneWord}['"\`]?\\w{3,40}['"\`]? (?:environment|env) variable (?:is |was )?${unset}\\b${goesOn}`),
        new RegExp(`required (?:environment|env) variables? ${warned}(?:is|are|were) ${unset}\\b${goesOn}`),
        new RegExp(
          `(?:missing|required|undefined) (?:required )?(?:environment|env) variables?:? ${warned}` +
            "(?!(?:is|are|were)\\b)['\"`[]?[A-Z]",
        ),
        /Invalid environment variables|[A-Z]\w{3,40} Required environment variable not found/,
      ),
      "the program needs an environment variable that is not set, or that has a value it does not take; that line or " +
      "the next names it",
      compare,
      effective,
    ],
    [
      "verify.service",
      "fallback",
      /ERR_INVALID_ARG_TYPE\]: The [^\n]{1,60} must be of type string[^\n]{0,120}Received undefined/,
      "a program in Node.js has no value where it needs a text: most often a setting or an environment variable is " +
      "not set; the lines below name the place",
      compare,
      effective,
    ],
    [
      "verify.service",
      "cause",
      /owned by unexpected user\/group, expected \d{1,10}:\d{1,10}, actual/,
      "a mounted folder belongs to another user than the one that the service runs as; the line names both",
      guestFix("Check the owner of the folder, as numbers", "ls -ln FOLDER"),
      "Give it to the expected one: chown -R UID:GID FOLDER. Rootless Podman: podman unshare chown, or userns_mode: " +
      "keep-id",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /No application encryption key has been specified|Missing `secret_key_base` for/,
        /(?:cat|head|source): (?:can't open ')?\/run\/secrets\/[\w.-]{1,60}'?: No such file/,
      ),
      "the service misses a secret: its key is not set in the environment, or secrets: of that service does not name " +
      "the file",
      "Set it as the program's documentation says (APP_KEY, SECRET_KEY_BASE), or list it in secrets: of the service " +
      "and of the file",
      effective,
    ],
    [
      "verify.service",
      "cause",
      /DisallowedHost: Invalid HTTP_HOST|HostAuthorization\S{0,40} Blocked hosts?: |Blocked request\. This host \(/,
      "the service answers only to names that its settings allow, and was asked by another name or address",
      "Add that name or address to them (ALLOWED_HOSTS, TRUSTED_HOSTS, allowedHosts), and create the container again",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /Unable to require\(`[^`\n]{1,160}\.node`\)|Could not load the "sharp" module/,
        /Error loading shared library libssl\.so\.1\.1/,
      ),
      "a compiled part of a program in Node.js does not fit the image: it is for another system (glibc or musl, CPU) " +
      "or another OpenSSL, or was copied from another machine",
      "Install the packages in the image itself (npm ci), without node_modules of the machine in a volume or COPY",
      "Prisma: binaryTargets for the image's system, and openssl in the image",
    ],
  ]),
];
