/**
 * Generates `packer.json` from checkouts of Packer's Hyper-V plugin, its oldest supported version
 * first: the settings of the builder hyperv-iso that all of them have with the same type.
 *
 * node packer-table.mts DATE CHECKOUT…
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

/** The settings of a builder by name, with the type as in go-cty: `cty.Number` is `Number`. */
export interface PackerTable {
  source: string;
  versions: string[];
  date: string;
  settings: Record<string, string>;
}

const [date = "", ...checkouts] = process.argv.slice(2);
const versions = checkouts.map((folder) =>
  /Version += "(.*)"/.exec(readFileSync(`${folder}/version/version.go`, "utf8"))![1]!
);
const [first = {}, ...others] = checkouts.map((folder) =>
  Object.fromEntries(
    [
      ...readFileSync(`${folder}/builder/hyperv/iso/builder.hcl2spec.go`, "utf8").matchAll(
        /AttrSpec\{Name: "(\w+)", Type: ([^,]+), Required/g,
      ),
    ].map(([, name, type]) => [name!, type!.replaceAll("cty.", "")]),
  )
);
const table: PackerTable = {
  source: "hashicorp/packer-plugin-hyperv, builder/hyperv/iso/builder.hcl2spec.go",
  versions,
  date,
  settings: Object.fromEntries(
    Object.entries(first).filter(([name, type]) =>
      !name.startsWith("packer_") && others.every((other) => other[name] === type)
    ),
  ),
};
writeFileSync(new URL("packer.json", import.meta.url), `${JSON.stringify(table, null, 2)}\n`);
