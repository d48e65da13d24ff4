/** Checks the layers from an NVIDIA card on the guest's PCI bus up to the GPU in a container. */
import type { Fix } from "../findings.mts";
import { guestWord } from "../render.mts";
import { commandFix, guestFix, headers, manualFix, toolkit } from "../fixes.mts";
import { causeOf, engineOf, type Facts, type LayerResult } from "./guest-facts.mts";
import { judgeContainers, type ServiceContainer } from "./service-containers.mts";
import { self } from "../self.mts";

const again = manualFix("Rebuild the box with gpu:, which installs the driver");
const noNouveau = manualFix(
  "Blacklist nouveau (/etc/modprobe.d: blacklist nouveau), rebuild the initramfs, reboot the VM",
);
const dkms = guestFix("Find out for which kernels it was built", "dkms status");

/**
 * Checks that a kernel module of NVIDIA drives the card, and reports its version and kind, or why
 * it does not.
 */
export function moduleLayer(facts: Facts): LayerResult {
  const check = "verify.module";
  if (facts.one("expected") !== "nvidia") {
    return {
      check,
      status: "unknown",
      message: "the NVIDIA driver was not checked in the VM",
    };
  }
  const kernel = facts.one("kernel") ?? "unknown";
  const drivers = facts.all("pci").map((line) => line.split(" ")).filter(([, code, ids]) =>
    code?.startsWith("03") && ids?.startsWith("10de:")
  );
  const evidence = [
    ...drivers.map(([at, , , driver]) => ({ read: `driver of ${at} in the VM`, value: driver ?? "none" })),
    { read: "/proc/modules in the VM", value: facts.one("modules") || "neither nvidia nor nouveau" },
    ...facts.all("dkms").map((value) => ({ read: "dkms status in the VM", value })),
  ];
  const fail = (message: string, fix: Fix[], log: LayerResult["evidence"] = []): LayerResult => ({
    ...{ check, status: "fail", message, evidence: [...evidence, ...log], fix },
  });

  const [version, kind] = facts.one("nvidia-loaded")?.split(" ") ?? [];
  if (version && drivers.every(([, , , driver]) => driver === "nvidia")) {
    return { check, status: "pass", message: `nvidia ${version} (${kind} modules) has the card`, evidence };
  }
  const loaded = facts.one("modules")?.split(" ") ?? [];
  if (drivers.some(([, , , driver]) => driver === "nouveau") || (!version && loaded.includes("nouveau"))) {
    return fail("nouveau has the card, not NVIDIA's driver", [noNouveau]);
  }
  const kernelLog = facts.log("kernel-log", "kernel log of the VM");
  const cause = causeOf([...facts.all("modprobe-log"), ...facts.all("kernel-log")]);
  if (version) {
    const why = cause ? `: ${cause.message}` : "";
    return fail(
      `nvidia ${version} (${kind} modules) is loaded, but has not bound the card${why}`,
      cause?.fix ?? [],
      kernelLog,
    );
  }

  const log = [...facts.log("modprobe-log", "modprobe nvidia in the VM"), ...kernelLog];
  if (facts.one("nvidia-built")) {
    if (facts.one("secure-boot") === "on") {
      return fail(
        "Secure Boot is on in the VM and refuses NVIDIA's module: the firmware does not know its signing key",
        [
          manualFix("Use a firmware without Secure Boot for the VM, as homelab-gpu configures it"),
        ],
        log,
      );
    }
    return fail(
      `NVIDIA's module cannot be loaded${cause ? `: ${cause.message}` : ""}`,
      cause?.fix ?? [
        guestFix("Load it to see its error", "modprobe nvidia"),
      ],
      log,
    );
  }
  // nvidia-current/535.261.03, 6.1.0-50-amd64, x86_64: installed; DKMS 2 prints a comma instead of
  // the slash
  const built = facts.all("dkms").filter((line) => line.includes(": installed")).map((line) =>
    line.split(", ").at(-2) ?? ""
  );
  const without = facts.one("headers") === "no" ? ", and its headers are missing" : "";
  if (built.length > 0) {
    return fail(
      `the kernel is ${kernel}, but NVIDIA's module was built for ${built.join(", ")} before an upgrade${without}`,
      [...(without ? [manualFix(headers)] : [guestFix("Build it for this kernel", "dkms autoinstall")]), again],
    );
  }
  if (without && facts.all("dkms").length > 0) {
    return fail(`no NVIDIA module for the kernel ${kernel}: its headers are missing`, [manualFix(headers)]);
  }
  return facts.all("dkms").length > 0
    ? fail(`no NVIDIA module for the kernel ${kernel}: DKMS has its source, but has not built it`, [
      guestFix("Build it to see its error", "dkms autoinstall"),
      dkms,
    ])
    : fail("this box has no NVIDIA driver", [again]);
}

