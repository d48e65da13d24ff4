// The checks of a card: each test changes one thing on a healthy desktop.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { runChecks } from "../lib/checks/index.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { matchCard, mmioWindowOf } from "../lib/resolve/cards.mts";
import { vfioSourceOf } from "../lib/host/vfio-ids.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import { topologyLines } from "../lib/cli/topology.mts";
import type { Finding } from "../lib/findings.mts";
import type { Host } from "../lib/host/types.mts";
import type { PciFunction } from "../lib/host/pci-types.mts";
import { savedHost } from "./hosts.mts";

const test = suite("card");
const gpu = "0000:01:00.0";
const audio = "0000:01:00.1";

function host(change: (host: Host, fn: (bdf: string) => PciFunction) => void = () => {}): Host {
  const made = savedHost("rtx4070-desktop-debian12");
  change(made, (bdf) => made.pci!.find((one) => one.bdf === bdf)!);
  return made;
}
const machines = (keys: string, more = "") =>
  parseConfig(`machines: [{name: a, box: lab/x, memory: 2048, gpu: ${keys}}${more}]`);
function found(id: string, changed: Host, config = machines("{}")): Finding[] {
  return runChecks(changed, resolveConfig(config, changed), [id]);
}
const first = (id: string, changed: Host, config?: ReturnType<typeof machines>) => found(id, changed, config)[0]!;
const status = (id: string, change: Parameters<typeof host>[0]) => first(id, host(change)).status;
/** Adds a function to the card's group, and to the counts. */
function addNeighbour(made: Host, more: Partial<PciFunction>): void {
  const bdf = more.bdf ?? "0000:09:00.0";
  made.pci!.push({
    ...{ bdf, class: "020000", vendor: "8086", device: "10d3", group: "2", driver: null },
    ...{ bars: [], upstreamBridges: [], drm: [], displays: [], mediated: false },
    ...more,
  });
  made.pciCount!++;
  made.iommu.groups!.get("2")!.push(bdf);
}

test("gpu.match: matches by ids or address, reports no match and several matches", () => {
  assert.is(first("gpu.match", host()).status, "pass");
  assert.is(first("gpu.match", host(), machines("{device_id: 2786, address: '01:00.0'}")).status, "pass");
  const other = first("gpu.match", host(), machines("{device_id: 2684}"));
  assert.match(other.message, /^no GPU 10de:2684; this host has 0000:01:00\.0 \[0300\] 10de:2786/);
  assert.is(other.fix[0]!.title, "Write device_id: 2786");
  const moved = first("gpu.match", host(), machines("{device_id: 2786, address: '0a:00.0'}"));
  assert.match(moved.message, /^nothing is at 0000:0a:00\.0; 10de:2786 is at 0000:01:00\.0/);
  assert.match(moved.fix[0]!.title, /address: "0000:01:00\.0"/);
  const twins = host((made, fn) => {
    made.pci!.push({ ...fn(gpu), bdf: "0000:04:00.0", bootVga: true, driver: "nvidia" });
    made.pciCount!++;
  });
  const two = first("gpu.match", twins);
  assert.match(two.message, /^2 cards match 10de:\*: 0000:01:00\.0 .*; 0000:04:00\.0 .*\(nvidia, boot VGA\)$/);
  assert.is(two.fix[0]!.title, 'Choose one: address: "0000:01:00.0" or address: "0000:04:00.0"');
  assert.is(first("gpu.match", twins, machines("{address: '04:00.0'}")).status, "pass");
});

test("gpu.match: warns of a card that has moved since its VM was created", () => {
  const seen = (passedAddresses: string[]) =>
    runChecks(host(), resolveConfig(machines("{}"), host(), { a: { running: false, passedAddresses } }), [
      "gpu.match",
    ])[0]!;
  assert.is(seen([gpu, audio]).status, "pass");
  const moved = seen(["0000:02:00.0", "0000:02:00.1"]);
  assert.is(moved.status, "warn");
  assert.match(
    moved.message,
    /^its VM was created with 0000:02:00\.0, 0000:02:00\.1, but the card is now at 0000:01:00\.0/,
  );
  assert.match(moved.evidence[0]!.value, /^0000:02:00\.0 \[0108\] .* NVMe controller; 0000:02:00\.1: nothing$/);
});

