// The cases of shell-contract.mts on the shell of this machine.
import { suite } from "uvu";
import { realShell } from "../lib/run/shell.mts";
import { contractTests } from "./shell-contract.mts";

const test = suite("the contract of a shell");
const shell = realShell();

contractTests(test, () => shell);

test.run();
