// The scripts of `cluster: swarm`, with recorded programs: what docker and ssh are asked, that the token is in
// no command line, and what happens if a node is in another Swarm or a service does not run.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { swarmFlawsOf } from "../../lib/config/swarm-keys.mts";
import { golden, root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("the scripts of a Swarm");
const token = "SWMTKN-1-0123456789abcdef-fedcba9876543210";

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-swarm-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** What the stand-in for docker answers, by the start of its arguments. */
type Answers = Record<string, string>;

/** Programs that record their arguments: docker with answers, and ssh, which runs the command as the machine. */
function programs(folder: string, answers: Answers, more: Record<string, string>) {
  const cases = Object.entries(answers).map(([words, answer], i) => {
    writeFileSync(join(folder, `answer${i}`), answer);
    const code = /^exit (\d+)$/.exec(answer)?.[1];
    return `'${words}'*) ${code ? `exit ${code}` : `cat '${folder}/answer${i}'`} ;;`;
  });
  return standIns(folder, {
    docker: `echo "\${MACHINE:+$MACHINE: }docker $*" >>'${folder}/log'\ncase "$*" in ${cases.join("\n")} esac`,
    ssh: `echo "ssh $*" >>'${folder}/log'\nMACHINE=$3 sh -c "$4"`,
    sudo: `exec "$@"`,
    ip: `case "$*" in
*' ens6 '*) echo '3: ens6    inet 192.168.1.50/24 brd 192.168.1.255 scope global ens6' ;;
*' get '*) echo '192.0.2.1 via 192.168.121.1 dev ens5 src 192.168.121.7 uid 0' ;; esac`,
    sleep: ":",
    "nvidia-smi": `printf 'GPU 0: NVIDIA L4 (UUID: x)\\nGPU 1: NVIDIA L4 (UUID: y)\\n'`,
    ...more,
  });
}

/** Runs a script; `before`: a line before it, as join-swarm.sh sends it. */
async function run(
  folder: string,
  script: string,
  words: string[],
  answers: Answers,
  { before = "", env = {}, input, programs: more = {} }: {
    before?: string;
    env?: Record<string, string>;
    input?: string;
    programs?: Record<string, string>;
  } = {},
) {
  writeFileSync(join(folder, "log"), "");
  mkdirSync(join(folder, "services"), { recursive: true });
  const text = `${before}\n${readFileSync(join(root, "scripts", script), "utf8")}`;
  const child = spawn("sh", input === undefined ? ["-s", "--", ...words] : [join(root, "scripts", script), ...words], {
    env: {
      ...programs(folder, answers, more),
      ...{ ETC: join(folder, "etc"), SERVICES_ROOT: join(folder, "services"), DOCKER_SOCKET: join(folder, "socket") },
      ...env,
    },
    cwd: folder,
  });
  child.stdin.end(input ?? text);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => stdout += data);
  child.stderr.on("data", (data) => stderr += data);
  const status = await new Promise<number | null>((done) => child.on("close", done));
  return { status, stdout, stderr, log: readFileSync(join(folder, "log"), "utf8").trim().split("\n") };
}

const info = (state: string, manager: boolean, id = "-", address = "-") => `${state} ${manager} ${id} ${address}\n`;

test("start: a Swarm at the address of the guest; a second run changes nothing", async ({ folder }) => {
  const first = await run(folder, "swarm-node.sh", ["start"], { "info --format": info("inactive", false) });
  assert.is(first.status, 0, first.stderr);
  assert.is(first.log.at(-1), "docker swarm init --advertise-addr 192.168.121.7 --data-path-addr 192.168.121.7");
  const again = await run(folder, "swarm-node.sh", ["start"], {
    "info --format": info("active", true, "n1", "192.168.121.7"),
  });
  assert.is(again.status, 0);
  assert.is(again.log.length, 1);
});

