/** Commands that Compose reads in another way than they look, or that name files that a project does not have. */
import { dirname } from "node:path/posix";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { startedOf } from "../compose/enabled.mts";
import { inputsOf } from "../compose/inputs.mts";
import { baseOf, hostPath } from "../compose/paths.mts";
import { mountsOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { ownValue } from "../maps.mts";
import { isFileName } from "./compose-own-mounts.mts";
import { sharedPath } from "./compose-folders.mts";
import { isUnfetched, type Place, placeOfPath } from "./compose-paths.mts";

/** The flaws of a service's command. `written`: the service before Compose splits its command into words. */
export function commandFlaws(
  name: string,
  service: ComposeService,
  written: ComposeService,
  project: ComposeProject,
  machine: Pick<ResolvedMachine, "name" | "provider" | "folders" | "provision">,
): ProjectFlaw[] {
  return [
    ...["command", "entrypoint"].flatMap((key) => backslashes(key, written[key])),
    ...(project.inline ? [] : missingInputs(name, service, project, machine)),
  ];
}

/**
 * A backslash at the end of a line of a command, as in a shell. In a text over several lines YAML joins them with a
 * space, or keeps the line's end, and Compose takes the backslash with what follows as a part of the next word (run
 * with 2.26.1 on 2026-11-28: `serve \ --model x` becomes `serve`, ` --model`, `x`).
 */
function backslashes(key: string, command: unknown): ProjectFlaw[] {
  const before = typeof command === "string" ? beforeBackslash(command) : undefined;
  if (before === undefined) return [];
  const word = before.split(/\s+/).at(-1) ?? "";
  return [{
    status: "warn",
    message: `has a backslash at the end of a line of its ${key}: the next option begins with a space or a new line, ` +
      "and most programs do not know it",
    at: [`${word} \\`, `${key}:`],
    fix: manualFix(`Remove the backslashes (${key}: > joins the lines)`),
  }];
}

/** The text before the first backslash outside of quotes that white space follows; undefined if there is none. */
function beforeBackslash(text: string): string | undefined {
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const one = text[i]!;
    if (one === "\\" && quote !== "'") {
      if (quote === "" && /\s/.test(text[i + 1] ?? "")) return text.slice(0, i).trimEnd();
      i++;
    } else if (quote === "" ? /["']/.test(one) : one === quote) {
      quote = quote === "" ? one : "";
    }
  }
  return undefined;
}

/** Files and folders that a program reads when it starts, and that the project does not have. */
function missingInputs(
  name: string,
  service: ComposeService,
  project: ComposeProject,
  machine: Parameters<typeof commandFlaws>[4],
): ProjectFlaw[] {
  const built = ownValue(project.starts ?? {}, name);
  return inputsOf(service, built).flatMap((input): ProjectFlaw[] => {
    const { option, path, source, isMount, isHidden, isDefault } = input;
    const place = placeOfPath(source, project);
    if (place && !place.inside && isDefault && !isMount) return emptyInVm(path, place, project, machine);
    if (!place?.inside || place.leftOut || isUnfetched(place.relativePath, project)) return [];
    const isEmpty = project.emptyFolders?.includes(place.path) === true;
    // another finding: the mount's own file
    if ((place.kind !== "missing" && !isEmpty) || (isMount && isFileName(source))) return [];
    if (writtenByOther(name, place.path, project)) return [];
    const shown = place.relativePath;
    const changed = option.startsWith("-") ? option : "the command";
    return [{
      status: isDefault ? "fail" : "warn",
      message: `reads ${path}${isDefault ? "" : ` (${option})`}, but ${shown} ${
        isEmpty ? "is empty" : "does not exist"
      } in the project${
        isHidden ? ", whose mount hides the files of the image" : isDefault ? ": its program ends without it" : ""
      }`,
      at: [path, option, "volumes:"],
      fix: manualFix(
        isHidden
          ? `Remove the mount over ${isMount ? path : dirname(path)}, or ${
            isEmpty ? `put its content into ${shown}` : `create ${shown}`
          }`
          : isDefault
          ? `Create ${shown}, or remove the mount over ${dirname(path)}`
          : isEmpty || isMount
          ? `Put its content into ${shown}, or change ${changed}`
          : `${isModel.test(shown) ? "Put the model at" : "Create"} ${shown}, or change ${changed}`,
      ),
    }];
  });
}

/** The config of an image below a mounted folder of the VM that a new VM does not have. */
function emptyInVm(
  path: string,
  { path: source, exists }: Place,
  project: ComposeProject,
  machine: Parameters<typeof commandFlaws>[4],
): ProjectFlaw[] {
  // another finding: the mount of a folder that only this host has
  if (exists || project.inSwarm || machine.provision.length > 0 || sharedPath(source, machine)) return [];
  const folder = dirname(source);
  return [{
    status: "fail",
    message: `reads ${path}, but a new VM does not have ${source}: its program ends without it`,
    at: [folder, dirname(folder), "volumes:"],
    fix: manualFix(`Remove the mount over ${dirname(path)}, or mount a folder of the project that has the file (./…)`),
  }];
}

/** Names of files with the weights of a model, which nobody writes by hand. */
const isModel = /\.(gguf|ggml|safetensors|onnx|pt|pth|ckpt|engine)$/i;

/** Whether another service mounts a folder with that path, so that it may create it. */
const writtenByOther = (name: string, path: string, project: ComposeProject) =>
  startedOf(project).some(([other, body]) =>
    other !== name && mountsOf(body).some(({ type, source }) => {
      const folder = type === "bind" && source ? hostPath(source, baseOf(project)) : undefined;
      return folder !== undefined && (path === folder || path.startsWith(`${folder}/`));
    })
  );
