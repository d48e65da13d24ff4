// Folders of the host in a guest: /etc/fstab and the order of mounts in a scratch tree; what mounts,
// and what stops containers, is recorded.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("folders of the host in a guest");

const system = "# the system\nUUID=1 / ext4 defaults 0 1\n";
test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-folders-"));
  mkdirSync(join(context.folder, "etc"));
  writeFileSync(join(context.folder, "etc/fstab"), system);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** Runs the script; `more`: further stand-ins. Mounts are lines `TAG PATH` of a file. */
function mountFolders(folder: string, words: string[], more: Record<string, string> = {}, env = {}) {
  const mounts = join(folder, "mounts");
  const log = join(folder, "log");
  writeFileSync(mounts, "", { flag: "a" });
  writeFileSync(log, "");
  const found = spawnSync("sh", [join(root, "scripts/mount-folders.sh"), ...words], {
    env: {
      ...standIns(folder, {
        mount: `printf '%s\\n' "mount $*" >>'${log}'\nprintf '%s\\n' "$5 $6" >>'${mounts}'`,
        findmnt:
          `for last; do :; done; AT=$last awk '{ tag = $1; sub(/^[^ ]* /, "") } $0 == ENVIRON["AT"] { print tag }' '${mounts}'`,
        systemctl: `echo "systemctl $*" >>'${log}'`,
        docker: `echo "docker $*" >>'${log}'`,
        podman: `echo "podman $*" >>'${log}'`,
        sync: ":",
        ...more,
      }),
      FOLDERS_ROOT: folder,
      ...env,
    },
    encoding: "utf8",
  });
  return {
    ...found,
    log: readFileSync(log, "utf8").trim().split("\n").filter((line) => line !== "" && !/ ps -q$/.test(line)),
    table: readFileSync(join(folder, "etc/fstab"), "utf8"),
  };
}
const options = "nosuid,nodev,nofail,x-systemd.before=docker.service,x-systemd.before=podman-restart.service";
const line = (tag: string, mode: string, at: string) => `${tag} ${at} virtiofs ${mode},${options} 0 0\n`;

test("folders are mounted now and at each boot, with blanks, quotes and backslashes in their paths", ({ folder }) => {
  const odd = '/mnt/it\'s a "b" $(x) \\040';
  const first = mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/media", "homelab-gpu-02", "rw", odd]);
  assert.is(first.status, 0, first.stderr);
  assert.is(
    first.table,
    system + line("homelab-gpu-01", "ro", "/mnt/media") +
      line("homelab-gpu-02", "rw", '/mnt/it\'s\\040a\\040"b"\\040$(x)\\040\\134040'),
  );
  assert.equal(first.log, [
    "systemctl daemon-reload",
    `mount -t virtiofs -o ro,nosuid,nodev homelab-gpu-01 ${folder}/mnt/media`,
    `mount -t virtiofs -o rw,nosuid,nodev homelab-gpu-02 ${folder}${odd}`,
  ]);
  assert.ok(existsSync(join(folder, odd)));
  // findmnt and the kernel read fstab's escapes alike
  const read = spawnSync("findmnt", [
    "-nr",
    "--tab-file",
    join(folder, "etc/fstab"),
    "-o",
    "TARGET",
    "-S",
    "homelab-gpu-02",
  ], {
    encoding: "utf8",
  });
  assert.is(JSON.parse(`"${read.stdout.trim().replaceAll('"', '\\"').replace(/\\x([0-9a-f]{2})/g, "\\u00$1")}"`), odd);

  const again = mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/media", "homelab-gpu-02", "rw", odd]);
  assert.is(again.status, 0, again.stderr);
  assert.equal([again.log, again.table], [[], first.table], "a second run changes nothing");
});

test("folders that left the config leave fstab, and nothing else does", ({ folder }) => {
  mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/a", "homelab-gpu-02", "ro", "/mnt/b"]);
  writeFileSync(join(folder, "etc/fstab"), "mine /x virtiofs ro 0 0\n", { flag: "a" });
  writeFileSync(join(folder, "mounts"), "");
  const one = mountFolders(folder, ["homelab-gpu-03", "ro", "/mnt/b"]);
  assert.is(one.table, `${system}mine /x virtiofs ro 0 0\n${line("homelab-gpu-03", "ro", "/mnt/b")}`);
  const none = mountFolders(folder, []);
  assert.is(none.table, `${system}mine /x virtiofs ro 0 0\n`);
  assert.equal(none.log, ["systemctl daemon-reload"]);
});

test("containers that run are stopped before a mount, and only then", ({ folder }) => {
  const running = { docker: `echo "docker $*" >>'${folder}/log'; [ "$1" != ps ] || echo c1` };
  const first = mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/a"], running);
  assert.equal(first.log.slice(1), [
    "systemctl stop docker.socket docker.service",
    `mount -t virtiofs -o ro,nosuid,nodev homelab-gpu-01 ${folder}/mnt/a`,
    "systemctl start docker.service",
  ]);
  assert.equal(mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/a"], running).log, []);
  const podman = { podman: `echo "podman $*" >>'${folder}/log'; [ "$1" != ps ] || echo c1` };
  const other = mountFolders(folder, ["homelab-gpu-04", "ro", "/mnt/c"], podman, { ENGINE: "podman" });
  assert.equal(other.log.slice(1), [
    "podman stop --all",
    `mount -t virtiofs -o ro,nosuid,nodev homelab-gpu-04 ${folder}/mnt/c`,
  ]);
});

test("a failed mount starts the engine again, and says what it needs", ({ folder }) => {
  const { status, stderr, log } = mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/a"], {
    mount: "exit 32",
    docker: "echo c1",
  });
  assert.is(status, 1);
  assert.match(stderr, /\/mnt\/a cannot be mounted: the kernel of this guest needs virtiofs/);
  assert.is(log.at(-1), "systemctl start docker.service");
});

test("another mount there, or another line of fstab, is refused", ({ folder }) => {
  writeFileSync(join(folder, "mounts"), `/dev/vdc ${folder}/mnt/a\n`);
  const mounted = mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/a"]);
  assert.is(mounted.status, 1);
  assert.match(mounted.stderr, /something else is mounted on \/mnt\/a \(\/dev\/vdc\)/);
  assert.is(mounted.table, system);
  writeFileSync(join(folder, "mounts"), "");
  writeFileSync(join(folder, "etc/fstab"), `${system}/dev/vdc /mnt/a\\040b ext4 defaults 0 0\n`);
  const listed = mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/a b"]);
  assert.match(listed.stderr, /\/etc\/fstab mounts something else on \/mnt\/a b/);
});

test("files that a mount hides are named", ({ folder }) => {
  mkdirSync(join(folder, "mnt/a/b"), { recursive: true });
  const { stdout } = mountFolders(folder, ["homelab-gpu-01", "ro", "/mnt/a"]);
  assert.match(stdout, /\/mnt\/a has files of this VM, which are not visible/);
});

test.run();
