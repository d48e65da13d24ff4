// Two hosts in memory with machines of one Swarm, whose VMs answer as Docker does.
import * as assert from "uvu/assert";
import process from "node:process";
import { commands } from "../lib/cli/commands.mts";
import type { Options } from "../lib/cli/context.mts";
import { onEachHost } from "../lib/cli/several-hosts.mts";
import { parseConfig } from "../lib/config/parse.mts";
import { UserError } from "../lib/errors.mts";
import { parseState } from "../lib/host/state.mts";
import type { Shell } from "../lib/shell.mts";
import { fakeShell, options } from "./fake.mts";
import { World } from "./world.mts";

export const config = `cluster: swarm
hosts: {box: {ssh: me@box}, nas: {ssh: me@nas}}
machines:
  - {name: llm, host: box, box: lab/y, cpus: 2, memory: 1024, network: {lan: br0, address: 192.168.1.50/24}}
  - {name: web, host: nas, box: lab/y, cpus: 2, memory: 1024, network: {lan: br0}}
services:
  site: {image: x/site, ports: ["8080:80"]}
  own: {image: x/own, machine: web}
`;
export const token = "SWMTKN-1-secret-word";

/** The Docker Engine of a VM. */
interface Engine {
  /** Its Swarm, and its id there. */
  swarm?: Swarm;
  id?: string;
  cards: number;
}

/** A Swarm, as its manager knows it. */
interface Swarm {
  nodes: Map<string, { labels: string; down?: true }>;
}

/** Two hosts with the VMs of the config, and what was asked and started on them, in order. */
export class Hosts {
  readonly worlds: Record<"box" | "nas", World>;
  readonly engines = new Map<string, Engine>();
  /** What runs about the Swarm, as `HOST: VM: WORDS`. */
  calls: string[] = [];
  /** All arguments of programs, messages and files that steps wrote. */
  seen: string[] = [];
  /** Hosts that are not reached. */
  dead: string[] = [];
  /** Words of a command in a VM that fails. */
  refused?: string;
  /** Whether the host box is this machine. */
  isBoxHere = false;
  /** The host whose services end. */
  unproven?: "box" | "nas";
  /** How often the services still end there. */
  unprovenTimes = Infinity;
  /** A person is asked, and says no. */
  isAsked = false;
  /** The files that were written or created. */
  noted: string[] = [];
  #ids = 0;
  /** The nodes that the last ticket named. */
  #known: string[] = [];

  set config(text: string) {
    for (const world of Object.values(this.worlds)) world.config = text;
  }

  /** `nas`: the saved host that nas is. */
  constructor(nas = "vm-without-gpu") {
    this.worlds = { box: new World(config, "vm-without-gpu"), nas: new World(config, nas) };
    this.worlds.nas.disk.set("/proc/sys/kernel/random/boot_id", "boot of nas\n");
    for (const world of Object.values(this.worlds)) {
      world.answers["sh -c for path in /sys"] = {
        out: "interface br0 bridge up -\ninet br0 192.168.1.9/24\naddresses\nend\n",
      };
    }
  }

  swarm(name: "box" | "nas") {
    const world = this.worlds[name];
    return parseState(world.disk.get(`${world.folder}/state.json`) ?? "{}").swarm;
  }

