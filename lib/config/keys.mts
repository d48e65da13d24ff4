/**
 * The keys of `homelab-gpu.yaml`: the parser, the editors' schema and the README's table come from
 * this table. The keys of a machine are in machine-keys.mts.
 */
import type { Key } from "./shape.mts";
import { machine } from "./machine-keys.mts";
import { projectName, type RawStack } from "./raw.mts";
import { cloneMeant } from "./habits.mts";

/** A Compose key that needs files or sections, which only a stack's own folder has. */
const ofStacks = (): Key => ({
  kind: "refused",
  about: "Refused: use a stack, a folder with a Compose file of its own.",
  message: "cannot be used in services of this file: use a stack",
  example: "stacks: [{path: ./NAME}], with the service in ./NAME/compose.yaml",
});

/** The machine that a stack or a service runs on. */
const home: Key = {
  kind: "text",
  about: "Where it runs. Default: the only machine, or the only one with a GPU.",
  pattern: machine.name!.kind === "text" ? machine.name!.pattern : "",
  expected: "the name of a machine",
  example: "devlab",
};

const stack: Record<string, Key> = {
  path: {
    ...{ kind: "text", pattern: "^(?!\\w+://|git@)[^\\u0000-\\u001f]+$", expected: "a folder of this machine" },
    ...{ meant: cloneMeant, example: "./immich" },
    required: true,
    about: "The folder with its Compose file; relative to this file. It is copied into the VM.",
  },
  machine: home,
  name: {
    kind: "text",
    about: "Name of its Compose project. Default: the folder's name.",
    pattern: "^[a-z0-9][a-z0-9_-]{0,62}$",
    expected: "a Compose project's name: lower-case letters, digits, hyphens and underscores",
    example: "immich",
  },
  profiles: {
    kind: "list",
    about: "Profiles of its services that are started too.",
    of: {
      kind: "text",
      pattern: "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$",
      expected: "the name of a profile",
      example: "cuda",
    },
    example: "[cuda]",
  },
  env: {
    kind: "texts",
    about: "Variables for its Compose file. One without a value takes that of the environment that up is started in.",
    names: "^[A-Za-z_][A-Za-z0-9_]*$",
    empty: true,
    example: "{TAG: v1, HF_TOKEN: }",
  },
  compose: {
    kind: "list",
    about: "Arguments of your own for docker compose up, for what has no key here.",
    of: {
      kind: "text",
      pattern: "^[^\\u0000-\\u001f\\u007f]+$",
      expected: "one argument, in one line",
      example: "--wait",
    },
    example: "[--wait]",
  },
};

const service: Record<string, Key> = {
  gpu: {
    kind: "either",
    about: "How many of the machine's GPUs it gets: a number or all.",
    none: "remove it: a service without gpu: gets none",
    example: "1",
    of: [
      { kind: "whole", min: 1, max: 64, example: "1" },
      { kind: "choice", values: () => ["all"], example: "all" },
    ],
  },
  machine: home,
  build: ofStacks(),
  secrets: ofStacks(),
  configs: ofStacks(),
  models: ofStacks(),
};

/** The login in an ssh command, such as `ssh me@gpubox -p 2222`; undefined if it has more than a port. */
function loginIn(text: string): string | undefined {
  const words = text.trim().replace(/^ssh\s+/, "").replace(/(^|\s)-p\s*/, "$1-p").split(/\s+/);
  const port = words.find((word) => /^-p[1-9]\d{0,4}$/.test(word))?.slice(2);
  const [login = "", ...more] = words.filter((word) => word !== `-p${port}`);
  if (more.length > 0 || !/^(?:\w[\w.-]*@)?\w[\w.-]*$/.test(login)) return undefined;
  return port === undefined ? login : `ssh://${login}:${port}`;
}

/** A port: 1 to 65535. */
const port = "([1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])";

/** A host that machines are on. */
const host: Record<string, Key> = {
  ssh: {
    kind: "text",
    required: true,
    about: "Where ssh logs in: [USER@]HOST, or ssh://[USER@]HOST[:PORT]. HOST may be an alias of ~/.ssh/config.",
    pattern: `^(ssh://)?([A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9_][A-Za-z0-9_.-]*(:${port})?$`,
    expected: "a host for ssh such as me@gpubox",
    meant: loginIn,
    example: "me@gpubox",
  },
};

