/** Checks whether the users' Compose projects can run in their VMs. */
import type { Service } from "../config/types.mts";
import type { ComposeProject, ProjectProblem } from "../compose/types.mts";
import type { Host } from "../host/types.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { Fix } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import { asksForGpu } from "../compose/gpu-requests.mts";
import { enabledOf, enabledServices, startedOf } from "../compose/enabled.mts";
import { serviceKeys, shapeFlaws } from "../compose/shape.mts";
import { correctionOf } from "../compose/shape-fixes.mts";
import { isSecretName } from "../compose/variables.mts";
import { isLike } from "../host/distributions.mts";
import { program } from "../host/programs.mts";
import { valueAt } from "../maps.mts";
import { serviceOfRefusal } from "../compose/refusals.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { isOlder } from "../text.mts";
import { ofNameless } from "./compose-emptied.mts";
import { collisions } from "./compose-collisions.mts";
import { addService } from "./compose-declared.mts";
import { placeOf, verdictOf } from "./compose-flaw.mts";
import { ipv6Flaws } from "./compose-engine.mts";
import { newKeyFlaws } from "./compose-keys.mts";
import { unusedGpuFlaws } from "./compose-unused.mts";
import { copyOfEnv, envOf } from "./compose-paths.mts";
import { withProfile } from "./compose-profiles.mts";
import { podmanFlaws } from "./compose-podman.mts";
import { requiredVerdict } from "./compose-required.mts";
import { isBackslashed, projectFlaws } from "./compose-project.mts";
import { sizeVerdicts } from "./compose-size.mts";
import { valueFlaws } from "./compose-values.mts";
import { externalFlaws } from "./swarm-externals.mts";

/** The checks of Compose projects. */
export const composeChecks: Check[] = [
  {
    id: "services.compose",
    about:
      "whether Compose accepts each project, and whether the VM has what the project mounts, publishes and depends on",
    why: "otherwise an error of Compose or Docker shows only in the VM, after the box is built and the VM has booted",
    check: (host, config) => config.machines.flatMap((machine) => machineVerdicts(machine, config, host)),
  },
];

function machineVerdicts(machine: ResolvedMachine, config: Resolved, host: Host): Verdict[] {
  const { services, projects = [], unset } = config;
  const stacks = projects.filter((project) => project.machine === machine.name);
  const inSwarm = config.swarm?.manager === machine.name ? config.swarm.projects ?? [] : [];
  const own = services.filter((service) => service.machine === machine.name);
  const all = [...stacks, ...(own.length > 0 ? [inlineProject(own, machine.name)] : [])];
  const verdicts = [
    ...all.flatMap((project) => projectVerdicts(project, machine, all, config)),
    ...inSwarm.flatMap((project) => projectVerdicts(project, machine, inSwarm, config)),
  ];
  const read = [...stacks, ...inSwarm];
  const unasked = read.filter(({ readBy, noAnswer }) => readBy === "reader" && noAnswer === undefined);
  const reasons = [...new Set(read.flatMap(({ noAnswer }) => noAnswer ?? []))];
  const unknown = [
    ...(unasked.length > 0 ? [notAsked(unasked, host)] : []),
    ...reasons.map((reason) => noAnswer(read.filter((stack) => stack.noAnswer === reason), reason)),
  ];
  const inline = [...inlineShape(own), ...inlineUnset(unset?.get(machine.name) ?? [])];
  const sizes = [...config.stacks ?? [], ...config.swarm?.stacks ?? []].filter((stack) =>
    stack.machine === machine.name
  ).flatMap((stack) => sizeVerdicts(stack, machine));
  return [...inline, ...verdicts, ...collisions(all), ...sizes, ...unknown].map((verdict) => ({
    machine: machine.name,
    ...verdict,
  }));
}

/** The inline services of the config as one more project, named `homelab-gpu` in the VM. */
export function inlineProject(services: Service[], machine: string): ComposeProject {
  const model = { services: Object.fromEntries(services.map(({ name, body }) => [name, body])) };
  return {
    ...{ name: "services", machine, folder: "/", files: [], profiles: [], inline: true, readBy: "reader" },
    ...{ model, enabled: enabledServices(model, []), refusals: [], unsetVariables: [], paths: {}, texts: {} },
  };
}

/**
 * Keys and types of inline services that Compose refuses. Values that contain variables are
 * skipped, since only Compose can resolve them.
 */
