// Unreadable files and an unanswered query of Compose give unknown results; stages of Dockerfiles.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { findCompose } from "../lib/compose/host-compose.mts";
import { readProject } from "../lib/compose/read-project.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { UserError } from "../lib/errors.mts";
import type { CommandResult } from "../lib/shell.mts";
import { fakeShell } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("compose unread");
const host = savedHost("rtx4070-desktop-debian12");
const config = parseConfig(
  "machines: [{name: a, box: lab/x, image: debian-13, provider: libvirt, gpu: {device_id: 2786}}]",
);
const folder = "/lab/p";

/**
 * A project with these files, and doctor's findings for it as `status PLACE message`. `unreadable`:
 * paths in its folder that are refused.
 */
async function judged(
  files: Record<string, string>,
  { unreadable = [], answers = {} }: { unreadable?: string[]; answers?: Record<string, Partial<CommandResult>> } = {},
) {
  const disk = Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
  const { shell } = fakeShell(disk, answers);
  const refusing = <T,>(verb: string, act: (path: string) => Promise<T>) => (path: string) =>
    unreadable.some((one) => path === `${folder}/${one}`)
      ? Promise.reject(new UserError(`cannot ${verb} ${path}: no permission`, 1))
      : act(path);
  const careful = {
    ...shell,
    read: refusing("read", shell.read),
    list: refusing("list", shell.list),
    fingerprint: refusing("read", shell.fingerprint),
  };
  const request = { name: "p", machine: "a", folder, profiles: [] };
  const project = await readProject(careful, request, await findCompose(careful));
  const findings = runChecks(host, { ...resolveConfig(config, host), projects: [project] }, ["services.compose"])
    .filter(({ status }) => status !== "pass");
  return {
    project,
    fixes: findings.flatMap(({ fix }) => fix.map(({ title }) => title)),
    found: findings.map(({ status, message, evidence }) => `${status} ${evidence[0]?.read} ${message}`),
  };
}
const notAsked = /this host has no Compose 2/;
const web = (keys: string) => ({ "compose.yaml": `services:\n  web:\n    image: x\n    ${keys}\n` });

/** The result of a program that the shell ended. */
const late = { ok: false, code: null, err: "docker did not answer within 20 s", timedOut: true };

test("a Compose that does not report its version in time is not a missing one", async () => {
  const { found, fixes } = await judged(web("restart: always"), { answers: { "docker compose version": late } });
  assert.is(found.length, 1);
  assert.match(found[0]!, /^unknown .* docker compose version did not answer in time$/);
  assert.equal(fixes, []);
});

test("if Compose does not answer in time, the built-in reader finds the errors", async () => {
  const answers = { "docker compose version": { out: "2.40.3\n" }, "docker compose": late };
  const { found, project } = await judged(web("volumes: [./a.conf:/etc/a.conf]"), { answers });
  assert.equal(found.map((one) => one.split(" ")[0]), ["fail", "unknown"]);
  assert.match(found[0]!, /a\.conf/);
  assert.match(found[1]!, /Compose did not answer in time/);
  assert.ok(project.model, "its GPU requests are known");
});

test("a file of a project that cannot be read is unknown, not missing or correct", async () => {
  const files = { ...web("env_file: [a.env]"), "a.env": "A B\n", "b.yaml": "services: {b: {image: x}}\n" };
  assert.ok((await judged(files)).found.some((one) => /^fail .*a\.env/.test(one)), "read, it has a fault");
  const env = await judged(files, { unreadable: ["a.env"] });
  assert.equal(env.found.filter((one) => !notAsked.test(one)), [
    "unknown p p: a file could not be checked: cannot read /lab/p/a.env: no permission",
  ]);
  const other = await judged({ ...files, ...web("extends: {file: b.yaml, service: b}") }, { unreadable: ["b.yaml"] });
  assert.equal(other.found.filter((one) => !notAsked.test(one)), [
    "unknown p p: a file could not be checked: cannot read /lab/p/b.yaml: no permission",
  ]);
  const included = "include: [{path: b.yaml, env_file: c.env}]\n";
  const both = await judged({ ...files, "compose.yaml": included, "c.env": "" }, { unreadable: ["c.env"] });
  assert.equal(both.found.filter((one) => !notAsked.test(one)).map((one) => one.split(" ")[0]), ["unknown"]);
});

