/** What runs containers in the guest, and the services in it. */
import { guestWord } from "../render.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { causeOf, engineOf, type Facts, type LayerResult } from "./guest-facts.mts";

/** Docker or Podman answers; without services it need not be there. */
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
    fix: [commandFix("Look at its log", `npx zx homelab-gpu.mts ssh ${machine} -- sudo journalctl -u ${program}`)],
  };
}

/** A service runs, or ran to its end where it shall; else how it fails, its log, and what that log is known to mean. */
export function serviceLayer(facts: Facts, machine: string, name: string): LayerResult {
  const check = "verify.service";
  const state = facts.all("service").find((value) => value.startsWith(`${name} `))?.split(" ");
  const evidence = facts.log(`service-log-${name}`, `log of ${name}`);
  if (!state) return { check, status: "fail", message: `service ${name} is not there`, evidence };
  const [
    ,
    status = "in an unknown state",
    code = "unknown",
    restarts = "0",
    health = "of unknown health",
    policy,
    container,
  ] = state;
  const inGuest = `npx zx homelab-gpu.mts ssh ${machine} -- sudo ${engineOf(facts).program}`;
  const pass = (says: string): LayerResult => ({ check, status: "pass", message: `service ${name} ${says}` });
  const fail = (says: string): LayerResult => {
    const cause = causeOf(facts.all(`service-log-${name}`));
    return {
      ...{ check, status: "fail", message: `service ${name} ${says}${cause ? `: ${cause.says}` : ""}`, evidence },
      fix: [
        ...(cause?.fix ?? []),
        container === undefined
          ? commandFix("See what runs there", `${inGuest} ps -a`)
          : commandFix("Look at its whole log", `${inGuest} logs ${guestWord(container)}`),
      ],
    };
  };
  if (status === "exited" && code === "0" && (policy === "no" || policy === "on-failure")) {
    return pass("ran to its end");
  }
  if (status === "running" && restarts !== "0") return fail(`falls over again and again (restarted ${restarts} times)`);
  if (status === "running" && (health === "none" || health === "healthy")) {
    return pass(health === "healthy" ? "runs, healthy" : "runs");
  }
  if (status === "running") return fail(`runs and is ${health}`);
  return fail(`is ${status}${status === "exited" ? ` with code ${code}` : ""}`);
}
