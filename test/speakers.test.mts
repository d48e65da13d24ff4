// Who wrote the lines of a log of several programs.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { likelyCauses } from "../lib/verify/failures/index.mts";
import { speakerOf } from "../lib/verify/failures/speakers.mts";

const test = suite("speakers");

test("reads the writer of a line of the journal and of Compose", () => {
  for (
    const [line, speaker] of [
      ["Dec 04 16:58:53 lab autorandr[3960]: Failed", "autorandr"],
      ["ao\u00fbt 25 19:38:05 lab ospd-openvas[982]: error", "ospd-openvas"],
      ["2026-10-14T11:24:04.035031+08:00 lab kernel: [    4.027272] amdgpu", "kernel"],
      ["10\u6708 04 16:58:53 lab dockerd[39]: error", "dockerd"],
      ["web-1    | GET /", "web-1"],
      ["nvidia 0000:01:00.0: BAR 0: error", undefined],
    ] as const
  ) assert.is(speakerOf(line), speaker, line);
});

test("the lines of a desktop's programs have no causes", () => {
  const journal = `Dec 04 16:56:59 lab libvirtd[689]: Domain devlab started on virbr0, nvidia
Dec 04 16:58:53 lab autorandr[3960]: Failed to load profile 'default': Profile not found (line 1502)
Dec 04 16:58:54 lab lxd[396]: instance devlab is running
Dec 13 11:48:32 lab bamfdaemon[282720]: cannot open display: :0
Sep 24 08:33:57 lab google-chrome.desktop[21366]: libva error: vaGetDriverNameByIndex() failed with unknown libva error`;
  assert.equal(likelyCauses(journal).map(({ message }) => message), []);
});

test("a service of Compose can have the name of a desktop's program", () => {
  for (const service of ["code-1", "steam-headless", "telegram-bot-1", "cups"]) {
    const [cause] = likelyCauses(`${service}  | Error: listen EADDRINUSE: address already in use 0.0.0.0:8080`);
    assert.match(`${cause?.message}`, /has the port/, service);
  }
});

test("the line of another service is no context", () => {
  const logs = (service: string) =>
    `chat-1    | loading the incus client\n${service.padEnd(10)}| Error: Profile not found`;
  assert.is(likelyCauses(logs("chat-1")).length, 1);
  assert.is(likelyCauses(logs("web-1")).filter(({ message }) => /Incus/.test(message)).length, 0);
});

test("a line of a program that writes about others takes their lines as context", () => {
  const journal = (program: string) =>
    `Dec 04 16:58:53 lab chat[3]: loading the incus client\n` +
    `${"Dec 04 16:58:54 lab ok[4]: ready\n".repeat(5)}Dec 04 16:58:55 lab ${program}[5]: Error: Profile not found`;
  const found = (program: string) => likelyCauses(journal(program)).some(({ message }) => /Incus/.test(message));
  assert.equal([found("sudo"), found("web")], [true, false]);
});

test("what a program logged as information comes after its error", () => {
  const logs = (level: string) =>
    `[${level}] Error response from daemon: network web not found\n[ERROR] torch.OutOfMemoryError: CUDA out of memory.`;
  const first = (level: string) => likelyCauses(logs(level)).map(({ number }) => number);
  assert.equal([first("ERROR"), first("INFO")], [[1, 2], [2, 1]]);
});

test.run();
