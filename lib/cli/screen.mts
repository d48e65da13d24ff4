/** The report of `doctor`: a line per subject, what needs action, and what comes next. Pure. */
import { cardName } from "./card-name.mts";
import { type Finding, isReady, type Status } from "../findings.mts";
import type { Host } from "../host/types.mts";
import type { Resolved } from "../resolve/types.mts";
import { self } from "../self.mts";
import { columnsOf, firstFew, joinList, visible, wrap, wrapBefore } from "../text.mts";
import {
  countsOf,
  evidenceLines,
  formatAll,
  formatFinding,
  formatFindings,
  formatFix,
  heading,
  marked,
  sentence,
  type Style,
} from "./print.mts";
import { topologyLines } from "./topology.mts";

/** The subjects, in the order in which they are shown. */
const subjects = ["Host", "Card", "IOMMU", "Guest", "Services"] as const;

/** A subject of checks. */
export type Subject = (typeof subjects)[number];

/** The subject of a check, by the group that its id begins with; groups that are not listed are about the host. */
export function subjectOf(check: string): Subject {
  switch (check.split(".")[0]) {
    case "gpu":
    case "hyperv":
      return "Card";
    case "iommu":
      return "IOMMU";
    case "guest":
      return "Guest";
    case "cluster":
    case "services":
      return "Services";
    default:
      return "Host";
  }
}

/** What a report shows besides findings. */
export interface ScreenParts {
  /** A few words on each subject, such as the card's name. */
  facts: Partial<Record<Subject, string>>;
  /** The cards with their surroundings. */
  topology: string[];
  /** The last line: what comes next. */
  next: Next;
  /** Lines that fit on the screen; undefined if the output is not a terminal. */
  rows: number | undefined;
}

/** What comes next, as a sentence that ends with a command line to type, or without one. */
export interface Next {
  text: string;
  command?: string;
}

/** How much a report shows of each finding. */
interface Detail {
  topology: boolean;
  evidence: boolean;
  /** How many fixes a failure, and a finding that does not fail, shows. */
  fixes: [failure: number, other: number];
  /** Statuses of which only the ids are listed. */
  folded: Status[];
  /** How many failures are shown; the ids of the others are listed. Absent: all. */
  most?: number;
  /** Statuses that only the counts of their subjects show. */
  omitted?: Status[];
}

/** From the fullest to the shortest. */
const details: Detail[] = [
  { topology: true, evidence: true, fixes: [Infinity, Infinity], folded: [] },
  { topology: true, evidence: false, fixes: [Infinity, Infinity], folded: [] },
  { topology: true, evidence: false, fixes: [Infinity, 1], folded: ["unknown"] },
  { topology: false, evidence: false, fixes: [Infinity, 1], folded: ["unknown"] },
  { topology: false, evidence: false, fixes: [Infinity, 0], folded: ["warn", "unknown"] },
  { topology: false, evidence: false, fixes: [2, 0], folded: ["warn", "unknown"] },
  { topology: false, evidence: false, fixes: [1, 0], folded: ["warn", "unknown"] },
  { topology: false, evidence: false, fixes: [0, 0], folded: ["warn", "unknown"] },
  { topology: false, evidence: false, fixes: [0, 0], folded: [], omitted: ["warn", "unknown"] },
];

/** The report: as full as it fits on the screen. */
export function screenLines(findings: Finding[], parts: ScreenParts, style: Style): string[] {
  const { rows, next } = parts;
  const head = subjectLines(findings, parts, style);
  const first = findings.find(({ status }) => status === "fail");
  const failed = findings.filter(({ status }) => status === "fail").length;
  // as a last resort only the first failures are shown in full
  const fewer = Array.from(
    { length: Math.max(failed - 1, 0) },
    (_, i) => ({ ...details.at(-1)!, most: failed - 1 - i }),
  );
  const variants = [...details, ...fewer].map((detail) => {
    const body = bodyLines(findings, parts, detail, style);
    // without room for a fix, the next step is to see those of the first failure
    const then = first && detail.fixes[0] === 0
      ? { text: "Next: see how to fix the first failure with", command: self(`doctor ${first.check}`) }
      : next;
    const end = [...wrap(sentence(findings), style.width), ...nextLines(then, style.width)];
    return [...head, "", ...body, ...(body.length > 0 ? [""] : []), ...end];
  });
  const fits = rows === undefined ? variants[0] : variants.find((lines) => rowsOf(lines, style.width) <= rows);
  return fits ?? variants.at(-1)!;
}

