import type { StandardSchemaV1 } from "@standard-schema/spec";

const LONGEST = 200;

/** A JSON Pointer one step further down (RFC 6901 section 3), cut where a caller's own names make it too long. */
export function childPointer(pointer: string, key: string): string {
  if (pointer.length >= LONGEST) return pointer;
  const escaped = key
    .slice(0, LONGEST)
    .replaceAll("~", "~0")
    .replaceAll("/", "~1")
    // Control and format characters would let a caller forge lines in logs and terminals.
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
  const whole = `${pointer}/${escaped}`;
  return whole.length <= LONGEST ? whole : whole.slice(0, LONGEST);
}

/** The JSON Pointer of an issue's path. */
export function pointerOf(path: StandardSchemaV1.Issue["path"]): string {
  let pointer = "";
  for (const segment of path ?? []) pointer = childPointer(pointer, keyOf(segment));
  return pointer;
}

/** The value an issue's path leads to, or `undefined` where it leads nowhere. */
export function valueAt(input: unknown, path: StandardSchemaV1.Issue["path"]): unknown {
  let value = input;
  for (const segment of path ?? []) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, keyOf(segment))?.value;
  }
  return value;
}

function keyOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "symbol" ? (key.description ?? "") : String(key);
}
