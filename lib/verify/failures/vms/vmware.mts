import type { Failure } from "../types.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { vagrantVmwareFailures } from "../tools/vagrant-vmware.mts";

const near =
  /vmware|\bvmx\b|\besxi?\b|vsphere|vcenter|vmkernel|vmmon|pcipassthru|pciehp|DevicePowerOn|sched\.mem|PCI MMIO|VMDB|vmrun|vmnet/i;
const vagrantUtility = manualFix(
  "Install vagrant-vmware-utility again, in a release that fits the plugin (vagrant plugin list), and start " +
    "its service",
);

/** Errors of VMware ESXi about passed cards, of VMware Workstation and Fusion, and of Vagrant's plugin for them. */
export const vmwareFailures = (): Failure[] => [
  ...vagrantVmwareFailures(),
  ...rows({
    layer: "hypervisor",
    near,
    source: "VMware ESXi; Dell 000199172 (2022-04), NVIDIA/cuda-samples#104 (2022-02), Broadcom KB 323402 and " +
      "its article on HPE servers, read 2026-11",
  }, [
    [
      "gpu.window",
      "cause",
      /PCIPassthru: total number of pages needed \(\d{1,12}\) exceeds|could not allocate \d{1,12} KB of PCI MMIO/,
      "the card's memory needs more 64-bit addresses (MMIO) than VMware gives the VM",
      "The VM: UEFI firmware, and in its advanced settings pciPassthru.use64bitMMIO = TRUE and " +
      "pciPassthru.64bitMMIOSizeGB = twice the memory of all passed cards, rounded up to a power of two",
      "The host's firmware setup: memory mapped I/O above 4 GB on",
    ],
    [
      "gpu.driver",
      "cause",
      anyOf(
        /Device \d{1,4}:\d{1,2}\.\d is not a passthrough device/,
        /hotplug slot: ?0x\w{1,4}: Device insertion detected while prior device/,
      ),
      "ESXi does not pass the card on: passthrough is off for it, or ESXi saw it removed and inserted (PCIe hot-plug)",
      commandFix("Check what ESXi passes on", "esxcli hardware pci pcipassthru list"),
      "Host, Manage, Hardware, PCI Devices: toggle passthrough for the card, and restart the host if it asks",
      "If vmkernel.log has lines of PCIEHP (HPE servers): turn PCIe hot-plug off, as Broadcom's article on " +
      "this message shows",
    ],
    [
      "gpu.match",
      "cause",
      /The systemId does not match the current system|vendorId does not match the device currently at/,
      "the VM's settings name a passed device that is not at that place: another card, slot or host",
      "Remove the PCI device from the VM's settings, and add it again",
    ],
    [
      "host.memory",
      "cause",
      /memory reservation \(sched\.mem\.min\) should be equal to memsize/,
      "a VM with a passed device has to have all of its memory reserved, and this one has not",
      "The VM's settings, Memory: Reserve all guest memory (All locked)",
    ],
    [
      "gpu.in-use",
      "cause",
      /Failed to register the device pciPassthru\d|One or more devices \(pciPassthru\d/,
      "ESXi could not give the card to the VM: another VM has it, its passthrough waits for a restart of the host, " +
      "or the VM has an IOMMU of its own",
      "Shut down the VM that has it; restart the host after a change of passthrough",
      "The VM's settings, CPU: Expose IOMMU to the guest off",
    ],
    [
      "gpu.match",
      "cause",
      /Could not initialize plugin .{0,80}libnvidia-vgx|amount of graphics resource available in the parent resource/,
      "no card of the host has room for a vGPU of that profile, or NVIDIA's host driver does not offer it",
      commandFix("On the host, see the cards and their vGPUs", "nvidia-smi vgpu"),
      "Host, Configure, Graphics: Shared Direct; all vGPUs of one card have the same size",
    ],
    [
      "gpu.window",
      "cause",
      /RmInitAdapter failed[^]{0,600}Hardware name: VMware, Inc/,
      "NVIDIA's driver does not start the card in a VM of VMware: the VM lacks UEFI or 64-bit addresses (MMIO) for it",
      "A new VM with UEFI firmware, pciPassthru.use64bitMMIO = TRUE and pciPassthru.64bitMMIOSizeGB = twice the " +
      "card's memory; GeForce cards before driver 465: also hypervisor.cpuid.v0 = FALSE",
      "Reserve all of the VM's memory, and take the newest branch of the driver",
    ],
    [
      "gpu.match",
      "symptom",
      /Module '?DevicePowerOn'? power on failed/,
      "VMware could not switch on a device of the VM, mostly the passed card; the VM's vmware.log names it",
      commandFix("Read it, in the VM's folder", "grep -iE 'passthru|power on failed|MMIO' vmware.log"),
      "A card with 16 GB or more: UEFI, and pciPassthru.use64bitMMIO = TRUE in the VM's advanced settings",
    ],
  ]),
  ...rows({
    layer: "hypervisor",
    near,
    source:
      "VMware Workstation 17, 25H2; bytium/vm-host-modules#12 (2024-12), mkubecek/vmware-host-modules#324 (2026-03)",
  }, [
    [
      "host.virtualization",
      "cause",
      anyOf(
        /Module '?(?:MonitorMode|HV)'? power on failed|Virtualized (?:Intel VT-x|AMD-V)\S{0,8} is not supported on this/,
        /VMware \w{4,20}(?: Pro)? and (?:Device\/Credential Guard|Hyper-V) are not compatible/,
        /does not support nested virtualization on this host/,
      ),
      "VMware does not get the CPU's virtualization: it is off in the firmware, or Windows' hypervisor (Hyper-V, " +
      "WSL, memory integrity) or KVM has it",
      "Firmware setup: Intel VT-x or AMD SVM on; in the VM's settings: Virtualize Intel VT-x/EPT off, if " +
      "nothing in it needs that",
      commandFix(
        "Windows: turn its hypervisor off (without it, WSL 2 and Docker Desktop do not run), then restart",
        "bcdedit /set hypervisorlaunchtype off",
        {
          root: true,
          reboot: true,
        },
      ),
    ],
    [
      "provider.version",
      "cause",
      /Unable to install all modules\. See log|Failed to build vm(?:mon|net)\b|\bvm(?:mon|net)\b[\w.\/-]{0,80}\.[ch]:\d{1,5}:\d{1,4}: (?:fatal )?error: /,
      "VMware's kernel modules do not compile: this release of VMware is older than the kernel",
      "Update VMware Workstation, or boot an older kernel",
      commandFix("Build them again", "vmware-modconfig --console --install-all", { root: true }),
    ],
    [
      "provider.version",
      "cause",
      /Could not open \/dev\/vmmon|kernel module [`']vmmon' is loaded|Version mismatch with vmmon/,
      "VMware's kernel module is not loaded: it was not built for this kernel, or Secure Boot refuses it",
      commandFix("Build and load it", "vmware-modconfig --console --install-all", { root: true }),
      "With Secure Boot: sign vmmon and vmnet with a key that mokutil --import enrolled",
    ],
    [
      "provider.access",
      "symptom",
      /Failed to initialize monitor device|Transport \(VMDB\) error -?\d{1,3}/,
      "VMware's process for the VM did not start or ended; the lines above or the VM's vmware.log say why",
      commandFix("Read it, in the VM's folder", "tail -n 40 vmware.log"),
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /vmware|vmnet|vagrant|==> /i,
    source: "vagrant-vmware-desktop 3.0 (locales/en.yml), read 2026-11; hashicorp/vagrant#13360 (2024-03)",
  }, [
    [
      "tools.present",
      "cause",
      anyOf(
        /`(?:vmrun|vmnet-cli)` binary could not be found|"(?:vmware-vmx|vnetlib)" \w{7,11} could not be found/,
        /binary to start VMware services could not|init script for managing VMware services could not/,
        /failed to determine the version of VMware|attempting to inspect VMware for/,
        /defines networking interfaces for VMware|containing the list of VMware networking devices/,
      ),
      "Vagrant does not find VMware Workstation or Fusion: it is not installed, or not completely",
      "Install VMware again and start it once; VMware Player has no vmrun that Vagrant can use",
      vagrantUtility,
    ],
    [
      "provider.version",
      "cause",
      anyOf(
        /running version of the Vagrant VMware utility is not|load the utility service key file/,
        /VMware plugin is not properly setup|VMware sudo helper|Vagrant VMware Utility provided an unexpected/,
        /license that doesn't allow you to use the installed version|HashiCorp license doesn't work with/,
      ),
      "Vagrant's plugin for VMware and its helper (vagrant-vmware-utility) do not fit each other, or are old releases",
      commandFix("Update the plugin", "vagrant plugin update vagrant-vmware-desktop"),
      vagrantUtility,
    ],
    [
      "provider.access",
      "cause",
      anyOf(
        /VMware "vmnet" devices are failing|VMware network device '[^']{1,40}' can't be started|new vmnet device for your/,
        /failed to (?:configure|start|stop) the VMware network|modifying VMware network devices|new VMware networking device/,
        /IP '[^']{1,40}' would collide with another device|would collide with existing forwarded ports on/,
        /locate the VMware NAT device|VMware network devices file is|configuration file for the vmnet device/,
        /limits the total number of vmnet devices|leases file for the vmnet device|currently used VMware port forwards/,
      ),
      "VMware's virtual networks do not start, or collide with another network or port of this machine",
      "Virtual Network Editor (Fusion: Settings, Network): restore the defaults, or remove the colliding network",
      "Choose another address or port in the Vagrantfile",
    ],
    [
      "guest.image",
      "cause",
      /"vmx" file was not found in the box|Failed to locate the primary disk for the guest/,
      "the box has no complete VM for VMware: it is for another provider, or damaged",
      "Use a box that lists the provider vmware_desktop and this processor, and remove the other: " +
      "vagrant box remove NAME",
    ],
    [
      "host.disk",
      "cause",
      /Disk not resized because snapshots are present/,
      "VMware does not enlarge a disk that has snapshots",
      "Remove the VM's snapshots (vagrant snapshot list, vagrant snapshot delete NAME), then vagrant reload",
    ],
    [
      "host.folder",
      "cause",
      /HGFS was never found on the running virtual machine/,
      "the VM has no VMware tools, which shared folders need",
      'Install open-vm-tools in the VM, or share by rsync: config.vm.synced_folder ".", "/vagrant", type: "rsync"',
    ],
    [
      "provider.access",
      "cause",
      /VMware VM could not be cloned due to permission|VMware \S{1,20} provider must modify has bad perm|read the VMware DHCP leases/,
      "this user is not allowed to read or write a file or folder of VMware that Vagrant needs",
      "Give your user the folder that the message names; run vagrant and VMware as the same user",
    ],
    [
      "verify.ssh",
      "symptom",
      /retrieving the SSH info from the guest|The IP of the guest VM could not be detected/,
      "Vagrant does not learn the address of VMware's VM: it still boots, has no VMware tools, or VMware's " +
      "DHCP gave none",
      "Look at the VM's screen in VMware; install open-vm-tools in the box",
      "If the error remains: vagrant reload, then restore VMware's networks in its Virtual Network Editor",
    ],
    [
      "provider.access",
      "cause",
      /Another instance of Vagrant is running operations on the same/,
      "another vagrant works on the same VM",
      "Wait until it ends, or end it, then try again",
    ],
  ]),
];
