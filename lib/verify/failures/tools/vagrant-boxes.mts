import type { Failure } from "../types.mts";
import { commandFix, manualFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { fetchWords, vagrantWords } from "../fixes.mts";

/** Errors of Vagrant about boxes and downloads. */
export const vagrantBoxFailures = (): Failure[] => [
  {
    pattern: anyOf(
      /Vagrant Cloud request failed|The box '[^']{1,120}' could not be found(?![^]{20,440}Error: (?:SSL|schannel|Could ?n[o']t resolve))|Failed to load box metadata/,
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
    pattern:
      /bsdtar(?:\.exe)?: Error opening archive|The box failed to unpackage properly|\.(?:vmdk|img|qcow2|vhdx): Write failed/,
    check: "guest.image",
    layer: "provider",
    message:
      "the box's file cannot be unpacked: it was cut off, is a server's error page and no box, or the disk is full " +
      "(“Write failed”)",
    fix: [
      commandFix("Check the room for boxes", "df -h ~/.vagrant.d /tmp"),
      manualFix("Remove what is left of the download (the folder ~/.vagrant.d/tmp), and try again"),
      manualFix("Check at portal.cloud.hashicorp.com whether the box still exists for this provider"),
    ],
    source: "Vagrant; flynn/flynn#284 (2014-10), clintberry/freeswitch-vagrant#1 (2015-10)",
  },
  {
    pattern: /downloader\.rb:\d{1,4}:in .{1,60}undefined method [`']split' for nil/,
    check: "guest.image",
    layer: "provider",
    message: "Vagrant stops at what is left of an earlier download of that box",
    fix: [
      commandFix("Show it", "ls -l ~/.vagrant.d/tmp"),
      manualFix("Remove the files in that folder, and try again"),
    ],
    source: "Vagrant (downloader.rb); alt3/cakebox#102 (2018-05)",
  },
  {
    pattern: anyOf(
      /SSL_ERROR_SYSCALL in connection to|SSL_read: SSL_ERROR_SYSCALL|SSL read: error:\w{1,8}:.{0,60}errno \d|(?:Recv|Send) failure: Connection (?:was )?reset/,
      /transfer closed with \d{1,20} bytes remaining|Empty reply from server|Failure when receiving data from the peer/,
      /Operation too slow\. Less than|HTTP\/2 stream \d{1,8} was not closed cleanly|doesn't seem to support byte ranges/,
      /unexpected eof while reading(?!.{0,40}docker)|Failure writing output to destination/,
    ),
    near: fetchWords,
    check: "tools.present",
    layer: "network",
    message:
      "the connection to the server broke off during a download: a proxy, firewall or virus scanner ended it, the " +
      "line " +
      "or server failed, or the disk is full",
    fix: [
      manualFix("Try again. Vagrant: remove what is left in ~/.vagrant.d/tmp, since it is resumed"),
      manualFix("Behind a proxy: set https_proxy and no_proxy for that program"),
      commandFix("Check the room", "df -h ~ /tmp"),
    ],
    source: "libcurl, OpenSSL; obfuscurity/synthesize#68 (2017-08), ismaild/vagrant-centos-oracle#2 (2015-02)",
  },
  {
    pattern: /Couldn't open file (?:\/|[a-z]:|\S{1,200}\/)/,
    near: /downloading the remote file|vagrant/i,
    check: "guest.image",
    layer: "provider",
    message: "Vagrant finds no box with that name for this provider, and looked for a file of that name in the " +
      "folder, which is not there",
    fix: [
      commandFix("List the boxes, and for which provider", "vagrant box list"),
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
    message: "that box exists for other providers or processors only",
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
