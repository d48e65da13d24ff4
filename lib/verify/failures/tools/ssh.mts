import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Words of a VM of this host, so that a server on the Internet does not match. */
const near =
  /vagrant|libvirt|packer|virsh|homelab-gpu|\b192\.168\.(?:12[1-4]|39|56)\.\d|\b127\.0\.0\.1|\[localhost\]|\bubuntu@|\bvagrant@|cloud-init/i;

/** Messages of OpenSSH about a VM of this host. */
export const sshFailures = (): Failure[] => [
  ...rows({ layer: "network", source: "OpenSSH (kex.c, sshconnect2.c), read 2026-11" }, [
    [
      "verify.ssh",
      "cause",
      /no matching (?:host key type|key exchange method|cipher|MAC) found(?!.{0,240}\[preauth\])|no mutual signature (?:algorithm|supported)/,
      "ssh and the server have no algorithm in common: the server (or the box) is old (ssh-rsa, SHA-1), and OpenSSH " +
      "8.8 and later refuse that",
      "Update the server; a VM: use a current box",
      "For this server only, add what it offers: ssh -o HostKeyAlgorithms=+ssh-rsa -o " +
      "PubkeyAcceptedAlgorithms=+ssh-rsa (key exchange: KexAlgorithms=+NAME, cipher: Ciphers=+NAME, MAC: MACs=+NAME)",
    ],
  ]),
  ...rows({
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
      "other users may read the private key, and ssh refuses it: the folder is on a file system without Unix " +
      "permissions (NTFS, a share, WSL's /mnt/c)",
      commandFix("Let only your user read it", "chmod 600 .vagrant/machines/*/*/private_key"),
      "In WSL below /mnt/c: move the project into Linux' own file system (~/)",
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
      "Check which user and key Vagrant uses: vagrant ssh-config",
      "With a cloud image: the user is debian, ubuntu or fedora, and cloud-init writes the key (ssh_authorized_keys)",
    ],
    [
      "verify.ssh",
      "symptom",
      anyOf(
        /ssh: connect to host \S{1,60} port \d{1,5}: (?:No route to host|Connection (?:refused|timed out))/,
      ),
      "no SSH server answers at that address: the VM does not run, still boots, has another address, or a firewall " +
      "is between",
      commandFix(
        "Check its state and its address",
        "virsh -c qemu:///system list --all && virsh -c qemu:///system net-dhcp-leases default",
      ),
      "Watch its console: virsh -c qemu:///system console NAME",
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /(?<!error: )kex_exchange_identification: (?:Connection (?:closed|reset)|read: Connection reset|banner line|Connection closed by remote)/,
        /(?:ssh_exchange_identification: \S|Connection (?:closed|reset) by \S{1,60} port \d{1,5}(?!\d| ?\[preauth))/,
      ),
      "the SSH server (of the VM) ended the connection before it asked for a key: the VM still boots, has no host " +
      "keys or a " +
      "full disk, or refuses this address",
      "Wait a minute and try again; then see on its console: systemctl status ssh, and ssh-keygen -A for " +
      "missing host keys",
    ],
    [
      "verify.ssh",
      "symptom",
      /(?:Write failed: Broken pipe|client_loop: send disconnect|Timeout, server \S{1,60} not responding|packet_write_wait: Connection to)/,
      "the SSH connection broke off: the VM rebooted or hangs, or the network between changed",
      "Check whether the VM runs, and read its kernel's last lines on its console",
    ],
    [
      "verify.ssh",
      "cause",
      /(?:Could not resolve hostname [\w.-]{1,80}: |ssh: Could not resolve)/,
      "ssh does not know that name: the VM's name is in no DNS and no SSH config",
      "Use its address, or write its SSH config into a file: vagrant ssh-config NAME >ssh.cfg, then ssh -F " +
      "ssh.cfg NAME",
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /(?:Load key|identity file|Identity file) "?\S{1,160}"?:? (?:invalid format|error in libcrypto|No such file|not accessible|bad permissions|type -1)/,
        /(?:key_load_|sshkey_)\w{4,30}: .{0,60}(?:invalid format|error in libcrypto|incorrect passphrase)/,
      ),
      "ssh cannot read the private key: the file does not exist, is not a key of OpenSSH (PuTTY's .ppk, Windows " +
      "line ends, " +
      "no last line break), or has a passphrase",
      "Check what it is: ssh-keygen -y -f KEY; convert a .ppk in PuTTYgen; end the file with a line break",
    ],
  ]),
];
const anywhere = "OpenSSH (readconf.c, ssh.c, sshd.c), read 2026-11";

/** Messages of OpenSSH about its own files, wherever the server is. */
export const sshFileFailures = (): Failure[] =>
  rows({ layer: "network", source: anywhere }, [
    [
      "verify.ssh",
      "cause",
      anyOf(
        /Bad owner or permissions on \S{0,120}ssh\S{0,40}/,
        /(?:Bad configuration option: \S|terminating, \d{1,3} bad configuration options|\/\.ssh\/config\S{0,3} line \d{1,5}: \S)/,
      ),
      "ssh does not take its settings: ~/.ssh/config (or a file that it includes) belongs to another user, may be " +
      "written by others, or has a line that this OpenSSH does not know",
      commandFix("Let only your user write it", "chmod 600 ~/.ssh/config && chown $(id -un) ~/.ssh/config"),
      "Remove or correct the option in the line that it names",
    ],
    [
      "verify.ssh",
      "cause",
      anyOf(
        /(?:sshd: no hostkeys available|Could not load host key: \/etc\/ssh|Missing privilege separation directory: )/,
        /(?:Authentication refused: bad ownership or modes for|error: Bind to port \d{1,5} on \S{1,40} failed)/,
      ),
      "the SSH server does not start, or refuses all keys: host keys or its folder are missing, another " +
      "program has the " +
      "port, or the user's home, .ssh or authorized_keys may be written by others",
      "In the VM: ssh-keygen -A; chmod 700 ~/.ssh; chmod 600 ~/.ssh/authorized_keys; chmod go-w ~; then restart ssh",
    ],
    [
      "verify.ssh",
      "cause",
      /(?:Could not open a connection to your authentication agent|sign_and_send_pubkey: signing failed|agent refused operation)/,
      "ssh's agent does not run in this session, or refuses the key",
      "Start it: eval $(ssh-agent) && ssh-add KEY; or leave it out: ssh -o IdentitiesOnly=yes -o " +
      "IdentityAgent=none -i KEY",
    ],
    [
      "verify.ssh",
      "cause",
      /(?:channel \d{1,5}: open failed: (?:connect failed|administratively prohibited|unknown channel type)|bind \[\S{1,40}\]:\d{1,5}: Address already in use|remote port forwarding failed for listen port)/,
      "a port that ssh should forward is taken on this side, or nothing listens at its other end, or the " +
      "server forbids " +
      "forwarding (AllowTcpForwarding)",
      commandFix("Check what listens here", "ss -lntp"),
    ],
  ]);
