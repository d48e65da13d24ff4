// The support table, the sentences that users search for, and the three tests of the original
// design.
import { suite } from "uvu";
import { providerNames } from "../lib/config/vocabulary.mts";
import * as assert from "uvu/assert";
import { names } from "../lib/plan/assets.mts";
import { notesFor, runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { foreignProviders } from "../lib/resolve/foreign-providers.mts";
import { supportTable } from "../lib/resolve/support-table.mts";
import { implemented, supportMarkdown, supportOf } from "../lib/resolve/support.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { providers } from "../lib/resolve/providers.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { Finding } from "../lib/findings.mts";
import type { Image } from "../lib/config/types.mts";
import type { Host } from "../lib/host/types.mts";
import { own } from "./fake.mts";
import { savedHost } from "./hosts.mts";

const test = suite("matrix");

const hosts = {
  linux: savedHost("rtx4070-desktop-debian12"),
  macos: parseHost("homelab-gpu-probe 1 macos\n[os]\nPRETTY_NAME:macOS 15.1\n[end]\n"),
  windows: windows({ product: "client", edition: "Professional", build: 26100 }),
  home: windows({ product: "client", edition: "Core", build: 26100 }),
  windows10: windows({ product: "client", edition: "Professional", build: 19045 }),
  windows1903: windows({ product: "client", edition: "Professional", build: 18362 }),
  server2019: windows({ product: "server", edition: "ServerDatacenter", build: 17763 }),
  server2022: windows({ product: "server", edition: "ServerDatacenter", build: 20348 }),
  server2025: windows({ product: "server", edition: "ServerDatacenter", build: 26100 }),
  unread: windows({}),
};
function windows(facts: Partial<Host["windows"]>): Host {
  const host = parseHost("homelab-gpu-probe 1 windows\n[os]\nPRETTY_NAME:Windows\n[end]\n");
  host.windows = { drivers: [], ...facts };
  return host;
}
const virtualbox = (version?: string): Host => ({
  ...hosts.linux,
  versions: { ...hosts.linux.versions, ...(version ? { virtualbox: version } : {}) },
});

/** The `provider.*` findings for a machine with a card. */
function said(host: Host, provider: string, gpu = "{}"): Finding[] {
  const config = parseConfig(`machines: [{name: a, box: lab/x, provider: ${provider}, gpu: ${gpu}}]`);
  return runChecks(host, resolveConfig(config, host), ["provider.host", "provider.mode", "provider.version"]);
}
const bad = (host: Host, provider: string, gpu = "{}") =>
  said(host, provider, gpu).filter(({ status }) => status === "fail").map(({ check, message }) =>
    `${check}: ${message}`
  );

function vagrantfile(host: Host, machine: string): string {
  const config = resolveConfig(parseConfig(`machines: [{name: a, box: lab/x, ${machine}}]`), host);
  const lab = {
    folder: "/lab/.homelab-gpu",
    prefix: "lab-1_",
    boxes: {},
    orphans: {},
    machines: { a: { domain: "lab-1_a", state: "absent" as const } },
  };
  const texts = Object.fromEntries(names.map((name) => [name, own(name)]));
  return makePlan(config, host, lab, texts).files.find(({ path }) => path === "Vagrantfile")!.text;
}

// ------------------------------------------------------------------ the three tests of the original

test("without a GPU in the config, nothing is rendered for one", () => {
  for (const provider of providerNames) {
    const of = (gpu: string) => vagrantfile(hosts.windows, `provider: ${provider}${gpu}`);
    assert.is(of(", gpu: {enabled: false}"), of(""), provider);
    assert.not.match(of(""), /gpu_|pci|nvidia/);
  }
});

test("VirtualBox on a macOS host fails with “requires a Linux host”", () => {
  const [says] = bad(hosts.macos, "virtualbox", "{enabled: true}");
  assert.is(says, "provider.host: VirtualBox GPU passthrough requires a Linux host");
});

test("a Hyper-V machine with partition_count: 2 has exactly one customisation with both lines", () => {
  for (const count of ["2", '"2"']) {
    const text = vagrantfile(hosts.windows, `provider: hyperv, gpu: {enabled: true, partition_count: ${count}}`);
    const blocks = text.split(/^(?=\s*m\.vm\.provider )/m).slice(1);
    assert.is(blocks.length, 1);
    assert.match(blocks[0]!, /^\s*m\.vm\.provider :hyperv do \|h\|$/m);
    assert.equal(blocks[0]!.match(/h\.gpu_partition_\w+ = \w+/g), [
      "h.gpu_partition_adapter = true",
      "h.gpu_partition_count = 2",
    ]);
  }
});

// ------------------------------------------------------------------------------------------------------ the sentences

test("refusals have the fixed sentences", () => {
  const both = (host: Host, provider: string, gpu = "{}") => bad(host, provider, gpu)[0];
  assert.is(both(hosts.macos, "libvirt"), "provider.host: libvirt GPU passthrough requires a Linux host");
  assert.is(both(hosts.linux, "hyperv"), "provider.host: Hyper-V GPU partitioning requires a Windows host");
  assert.is(both(hosts.windows, "virtualbox"), "provider.host: VirtualBox GPU passthrough requires a Linux host");
  assert.is(both(virtualbox("6.1.0"), "virtualbox"), "provider.version: VirtualBox 6.1 removed PCI passthrough");
  assert.is(both(virtualbox("7.2.4"), "virtualbox"), "provider.version: VirtualBox 6.1 removed PCI passthrough");
  assert.is(both(virtualbox("5.2.44"), "virtualbox"), undefined);
  for (const host of Object.values(hosts)) {
    assert.is(both(host, "parallels"), "provider.host: Parallels does not support GPU passthrough");
  }
  assert.is(both(hosts.home, "hyperv"), "provider.host: Windows Home has no Hyper-V");
  assert.match(both(hosts.windows, "hyperv", "{mode: passthrough}")!, /^provider\.mode: .*only on Windows Server/);
  assert.match(both(hosts.windows1903, "hyperv")!, /^provider\.version: .*build 19041/);
});

test("every refusal names the nearest alternative", () => {
  for (const { verdict, message, instead, provider } of supportTable) {
    if (verdict === "refused") assert.ok(instead, `${provider}: ${message}`);
  }
  const [refused] = said(virtualbox("7.0.0"), "virtualbox").filter(({ status }) => status === "fail");
  assert.match(refused!.fix[0]!.title, /provider: libvirt/);
});

test("Discrete Device Assignment is experimental on Server, and only if requested", () => {
  const mode = (gpu: string) => said(hosts.server2025, "hyperv", gpu).find(({ check }) => check === "provider.mode")!;
  assert.equal([mode("{}").status, mode("{}").message], ["pass", "Hyper-V, mode partition"]);
  assert.is(mode("{mode: passthrough}").status, "warn");
  assert.match(mode("{mode: passthrough}").message, /^experimental/);
  assert.equal([bad(hosts.server2022, "hyperv"), bad(hosts.server2019, "hyperv").length], [[], 1]);
});

test("a fact that was not read is unknown, and never refused", () => {
  const statuses = said(hosts.unread, "hyperv").map(({ status }) => status);
  assert.ok(statuses.includes("unknown") && !statuses.includes("fail"), statuses.join());
  const old = said(virtualbox(), "virtualbox").map(({ status }) => status);
  assert.ok(old.includes("unknown") && !old.includes("fail"), old.join());
});

test("advice starts with what works on this host, and names nothing that does not", () => {
  const instead = (host: Host, provider: string, gpu = ", gpu: {}") => {
    const config = parseConfig(`machines: [{name: a, box: lab/x, provider: ${provider}${gpu}}]`);
    return runChecks(host, resolveConfig(config, host), ["provider.host"])[0]!.fix[0]?.title;
  };
  const [linux, windows] = ["on a Linux host with provider: libvirt", "on Windows with provider: hyperv"];
  for (const provider of ["hyperv", "parallels", "vmware_desktop"]) {
    assert.is(instead(hosts.linux, provider), "Write provider: libvirt");
  }
  for (const provider of ["virtualbox", "parallels", "libvirt", "qemu"]) {
    assert.is(instead(hosts.windows, provider), `Write provider: hyperv, or run this ${linux}`);
    const none = "No provider can pass a GPU to a VM on";
    assert.is(instead(hosts.macos, provider), `${none} macOS 15.1: run this ${linux}, or ${windows}`);
    assert.is(instead(hosts.home, provider), `${none} Windows: run this ${linux}`);
    assert.is(instead(hosts.unread, provider), `Run this ${linux}; this one is Windows`);
  }
  assert.is(
    instead(hosts.server2022, "virtualbox"),
    `Write provider: hyperv, or run this ${linux}`,
    "though it is one",
  );
  assert.match(instead(hosts.home, "hyperv")!, /^Use Windows Pro/);
  assert.is(instead(hosts.linux, "hyperv", ""), "Write provider: libvirt or virtualbox, or run this on a Windows host");
  assert.is(instead(hosts.macos, "utm", ""), "Write provider: virtualbox or parallels");
  assert.is(
    instead(hosts.macos, "libvirt", ""),
    "Write provider: virtualbox or parallels, or run this on a Linux host",
  );
});

test("VirtualBox: an unread version is unknown, and so is a missing one", () => {
  const { message } = said(virtualbox(), "virtualbox").find(({ status }) => status === "unknown")!;
  assert.is(
    message,
    "the version of VirtualBox could not be read: PCI passthrough is experimental up to 6.0 and removed in 6.1",
  );
});

test("libvirt is mentioned only if the config names it", () => {
  const driver = (provider: string) => {
    const config = parseConfig(`machines: [{name: a, box: lab/x, provider: ${provider}, gpu: {}}]`);
    return runChecks(hosts.linux, resolveConfig(config, hosts.linux), ["gpu.driver"]).map(({ message }) => message)
      .join();
  };
  assert.match(driver("libvirt"), /libvirt takes the card when the VM starts/);
  assert.match(driver("virtualbox"), / holds 0000:01:00\.0/);
  assert.not.match(driver("virtualbox"), /libvirt/);
});

test("other Vagrant providers are refused by name, with those that work", () => {
  assert.equal(implemented, ["libvirt", "hyperv", "virtualbox"]);
  const sentences = Object.keys(foreignProviders).map((name) => {
    const [says] = bad(hosts.linux, name);
    assert.match(
      says!,
      new RegExp(`^provider\\.host: GPU passthrough not implemented for ${name}: .*; it works with libvirt`),
    );
    return foreignProviders[name]!.reason;
  });
  assert.is(new Set(sentences).size, 4, "VMware, QEMU, UTM and Docker each have their own");
  const plain = parseConfig("machines: [{name: a, box: lab/x, provider: utm}]");
  const [finding] = runChecks(hosts.macos, resolveConfig(plain, hosts.macos), ["provider.host"]);
  assert.equal([finding!.status, finding!.message], ["fail", "homelab-gpu cannot create VMs with utm"]);
  assert.throws(
    () => parseConfig("machines: [{name: a, box: lab/x, provider: vboxx}]"),
    /must be one of\s+libvirt,\s+hyperv,\s+parallels,\s+virtualbox, not/,
  );
});

test("VirtualBox before 6.1 needs its extension pack", () => {
  const status = (there?: boolean) => {
    const host = { ...virtualbox("6.0.24"), ...(there === undefined ? {} : { virtualboxExtensions: there }) };
    return said(host, "virtualbox").filter(({ message }) => /extension pack(,| could|$)/.test(message)).map((
      { status },
    ) => status).join();
  };
  assert.equal([status(true), status(false), status()], ["pass", "fail", "unknown"]);
  assert.not.ok(said(virtualbox("7.0.0"), "virtualbox").some(({ message }) => message.includes("extension pack")));
  const far = structuredClone(virtualbox("6.0.24"));
  for (const fn of far.pci!) fn.bdf = fn.bdf.replace(/^0000/, "0001");
  assert.match(bad(far, "virtualbox").join(), /cannot address PCI domains, but the card is at 0001:01:00\.0/);
});

// ---------------------------------------------------------------------------------------------------------- the table

test("the table has an answer for every provider, use and host", () => {
  for (const provider of providerNames) {
    for (const use of ["plain", "passthrough", "partition"] as const) {
      for (const host of Object.values(hosts)) assert.is(supportOf(provider, use, host).row.provider, provider);
      const last = supportTable.filter((row) => row.provider === provider && row.uses.includes(use)).at(-1)!;
      assert.ok(last, `${provider} ${use}`);
    }
  }
  for (const { message, verdict } of supportTable) if (verdict !== "works") assert.ok(message);
});

test("the default provider is one that the host has", () => {
  const chosen = (host: Host) =>
    resolveConfig(parseConfig("machines: [{name: a, box: lab/x}]"), host).machines[0]!.provider;
  assert.equal(Object.entries(hosts).map(([name, host]) => `${name} ${chosen(host)}`), [
    "linux libvirt",
    "macos parallels",
    "windows hyperv",
    "home virtualbox",
    "windows10 hyperv",
    "windows1903 hyperv",
    "server2019 hyperv",
    "server2022 hyperv",
    "server2025 hyperv",
    "unread hyperv",
  ]);
  assert.is(chosen({ ...hosts.macos, programs: { VBoxManage: "/usr/local/bin/VBoxManage" } }), "virtualbox");
  assert.is(chosen({ ...hosts.macos, programs: {} }), "virtualbox", "neither is there: the one that costs nothing");
});

test("every provider has its templates", () => {
  const images: Image[] = [{ kind: "known", name: "debian-13" }, { kind: "file", file: "./a.box" }];
  for (const { template, packer } of providers) {
    for (const name of [template, ...images.map(packer)]) assert.ok(names.includes(`templates/${name}`), name);
  }
});

test("the page of what works where contains the table", () => {
  assert.ok(own("lib/resolve/README.md").includes(supportMarkdown()), "npm run schema writes it");
});

test("confirm commands are those of the host's system", () => {
  const of = (name: string) => savedHost(name);
  const confirms = ["vm-without-gpu", "windows-11-pro-rtx4070", "macos-apple-silicon"].map((name) =>
    notesFor(of(name))["gpu.present"]!.confirm
  );
  assert.equal(confirms, [
    "lspci -nn -d ::03xx",
    "Get-PnpDevice -Class Display -PresentOnly",
    "system_profiler SPDisplaysDataType",
  ]);
  const config = parseConfig("machines: [{name: a, box: lab/x, provider: hyperv}]");
  const home = of("windows-11-home");
  assert.equal(
    runChecks(home, resolveConfig(config, home), ["provider.host", "tools.present"]).map(({ check, status }) =>
      `${check} ${status}`
    ),
    ["provider.host fail"],
  );
});

test.run();
