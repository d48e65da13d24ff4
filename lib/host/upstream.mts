/** Steps that install programs that a distribution does not package. */
import type { Fix } from "../findings.mts";
import type { Host } from "./types.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { type Family, type Installer, installerOf } from "./installers.mts";
import { codenameOf, isEnterprise, isLike } from "./distributions.mts";

/** The fix for Proxmox VE: packages of both sources would replace Proxmox's own. */
export const onProxmox = manualFix(
  "Proxmox VE has its own QEMU, and installing Debian's removes proxmox-ve: run this in a VM on " +
    "this host, or on another host",
);

/**
 * The advice where one of these tools has neither a package nor a release for this host, so that installing the others
 * does not help. Undefined elsewhere.
 */
export function noRelease(tools: string[], host: Host): Fix | undefined {
  if (!tools.includes("vagrant")) return undefined;
  const musl = host.os.id === "chimera" ? "Chimera" : installerOf(host)?.family === "apk" ? "Alpine" : undefined;
  if (musl) return manualFix(`Vagrant has no release for ${musl} (musl): run this on a host with another distribution`);
  // hashicorp/vagrant#13814 (2026-05): packages of amd64 only; Debian and Fedora have their own for others
  return host.os.platform === "linux" && (host.os.arch ?? "x86_64") !== "x86_64"
    ? manualFix(`Vagrant has no release for Linux on ${host.os.arch}: run this on an x86_64 host`)
    : undefined;
}

/**
 * Steps to install tools that the distribution does not package, for the user to run. Empty if no
 * steps are known.
 */
export function upstreamSteps(tools: string[], host: Host): Fix[] {
  const programs = tools.filter((name) => name === "packer" || name === "vagrant");
  const installer = installerOf(host);
  const none = noRelease(tools, host);
  if (none) return [none];
  const steps: Fix[] = [];
  if (installer && isEnterprise(host) && tools.includes("qemu")) {
    steps.push(commandFix(
      "Install QEMU, which has another package name on this distribution",
      "dnf install -y qemu-kvm qemu-img && ln -sf /usr/libexec/qemu-kvm /usr/local/bin/qemu-system-x86_64",
      { root: true },
    ));
  }
  if (tools.includes("debootstrap") && isEnterprise(host)) {
    steps.push(...epel(host, installer));
  }
  if (programs.length > 0) steps.push(...hashicorp(programs, host, installer));
  if (tools.includes("vagrant-libvirt")) steps.push(...plugin(host, installer));
  return steps;
}

/** Steps for EPEL and debootstrap. The package that adds EPEL has a different name on each system. */
function epel({ os }: Host, installer: Installer | undefined): Fix[] {
  const release = /^\d+/.exec(os.version ?? "")?.[0];
  const own = ["rocky", "almalinux", "centos"].includes(os.id ?? "")
    ? "epel-release"
    : os.id === "ol" && release
    ? `oracle-epel-release-el${release}`
    : os.id === "rhel" && release
    ? `https://dl.fedoraproject.org/pub/epel/epel-release-latest-${release}.noarch.rpm`
    : undefined;
  if (!own || !installer) {
    return [
      manualFix("Install debootstrap from EPEL: https://docs.fedoraproject.org/en-US/epel/getting-started", {
        root: true,
      }),
    ];
  }
  return [
    commandFix("Add EPEL, which has debootstrap", installer.install([own]), { root: true }),
    commandFix("Install debootstrap from that repository", installer.install(["debootstrap"]), { root: true }),
  ];
}

/**
 * The newest Fedora release with a folder in HashiCorp's repository. HashiCorp adds a release some
 * time after Fedora publishes it.
 */
export const hashicorpFedora = {
  newest: 43,
  source: "https://rpm.releases.hashicorp.com/fedora/43 (repository files that use it on Fedora 44)",
  date: "2026-11-26",
} as const;

/** The newest RHEL release with such a folder. */
export const hashicorpRhel = {
  newest: 9,
  source: "https://github.com/hashicorp/packer/issues/13497, https://github.com/hashicorp/vault/issues/31659",
  date: "2026-11-29",
} as const;

/**
 * Steps for HashiCorp's repository and the packages. The packages are the same for every release,
 * so the steps name a release that the repository certainly has.
 */
