import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const words = /nccl|torch|distributed|\brank ?\d|vllm|sglang/i;

/** Messages of NCCL and PyTorch's distributed part that name their cause. */
export const ncclFailures = (): Failure[] =>
  rows({
    layer: "image",
    near: words,
    source: "NVIDIA/nccl 2.18 to 2.28, PyTorch (c10d), NVIDIA/nccl#1637 (2025-03), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /failed to extend \/dev\/shm\/nccl|Error while creating shared memory segment \S{0,12}nccl|failed to create shared memory file/,
        /Call to (?:shm_open|posix_fallocate|ftruncate|mmap) failed/,
        /\/dev\/shm\/nccl-\S{1,20} .{0,80}(?:No space|Permission denied|fail|error)/,
      ),
      "NCCL got no shared memory: the container has 64 MiB of it (Docker's default), or is not allowed to use it",
      "Write shm_size: 8gb (or ipc: host) for that service",
    ],
    [
      "verify.service",
      "cause",
      /Bootstrap : no socket interface found|Unable to find any interface|No interface found in the same subnet/i,
      "NCCL finds no network interface that it may use: NCCL_SOCKET_IFNAME names one that the container " +
      "lacks, or it has no network",
      "Remove NCCL_SOCKET_IFNAME, or set it to the container's interface (eth0; with network_mode: host the VM's)",
    ],
    [
      "verify.service",
      "cause",
      /Duplicate GPU detected ?: rank|Multiple Ranks are using the same GPU/,
      "two processes were given the same GPU: the program starts more of them than the container has GPUs",
      "Start one process for each GPU (vLLM, SGLang: --tensor-parallel-size; torchrun: --nproc_per_node)",
      guestFix("Check how many there are", "nvidia-smi -L"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /NCCL WARN .{0,60}\bconnect\w{0,6} to .{1,60}(?:refused|timed out|abort|reset|No route)/i,
        /NCCL WARN socketPollConnect|Call to connect to \S{1,60} failed/,
        /DistNetworkError: The client socket has (?:timed out|failed)/,
        /gloo\/transport\/\S{1,40} (?:Connection closed|Timed out waiting|Read timeout|Read error|connect\b)|Gloo connectFullMesh failed/,
      ),
      "the program's processes do not reach each other over the network: they are in separate containers or " +
      "machines, or one has ended",
      "Read the first error of the other processes; several machines: network_mode: host and NCCL_SOCKET_IFNAME",
    ],
    [
      "verify.service",
      "cause",
      /DistNetworkError: .{0,160}EADDRINUSE|server socket has failed to (?:listen|bind)/,
      "another process has the port by which the program's processes find each other (29500)",
      "Stop the earlier run, or choose another port (MASTER_PORT, torchrun --master_port)",
    ],
    [
      "verify.service",
      "cause",
      /Call to ibv_\w{3,20} failed/,
      "NCCL cannot use the InfiniBand card: the container is not allowed to lock memory, or lacks the card's devices",
      "Write ulimits: {memlock: -1} and devices: [/dev/infiniband] for that service, or NCCL_IB_DISABLE=1 without it",
    ],
    [
      "guest.cuda",
      "cause",
      anyOf(
        /Mismatched NCCL version detected|NCCL version mismatch with|NCCL library is (?:too old|not backwards)/,
        /CUDA Driver version found is \d{1,6}\. Minimum requirement/,
      ),
      "NCCL's release does not fit: the program's processes have different ones, or it needs a newer driver",
      "Use the same image for all processes, and remove a second NCCL from LD_LIBRARY_PATH",
      guestFix("Show the driver's release", "nvidia-smi"),
    ],
    [
      "guest.cuda",
      "cause",
      /ncclMaxSharedMem \d{4,7} exceeds device/,
      "this NCCL is older than the card, whose shared memory it takes for larger than it is (RTX 50)",
      "Install NCCL 2.26.5 or later in the image (pip install -U nvidia-nccl-cu12), or use a newer tag of it",
    ],
    [
      "verify.service",
      "cause",
      /Failed to bind NVLink SHARP|transport\/nvls\.cc:\d{1,5}.{0,20}Cuda failure/,
      "NCCL cannot use the switches between the GPUs (NVLS), as in a VM or container without Fabric Manager",
      "Set NCCL_NVLS_ENABLE=0 for that service, or start Fabric Manager of the driver's release",
    ],
    [
      "verify.service",
      "symptom",
      /Watchdog caught collective operation timeout/,
      "one of the program's processes stopped, or the GPUs wait for each other without end",
      "Read the first error of each process",
      "In a VM whose GPUs cannot reach each other: set NCCL_P2P_DISABLE=1 for that service",
    ],
  ]);
