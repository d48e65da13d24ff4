// The pages of commands, and the messages for unknown commands, options, checks and machines.
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { toAscii } from "../lib/cli/ascii.mts";
import { commands, help } from "../lib/cli/commands.mts";
import { helped, insteadOf, pageOf } from "../lib/cli/help.mts";
import { main } from "../lib/cli/main.mts";
import { acceptsOption, options } from "../lib/cli/options.mts";
import { Interrupted } from "../lib/errors.mts";
import { self } from "../lib/self.mts";
import { closest } from "../lib/suggest.mts";
import { columnsOf, cutTo, wrap, wrapBefore, wrapMessage } from "../lib/text.mts";
import { fakeShell, own } from "./fake.mts";

const test = suite("help");

/** The output of a command line. */
async function typed(...words: string[]) {
  const { shell, printed } = fakeShell();
  return { code: await main(words, shell), out: printed.join("") };
}

test("every command has a page on one screen, by help COMMAND and by COMMAND --help", async () => {
  assert.equal(helped.pages, Object.keys(commands));
  for (const name of Object.keys(commands)) {
    const page = await typed("help", name);
    assert.equal(await typed(name, "--help"), page);
    assert.is(page.code, 0);
    const lines = page.out.trimEnd().split("\n");
    assert.equal([lines.length < 24, lines.filter((line) => line.length > 80)], [true, []], name);
  }
});

test("help fits narrow terminals; only commands of examples may be wider", () => {
  for (const columns of [60, 72, 80]) {
    const pages = Object.keys(commands).flatMap((name) => pageOf(name, columns).split("\n"))
      .concat(help(columns).split("\n"));
    // three dots are wider than their mark
    for (const lines of [pages, pages.map(toAscii)]) {
      const wide = lines.filter((line) => line.length > columns);
      assert.equal(wide.filter((line) => !line.startsWith(`  ${self("")}`)), [], String(columns));
    }
  }
  const starts = (text: string) => [...text.matchAll(/^ {2}(?:ssh|up|plan|init) .*?(?=start|write|show|log)/gm)];
  assert.equal(new Set([help(), toAscii(help())].flatMap(starts).map(([start]) => start.length)).size, 1, "columns");
  assert.equal(pageOf("up", 200), pageOf("up"));
  assert.equal(help(200), help());
});

test("no line ends within a command of this program", () => {
  const before = process.env.HOMELAB_GPU_COMMAND;
  const longOwn = "node '/opt/some tools/of mine/homelab-gpu.mjs'";
  process.env.HOMELAB_GPU_COMMAND = longOwn;
  try {
    for (const columns of [60, 80]) {
      const pages = [help(columns), ...Object.keys(commands).map((name) => pageOf(name, columns))];
      for (const page of pages) {
        const calls = page.split("\n").filter((line) => line.includes("node '"));
        assert.ok(calls.length > 0, page);
        assert.equal(calls.filter((line) => !line.includes(`${longOwn} `)), [], page);
      }
    }
    assert.equal(wrapBefore("Check this host:", self("doctor"), 60, "  → ", "    "), [
      "  → Check this host:",
      `    ${longOwn} doctor`,
    ]);
  } finally {
    if (before === undefined) delete process.env.HOMELAB_GPU_COMMAND;
    else process.env.HOMELAB_GPU_COMMAND = before;
  }
});

test("a page describes an option as its command uses it", () => {
  assert.match(pageOf("up"), /--yes +run the safe fixes/);
  for (const name of ["destroy", "prepare"]) assert.match(pageOf(name), /--yes +do not ask\n/);
  assert.match(pageOf("init"), /--config FILE +the file to write;/);
  assert.match(pageOf("init"), /--no-gpu +write a config without a GPU\n/);
  assert.match(pageOf("doctor"), /--no-gpu +leave the GPUs out\n/);
});

test("lines are cut and wrapped by their columns: three dots in ASCII, two for characters of East Asian scripts", () => {
  assert.equal(["ab", "a…", "漢字", "ａ", "é"].map(columnsOf), [2, 4, 4, 2, 1]);
  assert.equal([cutTo("abcdef", 6), cutTo("abcdefg", 6), cutTo("漢字漢字", 7)], ["abcdef", "abc…", "漢字…"]);
  assert.equal(wrap("aa… bb 漢字", 7), ["aa…", "bb 漢字"]);
  assert.is(
    wrapMessage("there is no command shell…", 34, "homelab-gpu: "),
    "homelab-gpu: there is no command\n  shell…",
  );
});

test("each page has at least two examples, with options that the command accepts", () => {
  for (const name of Object.keys(commands)) {
    const examples = [...pageOf(name).matchAll(/^ {2}npx zx homelab-gpu\.mts (\S+)(.*)$/gm)];
    assert.ok(examples.length >= 2, name);
    for (const [, command, rest] of examples) {
      assert.is(command, name);
      for (const [, flag] of rest!.split(" -- ")[0]!.matchAll(/ --([a-z-]+)/g)) {
        const option = options.find((one) => one.name === flag);
        assert.ok(option && acceptsOption(option, name), `${name} --${flag}`);
      }
    }
  }
});

