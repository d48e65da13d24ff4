// Containers that do not start or end at once: scripts of the project that cannot be executed, commands that only
// print, files that a mount hides, configs of images, keys of a VPN, port 53, the cookie of n8n. That Compose takes an
// included file without content was run with 2.26.1 on 2026-11-28.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { linkFlaws } from "../lib/checks/compose-links.mts";
import { mountFlaws } from "../lib/checks/compose-mounts.mts";
import { runChecks } from "../lib/checks/index.mts";
import { builtStart } from "../lib/compose/dockerfile-start.mts";
import { isPlaceholder, isPlaceholderPath } from "../lib/compose/placeholders.mts";
import { modesOf, projectOf } from "../lib/compose/project.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { programOf, startOf } from "../lib/compose/start.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose starts");
const card = savedHost("rtx4070-desktop-debian12");

/** Doctor's failures and warnings for one stack, as `status PLACE message -> title | command`. */
async function findings(
  files: Record<string, string>,
  { modes = {}, keys = "image: debian-13" }: { modes?: Record<string, number>; keys?: string } = {},
) {
  const disk = Object.fromEntries(Object.entries(files).map(([path, text]) => [`/lab/p/${path}`, text]));
  const project = await readProject(
    fakeShell(disk).shell,
    { name: "p", machine: "a", folder: "/lab/p", profiles: [], modes },
    undefined,
  );
  const config = `machines: [{name: a, box: lab/x, ${keys}, cpus: 4, memory: 4096, provider: libvirt, ` +
    "gpu: {device_id: 2786}}]";
  const resolved = { ...resolveConfig(parseConfig(config), card), projects: [project] };
  return runChecks(card, resolved, ["services.compose"])
    .filter(({ status, message }) => /fail|warn/.test(status) && !/asks for a GPU/.test(message))
    .map(({ status, message, evidence, fix }) =>
      `${status} ${evidence[0]?.read} ${message} -> ${fix[0]?.title ?? ""}${
        fix[0]?.command ? ` | ${fix[0].command}` : ""
      }`
    );
}

const image = "FROM debian:13\nWORKDIR /app\nCOPY run.sh /run.sh\n";
const built = (keys = "") => `services:\n  app:\n    build: .\n${keys}`;
const script = "#!/bin/sh\nexec sleep 1\n";

test("a script that starts a container needs the permission to execute", async () => {
  const files = { "compose.yaml": built(), Dockerfile: `${image}ENTRYPOINT ["/run.sh"]\n`, "run.sh": script };
  const [one = "", ...more] = await findings(files, { modes: { "run.sh": 0o644 } });
  assert.equal(more, []);
  assert.is(
    one,
    "fail p/Dockerfile:4 p: app starts /run.sh, which is run.sh of the project without the permission to execute: " +
      "Docker answers “permission denied” -> Add the permission | chmod +x '/lab/p/run.sh'",
  );
  assert.equal(await findings(files, { modes: { "run.sh": 0o755 } }), []);
  assert.equal(await findings(files), [], "a host without modes");
  // a Dockerfile that changes modes, a shell that runs the script, and an init before it
  for (
    const rest of [
      'RUN chmod +x /run.sh\nENTRYPOINT ["/run.sh"]\n',
      'ENTRYPOINT ["bash", "/run.sh"]\n',
      "ENTRYPOINT sh /run.sh\n",
    ]
  ) {
    assert.equal(await findings({ ...files, Dockerfile: image + rest }, { modes: { "run.sh": 0o644 } }), [], rest);
  }
  const init = { ...files, Dockerfile: `${image}ENTRYPOINT ["/usr/bin/tini", "-g", "--", "/run.sh"]\n` };
  assert.is((await findings(init, { modes: { "run.sh": 0o644 } })).length, 1);
});

