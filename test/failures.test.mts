import process from "node:process";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checks } from "../lib/checks/index.mts";
import { machineIds } from "../lib/findings.mts";
import { explain } from "../lib/cli/commands/explain.mts";
import { asFinding, failures, likelyCauses } from "../lib/verify/failures/index.mts";
import { readPaste, rejoined } from "../lib/verify/failures/paste.mts";
import { catalogueOf } from "../lib/verify/failures/catalogue.mts";
import { lists } from "../lib/verify/failures/lists.mts";
import { compiled, matcher } from "../lib/verify/failures/match.mts";
import { squeezed } from "../lib/verify/failures/shorten.mts";
import { alternatives, keysOf, longest, searcher } from "../lib/verify/failures/words.mts";
import type { Options } from "../lib/cli/context.mts";
import { fakeShell, golden, options, own } from "./fake.mts";
import { savedHost } from "./hosts.mts";
import {
  all,
  causesOf,
  checkAfter,
  checkForm,
  families,
  foreign,
  forms,
  lines,
  texts,
  vmFamilies,
  vmTexts,
} from "./logs.mts";

const test = suite("failures");

test("explains errors of programs, the likely cause first", () => {
  for (const [expected, text] of texts) {
    assert.is(causesOf(text).map(({ check }) => check).join(" "), expected, text);
  }
  for (const [check, line] of [...lines, ...families]) assert.is(causesOf(line)[0]?.check, check, line);
});

test("the explanation of each text is that of the golden file", () => {
  const explained = (logs: typeof all) =>
    logs.map(([, text]) => {
      const [{ strength, message } = { strength: "nothing", message: "" }] = causesOf(text);
      return `${text.split("\n")[0]!.slice(0, 100)}\n  ${strength}: ${message}\n`;
    }).join("");
  const ofVms = new Set<unknown>([...vmTexts, ...vmFamilies]);
  golden("explain.txt", explained(all.filter((log) => !ofVms.has(log))));
  golden("explain-vm.txt", explained([...vmTexts, ...vmFamilies]));
});

test("every entry is the first cause of a text, has a known check, and says what to do", () => {
  const knownChecks = [...checks.map(({ id }) => id), ...machineIds as string[]];
  const explained = all.flatMap(([, text]) => causesOf(text));
  for (const { pattern, check, message, fix, source } of failures()) {
    assert.ok(
      explained.some((cause) => cause.message === message && cause.check === check),
      `no text tells ${pattern}`,
    );
    assert.ok(knownChecks.includes(check), `${check} of ${pattern}`);
    const fixes = typeof fix === "function" ? fix({}) : fix;
    assert.ok(fixes.length > 0 && source.length > 0, message);
    assert.not.match(message, /\n|\.$/);
    for (const { title, command } of fixes) assert.not.match(`${command}`, /^(?:poweroff|shutdown)\b/, title);
    assert.is(pattern.global || pattern.sticky || pattern.multiline, false, `flags of ${pattern}`);
    assert.not.match(
      pattern.source.replace(/\\[.*+{]/g, ""),
      /[.)\]][*+]|\\[SWdDw]\+|\{\d+,\}|\)\{/,
      `gaps of ${pattern}`,
    );
    for (const key of keysOf(pattern.source)) assert.ok(key.length >= 5, `${key} of ${pattern}`);
    assert.ok(keysOf(pattern.source).length > 0, `no key in ${pattern}`);
  }
  assert.is(new Set(failures().map(({ message, check }) => check + message)).size, failures().length);
});

/** Entries whose text is in no dated public source. */
const undated = ["IOMMU device: '\\w{1,12}' is only supported with"];

test("every entry names the year in which its text was read or released", () => {
  const without = failures().filter(({ source }) => !/\b20[0-2]\d\b/.test(source));
  assert.equal(without.map(({ pattern }) => pattern.source), undated);
});

