// The real install-dxgkrnl.sh in trees of Debian: DKMS builds a small source, which calls what
// Linux changed between 6.1 and 7.3, with the headers of the tree's kernel. It holds compat.h against
// real headers. It is not Microsoft's source, and the module is not loaded.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { guest, inside } from "./tree.mts";

const test = suite("install-dxgkrnl");
const module = `#include <linux/hyperv.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sync_file.h>
#include <uapi/misc/d3dkmthk.h>

static const struct hv_vmbus_device_id ids[] = { { HV_GPUP_DXGK_GLOBAL_GUID }, { HV_GPUP_DXGK_VGPU_GUID }, {} };
MODULE_DEVICE_TABLE(vmbus, ids);
static void dxg_remove_vmbus(struct hv_device *hdev)
{
	char name[260];

	mmap_read_lock(current->mm);
	mmap_read_unlock(current->mm);
	__get_task_comm(name, sizeof(name), current);
	vfree(vzalloc(sizeof(name)));
}
static struct hv_driver driver = { .name = "dxgkrnl", .id_table = ids, .remove = dxg_remove_vmbus };

static const char *text(struct dma_fence *fence) { return "dxgkrnl"; }
static void value(struct dma_fence *fence, char *str, int size) {}
static bool later(struct dma_fence *fence)
{
	return __dma_fence_is_later(fence->seqno + 1, fence->seqno, fence->ops);
}
static const struct dma_fence_ops ops = {
	.get_driver_name = text,
	.get_timeline_name = text,
	.signaled = later,
	.fence_value_str = value,
	.timeline_value_str = value,
};
static int __init start(void)
{
	struct eventfd_ctx *event = eventfd_ctx_fdget(-1);

	if (!IS_ERR(event))
		eventfd_signal(event, 1);
	sync_file_create(NULL);
	return ops.signaled(NULL) ? 0 : vmbus_driver_register(&driver);
}
module_init(start);
MODULE_LICENSE("GPL");
`;

/** The forms that Microsoft's source has from 6.18 on. */
const later = `#include <linux/types.h>

bool dxg_later(struct dma_fence *fence);
bool dxg_later(struct dma_fence *fence) { return __dma_fence_is_later(fence, fence->seqno + 1, fence->seqno); }
void dxg_signal(struct eventfd_ctx *event);
void dxg_signal(struct eventfd_ctx *event)
{
	char name[260];

	get_task_comm(name, current);
	if (name[0])
		eventfd_signal(event);
}
`;

for (
  const [name, tarball, kernel] of [["debian-12", "DEBIAN_12", "6.1."], ["debian-13", "DEBIAN_13", "6.12."]] as const
) {
  test(`${name}: the module is built for the kernel, which is held; a second run changes nothing`, () => {
    const tree = guest(`dxgkrnl-${name}`, process.env[tarball]!);
    const files: Record<string, string> = {
      "include/uapi/misc/d3dkmthk.h": "",
      "drivers/hv/dxgkrnl/dxgmodule.c": module,
    };
    for (const part of ["hmgr", "misc", "dxgadapter", "ioctl", "dxgvmbus", "dxgprocess", "dxgsyncfile"]) {
      files[`drivers/hv/dxgkrnl/${part}.c`] = part === "hmgr" ? later : "#include <linux/types.h>\n";
    }
    for (const [path, text] of Object.entries(files)) {
      const at = join(tree, "root/source/linux", path);
      mkdirSync(dirname(at), { recursive: true });
      writeFileSync(at, text);
    }
    const archive = join(tree, "root/source.tar.gz");
    assert.is(spawnSync("tar", ["-C", join(tree, "root/source"), "-czf", archive, "linux"]).status, 0);
    const sum = createHash("sha256").update(readFileSync(archive)).digest("hex");
    const install = () =>
      inside(tree, "DXGKRNL_SOURCE=/root/source.tar.gz", `DXGKRNL_SHA256=${sum}`, "sh", "/root/install-dxgkrnl.sh");
    const first = install();
    assert.is(first.status, 0, `${first.out.slice(-2000)}\n${first.err.slice(-4000)}`);
    const built = /^dxgkrnl \S+ for the kernel (\S+)$/m.exec(first.out)?.[1] ?? "";
    assert.ok(built.startsWith(kernel), first.out.slice(-300));
    assert.match(
      inside(tree, "modinfo", "-k", built, "dxgkrnl").out,
      /^alias: +vmbus:c0cbe9dd605036449448ea1254a5d177$/m,
    );
    const make = inside(tree, "sh", "-c", `cat /var/lib/dkms/dxgkrnl/*/${built}/x86_64/log/make.log`).out;
    assert.match(make, "dxgmodule.o");
    assert.not.match(make, /warning: (?!the compiler differs)/, "the compiler warns of nothing");
    assert.match(inside(tree, "apt-mark", "showhold").out, `linux-image-${built}`);
    const second = install();
    assert.is(second.status, 0, second.err.slice(-2000));
    assert.not.match(second.err, "apt-get");
    assert.is(second.out, `dxgkrnl 6.6.36.6-${sum.slice(0, 8)} for the kernel ${built}\n`);
  });
}

test.run();