  /** Runs a command line on both hosts. */
  async run(name: string, words: string[] = [], set: Partial<Options> = {}) {
    this.calls = [];
    this.seen = [];
    const { shell, printed, said } = fakeShell();
    if (this.isAsked) Object.assign(shell.terminal, { in: true, out: true, err: true });
    const here = this.isBoxHere
      ? this.#shell("box", shell)
      : Object.assign(Object.create(shell) as Shell, { read: this.worlds.box.context([]).shell.read });
    const context = { shell: here, options: { ...options, yes: true, ...set }, args: words, passthroughArgs: [] };
    const file = this.worlds.box.disk.get(`${process.cwd()}/homelab-gpu.yaml`)!;
    const code = await onEachHost(
      commands[name]!,
      name,
      context,
      parseConfig(file),
      ({ name, login }, lane) =>
        this.dead.includes(name)
          ? Promise.reject(new UserError(`ssh cannot reach ${login}`, 1))
          : Promise.resolve(this.#shell(name as "box" | "nas", lane)),
    ).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      said.push(error.message);
      return error.code;
    });
    this.seen.push(...printed, ...said);
    return { code, text: [...printed, ...said].join("") };
  }

  #shell(host: "box" | "nas", lane: Shell): Shell {
    const world = this.worlds[host];
    const { shell } = world.context([], { yes: true });
    const note = (command: string[]) => {
      const words = command.join(" ");
      this.seen.push(words);
      const inVm = /^ssh -F ssh\/(\S+) .*?'?sudo (?:env \S+ )?sh -s -- (.*)$/.exec(words);
      if (
        inVm && /^(runtime|start|ticket|facts|join|label|drain|remove|leave|homelab-gpu-swarm|--keep)/.test(inVm[2]!)
      ) {
        this.calls.push(`${host}: ${inVm[1]}: ${inVm[2]}`);
      }
      if (/remove-vm|join-swarm/.test(words)) {
        this.calls.push(`${host}: ${words.replace(/(remove-vm\.sh \S+).*/, "$1")}`);
      }
      return inVm;
    };
    return {
      ...shell,
      stdout: (text) => lane.stdout(text),
      stderr: (text) => lane.stderr(text),
      confirm: (question) => lane.confirm(question),
      terminal: lane.terminal,
      create: (path, text) => {
        this.noted.push(path);
        return shell.create(path, text);
      },
      write: async (path, text, mode) => {
        this.noted.push(path);
        this.seen.push(text);
        await shell.write(path, text, mode);
      },
      capture: async (command, settings) => {
        const inVm = note(command);
        if (!inVm || command.includes("bash")) return await shell.capture(command, settings);
        assert.is(settings?.cwd, world.folder);
        return this.#docker(inVm[1]!, inVm[2]!, settings?.input ?? "");
      },
      run: async (command, settings) => {
        const inVm = note(command);
        const [, , mode, vm] = command;
        if (command[1] === "scripts/remove-vm.sh") this.#removed(command[2]!);
        if (command[1] === "scripts/join-swarm.sh" && mode === "alone") this.#docker(vm!, "leave", "");
        if (inVm && this.refused !== undefined && inVm[2]!.startsWith(this.refused)) {
          return { code: 1, tail: ["refused"] };
        }
        const result = await shell.run(command, settings);
        const said = settings.output === undefined ? undefined : world.disk.get(settings.output);
        const ended = said?.replace(/^(service:\S+) running 0/gm, "$1 exited 3");
        if (host === this.unproven && ended !== said && this.unprovenTimes-- > 0) {
          world.disk.set(settings.output!, ended!);
        }
        return result;
      },
    };
  }

  #removed(name: string) {
    const { swarm, id } = this.engines.get(name) ?? {};
    if (swarm && id && swarm.nodes.has(id)) swarm.nodes.get(id)!.down = true;
    this.engines.delete(name);
  }

  /** What swarm-node.sh answers in a VM. */
  #docker(name: string, line: string, input: string) {
    const answer = (out = "", err = "") => ({ ok: true, code: 0, out, err });
    const fail = (err: string) => ({ ok: false, code: 1, out: "", err: `swarm-node: ${err}\n` });
    const [mode, ...words] = line.split(" ");
    const engine = this.engines.get(name) ?? { cards: name === "web" ? 1 : 0 };
    this.engines.set(name, engine);
    if (this.refused !== undefined && `${name}: ${line}`.startsWith(this.refused)) return fail("refused");
    if (mode === "start" && !engine.swarm) {
      engine.id = `m${++this.#ids}`;
      engine.swarm = { nodes: new Map([[engine.id, { labels: "" }]]) };
    }
    const nodes = engine.swarm?.nodes;
    if (mode === "ticket") {
      if (!nodes) return fail("this node is not a manager of a Swarm (its state is inactive)");
      this.#known = [...nodes.keys()];
      const ids = this.#known.map((id) => `node:${id}\n`).join("");
      return answer(`address:192.168.1.50\n${ids}token:${token}\n`);
    }
    if (mode === "facts") return answer(`id:${engine.id ?? "-"}\ncards:${engine.cards}\n`);
    if (mode === "join") {
      if (engine.id !== undefined) return fail("this guest is already in another Swarm");
      assert.is(input.split("\n")[0], `token=${token}`);
      const swarm = this.engines.get("llm")!.swarm!;
      assert.equal(words, ["192.168.1.50", ...this.#known]);
      engine.id = `w${++this.#ids}`;
      engine.swarm = swarm;
      swarm.nodes.set(engine.id, { labels: "" });
      return answer("", `swarm-node: joined with ${token}\n`);
    }
    if (mode === "label") {
      if (input.startsWith("KEEP=") && input.split("\n")[0]!.includes("CHECK=yes")) {
        // docker node inspect fails for a node that it does not know
        if (words.some((word) => !nodes!.has(word.split("=")[1]!))) return fail("no such node");
        const isSame = words.every((word) => {
          const [of, id, cards] = word.split("=");
          return nodes!.get(id!)?.labels === `${of} ${cards}`;
        });
        return answer(isSame && [...nodes!.values()].every(({ down }) => !down) ? "" : "change\n");
      }
      for (const word of words) {
        const [of, id, cards] = word.split("=");
        assert.ok(nodes!.has(id!), `${of} is a node`);
        nodes!.get(id!)!.labels = `${of} ${cards}`;
      }
      for (const [id, { down }] of nodes!) {
        if (down && words.every((word) => !word.includes(`=${id}=`))) nodes!.delete(id);
      }
    }
    if (mode === "remove") nodes!.delete(words[0]!);
    if (mode === "leave") {
      delete engine.id;
      delete engine.swarm;
    }
    return answer();
  }
}

export const text = (found: { text: string }) => found.text;

export const third = config.replace(
  "services:",
  "  - {name: db, host: nas, box: lab/y, cpus: 1, network: {lan: br0}}\nservices:",
);
