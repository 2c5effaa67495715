import { isDenial, type Denial } from "../kernel/outcome.ts";
import type { BodyPace, BodyStream } from "./body-stream.ts";
import { formOf, type ParsedBody } from "./body.ts";
import { collectFields, type FormFields } from "./form-body.ts";
import type { Inbound } from "./inbound.ts";
import { textOfPart, type PartHeader } from "./multipart-part.ts";
import { MultipartStream, type PieceSource } from "./multipart-stream.ts";
import { malformed, tooLarge } from "./refusal.ts";

/** A file in a form, with what the form has said before it. */
export interface FormFile extends PieceSource {
  /** Name of the form's field. */
  readonly field: string;
  /** What the sender calls the file. */
  readonly fileName: string;
  readonly before: FormFields;
}

/**
 * Takes a file of a form as it arrives and says what stands for it among the fields, `undefined` for nothing, or refuses
 * the whole form. What it does not read is thrown away.
 */
export type ReceiveFile = (file: FormFile) => Promise<string | Denial | undefined>;

/** Bytes of refused files that are received so that the form can be answered. */
const MOST_DISCARDED = 33_554_432;

/** Whether a request's body is a form that may have files. */
export function isFileForm({ contentType }: Inbound): boolean {
  return contentType?.essence === "multipart/form-data";
}

/** Reads a form with files: its text fields as any body's are, its files by `receive`. */
export async function readFileForm(
  inbound: Inbound,
  receive: ReceiveFile,
  pace?: BodyPace,
): Promise<ParsedBody | Denial> {
  const body = inbound.stream(pace);
  if (isDenial(body)) return body;
  try {
    return await readParts(body, inbound, receive);
  } finally {
    body.close();
  }
}

async function readParts(body: BodyStream, inbound: Inbound, receive: ReceiveFile): Promise<ParsedBody | Denial> {
  const { limits, contentType } = inbound;
  const parts = await MultipartStream.open(body, contentType?.parameters.get("boundary"));
  if (isDenial(parts)) return parts;
  const pairs: (readonly [string, string])[] = [];
  let left = limits.bytes;
  let discarded = 0;
  for (;;) {
    const header = await parts.next();
    if (header === undefined) return formOf(collectFields(pairs));
    if (isDenial(header)) return header;
    if (pairs.length === limits.fields) return tooLarge(`There are more than ${limits.fields} fields.`);
    if (header.fileName === undefined) {
      const text = await readText(parts, left);
      if (typeof text !== "string") return text;
      left -= Buffer.byteLength(text);
      pairs.push([header.name, text]);
      continue;
    }
    const value = await receiveFile(parts, { header, pairs }, receive);
    if (isDenial(value)) return value;
    if (value !== undefined) pairs.push([header.name, value]);
    for (let piece = await parts.read(); piece !== undefined; piece = await parts.read()) {
      if (isDenial(piece)) return piece;
      discarded += piece.byteLength;
      if (discarded > MOST_DISCARDED) return tooLarge("The files are larger than this form accepts.");
    }
  }
}

async function receiveFile(
  parts: MultipartStream,
  { header, pairs }: { readonly header: PartHeader; readonly pairs: readonly (readonly [string, string])[] },
  receive: ReceiveFile,
): Promise<string | Denial | undefined> {
  const { name, fileName = "" } = header;
  // What browsers send where no file was chosen.
  if (fileName === "") return undefined;
  const before = formOf(collectFields(pairs));
  if (isDenial(before)) return before;
  return receive({
    field: name,
    fileName,
    before: before.kind === "form" ? before.fields : {},
    read: () => parts.read(),
  });
}

async function readText(parts: MultipartStream, most: number): Promise<string | Denial> {
  const pieces: Buffer[] = [];
  let length = 0;
  for (let piece = await parts.read(); piece !== undefined; piece = await parts.read()) {
    if (isDenial(piece)) return piece;
    length += piece.byteLength;
    if (length > most) return tooLarge("The fields of the form are too large.");
    pieces.push(piece);
  }
  return textOfPart(Buffer.concat(pieces)) ?? malformed("A multipart field is not valid UTF-8 text.");
}
