import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const nodes = guestFix("Show the card's nodes, with their groups as numbers", "ls -ln /dev/dri");
const groups = manualFix("Write devices: [/dev/dri] and group_add: with the numbers of these groups for that service");
const startLog = guestFix("Read the start from its first line", "docker compose logs --no-color SERVICE");

/** What the start scripts of images say: s6-overlay, LinuxServer.io, jlesage, Plex, Wolf, Stash and Immich. */
export const startScriptFailures = (): Failure[] => [
  ...rows({
    layer: "image",
    source: "s6-overlay 3, linuxserver (baseimage, init-adduser); linuxserver/docker-jellyfin, nordicnode/TorBox-" +
      "Media-Server#22 (2026-06), just-containers/s6-overlay#552 (2023-11), read 2026-11",
  }, [
    [
      "verify.service",
      "cause",
      /s6-(?:applyuidgid|setuidgid|envuidgid|fdholderd)\S{0,20}: fatal: (?:unable to (?:set(?: supplementary)? (?:group|uid|gid)\w{0,4}(?: list)?|setuid|setgid)|.{0,40}Operation not permitted)/,
      "the image's start script cannot change to its user: the container lacks the capabilities SETUID, SETGID " +
      "and CHOWN (cap_drop), or does not start as root",
      "Add them again: cap_add: [CHOWN, SETUID, SETGID, DAC_OVERRIDE, FOWNER] next to cap_drop: [ALL]",
      "Leave user: out, and give the user by PUID and PGID instead, if the image's page names them",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /s6-overlay-suexec: warning: unable to gain root privileges/,
        /s6-chown: fatal: UID not set/,
      ),
      "the image's supervisor (s6-overlay) must start as root, and the container starts as another user",
      "Remove user: from that service (in a Dockerfile: USER), and give the user by PUID and PGID instead",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /cont-init(?:\.d)?\/?[^:\n]{0,80}: (?:\d{1,3}: )?(?:\S{1,100}: )?\/?(?:etc|run|var|custom-cont-init\.d)\/\S{1,120}: Permission denied/,
        /\.(?:sh|bash): line \d{1,4}: exec: \S{1,120}: cannot execute: Permission denied/,
      ),
      "a start script of the container cannot run: its file is not executable, or is on a volume without " +
      "execution (noexec)",
      "Make it executable (chmod +x), or have the image do it: a script that was mounted keeps its mode",
    ],
  ]),
  ...rows({
    layer: "docker",
    source: "linuxserver/docker-mods (docker-mods.v3); imagegenius/docker-immich#727 (2026-07)",
  }, [
    [
      "verify.service",
      "cause",
      /\[mod-init\] (?:\S{1,120} could not be found on|\(ERROR\) Invalid tarball for)/,
      "LinuxServer.io's start script did not get a mod (DOCKER_MODS), so what the mod brings is missing: the " +
      "container has no name server or way to the internet, the name is wrong, or the download broke off",
      guestFix("Check whether the machine reaches it", "curl -sI https://ghcr.io"),
      "If only the container does not: dns: [1.1.1.1] for that service; compare the name with linuxserver/docker-mods",
      "Otherwise create the container again, which downloads it again",
    ],
  ]),
  ...rows({
    layer: "image",
    source: "jlesage/docker-handbrake (cont-init.d, check-qsv), #155 (2020-11), #171 (2021-02), #460 (2026-08)",
  }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /Quick Sync Video not supported: device \S{1,40} (?:owned|has (?:wrong|no)|is not)/,
        /by group 'root' and configured user doesn't have permissions/,
        /VA-?API device \(?\/dev\/dri\/\S{1,20}\)? has incorrect permissions/,
      ),
      "the card's node belongs to a group that the service's user is not in, such as root on Synology and QNAP",
      nodes,
      groups,
      "Where the group is root: on the host, as root at each boot: chgrp video /dev/dri/renderD128 && chmod g+rw " +
      "/dev/dri/renderD128",
    ],
    [
      "verify.service",
      "note",
      /Quick Sync Video not supported: (?:video adapter not using|processor|no |kernel|device (?:\S{1,40} )?not found)/,
      "the image's check finds no Intel graphics with the driver i915, so Quick Sync stays off; NVIDIA and AMD cards " +
      "need none of it",
      "Intel: give the node of Intel's card (devices: [/dev/dri]); a card with the driver xe needs a newer image",
    ],
  ]),
  ...rows({
    layer: "image",
    source: "linuxserver (init-video), plex; linuxserver/docker-plex#211 (2019-11), #427 (2025-07), read 2026-11",
  }, [
    [
      "verify.service",
      "note",
      /device \S{1,60} does not have group read\/write permissions, attempting to fix/,
      "the image's start script lets the group of the card's node read and write it, because its mode on the " +
      "host does not; usually that is enough",
      nodes,
      "If the program still has no card: on the host, chmod g+rw for that node (by a udev rule, to keep it)",
    ],
    [
      "verify.service",
      "symptom",
      /opening hw device failed - probably not supported|Could not create hardware context for \w{3,20}/,
      "Plex could not open the card's video engine: its user is not in the group of the node, the node is another " +
      "card's, or the driver's libraries are not in the container",
      nodes,
      groups,
      "NVIDIA: NVIDIA_VISIBLE_DEVICES=all and NVIDIA_DRIVER_CAPABILITIES=compute,video,utility for that service",
    ],
  ]),
  ...rows({
    layer: "image",
    source: "games-on-whales/wolf#107 (2024-08), #203 (2025-05), stashapp/stash#5726 (2025-03), nerethos/docker-stash" +
      "#43 (2025-01), immich-app/immich (folder checks), read 2026-11",
  }, [
    [
      "guest.driver",
      "cause",
      /Nvidia DRM is not loaded with the flag modeset=1/,
      "NVIDIA's driver runs without its part for the display (nvidia-drm with modeset=1), which Wayland and Wolf need",
      guestFix(
        "Turn it on",
        "sh -c 'echo options nvidia-drm modeset=1 > /etc/modprobe.d/nvidia-drm.conf; update-initramfs -u'",
      ),
      guestFix("Restart the machine, then see it: Y", "cat /sys/module/nvidia_drm/parameters/modeset"),
    ],
    [
      "verify.service",
      "cause",
      /Error during drmGetDevice for \/dev\/dri/,
      "that node of /dev/dri does not belong to a card that the container can ask about: it is another number here, " +
      "or a stale file of a mounted /dev",
      nodes,
      "Name the card's own node (Wolf: WOLF_RENDER_NODE); /dev/dri/by-path on the host shows which card it is",
    ],
    [
      "verify.service",
      "symptom",
      /\[InitHWSupport\] Supported HW codecs(?: \[0\])?:\s*$/,
      "Stash found no video engine that its FFmpeg can use: the container has no card, or the image's FFmpeg has no " +
      "support for it",
      "Stash's own image has a plain FFmpeg: use one with hardware support, and name its FFmpeg in the settings",
      "NVIDIA: gpu: 1 and NVIDIA_DRIVER_CAPABILITIES=compute,video,utility; AMD, Intel: devices: [/dev/dri]",
    ],
    [
      "verify.service",
      "cause",
      /Failed to (?:read|write):? "?<?\S{1,80}\/\.immich\b/,
      "Immich does not find its mark file in a folder of its library: the volume is not mounted, or is another folder",
      "Mount the library again (UPLOAD_LOCATION in .env), and start; create .immich by hand only for a folder that " +
      "is meant to be new",
    ],
  ]),
];

