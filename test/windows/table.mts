/**
 * Generates `cmdlets.json` from checkouts of Microsoft's reference: the cmdlets that are already in
 * it, and those that are named.
 *
 * node table.mts windows-powershell-docs PowerShell-Docs DATE [CMDLET…]
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import type { Parameter, Table, Version } from "./cmdlets.mts";

const [windows = "", powershell = "", date = "", ...more] = process.argv.slice(2);
const file = new URL("cmdlets.json", import.meta.url);
const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) as Table : undefined;
const names = [...new Set([...Object.keys(before?.cmdlets ?? {}), ...more])].sort();

/**
 * Cmdlets that Microsoft's reference lacks, added by hand: the Windows version, the version that it
 * equals, and the source.
 */
const byHand: Record<string, { windows: string; as: string; without?: string[]; note: string }[]> = {
  ...Object.fromEntries(
    [
      "Add-VMAssignableDevice",
      "Get-VMAssignableDevice",
      "Remove-VMAssignableDevice",
      "Get-VMHostAssignableDevice",
      "Mount-VMHostAssignableDevice",
      "Dismount-VMHostAssignableDevice",
    ].map((name) => [name, [
      {
        windows: "2016",
        as: `2022 ${name}`,
        note: "there since Windows Server 2016 (Microsoft, Deploy graphics devices by DDA, 2026-04), not in its docset",
      },
      {
        windows: "2019",
        as: `2022 ${name}`,
        note: "there since Windows Server 2016 (Microsoft, Deploy graphics devices by DDA, 2026-04), not in its docset",
      },
    ]]),
  ),
  "Add-VMGpuPartitionAdapter": [
    {
      windows: "10",
      as: "2022 Add-VMGpuPartitionAdapter",
      without: ["InstancePath"],
      note: "jamesstringer90/Easy-GPU-PV#5 (2021-11)",
    },
  ],
  "Get-VMGpuPartitionAdapter": [{
    windows: "10",
    as: "2022 Get-VMGpuPartitionAdapter",
    note: "jamesstringer90/Easy-GPU-PV (2021-11)",
  }],
  "Remove-VMGpuPartitionAdapter": [{
    windows: "10",
    as: "2022 Remove-VMGpuPartitionAdapter",
    note: "jamesstringer90/Easy-GPU-PV (2021-11)",
  }],
  "Get-VMPartitionableGpu": [{
    windows: "10",
    as: "2022 Get-VMHostPartitionableGpu",
    note: "jamesstringer90/Easy-GPU-PV (2021-11)",
  }],
  "Set-VMPartitionableGpu": [{
    windows: "10",
    as: "2022 Set-VMHostPartitionableGpu",
    note: "jamesstringer90/Easy-GPU-PV (2021-11)",
  }],
};

/** Parameters that Microsoft's reference lacks, since which Windows Server, and the source. */
const parametersByHand: Record<string, { since: number; parameter: Parameter; note: string }> = {
  "Set-VM": {
    since: 2019,
    parameter: { name: "EnhancedSessionTransportType" },
    note: "EnhancedSessionTransportType: microsoft/linux-vm-tools, wiki (2018); hashicorp/vagrant, hyperv (2019-02)",
  },
};

/** `Type: String[]` and so on, as a page has them below each parameter's heading. */
function parametersOf(page: string): { name: string; sets: string[]; parameter: Parameter }[] {
  const part = /^## PARAMETERS$([^]*?)^## /m.exec(page)?.[1] ?? "";
  return part.split(/^### -/m).slice(1).flatMap((section) => {
    const name = /^\w+/.exec(section)![0];
    return [...section.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml]) => {
      const value = (key: string) => new RegExp(`^${key}:[ \\t]*(.*)$`, "m").exec(yaml!)?.[1]?.trim() ?? "";
      const position = /^\d+$/.test(value("Position")) ? Number(value("Position")) : undefined;
      const piped = value("Accept pipeline input");
      const aliases = value("Aliases").split(/[ ,]+/).filter(Boolean);
      return {
        name,
        sets: value("Parameter Sets").split(",").map((one) => one.trim()).filter(Boolean),
        parameter: {
          name,
          ...(/SwitchParameter$/.test(value("Type")) ? { switch: true as const } : {}),
          ...(value("Required") === "True" ? { mandatory: true as const } : {}),
          ...(position === undefined ? {} : { position }),
          ...(/^True/.test(piped) ? { pipeline: /ByValue/.test(piped) ? "value" as const : "property" as const } : {}),
          ...(aliases.length > 0 ? { aliases } : {}),
        },
      };
    });
  });
}

