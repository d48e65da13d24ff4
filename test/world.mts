// A simulated host for whole commands: its files, libvirt and Vagrant are in memory, and any
// operation can fail.
import { createHash } from "node:crypto";
import process from "node:process";
import { ConfigError, UserError } from "../lib/errors.mts";
import { prefixOf } from "../lib/host/lab.mts";
import type { Context, Options } from "../lib/cli/context.mts";
import type { CommandResult, RunOptions, RunResult, Shell } from "../lib/shell.mts";
import { fakeShell, options as none, own } from "./fake.mts";

/** Files of this project, each read once: sweeps read the same ones in thousands of runs. */
const texts = new Map<string, string>();
function ownText(path: string): string {
  const text = texts.get(path) ?? own(path);
  texts.set(path, text);
  return text;
}

/** Thrown to simulate a killed process: nothing runs after it, not even clean-up. */
export class Killed extends Error {}

/** Runs before the operation of a certain number, and may throw. */
export interface Fault {
  /** Number of the operation, from 1. */
  at: number;
  inject(operation: string): void;
}

/** The UUID that a domain gets when it is created. */
export const uuid = (domain: string) => createHash("sha256").update(domain).digest("hex").slice(0, 32);

/** A host, and what remains after a process ends: files, domains, processes. */
export class World {
  readonly disk: Map<string, string>;
  /** libvirt's domains by name; the value is the number of a running domain. */
  readonly domains = new Map<string, number | undefined>();
  /** All queries and commands in order, from all processes. */
  calls: string[] = [];
  output: string[] = [];
  /** Ids of live processes. */
  readonly alive = new Set<number>();
  /** The highest number of processes that ran steps at the same time. */
  mostConcurrent = 0;
  /** Machines whose VM is created but never answers. */
  readonly unresponsive = new Set<string>();
  /** Machines that no longer answer over SSH. */
  readonly withoutSsh = new Set<string>();
  /** virsh's error, if it does not answer. */
  libvirtError?: string;
  /** Words of the steps that fail from now on. */
  failing?: string;
  /** Answers of other programs, by the first words of the command. */
  readonly answers: Record<string, Partial<CommandResult>> = {};
  /** The operations of the last session, in order. */
  operations: string[] = [];
  /** Lines of the probe that cannot be read from now on. */
  unreadable?: RegExp;
  /** Running steps, by process. */
  readonly #running = new Map<Shell, number>();
  #numbers = 0;
  readonly #name: string;
  /** The text of the probe while no VM runs. */
  probe: string;
  /** UUIDs of domains that were renamed after their creation. */
  readonly uuids = new Map<string, string>();
  /** Host functions of each domain. */
  readonly #passed = new Map<string, string[]>();
  /** Tags of the host's folders of each domain, as it was last started. */
  readonly #folders = new Map<string, string[]>();
  /** Bridge and MAC address of each domain's card in the LAN, as it was last started. */
  readonly #lans = new Map<string, [string, string] | undefined>();

  /** The volume of each domain's data disk: in its definition, and as it was last started. */
  readonly #data = { defined: new Map<string, string>(), started: new Map<string, string>() };
  /** Domains whose data disk is mounted. */
  readonly #mounted = new Set<string>();

  /** A host with this config and the probe of a saved host; `from`: a host that it continues. */
  constructor(config: string, host: string, from?: World) {
    this.disk = new Map(from?.disk ?? [["/proc/sys/kernel/random/boot_id", "boot\n"]]);
    if (!from) this.config = config;
    this.#name = host;
    this.probe = from?.probe ?? ownText(`test/hosts/${host}.txt`);
  }

