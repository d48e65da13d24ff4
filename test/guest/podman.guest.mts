// Real Podman in a guest: its packages, a container, services from our Compose file, and a GPU with
// CDI, which is a stand-in (repository.sh).
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composeFile } from "../../lib/compose/render.mts";
import type { Service } from "../../lib/config/types.mts";
import { verifyMachine } from "../../lib/verify/layers.mts";
import { distribution, guest, inside } from "./tree.mts";

const test = suite("podman");

const hostile = 'it\'s "#{1+1}" ${HOME} `id` $(id)\nsecond line';
const image = "homelab-gpu/busybox";
const services = (more: Service[] = []): Service[] => [
  {
    ...{ name: "web", machine: "a" },
    body: {
      ...{ image, command: ["sleep", "infinity"], environment: { HOSTILE: hostile.replaceAll("$", "$$$$") } },
      ...{ volumes: ["data:/data"], networks: ["back", "default"] },
    },
  },
  { name: "ml-worker", machine: "a", gpu: 1, body: { image, command: ["sleep", "infinity"], restart: "always" } },
  ...more,
];
const card = {
  fn: {
    ...{ bdf: "0000:01:00.0", vendor: "10de", device: "2786", class: "030000", driver: "vfio-pci" },
    ...{ bars: [], drm: [], displays: [], upstreamBridges: [], mediated: false },
  },
};

for (const [name, tarball] of [["debian-12", process.env.DEBIAN_12!], ["debian-13", process.env.DEBIAN_13!]] as const) {
  let tree = "";
  const podman = (...command: string[]) => inside(tree, "env", "ENGINE=podman", ...command);
  /**
   * Applies the first services, then the others, and verifies the guest after each. It runs in a
   * separate network namespace, so the host's network is not changed.
   */
  const applied = (first: Service[], then: Service[]) => {
    writeFileSync(join(tree, "opt/homelab-gpu/compose.new.yaml"), composeFile(first, "podman"));
    writeFileSync(join(tree, "opt/homelab-gpu/then.yaml"), composeFile(then, "podman"));
    const script = `ip link set lo up 2>/dev/null; nvidia-ctk cdi generate --output=/var/run/cdi/nvidia.yaml
      sh /root/apply-services.sh >&2 && sh /root/verify-guest.sh 600 web old && echo ----
      mv /opt/homelab-gpu/then.yaml /opt/homelab-gpu/compose.new.yaml
      sh /root/apply-services.sh >&2 && NVIDIA=yes sh /root/verify-guest.sh 600 web ml-worker=1
      podman inspect -f 'mounts:{{range .Mounts}}{{.Name}}:{{.Destination}}{{end}}' homelab-gpu_web_1
      printf 'hostile:%s' "$(podman exec homelab-gpu_web_1 sh -c 'printf %s "$HOSTILE"')"; podman rm -fa -t 0 >/dev/null`;
    return podman("unshare", "-n", "sh", "-c", script);
  };

  test(`${name}: a container starts after the installation; a second run changes nothing`, () => {
    tree = guest(`podman-${name}`, tarball);
    assert.is(inside(tree, "sh", "-c", "apt-get -qq update && apt-get -qq install -y systemd").status, 0);
    const first = podman("sh", "/root/install-podman.sh");
    assert.is(first.status, 0, first.err.slice(-2000));
    // settings of the tree that a guest does not need: layers without overlayfs, no cgroup
    // management
    mkdirSync(join(tree, "etc/containers"), { recursive: true });
    writeFileSync(
      join(tree, "etc/containers/containers.conf"),
      '[containers]\ncgroups="disabled"\n[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\n',
    );
    writeFileSync(
      join(tree, "etc/containers/storage.conf"),
      '[storage]\ndriver="vfs"\nrunroot="/run/containers/storage"\ngraphroot="/var/lib/containers/storage"\n',
    );
    const made = podman("sh", "/root/busybox-image.sh");
    assert.is(made.status, 0, made.err.slice(-2000));
    assert.match(made.out, /^a container starts$/m);
    const again = podman("sh", "-c", "sh /root/install-podman.sh && sh /root/busybox-image.sh");
    assert.is(again.status, 0, again.err.slice(-2000));
    assert.not.match(again.out, /Setting up|Get:/);
    assert.ok(
      inside(tree, "test", "-e", "/etc/systemd/system/default.target.wants/podman-restart.service").status === 0,
    );
  });

  test(`${name}: the toolkit generates the CDI specification at each start`, () => {
    const settings = { ...distribution, NVIDIA_SOURCE: "nvidia", NVIDIA_BRANCH: "570" };
    const words = Object.entries({ ...settings, NVIDIA_DRIVER_REPO: "file:///opt/stand-in/driver" })
      .map(([key, value]) => `${key}=${value}`);
    const first = podman("env", ...words, "sh", "/root/install-nvidia.sh");
    assert.is(first.status, 0, first.err.slice(-2000));
    assert.match(first.err, /and Podman gets CDI's specification at each start$/m);
    const at = "/etc/systemd/system/multi-user.target.wants/homelab-gpu-cdi.service";
    assert.is(inside(tree, "test", "-e", at).status, 0);
    assert.match(podman("env", ...words, "sh", "/root/install-nvidia.sh").err, /nothing was changed$/m);
  });

  test(`${name}: services run as configured, and the one with a request has its GPU`, () => {
    mkdirSync(join(tree, "opt/homelab-gpu"), { recursive: true });
    const old = { name: "old", machine: "a", body: { image, command: ["sleep", "infinity"] } };
    const { out: both, err } = applied(services([old]), services());
    const [before = "", out = ""] = both.split("----\n");
    // the tree has no card: the layers below the engine are set as with a card
    const lower = ["pci:0000:05:00.0 030000 10de:2786 nvidia", "modules:nvidia", "nvidia-loaded:570.195.03 open"];
    const text = out.split("\n").filter((line) => !/^(pci|modules|nvidia-loaded|smi|smi-log):/.test(line));
    text.splice(1, 0, ...lower, "smi:0", "smi-gpu:GPU 0: a stand-in");
    const judged = verifyMachine("a", text.join("\n"), services(), [card]).findings.map(({ check, status, message }) =>
      `${check} ${status}: ${message}`
    );
    const of = (check: string) => judged.filter((line) => line.startsWith(`verify.${check} `));
    assert.match(
      of("docker")[0] ?? judged.join("\n"),
      /^verify\.docker pass: Podman [45]\.\d+\.\d+ answers$/,
      err.slice(-2000),
    );
    assert.match(of("toolkit")[0]!, /pass: .* and CDI names nvidia\.com\/gpu=0 nvidia\.com\/gpu=all$/);
    assert.equal(of("gpu"), ["verify.gpu pass: service ml-worker has a stand-in"]);
    assert.match(before, /^service:old running 0 0 none no homelab-gpu_old_1$/m, err.slice(-2000));
    assert.not.match(out, /^service:old/m, "what the config no longer has is gone");
    assert.match(out, /^service:web running 0 0 none no homelab-gpu_web_1$/m);
    assert.match(out, /^service:ml-worker running 0 0 none always homelab-gpu_ml-worker_1$/m);
    assert.match(out, /^mounts:homelab-gpu_data:\/data$/m);
    assert.ok(out.endsWith(`hostile:${hostile}`), out.slice(-300));
  });
}

test.run();