/** The names of parameter sets are headings of the syntax; a page with one set has none. */
function versionOf(page: string): Omit<Version, "windows"> {
  const syntax = /^## SYNTAX$([^]*?)^## /m.exec(page)?.[1] ?? "";
  const heads = [...syntax.matchAll(/^### (.+?)( \(Default\))?(?: - .*)?$/gm)];
  const parameters = parametersOf(page);
  const names = heads.length > 0
    ? heads.map(([, name]) => name!)
    : [[...new Set(parameters.flatMap(({ sets }) => sets))].filter((one) => one !== "(All)")[0] ?? "All"];
  const isShould = ({ name }: { name: string }) => name === "WhatIf" || name === "Confirm";
  // a parameter of only one provider (New-Item) is not in the first block of its set
  const blocks = syntax.split(/^### /m).slice(heads.length > 0 ? 1 : 0);
  const inSyntax = (set: string, name: string) => {
    const block = heads.length > 0 ? blocks.find((one) => one.startsWith(set)) ?? "" : syntax;
    return new RegExp(`-${name}\\b`).test(block);
  };
  const sets = Object.fromEntries(names.map((set) => [
    set,
    parameters.filter((one) => !isShould(one) && one.name !== "CommonParameters" && inSyntax(set, one.name))
      .filter((one) => heads.length === 0 || one.sets.includes("(All)") || one.sets.includes(set))
      .map(({ parameter }) => parameter),
  ]));
  const first = heads.find(([, , isDefault]) => isDefault)?.[1];
  return {
    sets,
    ...(first ? { default: first } : {}),
    ...(parameters.some(isShould) ? { shouldProcess: true as const } : {}),
  };
}

function withHand(name: string, year: number, version: Omit<Version, "windows">): Omit<Version, "windows"> {
  const more = parametersByHand[name];
  if (!more || year < more.since) return version;
  const sets = Object.entries(version.sets).map(([set, all]) => [set, [...all, more.parameter]]);
  return { ...version, sets: Object.fromEntries(sets), note: more.note };
}

function pageOf(folder: string, name: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  for (const module of readdirSync(folder)) {
    const path = `${folder}/${module}/${name}.md`;
    if (existsSync(path)) return readFileSync(path, "utf8").replaceAll("\r\n", "\n");
  }
  return undefined;
}

const cmdlets: Table["cmdlets"] = {};
for (const name of new Set([...names, ...Object.keys(byHand)])) {
  const found: Version[] = [];
  const add = (on: string, version: Omit<Version, "windows">) => {
    const same = found.find(({ windows: _, ...one }) => JSON.stringify(one) === JSON.stringify(version));
    if (same) same.windows.push(on);
    else found.push({ windows: [on], ...version });
  };
  const own = pageOf(`${powershell}/reference/5.1`, name);
  if (own) add("5.1", versionOf(own));
  for (const year of own ? [] : ["2016", "2019", "2022", "2025"]) {
    const page = pageOf(`${windows}/docset/winserver${year}-ps`, name);
    if (page) add(year, withHand(name, Number(year), versionOf(page)));
  }
  for (const { windows: on, as, without = [], note } of byHand[name] ?? []) {
    const [year, other] = as.split(" ");
    const { sets, ...rest } = versionOf(pageOf(`${windows}/docset/winserver${year}-ps`, other!)!);
    add(on, {
      sets: Object.fromEntries(
        Object.entries(sets).map(([set, all]) => [set, all.filter((one) => !without.includes(one.name))]),
      ),
      ...rest,
      note,
    });
  }
  if (found.length > 0) cmdlets[name] = found;
  else process.stderr.write(`not in the reference: ${name}\n`);
}
const table: Table = {
  source: [
    "MicrosoftDocs/windows-powershell-docs, docset/winserver2016-ps to winserver2025-ps",
    "MicrosoftDocs/PowerShell-Docs, reference/5.1",
  ],
  date,
  cmdlets: Object.fromEntries(Object.entries(cmdlets).sort(([a], [b]) => a < b ? -1 : 1)),
};
const parameter = (one: Parameter) => JSON.stringify(one);
const lines = Object.entries(table.cmdlets).map(([name, versions]) =>
  `    ${JSON.stringify(name)}: [\n${
    versions.map(({ windows: on, sets, ...rest }) =>
      `      {"windows": ${JSON.stringify(on)}, ${JSON.stringify(rest).slice(1, -1)}${
        Object.keys(rest).length > 0 ? ", " : ""
      }"sets": {\n${
        Object.entries(sets).map(([set, all]) => `        ${JSON.stringify(set)}: [${all.map(parameter).join(", ")}]`)
          .join(",\n")
      }}}`
    ).join(",\n")
  }\n    ]`
);
writeFileSync(
  file,
  `{\n  "source": ${JSON.stringify(table.source)},\n  "date": ${JSON.stringify(date)},\n  "cmdlets": {\n${
    lines.join(",\n")
  }\n  }\n}\n`,
);
