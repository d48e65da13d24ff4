import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checks, runChecks } from "../lib/checks/index.mts";
import { programsToAsk } from "../lib/checks/needs.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { resolveConfig } from "../lib/resolve/resolve.mts";
import type { Forwarding, Host } from "../lib/host/types.mts";
import { savedHost } from "./hosts.mts";

const test = suite("checks");
const plain = parseConfig("machines: [{name: a, box: lab/x, image: debian-13, memory: 2048}]");
const withCard = (keys = "") => parseConfig(`machines: [{name: a, box: lab/x, memory: 2048, gpu: {${keys}}}]`);

/** The host of a recorded probe, with changes. */
function host(change: (host: Host) => void = () => {}): Host {
  const made = savedHost("vm-without-gpu");
  change(made);
  return made;
}
function found(id: string, changed: Host, config = plain) {
  return runChecks(changed, resolveConfig(config, changed), [id]);
}
const first = (id: string, changed: Host, config = plain) => found(id, changed, config)[0]!;
const without = (...names: string[]) => host(({ programs }) => names.forEach((name) => delete programs![name]));

test("every check has a unique id and a description", () => {
  assert.is(new Set(checks.map(({ id }) => id)).size, checks.length);
  for (const { id, about } of checks) assert.ok(/^[a-z]+\.[a-z-]+$/.test(id) && about, id);
});

test("a check that throws becomes a finding", () => {
  const broken = host((made) =>
    Object.defineProperty(made.memory, "total", {
      get: () => {
        throw new Error("boom");
      },
    })
  );
  const finding = runChecks(broken, { machines: [...resolveConfig(plain, host()).machines], services: [] }, [
    "host.memory",
  ])[0]!;
  assert.equal([finding.status, finding.message], [
    "unknown",
    "this check failed with an error, which is a bug in homelab-gpu: boom",
  ]);
});

test("a subject selects all its checks, in the order of the catalogue", () => {
  const ids = runChecks(host(), resolveConfig(plain, host()), ["provider", "host.disk"]).map(({ check }) => check);
  assert.equal([...new Set(ids)], ["provider.host", "provider.version", "provider.access", "host.disk"]);
});

test("tools.present: one command of this distribution installs everything that is missing", () => {
  assert.is(first("tools.present", host()).status, "pass");
  const { status, message, fix } = first("tools.present", without("packer", "virsh", "xorriso"));
  assert.is(status, "fail");
  assert.is(
    message,
    "missing: libvirt (running the VM), packer (building the box), xorriso (the CD that gives Packer access to the image)",
  );
  assert.equal(fix, [{
    title: "Install libvirt, packer, xorriso",
    command:
      "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libvirt-daemon-system libvirt-clients dnsmasq-base iptables packer xorriso",
    root: true,
    reboot: false,
    safe: true,
  }]);
  assert.match(
    first("tools.present", without("xorriso", "apt-get")).fix[0]!.title,
    /Install xorriso/,
    "no package manager that is known",
  );
});

test("tools.present: offers no package that the distribution does not have", () => {
  const fixes = (change: (host: Host) => void) =>
    first(
      "tools.present",
      host((made) => {
        delete made.programs!.packer;
        made.vagrantPlugins = {};
        change(made);
      }),
    ).fix.map(({ command, title, safe }) => command ?? `${title} ${safe}`);
  const on13 = fixes(({ os }) => os.version = "13");
  assert.match(on13[0]!, /apt-get install -y --no-install-recommends vagrant-libvirt$/);
  assert.match(on13[1]!, /apt\.releases\.hashicorp\.com bookworm main/);
  assert.match(on13[2]!, /apt-get install -y --no-install-recommends packer$/);
  const arch = ({ programs }: Host) => {
    delete programs!["apt-get"];
    delete programs!.debootstrap;
    programs!.pacman = "/usr/bin/pacman";
  };
  assert.equal(
    fixes((made) => {
      made.os.id = "arch";
      arch(made);
    }),
    [
      "pacman -S --needed --noconfirm packer",
      "pacman -S --needed --noconfirm base-devel libvirt",
      "vagrant plugin install vagrant-libvirt",
    ],
  );
});

