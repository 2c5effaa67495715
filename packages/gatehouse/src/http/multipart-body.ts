import { collectFields, type FormAnswer } from "./form-body.ts";
import { isBoundary, MOST_PART_HEADER, readPartHeader, textOfPart } from "./multipart-part.ts";

/**
 * Parses the text fields of `multipart/form-data` (RFC 7578), at most `limit` of them. Parts with a file
 * name are refused: only what reads a form as it arrives takes files.
 */
export function parseMultipart(bytes: Uint8Array, boundary: string | undefined, limit: number): FormAnswer {
  if (!isBoundary(boundary)) return refuse("The multipart boundary is missing or not valid.");
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
  if (separator === -1 || separator > MOST_PART_HEADER)
    return "The header of a multipart field is missing or too long.";
  const header = readPartHeader(part.subarray(0, separator));
  if (typeof header === "string") return header;
  if (header.fileName !== undefined) return "Files are not accepted here.";
  const text = textOfPart(part.subarray(separator + 4));
  return text === undefined ? "A multipart field is not valid UTF-8 text." : [header.name, text];
}