function hashicorp(programs: string[], host: Host, installer: Installer | undefined): Fix[] {
  const list = programs.join(" and ");
  const title = `Add HashiCorp's package repository: this release has no ${list}`;
  const more = { root: true, ...(installer?.reboot ? { reboot: true } : {}) };
  const install = installer && commandFix(`Install ${list} from that repository`, installer.install(programs), more);
  if (installer?.family === "apt") {
    const suite = ["jammy", "noble"].find((name) => name === codenameOf(host)) ??
      (isLike(host, "ubuntu") ? "noble" : "bookworm");
    const key = "/usr/share/keyrings/hashicorp.asc";
    return [
      commandFix(
        title,
        `sh -ec 'curl -fsSL https://apt.releases.hashicorp.com/gpg -o ${key}; echo "deb [signed-by=${key}] ` +
          `https://apt.releases.hashicorp.com ${suite} main" >/etc/apt/sources.list.d/hashicorp.list'`,
        { root: true },
      ),
      install!,
    ];
  }
  if (installer?.family === "dnf") {
    const where = isEnterprise(host) ? "RHEL" : "fedora";
    const file = "/etc/yum.repos.d/hashicorp.repo";
    const add = `curl -fsSL https://rpm.releases.hashicorp.com/${where}/hashicorp.repo -o ${file}`;
    const newest = where === "fedora" ? hashicorpFedora.newest : hashicorpRhel.newest;
    // Alibaba Cloud Linux and others count their releases in another way than RHEL: .al8 in the kernel's name is RHEL 8
    const version = where === "fedora" || /^([7-9]|10)(\.|$)/.test(host.os.version ?? "")
      ? host.os.version
      : /\.[ae]l(\d+)/.exec(host.os.kernel ?? "")?.[1];
    const known = parseInt(version ?? "", 10);
    const release = known <= newest ? known : newest;
    // $releasever of RHEL can be a minor release (9.4) or 7Server, for which there is no folder (hashicorp/vault#27029)
    const pin = where === "fedora" && release === known ? "" : ` && sed -i 's/$releasever/${release}/' ${file}`;
    const folder = `its folder for ${where === "fedora" ? "Fedora" : "RHEL"} ${release}`;
    const why = `${folder} ${release === known ? "fits" : "is the newest"}`;
    return [
      commandFix(pin ? `${title}; ${why}` : title, add + pin, { root: true }),
      install!,
    ];
  }
  if (installer?.family === "emerge") {
    const atoms = programs.map((name) => name === "packer" ? "dev-util/packer" : "app-emulation/vagrant");
    return [
      manualFix(
        `Accept ~amd64 for ${atoms.join(" and ")} and what they need, in /etc/portage/package.accept_keywords`,
        { root: true },
      ),
      commandFix(`Install ${list}`, installer.install(atoms), more),
    ];
  }
  return programs.map((name) =>
    manualFix(`Install ${name} from HashiCorp's downloads: https://developer.hashicorp.com/${name}/install`)
  );
}

/**
 * The packages that the plugin's extension for libvirt needs to compile (ruby-libvirt: a compiler,
 * make, pkg-config, libvirt's headers).
 */
const compilers: Partial<Record<Family, string[]>> = {
  apt: ["build-essential", "pkg-config", "libvirt-dev"],
  dnf: ["gcc", "make", "pkgconf-pkg-config", "libvirt-devel"],
  pacman: ["base-devel", "libvirt"],
  zypper: ["gcc", "make", "pkgconf-pkg-config", "libvirt-devel"],
  xbps: ["base-devel", "libvirt-devel"],
  emerge: ["app-emulation/libvirt", "virtual/pkgconfig"],
};

/**
 * The repository with libvirt's headers on RHEL and its rebuilds, which is disabled by default; undefined on a system
 * whose repositories are not known: dnf refuses all packages if one that it is asked to enable does not exist
 * (access.redhat.com/articles/4348511; ol9_codeready_builder of Oracle Linux; read 2026-11-27).
 */
function builderOf({ os }: Host): string | undefined {
  const release = /^\d+/.exec(os.version ?? "")?.[0] ?? "";
  if (os.id === "rhel") return `codeready-builder-for-rhel-${release}-x86_64-rpms`;
  if (os.id === "ol") return `ol${release}_codeready_builder`;
  if (!["rocky", "almalinux", "centos"].includes(os.id ?? "")) return undefined;
  return release === "8" ? "powertools" : "crb";
}

function plugin(host: Host, installer: Installer | undefined): Fix[] {
  const packages = installer && compilers[installer.family];
  const own = commandFix("Install the plugin, as yourself", "vagrant plugin install vagrant-libvirt");
  if (!packages) {
    return [{ ...own, title: `${own.title}; it needs libvirt's headers, gcc, make and pkg-config to compile` }];
  }
  const repository = isEnterprise(host) ? builderOf(host) : undefined;
  const run = installer.install(packages);
  return [
    commandFix(
      "Install what the plugin vagrant-libvirt needs to compile",
      repository ? run.replace("dnf install -y", `dnf install -y --enablerepo=${repository}`) : run,
      { root: true, ...(installer.reboot ? { reboot: true } : {}) },
    ),
    own,
  ];
}
