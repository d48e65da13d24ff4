import type { Resolved, ResolvedGpuRequest, ResolvedMachine } from "../resolve/types.mts";
import type { Evidence } from "../findings.mts";
import type { Check, Verdict } from "./types.mts";
import type { Host } from "../host/types.mts";
import type { Partitionable } from "../host/windows-types.mts";
import { allowsAnyCard, hasSriov, partitionPolicies, serverWithPartitions } from "../host/windows.mts";
import { vendorIds } from "../host/vendors.mts";
import { commandFix, manualFix } from "../fixes.mts";
import { partitionGuest } from "./hyperv-guest.mts";
import { driverVersion, partitionableOf } from "../resolve/partition.mts";
import { fail, pass, skip, unknown, warn } from "./results.mts";

/**
 * A partition of a card with Hyper-V (GPU-P): whether the card can be partitioned, how, and what
 * the guest needs from its host.
 */
export const hypervChecks: Check[] = [
  {
    id: "hyperv.card",
    about: "whether Hyper-V can partition the card",
    why: "a VM gets a partition of one card, and the card's Windows driver must support that",
    confirm: "Get-VMHostPartitionableGpu",
    check: (host, config) => eachPartition(host, config, card),
  },
  {
    id: "hyperv.count",
    about: "whether the card can have partition_count partitions",
    why: "a card takes certain counts only: GeForce cards 32, those with SR-IOV a few",
    confirm: "Get-VMHostPartitionableGpu | Select-Object Name, ValidPartitionCounts",
    check: (host, config) => [...eachPartition(host, config, count), ...choiceConflicts(config)],
  },
  {
    id: "hyperv.choice",
    about: "whether this Windows can choose among its cards",
    why: "Windows 10 uses any card that can be partitioned: there is no way to choose one",
    confirm: "(Get-Command Add-VMGpuPartitionAdapter).Parameters.ContainsKey('InstancePath')",
    check: (host, config) => eachPartition(host, config, choice),
  },
  {
    id: "hyperv.policy",
    about: "whether Windows Server's policy lets such a card be partitioned",
    why: "Windows Server refuses cards that are not for servers, unless two policies allow them",
    confirm: "Get-ItemProperty HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\HyperV",
    check: (host, config) => eachPartition(host, config, policy),
  },
  {
    id: "hyperv.driver",
    about: "whether Windows has the driver that the guest uses",
    why: "a guest with a GPU partition runs the driver of its host, copied into it at each up",
    confirm: "Get-CimInstance Win32_VideoController | Select-Object Name, DriverVersion, Status",
    check: (host, config) => eachPartition(host, config, driver),
  },
  {
    id: "hyperv.guest",
    about: "whether the kernel module for a GPU partition builds in the guest's system",
    why: "dxgkrnl is not part of Linux, and is known to build on these kernels only",
    check: (host, config) => eachPartition(host, config, (request, _host, machine) => partitionGuest(request, machine)),
  },
];

type PartitionCheck = (request: ResolvedGpuRequest, host: Host, machine: ResolvedMachine) => Verdict;

function eachPartition(host: Host, { machines }: Resolved, check: PartitionCheck): Verdict[] {
  return machines.filter(({ provider }) => provider === "hyperv" && host.os.platform === "windows").flatMap((machine) =>
    machine.gpus.filter(({ mode }) => mode === "partition").slice(0, 1).map((request) => ({
      machine: machine.name,
      ...check(request, host, machine),
    }))
  );
}

const formatPartitionable = (parts: Partitionable[]) => parts.map(({ path }) => path).join("; ") || "none";

/** What was read about the cards, or why nothing was read. */
function evidenceOf({ windows }: Host): Evidence[] {
  return [{
    read: windows?.cmdlet ?? "Get-VMHostPartitionableGpu",
    value: windows?.partitionable
      ? formatPartitionable(windows.partitionable)
      : (windows?.partitionableError ?? "not there"),
  }];
}

