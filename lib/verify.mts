import type { Finding, Fix, PciFunction } from "./types.mts";
import { described } from "./pci.mts";

/** A guest as verify-guest.sh saw it, judged. */
export interface Verified {
  findings: Finding[];
  /** SHA-256 of the Compose file that was applied last. */
  services?: string;
}

/** A function that went to a VM: as the host has it, and the guest's BDF for it where that is known. */
export interface Passed {
  fn: PciFunction;
  guest?: string;
}

/**
 * What `verify-guest.sh` printed → its layers, from the first: SSH, the card's functions, Docker, each service. Once a layer fails,
 * those above it are `skip`, so that the one `fail` is what to mend.
 *
 * `services` are the names that the config wants to run there, `passed` the functions that it has; `text` is undefined if the guest
 * could not be reached.
 */
export function verified(
  machine: string,
  text: string | undefined,
  services: string[],
  passed: Passed[] = [],
): Verified {
  const facts = (text ?? "").split("\n").map((line) => /^([^:]+):(.*)$/.exec(line)).flatMap((
    found,
  ) => (found ? [[found[1]!, found[2]!] as const] : []));
  const one = (key: string) => facts.find(([name]) => name === key)?.[1];
  const log = (key: string) => facts.filter(([name]) => name === key).map(([, value]) => value).slice(-8);
  const reached = text?.startsWith("homelab-gpu-verify 1\n") && one("end") === "yes";

  let failed = false;
  const layer = (
    check: string,
    status: Finding["status"],
    says: string,
    evidence: Finding["evidence"] = [],
    fix: Fix[] = [],
  ): Finding => {
    const skipped = failed && status !== "skip";
    failed ||= status === "fail";
    return skipped
      ? { check, machine, status: "skip", says: "not looked at: a layer below it fails", evidence: [], fix: [] }
      : { check, machine, status, says, evidence, fix };
  };

  const findings: Finding[] = [];
  findings.push(
    reached
      ? layer("verify.ssh", "pass", `reached over SSH, kernel ${one("kernel") ?? "unknown"}`)
      : layer("verify.ssh", "fail", "cannot be reached over SSH", [], [
        hint("See what it does", `npx zx homelab-gpu.mts status`),
      ]),
  );
  if (passed.length > 0) findings.push(held(), seen());
  const docker = one("docker");
  if (docker === "running") {
    findings.push(layer("verify.docker", "pass", `Docker ${one("docker-version") ?? ""} answers`));
  } else if (services.length === 0 && docker === "missing") {
    findings.push(layer("verify.docker", "skip", "no Docker, and no services"));
  } else {
    const says = docker === "missing" ? "Docker is not in this box" : "Docker does not answer";
    const fix = docker === "missing"
      ? [hint("Build the box with image:, which installs Docker", null)]
      : [hint("Look at its log", `npx zx homelab-gpu.mts ssh ${machine} -- sudo journalctl -u docker`)];
    findings.push(
      layer("verify.docker", "fail", says, log("docker-log").map((value) => ({ read: "docker log", value })), fix),
    );
  }
  for (const name of services) findings.push(serviceLayer(name));
  return { findings, ...(one("services-file") ? { services: one("services-file")! } : {}) };

  /** On the host: VFIO has the functions. */
  function held(): Finding {
    const others = passed.filter(({ fn }) => fn.driver !== "vfio-pci");
    const evidence = passed.map(({ fn }) => ({
      read: `/sys/bus/pci/devices/${fn.bdf}/driver`,
      value: fn.driver ?? "none",
    }));
    return others.length === 0
      ? layer("verify.vfio", "pass", `vfio-pci has ${passed.map(({ fn }) => fn.bdf).join(", ")}`, evidence)
      : layer("verify.vfio", "fail", `${others.map(({ fn }) => fn.bdf).join(", ")} is not on vfio-pci`, evidence);
  }

  /** In the guest: each function with its ids and class, at the address that libvirt gave it. */
  function seen(): Finding {
    const there = facts.filter(([key]) => key === "pci").map(([, value]) => value.split(" "));
    // the guest's firmware numbers the buses in its own way; slot and function are those that libvirt gave
    const place = (address: string) => address.slice(address.lastIndexOf(":"));
    const found = passed.map(({ fn, guest }) => ({
      fn,
      at: there.find(([at, code, ids]) =>
        ids === `${fn.vendor}:${fn.device}` && code === fn.class &&
        (guest === undefined || place(at!) === place(guest))
      )?.[0],
    }));
    const missing = found.filter(({ at }) => !at);
    const evidence = [{
      read: "/sys/bus/pci/devices in the VM",
      value: there.map(([at, code, ids]) => `${at} [${code?.slice(0, 4)}] ${ids}`).join("; ") || "none",
    }];
    const at = found.map(({ fn, at }) => `${described(fn)} as ${at}`).join(", ");
    return missing.length === 0 ? layer("verify.pci", "pass", `the VM has ${at}`, evidence) : layer(
      "verify.pci",
      "fail",
      `not on the VM's PCI bus: ${missing.map(({ fn }) => described(fn)).join(", ")}`,
      evidence,
    );
  }

  function serviceLayer(name: string): Finding {
    const check = "verify.service";
    const state = facts.find(([key, value]) => key === "service" && value.startsWith(`${name} `))?.[1].split(" ");
    const evidence = log(`service-log-${name}`).map((value) => ({ read: `log of ${name}`, value }));
    if (!state) return layer(check, "fail", `service ${name} is not there`, evidence);
    const [, status, code, restarts, health, policy, container] = state;
    const fix = [
      hint("Look at its whole log", `npx zx homelab-gpu.mts ssh ${machine} -- sudo docker logs ${container}`),
    ];
    if (status === "exited" && code === "0" && policy === "no") {
      return layer(check, "pass", `service ${name} ran to its end`);
    }
    if (status === "running" && restarts !== "0") {
      return layer(
        check,
        "fail",
        `service ${name} falls over again and again (restarted ${restarts} times)`,
        evidence,
        fix,
      );
    }
    if (status === "running" && (health === "none" || health === "healthy")) {
      return layer(check, "pass", `service ${name} runs${health === "healthy" ? ", healthy" : ""}`);
    }
    if (status === "running") return layer(check, "fail", `service ${name} runs and is ${health}`, evidence, fix);
    return layer(
      check,
      "fail",
      `service ${name} is ${status}${status === "exited" ? ` with code ${code}` : ""}`,
      evidence,
      fix,
    );
  }
}

function hint(say: string, run: string | null): Fix {
  return { say, run, root: false, reboot: false, safe: false };
}
