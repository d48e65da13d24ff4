// What mount-data.sh left on the system disk of a guest, in a scratch tree: removed, or used again. What mounts
// is recorded; a bind mount of a parent folder is a link to it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dataFolders } from "../../lib/host/data-disks.mts";
import { own, root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("the originals of a data disk");

const at = "/var/lib/homelab-gpu-data";
const paths = ["/srv", "/var/lib/docker", "/var/lib/containerd"];
const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
const system = "# the system\nUUID=1 / ext4 defaults 0 1\n";

/** A guest whose folders were copied to its data disk, which is mounted. */
function guest(folder: string): void {
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const path of paths) {
    write(`${path}/.file`, "original");
    write(`${path}/below/file`, "original");
    write(`${at}/${nameOf(path)}/.file`, "of the data disk");
  }
  write("etc/homelab-gpu-data-originals", "/srv 2048\n/var/lib/docker 4096\n");
  const binds = paths.map((path) => `${at}/${nameOf(path)} ${path} none bind,nofail 0 0\n`).join("");
  write("etc/fstab", `${system}UUID=2 ${at} ext4 defaults,nofail 0 2\n${binds}`);
  write("etc/systemd/system/docker.service.d/homelab-gpu-data.conf", "[Unit]\n");
  const mounts = paths.map((path) => `${folder}${path} 254:16 /${nameOf(path)}\n`).join("");
  write("mounts", `${folder}${at} 254:16 /\n${mounts}`);
}

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-originals-"));
  guest(context.folder);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** The programs that stand in for those that mount, and for systemd. */
const programs = (folder: string): Record<string, string> => ({
  mount: `echo "mount $*" >>'${folder}/log'
[ "$1" != --bind ] || { rmdir "$3"; ln -s "$2" "$3"; echo "$3 254:1 /x" >>'${folder}/mounts'; }`,
  umount: `echo "umount $*" >>'${folder}/log'
[ "$1" != -a ] || exit 0
awk -v at="$1" '$1 != at' '${folder}/mounts' >'${folder}/mounts.new'; mv '${folder}/mounts.new' '${folder}/mounts'
[ ! -L "$1" ] || { rm "$1"; mkdir "$1"; }`,
  findmnt:
    `for last; do :; done; awk -v at="$last" '$1 == at { print $2 " " $3; n = 1 } END { exit !n }' '${folder}/mounts'`,
  systemctl: `echo "systemctl $*" >>'${folder}/log'`,
  sync: ":",
});

