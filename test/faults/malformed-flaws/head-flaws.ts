import { dropHeader, NO_COLON, noise, scratch, setHeader, type Draft, type Flaw } from "./draft.ts";
import type { Dice } from "../drill.ts";

const CONTROL = ["\0", "\x01", "\x07", "\x0b", "\x1b", "\x7f", "\x85", "\xa0", "\xff"];

const METHODS = [
  ...["TRACE", "TRACK", "CONNECT", "PROPFIND", "MKCOL", "SEARCH", "PURGE", "LINK", "PRI", "QUERY", "DEBUG"],
  ...["get", "Post", "G\0ET", "GE T", "", "\x01", "GET\t", "é", "A".repeat(300), "A".repeat(20_000)],
];

const HOSTS = [
  ...["", "a b", "[::", "[::1]:99999", "evil.example", "localhost:99999", "localhost:-1", "user@localhost", "%00"],
  ...["localhost/..", "localhost?x", "127.1", "0x7f000001", "ａ.example", "x".repeat(5_000), "localhost, localhost"],
];

const TARGETS: readonly ((path: string, dice: Dice) => string)[] = [
  (path) => path.replaceAll("/", "%2f"),
  (path) => path.replaceAll("/", "%5c"),
  (path) => path.replaceAll("/", "\\"),
  (path) => path.replaceAll("/", "//"),
  (path) => `/.${path}`,
  (path) => `/..${path}`,
  (path) => `${path}/../../../../etc/passwd`,
  (path) => `/%2e%2e/%2e%2e${path}`,
  (path) => `/%252e%252e${path}`,
  (path) => `${path}%00`,
  (path) => `${path}%00.js`,
  (path) => `${path}\0`,
  (path) => `${path}%`,
  (path) => `${path}%zz`,
  (path) => `${path}%c0%af%c0%ae`,
  (path) => `${path}%ff%fe`,
  (path) => `${path};jsessionid=1`,
  (path) => `${path}#fragment`,
  (path) => `${path}?`,
  (path) => `${path}?${"a=1&".repeat(3_000)}`,
  (path) => `${path}?__proto__[x]=1&constructor.prototype.y=2`,
  (path) => `${path}?%zz=%`,
  (path) => `${path}?x=${"%41".repeat(2_000)}`,
  (path) => path.slice(1),
  (path) => `http://localhost${path}`,
  (path) => `http://evil.example${path}`,
  (path) => `http://user:password@localhost:1${path}`,
  (path) => `https://localhost${path}`,
  (path) => `file://${path}`,
  (path) => `//evil.example${path}`,
  (path) => `/\\evil.example${path}`,
  () => "*",
  () => "localhost:443",
  () => "",
  () => "/",
  (path) => path + "a".repeat(7_000),
  (path) => path + "a".repeat(20_000),
  (path) => "/a".repeat(3_000) + path,
  (path) => `${path}/ü/\xe4\xf6`,
  (path) => path.toUpperCase(),
  (path, dice) => scratch(path, dice),
  (_path, dice) =>
    `/${noise(dice, dice.integer(1, 60))
      .toString("latin1")
      .replaceAll(/[\r\n ]/g, "x")}`,
];

const VERSIONS = [
  ...[
    "HTTP/0.9",
    "HTTP/1.0",
    "HTTP/1.2",
    "HTTP/2",
    "HTTP/2.0",
    "HTTP/3.0",
    "HTTP/9.9",
    "HTTP/1",
    "HTTP/1.1.1",
    "HTTP/01.1",
  ],
  ...["http/1.1", "HTTP /1.1", "HTTP/1.1\t", "ICY/1.0", "RTSP/1.0", "", "HTTP/1.1 HTTP/1.1", "HTTP/-1.1", "\0"],
];

/** Values that headers of any name may have and should not. */
const VALUES: readonly ((value: string, dice: Dice) => string)[] = [
  () => "",
  (value) => `${value}, ${value}`,
  (value, dice) => value + dice.pick(CONTROL) + value,
  (value) => value.repeat(50),
  () => "x".repeat(9_000),
  () => "x".repeat(70_000),
  (value) => `${value}\r\n folded`,
  (value) => `${value}\n\tfolded`,
  (value) => `${value}\rX-Injected: 1`,
  (value) => `"${value}`,
  () => "\u00ff\u00fe\u00e9",
  () => "%00%0d%0a",
  () => "=?utf-8?Q?x?=",
  (value, dice) => scratch(value, dice),
  (_value, dice) =>
    noise(dice, dice.integer(1, 200))
      .toString("latin1")
      .replaceAll(/[\r\n]/g, "x"),
];

