// hyperv_gpu.ps1 under real PowerShell, on a simulated Windows: what it does, step by step. What the next
// command does after a failure or a kill is in whole-card.powershell.mts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { back, give, names, owner, partitioned, passed, record, returned } from "./card-runs.mts";
import { card, device, host, id, partition, vm } from "./hosts.mts";
import { type Entry, plan, type Result } from "./windows.mts";

const test = suite("card");
/** A test of the results of these runs. */
function on(name: string, entries: Entry[], check: (results: Result[][]) => void): void {
  const results = plan(entries);
  test(name, () => check(results()));
}
const taken = ["Disable-PnpDevice", "Dismount-", "Add-AssignableDevice"];
const given = ["Remove-AssignableDevice", "Mount-", "Enable-PnpDevice"];

const stranded = (more: Record<string, unknown> = {}) =>
  host(2022, { devices: [device({ enabled: false, dismounted: true })], ...more });

on(
  "the whole card goes to the VM, stays there, and comes back to the host, on each Windows Server",
  ([2016, 2019, 2022, 2025] as const).map((windows) => ({
    state: host(windows),
    runs: [give(), give(), back(), back()],
  })),
  (results) => {
    const all = results;
    for (const [first, again, away, nothing] of all) {
      assert.equal(names(first!), ["Set-", "Set-Firmware", ...taken], first!.error);
      assert.equal([owner(first!), record(first!)], ["VM a", true]);
      assert.equal([again!.log, owner(again!)], [[], "VM a"]);
      assert.equal(names(away!), given, away!.error);
      assert.equal([owner(away!), record(away!), away!.out], ["host", false, [
        "The host has its card back: NVIDIA GeForce RTX 4070, driver nvlddmkm",
      ]]);
      assert.equal([nothing!.log, nothing!.out, nothing!.code], [[], [], 0]);
    }
  },
);

{
  const cmdlets = ["Disable-PnpDevice", "Dismount-VMHostAssignableDevice", "Add-VMAssignableDevice"];
  on(
    "a change that Hyper-V refuses on the way to the VM is undone, and its words are said",
    cmdlets.map((name) => ({ state: host(2022), runs: [give({ fail: { [name]: `${name} is refused` } }), give()] })),
    (results) => {
      const all = results;
      for (const [i, [failed, next]] of all.entries()) {
        assert.equal([failed!.code, owner(failed!), record(failed!)], [1, "host", false], failed!.error);
        assert.match(failed!.error, `homelab-gpu: ${cmdlets[i]} is refused`);
        assert.equal([next!.code, owner(next!)], [0, "VM a"]);
      }
    },
  );
}

on("too little MMIO space: Hyper-V's words, and the host has its card", [{
  state: host(2022, { devices: [device({ needs: 65536 })] }),
  runs: [give()],
}], (results) => {
  const [[failed]] = results as [[Result]];
  assert.equal([failed.code, owner(failed)], [1, "host"]);
  assert.match(failed.error, /Insufficient system resources exist/);
  assert.match(failed.out.join("\n"), /The host has its card back/);
});

{
  const fail = { "Add-VMAssignableDevice": "no room", "Mount-VMHostAssignableDevice": "no way back" };
  on("where undoing fails too, both are said, and the next up or destroy goes on", [
    { state: host(2022), runs: [give({ fail }), give()] },
    { state: host(2022), runs: [give({ fail }), returned({ removeVm: true })] },
  ], (results) => {
    const [[failed, next], [, gone]] = results as [[Result, Result], [Result, Result]];
    assert.equal([failed.code, owner(failed), record(failed)], [1, "nobody", true]);
    assert.match(failed.error, /no room[^]*no way back[^]*next up or destroy/);
    assert.equal([owner(next), owner(gone)], ["VM a", "host"]);
  });
}

on("destroy does not say that the host has its card where Windows does not show it started", [
  { state: passed(), runs: [back({ fail: { "Enable-PnpDevice": "Generic failure" } })] },
  { state: passed(2022, { devices: [device({ enabled: false, dismounted: true, Service: null })] }), runs: [back()] },
], (results) => {
  const [[disabled], [driverless]] = results as [[Result], [Result]];
  assert.equal([disabled.code, disabled.out, record(disabled)], [1, [], true]);
  assert.match(disabled.error, /Generic failure/);
  assert.equal([driverless.code, record(driverless)], [1, true]);
  assert.match(driverless.error, /loaded no driver/);
});