function card(request: ResolvedGpuRequest, host: Host, { gpus }: ResolvedMachine): Verdict {
  const evidence = evidenceOf(host);
  const all = host.windows?.partitionable;
  if (gpus.length > 1) {
    return fail(`it asks for ${gpus.length} cards, but Hyper-V gives a VM a partition of one card only`, evidence, [
      manualFix("Remove all but one of them"),
    ]);
  }
  if (!all) {
    const elevated = host.windows?.elevated;
    return unknown(
      `could not read which cards Hyper-V can partition${elevated === false ? ": run this as administrator" : ""}`,
      evidence,
    );
  }
  const fitting = request.partitionable;
  const ids = `${request.vendorId}:${request.deviceId ?? "*"}`;
  if (fitting.length === 0) {
    return fail(
      all.length > 0 ? `Hyper-V cannot partition ${ids}` : "this host has no card that Hyper-V can partition",
      evidence,
      [manualFix(
        host.dmi.product_name === "Virtual Machine"
          ? "Run this on the host of this VM: a partition cannot be partitioned again"
          : "Update the card's driver in Windows, or name a card that can be partitioned",
      )],
    );
  }
  return fitting.length > 1
    ? fail(`${fitting.length} cards that Hyper-V can partition are ${ids}`, evidence, [
      manualFix("Choose one with address:"),
    ])
    : pass(`Hyper-V can partition ${ids}`, evidence);
}

function count(request: ResolvedGpuRequest): Verdict {
  const { partitionCount: requests } = request;
  const gpu = partitionableOf(request);
  const evidence = [{
    read: "ValidPartitionCounts, PartitionCount",
    value: gpu ? `${gpu.counts?.join(", ") ?? "not read"}; ${gpu.count ?? "not read"}` : "not read",
  }];
  if (requests === undefined || requests === 1) {
    return pass("the card's own count is kept", evidence);
  }
  if (!gpu?.counts) {
    return unknown(`could not read whether the card can have ${requests} partitions`, evidence);
  }
  if (gpu.counts.includes(requests)) {
    const change = gpu.count === requests
      ? "as it is now"
      : `now ${gpu.count ?? "another number"}: other VMs must be off`;
    return pass(`the card can have ${requests} partitions, ${change}`, evidence);
  }
  const valid = [...gpu.counts].sort((a, b) => a - b);
  return fail(
    `the card cannot have ${requests} partitions: it supports ${valid.join(", ")}`,
    evidence,
    [manualFix(`Remove partition_count, or write partition_count: ${valid.join(" or ")}`)],
  );
}

/**
 * The partition count applies to the card, not to a VM: machines that share a card must agree on
 * it.
 */
function choiceConflicts({ machines }: Resolved): Verdict[] {
  const wanted = machines.filter(({ provider }) => provider === "hyperv").flatMap(({ name, gpus }) =>
    gpus.flatMap((request) => {
      const path = request.mode === "partition" && (request.partitionCount ?? 1) > 1
        ? partitionableOf(request)?.path
        : undefined;
      return path ? [{ name, path, count: request.partitionCount! }] : [];
    })
  );
  return wanted.flatMap(({ name, path, count }, i): Verdict[] => {
    const other = wanted.slice(0, i).find((one) => one.path === path && one.count !== count);
    return other
      ? [{
        machine: name,
        ...fail(
          `${other.name} asks for ${other.count} partitions of the card and ${name} for ${count}: a card has one ` +
            "count for all VMs",
          [],
          [manualFix("Write the same partition_count for both")],
        ),
      }]
      : [];
  });
}