test("a mount over the image's script hides its permission", async () => {
  const files = {
    "compose.yaml": built('    volumes: ["./run.sh:/run.sh"]\n'),
    Dockerfile: `${image}RUN chmod +x /run.sh\nENTRYPOINT ["/run.sh"]\n`,
    "run.sh": script,
  };
  assert.match(
    (await findings(files, { modes: { "run.sh": 0o644 } })).join("\n"),
    /^fail p\/Dockerfile:5 p: app starts \/run\.sh, which is the mounted run\.sh without the permission to execute/,
  );
  const own = 'services:\n  app:\n    image: x\n    entrypoint: ["/s/run.sh"]\n    volumes: ["./s:/s"]\n';
  assert.match(
    (await findings({ "compose.yaml": own, "s/run.sh": script }, { modes: { "s/run.sh": 0o600 } })).join("\n"),
    /^fail p\/compose\.yaml:4 p: app starts \/s\/run\.sh, which is the mounted s\/run\.sh without the permission/,
  );
});

test("the entrypoint of an image may run a file without the permission to execute, or without an interpreter", async () => {
  const modes = { "server.js": 0o644, "app.jar": 0o644, "start.sh": 0o644 };
  const own = (image: string, file: string, text = "x()\n", keys = "") => ({
    "compose.yaml":
      `services:\n  app:\n    image: ${image}\n    working_dir: /app\n    command: ["./${file}"]\n    volumes: ["./:/app"]\n${keys}`,
    [file]: text,
  });
  assert.equal(await findings(own("node:22", "server.js"), { modes }), []);
  assert.equal(await findings(own("node:22", "server.js", "#!/usr/bin/env node\r\n"), { modes }), []);
  assert.equal(await findings(own("gcr.io/distroless/java21", "app.jar", "PK"), { modes }), []);
  const node = (base: string) => ({
    "compose.yaml": built(),
    Dockerfile: `FROM ${base}\nWORKDIR /app\nCOPY . .\nCMD ["src/index.js"]\n`,
    "src/index.js": "x()\n",
  });
  assert.equal(await findings(node("node:22"), { modes: { "src/index.js": 0o644 } }), []);
  // no entrypoint: Docker runs it
  assert.is((await findings(node("python:3.12"), { modes: { "src/index.js": 0o644 } })).length, 1);
  assert.match(
    (await findings(own("node:22", "server.js", "x()\n", '    entrypoint: ""\n'), { modes })).join("\n"),
    /^fail .*without the permission to execute/,
  );
  // a shell runs it, if the entrypoint is one
  const shell = { ...modes, "start.sh": 0o755 };
  assert.match(
    (await findings(own("nginx", "start.sh", "exec nginx\n"), { modes: shell })).join("\n"),
    /^warn .*without an interpreter in its first line: .*, unless the entrypoint of its image is a script of a shell -> /,
  );
  assert.match(
    (await findings(own("nginx", "start.sh", script), { modes })).join("\n"),
    /^fail .*permission to execute/,
  );
  assert.equal(await findings(own("nginx", "start.sh", script), { modes: shell }), []);
});

test("a here-document of a Dockerfile may change modes and line ends", async () => {
  const files = {
    "compose.yaml": built(),
    Dockerfile: `${image}RUN <<EOF\nchmod +x /run.sh\nsed -i 's/\\r$//' /run.sh\nEOF\nENTRYPOINT ["/run.sh"]\n`,
    "run.sh": "#!/bin/sh\r\nexec sleep 1\r\n",
  };
  assert.equal(await findings(files, { modes: { "run.sh": 0o644 } }), []);
  const other = { ...files, Dockerfile: files.Dockerfile.replace(/RUN[^]*EOF\n/, "RUN cat <<< EOF\n") };
  assert.is((await findings(other, { modes: { "run.sh": 0o644 } })).length, 1);
});

