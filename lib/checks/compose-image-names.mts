/** Texts at `image:` that are not the name of an image. */
import type { ComposeProject, ComposeService } from "../compose/types.mts";
import { manualFix } from "../fixes.mts";
import type { Fix } from "../findings.mts";
import { imageParts, isImageName } from "../compose/image-name.mts";
import { imageVariableFix } from "./compose-emptied.mts";
import { blockOf, type ProjectFlaw } from "./compose-flaw.mts";

/** The flaw of a service whose `image` is not the name of an image, without the service's name. */
export function imageNameFlaws(name: string, { image }: ComposeService, project: ComposeProject): ProjectFlaw[] {
  if (typeof image !== "string" || image.includes("$")) return [];
  if (!/^$|^[:/]|[:@/]$|[\s"'<>]|:\/\//.test(image) && separated(image) === undefined) return [];
  const { why, fix } = reason(image, hasVariable(name, image, project), project);
  const item = `the image “${image}”`;
  const rest = () => `, which is not an image name: ${why}`;
  return [{
    status: "fail",
    message: `has ${item}${rest()}`,
    at: "image:",
    text: image,
    fix,
    fold: { kind: `${rest()} ${fix.title}`, verb: ["has", "have"], item, rest },
  }];
}

/**
 * What is wrong with the parts of an image's name (distribution/reference, regexp.go): each begins and ends with a
 * letter or a digit, and a tag does not begin with a separator. Undefined if nothing is.
 */
function separated(image: string): string | undefined {
  if (/[:@/]$/.test(image)) return undefined;
  const [name, tag] = imageParts(image);
  const broken = name.split("/").find((part) => /^$|^[-._]|[-._]$/.test(part));
  if (broken !== undefined) {
    return broken === "" ? "it has // in it" : `its part ${broken} begins or ends with - . or _`;
  }
  return /^[-.]/.test(tag) ? `its tag begins with ${tag[0]}` : undefined;
}

/** Whether the image of a service is written with a variable; of all services if its own block has no image. */
function hasVariable(name: string, image: string, { texts, emptied = {} }: ComposeProject): boolean {
  const lines = (texts: string[]) => texts.filter((line) => /^[^#]*\bimage["']?\s*:/.test(line));
  const own = Object.entries(texts).flatMap(([file, text]) => blockOf(file, text, name)).flatMap((block) =>
    lines(block.lines)
  );
  const all = own.length > 0 ? own : Object.values(texts).flatMap((text) => lines(text.split("\n")));
  return Object.hasOwn(emptied, image) || all.some((line) => line.includes("$"));
}

/** What is wrong with an image's name, and what to do. */
function reason(image: string, isVariable: boolean, project: ComposeProject): { why: string; fix: Fix } {
  const space = /\s/.exec(image)?.[0];
  const isUrl = image.includes("://");
  const inner = withoutUrl(image).replace(/\s+#.*$/s, "").replace(/^[\s"']+|[\s"']+$/g, "");
  // a space next to a colon or a slash is never meant
  const joined = inLowerCase(inner.replace(/\s*([:/])\s*/g, "$1"));
  const inOneLine = /[\n\r]/.test(image) ? " in the line of image:" : "";
  const write = manualFix(
    isImageName(joined) && separated(joined) === undefined
      ? `Write ${joined}${inOneLine}`
      : "Write the image's name and tag, such as nginx:1.27",
  );
  if (space !== undefined) {
    const what = /[\n\r]/.test(image) ? "line break" : space === "\t" ? "tab" : "space";
    return { why: `it has a ${what}`, fix: write };
  }
  if (/["']/.test(image)) return { why: "it has quotes in it", fix: write };
  if (isUrl) return { why: "it is a URL", fix: write };
  if (isVariable) return { why: "a variable in it may be empty", fix: imageVariableFix(project) };
  const why = image === ""
    ? "it is empty"
    : /[<>]/.test(image)
    ? "it has < or >"
    : /^[:/]/.test(image)
    ? `it begins with ${image[0]}`
    : separated(image) ?? `it ends with ${image.at(-1)}`;
  const stem = inLowerCase(image.slice(0, -1));
  if (!/[:@]$/.test(image) || !isImageName(stem)) return { why, fix: write };
  const isDigest = image.endsWith("@");
  const isTagged = imageParts(stem)[1] !== "" || stem.includes("@");
  return {
    why,
    fix: manualFix(
      isTagged && !isDigest
        ? `Write ${stem}`
        : `Write the ${isDigest ? "digest" : "tag"} after ${stem}${image.at(-1)}, or only ${stem}`,
    ),
  };
}

/** The image that a URL is about: of a page on Docker Hub, else what follows the scheme. */
const withoutUrl = (image: string): string =>
  image.replace(/^\w+:\/\//, "").replace(/^hub\.docker\.com\/(?:r|_|u)\//, "").replace(/(?<=.)\/+$/, "");

/** An image with its repository in lower case. */
function inLowerCase(image: string): string {
  const [repository] = imageParts(image);
  return `${repository.toLowerCase()}${image.slice(repository.length)}`;
}
