/** PowerShell's grammar (tree-sitter's), for the tests. */
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import type { Node } from "web-tree-sitter";

// the optimizing compiler takes ten seconds for this grammar
setFlagsFromString("--liftoff-only");
const { Language, Parser } = await import("web-tree-sitter");
await Parser.init();
const wasm = createRequire(import.meta.url).resolve("tree-sitter-powershell/tree-sitter-powershell.wasm");
const parser = new Parser();
parser.setLanguage(await Language.load(wasm));

/** All nodes of a text, starting with the outermost. */
export function nodes(text: string): Node[] {
  const found: Node[] = [];
  const walk = (node: Node) => {
    found.push(node);
    for (const child of node.children) if (child) walk(child);
  };
  walk(parser.parse(text)!.rootNode);
  return found;
}

/**
 * The parts of a text that are not valid PowerShell, each with its line. The grammar does not
 * support unquoted words separated by commas.
 */
export function errors(text: string): string[] {
  return nodes(text).filter((node) => node.isError || node.isMissing).map((node) =>
    `line ${node.startPosition.row + 1}: ${node.text}`
  );
}
