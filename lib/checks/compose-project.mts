/** What one Compose project says that cannot work in a VM. Pure: everything was read before. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Verdict } from "./types.mts";
import { lineOf, literally } from "../compose/refusals.mts";
import { dependsOn, mountsOf, networksOf } from "../compose/service.mts";
import { isSecretName } from "../compose/variables.mts";
import { manualFix } from "../fixes.mts";
import { isMap } from "../maps.mts";
import { type ProjectFlaw, serviceFlaws } from "./compose-service.mts";

/** The services that start, with their names. */
export function enabledOf({ model, enabled }: ComposeProject): [string, ComposeService][] {
  return Object.entries(model?.services ?? {}).filter(([name]) => enabled?.includes(name) ?? true);
}

/**
 * Where something is in a project's files, such as `immich/compose.yaml:12`: the first line with that text, else the service's own; the
 * project's name where neither is known.
 */
export function placeOf({ name, texts }: ComposeProject, at: string | undefined, service?: string): string {
  const place = (at === undefined ? undefined : lineOf(texts, new RegExp(literally(at)))) ??
    (service === undefined ? undefined : lineOf(texts, new RegExp(`^\\s*["']?${literally(service)}["']?\\s*:`)));
  return place ? `${name}/${place.file}:${place.line}` : name;
}

/** A flaw as a verdict of a project's. */
export function verdictOf(
  project: ComposeProject,
  { status, message, at, service, evidence, fix }: ProjectFlaw,
): Verdict {
  return {
    status,
    message: `${project.name}: ${message}`,
    evidence: [evidence ?? { read: placeOf(project, at ?? service, service), value: at ?? service ?? message }],
    ...(fix ? { fix: [fix] } : {}),
  };
}

/** Everything that is wrong with one project on its machine, apart from what two projects collide in. */
export function projectFlaws(
  project: ComposeProject,
  machine: ResolvedMachine,
  others: ComposeProject[],
): ProjectFlaw[] {
  const services = enabledOf(project);
  const ownReader = project.readBy === "reader";
  return [
    ...unsetVariables(project),
    ...profileFlaws(project),
    ...services.flatMap(([name, service]) =>
      [
        ...serviceFlaws(service, project, machine),
        ...(ownReader ? dependencies(name, service, project) : []),
      ].map((flaw): ProjectFlaw => ({ ...flaw, service: name, message: `${name} ${flaw.message}` }))
    ),
    ...(ownReader && !project.inline ? [...circles(project), ...undeclared(project)] : []),
    ...external(project, others),
  ];
}

function unsetVariables({ unsetVariables }: ComposeProject): ProjectFlaw[] {
  const secret = unsetVariables.filter(({ variable }) => isSecretName(variable ?? ""));
  const rest = unsetVariables.filter((one) => !secret.includes(one));
  const flaw = (found: typeof secret, message: string): ProjectFlaw[] =>
    found.length === 0 ? [] : [{
      status: "warn",
      message: `${found.map(({ variable }) => variable).join(", ")} ${message}`,
      at: `{${found[0]!.variable}`,
      evidence: {
        read: found.map(({ file, line }) => (file ? `${file}:${line ?? "?"}` : "variables")).join(", "),
        value: "no value, no default",
      },
      fix: manualFix(`Set ${found.map(({ variable }) => variable).join(", ")} in the project's .env`),
    }];
  return [
    ...flaw(secret, "has no value: the service starts with an empty password or key"),
    ...flaw(rest, "has no value: Compose puts an empty text in its place"),
  ];
}

function profileFlaws({ profiles, model }: ComposeProject): ProjectFlaw[] {
  if (!model) return [];
  const known = new Set(
    Object.values(model.services).flatMap(({ profiles }) => (Array.isArray(profiles) ? profiles : [])),
  );
  return profiles.filter((name) => name !== "*" && !known.has(name)).map((name) => ({
    status: "warn",
    message: `no service has the profile ${name}`,
    fix: manualFix(known.size > 0 ? `The profiles are ${[...known].join(", ")}` : "Leave profiles: out"),
  }));
}

