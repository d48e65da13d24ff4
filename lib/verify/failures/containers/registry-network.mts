import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";
import { privateAddress } from "../services/service-links.mts";

/** Words of programs that fetch images. */
const near = new RegExp(
  "docker|podman|registry|manifest|ghcr|nvcr|quay|buildx|containerd|initializing source|from daemon|failed to " +
    "(?:solve|resolve|copy|pull)|httpReadSeeker|\\bPulling\\b|register layer|: (?:Pull|Download) complete",
  "i",
);
const source = "moby/moby, containerd, containers/image, Go (net, crypto/tls), read 2026-11";
const reach = guestFix("Check whether the registry answers", "curl -sSI https://registry-1.docker.io/v2/");
const again = guestFix("Fetch it again; what is complete is kept", "docker compose pull");
/** An address and port that can be a registry's: a private address only with a port that registries use. */
const place = "(?:\\S{7,22}->)?" +
  `(?!(?:${privateAddress}|127\\.[\\d.]{5,11}|\\[(?:::1|f[cd][\\da-f:]{3,40})\\]):(?!(?:80|443|500\\d|8443):))` +
  "(?:[\\d.]{7,15}|\\[[\\da-f:]{3,40}\\]):\\d{1,5}: ";
/** A URL of a registry's interface, and the address that was asked. */
const asked = 'https?:\\/\\/[^\\s"/]{1,100}\\/v2\\/.{0,200}';
const unreachable = "connect: (?:network is unreachable|no route to host|connection refused)";
const late = "(?:i\\/o timeout|connect: connection timed out|connectex: )";
const clock = guestFix("Check the clock", "timedatectl");

