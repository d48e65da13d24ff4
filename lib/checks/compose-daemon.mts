/**
 * Settings of a service that Compose passes on and Docker refuses when it creates or starts the container. Read in
 * moby on 2026-11-27: daemon/container.go, daemon/daemon_unix.go (verifyPlatformContainerSettings), runconfig (network
 * mode), daemon/pkg/oci/caps, volume/mounts; and runc's names of limits.
 */
import { isIP } from "node:net";
import { capabilities, isSignal, limits } from "../compose/linux-words.mts";
import type { ComposeService } from "../compose/types.mts";
import { flaw, type ProjectFlaw } from "./compose-flaw.mts";
import { environmentOf, mebibytes, mountsOf, networksOf, texts } from "../compose/service.mts";
import { milliseconds } from "../compose/durations.mts";
import { isMap, mapAt } from "../maps.mts";
import type { ResolvedMachine } from "../resolve/types.mts";

/** Whether a value is written and has no variable. */
const isWritten = (value: unknown): value is string | number =>
  (typeof value === "number" || typeof value === "string" && value !== "") && !String(value).includes("$");

/** Go's net.ParseMAC, by which Docker reads it: one separator, between two or four digits. */
const isMacAddress = (text: string) =>
  /^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$|^[0-9a-f]{4}(\.[0-9a-f]{4}){2}$/i.test(text);

