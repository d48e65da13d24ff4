import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const config = commandFix("Check the file", "docker compose config --quiet");
const version2 = guestFix(
  "Install Compose 2 or later",
  "sh -c 'apt-get update && apt-get install -y docker-compose-plugin'",
);

/** What Compose says about its file and its command, by topic. */
export const composeValueFailures = (): Failure[] => [
  ...rows({ layer: "docker", source: "compose-spec/compose-go (loader, format, validation), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /\.env: line \d{1,5}: |line \d{1,5}: (?:unexpected character .{1,12} in variable name|unterminated quoted value)/,
        /line \d{1,5}: key cannot contain a space/,
        /failed to read \S{1,160}\.env: /,
      ),
      "a line of the .env (or env_file:) is not NAME=value as Compose reads it",
      "Correct the line that it names: no spaces or hyphens in the name, quotes closed, # for a comment",
    ],
    [
      "verify.service",
      "cause",
      /invalid project name "|project name must not be empty/,
      "the project's name (the folder's, or name:) is empty or has letters that Compose does not take",
      "Write name: at the top of the file, or -p: small letters, digits, - and _, beginning with a letter or digit",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /^(?:ERROR: |error: )?(?:open|stat) \/(?!(?:etc|app|config|conf|data|usr|opt|var|run)\/)\S{1,200}\.ya?ml: no such file/,
        /no (?:docker-compose\.yml|compose file|compose\.yaml) .{0,60}(?:found|specified)/,
        /Can't find a suitable configuration file in this directory/,
      ),
      "the Compose file is not where Compose looks for it: another folder, another name, or COMPOSE_FILE names one " +
      "that is gone",
      "Change to the project's folder, or name the file: docker compose -f FILE",
      "Check COMPOSE_FILE in the environment and in .env",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /cannot extend service "|can't be used with `extends`/,
      ),
      "extends: or include: names a file or service that does not exist or cannot be extended",
      config,
      "Correct file: and service: there; paths are relative to the file that names them",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /service "[^"]{1,60}" has no container to start/,
        /(?:^|: )no service selected/,
      ),
      "there is no container of that service: it was not created, a profile turns it off, or another project has it",
      guestFix("List what exists", "docker compose ps --all"),
      "Create it (docker compose up -d SERVICE; with --profile NAME), in the project's folder",
    ],
    [
      "verify.service",
      "cause",
      /none of the selected services is configured for watch/,
      "no service of the project has a develop: section, which docker compose watch needs",
      "Add develop: {watch: …} to a service with build:, or use docker compose up",
    ],
    [
      "verify.service",
      "cause",
      /build\.platforms (?:does not support value set by|MUST include)|does not support value set by DOCKER_DEFAULT_PLATFORM/,
      "the platform of the service is not among those that it is built for",
      "Correct platform: and build.platforms:, or unset DOCKER_DEFAULT_PLATFORM",
    ],
    [
      "guest.engine",
      "cause",
      /'models' support requires Docker Model plugin/,
      "the Compose file uses models:, for which Docker Model Runner is not installed",
      guestFix("Install it (Docker's own packages)", "apt-get install -y docker-model-plugin"),
      "Or remove models: and run the model in a service",
    ],
  ]),
  ...rows({
    layer: "docker",
    source: "docker/compose 1 (compose/config), docker/compose#11742 (2024-04), read 2026-11",
  }, [
    [
      "guest.engine",
      "cause",
      anyOf(
        /Version in "[^"]{1,120}" is unsupported/,
        /(?:ERROR: for \S{1,60} {1,3}|KeyError: )'ContainerConfig'/,
        /kwargs_from_env\(\) got an unexpected keyword|No module named 'distutils'.{0,80}docker-compose/,
        /UnixHTTPConnectionPool\(host='localhost'.{0,60}Read timed out/,
      ),
      "this is docker-compose 1, which has ended and does not fit today's files, Docker or Python",
      version2,
      "Then write docker compose (without a hyphen) and remove version: from the file",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Named volume "[^"]{1,120}" is used in service "[^"]{1,60}" but no declaration/,
        /service "[^"]{1,60}" refers to undefined (?:volume|network|secret|config) \S{1,60}/,
      ),
      "a service uses a volume, network or secret that is not declared at the end of the Compose file",
      "Add it below volumes:, networks: or secrets: at the top level, or write a folder as ./NAME",
      config,
    ],
  ]),
];

