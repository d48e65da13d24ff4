/** Creates verdicts by status. Each takes the message, the evidence, and the fixes. */
import type { Evidence, Fix, Status } from "../findings.mts";
import type { Verdict } from "./types.mts";

type Result = (message: string, evidence?: Evidence[], fix?: Fix[]) => Verdict;

const result = (status: Status): Result => (message, evidence = [], fix = []) => ({ status, message, evidence, fix });

/** The checked thing works. */
export const pass = result("pass");
/** It may work, or works with limits; nothing is blocked. */
export const warn = result("warn");
/** It cannot work: `up` stops before anything boots. */
export const fail = result("fail");
/** The facts could not be read, or are not known. */
export const unknown = result("unknown");
/** It does not apply here. */
export const skip = result("skip");