/** The fixes where every tool is missing, on a distribution with that package manager. */
function fresh(os: Partial<Host["os"]>, programs: string[], change: (host: Host) => void = () => {}) {
  const made = host((made) => {
    delete made.os.codename;
    delete made.os.version;
    made.os = { ...made.os, like: [], ...os };
    made.programs = Object.fromEntries([...programs, "sudo"].map((name) => [name, `/usr/bin/${name}`]));
    made.vagrantPlugins = {};
    change(made);
  });
  return first("tools.present", made).fix;
}
const ubuntu = { id: "ubuntu", like: ["debian"] };
for (
  const [name, os, programs, there] of [
    ["Debian 12", { id: "debian", version: "12" }, ["apt-get"], ["packer", "vagrant", "vagrant-libvirt"]],
    ["Debian 13", { id: "debian", version: "13" }, ["apt-get"], ["vagrant", "vagrant-libvirt"]],
    ["Debian 14", { id: "debian", version: "14" }, ["apt-get"], []],
    ["Debian testing", { id: "debian", codename: "forky" }, ["apt-get"], []],
    ["Ubuntu 22.04", { ...ubuntu, version: "22.04" }, ["apt-get"], ["packer", "vagrant", "vagrant-libvirt"]],
    ["Ubuntu 24.04", { ...ubuntu, version: "24.04" }, ["apt-get"], []],
    ["Ubuntu 26.04", { ...ubuntu, version: "26.04" }, ["apt-get"], []],
    ["Mint 22", { id: "linuxmint", like: ["ubuntu", "debian"], version: "22.2" }, ["apt-get"], []],
    ["LMDE 6", { id: "linuxmint", like: ["debian"], version: "6" }, ["apt-get"], ["packer", "vagrant"]],
    ["Pop!_OS 24.04", { id: "pop", like: ["ubuntu", "debian"], version: "24.04" }, ["apt-get"], []],
    ["a derivative that is not known", { id: "kali", like: ["debian"] }, ["apt-get"], []],
    ["Fedora 44", { id: "fedora", version: "44" }, ["dnf"], ["vagrant", "vagrant-libvirt"]],
    ["Rocky 9", { id: "rocky", like: ["rhel", "centos", "fedora"], version: "9.6" }, ["dnf"], []],
    ["openSUSE", { id: "opensuse-tumbleweed", like: ["opensuse", "suse"] }, ["zypper"], []],
    ["Alpine", { id: "alpine", version: "3.22.2" }, ["apk"], []],
  ] as const
) {
  test(`tools.present: ${name} offers ${there.join(", ") || "no package of HashiCorp's programs"}`, () => {
    const fixes = fresh({ ...os, like: [...("like" in os ? os.like : [])] }, [...programs]);
    const words = (fixes.find(({ safe }) => safe)?.command ?? "").split(" ");
    for (const tool of ["packer", "vagrant", "vagrant-libvirt"]) {
      if (tool === "vagrant-libvirt" && name === "LMDE 6") continue;
      assert.is(words.includes(tool), (there as readonly string[]).includes(tool), tool);
    }
    for (const fix of fixes.filter(({ command }) => command && /hashicorp|plugin install/.test(command))) {
      assert.is(fix.safe, false, "a repository is never added unasked");
    }
  });
}

test("tools.present: an image-based system does not get its family's installer", () => {
  const ostree = fresh(
    { id: "bazzite", like: ["fedora"], version: "43" },
    ["dnf", "rpm-ostree"],
    ({ existingPaths }) => {
      existingPaths.push("/run/ostree-booted");
    },
  );
  assert.match(ostree[0]!.command!, /^rpm-ostree install /);
  assert.equal([ostree[0]!.safe, ostree[0]!.reboot], [false, true]);
  assert.not.ok(ostree.some(({ command }) => command?.includes("dnf install")));
  const micro = fresh({ id: "opensuse-microos", like: ["suse"] }, ["zypper", "transactional-update"]);
  assert.match(micro[0]!.command!, /^transactional-update --non-interactive pkg install /);
});

test("tools.present: RHEL has no debootstrap without EPEL, and another name for QEMU", () => {
  const rocky = (epel: boolean) =>
    fresh({ id: "rocky", like: ["rhel", "centos", "fedora"], version: "9.6" }, ["dnf"], (made) => {
      made.epel = epel;
    }).map(({ command, title }) => command ?? title).join("\n");
  assert.match(rocky(false), /ln -sf \/usr\/libexec\/qemu-kvm/);
  assert.match(rocky(false), /--enablerepo=crb gcc make pkgconf-pkg-config libvirt-devel/);
  assert.not.match(rocky(false), /qemu-system-x86-core/);
});

