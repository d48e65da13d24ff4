/**
 * Compose projects as data: the project as Compose or the built-in reader reads it, and the state
 * of the files that it names.
 */

import type { CudaTargets } from "./cuda-targets.mts";
import type { BuiltStart } from "./dockerfile-start.mts";

/** A folder with Compose files that becomes one project in one VM. */
export interface ProjectRequest {
  /** The project's name in the VM, such as `immich`. Compose's rule: `[a-z0-9][a-z0-9_-]*`. */
  name: string;
  /** Name of the machine that it runs on. */
  machine: string;
  /** Absolute path of the folder on the host. */
  folder: string;
  /**
   * Compose files relative to the folder, in the order of `-f`. Without it, Compose's default
   * names.
   */
  files?: string[];
  /** Enabled profiles. */
  profiles: string[];
  /** Variables for Compose, which override those of `.env`. */
  variables?: Record<string, string>;
  /**
   * The paths that are copied into the VM, relative to the folder; undefined where they are not
   * known.
   */
  copied?: string[];
  /** Who may write into the copied folders, by path relative to the folder. */
  access?: Record<string, { mode: number; uid?: number }>;
  /** The permission bits of the copied files, by path relative to the folder; absent where the host has none. */
  modes?: Record<string, number>;
  /** Links of the folder to paths that are not copied with it, by path relative to the folder, with their targets. */
  outerLinks?: Record<string, string>;
}

/** A Compose project as read, with everything that the checks need: checks read no files. */
export interface ComposeProject extends ProjectRequest {
  files: string[];
  /** The inline services of the config: their paths are paths in the VM. */
  inline?: true;
  /** The machines of the Swarm that it is deployed to, the manager first. */
  inSwarm?: string[];
  /**
   * What read the project. `compose`: the host's `docker compose config`, which returns long forms
   * and absolute paths, with `extends` and `include` resolved. `reader`: the built-in reader, which
   * only parses the YAML. `none`: neither could read it.
   */
  readBy: "compose" | "reader" | "none";
  /** The `.env` that Compose reads, relative to the folder, if it is not the one in the folder. */
  envFile?: string;
  /** Names of the variables in `.env`. */
  dotEnvNames?: string[];
  /**
   * Files next to the Compose files that look like an example of `.env`, with the variables that each gives a value.
   * `encrypted`: it is the encrypted `.env` itself.
   */
  envExamples?: { file: string; names: string[]; encrypted?: true }[];
  /** Files that look like an example of a missing one, by the missing path; relative to the project's folder. */
  examples?: Record<string, string>;
  /**
   * The texts in which variables have no value, as they are without it, with these variables. `refused`: Compose
   * refuses what is left.
   */
  emptied?: Record<string, { names: string[]; refused?: true }>;
  /** Paths outside the folder that a fix copies together with others. */
  outside?: string[];
  /** Why the host's Compose gave no answer, such as a timeout. */
  noAnswer?: string;
  /** Version of the host's Compose, such as `2.26.1`; undefined where there is none. */
  composeVersion?: string;
  /**
   * All services, including those of disabled profiles. Undefined where the project could not be
   * read.
   */
  model?: ComposeModel;
  /**
   * The project as the built-in reader reads it: Compose's output no longer contains env files and
   * relative paths.
   */
  written?: ComposeModel;
  /**
   * Names of the services that `up` starts with these profiles; undefined where they are not known.
   */
  enabled?: string[];
  /** Whether the model lacks a file that does not exist or that is not valid YAML. */
  incomplete?: true;
  /** Errors of Compose, or of the built-in reader: the project cannot run until they are fixed. */
  refusals: ProjectProblem[];
  /** Variables without a value and a default. Compose replaces them with an empty text. */
  unsetVariables: ProjectProblem[];
  /** What Compose accepts and reads as something else than it looks like. */
  warnings?: ProjectProblem[];
  /**
   * The kind of each host path that the project names (bind mounts, env files, build contexts,
   * configs, secrets). The paths are absolute.
   */
  paths: Record<string, PathKind>;
  /** Folders among them in the project's folder that have nothing but files such as .gitkeep. */
  emptyFolders?: string[];
  /**
   * Names of the stages of the Dockerfiles whose services have `build.target`, by absolute path; a
   * Dockerfile that could not be read is absent.
   */
  stages?: Record<string, string[]>;
  /** The images that the builds of services pull, by service, where their Dockerfiles show them. */
  bases?: Record<string, BaseImage[]>;
  /** A `FROM` that variables without a value leave without an image, by service. */
  blankBases?: Record<string, BlankBase>;
  /** The GPUs that the Dockerfiles of services compile CUDA code for, by service, and their place. */
  cudaTargets?: Record<string, CudaTargets & { file?: string }>;
  /** The paths that the builds of services copy and that their contexts do not have, by service. */
  absentCopies?: Record<string, AbsentCopy[]>;
  /** The users that built services run as, by service, and the place of `USER`, such as `app/Dockerfile:12`. */
  builtUsers?: Record<string, { uid: number; place: string }>;
  /** How the images of built services start, by service, and their Dockerfiles as in {@link BaseImage}. */
  starts?: Record<string, BuiltStart & { file?: string }>;
  /** The scripts of the project that start its services, by service. */
  startScripts?: Record<string, StartScript>;
  /** The registries that this host has a login for. */
  logins?: string[];
  /** Files that could not be read, as sentences with the reason. */
  unread?: string[];
  /** Paths of Git's submodules in the project's folder, from its .gitmodules. */
  submodules?: string[];
  /** Compose files with GPU requests that the project does not use. */
  unusedFiles?: UnusedFile[];
  /** Texts of the Compose files by their path as in `files`, for finding lines. */
  texts: Record<string, string>;
}

