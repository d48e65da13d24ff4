/** Reads one YAML document of a Compose file: its syntax, keys and types. */
import { isMap, Yaml } from "../config/yaml.mts";
import { valueAt } from "../maps.mts";
import { filled, type FillResults, type FillSource } from "./filled.mts";
import { doubleMerge, doubleMerges } from "./double-merges.mts";
import { serviceKeys, shapeFlaws } from "./shape.mts";
import type { ShapeFlaw } from "./shape-kinds.mts";
import { correctionOf } from "./shape-fixes.mts";
import { straySections, strayServices, withSections, withStrays } from "./stray-services.mts";
import { refusedTabs, withoutLookalikes } from "./tabs.mts";
import { typedKeys } from "./typed-keys.mts";
import type { ProjectProblem } from "./types.mts";
import { joinList } from "../text.mts";
import { lineIn } from "./value-lines.mts";
import { variablesIn } from "./variables.mts";

/**
 * Reads one document of a Compose file and adds its errors and warnings to the lists.
 *
 * `above`: the number of lines before the document. `source`: the values of its variables. Returns
 * an empty mapping for a document that cannot be read.
 */
export function readDocument(
  path: string,
  { text: written, above }: { text: string; above: number },
  results: FillResults & { warnings: ProjectProblem[] },
  source: FillSource,
): Record<string, unknown> {
  const { refusals, warnings, emptied } = results;
  const refuse = (message: string, line: number, mend?: string, more: Pick<ProjectProblem, "stray"> = {}) =>
    refusals.push({ message, file: path, line: above + line, ...(mend === undefined ? {} : { mend }), ...more });
  const lookalikes = withoutLookalikes(written);
  const { text } = lookalikes ?? { text: written };
  const yaml = new Yaml(text, { joins: true });
  if (lookalikes) {
    const code = written.charCodeAt(lookalikes.at).toString(16).toUpperCase().padStart(4, "0");
    refuse(
      `the line begins with U+${code}, which looks like a space, but is none in YAML`,
      yaml.place(lookalikes.at).line,
      "Write spaces instead, on each such line",
    );
  }
  for (const { line, instead } of yaml.joined) {
    warnings.push({
      message: `line ${
        above + line
      } of ${path} is part of the text above to YAML: the item has more spaces than its list`,
      file: path,
      line: above + line,
      ...(instead === undefined ? {} : { mend: `Write ${instead}` }),
    });
  }
  for (const { message, line, instead } of [...yaml.problems, ...yaml.repeated]) {
    refuse(message, line, instead?.replace(/^(?!remove it\b)/, "Write ").replace(/^remove/, "Remove"));
  }
  if (yaml.problems.length > 0) return {};
  const [tab] = refusedTabs(text);
  if (tab !== undefined) {
    refuse(
      "this is not valid YAML for Compose: there is a tab before a key, an item or the end of a blank line",
      yaml.place(tab).line,
      "Write spaces instead of the tab",
    );
  }
  if (!yaml.root || (isScalarNull(yaml) && above === 0)) {
    refuse("this Compose file is empty", 1);
    return {};
  }
  if (!isMap(yaml.root)) {
    if (!isScalarNull(yaml)) refuse("a Compose file is a mapping", 1);
    return {};
  }
  const escaped = text.split("\n").flatMap((line, i) => {
    const [, name] = /\\(\$\{?\w+)/.exec(line.replace(/(^|\s)#.*$/, "")) ?? [];
    return name === undefined ? [] : [{ line: above + i + 1, name: name.startsWith("${") ? `${name}}` : name }];
  });
  if (escaped.length > 0) {
    const [{ line, name }] = escaped as [{ line: number; name: string }];
    warnings.push({
      message: `line${escaped.length > 1 ? "s" : ""} ${joinList(escaped.map((one) => String(one.line)))} of ${path} ${
        escaped.length > 1 ? "have" : "has"
      } a backslash before a variable: Compose fills in the variable and keeps the backslash`,
      file: path,
      line,
      mend: `Write ${name} without the backslash, or $${name} for the text itself`,
    });
  }
  for (const { at, mend } of doubleMerges(yaml)) {
    refuse(doubleMerge, yaml.place(at).line, mend);
  }
  const whole = yaml.data(yaml.root) as Record<string, unknown>;
  const stray = strayServices(whole);
  const section = straySections(whole);
  if (stray) refuse(stray.message, lineIn(yaml, stray.names.slice(0, 1)), stray.mend, { stray: true });
  if (section) refuse(section.message, lineIn(yaml, ["services", section.names[0]!]), section.mend, { stray: true });
  const lifted = section ? withSections(whole, section.names) : whole;
  const raw = stray ? withStrays(lifted, stray.names) : lifted;
  const lineOf = (at: ShapeFlaw["path"]) => {
    if (section?.names.includes(String(at[0]))) return lineIn(yaml, ["services", ...at]);
    return lineIn(yaml, at[0] === "services" && stray?.names.includes(String(at[1])) ? at.slice(1) : at);
  };
  const data = filled(raw, source, results) as Record<string, unknown>;
  const flaws = shapeFlaws(data);
  // a mapping of the wrong form is one error, not one for each of its keys
  const isWithin = (path: ShapeFlaw["path"]) => flaws.some((flaw) => flaw.path.every((step, i) => step === path[i]));
  const keys = typedKeys(yaml).filter(({ path }) => !isWithin(path)).map((key) => ({
    ...key,
    line: yaml.place(key.at).line,
  }));
  for (const { message, line, mend } of keys) refuse(message, line, mend);
  for (const flaw of flaws) {
    const line = lineOf(flaw.path);
    // a flaw of a value with an invalid variable follows from that variable
    if (refusals.some((one) => one.file === path && one.line === above + line && one.unread)) continue;
    if (flaw.keys && keys.some((key) => key.line === line)) continue;
    const blank = valueAt(data, flaw.path) === "" ? unsetIn(valueAt(raw, flaw.path), results) : [];
    if (blank.length > 0) {
      const names = [...new Set([...emptied.get("")?.names ?? [], ...blank])];
      emptied.set("", { names, refused: true });
      continue;
    }
    const cause = emptied.get(String(valueAt(data, flaw.path)));
    if (cause) {
      // the variable is reported instead
      cause.refused = true;
      continue;
    }
    refuse(flaw.message, line, flaw.mend ?? correctionOf(data, flaw, serviceKeys));
  }
  return data;
}

/** The variables without a value in a text of the file. */
const unsetIn = (text: unknown, { unsetVariables }: FillResults): string[] =>
  variablesIn(String(text ?? "")).filter((name) => unsetVariables.has(name));

const isScalarNull = ({ root }: Yaml) => root !== null && "value" in root && (root.value === null || root.value === "");
