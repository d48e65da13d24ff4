// The data disk in a guest, by the real mkfs.ext4, blkid and wipefs on a file in a scratch tree;
// what mounts, and what starts services, is recorded.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("the data disk in a guest");

const at = "/var/lib/homelab-gpu-data";

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-data-"));
  guest(context.folder);
});

/** Creates a guest's tree with a blank disk of 64 MiB, Docker's data, and a folder in /srv. */
function guest(folder: string): void {
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write("sys/block/vda/serial", "");
  write("sys/block/vdb/serial", "homelab-gpu-data");
  write("sys/block/vdb/dev", "254:16\n");
  write("etc/fstab", "# the system\nUUID=1 / ext4 defaults 0 1\n");
  write("var/lib/docker/volumes/models/_data/weights", "weights");
  write("srv/photos/one", "photo");
  blank(folder);
}

test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function blank(folder: string, size = 64): void {
  mkdirSync(join(folder, "dev"), { recursive: true });
  closeSync(openSync(join(folder, "dev/vdb"), "w"));
  truncateSync(join(folder, "dev/vdb"), size * 1024 ** 2);
}

/** Runs the script; `more`: further stand-ins. Mounts are lines `PATH MAJ:MIN FSROOT` of a file. */
function mountData(
  folder: string,
  more: Record<string, string> = {},
  env: Record<string, string> = {},
) {
  const mounts = join(folder, "mounts");
  const log = join(folder, "log");
  writeFileSync(mounts, "", { flag: "a" });
  writeFileSync(log, "");
  // in a session of its own, which a power cut ends as a whole
  const found = spawnSync("setsid", ["sh", join(root, "scripts/mount-data.sh")], {
    env: {
      ...standIns(folder, {
        mount: `echo "mount $*" >>'${log}'
if [ "$1" = --bind ]; then echo "$3 254:16 \${2#'${folder}${at}'}" >>'${mounts}'; else echo "$4 254:16 /" >>'${mounts}'; fi`,
        findmnt:
          `for last; do :; done; awk -v at="$last" '$1 == at { print $2 " " $3; n = 1 } END { exit !n }' '${mounts}'`,
        systemctl: `echo "systemctl $*" >>'${log}'`,
        "systemd-escape": 'for last; do :; done; echo "$last.mount"',
        podman: `echo "podman $*" >>'${log}'`,
        sync: ":",
        ...more,
      }),
      DATA_ROOT: folder,
      ...env,
    },
    encoding: "utf8",
  });
  return { ...found, log: readFileSync(log, "utf8").trim().split("\n").filter(Boolean) };
}

const label = (folder: string) =>
  spawnSync("blkid", ["-p", "-o", "value", "-s", "LABEL", join(folder, "dev/vdb")], { encoding: "utf8" }).stdout.trim();
const uuid = (folder: string) =>
  spawnSync("blkid", ["-p", "-o", "value", "-s", "UUID", join(folder, "dev/vdb")], { encoding: "utf8" }).stdout.trim();
const fstab = (folder: string) => readFileSync(join(folder, "etc/fstab"), "utf8");

test("a blank disk is formatted, gets the data, and is mounted at every start", ({ folder }) => {
  const { status, stderr, stdout, log } = mountData(folder);
  assert.is(status, 0, stderr);
  assert.match(stdout, /formatting the blank disk .*\/dev\/vdb/);
  assert.is(label(folder), "homelab-gpu-data");
  assert.is(readFileSync(join(folder, at, "docker/volumes/models/_data/weights"), "utf8"), "weights");
  assert.is(readFileSync(join(folder, at, "srv/photos/one"), "utf8"), "photo");
  assert.is(
    fstab(folder),
    `# the system
UUID=1 / ext4 defaults 0 1
UUID=${uuid(folder)} ${at} ext4 defaults,nofail 0 2
${at}/srv /srv none bind,nofail,x-systemd.requires-mounts-for=${at} 0 0
${at}/docker /var/lib/docker none bind,nofail,x-systemd.requires-mounts-for=${at} 0 0
${at}/containerd /var/lib/containerd none bind,nofail,x-systemd.requires-mounts-for=${at} 0 0
`,
  );
  assert.is(
    readFileSync(join(folder, "etc/systemd/system/docker.service.d/homelab-gpu-data.conf"), "utf8"),
    "[Unit]\nRequiresMountsFor=/srv /var/lib/docker /var/lib/containerd\n",
  );
  assert.equal(log.filter((line) => /^mount|stop |start /.test(line)), [
    `mount -t ext4 ${folder}/dev/vdb ${folder}${at}`,
    "systemctl stop docker.socket",
    "systemctl stop docker.service",
    "systemctl stop containerd.service",
    `mount --bind ${folder}${at}/srv ${folder}/srv`,
    `mount --bind ${folder}${at}/docker ${folder}/var/lib/docker`,
    `mount --bind ${folder}${at}/containerd ${folder}/var/lib/containerd`,
    "systemctl start docker.socket",
    "systemctl start docker.service",
    "systemctl start containerd.service",
  ]);
});