test("a project whose Compose file or .env cannot be read is unknown", async () => {
  for (const name of ["compose.yaml", ".env"]) {
    const { found } = await judged({ ...web("restart: ${A:?no value}"), ".env": "A=no\n" }, { unreadable: [name] });
    assert.is(found.length, 1, found.join("\n"));
    assert.match(found[0]!, new RegExp(`^unknown .*cannot read /lab/p/${name.replace(".", "\\.")}: no permission$`));
  }
});

test("a folder without a Compose file fails with the names that Compose looks for", async () => {
  const { found } = await judged({ "notes.txt": "" });
  assert.is(found.length, 1, found.join("\n"));
  assert.match(
    found[0]!,
    /^fail .*there is no Compose file in \/lab\/p: compose\.yaml, compose\.yml, docker-compose\.yml/,
  );
});

test("a mount that cannot be read is unknown", async () => {
  const { found } = await judged(web("volumes: [./a.conf:/etc/a.conf]"), { unreadable: ["a.conf"] });
  assert.equal(found.filter((one) => !notAsked.test(one)), [
    "unknown p p: a file could not be checked: cannot read /lab/p/a.conf: no permission",
  ]);
});

const built = (dockerfile: string | undefined, keys = "target: prod") => ({
  "compose.yaml": `services:\n  web:\n    build:\n      context: .\n      ${keys}\n`,
  ...(dockerfile === undefined ? {} : { Dockerfile: dockerfile }),
});
async function target(...project: Parameters<typeof built>) {
  const { found, fixes } = await judged(built(...project));
  return [...found, ...fixes].filter((one) => /stage|target/.test(one));
}

test("build.target: a missing stage fails with its line and the stages of the Dockerfile", async () => {
  const found = await target("FROM x AS build\nFROM y AS production\n");
  assert.is(
    found[0],
    "fail p/compose.yaml:5 p: web is built up to the stage prod, which Dockerfile does not have: its stages are build and production",
  );
  assert.is(found[1], "Write target: production");
  assert.match((await target("FROM x\n"))[0]!, /^fail .*none of its stages has a name/);
  const inline = await target(undefined, 'dockerfile_inline: "FROM x AS dev"\n      target: prod');
  assert.match(inline[0]!, /^fail p\/compose\.yaml:6 .*dockerfile_inline does not have: its stages are dev/);
});

test("build.target: stages are found in each valid form of a Dockerfile", async () => {
  for (
    const dockerfile of [
      "from x as Prod\n",
      "ARG V=1\nFROM --platform=$BUILDPLATFORM x:${V} AS prod",
      "FROM x \\\n  # a comment\n\n  AS prod\n",
      "# escape=`\r\nFROM x `\r\n  AS prod\r\n",
      "# syntax=docker/dockerfile:1.7\nFROM x AS prod\n",
      "\ufeffFROM x AS prod\n",
    ]
  ) {
    assert.equal(await target(dockerfile), [], dockerfile);
  }
  assert.match((await target("# FROM x AS prod\nFROM y AS dev\n"))[0]!, /^fail/, "a comment");
  assert.match((await target("FROM x AS dev\nRUN echo FROM y AS prod\n"))[0]!, /^fail/, "another instruction");
});

test("build.target: is unknown without the Dockerfile, and with another frontend", async () => {
  const { found } = await judged(built("FROM x AS dev\n"), { unreadable: ["Dockerfile"] });
  assert.not.ok(found.some((one) => one.startsWith("fail")), found.join("\n"));
  assert.ok(found.some((one) => /^unknown .*could not read whether Dockerfile has it/.test(one)));
  assert.match((await target("# syntax=devthefuture/dockerfile-x\nFROM ./base\n"))[0]!, /^unknown/);
  const remote = { "compose.yaml": "services: {web: {build: {context: 'https://x.example/a.git', target: prod}}}\n" };
  assert.ok((await judged(remote)).found.some((one) => /^unknown .*its Dockerfile/.test(one)));
  const missing = (await judged(built(undefined))).found;
  assert.not.ok(missing.some((one) => /stage/.test(one)), "a finding of its own names it");
  assert.equal(await target("FROM x\n", "target: ${T:-prod}").then((all) => all.length), 2, "its default counts");
  assert.equal(await target("FROM x\nFROM y\n", 'target: "1"'), [], "Podman takes numbers");
});

test.run();
