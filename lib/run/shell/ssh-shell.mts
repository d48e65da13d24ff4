/** A {@link Shell} that works on another host: every program and file there, the streams here. */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { dirname } from "node:path/posix";
import process from "node:process";
import { Interrupted, UserError } from "../../errors.mts";
import { Lines } from "../../lines.mts";
import { shellWord } from "../../render.mts";
import type { CaptureOptions, RunOptions, Shell } from "../../shell.mts";
import { Screen } from "../../urls.mts";
import { filesOver } from "./ssh-files.mts";
import type { Link } from "./ssh-link.mts";
import { type Source, sourceTo } from "./ssh-source.mts";
import { bytesOf, placing, printing, remoteCommand } from "./ssh-words.mts";

/** The shell of the host that a link is connected to. `here` is the shell of this machine, `name` the host's name. */
export function shellOver(link: Link, here: Shell, name = link.login): Shell {
  const running = new Set<number>();
  const sources = new Set<Source>();
  const own = { interrupted: false };
  let asked = 0;
  const kill = (group: number, name: string) => link.tell(`kill -${name} -${group} 2>/dev/null`);
  const stop = (signal: NodeJS.Signals) => {
    for (const source of sources) source.stop();
    for (const group of running) kill(group, own.interrupted ? "KILL" : signal.slice(3));
    own.interrupted = true;
  };
  // a run may have a shell for each of many hosts
  process.setMaxListeners(process.getMaxListeners() + 1);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(signal));
  const isInterrupted = () => own.interrupted || here.interrupted;
  /** Throws if an exit code of ssh means that the connection is lost. */
  const stillThere = async (code: number | null) => void (code === 255 && await link.ask(":"));
  const files = filesOver(link, here);
  const hasTerminal = () => here.terminal.in && here.terminal.out;

  const shell: Omit<Shell, "interrupted"> = {
    async capture(command: string[], { input, cwd, env, limit, about }: CaptureOptions = {}) {
      // by this variable a program that does not answer is found
      const mark = `${link.mark}-${++asked}`;
      const script = `printf '%s\\n' ${mark}; printf '%s\\n' ${mark} >&2; export HOMELAB_GPU_RUN=${mark}
${placing(command, cwd, env)}
exec "$@"`;
      const end = () =>
        link.tell(
          `for f in $(grep -lsaF ${mark} /proc/[0-9]*/environ); do f=\${f%/environ}; kill \${f#/proc/}; done`,
        );
      const result = await here.capture(link.command(remoteCommand(script)), {
        about: about ?? command.join(" "),
        ...(input === undefined ? {} : { input }),
        ...(limit === undefined ? {} : { limit }),
      }).catch((error: unknown) => {
        end();
        throw error;
      });
      if (result.timedOut) end();
      await stillThere(result.code);
      const after = (text: string) =>
        text.includes(`${mark}\n`) ? text.slice(text.indexOf(mark) + mark.length + 1) : "";
      if (!result.timedOut && !result.out.includes(mark)) throw new UserError(`ssh to ${link.login}: ${result.err}`, 1);
      return { ...result, out: after(result.out), err: result.err.includes(mark) ? after(result.err) : result.err };
    },

    async run(command: string[], options: RunOptions) {
      const { cwd, env, input, output, log, show, here: isHere } = options;
      // a program of this machine reads the input, and its output is copied
      const place = isHere ? placing(["cat"]) : placing(command, cwd, env);
      const given = isHere && input ? bytesOf((await files.read(input)) ?? "") : undefined;
      // where nobody can type, it runs like the others, with a log
      if (options.terminal && hasTerminal()) {
        return { code: await shell.interactive(command, options), tail: [], unlogged: true };
      }
      const partial = output && `${output}.${link.pid}.part`;
      const keep = partial && `mv -f -T -- ${shellWord(partial)} ${shellWord(output!)}`;
      for (const path of [log, output]) {
        if (path) await files.makeFolder(dirname(path));
      }
      const writer = log ? logOver(link, log, (text) => show?.(text)) : undefined;
      const lines = new Lines((line) => writer?.add(line));
      const script = `read -r _ _ _ _ g _ </proc/self/stat; g="${link.mark} $g"; echo "$g"; echo "$g" >&2
IFS= read -r go || exit 1
${place}
${isHere ? "" : `exec <${shellWord(input ?? "/dev/null")} || exit 1`}
${
        partial
          ? `rm -f -- ${shellWord(output!)}.*.part; "$@" >${shellWord(partial)}; c=$?
if [ $c = 0 ]; then ${isHere ? ":" : keep}; else rm -f -- ${shellWord(partial)}; fi
exit $c`
          : 'exec "$@"'
      }`;
      const [program = "", ...words] = link.command(remoteCommand(script));
      const child = spawn(program, words, { stdio: "pipe", detached: true });
      child.stdin.on("error", () => {});
      let known: (id: number) => void = () => {};
      const grouped = new Promise<number>((resolve) => known = resolve);
      let refusal = "";
      const closed = new Promise<number | null>((resolve) => {
        child.on("error", () => resolve(null)).on("close", (code) => resolve(code));
      });
      for (const stream of [child.stdout, child.stderr]) {
        const screen = new Screen((text) => show?.(text));
        const hear = (text: string) => {
          lines.add(text);
          screen.add(text);
        };
        // what start-up files of the login shell print is not the program's
        let start: string | undefined = "";
        stream.on("data", (chunk: Buffer) => {
          if (start === undefined) return hear(String(chunk));
          start += String(chunk);
          const [whole, id] = new RegExp(`${link.mark} (\\d+)\\n`).exec(start) ?? [];
          if (stream === child.stderr) refusal = start;
          if (whole === undefined) return;
          const rest = start.slice(start.indexOf(whole) + whole.length);
          start = undefined;
          if (stream === child.stderr) known(Number(id));
          if (rest !== "") hear(rest);
        });
        stream.on("end", () => screen.end());
      }
      const id = await Promise.race([grouped, closed.then(() => undefined)]);
      if (id === undefined) {
        await link.ask(":");
        throw new UserError(`ssh to ${link.login}: ${refusal.trim() || "it ended"}`, 1);
      }
      running.add(id);
      link.tell(`groups="$groups ${id}"; beat`);
      const done = () => {
        running.delete(id);
        link.tell(`g=; for one in $groups; do [ $one = ${id} ] || g="$g $one"; done; groups=$g`);
      };
      try {
        await options.started?.(id);
        if (isInterrupted()) throw new Interrupted();
        child.stdin.write("go\n");
        if (!isHere) child.stdin.end();
      } catch (error) {
        kill(id, "TERM");
        child.stdin.destroy();
        await closed;
        done();
        throw error;
      }
      let failed: number | null = 0;
      if (isHere) {
        const hear = (text: string) => [lines.add(text), show?.(text)];
        const source = sourceTo(child.stdin, command, {
          hear,
          ...(env ? { env } : {}),
          ...(given ? { input: given } : {}),
        });
        let isClosed = false;
        void closed.then(() => [isClosed = true, source.stop()]);
        sources.add(source);
        const ended = await source.ended;
        sources.delete(source);
        if (ended === 0) child.stdin.end();
        else if (!isClosed) [failed] = [ended, kill(id, "TERM")];
      }
      let code = await closed;
      await stillThere(code);
      done();
      if (isHere && partial && keep) {
        // there, a lost connection ends the copy like its last byte: only this side knows that it is whole
        if (code === 0 && failed === 0) {
          const kept = await link.ask(keep);
          code = kept.code;
          lines.add(kept.err);
        } else await files.remove(partial);
      }
      lines.end();
      await writer?.end();
      if (isInterrupted()) throw new Interrupted();
      return { code: failed === 0 ? code : failed, tail: lines.tail };
    },

    async interactive(command: string[], { cwd, env }: { cwd?: string; env?: Record<string, string> } = {}) {
      const script = `${placing(command, cwd, env)}\nexec "$@"`;
      return await here.interactive(link.command(remoteCommand(script), hasTerminal()));
    },

    close() {
      link.close();
    },

    ...files,
    async signal(id: number, signal: NodeJS.Signals | 0) {
      const { code } = await link.ask(`kill -${signal === 0 ? 0 : signal.slice(3)} ${id}`);
      return code === 0;
    },
    pid: link.pid,
    stdout: (text: string) => here.stdout(text),
    stderr: (text: string) => here.stderr(text),
    ask: (question: string) => here.ask(question),
    confirm: (question: string) => here.confirm(question),
    away: {
      ...{ here, name, home: link.home, uid: link.uid, login: link.login },
      ...(link.hostId === undefined ? {} : { hostId: link.hostId }),
      ...(link.port ? { port: link.port } : {}),
    },
    platform: "linux",
    terminal: here.terminal,
  };
  return Object.defineProperty(shell, "interrupted", { get: isInterrupted, enumerable: true }) as Shell;
}

/** Appends lines to a log there, some at a time. A failed log does not fail the step. */
function logOver(link: Link, path: string, show: (text: string) => void) {
  let waiting: string[] = [];
  let works = true;
  const flush = async () => {
    const text = waiting.join("");
    waiting = [];
    if (text === "" || !works) return;
    const { code, err } = await link.ask(`${printing(text)} >>${shellWord(path)}`).catch(() => ({ code: 0, err: "" }));
    if (code === 0) return;
    works = false;
    const reason = err.includes("Is a directory") ? "it is a folder" : err.trim();
    show(`homelab-gpu: cannot write ${path}: ${reason}; the step continues without a log\n`);
  };
  const fresh = link.ask(`: >${shellWord(path)}`).then(() => {}, () => {});
  const timer = setInterval(() => void flush(), 500);
  // a lost connection leaves it running
  timer.unref();
  return {
    add: (line: string) => void waiting.push(`${line}\n`),
    async end() {
      clearInterval(timer);
      await fresh;
      await flush();
    },
  };
}
