import { fromUtf8, utf8 } from "../codec.ts";
import type { TallyState } from "./tally.ts";

/** Bytes of a state, for stores: JSON, with times as steps so that they stay short. */
export function encodeTally(state: TallyState): Uint8Array {
  switch (state.kind) {
    case "exact":
      return utf8(JSON.stringify(["exact", ...steps(state.times)]));
    case "coarse":
      return utf8(JSON.stringify(["coarse", ...state.groups.flat()]));
    case "bucket":
      return utf8(JSON.stringify(["bucket", state.level, state.at, state.returned, state.unit]));
  }
}

/**
 * The state of encoded bytes; `undefined` for none at all.
 * @throws {TypeError} for anything `encodeTally` has not written.
 */
export function decodeTally(bytes: Uint8Array): TallyState | undefined {
  if (bytes.byteLength === 0) return undefined;
  const parsed: unknown = JSON.parse(fromUtf8(bytes));
  if (!Array.isArray(parsed)) throw malformed();
  const [kind, ...rest] = parsed as unknown[]; // Elements of a parsed array are of unknown type; they are checked next.
  const numbers = rest.filter((value) => Number.isSafeInteger(value)) as number[]; // What is left are the integers.
  if (numbers.length !== rest.length) throw malformed();
  if (kind === "exact") return { kind, times: sums(numbers) };
  if (kind === "coarse" && numbers.length % 3 === 0) return { kind, groups: triples(numbers) };
  const [level, at, returned, unit] = numbers;
  if (kind !== "bucket" || level === undefined || at === undefined || returned === undefined || unit === undefined) {
    throw malformed();
  }
  return { kind, level, at, returned, unit };
}

function steps(times: readonly number[]): number[] {
  return times.map((time, index) => time - (times[index - 1] ?? 0));
}

function sums(parts: readonly number[]): number[] {
  let total = 0;
  return parts.map((part) => (total += part));
}

function triples(numbers: readonly number[]): [number, number, number][] {
  const groups: [number, number, number][] = [];
  for (let index = 0; index + 2 < numbers.length; index += 3) {
    groups.push([numbers[index] ?? 0, numbers[index + 1] ?? 0, numbers[index + 2] ?? 0]);
  }
  return groups;
}

function malformed(): TypeError {
  return new TypeError("A stored limit counter is malformed.");
}