/** What stops a program that fetches an image from a registry, by what the network or the registry answers. */
export const registryNetworkFailures = (): Failure[] => [
  ...rows({ layer: "network", near, source }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /proxyconnect tcp: /,
        /(?:"|failed|request): Proxy Authentication Required/,
      ),
      "the proxy that Docker is set to use does not answer, or requires a name and password",
      guestFix("Check which proxy Docker has", "docker info --format '{{.HTTPProxy}} {{.HTTPSProxy}} {{.NoProxy}}'"),
      "Correct HTTP_PROXY and HTTPS_PROXY in Docker's service (systemctl edit docker) or in " +
      "/etc/docker/daemon.json " +
      "(proxies), then restart Docker",
    ],
    [
      "verify.service",
      "cause",
      /dial tcp6? \[(?!f[cd])[0-9a-f:]{4,40}\]:\d{1,5}: (?:connect(?:ex)?: |i\/o timeout)/,
      "the registry was asked over IPv6, and this machine has no working way to the Internet over IPv6",
      guestFix("Compare with IPv4", "curl -4sSI https://registry-1.docker.io/v2/"),
      "Repair IPv6, or turn it off for this machine: sysctl -w net.ipv6.conf.all.disable_ipv6=1",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        new RegExp(`${asked}${unreachable}`),
        new RegExp(`dial tcp ${place}${unreachable}`),
      ),
      "nothing answers at the registry's address: no way to the network, a firewall, a mirror or proxy that " +
      "does not " +
      "run, or a wrong port",
      guestFix("Show the route", "ip route"),
      reach,
      "Check registry-mirrors in /etc/docker/daemon.json",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        new RegExp(`${asked}(?<!dial tcp \\[.{0,60})${late}`),
        new RegExp(`dial tcp (?!127\\.|\\[)${place}${late}`),
        /wsarecv: A connection attempt failed/,
      ),
      "the registry did not answer in time: a firewall, provider or VPN drops the connection",
      reach,
      "Try another network, or a mirror of the registry (registry-mirrors in /etc/docker/daemon.json)",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /read tcp \S{5,60}->\S{5,60}: (?:read: connection reset|wsarecv: An existing connection was forcibly)/,
        /\/manifests\/\S{1,200} (?:unexpected )?EOF|docker\.io\/token\S{1,300} EOF|(?:register layer|ApplyLayer)[^\n]{0,60}: {1,2}unexpected EOF|httpReadSeeker: failed open: .{0,200} EOF\b/,
        /short read: expected \d{1,12} bytes|http2: server sent GOAWAY|stream ID \d{1,9}; (?:INTERNAL_ERROR|CANCEL)/,
        /filesystem layer verification failed|unexpected commit digest|failed size validation/,
      ),
      "the download of the image was cut off or damaged on its way: the network, a proxy, a VPN (MTU) or a virus " +
      "scanner",
      again,
      "If the error remains: fetch one layer at a time (max-concurrent-downloads: 1 in /etc/docker/daemon.json), " +
      "or lower the MTU behind a VPN",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /unexpected HTTP status: 5\d\d|Unexpected status .{0,20}"5\d\d /,
        /unexpected status.{0,300}: 5\d\d |: (?:502 Bad Gateway|503 Service Unavailable|504 Gateway)/,
      ),
      "the registry, or a proxy or mirror in front of it, has a fault of its own (status 5xx)",
      "Wait, and see the registry's status page (www.dockerstatus.com for Docker Hub)",
      again,
    ],
    [
      "verify.service",
      "cause",
      /unexpected status.{0,300}: 403 Forbidden/,
      "the registry or a mirror refuses this image to this account or address (403)",
      guestFix("Log in there", "docker login"),
      "Check registry-mirrors in /etc/docker/daemon.json: a mirror may serve few images only",
    ],
    [
      "verify.service",
      "cause",
      /server gave HTTP response to HTTPS client/,
      "that registry speaks plain HTTP, and Docker asks with HTTPS",
      'In a network that you trust: add "insecure-registries": ["HOST:PORT"] to /etc/docker/daemon.json, and restart ' +
      "Docker; Podman: insecure = true in registries.conf",
      "Better: give the registry a certificate",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /x509: certificate has expired or is not yet valid/,
        /x509: certificate .{0,60}current time \S{10,30} is (?:before|after)/,
      ),
      "the registry's certificate is not valid at the time that this clock shows: the clock is wrong, or the " +
      "certificate is old",
      clock,
      guestFix("Set it", "timedatectl set-ntp true"),
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /x509: (?:cannot validate certificate for|certificate is (?:valid for|not valid for any))/,
        /x509: certificate (?:relies on legacy|signed by unknown)|tls: first record does not look like/,
      ),
      "the registry's certificate is not accepted: it is for another name, self-signed, or a proxy puts its own in",
      "Ask by the name that the certificate has; put its CA into /etc/docker/certs.d/HOST:PORT/ca.crt, or " +
      "among the " +
      "system's (update-ca-certificates) and restart Docker",
      clock,
    ],
    [
      "verify.service",
      "cause",
      /failed to (?:solve|authorize): failed to fetch oauth token: unexpected status(?!.{0,200}: (?:429|5\d\d) )|(?:failed to authorize|unexpected status from (?:HEAD|GET|POST) request).{0,300}(?:401 Unauthorized|403 Forbidden|denied)|reading manifest \S{1,80} in \S{1,160}: (?:denied|unauthorized)/,
      "the registry does not accept the stored login for this image, or there is no such image",
      guestFix("Log out, so that no old password is sent; then log in again", "docker logout"),
      "Correct the image's name: REGISTRY/OWNER/NAME:TAG",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /manifest version 2, schema 1 support has been removed|manifest\.v1\+prettyjws/,
      ),
      "the image is in an old format (schema 1), which today's engines no longer read",
      "Use a newer tag of that image, or have its owner push it again with a current Docker",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /no image found in (?:image index|manifest list) for architecture/,
        /no match for platform in manifest|no child with platform \S{3,30} in index/,
        /image operating system "\w{3,10}" cannot be used on this platform/,
      ),
      "the image has no variant for this CPU architecture or operating system",
      guestFix("Check which it has", "docker buildx imagetools inspect IMAGE"),
      "Use another tag or image; platform: linux/amd64 on ARM needs emulation and has no GPU",
    ],
  ]),
];
