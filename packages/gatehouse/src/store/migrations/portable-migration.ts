import type { Migration } from "../../kernel/ports/store.ts";

/**
 * A migration written once for both engines in their common subset. Placeholders stand for what differs:
 * `{integer}` (64 bits), `{bytes}`, `{id}` (text compared byte by byte) and `{strict}` at a table's end.
 */
export function portableMigration(name: string, text: string): Migration {
  return Object.freeze({ name, sqlite: fill(text, SQLITE), postgres: fill(text, POSTGRES) });
}

const SQLITE: Readonly<Record<string, string>> = { integer: "INTEGER", bytes: "BLOB", id: "TEXT", strict: "STRICT" };
const POSTGRES: Readonly<Record<string, string>> = {
  integer: "BIGINT",
  bytes: "BYTEA",
  id: 'TEXT COLLATE "C"',
  strict: "",
};

function fill(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{([a-z]+)\}/g, (_, word: string) => {
    const replacement = words[word];
    if (replacement === undefined) throw new TypeError(`A migration uses the unknown placeholder {${word}}.`);
    return replacement;
  });
}
