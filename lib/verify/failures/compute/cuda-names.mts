/** CUDA's error codes in every form in which programs print them. */

/**
 * Codes: number, name in the runtime API (`cudaError…`), name in the driver API (`CUDA_ERROR_…`, empty
 * if it has none), a part of the text as a pattern, and whether only CUDA prints that text.
 *
 * Source: NVIDIA, CUDA Runtime API (cudaError) and CUDA Driver API (CUresult), 13.0, read 2026-11.
 */
const codes: [number: number, runtime: string, driver: string, text: string, own?: true][] = [
  [1, "InvalidValue", "INVALID_VALUE", "invalid argument"],
  [2, "MemoryAllocation", "OUT_OF_MEMORY", "out of memory"],
  [3, "InitializationError", "NOT_INITIALIZED", "initialization error"],
  [4, "CudartUnloading", "DEINITIALIZED", "driver shutting down"],
  [34, "StubLibrary", "STUB_LIBRARY", "CUDA driver is a stub library", true],
  [35, "InsufficientDriver", "", "CUDA driver version is insufficient for CUDA runtime version", true],
  [36, "CallRequiresNewerDriver", "", "API call is not supported in the installed CUDA driver", true],
  [
    46,
    "DevicesUnavailable",
    "DEVICE_UNAVAILABLE",
    "CUDA-capable device\\S{0,3} (?:is\\/are|are|is) busy or unavailable",
    true,
  ],
  [100, "NoDevice", "NO_DEVICE", "no CUDA-capable device is detected", true],
  [101, "InvalidDevice", "INVALID_DEVICE", "invalid device ordinal"],
  [102, "DeviceNotLicensed", "DEVICE_NOT_LICENSED", "valid Grid license", true],
  [200, "InvalidKernelImage", "INVALID_IMAGE", "device kernel image is invalid"],
  [201, "DeviceUninitialized", "INVALID_CONTEXT", "invalid device context"],
  [205, "MapBufferObjectFailed", "MAP_FAILED", "mapping of buffer object failed"],
  [206, "UnmapBufferObjectFailed", "UNMAP_FAILED", "unmapping of buffer object failed"],
  [
    209,
    "NoKernelImageForDevice",
    "NO_BINARY_FOR_GPU",
    "no kernel image is available for execution on the device",
    true,
  ],
  [214, "ECCUncorrectable", "ECC_UNCORRECTABLE", "uncorrectable ECC error encountered", true],
  [
    216,
    "DeviceAlreadyInUse",
    "CONTEXT_ALREADY_IN_USE",
    "exclusive-thread device already in use by a different thread",
    true,
  ],
  [
    217,
    "PeerAccessUnsupported",
    "PEER_ACCESS_UNSUPPORTED",
    "peer access is not supported between these two devices",
    true,
  ],
  [218, "InvalidPtx", "INVALID_PTX", "a PTX JIT compilation failed", true],
  [219, "InvalidGraphicsContext", "INVALID_GRAPHICS_CONTEXT", "invalid OpenGL or DirectX context"],
  [
    220,
    "NvlinkUncorrectable",
    "NVLINK_UNCORRECTABLE",
    "uncorrectable NVLink error detected during the execution",
    true,
  ],
  [221, "JitCompilerNotFound", "JIT_COMPILER_NOT_FOUND", "PTX JIT compiler library not found", true],
  [
    222,
    "UnsupportedPtxVersion",
    "UNSUPPORTED_PTX_VERSION",
    "the provided PTX was compiled with an unsupported toolchain",
    true,
  ],
  [223, "JitCompilationDisabled", "JIT_COMPILATION_DISABLED", "PTX JIT compilation was disabled", true],
  [226, "Contained", "CONTAINED", "Invalid access of peer GPU memory over nvlink or a hardware error", true],
  [300, "InvalidSource", "INVALID_SOURCE", "device kernel image is invalid"],
  [301, "FileNotFound", "FILE_NOT_FOUND", "file not found"],
  [302, "SharedObjectSymbolNotFound", "SHARED_OBJECT_SYMBOL_NOT_FOUND", "shared object symbol not found", true],
  [303, "SharedObjectInitFailed", "SHARED_OBJECT_INIT_FAILED", "shared object initialization failed", true],
  [304, "OperatingSystem", "OPERATING_SYSTEM", "OS call failed or operation not supported on this OS", true],
  [400, "InvalidResourceHandle", "INVALID_HANDLE", "invalid resource handle"],
  [401, "IllegalState", "ILLEGAL_STATE", "operation cannot be performed in the present state"],
  [500, "SymbolNotFound", "NOT_FOUND", "named symbol not found"],
  [600, "NotReady", "NOT_READY", "device not ready"],
  [700, "IllegalAddress", "ILLEGAL_ADDRESS", "an illegal memory access was encountered", true],
  [701, "LaunchOutOfResources", "LAUNCH_OUT_OF_RESOURCES", "too many resources requested for launch", true],
  [702, "LaunchTimeout", "LAUNCH_TIMEOUT", "the launch timed out and was terminated", true],
  [704, "PeerAccessAlreadyEnabled", "PEER_ACCESS_ALREADY_ENABLED", "peer access is already enabled", true],
  [705, "PeerAccessNotEnabled", "PEER_ACCESS_NOT_ENABLED", "peer access has not been enabled", true],
  [709, "ContextIsDestroyed", "CONTEXT_IS_DESTROYED", "context is destroyed"],
  [710, "Assert", "ASSERT", "device-side assert triggered", true],
  [711, "TooManyPeers", "TOO_MANY_PEERS", "peer mapping resources exhausted"],
  [714, "HardwareStackError", "HARDWARE_STACK_ERROR", "hardware stack error"],
  [715, "IllegalInstruction", "ILLEGAL_INSTRUCTION", "an illegal instruction was encountered", true],
  [716, "MisalignedAddress", "MISALIGNED_ADDRESS", "misaligned address"],
  [717, "InvalidAddressSpace", "INVALID_ADDRESS_SPACE", "operation not supported on global", true],
  [718, "InvalidPc", "INVALID_PC", "invalid program counter"],
  [719, "LaunchFailure", "LAUNCH_FAILED", "unspecified launch failure", true],
  [720, "CooperativeLaunchTooLarge", "COOPERATIVE_LAUNCH_TOO_LARGE", "too many blocks in cooperative launch", true],
  [800, "NotPermitted", "NOT_PERMITTED", "operation not permitted(?! when)"],
  [801, "NotSupported", "NOT_SUPPORTED", "operation not supported(?! on)"],
  [802, "SystemNotReady", "SYSTEM_NOT_READY", "system not yet initialized"],
  [803, "SystemDriverMismatch", "SYSTEM_DRIVER_MISMATCH", "unsupported display driver", true],
  [
    804,
    "CompatNotSupportedOnDevice",
    "COMPAT_NOT_SUPPORTED_ON_DEVICE",
    "forward compatibility was attempted on non supported HW",
    true,
  ],
  [805, "MpsConnectionFailed", "MPS_CONNECTION_FAILED", "MPS client failed to connect", true],
  [806, "MpsRpcFailure", "MPS_RPC_FAILURE", "MPS server and the MPS client", true],
  [807, "MpsServerNotReady", "MPS_SERVER_NOT_READY", "MPS server is not ready", true],
  [808, "MpsMaxClientsReached", "MPS_MAX_CLIENTS_REACHED", "maximum number of MPS client processes", true],
  [809, "MpsMaxConnectionsReached", "MPS_MAX_CONNECTIONS_REACHED", "maximum number of MPS client connections", true],
  [
    900,
    "StreamCaptureUnsupported",
    "STREAM_CAPTURE_UNSUPPORTED",
    "operation not permitted when stream is capturing",
    true,
  ],
  [901, "StreamCaptureInvalidated", "STREAM_CAPTURE_INVALIDATED", "due to a previous error during capture"],
  [906, "StreamCaptureImplicit", "STREAM_CAPTURE_IMPLICIT", "depend on a capturing blocking stream", true],
  [910, "GraphExecUpdateFailure", "GRAPH_EXEC_UPDATE_FAILURE", "the graph update was not performed", true],
  [911, "ExternalDevice", "EXTERNAL_DEVICE", "error has occurred in external entity"],
  [912, "InvalidClusterSize", "INVALID_CLUSTER_SIZE", "cluster misconfiguration"],
  [999, "Unknown", "UNKNOWN", "unknown error"],
];