/** Keys of one value: what the value must be, and what to write instead. */
const values: { key: string; is: (text: string) => boolean; mend: string }[] = [
  { key: "stop_signal", is: isSignal, mend: "SIGTERM" },
  { key: "mac_address", is: isMacAddress, mend: "02:42:ac:11:00:02" },
  {
    key: "ipc",
    is: (text) => /^(none|private|shareable|host|(service|container):.+)$/.test(text),
    mend: "private, shareable or host",
  },
  { key: "pid", is: (text) => /^(host|private|(service|container):.+)$/.test(text), mend: "host, or service:NAME" },
  { key: "userns_mode", is: (text) => /^host$/.test(text), mend: "host" },
  { key: "isolation", is: (text) => /^default$/.test(text), mend: "default: others are for Windows" },
  { key: "working_dir", is: (text) => /^\//.test(text), mend: "an absolute path" },
  // man 2 sethostname: runc, not Docker, refuses a longer one
  { key: "hostname", is: (text) => /^.{1,64}$/.test(text), mend: "at most 64 letters" },
  { key: "cpuset", is: (text) => text.split(",").every((one) => /^\d+(-\d+)?$/.test(one)), mend: "0-3 or 0,2" },
  {
    key: "cgroup_parent",
    is: (text) => /\.slice$/.test(text),
    mend: "NAME.slice: Docker in the VM uses systemd's cgroups",
  },
];

/** Keys with a number: the least and the greatest, 0 being “not set”. */
const ranges: { key: string; least: number; most: number; none?: number }[] = [
  { key: "oom_score_adj", least: -1000, most: 1000 },
  { key: "mem_swappiness", least: 0, most: 100, none: -1 },
  { key: "cpu_period", least: 1000, most: 1_000_000, none: 0 },
  { key: "cpu_quota", least: 1000, most: Infinity, none: -1 },
  { key: "cpu_shares", least: 0, most: Infinity },
];

/** What Docker refuses in one service. `service`: as its files write it. */
export function daemonFlaws(
  service: ComposeService,
  { engine, image, provision }: Pick<ResolvedMachine, "engine" | "image" | "provision">,
): ProjectFlaw[] {
  if (engine === "podman") return [];
  // a box or a script of the user may set Docker up in another way
  const isPlain = Boolean(image) && provision.length === 0;
  return [
    ...values.filter(({ key }) => isPlain || key !== "cgroup_parent").flatMap(({ key, is, mend }) => {
      const value = service[key];
      return isWritten(value) && !is(String(value))
        ? [flaw(`has ${key}: ${value}, which Docker refuses`, `${key}:`, `Write ${mend}`)]
        : [];
    }),
    ...ranges.flatMap(({ key, least, most, none }) => {
      const value = service[key];
      const number = isWritten(value) ? Number(value) : NaN;
      if (
        Number.isNaN(number) || number === none || (number === 0 && key !== "cpu_shares") ||
        (number >= least && number <= most)
      ) return [];
      const range = most === Infinity ? `${least} or more` : `${least} to ${most}`;
      return [flaw(`has ${key}: ${value}, which Docker refuses`, `${key}:`, `Write ${range}`)];
    }),
    ...lists(service),
    ...limitsOf(service),
    ...sharedNetwork(service),
    ...addresses(service),
    ...mounts(service),
    ...health(service),
  ];
}

function lists(service: ComposeService): ProjectFlaw[] {
  const each = (key: string, isValid: (one: string) => boolean, what: string, mend: string) =>
    texts(typeof service[key] === "string" ? [service[key]] : service[key]).filter((one) =>
      isWritten(one) && !isValid(one)
    ).map(
      (one): ProjectFlaw => ({
        ...flaw(`has ${one} under ${key}, which ${what}`, [one, `${key}:`], mend),
        fold: {
          ...{ kind: `${key} ${what}`, verb: ["has", "have"], item: one },
          rest: (many) => ` under ${key}, which ${many ? "Docker refuses" : what}`,
        },
      }),
    );
  const isCapability = (one: string) => capabilities.has(one.toLowerCase().replace(/^cap_/, ""));
  const hosts = isMap(service.extra_hosts)
    ? Object.entries(service.extra_hosts).flatMap(([name, one]) =>
      [one].flat().map((address) => ({ name, address: String(address) }))
    )
    : texts(service.extra_hosts).map((one) => {
      const [, name = one, address = ""] = /^([^:=]+)[:=](.*)$/.exec(one) ?? [];
      return { name, address };
    });
  return [
    ...["cap_add", "cap_drop"].flatMap((key) =>
      each(key, isCapability, "is not a capability of Linux", "Correct it: man 7 capabilities lists them")
    ),
    ...each(
      "security_opt",
      isSecurityOption,
      "Docker does not know",
      "Write no-new-privileges:true, seccomp=… or apparmor=…",
    ),
    ...each(
      "device_cgroup_rules",
      (one) => /^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(one),
      "does not have the form TYPE MAJOR:MINOR PERMISSIONS",
      "Write, for example, c 188:* rwm",
    ),
    ...each("dns", (one) => isIP(one) !== 0, "is not an address", "Write an address, such as 1.1.1.1"),
    ...hosts.filter(({ address }) =>
      isWritten(address) && address !== "host-gateway" && isIP(address.replace(/^\[|\]$/g, "")) === 0
    )
      .map(({ name, address }) =>
        flaw(
          `has ${address} for ${name} under extra_hosts, which is not an address`,
          address,
          "Write an address, or host-gateway",
        )
      ),
    ...texts(service.devices).filter((one) => one.startsWith(":")).map((one): ProjectFlaw => ({
      ...flaw(`has the device ${one} without a source, which Docker refuses`, one, "Write SOURCE:TARGET"),
      text: one,
    })),
    ...each(
      "devices",
      (one) => one.split(":").length < 3 || /^[rwm]{1,3}$/.test(one.split(":")[2]!),
      "has permissions other than r, w and m",
      "Write rwm, or remove the permissions",
    ),
    ...each("tmpfs", (one) => one.startsWith("/"), "is not an absolute path", "Write an absolute path"),
    ...Object.keys(environmentOf(service)).filter((name) => name === "" && isMap(service.environment)).map(() =>
      flaw("has a variable without a name", "environment", "Write its name")
    ),
  ];
}

const isSecurityOption = (one: string) =>
  /^(no-new-privileges|writable-cgroups)([:=](true|false))?$|^(seccomp|apparmor|label|systempaths)[:=].+/.test(one);

function limitsOf(service: ComposeService): ProjectFlaw[] {
  const {
    ulimits,
    cpus,
    cpu_quota: quota,
    cpu_period: period,
    shm_size: shared,
    blkio_config: blkio,
  } = service;
  const reserved = mapAt(mapAt(mapAt(service, "deploy"), "resources"), "limits");
  const [limit, swap] = [mebibytes(service.mem_limit ?? reserved.memory), mebibytes(service.memswap_limit)];
  const { weight } = isMap(blkio) ? blkio : {};
  const exact = isWritten(cpus) && Number(cpus) > 0;
  const both = exact && isWritten(quota) && Number(quota) > 0
    ? "cpu_quota"
    : exact && isWritten(period) && Number(period) > 0
    ? "cpu_period"
    : undefined;
  return [
    ...Object.keys(isMap(ulimits) ? ulimits : {}).filter((name) =>
      isWritten(name) && !limits.includes(name.toLowerCase())
    ).map((
      name,
    ) =>
      flaw(
        `has ${name} under ulimits, which is not a limit of Linux`,
        `${name}:`,
        `The limits are ${limits.join(", ")}`,
      )
    ),
    ...(both ? [flaw(`has cpus and ${both}, which Docker refuses together`, `${both}:`, `Remove ${both}`)] : []),
    ...(swap !== undefined && swap > 0 && limit === undefined
      ? [flaw("has memswap_limit without mem_limit", "memswap_limit", "Write mem_limit too, or remove memswap_limit")]
      : swap !== undefined && swap > 0 && limit !== undefined && swap < limit
      ? [
        flaw(
          "has a memswap_limit below its mem_limit",
          "memswap_limit",
          "Raise memswap_limit: it is memory and swap together",
        ),
      ]
      : []),
    ...(isWritten(shared) && /^-/.test(String(shared))
      ? [flaw("has a shm_size below 0", "shm_size", "Write a size, such as 1g")]
      : []),
    ...(isWritten(weight) && Number(weight) !== 0 && (Number(weight) < 10 || Number(weight) > 1000)
      ? [flaw(`has blkio_config.weight: ${weight}`, "weight", "Write 10 to 1000")]
      : []),
  ];
}

/** Keys that a container with the network of another one, or with the names of the host, cannot have. */
function sharedNetwork(service: ComposeService): ProjectFlaw[] {
  const { network_mode: mode, uts, hostname } = service;
  const shares = /^(service|container):/.test(String(mode ?? ""));
  const isSet = (key: string) => {
    const value = service[key];
    return value !== undefined && value !== null && value !== "" && (!Array.isArray(value) || value.length > 0);
  };
  return [
    ...(shares
      ? ["hostname", "dns", "extra_hosts", "expose"].filter(isSet).map((key) =>
        flaw(
          `has network_mode: ${mode} and ${key}, which Docker refuses together`,
          `${key}:`,
          `Write ${key} in ${String(mode).split(":")[1]}`,
        )
      )
      : []),
    ...(uts === "host" && hostname !== undefined
      ? [flaw("has uts: host and hostname, which Docker refuses together", "hostname:", "Remove one of the two")]
      : []),
  ];
}

function addresses(service: ComposeService): ProjectFlaw[] {
  return Object.values(networksOf(service)).flatMap(
    ({ ipv4_address: four, ipv6_address: six, link_local_ips: local }) => {
      const wrong = [
        ...(isWritten(four) && isIP(String(four)) !== 4 ? [String(four)] : []),
        ...(isWritten(six) && isIP(String(six)) !== 6 ? [String(six)] : []),
        ...texts(local).filter((one) => isWritten(one) && isIP(one) === 0),
      ];
      return wrong.map((one) => flaw(`has the address ${one}, which is not valid`, one, "Correct it, or remove it"));
    },
  );
}

const propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

function mounts(service: ComposeService): ProjectFlaw[] {
  const long = (Array.isArray(service.volumes) ? service.volumes : []).filter(isMap);
  return [
    ...mountsOf(service).filter(({ target }) => /^\/+$/.test(target)).map(({ source = "" }) =>
      flaw(
        "mounts something at /, which Docker refuses",
        [`${source}:/`, source, "volumes:"],
        "Write a folder, such as /data",
      )
    ),
    ...long.flatMap(({ type, source, bind, tmpfs }) => {
      const { propagation } = isMap(bind) ? bind : {};
      const { size } = isMap(tmpfs) ? tmpfs : {};
      return [
        ...(type === "bind" && isWritten(propagation) && !propagations.includes(String(propagation))
          ? [flaw(`has propagation: ${propagation}`, String(propagation), `The values are ${propagations.join(", ")}`)]
          : []),
        ...(type === "tmpfs" && isWritten(source)
          ? [flaw("has a tmpfs with a source", "source:", "Remove source:")]
          : []),
        ...(type === "tmpfs" && /^-/.test(String(size))
          ? [flaw("has a tmpfs with a size below 0", "size:", "Write a size, such as 64m")]
          : []),
      ];
    }),
  ];
}

/** The least duration of a health check is 1 ms (moby, MinimumDuration); 0 is the default. */
function health(service: ComposeService): ProjectFlaw[] {
  const check = mapAt(service, "healthcheck");
  const isShort = (value: unknown) => {
    const length = milliseconds(String(value ?? ""));
    return length < 0 || length > 0 && length < 1;
  };
  return [
    ...["interval", "timeout", "start_period", "start_interval"].filter((key) => isShort(check[key])).map((key) =>
      flaw(`has healthcheck.${key}: ${check[key]}, and the least is 1ms`, `${key}:`, "Write 1s or more")
    ),
    ...(isWritten(check.retries) && Number(check.retries) < 0
      ? [flaw("has healthcheck.retries below 0", "retries", "Write 0 or more")]
      : []),
  ];
}