test("a script with line ends of Windows, or without an interpreter, does not start", async () => {
  const files = (text: string, rest = 'CMD ["/run.sh"]\n') => ({
    "compose.yaml": built(),
    Dockerfile: image + rest,
    "run.sh": text,
  });
  assert.is(
    (await findings(files("#!/bin/sh\r\nexec sleep 1\r\n"))).join("\n"),
    "fail p/Dockerfile:4 p: app starts /run.sh, which is run.sh of the project with the line ends of Windows (CR LF): " +
      "Docker finds no interpreter with a CR in its name -> Write it with LF (in Git: *.sh text eol=lf in " +
      ".gitattributes) | sed -i 's/\\r$//' '/lab/p/run.sh'",
  );
  const windows = "set -e\r\nexec sleep 1\r\n";
  assert.match((await findings(files(windows, 'CMD ["sh", "/run.sh"]\n'))).join("\n"), /takes the CR as a part of its/);
  assert.equal(await findings(files(windows, 'RUN sed -i "s/\\r$//" /run.sh\nCMD ["sh", "/run.sh"]\n')), []);
  assert.match(
    (await findings(files("exec sleep 1\n"))).join("\n"),
    /without an interpreter in its first line: Docker answers “exec format error” -> Write #!\/bin\/sh/,
  );
  // a program is no script
  assert.equal(await findings(files("\x7fELF\x02\x01")), []);
});

test("a large program that is mounted is not read", async () => {
  const text = "services:\n  app:\n    image: x\n    entrypoint: [/app]\n    volumes: ['./app:/app']\n";
  const { shell } = fakeShell({ "/lab/p/compose.yaml": text, "/lab/p/app": "binary" });
  const read: string[] = [];
  const large = {
    ...shell,
    fingerprint: async (path: string) => await shell.fingerprint(path) && `${path.endsWith("/app") ? 2 ** 21 : 1} 1`,
    read: (path: string) => (read.push(path), shell.read(path)),
  };
  const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [] };
  assert.is((await readProject(large, request, undefined)).startScripts, undefined);
  assert.not(read.includes("/lab/p/app"));
  assert.ok((await readProject(shell, request, undefined)).startScripts!.app);
});

test("a command that only prints, or a shell without a terminal, is no server", async () => {
  const server = (command: string, keys = "    restart: always\n") =>
    findings({
      "compose.yaml": built(keys),
      Dockerfile: `FROM python:3.12\nCOPY entrypoint.sh /entrypoint.sh\n${command}\n`,
      "entrypoint.sh": script,
    });
  assert.is(
    (await server(`CMD ["python3", "-c", "print('ready')"]`)).join("\n"),
    "warn p/Dockerfile:3 p: app runs only python3 with print(), which ends at once: it restarts endlessly -> Write the " +
      "command of its server (command:), or tty: true for a shell that waits",
  );
  assert.match(
    (await server('ENTRYPOINT ["/entrypoint.sh"]\nCMD ["bash"]')).join("\n"),
    /runs only bash without a script or a terminal, which ends at once: it restarts endlessly/,
  );
  assert.match(
    (await server("")).join("\n"),
    /^warn p\/compose\.yaml:3 p: app runs only the shell of python:3\.12, which ends at once: it restarts endlessly/,
  );
  assert.equal(await server('CMD ["bash"]', "    restart: always\n    tty: true\n"), []);
  assert.equal(await server('CMD ["bash"]', ""), [], "a tool that is run by hand");
  assert.equal(await server("CMD echo ready && exec ./serve"), []);
  assert.equal(await server('CMD ["bash"]', "    restart: always\n    command: [bash, /entrypoint.sh]\n"), []);
});

test("a mount hides the program of the image", async () => {
  const files = (volumes: string, more: Record<string, string> = {}) => ({
    "compose.yaml": built(`    volumes: [${volumes}]\n`),
    Dockerfile: 'FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm run build\nCMD ["node", "dist/index.js"]\n',
    ...more,
  });
  assert.is(
    (await findings(files("./:/app"))).join("\n"),
    "warn p/compose.yaml:4 p: app reads /app/dist/index.js (node), but dist/index.js does not exist in the project, " +
      "whose mount hides the files of the image -> Remove the mount over /app/dist, or create dist/index.js",
  );
  assert.equal(await findings(files("./:/app", { "dist/index.js": "x" })), []);
  assert.equal(await findings(files('"./:/app", "/app/dist"')), [], "a volume keeps the image's folder");
  assert.equal(await findings(files("./data:/data")), []);
  // a command of the service, in the folder of the image
  const own = {
    ...files('"./src:/app"', { "src/other.py": "x" }),
    "compose.yaml": built('    command: python main.py\n    volumes: ["./src:/app"]\n'),
  };
  assert.match(
    (await findings(own)).join("\n"),
    /app reads \/app\/main\.py \(python\), but src\/main\.py does not exist/,
  );
});