test("gpu.exclusive: only one machine can have a card", () => {
  assert.is(first("gpu.exclusive", host()).status, "pass");
  const both = found("gpu.exclusive", host(), machines("{}", ", {name: b, box: lab/x, gpu: {}}"));
  assert.equal([both[0]!.status, both[0]!.machine], ["fail", "b"]);
  assert.match(both[0]!.message, /^a and b both ask for 0000:01:00\.0/);
  assert.match(first("gpu.exclusive", host(), machines("[{}, {}]")).message, /^a asks for 0000:01:00\.0 twice/);
});

/** Adds a second card with other ids to the first one's group, bound to its driver. */
const second = (made: Host) =>
  addNeighbour(made, { class: "030000", vendor: "10de", device: "1eb8", driver: "nvidia" });
const ids = "{device_id: 2786}";
const otherIds = "{device_id: 1eb8}";

test("gpu.exclusive: cards of one group must go to one machine", () => {
  const apart = machines(ids, `, {name: b, box: lab/x, gpu: ${otherIds}}`);
  const [verdict, ...rest] = found("gpu.exclusive", host(second), apart);
  assert.equal(rest, []);
  assert.equal([verdict!.status, verdict!.machine], ["fail", "b"]);
  assert.match(verdict!.message, /^a gets 0000:01:00\.0 and b gets 0000:09:00\.0, which share group 2: /);
  const split = host((made) => {
    second(made);
    made.pci!.at(-1)!.group = "77";
  });
  assert.is(first("gpu.exclusive", split, apart).status, "pass");
  assert.is(first("gpu.exclusive", host(second), machines(`[${ids}, ${otherIds}]`)).status, "pass");
});

