// Tests of real stacks in a VM, shared by `up for real` and `npm run test:stacks`.
import { execFileSync } from "node:child_process";
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { says, type Started } from "./script.mts";

/** A lab whose VM is running or starting. */
export interface StackLab {
  /** Writes a file next to its config. */
  write(path: string, text: string): void;
  /** The config's text with these stacks appended. */
  config(stacks: string): string;
  run(...words: string[]): Promise<{ code: number; said: string }>;
  /** Starts `up`. */
  up(): Started;
  /** What happens to the VM before the last `up`, and what that `up` must say about it. */
  beforeLast?(): Promise<void>;
  last?(said: string): void;
}

const one = `services:
  web:
    build: .
    ports: ["8091:8080"]
    environment: {GREETING: "\${GREETING}"}
    volumes: ["data:/data", "./www:/www:ro", "./motd.txt:/etc/motd:ro"]
    depends_on: {slow: {condition: service_healthy}}
    stop_grace_period: 1s
  slow:
    image: homelab-gpu/busybox
    stop_grace_period: 1s
    command: [sh, -c, "sleep 10; touch /tmp/ready; exec sleep infinity"]
    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 5s, start_period: 120s}
  extra: {image: homelab-gpu/busybox, command: [sleep, infinity], stop_grace_period: 1s, profiles: [more]}
  other: {image: homelab-gpu/busybox, command: [sleep, infinity], profiles: [other]}
volumes: {data: }
`;
// Its health check has no result until the test creates a file, after the proof has begun to wait.
const two = `services:
  web:
    image: homelab-gpu/busybox
    command: [sleep, infinity]
    healthcheck: {test: [CMD, test, -e, /kept/ready], interval: 5s, start_period: 600s, retries: 6}
    volumes: ["kept:/kept"]
    stop_grace_period: 1s
volumes: {kept: }
`;
const three: Record<string, string> = {
  "compose.yaml": `include: [parts/store.yaml]
x-small: &small {image: homelab-gpu/busybox, stop_grace_period: 1s}
services:
  app:
    <<: *small
    command: [sh, -c, "cat /run/secrets/token /etc/app.conf >/tmp/all; echo $$MODE $$FROM >>/tmp/all; exec httpd -f -p 8080 -h /tmp"]
    env_file: [app.env]
    secrets: [token]
    configs: [{source: app, target: /etc/app.conf}]
    ports: ["8093:8080"]
    depends_on: [store]
    networks: [inner]
secrets: {token: {file: ./token.txt}}
configs: {app: {file: ./app.conf}}
networks: {inner: }
`,
  "compose.override.yaml": "services: {app: {environment: {MODE: of the override}}}\n",
  "parts/store.yaml":
    "services: {store: {extends: {file: idle.yaml, service: idle}, networks: [inner]}}\nnetworks: {inner: }\n",
  "parts/idle.yaml":
    "services: {idle: {image: homelab-gpu/busybox, command: [sleep, infinity], stop_grace_period: 1s}}\n",
  "app.env": "FROM=the env file\n",
  "app.conf": "a config\n",
  "token.txt": "a secret\n",
};
const four = `services:
  prepare:
    image: homelab-gpu/busybox
    command: [sh, -c, "echo prepared >/data/state"]
    volumes: ["shared:/data"]
  web:
    image: homelab-gpu/busybox
    depends_on: {prepare: {condition: service_completed_successfully}}
    command: [httpd, -f, -p, "8080", -h, /data]
    volumes: ["shared:/data:ro"]
    read_only: true
    tmpfs: [/tmp]
    deploy: {resources: {limits: {cpus: "0.5", memory: 64M}}}
    stop_grace_period: 1s
  client:
    image: homelab-gpu/busybox
    depends_on: [web]
    command: [sh, -c, "until wget -qO /tmp/got http://web:8080/state; do sleep 1; done; exec sleep infinity"]
    healthcheck: {test: [CMD, grep, -q, prepared, /tmp/got], interval: 5s, start_period: 60s, retries: 6}
    stop_grace_period: 1s
volumes: {shared: }
`;
const stacks = `stacks:
  - {path: ./one, profiles: [more], env: {GREETING: "it's $HOME"}}
  - {path: ./three, compose: [--pull, never]}
  - {path: ./four}
  - {path: ./two}
`;
const endOf = (text: string) => text.slice(-4000);

/**
 * Tests that start four stacks, change one, and remove all. A service `more` of an earlier config
 * is removed by the first run.
 */
