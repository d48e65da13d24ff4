import type { Failure } from "../types.mts";
import { commandFix, guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { fetchWords } from "../fixes.mts";

/** Errors of package managers, mostly apt, about keys and signatures of package sources. */
export const aptKeyFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /Failed to parse keyring "[^"]{1,160}"/,
      /The key\(s\) in the keyring \S{1,160} are ignored/,
      /Reading "[^"]{1,160}\.(?:gpg|asc)": No such file/,
    ),
    near: fetchWords,
    check: "tools.present",
    layer: "packages",
    message: "the file with a package source's key is missing, empty or unreadable, so apt cannot check that source",
    fix: [
      manualFix(
        "Check the file that the source names (Signed-By): it has to exist, hold a key, and be readable for all " +
          "(chmod 644)",
      ),
      manualFix(
        "Fetch the key again as its publisher says; a .gpg file holds it in binary form (gpg --dearmor), a .asc " +
          "file as text",
      ),
    ],
    source: "apt with sqv and gpgv; kornyhiv/frigatenvr-easyinstallation#5 (2026-04)",
  },
  {
    pattern: anyOf(
      /SHA1 is not considered secure since/,
      /Policy rejected non-revocation signature|is not bound: No binding signature/,
      /uses weak (?:digest )?algorithm \(?SHA1|Signature by key \S{1,60} uses weak/,
    ),
    check: "tools.present",
    layer: "packages",
    message: "apt knows the repository's key, and refuses it: it is signed with SHA-1, which is not accepted since " +
      "2026-02-01",
    fix: [
      manualFix(
        "Use the repository's newer entry, whose key has a new signature (NVIDIA: debian13, or a current " +
          "cuda-keyring)",
      ),
      manualFix(
        "Only until it has one: an exception in /etc/crypto-policies/back-ends/apt-sequoia.config (hash_algorithms " +
          "sha1)",
      ),
    ],
    source: "apt with sqv; NVIDIA/cuda-repo-management#39 (2026-02)",
  },
  {
    pattern: anyOf(
      /nvidia\.github\.io\/[\w-]{6,30}\/(?:\w{6,12}\/)?[a-z]{4,8}[\d.]{1,6}\/\w{3,8} {1,2}Release' (?:does not have|no longer has)/,
      /nvidia\.github\.io\/[\w-]{6,30}\/(?:\w{6,12}\/)?[a-z]{4,8}[\d.]{1,6}\/\w{3,8} {1,2}Release {1,4}404/,
      /# Unsupported distribution!/,
    ),
    check: "tools.present",
    layer: "packages",
    message:
      "NVIDIA's repository has no list for this distribution's name: its current one is the same for all of them",
    fix: [
      commandFix(
        "Find the old files",
        "grep -rlE 'nvidia\\.github\\.io/[^ ]*/(debian|ubuntu|raspbian|mint|centos|rhel)[0-9]" +
          "|Unsupported distribution' /etc/apt/sources.list.d",
      ),
      manualFix(
        "Delete them, and use https://nvidia.github.io/libnvidia-container/stable/deb/nvidia-container-toolkit.list " +
          "(or …/stable/rpm/…) as NVIDIA's installation guide says",
      ),
    ],
    source: "apt; NVIDIA/nvidia-container-toolkit#91 (2023-08), #94 (2023-11)",
  },
  {
    pattern: /Conflicting values set for option (?:Signed-By|Trusted)/,
    check: "tools.present",
    layer: "packages",
    message: "two files name the same package source with different keys",
    fix: [
      commandFix("Find them", "grep -rni -e signed-by -e '^deb' /etc/apt/sources.list /etc/apt/sources.list.d"),
      manualFix("Of each source that a line of the error names, delete the older file; then run apt-get update again"),
    ],
    source:
      "apt; NVIDIA/nvidia-container-toolkit#170 (2022-04), gantsign/ansible-role-visual-studio-code#263 (2025-07)",
  },
  {
    pattern: anyOf(
      /Release signed by unknown key/,
      /Invalid Release signature/,
      /NO_PUBKEY/,
      /public key is not available|Missing key \S{16,60}, which is needed to verify/,
      /GPG check FAILED/,
      /Public key for \S{1,160} is not installed|GPG key retrieval failed|Signature verification failed/,
      /OpenPGP check failed|Failed to retrieve new repository metadata/,
    ),
    near: fetchWords,
    check: "tools.present",
    layer: "packages",
    message: "the key that a package or its source is signed with is not known here, or has expired",
    fix: [
      manualFix("Install the distribution's keyring (Debian: debian-archive-keyring), or that source's own key"),
      manualFix("NVIDIA's repository: install its cuda-keyring package again"),
      manualFix("With rpm: import the publisher's new key (rpm --import URL), then try again"),
    ],
    source: "debootstrap, apt, dnf, read 2026-11",
  },
  {
    pattern: /following signatures were invalid: (?:EXPKEYSIG|KEYEXPIRED|REVKEYSIG)/,
    near: fetchWords,
    check: "tools.present",
    layer: "packages",
    message: "the key of a package source has expired or was revoked, and its publisher has a newer one",
    fix: [
      manualFix("Get the source's key again, as its publisher's page says (NVIDIA: the package cuda-keyring)"),
      guestFix("Then read the lists again", "apt-get update"),
      manualFix("If that page has no newer key: the source is no longer kept; remove its file in sources.list.d"),
    ],
    source: "apt; NVIDIA/nvidia-docker#837 (2018-10)",
  },
  {
    pattern: /At least one invalid signature was encountered|Splitting up \S{1,160} into data and signature failed/,
    check: "tools.present",
    layer: "packages",
    message:
      "apt could not write the files that it checks: the disk is full, or (in a container) the host's Docker is " +
      "older than the image's system",
    fix: [
      guestFix("Check whether a disk is full", "df -h"),
      guestFix("Check what Docker keeps", "docker system df"),
      manualFix("If there is room: update Docker and libseccomp2 on the machine that builds the image"),
      manualFix("If it happens outside of containers: see that /tmp exists and everyone may write there (mode 1777)"),
    ],
    source: "apt; NVIDIA/nvidia-docker#1368 (2020-08), #1800 (2023-11)",
  },
  {
    pattern: /The repository '[^']{1,160}' is not signed|Sub-process \/usr\/bin\/sqv returned an error code/,
    check: "tools.present",
    strength: "symptom",
    layer: "packages",
    message: "apt could not check a package source's signature: its key is not known here, or is refused",
    fix: [manualFix("Read the W: or GPG line before it, which says which key and why")],
    source: "apt, read 2026-11",
  },
  {
    pattern:
      /Malformed entry \d{1,4} in (?:list|sources) file|Unsupported distribution! # Check https|is not known on line \d{1,4} in source list/,
    check: "tools.present",
    layer: "packages",
    message: "a file of package sources is damaged: most often an error page was saved as its content",
    fix: [
      manualFix("Read the file that it names; if it holds HTML or nothing useful, delete it"),
      manualFix(
        "Write it again as its publisher says: NVIDIA's toolkit has one source for all releases (stable/deb)",
      ),
    ],
    source: "apt, read 2026-11; NVIDIA/nvidia-docker's page of known errors",
  },
  {
    pattern: /gpg: no valid OpenPGP data found/,
    check: "tools.present",
    layer: "network",
    message: "what was downloaded as a key is none: the address is wrong, or the download failed",
    fix: [manualFix("Download it again and look at it: curl -fsSL URL ends with the error that it got")],
    source: "GnuPG, read 2026-11",
  },
  {
    pattern: /Policy will reject signature within a year/,
    check: "tools.present",
    strength: "note",
    layer: "packages",
    message: "a warning of apt: a package source is signed in a way that will be refused later; now it works",
    fix: [manualFix("Nothing to do now; install the publisher's newer keyring when there is one")],
    source: "apt 2.9 (2024-04) and later with sqv",
  },
];
