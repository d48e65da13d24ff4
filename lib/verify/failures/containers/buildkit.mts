import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { buildWords } from "./builds.mts";
import { rows } from "../rows.mts";

const instructions =
  "(?:FROM|COPY|ADD|ENV|ARG|RUN|CMD|LABEL|USER|EXPOSE|VOLUME|WORKDIR|SHELL|ONBUILD|HEALTHCHECK|ENTRYPOINT|STOPSIGNAL)";
const lint = guestFix("Check the file without building it", "docker build --check .");
const builders = guestFix("List the builders and their state", "docker buildx ls");
const update = guestFix(
  "Update Docker and its builder",
  "sh -c 'apt-get update && apt-get install -y docker-ce docker-buildx-plugin docker-compose-plugin'",
);

/** Errors of BuildKit and buildx, by the part of the build that is wrong: file, source, output or builder. */
export const buildkitFailures = (): Failure[] => [
  ...rows({
    layer: "docker",
    near: buildWords,
    source: "moby/buildkit (frontend, source, exporter), docker/buildx (build, bake, commands), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        new RegExp(
          `${instructions} (?:requires (?:at least|exactly|either|the arguments)|must have two|names can not)`,
        ),
        /Syntax error - can't find = in |duplicate flag (?:defined|specified): |missing a value on flag: /,
        /Missing command after HEALTHCHECK|\w{3,12} isn't allowed as an ONBUILD trigger|Chaining ONBUILD via/,
        /only one \w{3,10} parser directive|invalid chmod parameter: |\w{3,12} cannot accept a heredoc/,
        /could not parse ENV|invalid mount type \S{1,40} for|dockerfile line greater than max allowed/,
      ),
      "the Dockerfile has a mistake in the line that the message shows: an instruction or flag is written wrongly",
      lint,
      "Correct that line",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /cannot (?:copy|mount) from stage \S{1,60}|invalid name for build stage: |invalid stage index \d/,
        /dockerfile contains no stages to build|no build stage in current context/,
      ),
      "the Dockerfile uses a stage before it is defined, or an instruction before the first FROM, or a stage's " +
      "name is not valid",
      "Put the stage's FROM … AS NAME before the line that uses it; only ARG may come before the first FROM",
      lint,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /expected checksum to match \S|checksum mismatch \S{5,90} != |digest mismatch \S{5,90}: /,
        /image digest \S{5,90} for \S{1,120} does not match expected checksum/,
      ),
      "what was downloaded for the build is not what the Dockerfile's checksum or digest names: it was changed, or " +
      "replaced by an error page",
      "Open the address in a browser; if its publisher changed the content, write the new checksum " +
      "(ADD --checksum=…, FROM …@…)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to (?:fetch|checkout) remote \S|repository does not contain ref |failed to update submodules for/,
        /could not find default branch for repository|failed to find git binary|git was not found in the system/,
      ),
      "the build takes a Git repository that it cannot fetch: its address, branch or password is wrong, or git is " +
      "missing",
      guestFix("Check whether it can be read", "git ls-remote ADDRESS"),
      "For a private one: --ssh default, or a secret GIT_AUTH_TOKEN",
    ],
    [
      "verify.service",
      "cause",
      /no SSH key \S{1,60} forwarded from the client|make sure SSH_AUTH_SOCK is set|failed to dial agent/,
      "the build uses an SSH key, and no SSH agent was given to it",
      "Start an agent and add the key (ssh-add), then build with --ssh default (Compose: build: {ssh: [default]})",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /dest (?:file )?is required for \w{2,12} exporter|dest cannot be stdout for|failed to create output file/,
        /destination (?:directory|file) \S{1,160} is a (?:file|directory)|failed to evaluate (?:path|local output)/,
      ),
      "the place for the build's output (--output dest=…) does not exist, or is a file where a folder is " +
      "needed",
      "Create the folder first (mkdir -p), or correct dest=",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /additional privileges requested(?:: pass|$)/,
        /pass "?--allow=\S{2,60}"? to grant requested privileges/,
      ),
      "the bake file asks for a permission (files outside of its folder, the host's network) that the command line " +
      "does not give",
      "If you trust the file: repeat the command with the --allow options that it prints",
    ],
    [
      "guest.engine",
      "cause",
      anyOf(
        /Attestations? (?:are|is) not supported (?:by the current BuildKit|for the docker driver)/,
        /requires a BuildKit daemon with|buildkit v[\d.]{3,8}\+ is required|needs BuildKit \d/,
        /annotations are not supported yet|device feature is only supported in Dockerfile frontend/,
      ),
      "the builder is too old for an option of this build, or the built-in builder does not have it",
      update,
      "Or create a separate builder: docker buildx create --use --driver docker-container",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /existing instance for "?\S{1,60}"? but |failed to find instance "?\S{1,60}|default is a reserved name/,
        /additional instances of driver \S{1,40} cannot be created|could not create a builder instance with TLS/,
      ),
      "the builder of that name does not exist, or was made with other settings",
      builders,
      "Remove it (docker buildx rm NAME), and create it again",
    ],
    [
      "verify.service",
      "cause",
      /mismatched image rootfs and manifest layers/,
      "the image cannot be unpacked: it is damaged, or a build's cache was pushed under that name",
      "Use another tag of it, or report it to its publisher: manifest and configuration list different layers",
      guestFix("Check what it consists of", "docker buildx imagetools inspect IMAGE"),
    ],
  ]),
  ...rows({ layer: "docker", source: "containerd 2; containerd/containerd#11606 (2025-03)" }, [
    [
      "verify.docker",
      "cause",
      /unable to initialize unpacker: no unpack platforms defined/,
      "containerd 2 has no unpacking settings for the snapshotter that was asked for",
      "Add it in containerd's config.toml: [[plugins.'io.containerd.transfer.v1.local'.unpack_config]] with platform " +
      "and snapshotter",
      "For ctr alone: ctr images pull --local",
    ],
  ]),
];
