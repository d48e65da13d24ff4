/** Files and folders of a project that a service's command names, so that its program reads them when it starts. */
import { resolve } from "node:path/posix";
import { isMap } from "../maps.mts";
import { imageParts } from "./image-name.mts";
import { mountsOf } from "./service.mts";
import type { BuiltStart } from "./dockerfile-start.mts";
import { commandWords } from "./models.mts";
import { startOf } from "./start.mts";
import type { ComposeService } from "./types.mts";

/** What a command reads in a mounted folder or file of the host. */
export interface Input {
  /** The option as written, such as `--model`, or the program that runs the path as a script, such as `python`. */
  option: string;
  /** Its value: a path in the container. */
  path: string;
  /** The same on the host, as the mount's source is written. */
  source: string;
  /** The mount has exactly this path. */
  isMount: boolean;
  /** The Dockerfile has the command: the mount hides the file of the image. */
  isHidden: boolean;
  /** The image's own command reads it, and ends without it. */
  isDefault: boolean;
}

/** Options of models and settings: vLLM, llama.cpp, Triton, TensorFlow Serving, Prometheus, LiteLLM and others. */
const options =
  /^--?(config|config[-_.]file|settings|m|model|model[-_](path|id|repository|store|base[-_]path)|mmproj|models[-_]preset)$/;
/** Programs that run a script, and names of scripts. */
const interpreters = /^(\S*\/)?(python[\d.]*|node)$/;
const scripts = /^[\w./-]+\.(py|m?js)$/;
/**
 * Configs that the commands of images read, and without which their programs end: CMD or ENTRYPOINT in the Dockerfiles
 * of prometheus/prometheus and alertmanager, grafana/loki and caddyserver/caddy-docker (read 2026-11-28);
 * eclipse-mosquitto/mosquitto#1114 and #3000; the others from general knowledge.
 */
const configs: [image: RegExp, path: string][] = [
  [/(^|\/)eclipse-mosquitto$/, "/mosquitto/config/mosquitto.conf"],
  [/(^|\/)prom(etheus)?\/prometheus$/, "/etc/prometheus/prometheus.yml"],
  [/(^|\/)prom(etheus)?\/alertmanager$/, "/etc/alertmanager/alertmanager.yml"],
  [/(^|\/)prom(etheus)?\/blackbox-exporter$/, "/etc/blackbox_exporter/config.yml"],
  [/(^|\/)grafana\/loki$/, "/etc/loki/local-config.yaml"],
  [/(^|\/)grafana\/promtail$/, "/etc/promtail/config.yml"],
  [/^(docker\.io\/)?(library\/)?caddy$/, "/etc/caddy/Caddyfile"],
  [/^(docker\.io\/)?(library\/)?nginx$/, "/etc/nginx/nginx.conf"],
  [/^(docker\.io\/)?(library\/)?telegraf$/, "/etc/telegraf/telegraf.conf"],
];

/** Words of commands that may create the file first. */
const creates =
  /\b(wget|curl|aria2c|hf|huggingface-cli|git|cp|tee|envsubst|rsync)\b|(^|\s)(-mu|-hf|-hfr|--model-url|--hf-repo)\b|\.sh\b/;

/**
 * The inputs of a service. `built`: how its own image starts, which it does without a command of its own. Empty for
 * commands with a script or a download, which may create them, and for paths in /config, where programs write their own
 * settings.
 */
export function inputsOf(service: ComposeService, built?: BuiltStart): Input[] {
  const own = commandWords(service);
  const config = own.length === 0 && service.build === undefined ? configOf(service.image) : undefined;
  const words = config === undefined
    ? own.length > 0 ? own : commandWords({ command: startOf(service, built).words })
    : ["--config", config];
  const { working_dir: folder = built?.folder, configs: written, secrets } = service;
  const given = [written, secrets].flatMap((list) =>
    (Array.isArray(list) ? list : []).flatMap((one) =>
      isMap(one) ? [String(one.target ?? `/${one.source}`)] : [`/${one}`]
    )
  );
  if (creates.test(words.join(" "))) return [];
  const mounts = mountsOf(service).map((mount) => ({ ...mount, target: mount.target.replace(/(.)\/+$/, "$1") }));
  return words.flatMap((word, i): Input[] => {
    const [, option = word, value] = /^(--?[\w.-]+?)(?:=(.*))?$/.exec(word) ?? [];
    const isScript = interpreters.test(word) && scripts.test(words[i + 1] ?? "") && !words.includes("cd");
    if (!isScript && !options.test(option)) return [];
    // Authelia takes several files with commas
    return (value ?? words[i + 1] ?? "").split(",").flatMap((one): Input[] => {
      const named = one.replace(/(.)\/+$/, "$1");
      const path = isScript && typeof folder === "string" ? resolve("/", folder, named) : named;
      if (!path.startsWith("/") || /^\/config(\/|$)|[$*{]/.test(path)) return [];
      // a file of the section configs: is mounted over the folder
      if (given.includes(path)) return [];
      const [mount] = mounts.filter(({ target }) => path === target || path.startsWith(`${target}/`))
        .sort((a, b) => b.target.length - a.target.length);
      if (mount?.type !== "bind" || mount.source === undefined || mount.source.includes("$")) return [];
      return [{
        option,
        path,
        source: `${mount.source.replace(/(.)\/+$/, "$1")}${path.slice(mount.target.length)}`,
        isMount: path === mount.target,
        isHidden: own.length === 0 && config === undefined,
        isDefault: config !== undefined,
      }];
    });
  });
}

/** The config that the command of an image reads. */
function configOf(image: unknown): string | undefined {
  const [name] = imageParts(typeof image === "string" ? image : "");
  return configs.find(([pattern]) => pattern.test(name))?.[1];
}
