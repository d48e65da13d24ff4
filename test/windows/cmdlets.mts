/**
 * Cmdlets and their parameters on each Windows version, and the check of a call against them.
 * `cmdlets.json` is generated from Microsoft's reference by `table.mts`.
 */
import { readFileSync } from "node:fs";

/** One parameter in one parameter set. */
export interface Parameter {
  name: string;
  switch?: true;
  mandatory?: true;
  /** Its position; absent if it is given only by name. */
  position?: number;
  /** Whether its value may come from the pipeline: the object, or one of its properties. */
  pipeline?: "value" | "property";
  aliases?: string[];
}
/** A cmdlet on some versions of Windows: its parameter sets by name. */
export interface Version {
  /**
   * `2016`, `2019`, `2022`, `2025` (Windows Server), `10` (Windows 10), `11` (Windows 11), `5.1`
   * (with PowerShell itself).
   */
  windows: string[];
  sets: Record<string, Parameter[]>;
  default?: string;
  shouldProcess?: true;
  note?: string;
}
export interface Table {
  source: string[];
  date: string;
  cmdlets: Record<string, Version[]>;
}

export const table = JSON.parse(readFileSync(new URL("cmdlets.json", import.meta.url), "utf8")) as Table;

/** A call as `parse.ps1` prints it; a part without a name is a value. */
export interface Call {
  name: string;
  line: number;
  text: string;
  parts: { name: string | null; value: boolean }[];
  splatted: boolean;
  piped: boolean;
}

/** Parameters that every cmdlet has (about_CommonParameters of 5.1), true for those that take a value. */
const common: Record<string, boolean> = {
  Debug: false,
  Verbose: false,
  ErrorAction: true,
  ErrorVariable: true,
  InformationAction: true,
  InformationVariable: true,
  OutVariable: true,
  OutBuffer: true,
  PipelineVariable: true,
  WarningAction: true,
  WarningVariable: true,
};

/**
 * Why PowerShell refuses a call on one of the Windows versions that have the cmdlet; undefined if
 * none refuses it. A prefix of a parameter's name is valid only if it is unique (about_Parameters).
 */
export function refusal(call: Call): string | undefined {
  const versions = Object.entries(table.cmdlets).find(([name]) => name.toLowerCase() === call.name.toLowerCase())?.[1];
  if (!versions) return `${call.name}: no Windows has it`;
  for (const version of versions) {
    const why = refusalOf(call, version);
    if (why) return `${call.name} on ${version.windows.join(", ")}: ${why}`;
  }
  return undefined;
}

function refusalOf(call: Call, { sets, shouldProcess }: Version): string | undefined {
  const all = new Map<string, { switch: boolean; aliases: string[] }>();
  for (const parameter of Object.values(sets).flat()) {
    all.set(parameter.name, { switch: parameter.switch === true, aliases: parameter.aliases ?? [] });
  }
  for (const [name, value] of Object.entries(common)) all.set(name, { switch: !value, aliases: [] });
  if (shouldProcess) { for (const name of ["WhatIf", "Confirm"]) all.set(name, { switch: true, aliases: [] }); }
  const given: string[] = [];
  let positional = 0;
  for (let i = 0; i < call.parts.length; i++) {
    const { name: written, value } = call.parts[i]!;
    if (written === null) {
      positional++;
      continue;
    }
    const low = written.toLowerCase();
    const names = [...all].map(([name, { aliases }]) => ({
      name,
      words: [name, ...aliases].map((one) => one.toLowerCase()),
    }));
    const exact = names.filter(({ words }) => words.includes(low));
    const fitting = exact.length > 0 ? exact : names.filter(({ words }) => words.some((one) => one.startsWith(low)));
    if (fitting.length === 0) return `it has no parameter -${written}`;
    if (fitting.length > 1) return `-${written} is ambiguous: ${fitting.map(({ name }) => `-${name}`).join(", ")}`;
    const { name } = fitting[0]!;
    if (given.includes(name)) return `-${name} is given twice`;
    given.push(name);
    // the next word is the value of this parameter
    if (!value && !all.get(name)!.switch && call.parts[i + 1]?.name === null) i++;
    else if (!value && !all.get(name)!.switch) return `-${name} has no value`;
  }
  const own = given.filter((name) => !Object.hasOwn(common, name) && name !== "WhatIf" && name !== "Confirm");
  const fits = Object.values(sets).filter((set) => {
    if (!own.every((name) => set.some((parameter) => parameter.name === name))) return false;
    const places = set.filter(({ name, position }) => position !== undefined && !own.includes(name))
      .sort((a, b) => a.position! - b.position!);
    if (positional > places.length) return false;
    const filled = [...own, ...places.slice(0, positional).map(({ name }) => name)];
    const lacks = set.filter(({ name, mandatory }) => mandatory && !filled.includes(name));
    return call.splatted || lacks.every(({ pipeline }) => call.piped && pipeline !== undefined);
  });
  return fits.length === 0 ? "no parameter set takes this call" : undefined;
}
