// An OpenSSH server of the test's own on 127.0.0.1, which lets root log in with a key. It needs root.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { root } from "./fake.mts";
import { until } from "./until.mts";

/** A running server. */
export interface SshServer {
  process: ChildProcess;
  port: number;
  /** Writes a file of known hosts with this key pair as the server's. */
  known(name: string, key: string): void;
}

/** A port on which nothing listens. */
export const freePort = () =>
  new Promise<number>((resolve) => {
    const one = createServer().listen(0, "127.0.0.1", () => {
      const { port } = one.address() as { port: number };
      one.close(() => resolve(port));
    });
  });

/**
 * Starts a server in a folder, which gets its files: the key pairs `host`, the server's, and `user`, which
 * may log in, and those of `more`. `path`: the PATH of its sessions, in place of the system's. `accounts`: more
 * lines of passwd(5), for logins that exist only there. `mounts`: files and folders that its sessions see at other
 * paths: the path that they see, and the real one.
 */
export async function startSshd(
  work: string,
  more: string[] = [],
  path?: string,
  accounts: string[] = [],
  mounts: Record<string, string> = {},
): Promise<SshServer> {
  const file = (name: string) => join(work, name);
  const tree = execFileSync("sh", [`${root}/test/tools/sshd.sh`], { encoding: "utf8" }).trim();
  for (const key of ["host", "user", ...more]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(key)]);
  }
  writeFileSync(file("authorized_keys"), readFileSync(file("user.pub")));
  // the server wants a user of its own and the folder /run/sshd; both exist only in its mount namespace
  writeFileSync(
    file("passwd"),
    `${readFileSync("/etc/passwd", "utf8")}sshd:x:65533:65534::/run/sshd:/bin/false\n` +
      accounts.map((line) => `${line}\n`).join(""),
  );
  writeFileSync(
    file("start.sh"),
    `set -eu
${Object.entries(mounts).map(([seen, real]) => `mount --bind '${real}' '${seen}'\n`).join("")}mount --bind '${
      file("passwd")
    }' /etc/passwd
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd
export LD_LIBRARY_PATH="$(dirname "$(find '${tree}' -name 'libwrap.so.0')")"
exec '${tree}/usr/sbin/sshd' -D -e -f '${file("sshd_config")}'
`,
  );
  chmodSync(work, 0o755);
  let port = 0;
  let server: ChildProcess | undefined;
  await until("the ssh server", async () => {
    if (server && server.exitCode === null) {
      return existsSync(file("log")) && /Server listening/.test(readFileSync(file("log"), "utf8"));
    }
    port = await freePort();
    writeFileSync(
      file("sshd_config"),
      `ListenAddress 127.0.0.1\nPort ${port}\nHostKey ${file("host")}\n` +
        `AuthorizedKeysFile ${file("authorized_keys")}\n` +
        "PidFile none\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n" +
        `StrictModes no\n${path === undefined ? "" : `SetEnv PATH=${path}\n`}`,
    );
    // it ends with this process
    server = spawn("setpriv", [
      ...["--pdeathsig", "TERM", "unshare", "--mount", "--propagation", "private", "sh", "-c"],
      `exec sh '${file("start.sh")}' 2>'${file("log")}'`,
    ], { stdio: "ignore" });
    return false;
  });
  return {
    process: server!,
    port,
    known: (name, key) => writeFileSync(file(name), `[127.0.0.1]:${port} ${readFileSync(file(`${key}.pub`), "utf8")}`),
  };
}
