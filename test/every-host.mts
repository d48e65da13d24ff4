// What `doctor` prints for saved hosts, in a folder without a config.
import { Ajv } from "ajv";
import * as assert from "uvu/assert";
import { main } from "../lib/cli/main.mts";
import { fakeShell, own, root } from "./fake.mts";

const starter = "templates/homelab-gpu.yaml";

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
    assert.match(err, /config: none yet: using what init would write, host: /);
    assert.not.match(out, /→ (Choose one|Name a card|Write image)/, host);
    assert.match(out, /npx zx homelab-gpu\.mts (init|up --yes|doctor|explain)[^\n]*\n$/, host);
  }
}
