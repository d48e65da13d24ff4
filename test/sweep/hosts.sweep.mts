// Every saved host through whole commands.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkDoctorJson, checkDoctorWithoutConfig, checkPrepareAdvice, checkScreens } from "../every-host.mts";
import { hostNames } from "../hosts.mts";

const test = suite("every host");

test("doctor --json keeps its shape", async () => {
  assert.ok(hostNames.length > 20);
  await checkDoctorJson(hostNames);
});

test("without a config, doctor uses what init would write, and no advice names a missing file", async () => {
  await checkDoctorWithoutConfig(hostNames);
});

test("fits 24 lines with the prompt, and names failures", () => checkScreens(hostNames));

test("no check recommends prepare on a host where prepare refuses", () => {
  assert.ok(checkPrepareAdvice(hostNames) > 0, "prepare refuses on one of them");
});

test.run();
