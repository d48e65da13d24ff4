/**
 * ACPI tables that replace QEMU's, with memory that the firmware reserves for a device. QEMU cannot
 * describe such memory. The kernel takes the tables from the start of its initramfs
 * (Documentation/admin-guide/acpi/initrd_table_override.rst): each replaces the one with its
 * signature and OEM ids, if its OEM revision is higher. Layouts: Intel VT-d specification, chapter
 * 8; AMD I/O Virtualization Technology specification, chapter 5.
 */
import { Buffer } from "node:buffer";

/** Memory that no lab machine uses: the firmware's, below 1 MiB. */
const reserved = { start: 0xf0000n, size: 0x10000n };

/** Little-endian integers of 1, 2, 4 or 8 bytes. */
function bytes(...values: [size: 1 | 2 | 4 | 8, value: number | bigint][]): Buffer {
  return Buffer.concat(values.map(([size, value]) => {
    const field = Buffer.alloc(8);
    field.writeBigUInt64LE(BigInt(value));
    return field.subarray(0, size);
  }));
}

/** An ACPI table with QEMU's OEM ids and the revision after QEMU's. */
function table(signature: string, body: Buffer): Buffer {
  const all = Buffer.concat([
    Buffer.from(signature),
    bytes([4, 36 + body.length], [1, 1], [1, 0]),
    Buffer.from("BOCHS BXPC    "),
    bytes([4, 2]),
    Buffer.from("BXPC"),
    bytes([4, 1]),
    body,
  ]);
  all[9] = -all.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return all;
}

/**
 * DMAR: QEMU's one unit for all devices, with interrupt remapping, and reserved memory (RMRR) for
 * each of these functions. A function is the path from the root bus: slot and function numbers of
 * the root port, then of the function.
 */
export function dmar(functions: [slot: number, fn: number][][]): Buffer {
  const ioapic = bytes([1, 3], [1, 8], [2, 0], [1, 0], [1, 0xff], [1, 0], [1, 0]);
  const unit = bytes([2, 0], [2, 16 + ioapic.length], [1, 1], [1, 0], [2, 0], [8, 0xfed90000n]);
  const regions = functions.map((path) => {
    const scope = bytes([1, 1], [1, 6 + 2 * path.length], [2, 0], [1, 0], [1, 0]);
    const hops = path.map(([slot, fn]) => bytes([1, slot], [1, fn]));
    return Buffer.concat([
      bytes([2, 1], [2, 24 + scope.length + 2 * path.length], [2, 0], [2, 0], [8, reserved.start]),
      bytes([8, reserved.start + reserved.size - 1n]),
      scope,
      ...hops,
    ]);
  });
  return table("DMAR", Buffer.concat([bytes([1, 38], [1, 1], [8, 0], [2, 0]), unit, ioapic, ...regions]));
}

/** IVRS: QEMU's unit at 00:01.0 for all devices, and reserved memory (IVMD) for each of these functions. */
export function ivrs(functions: [bus: number, slot: number, fn: number][]): Buffer {
  const entries = bytes([4, 1], [4, 0x48], [4, 0x0100a000]);
  const unit = bytes([1, 0x10], [1, 0xd1], [2, 24 + entries.length], [2, 0x0008], [2, 0x40], [8, 0xfed80000n]);
  const regions = functions.map(([bus, slot, fn]) =>
    // unity mapping, readable and writable
    bytes([1, 0x21], [1, 7], [2, 32], [2, bus << 8 | slot << 3 | fn], [2, 0], [8, 0], [8, reserved.start], [
      8,
      reserved.size,
    ])
  );
  const sizes = bytes([4, 40 << 8], [8, 0]);
  return table("IVRS", Buffer.concat([sizes, unit, bytes([2, 0], [2, 0], [4, 0x44]), entries, ...regions]));
}

/** The start of an initramfs with these tables: an uncompressed cpio archive (newc). */
export function archive(tables: Buffer[]): Buffer {
  const padded = (part: Buffer) => Buffer.concat([part, Buffer.alloc(-part.length & 3)]);
  const files = [
    ...tables.map((data, i) => ({ name: `kernel/firmware/acpi/${i}.aml`, data })),
    { name: "TRAILER!!!", data: Buffer.alloc(0) },
  ];
  return Buffer.concat(files.flatMap(({ name, data }, i) => {
    const fields = [i + 1, 0o100644, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = fields.map((value) => value.toString(16).padStart(8, "0")).join("");
    return [padded(Buffer.from(`070701${header}${name}\0`)), padded(data)];
  }));
}