function inlineShape(services: Service[]): Verdict[] {
  const data = { services: Object.fromEntries(services.map(({ name, body }) => [name, body])) };
  const flaws = shapeFlaws(data).filter(({ path }) => !String(valueAt(data, path) ?? "").includes("$"));
  return flaws.map((flaw): Verdict => ({
    status: "fail",
    message: flaw.message,
    evidence: [{ read: "the config", value: flaw.path.join(".") }],
    fix: [manualFix(flaw.mend ?? correctionOf(data, flaw, serviceKeys) ?? `Correct ${flaw.path.join(".")}`)],
  }));
}

/** Variables of inline services that have no value. */
function inlineUnset(unset: string[]): Verdict[] {
  return unset.map((one): Verdict => {
    const [service, name] = one.split(": ");
    const secret = isSecretName(name!);
    return {
      status: "warn",
      message: `services: ${name} of ${service} has no value: ${
        secret ? "the service starts with an empty password or key" : "Compose replaces it with an empty string"
      }`,
      evidence: [{ read: `services.${service}`, value: `\${${name}}` }],
      fix: [manualFix(`Set ${name} in .env next to the config, or write a default: \${${name}:-…}`)],
    };
  });
}

function projectVerdicts(
  project: ComposeProject,
  machine: ResolvedMachine,
  all: ComposeProject[],
  config: Resolved,
): Verdict[] {
  const others = all.filter((other) => other !== project);
  const asks = (one: ComposeProject) => startedOf(one).some(([, body]) => asksForGpu({ body }));
  const asksHere = (service: Service) => service.machine === machine.name && asksForGpu(service);
  const found = [
    ...(project.model ? projectFlaws(project, machine, others) : []),
    ...(project.inSwarm ? externalFlaws(project, enabledOf(project), all) : []),
    ...newKeyFlaws(project, machine, config),
    ...ipv6Flaws(project, machine, config),
    ...(project.inline ? [] : podmanFlaws(project, machine)),
    ...valueFlaws(project, machine, config),
    // a node with a card may be another machine
    ...(project.inSwarm ? [] : unusedGpuFlaws(project, machine, all.some(asks) || config.services.some(asksHere))),
  ];
  const unread = (project.unread ?? []).map((why): Verdict => ({
    ...verdictOf(project, { status: "unknown", message: `a file could not be checked: ${why}` }),
    unread: true,
  }));
  const flaws = [...unread, ...found.map((flaw) => verdictOf(project, flaw))];
  if (project.inline) return flaws;
  const places = flaws.filter(({ status }) => status === "fail").flatMap(({ evidence }) =>
    evidence.map(({ read }) => read)
  );
  // of two errors at one place, or about one undefined name, ours says what to do
  const isOurs = (problem: ProjectProblem) => {
    const { message } = problem;
    if (isBackslashed(problem)) return flaws.some(({ message }) => /backslash/.test(message));
    if (/refers to undefined network *$/.test(message)) return flaws.some(({ message }) => ofNameless.test(message));
    const [, undefinedName] = /refers to undefined (?:volume|network|config|secret) (\S+?):?(?=\s|$)/.exec(message) ??
      [];
    if (/env file +not found/.test(message)) return flaws.some(({ message }) => message.includes("an empty env_file"));
    if (/can't set distinct values on/.test(message)) {
      return flaws.some(({ message }) => message.endsWith("Compose refuses that as two values"));
    }
    const [, absentEnv] = /env file (\S+) not found/.exec(message) ?? [];
    const names = undefinedName ?? absentEnv?.split("/").at(-1);
    return names !== undefined &&
      flaws.some(({ status, message }) =>
        status === "fail" && message.includes(names) && (absentEnv === undefined || /\benv files? /.test(message))
      );
  };
  const required = requiredVerdict(project, project.refusals);
  const refusals = project.refusals.filter(({ variable }) => !required || variable === undefined);
  const refused = refusals.map((problem) => ({ problem, verdict: refusal(project, problem, machine) })).filter((
    { problem, verdict: { evidence: [place] } },
  ) =>
    project.readBy !== "compose" || problem.mend !== undefined ||
    (!places.includes(place!.read) && !isOurs(problem))
  );
  const own = [...(required ? [required] : []), ...refused.map(({ verdict }) => verdict), ...flaws];
  if (project.readBy === "reader" || project.noAnswer !== undefined) return own;
  if (own.some(({ status }) => status === "fail")) return own;
  const count = enabledOf(project).length;
  return [...own, {
    status: "pass",
    message: `${project.name}: Compose ${project.composeVersion ?? ""} accepts it, ${count} service${
      count === 1 ? "" : "s"
    }`,
    evidence: [{ read: "docker compose config", value: enabledOf(project).map(([name]) => name).join(", ") || "none" }],
  }];
}