/** What is left of start scripts, where no other entry says why. */
export const startScriptFallbacks = (): Failure[] =>
  rows({ layer: "image", source: "s6-overlay 2 and 3, jlesage (cinit), supervisord, systemd, read 2026-11" }, [
    [
      "verify.service",
      "fallback",
      anyOf(
        /cont-init(?:\.d)?\s{0,4}\]? ?(?::(?: \w{2,8}:)? )?\S{1,60}:? (?:exited|terminated with error) [1-9]/,
        /cont-init: (?:warning: some scripts exited nonzero|fatal: stopping the container)/,
        /s6-rc: warning: unable to start service \S{1,60}: command exited [1-9]/,
        /s6-rc failed to properly bring all the services up/,
      ),
      "a start script of the image failed; the lines before it say why",
      startLog,
      "A script of your own or of a mod (DOCKER_MODS): start once without it",
    ],
    [
      "verify.service",
      "fallback",
      /(?:exited: \S{1,60} \((?:exit status [1-9]\d{0,2}|terminated by SIG\w{2,8}); not expected\)|gave up: \S{1,60} entered FATAL state)/,
      "a program that the image's supervisord runs ended with an error: the line names it, and its own log says why",
      startLog,
      guestFix("Show the logs of its programs", "docker compose exec SERVICE ls -l /var/log /var/log/supervisor"),
    ],
    [
      "verify.service",
      "fallback",
      /status=2\d\d\/(?:EXEC|USER|GROUP|CHDIR|NAMESPACE)\b|Failed at step (?:EXEC|USER|GROUP|CHDIR|NAMESPACE|CGROUP|MOUNT|STDIN) spawning|\S: Failed to execute \/\S{1,120}: /,
      "systemd could not start the program of that unit: EXEC: the file is missing or not executable; USER, GROUP: " +
      "no such user; CHDIR: no such folder",
      "EXEC with “Permission denied”: chmod +x the file; SELinux: restorecon -v FILE; not from a folder mounted noexec",
    ],
  ]);
