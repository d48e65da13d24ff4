import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

/** Words of containers and of their start scripts, and Compose's prefix of a line. */
export const serviceWords = new RegExp(
  `${dockerWords.source}|exited with code|entrypoint|Restarting \\(|cont-init|volume permissions|` +
    "\\[(?:migrations|ls\\.io-init|custom-init)\\]|['\" ]/config/|" +
    "(?<!vfio-|hooks\\/.{0,40})(?:run|start|init|setup)[\\w-]{0,16}\\.(?:ba)?sh\\b|/home/node/|/usr/src/app\\b|" +
    "\\b(?:ComfyUI|vllm|sglang|tritonserver|grpc_server\\.cc|text_generation|frigate|jellyfin|plex\\b|" +
    "immich|invokeai|whisper|uvicorn|gunicorn|gradio|LocalAI|open.webui|zmq\\.error)|" +
    "bind (?:to address http|on address)|Connection in use: \\(|" +
    "^(?:\\d{4}-\\d\\d-\\d\\d[T ]\\S{8,30} )?\\[?[\\w.-]{2,60}\\]? {1,30}\\| ",
  "im",
);
const owner = guestFix("Check the owner and mode of the folder, as numbers", "ls -ln FOLDER");
const numbers = "Give it to the service's user: chown -R 1000:1000 FOLDER (the numbers of user:, PUID and PGID, or " +
  "of the image)";
const share = "A share (NFS, SMB) sets the owner at its mount; SELinux: add :Z to the volume";
const startLog = guestFix("Read the start from its first line", "docker compose logs --no-color SERVICE");

