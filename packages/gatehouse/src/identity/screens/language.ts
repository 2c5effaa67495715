/** The languages pages are written in. */
export const LANGUAGES = ["en", "de"] as const;

/** A language pages are written in (BCP 47). */
export type Language = (typeof LANGUAGES)[number];

/** What tells which language somebody reads, what counts most first. */
export interface LanguageWishes {
  /** Chosen on this very page. */
  readonly chosen: string | null | undefined;
  /** What the application asks for: tags with spaces between them, the best first (`ui_locales`). */
  readonly asked: string | undefined;
  /** What the person chose here before. */
  readonly remembered: string | undefined;
  /** The field `Accept-Language`. */
  readonly accepted: string | null;
}

const DEFAULT: Language = "en";
/** Entries of a field that are looked at. */
const MOST = 20;

/** The language for somebody. */
export function chooseLanguage({ chosen, asked, remembered, accepted }: LanguageWishes): Language {
  const tags = [chosen ?? "", ...(asked ?? "").split(" ", MOST), remembered ?? "", ...byWeight(accepted ?? "")];
  return tags.map(languageOf).find((language) => language !== undefined) ?? DEFAULT;
}

/** The language of ours that a tag names; a region, such as that of `de-AT`, does not matter. */
export function languageOf(tag: string): Language | undefined {
  const primary = /^([a-z]{2})(?:-|$)/i.exec(tag.trim())?.[1]?.toLowerCase();
  return LANGUAGES.find((language) => language === primary);
}

/** The tags of an `Accept-Language` field, the best first (RFC 9110 section 12.5.4). */
function byWeight(field: string): string[] {
  return field
    .split(",", MOST)
    .map((range) => {
      const [tag = "", ...parameters] = range.split(";", 4).map((part) => part.trim());
      const weight = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2);
      return { tag, weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);
}
