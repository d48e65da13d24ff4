/** Hosts that a row of the table is about. */
import type { Host } from "../host/types.mts";
import { isOlder } from "../text.mts";

/** Whether it is such a host; undefined where what decides was not read. */
export type HostPredicate = (host: Host) => boolean | undefined;

/** Every host. */
export const always: HostPredicate = () => true;
/** By system. */
export const linux: HostPredicate = ({ os }) => os.platform === "linux";
export const windows: HostPredicate = ({ os }) => os.platform === "windows";
export const macos: HostPredicate = ({ os }) => os.platform === "macos";
/** All others. */
export const not = (on: HostPredicate): HostPredicate => (host) => {
  const is = on(host);
  return is === undefined ? undefined : !is;
};
/** All of them: false where one is false, unknown where one is unknown. */
export const all = (...of: HostPredicate[]): HostPredicate => (host) => {
  const found = of.map((on) => on(host));
  return found.includes(false) ? false : found.includes(undefined) ? undefined : true;
};
function known<T>(fact: T | undefined, is: (fact: T) => boolean): boolean | undefined {
  return fact === undefined ? undefined : is(fact);
}
/** Windows for workstations, not Server. */
export const isClientEdition: HostPredicate = ({ windows: w }) => known(w?.product, (product) => product === "client");
/** Windows Home: its EditionID is Core, CoreN, CoreSingleLanguage or CoreCountrySpecific. */
export const isHomeEdition: HostPredicate = ({ windows: w }) =>
  known(w?.edition, (edition) => edition.startsWith("Core"));
/** Windows from a build on. */
export const fromBuild = (build: number): HostPredicate => ({ windows: w }) => known(w?.build, (own) => own >= build);
/** VirtualBox that still handed PCI devices over. */
export const virtualboxBefore61: HostPredicate = ({ versions }) =>
  known(versions.virtualbox, (version) => isOlder(version, "6.1"));
