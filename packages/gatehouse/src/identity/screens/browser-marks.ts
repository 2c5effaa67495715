import { stringifySetCookie } from "cookie";
import type { Inbound } from "../../http/inbound.ts";
import { DEVICE_COOKIES, deviceMarksIn, MARK_SEPARATOR, MOST_MARKS } from "../accounts/device-marks.ts";

/** Seconds that a browser keeps marks of known devices: as long as they are good. */
const KEPT = 180 * 24 * 3600;

/** The marks of known devices a browser has. */
export function marksOf({ request }: Inbound): string[] {
  return [...deviceMarksIn(request.headers)];
}

/** A field that has a browser keep a mark besides the others it has. */
export function keepMark(inbound: Inbound, mark: string): string {
  const value = [mark, ...marksOf(inbound)].slice(0, MOST_MARKS).join(MARK_SEPARATOR);
  const { tls: secure } = inbound.peer;
  const [encrypted, plain] = DEVICE_COOKIES;
  const name = secure ? encrypted : plain;
  return stringifySetCookie({ name, value, path: "/", httpOnly: true, secure, sameSite: "lax", maxAge: KEPT });
}
