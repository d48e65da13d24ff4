// What public Compose projects of homelabs showed: stacks of Ollama, *arr, Nextcloud, RAGFlow, Sunshine, JupyterHub and
// others. What Compose says of them was run with 2.26.1 on 2026-11-28.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { copiedPaths } from "../lib/compose/dockerfile-copies.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { refusalsOf } from "../lib/compose/refusals.mts";
import { envFileMissing } from "../lib/compose/variables.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose judged");
const card = savedHost("rtx4070-desktop-debian12");
const machine =
  "machines: [{name: a, box: lab/x, image: debian-13, cpus: 4, memory: 4096, provider: libvirt, gpu: {device_id: 2786}}]";

/** Doctor's findings for one stack, as `status PLACE message -> fix`. `answer`: what Compose prints, if it is asked. */
async function findings(files: Record<string, string>, profiles: string[] = [], answer?: string, config = machine) {
  const paths = Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]);
  const asked = { "docker compose": { code: 15, err: answer ?? "" } };
  const project = await readProject(
    fakeShell(Object.fromEntries(paths), answer === undefined ? {} : asked).shell,
    { name: "p", machine: "a", folder: "/lab/p", profiles },
    answer === undefined ? undefined : { command: ["docker", "compose"], version: "2.26.1" },
  );
  return runChecks(card, { ...resolveConfig(parseConfig(config), card), projects: [project] }, ["services.compose"])
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ status, message, evidence, fix }) => `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}`);
}
const reservation = "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}}}";

test("variables that a project requires are one finding, each one once", async () => {
  const names = Array.from({ length: 16 }, (_, i) => `V${i}`);
  const text = (all: string[]) =>
    `services:\n  a:\n    image: x\n    environment:\n${all.map((one) => `      ${one}: \${${one}:?err}\n`).join("")}`;
  const [found = "", ...more] = await findings({ "compose.yaml": text(names), "env-example": "V0=1\n" });
  assert.equal(more, []);
  assert.match(found, /^fail p\/compose\.yaml:5 p: V0, V1, .*, V11 and 4 more have no value, and the project requires/);
  const few = { "compose.yaml": `${text(["A", "PASSWORD"])}      OTHER: \${PASSWORD}\n` };
  assert.equal(await findings(few), [
    "fail p/compose.yaml:5 p: A and PASSWORD have no value, and the project requires them -> " +
    "Set A and PASSWORD in the project's .env",
  ]);
  const first = "required variable A is missing a value: err";
  assert.equal(await findings(few, [], first), await findings(few));
  const plain = { "compose.yaml": 'services:\n  a: {image: "x:${TAG:?}"}\n' };
  const sentence =
    "fail p/compose.yaml:2 p: TAG has no value: the project requires it -> Set TAG in the project's .env";
  assert.equal(await findings(plain), [sentence]);
  assert.equal(await findings(plain, [], "required variable TAG is missing a value: "), [sentence]);
});