test("start: the card in the LAN, by the MAC address that set-lan.sh wrote", async ({ folder }) => {
  for (const path of ["etc", "sys/class/net/ens6/device"]) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, "etc/homelab-gpu-lan"), "52:54:00:01:02:03\n");
  writeFileSync(join(folder, "sys/class/net/ens6/address"), "52:54:00:01:02:03\n");
  const start = () =>
    run(folder, "swarm-node.sh", ["start"], { "info --format": info("inactive", false) }, {
      env: { SYS: join(folder, "sys") },
    });
  assert.match((await start()).log.at(-1)!, /--advertise-addr 192\.168\.1\.50 --data-path-addr 192\.168\.1\.50$/);
  rmSync(join(folder, "sys/class/net/ens6"), { recursive: true });
  const without = await start();
  assert.is(without.status, 1);
  assert.match(without.stderr, /this guest has no IPv4 address to advertise/);
});

test("a node that has not reached its manager yet is waited for, and not for ever", async ({ folder }) => {
  const { status, stderr, log } = await run(folder, "swarm-node.sh", ["join", "192.168.121.5", "n1"], {
    "info --format": info("pending", false),
  }, { before: `token=${token}`, env: { TRIES: "4" } });
  assert.is(status, 1);
  assert.is(log.length, 5);
  assert.match(stderr, /already in a Swarm whose manager does not answer \(its state is pending\)/);
});

test("a guest in another Swarm, or with another address than its Swarm has, is refused", async ({ folder }) => {
  const worker = await run(folder, "swarm-node.sh", ["start"], {
    "info --format": info("active", false, "n9", "10.0.0.1"),
  });
  assert.is(worker.status, 1);
  assert.match(worker.stderr, /already in another Swarm/);
  const moved = await run(folder, "swarm-node.sh", ["start"], {
    "info --format": info("active", true, "n1", "192.168.121.5"),
  });
  assert.is(moved.status, 1);
  assert.match(moved.stderr, /advertises 192\.168\.121\.5, and this guest now has 192\.168\.121\.7/);
  const other = await run(folder, "swarm-node.sh", ["join", "192.168.121.5", "n1", "n2"], {
    "info --format": info("active", false, "n9", "10.0.0.1"),
  }, { before: `token=${token}` });
  assert.is(other.status, 1);
  assert.match(other.stderr, /already in another Swarm/);
  assert.is(other.log.length, 1, "nothing is forced");
});

/** Answers one request at the socket of the Engine, and keeps its text. */
async function engine(folder: string, answer: string, during: () => Promise<void>): Promise<string> {
  let request = "";
  const server = createServer((socket) =>
    socket.on("data", (data) => {
      request += data;
      if (/\r\n\r\n\{.*\}$/s.test(request)) socket.end(answer);
    })
  );
  await new Promise<void>((done) => server.listen(join(folder, "socket"), done));
  await during();
  await new Promise((done) => server.close(done));
  return request;
}

test("join: the token goes to the Engine's socket, and is in no command line", async ({ folder }) => {
  const request = await engine(folder, "HTTP/1.1 200 OK\r\n\r\n", async () => {
    const { status, stderr, stdout, log } = await run(folder, "swarm-node.sh", ["join", "192.168.121.5", "n1"], {
      "info --format": info("inactive", false),
    }, { before: `token=${token}` });
    assert.is(status, 0, stderr);
    assert.not.match([...log, stdout, stderr].join("\n"), /SWMTKN/);
  });
  assert.match(request, /^POST \/swarm\/join HTTP\/1\.0\r\n/);
  assert.equal(JSON.parse(request.split("\r\n\r\n")[1]!), {
    ListenAddr: "0.0.0.0:2377",
    AdvertiseAddr: "192.168.121.7",
    DataPathAddr: "192.168.121.7",
    RemoteAddrs: ["192.168.121.5:2377"],
    JoinToken: token,
  });
});

test("join: what the Engine refuses is said without the token", async ({ folder }) => {
  const body = JSON.stringify({ message: `invalid join token ${token}` });
  await engine(folder, `HTTP/1.1 400 Bad Request\r\n\r\n${body}`, async () => {
    const { status, stderr } = await run(folder, "swarm-node.sh", ["join", "192.168.121.5", "n1"], {
      "info --format": info("inactive", false),
    }, { before: `token=${token}` });
    assert.is.not(status, 0);
    assert.match(stderr, /Error response from daemon: invalid join token \.\.\./);
    assert.not.match(stderr, /SWMTKN/);
  });
});

