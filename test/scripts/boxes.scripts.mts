// Scripts that manage images and boxes, with recording programs: nothing in use is removed, and
// nothing damaged is used.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";

const test = suite<{ folder: string }>("boxes");

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu-boxes-"));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/**
 * virsh's data in a test of box-volumes.sh: pools with their volumes and backing files, domains
 * with their disks.
 */
function volumes(folder: string, virsh: string) {
  const env = standIns(folder, {
    virsh: `shift 3\necho "$*" >>'${folder}/asked'\ncase "$*" in\n${virsh}\n*) exit 1 ;;\nesac`,
    "qemu-img": "exit 1",
  });
  const { status, stdout, stderr } = spawnSync("sh", [`${root}/scripts/box-volumes.sh`, "drop", "lab/x"], {
    env: { ...env, HOME: folder },
    encoding: "utf8",
  });
  assert.is(status, 0, stderr);
  return {
    stdout,
    deletes: readFileSync(`${folder}/asked`, "utf8").split("\n").filter((line) => line.startsWith("vol-delete")),
  };
}
const copy = "lab-VAGRANTSLASH-x_vagrant_box_image_1.2.3_box.img";
const listed = `"vol-list default"|"vol-list --pool default") echo ' ${copy}   /images/${copy}' ;;
"vol-dumpxml --pool default"*) echo '<volume><target><path>/images/${copy}</path></target></volume>' ;;
vol-delete*) ;;`;
const based = `echo '<volume><backingStore>'; echo '<path>/images/${copy}</path>'; echo '</backingStore></volume>'`;

test("a copy of a box that no disk is based on is removed", ({ folder }) => {
  const { deletes } = volumes(
    folder,
    `"pool-list --all --name"|"pool-list --name") echo default ;;\n"list --all --name") ;;\n${listed}`,
  );
  assert.equal(deletes, [`vol-delete --pool default ${copy}`]);
});

for (
  const [what, virsh] of Object.entries({
    "an overlay lies in another pool":
      `"pool-list"*) echo default; echo big ;;\n"list --all --name") ;;\n"vol-list --pool big") echo ' d.qcow2  /big/d.qcow2' ;;
"vol-dumpxml --pool big"*) ${based} ;;\n${listed}`,
    "another pool is not active":
      `"pool-list --all --name") echo default; echo big ;;\n"pool-list --name") echo default ;;\n"list --all --name") ;;\n${listed}`,
    "the other pool's disks cannot be listed":
      `"pool-list"*) echo default; echo big ;;\n"list --all --name") ;;\n${listed}`,
    "a volume cannot be read":
      `"pool-list"*) echo default; echo big ;;\n"list --all --name") ;;\n"vol-list --pool big") echo ' d  /big/d' ;;\n${listed}`,
    "a domain's disk lies in no pool and cannot be read":
      `"pool-list"*) echo default ;;\n"list --all --name") echo vm ;;\n"dumpxml vm") echo "<disk type='file'>"; echo "<source file='/proc/1/root/d.qcow2'/>"; echo '</disk>' ;;\n${listed}`,
    "a domain has the copy itself as its disk":
      `"pool-list"*) echo default ;;\n"list --all --name") echo vm ;;\n"dumpxml vm") echo "<disk type='file'>"; echo "<source file='/images/${copy}'/>"; echo '</disk>' ;;\n${listed}`,
    "the domains cannot be listed": `"pool-list"*) echo default ;;\n${listed}`,
    "libvirt does not answer": "never) ;;",
  })
) {
  test(`a copy of a box stays if ${what}`, ({ folder }) => {
    assert.equal(volumes(folder, virsh).deletes, []);
  });
}

for (
  const [what, mirror, machine] of [
    ["https", "https://anna:hun%40ter2@h.example/debian/", "h.example/debian"],
    ["http with a port", "http://anna:hun%40ter2@h.example:81/debian", "http://h.example:81/debian"],
  ] as const
) {
  test(`the password of a mirror (${what}) is in no command line and no package list`, ({ folder }) => {
    const env = standIns(folder, {
      id: "echo 0",
      "qemu-img": "true",
      unshare: 'while [ "$1" != debootstrap ]; do shift; done; exec "$@"',
      // the script ends where it searches for what the real one installs, and removes the tree
      debootstrap: `echo "$*" >>'${folder}/words'; cat "$HOME/.netrc" >'${folder}/netrc'
        stat -c %a "$HOME/.netrc" >>'${folder}/netrc'; for tree; do [ ! -d "$tree" ] || mkdir -p "$tree/etc/apt"; done`,
      rm: `for last; do :; done; [ ! -d "$last" ] || cp -r "$last" '${folder}/kept'; exec /bin/rm "$@"`,
    });
    const { stdout, stderr } = spawnSync("sh", [`${root}/scripts/make-image.sh`, "trixie", `${folder}/x.qcow2`, "-"], {
      env,
      input: `${mirror}\n`,
      encoding: "utf8",
    });
    const words = readFileSync(`${folder}/words`, "utf8");
    assert.not.match(words + stdout + stderr, /hun.{1,3}ter2|anna/);
    assert.match(words, /h\.example/);
    assert.is(readFileSync(`${folder}/netrc`, "utf8"), "machine h.example login anna password hun@ter2\n600\n");
    const apt = `${folder}/kept/tree/etc/apt`;
    assert.match(readFileSync(`${apt}/sources.list`, "utf8"), /^deb https?:\/\/h\.example/);
    const own = `${apt}/auth.conf.d/homelab-gpu-mirror.conf`;
    assert.is(readFileSync(own, "utf8"), `machine ${machine} login anna password hun@ter2\n`);
    assert.is(statSync(own).mode & 0o077, 0);
  });
}

