// The template of a box for Hyper-V and Packer's Hyper-V plugin, whose settings are in packer.json. In the
// tier tools, the builder of Packer 1.6 reads the template; a later Packer has the builder as a plugin.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { buildMemory } from "../lib/plan/box-source.mts";
import { own } from "./fake.mts";
import type { PackerTable } from "./windows/packer-table.mts";

const test = suite("Packer's Hyper-V plugin");
const table: PackerTable = JSON.parse(own("test/windows/packer.json"));

/** Settings of the template's builder that the plugin lacks, or has with another type. */
function wrongSettings(template: string): string[] {
  const types: Record<string, string> = { string: "String", number: "Number", "list(string)": "List(String)" };
  const variables = Object.fromEntries(
    [...template.matchAll(/^variable "(\w+)" \{\s*type += (\S+)/gm)].map(([, name, type]) => [name!, types[type!]]),
  );
  const typeOf = (value: string) =>
    value.startsWith("var.")
      ? variables[value.slice(4)]
      : value.startsWith("[")
      ? "List(String)"
      : /^(true|false)$/.test(value)
      ? "Bool"
      : /^\d+$/.test(value)
      ? "Number"
      : "String";
  const block = /^source "hyperv-iso" "box" \{$([^]*?)^\}$/m.exec(template)![1]!;
  return [...block.matchAll(/^ +(\w+) += (.*)$/gm)].flatMap(([, name, value]) =>
    table.settings[name!] === typeOf(value!) ? [] : [`${name}: ${typeOf(value!)}, not ${table.settings[name!]}`]
  );
}

test("the plugin has every setting of the template, with its type", () => {
  const template = own("templates/hyperv.pkr.hcl");
  assert.equal(wrongSettings(template), []);
  const other = template.replace("headless  ", "headles  ").replace(/generation += 2/, 'generation = "2"');
  assert.equal(wrongSettings(other), ["generation: String, not Number", "headles: Bool, not undefined"]);
});

test("the table has the oldest plugin that the template requires, and its date", () => {
  assert.match(table.date, /^2\d{3}-\d\d-\d\d$/);
  const hyperv = /hyperv = \{[^}]*version = ">= ([\d.]+)"/.exec(own("templates/hyperv_plugins.pkr.hcl"))!;
  assert.is(table.versions[0], hyperv[1]);
});

test("the boot device and the memory of a build are accepted by the plugin", () => {
  // ParseBootDeviceIdentifier and MaxRamSize in builder/hyperv/common
  assert.match(own("templates/hyperv.pkr.hcl"), /first_boot_device += "(IDE|SCSI):\d+:\d+"/);
  assert.ok(buildMemory >= 32 && buildMemory <= 32 * 1024);
});

test.run();
