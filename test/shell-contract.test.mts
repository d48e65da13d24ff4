// The cases of shell-contract.mts on the shell of this machine.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import { realShell } from "../lib/run/shell.mts";
import { contract } from "./shell-contract.mts";

const test = suite("the contract of a shell");
const shell = realShell();

for (const [name, act] of Object.entries(contract)) {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), "homelab-gpu-contract-"));
    try {
      await act(shell, folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test.run();
