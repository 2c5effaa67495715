/** A parsed `Content-Type`. */
export interface ContentType {
  /** `type/subtype` in lower case. */
  readonly essence: string;
  /** Parameters, names in lower case; values as sent, unquoted. */
  readonly parameters: ReadonlyMap<string, string>;
}

const LONGEST = 255;
const MOST_PARAMETERS = 8;
const ESSENCE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
const PARAMETER =
  /[ \t]*;[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"([^"\\\x00-\x1f\x7f]*)")/y;

/**
 * Parses a media type (RFC 9110 section 8.3.1), the only place in the project that does. Anything the
 * grammar does not allow, a repeated parameter and two joined header lines give `undefined`: a body whose
 * type two readers could understand differently is not read at all.
 */
export function parseContentType(text: string): ContentType | undefined {
  if (text.length > LONGEST) return undefined;
  const essence = ESSENCE.exec(text)?.[0];
  if (essence === undefined) return undefined;
  const parameters = new Map<string, string>();
  let position = essence.length;
  while (position < text.length) {
    PARAMETER.lastIndex = position;
    const match = PARAMETER.exec(text);
    const name = match?.[1]?.toLowerCase();
    if (match === null || name === undefined || parameters.has(name)) return undefined;
    parameters.set(name, match[2] ?? match[3] ?? "");
    if (parameters.size > MOST_PARAMETERS) return undefined;
    position = PARAMETER.lastIndex;
  }
  return { essence: essence.toLowerCase(), parameters };
}

/** Whether the declared character set, if any, is UTF-8. */
export function isUtf8(type: ContentType): boolean {
  const charset = type.parameters.get("charset");
  return charset === undefined || /^utf-?8$/i.test(charset);
}
