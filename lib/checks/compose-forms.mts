/**
 * Values of services that have the right type and that Compose refuses: compose-go, loader/validate.go,
 * validation/validation.go, override/uncity.go, transform and format (read at v2.13 of 2026-07; run with 2.26.1 on
 * 2026-11-27). Docker refuses what an older Compose lets through.
 */
import { isIP } from "node:net";
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { sourceVariableFix } from "./compose-emptied.mts";
import { flaw, type ProjectFlaw } from "./compose-flaw.mts";
import { texts } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { isMap, mapAt } from "../maps.mts";

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
/** Whether a value is a text without a variable. */
const isPlainText = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !value.includes("$");

/** The values of one service that Compose refuses. `service`: as it is written. */
export function formFlaws(service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  return [
    ...buildFlaws(service, project),
    ...watchFlaws(service),
    ...mountFlaws(service, project),
    ...portFlaws(service),
    ...quoteFlaws(service),
    ...otherFlaws(service),
  ];
}

function buildFlaws(service: ComposeService, { model }: ComposeProject): ProjectFlaw[] {
  const build = mapAt(service, "build");
  const { dockerfile, dockerfile_inline: inline, additional_contexts: contexts, platforms } = build;
  const { platform } = service;
  const named = isMap(contexts)
    ? Object.values(contexts).map(String)
    : texts(contexts).map((one) => one.replace(/^[^=]*=/, ""));
  const services = named.flatMap((one) => /^service:(.+)$/.exec(one)?.[1] ?? []);
  const unknown = services.find((one) => model?.services[one]?.build === undefined);
  return [
    ...(isPlainText(dockerfile) && isPlainText(inline)
      ? [
        flaw(
          "has build.dockerfile and build.dockerfile_inline, which exclude each other",
          "dockerfile",
          "Remove one of the two",
        ),
      ]
      : []),
    ...(unknown === undefined ? [] : [flaw(
      `is built with the service ${unknown}, which ${model?.services[unknown] ? "has no build:" : "does not exist"}`,
      `service:${unknown}`,
      `Add build: to ${unknown}, or remove the context`,
    )]),
    ...(list(platforms).length > 0 && isPlainText(platform) && !texts(platforms).includes(platform)
      ? [
        flaw(
          `has platform: ${platform}, which build.platforms does not list`,
          "platforms",
          `Add ${platform} to build.platforms`,
        ),
      ]
      : []),
  ];
}

function watchFlaws(service: ComposeService): ProjectFlaw[] {
  return list(mapAt(service, "develop").watch).filter(isMap).flatMap(({ path, action, target }) => [
    ...(path === "" ? [flaw("has an empty path under develop.watch", "watch", "Write the folder to watch")] : []),
    ...((target === undefined || target === "") && typeof action === "string" &&
        !["rebuild", "restart"].includes(action)
      ? [flaw(`has no target under develop.watch, which action: ${action} needs`, ["action", "watch"], "Write target:")]
      : []),
  ]);
}

/** Mounts and devices with a part too many or too few. */
function mountFlaws(service: ComposeService, project: ComposeProject): ProjectFlaw[] {
  const { refusals } = project;
  // a variable that Compose requires and that has no value is a finding of its own
  const isRequired = refusals.some(({ variable }) => variable !== undefined);
  return [
    ...list(service.volumes).flatMap((one): ProjectFlaw[] => {
      if (isMap(one) && one.type === "bind" && (one.source === undefined || (one.source === "" && !isRequired))) {
        const item = String(one.target ?? "");
        const fix = one.source === "" ? sourceVariableFix(project) : undefined;
        return [{
          ...flaw("has a bind mount without a source", [item, "bind"], "Write source: ./FOLDER"),
          ...(fix ? { fix } : {}),
          fold: {
            kind: `no source ${fix?.title}`,
            verb: ["has", "have"],
            item,
            list: () => "a bind mount",
            rest: () => " without a source",
          },
        }];
      }
      if (!isPlainText(one)) return [];
      const rest = one.replace(/^[A-Za-z]:(?=[\\/])/, "").replace(/:[A-Za-z]:(?=[\\/])/, ":");
      return rest.split(":").length > 3
        ? [
          flaw(
            `has the mount ${one}, which has too many colons`,
            one,
            "Write SOURCE:TARGET:OPTIONS, with commas between options",
          ),
        ]
        : [];
    }),
    ...texts(service.devices).filter((one) => !one.includes("$") && !one.includes("=") && one.split(":").length > 3)
      .map((one) => flaw(`has the device ${one}, which has too many colons`, one, "Write SOURCE:TARGET:PERMISSIONS")),
  ];
}

