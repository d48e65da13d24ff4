// Two real Docker daemons in namespaces of their own, joined by a bridge, in place of the VMs: the steps of
// `cluster: swarm` run with the scripts as they are. An ssh stands for the way into a VM.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { beforeAll } from "../before-all.mts";
import { runChecks } from "../../lib/checks/index.mts";
import { logCommand } from "../../lib/cli/commands/logs.mts";
import { readStacks } from "../../lib/cli/projects.mts";
import { askFacts, inGuest, type Node } from "../../lib/cli/swarm-guests.mts";
import { withSwarmModels } from "../../lib/cli/swarm-stacks.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import type { Lab } from "../../lib/host/lab.mts";
import { goneStackSteps } from "../../lib/plan/swarm-stacks.mts";
import { ticketIn } from "../../lib/plan/swarm-nodes.mts";
import { firstSwarmSteps, leaveSteps, swarmFiles, swarmSteps, swarmWanted } from "../../lib/plan/swarm.mts";
import type { Step } from "../../lib/plan/types.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import type { Resolved } from "../../lib/resolve/types.mts";
import { realShell } from "../../lib/run/shell.mts";
import type { Shell } from "../../lib/shell.mts";
import { guestStatusOf } from "../../lib/verify/guest-status.mts";
import { dockerServiceName, swarmLines } from "../../lib/verify/swarm-status.mts";
import { options, root } from "../fake.mts";
import { savedHost } from "../hosts.mts";
import { until } from "../until.mts";

const test = suite("two nodes in one Swarm");
const tree = process.env.DOCKER_TREE!;
const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-swarm-"));
const lab = join(folder, "lab");
const id = process.pid;
const names = ["a", "b"];
const address = (name: string) => `10.213.${id % 250}.${names.indexOf(name) + 1}`;
const netns = (name: string) => `hg${id}${name}`;
const bridge = `hg${id}`;
const children: ReturnType<typeof spawn>[] = [];
const path = `${folder}/bin:${tree}/usr/bin:${process.env.PATH}`;

function run(command: string, words: string[], more: { input?: string; cwd?: string } = {}) {
  const { status, stdout, stderr } = spawnSync(command, words, {
    encoding: "utf8",
    env: { ...process.env, PATH: path },
    ...more,
  });
  return { status, stdout, stderr };
}
function must(command: string, ...words: string[]): string {
  const { status, stdout, stderr } = run(command, words);
  assert.is(status, 0, `${command} ${words.join(" ")}: ${stderr}`);
  return stdout;
}
const docker = (name: string, ...words: string[]) =>
  must("docker", "-H", `unix://${folder}/${name}/docker.sock`, ...words);
const lines = (text: string) => text.trim().split("\n");

beforeAll(test, async () => {
  for (const one of ["bin", "lab/ssh", "lab/verify", "lab/compose"]) mkdirSync(join(folder, one), { recursive: true });
  cpSync(join(root, "scripts"), join(lab, "scripts"), { recursive: true });
  const program = (name: string, text: string) =>
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  // ssh -F ssh/NAME [-o OPTION…] NAME COMMAND
  program(
    "ssh",
    `while [ "$3" = -o ]; do one=$1 two=$2; shift 4; set -- "$one" "$two" "$@"; done
exec nsenter -t "$(cat '${folder}'/"$3"/pid)" -m -u -n env DOCKER_HOST="unix://${folder}/$3/docker.sock" \
DOCKER_SOCKET="${folder}/$3/docker.sock" DOCKER_CONFIG="${folder}/docker" PATH="$PATH" sh -c "$4"`,
  );
  program("sudo", `exec "$@"`);
  mkdirSync(join(folder, "docker/cli-plugins"), { recursive: true });
  symlinkSync(process.env.COMPOSE_V2!, join(folder, "docker/cli-plugins/docker-compose"));
  program("nvidia-smi", `[ "$(hostname)" = b ] || exit 9\necho 'GPU 0: NVIDIA L4 (UUID: x)'`);
  must("ip", "link", "add", bridge, "type", "bridge");
  must("ip", "link", "set", bridge, "up");
  for (const name of names) {
    const own = join(folder, name);
    mkdirSync(join(own, "services"), { recursive: true });
    must("ip", "netns", "add", netns(name));
    must("ip", "link", "add", `${bridge}${name}`, "type", "veth", "peer", "name", "eth0", "netns", netns(name));
    must("ip", "link", "set", `${bridge}${name}`, "master", bridge, "up");
    const inside = (...words: string[]) => must("ip", "-n", netns(name), ...words);
    inside("addr", "add", `${address(name)}/24`, "dev", "eth0");
    inside("link", "set", "eth0", "up");
    inside("link", "set", "lo", "up");
    inside("route", "add", "default", "via", address("a").replace(/\d+$/, "254"));
    const nvidia = ["--add-runtime", `nvidia=${tree}/usr/sbin/runc`, "--default-runtime", "nvidia"];
    const words = [
      ...["netns", "exec", netns(name), "unshare", "-m", "-u", "-p", "-f", "--mount-proc", "--kill-child", "sh"],
      ...[join(root, "test/swarm/node.sh"), name, own, ...(name === "b" ? nvidia : [])],
    ];
    const child = spawn("ip", words, { stdio: "ignore", env: { ...process.env, DOCKER_TREE: tree } });
    children.push(child);
    // the first process of the new namespaces is the only child of unshare, which ip became
    const first = await until(`the namespaces of ${name}`, () => {
      const task = `/proc/${child.pid}/task/${child.pid}/children`;
      return existsSync(task) ? readFileSync(task, "utf8").trim() : "";
    });
    writeFileSync(join(own, "pid"), first);
    await until(
      `Docker on ${name}`,
      () => run("docker", ["-H", `unix://${own}/docker.sock`, "info"]).status === 0 || child.exitCode !== null,
    );
    assert.is(child.exitCode, null, readFileSync(join(own, "dockerd.log"), "utf8"));
  }
  const image = join(folder, "image");
  mkdirSync(join(image, "bin"), { recursive: true });
  cpSync(join(tree, "bin/busybox"), join(image, "bin/busybox"));
  for (const one of ["sh", "httpd", "sleep"]) symlinkSync("busybox", join(image, "bin", one));
  must("tar", "-C", image, "-c", "-f", `${image}.tar`, ".");
  for (const name of names) docker(name, "import", `${image}.tar`, "lab/busybox:1");
});

