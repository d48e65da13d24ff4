import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { self } from "../../../self.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** Words of this project and of the packages that it runs with. */
const ownWords = /homelab-gpu|\bzx\b|node_modules.{1,4}(?:yaml|chalk|minimist|tsx)\b/i;

const newerNode =
  "Install Node 22.18 or later (20.11 is the oldest that works); the distribution's package may be older";
const ownFolder = commandFix("In this project's folder, install its packages", "npm ci");

/** Errors of Node, npm, Deno, sudo and git when this project is installed or started. */
export const nodeFailures = (): Failure[] => [
  ...rows({ layer: "packages", near: ownWords, source: "Node 18 to 26, npm 9 to 11, their sources, read 2026-11" }, [
    [
      "tools.present",
      "cause",
      anyOf(/Unknown file extension "\.m?ts"/, /Stripping types is currently unsupported for files under node_modules/),
      "Node does not run TypeScript here: it is older than 22.18, or the files are below node_modules",
      commandFix("Start the script by npx, in its own folder", "npx zx homelab-gpu.mts doctor"),
      newerNode,
      "Elsewhere, use the one-file build: npm run bundle",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /node(?:\.exe)?: bad option: --import|npm [\w!]{4,5} EBADENGINE/,
        /module 'node:\w{2,20}' does not provide an export named/,
      ),
      "Node is too old for this project",
      commandFix("Check its version", "node --version"),
      newerNode,
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Cannot find package '(?:zx|yaml|chalk|minimist|tsx)' imported from/,
        /Cannot find module '(?:zx|yaml|chalk|minimist|tsx)\b/,
        /sh: (?:\d: )?(?:zx|tsx|uvu|tsc): (?:command )?not found/,
      ),
      "the project's packages are not installed in the folder of the script",
      ownFolder,
      "In a dotfiles repository, copy package.json and package-lock.json too, or use the one-file build",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /Cannot find module '.{1,200}homelab-gpu\.m[jt]s'/,
        /Module not found "file:.{1,200}homelab-gpu\.m[jt]s"/,
      ),
      "the script is not in the folder in which the command ran",
      "Change to the folder with homelab-gpu.mts, or write its whole path",
    ],
    [
      "tools.present",
      "cause",
      /npm [\w!]{4,5} (?:code )?(?:EACCES|EPERM)\b/,
      "npm has no permission to write in that folder, most often because it installs for all users (-g), or " +
      "because " +
      "files there belong to root",
      commandFix("In this project's folder, as your own user, install its packages", "npm ci"),
      commandFix("If files of the project belong to root: take them back", 'chown -R "$USER" node_modules', {
        root: true,
      }),
      "On Windows: close editors and terminals that use the folder, then try again",
    ],
    [
      "tools.present",
      "cause",
      /npm [\w!]{4,5} (?:code )?(?:ENOTFOUND|ETIMEDOUT|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ENETUNREACH)\b/,
      "npm does not reach its registry: no network, no name server, or a proxy that npm does not know",
      commandFix("Check which registry and proxy npm uses", "npm config get registry && npm config get proxy"),
      "Behind a proxy: set HTTPS_PROXY for npm",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /npm [\w!]{4,5} (?:code )?(?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)/,
        /npm [\w!]{4,5} (?:code )?(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)/,
      ),
      "npm does not trust the registry's certificate: a proxy replaces it, or this machine's clock is wrong",
      commandFix("Check the clock", "date"),
      "Behind a proxy that replaces certificates: name its CA file in NODE_EXTRA_CA_CERTS",
    ],
    [
      "tools.present",
      "cause",
      /npm [\w!]{4,5} (?:code )?EINTEGRITY/,
      "a package that npm downloaded is not the one that package-lock.json names: npm's cache is damaged, or " +
      "a proxy " +
      "changed it",
      commandFix("Check npm's cache, and remove what is damaged", "npm cache verify"),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /npm ci.{0,10} can only install with an existing package-lock/,
        /npm ci.{0,10} can only install packages when your package\.json/,
        /npm [\w!]{4,5} (?:code )?EUSAGE/,
      ),
      "package-lock.json is missing, or does not fit package.json: one of the two was changed or not copied",
      commandFix("Check what was changed", "git status package.json package-lock.json"),
      commandFix("Without Git: install by package.json alone", "npm install"),
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /could not determine executable to run/,
        /npx canceled due to missing packages and no YES option/,
      ),
      "npx found no program of that name in the folder, and is not allowed to download one",
      ownFolder,
      commandFix("Or let npx download zx", "npx --yes zx homelab-gpu.mts doctor"),
    ],
    [
      "tools.present",
      "cause",
      /(?:NotCapable|PermissionDenied): Requires \w{2,12} access/,
      "Deno runs the script without the permissions that it needs",
      commandFix("Start it by its task", "deno task doctor"),
      commandFix("Or give it all permissions", "deno run -A homelab-gpu.mts doctor"),
    ],
    [
      "tools.present",
      "cause",
      /uv_cwd/,
      "the folder of this terminal was removed or replaced",
      "Change to the folder again (cd), then repeat the command",
    ],
    [
      "tools.present",
      "cause",
      /detected dubious ownership in repository at/,
      "Git refuses the folder, because it belongs to another user (often after a clone with sudo)",
      commandFix("Take the files back", 'chown -R "$USER" .', { root: true }),
    ],
    [
      "tools.present",
      "cause",
      /destination path '.{1,100}' already exists and is not an empty directory/,
      "Git does not clone into a folder that has files: the project may already exist there",
      commandFix("Update that copy", "git -C homelab-gpu pull"),
    ],
  ]),
  ...rows({ layer: "packages", source: "bash, dash, PowerShell, sudo, read 2026-11" }, [
    [
      "tools.present",
      "cause",
      /sudo: (?:npx|npm|node|deno): command not found/,
      "sudo does not find Node: it searches only the system's folders, and Node is in your own (nvm, fnm, volta)",
      "Start the script without sudo: it asks for root where a step needs it",
      `Where all of it must run as root: sudo env "PATH=$PATH" ${self("up")}`,
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /(?:npx|npm|node): (?:command )?not found|Unknown command: (?:npx|npm|node)\b/,
        /(?:term )?'(?:npx|npm|node)' is not recognized|env: '(?:node|zx)': No such file/,
      ),
      "Node is not installed, or is not in PATH",
      "Install Node 22.18 or later (nodejs.org, or winget: OpenJS.NodeJS.LTS), then open a new terminal",
      "With nvm or fnm: load it in this shell, as its installation says",
    ],
    [
      "tools.present",
      "cause",
      anyOf(
        /GLIBC_2\.\d{2}' not found \(required by (?:\S{0,80}\/)?node\)/,
        /node: .{0,60}GLIBCXX_3\.4\.\d{2}' not found/,
      ),
      "this build of Node needs a newer C library than the distribution has",
      "Install the distribution's own package of Node, or an older release (Node 20 needs glibc 2.28)",
    ],
  ]),
];
