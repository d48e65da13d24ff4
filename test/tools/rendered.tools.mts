// Rendered files in the real programs: no config value is executed as code, and each arrives
// unchanged.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { names } from "../../lib/plan/assets.mts";
import { composeFile } from "../../lib/compose/render.mts";
import { parseConfig } from "../../lib/config/parse.mts";
import { parseHost } from "../../lib/host/parse.mts";
import { folderTagsIn } from "../../lib/host/folders.mts";
import { lanIn } from "../../lib/host/lan.mts";
import { preparationOf } from "../../lib/plan/prepare.mts";
import { applyScript, undoScript } from "../../lib/plan/prepare-scripts.mts";
import { makePlan } from "../../lib/plan/plan.mts";
import { render } from "../../lib/render.mts";
import { resolveConfig } from "../../lib/resolve/resolve.mts";
import type { File } from "../../lib/plan/types.mts";
import { own, root } from "../fake.mts";
import { hostile, mark } from "./hostile.mts";

const test = suite<{ folder: string }>("rendered");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu tools-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function run(command: string, words: string[], cwd: string, input?: string): string {
  const env = {
    ...process.env,
    VAGRANT_CHECKPOINT_DISABLE: "1",
    CHECKPOINT_DISABLE: "1",
    VAGRANT_HOME: join(cwd, "vagrant-home"),
    VAGRANT_DEFAULT_PROVIDER: "libvirt",
  };
  delete (env as { NODE_OPTIONS?: string }).NODE_OPTIONS;
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd,
    env,
    encoding: "utf8",
    ...(input === undefined ? {} : { input }),
  });
  if (status !== 0) throw new Error(`${command} ${words.join(" ")}: ${status}\n${stdout}${stderr}`);
  return stdout;
}