test("the sizes of what stays on the system disk are recorded, of folders from 1 MiB on", ({ folder }) => {
  writeFileSync(join(folder, "var/lib/docker/image"), Buffer.alloc(3 * 1024 ** 2));
  const { status, stdout, stderr } = mountData(folder);
  assert.is(status, 0, stderr);
  assert.match(stdout, /copying \/var\/lib\/docker to the data disk: 3 MiB/);
  const record = readFileSync(join(folder, "etc/homelab-gpu-data-originals"), "utf8");
  assert.match(record, /^\/var\/lib\/docker 3\d{3}\n$/);
  assert.ok(existsSync(join(folder, "var/lib/docker/image")), "the original stays");
  assert.is(mountData(folder).status, 0);
  assert.is(readFileSync(join(folder, "etc/homelab-gpu-data-originals"), "utf8"), record);
});

test("folders of the host below are unmounted before the disk is mounted over them, and mounted again", ({ folder }) => {
  writeFileSync(join(folder, "mounts"), "virtiofs 0:60 /\n");
  const umount = `echo "umount $*" >>'${join(folder, "log")}'`;
  const mount = (log: string[]) => log.filter((line) => /^u?mount (-a|--bind)/.test(line));
  const { status, stderr, log } = mountData(folder, { umount });
  assert.is(status, 0, stderr);
  assert.is(mount(log)[0], "umount -a -t virtiofs");
  assert.is(mount(log).at(-1), "mount -a -t virtiofs");
  assert.equal(mount(mountData(folder, { umount }).log), [], "nothing is unmounted by the next run");
});

const bytes = (folder: string) => createHash("sha256").update(readFileSync(join(folder, "dev/vdb"))).digest("hex");
const changes = (log: string[]) => log.filter((line) => /^mount |^podman|systemctl (stop|daemon-reload)/.test(line));

test("run again, it changes nothing and stops nothing", ({ folder }) => {
  assert.is(mountData(folder).status, 0);
  const before = [uuid(folder), fstab(folder)];
  writeFileSync(join(folder, at, "docker/later"), "later");
  const { status, stderr, log } = mountData(folder);
  assert.is(status, 0, stderr);
  assert.equal(changes(log), []);
  assert.equal([uuid(folder), fstab(folder)], before);
  assert.is(readFileSync(join(folder, at, "docker/later"), "utf8"), "later");
});

test("the disk of an earlier VM is taken as it is: nothing of the new VM is copied over it", ({ folder }) => {
  assert.is(mountData(folder).status, 0);
  const id = uuid(folder);
  // another VM: its own system disk, and nothing mounted yet
  rmSync(join(folder, "mounts"));
  writeFileSync(join(folder, "etc/fstab"), "# another\n");
  rmSync(join(folder, "etc/systemd"), { recursive: true });
  writeFileSync(join(folder, at, "docker/volumes/models/_data/weights"), "trained");
  const { status, stderr, stdout, log } = mountData(folder);
  assert.is(status, 0, stderr);
  assert.not.match(stdout, /formatting|copying/);
  assert.is(uuid(folder), id);
  assert.is(readFileSync(join(folder, at, "docker/volumes/models/_data/weights"), "utf8"), "trained");
  assert.is(log.filter((line) => line.startsWith("mount --bind")).length, 3);
  assert.match(fstab(folder), new RegExp(`^# another\nUUID=${id} `));
});

