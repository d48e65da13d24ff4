/** Releases of distributions whose package servers are closed, so that their installers find nothing. */
import type { Host } from "./types.mts";

/** A release without package servers; `source` was read on that day. */
interface ClosedRelease {
  name: string;
  /** The distribution, as os-release(5) names it. */
  id: string;
  /** The version; older ones are closed too. */
  version: string;
  /** Set if releases with long support (an even year, April) are not meant. */
  interim?: true;
  /** The month in which they were closed. */
  since: string;
  /** The server that keeps the packages, without updates. */
  archive: string;
  /** The files that name the servers. */
  files: string;
  source: string;
  date: string;
}

/** The releases; each row also stands for those before it. */
export const closedReleases: ClosedRelease[] = [
  {
    name: "CentOS 7",
    id: "centos",
    version: "7",
    since: "July 2024",
    archive: "vault.centos.org",
    files: "/etc/yum.repos.d",
    source: "https://github.com/ollama/ollama/pull/5438, epics-base/epics-base#524",
    date: "2026-11-28",
  },
  {
    name: "CentOS 8",
    id: "centos",
    version: "8",
    since: "June 2024",
    archive: "vault.centos.org",
    files: "/etc/yum.repos.d",
    source: "https://blog.centos.org/2023/04/end-dates-are-coming-for-centos-stream-8-and-centos-linux-7",
    date: "2026-11-28",
  },
  {
    name: "Debian 10",
    id: "debian",
    version: "10",
    since: "July 2025",
    archive: "archive.debian.org",
    files: "/etc/apt/sources.list",
    source: "https://lists.debian.org/debian-devel-announce/2025/06/msg00001.html, fluent/fluent-bit#10597",
    date: "2026-11-28",
  },
  {
    name: "Ubuntu 24.10",
    id: "ubuntu",
    version: "24.10",
    interim: true,
    since: "September 2025",
    archive: "old-releases.ubuntu.com",
    files: "/etc/apt/sources.list.d/ubuntu.sources",
    source: "https://github.com/Icinga/icinga2/pull/10556, freeorion/freeorion#5294",
    date: "2026-11-28",
  },
];

/** What to do about a host's closed package servers, as a sentence; undefined where they are open, or not known. */
export function closedServers({ os }: Host): string | undefined {
  const { version = "" } = os;
  const found = closedReleases.find((row) =>
    row.id === os.id &&
    (row.interim ? isInterim(version) && +version <= +row.version : major(version) <= major(row.version))
  );
  // older releases were closed earlier
  const since = found?.version === version ? ` since ${found.since}` : "";
  return found &&
    `The package servers of ${os.name ?? os.id} are closed${since}: install a supported release, or first write ` +
      `${found.archive}, which gets no updates, into ${found.files}`;
}

const major = (version: string) => parseInt(version, 10);

/** Whether a version of Ubuntu is an interim release: one with long support has an even year and April. */
const isInterim = (version: string) => /^\d{1,2}\.\d{2}$/.test(version) && !/^\d?[02468]\.04$/.test(version);
