// Compose projects that Compose refuses at `config`, one for each rule of compose-go (loader, validation, override,
// transform, types, format, dotenv, interpolation, graph; read at v2.13 of 2026-07 and run with Compose 2.26.1).

import { runChecks } from "../lib/checks/index.mts";
import type { HostCompose } from "../lib/compose/host-compose.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { Shell } from "../lib/shell.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

/** A project that Compose refuses. */
export interface Refused {
  /** The rule: the file of compose-go that has it, and what it is about. */
  rule: string;
  /** The Compose file; `⟵` marks the line that a finding must name. */
  text: string;
  /** Other files of the folder. */
  files?: Record<string, string>;
  /** The file and line of the finding, where that is not the marked line. */
  place?: string;
  /** Only newer versions of Compose than 2.26.1 refuse it; with an older one Docker does. */
  newer?: true;
}

/** A project with one service that has these keys, the first of which is refused; with top-level lines. */
const web = (rule: string, keys: string, top = "", more: Partial<Refused> = {}): Refused => ({
  rule,
  text: `services:\n  web:\n    image: x/y\n    ${keys.replace(/$/m, " # ⟵")}\n${top}`,
  ...more,
});
const project = (rule: string, text: string, more: Partial<Refused> = {}): Refused => ({ rule, text, ...more });