/** Content of a disk that is not ours. */
const foreign: Record<string, (path: string) => void> = {
  "an ext4 file system without a label": (path) => command("mkfs.ext4", "-q", "-F", path),
  "an ext4 file system with another label": (path) => command("mkfs.ext4", "-q", "-F", "-L", "photos", path),
  "an ext2 file system with our label": (path) => command("mkfs.ext2", "-q", "-F", "-L", "homelab-gpu-data", path),
  "swap": (path) => command("mkswap", path),
  "a GPT without partitions": (path) => command("sfdisk", "-q", "-X", "gpt", path),
  "an MBR with a partition": (path) => command("sfdisk", "-q", "-X", "dos", path),
  "LUKS": (path) => {
    const header = Buffer.alloc(592);
    header.write("LUKS\xba\xbe\0\x01", 0, "latin1");
    header.write("11111111-2222-3333-4444-555555555555", 168, "latin1");
    put(path, header, 0);
  },
  "a physical volume of LVM": (path) => {
    const header = Buffer.alloc(512);
    header.write("LABELONE", 0, "latin1");
    header.writeBigUInt64LE(1n, 8);
    header.writeUInt32LE(32, 20);
    header.write("LVM2 001", 24, "latin1");
    put(path, header, 512);
  },
  "btrfs": (path) => put(path, Buffer.from("_BHRfS_M", "latin1"), 65536 + 64),
  "a file system with our label and a second signature": (path) => {
    command("mkfs.ext4", "-q", "-F", "-L", "homelab-gpu-data", path);
    command("sh", "-c", 'printf "\\x55\\xaa" | dd of="$0" bs=1 seek=510 conv=notrunc status=none', path);
    put(path, Buffer.from("_BHRfS_M", "latin1"), 65536 + 64);
  },
};
function command(...words: [string, ...string[]]): void {
  const [program, ...rest] = words;
  const { status, stderr } = spawnSync(program, rest, { input: ",\n", encoding: "utf8" });
  assert.is(status, 0, `${program}: ${stderr}`);
}
function put(path: string, data: Buffer, at: number): void {
  const file = openSync(path, "r+");
  writeSync(file, data, 0, data.length, at);
  closeSync(file);
}

for (const [what, make] of Object.entries(foreign)) {
  test(`refused, and left as it is: ${what}`, ({ folder }) => {
    make(join(folder, "dev/vdb"));
    const before = [bytes(folder), fstab(folder)];
    const { status, stderr, log } = mountData(folder);
    assert.is(status, 1);
    assert.match(
      stderr,
      /mount-data: the data disk .*\/dev\/vdb has .*only a blank disk is formatted: nothing was changed/,
    );
    assert.match(stderr, /destroy --data/);
    assert.equal([bytes(folder), fstab(folder)], before);
    assert.equal(changes(log), []);
  });
}

test("refused: partitions that the kernel sees, without a signature", ({ folder }) => {
  mkdirSync(join(folder, "sys/block/vdb/vdb1"));
  const { status, stderr } = mountData(folder);
  assert.is(status, 1);
  assert.match(stderr, /partitions/);
  assert.is(label(folder), "");
});

test("a disk that cannot be read is not taken for a blank one", ({ folder }) => {
  const before = bytes(folder);
  assert.is(mountData(folder, { wipefs: "exit 1" }).status, 1);
  assert.is(mountData(folder, { blkid: "exit 4" }).status, 1);
  assert.is(bytes(folder), before);
});

test("no disk, or two, with our serial number: says so", ({ folder }) => {
  writeFileSync(join(folder, "sys/block/vda/serial"), "homelab-gpu-data");
  assert.match(mountData(folder).stderr, /two disks have the serial number homelab-gpu-data: vda, vdb/);
  for (const name of ["vda", "vdb"]) writeFileSync(join(folder, `sys/block/${name}/serial`), "mine");
  assert.match(mountData(folder).stderr, /no disk with the serial number homelab-gpu-data/);
  assert.is(label(folder), "");
});

test("the file system takes the room of a disk that grew", ({ folder }) => {
  assert.is(mountData(folder).status, 0);
  const blocks = () => {
    const { stdout } = spawnSync("dumpe2fs", ["-h", join(folder, "dev/vdb")], { encoding: "utf8" });
    const [count, size] = ["Block count", "Block size"].map((key) =>
      Number(new RegExp(`^${key}: *(\\d+)`, "m").exec(stdout)![1])
    );
    return count! * size! / 1024 ** 2;
  };
  assert.is(blocks(), 64);
  const id = uuid(folder);
  truncateSync(join(folder, "dev/vdb"), 192 * 1024 ** 2);
  const { status, stderr } = mountData(folder);
  assert.is(status, 0, stderr);
  assert.is(blocks(), 192);
  assert.is(uuid(folder), id);
});

