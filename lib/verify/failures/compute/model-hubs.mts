import type { Failure } from "../types.mts";
import { guestFix } from "../../../fixes.mts";
import { anyOf } from "../../../text.mts";
import { rows } from "../rows.mts";

/** What Hugging Face's library says next to the answer that explains it. */
export const modelHubFailures = (): Failure[] =>
  rows({
    layer: "image",
    source: "huggingface_hub (errors), Transformers; ace-step/ACE-Step#321 (2025-08), open-webui/open-webui#4773 " +
      "(2024-08), read 2026-11",
  }, [
    [
      "verify.service",
      "symptom",
      anyOf(
        /(?:401|403) Client Error.{0,80}huggingface|HfHubHTTPError: (?:401|403)\b|Cannot access content at: https:\/\/huggingface/,
        /_download_\w{0,40}: \w{3,8} invalid http status code received: (?:401|403)\b/,
        /no huggingface token provided/,
        /huggingface\.co\/\S{1,300} invalid status code (?:401|403)\b/,
      ),
      "Hugging Face refuses the model's files: its name is wrong (it answers 401 for names that it does not have), " +
      "or it is private or gated and the token is missing or is not allowed to read it",
      "Compare the name (OWNER/NAME) with the model's page, and accept its licence there if it asks for that",
      "Set HF_TOKEN for that service to a token that may read it; a fine-grained token needs the right for gated " +
      "models",
    ],
    [
      "verify.service",
      "cause",
      anyOf(
        /CAS service error ?: (?!.{0,200}(?:No space left|storage full))|xet\S{0,80} .{0,120}(?:reqwest::|ReqwestMiddleware )Error/,
        /occurred while downloading using `hf_transfer`/,
      ),
      "the download from Hugging Face's storage broke off: the network is slow or unstable, a proxy or name server " +
      "does not let its hosts (*.hf.co, *.xethub.hf.co) pass, or its cache is on a network share that answers late",
      "Start the service again: a download goes on where it ended",
      "If the error remains: HF_HUB_DISABLE_XET=1 (older releases: HF_HUB_ENABLE_HF_TRANSFER=0) for that service " +
      "takes plain HTTP",
      guestFix(
        "Check whether containers reach it",
        "docker run --rm curlimages/curl -sI https://cas-server.xethub.hf.co",
      ),
    ],
    [
      "verify.service",
      "cause",
      /'hf_transfer' package is not available/,
      "the service's environment asks for a download by hf_transfer, which is not installed in the image",
      "Remove HF_HUB_ENABLE_HF_TRANSFER from that service, or install it: python3 -m pip install hf_transfer",
    ],
    [
      "verify.service",
      "symptom",
      /There was a problem when trying to write in your cache folder \(|Check cache directory permissions/,
      "the program is not allowed to write to the folder of its models: the volume belongs to another user than the " +
      "one that the service runs as, or the image's folder is not writable",
      guestFix("Check the owner of the folder, as numbers", "ls -ln FOLDER"),
      "Give it to the service's user: chown -R 1000:1000 FOLDER (the numbers of user:, or of the image)",
      "Or set HF_HOME to a folder that it may write to, best in a volume",
    ],
    [
      "verify.service",
      "symptom",
      anyOf(
        /LocalEntryNotFoundError|cannot find the requested files in the local cache/i,
        /outgoing traffic has been disabled/,
      ),
      "the model is not in the program's cache, and it could not or is not allowed to fetch it: it has no way to " +
      "the internet, is set to offline (HF_HUB_OFFLINE=1), or Hugging Face refused it, as the lines above then say",
      guestFix("Check whether containers reach it", "docker run --rm curlimages/curl -sI https://huggingface.co"),
      "Or fetch the model first, and keep its folder (~/.cache/huggingface) in a volume that the service's user may " +
      "write to",
    ],
  ]);
