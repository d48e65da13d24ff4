// What copies a stack into a VM and starts it there: apply-stack.sh and the rendered scripts, run
// below a folder.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readStacks } from "../../lib/cli/projects.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import type { Lab, LabMachine } from "../../lib/host/lab.mts";
import { names } from "../../lib/plan/assets.mts";
import { makePlan } from "../../lib/plan/plan.mts";
import { projectFiles } from "../../lib/plan/stacks.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import { realShell } from "../../lib/run/shell.mts";
import { own, root, standIns } from "../fake.mts";
import { savedHost } from "../hosts.mts";

const test = suite("stacks in the VM");
const shell = realShell();
const texts = Object.fromEntries(names.map((name) => [name, own(name)]));
const host = savedHost("vm-without-gpu");

test("Compose files for a Compose without !override are rewritten in the VM", () => {
  const project = {
    ...{ name: "p", machine: "a", path: "/p", profiles: [], env: {}, composeFiles: ["a.yaml"], skipped: [] },
    ...{ files: {}, size: 0, variables: {}, rewritten: { "a.yaml": "services: {web: {image: 'it''s'}}\n" } },
  };
  const file = projectFiles(project).find(({ path }) => path.endsWith("/rewrite"))!;
  const work = mkdtempSync(join(tmpdir(), "homelab-gpu-stacks-"));
  try {
    execFileSync("sh", ["-s"], { cwd: work, input: file.text });
    assert.is(readFileSync(join(work, "a.yaml"), "utf8"), project.rewritten["a.yaml"]);
  } finally {
    rmSync(work, { recursive: true });
  }
});

