import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { buildWords } from "../containers/builds.mts";
import { gpuProgramWords } from "./image-builds.mts";
import { rows } from "../rows.mts";

/** Words of builds, and of programs for the GPU. */
const words = new RegExp(
  `${gpuProgramWords.source}|${buildWords.source}|flash.?attn|xformers|sage.?attention|mamba|nvinfer|` +
    "\\bwheels?\\b|\\bpip\\b",
  "i",
);
const own = "Or use the program's own image, whose parts come from one release";

/** What a program's last line names as missing, true for whatever it names: left out where another entry matches. */
export const missingPartFallbacks = (): Failure[] => [
  ...rows({ layer: "image", source: "glibc's loader (2.31 to 2.41), Python, the shells bash and dash, read 2026-11" }, [
    [
      "verify.service",
      "fallback",
      anyOf(
        /error while loading shared libraries: lib(?!llama\.|ggml|mtmd)[+\w.-]{1,60}: cannot open shared/,
        /(?:Import|OS)Error: lib[+\w.-]{1,60}: cannot open shared/,
      ),
      "the program does not start: the library that the line names is not in its image or system, or the loader does " +
      "not look where it is",
      "Install the package that has it (Debian, Ubuntu: apt-get install apt-file, apt-file update, apt-file search " +
      "NAME)",
      "If it is there in another folder: set LD_LIBRARY_PATH to that folder for the service",
      own,
    ],
  ]),
  ...rows({
    layer: "image",
    near: words,
    source: "GNU ld, GCC, CMake 3.31, ninja, pip 25, PyTorch (cpp_extension), read 2026-11",
  }, [
    [
      "guest.image",
      "fallback",
      anyOf(
        /fatal error: [+\w./-]{2,80}\.(?:h(?:pp)?|cuh): No such file/,
        /\/ld: cannot find -l[+\w.-]{2,40}/,
        /By not providing "Find\w{2,30}\.cmake" in CMAKE_MODULE_PATH/,
      ),
      "code is compiled, and a header, library or CMake file that the line names is not in the image",
      "Install the development package that has it (Debian, Ubuntu: apt-file search NAME, then NAME-dev)",
      "Or use a finished wheel or the program's own image",
    ],
    [
      "guest.image",
      "cause",
      /error: can't find Rust compiler|Cargo, the Rust package manager, is not installed or is not on PATH/,
      "pip builds a package that has parts in Rust (tokenizers, safetensors), as it has no finished wheel for this " +
      "Python, and the image has no Rust",
      "Use a Python that the package has wheels for, or its newer release; update pip first",
      "Or install Rust in the image (Debian, Ubuntu: apt-get install cargo rustc)",
    ],
    [
      "guest.image",
      "fallback",
      anyOf(
        /error: metadata-generation-failed|ERROR: Failed building wheel for|Could not build wheels for|Failed to build installable wheels for/,
        /FAILED: \S{1,120}\.cuda\.o\b|ninja: build stopped: subcommand failed|Error compiling objects for extension|'ninja', '-v'\]' returned non-zero/,
        /error: command '\S{0,60}(?:nvcc|gcc|g\+\+|cmake|cc1plus)' failed|python setup\.py (?:egg_info|bdist_wheel) did not run successfully/,
        /Command '\['\S{0,60}(?:gcc|cc|clang)', '\/tmp\/\S{1,60}\.c'/,
      ),
      "a package was built from its source and failed; the first “error” above says why",
      "Read the first line with “error:” or “fatal”; if it is “Killed”, memory ran out: MAX_JOBS=2",
      "Better a finished wheel for this Python, PyTorch and CUDA, or the program's own image",
    ],
    [
      "verify.service",
      "fallback",
      /FileNotFoundError: (?:\[Errno 2\] No such file or directory: |\S)/,
      "the program does not find a file or program that the line names: a container has only its image's and those " +
      "of volumes:",
      "Mount it (volumes:) at that path, or correct the path or name; a program: install it in the image",
    ],
  ]),
];

/** Commands that an image lacks, and instructions that a CPU lacks; entries for single commands come first. */
export const missingCommandFailures = (): Failure[] => [
  ...rows({ layer: "image", near: words, shared: true, source: "The shells bash and dash, read 2026-11" }, [
    [
      "guest.image",
      "cause",
      /\/bin\/sh: \d{1,3}: (?!lspci)[+\w.-]{2,30}: not found|\bbash: line \d{1,3}: [+\w.-]{2,30}: command not found/,
      "a step needs a command, which the line names, that is not installed where it runs (a build: in the image)",
      "Install its package before (in a Dockerfile: RUN apt-get update && apt-get install -y git), or correct its " +
      "name or PATH",
    ],
  ]),
  ...rows({ layer: "image", source: "The shells bash and dash; xorbitsai/inference#892 (2024-01)" }, [
    [
      "verify.service",
      "cause",
      /Illegal instruction {1,6}\(core dumped\)/,
      "a program uses an instruction that this CPU, or the CPU model of its VM, does not have (such as AVX, AVX2)",
      "Give the VM the host's CPU (libvirt: host-passthrough; Proxmox: cpu: host), then stop and start it",
      guestFix("Check which it has", "grep -m1 -o -w -e avx -e avx2 -e avx512f /proc/cpuinfo"),
      "If the CPU itself lacks it: a build of the program without it",
    ],
  ]),
];
