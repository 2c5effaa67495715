import { parseContentType } from "./content-type.ts";
import { collectFields, type FormAnswer } from "./form-body.ts";

const BOUNDARY = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/;
const MOST_HEADER_BYTES = 1_024;
const DISPOSITION = /^form-data[ \t]*;[ \t]*name="([^"\r\n\0]{1,200})"$/i;
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses the text fields of `multipart/form-data` (RFC 7578), at most `limit` of them. Parts with a file
 * name are refused: uploads go through the media entrance, which scans and stores them.
 */
export function parseMultipart(bytes: Uint8Array, boundary: string | undefined, limit: number): FormAnswer {
  if (boundary === undefined || !BOUNDARY.test(boundary))
    return refuse("The multipart boundary is missing or not valid.");
  const pairs: (readonly [string, string])[] = [];
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let position = body.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2)) ? delimiter.length - 2 : -1;
  if (position === -1) return refuse("The multipart body does not begin with its boundary.");
  while (!isClosing(body, position)) {
    if (body.toString("latin1", position, position + 2) !== "\r\n") return refuse("A multipart boundary is malformed.");
    const end = body.indexOf(delimiter, position);
    if (end === -1) return refuse("The multipart body has no end.");
    if (pairs.length === limit) return { ok: false, reason: `There are more than ${limit} fields.`, tooLarge: true };
    const part = parsePart(body.subarray(position + 2, end));
    if (typeof part === "string") return refuse(part);
    pairs.push(part);
    position = end + delimiter.length;
  }
  return collectFields(pairs);
}

function refuse(reason: string): FormAnswer {
  return { ok: false, reason, tooLarge: false };
}

function isClosing(body: Buffer, position: number): boolean {
  return body.toString("latin1", position, position + 2) === "--";
}

/** Name and value of one part, or why it is refused. */
function parsePart(part: Buffer): readonly [string, string] | string {
  const separator = part.indexOf("\r\n\r\n");
  if (separator === -1 || separator > MOST_HEADER_BYTES)
    return "The header of a multipart field is missing or too long.";
  let name: string | undefined;
  for (const line of part.toString("latin1", 0, separator).split("\r\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, Math.max(colon, 0)).toLowerCase()) {
      case "content-disposition":
        if (name !== undefined) return "A multipart field has two names.";
        if (/;[ \t]*filename/i.test(value)) return "Files are not accepted here.";
        name = DISPOSITION.exec(value)?.[1];
        break;
      case "content-type":
        if (parseContentType(value)?.essence !== "text/plain") return "Only text fields are accepted here.";
        break;
      default:
        return "A multipart field has a header that is not accepted.";
    }
  }
  const value = part.subarray(separator + 4);
  if (name === undefined) return "A multipart field has no name.";
  return decodePart(name, value) ?? "A multipart field is not valid UTF-8 text.";
}

function decodePart(name: string, value: Buffer): readonly [string, string] | undefined {
  try {
    const pair = [decoder.decode(Buffer.from(name, "latin1")), decoder.decode(value)] as const;
    return pair[1].includes("\0") ? undefined : pair;
  } catch {
    return undefined;
  }
}