test("tools.present: Proxmox VE keeps its own QEMU", () => {
  const fixes = fresh(
    { id: "debian", version: "13" },
    ["apt-get"],
    ({ existingPaths }) => void existingPaths.push("/etc/pve"),
  );
  assert.not.match(fixes.map(({ command }) => command).join("\n"), /libvirt-daemon-system|qemu-system/);
  assert.ok(fixes.some(({ title }) => title.startsWith("Proxmox VE has its own QEMU")));
});

test("tools.present: is unknown for a tree whose programs were not read", () => {
  assert.is(first("tools.present", host((made) => delete made.programs)).status, "unknown");
});

test("provider.host: libvirt needs Linux", () => {
  assert.is(first("provider.host", host()).status, "pass");
  const mac = host(({ os }) => Object.assign(os, { platform: "macos", name: "macOS 15" }));
  const libvirt = (gpu = "") => parseConfig(`machines: [{name: a, box: lab/x, provider: libvirt${gpu}}]`);
  assert.is(first("provider.host", mac, libvirt()).message, "libvirt requires a Linux host");
  assert.is(first("provider.host", mac, libvirt(", gpu: {}")).message, "libvirt GPU passthrough requires a Linux host");
  const wsl = savedHost("wsl2-ubuntu");
  assert.is(first("provider.host", wsl, libvirt()).status, "fail", "WSL is Windows");
});

test("provider.version: an old version fails, an untested one warns", () => {
  const packer = (version: string) =>
    found("provider.version", host(({ versions }) => versions.packer = version))[0]!.status;
  assert.equal(["1.5.6", "1.6.6", "1.11.2"].map(packer), ["fail", "pass", "pass"]);
  const plugin = found(
    "provider.version",
    host(({ vagrantPlugins }) => vagrantPlugins["vagrant-libvirt"] = "0.7.0"),
  )[2]!;
  assert.is(plugin.message, "vagrant-libvirt 0.7.0 is older than 0.11.2, the oldest tested version");
});

test("provider.access: the fix starts libvirt in the way of the host", () => {
  const run = (change: (host: Host) => void) =>
    first(
      "provider.access",
      host((made) => {
        delete made.libvirt!.socket;
        change(made);
      }),
    ).fix[0]!.command;
  assert.match(run(() => {})!, /virtlogd -d; libvirtd -d/);
  assert.is(run((made) => made.systemd = true), "systemctl start libvirtd");
  assert.match(
    run((made) => {
      made.systemd = true;
      delete made.programs!.libvirtd;
      made.programs!.virtqemud = "/usr/sbin/virtqemud";
    })!,
    /^systemctl start virtqemud\.socket/,
  );
  assert.is(
    first("provider.access", host((made) => made.libvirt!.access = false)).message,
    "no permission to use libvirt's socket",
  );
  const refused = host((made) =>
    made.libvirt!.error =
      "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'"
  );
  const { message, fix } = first("provider.access", refused);
  assert.is(message, "no permission to use libvirt: polkit does not let this user in");
  assert.is(fix[0]!.command, 'usermod -aG libvirt "$USER"');
  refused.joined = ["libvirt"];
  assert.match(first("provider.access", refused).fix[0]!.title, /^Log in again: .* newgrp libvirt$/);
  assert.is(first("provider.access", without("libvirtd")).status, "skip");
  // the socket of a killed daemon remains
  const deaf = host((made) => made.libvirt!.error = "Failed to connect socket to '/x': Connection refused");
  assert.is(first("provider.access", deaf).message, "libvirtd is not running");
  assert.ok(first("provider.access", deaf).fix[0]!.safe);
  // a daemon that runs without D-Bus, and one that is stuck
  const commandsFor = (error: string, systemd: boolean) => {
    const broken = first(
      "provider.access",
      host((made) => {
        made.libvirt!.error = error;
        made.systemd = systemd;
      }),
    );
    assert.equal(broken.evidence, [{ read: "virsh -c qemu:///system", value: error }]);
    assert.equal(broken.fix.filter(({ safe }) => safe), []);
    return broken.fix.map(({ command, title }) => command ?? title);
  };
  const stuck = "error: virsh did not answer within 8 s";
  assert.equal(commandsFor(stuck, true), ["systemctl restart libvirtd", "journalctl -b -e -u libvirtd"]);
  assert.is(
    commandsFor("internal error: Unable to get system bus connection: Could not connect", true)[0],
    "systemctl start dbus",
  );
  assert.equal(commandsFor(stuck, false), ["Restart libvirtd, which ends no VM, with this host's init system"]);
  const inactive = found("provider.access", host((made) => made.libvirt!.networks.default = "inactive"))[1]!;
  assert.equal([inactive.status, inactive.fix[0]!.safe], ["warn", true]);
});

