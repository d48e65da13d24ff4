// Writes the table of lib/resolve/README.md from lib/resolve/support-table.mts: npm run schema
import { readFileSync, writeFileSync } from "node:fs";
import { supportMarkdown } from "../lib/resolve/support.mts";

const readme = new URL("../lib/resolve/README.md", import.meta.url);
const table = /^\| provider \| GPU \| host \|.*\n(\|.*\n)+/m;
writeFileSync(readme, readFileSync(readme, "utf8").replace(table, () => `${supportMarkdown()}\n`));
