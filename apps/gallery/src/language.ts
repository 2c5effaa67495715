import { createLanguages, type Languages } from "gatehouse/http";
import { de } from "./texts/de.ts";
import { en, type Words } from "./texts/en.ts";

/** A language the gallery is written in. */
export type Language = "en" | "de";

/** The languages the gallery is written in. */
export const languages: Languages<Language> = createLanguages(["en", "de"]);

/** What the gallery says in each language. */
export const texts: Readonly<Record<Language, Words>> = { en, de };

const DATE_LOCALES: Readonly<Record<Language, string>> = { en: "en-GB", de: "de-DE" };

/** A date, such as `2026-06-20`, as people write it. */
export function formatDate(isoDate: string, language: Language): string {
  const format = new Intl.DateTimeFormat(DATE_LOCALES[language], { dateStyle: "long", timeZone: "UTC" });
  return format.format(new Date(`${isoDate}T00:00:00Z`));
}

/** A moment in epoch milliseconds as people write it. */
export function formatTime(time: number, language: Language): string {
  const format = new Intl.DateTimeFormat(DATE_LOCALES[language], {
    ...{ dateStyle: "medium", timeStyle: "short", timeZone: "UTC" },
  });
  return `${format.format(time)} UTC`;
}