test("the config that the command of an image reads must be in the mounted folder", async () => {
  const broker = (mount: string) => `services:\n  mqtt:\n    image: eclipse-mosquitto:2\n    volumes: ["${mount}"]\n`;
  assert.is(
    (await findings({ "compose.yaml": broker("./mqtt:/mosquitto/") })).join("\n"),
    "fail p/compose.yaml:4 p: mqtt reads /mosquitto/config/mosquitto.conf, but mqtt/config/mosquitto.conf does not " +
      "exist in the project: its program ends without it -> Create mqtt/config/mosquitto.conf, or remove the mount " +
      "over /mosquitto/config",
  );
  assert.equal(await findings({ "compose.yaml": broker("./mqtt:/mosquitto/"), "mqtt/config/mosquitto.conf": "x" }), []);
  assert.equal(await findings({ "compose.yaml": broker("./data:/mosquitto/data") }), []);
  const other = broker("./c:/mosquitto/config").replace("volumes", "command: mosquitto -c /own.conf\n    volumes");
  assert.equal(await findings({ "compose.yaml": other }), []);
});

test("a VPN without a key does not start", async () => {
  const vpn = (environment: string) =>
    findings({ "compose.yaml": `services:\n  vpn:\n    image: qmcgaw/gluetun\n    environment: {${environment}}\n` });
  const key = "A".repeat(43) + "=";
  assert.match(
    (await vpn("VPN_TYPE: wireguard, WIREGUARD_PRIVATE_KEY: ''")).join("\n"),
    /^fail p\/compose\.yaml:4 p: vpn has no value for WIREGUARD_PRIVATE_KEY: the VPN ends immediately, and what uses its net/,
  );
  const wrong = (await vpn("VPN_TYPE: wireguard, WIREGUARD_PRIVATE_KEY: not-a-key")).join("\n");
  assert.match(wrong, /has no key of WireGuard as WIREGUARD_PRIVATE_KEY/);
  assert.not.match(wrong, /not-a-key/);
  assert.equal(await vpn(`VPN_TYPE: wireguard, WIREGUARD_PRIVATE_KEY: ${key}`), []);
  assert.equal(await vpn("VPN_TYPE: wireguard"), [], "it may be in a file");
  assert.match((await vpn("VPN_SERVICE_PROVIDER: mullvad, OPENVPN_USER: ''")).join("\n"), /no value for OPENVPN_USER/);
  for (const provider of ["custom", "Airvpn", "VPNSecure", "vpn secure"]) {
    assert.equal(await vpn(`VPN_SERVICE_PROVIDER: ${provider}, OPENVPN_USER: ''`), [], provider);
  }
  // a variable without a value is one finding
  assert.match(
    (await vpn("VPN_TYPE: wireguard, WIREGUARD_PRIVATE_KEY: '${VPN_KEY}'")).join("\n"),
    /^fail p\/compose\.yaml:4 p: VPN_KEY has no value: vpn does not start without a password -> Set VPN_KEY in [^\n]*$/,
  );
  const required = (await vpn("VPN_TYPE: wireguard, WIREGUARD_PRIVATE_KEY: '${VPN_KEY:?needed}'")).join("\n");
  assert.match(required, /VPN_KEY has no value/);
  assert.not.match(required, /the VPN ends immediately/);
});

