/** Completion for PowerShell 5.1 and 7. */
import { acceptsOption, type Command, type Option } from "./options.mts";

/** A text in single quotes for PowerShell. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
const listed = (words: readonly string[]) => `@(${words.map(quoted).join(", ")})`;

/** A table for PowerShell, with keys in their order. */
const table = (entries: [string, string][]) =>
  `[ordered]@{\n${entries.map(([key, value]) => `    ${quoted(key)} = ${value}`).join("\n")}\n  }`;

const flagsOf = ({ name, letter }: Option) => [`--${name}`, ...(letter ? [`-${letter}`] : [])];

/**
 * What PowerShell reads to complete `homelab-gpu`. `offers`: the operands of each kind, and how to find machines is
 * written here, since PowerShell has no grep.
 */
export function powershellCompletion(
  commands: Record<string, Command>,
  options: Option[],
  offers: { checks: string[]; shells: readonly string[] },
): string {
  const names = Object.keys(commands);
  const flags = names.map((name): [string, string] => [
    name,
    listed(options.filter((option) => acceptsOption(option, name)).flatMap(flagsOf)),
  ]);
  const operands = names.flatMap((name): [string, string][] => {
    const kind = commands[name]!.operands;
    if (kind === undefined) return [];
    return [[name, kind === "machines" ? "@('*machines')" : listed(offers[kind])]];
  });
  const values = options.flatMap(({ name, takes, values }): [string, string][] =>
    takes ? [[`--${name}`, listed(values ?? [])]] : []
  );
  return `Register-ArgumentCompleter -Native -CommandName homelab-gpu, homelab-gpu.cmd, homelab-gpu.ps1 -ScriptBlock {
  param($word, $line, $cursor)
  $commands = ${
    table([
      ...names.map((name): [string, string] => [name, quoted(commands[name]!.summary)]),
      ["help", quoted("show the page of a command")],
    ])
  }
  $flags = ${table(flags)}
  $operands = ${table([...operands, ["help", listed(names)]])}
  $values = ${table(values)}
  $about = ${
    table(options.flatMap((option) => flagsOf(option).map((flag): [string, string] => [flag, quoted(option.summary)])))
  }
  $verb = ''; $config = 'homelab-gpu.yaml'; $before = ''
  foreach ($element in @($line.CommandElements | Select-Object -Skip 1)) {
    if ($element.Extent.EndOffset -ge $cursor -and $word -ne '') { break }
    $text = $element.Extent.Text.Trim([char]34, [char]39)
    if ($before -eq '--config') { $config = $text }
    if ($verb -eq '' -and -not $values.Contains($before) -and $commands.Contains($text)) { $verb = $text }
    $before = $text
  }
  if ($values.Contains($before)) {
    $found = $values[$before]
  } elseif ($word -like '-*') {
    $found = if ($verb -ne '' -and $flags.Contains($verb)) { $flags[$verb] } else { @($about.Keys) }
  } elseif ($verb -eq '') {
    $found = @($commands.Keys)
  } else {
    $found = @($operands[$verb])
    if ($found[0] -eq '*machines') {
      $found = @(Get-Content -LiteralPath $config -ErrorAction SilentlyContinue |
        Select-String -AllMatches -Pattern '(?:^|[-{,[])\\s*\\{?\\s*name:\\s*["'']?([A-Za-z0-9.-]+)' |
        ForEach-Object { $_.Matches } | ForEach-Object { $_.Groups[1].Value })
    }
  }
  $found | Where-Object { $_ -and $_.StartsWith($word) } | ForEach-Object {
    $tip = if ($about.Contains($_)) { $about[$_] } elseif ($commands.Contains($_)) { $commands[$_] } else { $_ }
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $tip)
  }
}
`;
}
