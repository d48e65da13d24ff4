// Configs whose machines are on another host.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { otherHostShell } from "../lib/cli/other-host.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { ConfigError, UserError } from "../lib/errors.mts";
import { fakeShell, options } from "./fake.mts";

const test = suite("other hosts");
const config = (hosts: string, machine = "", more = "") =>
  `hosts: ${hosts}\nmachines: [{name: a, host: gpubox, box: lab/x${machine}}]\n${more}`;

test("the host of the machines", () => {
  const hostOf = (ssh: string) => parseConfig(config(`{gpubox: {ssh: "${ssh}"}}`)).host;
  assert.equal(hostOf("gpubox"), { name: "gpubox", login: "gpubox" });
  assert.equal(hostOf("me@10.0.0.5"), { name: "gpubox", login: "me@10.0.0.5" });
  assert.equal(hostOf("ssh://me@gpubox:2222"), { name: "gpubox", login: "me@gpubox", port: "2222" });
  assert.is(parseConfig("machines: [{name: a, box: lab/x}]").host, undefined);
});

test("names that ssh could take for something else, and what cannot work there, are refused", () => {
  const one = "{gpubox: {ssh: gpubox}}";
  const refused: [text: string, message: RegExp][] = [
    ...["-oProxyCommand=id", "me@-oProxyCommand=id", "a b", "a;b", "$(id)", "-l@x", "a\\nb"].map(
      (ssh): [string, RegExp] => [config(`{gpubox: {ssh: "${ssh}"}}`), /ssh must be a host for ssh such as me@gpubox/],
    ),
    [config("{gpubx: {ssh: gpubox}}"), /there is no host gpubox in hosts[^]*write {2}host: gpubx/],
    ["machines: [{name: a, host: gpubox, box: lab/x}]", /write {2}hosts: \{gpubox: \{ssh: me@gpubox\}\}/],
    [config("{-x: {ssh: gpubox}}"), /“-x” is not a valid name in hosts/],
    [config("{gpubox: {}}"), /ssh is missing/],
    [config(one, "}, {name: b, box: lab/x"), /the machines are on several hosts/],
    [config(one, ", folders: [{from: ./media, to: /mnt/media}]"), /a folder of gpubox needs its absolute path there/],
  ];
  for (const [text, message] of refused) {
    try {
      parseConfig(text);
      assert.unreachable(text);
    } catch (error) {
      assert.instance(error, ConfigError, text);
      assert.match((error as Error).message, message);
    }
  }
});

test("commands that work here, and those that refuse", async () => {
  const { shell } = fakeShell({ "homelab-gpu.yaml": config("{gpubox: {ssh: me@gpubox}}") });
  for (const command of ["init", "help", "completion"]) {
    assert.is(await otherHostShell(shell, options, command, []), undefined, command);
  }
  assert.is(await otherHostShell(shell, { ...options, host: "probe.txt" }, "plan", []), undefined);
  for (
    const [command, text] of [["prepare", /prepare --host ssh:\/\/me@gpubox/], ["ssh-config", /ssh MACHINE/]] as const
  ) {
    try {
      await otherHostShell(shell, options, command, []);
      assert.unreachable(command);
    } catch (error) {
      assert.instance(error, UserError);
      assert.match((error as Error).message, text);
    }
  }
});

test.run();