test("a health check whose form means something else never passes", async () => {
  const files = (check: string, waits = false, image = "x") => ({
    "compose.yaml": `services:\n  db:\n    image: ${image}\n    healthcheck: {test: ${check}}\n` +
      (waits ? "  app: {image: y, depends_on: {db: {condition: service_healthy}}}\n" : ""),
  });
  assert.is(
    (await findings(files("CMD-SHELL ping -c 1 10.0.0.2"))).join("\n"),
    "warn p/compose.yaml:4 p: db has a healthcheck in which the shell runs a program named CMD-SHELL: it is never " +
      "healthy -> Write test: ping -c 1 10.0.0.2",
  );
  assert.match(
    (await findings(files('["CMD", "curl", "-f", "http://localhost", "||", "exit", "1"]', true))).join("\n"),
    /^fail .*: db has a healthcheck that passes \|\| to curl as a word: the services that wait for it do not start -> Write test: \["CMD-SHELL","curl -f http:\/\/localhost \|\| exit 1"\]$/,
  );
  assert.match(
    (await findings(files('["CMD-SHELL", "curl", "-f", "http://localhost"]'))).join("\n"),
    /^warn .*: db has a healthcheck whose shell runs only curl, without the words after it: it does not test what it says -> Write test: \["CMD-SHELL","curl -f http:\/\/localhost"\]$/,
  );
  assert.match((await findings(files('["CMD", "pg_isready -U x"]'))).join("\n"), /named “pg_isready -U x” as a whole/);
  assert.match((await findings(files(`'["CMD", "true"]'`))).join("\n"), /that is a list in quotes/);
  for (
    const fine of [
      "curl -f http://localhost || exit 1",
      '["CMD-SHELL", "curl -f http://localhost || exit 1"]',
      '["CMD", "sh", "-c", "a || b"]',
      '["CMD", "redis-cli", "ping"]',
      '["CMD", "find", "/tmp/ready", "-exec", "cat", "{}", ";"]',
      '["CMD", "python", "-c", "a; b > c"]',
      '["NONE"]',
    ]
  ) {
    assert.equal(await findings(files(fine)), [], fine);
  }
  // programs that images lack
  for (
    const image of [
      "qdrant/qdrant:v1.15.1",
      "minio/minio:RELEASE.2023-12-02T10-51-33Z",
      "docker.n8n.io/n8nio/n8n:latest",
      "chromadb/chroma:1.5.9",
    ]
  ) {
    const found = (await findings(files('["CMD", "curl", "-f", "http://localhost"]', true, image))).join("\n");
    assert.match(
      found,
      /^fail .*db has a healthcheck with curl, which the image .* does not have: the services that wait/,
    );
  }
  for (const has of ["minio/minio:RELEASE.2022-05-04T07-45-27Z", "minio/minio:latest"]) {
    assert.equal(await findings(files('["CMD", "curl", "http://localhost"]', false, has)), [], has);
  }
});

