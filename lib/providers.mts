import type { Host, Provider } from "./types.mts";
import { libvirt } from "./providers/libvirt.mts";

/** The providers, in the order in which `settle` prefers them. A new one is a file in `providers/`, its template, and its name here. */
export const providers: Provider[] = [libvirt];

/** What `provider:` may say. */
export function providerNames(): string[] {
  return providers.map(({ name }) => name);
}

/** The provider of that name. A checked config names no other. */
export function providerOf(name: string): Provider {
  const provider = providers.find((candidate) => candidate.name === name);
  if (!provider) throw new Error(`no provider ${name}`);
  return provider;
}

/** The provider for a machine that names none: the first one for such a host, else the first of all. */
export function defaultProvider(host: Host): string {
  return (providers.find((provider) => provider.worksOn(host)) ?? providers[0]!).name;
}