test("the general help fits a screen, and lists every command", async () => {
  const { code, out } = await typed("--help");
  assert.is(code, 0);
  assert.ok(out.split("\n").length <= 24);
  for (const name of Object.keys(commands)) assert.match(out, new RegExp(`^  ${name} `, "m"));
});

test("help of help is the general help", async () => {
  const general = (await typed("help")).out;
  assert.equal([(await typed("help", "help")).out, (await typed("help", "--help")).out], [general, general]);
});

test("commands of other programs lead to an existing command", () => {
  for (const word of ["ps", "ls", "stop", "start", "halt", "shell", "exec", "list", "rm", "log"]) {
    assert.ok(insteadOf(word), word);
  }
  for (const word of helped.habits) {
    assert.not.ok(Object.hasOwn(commands, word), `${word} is a command`);
    const [first] = insteadOf(word)!.split(" ");
    assert.ok(Object.hasOwn(commands, first!) || first === "help" || first === "--version", word);
  }
  assert.is(new Set(helped.habits).size, helped.habits.length, "each word is listed once");
});

test("suggests a name for swapped, missing, added or changed letters, or a prefix", () => {
  const names = Object.keys(commands);
  const meant = (word: string) => closest(word, names);
  assert.equal(["upp", "docter", "dcotor", "destory", "stats", "ver", "doc", "DOWN", "compeltion"].map(meant), [
    ...["up", "doctor", "doctor", "destroy", "status", "verify", "doctor", "down", "completion"],
  ]);
  assert.equal(["foo", "x", "", "toString", "now", "kubernetes"].map(meant), Array(6).fill(undefined));
  assert.is(closest("gpus", ["cpus", "gpu"]), "gpu", "of two that differ by one letter the one that begins alike");
  assert.is(closest("debian-11", ["debian-12", "debian-13"]), undefined, "two that are as near are no answer");
});

test("suggests a name for a part of it; a group that exists is not corrected", () => {
  const keys = ["enabled", "vendor_id", "device_id", "address", "mode", "partition_count"];
  const meant = (word: string) => closest(word, keys);
  assert.equal(["vendr", "devce", "count", "id", "name"].map(meant), [
    ...["vendor_id", "device_id", "partition_count", undefined, undefined],
  ]);
  const ids = ["gpu.present", "gpu.power", "iommu.group", "host.memory"];
  const check = (word: string) => closest(word, ids);
  assert.equal(["presnt", "memry", "gpuu.present", "iommu.grop"].map(check), [
    ...["gpu.present", "host.memory", "gpu.present", "iommu.group"],
  ]);
  assert.is(check("gpu.nope"), undefined, "power begins otherwise");
  assert.is(closest("interval", ["external_links"]), undefined, "three letters of a part differ");
});

test("help loads no check, config or package", () => {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, from] of own(path).matchAll(/^import (?!type)[^;]*? from "(\.[^"]+)";/gm)) {
      visit(new URL(from!, `file:///${path}`).pathname.slice(1));
    }
  };
  visit("lib/cli/help.mts");
  assert.equal([...seen].filter((path) => /\/(checks|config|host|resolve|compose|plan|run|verify)\//.test(path)), [
    "lib/config/services.mts",
  ]);
});

test("a message is wrapped at the width of a terminal; quoted lines of a file are not", () => {
  const text = `${"word ".repeat(30).trim()}\n   12 | ${"x ".repeat(60)}\n      ${"deep ".repeat(20).trim()}`;
  const lines = wrapMessage(text, 80, "homelab-gpu: ").split("\n");
  assert.match(lines[0]!, /^homelab-gpu: word /);
  assert.equal(lines.filter((line) => line.length > 80).map((line) => line.slice(0, 8)), ["   12 | "]);
  assert.ok(lines.some((line) => line.startsWith("        deep")));
  assert.is(wrapMessage(text, Infinity, ""), text);
  const next = wrapMessage(`ai is not running: ${self("up")} --config x`, 60, "homelab-gpu: ");
  assert.equal(next.split("\n"), ["homelab-gpu: ai is not running:", "  npx zx homelab-gpu.mts up --config x"]);
});

test("an interrupted command says whether it continues, and what keeps running", async () => {
  for (
    const [command, said] of Object.entries({
      status: /^homelab-gpu: interrupted\n$/,
      "down a": /^homelab-gpu: interrupted; the next run continues from here\n$/,
      up:
        /^homelab-gpu: interrupted; the next run continues from here\n {2}machines .* npx zx homelab-gpu\.mts down\n$/,
    })
  ) {
    const { shell, said: lines } = fakeShell();
    const read = () => Promise.reject(new Interrupted());
    assert.is(await main(command.split(" "), { ...shell, read }), 130, command);
    assert.match(lines.at(-1)!, said);
  }
  const endOf = async (running: string[]) => {
    const { shell, said: lines } = fakeShell();
    await main(["up"], { ...shell, read: () => Promise.reject(new Interrupted(running)) });
    return lines.at(-1)!;
  };
  assert.match(await endOf(["ai", "web"]), /\n {2}ai, web keep running; to shut them down: /);
  assert.not.match(await endOf([]), /keep running/, "no VM was started");
});

test.run();
