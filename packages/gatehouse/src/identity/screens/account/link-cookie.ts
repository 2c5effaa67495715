import { stringifySetCookie } from "cookie";
import type { Inbound } from "../../../http/inbound.ts";
import type { LinkPurpose } from "../../accounts/account-links.ts";
import { LINK_PAGES } from "./paths.ts";

const NAME = "gatehouse-link";
/** Seconds in which somebody has to go on from a page that a link has led to. */
const KEPT = 30 * 60;

/** A field that has a browser keep the token of a link, so that it leaves the address of the page. */
export function keepToken(inbound: Inbound, purpose: LinkPurpose, token: string): string {
  return tokenCookie(inbound, purpose, { value: token, maxAge: KEPT });
}

/** A field that has a browser forget the token of a link. */
export function dropToken(inbound: Inbound, purpose: LinkPurpose): string {
  return tokenCookie(inbound, purpose, { value: "", maxAge: 0 });
}

/** The token of the link that led to a page; empty where none did. */
export function keptToken({ cookies }: Inbound): string {
  return cookies.get(NAME) ?? "";
}

function tokenCookie(
  { peer }: Inbound,
  purpose: LinkPurpose,
  { value, maxAge }: { readonly value: string; readonly maxAge: number },
): string {
  const path = LINK_PAGES[purpose];
  // Lax: links are followed from pages of mail services.
  return stringifySetCookie({
    name: NAME,
    value,
    path,
    httpOnly: true,
    secure: peer.tls,
    sameSite: "lax",
    maxAge,
  });
}
