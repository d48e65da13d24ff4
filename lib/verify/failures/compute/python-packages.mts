import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** A build by pip that runs in an environment of its own. */
const isolated = /Getting requirements to build wheel|get_requires_for_build_wheel|build_meta|Preparing metadata/;
const pip =
  /\bpip\b|pip3|_vendor|site-packages|pythonhosted|wheel|requirements?\b|whl\b|package versions|externally|ResolutionImpossible/i;

/** Installations of Python packages by pip and uv that fail. */
export const pythonPackageFailures = (): Failure[] => [
  ...rows(
    { layer: "image", near: isolated, shared: true, source: "pip; Wan-Video/Wan2.1#61 (2025-02), read 2026-11" },
    [
      [
        "guest.image",
        "cause",
        /No module named '?(?:torch|packaging|setuptools|wheel|numpy|psutil|Cython)\b/,
        "pip builds that package in an environment of its own, in which a package that its setup needs (torch) is not",
        "Install that one first, then: pip install --no-build-isolation NAME (flash-attn, xformers, GroundingDINO)",
        "Better a finished wheel for this Python, PyTorch and CUDA, or the program's own image",
      ],
    ],
  ),
  ...rows({ layer: "image", near: pip, source: "pip 25 (its messages), uv; serpotapov#17 (2023-03), read 2026-11" }, [
    [
      "guest.image",
      "cause",
      anyOf(
        /Wheel '\S{1,60}' located at .{1,220} is invalid|do not match the hashes from the requirements/i,
        /pip\._vendor\.urllib3\.exceptions\.(?:ReadTimeout|Protocol|IncompleteRead)\w{0,8}|Connection broken: IncompleteRead/,
      ),
      "the download of a Python package was cut off or is not the file that was expected",
      "Run it again without the cache: pip install --no-cache-dir --timeout 120 …",
      "If the error remains: another network, or the mirror or proxy gives old files",
    ],
    [
      "verify.service",
      "cause",
      /connection broken by '(?:NewConnection|ConnectTimeout|NameResolution|Proxy|SSL)Error\(.{0,300}(?:pip\._vendor|\/simple\/)/,
      "pip does not reach its index: the build or container has no name server or network, or needs a proxy or its " +
      "certificate",
      guestFix("Try it in a container", "docker run --rm busybox nslookup pypi.org"),
      'Write "dns": ["1.1.1.1"] (or your own) in /etc/docker/daemon.json and restart Docker, or set HTTPS_PROXY ' +
      "(build: args:) and the proxy's certificate (PIP_CERT)",
    ],
    [
      "guest.image",
      "cause",
      /externally-managed-environment|This environment is externally managed/,
      "this distribution's Python is managed by its packages, so pip is not allowed to install into it",
      "Use an environment of its own: python3 -m venv /opt/venv, then /opt/venv/bin/pip install …",
      "In an image that has no other use of Python: pip install --break-system-packages …",
    ],
    [
      "guest.image",
      "cause",
      /have conflicting dependencies|ResolutionImpossible|No solution found when resolving dependencies/,
      "the packages that are asked for want different releases of a third one, so pip installs none",
      "Read the lines “The conflict is caused by”, and loosen the release of one of the two",
      "Use the program's own image or its requirements.txt without additions",
    ],
    [
      "guest.image",
      "note",
      /dependency resolver does not currently take into account/,
      "pip installed the packages, and names some that now require other releases, which the program possibly does " +
      "not use",
      "Look for another error; otherwise install them in one command, so that pip chooses releases that fit",
    ],
    [
      "host.memory",
      "symptom",
      /Error code: 137\b|returned a non-zero code: 137\b/,
      "a step was ended by force (137): most often memory ran out while packages were installed or built",
      "Give the machine more memory (memory:), or build with fewer jobs (MAX_JOBS=2) and pip install --no-cache-dir",
    ],
  ]),
];
