import type { Host } from "../host/types.mts";
import type { Provider } from "./types.mts";
import { foreignProviders } from "./foreign-providers.mts";
import { supportOf } from "./support.mts";
import { hyperv } from "./providers/hyperv.mts";
import { libvirt } from "./providers/libvirt.mts";
import { parallels } from "./providers/parallels.mts";
import { virtualbox } from "./providers/virtualbox.mts";

/**
 * The providers, in the order in which a default is chosen. To add one, add a file in `providers/`,
 * its template, its rows in `support-table.mts`, and its name here.
 */
export const providers: Provider[] = [libvirt, hyperv, parallels, virtualbox];

/**
 * The provider of that name. Throws an Error for any other name: machines with another provider are
 * refused before anything is rendered.
 */
export function providerOf(name: string): Provider {
  const provider = providers.find((candidate) => candidate.name === name);
  if (!provider) throw new Error(`no provider ${name}`);
  return provider;
}

/** Whether homelab-gpu can create VMs with that provider, unlike Vagrant's other providers. */
export function isOwn(name: string): boolean {
  return providers.some((candidate) => candidate.name === name);
}

/** The product name of a provider, including Vagrant's other providers. */
export function titleOf(name: string): string {
  return providers.find((candidate) => candidate.name === name)?.title ?? foreignProviders[name]?.title ?? name;
}

/**
 * The provider of a machine that names none: the first one that this host supports and that is not
 * known to be missing, else the first supported one.
 */
export function defaultProvider(host: Host): string {
  // inside WSL Hyper-V is refused for now, but it is still the default of such a host
  const outside = { ...host, os: { ...host.os, wsl: false } };
  const running = providers.filter(({ name }) => {
    const { row, sure } = supportOf(name, "plain", outside);
    return row.verdict === "works" || !sure;
  });
  return (running.find((provider) => !provider.missing(host)) ?? running.at(-1) ?? providers[0]!).name;
}
