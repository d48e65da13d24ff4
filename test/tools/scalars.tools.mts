// Scalars of services reach Compose with the value that Compose itself reads.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composeFile } from "../../lib/compose/render.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { allScalars } from "../scalars.mts";

const test = suite<{ folder: string }>("scalars");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu scalars-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

/** Compose's result for a file: its services as JSON, or its error. */
function readBy(command: string, folder: string, text: string): string {
  writeFileSync(join(folder, "compose.yaml"), text);
  const words = [
    "-p",
    "x",
    "-f",
    "compose.yaml",
    "config",
    ...(command === "docker-compose" ? [] : ["--format", "json"]),
  ];
  const { status, stdout, stderr } = spawnSync(command, words, { cwd: folder, encoding: "utf8" });
  // an error names lines, which differ, and some end in a panic with addresses
  const [first = ""] = stderr.trim().split("\n");
  return status === 0 ? stdout : `refused: ${first.replace(/\d+/g, "N")}`;
}

const lab = "machines: [{name: a, box: lab/x}]\n";

/** Ways to write a scalar: in quotes it stays text, even if it looks like a number. */
const places: Record<string, (value: string) => string> = {
  "an environment variable": (value) => `{image: x, environment: {V: ${value}}}`,
  "an item of a command": (value) => `{image: x, command: [${value}]}`,
  "a value that Compose does not know": (value) => `{image: x, x-own: {V: ${value}}}`,
  "a quoted text": (value) => `{image: x, environment: {V: '${value}'}, x-own: ["${value}"]}`,
};

for (const [name, place] of Object.entries(places)) {
  test(`Compose 2 reads ${name} as it would read the config: ${allScalars.length} scalars`, ({ folder }) => {
    const differing: string[] = [];
    // all at once; those that Compose refuses in the config itself, one by one
    const one = (value: string) => `services: {web: ${place(value)}}\n`;
    const many = (values: string[]) => `services:\n${values.map((value, i) => `  s${i}: ${place(value)}\n`).join("")}`;
    const command = process.env.COMPOSE_V2!;
    const compare = (written: string, of: string) => {
      const rendered = composeFile(parseConfig(lab + written).services);
      const [read, expected] = [readBy(command, folder, rendered), readBy(command, folder, written)];
      if (read !== expected) differing.push(`${of}: ${read} instead of ${expected}`);
    };
    const refused = new Set<string>();
    const split = (values: string[]) => {
      if (values.length === 0) return;
      if (!readBy(command, folder, many(values)).startsWith("refused")) return compare(many(values), values.join(" "));
      if (values.length === 1) return void refused.add(values[0]!);
      const half = values.length >> 1;
      split(values.slice(0, half));
      split(values.slice(half));
    };
    split(allScalars);
    for (const value of refused) compare(one(value), value);
    assert.equal(differing, []);
  });
}

test("Compose 2 accepts its own tags in the rendered file", ({ folder }) => {
  const written = `services:
  base: {image: x, ports: ["80:80"], environment: {A: a, B: b}, command: [a, b]}
  web:
    extends: base
    image: y
    ports: !override ["81:81"]
    environment: {A: !reset null, C: c}
    command: !reset [c]
`;
  const rendered = composeFile(parseConfig(lab + written).services);
  assert.match(rendered, /!override[^]*!reset/);
  const command = process.env.COMPOSE_V2!;
  const read = JSON.parse(readBy(command, folder, rendered));
  assert.equal(read.services.web.ports.length, 1, "the port of base is replaced");
  assert.equal(read, JSON.parse(readBy(command, folder, written)));
});

test.run();
