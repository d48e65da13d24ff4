import type { Failure } from "../types.mts";
import { commandFix, doctorFix, manualFix, remedies } from "../../../fixes.mts";
import { self } from "../../../self.mts";
import { anyOf } from "../../../text.mts";
import { vagrantWords } from "../fixes.mts";

/** Errors of Vagrant about the connection to a VM: its address, SSH, and commands in it. */
export const vagrantSshFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /(?:authorization|SSL) error occurred while connecting to WinRM|timed out while attempting to connect via WinRM/,
      /WinRM connection was (?:reset|unexpectedly closed)|is not able to report an address for WinRM/,
      /occurred executing a remote WinRM command|WinRM command responded with a non-zero|ERROR DURING WINRM SEND INPUT/,
    ),
    check: "verify.ssh",
    strength: "symptom",
    layer: "network",
    message:
      "the Windows guest was not reached by WinRM, or did not answer: it still boots or installs updates, WinRM is " +
      "not set up in it, or its user or password are others",
    fix: [
      manualFix("Look at the VM's screen; in it, as administrator: winrm quickconfig, and a network that is private"),
      manualFix(
        "Vagrant: config.winrm.username and password are the box's, config.vm.boot_timeout is longer; Ansible: raise " +
          "ansible_winrm_read_timeout_sec",
      ),
    ],
    source: "Vagrant (locales/comm_winrm.yml, 2026-08), Ansible; read 2026-11",
  },
  {
    pattern: anyOf(
      /The specified wait_for timeout \(\d{1,4} seconds\) was exceeded/,
      /domain didn't get an IP|No IP address found for/,
      /Waiting for domain to get an IP address\.\.\.(?![^]{0,500}(?:SSH|Waiting for machine))/,
    ),
    near: vagrantWords,
    check: "verify.ssh",
    strength: "symptom",
    layer: "network",
    message:
      "the VM gets no address from libvirt's DHCP: the host's firewall or another bridge filter is in its way, or " +
      "the guest does not boot",
    fix: [
      commandFix(
        "Check whether the network runs, and its leases",
        "virsh -c qemu:///system net-dhcp-leases vagrant-libvirt",
      ),
      manualFix(
        "Look at the VM's console (virt-manager, or virsh console): if it does not boot, its firmware or disk bus " +
          "is wrong",
      ),
      manualFix("Let DHCP and DNS in from libvirt's bridges: firewalld's zone libvirt, or ufw allow in on virbr1"),
      manualFix("Docker sets the policy of FORWARD to DROP: see that libvirt's rules come before it"),
    ],
    source: "vagrant-libvirt (fog); vagrant-libvirt/vagrant-libvirt#1145 (2020-09), kind to date",
  },
  {
    pattern: /Could not load host key: \/etc\/ssh|No supported key exchange algorithms|no hostkeys available/,
    check: "verify.ssh",
    layer: "image",
    message: "the VM's SSH server has no keys of its own: they were removed from the image and not made again at the " +
      "first boot",
    fix: [
      manualFix("On its console: ssh-keygen -A, then systemctl restart ssh (or sshd)"),
      manualFix(
        "In the image's build: leave the keys to cloud-init (ssh_deletekeys), or make them in a first-boot unit",
      ),
    ],
    source: "OpenSSH; hashicorp/packer#7651 (2019-05)",
  },
  {
    pattern: anyOf(
      /SSH authentication failed!/,
      /Permission denied \(publickey/,
      /Authentication failure\. Retrying/,
      /send_pubkey_test: no mutual signature|signature algorithm ssh-rsa not in/,
    ),
    near: /vagrant|homelab|packer|==> |qemu|ssh-rsa|SSH authentication failed!|Warning: Authentication failure/i,
    check: "verify.ssh",
    layer: "network",
    message:
      "the VM runs and does not accept the key: its disk is older than the key, or the key's kind (ssh-rsa, SHA-1) " +
      "is refused by new OpenSSH",
    fix: [
      manualFix("If the VM was made from a box with another key: recreate it"),
      remedies.recreate,
      manualFix("If it says ssh-rsa or “signature”: update Vagrant to 2.4 or later, which uses ed25519 keys"),
      manualFix("If Vagrant retries for minutes at the first boot: the box has no key of Vagrant's for that user"),
    ],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08), OpenSSH 8.8 and later",
  },
  {
    pattern: anyOf(
      /Timed out while waiting for the machine to boot/,
      /(?:Warning: )?(?:Connection refused|Host unreachable|Remote connection disconnect)\. Retrying/,
    ),
    near: vagrantWords,
    check: "verify.ssh",
    strength: "symptom",
    layer: "network",
    message:
      "the VM did not answer over SSH in time: it hangs while it boots, has no network, or is slow because it is " +
      "emulated",
    fix: [
      commandFix("Check whether it runs and has an address", self("status")),
      manualFix("Look at its console (virt-manager, or virsh console NAME)"),
      doctorFix("host.virtualization"),
    ],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern: /SSH command responded with a non-zero exit status/,
    check: "verify.ssh",
    strength: "symptom",
    layer: "packages",
    fallback: true,
    message: "a command in the VM ended with an error, which is below it",
    fix: [manualFix("Read the lines below it; run the command in the VM by hand (vagrant ssh)")],
    source: "Vagrant (locales/en.yml), read 2026-11",
  },
];
