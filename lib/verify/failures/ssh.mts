import type { Failure } from "./types.mts";
import { commandFix } from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { rows } from "./rows.mts";

/** Words of a VM of this host, so that a server on the Internet does not match. */
const near =
  /vagrant|libvirt|packer|virsh|homelab-gpu|\b192\.168\.(?:12[1-4]|39|56)\.\d|\b127\.0\.0\.1|\[localhost\]|\bubuntu@|\bvagrant@|cloud-init/i;

/** Messages of OpenSSH about a VM of this host. */
export const sshFailures = (): Failure[] =>
  rows({
    layer: "network",
    near,
    source: "OpenSSH (ssh.c, sshconnect.c, authfile.c), read 2026-11",
  }, [
    [
      "verify.ssh",
      "cause",
      /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
      "ssh knows another VM at that address: the VM was recreated, or another one has the address now",
      "Remove the old key: ssh-keygen -R ADDRESS (the line “Offending key” has the file)",
      "For VMs of Vagrant: vagrant ssh, or vagrant ssh-config, which do not compare keys",
    ],
    [
      "verify.ssh",
      "cause",
      /UNPROTECTED PRIVATE KEY FILE|private_key\S{0,3} are too open/,
      "other users may read the private key, and ssh refuses it: the folder lies on a file system without Unix " +
      "permissions (NTFS, a share, WSL's /mnt/c)",
      commandFix("Let only your user read it", "chmod 600 .vagrant/machines/*/*/private_key"),
      "In WSL below /mnt/c: move the project into Linux' own file system (~/)",
    ],
    [
      "verify.ssh",
      "cause",
      /no matching (?:host key type|key exchange method|cipher|MAC) found|no mutual signature (?:algorithm|supported)/,
      "ssh here and in the VM have no algorithm in common: the box is old (ssh-rsa, SHA-1), and OpenSSH 8.8 and " +
      "later refuse that",
      "Use a current box",
      "For this VM only: ssh -o HostKeyAlgorithms=+ssh-rsa -o PubkeyAcceptedAlgorithms=+ssh-rsa",
    ],
    [
      "verify.ssh",
      "cause",
      /Too many authentication failures/,
      "ssh offered too many keys of your agent before the right one",
      "Offer only the right one: ssh -o IdentitiesOnly=yes -i KEY; in Vagrant: config.ssh.keys_only = true",
    ],
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /Permission denied \(publickey[\w,-]{0,60}\)/,
      ),
      "the VM runs and refuses the key: the user is another one, or the key is not in that user's authorized_keys",
      "See which user and key Vagrant uses: vagrant ssh-config",
      "With a cloud image: the user is debian, ubuntu or fedora, and cloud-init writes the key (ssh_authorized_keys)",
    ],
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /ssh: connect to host \S{1,60} port \d{1,5}: (?:No route to host|Connection (?:refused|timed out))/,
      ),
      "the VM does not answer at that address: it does not run, still boots, has another address, or a firewall is " +
      "between",
      commandFix(
        "See its state and its address",
        "virsh -c qemu:///system list --all && virsh -c qemu:///system net-dhcp-leases default",
      ),
      "Watch its console: virsh -c qemu:///system console NAME",
    ],
  ]);
