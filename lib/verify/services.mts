/** Checks the guest's container engine and its services. */
import { guestWord } from "../render.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { causeOf, engineOf, type Facts, type LayerResult } from "./guest-facts.mts";
import { self } from "../self.mts";

/** Checks that Docker or Podman answers; without services it may be missing. */
export function engineLayer(facts: Facts, machine: string, services: number): LayerResult {
  const check = "verify.docker";
  const { program, title } = engineOf(facts);
  const state = facts.one("engine-state");
  if (state === "running") {
    return { check, status: "pass", message: `${title} ${facts.one("engine-version") ?? ""} answers` };
  }
  if (state === "missing") {
    return services === 0 ? { check, status: "skip", message: `no ${title}, and no services` } : {
      ...{ check, status: "fail", message: `${title} is not in this box` },
      fix: [manualFix(`Build the box with image:, which installs ${title}`)],
    };
  }
  return {
    ...{
      check,
      status: "fail",
      message: `${title} does not answer`,
      evidence: facts.log("engine-log", `${program} log`),
    },
    fix: [commandFix("Read its log", self(`ssh ${machine} -- sudo journalctl -u ${program}`))],
  };
}

/** Checks that a stack was started; otherwise reports Compose's error. */
export function stackLayer(facts: Facts, machine: string, name: string): LayerResult {
  const check = "verify.stack";
  const services = servicesOfStack(facts, name);
  if (facts.all("stack-failed").includes(name)) {
    const lines = facts.all(`stack-log-${name}`);
    const cause = causeOf(lines);
    const last = lines.filter((line) => line.trim() !== "").at(-1);
    return {
      ...{ check, status: "fail", evidence: facts.log(`stack-log-${name}`, `Compose on ${name}`) },
      message: `stack ${name} could not be started: ${cause?.message ?? last ?? "Compose printed no reason"}`,
      fix: [
        ...(cause?.fix ?? []),
        commandFix(
          "List its containers",
          self(
            `ssh ${machine} -- sudo ${engineOf(facts).program} ps -a --filter label=com.docker.compose.project=${name}`,
          ),
        ),
      ],
    };
  }
  return facts.all("stack").some((value) => value.startsWith(`${name} `))
    ? { check, status: "pass", message: `stack ${name} was started: ${services.length} services` }
    : { check, status: "fail", message: `stack ${name} was not applied` };
}

/** The names STACK/SERVICE of a stack's services that have a container. */
export function servicesOfStack(facts: Facts, stack: string): string[] {
  const names = facts.all("service").map((value) => value.split(" ")[0]!);
  return [...new Set(names.filter((name) => name.startsWith(`${stack}/`)))].sort();
}

/** The facts that a guest reported about a service. */
export interface SeenService {
  /** The service's name; for a stack, STACK/SERVICE. */
  name: string;
  /** `running`, `running (healthy)`, `exited with code 3`. */
  state: string;
  /** The result of its health check: `healthy`, `unhealthy`, `starting`; null if it has none. */
  health: string | null;
  /** Published TCP ports on the VM. */
  ports: number[];
  /** Those of `ports` that lead to a port for HTTPS in the container. */
  httpsPorts: number[];
  /** TCP ports published on 127.0.0.1 or ::1, which only programs in the VM can reach. */
  loopbackPorts: number[];
  /** Published UDP ports on the VM. */
  udpPorts: number[];
  /** Names of the GPUs that its container sees. */
  gpus: string[];
}

/** Container ports that are assumed to use HTTPS: 443, and the usual alternatives. */
const httpsPorts = ["443/tcp", "8443/tcp", "9443/tcp"];

/** The published ports from lines SERVICE ADDRESS PORT CONTAINER-PORT, each once, in order. */
const publishedPorts = (lines: string[][]) =>
  [...new Set(lines.map(([, , port]) => Number(port)))].sort((a, b) => a - b);

