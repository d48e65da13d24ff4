/** Boots a topology in QEMU under TCG and controls it over its serial console. */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Serial } from "../serial.mts";
import { archive } from "./tables.mts";
import type { Topology } from "./topologies.mts";

/** A running machine. */
export interface Machine {
  /** Sends a command to `init` and returns the lines of its answer. */
  tell(command: string): Promise<string[]>;
  off(): Promise<void>;
}

const units = { intel: ["-device", "intel-iommu,intremap=on"], amd: ["-device", "amd-iommu,intremap=on"], none: [] };

/** Boots a machine. Throws if QEMU exits, or if the machine is not ready after ten minutes. */
export async function boot(topology: Topology, built: string): Promise<Machine> {
  const { iommu, devices, kernel = "", modules = [], awaits, more = [], machine, firmware, tables } = topology;
  const work = mkdtempSync(join(tmpdir(), "homelab-gpu-lab-"));
  const flash: string[] = [];
  if (firmware === "ovmf") {
    copyFileSync("/usr/share/OVMF/OVMF_VARS_4M.fd", join(work, "vars.fd"));
    flash.push(
      "-drive",
      "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
      "-drive",
      `if=pflash,unit=1,format=raw,file=${work}/vars.fd`,
    );
  }
  let initrd = `${built}/initrd`;
  if (tables) {
    const plain = readFileSync(initrd);
    initrd = join(work, "initrd");
    writeFileSync(initrd, Buffer.concat([archive(tables), plain]));
  }
  const child = spawn("qemu-system-x86_64", [
    ...[
      "-accel",
      "tcg,thread=multi",
      "-machine",
      `q35,kernel-irqchip=split${machine ? `,${machine}` : ""}`,
      "-cpu",
      "max",
      "-m",
      "512",
      "-nodefaults",
      "-display",
      "none",
    ],
    ...[
      "-vga",
      "none",
      "-serial",
      "stdio",
      "-no-reboot",
      ...flash,
      ...units[iommu],
      ...more.map((word) => word.replace("ROOT", `${built}/root.img`)),
    ],
    ...devices.flatMap((device) => ["-device", device]),
    // OVMF starts no kernel by PVH
    ...["-kernel", `${built}/${firmware === "ovmf" ? "vmlinuz" : "vmlinux"}`, "-initrd", initrd],
    ...[
      "-append",
      // on a busy machine the kernel's timer test fails under emulation, and the kernel panics
      `console=ttyS0 quiet panic=-1 no_timer_check ${kernel} ${
        modules.length > 0 ? `lab.modules=${modules.join(",")}` : ""
      }${awaits ? ` lab.awaits=${awaits}` : ""}`,
    ],
  ], { stdio: ["pipe", "pipe", "pipe"] });
  const serial = new Serial(child, topology.name);
  try {
    await serial.until(/lab: ready$/, 600_000);
  } catch (error) {
    child.kill("SIGKILL");
    rmSync(work, { recursive: true });
    throw error;
  }
  return {
    async tell(command) {
      child.stdin.write(`${command}\n`);
      const { lines } = await serial.until(new RegExp(`lab: done ${command.split(" ")[0]}$`), 600_000);
      // the serial console echoes its input
      return lines.filter((line) => line !== command);
    },
    async off() {
      const closed = new Promise((resolve) => child.on("close", resolve));
      child.stdin.write("off\n");
      const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
      await closed;
      clearTimeout(timer);
      rmSync(work, { recursive: true });
    },
  };
}