test("a link out of the project's folder is copied without its target", async () => {
  const text =
    "services:\n  app:\n    image: x\n    volumes: ['./conf/a:/a', './media:/m', './gone:/g', './time:/t']\n";
  const one = async (outerLinks: Record<string, string>, folders: { from: string; to: string }[] = []) => {
    const { shell } = fakeShell({
      ...{ "/lab/p/compose.yaml": text, "/lab/p/.env": "A=1\n", "/lab/p/conf/a/x": "x" },
      ...{ "/lab/p/media/x": "x", "/lab/p/time": "x" },
    });
    const request = { name: "p", machine: "a", folder: "/lab/p", profiles: [], outerLinks };
    const project = await readProject(shell, request, undefined);
    const shared = folders.map((folder) => ({ ...folder, readOnly: true }));
    return linkFlaws(project, { name: "a", provider: "libvirt", folders: shared }).map(({ status, message, fix }) =>
      `${status} ${message} -> ${fix?.command ?? fix?.title}`
    );
  };
  assert.equal(await one({ ".env": "../.env" }), [
    "fail .env is a link to ../.env, which is not copied: a gets a link without its target -> " +
    "cp -pL '/lab/p/.env' '/lab/p/.env.copy' && rm '/lab/p/.env' && mv '/lab/p/.env.copy' '/lab/p/.env'",
  ]);
  // a folder may be too large for a copy
  assert.equal(await one({ media: "/mnt/media" }), [
    "fail media is a link to /mnt/media, which is not copied: a gets a link without its target -> Share it with a: " +
    "folders: [{from: /mnt/media, to: /mnt/media}], with read_only: false if a service writes there. Write /mnt/media " +
    "in the project, not the link",
  ]);
  assert.match((await one({ media: "/mnt/media" }, [{ from: "/mnt", to: "/m" }])).join(), /-> Write \/m\/media in the/);
  assert.equal(await one({ media: "/mnt/media" }, [{ from: "/mnt", to: "/mnt" }]), [], "the VM has it");
  assert.equal(await one({ gone: "../gone" }), [
    "fail gone is a link to ../gone, which does not exist -> Create /lab/gone, or replace gone with a file or folder " +
    "of the project",
  ]);
  assert.equal(await one({ time: "/etc/localtime" }), [], "every VM has it");
  assert.is((await one({ time: "/tmp/time" })).length, 1);
  assert.is((await one({ conf: "/etc/conf" })).length, 1);
  assert.equal(await one({ "node_modules/x": "../../x" }), [], "the project does not read it");
  const entry = { mode: 0o777, size: 1, mtime: 1 };
  const entries = [
    { ...entry, path: "in", kind: "link" as const, target: "conf/a" },
    { ...entry, path: "conf/up", kind: "link" as const, target: "../in" },
    { ...entry, path: "conf/out", kind: "link" as const, target: "../../other" },
    { ...entry, path: "root", kind: "link" as const, target: "/lab/p/in" },
  ];
  const stack = { name: "p", machine: "a", path: "/lab/p", profiles: [], env: {} };
  const project = projectOf(stack, { composeFiles: ["compose.yaml"], dockerignore: "", entries, variables: {} });
  assert.equal(project.outerLinks, { "conf/out": "../../other", root: "/lab/p/in" });
});

test("a path of another computer that ends like a file of the project is named", async () => {
  const text = "services:\n  hub:\n    image: x\n    volumes: ['/home/me/Projects/jhub/hub/config.py:/conf.py']\n";
  const { shell } = fakeShell({ "/lab/p/compose.yaml": text, "/lab/p/hub/config.py": "x" });
  const request = {
    name: "p",
    machine: "a",
    folder: "/lab/p",
    profiles: [],
    copied: ["compose.yaml", "hub/config.py"],
  };
  const project = await readProject(shell, request, undefined);
  const [one, ...more] = mountFlaws("hub", project.model!.services.hub!, project, {
    ...{ name: "a", engine: "docker", provider: "libvirt" },
  });
  assert.equal(more, []);
  assert.is(one!.status, "fail");
  assert.is(one!.fix!.title, "Write ./hub/config.py, which the project has");
});

test("an encrypted .env is decrypted, not copied", async () => {
  const files = {
    "compose.yaml": "services:\n  app:\n    image: x\n    env_file: [.env]\n    environment: {A: '${KEY}'}\n",
    ".sops.env": "KEY=ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]\n",
  };
  const found = await findings(files);
  assert.match(
    found.join("\n"),
    /needs the env file \.env, which does not exist -> Decrypt \.sops\.env to \.env: sops -d --input-type dotenv --output-type dotenv --output '\.env' '\.sops\.env'/,
  );
  assert.not.match(found.join("\n"), /Copy/);
});

