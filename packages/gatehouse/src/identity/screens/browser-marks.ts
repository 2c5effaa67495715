import { stringifySetCookie } from "cookie";
import type { Inbound } from "../../http/inbound.ts";

/** Seconds that a browser keeps marks of known devices: as long as they are good. */
const KEPT = 180 * 24 * 3600;
/** Accounts that one browser is known for. */
const MOST = 5;
const SEPARATOR = "~";

/** The marks of known devices a browser has. */
export function marksOf(inbound: Inbound): string[] {
  const text = inbound.cookies.get(cookieName(inbound)) ?? "";
  return text === "" ? [] : text.split(SEPARATOR, MOST);
}

/** A field that has a browser keep a mark besides the others it has. */
export function keepMark(inbound: Inbound, mark: string): string {
  const value = [mark, ...marksOf(inbound)].slice(0, MOST).join(SEPARATOR);
  const { tls: secure } = inbound.peer;
  const name = cookieName(inbound);
  return stringifySetCookie({ name, value, path: "/", httpOnly: true, secure, sameSite: "lax", maxAge: KEPT });
}

/** Browsers refuse copies of it that a neighbouring site has set, where there is encryption. */
function cookieName({ peer }: Inbound): string {
  return peer.tls ? "__Host-gatehouse-devices" : "gatehouse-devices";
}
