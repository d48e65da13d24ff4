// Configs whose machines are on another host.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { configOfHosts } from "../lib/cli/other-host.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { forwardLines } from "../lib/cli/forward.mts";
import { hostEntry, withHost } from "../lib/config/starter.mts";
import { ConfigError } from "../lib/errors.mts";
import type { SeenService } from "../lib/verify/services.mts";
import { fakeShell, options, own } from "./fake.mts";

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
    [
      config("{other: {ssh: a}}"),
      /there is no host gpubox in hosts[^]*write {2}gpubox: \{ssh: me@gpubox\} in hosts: too/,
    ],
    [config(one).replace("host: gpubox", "host: localhost"), /no host localhost[^]*write {2}no host: for this machine/],
    [
      config(one).replace("host: gpubox", "host: me@gpubox"),
      /the name of a host, not “me@gpubox”[^]*write {2}host: gpubox/,
    ],
    [config("{gpubox: me@box}"), /gpubox must be a mapping, not “me@box”[^]*write {2}gpubox: \{ssh: me@box\}/],
    [config("{gpubox: {ssh: ssh -p 22 me@b.lan}}"), /write {2}ssh: ssh:\/\/me@b\.lan:22$/m],
    [config("{gpubox: {ssh: ssh -i key me@b}}"), /write {2}ssh: me@gpubox$/m],
    [config("{gpubox: {ssh: gpubox, port: 22}}"), /unknown key “port”[^]*write {2}a user and a port in ssh: ssh:\/\//],
    [config("{-x: {ssh: gpubox}}"), /“-x” is not a valid name in hosts/],
    [config("{gpubox: {}}"), /ssh is missing/],
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

test("a list of hosts is one mistake, not one for each machine too", () => {
  try {
    parseConfig(config("[{name: gpubox, ssh: gpubox}]"));
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /hosts must be a mapping by name, not a list/);
    assert.not.match((error as Error).message, /there is no host/);
  }
});

test("commands that need no host work here", async () => {
  const { shell } = fakeShell({ "homelab-gpu.yaml": config("{gpubox: {ssh: me@gpubox}}") });
  for (const command of ["init", "help", "completion"]) {
    assert.is(await configOfHosts(shell, options, command, []), undefined, command);
  }
  assert.is(await configOfHosts(shell, { ...options, host: "probe.txt" }, "plan", []), undefined);
});

test("the entry of init --host in hosts:, and the config with it", () => {
  const rows: [login: string, port: string | undefined, entry: ReturnType<typeof hostEntry>][] = [
    ["me@gpubox", undefined, { name: "gpubox", ssh: "me@gpubox" }],
    ["my_box.lan", "2222", { name: "my-box", ssh: "ssh://my_box.lan:2222" }],
    ["root@10.0.0.5", undefined, { name: "gpubox", ssh: "root@10.0.0.5" }],
    ["_", undefined, { name: "gpubox", ssh: "_" }],
    ["[fe80::1]", undefined, undefined],
  ];
  for (const [login, port, entry] of rows) {
    assert.equal(hostEntry(login, port), entry, login);
    if (!entry) continue;
    const text = withHost(own("templates/homelab-gpu.yaml"), entry);
    assert.equal(parseConfig(text).host, { name: entry.name, login, ...(port ? { port } : {}) });
  }
});

test("the ports of services are forwarded through the host: those below 1024 to others, a few at most", () => {
  const service = (...ports: number[]) => ({ ports }) as unknown as SeenService;
  const { shell } = fakeShell();
  const away = { here: shell, home: "/root", name: "gpubox", login: "me@gpubox", port: "22", uid: 0 };
  assert.equal(forwardLines([service(80), service(8080, 80)], "192.168.121.5", away), [
    "from this machine, through gpubox: ssh -N -L 8080:192.168.121.5:80 -L 8081:192.168.121.5:8080 -p 22 me@gpubox, " +
    "then http://localhost:8080",
  ]);
  assert.equal(forwardLines([service(80)], undefined, away), []);
  assert.equal(forwardLines([service(80)], "192.168.121.5", undefined), []);
  assert.equal(forwardLines([], "192.168.121.5", away), []);
  const many = Array.from({ length: 20 }, (_, i) => 9000 + i);
  assert.is(forwardLines([service(...many)], "10.0.0.2", away)[0]!.match(/-L/g)!.length, 8);
});

test.run();