/** What a shell and the commands of a start script in a container say: about files, variables and other commands. */
export const scriptLineFailures = (): Failure[] =>
  rows({
    layer: "docker",
    near: serviceWords,
    shared: true,
    source: "Bash 5.2, Dash 0.5, GNU coreutils 9, BusyBox 1.36; omegaup/omegaup#9395 (2026-03), " +
      "geotrellis/geodocker-cluster#57 (2016-07), askalf/dario#261 (2026-05)",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:chown|chmod|chgrp): (?:changing (?:ownership|permissions|group) of|cannot access) ['"][^'"]{1,200}['"]: (?:Operation not permitted|Permission denied)/,
        /(?:chown|chmod|chgrp): \/[^:\n]{1,200}: (?:Operation not permitted|Permission denied)/,
      ),
      "the service is not allowed to change the owner or mode of a file: it does not start as root, its " +
      "capabilities CHOWN and FOWNER are dropped (cap_drop:), or the volume is a share that does not allow it",
      owner,
      "With cap_drop: [ALL]: cap_add: [CHOWN, FOWNER, DAC_OVERRIDE, SETUID, SETGID]",
      "A share (NFS, SMB): set the owner at its mount, and give the service that user (PUID, PGID or user:)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:touch|cp|mv|ln|install|mktemp|mkfifo|rmdir|sed|tar): (?:cannot|can't|couldn't|failed to) [^\n]{1,200}: Permission denied/,
        /(?:touch|cp|mv|ln|install|mkdir|tee|cat|rsync): \/(?!\w{3}\/(?:\w{3}\/)?libvirt)[^:\n]{1,200}: Permission denied/,
        /Wrong volume permissions\?/,
      ),
      "a command of the service's start is not allowed to use a file or folder: most often its volume belongs to " +
      "another user than the one the service runs as",
      owner,
      numbers,
      share,
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /(?:\.sh|\.bash|entrypoint): line \d{1,4}: \/[^:\n]{1,160}: Permission denied/,
        /(?:\.sh|\.bash|entrypoint): \d{1,4}: (?:cannot create )?\/[^:\n]{1,160}: Permission denied/,
      ),
      "a start script is not allowed to write to the file that its line names, or, if that is a program, may not " +
      "run it",
      owner,
      numbers,
      share,
      "A program or script: chmod +x, and no volume that is mounted without execution (noexec)",
    ],
    [
      "host.disk",
      "cause",
      anyOf(
        /(?:cp|mv|tee|touch|mkdir|dd|cat|sed|unzip|wget|install|ln|gzip): [^\n]{1,240}: No space left on device/,
        /(?:\.sh|\.bash|entrypoint): (?:line )?\d{1,4}: [^\n]{1,200}: No space left on device/,
      ),
      "the disk (or tmpfs) that the service writes to is full",
      guestFix("Check which", "df -h"),
      guestFix("Check what Docker holds", "docker system df"),
    ],
    [
      "host.memory",
      "cause",
      /(?<!sigquit from a child proces[^]{0,300}): line \d{1,4}: \d{1,8} Killed\b(?! (?:modprobe|"?\/etc\/libvirt\/hooks))/,
      "a program that a start script ran was killed: most often the memory of the container or machine ran out",
      guestFix("Check whether the kernel ended it", "sh -c 'dmesg | grep -i -A3 \"out of memory\"'"),
      "Give the machine more (memory:), raise the service's limit, or use a smaller model or fewer workers",
    ],
    [
      "verify.service",
      "cause",
      /: line \d{1,4}: \d{1,8} Bus error\b/,
      "a program that a start script ran could not get a page of a file or of shared memory: /dev/shm of the " +
      "container (64 MiB by default) or its disk is full, or a mapped file was cut",
      "Write shm_size: 8gb (or ipc: host) for that service",
      guestFix("Check what is full", "df -h"),
    ],
    [
      "verify.service",
      "symptom",
      /: line \d{1,4}: \d{1,8} (?:Segmentation fault|Aborted|Floating point exception|Trace\/breakpoint trap)\b/,
      "the program that the start script's line names crashed; the script only reports it, and its own last lines " +
      "before say more, if anything does",
      startLog,
      "Undo the last change (a new extension or custom node, another image tag), which is what most often crashes it",
      "If it happens in several programs: test the machine's memory, and undo overclocking",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /: (?:line )?\d{1,4}: \w{1,60}: (?:unbound variable|parameter (?:null or )?not set)/,
        /: (?:line )?\d{1,4}: \w{1,60}: (?:must be set|is required)/,
      ),
      "a start script needs an environment variable that is not set; its line names it",
      "Set it for that service (environment: or .env), and create the container again",
    ],
    [
      "guest.image",
      "fallback",
      /(?:\.sh|\.bash|entrypoint): (?:line )?\d{1,4}: (?!nvidia-smi)[+\w.-]{2,40}: (?:command )?not found/,
      "a start script runs a command, which the line names, that is not in the image",
      "Install its package in the image, or correct its name or PATH",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /(?:\.sh|\.bash|entrypoint): (?:line )?\d{1,4}: [^\n]{1,160}: No such file or directory/,
        /(?:\.sh|\.bash|entrypoint): (?:line )?\d{1,4}: (?:\.: )?can't open '?\//,
      ),
      "a start script does not find the file or program that its line names: a container has only what is in its " +
      "image and in volumes:",
      "Mount it (volumes:) at that path, or correct the path; a file must exist on the machine before it is mounted",
      startLog,
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /(?:setpriv|gosu|su-exec|runuser|chroot): [^\n]{1,80}: Operation not permitted/,
        /error: failed switching to ['"]?[\w.-]{1,40}['"]?: operation not permitted/,
      ),
      "the start script is not allowed to change to its user: the container does not start as root, or lacks the " +
      "capabilities SETUID and SETGID (cap_drop:)",
      "Remove user: of that service and give the user by PUID and PGID, or cap_add: [SETUID, SETGID]",
    ],
  ]);

/** Errors of programs in a container, by the head that their language gives them. */
export const programLanguageFallbacks = (): Failure[] =>
  rows({
    layer: "image",
    near: serviceWords,
    source: "Go, Rust, Node.js, Java, .NET, PHP (what they print about an error that nothing handles), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      anyOf(
        /^panic: (?!\()[^\n]{4}/,
        /^fatal error: (?:all goroutines are asleep|runtime: out of memory|stack overflow)/,
        /thread '[^'\n]{1,60}' (?:\(\d{1,9}\) )?panicked at/,
        /^Unhandled exception\. \w|^Unhandled Exception: System\./,
        /Exception in thread "[^"\n]{1,40}" [\w.]{4,120}/,
        /Uncaught (?:\w{0,24}Exception|\w{0,20}Error): |PHP Fatal error: /,
        /^Error: Cannot find (?:module|package) '\S{1,160}'|ERR_MODULE_NOT_FOUND/,
        /UnhandledPromiseRejection/,
      ),
      "the program ended with an error of its own, which that line or the next names: most often a " +
      "setting, a file or another service that is missing",
      startLog,
      "Compare its settings (environment:, volumes:) with the example of the same release as the image's",
    ],
  ]);