/** Checks that `nvidia-smi -L` in the VM lists as many GPUs as the VM has cards. */
export function smiLayer(facts: Facts, cards: number): LayerResult {
  const check = "verify.smi";
  const found = facts.all("smi-gpu");
  const code = facts.one("smi");
  const evidence = facts.log("smi-log", "nvidia-smi -L in the VM");
  if (code === undefined) return { check, status: "unknown", message: "nvidia-smi was not run in the VM" };
  if (code === "missing") return { check, status: "fail", message: "nvidia-smi is not in this box", fix: [again] };
  if (code === "0" && found.length >= cards) {
    return { check, status: "pass", message: `nvidia-smi shows ${found.map(named).join(", ")}` };
  }
  const cause = causeOf([...facts.all("smi-log"), ...facts.all("kernel-log")]);
  const kernelLog = facts.log("kernel-log", "kernel log of the VM");
  const message = code === "0" && found.length > 0
    ? `nvidia-smi shows ${found.length} of ${cards} GPUs`
    : code === "124"
    ? "nvidia-smi does not answer within a minute"
    : "nvidia-smi shows no GPU in the VM";
  return {
    ...{ check, status: "fail", message: `${message}${cause ? `: ${cause.message}` : ""}` },
    ...{ evidence: [...evidence, ...kernelLog], fix: cause?.fix ?? [dkms] },
  };
}

/** Checks that the Container Toolkit is installed and that the engine can use the GPUs with it. */
export function toolkitLayer(facts: Facts): LayerResult {
  const check = "verify.toolkit";
  const version = facts.one("toolkit");
  if (version === undefined) return { check, status: "unknown", message: "NVIDIA's toolkit was not checked" };
  if (version === "missing") {
    return { check, status: "fail", message: "the NVIDIA Container Toolkit is not in this box", fix: toolkit };
  }
  return {
    check,
    ...(engineOf(facts).program === "podman" || facts.one("dxg")
      ? cdiResult(facts, version)
      : dockerResult(facts, version)),
  };
}

const generateCdi = guestFix(
  "Generate the CDI specification again",
  "nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml",
);

/**
 * Checks that the CDI specification contains GPUs. It lists the devices that existed when it was
 * generated, so it can be older than the card.
 */
function cdiResult(facts: Facts, version: string): Omit<LayerResult, "check"> {
  const names = facts.one("cdi");
  const evidence = [{ read: "nvidia-ctk cdi list in the VM", value: names ?? "not read" }];
  if (names === undefined) {
    return { status: "unknown", message: "could not read which GPUs the CDI specification names", evidence };
  }
  if (names === "") {
    return {
      ...{ status: "fail", evidence },
      message: `the CDI specification, by which ${
        facts.one("dxg") ? "containers find GPU partitions" : "Podman finds GPUs"
      }, names none`,
      fix: [generateCdi],
    };
  }
  return { status: "pass", message: `NVIDIA Container Toolkit ${version}, and CDI names ${names}`, evidence };
}

/** Checks that Docker was restarted after the toolkit was installed, and has its runtime. */
function dockerResult(facts: Facts, version: string): Omit<LayerResult, "check"> {
  const names = facts.one("runtimes")?.trim().split(" ") ?? [];
  const restart = [guestFix("Restart Docker: it looks for GPUs only at its start", "systemctl restart docker")];
  const evidence = [{ read: "docker info in the VM", value: `runtimes ${names.join(", ") || "not read"}` }];
  const [came, since] = [facts.one("toolkit-since"), facts.one("docker-since")].map(Number);
  if (facts.one("runtimes") === undefined) {
    return { status: "unknown", message: "could not read which runtimes Docker has", evidence };
  }
  if ((facts.one("daemon-json") === "nvidia" && !names.includes("nvidia")) || since! < came!) {
    const message = "Docker was not restarted after NVIDIA's toolkit was installed, and does not use it";
    return { status: "fail", message, evidence, fix: restart };
  }
  const text = `NVIDIA Container Toolkit ${version}`;
  return names.includes("nvidia")
    ? { status: "pass", message: `${text}, and Docker has the runtime nvidia`, evidence }
    : {
      ...{ status: "warn", evidence, fix: toolkit.slice(1) },
      message: `${text}; Docker has no runtime nvidia: runtime: nvidia needs it, GPU reservations of Compose do not`,
    };
}

