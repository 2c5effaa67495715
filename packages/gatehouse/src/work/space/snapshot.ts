import { canonicalJson } from "../../kernel/codec.ts";

/**
 * What JSON keeps of a value: plans are kept as JSON, and compared as such.
 * @throws {TypeError} where it is no JSON value.
 */
export function plainOf(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(canonicalJson(value));
}

/** The digest of what was read; empty where there was nothing. */
export function digestOfReading(snapshot: unknown, digest: (text: string) => string): string {
  return snapshot === undefined ? "" : digest(canonicalJson(snapshot));
}
