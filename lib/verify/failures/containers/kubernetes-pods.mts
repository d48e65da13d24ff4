import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const describe = manualFix("Read what the cluster says about it: kubectl describe pod POD");
const nodes = manualFix("Check what each node has and what is used: kubectl describe nodes");

/** Words of programs that compute on a GPU or transcode, and of NVIDIA's parts for Kubernetes. */
const near =
  /nvidia|\bgpus?\b|cuda|vllm|sglang|llama|triton|whisper|comfy|diffusion|immich|jellyfin|plex|frigate|\bmodels?\b|hf-token|dcgm|nvml|UnexpectedAdmission|ix-svc|Last State:/i;

/** What Kubernetes says about a pod that does not start: its scheduler's reasons, and states of containers. */
export const kubernetesPodFailures = (): Failure[] => [
  ...rows({
    layer: "driver",
    source: "NVIDIA/gpu-operator#85 (2020-10), #205 (2021-06), NVIDIA/k8s-device-plugin#679 (2024-04), read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      /Could not resolve Linux kernel version/,
      "the GPU Operator's driver container finds no packages (headers, modules) for the kernel of its node: the " +
      "kernel " +
      "is newer, older or of another source than the container's package lists",
      manualFix("Show the node's kernel: kubectl get nodes -o wide"),
      "Boot the node with a kernel of its distribution's release that still is in its repositories, or give the " +
      "container the right ones (driver.repoConfig)",
      "Or install the driver on the node itself, and set driver.enabled=false",
    ],
    [
      "guest.driver",
      "cause",
      /Module (?:amdgpu|i915|xe) not found in directory \//,
      "the kernel that runs has no module of that name: a newer kernel was installed and not booted, or the card's " +
      "driver " +
      "was not built for this one",
      guestFix(
        "Check which kernels have it",
        'sh -c \'uname -r; find /lib/modules -name "*amdgpu.ko*" -o -name "i915.ko*" -o -name "xe.ko*"\'',
      ),
      "Boot that kernel, or install the driver's package for this one (linux-modules-extra, amdgpu-dkms)",
    ],
    [
      "verify.service",
      "cause",
      /error waiting for MPS daemon: /,
      "the device plugin shares the GPU by MPS, and its MPS daemon on that node does not answer",
      manualFix("Check whether its pod runs, and read its log: kubectl get pods -A | grep mps"),
      "The node needs the label nvidia.com/mps.capable=true, and no other MPS daemon on it; or share by timeSlicing",
    ],
  ]),
  ...rows({
    layer: "docker",
    near,
    source: "Kubernetes 1.31 (scheduler's plugins, kubelet); truenas/charts#2707 (2024-08), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /nodes are available: (?![^\n]{0,300}nvidia\.com\/)[^\n]{0,300}(?:untolerated taint|had taint \{)/,
      "Kubernetes finds no node for the pod: the nodes have a taint, which the line names, that the pod does not " +
      "tolerate",
      manualFix("List the taints: kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints"),
      "A taint of a node's state (not-ready, disk-pressure, memory-pressure) goes with its reason; for others " +
      "the pod needs a toleration",
      "A single node that is its own control plane: kubectl taint nodes --all " +
      "node-role.kubernetes.io/control-plane-; TrueNAS' ix-svc-stop means that the app is stopped",
    ],
    [
      "verify.service",
      "cause",
      /nodes are available: (?![^\n]{0,300}nvidia\.com\/)[^\n]{0,300}(?:Insufficient (?:cpu|memory|pods|ephemeral-storage|hugepages)|Too many pods)/,
      "Kubernetes finds no node with that much left: pods have reserved the CPU, memory or places for pods that this " +
      "one asks for",
      nodes,
      "Lower the pod's resources.requests, or remove another pod",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /unbound immediate PersistentVolumeClaims/,
        /volume node affinity conflict|didn't find available persistent volumes to bind/,
        /persistentvolumeclaim "[^"\n]{1,80}" not found/,
      ),
      "the pod's volume is not there: its claim is not bound to storage, or the storage belongs to another node",
      manualFix("List the claims and why they wait: kubectl get pvc -A; kubectl describe pvc NAME"),
      "Give it a storage class that exists (kubectl get storageclass), or run the pod on the volume's node",
    ],
    [
      "verify.service",
      "cause",
      /didn't (?:match|satisfy) (?:Pod's|pod|existing pods|node) ?(?:node )?(?:affinity|anti-affinity|selector|topology)/,
      "no node has the labels that the pod asks for (nodeSelector, affinity)",
      manualFix("List the labels: kubectl get nodes --show-labels"),
      "GPU labels (nvidia.com/gpu.present and the like) come from GPU Feature Discovery: see that it runs",
    ],
    [
      "host.disk",
      "cause",
      /The node was low on resource: |node\.kubernetes\.io\/(?:disk|memory|pid)-pressure|The node had condition: \[/,
      "Kubernetes removed the pod, or starts none, because its node is short of disk or memory",
      guestFix("List the disks of that node", "df -h"),
      "Remove images that are not used (crictl rmi --prune), or give the node a larger disk or more memory",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /CreateContainerConfigError/,
        /Error: (?:secret|configmap) "[^"\n]{1,80}" not found|couldn't find key \S{1,60} in (?:Secret|ConfigMap)/,
      ),
      "the pod names a secret or config map, or a key in one, that is not there",
      "Create it in the pod's namespace, with that key (a Hugging Face token: kubectl create secret generic …)",
      describe,
    ],
    [
      "host.memory",
      "symptom",
      /Reason: OOMKilled/,
      "a container of the pod was killed because it went over its memory limit, or the node's memory ran out",
      "Raise resources.limits.memory of that container; for shared memory, an emptyDir with medium: Memory counts too",
      nodes,
    ],
    [
      "verify.service",
      "cause",
      /Allocate failed due to [^\n]{0,120}(?:unhealthy|unavailable|no healthy devices|device plugin)|UnexpectedAdmissionError/,
      "the kubelet could not give the pod its devices: the device plugin has none, calls them unhealthy, or was " +
      "restarted",
      "Read the device plugin's log, and dmesg for Xid; then delete the plugin's pod and this one: both are made again",
      nodes,
    ],
    [
      "verify.service",
      "fallback",
      /(?:ErrImagePull|ImagePullBackOff|ErrImageNeverPull|Back-off pulling image)\b/,
      "Kubernetes does not get the image; the event “Failed to pull image” says why (name, tag, login or network)",
      describe,
    ],
    [
      "verify.service",
      "fallback",
      /CrashLoopBackOff|Back-off restarting failed container/,
      "a container of the pod ends again and again; its own log says why",
      manualFix("Read the log of the run before: kubectl logs POD --previous (-c CONTAINER)"),
      describe,
    ],
    [
      "verify.service",
      "fallback",
      /(?:Liveness|Readiness|Startup) probe failed: /,
      "Kubernetes asked the container whether it works and got no good answer: it still starts (loads a model), or " +
      "listens elsewhere",
      "Give it time: a startupProbe with a higher failureThreshold; compare the probe's port and path",
    ],
    [
      "verify.service",
      "fallback",
      /MountVolume\.SetUp failed for volume|Unable to attach or mount volumes/,
      "Kubernetes could not mount a volume of the pod, for the reason after the name",
      describe,
    ],
  ]),
  ...rows({
    layer: "toolkit",
    near: /nvidia|device-plugin/i,
    source: "NVIDIA/k8s-device-plugin (cmd, internal), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /maximum request size for shared resources is 1; found \d/,
      "the pod asks for several of a shared GPU's parts (nvidia.com/gpu: 2), which the plugin's settings forbid: " +
      "parts of one card give no more of it",
      "Write nvidia.com/gpu: 1 for the pod, or set failRequestsGreaterThanOne: false in the plugin's sharing settings",
    ],
    [
      "gpu.power",
      "symptom",
      /[Mm]arking (?:all devices|it) as unhealthy/,
      "the device plugin has given up a GPU: the driver reported an Xid for it or no longer answers",
      guestFix("Read the driver's lines about it", "sh -c 'dmesg | grep -i -E \"xid|nvrm\" | tail -n 20'"),
      "After the cause is mended: delete the plugin's pod; it starts again and offers the GPU",
    ],
    [
      "verify.service",
      "cause",
      /using MPS requires --mps-root|--device-list-strategy options are only supported on NVML/,
      "the device plugin's settings need a part that this node does not have (MPS's folder, or NVML for CDI names)",
      "Correct the values of its Helm chart (config.map, deviceListStrategy, mps.root), then delete its pod",
    ],
    [
      "verify.service",
      "fallback",
      /error starting plugins: |failed to construct resource managers: |Failed to initialize resource manager: /,
      "Kubernetes' device plugin does not start, for the reason after the last colon",
      guestFix("Check that the driver works outside of containers", "nvidia-smi"),
      "Check the plugin's settings (ConfigMap, Helm values) and that its container runs with NVIDIA's runtime",
    ],
  ]),
];
