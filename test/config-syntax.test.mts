// Errors of YAML, and of its indentation.
import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isUnclear, mistakeOf } from "../lib/config/syntax-mistakes.mts";
import { advice, one, wrong } from "./config-errors.mts";
import { root } from "./fake.mts";

const test = suite("config syntax");

/** A text's errors, as `line:column message`, without the suggested indentation. */
const indented = (text: string) => wrong(`machines:\n  - name: a\n    box: lab/x\n${text}`);

test("names characters that look like those of YAML", () => {
  const found = (text: string) =>
    advice(text).map(({ line, column, message, instead }) => `${line}:${column} ${message} | ${instead}`);
  assert.equal(found("machines:\n\u00a0\u00a0- {name: ai, box: lab/x}\n"), [
    "2:1 U+00A0 is a character that looks like a space, but is none in YAML | a space",
  ]);
  assert.equal(found("machines:\n  - {na\u200bme: ai, box: lab/x}\n"), [
    "2:8 U+200B is an invisible character | the line without it",
  ]);
  assert.equal(found("machines:\n  - {name: “ai”, box: lab/x}\n"), [
    '2:12 U+201C is a typographic quote, which YAML reads as text | "…"',
  ]);
  assert.equal(found("machines：\n  - {name: ai, box: lab/x}\n"), ["1:9 U+FF1A is a full-width colon | key: …"]);
  assert.equal(found("machines:\n  – {name: ai, box: lab/x}\n"), [
    "2:3 U+2013 is a dash, where YAML needs a hyphen | - …",
  ]);
  // the fault is the second colon
  assert.equal(
    found(`${one("")}x-note: bonjour\u00a0: salut: a\n`),
    found(`${one("")}x-note: bonjour_: salut: a\n`),
  );
  assert.equal(found(one("engine: do\u00a0cker")).length, 1);
  assert.match(found(one("engine: do\u00a0cker"))[0]!, /^4:\d+ U\+00A0/);
  // in quotes and comments they are text, as in lines without a mistake
  assert.equal(found(one('memmory: "a\u00a0b" # “so”')), ["4:5 unknown key “memmory” | memory: …"]);
  // quotes without an end in a long line: the time grows with its length, not with its square
  assert.not.equal(found(one(`memmory: ${'"\\'.repeat(400_000)}`)), []);
  assert.equal(found(`${one("")}services: {web: {image: x, labels: [a\u00a0b, “c”]}}\n`), []);
});

test("refuses text that is not YAML, not a mapping, or empty", () => {
  assert.match(wrong("machines: [")[0]!, /^1:\d+ this is not valid YAML: /);
  assert.match(wrong("a: 1\na: 2")[0]!, /^2:1 duplicate key “a”/);
  assert.equal(wrong(""), ["1:1 the file is empty"]);
  assert.equal(wrong("- a"), ["1:1 the file must be a mapping, not a list"]);
  assert.equal(wrong("machines: []"), ["1:11 machines is an empty list"]);
  assert.equal(wrong("machines: 3"), ["1:11 machines must be a list, not “3”"]);
  assert.equal(wrong("machines:\n"), ["1:10 machines must be a list, not empty"]);
  assert.equal(wrong("services: {}"), ["1:1 machines is missing"]);
});

