/** The reason that a line gives for an error: the engines of containers put the innermost one behind many colons. */

/** The end of a message that leaves the reason to the line. */
const leftToLine = new RegExp(
  ", for the reason (?:after (?:the (?:last )?colon|its number|these words|“[^”]{1,20}”)|" +
    "in its (?:message|line|first error line)|at the end of (?:the|its) (?:line|message))$",
);
const unknown = /reports an error that homelab-gpu does not know$/;

/** The message of a structured line, or the error behind it. */
const structured =
  /\b(?:msg|error|err|message)\\*["']?[=:] ?\\*["']((?:[^"'\\]|\\+[^\\\n]|'(?![,}\s])){4,400}?)\\*["'](?=[,}\s:.]|$)/g;
/** What programs write behind a reason: a status, the place in their source, an advice about their options. */
const tail =
  /(?:[:,]? (?:unknown|exit status \d{1,3})|[,;]? ?(?:Run|See) '[^'\n]{1,80}'?.{0,40}| ?\((?:exit status \d{1,3}|\w+\.go:\d+(?::\w+)?)\)|[\s.,;:\\`])$/;
/** Parts of a line that name the program that passes the error on. */
const passedOn =
  /^(?:\S{1,40} )?(?:Error|docker|podman|Error response from daemon|(?:runc|crun) (?:create|run) failed|OCI runtime (?:create|exec) failed|unable to start container process|failed to create shim task|failed to create task for container|error during container init)$/;
/** Words of the system, such as `permission denied`, say little without what they are about: characters. */
const shortest = 36;
const longest = 180;

/**
 * Returns the innermost reason of a line: its last parts between colons, at least about 36 characters of them.
 *
 * @param line from the start of the error to the end of the line
 */
export function reasonIn(line: string): string | undefined {
  const said = [...line.slice(0, 4000).matchAll(structured)].map(([, text]) => text!).filter((text) => / /.test(text));
  let text = (said.at(-1) ?? line.slice(-2000)).replace(/\\n(?![a-z]*\\)/g, " ").replace(/\\+(?=["'])/g, "")
    .replace(/[\u0000-\u0020\u007f-\u009f]+/g, " ").trim();
  for (let before = ""; before !== text;) text = (before = text).replace(tail, "");
  const parts = text.split(/: (?=\S)/);
  let reason = parts.pop()!;
  while (reason.length < shortest && parts.length > 0 && !passedOn.test(parts.at(-1)!)) {
    reason = `${parts.pop()!}: ${reason}`;
  }
  reason = reason.replace(/^.{0,40}stderr: /, "").trim();
  // the end of a quotation that began before the error
  if ((reason.match(/"/g)?.length ?? 0) % 2 === 1) reason = reason.replace(/"$/, "");
  if (reason.length < 8) return undefined;
  return reason.length > longest ? `${reason.slice(0, longest)}…` : reason;
}

/** The message of a cause with the reason that its line gives, if the entry's message leaves the reason to the line. */
export function withReason(message: string, reason: string | undefined): string {
  if (reason === undefined) return message;
  return unknown.test(message) ? `${message}: ${reason}` : message.replace(leftToLine, () => `: ${reason}`);
}
