import type { Finding, Fix } from "../../findings.mts";
import type { Host } from "../../host/types.mts";
import type { Step } from "../../plan/types.mts";
import { rebuildInitramfs } from "../../host/initramfs.mts";
import { isPrepare, neededForPrepare, outlastsPrepare, stopsPrepare } from "../../checks/before-prepare.mts";
import { notesFor } from "../../checks/index.mts";
import { UserError } from "../../errors.mts";
import { commandFix } from "../../fixes.mts";
import { shellCommand } from "../../render.mts";
import { joinList, wrap } from "../../text.mts";
import { acquireLock } from "../../run/lock.mts";
import { boundBy } from "../../plan/bound-already.mts";
import { leftToDo, ownFiles, type Preparation, preparationOf, stateDir } from "../../plan/prepare.mts";
import { applyScript } from "../../plan/prepare-scripts.mts";
import { isVfioDriver } from "../../resolve/cards.mts";
import { formatFinding, formatFindings, formatFix, inRootsPath } from "../print.mts";
import { confirmed } from "../confirm.mts";
import { runSteps } from "../../run/steps.mts";
import { type Context, hasNoSudo, log, logConfig, reporterOf, styleFor } from "../context.mts";
import { inspect } from "../inspect.mts";
import { loadConfig } from "../load-config.mts";

/** `prepare`: shows how to bind the cards to vfio-pci at boot; `--apply` does it, `--undo` reverts it. */
export async function prepare(context: Context): Promise<number> {
  const { shell, options } = context;
  if (options.apply && options.undo) throw new UserError("--apply and --undo exclude each other: use one of them");
  if (options.host && (options.apply || options.undo) && !options.dryRun) {
    throw new UserError("--host is about another machine: use --apply and --undo with it only together with -n");
  }
  if (options.undo) return await undo(context);
  const { loaded, host, resolved, findings } = await inspect(context, undefined, [], "never");
  logConfig(context, loaded.name);
  if (host.os.platform !== "linux") {
    log(context, "nothing to prepare: only a Linux host binds a card at boot");
    return 0;
  }
  const style = { ...styleFor(context, "out", host), notes: notesFor(host) };
  const stops = findings.filter((finding) => stopsPrepare(finding, host));
  if (stops.length > 0) {
    // a container where VMs run is only a warning elsewhere
    const refusals = stops.map((finding): Finding => ({ ...finding, status: "fail" }));
    shell.stdout(`${formatFindings(refusals, style).join("\n")}\n`);
    return 1;
  }
  const cards = resolved.machines.map(({ assignedFunctions }) => assignedFunctions);
  if (cards.some((passed) => !passed)) throw new UserError("could not read the PCI bus: the card is not known", 1);
  const passed = cards.flatMap((functions) => functions ?? []);
  if (passed.length === 0) {
    log(context, "nothing to prepare: the config requests no card");
    return 0;
  }
  const preparation = preparationOf(passed, host);
  const outlasting = findings.filter((finding) => outlastsPrepare(finding, host)).map((finding): Finding => ({
    ...finding,
    fix: finding.fix.filter((fix) => !isPrepare(fix)),
  }));
  const before = (all: Finding[]) => all.flatMap((finding) => [...formatFinding(finding, style), ""]);
  const off = outlasting.filter(({ check }) => check !== "gpu.display");
  if (off.length > 0) shell.stdout(`${before(off).join("\n")}\n`);
  const bound = passed.every(({ driver }) => isVfioDriver(driver ?? "")) &&
    joinList([...new Set(passed.map(({ driver }) => driver!))]);
  if (preparation.manual) return byHand(context, preparation, bound);
  // the files of this machine say nothing about another one
  const here = (path: string) => options.host ? undefined : shell.read(path);
  const texts = await Promise.all(ownFiles.map(async (path) => [path, await here(path)] as const));
  const fileTexts = Object.fromEntries(texts);
  const whole = (await here(`${stateDir}/done`)) !== undefined;
  const others = boundBy(passed, preparation, fileTexts, host);
  if (others) {
    log(context, `nothing to do: vfio-pci has the card, by ${joinList(others)}`);
    return 0;
  }
  if (!leftToDo(preparation, fileTexts, whole)) {
    log(context, bound ? `nothing to do: ${bound} has the card` : "nothing left to do but reboot");
    return 0;
  }
  const unsure = findings.filter(({ check, status }) => status === "unknown" && neededForPrepare.includes(check));
  const displays = outlasting.filter(({ check }) => check === "gpu.display");
  const lines = [
    ...before([...unsure, ...displays]),
    ...(displays.length > 0 ? [...wrap(darkAtBoot, style.width, "note: ", "  "), ""] : []),
    ...preparationLines(preparation, style),
  ];
  shell.stdout(`${lines.join("\n")}\n`);
  if (!options.apply) {
    log(context, "nothing was changed: prepare --apply makes these changes, prepare --undo reverts them");
    return 0;
  }
  if (
    options.dryRun ||
    !(await confirmed(context, `Make these changes to ${shell.away?.name ?? "this host"}?`, "prepare --apply"))
  ) {
    return options.dryRun ? 0 : 1;
  }
  await asRootStep(
    context,
    loaded.folder,
    host,
    "Bind the card to vfio-pci at boot",
    `${loaded.folder}/prepare/apply.sh`,
    applyScript(preparation),
  );
  log(context, `done; it takes effect at the next boot. To undo it: prepare --undo`);
  return 0;
}

