// The real get-image.sh, with files instead of servers: what it verifies and keeps, and what an
// interrupted run leaves.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withoutMeter } from "../../lib/run/transfer.mts";
import { root } from "../fake.mts";

const test = suite<{ folder: string }>("get-image");
const image = "a disk image\n".repeat(1000);
const sum = (kind: string, text = image) => createHash(kind).update(text).digest("hex");

test.before.each((context) => {
  const folder = context.folder = mkdtempSync(join(tmpdir(), "homelab-gpu image-"));
  for (const name of ["server", "scripts", "cache/homelab-gpu/images"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  copyFileSync(`${root}/scripts/get-image.sh`, join(folder, "scripts/get-image.sh"));
  writeFileSync(join(folder, "scripts/make-image.sh"), 'echo "made $1 from $3" >"$2"\n');
  writeFileSync(join(folder, "server/disk.img"), image);
  writeFileSync(join(folder, "server/SHA512SUMS"), `${"0".repeat(128)}  other.img\n${sum("sha512")}  disk.img\n`);
  writeFileSync(join(folder, "server/SHA256SUMS"), `${sum("sha256")} *disk.img\n`);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function get(folder: string, ...words: string[]) {
  return getWith({}, folder, ...words);
}

/** Like {@link get}, with more environment variables. */
function getWith(more: Record<string, string>, folder: string, ...words: string[]) {
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, "cache"), ...more };
  const { status, stderr } = spawnSync("sh", [
    join(folder, "scripts/get-image.sh"),
    join(folder, "lab/image"),
    ...words,
  ], { env, encoding: "utf8" });
  const made = () => readFileSync(join(folder, "lab/image"), "utf8");
  const cached = readdirSync(join(folder, "cache/homelab-gpu/images")).filter((name) =>
    !/^(\.lock.*|packages|.*\.sha256)$/.test(name)
  );
  return { status, err: stderr.replaceAll(folder, ""), made, cached };
}
const server = (folder: string, name: string) => `file://${encodeURI(folder)}/server/${name}`;

/**
 * Starts a web server that answers `asked` with what a statement writes to `answer`. It is a
 * separate process, since `get` blocks this one.
 */
async function serve(statement: string): Promise<{ port: number; end: () => void }> {
  const code = `require("node:http").createServer((asked, answer) => { ${statement} })
    .listen(0, "127.0.0.1", function () { process.stdout.write(String(this.address().port)); })`;
  const server = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<number>((resolve) => server.stdout.once("data", (text) => resolve(parseInt(text))));
  return { port, end: () => server.kill() };
}

const published = (
  folder: string,
  sums = "SHA512SUMS",
) => ["published", server(folder, "disk.img"), server(folder, sums), "trixie"];

test("a file in the place of the link is not replaced", ({ folder }) => {
  const place = join(folder, "lab/image");
  mkdirSync(join(folder, "lab"));
  writeFileSync(place, "mine");
  const { status, err, made } = get(folder, "file", join(folder, "server/disk.img"));
  assert.equal([status, made()], [1, "mine"]);
  assert.match(err, /\/lab\/image exists and is no symbolic link: it is not replaced/);
  rmSync(place);
  for (const time of ["first", "second"]) {
    assert.is(get(folder, "file", join(folder, "server/disk.img")).status, 0, time);
  }
});

test("downloads a published image once, and verifies it", ({ folder }) => {
  const first = get(folder, ...published(folder));
  assert.equal([first.status, first.made()], [0, image], first.err);
  assert.equal(first.cached, [`sha512-${sum("sha512")}`]);
  rmSync(join(folder, "server/disk.img"));
  assert.match(get(folder, ...published(folder)).err, /already downloaded/);
});

test("reads both forms of checksum lists", ({ folder }) => {
  assert.equal(get(folder, ...published(folder, "SHA256SUMS")).cached, [`sha256-${sum("sha256")}`]);
});

test("uses nothing with a wrong checksum", ({ folder }) => {
  writeFileSync(join(folder, "server/disk.img"), `${image}x`);
  const { status, err, cached } = get(folder, ...published(folder));
  assert.equal([status, cached], [1, []]);
  assert.match(err, /is not what it should be: its sha512 is/);
  assert.throws(() => readFileSync(join(folder, "lab/image")));
});

test("a checksum list that redirects to an unencrypted URL is not read", async ({ folder }) => {
  const { port, end } = await serve(`asked.url === "/SHA512SUMS"
    ? answer.writeHead(302, { location: "/moved" }).end() : answer.end("${sum("sha512")}  disk.img")`);
  try {
    const { err, made } = get(
      folder,
      ...["published", server(folder, "disk.img"), `http://127.0.0.1:${port}/SHA512SUMS`, "trixie"],
    );
    assert.match(err, /cannot reach http:.*Protocol "http" not supported/);
    assert.match(made(), /^made trixie/);
  } finally {
    end();
  }
});

test("curl's meter of a download is read: its bytes and rate", ({ folder }) => {
  const { rest, last } = withoutMeter(get(folder, ...published(folder)).err);
  assert.match(last ?? "", /^[\d.]+ \S*B, [\d.]+ \S*B\/s$/);
  assert.not.match(rest, /Dload|% Total/);
});

for (const way of ["published", "url"]) {
  test(`${way}: an image over the size limit is not kept, and a later run downloads it`, ({ folder }) => {
    const words = way === "url" ? [way, server(folder, "disk.img"), `sha256:${sum("sha256")}`] : published(folder);
    const { status, err, cached } = getWith({ MAX_IMAGE_GIB: "0" }, folder, ...words);
    assert.equal([status, cached], [1, []], err);
    assert.match(err, /disk\.img is larger than 0 GiB\n/);
    assert.is(get(folder, ...words).made(), image);
  });
}

test("the size limit holds for a server that cannot resume a download", async ({ folder }) => {
  const part = join(folder, `cache/homelab-gpu/images/sha256-${sum("sha256")}.part`);
  writeFileSync(part, image.slice(0, 500));
  const { port, end } = await serve(`answer.end(${JSON.stringify(image)})`);
  try {
    const words = ["url", `http://127.0.0.1:${port}/disk.img`, `sha256:${sum("sha256")}`];
    const { err, cached } = getWith({ MAX_IMAGE_GIB: "0" }, folder, ...words);
    assert.match(err, /disk\.img is larger than 0 GiB\n/);
    assert.equal(cached, []);
  } finally {
    end();
  }
});

test("a stalled server ends the download, which holds no lock and keeps its part", async ({ folder }) => {
  const { port, end } = await serve(
    `answer.writeHead(200, { "content-length": 100000 }).write(${JSON.stringify(image.slice(0, 500))})`,
  );
  // the real curl, less patient: it waits one second instead of a minute, and tries once
  mkdirSync(join(folder, "bin"));
  const impatient = `#!/bin/sh
for word; do
  shift
  case $last in --speed-time) word=1 ;; --retry) word=0 ;; esac
  set -- "$@" "$word"
  last=$word
done
exec "$CURL" --max-time 60 "$@"
`;
  writeFileSync(join(folder, "bin/curl"), impatient, { mode: 0o755 });
  try {
    const [curl] = spawnSync("sh", ["-c", "command -v curl"], { encoding: "utf8" }).stdout.split("\n");
    const { status, err, cached } = getWith(
      { PATH: `${join(folder, "bin")}:${process.env.PATH}`, CURL: curl! },
      folder,
      ...["url", `http://127.0.0.1:${port}/disk.img`, `sha256:${sum("sha256")}`],
    );
    assert.is(status, 1, err);
    assert.match(err, /Less than 10240 bytes\/sec transferred[^]*cannot fetch http:\/\/127\.0\.0\.1:\d+\/disk\.img\n/);
    assert.equal(cached, [`sha256-${sum("sha256")}.part`]);
    const next = get(folder, "url", server(folder, "disk.img"), `sha256:${sum("sha256")}`);
    assert.equal([next.status, next.made()], [0, image], next.err);
    assert.not.match(next.err, /waiting/);
  } finally {
    end();
  }
});

test("a stopped download is resumed, or restarted if it cannot be", ({ folder }) => {
  const part = join(folder, `cache/homelab-gpu/images/sha512-${sum("sha512")}.part`);
  writeFileSync(part, image.slice(0, 500));
  assert.is(get(folder, ...published(folder)).made(), image);
  rmSync(join(folder, `cache/homelab-gpu/images/sha512-${sum("sha512")}`));
  writeFileSync(part, `${image}and more than there is`);
  const again = get(folder, ...published(folder));
  assert.ok(again.status === 0 || /is not what it should be/.test(again.err), again.err);
  assert.is(get(folder, ...published(folder)).made(), image, "at the latest the next run has it");
});

test("builds from package sources if the publisher cannot be reached, and says so", ({ folder }) => {
  const { status, err, made } = get(folder, ...published(folder, "NONE"));
  assert.is(status, 0);
  assert.match(err, /cannot reach file:.*NONE.*\n.*building trixie from this host's package sources instead/);
  assert.is(made(), "made trixie from \n");
});

test("a list without that image is not an answer", ({ folder }) => {
  writeFileSync(join(folder, "server/SHA512SUMS"), "");
  assert.match(get(folder, ...published(folder)).err, /has no checksum of disk\.img/);
});

test("downloads an image by its own checksum", ({ folder }) => {
  assert.is(get(folder, "url", server(folder, "disk.img"), `sha256:${sum("sha256")}`).made(), image);
  assert.is(get(folder, "url", server(folder, "disk.img"), `sha256:${"0".repeat(64)}`).status, 1);
  assert.match(get(folder, "url", server(folder, "gone.img"), `sha256:${sum("sha256", "x")}`).err, /cannot fetch/);
});

test("uses a local file, and says if it is missing", ({ folder }) => {
  const path = join(folder, "server/disk.img");
  assert.is(get(folder, "file", path).made(), image);
  assert.match(get(folder, "file", `${path}2`).err, /there is no file/);
});

test("images are named after what they are built from", ({ folder }) => {
  const first = get(folder, "debootstrap", "trixie");
  assert.is(first.made(), "made trixie from \n");
  assert.is(get(folder, "debootstrap", "trixie", "http://mirror.example.org/debian").cached.length, 2);
  writeFileSync(join(folder, "scripts/make-image.sh"), 'echo anew >"$2"\n');
  assert.is(get(folder, "debootstrap", "trixie").made(), "anew\n");
});

test.run();
