import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { serviceWords } from "./script-lines.mts";

const log = guestFix("Read its log from the first line", "docker compose logs --no-color SERVICE");
/** Words of containers, and of what they compute with. */
const ended = new RegExp(`${serviceWords.source}|cuda|sycl|\\bxpu\\b|rocm|\\bhip|core dumped`, "im");
/**
 * Not behind FATAL: words of lines after which the program goes on (a count of 0, Git that is asked for a commit,
 * PostgreSQL that ends one connection or is stopped).
 */
const harmless =
  "(?!(?: ERROR)?[: ]{1,3}(?:0 |not a git repository|no (?:names|tags?|annotated tags|upstream|PostgreSQL user) |" +
  "bad revision|[Nn]eeded a single revision|couldn't find remote ref|ambiguous argument|(?:terminating|canceling) |" +
  "connection to client lost|the database system is |unsupported frontend protocol|" +
  "invalid length of startup packet|expected authentication request))";
const init = manualFix("Check which init container waits and why: kubectl describe pod POD");

/** Names of the pods that NVIDIA's GPU Operator makes. */
const operatorPod =
  "(?:gpu-feature-discovery|nvidia-(?:device-plugin|dcgm|operator-validator|cuda-validator|mig-manager))[\\w-]{0,60}";

/** Pods whose init containers wait or fail, in the list of kubectl get pods. */
export const initContainerFailures = (): Failure[] =>
  rows({
    layer: "docker",
    source: "Kubernetes (kubectl's column STATUS), NVIDIA/gpu-operator#1982 (2025-12), #297 (2021-12), read 2026-11",
  }, [
    [
      "verify.service",
      "symptom",
      /\d\/\d{1,2} +Init:(?:Error|CrashLoopBackOff|RunContainerError|CreateContainerError|StartError|OOMKilled|ErrImagePull|ImagePullBackOff)\b/,
      "an init container of that pod fails, so its own containers do not start: the init container's log or the " +
      "pod's events say why",
      init,
      "Read its log: kubectl logs POD -c NAME-OF-THE-INIT-CONTAINER",
      "GPU Operator: in nvidia-operator-validator the first init container that fails names the part: driver, " +
      "toolkit, cuda or plugin",
    ],
    [
      "verify.service",
      "fallback",
      new RegExp(`${operatorPod} +0/\\d{1,2} +Init:\\d{1,2}/\\d`),
      "pods of the GPU Operator wait until the driver and the toolkit of their node are ready",
      "Look at the pods nvidia-driver-daemonset, nvidia-container-toolkit-daemonset and nvidia-operator-validator " +
      "first: the others follow them",
      init,
    ],
  ]);

/** How containers and the programs in them end, where nothing else says why. */
export const containerEndFallbacks = (): Failure[] => [
  ...rows({
    layer: "docker",
    source: "moby/moby (container states), Docker Compose 2; FlowiseAI/Flowise#501 (2023-07), " +
      "kossakovsky/selfhost-ai#87 (2026-07), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      /exited with code 0 \(restarting\)|Restarting \(0\) /,
      "the container ends again and again without an error (code 0): its program has nothing to do or goes into the " +
      "background, and restart: starts it again",
      log,
      "A program that stays: start it in the foreground; a shell: tty: true and stdin_open: true",
      "A task that runs once: restart: 'no' (or on-failure)",
    ],
  ]),
  {
    pattern: /exited with code 0\b(?! \(restarting)|Exited \(0\) |container die \S{10,70} \([^)\n]{0,300}exitCode=0\b/,
    near: new RegExp(`${serviceWords.source}|container die `, "im"),
    check: "verify.service",
    strength: "note",
    layer: "docker",
    fallback: true,
    message: "a container's program ended without an error (code 0), as a task that runs once does",
    fix: [
      manualFix(
        "If the service should stay: its program must run in the foreground (command:, the image's own options)",
      ),
      log,
    ],
    source: "moby/moby (container states), Docker Compose 2, read 2026-11",
  },
  ...rows({
    layer: "docker",
    near: ended,
    shared: true,
    source:
      "libstdc++, s6-overlay 2 (its stage 2), Zap, Log4j, Logrus; mikenye/docker-readsb#1 (2020-04), read 2026-11",
  }, [
    [
      "verify.service",
      "fallback",
      /health check of container \S{1,80}' timed out|timed out waiting for container \S{1,80} to (?:be|become) healthy/,
      "the container runs, and its service did not answer in the time that the tool waits: it still loads its model, " +
      "or its log below says what failed",
      log,
      "Start it once more when the model is downloaded, and with a longer wait",
    ],
    [
      "verify.service",
      "fallback",
      /\[cmd\] \S{1,120} exited [1-9]/,
      "the image's program ended with an error; the lines before it, if any, say why",
      log,
      "Compare its settings (environment:, volumes:, devices:) with the example of the same release",
    ],
    [
      "verify.service",
      "fallback",
      /terminate called after throwing an instance of '(?!c10::|thrust::|at::)[\w:]{3,80}/,
      "the program ended with an exception of C++; the line below it (what():) names the reason, if it has one",
      log,
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /python3?: can't open file '[^'\n]{1,200}'/,
        /can't open file "\/[^"\n]{1,200}": \[Errno 2\]/,
      ),
      "the container's command names a file that is not there: the image or the volume has it elsewhere, or a mount " +
      "hides it",
      "Compare command: and working_dir: with the image's own, and see what the volume puts over that folder",
      guestFix("Check what is there", "docker compose run --rm --entrypoint ls SERVICE -la FOLDER"),
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        /(?:\[Errno -2\] |gaierror: .{0,20}|Error -2 connecting to \S{3,80} )Name or service not known/,
        /(?:\[Errno -[35]\]|Error -[35] connecting to \S{3,80}) (?:Temporary failure in name resolution|No address associated with hostname)/,
        /java\.net\.UnknownHostException: |failed to lookup address information: |SocketException \(\w{8}, 0x\w{8}\): Name or/,
      ),
      "the service does not find another one by its name: that one does not run, is in another network, or the name " +
      "in its settings is wrong",
      guestFix("Check which services run", "docker compose ps --all"),
      "Use the service's name from the Compose file, in one network; a name of the internet: see that containers " +
      "have a name server (dns:)",
    ],
    [
      "verify.service",
      "fallback",
      anyOf(
        new RegExp(`(?:^|[\\dZ\\]] {1,4}|\\| )\\[?FATAL\\]?${harmless}(?: ERROR)?[: ] ?(?=[^\\n]{8})`),
        /\blevel=(?:fatal|panic) (?:msg|error)=/,
        /"(?:level|severity)": ?"(?:fatal|panic)"/,
      ),
      "the program in the container reports an error after which it ends; that line says which",
      log,
      "Compare its settings (environment:, volumes:) with the example of the same release as the image's",
    ],
  ]),
];

