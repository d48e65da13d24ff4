/** SSH commands to machines, for the lab's folder. */

/** The start of an SSH command to a machine by its saved SSH configuration; `options` come before its name. */
export const sshCommand = (name: string, options: string[]): string[] => [
  "ssh",
  "-F",
  `ssh/${name}`,
  ...options,
  name,
];

/** Options of ssh for questions: it asks for no password, and does not wait long. */
export const impatient = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"];

/** The command that asks a machine at its saved address: the script is its input. */
export const questionTo = (name: string): string[] => [...sshCommand(name, impatient), "sudo sh -s"];
