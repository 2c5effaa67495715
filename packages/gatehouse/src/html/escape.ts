const SPECIAL = /[&<>"'\0\r]/;

/**
 * Makes a text safe in element content and in quoted attribute values alike. A carriage return is kept
 * by reference, because parsers turn a literal one into a line feed; NUL, which HTML cannot carry,
 * becomes U+FFFD.
 */
export function escapeHtml(text: string): string {
  const first = text.search(SPECIAL);
  if (first === -1) return text;
  let escaped = text.slice(0, first);
  let from = first;
  for (let index = first; index < text.length; index += 1) {
    const replacement = replacementFor(text.charCodeAt(index));
    if (replacement === undefined) continue;
    escaped += text.slice(from, index) + replacement;
    from = index + 1;
  }
  return escaped + text.slice(from);
}

function replacementFor(code: number): string | undefined {
  switch (code) {
    case 0x26:
      return "&amp;";
    case 0x3c:
      return "&lt;";
    case 0x3e:
      return "&gt;";
    case 0x22:
      return "&#34;";
    case 0x27:
      return "&#39;";
    case 0x0d:
      return "&#13;";
    case 0x00:
      return "\uFFFD";
    default:
      return undefined;
  }
}

const JSON_SPECIAL = /[<>&\u2028\u2029]/g;

/** JSON text that cannot end a script element, open a comment in one, or break a line of script. */
export function escapeJson(json: string): string {
  return json.replace(JSON_SPECIAL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
