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
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, "cache") };
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
const published = (
  folder: string,
  sums = "SHA512SUMS",
) => ["published", server(folder, "disk.img"), server(folder, sums), "trixie"];

test("fetches a published image, verified, once", ({ folder }) => {
  const first = get(folder, ...published(folder));
  assert.equal([first.status, first.made()], [0, image], first.err);
  assert.equal(first.cached, [`sha512-${sum("sha512")}`]);
  rmSync(join(folder, "server/disk.img"));
  assert.match(get(folder, ...published(folder)).err, /have it/);
});

test("knows both forms of lists of checksums", ({ folder }) => {
  assert.equal(get(folder, ...published(folder, "SHA256SUMS")).cached, [`sha256-${sum("sha256")}`]);
});

test("uses nothing that is not what it should be", ({ folder }) => {
  writeFileSync(join(folder, "server/disk.img"), `${image}x`);
  const { status, err, cached } = get(folder, ...published(folder));
  assert.equal([status, cached], [1, []]);
  assert.match(err, /is not what it should be: its sha512 is/);
  assert.throws(() => readFileSync(join(folder, "lab/image")));
});

test("a list of checksums that is moved to where nothing is encrypted is not read", async ({ folder }) => {
  const code = `require("node:http").createServer((asked, answer) => asked.url === "/SHA512SUMS"
    ? answer.writeHead(302, { location: "/moved" }).end() : answer.end("${sum("sha512")}  disk.img"))
    .listen(0, "127.0.0.1", function () { process.stdout.write(String(this.address().port)); })`;
  const elsewhere = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await new Promise((resolve) => elsewhere.stdout.once("data", (text) => resolve(parseInt(text))));
    const { err, made } = get(
      folder,
      ...["published", server(folder, "disk.img"), `http://127.0.0.1:${port}/SHA512SUMS`, "trixie"],
    );
    assert.match(err, /cannot reach http:.*Protocol "http" not supported/);
    assert.match(made(), /^made trixie/);
  } finally {
    elsewhere.kill();
  }
});

test("goes on where a stopped download ended, or begins anew where it cannot", ({ folder }) => {
  const part = join(folder, `cache/homelab-gpu/images/sha512-${sum("sha512")}.part`);
  writeFileSync(part, image.slice(0, 500));
  assert.is(get(folder, ...published(folder)).made(), image);
  rmSync(join(folder, `cache/homelab-gpu/images/sha512-${sum("sha512")}`));
  writeFileSync(part, `${image}and more than there is`);
  const again = get(folder, ...published(folder));
  assert.ok(again.status === 0 || /is not what it should be/.test(again.err), again.err);
  assert.is(get(folder, ...published(folder)).made(), image, "at the latest the next run has it");
});

test("builds from package sources where the publisher cannot be reached, and says so", ({ folder }) => {
  const { status, err, made } = get(folder, ...published(folder, "NONE"));
  assert.is(status, 0);
  assert.match(err, /cannot reach file:.*NONE.*\n.*building trixie from this host's own package sources instead/);
  assert.is(made(), "made trixie from \n");
});

test("does not take a list without that image for an answer", ({ folder }) => {
  writeFileSync(join(folder, "server/SHA512SUMS"), "");
  assert.match(get(folder, ...published(folder)).err, /has no checksum of disk\.img/);
});

test("fetches an image by its own checksum", ({ folder }) => {
  assert.is(get(folder, "url", server(folder, "disk.img"), `sha256:${sum("sha256")}`).made(), image);
  assert.is(get(folder, "url", server(folder, "disk.img"), `sha256:${"0".repeat(64)}`).status, 1);
  assert.match(get(folder, "url", server(folder, "gone.img"), `sha256:${sum("sha256", "x")}`).err, /cannot fetch/);
});

test("takes a file that is here, and says when it is not", ({ folder }) => {
  const path = join(folder, "server/disk.img");
  assert.is(get(folder, "file", path).made(), image);
  assert.match(get(folder, "file", `${path}2`).err, /there is no file/);
});

test("names what it makes by what it is made from", ({ folder }) => {
  const first = get(folder, "debootstrap", "trixie");
  assert.is(first.made(), "made trixie from \n");
  assert.is(get(folder, "debootstrap", "trixie", "http://mirror.example.org/debian").cached.length, 2);
  writeFileSync(join(folder, "scripts/make-image.sh"), 'echo anew >"$2"\n');
  assert.is(get(folder, "debootstrap", "trixie").made(), "anew\n");
});

test.run();