/** A refusal of Compose, with its own message and place. */
function refusal(
  project: ComposeProject,
  { message, file, line, variable, mend }: ProjectProblem,
  machine: ResolvedMachine,
): Verdict {
  const [, other] = /depends on undefined service "([^"]+)"/.exec(message) ?? [];
  const [, property] = /propert(?:y|ies) '?([\w.-]+)'? (?:is |are )?not allowed/.exec(message) ?? [];
  const named = other === undefined ? undefined : project.model?.services[other];
  const profiles = named && Array.isArray(named.profiles) ? named.profiles : [];
  const service = serviceOfRefusal(message);
  const place = other !== undefined && service !== undefined
    ? placeOf(project, [`service:${other}`, `- ${other}`, `${other}:`, other], service)
    : file === undefined
    ? project.name
    : `${project.name}/${file}${line === undefined ? "" : `:${line}`}`;
  const fix: Fix[] = variable !== undefined
    ? [manualFix(copyOfEnv(project, [variable]) ?? `Set ${variable} in ${envOf(project)}`)]
    : profiles.length > 0
    ? [manualFix(`Enable the profile that starts ${other}: ${withProfile(project, profiles[0])}`)]
    : other !== undefined
    ? [manualFix(addService(project, machine, other))]
    : /git remote resource is disabled/.test(message)
    ? [manualFix("Copy the included file into the project, and write its path there (./…)")]
    : mend !== undefined
    ? [manualFix(mend)]
    : property !== undefined
    ? [manualFix(`Correct the key ${property}, or remove it`)]
    : file !== undefined
    ? [manualFix(`Correct ${place}`)]
    : [];
  return {
    status: "fail",
    message: `${project.name}: ${
      profiles.length > 0 ? `${service ?? "a service"} depends on ${other}, which no active profile starts` : message
    }`,
    evidence: [{ read: place, value: message }],
    ...(fix.length > 0 ? { fix } : {}),
  };
}

/** Reports that Compose did not answer for these projects, with the reason. */
function noAnswer(projects: ComposeProject[], reason: string): Verdict {
  return {
    status: "unknown",
    message: `could not check whether Compose accepts ${projects.map(({ name }) => name).join(", ")}: ${reason}`,
    evidence: [{ read: "docker compose config", value: reason }],
    ...(projects.every(({ readBy }) => readBy === "none") ? { unread: true } : {}),
  };
}

/** Reports that only the built-in reader read these projects, and how this host gets Compose. */
function notAsked(projects: ComposeProject[], host: Host): Verdict {
  const names = projects.map(({ name }) => name).join(", ");
  return {
    status: "unknown",
    message: `could not check whether Compose accepts ${names}: this host has no Compose 2`,
    evidence: [{ read: "docker compose version", value: "none" }],
    fix: [composeInstallFix(host)],
  };
}

/**
 * How to install Compose 2 without a daemon on a host: its distribution's package, as of 2026-11-26
 * (packages.debian.org, packages.ubuntu.com, packages.fedoraproject.org, archlinux.org;
 * formulae.brew.sh). Debian 12 has version 1.
 */
function composeInstallFix(host: Host): Fix {
  const title = "Install Compose: on this host it only reads the project";
  const apt = (name: string) => commandFix(title, `apt-get update && apt-get install -y ${name}`, { root: true });
  const { id = "", version = "0", platform } = host.os;
  if (platform === "macos") return commandFix(title, "brew install docker-compose");
  if (isLike(host, "ubuntu")) return apt("docker-compose-v2");
  if (id === "debian" && !isOlder(version, "13")) return apt("docker-compose");
  if (id === "fedora") return commandFix(title, "dnf install -y docker-compose", { root: true });
  if (program(host, "pacman")) {
    return commandFix(title, "pacman -S --needed --noconfirm docker-compose", { root: true });
  }
  return manualFix(`${title}: docker-compose-plugin of https://docs.docker.com/compose/install/linux/`, { root: true });
}
