import { stringifySetCookie } from "cookie";
import { parseCookieHeader } from "../http/cookies.ts";
import type { Inbound } from "../http/inbound.ts";
import { constantTimeEqual, utf8 } from "../kernel/codec.ts";
import type { KeyRing } from "../kernel/key-ring.ts";

/** The cookie by which a guest who comes again is known: over https, and over plain http to this machine. */
const COOKIES = ["__Host-gatehouse-guest", "gatehouse-guest"] as const;
/** Seconds a browser keeps it: longer than events and their tokens last. */
const KEPT = 90 * 24 * 3600;
const PURPOSE = "guest-mark";
const FORM = /^([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{22})$/;

/**
 * Which guest a browser was when it last came in. The mark lets nobody in: it only keeps who comes again, after the
 * session has ended, from being counted as another guest.
 */
export function markedGuest(
  keyRing: KeyRing,
  { request, tenant }: Pick<Inbound, "request" | "tenant">,
): string | undefined {
  const header = request.headers.get("cookie");
  const [mark] = COOKIES.map((name) => parseCookieHeader(header, name).cookies.get(name)).filter(
    (value) => value !== undefined,
  );
  const [, guest = "", proof = ""] = FORM.exec(mark ?? "") ?? [];
  const genuine = guest !== "" && constantTimeEqual(utf8(proof), utf8(keyRing.fingerprint(PURPOSE, tenant, guest)));
  return genuine ? guest : undefined;
}

/** A field that has a browser keep the mark of a guest. */
export function markGuest(keyRing: KeyRing, { tenant, peer }: Pick<Inbound, "tenant" | "peer">, guest: string): string {
  const { tls: secure } = peer;
  const [encrypted, plain] = COOKIES;
  const name = secure ? encrypted : plain;
  const value = `${guest}.${keyRing.fingerprint(PURPOSE, tenant, guest)}`;
  return stringifySetCookie({ name, value, path: "/", httpOnly: true, secure, sameSite: "strict", maxAge: KEPT });
}
