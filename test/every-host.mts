// What `doctor` prints for saved hosts.
import { Ajv } from "ajv";
import * as assert from "uvu/assert";
import { stopsPrepare } from "../lib/checks/before-prepare.mts";
import { runChecks } from "../lib/checks/index.mts";
import { main } from "../lib/cli/main.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, own, root } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const starter = "templates/homelab-gpu.yaml";

/** Doctor's output in a folder without a config. */
async function doctor(host: string, words: string[]) {
  const { shell, said, printed } = fakeShell({
    host: own(`test/hosts/${host}.txt`),
    [`${root}/${starter}`]: own(starter),
  });
  const code = await main(["doctor", "--no-color", "--host", "host", ...words], shell);
  return { code, out: printed.join(""), err: said.filter((text) => !printed.includes(text)).join("") };
}

/**
 * Asserts for each of these saved hosts that the output of `doctor --json` matches its schema, and
 * that each finding says why it matters, how to confirm it, and names a section of the checks'
 * README.
 */
export async function checkDoctorJson(hosts: string[]): Promise<void> {
  const fits = new Ajv({ strict: false }).compile(JSON.parse(own("templates/doctor.schema.json")));
  // a heading's anchor has no dots
  const pages = [...own("lib/checks/README.md").matchAll(/^## (\S+)$/gm)].map(([, id]) => id!.replace(".", ""));
  for (const host of hosts) {
    const shown = JSON.parse((await doctor(host, ["--json"])).out) as {
      findings: { check: string; why: string; confirm: string; url: string }[];
    };
    assert.ok(fits(shown), `${host}: ${JSON.stringify(fits.errors)}`);
    for (const { check, why, confirm, url } of shown.findings) {
      assert.ok(why && confirm, check);
      assert.ok(pages.includes(url.replace("lib/checks/README.md#", "")), url);
    }
  }
}

/**
 * Asserts for each of these saved hosts that `doctor` uses what `init` would write, advises nothing
 * about a config file, and ends with the next command.
 */
export async function checkDoctorWithoutConfig(hosts: string[]): Promise<void> {
  for (const host of hosts) {
    const { out, err } = await doctor(host, []);
    assert.match(err, /config: none yet: using what init would write[^\n]*, host: /);
    assert.not.match(out, /→ (Choose one|Name a card|Write image)/, host);
    assert.match(out, /npx zx homelab-gpu\.mts (init|up --yes|doctor|explain)[^\n]*\n$/, host);
  }
}

/**
 * Doctor's report of a recorded host; with 0 rows, as for a pipe. Its config requests the cards
 * that its findings name.
 */
export async function doctorWithConfig(name: string, words: string[] = [], rows = 24) {
  const gpu = /^gpu: (.*)$/m.exec(own(`test/hosts/${name}.findings`))![1]!;
  const config = `machines: [{name: vm, box: lab/x, memory: 1024, gpu: ${gpu}}]\n`;
  const host = own(`test/hosts/${name}.txt`);
  const { shell, said, printed } = fakeShell({ "homelab-gpu.yaml": config, host });
  const terminal = { in: true, out: rows > 0, err: rows > 0, columns: 80, ...(rows > 0 ? { rows } : {}) };
  const code = await main(["doctor", "--no-color", "--host", "host", ...words], { ...shell, terminal });
  return { code, all: said.join("").trimEnd().split("\n"), out: printed.join("") };
}

/** The number of lines that a text takes on a terminal of 80 columns. */
const height = (lines: string[]) => lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0);

/**
 * Asserts for each of these saved hosts that the report on a terminal names every failure and what
 * comes next, and fits 24 lines.
 */
export async function checkScreens(hosts: string[]): Promise<void> {
  const tall = [];
  for (const name of hosts) {
    const { all, out } = await doctorWithConfig(name);
    if (height(all) >= 24) tall.push(name);
    const failed = Number(/(\d+) failed\.$/m.exec(out)?.[1] ?? 0);
    const shown = (out.match(/^✗ [a-z]+\.[a-z-]+( \(vm\))?: /gm) ?? []).length;
    const listed = /^✗ (\d+) more failed: .*\(-v shows all\)$/m.exec(out)?.[1] ?? 0;
    assert.is(shown + Number(listed), failed, name);
    assert.match(all.at(-1)!, /npx zx homelab-gpu\.mts \S/, `${name}: the last line says what comes next`);
  }
  assert.equal(tall, []);
}

/**
 * Asserts that no check recommends `prepare` on those of these saved hosts where it refuses, and
 * returns how many these are.
 */
export function checkPrepareAdvice(hosts: string[]): number {
  let refusing = 0;
  for (const name of hosts) {
    const gpu = /^gpu: (.*)$/m.exec(own(`test/hosts/${name}.findings`))![1];
    const config = parseConfig(`machines: [{name: vm, box: lab/x, image: debian-13, memory: 1024, gpu: ${gpu}}]`);
    const host = savedHost(name);
    const findings = runChecks(host, resolveConfig(config, host));
    if (!findings.some((finding) => stopsPrepare(finding, host))) continue;
    refusing++;
    assert.not.match(JSON.stringify(findings.map(({ fix }) => fix)), /homelab-gpu\.mts prepare"/, name);
    const alone = runChecks(host, resolveConfig(config, host), ["gpu.driver"]);
    assert.not.match(JSON.stringify(alone.map(({ fix }) => fix)), /homelab-gpu\.mts prepare"/, name);
  }
  return refusing;
}
