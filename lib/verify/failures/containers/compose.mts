import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";

/** Errors of Compose about its files and what they name. */
export const composeFailures = (): Failure[] => [
  {
    pattern: /buildx component is missing or broken|BuildKit is enabled but/,
    check: "guest.engine",
    layer: "docker",
    message: "Docker's builder (buildx) is not installed",
    fix: [
      guestFix("Install it", "sh -c 'apt-get update && apt-get install -y docker-buildx-plugin'"),
      manualFix("With the distribution's Docker: docker-buildx (Ubuntu, Arch)"),
    ],
    source: "docker/cli, read 2026-11",
  },
  {
    pattern: /network \S{1,80} was found but has incorrect label/,
    check: "verify.service",
    layer: "docker",
    message: "a network of that name is there that this Compose project did not create: it was made by hand, by " +
      "docker-compose 1 or by another project",
    fix: [
      manualFix("If no other project needs it: stop its containers, then docker network rm NAME"),
      manualFix("Or use it as it is: networks: {NAME: {external: true}}"),
    ],
    source: "docker/compose; Layr-Labs/eigenda-operator-setup#61 (2024-02)",
  },
  {
    pattern: /lsetxattr \/\S{1,200}: (?:operation not permitted|operation not supported|permission denied)/,
    check: "verify.service",
    layer: "docker",
    message: "the engine is not allowed to write SELinux's label on that folder (:z or :Z of a volume): it belongs " +
      "to another user, or is on NFS or another file system without labels",
    fix: [
      manualFix("Leave :z out for it, and write security_opt: [label=disable] for that service"),
      manualFix("Or use a folder that belongs to the user who starts the container"),
    ],
    source: "Podman, Docker (opencontainers/selinux), read 2026-11",
  },
  {
    pattern: /Found orphan containers \(/,
    check: "verify.service",
    strength: "note",
    layer: "docker",
    message: "containers of this project run that its Compose file no longer names, which is harmless",
    fix: [guestFix("Remove them with the next start, if nothing needs them", "docker compose up -d --remove-orphans")],
    source: "Docker Compose, read 2026-11",
  },
  {
    pattern: /could not be found in this WSL 2 distro|activate the WSL integration in Docker Desktop/,
    check: "verify.docker",
    layer: "docker",
    message: "Docker Desktop is not turned on for this distribution of WSL, or does not run",
    fix: [
      manualFix(
        "In Docker Desktop: Settings, Resources, WSL integration: turn this distribution on; " +
          "then open its window again",
      ),
      manualFix("Or install Docker Engine in the distribution, without Docker Desktop"),
    ],
    source: "Docker Desktop, read 2026-11",
  },
  {
    pattern:
      /\b(?:docker-compose|docker|podman|podman-compose|nvidia-ctk|nvidia-container-cli): (?:command )?not found/,
    check: "guest.engine",
    layer: "docker",
    message: "that program is not installed here, or not in the user's PATH",
    fix: [
      guestFix("List what exists", "sh -c 'command -v docker podman nvidia-ctk; docker compose version'"),
      manualFix("Compose is today a part of Docker: write docker compose rather than docker-compose"),
      manualFix("nvidia-ctk comes with the package nvidia-container-toolkit"),
    ],
    source: "bash, sh; general knowledge, 2026-11",
  },
  {
    pattern: anyOf(
      /yaml: line \d{1,5}: (?:mapping values|did not find|found|could not find|block)/,
      /yaml: (?:unmarshal|construct) errors:|mapping values are not allowed in this context/,
      /mapping key "[^"]{1,60}" already defined at line/,
    ),
    check: "verify.service",
    layer: "docker",
    message:
      "a YAML file (such as the Compose file) is not correct at the line that it names: an indentation, a tab, or " +
      "a colon without a space",
    fix: [
      manualFix("Correct that line; indent with spaces only, by the same number for keys of one level"),
      commandFix("Check the file", "docker compose config --quiet"),
    ],
    source: "Docker Compose; immich-app/immich#5125 (2023-11)",
  },
  {
    pattern: /network \S{1,80} declared as external, but could not be found|network \S{1,80} not found\b/,
    near: dockerWords,
    check: "verify.service",
    layer: "docker",
    message:
      "a network that the Compose file or container uses does not exist in Docker: it was removed, or never created",
    fix: [
      guestFix("List them", "docker network ls"),
      manualFix("Create it (docker network create NAME), or remove external: true"),
      guestFix(
        "If a container keeps the id of a removed one: create it again",
        "docker compose up -d --force-recreate",
      ),
    ],
    source: "Docker Compose, read 2026-11",
  },
  {
    pattern: /bind source path does not exist|invalid mount config for type "bind"/,
    check: "verify.service",
    layer: "docker",
    message: "a file or folder that the service mounts does not exist in the VM",
    fix: [manualFix("Create it there, or correct volumes: (paths are the VM's, not this host's)")],
    source: "Docker, read 2026-11",
  },
  {
    pattern: /no configuration file provided: not found/,
    check: "verify.service",
    layer: "docker",
    message: "Compose was started in a folder without a Compose file",
    fix: [manualFix("Change to the project's folder, or name the file: docker compose -f FILE")],
    source: "Docker Compose, read 2026-11",
  },
  {
    pattern: /devices\.\d{1,2} missing property 'capabilities'|devices\.\d{1,2} capabilities is required/,
    check: "verify.service",
    layer: "docker",
    message: "a device reservation in the Compose file lacks capabilities: [gpu]",
    fix: [manualFix("Write capabilities: [gpu] below that device, or gpus: all (Compose 2.30) for the service")],
    source: "Docker Compose (compose-spec), read 2026-11",
  },
  {
    pattern: anyOf(
      /resources\.limits (?:value )?Additional propert(?:y|ies are not allowed \(')\s?'?devices/,
      /resources\.limits additional properties 'devices' not allowed/,
    ),
    check: "verify.service",
    layer: "docker",
    message: "the Compose file has devices below limits: they belong below reservations",
    fix: [manualFix("Write deploy: {resources: {reservations: {devices: …}}}, or gpus: all (Compose 2.30)")],
    source: "Docker Compose (compose-spec); manascb1344/zonos-api#2 (2025-02)",
  },
  {
    pattern: anyOf(
      /Additional properties are not allowed \('(?:gpus|devices|deploy|runtime|driver|device_ids)'/,
      /unexpected keyword argument 'gpus'/,
      /Additional property (?:gpus|devices|capabilities|runtime|driver) is not allowed/,
      /additional properties '(?:gpus|devices|deploy|runtime|driver|device_ids)' not allowed/,
      /reservations value 'devices' does not match/,
      /Unsupported config option for services\.\S{1,60}: '(?:gpus|runtime|deploy)'/,
      /services\.\S{1,80}\.(?:gpus|deploy)\S{0,60} (?:must be|contains unsupported option|additional propert)/,
    ),
    check: "guest.engine",
    layer: "docker",
    message: "this Compose is too old for that key: gpus: needs 2.30, device reservations 1.28",
    fix: [
      guestFix("Check its version", "docker compose version"),
      guestFix("Update it", "sh -c 'apt-get update && apt-get install -y docker-compose-plugin'"),
    ],
    source: "Docker Compose; Sygil-Dev/sygil-webui#490 (2022-09)",
  },
  {
    pattern: /'compose' is not a docker command|unknown shorthand flag: 'f' in -f|unknown docker command: "compose/,
    check: "guest.engine",
    layer: "docker",
    message: "Docker has no Compose plugin there",
    fix: [
      guestFix("Install it (Docker's own packages)", "apt-get install -y docker-compose-plugin"),
      guestFix("Or the distribution's (Ubuntu, Debian 13)", "apt-get install -y docker-compose"),
    ],
    source: "Docker CLI, read 2026-11",
  },
  {
    pattern: /"count" and "device_ids" attributes are exclusive|cannot set both Count and DeviceIDs on device request/,
    check: "verify.service",
    layer: "docker",
    message: "the Compose file asks for a number of GPUs and for certain ones in one place, which excludes each other",
    fix: [manualFix("Write either count: or device_ids: below devices:")],
    source: "Docker, Docker Compose (compose-go), read 2026-11",
  },
];
