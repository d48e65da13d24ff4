import type { Failure } from "../types.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

const near = /\bgit\b|clon(?:e|ing)|fetch-pack|\.git\b|repositor|remote:/i;

/** What git says when a service or a build fetches its program. */
export const gitTransferFailures = (): Failure[] =>
  rows({ layer: "image", near, source: "git 2.47 (its messages), read 2026-11" }, [
    [
      "verify.service",
      "cause",
      anyOf(
        /could not create (?:work tree dir|leading director(?:y|ies) of) '\S{1,160}: (?:Permission denied|Read-only)/,
        /(?:^|\s)\/\S{1,160}\/\.git\/?: Permission denied|cannot mkdir \S{1,160}: (?:Permission denied|Read-only)/,
      ),
      "the service is not allowed to write the folder into which it fetches its program: its volume belongs to " +
      "another user",
      "Give it to that user: chown -R 1000:1000 FOLDER (the numbers of user:, PUID and PGID, or of the image)",
      "A share (NFS, SMB) sets the owner at its mount; SELinux: add :Z to the volume",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /fetch-pack: (?:unexpected disconnect|invalid index-pack output)|bytes of body are still expected/,
        /RPC failed; (?:curl|HTTP) \d|HTTP\/2 stream \d{1,4} was not closed cleanly|fatal: early EOF/,
        /the remote end hung up unexpectedly|GnuTLS recv error \(-\d{1,3}\)/,
      ),
      "git's transfer broke off: the network, a proxy or the server ended it",
      "Run it again; if the error remains: git config --global http.version HTTP/1.1, or a shallow clone (--depth 1)",
      "In a build: give it the proxy (--build-arg HTTPS_PROXY=…)",
    ],
    [
      "guest.image",
      "cause",
      anyOf(
        /remote: Repository not found|fatal: could not read Username for '|Authentication failed for '/,
        /fatal: repository '\S{1,160}' (?:not found|does not exist)|Remote branch \S{1,80} not found in upstream/,
      ),
      "the repository, or that branch of it, is gone or not public: git asks for a user name, and nobody can answer",
      "Look at its address in a browser; use a newer release of the image, which names the new one",
    ],
  ]);
