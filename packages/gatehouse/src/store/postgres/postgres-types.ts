import type { CustomTypesConfig } from "pg";

type Parser = (text: string) => string | number | Uint8Array;

/** Type numbers of PostgreSQL's catalogue (pg_type.dat). */
const PARSERS: Readonly<Record<number, Parser>> = {
  16: (text) => (text === "t" ? 1 : 0),
  17: parseBytes,
  20: parseInteger,
  21: Number,
  23: Number,
  26: Number,
  700: Number,
  701: Number,
  1700: Number,
};

/**
 * Reads columns as the portable subset has them: numbers, text, bytes. Booleans become 1 and 0 as in SQLite;
 * what has no portable counterpart (dates, JSON, arrays) stays the text PostgreSQL sent.
 */
export const portableTypes: CustomTypesConfig = {
  // The library types a parser by what each type yields; a table of parsers yields their union.
  getTypeParser: ((type: number, format?: string) =>
    format === "binary" ? identity : (PARSERS[type] ?? identity)) as CustomTypesConfig["getTypeParser"],
};

function identity<Value>(value: Value): Value {
  return value;
}

function parseInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`The database returned the integer ${text}, which a number cannot hold exactly.`);
}

function parseBytes(text: string): Uint8Array {
  if (!text.startsWith("\\x")) throw new TypeError("The server sends bytes in the obsolete escape format.");
  // A plain array of its own, not a view of a shared buffer.
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}
