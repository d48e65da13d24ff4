import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { composeFile } from "../lib/compose.mts";

const test = suite("compose");
const of = (body: Record<string, unknown>, gpu?: number | "all") =>
  parse(composeFile([{ name: "web", machine: "a", body, ...(gpu ? { gpu } : {}) }])).services.web;

test("lets `$` stand for itself, and `$$` be what it is to Compose", () => {
  assert.equal(of({ image: "x", command: "echo $HOME ${A:-b} $$PID", labels: ["${"] }), {
    image: "x",
    command: "echo $$HOME $${A:-b} $$PID",
    labels: ["$${"],
  });
});

test("keeps texts that YAML 1.1 would take for something else", () => {
  const environment = { A: "yes", B: "1e3", C: "0042", D: "12:30", E: "a\nb", F: "#{x}", G: null, H: true, I: "~" };
  const text = composeFile([{ name: "web", machine: "a", body: { environment } }]);
  assert.equal(parse(text, { version: "1.1" }).services.web.environment, environment);
});

test("reserves GPUs in Compose's own form, beside what the service reserves itself", () => {
  assert.equal(of({ image: "x" }, 2).deploy, {
    resources: { reservations: { devices: [{ driver: "nvidia", count: 2, capabilities: ["gpu"] }] } },
  });
  const own = {
    replicas: 1,
    resources: { limits: { cpus: "1" }, reservations: { memory: "1G", devices: [{ driver: "cdi" }] } },
  };
  assert.equal(of({ deploy: own }, "all").deploy, {
    replicas: 1,
    resources: {
      limits: { cpus: "1" },
      reservations: {
        memory: "1G",
        devices: [{ driver: "cdi" }, { driver: "nvidia", count: "all", capabilities: ["gpu"] }],
      },
    },
  });
});

test("writes a file without services too", () => {
  assert.is(composeFile([]), "services: {}\n");
});

test.run();
