// The host's driver goes to the guest: copy-driver.ps1 by real PowerShell on a simulated Windows with a driver folder,
// stand-ins for ssh and scp that write to the guest's tree, the real tar, and receive-driver.sh in that tree.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { root } from "../fake.mts";
import { card, host } from "./hosts.mts";
import { type Entry, plan, type Result, type Run } from "./windows.mts";

const test = suite("driver");
const folder = mkdtempSync(join(tmpdir(), "homelab-gpu driver-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

/** Writes a file below the test's folder; a script can be run. */
function put(path: string, text: string): string {
  const at = join(folder, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, text, { mode: 0o755 });
  return at;
}
// the guest's paths in a command are paths below GUEST
put(
  "bin/ssh",
  `#!/bin/sh
[ "$1 $2 $3" = '-F ssh/a a' ] || exit 9
[ -z "\${NO_GUEST-}" ] || exit 255
exec sh -c "$(printf '%s' "$4" | sed "s, /usr, '$GUEST'/usr,; s,>/tmp,>'$GUEST'/tmp,")"
`,
);
put(
  "bin/scp",
  `#!/bin/sh
[ "$1 $2 $3" = '-q -F ssh/a' ] && cp "$4" "$GUEST/\${5#a:}"
`,
);
for (const name of ["ldconfig", "modprobe"]) put(`guest-bin/${name}`, "#!/bin/sh\n");
const receive = put(
  "receive",
  `#!/bin/sh
ROOT="$GUEST" PATH="$GUEST_BIN:$PATH" exec sh '${root}/scripts/receive-driver.sh'
`,
);

const windows = (name: string, path: string, text: string) => put(`${name}/Windows/System32/${path}`, text);
const store = "DriverStore/FileRepository";
const inf = "nv_dispi.inf_amd64_7d2b8a0c5ce04b5f";
/** Win32_VideoController with this version of the driver, whose files are in these folders of the driver store. */
const video = (version: string, folders = [inf], more = {}) => ({
  Win32_VideoController: [{
    PNPDeviceID: card,
    Name: "NVIDIA GeForce RTX 4070",
    DriverVersion: version,
    InstalledDisplayDrivers: folders.map((one) => `C:\\Windows\\System32\\DriverStore\\FileRepository\\${one}\\nv.dll`)
      .join(","),
    ...more,
  }],
});

/** A Windows with a driver in its store and an empty guest, in a folder of that name. */
function entry(name: string, runs: Run[], more: Record<string, unknown> = {}): Entry {
  windows(name, `${store}/${inf}/nvcubins.bin`, "591.74");
  windows(name, `${store}/other.inf_amd64_1/x.dll`, "not this card's");
  windows(name, "lxss/lib/libdxcore.so", "");
  windows(name, "lxss/lib/nvidia-smi", "");
  mkdirSync(join(folder, name, "guest/tmp"), { recursive: true });
  return {
    state: {
      ...host(11),
      marks: {},
      cim: video("32.0.15.9174"),
      env: {
        SystemRoot: join(folder, name, "Windows"),
        GUEST: join(folder, name, "guest"),
        GUEST_BIN: join(folder, "guest-bin"),
        PATH: `${join(folder, "bin")}:${process.env.PATH}`,
        NO_GUEST: "",
      },
      ...more,
    },
    runs,
  };
}
const copy = (change?: Record<string, unknown>): Run => ({
  script: "scripts/copy-driver.ps1",
  words: { Name: "a", Vendor: "10de", Device: "2786" },
  ...(change ? { change } : {}),
});
const takes: Run = { script: receive };
const guest = (name: string, path: string) => readFileSync(join(folder, name, "guest", path), "utf8");

const way = entry("way", []);
const update = put(
  "update",
  `#!/bin/sh
echo 595.10 >'${folder}/way/Windows/System32/${store}/${inf}/nvcubins.bin'
`,
);
const first = plan([{
  ...way,
  runs: [copy(), takes, copy(), { script: update }, copy({ cim: video("32.0.15.9510") }), takes, copy()],
}]);

test("the driver's folder and WSL's libraries go to the guest once, and again after an update of the driver", () => {
  const [[copied, taken, same, , newer, again, last]] = first() as [Result[]];
  assert.is(copied!.code, 0, copied!.error);
  assert.equal(copied!.out, ["host driver is 591.74, guest has none: copying it"]);
  assert.is(taken!.code, 0, `${taken!.out} ${taken!.error}`);
  assert.equal(same!.out, ["host driver is 591.74, guest has the same: nothing to copy"]);
  assert.equal(newer!.out, ["host driver is 595.10, guest has 591.74: copying it"], newer!.error);
  assert.is(again!.code, 0, `${again!.out} ${again!.error}`);
  assert.equal(last!.out, ["host driver is 595.10, guest has the same: nothing to copy"]);
  assert.is(guest("way", `usr/lib/wsl/drivers/${inf}/nvcubins.bin`), "595.10\n");
  assert.match(guest("way", "usr/lib/wsl/homelab-gpu.txt"), /^595\.10 [0-9a-f]{64}\n$/);
  assert.is(guest("way", "usr/lib/wsl/lib/libdxcore.so"), "");
  assert.throws(() => guest("way", "usr/lib/wsl/drivers/other.inf_amd64_1/x.dll"), "other drivers stay on the host");
});

const cases = entry("cases", []);
const state = cases.state as Record<string, unknown>;
const wrong = plan([
  { state: { ...state, cim: { Win32_VideoController: [] } }, runs: [copy()] },
  { state: { ...state, cim: video("32.0.15.9174", []) }, runs: [copy()] },
  { state: { ...state, env: { ...state.env as object, NO_GUEST: "yes" } }, runs: [copy()] },
  {
    state: { ...state, env: { ...state.env as object, SystemRoot: join(folder, "nowhere"), NO_GUEST: "" } },
    runs: [copy()],
  },
]);

test("what is missing is named, and nothing is copied", () => {
  const errors = [
    /^copy-driver: no card 10de:2786 on this host$/,
    /^copy-driver: Windows has no driver for NVIDIA GeForce RTX 4070 in its driver store$/,
    /^copy-driver: a cannot be reached over SSH$/,
    /has no libdxcore\.so: wsl --install --no-distribution installs it$/,
  ];
  for (const [i, [result]] of (wrong() as [Result][]).entries()) {
    assert.is(result.code, 1);
    assert.match(result.error, errors[i]!);
  }
  assert.throws(() => guest("cases", "tmp/homelab-gpu-driver.tar"));
});

test.run();