/** One project for each rule. */
export const refused: Refused[] = [
  // loader/validate.go
  project("validate.go: neither image nor build", "services:\n  web: # ⟵\n    restart: always\n"),
  web("validate.go: dockerfile and dockerfile_inline", "build: {dockerfile: D, dockerfile_inline: FROM x}"),
  web(
    "validate.go: additional context of an unknown service",
    "build: {context: ., additional_contexts: {b: 'service:none'}}",
    "",
  ),
  web(
    "validate.go: platforms without platform",
    "build: {context: ., platforms: [linux/arm64]}\n    platform: linux/amd64",
  ),
  web("validate.go: network_mode and networks", "network_mode: host\n    networks: [a]", "networks: {a: {}}\n"),
  web("validate.go: undefined network", "networks: [none]"),
  web("validate.go: healthcheck.test", "healthcheck: {test: [curl, localhost]}"),
  web("validate.go: depends_on of an undefined service", "depends_on: [none]"),
  web("validate.go: network_mode of an undefined service", 'network_mode: "service:none"'),
  web("validate.go: undefined volume", 'volumes: ["data:/data"]'),
  web("validate.go: undefined build secret", "build: {context: ., secrets: [none]}"),
  web("validate.go: undefined config", "configs: [none]"),
  web("validate.go: undefined secret", "secrets: [none]"),
  web("validate.go: scale and replicas", "scale: 2\n    deploy: {replicas: 3}"),
  web("validate.go: negative scale", "scale: -1", "", { newer: true }),
  web("validate.go: cpus", "cpus: 2\n    deploy: {resources: {limits: {cpus: '1'}}}"),
  web("validate.go: mem_limit", "mem_limit: 1g\n    deploy: {resources: {limits: {memory: 2g}}}"),
  web("validate.go: mem_reservation", "mem_reservation: 1g\n    deploy: {resources: {reservations: {memory: 2g}}}"),
  web("validate.go: pids_limit", "pids_limit: 5\n    deploy: {resources: {limits: {pids: 6}}}"),
  web("validate.go: container_name with scale", "container_name: a\n    scale: 2"),
  web("validate.go: watch without target", "develop: {watch: [{path: ., action: sync}]}"),
  web("validate.go: two mounts at one target", 'volumes: ["./a:/d"]\n    tmpfs: [/d]', "", { newer: true }),
  project("validate.go: secret without a source", "services: {web: {image: x}}\nsecrets:\n  s: {} # ⟵\n"),
  project(
    "cycle.go: dependency cycle",
    "services:\n  a:\n    image: x\n    depends_on: [b] # ⟵\n  b:\n    image: x\n    depends_on: [a]\n",
  ),
  project(
    "services.go: depends_on a service of a profile",
    "services:\n  a:\n    image: x\n    depends_on: [b] # ⟵\n  b: {image: x, profiles: [p]}\n",
  ),
  project(
    "project.go: one container_name twice",
    "services:\n  a: {image: x, container_name: n}\n  b:\n    image: x\n    container_name: n # ⟵\n",
    { newer: true },
  ),
  // validation
  project(
    "external.go: external with driver",
    "services: {web: {image: x}}\nvolumes:\n  v:\n    external: true\n    driver: local # ⟵\n",
  ),
  project(
    "validation.go: config with two sources",
    "services: {web: {image: x}}\nconfigs:\n  c: {file: ./a, content: hi} # ⟵\n",
    { files: { a: "" } },
  ),
  project("validation.go: config without a source", "services: {web: {image: x}}\nconfigs:\n  c: {name: n} # ⟵\n"),
  web("validation.go: watch with an empty path", 'develop: {watch: [{path: "", action: rebuild}]}'),
  web(
    "validation.go: count and device_ids",
    "deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 1, device_ids: ['0']}]}}}",
  ),
  web("validation.go: address of a port", "ports: [{target: 80, published: '80', host_ip: 300.1.1.1}]", "", {
    newer: true,
  }),
  project("validation/volume.go: a volume that is a text", "services: {web: {image: x}}\nvolumes:\n  v: text # ⟵\n"),
  // format
  web("volume.go: empty volume", 'volumes: [""]'),
  web("volume.go: too many colons", 'volumes: ["./a:/b:ro:z"]'),
  // interpolation
  web("interpolation.go: required variable", "command: ${NONE:?set it}"),
  web("interpolation.go: invalid format", "command: ${1NONE}"),
  web("interpolation.go: no closing brace", "command: ${NONE"),
  project("interpolation.go: cast to bool", "services:\n  web:\n    image: x\n    init: ${A:-maybe} # ⟵\n"),
  project("interpolation.go: cast to int", "services:\n  web:\n    image: x\n    scale: ${A:-many} # ⟵\n"),
  // loader
  project("extends.go: services is a list", "services: # ⟵\n  - image: x\n"),
  project("extends.go: a service is a text", "services:\n  web: text # ⟵\n"),
  web("extends.go: no service", "extends: {file: b.yaml}", "", { files: { "b.yaml": "services: {a: {image: x}}\n" } }),
  web("extends.go: not found", "extends: {file: b.yaml, service: none}", "", {
    files: { "b.yaml": "services: {a: {image: x}}\n" },
  }),
  web("extends.go: not found in this file", "extends: none"),
  web("extends.go: no services section", "extends: {file: b.yaml, service: a}", "", {
    files: { "b.yaml": "volumes: {a: {}}\n" },
  }),
  web("extends.go: file cannot be read", "extends: {file: none.yaml, service: a}"),
  project("extends.go: circular", "services:\n  a: # ⟵\n    extends: b\n  b:\n    extends: a\n"),
  project("include.go: not a list", "include: a.yaml # ⟵\nservices: {web: {image: x}}\n"),
  project("include.go: file cannot be read", "include: [none.yaml] # ⟵\nservices: {web: {image: x}}\n"),
  project("include.go: cycle", "include: [b.yaml] # ⟵\nservices: {web: {image: x}}\n", {
    files: { "b.yaml": "include: [compose.yaml]\nservices: {b: {image: x}}\n" },
  }),
  project("include.go: conflict", "include: [b.yaml]\nservices:\n  web: {image: x} # ⟵\n", {
    files: { "b.yaml": "services: {web: {image: y}}\n" },
  }),
  project("loader.go: top level is a list", "- a # ⟵\n"),
  project("loader.go: empty file", "# ⟵\n"),
  project("loader.go: invalid YAML", "services:\n  web:\n   image: x\n    restart: always # ⟵\n"),
  project("loader.go: key twice", "services:\n  web:\n    image: x\n    image: y # ⟵\n"),
  project("loader.go: key that is a number", "services:\n  1: {image: x} # ⟵\n"),
  project("loader.go: unknown key", "services:\n  web:\n    image: x\n    imagee: y # ⟵\n"),
  project("loader.go: unknown section", "services: {web: {image: x}}\nvolume: {} # ⟵\n"),
  // override, paths
  web("uncity.go: volume without a target", "volumes: [{type: bind, source: ./a}]"),
  web("uncity.go: expose", "expose: [abc]", "", { newer: true }),
  web("uncity.go: port without a target", "ports: [{published: '80'}]"),
  web("resolve.go: bind without a source", "volumes: [{type: bind, target: /a}]"),
  // transform, types
  web("device.go: too many colons", 'devices: ["/dev/a:/dev/b:rwm:x"]'),
  web("mapping.go: additional_contexts", "build: {context: ., additional_contexts: [a]}"),
  web("ports.go: port", 'ports: ["abc"]'),
  web("ports.go: port above 65535", 'ports: ["70000:80"]'),
  web("ports.go: ranges of different lengths", 'ports: ["8000-8002:80-81"]'),
  web("ports.go: address", 'ports: ["300.1.1.1:80:80"]'),
  web("bytes.go: size", "mem_limit: 1 gigabyte"),
  web("bytes.go: shm_size", "shm_size: big"),
  web("duration.go: duration", "stop_grace_period: ten"),
  web("duration.go: duration without a unit", "healthcheck: {test: [NONE], interval: '30'}"),
  web("cpus.go: cpus", "cpus: two"),
  web("device.go: count", "deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: many}]}}}"),
  web("mapping.go: environment with a space", 'environment: ["A =1"]', "", { newer: true }),
  web("hostList.go: extra_hosts without an address", "extra_hosts: [abc]"),
  web("ulimits.go: ulimit", "ulimits: {nofile: {soft: 1}}"),
  web("project.go: env file not found", "env_file: [none.env]"),
  web("project.go: label file not found", "label_file: none"),
  web("mode", "configs: [{source: c, mode: abc}]", "configs: {c: {file: ./c}}\n", { files: { c: "" } }),
  // dotenv
  web("parser.go: a key with a space", "env_file: [a.env]", "", { files: { "a.env": "A B=1\n" }, place: "a.env:1" }),
  web("parser.go: a quote without its end", "env_file: [a.env]", "", {
    files: { "a.env": 'A="1\n' },
    place: "a.env:1",
  }),
  // schema
  web("schema: pull_policy", "pull_policy: sometimes"),
  web("schema: capabilities of a reservation", "deploy: {resources: {reservations: {devices: [{driver: nvidia}]}}}"),
  web("schema: restart", "restart: [a]"),
  web("schema: depends_on condition", "depends_on: {web2: {condition: service_ready}}", "  web2: {image: x}\n"),
  web("schema: ipam", "networks: [n]", "networks:\n  n: {ipam: {config: {subnet: 10.0.0.0/8}}}\n", {
    place: "compose.yaml:6",
  }),
  // what Compose passes on and Docker refuses (moby)
  ...[
    ...["cap_add: [NET_ADMINN]", "cap_drop: [everything]", "stop_signal: SIGFOO", "ulimits: {nofiles: 5}"],
    ...["security_opt: [foo]", "devices: ['/dev/null:/dev/x:abc']", "device_cgroup_rules: [foo]", "shm_size: -1"],
    ...["logging: {driver: loki}", "dns: [abc]", "mac_address: zz", "oom_score_adj: 5000", "ipc: foo", "pid: foo"],
    ...["userns_mode: foo", "extra_hosts: ['a:zz']", "working_dir: rel", "cpuset: abc"],
    ...["mem_swappiness: 200", "memswap_limit: 500m\n    mem_limit: 1g", "memswap_limit: 1g", "cpu_period: 5"],
    ...["cpu_quota: 50000\n    cpus: 1", "blkio_config: {weight: 5}", "storage_opt: {size: 10G}", "isolation: hyperv"],
    ...["tmpfs: [rel]", "volumes: ['./a:/']", "cgroup_parent: foo", "healthcheck: {test: [CMD, a], interval: 1us}"],
    ...["healthcheck: {test: [CMD, a], timeout: 0.0005s}", "healthcheck: {test: [CMD, a], start_period: -1s}"],
    ...["mac_address: '02:42-ac:11:00:02'", `hostname: ${"h".repeat(65)}`],
    ...["healthcheck: {test: [CMD, a], retries: -1}", "volumes: [{type: tmpfs, target: /a, source: x}]"],
    ...["volumes: [{type: bind, source: ./a, target: /a, bind: {propagation: foo}}]", "hostname: h\n    uts: host"],
    ...["volumes: [{type: tmpfs, target: /a, tmpfs: {size: -1}}]", "environment: {'': a}"],
  ].map((keys) => web(`daemon: ${keys.replace(/\s+/g, " ")}`, keys, "", { newer: true })),
  ...["hostname: h", "dns: [1.1.1.1]", "extra_hosts: ['a:1.2.3.4']", "expose: [80]"].map((keys) =>
    web(`daemon: network_mode and ${keys}`, `${keys}\n    network_mode: "service:b"`, "  b: {image: x/y}\n", {
      newer: true,
    })
  ),
  web("daemon: address", "networks: {n: {ipv4_address: abc}}", "networks: {n: {}}\n", { newer: true }),
  web("daemon: link-local address", "networks: {n: {link_local_ips: [abc]}}", "networks: {n: {}}\n", { newer: true }),
];