function planned(text: string): File[] {
  const host = parseHost(own("test/hosts/vm-without-gpu.txt"));
  const config = parseConfig(text);
  const texts = Object.fromEntries(
    [...names, "/my.sh"].map((name) => [name, name === "/my.sh" ? "#!/bin/sh\n" : own(name)]),
  );
  const machines = Object.fromEntries(
    config.machines.map(({ name }) => [name, { domain: name, state: "absent" as const }]),
  );
  return makePlan(
    resolveConfig(config, host),
    host,
    { folder: "/lab", prefix: "lab-1_", boxes: {}, orphans: {}, machines },
    texts,
  ).files;
}
function written(files: File[], folder: string): void {
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

test("Ruby reads every value literally", ({ folder }) => {
  const file = render("print [{{all}}].flatten.join(0.chr)\n", { all: hostile }).text;
  assert.equal(run("ruby", ["-e", file], folder).split("\0"), hostile);
});

test("every Ruby template renders every value literally", ({ folder }) => {
  const templates = readdirSync(`${root}/templates`).filter((name) => /^(Vagrantfile|.*\.rb)$/.test(name));
  const placed = templates.flatMap((name) =>
    [...own(`templates/${name}`).matchAll(/\{\{(\w+)\}\}/g)].map(([, key]) => [name, key!])
  );
  assert.ok(placed.length > 20);
  // each template with each value in all its places; an object that accepts every setting records
  // the values
  const recorder = `
    require "json"
    class Recorder < BasicObject
      def initialize(said) = @said = said
      def method_missing(name, *words, &block)
        all = words.flat_map { |word| ::Hash === word ? word.values : [word] }
        @said.concat(all.select { |word| ::String === word })
        block&.call(::Recorder.new(@said), ::Recorder.new(@said))
        ::Recorder.new(@said)
      end
    end
    module Vagrant; class MachineIndex; end; def self.configure(_) = yield(Recorder.new($said)); end
    puts(JSON.parse(STDIN.read).map { |text| $said = []; m = config = Recorder.new($said); eval(text); $said }.to_json)`;
  for (const name of templates.filter((name) => placed.some(([template]) => template === name))) {
    const keys = [...new Set(placed.filter(([template]) => template === name).map(([, key]) => key!))];
    const texts = hostile.map((value) => {
      const alone = (key: string) => new RegExp(`^[ \\t]*\\{\\{${key}\\}\\}$`, "m").test(own(`templates/${name}`));
      const values = keys.map((key) => [key, alone(key) ? render("m.alone {{value}}", { value }) : value]);
      return render(own(`templates/${name}`), Object.fromEntries(values)).text;
    });
    const said: string[][] = JSON.parse(run("ruby", ["-e", recorder], folder, JSON.stringify(texts)));
    for (const [i, value] of hostile.entries()) {
      assert.is(
        said[i]!.filter((one) => one === value).length >= keys.length,
        true,
        `${name}: ${JSON.stringify(value)}`,
      );
    }
  }
  assert.not.ok(existsSync(mark), "nothing of it was run");
});

test("a shell reads every value literally", ({ folder }) => {
  for (const value of hostile) {
    assert.is(run("sh", ["-c", render("printf %s {{value}}", { value }, "shell").text], folder), value);
  }
});

for (const [name, command] of [["1", "docker-compose"], ["2", process.env.COMPOSE_V2!]] as const) {
  test(`Compose ${name} reads every value literally, $ written as $$`, ({ folder }) => {
    const environment = Object.fromEntries(hostile.map((value, i) => [`V${i}`, value.replaceAll("$", "$$$$")]));
    const service = {
      image: "x",
      command: ["echo", ...hostile.filter(Boolean).map((value) => value.replaceAll("$", "$$$$"))],
      labels: { [`key.${"$"}{x}`]: "y" },
      environment,
    };
    writeFileSync(join(folder, "compose.yaml"), composeFile([{ name: "web", machine: "a", body: service }]));
    const shown =
      parse(run(command, ["-p", "x", "-f", "compose.yaml", "config"], folder), { schema: "failsafe" }).services.web;
    // `config` prints a file in which each $ is doubled
    const single = (value: string) => value.replaceAll("$$", "$");
    // no YAML reader reads back what version 1 prints for a line separator
    const told = (values: string[]) => values.filter((value) => name === "2" || value !== "\u2028");
    for (const value of told(hostile)) assert.is(single(shown.environment[`V${hostile.indexOf(value)}`]), value);
    assert.equal(shown.command.slice(1, told(hostile).length).map(single), told(hostile).filter(Boolean));
  });

  test(`Compose ${name} accepts the declared volumes and networks of services`, ({ folder }) => {
    const config = parseConfig(`machines: [{name: a, box: lab/x}]
services:
  web:
    image: x
    volumes: ["data:/x:ro", "./a:/a", "/b:/b", /c, {type: volume, source: more, target: /y}]
    networks: {back: {aliases: [www]}}
  db: {image: x, networks: [back, default]}
  other: {image: x}
`);
    writeFileSync(join(folder, "compose.yaml"), composeFile(config.services));
    const { volumes, networks } = parse(run(command, ["-p", "x", "-f", "compose.yaml", "config"], folder));
    assert.equal(Object.keys(volumes).sort(), ["data", "more"]);
    assert.equal(Object.keys(networks).sort(), ["back", "default"]);
  });

  test(`Compose ${name} gets the numbers that it would read itself`, ({ folder }) => {
    const values = ["01777", "-017", "00", "0x1F", "1.5", "12345678901234567890", "9007199254740993", "'012'"];
    const written = `services: {web: {image: x, environment: {${values.map((one, i) => `V${i}: ${one}`).join(", ")}}}}`;
    const told = (text: string) => {
      writeFileSync(join(folder, "compose.yaml"), text);
      return parse(run(command, ["-p", "x", "-f", "compose.yaml", "config"], folder), { schema: "failsafe" }).services;
    };
    const { services } = parseConfig(`machines: [{name: a, box: lab/x}]\n${written}`);
    assert.equal(told(composeFile(services)), told(written));
  });

  test(`Compose ${name} accepts a partition of a card by its name`, ({ folder }) => {
    const service = { name: "web", machine: "a", gpu: 1, body: { image: "x" } };
    writeFileSync(join(folder, "compose.yaml"), composeFile([service], "part"));
    const { deploy } = parse(run(command, ["-p", "x", "-f", "compose.yaml", "config"], folder)).services.web;
    const [device] = deploy.resources.reservations.devices;
    assert.equal([device.driver, device.device_ids], ["cdi", ["nvidia.com/gpu=all"]]);
  });

  test(`Compose ${name} accepts a reservation of GPUs`, ({ folder }) => {
    writeFileSync(
      join(folder, "compose.yaml"),
      composeFile([{ name: "web", machine: "a", gpu: 2, body: { image: "x" } }]),
    );
    const { devices } =
      parse(run(command, ["-p", "x", "-f", "compose.yaml", "config"], folder)).services.web.deploy.resources
        .reservations;
    assert.equal(devices, [{ driver: "nvidia", count: 2, capabilities: ["gpu"] }]);
  });
}

test("Packer accepts the files of a box, and reads every value literally", ({ folder }) => {
  const files = planned("machines: [{name: a, box: lab/x, image: debian-13, provision: [/my.sh]}]");
  written(files, folder);
  const box = join(folder, "packer/lab~x");
  const values = JSON.parse(files.find(({ path }) => path.endsWith("pkrvars.json"))!.text);
  mkdirSync(join(box, "seed"));
  for (const name of ["user-data", "meta-data", "authorized_keys", "key"]) writeFileSync(join(box, "seed", name), "");
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(box, "seed", "key2")], folder);
  run("mv", [join(box, "seed", "key2"), join(box, "seed", "key")], folder);
  run("packer", ["validate", "."], box);
  writeFileSync(join(box, "values.auto.pkrvars.json"), JSON.stringify({ ...values, scripts: hostile }));
  const shown = run("packer", ["console", "."], box, "jsonencode(var.scripts)\n");
  const json = shown.slice(shown.indexOf("["), shown.lastIndexOf("]") + 1);
  assert.equal(JSON.parse(json), hostile);
});

