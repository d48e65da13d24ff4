import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { dockerWords } from "../fixes.mts";
import { rows } from "../rows.mts";

const near = new RegExp(`${dockerWords.source}|register layer|processing tar file|ApplyLayer|snapshot`, "i");
/** What engines write before the error of a layer. */
const layer = "(?:register layer|processing tar file|ApplyLayer|extract layer|unpack|unpacking)";

/** Why an engine could not write a layer of an image: the answer of the system behind it. */
export const imageLayerFailures = (): Failure[] =>
  rows({
    layer: "docker",
    near,
    source: "moby/moby (pkg/archive, layer), containerd (archive); funkyfuture/deck-chores#137 (2024-01), " +
      "docker-library/docker#288 (2021-01), ApolloAuto/apollo#3113 (2018-03), fcolista/alpine-metasploit#5 " +
      "(2025-06), moby/moby#44909 (2023-02)",
  }, [
    [
      "verify.docker",
      "cause",
      anyOf(
        /(?:register layer: .{0,60})?Error creating mount namespace before pivot/,
        new RegExp(`${layer}[^\\n]{0,420}: operation not (?:permitted|supported)`),
        new RegExp(`${layer}[^\\n]{0,300}/mc?\\w{6,20}/l,upperdir=`),
      ),
      "the engine is not allowed to write a part of the layer here: it runs in a container (LXC, Docker in Docker) " +
      "or without root, or its file system does not keep extended attributes",
      guestFix("Check where its images are", "df -hT /var/lib/docker /var/lib/containerd"),
      "LXC (Proxmox): features nesting=1 and keyctl=1, with the images on a disk of ext4; better: Docker in a VM",
      "Docker in Docker: privileged: true, and a volume for /var/lib/docker",
    ],
    [
      "verify.docker",
      "cause",
      /insufficient UIDs or GIDs available in user namespace/,
      "the image's files belong to user ids that this user's rootless engine does not have",
      "Give the user 65536 of them that no other line has: usermod --add-subuids 100000-165535 --add-subgids " +
      "100000-165535 USER (they are in /etc/subuid and /etc/subgid)",
      "Then: podman system migrate",
    ],
    [
      "host.disk",
      "cause",
      new RegExp(`${layer}[^\\n]{0,300}: (?:input/output error|structure needs cleaning|read-only file system)`),
      "the file system below the engine's images answers with an error: a disk with a fault, or an overlay on " +
      "another overlay (Docker in Docker)",
      guestFix("Read the kernel's lines about it", "dmesg --level err,warn"),
      "Docker in Docker: a volume for /var/lib/docker",
    ],
    [
      "verify.docker",
      "cause",
      new RegExp(`${layer}[^\\n]{0,300}open /(?:usr/)?(?:s?bin|etc|lib)/[^\\n]{1,80}: permission denied`),
      "the engine is not allowed to write a file of the layer: SELinux, AppArmor or a virus scanner forbids it, or " +
      "this Docker is too old for the image",
      guestFix("Check what was forbidden", "journalctl -k -b --no-pager -g 'apparmor=.DENIED|avc:'"),
      "Update Docker, containerd and libseccomp2 together",
    ],
    [
      "verify.docker",
      "cause",
      new RegExp(`${layer}[^\\n]{0,60}rename [^\\n]{1,400}: (?:file exists|directory not empty)`),
      "the engine's store has a leftover of an earlier pull of that layer, which was cut off or ran at the same time",
      guestFix("End what is still pulling, then restart Docker, and pull again", "systemctl restart docker"),
      "If the error remains: stop Docker (systemctl stop docker.socket docker), move the second folder that the " +
      "line names out of /var/lib/docker, start Docker, and pull again; docker image prune does not see it",
    ],
    [
      "verify.docker",
      "cause",
      new RegExp(`${layer}[^\\n]{0,300}/overlay2?/[^\\n]{1,160}: no such file or directory`),
      "the engine's store of images lacks a part that it expects: the disk was full, a cleanup removed files, or a " +
      "pull was cut off",
      guestFix("Check the free space", "df -h /var/lib/docker"),
      guestFix("Remove the images that no container uses, and pull again", "docker image prune -a"),
      "If the error remains, an empty store is the only way: stop Docker, move /var/lib/docker away (its volumes " +
      "too), start it",
    ],
  ]);
