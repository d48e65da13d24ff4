import type { Failure } from "../types.mts";
import { commandFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { type Row, rows } from "../rows.mts";

/** Programs that run on Windows, and that this project or its users' commands call. */
const programs =
  "docker|docker-compose|vagrant|packer|wsl|ssh|rsync|git|minikube|kubectl|podman|multipass|VBoxManage|prlctl|" +
  "qemu-img|qemu-system-\\w{3,8}|xorriso|oscdimg|choco|npm|npx|node|python|pip|code|deno|tsx";

/** Why PowerShell does not run a script or a command, whatever it is for. */
const sentences: Row[] = [
  [
    "tools.present",
    "cause",
    /"client-env">\{|react-partial\.embeddedData|class="octicon[- ]|\+ {1,3}<!DOCTYPE html/i,
    "the script's file is a web page of GitHub: the page was saved instead of the script",
    "Open the script on GitHub, choose Raw, and save that page; or fetch the repository (Code, Download ZIP)",
  ],
  [
    "provider.version",
    "cause",
    anyOf(
      /token '(?:&&|\|\|)' is not a valid statement separator|Unexpected token '\?[?.\w]{0,2}'/,
      /version of PowerShell that is required by the script does not match|"#requires" statement for (?:Windows )?PowerShell \d/,
    ),
    "the line or script is for PowerShell 7 (or cmd and Linux shells), and this is Windows PowerShell 5.1",
    "Run it in PowerShell 7: winget install --exact --id Microsoft.PowerShell, then pwsh",
    "For && in 5.1: enter the commands one after another",
  ],
  [
    "provider.access",
    "cause",
    anyOf(
      /cannot be loaded because running scripts is disabled on this system/,
      /cannot be loaded\. The file .{1,200} is not digitally signed|Execution_Policies/,
      /execution policy successfully, but the setting is overridden by a policy/,
    ),
    "Windows does not run PowerShell scripts here: its execution policy forbids it",
    "For this window alone: Set-ExecutionPolicy -Scope Process Bypass",
    "For a downloaded script that you trust: Unblock-File FILE",
    "If a policy of the computer sets it, ask who manages the computer",
  ],
  [
    "provider.access",
    "cause",
    /(?:Method invocation is supported|Property setting is supported|Cannot create type\. Only) .{0,60}(?:language mode|core types)/,
    "a policy of this computer (WDAC, AppLocker) lets PowerShell run only simple commands (ConstrainedLanguage)",
    "Ask who manages the computer to allow the script, or use another host",
  ],
];

/** Errors of a script or command whose program other entries may know. */
const general: Row[] = [
  [
    "provider.access",
    "cause",
    anyOf(
      /TerminatorExpectedAtEndOfString|string is missing the terminator/,
      /is not recognized as the name of a script file|ampersand \(&\) character is not allowed/,
      /ParserError: .{0,80}ParentContainsErrorRecordException|'<' operator is reserved for future use/,
      /Unexpected token .{1,80} in expression or statement|Missing (?:closing '[)}\]]'|argument) in (?:statement block|expression|parameter list)/,
    ),
    "PowerShell cannot read the script: its file is damaged or saved in another encoding, a folder's or VM's " +
    "name has " +
    "a quote, or it is for another PowerShell",
    "Fetch the script again; if it has letters beyond ASCII, save it as UTF-8 with BOM for Windows PowerShell 5.1",
    "Use folders and names without quotes, spaces and letters beyond ASCII",
    "Vagrant: run it from Windows PowerShell 5.1, not PowerShell 7, and update Vagrant",
  ],
  [
    "provider.mode",
    "cause",
    anyOf(
      /Cannot (?:bind parameter|process argument transformation on parameter) '.{1,60}\. Cannot convert value/,
      /Cannot validate argument on parameter '|Cannot bind argument to parameter '.{1,60}' because it is (?:null|an empty)/,
    ),
    "the command got a value that it does not take: an empty one, since a step before found nothing, or one of the " +
    "wrong form",
    "Look for an earlier error; the parameter in quotes is the one without a value",
    "Write sizes without quotes (8GB), and names and paths with them",
  ],
  [
    "guest.image",
    "cause",
    /Could not find a part of the path '(?:[A-Z]:|\\\\)|Cannot find path '.{1,240}' because it does not exist/,
    "the folder or file in quotes is not there: a name is wrong, or the VM's disk with it is not mounted under that " +
    "letter",
    "Check the path; mount the VM's disk while the VM is off, and use the letter that it gets",
  ],
  [
    "host.disk",
    "cause",
    /: There is not enough space on the disk\b|There is not enough space on the disk\. ?:/,
    "the drive to which the command writes is full",
    "Free space there, or enlarge the VM's disk if it is the one",
  ],
  [
    "verify.ssh",
    "cause",
    /Connecting to remote server .{1,120} failed with the following error message/,
    "PowerShell did not get to the other Windows (WinRM): it is off there, the name is not trusted here, or user and " +
    "password are refused",
    commandFix("Switch it on, on the other Windows as administrator", "winrm quickconfig", { root: true }),
    "Outside of a domain, as administrator here: winrm set winrm/config/client '@{TrustedHosts=\"NAME\"}'",
    "Log in as COMPUTER\\USER with a user who is an administrator there",
  ],
  [
    "tools.present",
    "cause",
    /(?:^"?|calling "\w{4,30}" with .{0,40}|Invoke-\w{7,12} ?: ?)The remote server returned an error: \((?:4|5)\d\d\)/,
    "the server answered the download with an error: 404, the address is out of date; 403 and 407, a proxy or the " +
    "server refuses it; 5xx, it is down",
    "Open the address in a browser; update the script that has it",
    "Check the proxy: netsh winhttp show proxy",
  ],
  [
    "tools.present",
    "cause",
    new RegExp(`'(?:${programs})(?:\\.exe)?' is not recognized as (?:the name of|a name of|an internal or external)`),
    "this window does not find the program: it is not installed, or was installed after the window was opened, " +
    "or its " +
    "folder is not in PATH",
    "Open a new window; otherwise install the program, or add its folder to PATH in Windows' settings (environment " +
    "variables)",
    "wsl: install the updates of Windows",
  ],
  [
    "tools.present",
    "cause",
    /module '(?!Hyper-V)[^']{1,80}' was not loaded because no valid module file was found/,
    "PowerShell has no module of that name for this user and this PowerShell (5.1 and 7 have their own)",
    "Install that module from the PowerShell Gallery, or start the PowerShell that has it",
  ],
];

const source = "PowerShell; hashicorp/vagrant#7906 (2016-10), jamesstringer90/Easy-GPU-PV#372 (2024-05), read 2026-11";

/** What PowerShell says in sentences of its own. */
export const powershellFailures = (): Failure[] => rows({ layer: "provider", source }, sentences);

/** What it says about any script or command: after the entries for certain programs. */
export const powershellCommandFailures = (): Failure[] => rows({ layer: "provider", source }, general);