on("a card that was left dismounted is found by up, also without a record, and goes to the VM", [{
  state: stranded(),
  runs: [give()],
}], (results) => {
  const [[found]] = results as [[Result]];
  assert.equal([names(found), owner(found)], [["Set-", "Set-Firmware", "Add-AssignableDevice"], "VM a"]);
  assert.match(found.out.join(), /already taken from the host/);
});

{
  const adapters = [{ Id: "old", InstancePath: partition }];
  on("up with the whole card first removes the partition that the VM had", [
    { state: host(2025, { vms: [vm({ adapters })] }), runs: [give(), give()] },
    { state: host(2019, { vms: [vm({ adapters })] }), runs: [give()] },
  ], (results) => {
    const [[first, again], [without]] = results as [[Result, Result], [Result]];
    assert.is(names(first)[0], "Remove-GpuPartitionAdapter", first.error);
    assert.equal([first.state.vms[0].adapters, owner(first), again.log], [[], "VM a", []]);
    // Windows Server 2019 has no such adapters
    assert.equal([without.code, names(without)[0]], [0, "Set-"], without.error);
  });
}

on("up with a partition first returns the whole card that an earlier run took", [{
  state: host(2022),
  runs: [give({ kill: 4 }), partitioned()],
}], (results) => {
  const [[, next]] = results as [[Result, Result]];
  assert.equal([next!.code, owner(next!), record(next!)], [0, "host", false], next!.error);
  assert.is(next!.state.vms[0].adapters.length, 1);
});

{
  const state = passed(2022, { vms: [vm(), vm({ Id: id.replace("8d", "9d"), Name: "other", assigned: [card] })] });
  on("another VM's card is left to it and named", [{ state, runs: [give()] }], (results) => {
    const [[result]] = results as [[Result]];
    assert.equal([result.code, result.log, owner(result)], [1, [], "VM other"]);
    assert.match(result.error, /the VM other has the card 10de:2786/);
  });
}

{
  const second = card.replace("DEV_2786", "DEV_1C02").replace("0010", "0020");
  const state = passed(2022, {
    devices: [
      device({ enabled: false, dismounted: true }),
      device({ InstanceId: second, Location: "PCIROOT(0)#PCI(0200)" }),
    ],
  });
  on("a VM that had another card gives it back before it gets the new one", [{
    state,
    runs: [give({}, { Device: "1c02" })],
  }], (results) => {
    const [[result]] = results as [[Result]];
    assert.equal(
      [result.code, result.state.vms[0].assigned, result.state.devices[0].enabled],
      [0, [second], true],
      result.error,
    );
  });
}

{
  const twins = host(2022, {
    devices: [device(), device({ InstanceId: card.replace("0010", "0030"), Location: "PCIROOT(0)#PCI(0300)" })],
  });
  const say = (words: Record<string, string>) => ({ state: twins, runs: [give({}, words)] });
  on("ids, the instance and hostile values choose the card, literally", [
    say({}),
    say({ Instance: "4&275d7527&0&0030" }),
    say({ Device: "2684" }),
    say({ Instance: "'; Remove-VM *; '" }),
    say({ Instance: "$(exit)" }),
  ], (results) => {
    const all = results;
    const [both, chosen, none, ...hostile] = all.map(([one]) => one!);
    assert.match(both!.error, /this host has 2 cards 10de:2786: write address: to choose one/);
    assert.equal([chosen!.code, chosen!.state.vms[0].assigned], [0, [card.replace("0010", "0030")]], chosen!.error);
    assert.match(none!.error, /this host has no card 10de:2684$/m);
    for (const one of hostile) assert.equal([one.code, one.log], [1, []]);
  });
}