/** What programs print before the number of an error. */
const beforeNumber = [
  "CUDA error",
  "CUDA failure",
  "CUDA failure in file '[^'\\n]{1,120}' line \\d{1,6}",
  "CUDA driver error",
  "CUDA runtime error",
  "CUDA API error",
  "cuda driver library init failure:",
  "cuda driver library failed to get device context",
  "nvcuda init failure:",
  "cudart init failure:",
  "cuInit err:",
  "cuInit failed",
  "cuInit returned",
  "cuInit\\(0\\) failed",
  "cuInit\\(0\\) returned",
  "cuDeviceGetCount failed",
  "cuGraphics\\w{4,40} failed",
  "cudaGetDeviceCount returned",
  "cudaGetDeviceCount failed",
  "cudaGetDeviceCount\\(\\) returned",
  "cudaGetDeviceCount\\(\\) failed",
  "cudaSetDevice failed",
  "cudaSetDevice err:",
  "CudaAPIError",
].join("|");
/** What is in the line before the text of an error. */
const beforeText = [
  "CUDA error",
  "CUDA failure",
  "CUDA driver error",
  "CUDA runtime error",
  "failed to initialize CUDA",
  "cudaGetDeviceCount",
  "cuInit",
  "CUDA_ERROR_",
  "ggml_cuda_",
  "torch\\.AcceleratorError",
].join("|");

/** A pattern for these errors: by name, by number, and by text. */
export function cudaErrors(...numbers: number[]): RegExp {
  const wanted = codes.filter(([number]) => numbers.includes(number));
  const runtime = wanted.map(([, name]) => name).join("|");
  const driver = wanted.flatMap(([, , name]) => name === "" ? [] : [name]).join("|");
  const number = numbers.length === 1 ? numbers[0] : `(?:${numbers.join("|")})`;
  const own = wanted.flatMap(([, , , text, own]) => own ? [text] : []).join("|");
  const common = wanted.flatMap(([, , , text, own]) => own ? [] : [text]).join("|");
  return new RegExp([
    `\\bcudaError(?:${runtime})\\b`,
    ...driver === "" ? [] : [`\\bCUDA_ERROR_(?:${driver})\\b`],
    `(?:${beforeNumber})\\W{0,4}(?:with |code |error |status )?(?:code )?\\W{0,3}\\b${number}\\b(?!\\.\\d)`,
    `cudaGetDeviceCount\\(\\).{0,200}Error ${number}\\b`,
    ...own === "" ? [] : [`\\b(?:${own})`],
    ...common === "" ? [] : [`(?:${beforeText}).{0,160}\\b(?:${common})`],
  ].join("|"));
}
