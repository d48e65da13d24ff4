// Folders of the host in a VM: what the config accepts, what is refused before anything boots, and
// when a VM is restarted for them.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { up } from "../lib/cli/commands/up.mts";
import { parseConfig } from "../lib/config/parse.mts";
import type { SharedFolder } from "../lib/config/types.mts";
import { type FolderState, folderTag, folderTagsIn, readFolders } from "../lib/host/folders.mts";
import type { LabMachine } from "../lib/host/lab.mts";
import { names as assets } from "../lib/plan/assets.mts";
import { makePlan } from "../lib/plan/plan.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { fakeShell, own } from "./fake.mts";
import { savedHost } from "./hosts.mts";
import { World } from "./world.mts";

const test = suite("folders");
const host = savedHost("vm-without-gpu");
const texts = Object.fromEntries(assets.map((name) => [name, own(name)]));
const lab = "/home/me/lab/.homelab-gpu";
const machines = (keys: string) => `machines: [{name: a, box: lab/x, memory: 1024, image: debian-13, ${keys}}]`;
const read = (folders: string, keys = "") => parseConfig(machines(`folders: ${folders}${keys}`)).machines[0]!.folders;

test("a folder is read-only unless the config says otherwise, and its path in the VM is made simple", () => {
  assert.equal(
    read('[{from: ./media, to: /mnt/media/}, {from: \'/my "x"\', to: "/mnt//it\'s/./b", read_only: false}]'),
    [
      { from: "./media", to: "/mnt/media", readOnly: true },
      { from: '/my "x"', to: "/mnt/it's/b", readOnly: false },
    ],
  );
  assert.is(read("[]"), undefined);
});

