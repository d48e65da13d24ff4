import type { Failure } from "../types.mts";
import { manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const off = manualFix("Or turn the folder off: config.vm.synced_folder '.', '/vagrant', disabled: true");

/** Errors of rsync where Vagrant runs it for a shared folder. */
export const syncFailures = (): Failure[] =>
  rows({
    layer: "provider",
    near: /vagrant|==> [\w-]{1,40}: |synced.folder|Guest path: /i,
    shared: true,
    source: "rsync 3; hashicorp/vagrant#7773 (2016-09), #8512 (2017-11), #10517 (2018-12)",
  }, [
    [
      "tools.present",
      "cause",
      /rsync: (?:\[sender\] )?Failed to exec ssh: No such file/,
      "rsync finds no ssh on this machine, by which it reaches the VM",
      "Install OpenSSH's client; on Windows use ssh and rsync of one package (both of MSYS2, Cygwin or WSL)",
      off,
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /rsync: (?:\[\w{6,9}\] )?(?:mkstemp|mkdir|chgrp|chown|rename|delete_file: unlink|recv_generator: mkdir)\S{0,2} .{1,200}: (?:Permission denied|Operation not permitted)/,
        /rsync: (?:\[\w{6,9}\] )?(?:opendir|send_files failed to open) .{1,200}: Permission denied/,
      ),
      "rsync is not allowed to write in the guest's folder, or may not read a file of the shared one",
      "Share into a folder of the VM's user (/vagrant, /home/vagrant/x), or set rsync__rsync_path: 'sudo rsync'",
      "Check which local file your user is not allowed to read, and leave it out: rsync__exclude: ['PATH']",
      off,
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /rsync: connection unexpectedly closed \(0 bytes received/,
        /rsync error: error in rsync protocol data stream \(code 12\)/,
      ),
      "rsync's connection to the VM was refused or ended: the VM does not take Vagrant's key from rsync's ssh, has " +
      "no rsync, or prints text at login",
      "Install rsync in the guest; on Windows use ssh and rsync of one package; see that vagrant ssh works",
      off,
    ],
  ]);