test("host.virtualization: warns of emulation, and of a forced KVM that was not detected", () => {
  const { status, message } = first("host.virtualization", host());
  assert.equal([status, message], [
    "warn",
    "the CPU shows neither vmx nor svm: VMs run in software emulation and are slow",
  ]);
  const kvm = host(({ cpu }) => cpu.flags = ["vmx"]);
  assert.is(first("host.virtualization", kvm).status, "pass");
  const forced = parseConfig("machines: [{name: a, box: lab/x, accelerator: kvm}]");
  assert.match(first("host.virtualization", host(), forced).message, /forced for a.*guests may hang/);
  assert.match(
    first("host.virtualization", kvm, parseConfig("machines: [{name: a, box: lab/x, accelerator: tcg}]")).message,
    /^the config sets software emulation/,
  );
  const locked = host(({ cpu, kvm }) => {
    cpu.flags = ["vmx"];
    kvm.access = false;
  });
  assert.equal(
    found("host.virtualization", locked).map(({ status }) => status),
    ["fail"],
    "Packer runs QEMU as the user",
  );
  const closed = host(({ kvm }) => kvm.openToVms = false);
  assert.match(found("host.virtualization", closed)[1]!.message, /libvirt asks QEMU for its features again/);
  closed.cpu.flags = ["vmx"];
  assert.equal(
    found("host.virtualization", closed).map(({ status, message, fix }) => [status, message, fix[0]!.command]),
    [[
      "warn",
      "the user of libvirt's VMs has no permission to use /dev/kvm: VMs with accelerator kvm do not start",
      "chmod 666 /dev/kvm",
    ]],
  );
  assert.is(first("host.virtualization", host(({ cpu }) => delete cpu.flags)).status, "unknown");
});

test("host.virtualization: leaves libvirt on a Mac to provider.host", () => {
  const mac = savedHost("macos-apple-silicon");
  const of = (...providers: string[]) => {
    const machines = providers.map((provider, at) => `{name: m${at}, box: lab/x, provider: ${provider}}`).join();
    return found("host.virtualization", mac, parseConfig(`machines: [${machines}]`)).map(({ message }) => message);
  };
  assert.equal(of("libvirt"), [], "provider.host reports it");
  assert.equal(of("libvirt", "virtualbox"), ["hardware virtualization"]);
  mac.hardwareVirtualization = false;
  assert.equal(found("host.virtualization", mac, parseConfig("machines: [{name: a, box: lab/x}]"))[0]!.fix, []);
});

test("host.memory: pinned memory must be free; other memory may be swapped", () => {
  const at = (total: number, available: number, config = plain) =>
    first("host.memory", host(({ memory }) => Object.assign(memory, { total, available })), config).status;
  assert.is(at(8192, 4096), "pass");
  assert.is(at(8192, 1024), "warn");
  assert.is(at(1024, 1000), "fail");
  assert.is(at(8192, 2500, withCard()), "fail", "with a GPU all of it is pinned");
  assert.is(at(8192, 4096, withCard()), "pass");
  const made = host(({ memory }) => Object.assign(memory, { total: 8192, available: 100 }));
  assert.is(
    runChecks(made, resolveConfig(plain, made, { a: { running: true, passedAddresses: [] } }), ["host.memory"])[0]!
      .status,
    "pass",
    "it runs already",
  );
  assert.is(first("host.memory", host((one) => one.memory = {})).status, "unknown");
});

test("host.disk: fails without space for the image", () => {
  const at = (mib: number) => first("host.disk", host((made) => made.disk = { images: mib, cache: 50000 })).status;
  assert.equal([50000, 9000, 2000].map(at), ["pass", "warn", "fail"]);
  assert.is(first("host.disk", host((made) => made.disk = {})).status, "unknown");
});

