/** Headers in which proxies tell whom they speak for: the customary one, or that of RFC 7239. */
export type ForwardedHeader = "x-forwarded-for" | "forwarded";

/** What is left to read of the headers, from the right. */
export interface ForwardedHops {
  readonly rest: string;
  /** The list of `X-Forwarded-Proto`, which runs beside `X-Forwarded-For`. */
  readonly schemes: string;
}

/** The rightmost hop of a header. */
export interface ForwardedHop extends ForwardedHops {
  /** Address without port or brackets, not checked; `undefined` when the element names none. */
  readonly node: string | undefined;
  /** `http` or `https` where the hop says so. */
  readonly scheme: string | undefined;
}

/**
 * Takes the rightmost hop off the headers. Work is proportional to that hop alone, however long the list in front of
 * it is; and because quotes are matched from the right, an opening quote a client has sent cannot swallow what the
 * proxies appended after it.
 */
export function forwardedHop(header: ForwardedHeader, hops: ForwardedHops): ForwardedHop {
  if (header === "forwarded") {
    const [rest, element] = splitLast(hops.rest, ",");
    return { rest, schemes: "", node: stripPort(parameter(element, "for")), scheme: parameter(element, "proto") };
  }
  const comma = hops.rest.lastIndexOf(",");
  const schemeComma = hops.schemes.lastIndexOf(",");
  const scheme = hops.schemes
    .slice(schemeComma + 1)
    .trim()
    .toLowerCase();
  return {
    rest: hops.rest.slice(0, Math.max(comma, 0)),
    // A list with one scheme speaks for the whole chain, one with several runs along it.
    schemes: schemeComma === -1 ? "" : hops.schemes.slice(0, schemeComma),
    node: stripPort(hops.rest.slice(comma + 1).trim()),
    scheme: scheme === "" ? undefined : scheme,
  };
}

/** The text before and after the last separator that is not inside a quoted string. */
function splitLast(text: string, separator: string): [before: string, after: string] {
  let quoted = false;
  for (let index = text.length - 1; index >= 0; index -= 1) {
    const character = text[index];
    if (character === '"' && !isEscaped(text, index)) quoted = !quoted;
    else if (character === separator && !quoted) return [text.slice(0, index), text.slice(index + 1)];
  }
  return ["", text];
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text[index - backslashes - 1] === "\\") backslashes += 1;
  return backslashes % 2 === 1;
}

function parameter(element: string, name: string): string | undefined {
  let rest = element;
  while (rest !== "") {
    const [before, pair] = splitLast(rest, ";");
    rest = before;
    const equals = pair.indexOf("=");
    if (equals !== -1 && pair.slice(0, equals).trim().toLowerCase() === name) {
      return unquote(pair.slice(equals + 1).trim());
    }
  }
  return undefined;
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  return value.slice(1, value.endsWith('"') ? -1 : undefined).replace(/\\(.)/gs, "$1");
}

/** `192.0.2.1:443`, `[2001:db8::1]:443` and `[2001:db8::1]` to the address in them. */
function stripPort(node: string | undefined): string | undefined {
  if (node === undefined) return undefined;
  const bracketed = /^\[([^\]]*)\](?::[\w.-]{1,32})?$/.exec(node);
  if (bracketed !== null) return bracketed[1];
  return /^([\d.]+):\d{1,5}$/.exec(node)?.[1] ?? node;
}
