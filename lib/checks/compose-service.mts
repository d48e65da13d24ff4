/** What one service of a Compose project asks for that cannot work in a VM. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { Evidence, Fix } from "../findings.mts";
import { isDrmNode } from "../compose/gpu-requests.mts";
import { buildContext, dockerfileOf, envFiles, hostPath } from "../compose/read-project.mts";
import { devicesOf, limitsOf, mebibytes, mountsOf, networksOf, publishedPorts } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { isInSubnet } from "../text.mts";

/** Something about a project before it is a verdict. */
export interface ProjectFlaw {
  status: "fail" | "warn" | "unknown";
  message: string;
  /** Text to find the line by. */
  at?: string;
  service?: string;
  evidence?: Evidence;
  fix?: Fix;
}

/** What cannot work in a VM of one service, apart from what it has to do with other services. Its messages lack the service's name. */
export function serviceFlaws(
  service: ComposeService,
  project: ComposeProject,
  machine: ResolvedMachine,
): Omit<ProjectFlaw, "service">[] {
  return [
    ...limits(service, machine),
    ...(project.inline ? [] : [...mounts(service, project, machine), ...files(service, project)]),
    ...devices(service),
    ...networks(service, project),
    ...settings(service),
  ];
}

function limits(service: ComposeService, { name, cpus, memory }: ResolvedMachine): ProjectFlaw[] {
  const shared = mebibytes(service.shm_size);
  return [
    ...limitsOf(service).flatMap((limit): ProjectFlaw[] => [
      // Docker refuses more CPUs than there are; reservations of them are for swarms
      ...(limit.cpus !== undefined && limit.cpus > cpus && !limit.key.endsWith("reservations")
        ? [{
          status: "fail" as const,
          message: `may use ${limit.cpus} CPUs, and ${name} has ${cpus}: Docker does not start it`,
          at: "cpus:",
          fix: manualFix(`Write cpus: ${cpus} or less for the service, or give ${name} more (cpus:)`),
        }]
        : []),
      ...(limit.memory !== undefined && limit.memory > memory
        ? [{
          status: "warn" as const,
          message: `may use ${Math.round(limit.memory)} MiB, and ${name} has ${memory}`,
          at: "mem",
          fix: manualFix(`Give ${name} more (memory:), or lower the service's limit`),
        }]
        : []),
    ]),
    ...(shared !== undefined && shared > memory
      ? [{
        status: "warn" as const,
        message: `has ${Math.round(shared)} MiB of shared memory (shm_size), and ${name} has ${memory} MiB in all`,
        at: "shm_size",
        fix: manualFix(`Give ${name} more (memory:), or lower shm_size`),
      }]
      : []),
  ];
}

/** Paths that every Linux VM has of its own. */
const vmPaths =
  /^\/(proc|sys|dev|run|tmp|boot|lib|usr|var\/run|var\/log|var\/tmp|var\/lib\/docker|var\/lib\/containers|etc\/(localtime|timezone|os-release|machine-id|passwd|group|shadow|resolv\.conf|hosts|hostname|ssl|ca-certificates|OpenCL|vulkan|cdi|docker))(\/|$)|^\/(etc)?$/;

/** A name that a file has rather than a folder: with an ending that is no version or domain. */
const fileName =
  /(^|\/)(Dockerfile|Caddyfile|Makefile|Corefile|\.[a-z]+rc|[^/]*\.(conf|cfg|ini|json|jsonc|json5|ya?ml|toml|xml|env|properties|txt|md|sql|sh|py|js|ts|lua|php|html?|css|pem|key|crt|cer|p12|htpasswd|list|rules|tpl|tmpl|template|acl|hcl|nginx|vcl))$/i;

