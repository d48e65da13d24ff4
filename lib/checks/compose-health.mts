/** Health checks that never pass, and services that wait for one that does not exist. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { flagOf } from "../compose/service.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";
import { shellWord } from "../render.mts";

type Project = Pick<ComposeProject, "model" | "inSwarm">;

/** The flaws of a service's health check, and of what it waits for. */
export function healthFlaws(name: string, service: ComposeService, project: Project): ProjectFlaw[] {
  const program = healthProgram(name, service, project);
  return [
    // a Swarm waits for no health, and its conditions of depends_on are refused
    ...(project.inSwarm ? [] : waiting(service, project)),
    // an image without the program has another fix
    ...(program.length > 0 ? program : form(name, service, project)),
  ];
}

/** Whether another service waits for the health of this one. */
const isAwaited = (name: string, model: ComposeProject["model"]) =>
  Object.values(model?.services ?? {}).some((other) => {
    const how = mapAt(other, "depends_on")[name];
    return isMap(how) && how.condition === "service_healthy";
  });

/**
 * Images without a health check of their own: official images get none (github.com/docker-library/faq, Healthcheck;
 * read 2026-11-26). A few do have one, so only the common ones are here. Nor has Ollama's (github.com/ollama/ollama,
 * Dockerfile; read 2026-11-27).
 */
const withoutHealth =
  /^(docker\.io\/)?(ollama\/ollama|(library\/)?(alpine|busybox|debian|httpd|mariadb|memcached|mongo|mysql|nginx|node|postgres|python|rabbitmq|redis|ubuntu))([:@].*)?$/;

/**
 * A service that waits for the health of another one, which has no health check: Compose ends with
 * an error.
 */
function waiting(service: ComposeService, { model }: Project): ProjectFlaw[] {
  const needs = mapAt(service, "depends_on");
  return Object.entries(needs).flatMap(([other, how]): ProjectFlaw[] => {
    if (!isMap(how) || how.condition !== "service_healthy") return [];
    const body = model?.services[other] ?? {};
    const check = mapAt(body, "healthcheck");
    const off = check.disable === true || (Array.isArray(check.test) && check.test[0] === "NONE");
    // a built image may have the name of an official one
    const none = check.test === undefined && body.build === undefined && withoutHealth.test(String(body.image));
    return off || none
      ? [{
        status: "fail",
        message: off
          ? `waits until ${other} is healthy, but the healthcheck of ${other} is disabled`
          : `waits until ${other} is healthy, but neither ${other} nor its image ${body.image} has a healthcheck`,
        at: [`${other}:`, other],
        fix: manualFix(`Give ${other} a healthcheck, or write condition: service_started`),
      }]
      : [];
  });
}

/**
 * Images without a program that health checks use. Sources: ollama/ollama#9781 and google/langextract#361 (curl; its
 * base image has no wget either), BerriAI/litellm#9295; read 2026-11-27. qdrant/qdrant#4250, minio/minio#18371 and
 * #19383 (from 2023-11 to 2024-03), czlonkowski/n8n-mcp#791 (n8n), chroma-core/chroma#5910 and neomjs/neo#10914 (since
 * 1.0), grafana/loki#15101 (Promtail after 3.3), grafana/loki#20149 (Loki from 3.6.0 on), and
 * OpenDigitalProductFactory/opendigitalproductfactory#1677 (both have the exporter's image from scratch); read
 * 2026-11-28. Loki checks itself since 3.7 (grafana/loki#20313), and since 3.6.5 (by one public note), at its default
 * port. Without `instead` the image has no program at all for a check.
 */