/** What Compose says about values and keys in general: entries for single keys come before them. */
export const composeKindFailures = (): Failure[] => [
  ...rows({ layer: "docker", source: "compose-spec/compose-go (loader, schema, validation), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      /invalid (?:empty volume spec|spec: \S{0,80}: empty section)/,
      "a volume has an empty part: the folder before its colon has no value, most often a variable that is not set",
      "Write the folder, set the variable in .env, or remove that volume",
      config,
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /additional propert(?:y|ies) '[^\n]{1,120}' not allowed/,
        /Additional property \S{1,40} is not allowed|Additional properties are not allowed \(/,
      ),
      "the Compose file has a key where Compose knows none of that name: misspelt, indented wrongly, or newer " +
      "than this " +
      "Compose",
      config,
      "Show the key's place (resources: belongs below deploy:), and the version: docker compose version",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /\b(?:services|volumes|networks|configs|secrets)\.[\w.[\]-]{1,120}:? (?:contains|must be (?!a mapping)|is required|type is required|missing property|unexpected type|array items|value must be)/,
        /\b(?:services|volumes|networks|configs|secrets)\.[\w.[\]-]{1,120}:? (?:invalid (?:type|value|ip)|unsupported|conflicting|must not)/,
        /(?:unexpected value type|invalid type) \S{2,40} for (?:cpus|extra_hosts|healthcheck|labels|mapping|mode|ulimit|port|build|env_file|extends|gpus|device|service|ssh|string)/,
        /service (?:volume|ports|device) \S{1,60} is missing a (?:mount target|target port)/,
        /invalid (?:additional host, missing IP|spec: \S{0,80}: too many colons)/,
      ),
      "a value of the Compose file has a form or kind that its key does not take, at the place that the " +
      "message names",
      config,
      'Put numbers and yes/no that are text into quotes; a list has "- " before each entry, a mapping has "key: value"',
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /invalid (?:--pull|--scale) option "|invalid value for --rmi: |unsupported --progress value "/,
        /invalid scale specifier: |can't use --progress (?:tty|plain) while|unsupported image prune mode: /,
      ),
      "an option of the command has a value that Compose does not know",
      commandFix("Show its values", "docker compose up --help"),
    ],
    [
      "verify.service",
      "cause",
      /cannot share (?:volume|network namespace|IPC namespace|PID namespace) with service \S{1,80}: container missing|^\S{1,60} is missing dependency \S/,
      "a service that this one shares its network, IPC or volumes with, or waits for, has no container",
      guestFix("Create all of them", "docker compose up -d"),
      "If a profile turns it off: name the profile (--profile), or that service too",
    ],
    [
      "verify.service",
      "cause",
      /\b(?:pre_start|post_start|pre_stop)\b.{0,80}hook exited with status [1-9]|(?<!\b(?:command|commit|push|msg|merge|rebase|checkout|receive|update|error:) )\bhook exited with status [1-9]|pre_start\[\d{1,3}\]: /,
      "a hook of the service (pre_start:, post_start:, pre_stop:) failed",
      "Read what the hook printed above, and run its command by hand: docker compose run --rm SERVICE COMMAND",
      "If the message names per_replica, remove that key",
    ],
    [
      "verify.service",
      "cause",
      /Docker Compose does not support (?:configs|secrets)\.\*\.|unsupported external (?:config|secret) \S/,
      "configs: or secrets: use what only Docker Swarm has (driver:, template_driver:, external:)",
      "Write file: PATH, environment: NAME or content: there instead",
    ],
    [
      "verify.service",
      "note",
      /(?:config|secrets?|configs) `uid`, `gid` and `mode` are not supported/,
      "a warning of Compose: the owner and mode of a mounted config or secret are those of its file",
      "Nothing to do, unless the service cannot read it: then change the file's mode",
    ],
  ]),
  ...rows({
    layer: "docker",
    near: new RegExp(`${dockerWords.source}|services\\.\\w|for service "|service-level`, "i"),
    source: "compose-spec/compose-go (loader, schema, validation), docker/compose, read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /invalid (?:subnet|ip-range|gateway address|auxiliary address|MAC address|link-local IP|DNS address): /,
        /mac_address should have the same value as network/,
      ),
      "an address in the Compose file (networks:, ipam:, dns: or mac_address:) is not one, or contradicts another",
      config,
      "Write a subnet as 172.30.0.0/24, an address without the /24, and those of a service inside of the subnet",
    ],
    [
      "verify.service",
      "cause",
      /failed to (?:start|up|down|create) service provider: |invalid response from plugin: |is not a valid provider type/,
      "the program behind a service's provider: is missing or failed",
      "Install the program that type: names (a command in PATH, or docker-NAME), and run it by hand",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:git|OCI) remote resource is disabled by "|failed to pull OCI resource "/,
        /OCI index \S{1,160} doesn't refer to compose artifacts|is not a compose project OCI artifact/,
        /git subdirectory (?:must be relative|path traversal|escapes base)|failed to access repository at \S/,
      ),
      "the Compose file is on another server (oci://, Git), and Compose does not get it from there",
      "Check its address, branch and login (docker login, git ls-remote ADDRESS), or fetch it by hand",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /can't set distinct values on '\S{1,30}' and '/,
        /secret "[^"]{1,60}" must declare either|--\S{3,30} and --\S{3,30} are incompatible/,
        /--\S{3,30} cannot be combined with --|cannot combine (?:--)?\S{3,30} and --|--\S{3,30} is incompatible with /,
        /--\S{3,30} and --\S{3,30} can't be used together|cannot specify DEPRECATED "/,
        /healthcheck\.start_interval requires healthcheck\.start_period|attribute is mandatory to push an image/,
      ),
      "two settings of the Compose file or command exclude each other, or one that is needed is missing",
      "Keep one of the two that the message names",
      config,
    ],
  ]),
];
