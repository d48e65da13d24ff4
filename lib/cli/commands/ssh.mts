import { UserError } from "../../errors.mts";
import { requireLibvirtAnswer } from "../../host/lab.mts";
import { formatPlan } from "../print.mts";
import { sshTo } from "../guest.mts";
import { inspectLab } from "../inspect-lab.mts";
import { type Context, styleFor } from "../context.mts";
import { selectMachines } from "../select-machines.mts";

/** `ssh [machine] [-- command…]`: logs into a machine, or runs a command in it. */
export async function ssh(context: Context): Promise<number> {
  const { source, lab } = await inspectLab(context);
  const names = source.config.machines.map(({ name }) => name);
  const [name = names[0]!, ...more] = context.args;
  if (more.length > 0) {
    throw new UserError(`ssh takes one machine; put the command after --: ssh ${name} -- ${more.join(" ")}`);
  }
  if (context.args.length === 0 && names.length > 1) {
    throw new UserError(`name the machine: ${names.map((one) => `ssh ${one}`).join(", ")}`);
  }
  selectMachines(source, [name]);
  requireLibvirtAnswer(lab);
  const command = [...sshTo(name, lab.machines[name]!), ...context.passthroughArgs];
  if (context.options.dryRun) {
    const steps = [{ title: `Log into ${name}`, command }];
    context.shell.stdout(`${formatPlan(source.folder, [], steps, styleFor(context, "out")).join("\n")}\n`);
    return 0;
  }
  // an SSH configuration may name programs to run
  await context.shell.ensurePrivateDir(source.folder);
  return await context.shell.interactive(command, { cwd: source.folder });
}
