import type { Dice } from "../drill.ts";
import { oddBody } from "./bodies.ts";

/** What is written to a socket, and how the sender leaves it. */
export interface RawRequest {
  readonly pieces: readonly Buffer[];
  /** `wait`: for an answer. `leave`: hangs up in the middle. */
  readonly ending: "wait" | "leave";
}

const PATHS = [
  "/",
  "/events/anna-and-ben",
  "/api/livecomponents/action",
  "/api/livecomponents/action",
  "/api/csrf/refresh",
  "/csp/report",
  "/console",
  "/console/events?from=x&until=%00&before=__proto__",
  "/console/enter/token",
  "/console/leave",
  "/join/token",
  "/gallery/assets/gallery.css",
  "/console/assets/../../../../etc/passwd",
  "/gallery/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "/events/%2f..%2f",
  "/events/%00",
  "/events/%ff%fe",
  "/events/%E0%A4%A",
  "//evil.example/",
  "/\\evil.example/",
  "/.%2e/.%2e/",
  "/healthz/",
  "*",
  "http://evil.example/",
  "evil.example:443",
  "?",
  "#",
];
const METHODS = [
  "GET",
  "POST",
  "POST",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "HEAD",
  "TRACE",
  "CONNECT",
  "PROPFIND",
  "get",
  "P\tOST",
  "",
  "🦊",
];
const VERSIONS = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/2.0",
  "HTTP/9.9",
  "HTTP/1.1 ",
  "http/1.1",
  "",
  "ICY",
];
const TYPES = [
  "application/json",
  "application/json",
  "application/json; charset=utf-16",
  "application/json;",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "multipart/form-data",
  "multipart/form-data; boundary=" + "x".repeat(300),
  "application/csp-report",
  "application/reports+json",
  "text/plain",
  "text/html",
  "/",
  "application/",
  ";;;",
  'a/b; a="\\',
  "application/json, text/plain",
];
const COOKIES = [
  "__Host-gatehouse=x",
  "__Host-gatehouse=" + "A".repeat(3000),
  "__Host-gatehouse=a; __Host-gatehouse=b",
  "gatehouse=; =; ;;; =x",
  "__proto__=1; constructor=2",
  Array.from({ length: 150 }, (_, index) => `c${index}=1`).join("; "),
  "\u0001\u0002",
];

/** A request that no browser would send, or that only looks like one. */
export function oddRequest(dice: Dice, port: number): RawRequest {
  if (dice.chance(0.04)) return { pieces: [noise(dice)], ending: "wait" };
  const body = dice.chance(0.75) ? oddBody(dice) : Buffer.alloc(0);
  const head = Buffer.from(`${startLine(dice)}\r\n${fields(dice, { body, port }).join("\r\n")}\r\n\r\n`, "latin1");
  const whole = Buffer.concat([head, body]);
  if (dice.chance(0.08)) return { pieces: [whole.subarray(0, dice.integer(1, whole.length))], ending: "leave" };
  if (dice.chance(0.05)) return { pieces: [whole, whole], ending: "wait" };
  if (dice.chance(0.1)) {
    const cut = dice.integer(0, whole.length);
    return { pieces: [whole.subarray(0, cut), whole.subarray(cut)], ending: "wait" };
  }
  return { pieces: [whole], ending: "wait" };
}

function startLine(dice: Dice): string {
  const method = dice.chance(0.7) ? dice.pick(["GET", "POST"]) : dice.pick(METHODS);
  const path = dice.chance(0.95) ? dice.pick(PATHS) : `/${"a/".repeat(dice.integer(10, 9000))}`;
  const version = dice.chance(0.9) ? "HTTP/1.1" : dice.pick(VERSIONS);
  return `${method} ${path} ${version}`;
}

function fields(dice: Dice, { body, port }: { readonly body: Buffer; readonly port: number }): string[] {
  const list = dice.chance(0.95)
    ? [`Host: localhost:${port}`]
    : dice.pick([[], ["Host: evil.example"], ["Host: "], ["Host: a", "Host: b"]]);
  list.push(...length(dice, body));
  if (dice.chance(0.8)) list.push(`Content-Type: ${dice.pick(TYPES)}`);
  if (dice.chance(0.4)) list.push(`Cookie: ${dice.pick(COOKIES)}`);
  if (dice.chance(0.3))
    list.push(`Origin: ${dice.pick([`http://localhost:${port}`, "null", "https://evil.example", "http://", "x, y"])}`);
  if (dice.chance(0.3))
    list.push(`Sec-Fetch-Site: ${dice.pick(["same-origin", "cross-site", "none", "same-site", "?", ""])}`);
  if (dice.chance(0.2)) list.push(`X-CSRF-Token: ${"t".repeat(dice.integer(0, 400))}`);
  if (dice.chance(0.2))
    list.push(`Idempotency-Key: ${dice.pick(["", '"', '"a', "a b", "k".repeat(500), "é", '"ok"'])}`);
  if (dice.chance(0.1))
    list.push(
      `Authorization: ${dice.pick(["Bearer", "Bearer a b", "Basic !!!", "Basic Og==", "Digest x", "Bearer " + "x".repeat(5000)])}`,
    );
  if (dice.chance(0.1)) list.push(`Content-Encoding: ${dice.pick(["gzip", "br", "identity", "x"])}`);
  if (dice.chance(0.1)) list.push(`Accept: ${dice.pick(["*/*;q=2", "text/html;q=x", ",,,", "text/html".repeat(300)])}`);
  if (dice.chance(0.1)) list.push(`X-Forwarded-For: ${"1.2.3.4, ".repeat(dice.integer(1, 300))}`);
  if (dice.chance(0.05))
    list.push("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13");
  if (dice.chance(0.05)) list.push("Expect: 100-continue");
  if (dice.chance(0.05))
    list.push(
      dice.pick(["X: a\u0000b", "X : y", " folded: x", "NoColon", "X: a\nY: b", ": empty", `B: ${"x".repeat(20_000)}`]),
    );
  if (dice.chance(0.03)) list.push(...Array.from({ length: 200 }, (_, index) => `H${index}: 1`));
  return list;
}

function length(dice: Dice, body: Buffer): string[] {
  if (dice.chance(0.8)) return body.length === 0 && dice.chance(0.5) ? [] : [`Content-Length: ${body.length}`];
  return dice.pick([
    ["Content-Length: -1"],
    ["Content-Length: 99999999999999999999"],
    ["Content-Length: 0x10"],
    [`Content-Length: ${body.length + 50}`],
    [`Content-Length: ${Math.max(0, body.length - 5)}`],
    ["Content-Length: 5", "Content-Length: 6"],
    ["Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: 4"],
    ["Transfer-Encoding: gzip, chunked"],
    ["Transfer-Encoding: identity"],
    ["Transfer-Encoding: xchunked"],
  ]);
}

function noise(dice: Dice): Buffer {
  return dice.pick([
    Buffer.from(Array.from({ length: dice.integer(1, 400) }, () => dice.integer(0, 255))),
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    Buffer.from("\r\n\r\n\r\n\r\n"),
    Buffer.from("GET /\r\n\r\n"),
  ]);
}