export function stackTests(test: Test, lab: StackLab): void {
  const inside = async (command: string) => (await lab.run("ssh", "--", command)).said;
  let address = "";

  test("stacks: build, profile, volume, mounts, depends_on, a slow health check and equal names work", async () => {
    lab.write("one/compose.yaml", one);
    lab.write(
      "one/Dockerfile",
      'FROM homelab-gpu/busybox\nCOPY made /made\nCMD ["httpd", "-f", "-p", "8080", "-h", "/www"]\n',
    );
    lab.write("one/made", "made here\n");
    lab.write("one/www/index.html", "first\n");
    lab.write("one/motd.txt", "a file\n");
    lab.write("one/ignored.log", "x\n");
    lab.write("one/.dockerignore", "*.log\n");
    lab.write("two/docker-compose.yml", two);
    for (const [name, text] of Object.entries(three)) lab.write(`three/${name}`, text);
    lab.write("four/docker-compose.yaml", four);
    lab.write("homelab-gpu.yaml", lab.config(stacks));
    const up = lab.up();
    await says(up, /two\/web runs; its health check may take \d+ s more/);
    await inside("sudo docker exec two-web-1 touch /kept/ready");
    const code = await up.ended;
    const said = up.said();
    assert.is(code, 0, endOf(said));
    for (
      const name of [
        "one/web",
        "one/slow",
        "one/extra",
        "two/web",
        "three/app",
        "three/store",
        "four/web",
        "four/client",
      ]
    ) {
      assert.match(said, new RegExp(`^  ${name} +running`, "m"));
    }
    assert.not.match(said, /one\/other/);
    assert.not.match(await inside("sudo docker ps -a --format '{{.Names}}'"), /homelab-gpu-more/);
    assert.match(said, /two\/web +running \(healthy\)/);
    address = /one\/web .* http:\/\/([\d.]+):8091/.exec(said)![1]!;
    assert.is(execFileSync("curl", ["-s", `http://${address}:8091/`], { encoding: "utf8" }), "first\n");
    const seen = await inside(
      "sudo docker exec one-web-1 cat /made /etc/motd; sudo docker exec one-web-1 sh -c 'echo $GREETING'; " +
        "sudo ls /srv/homelab-gpu/stacks/one",
    );
    assert.match(seen, /made here\na file\nit's \$HOME/);
    assert.not.match(seen, /ignored\.log/);
    assert.is(
      execFileSync("curl", ["-s", `http://${address}:8093/all`], { encoding: "utf8" }),
      "a secret\na config\nof the override the env file\n",
    );
    assert.match(said, /four\/client +running \(healthy\)/);
  });

  test("stacks: unchanged stacks run no step", async () => {
    const { code, said } = await lab.run("up");
    assert.is(code, 0, endOf(said));
    assert.match(said, /nothing to do/);
  });

  test("stacks: changed files are copied, also mounted ones; data in a volume stays", async () => {
    await inside("sudo docker exec one-web-1 sh -c 'echo data >/data/x'");
    lab.write("one/www/index.html", "second, longer\n");
    lab.write("one/motd.txt", "another file\n");
    const { code, said } = await lab.run("up");
    assert.is(code, 0, endOf(said));
    assert.match(said, /Pack the stack one: 2 of 6 files/);
    assert.is(execFileSync("curl", ["-s", `http://${address}:8091/`], { encoding: "utf8" }), "second, longer\n");
    assert.match(await inside("sudo docker exec one-web-1 cat /data/x /etc/motd"), /data\nanother file/);
  });

  test("stacks: one that Compose refuses is reported with its line before any step", async () => {
    lab.write("two/docker-compose.yml", two.replace("image:", "imag:"));
    const { code, said } = await lab.run("up");
    assert.is(code, 1, endOf(said));
    assert.match(said, /✗ services\.compose \(\w+\): two: /, endOf(said));
    assert.match(said, /two\/docker-compose\.yml:3/, endOf(said));
    assert.not.match(said, /^homelab-gpu: \d+\/\d+ /m, endOf(said));
    lab.write("two/docker-compose.yml", two);
  });

  test("stacks: those removed from the config are taken down, and their volumes are kept", async () => {
    await lab.beforeLast?.();
    lab.write("homelab-gpu.yaml", lab.config(""));
    const { code, said } = await lab.run("up");
    assert.is(code, 0, endOf(said));
    lab.last?.(said);
    assert.match(said, /two is taken down; kept: .*the volumes two_kept/);
    assert.match(said, /one is taken down; kept: .*the volumes one_data/);
    assert.match(said, /four is taken down; kept: .*the volumes four_shared/);
    const left = await inside("sudo docker ps -a --format '{{.Names}}'; sudo docker volume ls -q");
    assert.not.match(left, /(one|two|three|four)-\w+-1/);
    assert.match(left, /one_data[^]*two_kept/);
  });
}
