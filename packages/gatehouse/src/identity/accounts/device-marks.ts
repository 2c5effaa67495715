import { parseCookieHeader } from "../../http/cookies.ts";

/** The cookie that keeps the marks of known devices: over https, and over plain http to this machine. */
export const DEVICE_COOKIES = ["__Host-gatehouse-devices", "gatehouse-devices"] as const;
/** Accounts that one browser is known for. */
export const MOST_MARKS = 5;
/** Stands between two marks. */
export const MARK_SEPARATOR = "~";

/** The marks of known devices that a request carries. */
export function deviceMarksIn(headers: Headers): readonly string[] {
  const header = headers.get("cookie");
  const values = DEVICE_COOKIES.map((name) => parseCookieHeader(header, name).cookies.get(name));
  const text = values.find((value) => value !== undefined) ?? "";
  return text === "" ? [] : text.split(MARK_SEPARATOR, MOST_MARKS);
}
