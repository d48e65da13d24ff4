import type { Failure } from "../types.mts";
import { commandFix, guestFix } from "../../../fixes.mts";
import { dockerWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const config = commandFix("Check the file", "docker compose config --quiet");
const logs = guestFix("Read what the service says", "docker compose logs --tail 50");

/** Errors of Compose, BuildKit and containers' own ends, by topic. */
export const composeFileFailures = (): Failure[] => [
  ...rows({ layer: "docker", near: dockerWords, source: "compose-spec/compose-go, docker/compose, read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /service "[^"]{1,80}" (?:depends on|refers to|declares) (?:undefined|unknown|non-buildable)/,
        /is required by "[^"]{1,60}" but is disabled|no such service:|not found for network_mode 'service:/,
      ),
      "the Compose file refers to a service, network, volume or secret that it does not define, or that a profile " +
      "turns off",
      config,
    ],
    [
      "verify.service",
      "cause",
      /has neither an image nor a build context specified|must specify either image or build/,
      "a service of the Compose file has no image: and no build:",
      config,
    ],
    [
      "verify.service",
      "cause",
      /env file \S{1,200} not found|couldn't find env file|Env file at \S{1,200} does not exist|label file \S{1,200} not found/,
      "a file that env_file: names (or .env) does not exist where the services start",
      "Create it (often from .env.example), or mark it required: false",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /required variable \S{1,60} is missing a value|error while interpolating|invalid interpolation format/,
        /environment variable \S{1,60} required by/,
      ),
      "a variable of the Compose file has no value, or is written wrongly",
      "Set it in .env next to the file; write $$ for a dollar sign",
      config,
    ],
    [
      "verify.service",
      "cause",
      /(?<!\bError): no such volume: /,
      "a container was made with a volume that no longer exists (nvidia_driver_…: of the old nvidia-docker 1)",
      guestFix("List the volumes", "docker volume ls"),
      "Create the container again: docker compose up -d --force-recreate; a GPU by gpus: all instead of that volume",
    ],
    [
      "verify.service",
      "cause",
      /external volume "[^"]{1,80}" not found|volume "?[^" ]{1,80}"? declared as external/,
      "a volume that the Compose file calls external does not exist",
      "Create it (docker volume create NAME), or remove external: true",
    ],
    [
      "verify.service",
      "cause",
      /(?:dependency )?cycle detected: |include cycle detected|cycle found: /,
      "services or included files of the Compose file depend on each other in a circle",
      config,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /services(?:\.\S{1,60})? must be a mapping|top-level object must be a mapping|empty compose file/,
        /mapping key \S{1,60} already defined|confusing device mapping/,
      ),
      "the Compose file is not built as Compose expects: a key is missing, indented wrongly, or written twice",
      config,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /attributes are mutually exclusive|can't set distinct values on '|declares mutually exclusive/,
        /can't set container_name and/,
      ),
      "two keys of a service exclude each other",
      config,
    ],
    [
      "verify.service",
      "note",
      /variable is not set\. Defaulting to a blank string/,
      "Compose finds no value for variables that the file names: they are empty, which is harmless only where that " +
      "is meant",
      "Write them into .env next to the Compose file (copy .env.example), or export them in the shell that starts it " +
      "(sudo does not pass them on)",
      config,
    ],
    [
      "guest.engine",
      "fallback",
      /The Compose file '[^'\n]{1,160}' is invalid because:/,
      "docker-compose 1, which has ended, refuses the file: most often for a key or form that only Compose 2 has",
      guestFix("Install Compose 2", "sh -c 'apt-get update && apt-get install -y docker-compose-plugin'"),
      "Then write docker compose (with a space) instead of docker-compose",
    ],
    [
      "verify.service",
      "note",
      /the attribute `version` is obsolete|Found orphan containers/,
      "a warning of Compose, which is harmless",
      config,
    ],
    [
      "verify.service",
      "symptom",
      /dependency failed to start: container \S{1,80} exited \(\d{1,3}\)|service "\S{1,60}" didn't complete successfully: exit/,
      "a service ended with an error, so those that wait for it do not start; its own log says why",
      logs,
    ],
    [
      "verify.service",
      "symptom",
      /dependency failed to start: |container \S{1,80} is unhealthy|application not healthy after/,
      "a service did not become healthy, so those that wait for it do not start",
      logs,
      guestFix("Check what its check says", "docker inspect -f '{{json .State.Health}}' NAME"),
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /validating \S{1,200}\.ya?ml: (?:services|volumes|networks|configs|secrets|\(root\)|additional)/,
        /services\.\S{1,60} Additional property|undefined (?:network|volume|secret|service) "/,
      ),
      "Compose refuses the file, for the key that the message names",
      config,
    ],
  ]),
  ...rows({ layer: "docker", near: dockerWords, source: "moby/buildkit, docker/cli, read 2026-11" }, [
    [
      "verify.service",
      "cause",
      /invalid reference format: repository name \S{0,160} ?must be lowercase/,
      "the image's name has upper case letters, or another word of the command was taken for it",
      "Write it in lower case as REGISTRY/NAME:TAG; options belong before it, and a path with spaces into quotes",
    ],
    [
      "verify.service",
      "cause",
      /invalid reference format(?!: repository name)/,
      "the image's name is empty or incomplete: a variable in it has no value, or a space after a line's last " +
      "backslash ends the command there",
      "Give the variable a value (export, .env), and see the result: echo the command, or docker compose config",
      "A name is written as REGISTRY/NAME:TAG, in lower case; nothing follows a backslash at the end of a line",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to compute cache key: .{0,200}not found|failed to read dockerfile|COPY failed: /,
        /unable to prepare context: |lstat \S{1,200}: no such file/,
      ),
      "the build does not find a file: it is not in the build's folder, or .dockerignore leaves it out",
      "Correct build: context and dockerfile, or the COPY line",
    ],
    [
      "verify.service",
      "cause",
      /dockerfile parse error|unknown instruction: |Dockerfile .{0,40}empty/,
      "the Dockerfile has an error at the line that it names",
      "Correct that line",
    ],
    [
      "verify.service",
      "fallback",
      /did not complete successfully: exit code: \d{1,3}|returned a non-zero code: \d{1,3}/,
      "a command of the Dockerfile ended with an error, which is in the lines above",
      "Read the first error of that step; a GPU is not there while an image is built",
    ],
    [
      "host.memory",
      "symptom",
      /exited with code 137|Exited \(137\)|exit code: 137|OOMKilled"?: ?true/,
      "a container was killed: its memory or the VM's ran out, or it did not stop in time",
      guestFix("Check whether memory ran out", "dmesg --level err,warn"),
      "Give the machine more memory:, or the service a higher limit",
    ],
    [
      "verify.service",
      "fallback",
      /(?<!wsl\.exe )exited with code [1-9]\d{0,2}|container \S{1,80} exited \([1-9]|Exited \([1-9]\d{0,2}\)/,
      "a container ended with an error of its own",
      logs,
    ],
    [
      "verify.service",
      "fallback",
      /failed to solve: |failed to build: |ERROR \[[\w .\/-]{0,60}(?:internal|auth|context|\d\/\d{1,2})[\w .\/-]{0,40}\] /,
      "the image could not be built, for the reason after the last colon",
      logs,
    ],
    [
      "verify.service",
      "fallback",
      /Error response from daemon: |docker: Error response/,
      "Docker refused it, for the reason after the last colon",
      guestFix("Read what the daemon says", "journalctl -u docker -b --no-pager -n 50"),
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /Error: (?:OCI runtime error|initializing source|creating container storage|unable to start container|netavark|statfs|short-name|crun|runc)/,
        /\bcrun: [a-z]/,
      ),
      "Podman or its runtime (crun, runc) refused it, for the reason after the last colon",
      "Check whether a container starts without a GPU: podman run --rm quay.io/podman/hello",
    ],
  ]),
  ...rows({
    layer: "docker",
    near:
      /\bpodman(?:-remote)? (?:run|start|create|compose|play|kube|build|pull|machine|network|volume|exec|pod|system)\b/,
    shared: true,
    source: "containers/podman (cmd, libpod), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      /^"?Error: [a-z"\/]/,
      "Podman refused the command, for the reason after the last colon",
      "Read more of it: the same command with podman --log-level=debug",
      "Check whether a container starts without a GPU: podman run --rm quay.io/podman/hello",
    ],
  ]),
  ...rows({
    layer: "docker",
    near: /\bdocker (?:run|create|exec|container)\b/,
    shared: true,
    source: "docker/cli (cli/command, opts), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      /^"?docker: (?!Error response|(?:command )?not found)[a-z"'-]/,
      "Docker's command line refused the command, for the reason after the colon",
      "Correct that option; docker run --help lists them, and each stands before the image's name",
    ],
  ]),
];