test("iommu.group: cards of one group that go to one machine do not block each other", () => {
  const both = found("iommu.group", host(second), machines(`[${ids}, ${otherIds}]`));
  assert.equal(both.map(({ status }) => status), ["pass", "pass"]);
  assert.is(
    both[0]!.message,
    "group 2: 0000:01:00.0, 0000:01:00.1 go to the VM, and 0000:09:00.0 with another card of the VM",
  );
  assert.match(
    both[1]!.evidence.map(({ value }) => value).join(),
    /0000:01:00\.0 .* \(goes to the VM with another card/,
  );
  assert.is(first("iommu.group", host(second), machines(ids)).status, "fail", "alone it is one");
  const made = host(second);
  const [card] = resolveConfig(machines(`[${ids}, ${otherIds}]`), made).machines[0]!.cards;
  assert.is(topologyLines(card!, made, 120).filter((line) => line.endsWith("→ VM")).length, 3);
});

test("a card's companions are passed with it from any group; functions of other vendors stay", () => {
  const apart = host((made, fn) => {
    fn(audio).group = "3";
    made.iommu.groups!.set("2", made.iommu.groups!.get("2")!.filter((bdf) => bdf !== audio));
    made.iommu.groups!.set("3", [audio, ...(made.iommu.groups!.get("3") ?? [])]);
    made.pci!.forEach((one) => one.bdf !== audio && one.group === "3" && (one.group = "2"));
    made.iommu.groups = new Map();
    for (const { bdf, group } of made.pci!) {
      if (group) made.iommu.groups.set(group, [...(made.iommu.groups.get(group) ?? []), bdf]);
    }
  });
  const [card] = resolveConfig(machines("{}"), apart).machines[0]!.cards;
  assert.equal(card!.assignedFunctions.map(({ bdf }) => bdf), [gpu, audio]);
  assert.equal(card!.groups, ["2", "3"]);
  apart.pci!.find(({ bdf }) => bdf === audio)!.vendor = "8086";
  const chosen = matchCard({ vendorId: "10de", mode: "passthrough" }, apart);
  assert.equal(chosen.kind === "card" && chosen.card.staysOnHost.map(({ bdf }) => bdf), [audio]);
});

test("iommu.enabled: distinguishes three causes, and never relies on a folder, an argument or a log", () => {
  assert.is(first("iommu.enabled", host()).status, "pass");
  const off = (change: (made: Host) => void) =>
    first(
      "iommu.enabled",
      host((made) => {
        for (const fn of made.pci!) fn.group = null;
        made.iommu.units = [];
        made.iommu.groups = new Map();
        change(made);
      }),
    );
  assert.is(off((made) => made.iommu.acpiTables = ["FACP"]).message, "IOMMU is not enabled in your BIOS");
  assert.is(
    off(({ iommu, kernel }) => {
      iommu.acpiTables = [];
      kernel.arguments = ["intel_iommu=on"];
    }).message,
    "IOMMU is not enabled in your BIOS",
    "the argument proves nothing",
  );
  const switched = off(({ kernel }) => {
    kernel.arguments = ["intel_iommu=off"];
    kernel.configurations = [{ file: "/etc/default/grub", arguments: ["intel_iommu=off"] }];
  });
  assert.is(switched.message, "the IOMMU is switched off in the kernel (intel_iommu=off)");
  assert.is(switched.fix[0]!.command, null, "prepare edits the file, and checks what comes out");
  assert.match(switched.fix[0]!.title, /^Remove intel_iommu=off .*GRUB_CMDLINE_LINUX_DEFAULT .*update-grub/);
  assert.match(switched.fix[1]!.title, /^Add intel_iommu=on /, "not every kernel turns it on by itself");
  const byDefault = off(({ kernel }) => {
    kernel.arguments = ["intel_iommu=off"];
    kernel.configurations = [{ file: "/etc/default/grub", arguments: ["intel_iommu=off"] }];
    kernel.built = { CONFIG_INTEL_IOMMU: "y", CONFIG_INTEL_IOMMU_DEFAULT_ON: "y" };
  });
  assert.is(byDefault.fix.length, 1);
  const nowhere = [{ file: "/etc/default/grub", arguments: [] }];
  const waiting = off(({ kernel }) => {
    kernel.arguments = ["intel_iommu=off"];
    kernel.configurations = nowhere;
  });
  assert.match(waiting.message, /no boot loader file has it any more, which takes effect at the next reboot$/);
  assert.equal(
    waiting.fix.map(({ command }) => command),
    ["update-grub", "reboot"],
    "update-grub may have been forgotten",
  );
  const unread = off(({ kernel }) => {
    kernel.arguments = ["intel_iommu=off"];
    kernel.configurations = nowhere;
    kernel.unread = ["/etc/default/grub.d/50-mine.cfg"];
  });
  assert.is(unread.message, switched.message, "what was not read may have it");
  assert.match(unread.fix[0]!.title, /^Remove intel_iommu=off .*update-grub/);
  const left = off(({ kernel }) => {
    kernel.arguments = [];
    kernel.configurations = nowhere;
  });
  assert.match(left.message, /^Intel VT-d is on in the firmware but off in the kernel$/);
  assert.match(left.fix[0]!.title, /^Add intel_iommu=on to the kernel's arguments \(GRUB\)$/);
  assert.match(off((made) => made.iommu.units = ["dmar0"]).message, /is under no IOMMU unit, though this host has one/);
  assert.is(off((made) => delete made.iommu.acpiTables).status, "unknown");
  assert.is(status("iommu.enabled", (made) => delete made.iommu.units), "unknown");
  assert.is(status("iommu.enabled", (_, fn) => delete fn(gpu).group), "unknown");
  const unsafe = first("iommu.enabled", host((made) => made.iommu.units = []));
  assert.match(unsafe.message, /no-IOMMU mode\. .*off in the kernel/);
  assert.match(unsafe.fix[0]!.title, /^Add intel_iommu=on/, "the cause has its fix");
});

test("iommu.group: bridges never count; a peer blocks the group only if a driver is bound to it", () => {
  assert.match(first("iommu.group", host()).message, /^group 2: 0000:01:00\.0, 0000:01:00\.1 go to the VM$/);
  assert.is(status("iommu.group", (made) => addNeighbour(made, { class: "060400", driver: "pcieport" })), "pass");
  assert.match(
    first("iommu.group", host((made) => addNeighbour(made, {}))).message,
    /its group also has 0000:09:00\.0, which no host/,
  );
  assert.is(status("iommu.group", (made) => addNeighbour(made, { driver: "vfio-pci" })), "pass");
  const shared = first("iommu.group", host((made) => addNeighbour(made, { driver: "e1000e" })));
  assert.is(shared.status, "fail");
  assert.match(
    shared.message,
    /^group 2 is not viable: .* 0000:09:00\.0 \[0200\] 8086:10d3 Ethernet controller \(driver e1000e\)$/,
  );
  assert.equal(shared.fix.filter(({ safe }) => safe), [], "nothing of this is done by itself");
});

test("iommu.group: never allows passing what the host needs", () => {
  const losing = (needs: Partial<Host["needs"]>) =>
    first(
      "iommu.group",
      host((made) => {
        addNeighbour(made, { driver: null });
        Object.assign(made.needs, needs);
      }),
    );
  const bdf = "0000:09:00.0";
  for (
    const [needs, use] of [
      [{ mounts: [{ point: "/", bdf }] }, "the root disk"],
      [{ swap: [bdf] }, "swap"],
      [{ route: [bdf] }, "the default route"],
      [{ keyboards: [bdf] }, "the keyboard"],
    ] as [Partial<Host["needs"]>, string][]
  ) {
    const { status, message } = losing(needs);
    assert.is(status, "fail");
    assert.ok(message.includes(`carries ${use}`), message);
  }
  assert.is(losing({ keyboards: [bdf, "0000:00:14.0"] }).status, "pass", "there is another keyboard");
});

test("iommu.group: no fix removes a device that this host uses or may use", () => {
  const bdf = "0000:09:00.0";
  const offered = (more: Partial<PciFunction>, change: (made: Host) => void = () => {}) => {
    const { status, fix, evidence } = first(
      "iommu.group",
      host((made) => {
        addNeighbour(made, { class: "040300", driver: "snd_hda_intel", ...more });
        change(made);
      }),
    );
    const why = evidence.find(({ read }) => read === `unbinding ${bdf} from this host`)?.value;
    assert.is(status, "fail");
    assert.is(fix.some(({ command }) => command?.includes("unbind")), why === undefined, "offered, or it says why not");
    return why?.replace("not offered: ", "");
  };
  assert.is(offered({}), undefined);
  assert.is(offered({ class: "010802", driver: "nvme" }), "it is a storage device");
  assert.is(
    offered({ class: "020000", driver: "e1000e" }, (made) => made.needs.interfaces.push({ bdf, name: "enp9s0" })),
    "the host uses it for network interface enp9s0",
  );
  assert.is(
    offered({ class: "0c0330", driver: "xhci_hcd" }, (made) => delete made.needs.keyboards),
    "the keyboards that are connected to it could not be read",
  );
  assert.is(
    offered({}, (made) => made.needs.untraced = ["/", "route"]),
    "could not find the devices that / and the default route need",
  );
  assert.is(offered({}, (made) => made.needs.unread = ["/"]), "could not find the devices that / needs");
});

test("iommu.group: every mounted disk counts", () => {
  const bdf = "0000:09:00.0";
  const says = (point: string) =>
    first(
      "iommu.group",
      host((made) => {
        addNeighbour(made, { class: "010802", driver: "nvme" });
        made.needs.mounts.push({ point, bdf });
      }),
    ).message.replace(/.*carries /, "");
  assert.equal(["/home", "/srv", "/mnt/…", "/…"].map(says), [
    "the disk of /home",
    "the disk of /srv",
    "a disk mounted below /mnt",
    "a mounted disk",
  ]);
  const stick = first(
    "iommu.group",
    host((made) => {
      addNeighbour(made, { bdf: "0000:01:00.2", vendor: "10de", class: "0c0330", driver: "xhci_hcd" });
      made.needs.mounts.push({ point: "/media/…", bdf: "0000:01:00.2" });
    }),
  );
  assert.match(stick.message, /USB controller carries a disk mounted below \/media$/);
  assert.equal(
    stick.fix.map(({ title }) => title),
    ["Connect the devices on the card's USB ports to other ports of this host"],
  );
});

test("iommu.group: a disk that was not traced may be on the card's USB controller", () => {
  const usb = (driver: string | null, untraced: string[]) =>
    status("iommu.group", (made) => {
      addNeighbour(made, { bdf: "0000:01:00.2", vendor: "10de", class: "0c0330", driver });
      made.needs.untraced = untraced;
    });
  assert.equal([usb("xhci_hcd", ["/"]), usb("xhci_hcd", ["route"]), usb(null, ["/"]), usb("xhci_hcd", [])], [
    "unknown",
    "pass",
    "pass",
    "pass",
  ]);
});

test("iommu.group: is unknown unless all members of the group were read", () => {
  assert.is(status("iommu.group", (made) => made.iommu.groups!.get("2")!.push("0000:05:00.0")), "unknown");
  assert.is(status("iommu.group", (_, fn) => delete fn(audio).driver), "unknown");
  assert.is(status("iommu.group", (made) => made.pciCount!++), "unknown");
  assert.is(status("iommu.group", (made) => delete made.iommu.groups), "unknown");
  const usb = (driver: string | null) => (made: Host) => {
    addNeighbour(made, { bdf: "0000:01:00.2", vendor: "10de", class: "0c0330", driver });
    delete made.needs.keyboards;
  };
  assert.is(status("iommu.group", usb("xhci_hcd")), "unknown", "the only keyboard may hang on it");
  assert.is(status("iommu.group", usb(null)), "pass");
  assert.is(status("iommu.group", (_, fn) => fn(gpu).group = null), "skip");
});

test("iommu.enabled: is off in a kernel whose arguments could not be read", () => {
  const off = host((made, fn) => {
    for (const bdf of [gpu, audio]) fn(bdf).group = null;
    made.iommu.units = [];
    delete made.kernel.arguments;
  });
  const { status, message, fix } = first("iommu.enabled", off);
  assert.is(status, "fail");
  assert.match(message, /off in the kernel; could not read the kernel arguments$/);
  assert.is(fix[0]!.command, "cat /proc/cmdline");
});

test("gpu.driver: distinguishes bound, configured without a reboot, free, and not read", () => {
  assert.match(first("gpu.driver", host()).message, /^nouveau holds 0000:01:00\.0, snd_hda_intel holds/);
  const waiting = first(
    "gpu.driver",
    host((made) => made.configured.push({ file: "modprobe.d/vfio.conf", text: "options vfio-pci ids=10de:2786" })),
  );
  assert.match(
    waiting.message,
    /^configured for vfio-pci, but nouveau and snd_hda_intel have bound it: no file that was read loads vfio-pci earlier \(/,
  );
  assert.equal(waiting.fix.map(({ command }) => command), ["npx zx homelab-gpu.mts prepare"], "nothing loads it there");
  const loaded = first(
    "gpu.driver",
    host((made) =>
      made.configured.push(
        { file: "modprobe.d/vfio.conf", text: "options vfio-pci ids=10de:2786,10de:22bc" },
        { file: "initramfs-tools/modules", text: "vfio_pci" },
      )
    ),
  );
  assert.equal(loaded.fix.map(({ command }) => command), ["update-initramfs -u -k all"]);
  const bound = (_: Host, fn: (bdf: string) => PciFunction) => {
    for (const bdf of [gpu, audio]) fn(bdf).driver = "vfio-pci";
  };
  assert.is(first("gpu.driver", host(bound)).message, "vfio-pci holds the card already");
  assert.is(status("gpu.driver", (_, fn) => delete fn(gpu).driver), "unknown");
  const companion = (builtin: string[], driver: string | null = "vfio-pci") =>
    first(
      "gpu.driver",
      host((made, fn) => {
        made.configured.push({ file: "modprobe.d/vfio.conf", text: "options vfio-pci ids=10de:2786" });
        made.kernel.builtin = builtin;
        fn(gpu).driver = driver;
      }),
    );
  const takes = "libvirt takes it when the VM starts and gives it back when it stops";
  const own = companion([]);
  assert.is(own.message, `vfio-pci has the card, and snd_hda_intel holds ${audio}: ${takes}`);
  assert.equal(own.fix.map(({ command }) => command), ["npx zx homelab-gpu.mts prepare"], "no initramfs mends that");
  assert.equal(companion(["snd-hda-intel"]).fix, [], "nothing is earlier than a built-in driver");
  assert.is(companion(["snd-hda-intel"], null).message, `snd_hda_intel holds ${audio}: ${takes}`);
  const one = companion(["xhci-pci"], null);
  assert.match(one.message, /^only 0000:01:00\.0 of the card is configured for vfio-pci/, "another driver's module");
  assert.equal(one.fix.map(({ command }) => command), ["npx zx homelab-gpu.mts prepare"], "no initramfs mends that");
  assert.match(companion(["snd-hda-intel"], "nouveau").message, /have bound it: no file/);
});

test("gpu.driver: ids in any part of a list, with a class, and those that initramfs-tools gives to modprobe", () => {
  const any = "ffffffff:ffffffff:ffffffff";
  const isOurs = (ids: string) =>
    vfioSourceOf({ ...host().pci!.find(({ bdf }) => bdf === gpu)!, subsystem: "1458:40e7" }, {
      ...host(),
      configured: [{ file: "modprobe.d/vfio.conf", text: `options vfio-pci ids=${ids}` }],
    }) !== undefined;
  for (
    const ids of ["10de:2786", `10de:${any}`, `10de:${any}:00030000:ffff00ff`, "ffffffff:2786", "10de:2786:1458:40e7"]
  ) {
    assert.ok(isOurs(ids), ids);
  }
  for (const ids of ["10de", "10de:", ":2786", `1002:${any}`, `10de:${any}:00040300:ffffffff`, "10de:2786:1:1"]) {
    assert.not(isOurs(ids), ids);
  }
  const image = (lines: string[], tool = "update-initramfs") => {
    const made = host((one) => {
      one.configured = lines.map((text) => ({ file: "initramfs-tools/modules", text }));
      one.programs = { [tool]: `/usr/bin/${tool}` };
    });
    return vfioSourceOf(made.pci!.find(({ bdf }) => bdf === gpu)!, made)?.from;
  };
  assert.is(image(["vfio_pci ids=10de:2786,10de:22bc"]), "/etc/initramfs-tools/modules");
  assert.is(image(["vfio_pci ids=10de:2786"], "dracut"), undefined, "no tool reads that file");
  assert.is(image(["vfio_pci ids=10de:1111"]), undefined);
});

test("gpu.driver: the running kernel must be able to load vfio-pci", () => {
  const having = (kernel: Partial<Host["kernel"]>, driver: string | null = null) =>
    first(
      "gpu.driver",
      host((made, fn) => {
        for (const bdf of [gpu, audio]) fn(bdf).driver = driver;
        Object.assign(made.kernel, kernel);
      }),
    );
  for (
    const kernel of [
      { loaded: ["vfio_pci"] },
      { builtin: ["vfio-pci"] },
      { built: { CONFIG_VFIO_PCI: "y" } },
      { available: ["tun", "vfio-pci"] },
    ]
  ) {
    assert.is(having(kernel).message, "no host driver holds the card", JSON.stringify(kernel));
    assert.is(having({ ...kernel, replaced: true }).status, "pass", "a loaded module needs no folder");
  }
  assert.is(having({}).status, "unknown", "not read");
  assert.is(having({ available: ["tun"] }).message, "6.1.0-28-amd64 has no vfio-pci, which takes the card for the VM");
  const gone = having({ replaced: true });
  assert.equal([gone.status, gone.fix[0]!.command], ["fail", "reboot"]);
  assert.equal(
    [having({ available: [] }, "nouveau").status, having({ replaced: true }, "nouveau").status],
    ["fail", "fail"],
    "whoever holds it",
  );
  assert.is(having({}, "nouveau").status, "warn");
  assert.is(having({ available: [] }, "vfio-pci").status, "pass");
  // VirtualBox before 6.1 passes cards without it
  const plain = host((made, fn) => {
    for (const bdf of [gpu, audio]) fn(bdf).driver = null;
    made.kernel.available = [];
  });
  const boxed = resolveConfig(parseConfig("machines: [{name: a, box: lab/x, provider: virtualbox, gpu: {}}]"), plain);
  assert.equal(runChecks(plain, boxed, ["gpu.driver"]).map(({ status }) => status), ["pass"]);
});

test("gpu.in-use: names the processes that use the card; without root, other users' are unknown", () => {
  const held = (command: string, node = "/dev/dri/card1", all = true) =>
    first(
      "gpu.in-use",
      host((made, fn) => {
        fn(gpu).drm = ["card1", "renderD128"];
        made.holders = { all, processes: command ? [{ pid: 7, node, command }] : [] };
      }),
    );
  assert.is(held("").status, "pass");
  assert.is(held("", "", false).status, "unknown");
  assert.match(held("Xorg").message, /^Xorg \(7\) holds the card/);
  assert.is(held("nvidia-persiste").fix[0]!.command, "systemctl stop nvidia-persistenced");
  assert.is(held("Xorg", "/dev/dri/card0").status, "pass", "that is another card's");
  const unnumbered = host((_, fn) => {
    fn(gpu).driver = "nvidia";
    fn(gpu).drm = [];
  });
  assert.match(
    first("gpu.in-use", unnumbered).message,
    /^could not read which of \/dev\/nvidia0, \/dev\/nvidia1 … is this card's/,
  );
  assert.is(held("qemu-system-x86", "/dev/vfio/2").fix[0]!.title, "Check which VM has it, then shut that VM down");
});

test("gpu.display: warns with another card, fails on the only one, passes without a display", () => {
  const showing = (_: Host, fn: (bdf: string) => PciFunction) => void (fn(gpu).displays = ["card1-DP-1"]);
  const alone = (made: Host) => {
    made.pci = made.pci!.filter((fn) => !fn.class?.startsWith("03") || fn.bdf === gpu);
  };
  assert.is(first("gpu.display", host(showing)).status, "warn");
  const only = host((made, fn) => {
    showing(made, fn);
    alone(made);
  });
  assert.is(first("gpu.display", only).status, "fail");
  const boot = (consoles?: string[]) =>
    status("gpu.display", (made, fn) => {
      fn(gpu).bootVga = true;
      fn(gpu).drm = [];
      alone(made);
      if (consoles) made.display.consoles = consoles;
    });
  assert.is(boot(["(S) VGA+"]), "fail");
  assert.is(boot(["(S) dummy device"]), "pass", "a serial console, and nothing on the card");
  assert.is(boot(), "fail", "whether it shows was not read");
  assert.is(status("gpu.display", (_, fn) => delete fn(gpu).bootVga), "unknown");
});

test("gpu.display: a card is unused only if its driver reports connectors and no monitor", () => {
  const only = (connectors: number | undefined, change: (made: Host) => void = () => {}) =>
    status("gpu.display", (made, fn) => {
      Object.assign(fn(gpu), { bootVga: true, drm: ["card0"], displays: [], ...(connectors ? { connectors } : {}) });
      if (connectors === 0) fn(gpu).connectors = 0;
      made.pci = made.pci!.filter((one) => !one.class?.startsWith("03") || one.bdf === gpu);
      change(made);
    });
  assert.is(only(4), "warn");
  assert.is(only(0), "fail", "nvidia-drm without modesetting");
  assert.is(only(undefined), "unknown");
  const lit = (made: Host) => void made.display.framebuffers.push({ bdf: gpu, name: "efifb" });
  assert.equal([only(4, lit), only(undefined, lit)], ["fail", "fail"], "the firmware's framebuffer is looked at");
});

test("gpu.display: a card without outputs is not an alternative for the console", () => {
  const showing = (change: (other: PciFunction) => void, config = machines("{device_id: 2786}")) =>
    first(
      "gpu.display",
      host((made, fn) => {
        fn(gpu).displays = ["card1-DP-1"];
        made.pci = made.pci!.filter((one) => !one.class?.startsWith("03") || one.bdf === gpu);
        const other = {
          ...fn(gpu),
          bdf: "0000:04:00.0",
          class: "030000",
          device: "1eb8",
          driver: "nvidia",
          displays: [],
        };
        change(other);
        made.pci.push(other);
      }),
      config,
    ).status;
  assert.is(showing(() => {}), "warn");
  assert.is(showing((other) => other.class = "030200"), "fail", "no outputs");
  assert.is(showing((other) => other.driver = "vfio-pci"), "fail", "given up already");
  assert.is(showing((other) => other.driver = "pci-stub"), "fail", "given up already");
  assert.is(showing(() => {}, machines("[{device_id: 2786}, {device_id: 1eb8}]")), "fail", "it goes as well");
  const two = machines("{device_id: 2786}", ", {name: b, box: lab/x, gpu: {device_id: 1eb8}}");
  assert.is(showing(() => {}, two), "fail", "it goes to another VM");
});

test("gpu.reset and gpu.power report cards that do not reset or do not wake up", () => {
  const resets = (methods: string[] | undefined, kernel = "6.1.0") =>
    status("gpu.reset", (made, fn) => {
      made.os.kernel = kernel;
      if (methods) fn(gpu).resets = methods;
      else delete fn(gpu).resets;
    });
  assert.equal([resets(["flr", "bus"]), resets(["pm"]), resets(undefined), resets(undefined, "5.10.0")], [
    "pass",
    "warn",
    "warn",
    "unknown",
  ]);
  assert.is(status("gpu.power", (_, fn) => fn(gpu).config = "ffffffff"), "fail");
  assert.is(status("gpu.power", (_, fn) => fn(gpu).power = "D3cold"), "warn");
  assert.is(status("gpu.power", (_, fn) => fn(gpu).power = "unknown"), "pass");
});

test("gpu.window: is the next power of two of all regions, within the host's address width", () => {
  const sized = (gib: bigint, bits: number, iommu = bits) =>
    host((made, fn) => {
      fn(gpu).bars = [{ index: 1, start: 0n, size: gib << 30n, is64Bit: true, prefetch: true }];
      made.cpu.physicalBits = bits;
      made.iommu.capabilities = { dmar0: (BigInt(iommu - 1) << 16n).toString(16) };
    });
  const window = (made: Host) => mmioWindowOf(resolveConfig(machines("{}"), made).machines[0]!.cards);
  assert.is(window(sized(16n, 46)), 16384);
  assert.is(window(sized(24n, 46)), 32768);
  assert.is(first("gpu.window", sized(256n, 46)).message, "the VM gets an MMIO window of 262144 MiB");
  assert.is(first("gpu.window", sized(512n, 39)).status, "fail");
  assert.match(
    first("gpu.window", sized(128n, 46, 39)).message,
    /the VM's addresses are limited to the IOMMU's 39 bits$/,
  );
  assert.is(
    status("gpu.window", (made) => Object.assign(made, { cpu: {}, iommu: { ...made.iommu, capabilities: {} } })),
    "unknown",
  );
});

test("iommu.interrupts, iommu.reserved and iommu.acs read the host's facts", () => {
  assert.is(status("iommu.interrupts", (made) => made.iommu.interrupts = ["PCI-MSI", "IO-APIC"]), "fail");
  assert.is(
    status("iommu.interrupts", (made) => {
      made.iommu.interrupts = ["PCI-MSI"];
      made.kernel.parameters["vfio_iommu_type1.allow_unsafe_interrupts"] = "Y";
    }),
    "warn",
  );
  assert.is(status("iommu.interrupts", (made) => delete made.iommu.interrupts), "unknown");
  assert.is(status("iommu.interrupts", (made) => made.iommu.units = []), "skip");
  const reserved = (kernel: string | undefined, tables: string[]) =>
    status("iommu.reserved", (made) => {
      made.iommu.direct = ["2"];
      made.iommu.acpiTables = tables;
      delete made.os.kernel;
      if (kernel) made.os.kernel = kernel;
    });
  // Linux 6.1 refused such a group in the lab (VT-d) and passed it (AMD-Vi)
  assert.equal(["5.2.21", "5.3.0", "6.1.0-56-amd64", "6.6.1"].map((kernel) => reserved(kernel, ["DMAR"])), [
    "warn",
    "fail",
    "fail",
    "fail",
  ]);
  assert.equal(["6.1.0-56-amd64", "6.6.1"].map((kernel) => reserved(kernel, ["IVRS"])), ["warn", "fail"]);
  assert.equal([reserved(undefined, ["DMAR"]), reserved("6.1.0", ["IORT"])], ["warn", "warn"]);
  assert.is(status("iommu.acs", (made) => made.kernel.arguments!.push("pcie_acs_override=downstream")), "warn");
});

test("guest.firmware: needs an image without Secure Boot", () => {
  assert.is(first("guest.firmware", host()).status, "pass");
  assert.ok(first("guest.firmware", host((made) => made.ovmf = [])).fix[0]!.safe);
  const secure = first("guest.firmware", host((made) => made.ovmf = ["/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"]));
  assert.equal([secure.status, secure.fix[0]!.command], ["fail", null], "the package is there, and has no other");
});

test("the topology shows what a card is connected to and shares, within the width", () => {
  const made = host((one) => addNeighbour(one, { driver: "e1000e", upstreamBridges: ["0000:00:01.0"] }));
  made.needs.route = ["0000:09:00.0"];
  const [card] = resolveConfig(machines("{}"), made).machines[0]!.cards;
  const lines = topologyLines(card!, made, 80);
  assert.equal(lines.map((line) => line.replace(/\s+/g, " ")), [
    "0000:00:01.0 PCI bridge group 2, pcieport",
    "├─ 0000:01:00.0 VGA controller group 2, nouveau → VM",
    "├─ 0000:01:00.1 audio device group 2, snd_hda_intel → VM",
    "└─ 0000:09:00.0 Ethernet controller group 2, e1000e ← the default route",
  ]);
  assert.ok(lines.every((line) => line.length <= 80));
});

test.run();