{
  const stale = [{ Id: "it's", InstancePath: partition.replace("2786", "1C02") }];
  on(
    "partition: added once, stale ones are removed, room and firmware are set once",
    ([11, 2022, 2025] as const).flatMap((windows) => [
      { state: host(windows), runs: [partitioned(), partitioned()] },
      { state: host(windows, { vms: [vm({ adapters: stale })] }), runs: [partitioned()] },
    ]),
    (results) => {
      const all = results;
      for (let i = 0; i < all.length; i += 2) {
        const [first, again] = all[i]!;
        assert.equal(names(first!), ["Add-GpuPartitionAdapter", "Set-", "Set-Firmware"], first!.error);
        assert.is(first!.state.vms[0].adapters[0].InstancePath, partition);
        assert.equal([again!.code, again!.log], [0, []]);
        const [after] = all[i + 1]!;
        assert.equal(names(after!).slice(0, 2), ["Remove-GpuPartitionAdapter", "Add-GpuPartitionAdapter"]);
        assert.is(after!.state.vms[0].adapters.length, 1);
      }
    },
  );
}

on("more MMIO space that somebody set stays", [{
  state: host(11, { vms: [vm({ HighMemoryMappedIoSpace: 1024 ** 3 })] }),
  runs: [partitioned()],
}], (results) => {
  const [[result]] = results as [[Result]];
  assert.is(result.state.vms[0].HighMemoryMappedIoSpace, 1024 ** 3);
});

{
  const state = host(2025, { cards: [{ Name: partition, ValidPartitionCounts: [16, 8, 4, 2], PartitionCount: 16 }] });
  on(
    "the card is partitioned only where that differs and is possible",
    [4, 16, 1, 3].map((Count) => ({ state, runs: [partitioned({ Count })] })),
    (results) => {
      const all = results;
      assert.equal(all.map(([one]) => one!.log.filter((line) => line.startsWith("Set-VMHost"))), [
        ["Set-VMHostPartitionableGpu -PartitionCount 4"],
        [],
        [],
        [],
      ]);
      assert.match(all[3]![0]!.error, /can have 2, 4, 8, 16 partitions/);
    },
  );
}

{
  const two = host(10, {
    cards: [partition, partition.replace("2786", "1C02")].map((Name) => ({
      Name,
      ValidPartitionCounts: [32],
      PartitionCount: 32,
    })),
  });
  on("Windows 10 has other cmdlets, and cannot choose among cards", [
    { state: host(10), runs: [partitioned(), partitioned()] },
    { state: two, runs: [partitioned()] },
  ], (results) => {
    const [[one, again], [several]] = results as [
      [Result, Result],
      [Result],
    ];
    assert.equal([one.code, one.log[0]], [0, "Add-VMGpuPartitionAdapter"], one.error);
    assert.is(again.state.vms[0].adapters.length, 1);
    assert.match(several.error, /Windows 10 cannot choose among 2 cards/);
  });
}

{
  const bare = host(11);
  on("says what is missing, and changes nothing then", [
    { state: { ...bare, windows: { ...bare.windows, hyperv: false } }, runs: [partitioned()] },
    { state: bare, runs: [partitioned({ Device: "2684" })] },
    { state: host(11, { vms: [] }), runs: [partitioned()] },
    { state: host(2022, { vms: [vm({ Generation: 1 })] }), runs: [give()] },
  ], (results) => {
    const all = results.map(([one]) => one!);
    const errors = [
      /Get-VM/,
      /this host has no card 10de:2684 that Hyper-V can partition/,
      /unable to find a virtual machine/,
      /generation 2/,
    ];
    for (const [i, error] of errors.entries()) {
      assert.match(all[i]!.error, error);
      assert.is(all[i]!.code, 1);
      assert.equal(all[i]!.log.filter((line) => /Pnp|Dismount|Add-/.test(line)), []);
    }
  });
}

{
  const fail = { "Set-VM": "\u001b[31;1mSet-VM: it fails\u001b[0m" };
  on(
    "a refusal of PowerShell 7 comes without its escape codes",
    [{ state: host(2022), runs: [give({ fail })] }],
    (results) => {
      const [[result]] = results as [[Result]];
      assert.match(result.error, "homelab-gpu: Set-VM: it fails");
      assert.not.match(result.error, "\u001b");
    },
  );
}

test.run();