test("Packer accepts the files of a box from a published one, and reads every value literally", ({ folder }) => {
  const files = planned(
    "machines: [{name: a, box: lab/x, provider: virtualbox, image: debian-13, provision: [/my.sh]}]",
  );
  written(files, folder);
  const box = join(folder, "packer/lab~x~virtualbox");
  const values = JSON.parse(files.find(({ path }) => path.endsWith("pkrvars.json"))!.text);
  run("packer", ["validate", "."], box);
  writeFileSync(join(box, "values.auto.pkrvars.json"), JSON.stringify({ ...values, scripts: hostile }));
  const shown = run("packer", ["console", "."], box, "jsonencode(var.scripts)\n");
  assert.equal(JSON.parse(shown.slice(shown.indexOf("["), shown.lastIndexOf("]") + 1)), hostile);
});

test("Packer accepts the files of a box for Hyper-V from a cloud image, and reads every value literally", ({ folder }) => {
  written(
    planned("machines: [{name: a, box: lab/x, provider: hyperv, image: debian-13, provision: [/my.sh]}]"),
    folder,
  );
  const box = join(folder, "packer/lab~x~hyperv");
  const path = join(box, "values.auto.pkrvars.json");
  mkdirSync(join(box, "seed"));
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "key"], join(box, "seed"));
  // prepare-build.ps1 writes these two
  writeFileSync(join(box, "seed", "seed.iso"), "");
  writeFileSync(join(box, "switch.auto.pkrvars.json"), JSON.stringify({ switch_name: "Default Switch" }));
  writeFileSync(join(box, "disk.vhdx"), "");
  const values = { ...JSON.parse(readFileSync(path, "utf8")), seed: join(box, "seed", "seed.iso") };
  writeFileSync(path, JSON.stringify(values));
  run("packer", ["validate", "."], box);
  assert.match(run("packer", ["console", "."], box, "var.switch_name\n"), /Default Switch/);
  writeFileSync(path, JSON.stringify({ ...values, scripts: hostile }));
  const shown = run("packer", ["console", "."], box, "jsonencode(var.scripts)\n");
  assert.equal(JSON.parse(shown.slice(shown.indexOf("["), shown.lastIndexOf("]") + 1)), hostile);
  writeFileSync(path, JSON.stringify({ ...values, seed: join(box, "none.iso") }));
  assert.throws(() => run("packer", ["validate", "."], box), /Secondary Dvd image does not exist/i);
});

test("a Packer with built-in plugins refuses the plugins file, so only newer ones get it", ({ folder }) => {
  writeFileSync(join(folder, "plugins.pkr.hcl"), own("templates/plugins.pkr.hcl"));
  assert.throws(
    () => run("packer", ["validate", "."], folder),
    /required_plugins|Failed to initialize|are not expected here/,
  );
});