/** Checks that `nvidia-smi -L` lists the requested number of GPUs in each container of a service with a GPU request. */
export function gpuLayer(facts: Facts, machine: string, service: string, wanted: number | "all"): LayerResult {
  return judgeContainers(facts, "gpu", service, (one) => containerGpu(facts, machine, one, wanted));
}

function containerGpu(
  facts: Facts,
  machine: string,
  { key, name, container }: ServiceContainer,
  wanted: number | "all",
): LayerResult {
  const check = "verify.gpu";
  const found = facts.all(`gpu-found-${key}`);
  const code = facts.one(`gpu-${key}`);
  const lines = facts.all(`gpu-log-${key}`);
  const evidence = facts.log(`gpu-log-${key}`, `nvidia-smi -L in ${name}`);
  if (code === undefined) {
    return facts.one("expected") === "nvidia"
      ? { check, status: "skip", message: `not checked: service ${name} is no longer running` }
      : { check, status: "unknown", message: `the GPU of ${name} was not checked` };
  }
  const count = wanted === "all" ? facts.all("smi-gpu").length : wanted;
  if (code === "0" && found.length === count) {
    return { check, status: "pass", message: `service ${name} has ${found.map(named).join(", ")}` };
  }
  if (code === "0" && found.length > 0) {
    const fix = [
      manualFix(
        engineOf(facts).program === "podman"
          ? "Check that the container was created from this Compose file"
          : "Check that the container was created from this Compose file, and that Docker's default runtime is nvidia",
      ),
    ];
    return {
      check,
      status: "fail",
      message: `service ${name} has ${found.length} GPUs, but asked for ${wanted}`,
      evidence,
      fix,
    };
  }
  const see = commandFix(
    "Show its settings",
    self(`ssh ${machine} -- sudo ${engineOf(facts).program} inspect ${guestWord(container)}`),
  );
  const nodes = facts.one(`gpu-nodes-${key}`)?.split(" ").filter((node) => /^(nvidia\d+|dxg)$/.test(node)) ?? [];
  // crun, which Podman uses, names the program between: executable file `nvidia-smi` not found
  const missing = lines.some((line) => /executable file (`[^`]*` )?not found/.test(line));
  const without = missing || lines.some((line) => /no such file or directory/.test(line));
  const byCdi = engineOf(facts).program === "podman";
  if (without && nodes.length > 0 && (nodes.includes("dxg") || nodes.length === count)) {
    const paths = nodes.map((node) => `/dev/${node}`).join(", ");
    return {
      ...{ check, status: "pass", message: `service ${name} has ${paths}; its image has no nvidia-smi` },
      evidence: [{ read: `/dev in ${name}`, value: nodes.join(", ") }],
    };
  }
  if (missing) {
    return {
      ...{
        check,
        status: "fail",
        message: `service ${name} has no nvidia-smi: it got no GPU${byCdi ? "" : ", or not the capability utility"}`,
        evidence,
      },
      fix: byCdi ? [generateCdi, see] : [
        manualFix("Add utility to the capabilities of its reservation, or to NVIDIA_DRIVER_CAPABILITIES"),
        ...toolkit.slice(1),
        see,
      ],
    };
  }
  if (lines.some((line) => /nvidia-smi: no such file or directory|required file not found/.test(line))) {
    const message =
      `nvidia-smi cannot run in ${name}: its image has musl, for example Alpine, but NVIDIA's programs need glibc`;
    return {
      check,
      status: "fail",
      message,
      evidence,
      fix: [manualFix("Use a Debian or Ubuntu image for that service")],
    };
  }
  const cause = causeOf(lines);
  const message = `service ${name} sees no GPU${cause ? `: ${cause.message}` : ""}`;
  return { check, status: "fail", message: message, evidence, fix: cause?.fix ?? [see] };
}

/** `GPU 0: NVIDIA H200` → `NVIDIA H200`. */
function named(line: string): string {
  return line.replace(/^GPU \d+: /, "");
}