test("every text of an entry is in a log", () => {
  const logs = all.map(([, text]) => squeezed(readPaste(text).text));
  const parts = failures().flatMap(({ pattern }) =>
    alternatives(pattern.source).map((part) => ({ part, pattern, keys: keysOf(part) }))
  );
  // a pattern is tried on the logs that contain one of its keys
  const keys = [...new Set(parts.flatMap(({ keys }) => keys))];
  const logsWith = new Map(keys.map((key) => [key, new Set<string>()]));
  const search = searcher(keys);
  for (const log of logs) search(log, (key) => logsWith.get(keys[key]!)!.add(log));
  for (const { part, pattern, keys } of parts) {
    const near = keys.length > 0 ? keys.flatMap((key) => [...logsWith.get(key)!]) : logs;
    const alone = compiled(new RegExp(part));
    assert.ok(near.some((log) => log.search(alone) >= 0), `no log has ${part} of ${pattern}`);
  }
});

/** Texts of two programs, whose contexts tell which of them printed it. */
const printedByTwo = ["cannot open display: "];

test("a text is in one entry only", () => {
  const parts = failures().flatMap(({ pattern }) => alternatives(pattern.source).map((part) => part.toLowerCase()));
  assert.equal([...new Set(parts.filter((part, i) => parts.indexOf(part) !== i))], printedByTwo);
});

test("unrelated logs and logs of successful runs have no causes", () => {
  for (const [name, text] of foreign) assert.equal(causesOf(text).map(({ message }) => message), [], name);
  assert.equal(likelyCauses(""), []);
});

/** Every n-th of these logs: the sweep `logs` takes all of them. */
const every = (n: number, logs: [string, string][]) => logs.filter((_, i) => i % n === 0);

test("reads logs with more lines than a call can have arguments", () => {
  const error =
    'docker: Error response from daemon: could not select device driver "nvidia" with capabilities: [[gpu]]';
  for (const lines of ["y\n".repeat(450_000), "two words\n".repeat(150_000)]) {
    assert.equal(likelyCauses(lines), []);
    assert.is(likelyCauses(lines + error)[0]?.check, "verify.service");
  }
  assert.is(rejoined(readPaste("y\n".repeat(450_000))), undefined);
});

test("a log after an unrelated one is explained", () => checkAfter(every(7, texts.slice(0, 20)), every(3, foreign)));

for (const name of Object.keys(forms)) {
  test(`finds 9 of 10 causes in ${name}`, () => {
    checkForm(name, 0.9, every(12, [...texts, ...lines]), every(6, foreign));
  });
}

test("of two symptoms, the specific one comes first, and the earlier one if they are far from each other", () => {
  const [seen, starts] = [
    "# nvidia-smi\nNo devices were found",
    "NVRM: GPU 0000:01:00.0: rm_init_adapter failed, device minor number 0",
  ];
  const first = (text: string) => likelyCauses(text)[0]!.number;
  assert.is(first(`${seen}\n${starts}`), 3);
  assert.is(first(`${seen}\n${"...\n".repeat(40)}${starts}`), 2);
});

test("a cause comes before an earlier symptom, and a lower layer before an upper one", () => {
  const text = `# nvidia-smi
No devices were found
NVRM: GPU 0000:01:00.0: RmInitAdapter failed! (0x62:0x40:2168)
NVRM: GPU0 _kgspBootGspRm: unexpected WPR2 already up, cannot proceed with booting GSP`;
  assert.equal(likelyCauses(text).map(({ strength, number }) => [strength, number]), [
    ["cause", 4],
    ["symptom", 3],
    ["symptom", 2],
  ]);
});

test("a harmless line is a note after every cause", () => {
  const note = "kvm: vfio_container_dma_map(0x1, 0xe0e00000000, 0x10000000, 0x2) = -22 (Invalid argument)\n";
  assert.equal(likelyCauses(note).map(({ strength }) => strength), ["note"]);
  const [first] = likelyCauses(`${note}vfio 0000:01:00.0: group 1 is not viable`);
  assert.equal([first!.check, first!.strength], ["iommu.group", "cause"]);
});

test("the log of one of our steps needs no other mention of its program", () => {
  const text = "==\nping: x: Temporary failure in name resolution\nbye";
  assert.equal(likelyCauses("a\nsome: Could not resolve host: x\nb"), []);
  assert.is(likelyCauses("a\nsome: Could not resolve host: x\nb", { program: "curl" })[0]!.check, "tools.present");
  assert.is(likelyCauses(text)[0]!.check, "tools.present");
});