/** Pythons that lack a part of themselves, whose program therefore cannot start. */
export const brokenPythonFailures = (): Failure[] =>
  rows({
    layer: "image",
    source: "CPython 3 (Python/pylifecycle.c); kyuz0/amd-strix-halo-toolboxes#63 (2026-02), " +
      "grokuku/stable-diffusion#57 (2024-07), Comfy-Org/ComfyUI#13063 (2026-03), vavo/lora-pilot#8 (2026-01)",
  }, [
    [
      "guest.image",
      "cause",
      /Failed to import encodings module|No module named 'encodings'/,
      "Python does not find its own standard library: PYTHONHOME or PYTHONPATH names another Python (as from the " +
      "host, in distrobox or toolbox), or its files are not whole",
      "Unset both for that program: env -u PYTHONHOME -u PYTHONPATH COMMAND",
      "If the error remains: make the venv or the container again",
    ],
    [
      "guest.image",
      "cause",
      /python[\d.]{0,5}: (?:No module named (?!pip\b)|Error while finding module specification for )\S/,
      "the Python that the command starts does not have that module: it is not installed for that Python; in a " +
      "container, the command takes another Python than the image's own (its venv), or a volume hides it",
      "Compose: leave entrypoint: and command: out, the image starts its program itself; or name the venv's python " +
      "by its path",
      "Elsewhere: install the module for that same Python: PYTHON -m pip install NAME",
    ],
    [
      "guest.image",
      "cause",
      /python[\d.]{0,5}: No module named pip\b|Neither `(?:python -m )?pip` nor `uv` are available/,
      "the Python that the program is started with has no pip: its venv was made without it, is damaged, or is not " +
      "the one that is meant",
      "Remove the venv's folder, and let the program make it again; Debian, Ubuntu: install python3-venv and " +
      "python3-pip first",
      "To add pip to a venv: PATH/bin/python -m ensurepip --upgrade",
    ],
    [
      "guest.cuda",
      "cause",
      /Command '\['\/\S{1,60}(?:gcc|cc|clang)', '.{1,300}\/cuda_utils\./,
      "Triton could not build its helper for CUDA: the image lacks Python's headers (python3-dev), or the linker " +
      "finds no libcuda.so (only libcuda.so.1, as under WSL)",
      "Install python3-dev in the image",
      guestFix("Check which libcuda is installed", "docker compose exec SERVICE sh -c 'ldconfig -p | grep libcuda'"),
      "If only libcuda.so.1: set TRITON_LIBCUDA_PATH to its folder, with a link libcuda.so to it there",
    ],
    [
      "guest.image",
      "cause",
      /CalledProcessError: Command .{0,160}triton.{1,40}cc\.exe/,
      "Triton could not compile its helper: the Python that runs it has no headers and libraries (include, libs), as " +
      "in portable builds, or Triton is of another release than PyTorch",
      "Copy include and libs of the same Python release into its folder, and install the triton-windows that belongs " +
      "to the installed PyTorch",
      "Remove the folder .triton in the user's home, then try again; without Triton: turn SageAttention and " +
      "torch.compile off",
    ],
  ]);
