import type { ScannerVersion } from "./scanner.ts";

/** What clamd says of a stream, told apart. */
export type ClamdReply =
  | { readonly kind: "ok" }
  | { readonly kind: "found"; readonly signature: string }
  | { readonly kind: "unscannable"; readonly reason: string }
  | { readonly kind: "unclear"; readonly reason: string };

/**
 * Findings that say that clamd did not look at everything. Older versions call a limit that was hit `(null)`.
 * https://docs.clamav.net/manual/Usage/Scanning.html
 */
const NOT_LOOKED_AT = /^(?:Heuristics\.(?:Limits\.Exceeded|Encrypted)\b.*|\(null\))$/;
const FOUND = /^stream: (.{1,300}) FOUND$/;
const SHOWN = 120;

/** Reads the reply to INSTREAM. What is not exactly a known one is unclear, never clean. */
export function readReply(text: string): ClamdReply {
  if (text === "stream: OK") return { kind: "ok" };
  const signature = FOUND.exec(text)?.[1];
  if (signature !== undefined) {
    return NOT_LOOKED_AT.test(signature)
      ? { kind: "unscannable", reason: `The scanner gave up at a limit: ${signature}.` }
      : { kind: "found", signature };
  }
  if (text.startsWith("INSTREAM size limit exceeded")) {
    return { kind: "unscannable", reason: "The file is larger than the scanner's StreamMaxLength." };
  }
  return { kind: "unclear", reason: `The scanner answered "${text.slice(0, SHOWN)}".` };
}

/** `ClamAV 1.4.6/27001/Mon Nov 23 23:20:14 2026`; without official signatures `ClamAV 1.4.6`. */
const VERSION = /^ClamAV [\w.+~-]{1,40}(?:\/(\d{1,9})\/(.{10,40}))?$/;

/** Reads the reply to VERSION; `undefined` where it is none. The date is in the time zone of clamd's machine. */
export function readVersion(text: string): ScannerVersion | undefined {
  const match = VERSION.exec(text);
  if (match === null) return undefined;
  const at = Date.parse(match[2] ?? "");
  return { text, signaturesAt: Number.isNaN(at) ? undefined : at };
}