test("shows where YAML is invalid, with what to write instead", () => {
  const problemsOf = (text: string) =>
    advice(text).map(({ line, column, message, instead }) => `${line}:${column} ${message}|${instead}`);
  const no = "this is not valid YAML: ";
  assert.equal(problemsOf('machines:\n  - name: "a\n    box: b\n    cpus: 3\n'), [
    `2:11 ${no}this quote is not closed|"…"`,
  ]);
  assert.equal(problemsOf("a: [b, 'c]\n"), [`1:8 ${no}this quote is not closed|"…"`]);
  assert.equal(problemsOf("machines: [{name: a, box: b}\nservices: {}\n"), [
    `1:11 ${no}this bracket is not closed|[…] or {…}`,
  ]);
  assert.equal(problemsOf("machines: [{name: a}]\n---\na: 1\n"), [
    `2:1 ${no}a second document begins here, but only one is read|remove it, and use another file for the rest`,
  ]);
  assert.equal(problemsOf("a:\n\tb: 1\n"), [`2:1 ${no}a tab cannot indent a line|spaces`]);
  assert.equal(problemsOf("a: [b]#c\n"), [`1:7 ${no}a comment needs a space before it|a space before #`]);
  assert.equal(problemsOf("a: @b\n"), [`1:4 ${no}text that begins with this character needs quotes|"…"`]);
  const conflict = "cpus: 1\n<<<<<<< HEAD\ncpus: 2\n=======\ncpus: 4\n>>>>>>> theirs\n";
  assert.equal(problemsOf(conflict), [
    "2:1 a merge conflict of Git begins here|one of its two versions, without the marks",
  ]);
  for (const below of ["  -box: b/x", "   box: b/x"]) {
    const dashes = problemsOf(`machines:\n  -name: ai\n${below}\n`);
    assert.is(dashes.length, 1);
    assert.match(dashes[0]!, /^2:3 a dash needs a space after it\|- name: /);
  }
  assert.equal(problemsOf('[machines]\nname = "ai"\n'), [`2:1 ${no}a key needs a colon, not =|name: "ai"`]);
  assert.equal(problemsOf("a: &b &c 1\n"), [`1:7 ${no}a value can have only one anchor|one &…`]);
  assert.equal(problemsOf("a: 1\nb: 2\na: 3\n"), ["3:1 duplicate key “a”|it once: line 1 has it already"]);
  assert.match(
    problemsOf(one("image: {file: x, mirror: http://x.y/z}"))[0]!,
    /mirror is used with debootstrap only\|image: \{deb/,
  );
});

test("commas, colons and brackets that are missing are named where they are missing", () => {
  const first = (text: string) => wrong(text).map((one) => one.replace("this is not valid YAML: ", ""));
  const [comma, atEnd] = ["a comma is missing before this", "a comma is missing at the end of this line"];
  const colon = "a key needs a colon and a space after it";
  for (
    const [text, problem] of Object.entries({
      "machines:\n  - {name: ai box: lab/x}\n": `2:15 ${comma}`,
      "machines:\n  - {name: ai, box: lab/x\n     gpu: {vendor_id: 10de}}\n": `2:21 ${atEnd}`,
      "machines: [{name: ai, gpu: {vendor_id: 10de} cpus: 2}]\n": `1:46 ${comma}`,
      'a: ["80:80" "81:81"]\n': `1:13 ${comma}`,
      'a: {"b": "c" "d": "e"}\n': `1:14 ${comma}`,
      "a: [b,, c]\n": "1:7 there is one comma too many",
      "a: [- b]\n": "1:5 a list with dashes cannot be in brackets",
      "machines: [\n  - name: ai\n    box: x/y\n]\n": "2:3 a list with dashes cannot be in brackets",
      "a: {b: c: d}\n": "1:8 text that contains a colon and a space needs quotes",
      "a: [b]]\n": "1:7 there is no opening bracket for this one",
      "a:\n  b: [\nc]\n": "2:6 the lines in these brackets have too few spaces",
      "{a: [b]\n": "1:1 this bracket is not closed",
      "machines\n  - name: ai\n    box: x/y\n": `1:1 ${colon}`,
      "machines:\n  - name ai\n    box: x/y\n": `2:5 ${colon}`,
      "machines:\n  - name: ai\n    box x/y\n    cpus: 2\n": `3:5 ${colon}`,
      'a: "b" c\n': "1:8 text follows a closing quote or bracket",
      "a: | b\n": "1:6 text cannot follow | or > on the same line",
      "a: *\n": "1:4 text that begins with this character needs quotes",
    })
  ) assert.equal(first(text), [problem], text);
});

test("a directive of YAML is named at its own line, once", () => {
  const no = "this is not valid YAML: a line that begins with % is a directive of YAML";
  for (const line of ["%YAM 1.2", "%TAG x", "%TAG ! tag:x,2000:\n# a comment"]) {
    assert.equal(wrong(`${line}\nmachines: [{name: a, box: lab/x}]\n`), [`1:1 ${no}`], line);
  }
});

test("every error of the package yaml has a message of this project", () => {
  const folder = `${root}/node_modules/yaml/dist/compose`;
  const text = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`, "utf8")).join("\n");
  const codes = [...text.matchAll(/onError\([^;]*?['"]([A-Z]+_[A-Z_]+|IMPOSSIBLE)['"], ?(?:['"`]([^;]*?)['"`])?[,)]/g)];
  assert.ok(codes.length >= 50, String(codes.length));
  const general = codes.filter(([, code, message = ""]) => isUnclear(mistakeOf(code!, message, false)));
  // these say only that a token is not expected
  assert.equal([...new Set(general.map(([, code]) => code))].sort(), ["IMPOSSIBLE", "UNEXPECTED_TOKEN"]);
  const unexpected = general.filter(([, code]) => code === "UNEXPECTED_TOKEN").map(([, , message]) => message);
  assert.ok(unexpected.every((message) => /^(?:Une|E)xpected .*\$\{/.test(message!)), unexpected.join());
});

test("reports a key or item with the wrong indentation, and the column of its siblings", () => {
  assert.equal(indented("     cpus: 3\n    memory: 512\n"), ["4:6 `cpus` is indented by 5, its siblings by 4"]);
  assert.equal(indented("   cpus: 3\n    memory: 512\n"), ["4:4 `cpus` is indented by 3, its siblings by 4"]);
  assert.equal(indented("    gpu:\n      vendor_id: 10de\n       device_id: 2786\n"), [
    "6:8 `device_id` is indented by 7, its siblings by 6",
  ]);
  assert.equal(indented("    gpu:\n      vendor_id: 10de\n     device_id: 2786\n"), [
    "6:6 `device_id` is indented by 5, its siblings by 6 or 4",
  ]);
  assert.equal(indented("   - name: b\n"), ["4:4 this item is indented by 3, its siblings by 2"]);
  assert.equal(indented(" services: {}\n"), ["4:2 `services` is indented by 1, its siblings by 0"]);
  assert.equal(indented("services:\n  web:\n     image: x\n    ports: [1,\n        2]\n"), [
    "7:5 `ports` is indented by 4, its siblings by 5",
  ]);
  assert.equal(
    wrong("machines:\n- name: a\n  box: lab/x\n   cpus: 3\n"),
    ["4:4 `cpus` is indented by 3, its siblings by 2"],
  );
});

test("reports every line with wrong indentation, and other mistakes with them", () => {
  const text = "     cpus: 3\nservices:\n  web:\n    image: x\n     command: y\n    environment: {A: 'b}\n";
  assert.equal(indented(text), [
    "4:6 `cpus` is indented by 5, its siblings by 4",
    "8:6 `command` is indented by 5, its siblings by 4",
    "9:22 this is not valid YAML: this quote is not closed",
  ]);
});

test("an item with one space too many is not read as text of the previous item", () => {
  const ports = (second: string) => indented(`services:\n  web:\n    image: x\n    ports:\n    - 80:80\n${second}`);
  assert.equal(ports("     - 81:81\n"), ["9:6 this item is indented by 5, its siblings by 4"]);
  assert.equal(ports("    - 81:81\n"), []);
});

test("text in blocks, quotes and brackets may have any indentation", () => {
  const text = `services:
  web:
    image: x
    command: |
      a:
       b: c
     # no comment
    environment: {A: b,
        C: "d
       e: f"}
    labels:
    - |
      x
        - y
    -   z:  1
        zz: 2
    # a comment
  # another
    ports:

    - 80:80
`;
  assert.equal(indented(text.replace("     # no comment\n", "")), []);
});

test.run();