  /** Another host in the same state. No command may be running. */
  copy(): World {
    const made = new World("", this.#name, this);
    function add<K, V>(to: Map<K, V>, from: Map<K, V>): void {
      for (const [key, value] of from) to.set(key, value);
    }
    add(made.domains, this.domains);
    add(made.uuids, this.uuids);
    add(made.#passed, this.#passed);
    add(made.#folders, this.#folders);
    add(made.#lans, this.#lans);
    add(made.#data.defined, this.#data.defined);
    add(made.#data.started, this.#data.started);
    for (const name of ["alive", "unresponsive", "withoutSsh"] as const) {
      for (const one of this[name]) (made[name] as Set<number | string>).add(one);
    }
    for (const machine of this.#mounted) made.#mounted.add(machine);
    made.calls = [...this.calls];
    made.output = [...this.output];
    made.mostConcurrent = this.mostConcurrent;
    made.operations = [...this.operations];
    made.#numbers = this.#numbers;
    if (this.libvirtError !== undefined) made.libvirtError = this.libvirtError;
    if (this.unreadable) made.unreadable = this.unreadable;
    Object.assign(made.answers, this.answers);
    return made;
  }

  /** Replaces the config. */
  set config(text: string) {
    this.disk.set(`${process.cwd()}/homelab-gpu.yaml`, text);
  }

  get folder(): string {
    return `${process.cwd()}/.homelab-gpu`;
  }

  /** The probe's text. While a VM runs, its host functions are bound to vfio-pci. */
  get #host(): string {
    const taken = [...this.domains].flatMap(([name, number]) => (number && this.#passed.get(name)) || []);
    const text = taken.reduce(
      (now, bdf) => now.replace(new RegExp(`^(${bdf}/driver:).*`, "m"), "$1vfio-pci"),
      this.probe,
    );
    return text.split("\n").filter((line) => !this.unreadable?.test(line)).join("\n");
  }

  /** The relevant end state: files without logs, times and stale locks, and the running VMs. */
  get outcome(): Record<string, string> {
    const files = [...this.disk].filter(([path]) =>
      path.startsWith(this.folder) && !/\/(logs|\.vagrant)\/|\/lock$/.test(path)
    );
    const sorted = (text: string) => {
      const { proofs, ...state } = JSON.parse(text);
      return JSON.stringify({ ...state, proofs: Object.entries(proofs).sort() }, null, 2);
    };
    const known = files.map(([path, text]) => [path, path.endsWith("/state.json") ? sorted(text) : text] as const);
    const plain = known.map(([path, text]) => [path, text.replace(/"(at|bootId)": "[^"]*"/g, '"$1": ""')] as const);
    const domains = [...this.domains].map(([name, number]) => {
      const data = this.#data.started.get(name);
      const disk = data === undefined ? "" : ` with ${data}${this.#mounted.has(name) ? ", mounted" : ""}`;
      return [name, `${number ? "runs" : "off"}${disk}`] as const;
    });
    return Object.fromEntries([...plain, ...domains].sort(([a], [b]) => a.localeCompare(b)));
  }

  /**
   * Starts a session in a new process; the fault applies to its operation of that number. `pause`
   * lets other sessions run in between.
   */
  context(
    args: string[],
    options: Partial<Options> = {},
    { fault, pause }: { fault?: Fault; pause?: () => Promise<void> } = {},
  ): Context {
    const fake = fakeShell();
    let dead: Error | undefined;
    this.operations = [];
    const perform = async (operation: string) => {
      if (dead) throw dead;
      await pause?.();
      this.operations.push(operation);
      if (fault?.at !== this.operations.length) return;
      try {
        fault.inject(operation);
      } catch (error) {
        if (error instanceof Killed) dead = error;
        throw error;
      }
    };
    const full = (path: string) => (path.startsWith("/") ? path : `${process.cwd()}/${path}`);
    const disk = this.disk;
    const shell: Shell = {
      ...fake.shell,
      capture: async (command) => {
        await perform(`ask ${command.join(" ")}`);
        this.calls.push(command.slice(0, 2).join(" "));
        const answer = Object.entries(this.answers).find(([words]) => command.join(" ").startsWith(words))?.[1];
        if (answer) return { ok: (answer.code ?? 0) === 0, code: 0, out: "", err: "", ...answer };
        if (command[0] !== "virsh") return { ok: true, code: 0, out: this.#host, err: "" };
        const out = this.libvirtError === undefined ? this.virsh() : "";
        const missing = [...command.at(-1)!.matchAll(/dominfo ([^;]+)/g)].filter(([, word]) =>
          !new RegExp(`: ${word}$`, "m").test(out)
        );
        const err = this.libvirtError === undefined
          ? missing.map(([, word]) => `error: failed to get domain '${word}'\n`).join("")
          : `error: failed to connect to the hypervisor\nerror: ${this.libvirtError}\n`;
        return { ok: err === "", code: err === "" ? 0 : 1, out, err };
      },
      run: async (command, settings) => {
        await perform(`start ${command.join(" ")}`);
        await settings.started?.(1000 + this.operations.length);
        this.#count(shell, 1);
        try {
          this.#half(command);
          await perform(`run ${command.join(" ")}`);
          return this.#run(command, settings);
        } finally {
          this.#count(shell, -1);
        }
      },
      read: async (path) => {
        await perform(`read ${path}`);
        return disk.get(full(path)) ??
          (/\/(templates|scripts)\//.test(path) && !path.startsWith(this.folder)
            ? ownText(path.replace(/.*\/(templates|scripts)\//, "$1/"))
            : undefined);
      },
      readTail: async (path, bytes) => {
        const text = await shell.read(path);
        return text === undefined ? undefined : { text: text.slice(-bytes), skipped: Math.max(0, text.length - bytes) };
      },
      write: async (path, text) => {
        await perform(`write ${path}`);
        disk.set(full(path), text);
      },
      create: async (path, text) => {
        await perform(`create ${path}`);
        if (disk.has(full(path))) return false;
        disk.set(full(path), text);
        return true;
      },
      ensurePrivateDir: (path) => perform(`claim ${path}`),
      remove: async (path) => {
        await perform(`remove ${path}`);
        for (const name of [...disk.keys()]) {
          if (name === full(path) || name.startsWith(`${full(path)}/`)) disk.delete(name);
        }
      },
      fingerprint: async (path) => {
        await perform(`stamp ${path}`);
        return disk.has(full(path)) ? "1 1" : undefined;
      },
      walk: async (path, enters) => {
        await perform(`walk ${path}`);
        return fakeShell(Object.fromEntries(disk)).shell.walk(full(path), enters);
      },
      list: async (path) => {
        await perform(`list ${path}`);
        const below = [...disk.keys()].filter((name) => name.startsWith(`${path}/`));
        return [...new Set(below.map((name) => name.slice(path.length + 1).split("/")[0]!))];
      },
      signal: (id) => Promise.resolve(this.alive.has(Math.abs(id))),
      stdout: (text) => void this.output.push(text),
      stderr: (text) => void this.output.push(text),
    };
    return {
      shell,
      options: { ...none, yes: true, ...options },
      args,
      passthroughArgs: [],
    };
  }

  /** Runs a command to its end and returns its exit code, as the script does. */
  async runCommand(command: (context: Context) => Promise<number>, context: Context): Promise<number> {
    try {
      return await command(context);
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof ConfigError) throw error;
      this.output.push(error.message);
      return error.code;
    }
  }

  /** virsh's output about the domains. */
  virsh(): string {
    return [...this.domains].map(([name, number]) => {
      const hostdevs = (this.#passed.get(name) ?? []).map((bdf) => {
        const [domain, bus, slot, fn] = bdf.split(/[:.]/);
        const address = `<address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>`;
        return `<hostdev mode='subsystem' type='pci' managed='yes'><source>${address}</source></hostdev>`;
      });
      const window = hostdevs.length > 0
        ? (/X-PciMmio64Mb,string=\d+/.exec(this.disk.get(`${this.folder}/Vagrantfile`) ?? "")?.[0] ?? "")
        : "";
      const type = this.probe.includes("flag:vmx") ? "kvm" : "qemu";
      return `Id: ${number ?? "-"}\nName: ${name}\nUUID: ${
        this.uuids.get(name) ?? uuid(name)
      }\nCPU(s): 2\nMax memory: 1048576 KiB\n<domain type='${type}'>${hostdevs.join("")}${
        (this.#folders.get(name) ?? []).map((tag) => `<filesystem type='mount'><target dir='${tag}'/></filesystem>`)
          .join("")
      }${
        [this.#lans.get(name) ?? []].map(([bridge, mac]) =>
          bridge
            ? `<interface type='bridge'><mac address='${mac}'/><source bridge='${bridge}'/>` +
              "<alias name='ua-homelab-gpu-lan'/></interface>"
            : ""
        )
      }${
        [this.#data[number ? "started" : "defined"].get(name)].map((volume) =>
          volume ? `<disk type='file'><source file='/pool/${volume}'/><serial>homelab-gpu-data</serial></disk>` : ""
        )
      }${window}</domain>\n`;
    }).join("");
  }

  #count(shell: Shell, change: 1 | -1): void {
    this.#running.set(shell, (this.#running.get(shell) ?? 0) + change);
    this.mostConcurrent = Math.max(
      this.mostConcurrent,
      [...this.#running.values()].filter((steps) => steps > 0).length,
    );
  }

  /** The state that a program leaves if it is killed half-way. */
  #half(command: string[]): void {
    const [program, verb, ...rest] = command;
    if (program === "vagrant" && verb === "up") {
      for (const name of rest.filter((word) => !word.startsWith("-"))) {
        const domain = prefixOf(this.folder) + name;
        if (this.domains.has(domain)) continue;
        this.domains.set(domain, undefined);
        const block = this.disk.get(`${this.folder}/Vagrantfile`)?.split(`define '${name}'`)[1]?.split("define '")[0];
        const functions = (block ?? "").matchAll(
          /l\.pci domain: '0x(\w+)', bus: '0x(\w+)', slot: '0x(\w+)', function: '0x(\w)'/g,
        );
        this.#passed.set(domain, [...functions].map(([, of, bus, slot, fn]) => `${of}:${bus}:${slot}.${fn}`));
      }
    }
  }

  #run(command: string[], { input, output, cwd = this.folder }: RunOptions): RunResult {
    if (this.failing !== undefined && command.join(" ").includes(this.failing)) return { code: 1, tail: [] };
    const [program, verb, ...rest] = command;
    const words = command.join(" ");
    this.calls.push(words);
    const { disk, domains, folder } = this;
    const files = (machine: string) => `${folder}/.vagrant/machines/${machine}/libvirt`;
    let out = "";
    let code = 0;
    if (program === "vagrant" && (verb === "up" || verb === "reload")) {
      for (const machine of rest.filter((word) => !word.startsWith("-"))) {
        const block = disk.get(`${folder}/Vagrantfile`)?.split(`define '${machine}'`)[1]?.split("define '")[0] ?? "";
        const domain = prefixOf(folder) + machine;
        const volume = /l\.storage .*path: '([^']+)'/.exec(block)?.[1];
        if (!domains.has(domain) && volume) this.#data.defined.set(domain, volume);
        const defined = this.#data.defined.get(domain);
        if (defined) this.#data.started.set(domain, defined);
        if (verb === "reload") domains.set(domain, ++this.#numbers);
        const tags = [...block.matchAll(/l\.share_folder .*'(homelab-gpu-\w+)'/g)].map(([, tag]) => tag!);
        this.#folders.set(prefixOf(folder) + machine, tags.sort());
        const [, bridge, mac] = /l\.connect_lan '(\S+)', '(\S+)'/.exec(block) ?? [];
        this.#lans.set(prefixOf(folder) + machine, bridge && mac ? [bridge, mac] : undefined);
      }
    }
    if (program === "vagrant" && verb === "up") {
      for (const machine of rest.filter((word) => !word.startsWith("-"))) {
        domains.set(prefixOf(folder) + machine, ++this.#numbers);
        const block = disk.get(`${folder}/Vagrantfile`)?.split(`define '${machine}'`)[1]?.split("define '")[0] ?? "";
        const name = /box = '([^']+)'/.exec(block)?.[1];
        const box = /box_version = '~> (1\.\d+)\.0'/.exec(block)?.[1];
        const versions = [...disk.keys()].map((path) => /VAGRANTSLASH-[^/]*\/([\d.]+)\//.exec(path)?.[1] ?? "");
        const pinned = /box_version = '([\d.]+)'/.exec(block)?.[1];
        // Vagrant takes the newest version that matches
        const version = pinned ?? (box && versions.filter((one) => one.startsWith(box)).sort().at(-1));
        disk.set(`${files(machine)}/id`, uuid(prefixOf(folder) + machine));
        if (this.unresponsive.has(machine)) code = 1;
        else disk.set(`${files(machine)}/up`, "");
        disk.set(`${files(machine)}/box_meta`, JSON.stringify({ name, ...(version ? { version } : {}) }));
      }
    } else if (program === "vagrant" && verb === "ssh-config") {
      out = `Host ${rest[0]}\n  HostName 192.168.121.5\n`;
    } else if (program === "vagrant" && verb === "halt") {
      domains.set(prefixOf(folder) + rest[0], undefined);
    } else if (words.startsWith("virsh -c qemu:///system destroy")) {
      domains.set(rest.at(-1)!, undefined);
    } else if (/^sh scripts\//.test(words) && !disk.has(`${folder}/${words.split(" ")[1]}`)) {
      code = 2;
    } else if (words.startsWith("sh scripts/remove-vm.sh")) {
      domains.delete(rest[1]!);
      for (const disks of Object.values(this.#data)) disks.delete(rest[1]!);
      this.#mounted.delete(rest[1]!);
      for (const path of [...disk.keys()]) {
        if (path.startsWith(`${folder}/.vagrant/machines/${rest[0]}/`)) disk.delete(path);
      }
      disk.delete(`${folder}/ssh/${rest[0]}`);
      disk.delete(`${folder}/verify/${rest[0]}.txt`);
    } else if (words.startsWith("sh scripts/attach-data.sh")) {
      this.#data.defined.set(rest[0]!, rest[1]!);
    } else if (words.includes("add-box.sh")) {
      const [name, version] = rest;
      const boxes = `${process.env.VAGRANT_HOME ?? `${process.env.HOME ?? ""}/.vagrant.d`}/boxes`;
      const versions = `${boxes}/${name!.replaceAll("/", "-VAGRANTSLASH-")}/${version}`;
      disk.set(`${versions}.${Math.floor(Date.now() / 1000) + ++this.#numbers}/libvirt/box.img`, "");
    } else if (words.startsWith("sh scripts/remove-box.sh")) {
      const [name, version] = rest;
      const inUse = [...disk].some(([path, text]) => path.endsWith("/box_meta") && text.includes(`"${version}"`));
      for (const path of [...disk.keys()]) {
        if (!inUse && path.includes(`/boxes/${name!.replaceAll("/", "-VAGRANTSLASH-")}/${version}/`)) disk.delete(path);
      }
    } else if (program === "ssh" && this.withoutSsh.has(command[3]!)) {
      return { code: 255, tail: ["No route to host"] };
    } else if (program === "ssh" && output) {
      // the VM answers for the services that the command names
      const asked = command.at(-1)!.split(" -- ")[1]?.split(" ").slice(1) ?? [];
      const services = asked.flatMap((word) => {
        const stack = /^(.*)\/$/.exec(word)?.[1];
        const name = stack ? `${stack}/web` : word.split("=")[0]!;
        return [
          `service:${name} running 0 0 none unless-stopped ${name.replace("/", "-")}-1\n`,
          ...(stack ? [`stack:${stack} applied\n`] : []),
        ];
      });
      out = ownText("test/guests/fine.txt").replace(/^service:.*\n/gm, "").replace(
        "end:yes",
        `${services.join("")}end:yes`,
      );
    } else if (words.includes("prepare/apply.sh")) {
      disk.set("/var/lib/homelab-gpu/done", "yes");
    }
    if (program === "ssh" && input?.endsWith("scripts/mount-data.sh")) {
      const domain = prefixOf(folder) + command[3]!;
      if (this.#data.started.has(domain)) this.#mounted.add(domain);
    }
    if (output) disk.set(output.startsWith("/") ? output : `${cwd}/${output}`, out);
    return { code, tail: [] };
  }
}
