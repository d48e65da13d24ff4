/** Services at the top of a Compose file: in the form of its first version, or by a wrong indentation. */
import { isMap, mapAt } from "../maps.mts";
import { joinList } from "../text.mts";

/** The keys at the top of a Compose file that are no services. */
const top = /^(version|name|include|services|networks|volumes|secrets|configs|models|x-.*)$/;

/** What is wrong with such a file, and the first of the services. */
export interface StrayServices {
  names: string[];
  message: string;
  mend: string;
}

/** The services at the top of a file's data; undefined if there are none. */
export function strayServices(data: Record<string, unknown>): StrayServices | undefined {
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

/** Whether Compose refuses a file for a service at its top. */
export const isStray = (message: string): boolean => /^\(root\) Additional property \S+ is not allowed/.test(message);

/** Whether a message is that of {@link strayServices}. */
export const ofStray = (message: string): boolean =>
  /^the file has no services: at the top, as in|at the top of the file, and not below services:$/.test(message);