/** Findings with why each matters, or, where they do not fit into `rows`, as `doctor` shows them there. */
export function fittedLines(findings: Finding[], style: Style, rows: number | undefined, next: Next): string[] {
  const full = formatFindings(findings, style);
  if (rows === undefined || style.verbose || rowsOf(full, style.width) <= rows) return full;
  return screenLines(findings, { facts: {}, topology: [], next, rows }, style);
}

/** Rows of a terminal of that many columns that lines take up: one that is too wide takes several. */
export function rowsOf(lines: string[], width: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / width)), 0);
}

/** For each subject of which a check ran: mark, name, counts, and a few words where they fit. */
function subjectLines(findings: Finding[], { facts }: ScreenParts, style: Style): string[] {
  const rows = subjects.flatMap((subject) => {
    const own = findings.filter(({ check }) => subjectOf(check) === subject);
    if (own.length === 0) return [];
    const status = (["fail", "warn", "unknown", "pass"] as const).find((one) => own.some((two) => two.status === one));
    const start = `${subject.padEnd(9)} ${countsOf(own).join(", ") || "does not apply here"}`;
    return [{ status: status ?? "skip" as const, start, fact: facts[subject] ?? "" }];
  });
  const column = Math.max(...rows.map(({ start }) => start.length)) + 2;
  return rows.flatMap(({ status, start, fact }) => {
    const fits = fact !== "" && column + columnsOf(fact) + 2 <= style.width;
    return marked(status, visible(fits ? start.padEnd(column) + fact : start), { ...style, width: Infinity });
  });
}

/** The next step. A command that does not fit after the text gets its own line. */
function nextLines({ text, command }: Next, width: number): string[] {
  if (command === undefined) return wrap(text, width, "", "  ");
  return wrapBefore(text, command, width, "", "  ");
}

function bodyLines(findings: Finding[], { topology }: ScreenParts, detail: Detail, style: Style): string[] {
  const of = (status: Status) => findings.filter((finding) => finding.status === status);
  const grouped = findings.some(({ check, status }) =>
    (status === "fail" || status === "warn") && ["iommu.group", "gpu.display", "gpu.reset", "iommu.acs"].includes(check)
  );
  const lines = (["fail", "warn", "unknown"] as const).flatMap((status) =>
    detail.omitted?.includes(status) ? [] : detail.folded.includes(status) ? fold(of(status), style) : [
      ...of(status).slice(0, status === "fail" ? detail.most : undefined).flatMap((one) => brief(one, detail, style)),
      ...(status === "fail" && detail.most !== undefined ? fold(of(status).slice(detail.most), style, " more ") : []),
    ]
  );
  return detail.topology && grouped && topology.length > 0 ? [...topology, "", ...lines] : lines;
}

/** A finding: what it is, and what to do. */
function brief(finding: Finding, { evidence, fixes: [failure, other] }: Detail, style: Style): string[] {
  const { check, status, fix } = finding;
  const fails = status === "fail";
  const most = fails ? failure : other;
  const more = fails && most > 0 && fix.length > most
    ? wrapBefore("and more:", self(`doctor ${check}`), style.width, "  → ", "    ")
    : [];
  return [
    ...formatFinding({ ...finding, evidence: [], fix: [] }, { ...style, notes: {} }),
    ...(fails && evidence ? evidenceLines(finding, style) : []),
    ...fix.slice(0, most).flatMap((one) => formatFix(one, style)),
    ...more,
  ];
}

/** Findings that are listed by id only, for lack of space. */
function fold(findings: Finding[], style: Style, between = " "): string[] {
  if (findings.length === 0) return [];
  const { status } = findings[0]!;
  const ids = [...new Set(findings.map(({ check }) => check))];
  return marked(
    status,
    `${countsOf(findings).join().replace(" ", between)}: ${firstFew(ids, 8).join(", ")} (-v shows all)`,
    style,
  );
}

/** `-v`: every finding in full below its subject, the worst first. */
export function verboseLines(findings: Finding[], { facts, topology, next }: ScreenParts, style: Style): string[] {
  const order: Status[] = ["fail", "warn", "unknown", "pass", "skip"];
  const lines = subjects.flatMap((subject) => {
    const own = findings.filter(({ check }) => subjectOf(check) === subject);
    if (own.length === 0) return [];
    const fact = facts[subject] ? `: ${facts[subject]}` : "";
    return [
      heading(`${subject}${fact}`, style),
      ...(subject === "Card" ? topology : []),
      ...formatAll(order.flatMap((status) => own.filter((one) => one.status === status)), style),
      "",
    ];
  });
  return [
    ...lines,
    ...wrap(sentence(findings), style.width),
    ...nextLines(next, style.width),
  ];
}

