const PLACEHOLDER = "https://this.invalid";
/** What browsers read as a slash, or leave out, could make another host of the first segment. */
const PLAIN = /^\/(?![/\\])[^\\\x00-\x1f\x7f]*$/;

/**
 * The path, query and fragment of a text that every browser takes for a place on this origin, written as header
 * fields may carry it; `undefined` for every other text.
 */
export function ownPath(text: string): string | undefined {
  if (!PLAIN.test(text)) return undefined;
  const url = URL.parse(text, PLACEHOLDER);
  if (url?.origin !== PLACEHOLDER || url.pathname.startsWith("//")) return undefined;
  return url.pathname + url.search + url.hash;
}
