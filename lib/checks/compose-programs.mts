/** What programs of common images need before they work: a key of a VPN, a page over plain HTTP, the port of DNS. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { imageParts } from "../compose/image-name.mts";
import { literally } from "../compose/refusals.mts";
import { isPlaceholder } from "../compose/placeholders.mts";
import { environmentOf, mountsOf, publishedPorts } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { suiteOf, suites } from "../resolve/images.mts";

type Machine = Pick<ResolvedMachine, "name" | "image" | "provision" | "network">;

/** The flaws of a service that runs one of these programs. */
export function programFlaws(service: ComposeService, project: ComposeProject, machine: Machine): ProjectFlaw[] {
  const { image } = service;
  if (typeof image !== "string") return mountedResolver(service);
  const [name] = imageParts(image);
  return [
    ...mountedResolver(service),
    ...vpnKeys(service, project),
    ...(/(^|\/)n8nio\/n8n$/.test(name) ? secureCookie(service, project, machine) : []),
    ...(service.network_mode === "host" && /(^|\/)(adguardhome|pihole)$/.test(name)
      ? portOfResolver("listens on port 53 of the VM's own network", "network_mode", machine)
      : []),
  ];
}

/**
 * The variable without which gluetun ends when it reads its settings, so that services which wait for it, or share its
 * network, do not start (passteque/gluetun#789, and “Wireguard settings: private key is not valid” in its logs; read
 * 2026-11-28). Empty for another image, and for providers whose settings may be in a file or that use certificates.
 */
export function vpnVariables(service: ComposeService): string[] {
  const [name] = imageParts(typeof service.image === "string" ? service.image : "");
  if (!/(^|\/)gluetun$/.test(name) || service.secrets !== undefined) return [];
  const { VPN_TYPE: type = "", VPN_SERVICE_PROVIDER: provider = "" } = environmentOf(service);
  if (type === "wireguard") return ["WIREGUARD_PRIVATE_KEY"];
  return /^(openvpn)?$/.test(type ?? "") && !/^(custom|airvpn|vpn ?secure)?$|\$/i.test(provider ?? "")
    ? ["OPENVPN_USER"]
    : [];
}

/** A VPN whose key is empty or none. A variable without a value is another finding. */
function vpnKeys(service: ComposeService, { unsetVariables, refusals, texts }: ComposeProject): ProjectFlaw[] {
  const values = environmentOf(service);
  return vpnVariables(service).flatMap((name): ProjectFlaw[] => {
    const value = values[name];
    if (value === undefined || value === null || value.includes("$")) return [];
    const isKey = name !== "WIREGUARD_PRIVATE_KEY" || /^[A-Za-z0-9+/]{43}=$/.test(value);
    if (value !== "" && isKey && !isPlaceholder(value, name)) return [];
    const isUnset = [...unsetVariables, ...refusals].some(({ variable }) =>
      variable !== undefined &&
      Object.values(texts).some((text) =>
        new RegExp(`\\b${name}["']?\\s*[:=]\\s*["']?\\$\\{?${literally(variable)}\\b`).test(text)
      )
    );
    return isUnset ? [] : [{
      status: "fail",
      message:
        `has ${value === "" ? "no value for" : isKey ? "a placeholder as" : "no key of WireGuard as"} ${name}: ` +
        "the VPN ends immediately, and what uses its network does not start",
      at: [name],
      fix: manualFix(`Write the value of your VPN provider as ${name}`),
    }];
  });
}

/**
 * n8n sets its cookie for HTTPS only, and shows an error instead of its page in a browser that opens it by HTTP at
 * another address than localhost, unless N8N_SECURE_COOKIE is false (n8n-io/n8n#8812, since 1.31; read 2026-11-28).
 */