test("gpu.present: reports no card, another vendor's card, the right card, and an unreadable bus", () => {
  const card = (vendor: string) =>
    host(({ pci }) => pci!.push({ ...pci![0]!, bdf: "0000:01:00.0", class: "030000", vendor, device: "2786" }));
  const none = first("gpu.present", host(), withCard());
  assert.equal([none.status, none.message, none.machine], ["fail", "no NVIDIA GPU detected on host", "a"]);
  assert.ok(none.fix.some(({ command }) => command === "npx zx homelab-gpu.mts up --no-gpu"));
  assert.is(first("gpu.present", card("1002"), withCard()).status, "fail");
  assert.equal(
    first("gpu.present", card("1002"), withCard()).evidence[0]!.value,
    "0000:01:00.0 [0300] 1002:2786 (no driver)",
  );
  assert.is(first("gpu.present", card("10de"), withCard()).status, "pass");
  assert.is(
    first("gpu.present", host(), withCard("vendor_id: 1002, device_id: 5046")).message,
    "no GPU 1002:5046 detected on host",
  );
  assert.is(first("gpu.present", host((made) => delete made.pci), withCard()).status, "unknown");
  assert.equal(found("gpu.present", host()), [], "no machine requests a card");
});

/** The status and the fixes of host.forwarding on a host with libvirt's network active. */
function forwarding(read: Partial<Forwarding>, version = "11.3.0", change: (host: Host) => void = () => {}) {
  const changed = host((made) => {
    made.forwarding = { docker: false, ...read };
    made.versions.libvirt = version;
    made.systemd = true;
    made.libvirt = { networks: { default: "active" }, pools: {} };
    change(made);
  });
  const { status, fix } = first("host.forwarding", changed);
  return [status, fix.map(({ command }) => command)];
}
const dropping = { family: "ip", table: "filter", drops: true, passesGuests: false };

test("host.forwarding: warns of a drop that libvirt's rules do not precede; iptables fixes it", () => {
  assert.equal(forwarding({ docker: true, chains: [dropping] }), ["warn", [
    'sh -c \'echo "firewall_backend = \\"iptables\\"" >>/etc/libvirt/network.conf; systemctl restart libvirtd\'',
  ]]);
  assert.equal(forwarding({ docker: true, backend: "nftables", chains: [dropping] })[1], [
    `sh -c 'sed -i "s/^ *firewall_backend.*/firewall_backend = \\"iptables\\"/" /etc/libvirt/network.conf; systemctl restart libvirtd'`,
  ]);
  assert.is(forwarding({ docker: true, chains: [{ ...dropping, passesGuests: true }] })[0], "pass");
  assert.is(forwarding({ docker: true, chains: [], legacyUnread: true })[0], "unknown");
  assert.is(forwarding({ docker: true, chains: [dropping], legacyUnread: true })[0], "warn");
  assert.is(forwarding({ docker: true, chains: [{ ...dropping, drops: false }] })[0], "pass");
  assert.is(forwarding({ docker: true, chains: [{ ...dropping, family: "ip6" }] })[0], "pass");
});

test("host.forwarding: a table of the user can drop packets, whatever rules libvirt adds", () => {
  const own = { family: "inet", table: "…", drops: true, passesGuests: false };
  assert.equal(forwarding({ backend: "iptables", chains: [own] }), ["warn", [null]]);
});

test("host.forwarding: before libvirt's network is active, its backend decides", () => {
  const inactive = (read: Partial<Forwarding>, version?: string) =>
    forwarding({ docker: true, chains: [dropping], ...read }, version, ({ libvirt }) => libvirt!.networks = {})[0];
  assert.is(inactive({ backend: "iptables" }), "pass");
  assert.is(inactive({}, "9.0.0"), "pass");
  assert.is(inactive({ backend: "nftables" }), "warn");
  assert.is(inactive({}), "unknown");
});

test("host.forwarding: rules that were not read do not pass if Docker or ufw may drop packets", () => {
  assert.is(forwarding({ docker: true })[0], "unknown");
  assert.is(forwarding({ ufw: "DROP" })[0], "unknown");
  assert.is(forwarding({ ufw: "ACCEPT" })[0], "skip");
  assert.is(forwarding({ docker: true }, "9.0.0")[0], "skip");
  assert.is(first("host.forwarding", host()).status, "skip", "a probe without that section");
});