const NAMES = [
  ...["Cookie", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Referer", "X-CSRF-Token", "Idempotency-Key", "Host"],
  ...["X-Idempotency-Key", "Authorization", "Accept", "Accept-Language", "Accept-Encoding", "If-None-Match", "Range"],
  ...[
    "X-Forwarded-For",
    "Forwarded",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Request-Id",
    "X-HTTP-Method-Override",
  ],
  ...[
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Expect",
    "Connection",
    "Upgrade",
    "TE",
    "Trailer",
    "Via",
  ],
  ...["If-Modified-Since", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Prefer", "Priority"],
];

const AUTHORIZATIONS = [
  ...[
    "Bearer",
    "Bearer ",
    "Bearer a b",
    `Bearer ${"a".repeat(9_000)}`,
    "Bearer \0",
    "Basic",
    "Basic !!!!",
    "Basic Og==",
  ],
  ...["Basic 4oKs", "Digest a=1", "Negotiate", "bearer x, Basic y", "Bearer eyJhbGciOiJub25lIn0.e30."],
];

const EXPECTATIONS = ["100-continue", "200-ok", "100-continue, 100-continue", "", "x".repeat(500)];
const CONNECTIONS = ["close, keep-alive", "host", "cookie, content-length", "upgrade", "x".repeat(300), "TE, close"];

const SOME_HEADER: readonly (readonly [name: string, value: string])[] = [["X-Some", "value"]];

function spoilHeader(draft: Draft, dice: Dice): void {
  const name = dice.pick(NAMES);
  const value = draft.headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1] ?? "value";
  setHeader(draft, name, dice.pick(VALUES)(value, dice));
}

function repeatHeader(draft: Draft, dice: Dice): void {
  const [name, value] = dice.pick(draft.headers.length === 0 ? SOME_HEADER : draft.headers);
  const other = dice.chance(0.5) ? value : scratch(value, dice).replaceAll(/[\r\n]/g, "x");
  draft.headers.splice(dice.integer(0, draft.headers.length), 0, [name, other]);
}

function spoilName(draft: Draft, dice: Dice): void {
  const [name, value] = dice.pick(draft.headers.length === 0 ? SOME_HEADER : draft.headers);
  const names = [
    ...[`${name} `, ` ${name}`, `${name}\t`, "", `${name}\0`, `${name}é`, `(${name})`, `${name}:`, "x".repeat(20_000)],
    ...[`${name}\r`, "__proto__", "constructor", "toString"],
  ];
  draft.headers.push([dice.pick(names), value]);
}

/** What can be wrong with the head of a request. */
export const headFlaws: readonly Flaw[] = [
  { name: "method", spoil: (draft, dice) => void (draft.method = dice.pick(METHODS)) },
  { name: "path", spoil: (draft, dice) => void (draft.target = dice.pick(TARGETS)(draft.target, dice)) },
  { name: "version", spoil: (draft, dice) => void (draft.version = dice.pick(VERSIONS)) },
  { name: "host", spoil: (draft, dice) => setHeader(draft, "Host", dice.pick(HOSTS)) },
  { name: "no host", spoil: (draft) => dropHeader(draft, "Host") },
  { name: "header value", spoil: spoilHeader },
  { name: "header repeated", spoil: repeatHeader },
  { name: "header name", spoil: spoilName },
  { name: "line without a colon", spoil: (draft) => void draft.headers.push(["nonsense", NO_COLON]) },
  {
    name: "many headers",
    spoil(draft, dice) {
      const count = dice.pick([90, 120, 500, 2_000]);
      for (let index = 0; index < count; index += 1) draft.headers.push([`X-Header-${index}`, "x"]);
    },
  },
  {
    name: "line ends",
    spoil: (draft, dice) => void (draft.lineEnd = dice.pick(["\n", "\r", "\n\r", "\r\r\n", "\0\r\n"])),
  },
  { name: "authorization", spoil: (draft, dice) => setHeader(draft, "Authorization", dice.pick(AUTHORIZATIONS)) },
  { name: "expectation", spoil: (draft, dice) => setHeader(draft, "Expect", dice.pick(EXPECTATIONS)) },
  { name: "connection", spoil: (draft, dice) => setHeader(draft, "Connection", dice.pick(CONNECTIONS)) },
];