/** A text as an item of a list in YAML: in quotes if a colon, a `#`, blanks at an end or a bracket need them. */
const asItem = (text: string) => (/:(\s|$)|\s#|^\s|\s$|[{}[\]]/.test(text) ? JSON.stringify(text) : text);

/**
 * Quotes that are part of a value, since YAML removes only those around a whole item: `- TZ="Europe/Paris"`, and a
 * path with one quote, and `--size="5"` in a command that is a list, which no shell reads. Compose passes them on (run
 * with 2.26.1 on 2026-11-28).
 */
function quoteFlaws(service: ComposeService): ProjectFlaw[] {
  const options = [...list(service.entrypoint), ...list(service.command)].filter(isPlainText).filter((one) =>
    one.startsWith("-")
  );
  const quoted = [...list(service.environment).filter(isPlainText), ...options].flatMap((one) => {
    const [, name, quote, value] = /^([^=]+)=(["'])(.*)\2$/.exec(one) ?? [];
    // the same quote inside belongs to another value, as in --a="b" --c="d"
    if (name === undefined || value!.includes(quote!)) return [];
    return [{ one, name, bare: asItem(`${name}=${value}`) }];
  });
  const stray = list(service.volumes).filter(isPlainText).filter((one) =>
    one.split(":").some((part) => /^["']|["']$/.test(part))
  );
  return [
    ...quoted.map(({ one, name, bare }): ProjectFlaw => ({
      status: "warn",
      message: `has ${one} with the quotes in its value`,
      at: [one, `${name}=`],
      fix: manualFix(`Write - ${bare}`),
      fold: {
        ...{ kind: "quotes", verb: ["has", "have"], item: one },
        rest: (many) => (many ? " with the quotes in their values" : " with the quotes in its value"),
        fix: () => manualFix('Remove these quotes, or put the whole item in quotes: - "NAME=value"'),
      },
    })),
    ...stray.map((one): ProjectFlaw => ({
      status: "warn",
      message: `has the mount ${one}, in which a quote is part of the path`,
      at: one,
      fix: manualFix(`Write - ${one.replace(/["']/g, "")}`),
    })),
  ];
}

function portFlaws(service: ComposeService): ProjectFlaw[] {
  return [
    ...list(service.ports).filter(isMap).flatMap((port) => [
      ...(port.target === undefined
        ? [flaw("has a port without a target", ["published", "ports"], "Write target: with the container's port")]
        : []),
      ...(isPlainText(port.host_ip) && isIP(port.host_ip) === 0
        ? [
          flaw(
            `publishes a port on ${port.host_ip}, which is not an address`,
            port.host_ip,
            "Write an address, or remove host_ip",
          ),
        ]
        : []),
    ]),
    ...texts(service.expose).filter((one) =>
      one !== "" && !one.includes("$") && !/^\d+(-\d+)?(\/(tcp|udp|sctp))?$/i.test(one)
    ).map((
      one,
    ) => flaw(`exposes ${one}, which is not a port`, ["expose", one], "Write a number, such as 8080, or 53/udp")),
  ];
}

function otherFlaws(service: ComposeService): ProjectFlaw[] {
  const { scale } = service;
  const { replicas } = mapAt(service, "deploy");
  const count = scale ?? replicas;
  const files = [...list(service.configs), ...list(service.secrets)].filter(isMap);
  const names = list(service.environment).filter(isPlainText).map((one) => one.split("=")[0]!).filter((one) =>
    /\s$/.test(one)
  );
  return [
    ...(count !== undefined && /^-\d+$/.test(String(count))
      ? [
        flaw(`has ${scale === undefined ? "deploy.replicas" : "scale"}: ${count}, which is below 0`, [
          "scale",
          "replicas",
        ], "Write 0 or more"),
      ]
      : []),
    ...files.filter(({ mode }) => isPlainText(mode) && !/^0?o?[0-7]+$/.test(mode)).map(({ mode }) =>
      flaw(`has mode: ${mode}, which is not a file mode`, [`mode: ${mode}`, String(mode)], "Write mode: 0440")
    ),
    ...names.map((one) =>
      flaw(`has a space after the variable ${one.trim()}`, `${one}=`, `Write ${one.trim()}= without the space`)
    ),
  ];
}
