/** The instructions of a Dockerfile, each in one line. */

/** An instruction of a Dockerfile: its text in one line, and the number of its first line, from 1. */
export interface Instruction {
  text: string;
  line: number;
}

/**
 * The instructions of a Dockerfile. Undefined if `# syntax=` names another frontend than Docker's, which may have
 * other rules (docs.docker.com/reference/dockerfile, FROM and parser directives; read 2026-11-26).
 */
export function instructionsOf(text: string): Instruction[] | undefined {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const end = lines.findIndex((line) => !/^\s*#\s*\w+\s*=/.test(line));
  const directives = Object.fromEntries(
    lines.slice(0, end < 0 ? undefined : end).map((line) => {
      const [, name = "", value = ""] = /^\s*#\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line)!;
      return [name.toLowerCase(), value];
    }),
  );
  const { syntax, escape = "\\" } = directives;
  if (syntax !== undefined && !/^(docker\.io\/)?docker\/dockerfile(-upstream)?([:@]|$)/.test(syntax)) return undefined;
  const found: Instruction[] = [];
  let open = false;
  // the ends of the here-documents of an instruction that are still to come
  let heredocs: string[] = [];
  lines.forEach((line, i) => {
    if (heredocs.length > 0 && !open) {
      if (line.replace(/^\t+/, "") === heredocs[0]) heredocs = heredocs.slice(1);
      return;
    }
    // comments and empty lines do not end an instruction
    if (/^\s*(#|$)/.test(line)) return;
    const ends = !line.trimEnd().endsWith(escape);
    const part = ends ? line.trimEnd() : line.trimEnd().slice(0, -1);
    if (open) found.at(-1)!.text += part;
    else found.push({ text: part, line: i + 1 });
    open = !ends;
    const { text } = found.at(-1)!;
    if (!open && /^\s*(RUN|COPY|ADD)\s/i.test(text)) {
      heredocs = heredocsIn(text);
    }
  });
  return found;
}

/** The words that end the here-documents of an instruction, in their order. */
export const heredocsIn = (text: string): string[] =>
  [...text.matchAll(/(?<!<)<<-?(["']?)([A-Za-z_]\w*)\1/g)].map(([, , word]) => word!);

/** `FROM IMAGE [AS NAME]`. */
export const fromPattern = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$/i;
