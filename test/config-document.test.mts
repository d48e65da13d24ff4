// Encodings, tags, anchors and limits of a config.
import { Buffer } from "node:buffer";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseConfig } from "../lib/config/parse.mts";
import { decodeBytes } from "../lib/encoding.mts";
import { one, wrong } from "./config-errors.mts";

const test = suite("config document");

test("Compose's own tags are kept in a service; any other tag is refused with its place", () => {
  const service = (value: string) =>
    `machines: [{name: a, box: lab/x}]\nservices:\n  web:\n    image: x\n    a: ${value}\n`;
  for (const tag of ["!!binary", "!vault", "!include", "!!set", "!!omap", "!!timestamp", "!!python/tuple", "!Ref"]) {
    for (const value of ["x", "[a]", "{a: b}", "|\n      x"]) {
      assert.equal(wrong(service(`${tag} ${value}`)), [`5:8 the tag ${tag} is not supported`], `${tag} ${value}`);
    }
  }
  for (const tag of ["!reset", "!override"]) {
    assert.equal(wrong(service(`${tag} [a]`)), []);
    assert.match(wrong(one(`cpus: ${tag} 3`))[0]!, new RegExp(`^4:\\d+ the tag ${tag} is for Compose keys`));
  }
  assert.equal(wrong(service("!!map [a]")), ["5:8 the tag !!map does not fit this value"]);
  assert.equal(wrong(service("!!str 0042")), []);
  assert.is(parseConfig(`machines: [{name: !!str 42, box: lab/x}]`).machines[0]!.name, "42");
});

test("top-level keys that begin with x- are ignored, and their anchors can be used", () => {
  const text = "x-base: &base {image: nginx}\nmachines: [{name: a, box: lab/x}]\nservices: {web: {<<: *base}}\n";
  assert.equal(parseConfig(text).services[0]!.body, { image: "nginx" });
  assert.match(wrong("machines: [{name: a, box: lab/x, x-own: 1}]")[0]!, /unknown key “x-own”/);
});

test("each of 3,000 duplicate keys is found", () => {
  assert.is(wrong(`${one("")}services:\n  web:\n${"    a: 1\n".repeat(3000)}`).length, 2999);
});

test("for a file that is not UTF-8, the error names the byte, its offset and the encoding", () => {
  const text = "machines:\n  - name: a\n    box: lab/x # größe\n";
  const read = (bytes: Uint8Array) => wrong(decodeBytes(bytes));
  assert.equal(read(Buffer.from(text, "latin1")), [
    "3:20 byte 0xF6 at offset 41 is not UTF-8: the file looks like Latin-1 (ISO 8859-1)",
  ]);
  assert.match(
    read(Buffer.concat([Buffer.from(text), Buffer.of(0x23, 0x96)]))[0]!,
    /^4:2 byte 0x96 at offset 48 is not/,
  );
  assert.match(read(Buffer.from([0x23, 0x80]))[0]!, /^1:2 byte 0x80 at offset 1 .* Windows-1252$/);
  assert.match(read(Buffer.of(0x7f, 0x45, 0xc3, 0xb6, 0, 0xff))[0]!, /^1:\d byte 0xFF at offset 5 .* is not text$/);
  assert.match(read(Buffer.from(text, "utf16le"))[0]!, /^1:1 .* looks like UTF-16LE without a byte order mark$/);
  assert.match(read(Buffer.from([0xff, 0xfe, 0, 0]))[0]!, /^1:1 the file is UTF-32/);
});

test("a byte order mark of UTF-8 or UTF-16 decides the encoding", () => {
  const text = "\ufeffmachines: [{name: a, box: lab/x, provision: [./größe.sh]}]\n";
  for (const bytes of [Buffer.from(text), Buffer.from(text, "utf16le"), Buffer.from(text, "utf16le").swap16()]) {
    assert.equal(parseConfig(decodeBytes(bytes)).machines[0]!.provision, ["./größe.sh"]);
  }
  const broken = Buffer.concat([Buffer.from("\ufeffa: 1", "utf16le"), Buffer.of(0x20)]);
  assert.match(wrong(decodeBytes(broken))[0]!, /^1:1 .* is not UTF-16LE$/);
});

test("anchors and merge keys are resolved, within limits", () => {
  const { machines } = parseConfig(
    "machines:\n  - &base {name: a, box: lab/x, cpus: 2}\n  - {<<: *base, name: b, cpus: 3}\n",
  );
  assert.equal(machines.map(({ name, box, cpus }) => [name, box, cpus]), [["a", "lab/x", 2], ["b", "lab/x", 3]]);
  const bomb = `machines: [{name: a, box: lab/x}]
services:
  web:
    image: x
    x-a: &a [1,1,1,1,1,1,1,1,1,1]
    x-b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
    x-c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
    x-d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
    x-e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]
    x-f: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]
`;
  assert.match(wrong(bomb)[0]!, /^3:3 service web cannot be read: its aliases expand to too many values/);
  const shared = (times: number) => {
    const long = `[${Array(2_000).fill(1)}]`;
    const more = Array.from({ length: times }, (_, i) => `  s${i}: {image: x, x-a: *a}\n`).join("");
    return `machines: [{name: a, box: lab/x}]\nservices:\n  web: {image: x, x-a: &a ${long}}\n${more}`;
  };
  assert.equal(wrong(shared(30)), []);
  assert.match(
    wrong(shared(200))[0]!,
    /^\d+:3 service s\d+ cannot be read: its aliases expand to too many values/,
    "of all together",
  );
});

test("the number of aliases alone does not make a text invalid", () => {
  const aliases = Array(4_000).fill("*a");
  const text = `${one(`provision: &all [&a ./x, ${aliases}]\n`)}services: {web: {image: x, command: *all}}`;
  const { machines, services } = parseConfig(text);
  assert.is(machines[0]!.provision.length, 4_001);
  assert.equal(services[0]!.body.command, Array(4_001).fill("./x"));
});

test("anchors, merge keys and nesting have limits, whatever they expand to", () => {
  const sources = (i: number) => Array(30).fill(`*m${i - 1}`).join(", ");
  const levels = [1, 2, 3, 4, 5, 6].map((i) => ` - &m${i} {<<: [${sources(i)}]}\n`).join("");
  assert.match(wrong(`machines:\n - &m0 {name: a, box: lab/x}\n${levels}`)[0]!, /two machines are named a/);
  assert.equal(wrong(`machines: ${"[".repeat(50_000)}`), ["1:111 this is nested too deeply"]);
  assert.match(wrong(`machines: ${" ".repeat(200_000)}`)[0]!, /^1:1 the file is too long: 200010 characters/);
  const itself = `${one("")}services: {web: &a {image: x, environment: `;
  assert.match(wrong(`${itself}*a}}`)[0]!, /^4:44 the alias \*a is inside its own anchor/);
  assert.match(wrong(`${itself}*b}}`)[0]!, /^4:44 there is no anchor &b before this/);
  assert.match(wrong(`${itself}{<<: 1}}}`)[0]!, /^4:45 << needs a mapping/);
  assert.match(wrong("? [a]\n: 1\n")[0]!, /^1:3 a key must be plain text/);
  assert.equal(wrong("machines: [{name: a, name: b, box: c}]"), ["1:22 duplicate key “name”"]);
  const merged = parseConfig("machines: [{name: a, <<: [{box: lab/first}, {box: lab/second, cpus: 3}]}]").machines[0]!;
  assert.equal([merged.box, merged.cpus], ["lab/first", 3], "the earlier source wins (yaml.org/type/merge.html)");
});

test.run();
