// Edits of GRUB's configuration, on the shapes of real files: the result of apply and of undo for
// each.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
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
import { changeArgument } from "../../lib/host/kernel-arguments.mts";
import { configuredArguments } from "../../lib/host/configured-arguments.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { type Preparation, stateDir } from "../../lib/plan/prepare.mts";
import { applyScript, undoScript } from "../../lib/plan/prepare-scripts.mts";
import type { Host } from "../../lib/host/types.mts";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("grub");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-grub-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

const added = "intel_iommu=on";
const file = "/etc/default/grub";
const line = `GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT ${added}" # homelab-gpu\n`;

/** Shells that run the scripts, each with the tools of its system; busybox if it is installed. */
const shells: [string, Record<string, string>][] = [["sh", {}]];
if (spawnSync("bash", ["-c", "true"]).status === 0) shells.push(["bash", { sh: 'exec bash --posix "$@"' }]);
if (spawnSync("busybox", ["true"]).status === 0) {
  const tools = "sh sed grep awk cp mv cmp tail sort tr readlink find env basename dirname cat mkdir rm".split(" ");
  shells.push(["busybox", Object.fromEntries(tools.map((name) => [name, `exec busybox ${name} "$@"`]))]);
}

function hostIn(folder: string, files: Record<string, string>, programs = ["grub-mkconfig"]): Host {
  for (const [path, text] of Object.entries({ "/proc/cmdline": "ro quiet\n", ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return readBack(folder, programs);
}
function readBack(folder: string, programs = ["grub-mkconfig"]): Host {
  const host = parseHost(execFileSync("sh", [`${root}/scripts/probe-linux.sh`, folder], { encoding: "utf8" }));
  host.programs = Object.fromEntries(programs.map((name) => [name, `/usr/bin/${name}`]));
  return host;
}

/** A preparation with only arguments: no other files of homelab-gpu than GRUB's, and no initramfs. */
function preparationFor(host: Host, how: "add" | "remove", word: string): Preparation {
  return { files: [], appended: [], notes: [], arguments: [changeArgument(host, how, word)] };
}

function run(script: string, folder: string, tools: Record<string, string> = {}) {
  const loud = ["update-grub", "grub-mkconfig", "mkinitcpio", "sdbootutil"].map((
    name,
  ) => [name, `echo ${name} "$@" >>${folder}/ran`]);
  const env = standIns(folder, { ...Object.fromEntries(loud), ...tools });
  const text = script.replaceAll(/(?<=[\s>=":']|before)\/(etc|var)\//g, (_, top) => `${folder}/${top}/`)
    .replaceAll(`before${folder}`, "before");
  const { status, stderr } = spawnSync("sh", ["-c", text], { encoding: "utf8", env });
  return { status, stderr };
}

/** The default arguments that /bin/sh reads from that file; undefined if it cannot read it. */
function words(folder: string): string[] | undefined {
  const { status, stdout } = spawnSync("sh", [
    "-ec",
    '. "$0"; set -f; for w in $GRUB_CMDLINE_LINUX_DEFAULT; do echo "$w"; done',
    join(folder, file),
  ], { encoding: "utf8" });
  return status === 0 ? stdout.split("\n").filter(Boolean) : undefined;
}

const variable = "GRUB_CMDLINE_LINUX_DEFAULT";
/**
 * Shape, text before, and after apply: the text, `line` for our own line at the end, or `same`
 * where apply changes nothing and reports it.
 */
const shapes: [shape: string, before: string, after: string | typeof sameText | typeof ownLine][] = [];
const sameText = Symbol("same");
const ownLine = Symbol("line");
const shape = (name: string, before: string, after: string | typeof sameText | typeof ownLine) =>
  shapes.push([name, before, after]);

shape("double quotes", `${variable}="quiet splash"\n`, `${variable}="quiet splash ${added}"\n`);
shape("single quotes", `${variable}='quiet splash'\n`, `${variable}='quiet splash ${added}'\n`);
shape("an empty value", `${variable}=""\n`, `${variable}=" ${added}"\n`);
shape("an empty value in single quotes", `${variable}=''\n`, `${variable}=' ${added}'\n`);
shape("nothing behind the equals sign", `${variable}=\n`, ownLine);
shape("one word without quotes", `${variable}=quiet\n`, ownLine);
shape("a word without quotes and a comment", `${variable}=quiet # mine\n`, ownLine);
shape("a comment at the end", `${variable}="quiet" # mine\n`, `${variable}="quiet ${added}" # mine\n`);
shape("export", `export ${variable}="quiet cryptdevice=UUID=1:root"\n`, ownLine);
shape(
  "export of the name after it",
  `${variable}="quiet"\nexport ${variable}\n`,
  `${variable}="quiet ${added}"\nexport ${variable}\n`,
);
shape("an indented assignment", `  ${variable}="quiet"\n`, ownLine);
shape("a tab before it", `\t${variable}="quiet"\n`, ownLine);
shape("escaped quotes inside", `${variable}="quiet acpi_osi=\\"Windows 2009\\""\n`, ownLine);
shape(
  "double quotes in single ones",
  `${variable}='quiet acpi_osi="Windows 2009"'\n`,
  `${variable}='quiet acpi_osi="Windows 2009" ${added}'\n`,
);
shape("an apostrophe in double quotes", `${variable}="quiet it's"\n`, `${variable}="quiet it's ${added}"\n`);
shape("a value that goes on after a backslash", `${variable}="quiet \\\nsplash"\n`, ownLine);
shape("a value over two lines", `${variable}="quiet\nsplash"\n`, ownLine);
shape(
  "+=",
  `${variable}="quiet"\n${variable}+=" splash"\n`,
  // dash has no +=, and update-grub then fails; with bash as sh the value is appended
  spawnSync("sh", ["-c", "a=1; a+=2"]).status === 0
    ? ownLine
    : `${variable}="quiet ${added}"\n${variable}+=" splash"\n`,
);
shape("a reference to itself", `${variable}="quiet"\n${variable}="$${variable} splash"\n`, ownLine);
shape("a reference to another variable", `OLD="quiet splash"\n${variable}="$OLD"\n`, ownLine);
shape("a reference in braces", `OLD=quiet\n${variable}="\${OLD} splash"\n`, ownLine);
shape("two parts side by side", `${variable}="quiet "'splash'\n`, ownLine);
shape(
  "two assignments",
  `${variable}="quiet"\n${variable}="splash"\n`,
  `${variable}="quiet ${added}"\n${variable}="splash ${added}"\n`,
);
shape("two assignments in one line", `GRUB_TIMEOUT=1; ${variable}="quiet"\n`, ownLine);
shape("no final newline", `${variable}="quiet"`, `${variable}="quiet ${added}"`);
shape("no final newline, and a shape that is not edited", `export ${variable}=quiet`, ownLine);
shape("CRLF", `GRUB_TIMEOUT=1\r\n${variable}="quiet"\r\n`, ownLine);
shape("the variable is missing", `GRUB_TIMEOUT=5\n`, ownLine);
shape("a blank line", "\n", ownLine);
shape("only comments", `# ${variable}="quiet"\n`, ownLine);
shape(
  "a commented one above",
  `#${variable}="old"\n${variable}="quiet"\n`,
  `#${variable}="old"\n${variable}="quiet ${added}"\n`,
);
shape("in an if", `if true; then\n  ${variable}="quiet"\nfi\n`, ownLine);
shape("in the branch that is not taken", `if false; then\n${variable}="x"\nfi\n`, ownLine);
shape(
  "the file ends early",
  `${variable}="quiet"\nreturn 0\n${variable}="late"\n`,
  `${variable}="quiet ${added}"\nreturn 0\n${variable}="late ${added}"\n`,
);
shape("exit", `export ${variable}="quiet"\nexit 0\n`, sameText);
shape("no quote at the end", `${variable}="quiet\n`, sameText);
shape("a broken if", `if true; then\n${variable}="quiet"\n`, sameText);
shape("command substitution", `${variable}="quiet $(echo splash)"\n`, ownLine);
shape("backquotes", `${variable}="quiet \`echo splash\`"\n`, `${variable}="quiet \`echo splash\` ${added}"\n`);
shape(
  "a failing last command",
  `${variable}="quiet"\n[ -e /nonexistent ] && X=1\n`,
  `${variable}="quiet ${added}"\n[ -e /nonexistent ] && X=1\n`,
);
shape("read-only by the shell", `readonly ${variable}="quiet"\n`, sameText);
shape("a value that differs each time", `${variable}="quiet"\nSTAMP=$$\n`, sameText);
shape(
  "a name that begins with it",
  `${variable}_OLD="x"\n${variable}="quiet"\n`,
  `${variable}_OLD="x"\n${variable}="quiet ${added}"\n`,
);
shape("an ampersand and a slash", `${variable}="quiet a&b=/dev/x"\n`, `${variable}="quiet a&b=/dev/x ${added}"\n`);
shape("a dollar that is escaped", `${variable}="quiet pw=\\$6"\n`, ownLine);
shape("an asterisk", `${variable}="quiet log=*"\n`, `${variable}="quiet log=* ${added}"\n`);
shape(
  "in the recovery variable alone",
  `GRUB_CMDLINE_LINUX_RECOVERY="${added}"\n${variable}="quiet"\n`,
  `GRUB_CMDLINE_LINUX_RECOVERY="${added}"\n${variable}="quiet ${added}"\n`,
);
shape("in a comment alone", `${variable}="quiet" # not ${added}\n`, `${variable}="quiet ${added}" # not ${added}\n`);
shape(
  "there already",
  `GRUB_CMDLINE_LINUX="${added}"\n${variable}="quiet"\n`,
  `GRUB_CMDLINE_LINUX="${added}"\n${variable}="quiet"\n`,
);

const others = ["double quotes", "export", "escaped quotes inside", "exit", "a broken if", "CRLF"];
for (const [shellName, tools] of shells) {
  for (const [name, before, after] of shapes) {
    // the other shells differ in few shapes, and each test starts a hundred programs
    if (shellName !== "sh" && !others.includes(name)) continue;
    test(`${name}, ${shellName}: adds exactly one word, and removes it`, ({ folder }) => {
      const host = hostIn(folder, { "/etc/os-release": "ID=arch\n", [file]: before });
      const text = () => readFileSync(join(folder, file), "utf8");
      const had = words(folder);
      const preparation = preparationFor(host, "add", added);
      const { status, stderr } = run(applyScript(preparation), folder, tools);
      const wanted = after === sameText
        ? before
        : after === ownLine
        ? `${before}${before === "" || before.endsWith("\n") ? "" : "\n"}${line}`
        : after;
      assert.is(text(), wanted);
      assert.is(status, after === sameText ? 1 : 0);
      if (after === sameText) {
        assert.match(stderr, new RegExp(`Add ${added} .*${variable} of /etc/default/grub|Add ${added}`));
      }
      if (after !== sameText && after !== before && had) assert.equal(words(folder), [...had, added]);
      run(undoScript(preparation), folder, tools);
      assert.is(text(), before);
      assert.not.ok(existsSync(join(folder, stateDir)), "nothing of it is left");
    });
  }
}
assert.ok(shapes.length >= 40);

test("a symbolic link stays a link, and a read-only file keeps its mode", ({ folder }) => {
  hostIn(folder, { "/etc/os-release": "ID=arch\n", "/etc/grub.real": `${variable}="quiet"\n` });
  mkdirSync(join(folder, "etc/default"), { recursive: true });
  symlinkSync("../grub.real", join(folder, file));
  chmodSync(join(folder, "etc/grub.real"), 0o640);
  const preparation = preparationFor(readBack(folder), "add", added);
  run(applyScript(preparation), folder);
  const is = () => [
    lstatSync(join(folder, file)).isSymbolicLink(),
    statSync(join(folder, file)).mode & 0o777,
    readFileSync(join(folder, file), "utf8"),
  ];
  assert.equal(is(), [true, 0o640, `${variable}="quiet ${added}"\n`]);
  run(undoScript(preparation), folder);
  assert.equal(is(), [true, 0o640, `${variable}="quiet"\n`]);
});

test("undo keeps later changes of others, and the copy from before", ({ folder }) => {
  const before = `${variable}="quiet"\n`;
  const preparation = preparationFor(hostIn(folder, { "/etc/os-release": "ID=arch\n", [file]: before }), "add", added);
  run(applyScript(preparation), folder);
  writeFileSync(join(folder, file), `GRUB_TIMEOUT=9\n${variable}="quiet splash ${added}"\n`);
  const { stderr } = run(undoScript(preparation), folder);
  assert.is(readFileSync(join(folder, file), "utf8"), `GRUB_TIMEOUT=9\n${variable}="quiet splash"\n`);
  assert.match(stderr, /was changed after prepare: the copy from before it is /);
  assert.is(readFileSync(join(folder, stateDir, "kept", folder, file), "utf8"), before);
});

test("undo leaves a file unchanged that a shell can no longer read", ({ folder }) => {
  const preparation = preparationFor(
    hostIn(folder, { "/etc/os-release": "ID=arch\n", [file]: `${variable}="quiet"\n` }),
    "add",
    added,
  );
  run(applyScript(preparation), folder);
  const broken = `${variable}="quiet ${added}\n`;
  writeFileSync(join(folder, file), broken);
  const { stderr } = run(undoScript(preparation), folder);
  assert.is(readFileSync(join(folder, file), "utf8"), broken);
  assert.match(stderr, /not taken back, since the file was changed since: grub add/);
});

test("apply after another change takes that as the state before", ({ folder }) => {
  const preparation = preparationFor(
    hostIn(folder, { "/etc/os-release": "ID=arch\n", [file]: `${variable}="quiet"\n` }),
    "add",
    added,
  );
  run(applyScript(preparation), folder);
  const mine = `${variable}="splash"\n`;
  writeFileSync(join(folder, file), mine);
  run(applyScript(preparation), folder);
  run(undoScript(preparation), folder);
  assert.is(readFileSync(join(folder, file), "utf8"), mine);
});

for (
  const [name, before, after] of [
    ["alone", `${variable}="intel_iommu=off"\n`, `${variable}=""\n`],
    ["first", `${variable}="intel_iommu=off quiet"\n`, `${variable}="quiet"\n`],
    ["last", `${variable}="quiet intel_iommu=off"\n`, `${variable}="quiet"\n`],
    ["twice", `${variable}="intel_iommu=off quiet intel_iommu=off"\n`, `${variable}="quiet"\n`],
    ["without quotes", `${variable}=intel_iommu=off\n`, `${variable}=\n`],
    [
      "in both variables",
      `GRUB_CMDLINE_LINUX="intel_iommu=off"\n${variable}="a intel_iommu=off"\n`,
      `GRUB_CMDLINE_LINUX=""\n${variable}="a"\n`,
    ],
    [
      "beside a word that ends so",
      `${variable}="xintel_iommu=off intel_iommu=off"\n`,
      `${variable}="xintel_iommu=off"\n`,
    ],
    [
      "by another variable",
      `OFF="intel_iommu=off"\n${variable}="quiet $OFF"\n`,
      `OFF="intel_iommu=off"\n${variable}="quiet $OFF"\n`,
    ],
    ["in a line that goes on", `${variable}="quiet \\\nintel_iommu=off"\n`, undefined],
    ["exported", `export ${variable}="quiet intel_iommu=off"\n`, `export ${variable}="quiet"\n`],
    ["escaped quotes", `${variable}="a=\\"b c\\" intel_iommu=off"\n`, `${variable}="a=\\"b c\\""\n`],
  ] as const
) {
  for (const [shellName, tools] of name === "first" || name === "exported" ? shells : shells.slice(0, 1)) {
    test(`an argument is removed by its whole text, ${name}, ${shellName}`, ({ folder }) => {
      const host = hostIn(folder, { "/etc/os-release": "ID=arch\n", [file]: before });
      const preparation = preparationFor(host, "remove", "intel_iommu=off");
      run(applyScript(preparation), folder, tools);
      const now = readFileSync(join(folder, file), "utf8");
      if (after !== undefined) assert.is(now, after);
      if (now !== before) assert.not.ok(words(folder)!.includes("intel_iommu=off"));
      run(undoScript(preparation), folder, tools);
      assert.is(readFileSync(join(folder, file), "utf8"), before);
    });
  }
}

test("an argument of the recovery variable, of Xen's or of a comment is not configured", ({ folder }) => {
  const text = [
    `GRUB_CMDLINE_LINUX_RECOVERY="${added}"`,
    `GRUB_CMDLINE_LINUX_XEN_REPLACE="${added}"`,
    `${variable}="quiet iommu=pt" # ${added}`,
    `#${variable}="${added}"`,
  ].join("\n");
  const host = hostIn(folder, { "/etc/os-release": "ID=arch\n", [file]: `${text}\n` });
  assert.equal(configuredArguments(host), ["iommu=pt"]);
});

test("the probe reads every form of an assignment as a shell does", ({ folder }) => {
  const configured = (text: string) =>
    configuredArguments(hostIn(folder, { "/etc/os-release": "ID=arch\n", [file]: text }));
  for (
    const text of [
      `export ${variable}="quiet ${added}"\n`,
      `  ${variable}="quiet ${added}"\n`,
      `${variable}="quiet \\\n${added}"\n`,
      `${variable}="quiet\n${added}"\n`,
      `${variable}="a=\\"b c\\" ${added}"\n`,
      `${variable}=quiet\n${variable}+=" ${added}"\n`,
      `${variable}=${added}\n`,
    ]
  ) {
    assert.equal(configured(text), [added], text);
  }
  const ids = "vfio-pci.ids=10de:2786,10de:22bc";
  assert.equal(configured(`${variable}="quiet ${ids}"\n`), [ids], "a list is not cut at its commas");
});

test.run();