test.after(async () => {
  for (const child of children) {
    if (child.exitCode !== null) continue;
    const ended = new Promise((done) => child.on("exit", done));
    child.kill("SIGKILL");
    await ended;
  }
  for (const name of names) run("ip", ["netns", "del", netns(name)]);
  run("ip", ["link", "del", bridge]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

const text = `cluster: swarm
machines:
  - {name: a, box: lab/x, provider: libvirt, cpus: 1, memory: 1024}
  - {name: b, box: lab/y, provider: libvirt, cpus: 1, memory: 1024, gpu: {device_id: 2786}}
services:
  site: {image: "lab/busybox:1", command: [httpd, -f, -p, "80"], stop_grace_period: 1s,
    ports: [{target: 80, published: 8080, mode: host}], deploy: {mode: global}}
  card: {image: "lab/busybox:1", command: [sleep, infinity], stop_grace_period: 1s, gpu: 1}
  any: {image: "lab/busybox:1", command: [sleep, infinity], stop_grace_period: 1s, deploy: {replicas: 2}}
  once: {image: "lab/busybox:1", command: [sh, -c, "exit 0"], deploy: {restart_policy: {condition: none}}}
  each: {image: "lab/busybox:1", command: [sh, -c, "exit 0"],
    deploy: {mode: global, restart_policy: {condition: on-failure}}}
`;
const config = resolveConfig(parseConfig(text), savedHost("vm-without-gpu"));
const machine = { domain: "x", state: "running", address: "x" } as const;
const state = (swarm?: Lab["swarm"]): Lab => ({
  ...{ folder: lab, prefix: "x", boxes: {}, machines: { a: machine, b: machine }, orphans: {} },
  ...(swarm ? { swarm } : {}),
});

/** Runs steps as run/steps.mts does: in the lab's folder, with their input and output. */
function perform(steps: Step[]): string {
  const said: string[] = [];
  for (const { title, command, input, output, removes = [], env = {} } of steps) {
    const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
      cwd: lab,
      env: { ...process.env, PATH: path, ...env },
      ...(input ? { input: readFileSync(join(lab, input)) } : {}),
    });
    said.push(String(stderr));
    assert.is(status, 0, `${title}: ${stderr}`);
    if (output) writeFileSync(join(lab, output), stdout);
    for (const one of removes) rmSync(join(lab, one), { recursive: true, force: true });
  }
  return said.join("");
}
const up = (wanted = config, before?: Lab["swarm"], changed = names) => {
  for (const { path, text, mode } of swarmFiles(wanted, state())) {
    mkdirSync(dirname(join(lab, path)), { recursive: true });
    writeFileSync(join(lab, path), text, { mode: mode ?? 0o644 });
  }
  const machines = { changed, running: names, replaces: [], pull: false };
  const steps = [
    ...goneStackSteps(wanted, state(before), [], true),
    ...swarmSteps(wanted, state(before), machines),
  ];
  // no registry is asked for the digest of an image that only these nodes have
  return perform(steps);
};
/** What Docker says of each running task of a service, sorted. */
const tasksOf = (service: string, format: string) =>
  lines(docker("a", "service", "ps", "--filter", "desired-state=running", "--format", format, service)).sort();
/** The node of each running task. */
const nodesOf = (service: string) => tasksOf(`homelab-gpu-swarm_${service}`, "{{.Node}}");
const containers = () => names.map((name) => lines(docker(name, "ps", "-q")).sort().join());
const answers = (name: string) =>
  run("ip", ["netns", "exec", netns(name), "curl", "-s", "-o", "/dev/null", `http://${address(name)}:8080/`]).status;
const status = () => {
  const { stdout } = run("ssh", ["-F", "ssh/a", "a", "sudo sh -s"], {
    cwd: lab,
    input: `SWARM=yes\n${readFileSync(join(root, "scripts/status-guest.sh"), "utf8")}`,
  });
  return swarmLines(guestStatusOf(stdout)!.swarm!);
};

/** Waits until status shows a line. */
const shown = (line: RegExp) => until(`${line}`, () => line.test(status().join("\n")));

test("up joins both, labels the node with the card, and places the services", async () => {
  const said = up();
  assert.not.match(said, /SWMTKN/);
  assert.equal(nodesOf("card"), ["b"]);
  assert.equal(nodesOf("site"), ["a", "b"]);
  assert.equal(names.map(answers), [0, 0], "the port answers on both");
  const [made] = lines(docker("b", "ps", "-q", "--filter", "name=swarm_card"));
  assert.match(
    docker("b", "inspect", "--format", "{{.HostConfig.Runtime}} {{.Config.Env}}", made!),
    /^nvidia .*NVIDIA_VISIBLE_DEVICES=0/,
  );
  const nodes = docker(
    "a",
    "node",
    "inspect",
    "a",
    "b",
    "--format",
    "{{.Description.Hostname}} {{.Status.Addr}} {{.Spec.Labels}}",
  );
  assert.match(nodes, new RegExp(`^b ${address("b")} map\\[homelab-gpu\\.gpu-1:yes homelab-gpu\\.machine:b\\]$`, "m"));
  assert.match(nodes, /^a \S+ map\[homelab-gpu\.machine:a\]$/m);
  assert.match(readFileSync(join(lab, "verify/swarm.txt"), "utf8"), /^card: 1 running on b$/m);
  // a task that ends may still run when up ends
  assert.match(readFileSync(join(lab, "verify/swarm.txt"), "utf8"), /^once: 1 (completed|running on [ab])$/m);
  await shown(/^ {2}once: 1 completed$/m);
  await shown(/^ {2}each: 2 completed$/m);
});

test("a service that ends with another exit code fails at once, with its log; mended, it completes", async () => {
  const of = (code: number) => {
    const more = `  once2: {image: "lab/busybox:1", command: [sh, -c, "echo no table users; exit ${code}"],\n` +
      "    deploy: {restart_policy: {condition: none}}}\n";
    return up(resolveConfig(parseConfig(text + more), savedHost("vm-without-gpu")), undefined, []);
  };
  const refusal = () => {
    try {
      of(3);
      return "";
    } catch (error) {
      // an assertion of perform
      return (error as Error).message;
    }
  };
  // the task may still run when the first up ends
  const first = refusal();
  await shown(/^ {2}once2: 1 failed, "?task: non-zero exit \(3\)/m);
  const refused = first || refusal();
  assert.match(refused, /no table users\n.*once2 does not run: "?task: non-zero exit \(3\)/);
  assert.match(refused, /once2 ended, and Docker does not start it again/);
  of(0);
  await shown(/^ {2}once2: 1 completed$/m);
  up();
});

test("a second up replaces no container", () => {
  const before = containers();
  up();
  assert.equal(containers(), before);
});

test("a node that is drained gives its services away, and destroy leaves a healthy Swarm of one", () => {
  const swarm = swarmWanted(config, state())!;
  const id = lines(docker("a", "node", "ls", "-q", "--filter", "name=b"))[0]!;
  docker("a", "node", "update", "--availability", "drain", id);
  // docker service update waits for no task of a drain, deploy-stack.sh does
  const moved = run("ssh", ["-F", "ssh/a", "a", "docker service update --quiet --force homelab-gpu-swarm_any"], {
    cwd: lab,
  });
  assert.is(moved.status, 0, moved.stderr);
  assert.equal(nodesOf("any"), ["a", "a"]);
  assert.match(status().join("\n"), /^Swarm: a ready, b drained$/m);
  perform(leaveSteps(state(swarm), ["b"]));
  assert.equal(lines(docker("a", "node", "ls", "--format", "{{.Hostname}} {{.Status}}")), ["a Ready"]);
  assert.is(docker("b", "info", "--format", "{{.Swarm.LocalNodeState}}").trim(), "inactive");
  const after = status().join("\n");
  assert.match(after, /^Swarm: a ready$/m);
  assert.match(after, /any: 2 running on a/);
  assert.match(after, /card: 0 of 1 running, .*no suitable node/);
  assert.is(answers("a"), 0);
});

test("the node joins again, and the service with the card runs there again", () => {
  up();
  assert.equal(nodesOf("card"), ["b"]);
  assert.equal(lines(docker("a", "node", "ls", "--format", "{{.Hostname}}")).sort(), ["a", "b"]);
});

const stack = join(folder, "site");
/** The config with a stack, whose Compose file and secret are written first. */
async function withStack(image: string, word: string): Promise<Resolved> {
  mkdirSync(stack, { recursive: true });
  writeFileSync(join(stack, ".env"), `IMAGE=${image}\n`);
  writeFileSync(join(stack, "word.txt"), word, { mode: 0o600 });
  writeFileSync(
    join(stack, "compose.yaml"),
    `name: other
services:
  web:
    image: \${IMAGE}
    command: [sh, -c, "read -r word </run/secrets/word; echo $$word $$0 on $$A; sleep 1000"]
    hostname: web
    stop_grace_period: 1s
    ports: [{target: 80, published: "8081", mode: host}]
    secrets: [word]
    environment: {A: b}
    depends_on: [card]
    deploy: {resources: {limits: {cpus: "0.5"}}}
  card:
    image: \${IMAGE}
    command: [sleep, "1000"]
    stop_grace_period: 1s
    gpus: [{count: 1}]
    volumes: ["data:/data"]
volumes: {data: }
secrets: {word: {file: ./word.txt}}
`,
  );
  const parsed = parseConfig(text.replace("services:", `stacks: [{path: ${stack}, name: site}]\nservices:`));
  const shell = realShell();
  const stacks = await readStacks(shell, { config: parsed, text, name: "homelab-gpu.yaml", home: root });
  const read = resolveConfig(parsed, savedHost("vm-without-gpu"), {}, stacks);
  const { resolved } = await withSwarmModels(shell, read, { gpu: true, here: true });
  const refused = runChecks(savedHost("vm-without-gpu"), resolved, ["services.compose"]).filter(({ status }) =>
    status === "fail"
  );
  assert.equal(refused, []);
  return resolved;
}
const inStack = (name: string) => tasksOf(`site_${name}`, "{{.Node}} {{.Image}}");
/** The running task of a service of the stack, and its secrets. */
const taskOf = (name: string) => [
  docker("a", "service", "ps", "-q", "--filter", "desired-state=running", `site_${name}`).trim(),
  docker("a", "service", "inspect", `site_${name}`, "--format", "{{json .Spec.TaskTemplate.ContainerSpec.Secrets}}"),
];

test("a stack is deployed as Compose reads it, and the service with a card runs on the node that has one", async () => {
  const wanted = await withStack("lab/busybox:1", "first");
  up(wanted, swarmWanted(config, state())!, []);
  assert.equal(inStack("card"), ["b lab/busybox:1"]);
  assert.is(inStack("web").length, 1);
  const [made] = lines(docker("b", "ps", "-q", "--filter", "name=site_card"));
  assert.match(
    docker("b", "inspect", "--format", "{{.HostConfig.Runtime}} {{.Config.Env}}", made!),
    /^nvidia .*VISIBLE_DEVICES=0/,
  );
  assert.match(readFileSync(join(lab, "verify/swarm.site.txt"), "utf8"), /^site\/card: 1 running on b$/m);
  assert.match(status().join("\n"), /^ {2}site\/web: 1 running on [ab]$/m);
  const logged = await until(
    "the log of web",
    () =>
      run("ssh", ["-F", "ssh/a", "a", logCommand("docker", [], ["--tail", "9"], [dockerServiceName("site/web")])], {
        cwd: lab,
      }).stdout,
  );
  assert.match(logged, /site_web\.1\.\S+@[ab] +\| first/);
  assert.match(logged, /first sh on b/);
  const modes = must(
    "nsenter",
    "-t",
    readFileSync(join(folder, "a/pid"), "utf8"),
    "-m",
    "stat",
    "-c",
    "%a",
    "/srv/homelab-gpu/swarm/stacks/site/word.txt",
    "/srv/homelab-gpu/swarm/projects/site/model.json",
    "/srv/homelab-gpu/swarm/projects/site/swarm.yaml",
    "/srv/homelab-gpu/swarm/projects",
  );
  assert.equal(lines(modes), ["600", "600", "600", "700"]);
});

test("an unchanged stack is not deployed again; a changed secret is a new one, and the old one is removed", async () => {
  const wanted = await withStack("lab/busybox:1", "first");
  const before = [taskOf("web"), taskOf("card")];
  up(wanted, undefined, names);
  assert.equal([taskOf("web"), taskOf("card")], before, "deployed again, no task is replaced");
  const swarm = swarmWanted(wanted, state())!;
  assert.equal(swarmSteps(wanted, state(swarm), { changed: [], running: names, replaces: [], pull: false }), []);
  const changed = await withStack("lab/busybox:1", "second word");
  up(changed, swarm, []);
  assert.not.equal(taskOf("web"), before[0]);
  assert.equal(taskOf("card"), before[1]);
  await until(
    "the former secret is gone",
    () => lines(docker("a", "secret", "ls", "--format", "{{.Name}}")).length === 1 || (up(changed, swarm, []), false),
  );
});

test("a stack that the config no longer has is removed, and its volume stays", async () => {
  const swarm = swarmWanted(await withStack("lab/busybox:1", "second word"), state())!;
  up(config, swarm, []);
  assert.equal(lines(docker("a", "stack", "ls", "--format", "{{.Name}}")), ["homelab-gpu-swarm"]);
  assert.match(docker("b", "volume", "ls", "-q"), /^site_data$/m);
  assert.not.ok(existsSync(join(lab, "verify/swarm.site.txt")));
});

test("a machine of another host joins with the ticket of the manager, and leaves by its id", async () => {
  up();
  perform(leaveSteps(state(swarmWanted(config, state())), ["b"]));
  process.env.PATH = path;
  const said: string[] = [];
  const shell = Object.assign(Object.create(realShell()) as Shell, { stderr: (text: string) => void said.push(text) });
  const script = readFileSync(join(root, "scripts/swarm-node.sh"), "utf8");
  const node = (name: string): Node => ({
    ...{ name, machine },
    site: {
      context: { shell, options, args: [], passthroughArgs: [] },
      loaded: { folder: lab } as Node["site"]["loaded"],
      lab: state(),
    },
  });
  const ticket = ticketIn(await inGuest(node("a"), "ticket", script))!;
  assert.is((await askFacts(node("b"), script)).id, undefined);
  const words = ["join", ticket.address, ...ticket.nodes].join(" ");
  const wrong = inGuest(node("b"), words, script, { before: "token=SWMTKN-1-x", secret: "SWMTKN-1-x" });
  assert.match(await wrong.then(() => "", ({ message }: Error) => message), /^b: (?!.*SWMTKN).*token/);
  await inGuest(node("b"), words, script, { before: `token=${ticket.token}`, secret: ticket.token });
  const [one, two] = [await askFacts(node("a"), script), await askFacts(node("b"), script)];
  assert.is(two.cards, 1);
  await inGuest(node("a"), `label a=${one.id}=0 b=${two.id}=1`, script, { before: "KEEP=''" });
  const nodes = () => lines(docker("a", "node", "ls", "--format", "{{.ID}} {{.Hostname}} {{.Status}}")).sort();
  assert.equal(nodes(), [`${one.id} a Ready`, `${two.id} b Ready`].sort());
  assert.not.match(said.join(""), /SWMTKN/);
  const far = { ...state({ manager: "a", nodes: ["b"], ids: { b: two.id! } }), machines: { b: machine } };
  const steps = leaveSteps(far, ["b"], { manager: "a", host: "box", services: [], others: [], unread: [] });
  assert.equal(steps.map(({ managerHost }) => managerHost), ["box", undefined, "box"]);
  perform(steps);
  assert.equal(nodes(), [`${one.id} a Ready`]);
  up();
});

test("without cluster, both leave", () => {
  const swarm = swarmWanted(config, state())!;
  const { swarm: _, ...plain } = config;
  const machines = { changed: [], running: names, replaces: [], pull: false };
  perform(firstSwarmSteps(plain, state(swarm), machines, swarmSteps(plain, state(swarm), machines)));
  assert.equal(names.map((name) => docker(name, "info", "--format", "{{.Swarm.LocalNodeState}}").trim()), [
    "inactive",
    "inactive",
  ]);
});

test.run();
