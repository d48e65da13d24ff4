/**
 * Texts of the templates and scripts by their paths, where there are no files of them: `npm run
 * bundle` fills this in.
 */
export const bundled: Record<string, string> = {};

/**
 * The host's platform that a one-file build was made for, and the texts that it therefore lacks;
 * undefined for a whole copy.
 */
export const builtFor = undefined as { platform: string; without: string[] } | undefined;
