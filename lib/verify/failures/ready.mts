import type { Index } from "./catalogue.mts";

/** The index of the catalogue, if this copy was built with it: `npm run bundle` fills it in. */
export const ready = (): Index | undefined => undefined;
