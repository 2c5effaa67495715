/** Bounds on the shape of a JSON text. They are checked before the text is parsed. */
export interface JsonLimits {
  /** Nested objects and arrays. Default 32. */
  readonly depth: number;
  /** Members of all objects together. Default 5,000. */
  readonly members: number;
  /** Values of all arrays and objects together. Default 20,000. */
  readonly values: number;
}

/** Bounds where nothing else is said. */
export const DEFAULT_JSON_LIMITS: JsonLimits = { depth: 32, members: 5_000, values: 20_000 };

/** The value, or why there is none. */
export type JsonAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string; readonly tooLarge: boolean };

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENERS = new Set([0x5b, 0x7b]);
const CLOSERS = new Set([0x5d, 0x7d]);

/**
 * Parses a JSON text within bounds. Beyond the grammar (RFC 8259) it refuses what another reader of the
 * same text could understand differently, or choke on: a repeated member name, a number too large to be
 * finite, text that is not well-formed Unicode or contains NUL (RFC 7493), and the member names
 * through which prototypes are polluted.
 */
export function parseJson(text: string, limits: JsonLimits = DEFAULT_JSON_LIMITS): JsonAnswer {
  const shape = scan(text, limits);
  if (typeof shape === "string") return { ok: false, reason: shape, tooLarge: true };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("The body is not valid JSON.");
  }
  const reason = inspect(value, { members: shape, checkText: text.includes("\\u") });
  return reason === undefined ? { ok: true, value } : refuse(reason);
}

function refuse(reason: string): JsonAnswer {
  return { ok: false, reason, tooLarge: false };
}

/** Counts without parsing: the number of members, or what is too much. Only meaningful for valid JSON. */
function scan(text: string, limits: JsonLimits): number | string {
  let depth = 0;
  let members = 0;
  let values = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = endOfString(text, index);
    } else if (code === COLON) {
      members += 1;
      if (members > limits.members) return `The body has more than ${limits.members} members.`;
    } else if (code === COMMA || OPENERS.has(code)) {
      values += 1;
      if (values > limits.values) return `The body has more than ${limits.values} values.`;
      if (code !== COMMA && ++depth > limits.depth) return `The body is nested deeper than ${limits.depth} levels.`;
    } else if (CLOSERS.has(code)) {
      depth -= 1;
    }
  }
  return members;
}

function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index += 1;
  }
  return text.length;
}

/** Walks a parsed value; the reason to refuse it, if there is one. Recursion is bounded by the scan. */
function inspect(root: unknown, expected: { members: number; checkText: boolean }): string | undefined {
  let members = 0;

  function walk(value: unknown): string | undefined {
    if (typeof value === "number") return Number.isFinite(value) ? undefined : "A number in the body is out of range.";
    if (typeof value === "string") return expected.checkText ? inspectText(value) : undefined;
    if (typeof value !== "object" || value === null) return undefined;
    return Array.isArray(value) ? walkAll(value) : walkMembers(value);
  }

  function walkAll(values: readonly unknown[]): string | undefined {
    for (const value of values) {
      const reason = walk(value);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  function walkMembers(object: object): string | undefined {
    for (const [name, value] of Object.entries(object)) {
      members += 1;
      const reason = inspectName(name, value) ?? (expected.checkText ? inspectText(name) : undefined) ?? walk(value);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  const reason = walk(root);
  if (reason !== undefined) return reason;
  return members === expected.members ? undefined : "The body repeats a member name.";
}

function inspectText(text: string): string | undefined {
  return text.isWellFormed() && !text.includes("\0") ? undefined : "The body contains text that is not valid Unicode.";
}

/** Why a member may not be used, or `undefined`. Shared with form fields. */
export function inspectName(name: string, value: unknown): string | undefined {
  const pollutes =
    name === "__proto__" ||
    (name === "constructor" && typeof value === "object" && value !== null && Object.hasOwn(value, "prototype"));
  return pollutes ? "The body uses a reserved member name." : undefined;
}
