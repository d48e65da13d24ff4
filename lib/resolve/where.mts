/** Predicates for the hosts that a row of the support table applies to. */
import type { Host } from "../host/types.mts";
import { isOlder } from "../text.mts";

/** Whether a host is of that kind; undefined where the deciding fact was not read. */
export type HostPredicate = (host: Host) => boolean | undefined;

/** Matches every host. */
export const always: HostPredicate = () => true;
/** Match hosts by system. */
export const linux: HostPredicate = ({ os }) => os.platform === "linux";
export const windows: HostPredicate = ({ os }) => os.platform === "windows";
export const macos: HostPredicate = ({ os }) => os.platform === "macos";
/** Negates a predicate. */
export const not = (on: HostPredicate): HostPredicate => (host) => {
  const is = on(host);
  return is === undefined ? undefined : !is;
};
/** All predicates hold: false if one is false, otherwise unknown if one is unknown. */
export const all = (...of: HostPredicate[]): HostPredicate => (host) => {
  const results = of.map((on) => on(host));
  return results.includes(false) ? false : results.includes(undefined) ? undefined : true;
};
function ifRead<T>(fact: T | undefined, is: (fact: T) => boolean): boolean | undefined {
  return fact === undefined ? undefined : is(fact);
}
/** Windows for workstations, not Windows Server. */
export const isClientEdition: HostPredicate = ({ windows: w }) => ifRead(w?.product, (product) => product === "client");
/** Windows Home: its EditionID is Core, CoreN, CoreSingleLanguage or CoreCountrySpecific. */
export const isHomeEdition: HostPredicate = ({ windows: w }) =>
  ifRead(w?.edition, (edition) => edition.startsWith("Core"));
/** Windows with at least this build number. */
export const fromBuild = (build: number): HostPredicate => ({ windows: w }) => ifRead(w?.build, (own) => own >= build);
/** VirtualBox versions that support PCI passthrough. */
export const virtualboxBefore61: HostPredicate = ({ versions }) =>
  ifRead(versions.virtualbox, (version) => isOlder(version, "6.1"));