/** What Compose finds itself where it is asked. */
function dependencies(_: string, service: ComposeService, { model, enabled }: ComposeProject): ProjectFlaw[] {
  return Object.entries(dependsOn(service)).flatMap(([other, { required }]): ProjectFlaw[] => {
    if (!required || (enabled?.includes(other) ?? true)) return [];
    const there = model?.services[other];
    const profiles = there && Array.isArray(there.profiles) ? there.profiles : [];
    return [{
      status: "fail",
      message: there
        ? `depends on ${other}, which no active profile starts`
        : `depends on ${other}, which the project does not have`,
      at: other,
      fix: manualFix(
        profiles.length > 0 ? `Turn on its profile: profiles: [${profiles[0]}]` : `Take ${other} out of depends_on`,
      ),
    }];
  });
}

function circles(project: ComposeProject): ProjectFlaw[] {
  const services = Object.fromEntries(enabledOf(project));
  const done = new Set<string>();
  const visit = (name: string, above: string[]): string[] | undefined => {
    if (above.includes(name)) return [...above.slice(above.indexOf(name)), name];
    if (done.has(name) || !services[name]) return undefined;
    done.add(name);
    for (const other of Object.keys(dependsOn(services[name]))) {
      const circle = visit(other, [...above, name]);
      if (circle) return circle;
    }
    return undefined;
  };
  for (const name of Object.keys(services)) {
    const circle = visit(name, []);
    if (circle) {
      return [{
        status: "fail",
        message: `the services depend on each other in a circle: ${circle.join(" → ")}`,
        at: "depends_on",
      }];
    }
  }
  return [];
}

/** Networks and volumes that services use and the project does not declare, and services of nothing: Compose refuses these. */
function undeclared({ model, enabled }: ComposeProject): ProjectFlaw[] {
  return Object.entries(model?.services ?? {}).filter(([name]) => enabled?.includes(name) ?? true).flatMap(
    ([name, service]) => {
      const volumes = mountsOf(service).flatMap(({ type, source }) => (type === "volume" && source ? [source] : []));
      const flaw = (kind: "network" | "volume", one: string): ProjectFlaw => ({
        ...{
          status: "fail",
          service: name,
          at: one,
          message: `${name} uses the ${kind} ${one}, which the project does not declare`,
        },
        fix: manualFix(`Add ${one}: to the top-level ${kind}s:`),
      });
      return [
        ...Object.keys(networksOf(service)).filter((one) => one !== "default" && !(one in (model?.networks ?? {}))).map(
          (one) => flaw("network", one),
        ),
        ...volumes.filter((one) => !one.includes("$") && !(one in (model?.volumes ?? {}))).map((one) =>
          flaw("volume", one)
        ),
        ...(service.image === undefined && service.build === undefined
          ? [{ status: "fail" as const, service: name, message: `${name} has neither an image nor a build context` }]
          : []),
      ];
    },
  );
}

/** Networks and volumes that are to exist already: a new VM has none, unless another project on it creates them. */
function external(project: ComposeProject, others: ComposeProject[]): ProjectFlaw[] {
  const services = enabledOf(project).map(([, service]) => service);
  const used = {
    networks: services.flatMap((service) => Object.keys(networksOf(service))),
    volumes: services.flatMap((service) => mountsOf(service).map(({ source = "" }) => source)),
  };
  return (["networks", "volumes"] as const).flatMap((key) =>
    Object.entries(project.model?.[key] ?? {}).flatMap(([name, one]): ProjectFlaw[] => {
      if (!isMap(one) || !one.external || !used[key].includes(name)) return [];
      const named = String((isMap(one.external) ? one.external.name : undefined) ?? one.name ?? name);
      const created = others.some((other) =>
        Object.entries(other.model?.[key] ?? {}).some(([own, it]) =>
          !(isMap(it) && it.external) && ((isMap(it) ? it.name : undefined) ?? `${other.name}_${own}`) === named
        )
      );
      const what = key === "networks" ? "network" : "volume";
      return created ? [] : [{
        status: "fail",
        message: `the ${what} ${named} is external, and a new VM does not have it`,
        at: "external",
        fix: manualFix(`Leave external: out of the ${what} ${name}, or let another project on the machine create it`),
      }];
    })
  );
}
