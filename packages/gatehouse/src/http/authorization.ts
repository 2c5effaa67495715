import type { Credential, PresentedProof } from "../kernel/attempt.ts";
import { fromBase64, fromUtf8 } from "../kernel/codec.ts";
import type { Denial } from "../kernel/outcome.ts";
import { malformed } from "./refusal.ts";

const LONGEST = 8_192;
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const DPOP = /^DPoP +([A-Za-z0-9._~+/-]+=*)$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+=*)$/i;

/**
 * The credential of an `Authorization` header: a bearer token (RFC 6750 section 2.1), one that is bound to a key with
 * what came in the DPoP header to prove it (RFC 9449 section 7.1), or a client's identifier and secret (RFC 6749
 * section 2.3.1, form-encoded inside Basic). Other schemes, repeated and malformed headers are refused rather than
 * ignored: the caller meant to prove something.
 */
export function parseAuthorization(header: string, proof: PresentedProof): Credential | Denial {
  if (header.length > LONGEST || proof.text.length > LONGEST) {
    return malformed("The Authorization or DPoP header is too long.");
  }
  const token = BEARER.exec(header)?.[1];
  if (token !== undefined) return { kind: "bearer", token };
  const bound = DPOP.exec(header)?.[1];
  if (bound !== undefined) return { kind: "bearer", token: bound, proof };
  const encoded = BASIC.exec(header)?.[1];
  const client = encoded === undefined ? undefined : decodeClient(encoded);
  return client ?? malformed("The Authorization header is not a Bearer or DPoP token or a Basic client credential.");
}

function decodeClient(encoded: string): Credential | undefined {
  const bytes = fromBase64(encoded.padEnd(Math.ceil(encoded.length / 4) * 4, "="));
  if (bytes === undefined) return undefined;
  try {
    const text = fromUtf8(bytes);
    const separator = text.indexOf(":");
    if (separator < 1) return undefined;
    return {
      kind: "client",
      id: decodeURIComponent(text.slice(0, separator).replaceAll("+", " ")),
      secret: decodeURIComponent(text.slice(separator + 1).replaceAll("+", " ")),
    };
  } catch {
    return undefined;
  }
}