/** Runs apply-stack.sh in a folder, with a stand-in for Docker that records its calls. */
function guest() {
  const work = mkdtempSync(join(tmpdir(), "homelab-gpu-stacks-"));
  const put = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
    chmodSync(join(work, path), mode);
  };
  const env = standIns(work, {
    docker: `printf '%s\\n' "$*" >>"${work}/asked"
case "$*" in
  *"version --short") echo 2.26.1 ;;
  *" config" | *" config --format json")
    [ ! -e "${work}/refuses" ] || { echo "services.web Additional property imag is not allowed" >&2; exit 1; }
    cat <<'END' ;;
name: a
services:
  "1":
    environment:
      scale: 0
  a.b:
    deploy:
      replicas: 0
  none:
    scale: 0
  web:
    image: x
networks:
  default:
    name: a_default
END
  *" up -d"*) echo "TAG=$TAG" >>"${work}/asked" ;;
esac`,
  });
  const script = (...words: string[]) =>
    execFileSync("sh", [`${root}/scripts/apply-stack.sh`, ...words], {
      env: { ...env, STACKS_ROOT: `${work}/srv` },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  /** Copies what `up` would, with the commands of its plan; `away`: to a VM on another host. */
  const copy = async (copies?: LabMachine["copies"], away = false) => {
    const text = (away ? "hosts: {gpubox: {ssh: gpubox}}\n" : "") +
      `machines: [{name: ai, box: lab/x, cpus: 2, memory: 1024${
        away ? ", host: gpubox" : ""
      }}]\nstacks: [{path: ${work}/a, env: {TAG: "it's"}, compose: [--wait-timeout, "a b"]}]\n`;
    const config = parseConfig(text);
    const { own: projects } = await readStacks(shell, { config, text, name: "x", home: "/lab" });
    const resolved = resolveConfig(config, host, {}, { own: projects });
    const lab: Lab = {
      ...{ folder: `${work}/lab`, prefix: "", boxes: {}, orphans: {} },
      machines: { ai: { domain: "ai", state: "running", address: "x", ...(copies ? { copies } : {}) } },
    };
    const { files, steps } = makePlan(resolved, host, lab, texts);
    for (const { path, text } of files.filter(({ path }) => path.startsWith("stacks/"))) put(`lab/${path}`, text);
    for (const { command, input, output, here } of steps.filter(({ title }) => /^(Pack|Add) /.test(title))) {
      const [program = "", ...words] = command;
      const options = input ? { input: readFileSync(`${work}/lab/${input}`) } : {};
      const packed = execFileSync(program, words, { ...options, cwd: here ? "/" : `${work}/lab` });
      if (output) writeFileSync(`${work}/lab/${output}`, packed);
    }
    mkdirSync(`${work}/srv/projects`, { recursive: true });
    cpSync(`${work}/lab/stacks/ai/a.tar`, `${work}/srv/projects/a.tar`);
    return { schema: "homelab-gpu/copies/1" as const, vm: "v", stacks: { a: projects[0]!.files } };
  };
  const has = (path: string) => readFileSync(join(work, "srv/stacks/a", path), "utf8");
  return { work, put, script, copy, has, asked: () => readFileSync(`${work}/asked`, "utf8") };
}

test("config: what Compose reads is in a file of root, nothing starts, and an error of Compose ends it", async () => {
  const { work, put, script, copy, asked } = guest();
  put("a/compose.yaml", "services: {web: {image: x}}\n");
  await copy();
  script("config", "a");
  const path = `${work}/srv/projects/a/model.json`;
  assert.match(readFileSync(path, "utf8"), /^name: a$/m);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.match(asked(), new RegExp(`-p a -f ${work}/srv/stacks/a/compose.yaml config --format json$`, "m"));
  assert.not.match(asked(), / up -d/);
  assert.match(readFileSync(`${work}/srv/projects/a/replaced`, "utf8"), /^\.\/compose\.yaml$/m);
  put("refuses", "");
  put("a/compose.yaml", "services: {web: {imag: x}}\n");
  await copy();
  assert.throws(() => script("config", "a"), /imag is not allowed[^]*Compose cannot read a/);
  rmSync(work, { recursive: true });
});

for (const away of [false, true]) {
  const to = away ? "a stack is copied to a VM on another host" : "a stack is copied";
  test(`${to} with modes, links and odd names; the next copy has only changed files`, () => copies(away));
}

async function copies(away: boolean) {
  const { work, put, script, copy, has, asked } = guest();
  put("a/compose.yaml", "services: {web: {image: x}}\n");
  put("a/run me.sh", "#!/bin/sh\n", 0o750);
  put("a/-x \\n[*]", "odd");
  put("a/deep/er/old", "old");
  put("a/config.yml", "host\n");
  symlinkSync("run me.sh", `${work}/a/link`);
  const first = await copy(undefined, away);
  script("up", "a");
  assert.is(statSync(`${work}/srv/stacks/a/run me.sh`).mode & 0o777, 0o750);
  assert.is(has("link"), "#!/bin/sh\n");
  assert.is(has("-x \\n[*]"), "odd");
  assert.match(
    asked(),
    new RegExp(`-p a -f ${work}/srv/stacks/a/compose.yaml up -d .*--wait-timeout a b$`, "m"),
    "the user's own arguments",
  );
  assert.match(asked(), /^TAG=it's$/m, "variables reach Compose");
  assert.is(readFileSync(`${work}/srv/projects/a/services`, "utf8"), "1\nweb\n", "0 replicas: nothing to wait for");
  assert.is(asked().match(/config|version/g)?.length, 2, "each start of Docker's command line is slow");
  assert.ok(existsSync(`${work}/srv/projects/a/applied`));

  writeFileSync(`${work}/srv/stacks/a/config.yml`, "changed in the VM\n");
  writeFileSync(`${work}/srv/stacks/a/made-there`, "data");
  rmSync(`${work}/a/deep`, { recursive: true });
  put("a/new", "new");
  let known = first;
  for (const whole of [false, true, false]) {
    known = await copy(whole ? undefined : known, away);
    script("up", "a");
    assert.is(has("config.yml"), "changed in the VM\n", "what did not change on the host stays");
    assert.is(has("made-there"), "data");
    assert.is(has("new"), "new");
    assert.not(existsSync(`${work}/srv/stacks/a/deep`));
  }
  rmSync(work, { recursive: true });
}

test("a refusal of Compose in the VM is kept for verify, and nothing is started", async () => {
  const { work, put, script, copy, asked } = guest();
  put("a/compose.yaml", "services: {web: {imag: x}}\n");
  await copy();
  script("up", "a");
  put("refuses", "");
  rmSync(`${work}/asked`);
  await copy();
  script("up", "a");
  assert.match(readFileSync(`${work}/srv/projects/a/failed`, "utf8"), /Additional property imag/);
  assert.not(existsSync(`${work}/srv/projects/a/applied`));
  assert.not.match(asked(), /up -d/);
  assert.is(readFileSync(`${work}/srv/projects/a/services`, "utf8"), "1\nweb\n", "what runs is still checked");
  rmSync(work, { recursive: true });
});

test("keep takes down the projects that are not named, and leaves their volumes and folders", async () => {
  const { work, put, script, copy, asked } = guest();
  put("a/compose.yaml", "services: {web: {image: x}}\n");
  await copy();
  script("up", "a");
  script("keep", "a", "b");
  assert.not.match(asked(), /volume/);
  script("keep", "b");
  assert.match(asked(), /volume ls -q --filter label=com\.docker\.compose\.project=a/);
  assert.not.match(asked(), /volume rm/);
  assert.ok(existsSync(`${work}/srv/stacks/a/compose.yaml`));
  assert.not(existsSync(`${work}/srv/projects/a/project`));
  rmSync(work, { recursive: true });
});

test.run();
