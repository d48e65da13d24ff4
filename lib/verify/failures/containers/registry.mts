import type { Failure } from "../types.mts";
import { guestFix, manualFix } from "../../../fixes.mts";
import { dockerWords } from "../fixes.mts";
import { anyOf } from "../../../text.mts";

/** Errors of an image that is pulled from a registry. */
export const registryFailures = (): Failure[] => [
  {
    pattern: /did not resolve to an alias and no unqualified-search registries/,
    check: "verify.service",
    layer: "docker",
    message: "Podman does not guess a registry: the image's name has to begin with one",
    fix: [manualFix("Write the whole name, as docker.io/nvidia/cuda:TAG")],
    source: "Podman (containers-registries), read 2026-11",
  },
  {
    pattern: anyOf(
      /manifest for \S{1,200} not found|manifest unknown|source metadata for \S{1,160}: \S{1,160}: not found/,
      /failed to resolve reference "[^"]{1,200}": [^"]{1,200}: not found/,
      /content at https:\/\/\S{1,200}\/manifests\/\S{1,120} not found/,
    ),
    check: "verify.service",
    layer: "docker",
    message: "the registry has no image with that tag: it never existed, or was removed (old nvidia/cuda tags are)",
    fix: [
      manualFix("Write a tag that the image's page lists (nvidia/cuda names them 12.8.1-cudnn-runtime-ubuntu24.04)"),
    ],
    source: "Docker; fspecii/HeartMuLa-Studio#25 (2026-01)",
  },
  {
    pattern: anyOf(
      /pull access denied(?: for |, repository)|insufficient_scope: authorization failed|requested access to the resource is denied|\/manifests\/\S{1,120} unauthorized: /,
      /no basic auth credentials|(?:Head|Get) "https:\/\/[^"]{1,200}": (?:unauthorized|denied|401|403)/,
      /error from registry: (?!You have reached)/,
    ),
    check: "verify.service",
    layer: "docker",
    message: "the registry has no such image, or shows it only after a login",
    fix: [
      manualFix("Correct the image's name"),
      guestFix("If it is a private one, log in", "docker login"),
      manualFix("If it is public: a login that has expired is refused too (docker logout ghcr.io, or that registry)"),
      manualFix("nvcr.io: docker login nvcr.io takes the user $oauthtoken and an API key"),
    ],
    source: "Docker 20.10 (2020-12)",
  },
  {
    pattern:
      /unauthorized: (?:authentication required|<html>|incorrect username)|denied: requested access to the resource is denied/,
    near: dockerWords,
    check: "verify.service",
    layer: "docker",
    message: "the registry gives this image only to accounts that may have it, or has no image of that name",
    fix: [
      guestFix("Log in (or log out, if an old password is stored)", "docker login"),
      manualFix("Check that the image's name is right: REGISTRY/OWNER/NAME:TAG"),
    ],
    source: "Docker, from the registry, read 2026-11",
  },
  {
    pattern:
      /\btoomanyrequests\b|oauth token: unexpected status .{0,200}: 429 Too Many|You have reached your (?:unauthenticated )?pull rate limit/,
    check: "verify.service",
    layer: "docker",
    message: "the registry refuses more downloads from this address for now",
    fix: [guestFix("Log in there, or wait", "docker login")],
    source: "Docker, from the registry, read 2026-11",
  },
  {
    pattern: anyOf(
      /no matching manifest for \S{1,40} in the manifest list|requested image's platform .{0,80}does not match/,
      /does not match the (?:detected|specified) (?:host )?platform/,
      /(?<!fork\/)exec "?\/\S{1,80}: exec format error|standard_init_linux\.go\S{0,8}: .{0,40}exec format error|container image platform .{0,80}does not match/,
    ),
    near: new RegExp(`${dockerWords.source}|requested image|exec format error`, "i"),
    check: "verify.service",
    layer: "docker",
    message: "the image is for another CPU architecture than the VM's",
    fix: [manualFix("Use an image or a tag for the VM's architecture (uname -m in the VM)")],
    source: "Docker, runc, read 2026-11",
  },
  {
    pattern: /lookup \S{1,120} on 127\.0\.0\.11:53: (?:no such host|server misbehaving)/,
    check: "verify.service",
    layer: "network",
    message:
      "no container of that name is in the service's network: the other service does not run, has another name, " +
      "or is in another project or network",
    fix: [
      guestFix("Check which containers run", "docker ps -a --format '{{.Names}} {{.Status}} {{.Networks}}'"),
      manualFix("Write the service's name as in the Compose file, and give both services the same networks:"),
      manualFix("For a service of another project: publish its port, or give both an external network"),
    ],
    source: "Docker (libnetwork's resolver), Go, read 2026-11",
  },
  {
    pattern:
      /(?:dial tcp: )?lookup \S{1,120} .{0,160}(?:no such host|server misbehaving|i\/o timeout|connection refused)/,
    near: dockerWords,
    check: "verify.service",
    layer: "network",
    message: "Docker in the VM cannot resolve the registry's name: the VM has no network, or no name server",
    fix: [
      guestFix("Check whether names work there", "getent hosts example.org"),
      guestFix("Check which name server it asks", "resolvectl status"),
      manualFix("If only containers fail: write dns in /etc/docker/daemon.json, and restart Docker"),
    ],
    source: "Docker (Go's resolver), read 2026-11",
  },
  {
    pattern: anyOf(
      /TLS handshake timeout|net\/http: request canceled/,
      /x509: certificate has expired|failed to do request: Head "/,
      /Get "?https:\/\/\S{1,120}\/v2\/\S{0,4} (?:context deadline exceeded|dial tcp|EOF)/,
      /context deadline exceeded.{0,40}(?:registry|Client\.Timeout)/,
    ),
    near: /docker|podman|registry|manifest|ghcr|nvcr|quay/i,
    check: "verify.service",
    layer: "network",
    message: "the registry was not reached: the network is slow or blocked, a proxy blocks it, or the VM's clock is " +
      "wrong",
    fix: [
      guestFix("Check whether the registry answers", "curl -sSI https://registry-1.docker.io/v2/"),
      guestFix("Check the clock, which certificates depend on", "timedatectl"),
      manualFix("Behind a proxy: write it into Docker's service (HTTPS_PROXY) and install its certificate"),
    ],
    source: "Docker (Go's net/http), read 2026-11",
  },
];
