/** How the services of a VM on another host are reached from this machine. */
import type { Away } from "../shell.mts";
import type { SeenService } from "../verify/services.mts";

/** The number of ports that a command forwards. */
const most = 8;

/**
 * A line with the command that forwards the published ports of a VM's services to this machine; none for a VM of this
 * host. `address` is the VM's, undefined if unknown. A port below 1024, which needs root, becomes one above 8000.
 */
export function forwardLines(services: SeenService[], address: string | undefined, away: Away | undefined): string[] {
  const ports = [...new Set(services.flatMap(({ ports }) => ports))].slice(0, most);
  if (!away || address === undefined || ports.length === 0) return [];
  const host = address.includes(":") ? `[${address}]` : address;
  const locals: number[] = [];
  for (const port of ports) {
    let local = port < 1024 ? 8000 + port : port;
    while (locals.includes(local)) local++;
    locals.push(local);
  }
  const forwards = ports.map((port, i) => `-L ${locals[i]}:${host}:${port}`);
  const { login, port, name } = away;
  const command = ["ssh -N", ...forwards, ...(port === undefined ? [] : [`-p ${port}`]), login].join(" ");
  return [`from this machine, through ${name}: ${command}, then http://localhost:${locals[0]}`];
}