test("paths in the VM that cannot be one are errors with what to write", () => {
  const wrong = (folders: string, keys = "") => {
    try {
      read(folders, keys);
      return "";
    } catch (error) {
      return (error as Error).message.replace(/\s+/g, " ");
    }
  };
  const at = (...paths: string[]) => wrong(`[${paths.map((to) => `{from: /media, to: ${to}}`).join(", ")}]`);
  for (const to of ["/mnt/media", "/media", "/home/me/films", "/opt/films", "/srv/films", "/data", "/etcetera"]) {
    assert.is(at(to), "", to);
  }
  for (const to of ["/etc", "/etc/x", "/var/lib/docker", "/var/lib/docker/volumes", "/usr/share/x", "/mnt/../etc/x"]) {
    assert.match(at(to), /to: \S+ (is in \/\w+, which )?belongs to the system of the VM.* write to: \/mnt\//, to);
  }
  for (const to of ["/root", "/home/vagrant", "/tmp/x", "/opt/homelab-gpu/x", "/srv/homelab-gpu"]) {
    assert.match(at(to), /belongs to the system/, to);
  }
  for (const to of ["/", "/srv", "/home/", "/opt"]) assert.match(at(to), /would hide all that/, to);
  assert.match(wrong("[{from: /media, to: /srv}]", ", data: 2 GiB"), /would hide all that \/srv has/);
  assert.match(at("/mnt/a", "/mnt/a/"), /two folders have the same to: \/mnt\/a .*to: \/mnt\/a-2/);
  assert.match(at("/mnt/a", "/mnt/a/b"), /to: \/mnt\/a\/b is in \/mnt\/a, where another folder is mounted/);
  assert.match(at("/mnt/a/b", "/mnt/a"), /to: \/mnt\/a\/b is in \/mnt\/a/);
  assert.is(at("/mnt/a", "/mnt/ab"), "");
  for (const to of ["media", '"/mnt/a\\nb"', "1", "{}"]) assert.match(at(to), /to must be/, to);
  assert.match(wrong("[{to: /mnt/a}]"), /from is missing/);
  assert.match(wrong("/mnt/media"), /folders must be a list/);
});

test("a shell says what is at each path, with links resolved", async () => {
  const out = "folder /real/my media\0file\0missing\0unreadable\0";
  const { shell, asked } = fakeShell({}, { sh: { out, code: 0 } });
  assert.equal(await readFolders(shell, ["/a", "/b", "/c", "/d", "/a"]), {
    "/a": { kind: "folder", real: "/real/my media" },
    "/b": { kind: "file" },
    "/c": { kind: "missing" },
    "/d": { kind: "unreadable" },
  });
  assert.is(asked.length, 1);
  assert.equal(await readFolders(shell, []), {});
  assert.is(asked.length, 1, "no shell for no folder");
});

test("a real shell answers for each path, also for one with a line break behind a link", async () => {
  const work = realpathSync(mkdtempSync(join(tmpdir(), "homelab-gpu-folders-")));
  const [odd, link, file, none] = ["a\nfile", "link", "it's", "none/x"].map((name) => join(work, name)) as [
    ...[string, string, string, string],
  ];
  mkdirSync(odd);
  symlinkSync(odd, link);
  writeFileSync(file, "");
  const shell = { ...fakeShell().shell, platform: "linux" as const };
  shell.capture = ([program = "", ...words]) =>
    Promise.resolve({ ok: true, code: 0, out: execFileSync(program, words, { encoding: "utf8" }), err: "" });
  const found = await readFolders(shell, [link, file, none]);
  rmSync(work, { recursive: true });
  assert.equal(found, {
    [link]: { kind: "folder", real: odd },
    [file]: { kind: "file" },
    [none]: { kind: "missing" },
  });
});

function judged(states: Record<string, FolderState>, keys: string, more: Partial<typeof host> = {}) {
  const config = { ...resolveConfig(parseConfig(machines(keys)), host), folder: lab, hostFolders: states };
  return runChecks({ ...host, ...more }, config, ["storage.folders"])
    .map(({ status, message, fix }) => [status, message, fix[0]?.title].filter(Boolean).join(" | "));
}
const one = (state: FolderState | undefined, read_only = true) =>
  judged(
    state ? { "/m": state } : {},
    `provider: libvirt, folders: [{from: /m, to: /mnt/m, read_only: ${read_only}}]`,
  )[0]!;
const folder = (real: string): FolderState => ({ kind: "folder", real });

test("storage.folders: a folder that is not there, a file, and what could not be read", () => {
  assert.equal(judged({}, "provider: libvirt"), []);
  assert.is(one(folder("/m")), "pass | /m is /mnt/m in the VM");
  assert.match(one({ kind: "missing" }), /^fail \| there is no folder \/m on this host \| Create it/);
  assert.match(one({ kind: "file" }), /^fail \| \/m is a file, .*from: \/$/);
  assert.match(one({ kind: "unreadable" }), /^unknown/);
  assert.match(one(undefined), /^unknown/, "a saved host");
});

test("storage.folders: the system of the host, and the lab itself, also by a link", () => {
  for (const real of ["/", "/etc", "/etc/ssl", "/proc", "/dev/shm", "/var/lib/libvirt/images", "/boot"]) {
    assert.match(one(folder(real)), /^fail .* of this host/, real);
  }
  for (const real of ["/etcetera", "/var/lib/media", "/srv", "/usr/share/media", "/mnt", "/home/me/films"]) {
    assert.match(one(folder(real)), /^pass/, real);
  }
  assert.match(one(folder(lab)), /^fail .* with the keys of its VMs/);
  assert.match(one(folder(`${lab}/ssh`)), /^fail/);
  assert.match(one(folder("/home/me/lab")), /^pass/, "read-only");
  assert.match(one(folder("/home/me/lab"), false), /^fail .* can run programs on this host \| Write read_only: true/);
  const linked = judged(
    { "/m": folder("/tank/lab"), "/home/me/lab": folder("/tank/lab") },
    "provider: libvirt, folders: [{from: /m, to: /mnt/m, read_only: false}]",
  );
  assert.match(linked[0]!, /^fail .* can run programs/, "the lab's own folder is a link");
  for (const real of ["/root", "/home", "/home/me"]) assert.match(one(folder(real)), /^warn .* SSH keys/, real);
});

test("storage.folders: only with libvirt, with the reason, and not before 6.9", () => {
  for (const provider of ["virtualbox", "hyperv", "parallels"]) {
    const found = judged({ "/m": folder("/m") }, `provider: ${provider}, folders: [{from: /m, to: /mnt/m}]`);
    assert.is(found.length, 1);
    assert.match(found[0]!, /^fail \| folders: is available only with libvirt so far: .+ \| Remove folders:/, provider);
  }
  const keys = "provider: libvirt, folders: [{from: /m, to: /mnt/m}]";
  const versions = (libvirt: string) => ({ versions: { ...host.versions, libvirt } });
  assert.match(judged({ "/m": folder("/m") }, keys, versions("6.8.0"))[0]!, /^fail \| libvirt 6\.8\.0 is too old/);
  assert.match(judged({ "/m": folder("/m") }, keys, versions("6.9.0"))[0]!, /^pass/);
});

test("tools.present: virtiofsd, which QEMU's own packages have on older releases", () => {
  const found = (folders: string, virtiofsd: string | undefined, codename: string) => {
    const changed = structuredClone(host);
    Object.assign(changed.programs!, { virsh: "/usr/bin/virsh", "qemu-system-x86_64": "/usr/bin/qemu-system-x86_64" });
    Object.assign(changed.os, { codename, version: codename === "bookworm" ? "12" : "13" });
    if (virtiofsd === undefined) delete changed.virtiofsd;
    else changed.virtiofsd = virtiofsd;
    const config = resolveConfig(parseConfig(machines(`provider: libvirt${folders}`)), changed);
    const [finding] = runChecks(changed, config, ["tools.present"]);
    return `${finding!.status} ${finding!.message} ${finding!.fix.map(({ command }) => command).join(" ")}`;
  };
  const folders = ", folders: [{from: /m, to: /mnt/m}]";
  assert.match(found(folders, "none", "trixie"), /virtiofsd \(the folders of folders:\).* install .*virtiofsd/);
  assert.not.match(found(folders, "/usr/libexec/virtiofsd", "trixie"), /missing: .*virtiofsd/);
  assert.not.match(found("", "none", "trixie"), /virtiofsd/);
  assert.not.match(found(folders, "none", "bookworm"), /virtiofsd/);
});

const shared: SharedFolder = { from: '/it\'s my "m"', to: "/mnt/it's $x", readOnly: true };
const yaml = `folders: [{from: '/it''s my "m"', to: "/mnt/it's $x"}]`;
const tag = folderTag(shared);

test("a tag is short, and changes with path, place and mode", () => {
  const tags = [
    tag,
    folderTag({ ...shared, from: "/b" }),
    folderTag({ ...shared, to: "/b" }),
    folderTag({ ...shared, readOnly: false }),
  ];
  assert.is(new Set(tags).size, 4);
  assert.ok(tags.every((text) => /^homelab-gpu-[0-9a-f]{16}$/.test(text)));
});

test("the folders of a VM are our virtiofs devices, not those of others", () => {
  const device = (target: string) =>
    `<filesystem type='mount' accessmode='passthrough'>\n<driver type='virtiofs'/>\n<source dir='/m'/>\n` +
    `<target dir='${target}'/>\n</filesystem>\n`;
  assert.equal(folderTagsIn(`<devices>${device(tag)}${device("mine")}${device("homelab-gpu-0a")}</devices>`), [
    "homelab-gpu-0a",
    tag,
  ]);
});

function planned(keys: string, there: Partial<LabMachine> = {}) {
  const a: LabMachine = { domain: "lab-123456_a", state: "absent", ...there };
  const config = parseConfig(`machines: [{name: a, box: lab/x, memory: 1024, cpus: 2, ${keys}}]`);
  const resolved = resolveConfig(config, host, { a: { running: there.state === "running", passedAddresses: [] } });
  const state = { folder: lab, prefix: "lab-123456_", boxes: {}, orphans: {}, machines: { a } };
  return makePlan(resolved, host, state, texts);
}
const file = (plan: ReturnType<typeof planned>, path: string) => plan.files.find((one) => one.path === path)?.text;
const titles = (plan: ReturnType<typeof planned>) =>
  plan.steps.map(({ title }) => title).filter((title) => /Create|Start the VM|Restart|ounts? /.test(title));

test("a new VM gets the devices by the Vagrantfile, and mounts them before its services start", () => {
  const plan = planned(yaml);
  assert.match(file(plan, "Vagrantfile")!, /^require_relative "libvirt_devices"$/m);
  assert.match(file(plan, "Vagrantfile")!, new RegExp(`^ +l\\.share_folder '/it\\\\'s my "m"', '${tag}'$`, "m"));
  assert.is(file(plan, "libvirt_devices.rb"), own("templates/libvirt_devices.rb"));
  assert.ok(file(plan, "scripts/mount-folders.sh"));
  assert.equal(titles(plan), ["Create the VM a", "Mount the folders of a"]);
  const mount = plan.steps.findIndex(({ input }) => input === "scripts/mount-folders.sh");
  assert.is(plan.steps[mount]!.command.at(-1), `sudo sh -s -- ${tag} ro '/mnt/it'\\''s $x'`);
  assert.ok(mount < plan.steps.findIndex(({ input }) => input === "scripts/verify-guest.sh"));
  const disks = planned(`${yaml}, data: 2 GiB`).steps.map(({ input }) => input);
  assert.ok(disks.indexOf("scripts/mount-data.sh") < disks.indexOf("scripts/mount-folders.sh"));
});

test("without folders: a lab has no file, line and step of them, and other providers neither", () => {
  for (const keys of ["autostart: false", `provider: virtualbox, ${yaml}`]) {
    const plan = planned(keys);
    assert.equal(plan.files.filter(({ path }) => /folders/.test(path)), []);
    assert.not.match(file(plan, "Vagrantfile")!, /folder.*homelab-gpu-|libvirt_devices/);
    assert.not.match(titles(plan).join(), /folders/);
  }
});

const hardware = { accelerator: "tcg" as const, assignedFunctions: [] };
const running: Partial<LabMachine> = {
  state: "running",
  address: "192.168.121.5",
  bootId: "b/1",
  cpus: 2,
  memory: 1024,
};

test("a VM is restarted for other folders, once with other changes, and left alone with these", () => {
  const restart = "Restart the VM a with other folders";
  const mount = "Mount the folders of a";
  assert.equal(titles(planned(yaml, { ...running, hardware })), [restart, mount]);
  assert.equal(
    titles(
      planned(yaml, { ...running, hardware: { ...hardware, folderTags: [folderTag({ ...shared, readOnly: false })] } }),
    ),
    [
      restart,
      mount,
    ],
  );
  assert.equal(titles(planned(yaml, { ...running, memory: 512, hardware })), [
    "Restart the VM a with 2 CPUs and 1024 MiB and with other folders",
    mount,
  ]);
  assert.equal(
    titles(planned(yaml, { ...running, hardware: { ...hardware, folderTags: [tag] } })),
    [mount],
    "not proven",
  );
  // a folder that left the config
  const had = planned("autostart: false", { ...running, hardware: { ...hardware, folderTags: [tag] } });
  assert.equal(titles(had), [restart, "Remove the mounts of folders from a"]);
  assert.match(file(had, "Vagrantfile")!, /libvirt_devices/, "its device is removed at the start");
  assert.is(had.steps.find(({ input }) => input === "scripts/mount-folders.sh")!.command.at(-1), "sudo sh -s");
  assert.equal(titles(planned(yaml, { ...running, state: "off", hardware })), ["Start the VM a", mount]);
});

test("up mounts folders, does nothing in an unchanged lab, and restarts the VM for another folder", async () => {
  const config = (folders: string) => `machines: [{name: a, box: lab/x, memory: 1024, folders: [${folders}]}]\n`;
  const world = new World(config("{from: /m, to: /mnt/m}"), "vm-without-gpu");
  world.answers["sh -c say"] = { out: "folder /m\0folder /home/me/lab\0", code: 0 };
  const ran = async () => {
    world.output = [];
    world.calls = [];
    assert.is(await world.runCommand(up, world.context([])), 0, world.output.join(""));
    return world.output.join("");
  };
  assert.match(await ran(), /Mount the folders of a/);
  assert.match(await ran(), /nothing to do/);
  world.config = config("{from: /m, to: /mnt/m, read_only: false}");
  assert.match(await ran(), /Restart the VM a with other folders[^]*Mount the folders of a/);
  assert.match(await ran(), /nothing to do/);
  world.config = config("");
  assert.match(await ran(), /Restart the VM a with[^]*Remove the mounts of folders from a/);
  assert.match(await ran(), /nothing to do/);
  world.answers["sh -c say"] = { out: "missing\0folder /home/me/lab\0", code: 0 };
  world.config = config("{from: /m, to: /mnt/m}");
  world.output = [];
  world.calls = [];
  assert.is(await world.runCommand(up, world.context([])), 1);
  assert.match(world.output.join(""), /there is no folder \/m on this host/);
  assert.not.match(world.calls.join("\n"), /vagrant reload/);
});

test.run();
