import { isDenial, type Denial } from "../kernel/outcome.ts";
import { isUtf8, type ContentType } from "./content-type.ts";
import { DEFAULT_FIELDS, fieldsOf, parseUrlencoded, type FormFields } from "./form-body.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import { DEFAULT_JSON_LIMITS, parseJson, type JsonLimits } from "./json-body.ts";
import { readMultipartForm, type ReceiveFile } from "./multipart-form.ts";
import type { PieceSource } from "./multipart-stream.ts";
import { endedEarly, malformed, tooLarge, unsupported } from "./refusal.ts";
import { FREE_PIECES, refuseShredded } from "./shredded-body.ts";

/** A body as it was understood. */
export type ParsedBody =
  | { readonly kind: "none" }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "form"; readonly fields: FormFields };

/** Bounds on bodies. */
export interface BodyLimits {
  /** Default 1 MiB. */
  readonly bytes: number;
  readonly json: JsonLimits;
  /** Fields of a form or query. Default 200. */
  readonly fields: number;
}

/** Bounds where nothing else is said. */
export const DEFAULT_BODY_LIMITS: BodyLimits = { bytes: 1_048_576, json: DEFAULT_JSON_LIMITS, fields: DEFAULT_FIELDS };

const decoder = new TextDecoder("utf-8", { fatal: true });
const NOTHING = new Uint8Array(0);

/** Reads the bytes of a body up to a limit; what lies beyond it is never read. */
export async function readBody(request: Request, limit: number, stopping?: AbortSignal): Promise<Uint8Array | Denial> {
  if (request.method === "GET" || request.method === "HEAD") return NOTHING;
  const declared = request.headers.get("content-length");
  try {
    if (declared === null) return await readStream(request, limit);
    const length = Number(declared);
    if (length > limit) return beyond(limit);
    if (length === 0) return NOTHING;
    if (length > FREE_PIECES) return await readStream(request, limit);
    // The declared length bounds what the HTTP parser delivers, and in how many pieces: no reader of our own is needed.
    return new Uint8Array(await request.arrayBuffer());
  } catch {
    return endedEarly(stopping);
  }
}

async function readStream(request: Request, limit: number): Promise<Uint8Array | Denial> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = request.body?.getReader();
  if (reader === undefined) return NOTHING;
  const bytes = new GatheredBytes(limit);
  for (let pieces = 1; ; pieces += 1) {
    const { done, value } = await reader.read();
    if (done) return bytes.take();
    const refused = bytes.add(value) ? refuseShredded(pieces, bytes.length) : beyond(limit);
    if (refused === undefined) continue;
    // Cancelling would end the connection before the answer; what is left is the server's to bound.
    reader.releaseLock();
    return refused;
  }
}

function beyond(limit: number): Denial {
  return tooLarge(`A body may have ${limit} bytes.`);
}

/** Understands a body by its declared type. */
export function parseBody(
  bytes: Uint8Array,
  type: ContentType | undefined,
  limits: BodyLimits,
): ParsedBody | Denial | Promise<ParsedBody | Denial> {
  if (type === undefined)
    return bytes.byteLength === 0 ? { kind: "none" } : unsupported("The body has no Content-Type.");
  if (!isUtf8(type)) return unsupported("Text must be UTF-8.");
  switch (type.essence) {
    case "application/json":
      return parseJsonBody(bytes, limits.json);
    case "application/x-www-form-urlencoded": {
      const text = decodeText(bytes);
      return formOf(isDenial(text) ? text : fieldsOf(parseUrlencoded(text, limits.fields)));
    }
    case "multipart/form-data": {
      const options = { boundary: type.parameters.get("boundary"), limits };
      return readMultipartForm(sourceOf(bytes), options, refuseFile).then(formOf);
    }
    default:
      return unsupported("Send application/json, application/x-www-form-urlencoded or multipart/form-data.");
  }
}

/** Understands a body as JSON whatever its declared type. */
export function parseJsonBody(bytes: Uint8Array, limits: JsonLimits): ParsedBody | Denial {
  const text = decodeText(bytes);
  if (isDenial(text)) return text;
  const answer = parseJson(text, limits);
  if (answer.ok) return { kind: "json", value: answer.value };
  return answer.tooLarge ? tooLarge(answer.reason) : malformed(answer.reason);
}

function decodeText(bytes: Uint8Array): string | Denial {
  try {
    return decoder.decode(bytes);
  } catch {
    return malformed("The body is not valid UTF-8.");
  }
}

function formOf(fields: FormFields | Denial): ParsedBody | Denial {
  return isDenial(fields) ? fields : { kind: "form", fields };
}

/** Only who reads a form as it arrives takes files. */
const refuseFile: ReceiveFile = () => Promise.resolve(malformed("Files are not accepted here."));

function sourceOf(bytes: Uint8Array): PieceSource {
  const pieces = [bytes];
  return { read: () => Promise.resolve(pieces.shift()) };
}
