// A host for commands whose machines are on another one: this machine, through an OpenSSH server on 127.0.0.1, where
// Vagrant, libvirt and the VM's ssh are stand-ins. On this side, none of them may be called.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { root, standIns } from "../fake.mts";
import { type SshServer, startSshd } from "../sshd.mts";
import { starting } from "../start.mts";
import { programs } from "../sweep/lab.mts";

/**
 * The host, and the folder `lab` with the config on this side. Besides root, `plain` can log in, who has no rights in
 * its home folder.
 */
export interface FarHost {
  server: SshServer;
  /** The folder of the lab there. */
  lab: string;
  /** A path of the test. */
  file(name: string): string;
  /** Writes the client's configuration for gpubox: a file of known host keys, and more lines. */
  client(known: string, more?: string): void;
  /** Writes the config. */
  config(text: string): void;
  /** Starts a command; `said` is what it printed so far. */
  start(...words: string[]): Started;
  /** Runs a command like `run` in a lab on this machine, with the same stand-ins and the same paths below `near`. */
  near(...words: string[]): Promise<Ended>;
  /** Runs a command to its end; `out` is its standard output, `err` its messages, `said` both. */
  run(...words: string[]): Promise<Ended>;
  /** What a command of `run` is started with, and one of `near`. */
  starts: Record<"run" | "near", { cwd: string; env: NodeJS.ProcessEnv }>;
  /** Fails if a program of a lab was started on this side. */
  nothingRanHere(): void;
  end(): void;
}

/** A command that runs. */
export type Started = ReturnType<typeof startIn>;

/** A command that has ended. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
  said: string;
}

function startIn(folder: string, env: NodeJS.ProcessEnv, words: string[]) {
  const child = spawn(process.execPath, [...starting, `${root}/homelab-gpu.mts`, ...words], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err, said] = ["", "", ""];
  child.stdout.on("data", (chunk) => [out += String(chunk), said += String(chunk)]);
  child.stderr.on("data", (chunk) => [err += String(chunk), said += String(chunk)]);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, ended, said: () => said, out: () => out, err: () => err };
}

/** The ssh process of a run that holds the connection to a host. */
export function connectionOf(pid: number, host: string): number {
  const found = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).find((name) => {
    try {
      const [, , parent] = readFileSync(`/proc/${name}/stat`, "utf8").replace(/\(.*\)/s, "x").split(" ").slice(1);
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return Number(parent) === pid && words.includes("-M") && words.some((word) => word.replace(/.*@/, "") === host);
    } catch {
      return false;
    }
  });
  return Number(found);
}

/** Starts the host; `more`: stand-ins there, besides those of test/sweep/lab.mts. */
export async function farHost(more: Record<string, string> = {}): Promise<FarHost> {
  const work = mkdtempSync(join(tmpdir(), "homelab-gpu-hosts-"));
  const file = (name: string) => join(work, name);
  const far = file("far");
  for (const folder of ["far", "far/domains", "far/hold", "lab", "home"]) mkdirSync(file(folder));
  const standInsIn = (folder: string) => {
    const set = `DOMAINS='${folder}/domains'; HOLD=$(cat '${folder}/held' 2>/dev/null)\n`;
    const texts = Object.entries({ ...programs, ...more }).map(([name, text]) => [
      name,
      set + text.replace("head -n 3000", "head -n 30"),
    ]);
    return standIns(folder, Object.fromEntries(texts));
  };
  const path = standInsIn(far).PATH!;
  const server = await startSshd(work, ["other"], `${path} HOME=${far}`, [`plain:x:4242:4242::${far}:/bin/sh`]);
  server.known("known", "host");
  server.known("changed", "other");
  writeFileSync(file("none"), "");
  const ssh = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  const never = `echo "$0 $*" >>'${file("calls")}'; exit 99`;
  const env = standIns(work, {
    ssh: `echo "$*" >>'${file("sshs")}'; exec ${ssh} -F '${file("ssh_config")}' "$@"`,
    ...{ virsh: never, vagrant: never, packer: never },
  });
  Object.assign(env, { HOME: file("home"), XDG_CONFIG_HOME: file("none") });
  for (const name of ["NODE_OPTIONS", "FORCE_COLOR"]) delete env[name];
  const start = (...words: string[]) => startIn(file("lab"), env, words);
  const near = file("near/homelab-gpu/lab");
  for (const folder of [near, file("near/domains")]) mkdirSync(folder, { recursive: true });
  const nearEnv = { ...env, PATH: standInsIn(file("near")).PATH, HOME: file("near"), VAGRANT_HOME: undefined };
  const ended = async (one: Started): Promise<Ended> => ({
    code: await one.ended,
    said: one.said(),
    out: one.out(),
    err: one.err(),
  });
  const host: FarHost = {
    ...{ server, file, start },
    lab: join(far, "homelab-gpu/lab/.homelab-gpu"),
    starts: { run: { cwd: file("lab"), env }, near: { cwd: near, env: nearEnv } },
    client: (known, more = "") =>
      writeFileSync(
        file("ssh_config"),
        `Host gpubox\n  HostName 127.0.0.1\n  Port ${server.port}\n  IdentityFile ${file("user")}\n` +
          `  IdentitiesOnly yes\n  UserKnownHostsFile ${file(known)}\n  GlobalKnownHostsFile none\n${more}`,
      ),
    config: (text) => writeFileSync(file("lab/homelab-gpu.yaml"), text),
    run: (...words) => ended(start(...words)),
    async near(...words) {
      const text = readFileSync(file("lab/homelab-gpu.yaml"), "utf8");
      writeFileSync(`${near}/homelab-gpu.yaml`, text.replace(/^hosts: .*$/m, "").replaceAll("host: gpubox, ", ""));
      return await ended(startIn(near, nearEnv, words));
    },
    nothingRanHere: () => {
      const calls = existsSync(file("calls")) ? readFileSync(file("calls"), "utf8") : "";
      assert.is(calls, "", "no program of a lab runs here");
    },
    end() {
      server.process.kill();
      rmSync(work, { recursive: true, force: true });
    },
  };
  host.client("known");
  return host;
}
