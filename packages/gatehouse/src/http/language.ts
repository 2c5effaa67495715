import { stringifySetCookie } from "cookie";
import type { Inbound } from "./inbound.ts";

/** What tells which language somebody reads, what counts most first. */
export interface LanguageWishes {
  /** Chosen on this very page. */
  readonly chosen: string | null | undefined;
  /** What an application asks for: tags with spaces between them, the best first (`ui_locales`). */
  readonly asked: string | undefined;
  /** What the person chose here before. */
  readonly remembered: string | undefined;
  /** The field `Accept-Language`. */
  readonly accepted: string | null;
}

/** Languages that pages are written in, by their primary tags (BCP 47). */
export interface Languages<Language extends string> {
  readonly tags: readonly Language[];
  /** The language that a tag names; a region, such as that of `de-AT`, does not matter. */
  named(tag: string): Language | undefined;
  /** The language for somebody; the first of all where nothing that is wished for is there. */
  choose(wishes: LanguageWishes): Language;
  /** The language of the answer to a request: chosen on the page, asked for, chosen before, accepted by the browser. */
  of(inbound: Inbound, asked?: string): Language;
  /** The language that somebody has just chosen with the parameter of the page's address. */
  chosenOn(inbound: Inbound): Language | undefined;
  /** The `Set-Cookie` field that remembers a choice for a year, on all pages of the host. */
  remember(inbound: Inbound, language: Language): string;
}

/** Name of the parameter by which a page is asked for in a language. */
export const LANGUAGE_PARAMETER = "ui_locales";

const COOKIE = "gatehouse-language";
/** Seconds: a year. */
const REMEMBERED = 31_536_000;
/** Entries of a field that are looked at. */
const MOST = 20;

/** Chooses among the languages that pages are written in; the first is for whoever reads none of them. */
export function createLanguages<const Language extends string>(
  tags: readonly [Language, ...Language[]],
): Languages<Language> {
  const named = (tag: string): Language | undefined => {
    const primary = /^([a-z]{2,3})(?:-|$)/i.exec(tag.trim())?.[1]?.toLowerCase();
    return tags.find((language) => language === primary);
  };
  const choose = ({ chosen, asked, remembered, accepted }: LanguageWishes): Language => {
    const wishes = [chosen ?? "", ...(asked ?? "").split(" ", MOST), remembered ?? "", ...byWeight(accepted ?? "")];
    return wishes.map(named).find((language) => language !== undefined) ?? tags[0];
  };
  const chosenOn = ({ url }: Inbound): Language | undefined => named(url.searchParams.get(LANGUAGE_PARAMETER) ?? "");
  return {
    tags,
    named,
    choose,
    chosenOn,
    of: (inbound, asked) =>
      choose({
        chosen: chosenOn(inbound),
        asked,
        remembered: inbound.cookies.get(COOKIE),
        accepted: inbound.request.headers.get("accept-language"),
      }),
    remember: ({ peer }, language) =>
      stringifySetCookie({
        ...{ name: COOKIE, value: language, path: "/", httpOnly: true, sameSite: "lax" },
        ...{ secure: peer.tls, maxAge: REMEMBERED },
      }),
  };
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