function mounts(service: ComposeService, project: ComposeProject, machine: ResolvedMachine): ProjectFlaw[] {
  return mountsOf(service).flatMap(({ type, source, target }): ProjectFlaw[] => {
    if (type !== "bind" || !source || source.includes("$")) return [];
    const path = hostPath(source, project.folder);
    const at = path?.startsWith(`${project.folder}/`) ? path.slice(project.folder.length + 1) : source;
    if (path === undefined) {
      return [{
        status: "fail",
        message: `mounts ${source}, which is a path of the computer that the project is from`,
        at,
        fix: manualFix("Use a path below the project's folder (./…), or a named volume"),
      }];
    }
    const kind = project.paths[path] ?? "unknown";
    const inside = path === project.folder || path.startsWith(`${project.folder}/`);
    const isFile = fileName.test(path) || fileName.test(target);
    if (inside) {
      return kind === "missing" && isFile
        ? [{
          status: "fail",
          message: `mounts the file ${at}, which does not exist: Docker would create a folder of that name`,
          at,
          fix: manualFix(`Create ${at}`),
        }]
        : [];
    }
    if (/^\/(var\/)?run\/docker\.sock$/.test(path) && machine.engine === "podman") {
      return [{ status: "warn", message: `mounts ${path}, which engine: podman does not have`, at }];
    }
    if (vmPaths.test(path) || isDrmNode(path)) return [];
    const shared = project.sharedFolders?.find(({ from }) => path === from || path.startsWith(`${from}/`));
    if (shared) {
      return shared.to === shared.from ? [] : [{
        status: "warn",
        message: `mounts ${path}, and ${machine.name} has that folder as ${shared.to}`,
        at,
        fix: manualFix(
          `Write ${shared.to}${path.slice(shared.from.length)} in the project, or to: ${shared.from} in folders:`,
        ),
      }];
    }
    const there = kind === "file" || kind === "folder";
    const own = /^\/srv(\/|$)/.test(path);
    return [{
      status: (there && !own) || isFile ? "fail" : "warn",
      message: there
        ? `mounts ${path} of this host, which ${machine.name} does not have`
        : `mounts ${path}, which is an empty folder in ${machine.name} unless something creates it there`,
      at,
      fix: manualFix("Move it into the project's folder, or use a named volume"),
    }];
  });
}

function files(service: ComposeService, { folder, paths, readBy }: ComposeProject): ProjectFlaw[] {
  const isMissing = (path: string) => paths[hostPath(path, folder) ?? ""] === "missing";
  const context = buildContext(service);
  const [dockerfile] = dockerfileOf(service) ?? [];
  const short = (path: string) => {
    const whole = hostPath(path, folder) ?? path;
    return whole.startsWith(`${folder}/`) ? whole.slice(folder.length + 1) : whole;
  };
  const outside = context !== undefined && (hostPath(context, folder) ?? folder) !== folder &&
    !hostPath(context, folder)!.startsWith(`${folder}/`);
  return [
    // Compose refuses these itself
    ...(readBy === "reader"
      ? envFiles(service).filter(({ path, required }) => required && isMissing(path)).map(({ path }): ProjectFlaw => ({
        status: "fail",
        message: `needs the env file ${short(path)}, which does not exist`,
        at: short(path),
        fix: manualFix(`Create ${short(path)}, often from an example beside it`),
      }))
      : []),
    ...(context !== undefined && isMissing(context)
      ? [{
        status: "fail" as const,
        message: `is built from ${short(context)}, which does not exist`,
        at: "build",
        fix: manualFix(`Bring the folder ${short(context)} with its Dockerfile`),
      }]
      : dockerfile !== undefined && isMissing(dockerfile)
      ? [{
        status: "fail" as const,
        message: `is built with ${short(dockerfile)}, which does not exist`,
        at: "build",
        fix: manualFix(`Bring ${short(dockerfile)}, or name another (build.dockerfile)`),
      }]
      : []),
    ...(outside
      ? [{ status: "fail" as const, message: `is built from ${context}, outside of the project's folder`, at: "build" }]
      : []),
  ];
}

/** Device nodes that a VM has only if somebody hands a device over. */
const hostDevices: { pattern: RegExp; what: string; certain: boolean }[] = [
  { pattern: /^\/dev\/video\d*/, what: "a camera or capture card", certain: true },
  { pattern: /^\/dev\/(tty(USB|ACM|AMA)|serial\/)/, what: "a serial device", certain: true },
  { pattern: /^\/dev\/(zigbee|zwave|rflink|ttyZ|rfid)/i, what: "a radio stick", certain: true },
  { pattern: /^\/dev\/(apex_\d|hailo\d|accel\/)/, what: "an accelerator card", certain: true },
  {
    pattern: /^\/dev\/(dvb|cec\d|lirc|i2c|gpiomem|gpiochip|spidev|vchiq|vcio|snd|input\/event)/,
    what: "a device",
    certain: true,
  },
  { pattern: /^\/dev\/(sd[a-z]|nvme\d|disk\/|sr\d|sg\d|st\d|nst\d)/, what: "a disk or drive", certain: true },
  { pattern: /^\/dev\/bus\/usb/, what: "USB devices", certain: false },
  { pattern: /^\/dev\/kvm$/, what: "nested virtualization", certain: false },
];