test("facts: cards count only where NVIDIA's runtime is the default one", async ({ folder }) => {
  const of = (runtime: string) =>
    run(folder, "swarm-node.sh", ["facts"], {
      "info --format {{.Swarm": info("active", false, "n2", "192.168.121.7"),
      "info --format {{.DefaultRuntime}}": `${runtime}\n`,
    });
  assert.is((await of("nvidia")).stdout, "id:n2\ncards:2\n");
  const plain = await of("runc");
  assert.is(plain.stdout, "id:n2\ncards:0\n");
  assert.match(plain.stderr, /gets no GPU label: Docker's default runtime is runc/);
});

test("label: only what differs is changed, a drain of ours ends, and nodes that are gone are removed", async ({ folder }) => {
  const { status, stderr, log } = await run(folder, "swarm-node.sh", ["label", "a=n1=0", "b=n2=2", "c=n3=0"], {
    "info --format": info("active", true, "n1", "192.168.121.5"),
    "node ls --format": "n1 Ready\nn2 Ready\nn3 Ready\nn4 Down\nn5 Down\nn6 Down\n",
    "node inspect --format {{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}} n1":
      "homelab-gpu.machine=a \n",
    "node inspect --format {{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}} n2":
      "homelab-gpu.machine=b homelab-gpu.gpu-1=yes homelab-gpu.gpu-3=yes disk=ssd \n",
    "node inspect --format {{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}} n3":
      "homelab-gpu.machine=c homelab-gpu.leaving=yes \n",
    "node inspect --format {{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}} n4":
      "homelab-gpu.machine=old \n",
    "node inspect --format {{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}} n5":
      "homelab-gpu.machine=off \n",
    "node inspect --format {{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}} n6": "mine=yes \n",
  }, { before: "KEEP='off'" });
  assert.is(status, 0, stderr);
  assert.equal(log.filter((line) => /^docker node (update|rm) /.test(line)), [
    "docker node update --label-add homelab-gpu.gpu-2=yes --label-rm homelab-gpu.gpu-3 n2",
    "docker node update --label-rm homelab-gpu.leaving --availability active n3",
    "docker node rm --force n4",
  ]);
});

test("label: the former node of a machine that moved loses its labels while it still runs", async ({ folder }) => {
  const labels = "node inspect --format {{range $key, $value := .Spec.Labels}}{{$key}}={{$value}} {{end}}";
  const answers = {
    "info --format": info("active", true, "n1", "192.168.121.5"),
    "node ls --format": "n1 Ready\nn2 Ready\nn3 Ready\nn4 Ready\nn5 Ready\n",
    [`${labels} n1`]: "homelab-gpu.machine=a \n",
    [`${labels} n2`]: "homelab-gpu.machine=b homelab-gpu.gpu-1=yes \n",
    [`${labels} n3`]: "homelab-gpu.machine=b homelab-gpu.gpu-1=yes disk=ssd \n",
    [`${labels} n4`]: "homelab-gpu.machine=off \n",
    [`${labels} n5`]: "mine=yes \n",
  };
  const words = ["label", "a=n1=0", "b=n2=1"];
  const checked = await run(folder, "swarm-node.sh", words, answers, { before: "KEEP='off' CHECK=yes" });
  assert.equal([checked.status, checked.stdout, checked.stderr], [0, "change\n", ""]);
  assert.not.match(checked.log.join("\n"), /node (update|rm)/);
  const alone = { ...answers, "node ls --format": "n1 Ready\nn2 Ready\nn4 Down\nn5 Down\n" };
  const same = await run(folder, "swarm-node.sh", words, alone, { before: "KEEP='off' CHECK=yes" });
  assert.equal([same.status, same.stdout], [0, ""]);
  const { status, stderr, log } = await run(folder, "swarm-node.sh", words, answers, { before: "KEEP='off'" });
  assert.is(status, 0, stderr);
  assert.equal(log.filter((line) => /^docker node (update|rm) /.test(line)), [
    "docker node update --label-rm homelab-gpu.machine --label-rm homelab-gpu.gpu-1 n3",
  ]);
  assert.match(stderr, /removed the labels of the former node of b: n3/);
});

test("join-swarm.sh: the token goes through pipes only; a node that has joined is left as it is", async ({ folder }) => {
  const { status, stderr, stdout, log } = await run(folder, "join-swarm.sh", ["join", "a", "b"], {
    "info --format": info("active", true, "n1", "192.168.121.5"),
    "node ls -q": "n1\nn2\n",
    "swarm join-token -q worker": `${token}\n`,
  }, { input: readFileSync(join(root, "scripts/swarm-node.sh"), "utf8") });
  assert.is(status, 0, stderr);
  assert.not.match([...log, stdout, stderr].join("\n"), /SWMTKN/);
  assert.equal(log.filter((line) => line.startsWith("ssh")), [
    "ssh -F ssh/a a sudo sh -s -- ticket",
    "ssh -F ssh/b b sudo sh -s -- join 192.168.121.5 n1 n2",
  ]);
});

test("join-swarm.sh leave: drained first, then it leaves and is forgotten; a silent VM does not stop it", async ({ folder }) => {
  const input = readFileSync(join(root, "scripts/swarm-node.sh"), "utf8");
  const { status, stderr, log } = await run(folder, "join-swarm.sh", ["leave", "a", "b"], {
    "info --format {{.Swarm": info("active", true, "n2", "192.168.121.7"),
    "info --format {{.DefaultRuntime}}": "nvidia\n",
  }, { input });
  assert.is(status, 0, stderr);
  assert.equal(log.filter((line) => /drain|leave|node rm/.test(line) && line.includes("docker")), [
    "a: docker node update --availability drain --label-add homelab-gpu.leaving=yes n2",
    "b: docker swarm leave --force",
    "a: docker node rm --force n2",
  ]);
  const alone = await run(folder, "join-swarm.sh", ["alone", "b"], { "info": "exit 1" }, { input });
  assert.is(alone.status, 0);
  assert.match(alone.stderr, /b does not answer, and is still in the Swarm/);
  const silent = await run(folder, "join-swarm.sh", ["leave", "a", "b"], { "info": "exit 1" }, { input });
  assert.is(silent.status, 0);
  assert.match(silent.stderr, /b does not answer: the next up removes its node/);
});

const manager = { "info --format": "true\n", "stack deploy --help": "      --detach\n" };
/** Deploys a file, with these answers about the services. */
const deploy = (
  folder: string,
  answers: Answers,
  tries = "3",
  text = "services:\n  web: {image: x}\n",
  { refused }: { refused?: string } = {},
) => {
  mkdirSync(join(folder, "services"), { recursive: true });
  writeFileSync(join(folder, "services/swarm.new.yaml"), text);
  // what a registry refuses is an error on standard error
  const timeout = refused === undefined
    ? 'shift && exec "$@"'
    : `case "$*" in *' manifest '*) printf 'errors:\\n%s\\n' '${refused}' >&2; exit 1 ;; esac; shift; exec "$@"`;
  const env = { HOME: folder };
  return run(folder, "deploy-stack.sh", ["s", tries], { ...manager, ...answers }, { env, programs: { timeout } });
};

test("deploy-stack.sh: done once all services run, jobs too", async ({ folder }) => {
  const { status, stdout, stderr, log } = await deploy(folder, {
    "service ls": "s_web 2/2\ns_once 0/1 (1/1 completed)\n",
    "service inspect": "completed\n",
    "service ps": "b\na\nb\n",
  });
  assert.is(status, 0, stderr);
  assert.ok(log.includes("docker stack deploy --prune --detach=true --resolve-image changed -c swarm.new.yaml s"));
  assert.is(stdout, "web: 2 running on a b\nonce: 1 completed\n");
  assert.ok(existsSync(join(folder, "services/swarm.yaml")));
});

test("deploy-stack.sh: a service that ends on purpose is done with exit code 0, and fails at once with another", async ({ folder }) => {
  const of = (replicas: string, about: string, task: string, tries = "9") =>
    deploy(folder, {
      "service ls": `s_once ${replicas}\n`,
      "service inspect": `${about}\n`,
      "service ps --no-trunc --format {{.Name}}": task,
      "service ps --no-trunc --format {{.Error}}": '"task: non-zero exit (3)"\n',
      "service logs": "no table users\n",
    }, tries);
  const ended = "s_once.1|Shutdown|Complete 3 seconds ago\ns_once.1|Shutdown|Failed 9 seconds ago\n";
  const failed = "s_once.1|Shutdown|Failed 3 seconds ago\n\\_ s_once.1|Shutdown|Complete 9 seconds ago\n";
  for (const about of ["|none", "|on-failure", "completed|none", "paused|none"]) {
    const { status, stdout, stderr } = await of("0/1", about, ended);
    assert.is(status, 0, `${about}: ${stderr}`);
    assert.is(stdout, "once: 1 completed\n");
  }
  // a service that goes on must not end, and a job is done when Docker counts it
  assert.is((await of("0/1", "|any", ended, "3")).status, 1);
  assert.is((await of("0/1 (0/1 completed)", "|", ended, "3")).status, 1);
  // a service on each node is 0/0 as soon as its tasks ended
  assert.is((await of("0/0", "|none", ended)).status, 0);
  for (const [replicas, about] of [["0/1", "|none"], ["0/0", "|none"], ["0/1", "|any"], ["0/1 (0/1 completed)", "|"]]) {
    const { status, stderr, log } = await of(replicas!, about!, failed);
    assert.is(status, 1, `${replicas} ${about}`);
    assert.match(
      stderr,
      /^ {2}no table users\n.*s_once does not run: "task: non-zero exit \(3\)"\n.*s_once ended, and Docker/m,
    );
    assert.is(log.filter((line) => line.startsWith("docker service ls --filter")).length, 2, "it does not wait");
  }
});

test("deploy-stack.sh: the login of the manager is passed to the other nodes, if it has one", async ({ folder }) => {
  const of = async (text?: string) => {
    rmSync(join(folder, ".docker"), { recursive: true, force: true });
    if (text !== undefined) {
      mkdirSync(join(folder, ".docker"));
      writeFileSync(join(folder, ".docker/config.json"), text);
    }
    const { status, stdout, stderr, log } = await deploy(folder, { "service ls": "s_web 1/1\n", "service ps": "a\n" });
    assert.is(status, 0, stderr);
    assert.not.match([...log, stdout, stderr].join("\n"), /dXNlcjpwYXNz/);
    return log.some((line) => line.includes("stack deploy --prune") && line.includes("--with-registry-auth"));
  };
  assert.is(await of(), false);
  assert.is(await of('{"psFormat": "table"}\n'), false);
  assert.is(await of('{"auths": {"ghcr.io": {"auth": "dXNlcjpwYXNz"}}}\n'), true);
  assert.is(await of('{"credsStore": "pass"}\n'), true);
});

test("deploy-stack.sh: an image that cannot be pulled comes with the answer of its registry", async ({ folder }) => {
  const { status, stderr } = await deploy(
    folder,
    {
      "service ls": "s_web 0/1\n",
      "service inspect --format {{.Spec.TaskTemplate.ContainerSpec.Image}}": "ghcr.io/me/web:1\n",
      "service ps --no-trunc --format {{.Error}}": '"No such image: ghcr.io/me/web:1"\n',
    },
    "3",
    undefined,
    { refused: "unauthorized: authentication required" },
  );
  assert.is(status, 1);
  assert.match(stderr, /ghcr\.io\/me\/web:1 in its registry: errors: unauthorized: authentication required/);
});

test("deploy-stack.sh: replicas of a service with a limit for each node are counted", async ({ folder }) => {
  const of = (replicas: string) =>
    deploy(folder, {
      "service ls": `s_web ${replicas} (max 1 per node)\n`,
      "service inspect": "completed\n",
      "service ps": "a\n",
    });
  assert.is((await of("2/2")).stdout, "web: 2 running on a\n");
  const short = await of("1/2");
  assert.is(short.status, 1);
  assert.match(short.stderr, /s_web does not run/);
});

test("drain: waits for tasks that run, and not for ever", async ({ folder }) => {
  const of = async (tasks: string) => {
    const { status, stderr, log } = await run(folder, "swarm-node.sh", ["drain", "n2"], {
      "info --format": info("active", true, "n1", "192.168.121.5"),
      "node ps": tasks,
    }, { env: { TRIES: "3" } });
    assert.is(status, 0, stderr);
    return [log.filter((line) => line.startsWith("docker node ps")).length, /tasks still run/.test(stderr)];
  };
  assert.equal(await of(""), [1, false]);
  assert.equal(await of("t1\n"), [3, true]);
  assert.equal(await of("exit 1"), [3, true]);
});

test("deploy-stack.sh: a service without a node is an error with Docker's reason, and is placed again once", async ({ folder }) => {
  const why = "no suitable node (scheduling constraints not satisfied on 2 nodes)";
  const { status, stderr, log } = await deploy(folder, {
    "service ls": "s_web 0/1\n",
    "service inspect": "\n",
    "service ps --no-trunc --filter": `Pending 3 seconds ago||${why}\n`,
    "service ps --no-trunc --format": `${why}\n`,
  }, "6");
  assert.is(status, 1);
  assert.match(stderr, /s_web does not run: no suitable node \(scheduling constraints/);
  assert.equal(log.filter((line) => line.includes("--force")), [
    "docker service update --force --detach --quiet s_web",
  ]);
  assert.not.ok(existsSync(join(folder, "services/swarm.yaml")));
});

test("deploy-stack.sh: without services, the stack is removed if there is one", async ({ folder }) => {
  const of = (stacks: string) => deploy(folder, { "stack ls": stacks }, "3", 'version: "3.8"\nservices: {}\n');
  assert.ok((await of("other\ns\n")).log.includes("docker stack rm s"));
  const none = await of("other\n");
  assert.is(none.status, 0);
  assert.not.ok(none.log.some((line) => line.includes("stack rm")));
});

test("deploy-stack.sh: only on the manager", async ({ folder }) => {
  const { status, stderr, log } = await run(folder, "deploy-stack.sh", ["s", "3"], { "info --format": "false\n" });
  assert.is(status, 1);
  assert.match(stderr, /not a manager/);
  assert.is(log.length, 1);
});

test("runtime: NVIDIA's runtime becomes the default one, once; other settings stay", async ({ folder }) => {
  const daemon = join(folder, "etc/docker/daemon.json");
  mkdirSync(join(folder, "etc/docker"), { recursive: true });
  writeFileSync(daemon, '{"data-root":"/srv/docker"}\n');
  // nvidia-ctk writes the file that it is given
  const more = {
    "nvidia-ctk": `for one; do case $one in --config=*) file=\${one#*=} ;; esac; done
echo '{"data-root":"/srv/docker","default-runtime":"nvidia"}' >"$file"`,
    dockerd: "echo --validate",
    systemctl: `echo "systemctl $*" >>'${folder}/log'\n[ ! -e '${folder}/broken' ]`,
  };
  const of = (runtime: string, programs: Record<string, string> = more) =>
    run(folder, "swarm-node.sh", ["runtime"], { "info --format": `${runtime}\n` }, { programs });
  const first = await of("runc");
  assert.is(first.status, 0, first.stderr);
  assert.match(readFileSync(daemon, "utf8"), /"default-runtime":"nvidia"/);
  assert.is(first.log.at(-1), "systemctl restart docker");
  assert.equal((await of("nvidia")).log, ["docker info --format {{.DefaultRuntime}}"]);
  // without a card nothing is asked
  assert.equal((await of("runc", { ...more, "nvidia-smi": "exit 9" })).log, [""]);
  writeFileSync(daemon, '{"data-root":"/srv/docker"}\n');
  writeFileSync(join(folder, "broken"), "");
  const broken = await of("runc");
  assert.is(broken.status, 1);
  assert.match(broken.stderr, /did not start with NVIDIA's runtime/);
  assert.is(readFileSync(daemon, "utf8"), '{"data-root":"/srv/docker"}\n');
});

/** What Compose 2.26.1 prints for a project, shortened. */
const model = (folder: string, service: object = {}) => ({
  name: "s",
  services: {
    web: {
      ...{
        image: "x/web",
        command: null,
        entrypoint: null,
        profiles: ["x"],
        platform: "linux/amd64",
        gpus: [{ count: -1 }],
      },
      ...{ expose: ["1"], attach: false, environment: { A: 'a$$b "q"\n', E: "" }, networks: { default: null } },
      depends_on: { db: { condition: "service_started", required: true } },
      deploy: {
        placement: { constraints: ["node.labels.homelab-gpu.gpu-1==yes"] },
        resources: {
          limits: { cpus: 0.5, memory: "1024", pids: 10 },
          reservations: { devices: [{ capabilities: ["gpu"], count: 1 }] },
        },
      },
      ports: [{ name: "p", mode: "ingress", target: 80, published: "8080", protocol: "tcp", app_protocol: "http" }],
      volumes: [
        { type: "bind", source: "/etc/localtime", target: "/l", bind: { create_host_path: true } },
        { type: "volume", source: "data", target: "/data", volume: {} },
        { type: "tmpfs", target: "/dev/shm", tmpfs: { size: "1024" } },
      ],
      secrets: [{ source: "word", target: "/run/secrets/word", mode: "0440" }],
      extra_hosts: ["a=10.0.0.1"],
      healthcheck: { test: ["CMD", "true"], start_interval: "1s" },
      devices: ["nvidia.com/gpu=all"],
      ...service,
    },
  },
  networks: { default: { name: "s_default", ipam: {} } },
  volumes: { data: { name: "s_data" } },
  secrets: { word: { name: "s_word", file: `${folder}/a $$ \u003c"word` }, other: { name: "other", external: true } },
});
/** Deploys what Compose prints, by a command line of a version. */
const deployModel = (folder: string, version: string, service = {}) => {
  mkdirSync(join(folder, "services"), { recursive: true });
  writeFileSync(join(folder, "services/model.json"), JSON.stringify(model(folder, service), null, 2));
  writeFileSync(join(folder, 'a $ <"word'), "secret\n");
  return run(folder, "deploy-stack.sh", ["s", "3"], {
    ...manager,
    "version --format": `${version}\n`,
    "service ls": "s_web 1/1\n",
    "service ps": "a\n",
    "secret ls": "id1\nid2\n",
  });
};

test("deploy-stack.sh: what Compose prints becomes what docker stack deploy takes", async ({ folder }) => {
  const { status, stdout, stderr, log } = await deployModel(folder, "26.1.5");
  assert.is(status, 0, stderr);
  assert.is(stdout, "s/web: 1 running on a\n");
  const path = join(folder, "services/swarm.yaml");
  assert.is(statSync(path).mode & 0o777, 0o600);
  golden(
    "swarm-file.json",
    `${JSON.stringify(JSON.parse(readFileSync(path, "utf8")), null, 2).replaceAll(folder, "FOLDER")}\n`,
  );
  assert.ok(log.includes("docker secret rm id1"), "former versions of secrets are removed");
  const old = await deployModel(folder, "20.10.24+dfsg1");
  assert.is(old.status, 0, old.stderr);
  assert.match(readFileSync(path, "utf8"), /"version":"3\.9"/);
  assert.not.match(readFileSync(path, "utf8"), /start_interval/);
});

test("deploy-stack.sh: a changed secret has another name; what a Swarm does not apply is not deployed", async ({ folder }) => {
  await deployModel(folder, "26.1.5");
  const of = () => /s_word-[0-9a-f]{12}/.exec(readFileSync(join(folder, "services/swarm.yaml"), "utf8"))![0];
  const before = of();
  writeFileSync(join(folder, 'a $ <"word'), "other\n");
  await run(folder, "deploy-stack.sh", ["s", "3"], {
    ...manager,
    "version --format": "26\n",
    "service ls": "s_web 1/1\n",
  });
  assert.not.equal(of(), before);
  const { status, stderr, log } = await deployModel(folder, "26.1.5", { restart: "always", shm_size: "1" });
  assert.is(status, 1);
  assert.match(stderr, /web has restart shm_size, which a Swarm ignores or refuses\n.*s is not deployed/);
  assert.not.ok(log.some((line) => line.includes("stack deploy")));
});

test("deploy-stack.sh: a service with a file that was replaced starts again, a new one does not", async ({ folder }) => {
  const root = join(folder, "swarm/projects/s");
  mkdirSync(root, { recursive: true });
  const deployed = async (before: string, changed: string) => {
    writeFileSync(join(root, "swarm.new.yaml"), "services: {web: {image: x}}\n");
    writeFileSync(join(root, "replaced"), changed);
    const { status, stderr, log } = await run(folder, "deploy-stack.sh", ["s", "3"], {
      ...manager,
      "service ls -q": before,
      "service ls": "s_web 1/1\n",
      "service inspect --format {{range": `${folder}/swarm/stacks/s/a b.yml\n/etc/localtime\n`,
    }, { env: { SERVICES_ROOT: root } });
    assert.is(status, 0, stderr);
    assert.not.ok(existsSync(join(root, "replaced")));
    return log.filter((line) => line.includes("--force"));
  };
  assert.equal(await deployed("id1\n", "./a b.yml\n"), ["docker service update --force --detach --quiet id1"]);
  assert.equal(await deployed("id1\n", "./compose.yaml\n"), []);
  assert.equal(await deployed("", "./a b.yml\n"), []);
});

test("deploy-stack.sh: its list of keys is that of the checks", () => {
  const [, list = ""] =
    /my %applied = [^(]*\(([^)]*)\)/.exec(readFileSync(join(root, "scripts/deploy-stack.sh"), "utf8")) ?? [];
  const keys = list.trim().split(/\s+/);
  const refused = swarmFlawsOf(Object.fromEntries(keys.map((key) => [key, undefined])), ["secrets", "configs"]);
  assert.equal(refused, []);
});

test("deploy-stack.sh --keep: removes the stacks of other projects", async ({ folder }) => {
  for (const name of ["one", "two"]) {
    mkdirSync(join(folder, "services", name), { recursive: true });
    writeFileSync(join(folder, "services", name, "model.json"), "{}");
  }
  const { status, stderr, log } = await run(folder, "deploy-stack.sh", ["--keep", "two"], {
    ...manager,
    "stack ls": "one\ntwo\n",
  });
  assert.is(status, 0, stderr);
  assert.equal(log.filter((line) => line.includes("stack rm")), ["docker stack rm one"]);
  assert.equal([existsSync(join(folder, "services/one")), existsSync(join(folder, "services/two"))], [false, true]);
  assert.match(stderr, /one is removed; kept: its volumes/);
});

test("deploy-stack.sh --keep: a VM without the folder, or in no Swarm, is no error", async ({ folder }) => {
  const SERVICES_ROOT = join(folder, "none");
  const nothing = await run(folder, "deploy-stack.sh", ["--keep", "two"], {}, { env: { SERVICES_ROOT } });
  assert.equal([nothing.status, nothing.log.join("")], [0, ""], nothing.stderr);
  mkdirSync(join(folder, "services/one"), { recursive: true });
  writeFileSync(join(folder, "services/one/model.json"), "{}");
  const left = await run(folder, "deploy-stack.sh", ["--keep"], { info: "false\n" });
  assert.is(left.status, 0, left.stderr);
  assert.not.ok(existsSync(join(folder, "services/one")));
  assert.not.match(left.log.join("\n"), /stack/);
});

test("deploy-stack.sh: creates folders of mounts below the stack's, and refuses a GPU request without its constraint", async ({ folder }) => {
  const root = join(folder, "swarm/projects/s");
  const deployed = async (keys: Record<string, unknown>) => {
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, "model.json"), JSON.stringify({ services: { web: { image: "x", ...keys } } }));
    return await run(folder, "deploy-stack.sh", ["s", "3"], {
      ...manager,
      "version --format": "26.1.5\n",
      "service ls": "s_web 1/1\n",
    }, { env: { SERVICES_ROOT: root } });
  };
  const own = join(folder, "swarm/stacks/s/a $ b");
  const bind = (source: string) => ({ type: "bind", source: source.replaceAll("$", "$$$$"), target: "/data" });
  const made = await deployed({ volumes: [bind(own), bind(join(folder, "swarm/other"))] });
  assert.is(made.status, 0, made.stderr);
  assert.equal([existsSync(own), existsSync(join(folder, "swarm/other"))], [true, false]);

  const devices = [{ driver: "nvidia", count: 1, capabilities: ["gpu"] }];
  const asks = { resources: { reservations: { devices } } };
  const lost = await deployed({ deploy: asks });
  assert.is(lost.status, 1);
  assert.match(lost.stderr, /web asks for a GPU, and its constraint is missing/);
  assert.not.match(lost.log.join("\n"), /stack deploy/);
  const placement = { constraints: ["node.labels.homelab-gpu.gpu-1==yes"] };
  assert.is((await deployed({ deploy: { ...asks, placement } })).status, 0);
});

test.run();