/** Whether the project of a stack has a name that is free. */
function hasName(stack: unknown): boolean {
  const { path = "", name = projectName(path) } = stack as Partial<RawStack>;
  return name !== "" && name !== "homelab-gpu";
}

/** Words of other programs for keys of a stack. */
const stackWords = {
  dir: "path",
  folder: "path",
  directory: "path",
  file: "path",
  project: "name",
  environment: "env",
};

/** Words of other programs for keys of a machine. */
const machineWords = {
  ...{ ram: "memory", mem: "memory", vcpus: "cpus", cores: "cpus", cpu: "cpus", hostname: "name", id: "name" },
  ...{ hypervisor: "provider", os: "image", distribution: "image", iso: "image", base: "image", scripts: "provision" },
  ...{
    script: "provision",
    setup: "provision",
    storage: "disk",
    mounts: "folders",
    volumes: "folders",
    shares: "folders",
  },
  ...{
    runtime: "engine",
    gpus: "gpu",
    card: "gpu",
    cards: "gpu",
    graphics: "gpu",
    passthrough: "gpu",
    packages: "provision",
    networks: "network",
    net: "network",
  },
};

const inService = "it in a service, below services:";
const inNetwork = "network: {lan: br0, address: 192.168.1.50/24}";
/** Compose's keys of a service, and addresses. */
const machineApart = {
  ...{ ip: inNetwork, address: inNetwork, ip_address: inNetwork },
  ...{ ports: inService, environment: inService, env: inService, env_file: inService, restart: inService },
  ...{ command: inService, depends_on: inService, container_name: inService, healthcheck: inService },
};

const cloned = "path: with a folder of this machine, after git clone";
/** Where a project comes from, in other programs. */
const stackApart = { git: cloned, repo: cloned, repository: cloned, url: cloned };

/** The whole file. */
export const file: Key = {
  kind: "map",
  about: "A homelab: VMs, the GPUs they get, and the services in them. Keys that begin with x- are ignored.",
  extensions: true,
  words: { vms: "machines", vm: "machines", nodes: "machines", containers: "services", projects: "stacks" },
  example: "machines: [{name: devlab, box: homelab-gpu/debian-13, image: debian-13}]",
  keys: {
    cluster: {
      kind: "choice",
      about: "The machines become one cluster: services and stacks without machine: run on any node. Default: none.",
      values: () => ["swarm"],
      example: "swarm",
    },
    machines: {
      kind: "list",
      required: true,
      about: "The VMs.",
      of: {
        ...{ kind: "map", keys: machine, example: "{name: devlab, box: homelab-gpu/debian-13, image: debian-13}" },
        ...{ words: machineWords, apart: machineApart },
        meant: (name) => `{name: ${name}, box: homelab-gpu/debian-13, image: debian-13}`,
      },
      example: "[{name: devlab, box: homelab-gpu/debian-13, image: debian-13}]",
    },
    hosts: {
      kind: "maps",
      about: "Other Linux hosts that VMs are on, by name. A machine names one in host:",
      names: "^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$",
      of: {
        ...{ kind: "map", keys: host, short: "ssh", example: "{ssh: me@gpubox}" },
        others: "a user and a port in ssh: ssh://me@gpubox:2222, and anything else in ~/.ssh/config",
      },
      example: "{gpubox: {ssh: me@gpubox}}",
    },
    stacks: {
      kind: "list",
      about: "Compose projects as they are: folders that are copied into a VM and run there.",
      of: {
        ...{ kind: "map", keys: stack, short: "path", example: "{path: ./immich}" },
        ...{ words: stackWords, apart: stackApart },
        suits: hasName,
      },
      example: "[{path: ./immich}]",
    },
    services: {
      kind: "services",
      about: "Compose services by name. Keys other than gpu and machine are Compose's own and are passed on unchanged.",
      keys: service,
      example: "{web: {image: nginx}}",
    },
  },
};