test("a single line of a container runtime is not explained as another program's", () => {
  for (
    const line of [
      "Error response from daemon: read /srv/x: Input/output error",
      "Error: netavark: x: Too many open files",
    ]
  ) {
    const [first] = likelyCauses(line);
    assert.ok(first);
    assert.not.match(first!.message, /libvirt/);
  }
});

test("a single line that any program could print is not explained as a certain program's", () => {
  const answers: [line: string, message: RegExp | undefined][] = [
    ["Error: open /srv/data/a.img: input/output error", /^a program: a disk or device answers with an error$/],
    ["Error: listen EADDRINUSE: address already in use :::3000", /^a program: another program has the port/],
    ["error: unable to read client-key /home/u/c.key: open /home/u/c.key: no such file or directory", /^a program: /],
    ["libvirtd: cannot open /srv/a.img: Permission denied", /^libvirt: /],
    ["error: unrecognized arguments: --foo", /^the program does not take an option/],
    ["0/3 nodes are available: 3 Insufficient nvidia.com/gpu.", /^Kubernetes finds too few free GPUs/],
    ["Connection reset by 203.0.113.9 port 51234 [preauth]", undefined],
    ["sshd[1]: error: kex_exchange_identification: Connection closed by remote host", undefined],
    ["Error: ENOSPC: System limit for number of file watchers reached, watch '/app'", /which is not a lack of disk/],
    ["Image not found", undefined],
    ["Error: Network not found", undefined],
    ["Error: No storage pool found", undefined],
  ];
  for (const [line, message] of answers) {
    const [first] = likelyCauses(line);
    if (message) assert.match(first?.message ?? "nothing", message, line);
    else assert.is(first?.message, undefined, line);
  }
});

test("an error with its details needs no context, as a single line needs none", () => {
  const error = "FATAL:  database files are incompatible with server";
  const detail =
    "DETAIL:  The data directory was initialized by PostgreSQL version 14, not compatible with this version";
  assert.is(likelyCauses(`${error}\n${detail} 16.3.`)[0]?.check, "verify.service");
  assert.equal(likelyCauses(`${error}\nthe line of another program`), []);
});

test("fixes fit the host if it is known", () => {
  const text = "Error! Your kernel headers for kernel 6.1.0 cannot be found at /lib/modules/6.1.0/build, nvidia";
  const host = savedHost;
  const [plain] = likelyCauses(text);
  assert.is(plain!.fix[0]!.command, null);
  for (
    const [name, command] of [
      ["rtx4070-desktop-debian12", "apt-get update && apt-get install -y linux-headers-$(uname -r)"],
      ["hpe-gen9-rmrr-rocky", "dnf install -y kernel-devel-$(uname -r)"],
      ["threadripper-two-rtx3090-arch", "pacman -S --needed linux-headers"],
    ] as const
  ) assert.is(likelyCauses(text, { host: host(name) })[0]!.fix[0]!.command, command, name);
});

test("an answer that leaves the reason to the line names the innermost one", () => {
  const started =
    "docker: Error response from daemon: failed to create task for container: failed to create shim task: " +
    "OCI runtime create failed: runc create failed: unable to start container process: error during container init: ";
  const reasons: [log: string, message: RegExp][] = [
    [
      `${started}error running createContainer hook #1: exit status 1, stdout: , stderr: time="2026-03-14T10:12:13Z" ` +
      'level=error msg="failed to create link a: permission refused": unknown',
      /^the container could not be started: failed to create link a: permission refused$/,
    ],
    [
      `${started}error preparing rootfs: odd: unknown.`,
      /^the container could not be started: error preparing rootfs: odd$/,
    ],
    [
      "Error response from daemon: exec command 5a has already run",
      /^Docker refused it: exec command 5a has already run$/,
    ],
    [
      "$ podman run -d quay.io/a/b\nError: cannot use --ignore and --replace flags together",
      /^Podman refused the command: cannot use --ignore and --replace flags together$/,
    ],
    [
      "Error response from daemon: invalid character '$' looking for the beginning of value",
      /^Docker refused it: invalid character '\$' looking for the beginning of value$/,
    ],
    [
      "Error response from daemon: cannot read the folder of the odd plugin C:\\nvidia\\plugins",
      /: cannot read the folder of the odd plugin C:\\nvidia\\plugins$/,
    ],
    // a search that tries each way to split the backslashes does not end
    [`Error response from daemon: level=error msg="${"\\\\x".repeat(60)}`, /^Docker refused it: level=error msg=/],
  ];
  for (const [log, message] of reasons) assert.match(asFinding(likelyCauses(log)[0]!).message, message);
  assert.is(likelyCauses(reasons[2]![0])[0]!.reason, "exec command 5a has already run");
});

