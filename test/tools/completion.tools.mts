// Completion in the real shells of Linux; that of PowerShell is in test/windows.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checks } from "../../lib/checks/index.mts";
import { commands } from "../../lib/cli/commands.mts";
import { options } from "../../lib/cli/options.mts";
import { completionFor, shells } from "../../lib/cli/completion.mts";
import { own, root } from "../fake.mts";

const test = suite("completion");
const work = mkdtempSync(join(tmpdir(), "homelab-gpu completion-"));
const ids = checks.map(({ id }) => id);
for (const shell of shells) writeFileSync(join(work, `c.${shell}`), completionFor(shell, commands, options, ids));
writeFileSync(
  join(work, "homelab-gpu.yaml"),
  `machines:
  - name: ai-box # the large one
    box: lab/x
  - box: lab/y
    name: "second"
services: {web: {image: x, machine: ai-box}}
`,
);
writeFileSync(join(work, "other.yaml"), "machines: [{name: flow-a, box: lab/x}, {box: lab/y, name: flow-b}]\n");
test.after(() => rmSync(work, { recursive: true }));

function run(shell: string, words: string[], cwd = work): string {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(shell, words, { cwd, env, encoding: "utf8", timeout: 600_000 });
  if (status !== 0) throw new Error(`${shell} ${words.join(" ")}: ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** The completions of each shell for typed words; the last word is the one to complete. */
const offers: Record<"bash" | "zsh" | "fish", (typed: string[]) => string[]> = {
  bash: (typed) => {
    const words = typed.map((word) => `'${word}'`).join(" ");
    const script = `source ./c.bash; COMP_WORDS=(${words}); COMP_CWORD=${typed.length - 1}; _homelab_gpu`;
    return run("bash", ["-uc", `${script}; printf '%s\\n' "\${COMPREPLY[@]-}"`]).split("\n").filter(Boolean);
  },
  // zsh completes only at an interactive prompt, so this test gives it a terminal
  zsh: (typed) => atPrompt("source ./c.zsh", typed.join(" ")),
  fish: (typed) =>
    run("fish", ["-c", `source ./c.fish; complete -C '${typed.join(" ")}'`]).split("\n").filter(Boolean).map((line) =>
      line.split("\t")[0]!
    ),
};

/** The words that zsh lists at its prompt for this input. */
function atPrompt(set: string, typed: string, cwd = work): string[] {
  const script = `zmodload zsh/zpty
zpty z zsh -f -i
until_seen() { local chunk; while [[ $seen != *$1* ]]; do zpty -r -t z chunk || sleep 0.05; seen+=$chunk chunk=; done }
seen=
zpty -w z "PS1='> ' RPS1= LISTMAX=500 COLUMNS=200; unsetopt zle_bracketed_paste automenu; stty -echo columns 200 rows 60"
zpty -w z "autoload -U compinit; compinit -u -D; zstyle ':completion:*' verbose no"
zpty -w z "list-it() { compstate[list]=list; _main_complete; compstate[insert]= }; zle -C list-it list-choices list-it; bindkey '^T' list-it"
zpty -w z ${quoted(set)}
zpty -w z 'print re""ady'
until_seen ready
# what is typed before the prompt is there goes to the terminal's own line editor, which knows no completion
seen=\${seen##*ready}
until_seen '> '
seen=
zpty -w -n z ${quoted(typed)}$'\\x14'
zpty -w -n z $'\\x15print do""ne\\n'
until_seen done
print -r -- $seen`;
  return run("zsh", ["-fc", script], cwd).replace(/\u001b\[[0-9;?]*[A-Za-z]/g, " ").split(/\s+/);
}
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

for (const shell of ["bash", "zsh", "fish"] as const) {
  test(`${shell}: completes commands only as the first word, and options where they apply`, () => {
    const offered = (...typed: string[]) => offers[shell](["homelab-gpu", ...typed]);
    const has = (list: string[], word: string) => list.includes(word);
    assert.equal(["doctor", "down", "up"].map((name) => has(offered("do"), name)), [true, true, false]);
    assert.equal(offered("up", "do").filter((word) => ["doctor", "down"].includes(word)), []);
    assert.equal(offered("--config", "x", "do").filter((word) => word === "doctor"), ["doctor"]);
    const names = ["--recreate", "--dry-run", "--apply", "--json", "--host"];
    const taken = (command: string) => names.map((name) => has(offered(command, "--"), name));
    assert.equal(taken("up"), [true, true, false, false, false]);
    assert.equal(taken("prepare"), [false, true, true, false, true]);
    assert.equal(taken("status"), [false, true, false, true, false]);
  });
}

for (const shell of ["bash", "zsh", "fish"] as const) {
  test(`${shell}: completes machines, checks, groups, shells and pages where they apply`, () => {
    const offered = (...typed: string[]) => offers[shell](["homelab-gpu", ...typed]);
    assert.equal(["ai-box", "second", "web"].map((name) => offered("up", "").includes(name)), [true, true, false]);
    assert.equal(["iommu", "iommu.group"].map((name) => offered("doctor", "iom").includes(name)), [true, true]);
    // each prompt of zsh takes more than a second
    if (shell === "zsh") return;
    assert.ok(offered("ssh", "se").includes("second"));
    assert.ok(offered("explain", "gpu.re").includes("gpu.reset"));
    assert.equal(shells.filter((name) => !offered("completion", "").includes(name)), []);
    assert.ok(offered("help", "prep").includes("prepare"));
    assert.equal(["status", "completion"].map((name) => offered(name, "").includes("ai-box")), [true, false]);
  });
}

test("bash and zsh complete machines of the named config", () => {
  for (const shell of ["bash", "zsh"] as const) {
    const found = offers[shell](["homelab-gpu", "--config", "other.yaml", "down", ""]);
    assert.equal(["flow-a", "flow-b", "ai-box"].map((name) => found.includes(name)), [true, true, false], shell);
  }
});

test("zsh completes after the steps of the README", () => {
  const [, snippet] = /```sh\nnpm run bundle\n(homelab-gpu\(\) .*\nsource .*) {3}#.*\n```/.exec(own("README.md"))!;
  const file = "~/homelab-gpu/dist/homelab-gpu.mjs";
  assert.ok(snippet!.includes(file), snippet);
  // next to the packages, as in the checkout that the README describes
  const built = join(root, "node_modules", `homelab-gpu-${process.pid}.mjs`);
  run("node", ["--import", "tsx", "scripts/bundle.mts", built], root);
  try {
    const line = snippet!.replace("\n", "; ").replace(file, `'${built}'`);
    assert.ok(atPrompt(line, "homelab-gpu do", root).includes("doctor"));
  } finally {
    rmSync(built);
  }
});

test.run();
