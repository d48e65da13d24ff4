/** Fake Windows hosts from recorded probes. */
import { parseHost } from "../../lib/host/parse.mts";

/**
 * The facts of a probe's text: its lines by section, without comments and without answers of
 * programs that are not simulated.
 */
export function factsOf(text: string): Record<string, string[]> {
  const sections: Record<string, string[]> = {};
  let current: string[] = [];
  for (const line of text.split("\n")) {
    const name = /^\[(.*)\]$/.exec(line)?.[1];
    if (name) current = sections[name] = [];
    else if (line && !line.startsWith("#") && !/^(vagrant|packer|virtualbox)-(version|plugin):/.test(line)) {
      current.push(line);
    }
  }
  return Object.fromEntries(Object.entries(sections).map(([name, lines]) => [name, lines.sort()]));
}

/** A Windows for which the probe prints this text. */
export function stateOf(text: string) {
  const host = parseHost(text);
  const facts = factsOf(text);
  const all = (section: string, key: string) =>
    (facts[section] ?? []).flatMap((line) => line.startsWith(`${key}:`) ? [line.slice(key.length + 1)] : []);
  const one = (section: string, key: string) => all(section, key)[0];
  const yes = (section: string, key: string) => one(section, key) === "yes";
  const cards = (host.pci ?? []).map((fn) => {
    const of = (key: string) => (one("pci", `${fn.bdf}/${key}`) ?? "").replace(/^0x/, "").toUpperCase();
    const id = `PCI\\VEN_${of("vendor")}&DEV_${of("device")}&SUBSYS_${of("subsystem_device")}${
      of("subsystem_vendor")
    }&REV_${of("revision")}\\${one("pci", `${fn.bdf}/instance`)}`;
    const [, domain, bus, slot, number] = /^(\w+):(\w+):(\w+)\.(\w)$/.exec(fn.bdf)!.map((part) => parseInt(part, 16));
    return {
      entity: {
        PNPDeviceID: id,
        PNPClass: "Display",
        CompatibleID: [`PCI\\VEN_${of("vendor")}&CC_${of("class").slice(0, 4)}`],
        Service: one("pci", `${fn.bdf}/driver`),
        Name: one("pci", `${fn.bdf}/model`),
      },
      properties: {
        DEVPKEY_Device_BusNumber: domain! * 256 + bus!,
        DEVPKEY_Device_Address: slot! * 65536 + number!,
      },
    };
  });
  const cim: Record<string, unknown[]> = {
    Win32_OperatingSystem: [{
      Caption: one("os", "PRETTY_NAME"),
      Version: one("os", "VERSION_ID"),
      TotalVisibleMemorySize: one("memory", "MemTotal"),
      FreePhysicalMemory: one("memory", "MemAvailable"),
      ProductType: one("windows", "product"),
    }],
    Win32_ComputerSystem: [{
      Manufacturer: one("os", "dmi-sys_vendor"),
      Model: one("os", "dmi-product_name"),
      NumberOfLogicalProcessors: one("cpu", "count"),
      HypervisorPresent: yes("windows", "hypervisor"),
    }],
    Win32_Processor: [{
      Manufacturer: one("cpu", "vendor"),
      Name: one("cpu", "model"),
      VirtualizationFirmwareEnabled: yes("cpu", "virtualization"),
    }],
    Win32_LogicalDisk: [
      { DeviceID: "C:", DriveType: 3, FreeSpace: Number(one("disk", "here") ?? 0) * 1024 },
      ...all("windows", "network-drive").map((DeviceID) => ({ DeviceID, DriveType: 4 })),
    ],
    Win32_VideoController: all("windows", "video").map((line) => {
      const [PNPDeviceID, DriverVersion, Status, folder, Name] = line.split("|");
      const drivers = folder === "-"
        ? ""
        : `C:\\Windows\\System32\\DriverStore\\FileRepository\\${folder}\\nvldumdx.dll`;
      return { PNPDeviceID, DriverVersion, Status, Name, InstalledDisplayDrivers: drivers };
    }),
    Win32_PnPEntity: cards.map(({ entity }) => entity),
    ...(one("windows", "hyperv")
      ? { Win32_OptionalFeature: [{ Name: "Microsoft-Hyper-V", InstallState: yes("windows", "hyperv") ? 1 : 2 }] }
      : {}),
    ...(one("windows", "service")
      ? {
        Win32_Service: one("windows", "service") === "missing"
          ? []
          : [{ Name: "vmms", State: one("windows", "service") }],
      }
      : {}),
    ...(one("windows", "vbs")
      ? { Win32_DeviceGuard: [{ VirtualizationBasedSecurityStatus: one("windows", "vbs") }] }
      : {}),
  };
  const policies = all("windows", "policy").map((line) => line.split(" ") as [string, string]);
  // QEMU's folder is not in PATH
  const qemu = "C:\\Program Files\\qemu\\qemu-img.exe";
  const libraries = "C:\\Windows\\System32\\lxss\\lib\\libdxcore.so";
  return {
    windows: {
      build: Number(one("windows", "build")),
      client: one("windows", "product") === "1",
      hyperv: one("windows", "cmdlet") !== undefined,
    },
    env: {
      ProgramFiles: "C:\\Program Files",
      SystemRoot: "C:\\Windows",
      USERPROFILE: "C:\\Users\\x",
      PROCESSOR_ARCHITECTURE: "AMD64",
      VAGRANT_HOME: "",
    },
    here: "C:\\lab",
    ...(one("windows", "system-access")
      ? { access: ["S-1-5-32-544", ...(yes("windows", "system-access") ? ["S-1-5-18"] : [])] }
      : {}),
    elevated: yes("windows", "elevated"),
    administrators: yes("windows", "hyperv-rights"),
    denied: one("windows", "partitionable-error"),
    registry: {
      "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecureBoot\\State": {
        UEFISecureBootEnabled: yes("os", "secure-boot") ? 1 : 0,
      },
      "HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion": {
        EditionID: one("windows", "edition"),
        CurrentBuildNumber: one("windows", "build"),
      },
      ...(policies.length > 0
        ? {
          "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\HyperV": Object.fromEntries(
            policies.map(([name, value]) => [name, Number(value)]),
          ),
        }
        : {}),
    },
    files: {
      ...(yes("windows", "libraries") ? { [libraries]: 1 } : {}),
      ...(one("programs", "qemu-img") === qemu ? { [qemu]: 1 } : {}),
    },
    programs: Object.fromEntries(
      (facts.programs ?? []).filter((line) => !line.endsWith(qemu)).map((line) => {
        const [name, ...path] = line.split(":");
        return [name, path.join(":").replace("~", "C:\\Users\\x")];
      }),
    ),
    vms: [],
    devices: [],
    properties: Object.fromEntries(cards.map(({ entity, properties }) => [entity.PNPDeviceID, properties])),
    cards: all("windows", "partitionable").map((line) => {
      const [Name, counts, count] = line.split("|");
      return { Name, ValidPartitionCounts: counts!.split(",").map(Number), PartitionCount: Number(count) };
    }),
    switches: all("windows", "switch").map((line) => {
      const [Id, SwitchType, Name] = line.split("|");
      return { Id, SwitchType, Name };
    }),
    cim,
  };
}
