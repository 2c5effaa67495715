const UNRESERVED = /^[A-Za-z0-9._~-]$/;

/**
 * An address in the form in which those of proofs and requests are compared (RFC 9449 section 4.3): without query and
 * fragment, normalised by syntax and scheme (RFC 3986 sections 6.2.2 and 6.2.3). `undefined` where it is none.
 */
export function comparableAddress(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  const path = url.pathname.replaceAll(/%[0-9A-Fa-f]{2}/g, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return UNRESERVED.test(character) ? character : triplet.toUpperCase();
  });
  return `${url.origin}${path}`;
}
