/** The files that a config names, for a host that is not this one: those that this machine has, and what it lacks. */
import type { Stacks } from "../compose/project.mts";
import type { Config } from "../config/types.mts";
import { ConfigError, UserError } from "../errors.mts";
import type { Finding } from "../findings.mts";
import type { Context } from "./context.mts";
import { type LoadedConfig, requireFiles } from "./load-config.mts";
import { readStacks } from "./projects.mts";

/** A part of a config whose files are read alone. */
interface Part {
  check: string;
  /** What a message begins with: the stack. */
  subject?: string;
  machine: string | null;
  config: Partial<Config>;
}

/**
 * The stacks of a config that could be read, and a finding for each stack, image and script that could not: another
 * machine may have it.
 */
export async function readFound(
  context: Context,
  source: LoadedConfig,
): Promise<{ stacks: Stacks; unread: Finding[] }> {
  const { machines, stacks, services, swarm, ...rest } = source.config;
  const of = (part: Partial<Config>): LoadedConfig => ({
    ...source,
    config: { ...rest, machines, stacks: [], services: [], ...part },
  });
  const unread: Finding[] = [];
  const attempt = async <T,>({ check, subject, machine, config }: Part, read: (one: LoadedConfig) => Promise<T>) => {
    try {
      return await read(of(config));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const flaws = error instanceof ConfigError ? error.problems : [{ line: undefined, message: error.message }];
      unread.push(...flaws.map(({ line, message }): Finding => {
        const place = source.starter || line === undefined ? "the config" : `${source.name}:${line}`;
        return {
          ...{ check, machine, status: "unknown", unread: true, fix: [] },
          message: `${subject === undefined ? "" : `${subject}: `}not checked: ${message}`,
          evidence: [{ read: place, value: message }],
        };
      }));
      return undefined;
    }
  };
  const parts: Part[] = [
    { check: "services.compose", machine: null, config: { services } },
    ...stacks.map((stack, i) => ({
      ...{ check: "services.compose", subject: stack.name, machine: stack.machine },
      config: { stacks: [{ ...stack, place: stack.place ?? source.config.places?.stacks[i] ?? i }] },
    })),
    ...(swarm?.stacks ?? []).map((stack) => ({
      ...{ check: "services.compose", subject: stack.name, machine: stack.machine },
      config: { swarm: { ...swarm!, stacks: [stack] } },
    })),
  ];
  const [read] = await Promise.all([
    Promise.all(parts.map((part) => attempt(part, (one) => readStacks(context.shell, one)))),
    source.starter
      ? undefined
      : attempt({ check: "guest.image", machine: null, config: {} }, (one) => requireFiles(context, one)),
  ]);
  const found = read.filter((one) => one !== undefined);
  return { stacks: { own: found.flatMap(({ own }) => own), inSwarm: found.flatMap(({ inSwarm }) => inSwarm) }, unread };
}
