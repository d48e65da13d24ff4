import type { Host } from "./types.mts";

/** The users of graphics drivers, from the probe's lines `MODULE` → `REFERENCES MODULES`; undefined without any. */
export function usersOf(lines: Record<string, string>): Host["kernel"]["users"] {
  const users = Object.entries(lines).flatMap(([name, text]) => {
    const [, references, modules] = /^(\d+) (\d+)$/.exec(text) ?? [];
    return modules === undefined ? [] : [[name, { references: Number(references), modules: Number(modules) }] as const];
  });
  return users.length > 0 ? Object.fromEntries(users) : undefined;
}
