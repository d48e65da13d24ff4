// Two other hosts for configs with machines on several: two OpenSSH servers on 127.0.0.1, each with its own port, host
// key, home folder and boot ID; Vagrant, libvirt and the VMs' ssh are stand-ins.
import { execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { idFiles } from "../../lib/host/host-id.mts";
import { root, standIns } from "../fake.mts";
import { type SshServer, startSshd } from "../sshd.mts";
import { starting } from "../start.mts";
import { programs } from "../sweep/lab.mts";

/** The machine of each host, and that of this one. */
export const machines = { one: "alpha", two: "beta", here: "gamma" };

/** The names of the other hosts. */
export const names = ["one", "two"] as const;

export const machine = (name: string, host = "", more = "cpus: 2") =>
  `  - {name: ${name}, ${host}box: lab/x, memory: 1024, ${more}}\n`;
export const hostLines = "hosts: {one: {ssh: one}, two: {ssh: two}}\nmachines:\n";
/** A config with a machine on each of the two hosts. */
export const two = `${hostLines}${machine("alpha", "host: one, ")}${machine("beta", "host: two, ")}`;

/** What differs from stand-ins of an ordinary lab. */
export interface Setting {
  /** More stand-ins, or others, by the machine of their host. */
  more?: (machine: string) => Record<string, string>;
  /** Paths that are files or folders of a host's own, by its folder. */
  mounts?: (folder: string) => Record<string, string>;
}

/** How a command ended. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export type TwoHosts = Awaited<ReturnType<typeof twoHosts>>;

/** The stand-ins of a host with that machine, whose VM is a file in the host's folder. */
function standInsIn(folder: string, machine: string, more: Record<string, string>): string {
  for (const name of ["domains", "hold"]) mkdirSync(`${folder}/${name}`, { recursive: true });
  const set = `[ ! -e '${folder}/broken' ] || { echo "$0 is broken" >&2; exit 9; }\n` +
    `DOMAINS='${folder}/domains'; HOLD=$(cat '${folder}/held' 2>/dev/null)\n`;
  const texts = Object.entries({ ...programs, ...more }).map(([name, text]) => [
    name,
    (name === "vagrant" ? set : set.replace(/.*\n/, "")) +
    text.replace("head -n 3000", "head -n 3").replaceAll("machines/a/", `machines/${machine}/`)
      .replaceAll('$prefix"a', `$prefix"${machine}`).replace("Host a\\n", `Host ${machine}\\n`),
  ]);
  return standIns(folder, Object.fromEntries(texts)).PATH!;
}

/** Starts the hosts; the folder `lab` has the config on this side. */
export async function twoHosts({ more = () => ({}), mounts = () => ({}) }: Setting = {}) {
  const work = mkdtempSync(join(tmpdir(), "homelab-gpu-several-"));
  const file = (name: string) => join(work, name);
  const servers = new Map<string, SshServer>();
  for (const folder of ["home", "lab", "here", ...names]) mkdirSync(file(folder), { recursive: true });
  for (const name of names) {
    const folder = file(name);
    const path = `${standInsIn(folder, machines[name], more(machines[name]))} HOME=${folder}`;
    writeFileSync(`${folder}/boot_id`, `${randomUUID()}\n`);
    const own = { [idFiles.boot]: `${folder}/boot_id`, ...mounts(folder) };
    const server = await startSshd(folder, ["other"], path, [], own);
    server.known("known", "host");
    server.known("changed", "other");
    servers.set(name, server);
  }
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  const path = standInsIn(file("here"), machines.here, more(machines.here));
  const vmSsh = readFileSync(`${file("here")}/bin/ssh`, "utf8").replace(/^#!.*\n/, "");
  // the ssh of this machine reaches hosts; to a VM it is a stand-in
  writeFileSync(
    `${file("here")}/bin/ssh`,
    `#!/bin/sh\ncase " $* " in *" -F ssh/"*) ;; *) echo "$*" >>'${file("sshs")}'; ` +
      `exec ${ssh} -F '${file("ssh_config")}' "$@" ;; esac\n${vmSsh}`,
    { mode: 0o755 },
  );
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: path, HOME: file("home"), XDG_CONFIG_HOME: file("none") };
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR", "VAGRANT_HOME"]) delete env[name];

  /** Starts a command in the folder of the config. */
  function start(...words: string[]) {
    const child = spawn(process.execPath, [...starting, `${root}/homelab-gpu.mts`, ...words], {
      cwd: file("lab"),
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => out += String(chunk));
    child.stderr.on("data", (chunk) => err += String(chunk));
    const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, out, err })));
    return { child, ended, err: () => err };
  }

  const hosts = {
    ...{ file, env, servers, start },
    run: (...words: string[]): Promise<Ended> => start(...words).ended,
    /** Runs a command with a terminal of 80 columns, on which `typed` is typed; gives all that it shows. */
    async typing(typed: string, ...words: string[]): Promise<string> {
      const command = [process.execPath, ...starting, `${root}/homelab-gpu.mts`, ...words].join(" ");
      const child = spawn("script", ["-qec", `stty cols 80 rows 40; exec ${command}`, "/dev/null"], {
        cwd: file("lab"),
        env: { ...env, TERM: "xterm", HOMELAB_GPU_COMMAND: "homelab-gpu", NO_COLOR: "1" },
        stdio: ["pipe", "pipe", "inherit"],
      });
      let out = "";
      child.stdout.on("data", (chunk) => out += String(chunk));
      child.stdin.write(typed);
      await new Promise((resolve) => child.on("close", resolve));
      return out.replaceAll("\r\n", "\n");
    },
    config: (text: string) => writeFileSync(file("lab/homelab-gpu.yaml"), text),
    /** Writes the client's configuration; `ports` and `known` replace those of a host. */
    client(ports: Record<string, number> = {}, known: Record<string, string> = {}, lines = "") {
      const entry = (name: string) =>
        `Host ${name}\n  HostName 127.0.0.1\n  Port ${ports[name] ?? servers.get(name)!.port}\n` +
        `  IdentityFile ${file(`${name}/user`)}\n  IdentitiesOnly yes\n` +
        `  UserKnownHostsFile ${file(`${name}/${known[name] ?? "known"}`)}\n  GlobalKnownHostsFile none\n`;
      writeFileSync(file("ssh_config"), names.map(entry).join("") + lines);
    },
    end() {
      for (const { process } of servers.values()) process.kill();
      rmSync(work, { recursive: true, force: true });
    },
  };
  hosts.client();
  hosts.config(two);
  return hosts;
}
