// The macOS probe, with stand-ins for the programs that it runs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseHost } from "../../lib/host/parse.mts";
import { root, standIns } from "../fake.mts";

const test = suite("probe-macos");

test("the probe of a Mac reads the output of its programs", () => {
  const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-mac-"));
  const programs = {
    sw_vers: "case $1 in -productVersion) echo 13.7.1 ;; -productName) echo macOS ;; esac",
    uname: "case $1 in -m) echo x86_64 ;; -r) echo 22.6.0 ;; esac",
    sysctl:
      "case $2 in hw.memsize) echo 17179869184 ;; hw.logicalcpu) echo 12 ;; kern.hv_support) echo 1 ;; hw.model) echo MacBookPro16,1 ;; esac",
    vm_stat:
      'echo "Mach Virtual Memory Statistics: (page size of 4096 bytes)"; echo "Pages free:    1000000."; echo "Pages active: 5."; echo "Pages inactive:  500000."',
    ioreg: `cat <<'IOREG'
+-o GFX0@0  <class IOPCIDevice, id 0x100000330, registered, matched, active, busy 0 (1 ms), retain 20>
    {
      "class-code" = <00000300>
      "device-id" = <40730000>
      "vendor-id" = <02100000>
      "pcidebug" = "1:0:0"
      "serial-number" = "C02SECRET"
    }

+-o HDAU@0,1  <class IOPCIDevice, id 0x100000331, registered, matched, active, busy 0 (1 ms), retain 20>
    {
      "class-code" = <00030400>
      "device-id" = <38ab0000>
      "vendor-id" = <02100000>
      "pcidebug" = "1:0:1"
    }

+-o IGPU@2  <class IOPCIDevice, id 0x100000332, registered, matched, active, busy 0 (1 ms), retain 20>
    {
      "class-code" = <00000300>
      "device-id" = <9b3e0000>
      "vendor-id" = <86800000>
      "pcidebug" = "0:2:0"
    }
IOREG`,
    VBoxManage: "echo 7.1.4r165100",
  };
  try {
    const env = { ...standIns(folder, programs), HOME: folder };
    const text = execFileSync("sh", [`${root}/scripts/probe-macos.sh`], { encoding: "utf8", env, cwd: folder });
    const mac = parseHost(text);
    assert.equal([mac.os.platform, mac.os.name, mac.os.arch, mac.cpu.count, mac.hardwareVirtualization], [
      ...["macos", "macOS 13.7.1", "x86_64"],
      ...[12, true],
    ]);
    assert.equal(mac.memory, { total: 16384, available: 5859 });
    assert.equal(mac.pci!.map(({ bdf, class: code, vendor, device }) => `${bdf} ${code} ${vendor}:${device}`), [
      "0000:00:02.0 030000 8086:3e9b",
      "0000:01:00.0 030000 1002:7340",
    ]);
    assert.is(mac.pciCount, 2);
    assert.is(mac.versions.virtualbox, "7.1.4r165100");
    assert.not.match(text, /SECRET/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
