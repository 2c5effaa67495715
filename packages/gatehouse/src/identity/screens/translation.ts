import type { Language } from "./language.ts";

/** Texts by name; a function makes one from values. */
export type TextTable = Readonly<Record<string, string | ((...values: never[]) => string)>>;

/** The same texts in some language: none is missing, and each is made from the same values. */
export type Words<Table extends TextTable> = {
  readonly [Name in keyof Table]: Table[Name] extends string ? string : Table[Name];
};

/** Texts in all languages. */
export type Texts<Table extends TextTable> = Readonly<Record<Language, Words<Table>>>;

/** Puts texts together. A text that is missing in one language does not compile. */
export function defineTexts<const Table extends TextTable>(texts: {
  readonly en: Table;
  readonly de: Words<Table>;
}): Texts<Table> {
  // Every table is a translation of itself, which the compiler does not see of one it has yet to know.
  return texts as Texts<Table>;
}
