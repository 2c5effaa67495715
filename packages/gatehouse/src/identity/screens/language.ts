import { createLanguages, type Languages } from "../../http/language.ts";

/** A language pages are written in (BCP 47). */
export type Language = "en" | "de";

/** The languages pages are written in. */
export const languages: Languages<Language> = createLanguages(["en", "de"]);
