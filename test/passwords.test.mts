// A password in a URL of the config, or in the output of a program, is in no command line, log or output.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../lib/cli/main.mts";
import { formatPlan } from "../lib/cli/print.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { names } from "../lib/plan/assets.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { withoutSecrets } from "../lib/plan/repository-passwords.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { realShell } from "../lib/run/shell.mts";
import { diffFiles } from "../lib/run/steps.mts";
import { hasSecret, publicUrl, Screen, withoutPasswords } from "../lib/urls.mts";
import { fakeShell, own } from "./fake.mts";

const test = suite("passwords");
const secret = /hunter2|hunter%32|s3cret|anna/;
const url = (name: string) => `https://anna:hunter2@${name}.example/x/${name}?sig=s3cret`;
const checksum = `sha256:${"0".repeat(64)}`;

/** The plan of one machine on a host with a card. */
function planOf(machine: object) {
  const host = parseHost(own("test/hosts/rtx4070-desktop-debian12.txt"));
  const config = resolveConfig(
    parseConfig(JSON.stringify({ machines: [{ name: "a", box: "lab/x", ...machine }] })),
    host,
  );
  const lab = {
    ...{ folder: "/lab", prefix: "x_", boxes: {}, orphans: {} },
    machines: { a: { domain: "x_a", state: "absent" as const } },
  };
  return makePlan(config, host, lab, Object.fromEntries(names.map((name) => [name, own(name)])));
}

const card = { device_id: "2786" };
const sources: Record<string, object> = {
  "image.url": { image: { url: url("image"), checksum }, gpu: card },
  "image.mirror": { image: { debootstrap: "trixie", mirror: url("mirror") }, gpu: card },
  "image.url of a box": { provider: "virtualbox", image: { url: `${url("box")}.box`, checksum } },
  "driver.repository and key": { image: "debian-13", gpu: card, driver: { repository: url("repo"), key: url("key") } },
  "driver.toolkit_repository and key": {
    ...{ image: "debian-13", gpu: card },
    driver: { toolkit_repository: url("toolkit"), toolkit_key: url("key") },
  },
  "engine_repository and key": { image: "debian-12", engine_repository: url("docker"), engine_key: url("key") },
};
for (const [what, machine] of Object.entries(sources)) {
  test(`${what} is in no step and no output of plan, only in private files`, async () => {
    const { files, steps } = planOf(machine);
    assert.not.match(JSON.stringify(steps), secret);
    const having = files.filter(({ text }) => secret.test(text));
    assert.ok(having.length > 0, "the programs get it");
    for (const { path, mode, secret } of having) assert.equal([mode! & 0o077, secret], [0, true], path);
    const changes = await diffFiles(fakeShell().shell, "/lab", files);
    const style = { color: false, width: 80, verbose: true, root: false };
    assert.not.match(formatPlan("/lab", changes, steps, style).join("\n"), secret);
  });
}

test("secret settings go to apt's own file, or to a file that only the guest's root can read", () => {
  const { settings, script = "" } = withoutSecrets([
    "ENGINE=podman",
    "A=https://anna:h%40nter@h.example/deb/$(ARCH)",
    "B=http://anna:hunter2@h.example:81/k/gpg.key?t='x'",
    "C=https://token@h.example/c",
    "D=https://h.example/d",
    "E=base64:ab?c@",
    "F=/path?x@y",
  ]);
  assert.equal(settings, [
    "ENGINE=podman",
    "A=https://h.example/deb/$(ARCH)",
    "D=https://h.example/d",
    "E=base64:ab?c@",
    "F=/path?x@y",
  ]);
  assert.match(script, /^machine h\.example\/deb login anna password h@nter$/m);
  assert.match(script, /^machine http:\/\/h\.example:81\/k login anna password hunter2$/m);
  const read = script.split("settings <<'END_OF_FILE'\n")[1]!.split("END_OF_FILE")[0]!;
  assert.is(
    execFileSync("sh", ["-c", `${read}printf '%s %s' "$B" "$C"`], { encoding: "utf8" }),
    "http://h.example:81/k/gpg.key?t='x' https://token@h.example/c",
  );
  assert.is(withoutSecrets(["D=https://h.example/d"]).script, undefined);
});