test("what does not fit on the disk is not copied, and the engine's folder stays as it is", ({ folder }) => {
  const { status, stderr, log } = mountData(folder, { df: "echo x; echo '/dev/vdb 64000 63999 1 99% /x'" });
  assert.is(status, 1);
  assert.match(stderr, /\/srv .*have \d+ MiB, and \d+ MiB are free on the data disk: write a larger data:/);
  assert.equal(log.filter((line) => line.startsWith("mount --bind")), []);
  assert.not.match(fstab(folder), /homelab-gpu-data/);
});

test("a folder that something else is mounted on, now or in fstab, is left alone", ({ folder }) => {
  writeFileSync(join(folder, "mounts"), `${folder}/srv 0:50 /export\n`);
  const now = mountData(folder);
  assert.is(now.status, 1);
  assert.match(now.stderr, /something else is mounted on \/srv \(0:50 \/export\)/);
  writeFileSync(join(folder, "mounts"), "");
  writeFileSync(join(folder, "etc/fstab"), "nas:/export /srv nfs defaults 0 0\n");
  const later = mountData(folder);
  assert.is(later.status, 1);
  assert.match(later.stderr, /\/etc\/fstab mounts something else on \/srv/);
  assert.is(fstab(folder), "nas:/export /srv nfs defaults 0 0\n");
  assert.equal(changes(later.log), []);
});

test("Podman: its own folder, and its containers are stopped first", ({ folder }) => {
  mkdirSync(join(folder, "var/lib/containers"), { recursive: true });
  writeFileSync(join(folder, "var/lib/containers/x"), "x");
  const { status, stderr, log } = mountData(folder, {}, { ENGINE: "podman" });
  assert.is(status, 0, stderr);
  assert.is(readFileSync(join(folder, at, "containers/x"), "utf8"), "x");
  assert.not.ok(existsSync(join(folder, at, "docker")));
  assert.ok(
    log.indexOf("podman stop --all") <
      log.indexOf(`mount --bind ${folder}${at}/containers ${folder}/var/lib/containers`),
  );
  assert.match(fstab(folder), /\/containers \/var\/lib\/containers none bind/);
});

/** Programs that change something. */
const steps = ["mkfs.ext4", "e2label", "mount", "systemctl", "cp", "mv"];
/** A folder on the system disk that is large enough to be recorded. */
const image = Buffer.alloc(2 * 1024 ** 2, "x");

test("a power cut at any step: the next run has the same end, and nothing is lost", ({ folder }) => {
  const real = (name: string) => spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
  const cuts = mkdtempSync(join(tmpdir(), "homelab-gpu-cuts-"));
  const mounts = join(folder, "mounts");
  const parts = ["sys", "etc", "var", "srv", "dev", "mounts"];
  // Before each step, the run saves what a power cut would leave, as cuts/NUMBER. At the step in KILL_AT a
  // real one ends the whole group.
  const saved = `case "$1" in is-enabled | cat | start) exec true ;; esac
n=$(($(cat '${cuts}/count' 2>/dev/null || echo 0) + 1)); echo $n >'${cuts}/count'; mkdir '${cuts}/'$n
(cd '${folder}' && ${real("cp")} -a --sparse=always ${parts.join(" ")} '${cuts}/'$n)
[ $n != "\${KILL_AT:-0}" ] || kill -9 0`;
  const own: Record<string, string> = {
    mount:
      `if [ "$1" = --bind ]; then echo "$3 254:16 \${2#'${folder}${at}'}" >>'${mounts}'; else echo "$4 254:16 /" >>'${mounts}'; fi`,
    systemctl: ":",
  };
  const wrapped = Object.fromEntries(
    steps.map((name) => [name, `${saved}\n${own[name] ?? `exec ${real(name)} "$@"`}`]),
  );
  try {
    const killed = mountData(folder, wrapped, { KILL_AT: "6" });
    assert.is(killed.signal, "SIGKILL", killed.stderr);
    const left = spawnSync("diff", ["-r", join(folder, "var"), join(cuts, "6/var")], { encoding: "utf8" });
    assert.equal([left.status, left.stdout], [0, ""], "a saved state is what a power cut leaves");
    rmSync(cuts, { recursive: true });
    mkdirSync(cuts);
    for (const path of parts) rmSync(join(folder, path), { recursive: true, force: true });
    guest(folder);
    writeFileSync(join(folder, "var/lib/docker/image"), image);
    writeFileSync(mounts, "");
    const whole = mountData(folder, wrapped);
    assert.is(whole.status, 0, whole.stderr);
    const total = Number(readFileSync(join(cuts, "count"), "utf8"));
    assert.ok(total > 12, `${total} steps`);
    for (let step = 1; step <= total; step++) {
      const cut = join(cuts, String(step));
      // after every second cut the VM starts again: what was mounted is not any more
      const mounted = step % 2 === 0 ? "" : readFileSync(join(cut, "mounts"), "utf8").replaceAll(folder, cut);
      writeFileSync(join(cut, "mounts"), mounted);
      const { status, stderr } = mountData(cut);
      assert.is(status, 0, `${step}: ${stderr}`);
      assert.is(label(cut), "homelab-gpu-data", String(step));
      assert.is(readFileSync(join(cut, at, "docker/volumes/models/_data/weights"), "utf8"), "weights", String(step));
      assert.is(readFileSync(join(cut, at, "srv/photos/one"), "utf8"), "photo", String(step));
      assert.equal(fstab(cut).match(/^UUID=\S+ \/var|^\/var.* bind/gm)?.length, 4, String(step));
      assert.not.ok(existsSync(join(cut, at, "docker.part")));
      const record = readFileSync(join(cut, "etc/homelab-gpu-data-originals"), "utf8");
      assert.match(record, /^\/var\/lib\/docker 2\d{3}\n$/, String(step));
      assert.is(readFileSync(join(cut, "var/lib/docker/volumes/models/_data/weights"), "utf8"), "weights");
      assert.is(readFileSync(join(cut, "mounts"), "utf8").trim().split("\n").length, 4, String(step));
      rmSync(cut, { recursive: true, force: true });
    }
  } finally {
    rmSync(cuts, { recursive: true, force: true });
  }
});

