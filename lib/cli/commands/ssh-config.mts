/** The SSH configuration of machines, for other programs. */
import { UserError } from "../../errors.mts";
import { requireLibvirtAnswer } from "../../host/lab.mts";
import { self } from "../../self.mts";
import type { Away } from "../../shell.mts";
import { type Context, log } from "../context.mts";
import { isReachable, sshTo } from "../guest.mts";
import { inspectLab } from "../inspect-lab.mts";
import type { LoadedConfig } from "../load-config.mts";
import { selectMachines } from "../select-machines.mts";

/** `ssh-config [machine…]`: the SSH configuration of running machines, for `~/.ssh/config`, scp, rsync and editors. */
export async function sshConfig(context: Context): Promise<number> {
  const { source, lab } = await inspectLab(context);
  const names = selectMachines(source, context.args);
  requireLibvirtAnswer(lab);
  // a machine that was named must be there
  const reached = names.filter((name) => context.args.includes(name) || isReachable(lab.machines[name]!));
  if (reached.length === 0) throw new UserError(`no machine is running: ${self("up")}`, 1);
  const { away } = context.shell;
  for (const name of reached) {
    const machine = lab.machines[name]!;
    sshTo(name, machine);
    const saved = (await context.shell.read(`${source.folder}/ssh/${name}`)) ?? "";
    const text = saved.replace(/^(\s*HostName ).*$/m, `$1${machine.address}`).trimEnd();
    context.shell.stdout(`${away ? await fromHere(context, away, source, name, text) : text}\n`);
  }
  return 0;
}

/** The SSH configuration of a machine on another host, for this one: through that host, with a copy of the key. */
async function fromHere(
  context: Context,
  { here, name: host, login, port }: Away,
  { home }: LoadedConfig,
  name: string,
  text: string,
): Promise<string> {
  const folder = `${home}/.homelab-gpu`;
  await here.ensurePrivateDir(folder);
  if ((await here.read(`${folder}/.gitignore`)) === undefined) await here.write(`${folder}/.gitignore`, "*\n");
  const keys = [...text.matchAll(/^[ \t]*IdentityFile[ \t]+(.*)$/gm)].map(([, path]) => unquoted(path!));
  const copies = await Promise.all([...new Set(keys)].map(async (path, i) => {
    const key = await context.shell.read(path);
    if (key === undefined) throw new UserError(`there is no key ${path} on ${host}`, 1);
    const copy = `${folder}/keys/${host}-${name}${i === 0 ? "" : `-${i + 1}`}`;
    if ((await here.read(copy)) !== key) {
      await here.write(copy, key, 0o600);
      log(context, `the key of ${name} is copied to ${copy}`);
    }
    return [path, copy] as const;
  }));
  const copyOf = new Map(copies);
  const own = text.replace(
    /^([ \t]*IdentityFile[ \t]+)(.*)$/gm,
    (_, start: string, path: string) => start + quoted(copyOf.get(unquoted(path))!),
  );
  return `${own}\n  ProxyJump ${login}${port === undefined ? "" : `:${port}`}`;
}

/** A path in ssh_config(5): in double quotes where it has spaces, and with `%%` for `%`, which Vagrant does not do. */
const quoted = (path: string) => (/\s/.test(path) ? `"${path}"` : path).replaceAll("%", "%%");

const unquoted = (path: string) => path.trim().replace(/^"(.*)"$/, "$1");
