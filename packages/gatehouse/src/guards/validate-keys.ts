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
 * The first place where an input carries a key that can pollute prototypes, or what JSON does not carry faithfully to
 * every reader and store (RFC 7493): half a surrogate pair, NUL, a number that is not finite. `undefined` where it has
 * none. Looks at own keys of arrays and plain objects, the only objects parsers make.
 */
export function findUnsafe(input: unknown): UnsafeValue | undefined {
  return find(input, SENT);
}

/** The first place where a schema made text of an input that is none: it may have cut a character in two. */
export function findMalformed(made: unknown): UnsafeValue | undefined {
  return find(made, MADE);
}

interface Rules {
  readonly names: ReadonlySet<string>;
  readonly finite: boolean;
}

const SENT: Rules = { names: REFUSED, finite: true };
/** What a schema makes is the application's: it may well have no end. */
const MADE: Rules = { names: new Set(), finite: false };

function find(input: unknown, rules: Rules): UnsafeValue | undefined {
  if (!isContainer(input)) return inspect(input, "", rules);
  const pending: Pending[] = [{ value: input, pointer: "" }];
  let seen = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const array = Array.isArray(next.value);
    const members: [string, unknown][] = Object.entries(next.value);
    for (const [key, value] of members) {
      seen += 1;
      if (seen > MOST_VALUES) return { pointer: "", message: "The input has too many values." };
      if (!array && (rules.names.has(key) || isMalformed(key))) {
        // Of a name that is no text, its object has to be enough.
        const pointer = isMalformed(key) ? next.pointer : childPointer(next.pointer, key);
        return { pointer, message: "This name is not accepted." };
      }
      if (isContainer(value)) pending.push({ value, pointer: childPointer(next.pointer, key) });
      else if (isUnfaithful(value, rules)) return inspect(value, childPointer(next.pointer, key), rules);
    }
  }
  return undefined;
}

function inspect(value: unknown, pointer: string, rules: Rules): UnsafeValue | undefined {
  if (!isUnfaithful(value, rules)) return undefined;
  const message = typeof value === "number" ? "The number is not finite." : "The text is not valid Unicode.";
  return { pointer, message };
}

function isUnfaithful(value: unknown, { finite }: Rules): boolean {
  if (typeof value === "string") return isMalformed(value);
  return finite && typeof value === "number" && !Number.isFinite(value);
}

function isMalformed(text: string): boolean {
  return !text.isWellFormed() || text.includes("\0");
}

function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
