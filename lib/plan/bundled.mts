/** Texts of the templates and scripts by their paths, where there are no files of them: `npm run bundle` fills this in. */
export const bundled: Record<string, string> = {};
