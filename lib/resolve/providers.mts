import type { Host } from "../host/types.mts";
import type { Provider } from "./types.mts";
import { foreign } from "./support-table.mts";
import { supportOf } from "./support.mts";
import { hyperv } from "./providers/hyperv.mts";
import { libvirt } from "./providers/libvirt.mts";
import { parallels } from "./providers/parallels.mts";
import { virtualbox } from "./providers/virtualbox.mts";

/**
 * The providers, in the order in which a default is chosen. To add one: a file in `providers/`, its
 * template, its rows in `support-table.mts`, and its name here.
 */
export const providers: Provider[] = [libvirt, hyperv, parallels, virtualbox];

/** The provider of that name. A machine with another one is refused before anything is rendered for it. */
export function providerOf(name: string): Provider {
  const provider = providers.find((candidate) => candidate.name === name);
  if (!provider) throw new Error(`no provider ${name}`);
  return provider;
}

/** Whether VMs of that provider can be made here at all: not those of Vagrant's others. */
export function isOwn(name: string): boolean {
  return providers.some((candidate) => candidate.name === name);
}

/** What a provider calls itself, Vagrant's others too. */
export function titleOf(name: string): string {
  return providers.find((candidate) => candidate.name === name)?.title ?? foreign[name]?.title ?? name;
}

/** The provider for a machine that names none: the first that runs on such a host and is not seen to be missing, else the first that runs. */
export function defaultProvider(host: Host): string {
  // from within WSL Hyper-V is refused for now, and yet it is what such a host has
  const outside = { ...host, os: { ...host.os, wsl: false } };
  const running = providers.filter(({ name }) => {
    const { row, sure } = supportOf(name, "plain", outside);
    return row.verdict === "works" || !sure;
  });
  return (running.find((provider) => !provider.missing(host)) ?? running.at(-1) ?? providers[0]!).name;
}