test("an error is reported once, with its first line, whatever follows from it", () => {
  const text = `fine\n${
    "x ".repeat(20)
  }\n  NVRM: BAR1 is 0M @ 0x0  \r\nNVRM: BAR1 is 0M @ 0x0\nNo devices were found\r\n`;
  assert.equal(likelyCauses(text).map(({ line, number }) => [number, line]), [
    [3, "NVRM: BAR1 is 0M @ 0x0"],
    [5, "No devices were found"],
  ]);
});

test("a number is read completely wherever it is in a long log", () => {
  for (let length = 700; length < 800; length++) {
    const text = `NVRM: Xid (PCI:0000:01:00): 8, a\n${"x".repeat(length)}\nNVRM: Xid (PCI:0000:01:00): 155, b`;
    const messages = likelyCauses(text).map(({ message }) => message.slice(0, 19));
    assert.equal(messages, ["an Xid about a link", "Xid 8: the GPU stop"], `${length}`);
  }
});

test("what must not follow a text is read wherever the text is in a long log", () => {
  for (let length = 700; length < 800; length++) {
    const text = `nvidia: failed to parse a\n${"x".repeat(length)}\ninvalid CDI Spec: failed add device`;
    assert.equal(likelyCauses(text), [], `${length}`);
  }
});

test("the keys of a pattern are texts that few logs have", () => {
  const keys: [RegExp, string[]][] = [
    [/failed to (?:copy|read from) efivars/, ["failed to copy", "failed to read from"]],
    [/amdgpu\S{0,20} .{0,80}(?:failed|timeout)/, ["amdgpu"]],
    [/\bfoo (?:a|b)?barbaz/, ["barbaz"]],
    [/Failed (?!quietly)\w{3,9}/, ["failed"]],
    [/Xid (?:12+|[3]4) of (?:cards|a group)/, ["of cards", "of a group"]],
  ];
  for (const [{ source }, expected] of keys) assert.equal(keysOf(source), expected, source);
});

test("a line is shown with its asterisks, and searched without Markdown's bold", () => {
  const { text, shown } = readPaste("call **failed**: f(*args, **kwargs)");
  assert.equal([text, shown], ["call failed: f(*args, kwargs)", ["call **failed**: f(*args, **kwargs)"]]);
});

