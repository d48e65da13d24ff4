// Writes the README's table of what works where anew from lib/resolve/support-table.mts: npm run schema does it too
import { readFileSync, writeFileSync } from "node:fs";
import { supportMarkdown } from "../lib/resolve/support.mts";

const readme = new URL("../README.md", import.meta.url);
const table = /^\| provider \| GPU \| host \|.*\n(\|.*\n)+/m;
writeFileSync(readme, readFileSync(readme, "utf8").replace(table, () => `${supportMarkdown()}\n`));
