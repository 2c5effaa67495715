import { childPointer } from "./validate-pointer.ts";

/** Names that reach an object's prototype when a careless merge assigns them. */
const REFUSED = new Set(["__proto__", "constructor", "prototype"]);

/** Values an input may hold altogether; entrances cap bodies far below it. */
const MOST_VALUES = 200_000;

/** Where an input breaks the rules that hold whatever its schema: the pointer, and the public text. */
export interface UnsafeValue {
  readonly pointer: string;
  readonly message: string;
}

interface Pending {
  readonly value: object;
  readonly pointer: string;
}

/**
 * The first place where an input carries a key that can pollute prototypes, or `undefined` where it
 * has none. Looks at own keys of arrays and plain objects, the only objects parsers make.
 */
export function findUnsafeKey(input: unknown): UnsafeValue | undefined {
  if (!isContainer(input)) return undefined;
  const pending: Pending[] = [{ value: input, pointer: "" }];
  let seen = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const array = Array.isArray(next.value);
    const members: [string, unknown][] = Object.entries(next.value);
    for (const [key, value] of members) {
      seen += 1;
      if (seen > MOST_VALUES) return { pointer: "", message: "The input has too many values." };
      if (!array && REFUSED.has(key)) {
        return { pointer: childPointer(next.pointer, key), message: "This name is not accepted." };
      }
      if (isContainer(value)) pending.push({ value, pointer: childPointer(next.pointer, key) });
    }
  }
  return undefined;
}

function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