/** Runs the script; `more`: further stand-ins. */
function originals(folder: string, word: string, more: Record<string, string> = {}, env: Record<string, string> = {}) {
  writeFileSync(join(folder, "log"), "");
  const found = spawnSync("setsid", ["sh", join(root, "scripts/data-originals.sh"), word], {
    env: { ...standIns(folder, { ...programs(folder), ...more }), DATA_ROOT: folder, ...env },
    encoding: "utf8",
  });
  return { ...found, log: readFileSync(join(folder, "log"), "utf8").trim().split("\n").filter(Boolean) };
}
const text = (folder: string, path: string) => {
  const file = join(folder, path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
};
const record = "etc/homelab-gpu-data-originals";

test("remove deletes the recorded originals, and nothing on the data disk", ({ folder }) => {
  const { status, stdout, stderr } = originals(folder, "remove");
  assert.is(status, 0, stderr);
  assert.match(stdout, /deleted the original of \/srv\n.*deleted the original of \/var\/lib\/docker\n/s);
  assert.equal(paths.map((path) => text(folder, `${path}/below/file`)), [undefined, undefined, "original"]);
  assert.equal(paths.map((path) => text(folder, `${path}/.file`)), [undefined, undefined, "original"]);
  assert.ok(existsSync(join(folder, "srv")), "the folder that the disk is mounted on stays");
  assert.equal(paths.map((path) => text(folder, `${at}/${nameOf(path)}/.file`)), Array(3).fill("of the data disk"));
  assert.is(text(folder, record), undefined);
  const again = originals(folder, "remove");
  assert.equal([again.status, again.log], [0, []], again.stderr);
});

for (
  const [what, mounts] of Object.entries({
    "the data disk is not mounted": (folder: string) => `${folder}/srv 254:16 /srv\n`,
    "the data disk is not mounted on the folder": (folder: string) => `${folder}${at} 254:16 /\n`,
    "something else is mounted on the folder": (folder: string) =>
      `${folder}${at} 254:16 /\n${folder}/srv 254:32 /srv\n`,
  })
) {
  test(`remove deletes nothing where ${what}`, ({ folder }) => {
    writeFileSync(join(folder, "mounts"), mounts(folder));
    const { status, stderr } = originals(folder, "remove");
    assert.is(status, 1);
    assert.match(stderr, /data-originals: the data disk is not mounted/);
    assert.equal(paths.map((path) => text(folder, `${path}/below/file`)), Array(3).fill("original"));
  });
}

test("back: the engine stops, nothing is mounted any more, also at the next boot, and the engine starts", ({ folder }) => {
  const { status, stderr, log } = originals(folder, "back");
  assert.is(status, 0, stderr);
  assert.is(text(folder, "etc/fstab"), system);
  assert.is(text(folder, "etc/systemd/system/docker.service.d/homelab-gpu-data.conf"), undefined);
  assert.is(text(folder, "mounts"), "");
  assert.is(text(folder, record), undefined);
  const at = (line: string) => log.findIndex((one) => one.startsWith(line));
  assert.ok(at("systemctl stop docker.service") < at("umount") && at("umount") < at("systemctl start"), log.join("\n"));
  assert.match(originals(folder, "back").stderr, /there are no originals here/);
});

test("back: folders of the host below are unmounted before, and mounted again", ({ folder }) => {
  writeFileSync(join(folder, "mounts"), `virtiofs tag x\n${text(folder, "mounts")}`);
  const { status, stderr, log } = originals(folder, "back");
  assert.is(status, 0, stderr);
  const mounting = log.filter((line) => /^u?mount/.test(line));
  assert.equal([mounting[0], mounting.at(-1)], ["umount -a -t virtiofs", "mount -a -t virtiofs"]);
});

test("back: a folder in use is named with what to do, and a later run finishes", ({ folder }) => {
  const { status, stderr } = originals(folder, "back", { umount: "echo 'umount: target is busy.' >&2; exit 32" });
  assert.is(status, 1);
  assert.match(stderr, /\/srv is still in use: restart this VM \(sudo reboot\), and run this again\n$/);
  assert.is(text(folder, "etc/fstab"), system, "after a restart, nothing is mounted");
  assert.is(originals(folder, "back").status, 0);
  assert.equal([text(folder, "mounts"), text(folder, record)], ["", undefined]);
});

test("the scripts and the questions of up name the same folders", () => {
  const choices = ["mount-data", "data-originals"].map((name) =>
    /^folders='srv[^]*?^esac$/m.exec(own(`scripts/${name}.sh`))![0]
  );
  assert.is(choices[0], choices[1]);
  for (const engine of ["docker", "podman"]) {
    const { stdout } = spawnSync("sh", ["-c", `engine=${engine}\n${choices[0]}\necho "$folders"`], {
      encoding: "utf8",
    });
    assert.equal(stdout.trim().split(" ").map((pair) => pair.split(":")[1]), dataFolders(engine));
  }
});

for (const word of ["remove", "back"]) {
  test(`${word}, killed before or after any step: the next run ends as one that was not killed`, ({ folder }) => {
    const real = (name: string) => spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
    const whole = join(folder, "whole");
    guest(whole);
    assert.is(originals(whole, word).status, 0);
    const ended = (one: string) => [
      ...paths.map((path) => text(one, `${path}/below/file`)),
      ...paths.map((path) => text(one, `${at}/${nameOf(path)}/.file`)),
      ...[record, "etc/fstab", "mounts"].map((path) => text(one, path)?.replaceAll(one, "")),
    ];
    let kills = 0;
    for (const step of ["mount", "umount", "find", "sed", "mv", "rm", "systemctl"]) {
      let more = true;
      for (let nth = 1; more; nth++) {
        for (const when of ["before", "after"]) {
          const one = join(folder, `${step}-${nth}-${when}`);
          guest(one);
          const act = programs(one)[step] ?? `${real(step)} "$@"`;
          const count = `n=$(($(cat '${one}/count' 2>/dev/null || echo 0) + 1)); echo $n >'${one}/count'`;
          const cut = `[ $n != ${nth} ] || kill -9 0`;
          const program = when === "before" ? `${count}\n${cut}\n${act}` : `${count}\n(${act}\n)\n${cut}`;
          const killed = originals(one, word, { [step]: program });
          more = killed.signal === "SIGKILL";
          if (!more) break;
          kills++;
          rmSync(join(one, "bin", step));
          const { status, stderr } = originals(one, word);
          // it was done when it was killed
          const over = word === "back" && /there are no originals here/.test(stderr);
          assert.ok(status === 0 || over, `${step} ${nth} ${when}: ${stderr}`);
          assert.equal(ended(one), ended(whole), `${step} ${nth} ${when}`);
        }
      }
    }
    assert.ok(kills > 12, `${kills} kills`);
  });
}

test("any other word changes nothing", ({ folder }) => {
  const before = text(folder, "etc/fstab");
  assert.match(originals(folder, "undo").stderr, /usage: data-originals\.sh remove\|back/);
  assert.is(text(folder, "etc/fstab"), before);
});

test.run();
