import { noise, scratch, setHeader, type Draft, type Flaw } from "./draft.ts";
import type { Dice } from "../drill.ts";

function cookieOf(draft: Draft): string {
  return draft.headers.find(([name]) => name === "Cookie")?.[1] ?? "gatehouse-loopback-8080=x";
}

const COOKIES: readonly ((cookie: string, dice: Dice) => string)[] = [
  (cookie) => `${cookie}; ${cookie}`,
  (cookie) => `${cookie}; ${cookie.replace("=", "=x")}`,
  (cookie) => cookie.replace("=", "=="),
  (cookie) => cookie.replace("=", ""),
  (cookie) => cookie.slice(0, -1),
  (cookie) => `${cookie}A`,
  (cookie) => cookie.replace(/=.*/, "="),
  (cookie) => `${cookie};;;;; =; =x; x`,
  (cookie) => `${cookie}; ${Array.from({ length: 300 }, (_, index) => `c${index}=1`).join("; ")}`,
  (cookie) => `${cookie}; big=${"x".repeat(9_000)}`,
  (cookie) => `${cookie}; big=${"x".repeat(70_000)}`,
  (cookie) => cookie.replace(/=(.*)/, '="$1"'),
  (cookie) => cookie.replace(/=(.*)/, "=%00$1"),
  (cookie) => cookie.replace(/=(.*)/, "=\u00e9$1"),
  (cookie) => cookie.replace("=", " = "),
  (cookie) => cookie.toUpperCase(),
  (cookie) => `$Version=1; ${cookie}; $Path=/`,
  (cookie) => `__proto__=1; constructor=2; ${cookie}`,
  (cookie) => `__Host-gatehouse=x; gatehouse-loopback-8080=y; ${cookie}`,
  (cookie, dice) => scratch(cookie, dice).replaceAll(/[\r\n]/g, "x"),
  (_cookie, dice) =>
    noise(dice, 200)
      .toString("latin1")
      .replaceAll(/[\r\n]/g, "x"),
];

/** What can be wrong with cookies. */
export const cookieFlaws: readonly Flaw[] = [
  {
    name: "cookie",
    spoil: (draft, dice) => setHeader(draft, "Cookie", dice.pick(COOKIES)(cookieOf(draft), dice)),
  },
  { name: "cookie in two lines", spoil: (draft) => void draft.headers.push(["Cookie", cookieOf(draft)]) },
];
