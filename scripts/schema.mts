// Writes templates/homelab-gpu.schema.json from the table of keys: npm run schema
import { writeFileSync } from "node:fs";
import { schemaText } from "../lib/config/schema.mts";

writeFileSync(new URL("../templates/homelab-gpu.schema.json", import.meta.url), schemaText());
