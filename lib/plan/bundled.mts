/**
 * The texts of templates and scripts by path, for a build without these files: `npm run bundle`
 * fills them in.
 */
export const bundled: Record<string, string> = {};

/**
 * The platform that a one-file build was made for, and the texts that it therefore lacks; undefined
 * for a complete copy.
 */
export const builtFor = undefined as { platform: string; without: string[] } | undefined;
