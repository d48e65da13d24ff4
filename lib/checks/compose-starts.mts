/** Scripts and commands with which a container of a project does not start, or ends at once. */
import { join } from "node:path/posix";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { imageParts } from "../compose/image-name.mts";
import type { BuiltStart } from "../compose/dockerfile-start.mts";
import { startOf } from "../compose/start.mts";
import { flagOf } from "../compose/service.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { ownValue } from "../maps.mts";
import { shellWord } from "../render.mts";
import { isCudaImage } from "../resolve/cuda.mts";

/** The flaws of what a service runs first. */
export function startFlaws(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  return [...scriptFlaws(name, service, project), ...ending(name, service, project)];
}

/** Images without an entrypoint: Docker itself runs their command (general knowledge). */
const withoutEntrypoint =
  /^scratch$|^(docker\.io\/)?(library\/)?(almalinux|alpine|archlinux|buildpack-deps|busybox|debian|fedora|golang|python|rockylinux|ruby|rust|ubuntu)$/;

/** Whether a service has only a command, which an entrypoint of its image may run as it wants. */
function hasUnknownEntrypoint({ entrypoint, image, build }: ComposeService, built: BuiltStart | undefined): boolean {
  const base = build === undefined ? image : built?.base;
  return (entrypoint === undefined || entrypoint === null) && !built?.entrypoint &&
    !(typeof base === "string" && withoutEntrypoint.test(imageParts(base)[0]));
}

/**
 * The script that starts a service: the kernel refuses one without the permission to execute (EACCES), and one without
 * `#!` (ENOEXEC); with CR LF it looks for an interpreter whose name ends with CR (man 2 execve). A shell that runs the
 * script needs neither, but takes the CR as a part of its words. An entrypoint of the image may be an interpreter, or a
 * shell, which also runs a script without `#!` (nodejs/docker-node, docker-entrypoint.sh; POSIX, Shell Command
 * Language 2.9.1.4; read 2026-11-28).
 */
function scriptFlaws(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const script = ownValue(project.startScripts ?? {}, name);
  if (!script) return [];
  const { path, inside, isMounted, byShell, hasInterpreter, hasCarriageReturns, key, place } = script;
  const built = ownValue(project.starts ?? {}, name);
  const isPassedOn = !byShell && hasUnknownEntrypoint(service, built);
  // such as server.js or app.jar, which an interpreter reads
  if (isPassedOn && /\.(?!(ba|da|k|z)?sh$)\w+$/.test(path)) return [];
  const mode = project.modes?.[path];
  const file = shellWord(join(project.folder, path));
  const what = isMounted ? `the mounted ${path}` : `${path} of the project`;
  const flaw = (message: string, title: string, command: string | null, status: "fail" | "warn" = "fail") => ({
    status,
    message: `starts ${inside}, which is ${what} ${message}`,
    at: [inside, key === undefined ? "build" : `${key}:`],
    ...(place === undefined ? {} : { evidence: { read: `${project.name}/${place}`, value: inside } }),
    text: path,
    fix: command === null ? manualFix(title) : commandFix(title, command),
  });
  // what a Dockerfile does with its copies is not run here
  const isChanged = (changes: boolean | undefined) => !isMounted && changes === true;
  if (hasCarriageReturns && !isChanged(built?.changesLineEnds)) {
    return [flaw(
      `with the line ends of Windows (CR LF): ${
        byShell ? "the shell takes the CR as a part of its words" : "Docker finds no interpreter with a CR in its name"
      }`,
      "Write it with LF (in Git: *.sh text eol=lf in .gitattributes)",
      `sed -i 's/\\r$//' ${file}`,
    )];
  }
  if (byShell) return [];
  if (mode !== undefined && (mode & 0o111) === 0 && !isChanged(built?.changesModes)) {
    return [
      flaw(
        "without the permission to execute: Docker answers “permission denied”",
        "Add the permission",
        `chmod +x ${file}`,
      ),
    ];
  }
  return hasInterpreter ? [] : [flaw(
    `without an interpreter in its first line: Docker answers “exec format error”${
      isPassedOn ? ", unless the entrypoint of its image is a script of a shell" : ""
    }`,
    "Write #!/bin/sh, or the interpreter that it is for, as its first line",
    null,
    isPassedOn ? "warn" : "fail",
  )];
}

/** Images whose command is a shell or the prompt of a language: both end without a terminal (general knowledge). */
const prompts =
  /^(docker\.io\/)?(library\/)?(ubuntu|debian|alpine|busybox|fedora|archlinux|rockylinux|almalinux|python|node)$|^(docker\.io\/)?(nvidia\/(cuda|cudagl|opengl)|rocm\/dev-[\w.-]+|pytorch\/pytorch)$/;

/** A service whose program ends at once, although it publishes ports or is restarted: no server runs there. */
function ending(name: string, service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const { restart, ports, tty, stdin_open: input, image, build } = service;
  const isForever = restart === "always" || restart === "unless-stopped";
  const isServer = isForever || (Array.isArray(ports) && ports.length > 0);
  const built = ownValue(project.starts ?? {}, name);
  if (!isServer || [tty, input].some(flagOf)) return [];
  const start = startOf(service, built);
  // the entrypoint of an image usually runs the words that follow it
  const [first = "", ...rest] = start.words;
  const isWrapper = rest.length > 0 && /\/[\w.-]*(entrypoint|init)[\w.-]*$/.test(first);
  const shown = endingOf(isWrapper ? rest : start.words) ??
    (start.words.length === 0 ? promptOf(build === undefined ? image : built?.base, build !== undefined) : undefined);
  if (shown === undefined || (build !== undefined && !built)) return [];
  const place = start.key === undefined && start.line !== undefined && built?.file
    ? { evidence: { read: `${project.name}/${built.file}:${start.line}`, value: start.words.join(" ") } }
    : {};
  return [{
    status: "warn",
    message: `runs only ${shown}, which ends at once${isForever ? ": it restarts endlessly" : ""}`,
    at: [start.key === undefined ? (build === undefined ? "image:" : "build") : `${start.key}:`],
    ...place,
    fix: manualFix(`Write the command of its server (command:), or tty: true for a shell that waits`),
    fold: {
      ...{ kind: `ends ${isForever}`, verb: ["runs only", "run only"], item: shown },
      rest: (_, several) =>
        several
          ? `, which end at once${isForever ? ": they restart endlessly" : ""}`
          : `, which ends at once${isForever ? ": it restarts endlessly" : ""}`,
    },
  }];
}

/** What of a command ends at once; undefined if that is not certain. */
function endingOf(words: string[]): string | undefined {
  const [program = "", ...rest] = words[0] === "/bin/sh" && words[1] === "-c" && words.length === 3
    ? words[2]!.trim().split(/\s+/)
    : words;
  const name = program.split("/").at(-1)!;
  const text = rest.join(" ");
  if (/[;&|]/.test(text)) return undefined;
  if (/^(echo|printf|true)$/.test(name)) return name;
  if (/^python[\d.]*$/.test(name) && rest[0] === "-c" && /^print\([^;\n]*\)$/.test((rest[1] ?? "").trim())) {
    return `${name} with print()`;
  }
  return /^(bash|sh|ash|zsh|python[\d.]*|node)$/.test(name) && rest.length === 0
    ? `${name} without a script or a terminal`
    : undefined;
}

function promptOf(image: unknown, isBase: boolean): string | undefined {
  // services.gpu reports a service that runs an image of CUDA
  if (typeof image !== "string" || (!isBase && isCudaImage(image))) return undefined;
  return prompts.test(imageParts(image)[0]) ? `the shell of ${image}` : undefined;
}