test("host.forwarding: a libvirt of unknown version is not a missing libvirt", () => {
  const unread = (made: Host) => {
    delete made.versions.libvirt;
    made.libvirt!.networks = {};
  };
  assert.is(forwarding({ docker: true, chains: [dropping] }, "", unread)[0], "unknown");
  const missing = (made: Host) => {
    unread(made);
    made.programs = {};
  };
  assert.is(forwarding({ docker: true, chains: [dropping] }, "", missing)[0], "skip");
});

test("a check gives the same result if only the programs that it needs were queried", () => {
  for (const version of ["9.0.0", "11.3.0"]) {
    const asked = host((made) => {
      made.forwarding = { docker: true, chains: [dropping] };
      made.versions.libvirt = version;
      made.libvirt = { socket: "/run/libvirt/libvirt-sock", access: true, networks: { default: "active" }, pools: {} };
    });
    for (const { id } of checks) {
      const less = structuredClone(asked);
      const programs = programsToAsk([id])!;
      if (!programs.includes("packer")) delete less.versions.packer;
      if (!programs.includes("libvirt")) {
        delete less.versions.libvirt;
        delete less.versions.qemu;
        less.libvirt!.networks = {};
      }
      const said = (of: Host) => found(id, of).map(({ status, message }) => `${status} ${message}`);
      assert.equal(said(less), said(asked), id);
    }
  }
});

test("storage.disk: the disk cannot shrink, and needs libvirt", () => {
  const sized = (keys: string) => parseConfig(`machines: [{name: a, box: lab/x, memory: 2048, ${keys}}]`);
  const found = (has?: number, free = 999999, provider = "libvirt", keys = "disk: 128 GiB", diskUsed = 0) => {
    const changed = host(({ disk }) => disk.images = free);
    const resolved = resolveConfig(sized(keys), changed);
    Object.assign(resolved.machines[0]!, { provider, diskSize: has, diskUsed });
    return runChecks(changed, resolved, ["storage.disk"])[0]!.status;
  };
  assert.is(found(), "pass");
  assert.is(found(131072), "pass");
  assert.is(found(65536), "pass");
  assert.is(found(262144), "fail");
  assert.is(found(undefined, 20000), "warn");
  assert.is(found(131072, 100000, "libvirt", "disk: 128 GiB", 40000), "pass", "it may take 91072 MiB more");
  assert.is(found(undefined, 999999, "hyperv"), "fail");
  const built = "image: debian-13, disk: 32 GiB";
  assert.is(found(undefined, 999999, "libvirt", built), "fail", "smaller than the disk of a built box");
});

test("host.autostart: warns of a libvirt that does not start, and of saving VMs with a card", () => {
  const config = parseConfig("machines: [{name: a, box: lab/x, image: debian-13, memory: 2048, autostart: true}]");
  const found = (change: Partial<NonNullable<Host["libvirt"]>>, provider = "libvirt", card = false) => {
    const changed = host((made) => {
      made.systemd = true;
      made.libvirt = { networks: {}, pools: {}, startsAtBoot: true, ...change };
    });
    const resolved = resolveConfig(config, changed);
    resolved.machines[0]!.provider = provider;
    if (card) resolved.machines[0]!.gpus = resolveConfig(withCard(), changed).machines[0]!.gpus;
    const { status, fix } = runChecks(changed, resolved, ["host.autostart"])[0]!;
    return [status, ...fix.map(({ command }) => command)];
  };
  assert.equal(found({}), ["pass"]);
  assert.equal(found({ startsAtBoot: false }), ["warn", "systemctl enable libvirtd.service"]);
  assert.equal(found({ onShutdown: "suspend" }), ["pass"]);
  assert.equal(found({ onShutdown: "suspend", guestsFile: "/etc/default/libvirt-guests" }, "libvirt", true), [
    "warn",
    "sh -c 'echo ON_SHUTDOWN=shutdown >>/etc/default/libvirt-guests'",
  ]);
  assert.equal(found({ onShutdown: "shutdown" }, "libvirt", true), ["pass"]);
  assert.equal(found({}, "virtualbox"), ["fail", null]);
  assert.equal(runChecks(host(), resolveConfig(plain, host()), ["host.autostart"]), []);
});

test.run();
