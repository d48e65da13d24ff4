/** The Vagrantfile of a lab. */
import type { Resolved } from "../resolve/types.mts";
import type { Host } from "../host/types.mts";
import { type Box, boxKey, type Texts } from "./box.mts";
import type { Lab, LabMachine } from "../host/lab.mts";
import type { BoxVersion } from "../host/state.mts";
import { ownValue } from "../maps.mts";
import { isOwn, providerOf } from "../resolve/providers.mts";
import { dataDisk } from "../resolve/providers/libvirt.mts";
import { joinBlocks, nothing, render, Rendered } from "../render.mts";
import { bootTimeout } from "./vm-steps.mts";

/**
 * The text of the Vagrantfile: every machine, and the VMs that the config no longer has.
 * `replaces`: machines whose VM is replaced; every other VM keeps the box that it was created from.
 * `pinned`: the exact box of machines whose VM is created from an older one.
 */
export function vagrantfile(
  config: Resolved,
  host: Host,
  lab: Lab,
  boxes: Map<string, Box>,
  texts: Texts,
  replaces: string[] = [],
  pinned: Record<string, BoxVersion> = {},
): string {
  const machines = config.machines.filter(({ provider }) => isOwn(provider)).map((machine): Rendered => {
    const provider = providerOf(machine.provider);
    const existing = lab.machines[machine.name]!;
    const survives = (existing.state === "off" || existing.state === "running") && !replaces.includes(machine.name);
    // a VM keeps the data disk that it has: without this line, Vagrant would delete it with the VM
    const data = machine.data ?? (survives ? dataOf(existing) : undefined);
    const pin = ownValue(pinned, machine.name);
    const box = boxOfVm(machine.box, boxes.get(boxKey(machine))?.version, survives ? existing : {});
    return render(texts["templates/machine.rb"]!, {
      name: machine.name,
      box: pin?.name ?? box.name,
      version: pin || box.version
        ? render("m.vm.box_version = {{version}}", { version: pin?.version ?? `~> ${box.version}.0` })
        : nothing,
      boot_timeout: bootTimeout(machine),
      provider: render(
        texts[`templates/${provider.template}`]!,
        provider.values({ ...machine, ...(data === undefined ? {} : { data }) }, host, lab.prefix),
      ),
    });
  });
  // Vagrant stops and removes only machines that the Vagrantfile names
  const orphans = Object.entries(lab.orphans)
    .filter(([, { state, cardTaken }]) => state !== "absent" || cardTaken)
    .map(([name, there]) => orphan(name, there, lab));
  const own = [
    ...(takesHyperv(config, lab) ? ["hyperv_gpu"] : []),
    ...(takesDevices(config, lab) ? ["libvirt_devices"] : []),
  ];
  const requires = new Rendered(own.map((name) => `require_relative "${name}"\n`).join(""));
  return `${
    render(texts["templates/Vagrantfile"]!, { requires, machines: joinBlocks([...machines, ...orphans], "\n\n") }).text
  }\n`;
}

/** The size of the data disk that a VM has, MiB; undefined if it has none. */
function dataOf({ hardware, data }: LabMachine): number | undefined {
  return hardware?.dataVolume === undefined ? undefined : (data?.size ?? 1024);
}

/** A VM that the config no longer has; its data disk is named, since Vagrant deletes every other disk with the VM. */
function orphan(name: string, there: LabMachine, { prefix }: Lab): Rendered {
  const data = dataOf(there);
  if (data === undefined) return render("config.vm.define {{name}}", { name });
  const disk = dataDisk({ name, data, dataVolume: there.hardware!.dataVolume! }, prefix);
  return render(
    "config.vm.define {{name}} do |m|\n  m.vm.provider :libvirt do |l|\n    {{disk}}\n  end\nend",
    { name, disk },
  );
}

/**
 * The box in a machine's block: the one that its VM was created from, else the one in the config.
 * The version of a box that is built here is given as `1.HASH`.
 */
function boxOfVm(wanted: string, version: string | undefined, { box: has, boxName = wanted }: Partial<LabMachine>) {
  const own = /^(1\.\d+)\.\d+$/.exec(has ?? "")?.[1];
  if (boxName !== wanted) return { name: boxName, version: own };
  return { name: wanted, version: version && (own ?? version) };
}

/** Whether any Hyper-V VM gets or has a card, which needs more than Vagrant's provider supports. */
export function takesHyperv({ machines }: Resolved, lab: Lab): boolean {
  return machines.some(({ provider, gpus }) => provider === "hyperv" && gpus.length > 0) ||
    Object.values({ ...lab.machines, ...lab.orphans }).some(({ cardTaken }) => cardTaken);
}

/** Whether any libvirt VM gets or has folders of the host, which need more than vagrant-libvirt supports. */
export function takesFolders({ machines }: Resolved, lab: Lab): boolean {
  return machines.some(({ provider, folders = [] }) => provider === "libvirt" && folders.length > 0) ||
    Object.values(lab.machines).some(({ hardware }) => hardware?.folderTags !== undefined);
}

/** Whether any libvirt VM gets or has a network card in the LAN. */
export function takesLan({ machines }: Resolved, lab: Lab): boolean {
  return machines.some(({ provider, network }) => provider === "libvirt" && network?.lan !== undefined) ||
    Object.values(lab.machines).some(({ hardware }) => hardware?.lan !== undefined);
}

/** Whether any libvirt VM gets or has devices that vagrant-libvirt cannot give to an existing VM. */
export const takesDevices = (config: Resolved, lab: Lab): boolean => takesFolders(config, lab) || takesLan(config, lab);