const darkAtBoot = "from the next boot on, this host shows nothing on that card: make sure that SSH to it works first";

/** Prints what to do by hand on a system that homelab-gpu does not configure. `bound`: the card's driver of VFIO. */
function byHand(context: Context, { manual, notes }: Preparation, bound: string | false): number {
  if (bound) {
    log(context, `nothing to do: ${bound} has the card`);
    return 0;
  }
  context.shell.stdout(`${[...notes, ...manual!.lines, "", manual!.title].join("\n")}\n`);
  log(context, "prepare does not change this system: do this yourself, then reboot");
  return context.options.apply ? 1 : 0;
}

async function undo(context: Context): Promise<number> {
  const { shell, options } = context;
  const script = `${stateDir}/undo.sh`;
  const text = await shell.read(script);
  if (text === undefined) {
    log(context, "nothing to undo");
    return 0;
  }
  shell.stdout(text);
  if (options.dryRun || !(await confirmed(context, "Run this script?", "prepare --undo"))) {
    return options.dryRun ? 0 : 1;
  }
  const { folder } = await loadConfig(context);
  await asRootStep(context, folder, undefined, "Undo what prepare did", script);
  log(context, "done; it takes effect at the next boot");
  return 0;
}

/**
 * Runs a script as root, in a folder that no other user can write to; `text` is its expected
 * content, if it is one of the lab's own.
 */
async function asRootStep(
  context: Context,
  folder: string,
  host: Host | undefined,
  title: string,
  script: string,
  text?: string,
) {
  const root = host ? host.uid === 0 : styleFor(context, "out").root;
  const su = host ? hasNoSudo(host) : !root && !(await context.shell.capture(["sh", "-c", "command -v sudo"])).ok;
  const step: Step = root ? { title, command: ["sh", script] } : {
    title,
    command: su ? ["su", "-c", inRootsPath(`sh ${shellCommand(script)}`)] : ["sudo", "sh", script],
    terminal: true,
  };
  const lock = await acquireLock(context.shell, folder, "prepare", (line) => log(context, line));
  try {
    if (text !== undefined) await context.shell.write(script, text);
    await runSteps(reporterOf(context), folder, [step], lock);
  } finally {
    await lock.release();
  }
}

/** The files in full, and the commands. */
function preparationLines(
  { files, appended, arguments: changes, initramfs, notes }: Preparation,
  style: Parameters<typeof formatFix>[1],
): string[] {
  const commands: Fix[] = [
    ...changes.map(({ change }) => ({ ...change, reboot: false })),
    { ...rebuildInitramfs(initramfs), reboot: initramfs?.list === undefined },
    ...(initramfs?.list
      ? [commandFix("Check that vfio-pci is in it", `${initramfs.list} | grep vfio`, { root: true, reboot: true })]
      : []),
  ];
  return [
    ...notes.flatMap((note) => wrap(note, style.width, "note: ", "  ")),
    ...(notes.length > 0 ? [""] : []),
    ...appended.flatMap(({ path, line }) => [`${path}, one more line:`, `    ${line}`, ""]),
    ...files.flatMap(({ path, text }) => [`${path}:`, ...text.trimEnd().split("\n").map((line) => `    ${line}`), ""]),
    ...commands.flatMap((fix) => formatFix(fix, style)),
  ];
}