test("remove-box.sh removes one version, and keeps a box that Vagrant does not remove", ({ folder }) => {
  const remove = (vagrant: string) =>
    spawnSync("sh", [`${root}/scripts/remove-box.sh`, "lab/x", "1.2.3", "libvirt"], {
      env: standIns(folder, { vagrant: `echo "$*" >>'${folder}/words'\n${vagrant}` }),
      input: "y\n",
      encoding: "utf8",
    });
  assert.is(remove("echo 'Removing box'").stdout, "Removing box\n");
  assert.is(readFileSync(`${folder}/words`, "utf8"), "box remove lab/x --box-version 1.2.3 --provider libvirt\n");
  // the answer on standard input is not Vagrant's
  const used = remove('read -r answer && exit 0; echo "requires a TTY" >&2; exit 1');
  assert.is(used.status, 0);
  assert.match(used.stderr, /requires a TTY\nkeeping the box lab\/x 1\.2\.3: another VM uses it, or/);
});

test("an image from package sources is kept for a month, or with FRESH for a day", ({ folder }) => {
  const images = join(folder, "cache/homelab-gpu/images");
  const scripts = join(folder, "scripts");
  mkdirSync(scripts);
  copyFileSync(`${root}/scripts/get-image.sh`, join(scripts, "get-image.sh"));
  writeFileSync(join(scripts, "make-image.sh"), '#!/bin/sh\necho image >"$2"\n');
  const get = (day: string, fresh = "") => {
    const env = standIns(folder, { id: "echo 0", date: `echo "$1" | sed 's/^+//; s/%Y-%m/2026-11/; s/%d/${day}/'` });
    const { status, stderr } = spawnSync("sh", [
      join(scripts, "get-image.sh"),
      join(folder, "link"),
      "debootstrap",
      "trixie",
    ], {
      env: { ...env, XDG_CACHE_HOME: join(folder, "cache"), FRESH: fresh, SUDO_UID: String(process.getuid?.()) },
      encoding: "utf8",
    });
    assert.is(status, 0, stderr);
    return [/already built/.test(stderr), readdirSync(images).filter((name) => name.endsWith(".qcow2")).length];
  };
  assert.equal(get("01"), [false, 1]);
  assert.equal(get("02"), [true, 1]);
  assert.equal(get("02", "yes"), [false, 2]);
  assert.equal(get("02", "yes"), [true, 2]);
  assert.equal(get("03", "yes"), [false, 3]);
});

test("a damaged cached image is not used, and its URL is in no command line", ({ folder }) => {
  const sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // of "abc"
  const env = {
    ...standIns(folder, {
      curl:
        `echo "$*" >>'${folder}/words'; cat >>'${folder}/config'; while [ "$1" != -o ]; do shift; done; printf abc >"$2"`,
    }),
    XDG_CACHE_HOME: join(folder, "cache"),
  };
  const get = () =>
    spawnSync("sh", [
      "-c",
      `umask 0; printf '%s\\n' 'https://u:hunter2@h/x[1].qcow2' | sh '${root}/scripts/get-image.sh' '${folder}/link' url - sha256:${sum}`,
    ], {
      env,
      encoding: "utf8",
    });
  const first = get();
  assert.is(first.status, 0, first.stderr);
  assert.is(readFileSync(join(folder, "link"), "utf8"), "abc");
  assert.not.match(first.stderr + readFileSync(join(folder, "words"), "utf8"), /hunter2/);
  assert.match(readFileSync(join(folder, "words"), "utf8"), /-g .*--speed-limit/);
  assert.match(readFileSync(join(folder, "config"), "utf8"), /hunter2@h\/x\[1\]/);
  writeFileSync(join(folder, `cache/homelab-gpu/images/sha256-${sum}`), "damaged");
  const second = get();
  assert.match(second.stderr, /damaged/);
  assert.is(readFileSync(join(folder, "link"), "utf8"), "abc");
  assert.is(statSync(join(folder, "cache/homelab-gpu/images")).mode & 0o022, 0);
  chmodSync(join(folder, "cache/homelab-gpu/images"), 0o777);
  assert.match(get().stderr, /removing the write permission of other users/);
  assert.is(statSync(join(folder, "cache/homelab-gpu/images")).mode & 0o022, 0);
});

test.run();