test("several errors of Compose's decoding are a finding each; those of empty variables name the variables", async () => {
  const err =
    "decoding failed due to the following error(s):\n\nerror decoding 'services[a].mem_limit': invalid size: ''\n" +
    "error decoding 'services[b].healthcheck.interval': time: invalid duration \"\"\n";
  assert.equal(refusalsOf(err, "/lab/p").map(({ message }) => message), [
    "services.a.mem_limit: invalid size: ''",
    'services.b.healthcheck.interval: time: invalid duration ""',
  ]);
  const text = 'services:\n  a: {image: "${IMAGE}", mem_limit: "${SIZE}"}\n' +
    '  b: {image: x, healthcheck: {test: y, interval: "${SIZE}"}}\n';
  const found = (await findings({ "compose.yaml": text, ".env.example": "IMAGE=x\nSIZE=1g\n" }, [], err)).join("\n");
  assert.match(found, /^fail \S+ p: SIZE has no value, which leaves an empty value: .* -> Copy \.env\.example/m);
  assert.match(found, /^fail .*the image “”, .* -> Copy \.env\.example to \.env in the project's folder$/m);
  assert.not.match(found, /decoding|invalid/);
});

test("an env file that uses a variable above the line that sets it", async () => {
  assert.equal(envFileMissing("A=${B}\nC=1\nB=2\n", {}), [{ name: "B", line: 1, setLater: 3 }]);
  const text = "services:\n  a:\n    image: x\n    environment: {A: '${A}'}\n";
  assert.equal(await findings({ "compose.yaml": text, ".env": "A=http://${HOST}:${PORT}\nHOST=x\nPORT=1\n" }), [
    "warn p/.env:1 p: .env uses HOST and PORT above the lines that set them: they are empty there -> " +
    "Move the lines 2 and 3 of .env above line 1",
  ]);
});

test("a project without services names the files that have them", async () => {
  const gpu = `services:\n  a:\n    image: x\n    ${reservation}\n`;
  const [found = ""] = await findings({ "compose.yaml": "networks: {n: {}}\n", "compose.gaming.yaml": gpu });
  assert.match(found, /^fail \S+ p: the project has no service: compose\.gaming\.yaml has some, and is not used/);
  assert.match(found, /-> Write COMPOSE_FILE=compose\.yaml:compose\.gaming\.yaml into/);
});

test("what a Dockerfile copies from its build context", () => {
  const text = "FROM node AS ui\nCOPY ui/ /ui\nFROM alpine AS unused\nCOPY gone /\nFROM python\n" +
    "COPY --from=ui /ui/dist /dist\nCOPY --chown=1:1 ./app.py ../b/c.txt /app/\n" +
    'ADD ["a file", "/x/"]\nADD https://x.org/y /y\nCOPY *.txt $SOURCE /z/\nCOPY . .\nCOPY <<EOF /w\ntext\nEOF\n';
  assert.equal(copiedPaths(text).map(({ path, line }) => `${line} ${path}`).sort(), [
    "2 ui",
    "7 app.py",
    "7 b/c.txt",
    "8 a file",
  ]);
  assert.equal(copiedPaths(text, "unused").map(({ path }) => path), ["gone"]);
});

test("a build that copies what its context does not have, or what .dockerignore excludes", async () => {
  const files = {
    "compose.yaml": "services:\n  a: {build: ./app}\n",
    "app/Dockerfile": "FROM alpine\nCOPY .env userlist ./\nCOPY main.py /app/\n",
    "app/main.py": "",
  };
  const [found = "", ...more] = await findings(files);
  assert.match(
    found,
    /^fail p\/app\/Dockerfile:2 p: a needs app\/\.env and app\/userlist for its build, but they do not/,
  );
  assert.match(found, /-> Create app\/\.env and app\/userlist, or remove the instruction from app\/Dockerfile$/);
  assert.equal(more, []);
  const all = { ...files, "app/.env": "", "app/userlist": "" };
  assert.equal(await findings(all), []);
  assert.equal(await findings({ ...all, "app/.dockerignore": "*.py\n" }), [
    "fail p/app/Dockerfile:3 p: a needs app/main.py for its build, but app/.dockerignore excludes it -> " +
    "Remove the line that excludes it from app/.dockerignore",
  ]);
  assert.equal(await findings({ ...all, "app/.dockerignore": "*.py\n", "app/Dockerfile.dockerignore": "" }), []);
  // the project's own excludes the file from the copy in the VM
  assert.match(
    (await findings({ ...all, ".dockerignore": "**/*.py\n" })).join(),
    /needs app\/main\.py for its build, but \.dockerignore excludes it/,
  );
});

test("localhost in a script of another container, in what a script prints, and in public addresses", async () => {
  const text = (command: string) =>
    `services:\n  web: {image: x, ports: ["8080:80"]}\n  init:\n    image: y\n    command:\n      - -c\n      - |\n` +
    `        ${command}\n`;
  for (
    const command of [
      "docker exec web tool --server http://localhost:80",
      'echo "open http://localhost:80"',
      "prom --web.external-url=http://localhost:80/",
      "docker compose exec web tool \\\n          --server http://localhost:80",
    ]
  ) assert.equal(await findings({ "compose.yaml": text(command) }), [], command);
  assert.match(
    (await findings({ "compose.yaml": text("curl http://localhost:80/x") })).join(),
    /localhost is the container itself/,
  );
});

test("cAdvisor's /cgroup is no folder of the host", async () => {
  assert.equal(await findings({ "compose.yaml": "services: {a: {image: x, volumes: ['/cgroup:/cgroup:ro']}}\n" }), []);
});

test("a device under volumes: cannot be opened, except with a rule or with all rights", async () => {
  const text = (more = "") =>
    `services:\n  a:\n    image: x\n    volumes: ["/dev/uinput:/dev/uinput", "/dev/fuse:/dev/fuse", "/dev/null:/n"]\n${more}`;
  assert.equal(await findings({ "compose.yaml": text() }), [
    "warn p/compose.yaml:4 p: a mounts /dev/uinput and /dev/fuse under volumes:, which does not let it open the devices " +
    "-> Write them under devices: [/dev/uinput, /dev/fuse] instead",
  ]);
  for (
    const more of [
      "    privileged: true\n",
      "    device_cgroup_rules: ['c 10:* rmw']\n",
      "    devices: [/dev/uinput, /dev/fuse]\n",
    ]
  ) assert.equal(await findings({ "compose.yaml": text(more) }), [], more);
});

test("a service that changes the owner of a folder, in a script of several lines", async () => {
  const text = (script: string) =>
    `services:\n  a: {image: x, user: "1024", volumes: ["./data:/d"]}\n  init:\n    image: y\n` +
    `    volumes: ["./data:/d"]\n    command:\n      - -c\n      - |\n        mkdir -p /d/x\n        ${script}\n`;
  assert.equal(await findings({ "compose.yaml": text("chown -R 1024 /d") }), []);
  assert.match((await findings({ "compose.yaml": text("true") })).join(), /which Docker creates for root/);
});

test("Folding@home can use a GPU; of several profiles the one for the GPU is named", async () => {
  const fah = "services: {f: {image: lscr.io/linuxserver/foldingathome}}\n";
  assert.match((await findings({ "compose.yaml": fah })).join(), /no service asks for a GPU: f can use one/);
  const text =
    `services:\n  a: {image: x}\n  e:\n    image: y\n    profiles: [monitoring, gpu-nvidia]\n    ${reservation}\n`;
  assert.match((await findings({ "compose.yaml": text })).join(), /its profile gpu-nvidia is off/);
});

test("log plugins, addresses and name servers are one finding each", async () => {
  const log = "logging: {driver: loki}";
  const found = await findings({
    "compose.yaml": `services:\n  a:\n    image: x\n    ${log}\n    dns: [one, two]\n` +
      `    ports: ["192.168.1.100:80:80", "192.168.1.100:81:81"]\n  b:\n    image: x\n    ${log}\n`,
  });
  assert.equal(
    found.sort(),
    [
      "fail p/compose.yaml:5 p: a has one and two under dns, which Docker refuses -> Write an address, such as 1.1.1.1",
      "warn p/compose.yaml:6 p: a publishes ports on 192.168.1.100, which Docker refuses unless a has this address -> " +
      "Remove 192.168.1.100:, or give a this address in the LAN: network: {lan: …, address: 192.168.1.100/24}",
      "fail p/compose.yaml:4 p: a and b log with the driver loki, a plugin of Docker that a new VM does not have -> " +
      "Remove logging:, or write driver: json-file",
    ].sort(),
  );
});

test("the address of a port comes from .env, or is the VM's own", async () => {
  const files = {
    "compose.yaml": 'services:\n  a:\n    image: x\n    ports:\n      - "${SERVER_IP}:53:53/tcp"\n',
    ".env": "SERVER_IP=192.168.1.100\n",
  };
  assert.match((await findings(files)).join(), /-> Write SERVER_IP=0\.0\.0\.0 in the project's \.env, or give a this/);
  const own = machine.replace("gpu:", "network: {lan: br0, address: 192.168.1.100/24}, gpu:");
  assert.equal(await findings(files, [], undefined, own), []);
});

test("a disk of a Mac: the variable in front of it is the place to change", async () => {
  const text = (source: string) => `services:\n  a:\n    image: x\n    volumes:\n      - ${source}/Media:/media\n`;
  assert.match(
    (await findings({ "compose.yaml": text("${DRIVE:-/Volumes/Home}") })).join(),
    /mounts \/Volumes\/Home\/Media, a folder of a Mac -> Set DRIVE in the project's \.env to a folder/,
  );
  assert.match(
    (await findings({ "compose.yaml": text("/Volumes/Home") })).join(),
    /-> Replace \/Volumes\/Home\/Media with/,
  );
});

test("a Containerfile: Podman takes it, Docker does not", async () => {
  const files = { "compose.yaml": "services: {a: {build: .}}\n", Containerfile: "FROM alpine\n" };
  assert.match(
    (await findings(files)).join(),
    /^fail .*built with Dockerfile, which does not exist: Docker does not take Containerfile by itself -> Write dockerfile:/,
  );
  assert.equal(await findings(files, [], undefined, machine.replace("gpu:", "engine: podman, gpu:")), []);
});

test("a device of a USB bus is not there, the bus is", async () => {
  const text = (path: string) => `services:\n  a:\n    image: x\n    devices: ["${path}:${path}"]\n`;
  assert.match((await findings({ "compose.yaml": text("/dev/bus/usb/002/002") })).join(), /^fail .*\(a USB device\)/);
  assert.match((await findings({ "compose.yaml": text("/dev/bus/usb") })).join(), /^warn .*\(USB devices/);
});

test("examples in a folder of their own; a folder is no example of .env", async () => {
  const names = ["a", "b", "c", "d", "e"];
  const files = (all: string[]) => ({
    "compose.yaml": `services:\n  x:\n    image: x\n    env_file: [${all.map((one) => `env/${one}.env`).join(", ")}]\n`,
    ...Object.fromEntries(all.map((one) => [`env_templates/${one}.env.template`, ""])),
  });
  assert.match(
    (await findings(files(["a"]))).join(),
    /env file env\/a\.env, which does not exist -> Copy env_templates\/a\.env\.template to env\/a\.env, and fill it in$/,
  );
  assert.match(
    (await findings(files(names))).join(),
    /-> Copy env_templates\/a\.env\.template to env\/a\.env, the 4 others in the same way, and fill them in$/,
  );
  const unset = {
    ...files([]),
    "compose.yaml": "services: {x: {image: x, environment: {A: '${A}'}}}\n",
    "env_templates/a.env": "A=1",
  };
  assert.match((await findings(unset)).join(), /A has no value.* -> Set A in the project's \.env$/);
});

test("the driver volume of nvidia-docker 1 is to be removed, not created", async () => {
  const text = (declared: string) =>
    `services:\n  a:\n    image: x\n    runtime: nvidia\n    volumes: ["nvidia_driver_387.34:/usr/local/nvidia:ro"]\n` +
    `volumes:\n  nvidia_driver_387.34:\n    ${declared}\n  data:\n    external: true\n`;
  assert.match(
    (await findings({ "compose.yaml": text("external: true") })).join(),
    /^fail .*the driver of nvidia-docker 1, .* -> Remove the volume nvidia_driver_387\.34 and its mounts$/,
  );
  assert.match(
    (await findings({ "compose.yaml": text("driver: nvidia-docker") })).join(),
    /a plugin that a new VM does not have -> Remove the volume nvidia_driver_387\.34 and its mounts$/,
  );
});

test("X11 of the caller, in several services; a display server of the project is none", async () => {
  const text = (display: string) =>
    ["a", "b"].map((name) =>
      `  ${name}:\n    image: x\n    environment: [${display}]\n    volumes: ["/tmp/.X11-unix:/tmp/.X11-unix"]\n`
    ).join("");
  assert.match(
    (await findings({ "compose.yaml": `services:\n${text("DISPLAY=$DISPLAY")}` })).join(),
    /^warn .*a and b use \/tmp\/\.X11-unix and DISPLAY, which belong to a desktop/,
  );
  assert.equal(await findings({ "compose.yaml": `services:\n${text("DISPLAY=:0")}` }), []);
});

test("a port that variables leave empty names the variables, also where Compose refuses it", async () => {
  const files = { "compose.yaml": 'services:\n  a:\n    image: x\n    ports: ["${OUT}:${IN}"]\n' };
  for (const err of [undefined, "No port specified: :<empty>"]) {
    const found = await findings(files, [], err);
    assert.match(
      found.join(),
      /^fail p\/compose\.yaml:4 p: OUT, IN have no value, which leaves “:”: .*-> Set OUT, IN in/,
    );
  }
});

test("folders that every Debian has are no folders of this host", async () => {
  const text = (path: string) => `services: {a: {image: x, volumes: ["${path}:/host:ro"]}}\n`;
  assert.equal(await findings({ "compose.yaml": text("/usr/local/bin") }), []);
  assert.match((await findings({ "compose.yaml": text("/usr/local/app") })).join(), /mounts \/usr\/local\/app/);
});

test("a network whose name is a variable without a value", async () => {
  const files = {
    "compose.yaml": "services:\n  a:\n    image: x\n    networks:\n      - ${PROXY}\nnetworks:\n  p: {}\n",
  };
  for (const err of [undefined, 'service "a" refers to undefined network : invalid compose project']) {
    assert.equal(await findings(files, [], err), [
      "fail p/compose.yaml:4 p: a is in a network without a name: a variable under networks: has no value -> " +
      "Set PROXY in the project's .env",
    ]);
  }
});

test("volumes that are folders of another computer are one finding", async () => {
  const volume = (name: string) => `  ${name}: {driver_opts: {type: none, o: bind, device: "/srv2/docker/${name}"}}\n`;
  const text = `services: {a: {image: x, volumes: ["one:/d", "two:/e"]}}\nvolumes:\n${volume("one")}${volume("two")}`;
  const [found = "", ...more] = await findings({ "compose.yaml": text });
  assert.equal(more, []);
  assert.match(
    found,
    / p: volumes of the project are the folders \/srv2\/docker\/one and \/srv2\/docker\/two, which the VM/,
  );
});

test("all variables that leave the same text are named", async () => {
  const text = 'services:\n  a:\n    image: x\n    ports: ["${A}:${B}", "${C}:${D}"]\n';
  assert.match((await findings({ "compose.yaml": text })).join(), /A, B, C, D have no value, which leaves “:”/);
});

test.run();
