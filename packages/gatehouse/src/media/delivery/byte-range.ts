import type { ByteRange } from "../../kernel/ports/storage-target.ts";

const RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * The part of a file that a `Range` field asks for (RFC 9110, 14.2). `undefined`: all of it, which is also the answer to
 * several ranges at once and to what is no range of bytes; `unsatisfiable`: the file does not reach that far.
 */
export function readByteRange(field: string | null, bytes: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = RANGE.exec(field?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const count = Math.min(Number(last), bytes);
    return count === 0 ? "unsatisfiable" : { start: bytes - count, end: bytes };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return undefined;
  if (start >= bytes) return "unsatisfiable";
  return { start, end: last === "" ? bytes : Math.min(Number(last) + 1, bytes) };
}
