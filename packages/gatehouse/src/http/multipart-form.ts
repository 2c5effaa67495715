import { isDenial, type Denial } from "../kernel/outcome.ts";
import { collectFields, fieldsOf, type FormFields } from "./form-body.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
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

/** How a form is read. */
export interface MultipartOptions {
  readonly boundary: string | undefined;
  readonly limits: {
    /** Of all text fields together. */
    readonly bytes: number;
    /** Parts, files among them. */
    readonly fields: number;
  };
}

type Pairs = readonly (readonly [string, string])[];

/** Bytes of refused files that are received so that the form can be answered. */
const MOST_DISCARDED = 33_554_432;

/** Reads `multipart/form-data`, part by part as it arrives: its text fields as any form's are, its files by `receive`. */
export async function readMultipartForm(
  source: PieceSource,
  { boundary, limits }: MultipartOptions,
  receive: ReceiveFile,
): Promise<FormFields | Denial> {
  const parts = await MultipartStream.open(source, boundary);
  if (isDenial(parts)) return parts;
  const pairs: (readonly [string, string])[] = [];
  let left = limits.bytes;
  let discarded = 0;
  for (let count = 0; ; count += 1) {
    const header = await parts.next();
    if (header === undefined) return fieldsOf(collectFields(pairs));
    if (isDenial(header)) return header;
    if (count === limits.fields) return tooLarge(`There are more than ${limits.fields} fields.`);
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
    const rest = await discard(parts, MOST_DISCARDED - discarded);
    if (typeof rest !== "number") return rest;
    discarded += rest;
  }
}

async function receiveFile(
  parts: MultipartStream,
  { header, pairs }: { readonly header: PartHeader; readonly pairs: Pairs },
  receive: ReceiveFile,
): Promise<string | Denial | undefined> {
  const { name: field, fileName = "" } = header;
  // What browsers send where no file was chosen.
  if (fileName === "") return undefined;
  const before = fieldsOf(collectFields(pairs));
  return isDenial(before) ? before : receive({ field, fileName, before, read: () => parts.read() });
}

async function readText(parts: MultipartStream, most: number): Promise<string | Denial> {
  const text = new GatheredBytes(most);
  for (let piece = await parts.read(); piece !== undefined; piece = await parts.read()) {
    if (isDenial(piece)) return piece;
    if (!text.add(piece)) return tooLarge("The fields of the form are too large.");
  }
  return textOfPart(text.take()) ?? malformed("A multipart field is not valid UTF-8 text.");
}

/** Passes over the rest of a part; how many bytes that were. */
async function discard(parts: MultipartStream, most: number): Promise<number | Denial> {
  let length = 0;
  for (let piece = await parts.read(); piece !== undefined; piece = await parts.read()) {
    if (isDenial(piece)) return piece;
    length += piece.byteLength;
    if (length > most) return tooLarge("The files are larger than this form accepts.");
  }
  return length;
}