test("Vagrant accepts the Vagrantfile and evaluates every machine's provider block", ({ folder }) => {
  written(
    planned("machines: [{name: a, box: lab/x, image: debian-13}, {name: b-2, box: lab/y, accelerator: kvm, cpus: 7}]"),
    folder,
  );
  assert.match(run("vagrant", ["validate"], folder), /validated successfully/);
  // Vagrant refuses a setting that does not exist, so every evaluated setting exists
  const path = join(folder, "Vagrantfile");
  writeFileSync(path, own("test/golden/starter.Vagrantfile").replace("1.HASH.0", "1.0.0").replace("l.cpus", "l.bogus"));
  assert.throws(() => run("vagrant", ["validate"], folder), /The following settings shouldn't exist: bogus/);
});

test("vagrant-libvirt has the data disk as one that it does not remove", ({ folder }) => {
  const tells =
    "libvirt: 'File.write(\"disks\", l.disks.map { |d| d.values_at(:path, :size, :serial, :bus, :type, :allow_existing) }.to_json)'";
  written(planned(`machines: [{name: a, box: lab/x, data: 2 GiB, ${tells}}]`), folder);
  assert.match(run("vagrant", ["validate"], folder), /validated successfully/);
  const [disk, ...others] = JSON.parse(readFileSync(join(folder, "disks"), "utf8"));
  assert.match(disk[0], /_a-data\.qcow2$/);
  assert.equal(disk.slice(1), ["2G", "homelab-gpu-data", "virtio", "qcow2", true]);
  assert.equal(others, []);
});

test("a domain gets the folders and the LAN of its machine before vagrant-libvirt starts it", ({ folder }) => {
  // the user's own lines run in the machine's block
  const tells = `File.write("said", [
  l.shared_folders,
  VagrantPlugins::ProviderLibvirt::Action::StartDomain.ancestors.first.to_s,
  first = HomelabGpu::Devices.change(File.read("domain.xml"), l.shared_folders),
  HomelabGpu::Devices.change(first, l.shared_folders),
  HomelabGpu::Devices.change(first, {}),
  HomelabGpu::Devices.change(File.read("domain.xml"), {}),
  HomelabGpu::Devices.real("link"),
  HomelabGpu::Devices.real("/no/such"),
  card = HomelabGpu::Devices.change(File.read("domain.xml"), {}, l.lan),
  HomelabGpu::Devices.change(card, {}, l.lan),
  HomelabGpu::Devices.change(card, {}, ["br1", l.lan.last]),
  HomelabGpu::Devices.change(card, {}, nil),
].to_json)`;
  const froms = hostile.filter((text) => text !== "" && !/[\u0000-\u001f]/.test(text));
  const folders = froms.map((from, i) => ({ from, to: `/mnt/${i}` }));
  const backing = "<memoryBacking><nosharepages/></memoryBacking>";
  const mine = "<filesystem type='mount'><source dir='/q'/><target dir='mine'/></filesystem>";
  const nat = "<interface type='network'><mac address='52:54:00:99:99:99'/><source network='nat'/></interface>";
  const devices = (text: string) => `<devices><emulator>/x</emulator>${text}</devices>`;
  writeFileSync(
    join(folder, "domain.xml"),
    `<domain type='qemu'><name>a</name>${backing}${devices(mine + nat)}</domain>`,
  );
  symlinkSync(".", join(folder, "link"));
  written(
    planned(
      JSON.stringify({ machines: [{ name: "a", box: "lab/x", folders, network: { lan: "lo" }, libvirt: tells }] }),
    ),
    folder,
  );
  assert.match(run("vagrant", ["validate"], folder), /validated successfully/);
  const [has, hook, first, again, none, unchanged, real, noReal, lan, same, other, noLan] = JSON.parse(
    readFileSync(join(folder, "said"), "utf8"),
  );
  assert.equal(Object.values(has), froms);
  assert.is(hook, "HomelabGpu::ChangeDevices");
  const tags = Object.keys(has);
  assert.equal(folderTagsIn(first.replaceAll('"', "'")), [...tags].sort());
  assert.match(
    first,
    /<memoryBacking><nosharepages\/><source type="memfd"\/><access mode="shared"\/><\/memoryBacking>/,
  );
  assert.match(first, /<source dir="\/q"\/><target dir="mine"\/>/);
  assert.equal([again, unchanged], [null, null]);
  assert.equal([real, noReal], [realpathSync(folder), "/no/such"], "virtiofsd refuses a link");
  assert.equal(folderTagsIn(none.replaceAll('"', "'")), []);
  assert.match(none, /<target dir="mine"\/>/);
  // lo is no bridge here, so the card is a macvtap; it follows the one that Vagrant asks for the address
  assert.match(lan, /<source network="nat"\/><\/interface><interface type="direct"><mac address="52:54:00:/);
  assert.match(lanIn(lan.replaceAll('"', "'"))!, /^lo 52:54:00:/);
  assert.is(same, null);
  assert.match(lanIn(other.replaceAll('"', "'"))!, /^br1 52:54:00:/);
  assert.is(lanIn(noLan.replaceAll('"', "'")), undefined);
  assert.match(noLan, /<source network="nat"\/>/);
});

test("Vagrant accepts every Vagrantfile with cards", ({ folder }) => {
  for (const name of readdirSync(`${root}/test/golden`).filter((name) => /^gpu-.*Vagrantfile$/.test(name))) {
    writeFileSync(join(folder, "Vagrantfile"), own(`test/golden/${name}`));
    assert.match(run("vagrant", ["validate"], folder), /validated successfully/, name);
  }
});

test("shellcheck accepts the scripts that prepare writes", ({ folder }) => {
  const fedora = "rx7900-only-card-fedora";
  for (const name of ["rtx4070-desktop-debian12", "threadripper-two-rtx3090-arch", fedora, `${fedora} by rpm-ostree`]) {
    const host = parseHost(own(`test/hosts/${name.split(" ")[0]}.txt`));
    host.iommu.units = [];
    if (name.endsWith("rpm-ostree")) {
      host.existingPaths.push("/run/ostree-booted");
      host.programs!["rpm-ostree"] = "/usr/bin/rpm-ostree";
    }
    const preparation = preparationOf(host.pci!.filter((fn) => fn.class?.startsWith("03")).slice(0, 1), host);
    writeFileSync(join(folder, "apply.sh"), applyScript(preparation));
    writeFileSync(join(folder, "undo.sh"), undoScript(preparation));
    // arguments.sh is created at run time; a script within a script is quoted as a whole
    run("shellcheck", ["-e", "SC1091,SC2016", "apply.sh", "undo.sh"], folder);
  }
});

test("shellcheck accepts all scripts", () => {
  const scripts = [
    ...readdirSync(`${root}/scripts`).map((name) => `scripts/${name}`),
    ...readdirSync(`${root}/test`, { recursive: true, encoding: "utf8" }).map((name) => `test/${name}`),
    ".ci/run",
  ];
  run("shellcheck", scripts.filter((name) => /\.sh$|^\.ci\/run$|\/(guest-)?init$/.test(name)), root);
});

test("Vagrant reads a name as that of a machine, not as the beginning of a VM's id", ({ folder }) => {
  const lab = join(folder, "lab");
  written(planned("machines: [{name: bed, box: lab/x}, {name: b, box: lab/x}]"), lab);
  const index = join(lab, "vagrant-home/data/machine-index");
  mkdirSync(index, { recursive: true });
  // a VM of another folder, whose id begins with the name
  const other = { name: "other", provider: "libvirt", state: "running", vagrantfile_path: join(folder, "elsewhere") };
  const machines = {
    bed0c4e1d2934c0b8f6a7e5d4c3b2a10: { ...other, local_data_path: join(folder, "elsewhere/.vagrant") },
  };
  writeFileSync(join(index, "index"), JSON.stringify({ version: 1, machines }));
  // asks the index for the machine's name, and for the id of the other VM
  const said = run("vagrant", ["validate"], lab) + run("ruby", ["-e", asking, join(lab, "Vagrantfile")], lab);
  assert.match(said, /validated successfully[^]*bed: nil, false[^]*bed0c4e1d2934c0b8f6a7e5d4c3b2a10: other, true/);
});

/** Ruby code for the end of a Vagrantfile: asks Vagrant's index of VMs. */
const asking = `
  require "vagrant"
  module Vagrant; def self.configure(_); end; end
  load ARGV[0]
  index = Vagrant::MachineIndex.new(Pathname.new(ENV["VAGRANT_HOME"]).join("data/machine-index"))
  for id in ["bed", "bed0c4e1d2934c0b8f6a7e5d4c3b2a10"]
    entry = index.get(id)
    puts "#{id}: #{entry ? entry.name : "nil"}, #{index.include?(id) ? true : false}"
    index.release(entry) if entry
  end`;

test.run();
