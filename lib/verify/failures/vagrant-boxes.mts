import type { Failure } from "./types.mts";
import { commandFix, manualFix } from "../../fixes.mts";
import { anyOf } from "../../text.mts";
import { vagrantWords } from "./fixes.mts";

/** Errors of Vagrant about boxes and downloads. */
export const vagrantBoxFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /Vagrant Cloud request failed|The box '[^']{1,120}' could not be found|Failed to load box metadata/,
      /bsdtar(?:\.exe)?: Error opening archive|The box failed to unpackage properly/,
      /The requested URL returned error: (?:404|403|429|5\d\d)/,
    ),
    near: vagrantWords,
    check: "guest.image",
    layer: "provider",
    message:
      "Vagrant's catalogue of boxes gave no box: it is down or changed, the name does not exist, or the download " +
      "was cut off",
    fix: [
      manualFix("Try again later; see the box's page at portal.cloud.hashicorp.com"),
      manualFix("Write image: in the config, so that this project builds the box from the distribution's own image"),
      manualFix("Vagrant before 2.4.2 asks the old address of the catalogue: update it"),
    ],
    source: "Vagrant; hashicorp/vagrant#13571 (2025-01)",
  },
  {
    pattern: /Couldn't open file (?:\/|[a-z]:|\S{1,200}\/)/,
    near: /downloading the remote file|vagrant/i,
    check: "guest.image",
    layer: "provider",
    message: "Vagrant knows no box of that name for this provider, and looked for a file of that name in the folder, " +
      "which is not there",
    fix: [
      commandFix("See which boxes there are, and for which provider", "vagrant box list"),
      manualFix("Add the box (vagrant box add NAME FILE), or write its full name: OWNER/BOX"),
    ],
    source:
      "hashicorp/vagrant; vagrant-libvirt/vagrant-libvirt#331 (2015-04), udacity/devops-intro-project#85 (2019-09)",
  },
  {
    pattern: /An error occurred while downloading the remote file/,
    near: vagrantWords,
    check: "guest.image",
    strength: "symptom",
    layer: "provider",
    fallback: true,
    message: "Vagrant could not download a file, for the reason that follows",
    fix: [
      manualFix("Try again later; see the box's page at portal.cloud.hashicorp.com"),
      manualFix("Write image: in the config, so that this project builds the box from the distribution's own image"),
    ],
    source: "Vagrant; hashicorp/vagrant#13571 (2025-01)",
  },
  {
    pattern: /doesn't support the provider you requested|box you're attempting to add doesn't match the provider/,
    check: "guest.image",
    layer: "provider",
    message: "that box exists for other providers only",
    fix: [manualFix("Choose a box for this provider, or write image: in the config, so that this project builds one")],
    source: "Vagrant 2.3 (locales/en.yml, 2022-08)",
  },
  {
    pattern: anyOf(
      /Checksums? did not match/,
      /checksum of the downloaded box did not match/,
      /calculated checksum of the requested file does not match/,
      /is not what it should be: its sha/,
    ),
    near: /vagrant|packer|qemu|box|image|get-image|get-vhdx|of the requested file/i,
    check: "host.disk",
    layer: "provider",
    message:
      "the download does not have the checksum that its publisher names: it is cut short, damaged, or replaced since",
    fix: [
      manualFix("Run it again: a partial download is discarded"),
      manualFix("If that does not help, compare the checksum in the config with the publisher's"),
    ],
    source: "Packer 1.6 (2020-06), Vagrant 2.3 (locales/en.yml), scripts/get-image.sh",
  },
];
