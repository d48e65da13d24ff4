/** Releases of distributions whose package servers are closed, so that their installers find nothing. */
import type { Host } from "./types.mts";

/** A release without package servers; `source` was read on that day. */
interface ClosedRelease {
  name: string;
  here(host: Host): boolean;
  /** The month in which they were closed. */
  since: string;
  /** The server that keeps the packages, without updates. */
  archive: string;
  /** The files that name the servers. */
  files: string;
  source: string;
  date: string;
}

/** Whether a host is a distribution of this id, in this major version or an older one. */
const upTo = (id: string, version: number) => ({ os }: Host) =>
  os.id === id && parseInt(os.version ?? "", 10) <= version;

/** The releases; each row also stands for those before it. */
export const closedReleases: ClosedRelease[] = [
  {
    name: "CentOS 7",
    here: upTo("centos", 7),
    since: "July 2024",
    archive: "vault.centos.org",
    files: "/etc/yum.repos.d",
    source: "https://github.com/ollama/ollama/pull/5438, epics-base/epics-base#524",
    date: "2026-11-28",
  },
  {
    name: "CentOS 8",
    here: upTo("centos", 8),
    since: "June 2024",
    archive: "vault.centos.org",
    files: "/etc/yum.repos.d",
    source: "https://blog.centos.org/2023/04/end-dates-are-coming-for-centos-stream-8-and-centos-linux-7",
    date: "2026-11-28",
  },
  {
    name: "Debian 10",
    here: upTo("debian", 10),
    since: "July 2025",
    archive: "archive.debian.org",
    files: "/etc/apt/sources.list",
    source: "https://lists.debian.org/debian-devel-announce/2025/06/msg00001.html, fluent/fluent-bit#10597",
    date: "2026-11-28",
  },
];

/** What to do about a host's closed package servers, as a sentence; undefined where they are open, or not known. */
export function closedServers(host: Host): string | undefined {
  const found = closedReleases.find(({ here }) => here(host));
  return found &&
    `The package servers of ${host.os.name ?? host.os.id} are closed since ${found.since}: install a supported ` +
      `release, or first write ${found.archive}, which gets no updates, into ${found.files}`;
}
