/**
 * Checks the layers of an AMD or Intel card, from the guest's PCI bus up to its device nodes in a
 * container.
 */
import type { PciFunction } from "../host/pci-types.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { guestWord } from "../render.mts";
import { graphicsMakers, graphicsVendorOf } from "../resolve/graphics.mts";
import { joinList } from "../text.mts";
import { self } from "../self.mts";
import { causeOf, engineOf, type Facts, type LayerResult } from "./guest-facts.mts";
import { judgeContainers, type ServiceContainer } from "./service-containers.mts";

const again = manualFix("Rebuild the box with gpu: and image:, which installs the card's firmware");

/** The line of a function in the guest: its address and driver. */
function placeOf(facts: Facts, { vendor, device }: PciFunction): { at: string; driver: string } | undefined {
  const line = facts.all("pci").map((value) => value.split(" ")).find(([, , ids]) => ids === `${vendor}:${device}`);
  return line && { at: line[0]!, driver: line[3] ?? "none" };
}

/**
 * Checks that the kernel's own driver is bound to each card and created a render node for it; for
 * AMD cards also that /dev/kfd exists, which containers need to compute. `used`: a service requests
 * a card. Without such a service, a card may have no driver: old cards have none, and the user's
 * own box may lack it.
 */
export function graphicsLayer(facts: Facts, cards: PciFunction[], used: boolean): LayerResult {
  const check = "verify.module";
  if (facts.one("graphics") === undefined) {
    return { check, status: "unknown", message: "not read: verify-guest.sh did not look for a card by AMD or Intel" };
  }
  const nodes = new Map(facts.all("render").map((value) => value.split(" ") as [string, string]));
  const placed = cards.map((fn) => {
    const { at, driver } = placeOf(facts, fn) ?? { at: "", driver: "none" };
    return { maker: graphicsMakers[graphicsVendorOf(fn.vendor ?? "")!], at, driver, node: nodes.get(at) };
  });
  const evidence = [
    ...placed.map(({ at, driver }) => ({ read: `driver of ${at} in the VM`, value: driver })),
    { read: "/sys/class/drm in the VM", value: [...nodes.values()].join(", ") || "no render node" },
  ];
  const log = facts.log("graphics-log", "kernel log of the VM");
  const cause = causeOf(facts.all("graphics-log"));
  const why = cause ? `: ${cause.message}` : "";
  const fail = (message: string): LayerResult => ({
    ...{ check, status: "fail", message: `${message}${why}`, evidence: [...evidence, ...log] },
    fix: cause?.fix ?? [again],
  });
  const idle = placed.find(({ maker, driver }) => !maker.drivers.includes(driver));
  if (idle) {
    const { maker, at, driver } = idle;
    if (driver === "none" && !used) {
      return {
        check,
        status: "skip",
        message: `no driver has the ${maker.name} card at ${at}, and no service asks for it`,
      };
    }
    return fail(
      driver === "none"
        ? `no driver has the ${maker.name} card at ${at}`
        : `${driver} has the ${maker.name} card at ${at}, not ${joinList(maker.drivers, "or")}`,
    );
  }
  const without = placed.find(({ node }) => node === undefined);
  if (without) return fail(`${without.driver} has the card at ${without.at} and made no render node for it`);
  const message = joinList(placed.map(({ at, driver, node }) => `${driver} has the card at ${at} (/dev/dri/${node})`));
  if (placed.some(({ maker }) => maker.nodes.includes("/dev/kfd")) && facts.one("kfd") !== "yes") {
    return {
      ...{ check, status: "warn", message: `${message}; there is no /dev/kfd, by which containers compute${why}` },
      ...{ evidence: [...evidence, ...log], fix: cause?.fix ?? [] },
    };
  }
  return { check, status: "pass", message, evidence };
}

/**
 * Checks that each container of a service has the nodes of the cards, and that its user can open
 * them.
 */
export function graphicsGpuLayer(facts: Facts, machine: string, service: string): LayerResult {
  return judgeContainers(facts, "graphics-nodes", service, (one) => containerNodes(facts, machine, one));
}

function containerNodes(facts: Facts, machine: string, { key, name, container }: ServiceContainer): LayerResult {
  const check = "verify.gpu";
  const requestedNodes = facts.one(`graphics-asked-${key}`);
  const found = facts.one(`graphics-nodes-${key}`)?.split(" ").filter(Boolean) ?? [];
  const code = facts.one(`graphics-open-${key}`);
  if (facts.one("graphics") === undefined) {
    return { check, status: "unknown", message: `the GPU of ${name} was not checked` };
  }
  const see = commandFix(
    "Show its settings",
    self(`ssh ${machine} -- sudo ${engineOf(facts).program} inspect ${guestWord(container)}`),
  );
  const evidence = [
    { read: `devices of ${name}`, value: requestedNodes ?? "none of a card" },
    { read: `/dev in ${name}`, value: found.join(", ") || "none of a card" },
    ...facts.log(`graphics-log-${key}`, `opening them in ${name}`),
  ];
  const missing = [
    ...(requestedNodes?.split(" ").includes("/dev/kfd") && !found.includes("kfd") ? ["/dev/kfd"] : []),
    ...(found.some((node) => node.startsWith("dri/renderD")) ? [] : ["a render node of /dev/dri"]),
  ];
  if (requestedNodes === undefined || missing.length > 0) {
    const message = `service ${name} has no GPU: its container lacks ${joinList(missing, "and")}`;
    return { check, status: "fail", message, evidence, fix: [see] };
  }
  const nodes = joinList(found.map((node) => `/dev/${node}`));
  // the image has no shell to run the test
  if (code === "126" || code === "127") {
    return {
      check,
      status: "pass",
      message: `service ${name} has ${nodes}; it has no shell to open them with`,
      evidence,
    };
  }
  return code === "0" ? { check, status: "pass", message: `service ${name} can open ${nodes}`, evidence } : {
    ...{ check, status: "fail", message: `service ${name} has ${nodes}, and its user cannot open them`, evidence },
    fix: [manualFix('Write group_add: ["video", "render"] with the numbers of these groups in the VM, or user: root')],
  };
}
