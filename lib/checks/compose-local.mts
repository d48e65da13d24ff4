/** Addresses on loopback by which a service means another one: localhost in a container is the container itself. */
import type { ComposeModel, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { imageParts } from "../compose/image-name.mts";
import { attachedNetworks, environmentOf, networksOf, publishedPorts, texts } from "../compose/service.mts";
import { portInContainer } from "../compose/service-ports.mts";
import { type ServiceValue, valuesOf } from "../compose/service-values.mts";
import { manualFix } from "../fixes.mts";
import { mapAt } from "../maps.mts";
import { self } from "../self.mts";
import { withoutPasswords } from "../urls.mts";

/** The ports of addresses that name none, by the scheme of a URL or the start of a variable's name. */
const usual: [name: RegExp, port: number][] = [
  [/^http$/, 80],
  [/^https$/, 443],
  [/^rediss?$/, 6379],
  [/^(postgres|postgresql|pg)(\+\w+)?$/, 5432],
  [/^(mysql|mariadb)(\+\w+)?$/, 3306],
  [/^mongo(db)?$/, 27017],
  [/^(amqp|rabbitmq)$/, 5672],
  [/^memcached$/, 11211],
  [/^qdrant$/, 6333],
];
const usualPort = (name: string) => usual.find(([pattern]) => pattern.test(name.toLowerCase()))?.[1];

/**
 * Variables that frameworks put into the pages of a browser (Next.js, Vite, Create React App, Nuxt, SvelteKit: pages
 * about their environment variables, read 2026-11-28; Expo's is general knowledge).
 */
const ofBrowser = /^(NEXT_PUBLIC|VITE|REACT_APP|NUXT_PUBLIC|EXPO_PUBLIC|PUBLIC)_/;

/**
 * Variables with a program's own address, or with one that its users' browsers open. Langfuse's media uploads are one
 * (langfuse/langfuse, docker-compose.yml: the published port of MinIO; read 2026-11-28).
 */
const ownAddress =
  /media_upload_endpoint|frontend|webui|webhook|nextauth|auth_url|root_?ur[il]|domain|bind|listen|(^|_)(app|base|site|web|client|host|server|self|own|dashboard|ui)_?ur[il]$|^ur[il]$/i;
/** `…_BASE_URL` of a program that a service calls. */
const calledBase = /(ollama|openai|llm|vllm|api|model|embedd\w*|tts|stt|searxng|comfyui)_?(api_?)?base(_?ur[il])?$/i;

const loopback =
  /(?:^|([a-z][a-z0-9+.-]*):\/\/|[@=,])(?:[^@/\s]*@)?(localhost|127\.0\.0\.1|\[::1\])(?::(\d+))?(?=$|[/?,;"'])/i;

/** Where the services are from. */
interface Origin {
  /** The name of their project. */
  name: string;
  /** Whether a variable is written in a service's own lines, and not in an anchor or a service that it extends. */
  isWritten: (service: string, variable: string) => boolean;
}

/** The flaws of the services' addresses on loopback: another service of the project has their port. */
export function localFlaws(
  services: [string, ComposeService][],
  machine: Pick<ResolvedMachine, "name"> & Partial<Pick<ResolvedMachine, "provision">>,
  networks: ComposeModel["networks"],
  all: [string, ComposeService][] = services,
  { name: project = "", isWritten = () => true }: Partial<Origin> = {},
): ProjectFlaw[] {
  const { name: vm, provision = [] } = machine;
  return services.flatMap(([name, service]): ProjectFlaw[] => {
    // a script of the user may install it in the VM
    if (service.network_mode === "host") return provision.length > 0 ? [] : ollamaOfHost(name, service, all, vm);
    // in the network of the VM, or of another container, localhost is not the container
    if (/^(host|service:|container:)/.test(String(service.network_mode ?? ""))) return [];
    const others = services.filter(([other, { network_mode: mode }]) =>
      other !== name && mode !== `service:${name}` && mode !== "host"
    );
    return [
      ...addressesOf(name, service).flatMap((address) => toOther(name, service, others, address)),
      ...pagesOf(name, service, services, vm),
      ...apart(name, service, services, { networks, project, isWritten }),
    ];
  });
}

interface Address extends Pick<ServiceValue, "shown" | "at"> {
  host: string;
  port: number;
}

/** The addresses on loopback that a service calls. */
function addressesOf(name: string, service: ComposeService): Address[] {
  const environment = environmentOf(service);
  return valuesOf(service).flatMap(({ shown, value, variable = "", at }) => {
    if (ofBrowser.test(variable)) return [];
    if (ownAddress.test(variable) && (!calledBase.test(variable) || isNamedAfter(variable, name, service))) return [];
    const [, scheme, host, written] = loopback.exec(value) ?? [];
    if (host === undefined || /bind|listen/i.test(value)) return [];
    const [, prefix] = /^(.+?)_?(?:HOST|HOSTNAME|ADDR|SERVER)$/i.exec(variable) ?? [];
    const sibling = prefix === undefined ? undefined : environment[`${prefix}_PORT`];
    const port = Number(written ?? sibling ?? usualPort(scheme ?? prefix?.split("_")[0] ?? "") ?? NaN);
    return Number.isInteger(port) ? [{ shown, at, host, port }] : [];
  });
}

/**
 * Addresses of an Ollama on loopback, of a service in the VM's own network, where nothing runs Ollama. Other programs
 * are not judged: a service in that network may have any port.
 */
function ollamaOfHost(
  name: string,
  service: ComposeService,
  all: [string, ComposeService][],
  vm: string,
): ProjectFlaw[] {
  const mayRun = ([other, { image, build }]: [string, ComposeService]) =>
    build !== undefined || /ollama/i.test(`${other} ${String(image ?? "")}`);
  const hasPort = ([, body]: [string, ComposeService]) =>
    publishedPorts(body).some(({ first, last }) => first <= 11434 && 11434 <= last);
  // a program in the VM's network that is given the port listens there
  const listens = ([other, body]: [string, ComposeService]) =>
    body.network_mode === "host" &&
    valuesOf(body).some(({ value, shown }) =>
      /(^|\D)11434(?!\d)/.test(value) && !calls(other, body).some((address) => address.shown === shown)
    );
  if (all.some((one) => mayRun(one) || hasPort(one) || listens(one))) return [];
  return calls(name, service).map(({ shown, at, host }): ProjectFlaw => {
    const rest = () => `: ${host} is ${vm} there, not this host, and nothing on ${vm} runs Ollama`;
    return {
      status: "warn",
      message: `${name} has ${shown}${rest()}`,
      service: name,
      at,
      fix: manualFix(
        "Run Ollama in a service that publishes this port, or write the address of the computer that runs it",
      ),
      fold: { kind: `ollama ${host}`, verb: ["has", "have"], item: shown, rest },
    };
  });
}

/** The addresses of an Ollama on loopback that a service calls. Without a scheme, OLLAMA_HOST is where it listens. */
const calls = (name: string, service: ComposeService) =>
  addressesOf(name, service).filter(({ port, shown }) => port === 11434 && !/^OLLAMA_HOST=(?!https?:)/.test(shown));

/** Whether a variable begins with the name of the service or of its program: SEARXNG_BASE_URL of searxng. */
function isNamedAfter(variable: string, name: string, { image }: ComposeService): boolean {
  const program = imageParts(typeof image === "string" ? image : "")[0].split("/").at(-1)!;
  return [name, program].some((one) =>
    one !== "" && variable.toLowerCase().startsWith(`${one.toLowerCase().replaceAll("-", "_")}_`)
  );
}

/** Whether a service is a reverse proxy, by its image. */
const isProxy = ({ image }: ComposeService) =>
  /(^|\/)(nginx|caddy|traefik|haproxy|envoy|swag|nginx-proxy|nginx-proxy-manager|jwilder)(:|@|$)/.test(
    String(image ?? ""),
  );

function toOther(
  name: string,
  service: ComposeService,
  others: [string, ComposeService][],
  { shown, at, host, port }: Address,
): ProjectFlaw[] {
  // its own port, also as published: an address that its users open
  if (portInContainer(service, port) !== undefined) return [];
  const found = others.flatMap(([other, body]) => {
    const target = portInContainer(body, port);
    // the address of a reverse proxy is the project's own for its users
    return target === undefined || isProxy(body) ? [] : [{ other, target }];
  });
  const [first] = found;
  if (!first) return [];
  const { other, target } = first;
  const rest = () => `: ${host} is the container itself there, and ${other} has the port ${port}`;
  return [{
    status: "warn",
    message: `${name} has ${shown}${rest()}`,
    service: name,
    at,
    fix: manualFix(`Write ${other}:${target} instead of ${host}${shown.includes(`${host}:`) ? `:${port}` : ""}`),
    fold: { kind: `local ${host} ${other} ${port}`, verb: ["has", "have"], item: shown, rest },
  }];
}

/** The names of the networks that a service is in, as the engine knows them. */
const networkNames = (service: ComposeService, { networks, project }: Home) =>
  attachedNetworks(service).map((key) => String(mapAt(networks ?? {}, key).name ?? `${project}_${key}`));

interface Home extends Pick<Origin, "isWritten"> {
  networks: ComposeModel["networks"];
  project: string;
}

/** Addresses of a service with which this one shares no network: its name is not known there. */
function apart(
  name: string,
  service: ComposeService,
  services: [string, ComposeService][],
  home: Home,
): ProjectFlaw[] {
  const own = networkNames(service, home);
  if (own.length === 0) return [];
  const names = (other: string, { container_name: container }: ComposeService) =>
    typeof container === "string" && container !== "" ? [other, container] : [other];
  const near = services.filter(([, body]) => networkNames(body, home).some((one) => own.includes(one)));
  const known = new Set(near.flatMap(([other, body]) => [
    ...names(other, body),
    ...Object.values(networksOf(body)).flatMap(({ aliases }) => texts(aliases)),
  ]));
  return valuesOf(service).flatMap(({ value, variable, at }): ProjectFlaw[] => {
    // a URL, or a name with a port
    const [, url, plain] = /:\/\/(?:[^@/\s]*@)?([\w.-]+)(?=[:/?]|$)|^([\w.-]+):\d+$/.exec(value) ?? [];
    // Docker also knows NAME.NETWORK
    const [, first, network] = /^([^.]+)\.(\w[a-z0-9-]*_[\w-]+)$/i.exec(url ?? plain ?? "") ?? [];
    const host = first ?? url ?? plain;
    if (host === undefined || (known.has(host) && (network === undefined || own.includes(network)))) return [];
    const far = services.find(([other, body]) => names(other, body).includes(host));
    if (!far) return [];
    const there = networkNames(far[1], home);
    if (there.length === 0) return [];
    if (network !== undefined && !there.includes(network)) {
      const item = `${url ?? plain} in ${variable ?? "its command"}`;
      const rest = () => `, but ${host} is in no network ${network}: the name is not known there`;
      return [{
        ...{ status: "warn", message: `${name} names ${item}${rest()}`, service: name, at },
        fix: manualFix(`Write ${host} instead of ${url ?? plain}`),
        fold: { kind: `network ${host}.${network}`, verb: ["names", "name"], item, rest },
      }];
    }
    // variables that several services share: the one that uses it reaches it
    const isShared = variable !== undefined && !home.isWritten(name, variable) &&
      services.some(([, body]) =>
        environmentOf(body)[variable] === value && networkNames(body, home).some((one) => there.includes(one))
      );
    if (isShared) return [];
    const theirs = Object.keys(networksOf(far[1]));
    const rest = (_ = false, several = false) =>
      `, but ${several ? "share" : "shares"} no network with ${far[0]}: the name is not known there`;
    const mend = (them: string) =>
      manualFix(
        theirs.length > 0
          ? `Add a network of ${far[0]} to ${them} (networks: ${theirs.join(", ")})`
          : `Add the network default to ${them} (networks:)`,
      );
    const item = `${host} in ${variable ?? "its command"}`;
    return [{
      status: "warn",
      message: `${name} names ${item}${rest()}`,
      service: name,
      at,
      fix: mend(name),
      fold: {
        ...{ kind: `apart ${far[0]}`, verb: ["names", "name"], item, rest },
        fix: () => mend(`each service that names ${host}`),
      },
    }];
  });
}

/** Addresses in the pages of a browser: localhost is the browser's computer there. */
function pagesOf(
  name: string,
  service: ComposeService,
  services: [string, ComposeService][],
  vm: string,
): ProjectFlaw[] {
  const values = { ...environmentOf({ environment: mapAt(service, "build").args }), ...environmentOf(service) };
  return Object.entries(values).flatMap(([variable, value]): ProjectFlaw[] => {
    const [, scheme = "", host, written] = ofBrowser.test(variable) ? loopback.exec(value ?? "") ?? [] : [];
    const port = Number(written ?? usualPort(scheme) ?? NaN);
    const publisher = services.find(([, body]) => portInContainer(body, port) !== undefined)?.[0];
    if (host === undefined || publisher === undefined) return [];
    const item = `${variable}=${withoutPasswords(value ?? "")}`;
    const rest = () => `: in a browser ${host} is the computer of the browser, not ${vm}`;
    return [{
      status: "warn",
      message: `${name} has ${item}${rest()}`,
      service: name,
      at: [variable],
      fix: manualFix(`Write the address of ${vm} instead of ${host}: ${self(`status ${vm}`)} prints it`),
      fold: { kind: `page ${host}`, verb: ["has", "have"], item, rest },
    }];
  });
}
