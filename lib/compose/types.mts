/** Compose projects as data: what Compose, or our own reader, makes of a folder, and what was seen of the files that it names. */

/** A folder with Compose files that becomes one project in one VM. */
export interface ProjectRequest {
  /** The project's name in the VM, such as `immich`: Compose's own rule, `[a-z0-9][a-z0-9_-]*`. */
  name: string;
  /** The machine that it runs on. */
  machine: string;
  /** Absolute path of the folder on the host. */
  folder: string;
  /** Compose files by name, relative to the folder, in the order of `-f`. Without it, those that Compose looks for. */
  files?: string[];
  /** Profiles that are on. */
  profiles: string[];
  /** Variables that Compose gets, over those of `.env`. */
  variables?: Record<string, string>;
  /** Folders of the host that the machine has too (`folders:` of the config): absolute paths. */
  sharedFolders?: SharedFolder[];
  /** What is copied into the VM, relative to the folder; undefined where that is not known. */
  copied?: string[];
}

/** A folder of the host that a VM has. */
export interface SharedFolder {
  /** Absolute path on the host. */
  from: string;
  /** Absolute path in the VM. */
  to: string;
}

/** A Compose project as it was read. Everything a check needs: no check reads a file. */
export interface ComposeProject extends ProjectRequest {
  files: string[];
  /** The services that the config itself has: their paths are the VM's. */
  inline?: true;
  /**
   * What read it. `compose`: the host's `docker compose config`, which normalises: long forms, absolute paths, everything of
   * `extends` and `include` filled in. `reader`: our own reader, which knows the YAML and no more. `none`: neither could.
   */
  readBy: "compose" | "reader" | "none";
  /** Names of the variables that `.env` has. */
  dotEnvNames?: string[];
  /** Names of files beside the Compose files that look like an example of `.env`. */
  envExamples?: string[];
  /** Why the host's Compose gave no answer, such as that it took too long. */
  noAnswer?: string;
  /** The version of the host's Compose that was asked, such as `2.26.1`; undefined where there is none. */
  composeVersion?: string;
  /** All of its services, those of profiles that are off too. Undefined where it could not be read. */
  model?: ComposeModel;
  /** What our own reader makes of it: Compose's answer has no env files and no relative paths any more. */
  written?: ComposeModel;
  /** Names of the services that `up` starts with these profiles; undefined where that is not known. */
  enabled?: string[];
  /** What Compose refuses, or what our reader could not read: nothing runs before this is changed. */
  refusals: ProjectProblem[];
  /** Variables that have no value and no default. Compose puts an empty text in their place. */
  unsetVariables: ProjectProblem[];
  /** What each path of the host is that the project names (bind mounts, env files, build contexts, configs, secrets): absolute. */
  paths: Record<string, PathKind>;
  /** Texts of the Compose files by their path as in `files`: to find the line of something. */
  texts: Record<string, string>;
}

/** What lies at a path of the host. `unknown`: it could not be looked at. */
export type PathKind = "file" | "folder" | "missing" | "unknown";

/** Something about a project, with its place where that is known. */
export interface ProjectProblem {
  message: string;
  /** Name of the file, relative to the project's folder where it lies in it. */
  file?: string;
  /** Counted from 1. */
  line?: number;
  /** Name of the variable, for those without a value. */
  variable?: string;
}

/** A project in the form that `docker compose config --format json` prints (compose-spec): keys as Compose has them. */
export interface ComposeModel {
  services: Record<string, ComposeService>;
  networks?: Record<string, Record<string, unknown> | null>;
  volumes?: Record<string, Record<string, unknown> | null>;
  configs?: Record<string, Record<string, unknown> | null>;
  secrets?: Record<string, Record<string, unknown> | null>;
}

/** One service of a project: Compose's keys, unchecked. */
export type ComposeService = Record<string, unknown>;

/** What runs the containers of a VM, as precisely as it is known: what a way of asking for a GPU becomes depends on it. */
export interface GuestEngine {
  engine: "docker" | "podman";
  /** Version of the engine, such as `26.1.5`; undefined if not known. */
  version?: string;
  /** Version of the Compose program in the VM: docker-compose 1.29.2, Compose 2.26.1, podman-compose 1.0.6. */
  compose?: string;
  /** Whether CDI is switched on in Docker; undefined where the version decides (on from 28.2). */
  cdi?: boolean;
  /** A part of a card (Hyper-V): CDI's `nvidia.com/gpu=all` is all that there is. */
  partition?: boolean;
  /** Whose card the VM has; NVIDIA's without it. */
  vendor?: "nvidia" | "amd" | "intel";
}