test("a message continues after the prefix that NVIDIA's module writes before each line", () => {
  for (const between of [" ", "\n", " \n   ", "\nNVRM: ", "\nNVRM:  ", "\t"]) {
    const text = `NVRM: The NVIDIA GPU installed in this system must use the${between}open GPU kernel modules`;
    assert.match(likelyCauses(text)[0]?.message ?? "nothing", /works only with NVIDIA's open/, JSON.stringify(between));
  }
});

test("spaces that a paste lost behind colons and commas do not prevent a match", () => {
  const answers: [text: string, message: RegExp | undefined, line?: string][] = [
    ["a:b\namdgpu:probe of 0000:0a:00.0 failed with error -22", /AMD's driver could not start the card/],
    ["a:b\nvfio-pci 0000:0c:00.0:SMU error 0xfd", /no reset that works/, "vfio-pci 0000:0c:00.0:SMU error 0xfd"],
    ["x\nerror:internal error:No more available PCI slots", /no free place of that kind/],
    ["a:b\nqemu-system-x86_64:-device vfio-pci,host=01:00.0:'vfio-pci' is not a valid device model name", /an option/],
    ["a:b\ngpg:keyserver receive failed:No name", /key is not known/],
    ["12:34:56 https://a.example:80/b std::error:c 10de:2b85", undefined],
  ];
  for (const [text, message, line] of answers) {
    const [first] = likelyCauses(text);
    assert.is(first?.number, message ? 2 : undefined, text);
    if (message) assert.match(first!.message, message, text);
    if (line) assert.is(first!.line, line);
  }
});

test("a long line is cut to its relevant part", () => {
  const [cause] = likelyCauses(
    `${"before ".repeat(500)}vfio 0000:01:00.0: group 1 is not viable${" after".repeat(500)}`,
  );
  assert.ok(cause!.line.length <= 200);
  assert.match(cause!.line, /vfio 0000:01:00\.0: group 1 is not viable/);
});

test("colours do not prevent a match, and no control characters are printed", () => {
  const text =
    "\u001b]0;title\u0007\u001b[1;31mvfio 0000:01:00.0: \u001b[Kgroup \u001b(B\u001b[m1 is not\u001b[0m viable\u0008\u009b31m";
  const [cause] = likelyCauses(text);
  assert.is(cause!.check, "iommu.group");
  assert.is(cause!.line, "vfio 0000:01:00.0: group 1 is not viable 31m");
});

test("the longest match of a pattern is known where it has a bound", () => {
  const patterns: [source: string, expected: number][] = [
    ["abc", 3],
    ["a{2,5}b", 6],
    ["(?:ab|cde){0,3}x?", 10],
    ["\\S{1,20} (?!abc)(?<=d)z", 22],
    ["[^:\\n]{2,80}: \\S", 83],
    ["x(?:a|b(?:cc|d){2})y", 7],
    ["\\d{4}|ab+", Infinity],
    ["(?:ab){2,}", Infinity],
  ];
  for (const [source, expected] of patterns) assert.is(longest(source), expected, source);
});

test("with a ready index only the lists are created that a log needs, with the same answers", () => {
  const { index } = catalogueOf(lists);
  const created = new Set<number>();
  const spied = lists.map((list, i) => () => {
    created.add(i);
    return list();
  });
  const [all, some] = [matcher(catalogueOf(lists)), matcher(catalogueOf(spied, JSON.parse(JSON.stringify(index))))];
  const log = "vfio 0000:01:00.0: group 1 is not viable\nError: Call to virDomainCreateWithFlags failed: x\n";
  const found = some(readPaste(log), false);
  assert.ok(found.length > 0);
  assert.equal(found, all(readPaste(log), false));
  assert.ok(created.size < lists.length / 4, `${created.size} of ${lists.length}`);
  assert.equal(some(readPaste("all went well"), false), []);
});

test("patterns search few characters of a long log, also if lines almost match", () => {
  let searched = 0;
  // Not RegExp.prototype.exec: all expressions of this process would stay slow after a change of it.
  const find = matcher(catalogueOf(lists), (pattern) => {
    const exact = compiled(pattern);
    const exec = exact.exec.bind(exact);
    exact.exec = (text) => {
      searched += text.length;
      return exec(text);
    };
    return exact;
  });
  /** The number of characters that are given to patterns, per character of a log. */
  const share = (text: string, expected: string[]) => {
    assert.equal(likelyCauses(text).map(({ check }) => check), expected);
    const before = searched;
    find(readPaste(text), false);
    return (searched - before) / text.length;
  };
  const line = "[   12.984386] pci 0000:00:1c.0: bridge window [mem 0xfb000000-0xfc0fffff] of group 1 is fine\n";
  assert.ok(share(`${line.repeat(2000)}group 1 is not viable\n`, ["iommu.group"]) < 1);
  for (
    const part of [": BAR 1 [mem ", "group 1", "dma_map(", "open '", "OCI runtime ", "kernel headers for kernel "]
  ) {
    const characters = share(part.repeat(1e5 / part.length), []);
    assert.ok(characters < 20, `${part}: ${characters}`);
  }
  // the work for one text again and again in one line has a bound
  const [half, whole] = [5e5, 1e6].map((length) => share("error code: ".repeat(length / 12), []) * length);
  assert.ok(whole! < half! * 1.3, `${half} ${whole}`);
  assert.ok(searched > 3e5, `${searched}`);
});

test("a cause becomes a finding for output", () => {
  const [cause] = likelyCauses("ok\nNVRM: BAR1 is 0M @ 0x0\n");
  const { check, machine, status, evidence } = asFinding(cause!);
  assert.equal([check, machine, status], ["gpu.window", null, "fail"]);
  assert.equal(evidence, [{ read: "line 2", value: "NVRM: BAR1 is 0M @ 0x0" }]);
});

const log = "starting\nerror: Network not found: no network with matching name 'default'\n";

async function explained(files: Record<string, string>, args: string[], more: Partial<Options> = {}, rows = 24) {
  const { shell: pipe, said } = fakeShell(files);
  const shell = { ...pipe, terminal: { ...pipe.terminal, out: true, rows } };
  const code = await explain({ shell, options: { ...options, ...more }, args, passthroughArgs: [] });
  return { code, out: said.join("") };
}

test("explain prints the causes in a file or standard input", async () => {
  const file = await explained({ "up.log": log }, ["up.log"]);
  assert.is(file.code, 0);
  assert.is(file.out.split("\n")[0], "✗ provider.access: libvirt has no network or bridge of that name");
  assert.is(file.out.split("\n")[1], "    line 2: error: Network not found: no network with matching name 'default'");
  assert.match(file.out, /\n {6}virsh -c qemu:\/\/\/system net-list --all\n$/);
  assert.equal(file.out.split("\n").filter((line) => line.length > 80), []);
  assert.equal(await explained({ "-": log }, []), file);
  assert.equal(await explained({ "-": log }, ["-"]), file);
});

test("explain says that it found nothing, and refuses what it cannot read", async () => {
  const { code, out } = await explained({ "-": foreign[0]![1] }, []);
  assert.is(code, 1);
  assert.match(out, /^homelab-gpu knows no error in this log\n {2}→ /);
  const fine = '0 errors\nerr=nil\n"failed":false\nerrors: []\nrestart: on-failure\nlog level: error\n';
  const unknown = await explained({ "-": `${fine}foo: cannot parse\u0007 a.conf\nexit status 1` }, []);
  assert.match(unknown.out, / Line 7:\s+foo:\s+cannot\s+parse\s+a\.conf\n/);
  assert.match((await explained({ "-": "ok\npool: tank, state: SUSPENDED" }, [])).out, / Line 2:\s/);
  assert.match((await explained({ "-": "all done" }, [])).out, / {2}→ No line reports an error: /);
  assert.match((await explained({ "-": `${fine}Error: nil pointer dereference` }, [])).out, / Line 7:\s+Error:\s+nil/);
  const empty = await explained({ "up.log": " \n" }, ["up.log"]);
  assert.is(empty.code, 1);
  assert.match(
    empty.out,
    /^this log is empty\n {2}→ Give a file with text, or pipe a command.s output:\s+COMMAND 2>&1 \| \S.*explain -\n/,
  );
  assert.equal(out.split("\n").filter((line) => line.length > 80), []);
  const { out: many } = await explained({ "-": own("test/logs/foreign.txt") }, []);
  assert.ok(many.split("\n").length <= 24, "fits a screen");
  assert.match(many, /\nand \d+ more, less likely \(-v shows all\)\n$/);
  const { out: one } = await explained(
    { "-": "Failed to initialize NVML: Driver/library version mismatch" },
    [],
    {},
    4,
  );
  assert.match(one, /^✗ guest\.driver: [^]*→ Reboot/, "one cause that is longer than the screen");
  for (
    const [words, message] of [[["none.log"], /there is no file none\.log/], [["a", "b"], /takes one LOG/]] as const
  ) {
    try {
      await explained({ a: "", b: "" }, [...words]);
      assert.unreachable();
    } catch (error) {
      assert.match((error as Error).message, message);
      assert.is((error as { code?: number }).code, 2);
    }
  }
});

test("explain prints the page of a check or of each check in a group", async () => {
  const pages = { [fileURLToPath(new URL("../lib/checks/README.md", import.meta.url))]: own("lib/checks/README.md") };
  const { code, out } = await explained(pages, ["iommu.group"]);
  assert.is(code, 0);
  assert.match(out, /^iommu\.group\n {2}Looks at: .*\n[^]*\n {2}Why: .*\n[^]*\n {2}By hand: ls [^]*\n {2}Fix: /);
  assert.match(out, /^ {2}By hand: ls \S*iommu_group\/devices$/m, "can be copied");
  assert.match(out, /^ {2}- .*\n {4}\S/m, "the lines of an error stay together");
  assert.match(out, /\n {2}- the card shares its IOMMU group/);
  const group = await explained(pages, ["iommu"]);
  for (const id of checks.map(({ id }) => id).filter((id) => id.startsWith("iommu."))) {
    assert.match(group.out, new RegExp(`^${id}$`, "m"));
  }
  const layer = (await explained(pages, ["verify.service"])).out;
  assert.match(layer, /^verify\.service\n {2}Looks at: [^]* verify\n {2}Errors in logs that lead here:\n/);
  assert.match(layer, /\n {2}- and \d{3,} more \(-v shows all\)\n$/);
  for (const id of [...checks.map(({ id }) => id), ...machineIds]) {
    const lines = (await explained(pages, [id])).out.split("\n");
    assert.ok(lines.length <= 24, `the page of ${id} fits a screen: ${lines.length}`);
  }
  try {
    await explained({}, ["iommu.grup"]);
    assert.unreachable();
  } catch (error) {
    assert.match(
      (error as Error).message,
      /no file and no check iommu\.grup: did you mean iommu\.group\?/,
    );
  }
});

test("explain without arguments reads the last failed step's log on a terminal", async () => {
  const failed = JSON.stringify({ title: "Start devlab", log: "lab/03.log", program: "vagrant" });
  const files = { [`${process.cwd()}/.homelab-gpu/logs/failed.json`]: failed, "lab/03.log": log, "-": "Xid" };
  const { shell, said } = fakeShell(files);
  const context = { shell, options, args: [], passthroughArgs: [] };
  assert.is(await explain({ ...context, shell: { ...shell, terminal: { ...shell.terminal, in: true } } }), 0);
  assert.match(said.join(""), /Start devlab \(lab\/03\.log\)[^]*provider\.access/);
  assert.is(await explain(context), 1);
});

test("explain reads the end of a large log, and says so", async () => {
  const { shell, said } = fakeShell();
  const limits: number[] = [];
  // a log of 70 MiB of which only the end is read
  shell.readTail = (_, bytes) => {
    limits.push(bytes);
    return Promise.resolve({ text: log, skipped: 6 * 2 ** 20 });
  };
  assert.is(await explain({ shell, options, args: ["big.log"], passthroughArgs: [] }), 0);
  assert.equal(limits, [64 * 2 ** 20]);
  assert.match(said.join(""), /its last 64 MiB are read/);
});

test("explain fits its fixes to the host of a saved probe", async () => {
  const probe = own("test/hosts/threadripper-two-rtx3090-arch.txt");
  const text =
    "vfio-pci: probe of 0000:01:00.0 failed with error -22\nError! Your kernel headers for kernel 6.1 cannot be found, nvidia";
  const { out } = await explained({ "h.txt": probe, a: text }, ["a"], { host: "h.txt" });
  assert.match(out, /pacman -S --needed linux-headers/);
});

test("explain prints JSON", async () => {
  const { code, out } = await explained({ "-": log }, [], { json: true });
  const { schema, causes } = JSON.parse(out);
  assert.equal([code, schema, causes.length], [0, "homelab-gpu/explain/2", 1]);
  assert.equal(Object.keys(causes[0]).sort(), [
    "check",
    "fix",
    "layer",
    "line",
    "message",
    "number",
    "source",
    "strength",
  ]);
  const none = await explained({ "-": "" }, [], { json: true });
  assert.equal([none.code, JSON.parse(none.out).causes], [1, []]);
});

test.run();
