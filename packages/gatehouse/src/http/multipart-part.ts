import { parseContentType } from "./content-type.ts";

const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;
const NAME = /^form-data[ \t]*;[ \t]*name="([^"\r\n\0]{1,200})"(?:[ \t]*;[ \t]*filename="([^"\r\n\0]{0,1024})")?$/i;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Most bytes of the header lines of one part: the longest names of files have 765, and quotes in them take three each. */
export const MOST_PART_HEADER = 1_536;

/** What the header of a part says. */
export interface PartHeader {
  readonly name: string;
  /** What a browser calls the file; absent for text fields. */
  readonly fileName: string | undefined;
}

/** Whether a boundary is one that RFC 2046 allows. */
export function isBoundary(boundary: string | undefined): boundary is string {
  return boundary !== undefined && BOUNDARY.test(boundary);
}

/** Understands the header lines of one part, or says why they are refused. */
export function readPartHeader(lines: Buffer): PartHeader | string {
  let header: PartHeader | undefined;
  let type: string | undefined;
  for (const line of lines.toString("latin1").split("\r\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, Math.max(colon, 0)).toLowerCase()) {
      case "content-disposition": {
        if (header !== undefined) return "A multipart field has two names.";
        const match = NAME.exec(value);
        if (match === null)
          return /;[ \t]*filename/i.test(value) ? "Files are not accepted here." : "A multipart field has no name.";
        const [name, fileName] = [utf8Of(match[1] ?? ""), utf8Of(match[2])];
        if (name === undefined || (match[2] !== undefined && fileName === undefined))
          return "A multipart field is not valid UTF-8 text.";
        header = { name, fileName };
        break;
      }
      case "content-type":
        type = parseContentType(value)?.essence ?? "";
        break;
      default:
        return "A multipart field has a header that is not accepted.";
    }
  }
  if (header === undefined) return "A multipart field has no name.";
  // What a file is, its content says; text has one type.
  if (header.fileName === undefined && type !== undefined && type !== "text/plain")
    return "Only text fields are accepted here.";
  return header;
}

/** The text of a field, or `undefined` where it is none. */
export function textOfPart(bytes: Buffer): string | undefined {
  try {
    const text = decoder.decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The text of a name, in which senders of forms write what would end it with percent signs. */
function utf8Of(latin1: string | undefined): string | undefined {
  const text = latin1 === undefined ? undefined : textOfPart(Buffer.from(latin1, "latin1"));
  return text?.replaceAll(/%(22|0D|0A)/gi, (escaped) => decodeURIComponent(escaped));
}
