import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

/** Matches lines about image builds. */
export const buildWords = new RegExp(
  `${dockerWords.source}|Dockerfile|did not complete successfully|^#\\d{1,3} |=> \\[|\\bRUN\\b|buildah|` +
    "failed to receive status",
  "i",
);
const cache = guestFix("Remove the builder's cache", "docker builder prune --force");

/** Errors of image builds (BuildKit, buildx, Buildah), by topic. */
export const buildFailures = (): Failure[] =>
  rows({ layer: "docker", near: buildWords, source: "moby/buildkit, docker/buildx, read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /unlazy requires an applier|failed to get state for index \d{1,4} on|failed to load cache key: content digest/,
        /(?<!daemon: )lease "\S{1,80}": not found|changes out of order: "/,
        /parent snapshot \S{5,90} does not exist|snapshot \S{5,90} does not exist(?! (?:in one|on VM))|failed to prepare \S{5,90} as \S{2,90}: /,
      ),
      "the builder's cache is damaged or incomplete",
      cache,
      guestFix("Build without it", "docker compose build --no-cache --pull"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /dl-cdn\.alpinelinux\.org\S{0,60}: (?:temporary error|DNS: transient|network error|DNS lookup error)/,
        /Failed to establish a new connection: \[Errno -[235]\]/,
        /getaddrinfo (?:EAI_AGAIN|ENOTFOUND)|wget: bad address/,
      ),
      "a name was not resolved in a container or a step of a build: its name server is not reached, or " +
      "has no such name",
      guestFix("Try it in a container", "docker run --rm busybox nslookup registry-1.docker.io"),
      'Write "dns": ["1.1.1.1"] (or your own) in /etc/docker/daemon.json, and restart Docker',
      "For the build alone: build: {network: host}",
    ],
    [
      "verify.service",
      "symptom",
      /failed to receive status: rpc error: code = NotFound desc = no such job/,
      "the builder forgot a part of the build, as with several services at a time (bake): it was restarted or ran " +
      "out of memory",
      "Build the services one after the other: docker compose build SERVICE, or COMPOSE_BAKE=false",
      guestFix("Check whether memory ran out", "dmesg --level err,warn"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /granting entitlement \S{5,40} is not allowed|\S{5,40} is not allowed by build daemon/,
      ),
      "the build asks for a right (network.host, security.insecure, or files outside of its folder) that the " +
      "builder " +
      "does not give",
      "Make a builder with it: docker buildx create --use --buildkitd-flags '--allow-insecure-entitlement " +
      "network.host'; or bake: --allow=…",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?<!load model: rpc error: )code = Unavailable desc = (?:error reading from server|closing transport|connection error(?!.{0,120}(?:containerd\.sock|\bga\.sock|guest agent)))/,
        /frontend grpc server closed unexpectedly|Cancell?ed: grpc: the client connection is closing/,
      ),
      "the builder (buildkitd, dockerd) ended during the build, most often because memory ran out",
      guestFix("Check whether it was killed", "journalctl -k -b --no-pager -g 'out of memory|oom'"),
      "Give the VM more memory:, or build one service at a time (COMPOSE_PARALLEL_LIMIT=1)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Multi-platform build is not supported for the docker driver|does not currently support exporting manifest/,
        /(?:Cache|OCI) export(?:er)? (?:feature )?is not (?:currently )?supported for the docker driver/,
      ),
      "Docker's built-in builder does not do that (several platforms, exported cache) with its old image store",
      "Make another builder: docker buildx create --use --driver docker-container",
      'Or turn on the containerd image store: "features": {"containerd-snapshotter": true} in /etc/docker/daemon.json',
    ],
    [
      "host.memory",
      "cause",
      anyOf(
        /did not complete successfully: (?:exit code: 137|cannot allocate memory|signal: killed)/,
        /process "[^"]{1,200}" .{0,60}(?:ResourceExhausted|cannot allocate memory|signal: killed)/,
        /fatal error: Killed signal terminated program/,
      ),
      "a step of the build was killed because memory ran out",
      "Give the VM more memory:, or build with fewer jobs (MAX_JOBS=2, make -j2)",
      guestFix("Show it in the kernel's log", "journalctl -k -b --no-pager -g 'out of memory'"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /runtime execution on platform \S{3,30} not supported|buildkit_qemu_emulator: |did not complete successfully.{0,60}exec format error|\/bin\/sh: exec format error/,
        /qemu: uncaught target signal \d{1,2}/,
      ),
      "the image is built for another CPU architecture, whose emulation (QEMU, binfmt) is missing or crashes",
      guestFix("Install the emulation", "docker run --privileged --rm tonistiigi/binfmt --install all"),
      "Build on a machine of that architecture, or leave platform: out",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /secret "?\S{1,60}"? (?:is )?not found/,
        /unset ssh forward key|invalid empty ssh agent socket/,
      ),
      "the build needs a secret or an SSH agent that it was not given",
      "Name it in the Compose file (build: secrets:, ssh: [default]) or as --secret id=NAME,src=FILE, --ssh default",
      "For SSH: start an agent, and add the key (ssh-add)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /target stage "?[^" ]{1,60}"? could not be found|circular dependency detected on stage/,
        /base name \(\S{1,60}\) should not be blank|failed to parse stage name/,
        /failed to process "[^\n]{1,120}": (?:syntax error|unexpected end of statement|missing)/,
        /file with no instructions|[Nn]o Containerfile or Dockerfile specified or found/,
      ),
      "the Dockerfile names a stage or base image that does not exist or is empty, has no instruction, or is not there",
      "Correct target: and the lines FROM; give each ARG in them a value (build: args:)",
    ],
    [
      "verify.service",
      "cause",
      /exporter "\S{1,40}" could not be found/,
      "this builder cannot write the result in the form that was asked for (type= of --output, outputs: of Bake)",
      "Use another type, or another builder: docker buildx create --use",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /no builder "[^"]{1,60}" found|failed to (?:find driver|initialize builder) /,
      ),
      "the builder that buildx is set to does not exist or does not start",
      guestFix("List the builders", "docker buildx ls"),
      guestFix("Use Docker's own", "docker buildx use default"),
    ],
    [
      "verify.service",
      "cause",
      /can't find [ug]id for (?:user|group) |unable to convert uid\/gid chown string/,
      "the Dockerfile gives files to a user or group (COPY --chown) that the image does not have",
      "Create it first (RUN useradd …), or use numbers, as in --chown=1000:1000",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /error from sender: (?:open|lstat|readlink|walk) .{1,200}: (?:permission denied|access is denied|operation not)/i,
        /archive\/tar: (?:unknown file mode|sockets not supported)|failed to xattr/,
      ),
      "the build's folder has a file that cannot be sent to the builder: of another user (a data folder), or " +
      "a socket",
      "List it in .dockerignore, or keep data folders outside of the build's folder",
    ],
    [
      "verify.service",
      "cause",
      /max depth exceeded/,
      "the image has more layers than the storage driver takes (about 127)",
      "Join RUN and COPY lines, or start from a base with fewer layers",
    ],
    [
      "verify.service",
      "symptom",
      /failed to solve: (?:rpc error: code = )?Cancell?ed|CANCELED \[[^\]]{1,60}\]/i,
      "the build was broken off: by another step's error, by Ctrl+C, or by the builder that ended",
      "Read the first ERROR above; if there is none, build one service at a time",
      cache,
    ],
  ]);