function choice(_wish: ResolvedGpuRequest, { windows }: Host): Verdict {
  const cards = windows?.partitionable?.length;
  const evidence = [
    {
      read: "InstancePath of Add-VMGpuPartitionAdapter",
      value: windows?.choice === undefined ? "not read" : windows.choice ? "there" : "not there",
    },
    { read: "cards that Hyper-V can partition", value: cards === undefined ? "not read" : String(cards) },
  ];
  if (windows?.choice) return pass("the card can be chosen", evidence);
  if (windows?.choice === undefined || cards === undefined) {
    return unknown("could not read whether the card can be chosen", evidence);
  }
  return cards <= 1
    ? pass("there is only one card", evidence)
    : fail(`Windows 10 cannot choose among ${cards} cards that can be partitioned`, evidence, [
      manualFix("Disable the other cards in the Device Manager while the VM starts, or upgrade to Windows 11"),
    ]);
}

const policyKey = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\HyperV";

function policy(request: ResolvedGpuRequest, host: Host): Verdict {
  const { windows } = host;
  const gpu = partitionableOf(request);
  if (windows?.product === undefined) {
    return unknown("could not read whether this is Windows Server");
  }
  if (windows.product === "client") {
    return pass("client Windows has no such policy");
  }
  if (windows.build !== undefined && windows.build < serverWithPartitions) {
    return skip("this Windows Server has no GPU partitions");
  }
  const evidence = partitionPolicies.map((name) => ({
    read: `${policyKey}\\${name}`,
    value: windows.policy ? String(windows.policy[name] ?? "not set") : "not read",
  }));
  if (!gpu) return unknown("could not read which card it is", evidence);
  // docs.nvidia.com/vgpu, release notes for Windows Server (read 2026-11-29)
  if (hasSriov(gpu)) {
    return request.vendorId === vendorIds.nvidia
      ? warn(
        "the card has SR-IOV, which Windows Server expects. NVIDIA's vGPU software partitions it and needs a " +
          "licence; a guest with the driver of Windows is untested there",
        evidence,
        [manualFix("Or give the VM the whole card: mode: passthrough")],
      )
      : pass("the card has SR-IOV, which Windows Server expects", evidence);
  }
  if (!windows.policy) return unknown("could not read Windows Server's policy", evidence);
  if (allowsAnyCard(windows)) {
    return warn(
      "the card has no SR-IOV, but a policy lets Windows Server partition it: unsupported by Microsoft",
      evidence,
    );
  }
  return fail(
    "Windows Server refuses to partition a card without SR-IOV (“not compliant with currently set group policy”)",
    evidence,
    partitionPolicies.map((name) =>
      commandFix(`Set ${name} to 0: unsupported by Microsoft`, `reg add ${policyKey} /v ${name} /t REG_DWORD /d 0 /f`, {
        root: true,
      })
    ),
  );
}

function driver(request: ResolvedGpuRequest, host: Host): Verdict {
  const { windows } = host;
  const own = request.hostDriver;
  const evidence: Evidence[] = [
    {
      read: "Win32_VideoController",
      value: own ? [own.name, own.version, own.status, own.folder].filter(Boolean).join(", ") : "not there",
    },
    {
      read: "System32\\lxss\\lib",
      value: windows?.libraries === undefined ? "not read" : windows.libraries ? "there" : "not there",
    },
  ];
  if (!own) return unknown("could not read the card's Windows driver", evidence);
  if (own.status !== undefined && own.status !== "OK") {
    return fail(`the card's Windows driver does not work (${own.status})`, evidence, [
      manualFix("Reinstall the card's Windows driver"),
    ]);
  }
  if (own.folder === null) {
    return fail("Windows has no driver for the card, so the guest cannot get one", evidence, [
      manualFix("Install the card's driver in Windows: https://www.nvidia.com/drivers"),
    ]);
  }
  if (own.status === undefined || own.folder === undefined || windows?.libraries === undefined) {
    return unknown("could not read whether a guest can use the card's Windows driver", evidence);
  }
  if (!windows.libraries) {
    return fail("Windows lacks the Linux libraries that the guest needs (System32\\lxss\\lib)", evidence, [
      commandFix("Install WSL, which contains them, as administrator", "wsl --install --no-distribution", {
        root: true,
        reboot: true,
      }),
    ]);
  }
  return pass(`the guest can use driver ${driverVersion(own) ?? "of unknown version"}`, evidence);
}
