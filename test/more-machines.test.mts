// Kinds of real machines, based on public listings: what is advised on each, and what is not.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { parseHost } from "../lib/host/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { main } from "../lib/cli/main.mts";
import { cardName } from "../lib/cli/card-name.mts";
import { fakeShell, own, root } from "./fake.mts";

const test = suite("more machines");
const text = (name: string) => own(`test/hosts/${name}.txt`);
const ada = "{vendor_id: 10de, device_id: 2786}";

function finding(host: string, check: string, gpu = ada) {
  const parsed = parseHost(host);
  const machine = `{name: m, provider: libvirt, box: lab/x, image: debian-13, memory: 1024, gpu: ${gpu}}`;
  return runChecks(parsed, resolveConfig(parseConfig(`machines: [${machine}]`), parsed), [check])[0]!;
}
const titles = (host: string, check: string, gpu?: string) =>
  finding(host, check, gpu).fix.map(({ title, command }) => `${title} ${command ?? ""}`).join("\n");

/** What a command says on standard error. */
async function says(command: "prepare" | "init", host: string, gpu?: string): Promise<string> {
  const config = `machines: [{name: m, provider: libvirt, box: lab/x, image: debian-13, memory: 1024, gpu: ${gpu}}]`;
  const template = "templates/homelab-gpu.yaml";
  const { shell, said } = fakeShell({
    host,
    [`${root}/${template}`]: own(template),
    ...(gpu ? { "c.yaml": config } : {}),
  });
  const dry = command === "init" ? ["-n"] : [];
  await main([command, ...dry, "--no-color", "--host", "host", "--config", "c.yaml"], shell);
  return said.join("");
}

test("prepare: a list of pci-stub with the card is named, one without it is not", async () => {
  const host = text("card-given-to-pci-stub");
  assert.match(await says("prepare", host, ada), /note: pci-stub\.ids=10de:2786,10de:22bc [^\n]*is kept: pci-stub has/);
  const other = host.replaceAll("pci-stub.ids=10de:2786,10de:22bc", "pci-stub.ids=1b21:2142");
  assert.not.match(await says("prepare", other, ada), /note: pci-stub/);
  const file = other.replace("[configured]\n", "$&modprobe.d/stub.conf:options pci_stub ids=10de:22bc\n");
  assert.match(
    await says("prepare", file, ada),
    /options pci_stub ids=10de:22bc \(\/etc\/modprobe\.d\/stub\.conf\) is kept/,
  );
});

test("gpu.reset: vendor-reset is named for the chips that it knows, and for no others", () => {
  const host = text("strix-halo-apu-proxmox");
  const apu = finding(host, "gpu.reset", "{vendor_id: 1002, device_id: 1586}");
  assert.equal([apu.status, apu.fix], ["warn", []]);
  const vega = finding(host.replaceAll("0x1586", "0x687f"), "gpu.reset", "{vendor_id: 1002, device_id: 687f}");
  assert.match(vega.fix[0]!.title, /vendor-reset, which is made for this chip/);
});

test("gpu.display: Intel's only card may stay on the host where it can have virtual functions", () => {
  const host = text("only-display-with-virtual-functions-off");
  const gpu = "{vendor_id: 8086, device_id: 46d1}";
  assert.is(finding(host, "gpu.display", gpu).status, "fail");
  assert.match(titles(host, "gpu.display", gpu), /of which this card can have 7: write mode: partition/);
  assert.not.match(titles(host.replace(/^.*sriov_totalvfs:.*\n/m, ""), "gpu.display", gpu), /partition/);
  const nvidia = host.replaceAll("0x46d1", "0x2786").replace(/(00:02\.0\/vendor:)0x8086/, "$10x10de");
  assert.not.match(titles(nvidia, "gpu.display", ada), /partition/, "NVIDIA's need a licence");
});

test("iommu.enabled: ZFSBootMenu keeps the arguments in a property", () => {
  const host = text("void-with-zfsbootmenu");
  assert.match(titles(host, "iommu.enabled"), /ZFSBootMenu\): in the property org\.zfsbootmenu:commandline/);
  assert.match(
    titles(host.replace(/^generate-zbm:.*\n/m, ""), "iommu.enabled"),
    /in the configuration of this host's boot loader/,
  );
});

test("iommu.enabled: the firmware's setting has the name that the processor's maker gives it", () => {
  const host = text("proxmox9-without-tools-iommu-off");
  assert.is(finding(host, "iommu.enabled").message, "IOMMU is not enabled in your BIOS");
  assert.match(titles(host, "iommu.enabled"), /^Turn on AMD-Vi, also called IOMMU, in the firmware setup/);
  assert.match(titles(host.replaceAll("AuthenticAMD", "GenuineIntel"), "iommu.enabled"), /^Turn on VT-d in/);
  assert.match(titles(host.replaceAll("AuthenticAMD", "CentaurHauls"), "iommu.enabled"), /VT-d \(Intel\) or AMD-Vi/);
});

test("tools.present: Proxmox VE without libvirt gets no command that installs a part", () => {
  const { fix } = finding(text("proxmox9-without-tools-iommu-off"), "tools.present");
  assert.equal(fix.map(({ command }) => command), [null]);
  assert.match(fix[0]!.title, /^Proxmox VE has its own QEMU/);
});

test("a card of the row with all old chips is named by its class", () => {
  const any = parseHost(text("card-given-to-pci-stub")).pci![0]!;
  const named = (device: string) => cardName({ ...any, vendor: "10de", device });
  assert.not.match(named("128b"), /GK208/);
  assert.match(named("2786"), /^NVIDIA AD104 \(10de:2786\)$/);
});

test.run();
