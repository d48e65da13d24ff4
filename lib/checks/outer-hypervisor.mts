/**
 * Fixes for a host that is itself a VM: its devices are set up in the hypervisor that runs it, not in
 * a firmware setup.
 */
import type { Fix } from "../findings.mts";
import type { Host } from "../host/types.mts";
import { manualFix } from "../fixes.mts";

/** Whether the host is a VM, by the processor's flag. Xen's control domain has the hardware itself. */
export const isVm = ({ cpu, hypervisor }: Pick<Host, "cpu" | "hypervisor">): boolean =>
  cpu.flags?.includes("hypervisor") === true && hypervisor !== "xen-dom0";

const outside = (title: string) => manualFix(title, { root: true, reboot: true });

/** Fixes in the outer hypervisor, by the setting of a computer that they replace. */
export const outer = {
  slot: outside("In the outer hypervisor, connect the card to a PCIe root port of its own"),
  window: outside(
    "In the outer hypervisor, give this VM UEFI firmware and a 64-bit MMIO window that the card fits into",
  ),
  display: outside("In the outer hypervisor, give this VM a virtual display, and choose it as primary display"),
} satisfies Record<string, Fix>;

/**
 * How a VM gets remapped interrupts. A virtio IOMMU has no such feature on x86 (virtio specification,
 * IOMMU device).
 */
export function outerRemapping({ iommu }: Host): Fix {
  const virtio = iommu.units?.some((name) => name.startsWith("virtio"));
  return outside(
    `${virtio ? "A virtio IOMMU remaps no interrupts. " : ""}In the outer hypervisor, give this VM an IOMMU with ` +
      "interrupt remapping (QEMU: -device intel-iommu,intremap=on)",
  );
}

const inThisVm = manualFix("Or run the services in this VM, which has the GPU: docker compose, without another VM");

/** How a VM may get a virtual IOMMU. Only QEMU's option is named: other hypervisors and clouds may have none. */
export function virtualIommu({ dmi }: Host): Fix[] {
  const { sys_vendor: vendor, product_name: product } = dmi;
  if (vendor === undefined || vendor === "QEMU") {
    return [
      manualFix(
        "This host is a VM: give it a virtual IOMMU in the outer hypervisor (QEMU: -device intel-iommu,intremap=on)",
        { root: true, reboot: true },
      ),
      inThisVm,
    ];
  }
  return [
    manualFix(
      `This host is a VM (${
        [vendor, product].filter(Boolean).join(", ")
      }): run this on a physical machine, on a bare-metal instance, or in a VM that has a virtual IOMMU`,
    ),
    inThisVm,
  ];
}
