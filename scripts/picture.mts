// Draws what a command prints as a picture of a terminal: npm run picture writes the two of the
// README, for light and dark pages. The run is a
// real one, of a saved host, so that the pictures are the same on every machine.
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { main } from "../lib/cli/main.mts";
import { realShell } from "../lib/run/shell.mts";

const root = fileURLToPath(new URL("..", import.meta.url));
const columns = 80;

/** Colours of a page: of its ground, its text and its frame, and by SGR code of what a command paints. */
interface Theme {
  ground: string;
  text: string;
  frame: string;
  paint: Record<number, string>;
}

/** The themes, by name; the contrast of each colour to its ground is at least 4.5. */
export const themes: Record<"light" | "dark", Theme> = {
  light: {
    ground: "#ffffff",
    text: "#1f2328",
    frame: "#d1d9e0",
    paint: { 2: "#59636e", 31: "#c21c2b", 32: "#1a7f37", 33: "#8a5a00", 35: "#8250df", 36: "#0b6e7f", 90: "#59636e" },
  },
  dark: {
    ground: "#0d1117",
    text: "#e6edf3",
    frame: "#3d444d",
    paint: { 2: "#9198a1", 31: "#ff7b72", 32: "#3fb950", 33: "#d29922", 35: "#bc8cff", 36: "#39c5cf", 90: "#9198a1" },
  },
};

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** A line with its SGR sequences as parts of SVG text. */
function drawn(line: string, { text, paint }: Theme): string {
  let colour = text;
  let bold = false;
  return line.split(/(\u001b\[[\d;]*m)/).map((part) => {
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1]?.split(";").map(Number);
    if (!codes) {
      if (part === "") return "";
      const style = `${colour === text ? "" : ` fill="${colour}"`}${bold ? ' font-weight="bold"' : ""}`;
      return style ? `<tspan${style}>${escaped(part)}</tspan>` : escaped(part);
    }
    for (const code of codes) {
      if (code === 1) bold = true;
      else if (code === 22) [bold, colour] = [false, text];
      else if ([0, 39].includes(code)) [bold, colour] = [code === 0 ? false : bold, text];
      else colour = paint[code] ?? colour;
    }
    return "";
  }).join("");
}

const plain = (line: string) => line.replace(/\u001b\[[\d;]*m/g, "");

/** A picture (SVG) of lines as a terminal shows them. Every character has the same width, whatever the font. */
export function pictureOf(lines: string[], theme: Theme, title: string): string {
  const [wide, high, margin] = [8, 18, 16];
  const width = Math.max(columns, ...lines.map((line) => [...plain(line)].length)) * wide + 2 * margin;
  const height = lines.length * high + 2 * margin;
  const rows = lines.flatMap((line, i) => {
    const text = plain(line);
    if (text.trim() === "") return [];
    const y = margin + i * high + 13;
    const length = `textLength="${[...text].length * wide}" lengthAdjust="spacingAndGlyphs"`;
    return [`<text x="${margin}" y="${y}" ${length} xml:space="preserve">${drawn(line, theme)}</text>`];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${
      height - 1
    }" rx="6" fill="${theme.ground}" stroke="${theme.frame}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="${theme.text}">`,
    ...rows,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** What a command prints on a terminal of 80 columns, its own line before it: both streams, with colours. */
export async function recorded(words: string[]): Promise<string[]> {
  let output = "";
  const add = (text: string) => void (output += text);
  const terminal = { in: false, out: true, err: true, columns };
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  for (const name of ["NO_COLOR", "FORCE_COLOR"]) delete process.env[name];
  process.env.TERM = "xterm-256color";
  try {
    const shell = realShell();
    // a config of this folder would change the picture
    const read: typeof shell.read = (path) =>
      path.endsWith("homelab-gpu.yaml") && !path.startsWith("/") || path.endsWith("/config.yaml")
        ? Promise.resolve(undefined)
        : shell.read(path);
    await main(words, { ...shell, read, terminal, stdout: add, stderr: add });
  } finally {
    Object.assign(
      process.env,
      NO_COLOR === undefined ? {} : { NO_COLOR },
      FORCE_COLOR === undefined ? {} : { FORCE_COLOR },
    );
    if (TERM === undefined) delete process.env.TERM;
    else process.env.TERM = TERM;
  }
  return [`\u001b[1m$ npx zx homelab-gpu.mts ${words.join(" ")}\u001b[22m`, ...output.trimEnd().split("\n")];
}

/** The pictures of the README, by path in this project. */
export async function readmePictures(): Promise<Record<string, string>> {
  const lines = await recorded(["doctor", "--host", "test/hosts/rtx4070-desktop-debian12.txt"]);
  return Object.fromEntries(
    Object.entries(themes).map(([name, theme]) => [
      `test/golden/terminal-${name}.svg`,
      pictureOf(lines, theme, "homelab-gpu doctor on a desktop with an RTX 4070"),
    ]),
  );
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
  process.chdir(root);
  for (const [path, text] of Object.entries(await readmePictures())) {
    writeFileSync(`${root}/${path}`, text);
    process.stdout.write(`${path}: ${Math.ceil(readFileSync(`${root}/${path}`).length / 1024)} KB\n`);
  }
}