/** `-q`: what fails or was not read, and nothing else. */
export function quietLines(findings: Finding[], style: Style): string[] {
  return findings.filter(({ status, unread }) => status === "fail" || unread).flatMap((finding) =>
    brief(finding, details[1]!, style)
  );
}

/** A few words on each subject: the host's system, the cards, their groups, the image, the services. */
export function factsFor(
  { machines, services, stacks = [], swarm }: Resolved,
  host: Host,
): Partial<Record<Subject, string>> {
  const cards = machines.flatMap((machine) => machine.cards);
  // of which Hyper-V partitions one is no card that is passed whole
  const shown = machines.flatMap(({ gpus }) => gpus.flatMap(({ match }) => match.kind === "card" ? [match.card] : []));
  const names = shown.map(({ gpu }) => `${gpu.bdf.replace(/^0000:/, "")} ${cardName(gpu)}`);
  const groups = [...new Set(cards.flatMap((card) => card.groups))];
  const images = [...new Set(machines.flatMap(({ image }) => (image?.kind === "known" ? [image.name] : [])))];
  const providers = [...new Set(machines.map(({ provider }) => provider))];
  const inSwarm = [...swarm?.services ?? [], ...swarm?.stacks ?? []];
  const running = [...services, ...stacks, ...inSwarm].map(({ name }) => name);
  const system = [host.os.name ?? host.os.id, providers.length > 0 ? joinList(providers) : undefined];
  return {
    Host: system.filter(Boolean).join(", "),
    ...(names.length > 0 ? { Card: firstFew(names, 1).join(", ") } : {}),
    ...(groups.length > 0 ? { IOMMU: `${groups.length > 1 ? "groups" : "group"} ${joinList(groups)}` } : {}),
    ...(images.length > 0 ? { Guest: images.join(", ") } : {}),
    ...(running.length > 0 ? { Services: firstFew(running, 3).join(", ") } : {}),
  };
}

/** Each card that was found, with its surroundings. `width` in columns. */
export function topologiesOf({ machines }: Resolved, host: Host, width: number): string[] {
  return machines.flatMap((machine) =>
    machine.cards.flatMap((card) => [`The card for ${machine.name}:`, ...topologyLines(card, host, width)])
  );
}

/** What the last line needs to know besides the findings. */
export interface Occasion {
  /** The command line of a command of this program, for the same config. */
  self: (command: string) => string;
  /** There is no config yet. */
  starter: boolean;
  /** The findings are those of another machine. */
  elsewhere: boolean;
}

/** What a person does next, after these findings. */
export function nextStep(findings: Finding[], { self, starter, elsewhere }: Occasion): Next {
  const next = elsewhere ? "Next, on that host:" : "Next:";
  const fails = findings.filter(({ status }) => status === "fail");
  if (fails.length === 0 && !isReady(findings)) {
    return { text: "Next: correct the paths, or check again where the files are, with", command: self("doctor") };
  }
  // without a config, init writes it and lists the next tasks
  if (starter && findings.some(({ status }) => ["pass", "warn", "fail"].includes(status))) {
    return {
      text: `${next} write the config${fails.length > 0 ? " and list the next tasks" : ""} with`,
      command: self("init"),
    };
  }
  if (fails.length > 0) {
    const fixes = fails.map(({ fix }) => fix);
    if (fixes.every((fix) => fix.length > 0 && fix.every(({ safe, command }) => safe && command))) {
      return { text: `${next} run these commands and continue with`, command: self("up --yes") };
    }
    const unfixed = fails.find(({ fix }) => fix.length === 0);
    if (unfixed) return { text: `Next: read more with`, command: self(`explain ${unfixed.check}`) };
    const task = fails.length === 1 ? "fix the failure" : `fix the ${fails.length} failures`;
    const reboot = fixes.some(([first]) => first?.reboot) ? ", reboot" : "";
    return { text: `${next} ${task}${reboot}, then`, command: self("doctor") };
  }
  if (!findings.some(({ status }) => status === "pass" || status === "warn")) {
    return { text: "Next: see what could not be read with", command: self("doctor -v") };
  }
  const bind = findings.some((finding) =>
    finding.status === "warn" && finding.fix.some(({ command }) => command?.endsWith(" prepare"))
  );
  return { text: bind ? `${next} prepare (more reliable), or` : next, command: self("up") };
}