test("killed before or after each step of growing: the next run has all of the room, and the data", ({ folder }) => {
  assert.is(mountData(folder).status, 0);
  const [id, mounts] = [uuid(folder), join(folder, "mounts")];
  const blocks = () =>
    Number(
      /^Block count: *(\d+)/m.exec(
        spawnSync("dumpe2fs", ["-h", join(folder, "dev/vdb")], { encoding: "utf8" }).stdout,
      )![1],
    );
  const real = (name: string) => spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).stdout.trim();
  const before = blocks();
  const growing = ["e2fsck", "mount", "resize2fs"];
  for (const [i, [step, kill]] of growing.flatMap((step) => [[step, "before"], [step, "after"]] as const).entries()) {
    // the VM starts again, with a larger disk
    truncateSync(join(folder, "dev/vdb"), (128 + 64 * i) * 1024 ** 2);
    writeFileSync(mounts, "");
    const act = step === "mount" ? `echo "$4 254:16 /" >>'${mounts}'` : `${real(step)} "$@"`;
    const cut = kill === "before" ? "kill -9 0" : `${act}\nkill -9 0`;
    const had = blocks();
    assert.is(mountData(folder, { [step]: cut }).signal, "SIGKILL", `${kill} ${step}`);
    assert.is(blocks() > had, step === "resize2fs" && kill === "after", `${kill} ${step}`);
    rmSync(join(folder, "bin", step));
    const { status, stdout, stderr } = mountData(folder);
    assert.is(status, 0, `${kill} ${step}: ${stderr}`);
    assert.not.match(stdout, /formatting|copying/);
    assert.equal([label(folder), uuid(folder)], ["homelab-gpu-data", id]);
    assert.is(blocks(), before * (2 + i), `${kill} ${step}`);
    assert.is(readFileSync(join(folder, at, "srv/photos/one"), "utf8"), "photo");
  }
});

test("formatted and not yet labelled, or half copied: done again", ({ folder }) => {
  command("mkfs.ext4", "-q", "-F", "-L", "homelab-gpu-new", join(folder, "dev/vdb"));
  mkdirSync(join(folder, at, "docker.part/volumes"), { recursive: true });
  writeFileSync(join(folder, at, "docker.part/volumes/half"), "ha");
  const { status, stdout, stderr } = mountData(folder);
  assert.is(status, 0, stderr);
  assert.match(stdout, /formatting .*vdb again: an earlier run stopped/);
  assert.is(label(folder), "homelab-gpu-data");
  assert.not.ok(existsSync(join(folder, at, "docker/volumes/half")));
});

test.run();
