/**
 * Services at the top of a Compose file, in the form of its first version or by a wrong indentation, and sections below
 * `services`.
 */
import { isMap, mapAt } from "../maps.mts";
import { joinList } from "../text.mts";

/** The keys at the top of a Compose file that are no services. */
const top = /^(version|name|include|services|networks|volumes|secrets|configs|models|x-.*)$/;

const sections = /^(networks|volumes|secrets|configs)$/;

/** What is wrong with such a file, and the keys that are in the wrong place. */
export interface Strays {
  names: string[];
  message: string;
  mend: string;
}

/** The services at the top of a file's data; undefined if there are none. */
export function strayServices(data: Record<string, unknown>): Strays | undefined {
  const names = Object.keys(data).filter((key) => {
    const { image, build } = mapAt(data, key);
    return !top.test(key) && (image !== undefined || build !== undefined);
  });
  if (names.length === 0) return undefined;
  const many = names.length > 1;
  return isMap(data.services)
    ? {
      names,
      message: `${joinList(names)} ${many ? "are" : "is"} at the top of the file, and not below services:`,
      mend: `Indent ${many ? "them" : names[0]} below services:`,
    }
    : {
      names,
      message: "the file has no services: at the top, as in the first version of Compose: Compose 2 refuses that",
      mend: `Write services: above ${names[0]}, and indent all services below it`,
    };
}

/** The data of a file with the services at its top moved below `services`. */
export function withStrays(data: Record<string, unknown>, names: string[]): Record<string, unknown> {
  const strays = Object.fromEntries(names.map((name) => [name, data[name]]));
  const rest = Object.fromEntries(Object.entries(data).filter(([key]) => !names.includes(key)));
  return { ...rest, services: { ...strays, ...mapAt(data, "services") } };
}

/** Sections of the project below `services:`, where each would be a service without an image. */
export function straySections(data: Record<string, unknown>): Strays | undefined {
  const services = mapAt(data, "services");
  const names = Object.keys(services).filter((name) => {
    const body = services[name];
    const isSection = body === null || isMap(body) && Object.values(body).every((one) => one === null || isMap(one));
    return sections.test(name) && isSection && !Object.hasOwn(data, name) && !isMap(mapAt(services, name).build);
  });
  if (names.length === 0) return undefined;
  return {
    names,
    message: `${joinList(names)} ${names.length > 1 ? "are" : "is"} below services:, and not at the top of the file`,
    mend: `Write ${joinList(names.map((name) => `${name}:`))} without indentation`,
  };
}

/** The data of a file with the sections below `services` moved to its top. */
export function withSections(data: Record<string, unknown>, names: string[]): Record<string, unknown> {
  const all = Object.entries(mapAt(data, "services"));
  return {
    ...data,
    services: Object.fromEntries(all.filter(([name]) => !names.includes(name))),
    ...Object.fromEntries(all.filter(([name]) => names.includes(name))),
  };
}

/** Whether Compose refuses a file for a service at its top, or for a section below `services`. */
export const isStray = (message: string): boolean =>
  /^\(root\) (Additional property \S+ is|additional properties .*) not allowed/.test(message) ||
  /^services\.(networks|volumes|secrets|configs) /.test(message);