test("a wrong config is quoted without the password, and its marker stays in place", async () => {
  for (
    const config of [
      "machines: [{name: a, box: x/y, image: {debootstrap: trixie, mirror: 'ftp://anna:hunter2@h.example/x'}}]",
      "machines: [{name: a, box: x/y, image: https://anna:hunter2@averyveryverylonghostname.example/x.img}]",
      "machines:\n  - {name: a, box: x/y, image: {url: 'https://anna:hunter2@h.example/x'}}\n",
      "machines:\n  - {name: a, driver: {repository: 'https://anna:hunt er2@h'}, nosuch: 1, box: x/y}\n",
    ]
  ) {
    const { shell, said } = fakeShell({ "homelab-gpu.yaml": config });
    assert.is(await main(["plan"], shell), 2);
    assert.not.match(said.join(""), /hunter2/, said.join(""));
    const [, line, mark] = /\d+ \| (.*)\n +\| ( *)\^/.exec(said.join(""))!;
    assert.ok(mark!.length <= line!.length);
  }
});

test("the output of a program is shown and logged without passwords in URLs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-passwords-"));
  try {
    const log = join(folder, "log");
    let seen = "";
    const ended = await realShell().run(["sh", "-c", "echo Err:1 http://anna:hunter2@h/x; echo git://u:s3cret@h >&2"], {
      log,
      show: (text) => seen += text,
    });
    for (const text of [seen, readFileSync(log, "utf8"), ended.tail.join("\n")]) {
      assert.not.match(text, secret);
      assert.match(text, /Err:1 http:\/\/…@h\/x/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a URL that arrives in pieces is shown whole, and other text immediately", () => {
  const pieces: string[] = [];
  const screen = new Screen((text) => pieces.push(text));
  for (const piece of ["Password: ", "get http://an", "na:hun", "ter2@h/x", " done ", "http:/", "/u:hunter2@i"]) {
    screen.add(piece);
  }
  screen.end();
  assert.equal(pieces, ["Password: ", "get ", "http://…@h/x done ", "http://…@i"]);
});

test("URLs without a password stay unchanged, and no text takes long", () => {
  for (
    const text of [
      "http://h:8080/a@b",
      "https://h/@scope/pkg",
      "ssh://git@github.com/x",
      "http://[::1]:80/x@y",
      "see http://h: anna@h",
      "anna@example.org",
      "image@sha256:00 http://h",
    ]
  ) {
    assert.is(withoutPasswords(text), text);
  }
  for (
    const text of [
      "https://anna:hunter2@h/x",
      "https://hunter2@h/x",
      "a=http://anna:hun@ter2@h:8/x,http://b:s3cret@i",
      "https://anna:hunter2/x@h/x",
      "https://anna:hunter2?@h",
      "redis://:hunter2@h:1",
      "{url: http://anna:hunter2@h/x}",
      '"http://anna:hunter2@h"',
    ]
  ) {
    assert.not.match(withoutPasswords(text), secret, text);
    assert.is(withoutPasswords(text, true).length, text.length);
  }
  assert.is(publicUrl("https://anna:hun'ter2@h/x?s3cret"), "https://…@h/x?…");
  assert.equal(["https://h/x", "https://a@h", "https://h/x?y", "file:///x@y"].map(hasSecret), [
    false,
    true,
    true,
    true,
  ]);
  for (const part of ["http://a:", "http://a:b ", "a", "://", "@", "http://a@"]) {
    withoutPasswords(`x://@${part.repeat(10_000)}`);
  }
});

test.run();
