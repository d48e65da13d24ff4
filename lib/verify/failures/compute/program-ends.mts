import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const words =
  /torch|cuda|python|\bpip\b|vllm|sglang|comfy|huggingface|triton|llama|ollama|onnx|tensorrt|jax|xla|nvcc|nvidia|\bgpu|ninja|whisper|diffus|DataLoader|generation|Shard|scheduler|fatal error: Killed|DNN|c10::|thrust|SymmDevice|all_reduce|ptxas|GLIBC|NumPy|tensor parallel|\[Errno|\(pid:\d|llvm\.nvvm|sycl|attention|flash.?attn/i;

/** How processes of programs for the GPU end (signals), and parts of an image that do not fit together. */
export const programEndFailures = (): Failure[] =>
  rows({
    layer: "image",
    near: words,
    source: "PyTorch, Text Generation Inference, GCC, glibc, Numba, JAX, Triton Inference Server, read 2026-11",
  }, [
    [
      "host.memory",
      "cause",
      anyOf(
        /\bKilled [\d.# ]{0,16}ninja: build stopped|\bKilled {1,20}(?:MAX_JOBS|pip3?|python3?|cmake|make|ninja)\b/,
        /Killed signal terminated program|'?(?:cicc|ptxas|cudafe\+\+)'? died due to signal 9|nvcc exited with status 137\b|bin\/nvcc' failed with exit (?:code|status) 137/,
      ),
      "the compiler was ended because the machine's memory (RAM) ran out",
      "Build with fewer jobs (MAX_JOBS=2, make -j2), or give the machine more memory (memory:) or swap",
    ],
    [
      "host.memory",
      "symptom",
      anyOf(
        /shutdown with signal 9\b|terminated with signal SIGKILL|(?:exitcode|Exit code): -9\b|is killed by signal: Killed/,
        /runner process has terminated: signal: killed/,
      ),
      "a process of the program was killed: most often the machine's memory (RAM) ran out",
      guestFix("Check whether the kernel ended it", "sh -c 'dmesg | grep -i -A3 \"out of memory\"'"),
      "Give the machine more (memory:), raise the service's limit, or use a smaller model or fewer workers",
    ],
    [
      "verify.service",
      "cause",
      /exit(?:ed with)? (?:status(?: code)?|code):?(?: exit status)? (?:0xc0000135|3221225781|-1073741515)\b/,
      "Windows did not start the program, since a DLL is missing: Visual C++'s, or CUDA's of that release",
      "Install the newest Visual C++ Redistributable (x64), and the program again with its CUDA files",
    ],
    [
      "verify.service",
      "symptom",
      /exit(?:ed with)? (?:status(?: code)?|code):?(?: exit status)? (?:0xc000(?:0005|0409|001d|00fd)|3221225477|3221226505|3221225501|3221225725|-10737418(?:19|95)|-1073740791|-1073741571)\b/,
      "the program crashed on Windows: its driver or DLLs do not fit it, memory ran out, or the CPU lacks AVX " +
      "(c000001d)",
      "Update the GPU's driver and the program; try a smaller model, and the program without the GPU",
    ],
    [
      "guest.driver",
      "cause",
      /segfault at .{1,90} in lib(?:cuda|nvidia|nvcuvid|GLX_nvidia|EGL_nvidia)[\w-]{0,24}\.so/,
      "a program crashed in a library of NVIDIA's driver: library and module are of two releases, or the release " +
      "has an error",
      guestFix("Check that both name one release", "sh -c 'cat /proc/driver/nvidia/version; nvidia-smi'"),
      "After an update reboot; else try another branch (driver: {branch: …}) and rebuild the box",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /shutdown with signal (?:6|11)\b|terminated with signal SIG(?:SEGV|ABRT)|exitcode: -(?:6|11)\b/,
        /terminate called after throwing an instance of '(?:c10|thrust|at)::|free\(\): invalid pointer|double free (?:or corruption|detected)/,
        /Worker \(pid:\d{1,8}\) was sent (?:code 13[49]|SIG(?:SEGV|ABRT))|LLVM ERROR: Cannot select: /,
        /signal arrived during cgo execution/,
        /terminated: signal: segmentation fault|Fatal Python error: (?:Segmentation fault|Aborted|Bus error)/,
      ),
      "a process of the program crashed; the lines before it (what(): …) say why, if anything does",
      "Read the service's first error; use an image whose parts come from one release, and that fits the driver",
      "If it happens in several programs: test the machine's memory, and undo overclocking",
    ],
    [
      "guest.image",
      "cause",
      /OMP: Error #15: Initializing \S{4,40}, but found/,
      "the program loads two copies of OpenMP, most often one of PyTorch and one of NumPy (conda) or FAISS",
      "Install these packages from one source (all by pip, or all by conda) in a new environment",
      "Until then KMP_DUPLICATE_LIB_OK=TRUE for that program, which can give wrong results",
    ],
    [
      "verify.service",
      "fallback",
      /(?:Segmentation fault|Bus error|Aborted) \(core dumped\)/,
      "the program crashed: a part of it does not fit the others, the driver or the CPU, or its memory ran out",
      "Read the lines before it; use another release of the image",
      "After “Bus error”: write shm_size: 8gb for that service, and see that no disk is full",
    ],
    [
      "guest.cuda",
      "cause",
      /Unsupported \.version \d{1,2}\.\d; current version is/,
      "the program's CUDA compiles code that the VM's driver, or the image's older ptxas, does not know yet",
      guestFix("Show the newest CUDA that the driver knows", "nvidia-smi"),
      "Use a program of that CUDA or an older one, or a newer driver (driver: {branch: …}) and rebuild the box",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /Value 'sm_\d{1,3}\w?' is not defined for option 'gpu-(?:architecture|code)'/,
        /invalid value for --gpu-architecture|Unsupported CUDA architecture|ptxas exited with non-zero error code|ptxas .{0,80}--gpu-name=sm_\d{2,3}.{1,200} exit status 255\b/,
      ),
      "the image's compiler for the GPU (nvcc, NVRTC, ptxas) does not know this GPU: its CUDA is too old for a new " +
      "card, or too new for an old one",
      "RTX 50: an image of CUDA 12.8 or later; Pascal, Volta: of CUDA 12. Set TORCH_CUDA_ARCH_LIST to the card's own",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(/libNVVM cannot be found|libnvvm\.so\S{0,6}: cannot open|libdevice not found|Can't find libdevice/),
      "the program compiles for the GPU by NVVM, which comes with the CUDA toolkit, and the image has none",
      "Use the image's devel form (nvidia/cuda:…-devel) with CUDA_HOME=/usr/local/cuda; JAX, TensorFlow: also " +
      "XLA_FLAGS=--xla_gpu_cuda_data_dir=/usr/local/cuda",
    ],
    [
      "guest.image",
      "cause",
      /Ninja is required to load C\+\+ extensions|No such file or directory: 'ninja'/,
      "the program compiles a part of itself, and the image lacks ninja",
      "Install ninja-build (or pip install ninja) in the image; it also needs a compiler and the CUDA toolkit (devel)",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /operator torch(?:vision|audio)::\w{2,20} does not exist|compiled using NumPy 1\.x cannot be run in/,
        /(?<!Failed to open module: \S{1,120}: )version [`'‘]GLIBC(?:XX)?_[\d.]{3,8}['’] not found(?! \(required by (?:\S{0,80}\/)?node)/,
      ),
      "a part of the image was built for another release of what it uses (torch, NumPy, the C library)",
      "torchvision and torchaudio: install them with torch in one command, from one index",
      'NumPy: pip install "numpy<2"; GLIBC, GLIBCXX: use a newer image as the base, or an older build of the part',
    ],
    [
      "guest.image",
      "symptom",
      anyOf(
        /No module named '\w{3,30}\.[\w.]{2,80}'/,
        /\w version \([\w.-]{1,24}\) does not match \w[\w-]{1,40} version/,
        /cannot import name '\w{2,60}' from|module '(?!jax)[\w.]{2,60}' has no attribute|got an unexpected keyword argument '/,
      ),
      "two Python packages do not fit together (one was updated without the other), or a part of one is not installed",
      "Use the program's own image, or install its requirements.txt again; update or remove nodes and extensions",
      "distutils is gone since Python 3.12: install setuptools for the same Python",
    ],
    [
      "verify.service",
      "cause",
      /Error\(s\) in loading state_dict for|size mismatch for [\w.]{2,80}: copying a param/,
      "the model's file is not of the kind that the program expects (LoRA, ControlNet, VAE of another base model)",
      "Choose files of one base model (SD 1.5, SDXL, Flux), and update the program",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /Input type \(.{2,40}\) and (?:weight|bias) type \(.{2,40}\) should be the same/,
        /\bmat1 and mat2 must have the same dtype/,
      ),
      "a part of the model is on the CPU or in another number format than the rest",
      "Start the program without its options for low memory and half precision, and update it",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /required GPUs exceeds the total number of available GPUs|less than (?:than )?max local gpu count/,
        /NotEnoughCUDADevices|invalid device index \d{1,3}, only \d/,
        /No available node types can fulfill resource request \{.{0,40}GPU|World size \(\d{1,4}\) is larger than/,
      ),
      "the program should use more GPUs than the container has",
      "Set --tensor-parallel-size to at most the number of GPUs of the service, or write gpu: all for it",
    ],
    [
      "verify.service",
      "cause",
      /seconds waiting for clients\. \d|DistStoreError|wait timeout after \d{3,9}ms, keys:/,
      "the processes of a computation did not all meet: one ended before, or they do not reach each other",
      "Read the first error of the other process; on one machine set MASTER_ADDR=127.0.0.1 (ipc: host in containers)",
    ],
    [
      "verify.service",
      "cause",
      /Device does not support multicasting|custom_all_reduce\.py", line \d{1,5}, in register_graph_buffers|custom_all_reduce\.cuh?:\d{1,5} '/,
      "the GPUs do not reach each other's memory directly, as the program requires (in a VM without ACS' P2P, or " +
      "cards without NVLink)",
      "vLLM, SGLang: --disable-custom-all-reduce; NCCL: NCCL_P2P_DISABLE=1",
    ],
    [
      "verify.service",
      "cause",
      anyOf(/GPU is required to quantize|has kind KIND_GPU but no GPUs are available/),
      "the program needs a GPU, and its container has none",
      "Write gpu: 1 (or all) for that service",
      guestFix("Check that the driver works in the VM", "nvidia-smi"),
    ],
    [
      "verify.service",
      "symptom",
      /BackendCompilerFailed: backend='|torch\._inductor\.exc\.\w{4,30}/,
      "torch.compile failed; its cause is behind that name or below",
      "Read it; to turn torch.compile off: TORCHDYNAMO_DISABLE=1 (vLLM: --enforce-eager)",
    ],
    [
      "guest.cuda",
      "cause",
      /Library cu\w{3,20}\.dll is not found or cannot be loaded|Could not load library cu\w{3,24}\.dll/,
      "a CUDA library for Windows is missing: the program brings none, and the installed toolkit is of another release",
      "Install the CUDA toolkit and cuDNN of the file's release (64_12: CUDA 12), and put their bin in PATH",
    ],
    [
      "host.disk",
      "cause",
      /\[Errno (?:28\] No space left on device|122\] Disk quota exceeded)|unexpected pos \d{1,20} vs \d{1,20}/,
      "the disk is full where the program writes (image layers, pip's cache, models)",
      guestFix("Check which", "df -h"),
      guestFix("Check what Docker holds", "docker system df"),
      "Remove the images that no container uses (docker image prune -a), or keep models on a larger disk (data:)",
    ],
  ]);