export const lacks: {
  image: RegExp;
  programs: RegExp;
  /** The test to write. Its port is the program's default one: that of the old test replaces it. */
  instead?: string;
  /** The only port that `instead` can test. */
  onlyPort?: string;
  hasNoShell?: true;
}[] = [
  {
    image: /^(docker\.io\/)?ollama\/ollama([:@]|$)/,
    programs: /\b(curl|wget|python3?)\b/,
    instead: '["CMD", "ollama", "list"]',
  },
  {
    image: /^ghcr\.io\/berriai\/litellm(-database)?([:@]|$)/,
    programs: /\bcurl\b/,
    instead: '["CMD", "wget", "-qO-", "http://localhost:4000/health/liveliness"]',
  },
  {
    image: /^(docker\.io\/)?qdrant\/qdrant([:@]|$)/,
    programs: /\b(curl|wget)\b/,
    instead: '["CMD", "bash", "-c", ":> /dev/tcp/127.0.0.1/6333"]',
  },
  {
    image: /^((docker\.io|quay\.io)\/)?minio\/minio:RELEASE\.(2023-1[12]|2024-0[123])/,
    programs: /\bcurl\b/,
    instead: '["CMD", "mc", "ready", "local"]',
  },
  {
    image: /^(docker\.io\/|docker\.n8n\.io\/)?n8nio\/n8n([:@]|$)/,
    programs: /\bcurl\b/,
    instead: '["CMD", "wget", "-qO-", "http://localhost:5678/healthz"]',
  },
  {
    image: /^(docker\.io\/|ghcr\.io\/)?(chromadb|chroma-core)\/chroma(:(latest|v?1\..*))?(@.*)?$/,
    programs: /\b(curl|wget|python3?)\b/,
    instead: '["CMD", "bash", "-c", ":> /dev/tcp/127.0.0.1/8000"]',
  },
  {
    image: /^(docker\.io\/)?grafana\/promtail(:(latest|3|3\.([4-9]|\d\d)(\..*)?))?(@.*)?$/,
    programs: /\b(curl|wget)\b/,
    instead: '["CMD", "bash", "-c", ":> /dev/tcp/127.0.0.1/9080"]',
  },
  {
    image: /^(docker\.io\/)?grafana\/loki:3\.6\.[0-4]([-@].*)?$/,
    programs: /\b(curl|wget|nc|bash|sh)\b/,
    hasNoShell: true,
  },
  {
    image: /^(docker\.io\/)?grafana\/loki(:(latest|3|3\.([6-9]|\d\d)([.-].*)?|([4-9]|\d\d)(\..*)?))?(@.*)?$/,
    programs: /\b(curl|wget|nc|bash|sh)\b/,
    instead: '["CMD", "/usr/bin/loki", "-health"]',
    onlyPort: "3100",
    hasNoShell: true,
  },
  {
    image: /^(docker\.io\/)?oliver006\/redis_exporter(:(latest|v[\d.]+))?(@.*)?$/,
    programs: /\b(curl|wget|nc|bash|sh)\b/,
    hasNoShell: true,
  },
];

/** A health check with a program that its image does not have: the service is never healthy. */
function healthProgram(name: string, service: ComposeService, { model }: Project): ProjectFlaw[] {
  const { image, build } = service;
  const { test, disable } = mapAt(service, "healthcheck");
  const words = [test ?? ""].flat().join(" ");
  const row = typeof image === "string" && build === undefined && flagOf(disable) !== true
    ? lacks.find((one) => one.image.test(image))
    : undefined;
  const usesShell = typeof test === "string" || [test].flat()[0] === "CMD-SHELL";
  const program = row?.programs.exec(words)?.[0] ?? (row?.hasNoShell && usesShell ? "a shell" : undefined);
  if (!row || program === undefined) return [];
  const waits = isAwaited(name, model);
  const instead = testInstead(row, words);
  return [{
    status: waits ? "fail" : "warn",
    message: `has a healthcheck with ${program}, which the image ${image} does not have: ${
      waits ? "the services that wait for it do not start" : "it is never healthy"
    }`,
    at: ["test:", "healthcheck"],
    fix: manualFix(
      instead === undefined
        ? `Remove the healthcheck, and write condition: service_started where a service waits for ${name}`
        : `Write test: ${instead}`,
    ),
  }];
}

