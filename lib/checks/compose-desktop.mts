/** Finds services that use the desktop of the host on which the project was written: a VM has none. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import type { ResolvedMachine } from "../resolve/types.mts";
import type { ProjectFlaw } from "./compose-flaw.mts";
import { enabledOf } from "../compose/enabled.mts";
import { devicesOf, environmentOf, mountsOf } from "../compose/service.mts";
import { manualFix } from "../fixes.mts";
import { anyOf, joinList } from "../text.mts";

/**
 * Sockets and keys of a desktop session: X11, Wayland, PulseAudio, PipeWire, D-Bus; WSLg's have
 * folders of their own.
 */
const ofDesktop = anyOf(
  /^\/tmp\/\.(X11-unix|ICE-unix)(\/|$)/,
  /(^|\/)\.?(Xauthority|docker\.xauth|xauth)$/i,
  /^\/run\/user\/\d+(\/|$)/,
  /(^|\/)\.(config\/pulse|pulse|pulse-cookie)(\/|$)/,
  /^\/(run\/desktop\/)?mnt\/(host\/)?wslg(\/|$)|^\/usr\/lib\/wsl(\/|$)/,
);

/** Variables that name the desktop of whoever starts Compose. */
const desktopVariable =
  /^(DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XAUTH|XSOCK|XDG_RUNTIME_DIR|XDG_SESSION_TYPE|PULSE_SERVER|DBUS_SESSION_BUS_ADDRESS)$/;

/** Whether a path of the host belongs to a desktop session, which a VM does not have. */
export const isOfDesktop = (path: string): boolean => ofDesktop.test(path);

/** The variables without a value that {@link desktopFlaws} reports: they name the caller's desktop. */
export function desktopVariables({ unsetVariables, emptied = {} }: ComposeProject): string[] {
  // what an empty variable leaves of a mount is reported with the variable
  const breaking = Object.entries(emptied).flatMap(([text, { names, refused }]) =>
    refused || text.includes(":/") ? names : []
  );
  return unsetVariables.flatMap(({ variable = "" }) =>
    desktopVariable.test(variable) && !breaking.includes(variable) ? [variable] : []
  );
}

/**
 * What the services of a project use of a desktop: mounts, and variables without a value. A socket that several
 * services mount may be that of a display server among them, unless DISPLAY is that of the caller.
 */
export function desktopFlaws(project: ComposeProject, { name: vm }: ResolvedMachine): ProjectFlaw[] {
  const services = enabledOf(project);
  const unset = desktopVariables(project);
  const found = services.flatMap(([name, service]) => {
    const own = desktopMounts(service).filter((source) =>
      !/X11-unix|^\/run\/user/.test(source) || (unset.includes("DISPLAY") && source.includes("X11-unix")) ||
      !services.some(([other, body]) => other !== name && mountsOf(body).some((mount) => mount.source === source))
    );
    // an X server that no program of the service looks for is no loss
    const shows = Object.entries(environmentOf(service)).some(([key]) => desktopVariable.test(key));
    const mounts = own.filter((source) => shows || !/X11-unix/.test(source));
    return mounts.map((source) => ({ name, source }));
  });
  if (found.length === 0 && unset.length === 0) return [];
  const users = [...new Set(found.map(({ name }) => name))];
  const items = [...new Set([...found.map(({ source }) => shown(source)), ...unset])];
  const variables = project.unsetVariables.filter(({ variable = "" }) => unset.includes(variable));
  return [{
    status: "warn",
    message: `${users.length > 0 ? `${joinList(users)} ${users.length > 1 ? "use" : "uses"}` : "the project uses"} ${
      joinList(items)
    }, which ${items.length > 1 ? "belong" : "belongs"} to a desktop: ${vm} has none`,
    places: [
      ...found.map(({ name, source }) => ({ at: [source, lastPart(source)], service: name })),
      ...variables.map(({ variable }) => ({ at: [`{${variable}`, `$${variable}`, variable!] })),
    ],
    fix: manualFix(
      `Remove ${items.length > 1 ? "them" : "it"}${
        unset.length > 0 ? ` (or write ${unset[0]}= in the project's .env)` : ""
      } if the service works without a window; otherwise use an image that has its own desktop`,
    ),
  }];
}

/** The mounts and devices of a service that are of a desktop. */
const desktopMounts = (service: ComposeService): string[] =>
  [...mountsOf(service), ...devicesOf(service)].flatMap(({ source }) =>
    source !== undefined && isOfDesktop(source) ? [source] : []
  );

const lastPart = (path: string) => path.split("/").at(-1)!;

/** A path as messages name it: the home folder of the VM is `~`. */
const shown = (path: string) => path.replace(/^\/+(?=~(\/|$))/, "");