/** Settings that Docker accepts. */
export const accepted = [
  ...["cap_add: [NET_ADMIN, cap_sys_nice, ALL]", "stop_signal: SIGRTMIN+3", "stop_signal: '15'", "stop_signal: INT"],
  ...[
    "ulimits: {nofile: {soft: 1, hard: 2}, memlock: -1}",
    "security_opt: ['no-new-privileges:true', 'label:disable']",
  ],
  ...["security_opt: ['seccomp:unconfined', apparmor=unconfined]", "devices: ['/dev/null:/dev/x:rw', /dev/fuse]"],
  ...["device_cgroup_rules: ['c 188:* rwm']", "shm_size: 1g", "logging: {driver: json-file}", "dns: [1.1.1.1, '::1']"],
  ...["mac_address: '02:42:ac:11:00:02'", "oom_score_adj: -500", "ipc: host", "ipc: shareable", "pid: host"],
  ...[
    "userns_mode: host",
    "extra_hosts: ['a:host-gateway', 'b=1.2.3.4']",
    "extra_hosts: {a: 1.2.3.4}",
    "working_dir: /a",
  ],
  ...[
    "cpuset: '0-1,2'",
    "mem_swappiness: 0",
    "mem_limit: 1g\n    memswap_limit: -1",
    "cpu_quota: -1",
    "cpu_shares: 512",
  ],
  ...["mem_limit: 1g\n    memswap_limit: 2g", "blkio_config: {weight: 300}", "tmpfs: ['/run:size=64m', /tmp]"],
  ...["healthcheck: {test: [CMD, a], interval: 1m30s, timeout: 0s, retries: 3}", "hostname: my_host", "uts: host"],
  ...["healthcheck: {test: [CMD, a], interval: 5000us, timeout: 2000000000ns, start_period: 0.5s}"],
  ...["mac_address: 0242.ac11.0002", "mac_address: 02-42-ac-11-00-02", `hostname: ${"h".repeat(64)}`],
  ...["network_mode: host\n    hostname: h", "environment: {A: ''}", "expose: ['80-90', 53/udp]"],
];

const host = savedHost("rtx4070-desktop-debian12");
const machine = "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, " +
  "gpu: {device_id: 2786}}]";

/**
 * The failures of a project, as `PLACE message -> fix`, and the place that one of them must have. `folder`: where a
 * Compose of the host reads it.
 */
export async function refusedLines(
  { text, files = {}, place }: Refused,
  compose?: HostCompose,
  folder = "/lab/p",
  shell: Shell = fakeShell(
    Object.fromEntries(
      Object.entries({ "compose.yaml": text, ...files }).map(([path, one]) => [`${folder}/${path}`, one]),
    ),
  ).shell,
): Promise<{ place: string; found: string[] }> {
  const project = await readProject(shell, { name: "p", machine: "a", folder, profiles: [] }, compose);
  const resolved = { ...resolveConfig(parseConfig(machine), host), projects: [project] };
  const found = runChecks(host, resolved, ["services.compose", "services.gpu"]).filter(({ status }) =>
    status === "fail"
  );
  return {
    place: place ?? `compose.yaml:${text.split("\n").findIndex((line) => line.includes("⟵")) + 1}`,
    found: found.map(({ evidence, message, fix }) => `${evidence[0]?.read} ${message} -> ${fix[0]?.title}`),
  };
}
