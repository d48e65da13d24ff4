import type { Failure } from "../types.mts";
import { commandFix, doctorFix } from "../../../fixes.mts";
import { rows } from "../rows.mts";

const incusLog = commandFix("Read the instance's log", "incus info --show-log NAME");
const plugins = commandFix("Install the plugin for Vagrant's own Ruby", "vagrant plugin install vagrant-libvirt");
const validate = commandFix("Check the Vagrantfile", "vagrant validate");
const capabilities = commandFix("Show the known names", "virt-install --osinfo list");

/** Words of Incus and LXD. */
const incusWords = /incus|\blxd?\b|\blxc\b|unix\.socket|security\.secureboot|instance|Failed to start device/i;

/** Errors of programs around VMs that have few of their own: RubyGems, Incus and LXC, virt-install, Vagrant. */
export const vmToolFailures = (): Failure[] => [
  ...rows({ layer: "packages", near: /ruby|gem|vagrant|bundle/i, source: "RubyGems, Bundler, mkmf; read 2026-11" }, [
    [
      "tools.present",
      "cause",
      /(?:requires (?:Ruby|RubyGems|rubygems) version |to support your Ruby & RubyGems was|Your Ruby version is \S{1,12}, but your Gemfile specified|requires rubygems version)/,
      "a gem needs another Ruby than the one here: gem install uses the system's Ruby, and Vagrant has its own",
      plugins,
      "Update Vagrant; or take vagrant and vagrant-libvirt from the distribution",
    ],
    [
      "tools.present",
      "cause",
      /(?:Gem::FilePermissionError|You don't have write permissions for the \S{1,120} directory)/,
      "gem is not allowed to write the system's folder for gems: plugins of Vagrant are not installed by gem, and " +
      "not as root",
      plugins,
    ],
    [
      "tools.present",
      "cause",
      /(?:mkmf\.rb can't find header files for ruby|cannot load such file -- mkmf)/,
      "Ruby's header files, with which a plugin is built, are not installed",
      "Install them: ruby-dev and build-essential (Debian), ruby-devel and gcc (Fedora), base-devel (Arch)",
      plugins,
    ],
    [
      "tools.present",
      "cause",
      /cannot load such file -- (?!mkmf|\S{0,80}[\/.]vagrantfile)[\w\/.-]{2,80} \(LoadError\)/,
      "a plugin of Vagrant needs a library of Ruby, which the line names, that this Vagrant does not have: the " +
      "plugin is newer than Vagrant, or its gems are those of an earlier one",
      "Update Vagrant to the release that the plugin asks for",
      commandFix("Install the plugins again, with what they need", "vagrant plugin expunge --reinstall"),
    ],
    [
      "tools.present",
      "cause",
      /(?:Could not find a valid gem|Unable to download data from https:\/\/\S{0,40}rubygems|Could not fetch specs from https|Gem::RemoteFetcher|Net::OpenTimeout)/,
      "a gem could not be fetched from rubygems.org: no network, a proxy or its certificate is between, or " +
      "its name is " +
      "wrong",
      "Set http_proxy and https_proxy, and SSL_CERT_FILE to a file with the proxy's certificate",
      plugins,
    ],
  ]),
  ...rows({
    layer: "provider",
    near: incusWords,
    shared: true,
    source: "lxc/incus (internal/server, client), Canonical LXD, read 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      /(?:No root device could be found|No storage pool found|Can't find a storage pool|(?:Instance|Profile|Image|Network|Storage pool) not found|requested image couldn't be found|Image alias not found)/,
      "Incus (LXD) was not set up, or has no storage pool, profile, network or image of that name in this project",
      commandFix("List what exists", "incus storage list; incus profile show default; incus list"),
      "First use: incus admin init (lxd init)",
    ],
  ]),
  ...rows({
    layer: "provider",
    near: incusWords,
    source: "lxc/incus (internal/server, client), Canonical LXD, read 2026-11",
  }, [
    [
      "provider.access",
      "cause",
      /(?:dial unix \S{1,60}(?:incus|lxd)\S{0,40}unix\.socket: |daemon doesn't appear to be started|(?:incus|lxd)\S{0,40}unix\.socket: connect: )/,
      "Incus' (LXD's) daemon does not run, or this user is not allowed to talk to it",
      "Start it (systemctl start incus), and add your user: usermod -aG incus-admin USER (lxd for LXD); then " +
      "log in again",
    ],
    [
      "guest.firmware",
      "cause",
      /(?:incompatible with secureboot|security\.secureboot(?:=false)? on the instance)/,
      "the image's boot loader is not signed for Secure Boot, which Incus' VMs have on",
      "Turn it off for this VM: incus config set NAME security.secureboot=false",
    ],
    [
      "host.virtualization",
      "cause",
      /(?:Instance type "?virtual-machine"? is not (?:supported|operational) on this server|KVM support is missing|(?:Failed to open|open) '?\/dev\/vhost[-_]vsock|vhost_vsock kernel module not loaded)/,
      "Incus cannot start VMs here: KVM or the module vhost_vsock is missing, or QEMU is not installed",
      doctorFix("host.virtualization"),
      commandFix("Load the modules", "modprobe -a kvm vhost_vsock", { root: true }),
      "Then restart Incus, which looks for them at its start",
    ],
    [
      "provider.version",
      "cause",
      /(?:Failed to add CPUs: |Failed to add device: Invalid parameter type|QEMU (?:version|is) too old|Invalid parameter type for '[\w-]{2,30}', expected)/,
      "Incus (LXD) and QEMU do not fit each other: the QEMU here is newer or older than that release knows",
      "Update Incus (LXD), or take QEMU from the same source (the snap, Zabbly's packages)",
      commandFix("Show both", "incus version; qemu-system-x86_64 --version"),
    ],
    [
      "verify.ssh",
      "symptom",
      /VM agent isn't currently running/,
      "the agent in the VM does not answer: the VM still boots, or its image has no incus-agent",
      "Wait a minute; else log in on its console (incus console NAME) and install it: mount -t 9p config " +
      "/mnt, then " +
      "run install.sh there",
    ],
    [
      "provider.mode",
      "cause",
      /(?:Invalid devices: |Device validation failed for|isn't supported for VMs|Cannot use "\w{2,12}" property|Couldn't find a matching GPU(?! with available VFs)|Attempting PCI passthrough on a non-PCI system|No matching GPU)/,
      "a device of the instance's configuration has a property that does not go with its kind, or names a " +
      "card that is " +
      "not there",
      commandFix("Show it, and the cards", "incus config show NAME --expanded; incus info --resources"),
      "A whole card for a VM: incus config device add NAME gpu gpu gputype=physical pci=0000:01:00.0",
    ],
    [
      "gpu.match",
      "cause",
      /VMs cannot match multiple GPUs per device|More than one GPU matched the MIG device/,
      "the instance's device fits several cards of this host, and a VM takes one for each device",
      commandFix("List the cards and their addresses (LXD: lxc info)", "incus info --resources"),
      "Name the card: incus config device set NAME DEVICE pci=0000:01:00.0 (LXD: lxc config device set …)",
    ],
    [
      "gpu.match",
      "cause",
      /no matching virtual function found|All virtual functions on parent device .{1,40} are already in use|No free virtual function|Couldn't find a matching GPU with available VFs|No available mdev for profile|mdev_supported_types\/\S{1,60}\/create: no space left|Parent device .{1,40} doesn't support SR-IOV/,
      "Incus (LXD) finds no free part of the card or adapter (virtual function, vGPU): none was created, all are in " +
      "use, or their driver on the host does not offer any",
      commandFix("Check how many there can be and are", "grep -H . /sys/bus/pci/devices/*/sriov_*vfs"),
      "Create them: write the number into sriov_numvfs, with the device's own driver loaded; vGPUs: mdevctl types",
    ],
    [
      "provider.mode",
      "cause",
      /(?:GPU|PCI|Network SR-IOV) devices cannot be used when migration\.stateful is enabled/,
      "an instance whose state is saved while it runs (migration.stateful) cannot have a passed device",
      "Turn it off: incus config set NAME migration.stateful=false",
    ],
    [
      "provider.access",
      "symptom",
      /(?:Failed to run: fork(?:start|limits|proxy)|Failed instance creation: |Failed creating instance|Failed to start instance|lxc_start: |Failed to start device)/,
      "Incus (LXD) could not create or start the instance; its log says why",
      incusLog,
    ],
  ]),
  ...rows({
    layer: "provider",
    near: /virt-(?:install|clone|manager|viewer|xml)|--osinfo|libvirt|other guests|^ERROR {2}/i,
    source: "virt-manager/virt-manager (virtinst), read 2026-11",
  }, [
    [
      "provider.mode",
      "cause",
      /(?:--osinfo\/--os-variant OS name is required|--os-variant \S{1,40} is not (?:known|valid))/,
      "virt-install 4 and later needs the guest's system, and could not detect it from the ISO or URL",
      capabilities,
      "Add --osinfo debian12 (or linux2022), or --osinfo detect=on,require=off",
    ],
    [
      "provider.access",
      "cause",
      /(?:is already in use by other guests|device is already in use by other guests)/,
      "another VM of libvirt has that disk or device",
      commandFix("List the VMs", "virsh -c qemu:///system list --all"),
      "Take another file, remove the other VM, or, if the two never run together: --check path_in_use=off",
    ],
    [
      "guest.image",
      "cause",
      /(?:Could not find an installable distribution at|does not have a URL location|Couldn't acquire file|The URL could not be accessed|install tree .{0,40}not found)/,
      "virt-install finds no installer at that address: it needs a distribution's install tree, not a folder of ISOs",
      "Fetch the ISO and give it by --cdrom FILE.iso, or a cloud image by --import",
    ],
    [
      "provider.mode",
      "cause",
      /(?:unrecognized arguments: --\S|Cannot (?:mix|use) --\S{1,30} and |--(?:memory|disk|name) \S{0,40}(?:is required|must be specified)|Do not know how to (?:proceed|use)|Unknown argument '\w)/,
      "the command line of virt-install lacks something, or has an option that this release does not know",
      "Give --name, --memory, --disk and one of --cdrom, --location, --import; see virt-install --OPTION=?",
    ],
    [
      "provider.access",
      "note",
      /(?:No display detected\. Not running virt-viewer|Console command returned failure|Unable to connect to graphic server)/,
      "only the window with the VM's screen did not open: the VM itself was created",
      "Look at it by virsh console NAME, or add --graphics none --console pty,target_type=serial, or --noautoconsole",
    ],
  ]),
  ...rows({ layer: "provider", source: "hashicorp/vagrant (templates/locales), read 2026-11" }, [
    [
      "provider.mode",
      "cause",
      /(?:You requested to (?:remove|update) the box|box you requested to be removed could not|requires a specific VM name to target|doesn't have a TTY to ask for confirmation|A VM by the name of \S{1,60} was not found|No virtual machines matched the regular|must include the `--force` option)/,
      "the vagrant command needs a name or option more: which machine, which version or provider of the box, " +
      "or --force",
      commandFix("Show machines and boxes", "vagrant global-status --prune; vagrant box list"),
    ],
    [
      "provider.mode",
      "cause",
      /(?:hostname set for the VM '|host path of the shared folder is (?:missing|not supported)|is not a valid (?:synced folder type|disk extension for)|`?path`? for shell provisioner does not exist|assigned a static IP ending in|more than one primary disks)/,
      "the Vagrantfile has a value that Vagrant does not accept, or names a file or folder that does not exist",
      validate,
      "Correct it at what the line names; a file that this project wrote: run up again",
    ],
    [
      "verify.ssh",
      "symptom",
      /(?:Ansible failed to complete successfully|Chef never successfully completed|A script exited with an unacceptable exit code|Trigger run failed|Could not run remote script on)/,
      "a provisioner or trigger of the Vagrantfile failed: the VM runs, and the lines above say at what",
      "Read the first error above that line; run it again alone: vagrant provision",
    ],
    [
      "verify.ssh",
      "symptom",
      /(?:While attempting to connect with WinRM|WinRM (?:command|connection|transport).{0,60}(?:fail|error|refus)|execution expired.{0,40}WinRM|Unable to establish a remote PowerShell connection|Failed to connect to remote machine)/,
      "Vagrant did not reach the Windows guest by WinRM: it still boots, its firewall or network profile " +
      "blocks it, or " +
      "user and password are others",
      "In the guest: winrm quickconfig, network profile Private; config.vm.communicator = 'winrm' with its user",
    ],
    [
      "provider.access",
      "fallback",
      /(?:Vagrant (?:was unable to|failed to|is unable to|is not able to|could not|couldn't|cannot|can't|does not support|doesn't support|attempted to|detected|requires|expected to|received an?) )/,
      "Vagrant says in this sentence what it could not do, and in the next ones what to change",
      "Read it to its end; for more: vagrant up --debug",
    ],
  ]),
  ...rows(
    { layer: "provider", source: "hashicorp/vagrant (templates/locales); hashicorp/vault-guides#265 (2020-06)" },
    [
      [
        "tools.present",
        "cause",
        /(?:Unknown configuration section '[\w-]{2,40}'|The '[\w-]{2,40}' provisioner could not be found)/,
        "the Vagrantfile uses settings or a provisioner of a plugin that is not installed",
        "Its name is most often vagrant-NAME: vagrant plugin install vagrant-NAME (disksize, hosts, vbguest, reload)",
        commandFix("List the plugins", "vagrant plugin list"),
      ],
    ],
  ),
];
