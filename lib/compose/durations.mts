/** Durations as Compose writes them. */

/** How many milliseconds each unit of a duration has. */
const units: Record<string, number> = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The milliseconds of a duration, such as `1m30s` (Go, time.ParseDuration); NaN for another text. */
export function milliseconds(text: string): number {
  if (!/^-?((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(text)) return NaN;
  const parts = [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)];
  const sum = parts.reduce((all, [, number, unit]) => all + Number(number) * units[unit!]!, 0);
  return text.startsWith("-") ? -sum : sum;
}
