import process from "node:process";

/** The user's folder; Windows has another name for it. Empty where there is none. */
export function home(): string {
  return process.env.HOME ?? process.env.USERPROFILE ?? "";
}
