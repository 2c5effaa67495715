import { parseDictionary, parseItem } from "structured-headers";

/** The value of a structured field that is a Boolean (RFC 9651); `undefined` where it is missing or something else. */
export function booleanField(headers: Headers, name: string): boolean | undefined {
  const value = itemOf(headers.get(name));
  return typeof value === "boolean" ? value : undefined;
}

/** The value of a structured field that is a non-negative Integer; `undefined` where it is missing or something else. */
export function integerField(headers: Headers, name: string): number | undefined {
  const text = headers.get(name);
  const value = itemOf(text);
  // A Decimal such as `10.0` is a number here, too, and no Integer.
  const isInteger = typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  return isInteger && !/^\s*[\d-]+\./.test(text ?? "") ? value : undefined;
}

/** A checksum that came with content, and the algorithm it was made by. */
export interface Checksum {
  readonly algorithm: "sha1" | "sha256";
  readonly digest: Uint8Array;
}

/** The SHA-256 in a digest field (RFC 9530); `undefined` where there is none. Other algorithms say nothing here. */
export function digestField(headers: Headers, name: string): Checksum | undefined {
  const text = headers.get(name);
  if (text === null) return undefined;
  try {
    const [value] = parseDictionary(text).get("sha-256") ?? [];
    return value instanceof ArrayBuffer && value.byteLength === 32
      ? { algorithm: "sha256", digest: new Uint8Array(value) }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a wish for digests (RFC 9530) includes SHA-256. */
export function wantsSha256(headers: Headers): boolean {
  const text = headers.get("want-repr-digest");
  if (text === null) return false;
  try {
    const [value] = parseDictionary(text).get("sha-256") ?? [];
    return typeof value === "number" && value > 0;
  } catch {
    return false;
  }
}

function itemOf(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return parseItem(text)[0];
  } catch {
    return undefined;
  }
}

/** A whole number without sign, as tus writes its lengths and offsets; `undefined` for anything else. */
export function decimal(text: string | null): number | undefined {
  if (text === null || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

const UPLOAD_ID = /^[0-9a-f]{32}$/;

/** Whether a text can be the identifier of an upload. */
export function isUploadId(text: string): boolean {
  return UPLOAD_ID.test(text);
}