test("port 53 is that of the guest's resolver", async () => {
  const dns = (port: string, keys?: string) =>
    findings(
      { "compose.yaml": `services:\n  dns:\n    image: x\n    ports: ["${port}"]\n` },
      keys === undefined ? {} : { keys },
    );
  assert.match(
    (await dns("53:53/udp", "image: ubuntu-24.04")).join("\n"),
    /^fail p\/compose\.yaml:4 p: dns publishes port 53, which the VM's own resolver \(systemd-resolved\) uses, at 127\.0\.0\.53: “address already in use” -> .*DNSStubListener=no/,
  );
  assert.match((await dns("53:53")).join("\n"), /^warn .*publishes port 53, which the VM's own resolver uses if it is/);
  assert.not.match((await dns("127.0.0.1:53:53")).join("\n"), /port 53/);
  assert.equal(await dns("5353:53"), []);
  const host = { "compose.yaml": "services:\n  dns: {image: adguard/adguardhome, network_mode: host}\n" };
  assert.match((await findings(host)).join("\n"), /dns listens on port 53 of the VM's own network, which the VM's own/);
});

test("the VM's resolv.conf over Docker's", async () => {
  const of = (keys: string, mount = "/etc/resolv.conf:/etc/resolv.conf:ro") =>
    findings({ "compose.yaml": `services:\n  a:\n    ${keys}\n    volumes: ["${mount}"]\n  b: {image: x}\n` });
  const [found = "", ...more] = await of("image: x");
  assert.match(
    found,
    /^warn p\/compose\.yaml:4 p: a mounts \/etc\/resolv\.conf of the VM over Docker's: it finds no other service by its name, and no address at all where that file names 127\.0\.0\.53 \(systemd-resolved\) -> Remove the mount/,
  );
  assert.equal(more, []);
  assert.equal(await of("image: x\n    network_mode: host"), []);
  assert.not.match((await of("image: x", "./resolv.conf:/etc/resolv.conf:ro")).join("\n"), /Docker's/);
});

test("n8n by HTTP needs a cookie without HTTPS", async () => {
  const n8n = (keys: string) => findings({ "compose.yaml": `services:\n  n8n:\n    image: n8nio/n8n\n    ${keys}\n` });
  assert.match(
    (await n8n("ports: [5678:5678]")).join("\n"),
    /^warn p\/compose\.yaml:4 p: n8n shows an error instead of its page at the address of a: its cookie is for HTTPS or localhost only -> Add N8N_SECURE_COOKIE: "false" to its environment, or open http:\/\/localhost:5678 through ssh -F/,
  );
  for (const environment of ["N8N_SECURE_COOKIE: 'false'", "WEBHOOK_URL: https://n8n.lan", "N8N_PROTOCOL: https"]) {
    assert.equal(await n8n(`ports: [5678:5678]\n    environment: {${environment}}`), [], environment);
  }
  assert.equal(await n8n("expose: [5678]"), []);
});

test("what an example leaves to its reader is a placeholder", () => {
  for (const value of ["CHANGE_ME_VPN_SERVER_IP", "replace-with-random-token", "10.x.x.x/32", "YOUR_TOKEN"]) {
    assert.ok(isPlaceholder(value), value);
  }
  for (const value of ["changeme", "10.0.0.1/32", "replace-with", "CHANGE", "your-service"]) {
    assert.not(isPlaceholder(value), value);
  }
  for (const path of ["/home/YOUR-HOST-SYSTEM-USERNAME/docker", "/mnt/your-media", "/path/to/x"]) {
    assert.ok(isPlaceholderPath(path), path);
  }
  assert.not(isPlaceholderPath("/srv/yours"));
});

test("services with empty container names do not collide", async () => {
  const text = "services:\n  a: {image: x, container_name: '${NAME}'}\n  b: {image: x, container_name: '${NAME}'}\n";
  assert.not.match((await findings({ "compose.yaml": text })).join("\n"), /both use the container name/);
});

test("a Compose file without content is refused only if it is the only one", async () => {
  const comment = "# later\n";
  assert.match((await findings({ "compose.yaml": comment })).join("\n"), /this Compose file is empty/);
  const rest = { "compose.yaml": "include: [later.yaml]\nservices: {a: {image: x}}\n", "later.yaml": comment };
  assert.equal(await findings(rest), []);
});

test("the address of a program itself is not one of another service", async () => {
  const search = (name: string) =>
    findings({
      "compose.yaml": "services:\n  proxy: {image: caddy, ports: ['443:443']}\n" +
        `  search:\n    image: searxng/searxng\n    environment: {${name}: 'https://localhost/'}\n`,
    });
  assert.equal(await search("SEARXNG_BASE_URL"), []);
  const own = "services:\n  proxy: {image: caddy, ports: ['443:443']}\n" +
    "  searxng: {build: ., environment: {SEARXNG_BASE_URL: 'https://localhost/'}}\n";
  assert.equal(await findings({ "compose.yaml": own, Dockerfile: "FROM searxng/searxng\n" }), []);
});

test("one service with a port twice, and a network that all included files declare, are one finding each", async () => {
  const twice = "services:\n  a: {image: x, ports: ['127.0.0.1:80:80', '80:80']}\n";
  assert.match((await findings({ "compose.yaml": twice })).join("\n"), /^fail \S+ p\/a uses port 80\/tcp twice -> /);
  // Docker binds an address of IPv6 alone
  const of = async (...ports: string[]) =>
    (await findings({ "compose.yaml": `services:\n  a: {image: x, ports: ${JSON.stringify(ports)}}\n` }))
      .filter((one) => one.startsWith("fail"));
  assert.equal(await of("0.0.0.0:80:80", "[::]:80:80"), []);
  assert.equal(await of("127.0.0.1:80:80", "[::1]:80:80"), []);
  assert.match((await of("80:80", "[::]:80:80"))[0] ?? "", / uses port \[::\]:80\/tcp twice -> Remove one of the two/);
  assert.match((await of("[::]:80:80", "[::1]:80:80"))[0] ?? "", / uses port \[::1\]:80\/tcp twice /);
  const part = (name: string) => `services: {${name}: {image: x}}\nnetworks: {proxy: {driver: bridge}}\n`;
  const files = {
    "compose.yaml": "include: [a.yaml, b.yaml]\nnetworks: {proxy: {internal: true}}\n",
    ...{ "a.yaml": part("a"), "b.yaml": part("b") },
  };
  assert.is((await findings(files)).filter((one) => /networks\.proxy is in/.test(one)).length, 1);
});

test("the start of an image is that of its last stage, with what it takes from the others", () => {
  const text = [
    "ARG ROOT=/srv",
    "FROM debian:13 AS base",
    "ARG ROOT=/opt",
    "WORKDIR ${ROOT}",
    "WORKDIR app",
    'CMD ["bash"]',
    "FROM base AS run",
    "COPY --chmod=755 a.sh b.sh ./bin/",
    "COPY --from=base /x /y",
    "ENTRYPOINT exec ./bin/a.sh",
    "FROM scratch",
  ].join("\n");
  const start = builtStart(text, {}, "run")!;
  assert.is(start.folder, "/opt/app");
  assert.equal(start.copies, [{ sources: ["a.sh", "b.sh"], target: "/opt/app/bin/" }]);
  assert.equal(start.entrypoint, { words: ["/bin/sh", "-c", "exec ./bin/a.sh"], line: 10 });
  assert.is(start.command, undefined, "an entrypoint takes away the command of its base");
  assert.ok(start.changesModes);
  assert.is(builtStart(text, { ROOT: "/given" }, "run")!.folder, "/given/app");
  assert.is(builtStart(text, {})!.base, "scratch");
  assert.equal(startOf({ command: "a 'b c'" }, start).words, ["/bin/sh", "-c", "exec ./bin/a.sh", "a", "b c"]);
  assert.equal(startOf({ entrypoint: "/x" }, start), { words: ["/x"], key: "entrypoint" });
  assert.equal(programOf({ words: ["dumb-init", "--", "./a.sh"] }), { path: "./a.sh", byShell: false });
  assert.is(programOf({ words: ["sh", "-c", "x"] }), undefined);
  assert.is(programOf({ words: ["python", "a.py"] }), undefined);
});

test("the modes of a project's files are in their signatures", () => {
  const files = { "a.sh": "f0755-10-1", "b.sh": "f0644-10-1-u0", c: "d0755", d: "l00" };
  assert.equal(modesOf({ path: "/lab", files }), { "a.sh": 0o755, "b.sh": 0o644 });
  assert.equal(modesOf({ path: "C:\\lab", files }), {});
});

test.run();