function secureCookie(service: ComposeService, { readBy }: ComposeProject, { name: vm }: Machine): ProjectFlaw[] {
  const values = environmentOf(service);
  // the file may set it, and the built-in reader does not read its values
  if (values.N8N_SECURE_COOKIE !== undefined || (service.env_file !== undefined && readBy === "reader")) return [];
  const isBehindHttps = Object.entries(values).some(([name, value]) =>
    /^(N8N_|WEBHOOK_URL|VUE_APP)/.test(name) && /^https(:\/\/|$)/.test(value ?? "")
  );
  const port = publishedPorts(service).find(({ hostIp }) => !/^127\.|^::1$/.test(hostIp));
  if (!port || isBehindHttps) return [];
  return [{
    status: "warn",
    message: `shows an error instead of its page at the address of ${vm}: its cookie is for HTTPS or localhost only`,
    at: [`${port.first}:`, "ports:", "image:"],
    fix: manualFix(
      `Add N8N_SECURE_COOKIE: "false" to its environment, or open http://localhost:${port.first} through ` +
        `ssh -F .homelab-gpu/ssh/${vm} -L ${port.first}:localhost:${port.first} ${vm}`,
    ),
  }];
}

/**
 * A server on port 53 of every address, where systemd-resolved of the guest has 127.0.0.53:53: the kernel gives no
 * second program that port (“address already in use”; MatthewVance/unbound-docker#35, sameersbn/docker-bind#65; read
 * 2026-11-28). Ubuntu's images have this resolver; those of Debian may.
 *
 * `what`: what the service does with the port, with its verb.
 */
export function portOfResolver(
  what: string,
  at: string | string[],
  { image, provision, network }: Machine,
): ProjectFlaw[] {
  const suite = suiteOf(image);
  // the user's box or script decides otherwise
  if (suite === undefined || provision.length > 0) return [];
  const isCertain = suites[suite]?.os === "ubuntu";
  const address = network?.address?.split("/")[0];
  const rest = () =>
    `, which the VM's own resolver ${
      isCertain ? "(systemd-resolved) uses" : "uses if it is systemd-resolved"
    }, at 127.0.0.53: “address already in use”`;
  return [{
    status: isCertain ? "fail" : "warn",
    message: what + rest(),
    at,
    fix: manualFix(
      (address === undefined
        ? "Publish it on the VM's address in the LAN only (network: {lan: …, address: …})"
        : `Publish it on ${address} only`) +
        ", or add a provision: script that writes DNSStubListener=no below [Resolve] into " +
        "/etc/systemd/resolved.conf.d/port53.conf and links /etc/resolv.conf to /run/systemd/resolve/resolv.conf",
    ),
    fold: { kind: `resolver ${what}`, verb: verbOf(what), item: what.slice(what.indexOf(" ") + 1), rest },
  }];
}

/**
 * The file with the servers for names, over the one that Docker writes: without Docker's 127.0.0.11 a container finds
 * no service by its name, and 127.0.0.53 of systemd-resolved is its own loopback (docs.docker.com, networking, DNS
 * services; read 2026-11-29).
 */
function mountedResolver(service: ComposeService): ProjectFlaw[] {
  const file = "/etc/resolv.conf";
  const isMounted = mountsOf(service).some(({ source, target }) => source === file && target === file);
  if (!isMounted || ["host", "none"].includes(String(service.network_mode))) return [];
  const rest = (_: boolean, several: boolean) =>
    ` of the VM over Docker's: ${several ? "they find" : "it finds"} no other service by its name, and no address at ` +
    "all where that file names 127.0.0.53 (systemd-resolved)";
  return [{
    status: "warn",
    message: `mounts ${file}${rest(false, false)}`,
    at: file,
    fix: manualFix(`Remove the mount of ${file}: Docker writes that file itself, and dns: names other servers`),
    fold: { kind: "mounted resolver", verb: ["mounts", "mount"], item: file, rest },
  }];
}

/** The verb of a text after one service and after several. */
const verbOf = (what: string): [string, string] => {
  const [verb = ""] = what.split(" ");
  return [verb, verb.replace(/(sh)?es$|s$/, "$1")];
};
