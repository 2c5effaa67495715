import { canonicalJson } from "../../kernel/codec.ts";

/** Deeper values are of no use to anybody, and a danger to whatever goes through them. */
const DEEPEST = 64;
/** Escapes of NUL, which PostgreSQL keeps in no text. */
const NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/** Whether a value is nested more often than anybody needs. */
export function isTooDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    level = level.flatMap(membersOf).filter((one) => typeof one === "object");
  }
  return false;
}

/** Whether a value is JSON that every store can keep: no lone surrogates, no NUL, no numbers that are none. */
export function isKeepable(value: unknown): boolean {
  if (value === undefined || isTooDeep(value)) return false;
  try {
    return !NUL.test(canonicalJson(value));
  } catch {
    return false;
  }
}

function membersOf(value: unknown): readonly unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value) : [];
}