function devices(service: ComposeService): ProjectFlaw[] {
  const sources = [
    ...devicesOf(service).map(({ source }) => source),
    ...mountsOf(service).flatMap(({ source }) => (source?.startsWith("/dev/") ? [source] : [])),
  ];
  return [...new Set(sources)].flatMap((source): ProjectFlaw[] => {
    const found = hostDevices.find(({ pattern }) => pattern.test(source));
    if (!found) return [];
    const listed = devicesOf(service).some((one) => one.source === source);
    return [{
      status: found.certain && listed ? "fail" : "warn",
      message: `uses ${source} (${found.what}), which the VM does not have: only the GPU is handed over`,
      at: source,
      fix: manualFix(`Take ${source} out of the service`),
    }];
  });
}

function networks(service: ComposeService, { model }: ComposeProject): ProjectFlaw[] {
  const ports = Array.isArray(service.ports) && service.ports.length > 0;
  const fixed = Object.entries(networksOf(service)).flatMap(([name, { ipv4_address: address }]): ProjectFlaw[] => {
    if (typeof address !== "string" || address.includes("$")) return [];
    const network = mapAt((model?.networks ?? {}) as Record<string, unknown>, name);
    if (network.external) return [];
    const config = mapAt(network, "ipam").config;
    const subnets = (Array.isArray(config) ? config : []).filter(isMap).flatMap(({ subnet }) =>
      typeof subnet === "string" ? [subnet] : []
    );
    if (subnets.some((subnet) => subnet.includes("$") || isInSubnet(address, subnet) !== false)) return [];
    return [{
      status: "fail",
      message: subnets.length === 0
        ? `has the fixed address ${address} in the network ${name}, which has no subnet: Docker refuses that`
        : `has the fixed address ${address}, which is not in the network ${name} (${subnets.join(", ")})`,
      at: address,
      fix: manualFix(`Give the network ${name} a subnet with that address (ipam.config), or leave ipv4_address out`),
    }];
  });
  const host = service.network_mode === "host" && ports
    ? [{
      status: "warn" as const,
      message: "has network_mode: host and ports:, which are ignored then",
      at: "network_mode",
      fix: manualFix("Leave one of the two out"),
    }]
    : [];
  return [...fixed, ...host];
}

function settings(service: ComposeService): ProjectFlaw[] {
  const { platform, restart, image, container_name: name } = service;
  const { replicas } = mapAt(service, "deploy");
  const scale = Number(service.scale ?? replicas ?? 1);
  const single = publishedPorts(service).some(({ first, last }) => last - first + 1 < scale);
  return [
    ...(typeof platform === "string" && platform !== "" &&
        !/^linux\/(amd64|x86_64|386|i386)(\/|$)|^linux$/.test(platform)
      ? [{
        status: "fail" as const,
        message: `has platform: ${platform}, and the VM is linux/amd64`,
        at: platform,
        fix: manualFix("Leave platform: out"),
      }]
      : []),
    ...(restart !== undefined && restart !== null &&
        !/^(no|always|unless-stopped|on-failure(:\d+)?)$/.test(String(restart))
      ? [{
        status: "fail" as const,
        message: `has restart: ${restart}, which is none of no, always, on-failure, unless-stopped`,
        at: "restart:",
        fix: manualFix('Write restart: unless-stopped, or restart: "no" in quotes'),
      }]
      : []),
    ...(typeof image === "string" && (image === "" || /[:@/]$/.test(image) || /\s/.test(image))
      ? [{
        status: "fail" as const,
        message: `has the image “${image}”, which is no name of an image: a variable in it may be empty`,
        at: "image:",
        fix: manualFix("Set the variable in the project's .env"),
      }]
      : []),
    ...(scale > 1 && (name !== undefined || single)
      ? [{
        status: "fail" as const,
        message: `runs ${scale} times, and ${
          name !== undefined ? "container_name is for one" : "a published port is for one"
        }`,
        at: name !== undefined ? "container_name" : "ports",
      }]
      : []),
  ];
}