/** The port in an address: of any host in a URL, or of this one. A variable is `$`. */
const portOf = /(?::\/\/(?:[^\s/@]*@)?(?:\[[^\]]*\]|[^\s/:"']+)|localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d+|\$)/;

/** The place of the port in a test of {@link lacks}. */
const placeOfPort = /(?<=localhost:|127\.0\.0\.1\/)\d+/;

/**
 * The test to write instead of one with these words, with its port; undefined if the image can test nothing there, if
 * the port is a variable, or if the address is one of HTTPS, for which a test by HTTP is wrong.
 */
function testInstead({ instead, onlyPort }: typeof lacks[number], words: string): string | undefined {
  if (instead?.includes("http://") && words.includes("https://")) return undefined;
  const [, port] = portOf.exec(words) ?? [];
  if (port === undefined || instead === undefined) return instead;
  if (onlyPort !== undefined) return onlyPort === port ? instead : undefined;
  return port === "$" && placeOfPort.test(instead) ? undefined : instead.replace(placeOfPort, port);
}

/**
 * A test whose form says something else than it looks like: a text is a command of a shell, so CMD at its start is a
 * program, and after CMD in a list each item is one word of a program that no shell reads (compose-spec, healthcheck;
 * docs.docker.com/reference/dockerfile, HEALTHCHECK).
 */
function form(name: string, service: ComposeService, { model }: Project): ProjectFlaw[] {
  const { test, disable } = mapAt(service, "healthcheck");
  if (flagOf(disable) === true) return [];
  const found = formOf(test);
  if (!found) return [];
  const waits = !found.isPassed && isAwaited(name, model);
  return [{
    status: waits ? "fail" : "warn",
    message: `has a healthcheck ${found.what}: ${
      found.isPassed
        ? "it does not test what it says"
        : waits
        ? "the services that wait for it do not start"
        : "it is never healthy"
    }`,
    at: ["test:", "healthcheck"],
    // in the file a dollar sign is written twice
    fix: manualFix(`Write test: ${found.instead.replace(/\$\$?/g, "$$$$")}`),
  }];
}

/**
 * A word of a list as a shell reads it: operators stay, and an `exit` after `||`; spaces and other characters are in
 * quotes, in double ones if the word has a variable. `before`: the word before it.
 */
function inShell(word: string, before: string | undefined): string {
  if (/^(\|\||&&|\||;|\d?>>?\s*(&\d|\/\S+)?)$/.test(word)) return word;
  if (before === "||" && /^exit(\s+\d+)?$/.test(word)) return word;
  if (word.includes("$")) return `"${word.replace(/["\\`]/g, "\\$&")}"`;
  return word === "" || /[\s"'\\&;|<>()*?#`[\]~{}]/.test(word) ? shellWord(word) : word;
}

/** `isPassed`: the program runs with other arguments than it seems, and decides itself what that means. */
function formOf(test: unknown): { what: string; instead: string; isPassed?: true } | undefined {
  const words = Array.isArray(test) ? test.map(String) : [];
  // Compose writes a text as a list of CMD-SHELL and the text
  const text = typeof test === "string" ? test : words[0] === "CMD-SHELL" && words.length === 2 ? words[1]! : "";
  const [, form, rest] = /^\s*(CMD(?:-SHELL)?)\s+(.+)$/s.exec(text) ?? [];
  if (form !== undefined) {
    return { what: `in which the shell runs a program named ${form}`, instead: rest!.trim() };
  }
  const [, listed] = /^\s*(\["CMD(?:-SHELL)?",.*\])\s*$/s.exec(text) ?? [];
  if (listed !== undefined) {
    return { what: "that is a list in quotes, which a shell runs as a command", instead: listed };
  }
  const command = words.slice(1).join(" ");
  if (words[0] === "CMD-SHELL" && words.length > 2) {
    // sh -c takes the words after the first one as its own parameters (moby, daemon/health.go)
    const what = `whose shell runs only ${words[1]}, without the words after it`;
    return { what, instead: JSON.stringify(["CMD-SHELL", command]), isPassed: true };
  }
  if (words[0] !== "CMD" || words.length < 2) return undefined;
  const isScript = /^(\S*\/)?(ba|a|da|z)?sh$|^(\S*\/)?(python[\d.]*|node|perl|php)$/.test(words[1]!);
  if (words.length === 2 && /^[\w./-]+\s+\S/.test(words[1]!)) {
    return { what: `whose program is named “${words[1]}” as a whole`, instead: JSON.stringify(["CMD-SHELL", command]) };
  }
  // the end of a command of find
  const isEnd = (one: string) => one === ";" && words.some((word) => /^-(exec|ok)(dir)?$/.test(word));
  const operator = isScript
    ? undefined
    : words.slice(2).find((one) => /^(\|\||&&|\||;|>|2>&1|>\s*\/dev\/null)$/.test(one) && !isEnd(one));
  if (operator === undefined) return undefined;
  const instead = JSON.stringify(["CMD-SHELL", words.slice(1).map((word, i) => inShell(word, words[i])).join(" ")]);
  const what = `that passes ${operator} to ${words[1]} as a word`;
  // to curl and wget the words after it are more addresses (both end with an error, run on 2026-11-28), and pg_isready
  // takes no such words
  return /^(\S*\/)?(curl|wget|pg_isready)$/.test(words[1]!) ? { what, instead } : { what, instead, isPassed: true };
}
