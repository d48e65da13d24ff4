/** Keys of a Compose project that are newer than the Compose of its VM. */
import type { ComposeProject } from "../compose/types.mts";
import type { Resolved, ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { debianCompose, keysNewerThan } from "../compose/key-versions.mts";
import { manualFix } from "../fixes.mts";
import { composeVersions, dockersOwn, engineSource } from "../resolve/engine.mts";
import { suiteOf, systemOf } from "../resolve/images.mts";
import { isOlder } from "../text.mts";

/** The Compose of a machine, if its image decides it. */
export interface MachineCompose {
  version: string;
  /** Its name in messages: `Debian 13 has Compose 2.26.1`. */
  shown: string;
  /** Updates of the package bring new versions: `version` is the lowest one. */
  moves: boolean;
  debian: boolean;
  dockers: boolean;
}

/** The Compose of a machine with Docker; undefined where its image does not decide it. */
export function composeOf(machine: ResolvedMachine, config: Resolved): MachineCompose | undefined {
  if (machine.engine !== "docker") return undefined;
  if (engineSource(machine, config) === "docker") {
    const { compose: version } = dockersOwn;
    const shown = `Docker's own packages have Compose ${version}`;
    return { version, shown, moves: true, debian: false, dockers: true };
  }
  const suite = suiteOf(machine.image) ?? "";
  const own = composeVersions[suite];
  if (!own) return undefined;
  const { version } = own;
  // Ubuntu brings new versions into its releases (wiki.ubuntu.com/DockerUpdates, read 2026-11-26)
  const moves = systemOf(suite).startsWith("Ubuntu");
  const shown = `${systemOf(suite)} has Compose ${version}${moves ? " or later" : ""}`;
  return { version, shown, moves, debian: version === debianCompose, dockers: false };
}

/** The keys of a project that the Compose of its machine refuses or ignores. */
export function newKeyFlaws(project: ComposeProject, machine: ResolvedMachine, config: Resolved): ProjectFlaw[] {
  const model = project.written ?? project.model;
  const compose = composeOf(machine, config);
  if (!model || !compose) return [];
  // what Compose 1.29 refuses decides where the engine comes from (guest.compose)
  if (isOlder(compose.version, "2")) return [];
  const found = keysNewerThan(compose.version, model, project.texts, compose.debian);
  // a section and the key of the services that use it: one of them is enough
  const distinct = found.filter((key) =>
    key.service !== undefined || !found.some((one) => one !== key && one.name === key.name)
  );
  // another finding: the plugin that they need is absent with any version
  const isOfPlugin = ({ name }: { name: string }) =>
    (name === "models" || name === "provider") && machine.provision.length === 0;
  return distinct.filter((key) => !isOfPlugin(key)).map((key): ProjectFlaw => ({
    status: key.ignored || compose.moves ? "warn" : "fail",
    message: `${key.service === undefined ? key.name : `${key.name} of ${key.service}`} needs Compose ${key.from} (${
      key.released.slice(0, 7)
    }), and ${compose.shown}${key.ignored ? ", which ignores it" : ""}`,
    at: key.name,
    ...(key.service === undefined ? {} : { service: key.service }),
    fix: manualFix(compose.dockers ? `Remove ${key.name}` : `${docker(machine)}, or remove ${key.name}`),
  }));
}

/** How a machine gets Docker's own packages. */
function docker({ name, image }: ResolvedMachine): string {
  const [system = ""] = systemOf(suiteOf(image)!).toLowerCase().split(" ");
  return `Give ${name} Docker's own packages: engine_repository: https://download.docker.com/linux/${system}`;
}
