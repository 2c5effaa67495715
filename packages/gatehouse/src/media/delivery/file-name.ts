import { MEDIA_EXTENSIONS, type MediaType } from "../scrub/media-type.ts";

/** What is served as what it is. Everything else is bytes that are saved: of SVG and HTML there is no saying what runs. */
export function servedType(type: string): MediaType | "application/octet-stream" {
  return isMediaType(type) ? type : "application/octet-stream";
}

function isMediaType(type: string): type is MediaType {
  return Object.hasOwn(MEDIA_EXTENSIONS, type);
}

/** Controls, separators of paths, and the marks by which text runs backwards and hides how a name ends. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\:*?"<>|]/gu;
const EXTENSION = /\.[A-Za-z0-9]{1,8}$/;
const LONGEST_STEM = 100;

/** A name to save a file under: the one its sender gave, made harmless, with the extension of what it is. */
export function savedName(name: string, type: string): string {
  const served = servedType(type);
  const extension = served === "application/octet-stream" ? "bin" : MEDIA_EXTENSIONS[served];
  const plain = name
    .replaceAll(UNFIT, "")
    .replace(/^[. ]+/, "")
    .replace(EXTENSION, "");
  const stem = [...plain].slice(0, LONGEST_STEM).join("").trimEnd();
  return `${stem === "" ? "file" : stem}.${extension}`;
}
