/** Words in place of a user's own value, such as `<PATH_TO_CONFIG>` and `YOUR_TOKEN_HERE`. */
import { isSecretName } from "./variables.mts";

/** Whether a path is one that a user is meant to replace: `/path/to/your/config`, `<PATH>`. */
export const isPlaceholderPath = (path: string): boolean =>
  /^\/?path\/to(\/|$)|(^|\/)your(([-_ ][a-z0-9]+)+|name|user|username|path|dir|folder|media)?(\/|$)|<[^<>]+>/i.test(
    path,
  ) ||
  isPlaceholder(path);

/** Whether a path is in a home folder or on a disk of macOS, which no Linux host has. */
export const isOfMac = (path: string): boolean => /^\/(Users|Volumes)\/[^/]/.test(path);

/** Variables that hold what `key here` and `token here` mean. */
const isOfKey = (variable: string) => isSecretName(variable) || /(^|_)(key|id)$/i.test(variable);

/** Whether a whole value, or the host in a URL, is such a word. `variable`: the name of its variable, if it has one. */
export const isPlaceholder = (value: string, variable = ""): boolean =>
  isWord(value, variable) || isWord(/^[a-z][\w+.-]*:\/\/(?:[^@/]*@)?([^/:?#]+)/i.exec(value)?.[1] ?? "", variable);

const isWord = (value: string, variable: string): boolean =>
  /^<[^<>\s/][^<>]*>$/.test(value) ||
  /^YOUR[-_ ][A-Z0-9][-_ A-Z0-9]*$/.test(value) ||
  /^your[-_ ]([a-z0-9]+[-_ ])*(key|token|secret|password|value|id|email|here|ip|name)$/
    .test(value) ||
  /^your[-_]?(sub)?(domain|host|server|site)(name)?(\.[a-z0-9.-]+)?$/.test(value) ||
  /^[A-Z0-9_]+_HERE$/.test(value) || /^(your|insert|enter|put|paste)[-_ ].*[-_ ]here$/i.test(value) ||
  (isOfKey(variable) && /(^|[-_ ])(key|token|secret|password|id|value)[-_ ]here$/i.test(value)) ||
  // CHANGE_ME_VPN_SERVER_IP, replace-with-your-token: words for what belongs there
  /^(CHANGE|REPLACE)_?ME_[A-Z0-9_]+$|^replace[-_]with[-_][a-z0-9_-]+$/.test(value) ||
  // 10.x.x.x/32
  /^\d{1,3}(\.(\d{1,3}|[xX]{1,3})){2}\.[xX]{1,3}(\/\d+)?$/.test(value);

/** Variables whose values another company gives out, so that a made-up one cannot work. */
const givenOut =
  /CLIENT_?(ID|SECRET)$|(^|_)(OPENAI|ANTHROPIC|HF|WIREGUARD|PAPERLESS|HUGGING_?FACE(_HUB)?|NGC|NVIDIA|GITHUB|GITLAB|WANDB|GROQ|GEMINI|MISTRAL|TS|TUNNEL|CLOUDFLARE|DISCORD|TELEGRAM|SLACK|PLEX)_([A-Z]+_)*(KEY|TOKEN|AUTHKEY|CLAIM)$/i;

/** Whether a value stands for one that another company gives out: `GITHUB_CLIENT_ID=changeme`. */
export const isMadeUp = (variable: string, value: string): boolean =>
  givenOut.test(variable) && /^(change[-_ ]?me|replace[-_ ]?me|xxx+|x{3}-.*|todo|dummy|insert[-_ ].+)$/i.test(value);