/** The services that have a container in a guest, from the output of verify-guest.sh. */
export function seenServices(facts: Facts): SeenService[] {
  const running = new Map<string, number>();
  return facts.all("service").map((value) => {
    const [name = "", status = "", code = "", , health = "none"] = value.split(" ");
    // verify-guest.sh numbers the running containers
    const place = status === "running" ? (running.get(name) ?? 0) + 1 : 0;
    if (place > 0) running.set(name, place);
    const key = place === 1 ? name : `${name}#${place}`;
    const published = facts.all("port").map((one) => one.split(" ")).filter(([service]) => service === name);
    const isLoopback = ([, address = ""]: string[]) => /^(127\.|::1$)/.test(address);
    const isOf = (protocol: string) => ([, , , port]: string[]) => port?.endsWith(`/${protocol}`) ?? false;
    const tcp = published.filter(isOf("tcp"));
    const ports = tcp.filter((one) => !isLoopback(one));
    const open = publishedPorts(ports);
    const names = facts.all(`gpu-found-${key}`).map((line) => line.replace(/^GPU \d+: /, ""));
    const nodes = facts.one(`gpu-nodes-${key}`)?.split(" ").filter((node) => /^(nvidia\d|dxg)/.test(node)) ?? [];
    return {
      name,
      state: status === "exited"
        ? (code === "0" ? "ended" : `exited with code ${code}`)
        : health === "none"
        ? status
        : `${status} (${health})`,
      health: health === "none" ? null : health,
      ports: open,
      httpsPorts: publishedPorts(ports.filter(([, , , port]) => httpsPorts.includes(port!))),
      loopbackPorts: publishedPorts(tcp.filter(isLoopback)).filter((port) => !open.includes(port)),
      udpPorts: publishedPorts(published.filter(isOf("udp")).filter((one) => !isLoopback(one))),
      gpus: names.length > 0 ? names : nodes.map((node) => `/dev/${node}`),
    };
  });
}

/**
 * Checks that a service runs, or has completed if it is meant to. Otherwise reports its state, its
 * log, and what that log means, if known.
 */
export function serviceLayer(facts: Facts, machine: string, name: string): LayerResult {
  const check = "verify.service";
  const evidence = facts.log(`service-log-${name}`, `log of ${name}`);
  const states = facts.all("service").filter((value) => value.startsWith(`${name} `));
  if (states.length === 0) return { check, status: "fail", message: `service ${name} does not exist`, evidence };
  // of several containers of a service, the worst one counts
  const judged = states.map((state) => containerLayer(facts, machine, name, state.split(" ")));
  return judged.find(({ status }) => status === "fail") ?? judged.find(({ status }) => status !== "pass") ?? judged[0]!;
}

/** The result for one container of a service. `state`: the words of its line in the guest's report. */
function containerLayer(facts: Facts, machine: string, name: string, state: string[]): LayerResult {
  const check = "verify.service";
  const evidence = facts.log(`service-log-${name}`, `log of ${name}`);
  const [
    ,
    status = "in an unknown state",
    code = "unknown",
    restarts = "0",
    health = "of unknown health",
    policy,
    container,
  ] = state;
  const inGuest = self(`ssh ${machine} -- sudo ${engineOf(facts).program}`);
  const pass = (says: string): LayerResult => ({ check, status: "pass", message: `service ${name} ${says}` });
  const fail = (says: string): LayerResult => {
    const cause = causeOf(facts.all(`service-log-${name}`));
    return {
      ...{ check, status: "fail", message: `service ${name} ${says}${cause ? `: ${cause.message}` : ""}`, evidence },
      fix: [
        ...(cause?.fix ?? []),
        container === undefined
          ? commandFix("List the containers of the VM", `${inGuest} ps -a`)
          : commandFix("Read its whole log", `${inGuest} logs ${guestWord(container)}`),
      ],
    };
  };
  if (status === "exited" && code === "0" && (policy === "no" || policy === "on-failure")) {
    return pass("ran to its end");
  }
  if (status === "running" && restarts !== "0") return fail(`keeps restarting (${restarts} times)`);
  if (status === "running" && (health === "none" || health === "healthy")) {
    return pass(health === "healthy" ? "runs, healthy" : "runs");
  }
  if (status === "running" && health === "starting") {
    return {
      ...{ check, status: "unknown", evidence },
      message: `service ${name} is not ready yet: it runs, but its health check has no result`,
      fix: [commandFix("Check again later", self("verify"))],
    };
  }
  if (status === "running") return fail(`runs, but is ${health}`);
  return fail(`is ${status}${status === "exited" ? ` with code ${code}` : ""}`);
}