/** An image that the build of a service pulls. */
export interface BaseImage {
  image: string;
  /** The service's own image starts from it; otherwise another stage of the build does. */
  isFinal: boolean;
  /**
   * Its `FROM`: the Dockerfile, relative to the project's folder where it is below it, and the line, from 1. No file:
   * the text is in the Compose file (`dockerfile_inline`).
   */
  file?: string;
  line: number;
}

/** A script of the project's folder that starts a service. */
export interface StartScript {
  /** Its path, relative to the project's folder. */
  path: string;
  /** Its path in the container. */
  inside: string;
  /** It is mounted; otherwise a Dockerfile copies it. */
  isMounted: boolean;
  /** A shell runs it (`bash start.sh`), which needs no permission to execute and no first line. */
  byShell: boolean;
  /** Its first line names an interpreter. */
  hasInterpreter: boolean;
  /** Its first line ends as on Windows. */
  hasCarriageReturns: boolean;
  /** The key of the service that names it, or the place in its Dockerfile, such as `app/Dockerfile:12`. */
  key?: "entrypoint" | "command";
  place?: string;
  /** Its text. */
  text: string;
}

/** A path of a build's context that its Dockerfile copies: the build ends there. */
export interface AbsentCopy {
  /** The path, relative to the project's folder. */
  path: string;
  /** It exists, and this `.dockerignore` excludes it; a path relative to the project's folder. */
  ignoredBy?: string;
  /** The place of the instruction, as in {@link BaseImage}. */
  file?: string;
  line: number;
}

/** A `FROM` that is no image, because a variable in it has no value: the build ends there. */
export interface BlankBase {
  /** The image as written, such as `${BASE}`. */
  written: string;
  /** What is left of it, such as `ubuntu:`; it may be empty. */
  left: string;
  /** The variables without a value. */
  names: string[];
  /** Those of them that no `ARG` before the first `FROM` declares: `build.args` cannot set them. */
  undeclared: string[];
  /** Its place, as in {@link BaseImage}. */
  file?: string;
  line: number;
}

/** A Compose file with GPU requests that a project does not use. */
export interface UnusedFile {
  /** Its path, relative to the project's folder. */
  file: string;
  /**
   * How it is meant to be used, judged by its services. `override`: after the project's files,
   * whose services it changes. `addition`: after them, with services of its own that ask for a GPU. `whole`: instead of
   * them. `folder`: instead of them, as the Compose file of its own folder. `part`: with `extends`, since its services
   * have no image.
   */
  use: "override" | "addition" | "whole" | "folder" | "part";
  /** Its services that request a GPU. */
  services: Record<string, ComposeService>;
}

/** The kind of a host path. `unknown`: it could not be read. */
export type PathKind = "file" | "folder" | "missing" | "unknown";

/** A problem of a project, with its place where that is known. */
export interface ProjectProblem {
  message: string;
  /** Path of the file, relative to the project's folder where it is below it. */
  file?: string;
  /** Line number, from 1. */
  line?: number;
  /** Name of the variable, for a variable without a value. */
  variable?: string;
  /** How to correct it, as a sentence; undefined if nothing better than “correct it” is known. */
  mend?: string;
  /** The line of the env file that sets the variable below the line that uses it. */
  setLater?: number;
  /** A service inherits the variable from the caller's environment: `- NAME`. */
  inherited?: true;
  /** In an env file, its `$` follows a character of a word: it may be part of a password. */
  within?: true;
  /** Compose refuses the project without this variable. */
  required?: true;
  /** Whether it is a `${` that Compose cannot parse, so that the value is unknown. */
  unread?: true;
  /** Services or sections of the file are in the wrong place: Compose then refuses each of their keys. */
  stray?: true;
}

/**
 * A project in the form that `docker compose config --format json` prints (compose-spec), with
 * Compose's keys.
 */
export interface ComposeModel {
  services: Record<string, ComposeService>;
  networks?: Record<string, Record<string, unknown> | null>;
  volumes?: Record<string, Record<string, unknown> | null>;
  configs?: Record<string, Record<string, unknown> | null>;
  secrets?: Record<string, Record<string, unknown> | null>;
}

/** One service of a project: Compose's keys, unchecked. */
export type ComposeService = Record<string, unknown>;

/** The engine of a VM, as precisely as it is known. It decides how a GPU request is rendered. */
export interface GuestEngine {
  engine: "docker" | "podman";
  /** Version of the engine, such as `26.1.5`; undefined if not known. */
  version?: string;
  /**
   * Version of the Compose program in the VM: docker-compose 1.29.2, Compose 2.26.1, podman-compose
   * 1.0.6.
   */
  compose?: string;
  /** Whether CDI is enabled in Docker; undefined where the version decides (on from 28.2). */
  cdi?: boolean;
  /** The VM has a partition of a card (Hyper-V): its only CDI name is `nvidia.com/gpu=all`. */
  partition?: boolean;
  /** Vendor of the VM's card; without it, NVIDIA. */
  vendor?: "nvidia" | "amd" | "intel";
}
