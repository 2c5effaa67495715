import { brotliCompressSync, gzipSync } from "node:zlib";
import { noise, scratch, setHeader, type Draft, type Flaw } from "./draft.ts";
import type { Dice } from "../drill.ts";

type Json = Readonly<Record<string, unknown>>;

/** Values where other values are expected. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER + 1, "", " ", "\u0000", "\ud800", "\u202e", [], {}],
  ...[
    [[]],
    [null],
    { toString: 1 },
    { length: -1 },
    JSON.parse('{"then":"x"}'),
    "x".repeat(3_000),
    "x".repeat(300_000),
  ],
  ...[
    Array.from({ length: 3_000 }, () => 0),
    "guestbook:",
    ":",
    "a:b:c",
    "../..",
    "guestbook:__proto__",
    "constructor:x",
  ],
];

/** Texts that are no JSON, or not the JSON they seem to be. */
const TEXTS: readonly ((text: string, dice: Dice) => string | Buffer)[] = [
  (text, dice) => text.slice(0, dice.integer(0, text.length)),
  (text, dice) => scratch(text, dice),
  (text) => `${text}${text}`,
  (text) => `${text},`,
  (text) => text.replace(/\}$/, ",}"),
  (text) => text.replaceAll('"', "'"),
  (text) => `/* comment */${text}`,
  (text) => `\ufeff${text}`,
  (text) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]),
  (text) => Buffer.from(text, "utf16le"),
  (text) => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0x7d])]),
  (text) => text.replace("{", '{"a":"\\ud800",'),
  (text) => text.replace("{", '{"a":"\\u0000",'),
  (text) => text.replace("{", '{"action":"sign","action":"more",'),
  (text) => text.replace("{", '{"__proto__":{"admin":true},'),
  (text) => text.replace("{", '{"constructor":{"prototype":{"admin":true}},'),
  (text) => text.replace("{", '{"a":1e999,'),
  (text) => text.replace("{", `{"a":${"9".repeat(2_000)},`),
  (text) => text.replace("{", '{"a":-0,"b":0x1,'),
  (text) => text.replace("{", `{"a":${"[".repeat(100)}${"]".repeat(100)},`),
  (text) => text.replace("{", `{"a":${"[".repeat(200_000)}`),
  (text) => text.replace("{", `{"a":${'{"a":'.repeat(50_000)}`),
  (text) => text.replace("{", `{"a":[${"0,".repeat(50_000)}0],`),
  (text) => text.replace("{", `{${Array.from({ length: 8_000 }, (_, index) => `"k${index}":0,`).join("")}`),
  (text) => text.replace("{", `{"a":"${"x".repeat(1_100_000)}",`),
  (text) => text.replace("{", `{"${"k".repeat(100_000)}":1,`),
  (text) => text.replace("{", '{"a":"\\x41","b":"\\u12",'),
  () => "",
  () => " ",
  () => "null",
  () => "[]",
  () => "0",
  () => '"text"',
  () => "NaN",
  () => "undefined",
  () => "{",
  (_text, dice) => noise(dice, dice.integer(1, 2_000)),
];

const FORMS: readonly ((text: string, dice: Dice) => string | Buffer)[] = [
  () => "%",
  () => "a=%zz",
  () => "a=%c0%af",
  () => "a=%00",
  () => "=&=&==",
  () => "&".repeat(50_000),
  () => "a=1&".repeat(10_000),
  () => "a[b][c]=1&a[]=2&a.b=3",
  () => "__proto__=1&constructor=2&__proto__[x]=3",
  () => `a=${"x".repeat(1_100_000)}`,
  (text) => `${text}&_component_id=guestbook:x&_action=sign%20%7B`,
  (text) => `${text}&_action=sign %7B%22a%22:${"[".repeat(5_000)}&_seed=x&_return=//evil.example`,
  (text, dice) => scratch(text, dice),
  (_text, dice) => noise(dice, dice.integer(1, 500)),
];

const BOUNDARY = "----boundary";

function part(name: string, content: string, more = ""): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`;
}

const MULTIPARTS: readonly ((dice: Dice) => string)[] = [
  () => part("a", "1"),
  () => `${part("a", "1")}--${BOUNDARY}`,
  () => `preamble\r\n${part("a", "1")}--${BOUNDARY}--`,
  () => `${part("a", "1").repeat(1_500)}--${BOUNDARY}--\r\n`,
  () => `${part("a", "1", '; filename="../../etc/passwd"')}--${BOUNDARY}--\r\n`,
  () => `${part("a\0b", "1")}--${BOUNDARY}--\r\n`,
  () => `${part("__proto__", "1")}--${BOUNDARY}--\r\n`,
  () => `${part("a", "1").replace("name=", "nam=")}--${BOUNDARY}--\r\n`,
  () => `--${BOUNDARY}\r\nX: ${"x".repeat(50_000)}\r\n\r\n1\r\n--${BOUNDARY}--\r\n`,
  () => `--${BOUNDARY}\r\n\r\n\r\n--${BOUNDARY}--\r\n`,
  () => `--${BOUNDARY}\n\n1\n--${BOUNDARY}--\n`,
  () => `--${BOUNDARY}--`,
  (dice) => scratch(`${part("a", "1")}${part("b", "2")}--${BOUNDARY}--\r\n`, dice),
];

const TYPES = [
  ...[
    "",
    "json",
    "application/",
    "/json",
    "application/json;",
    "application/json; charset",
    "application/json; charset=utf-7",
  ],
  ...['application/json; charset="', "application/json; charset=utf-8; charset=utf-16", "application/json, text/plain"],
  ...["text/plain", "application/xml", "image/png", "multipart/form-data", "multipart/mixed; boundary=x", "*/*"],
  ...[`multipart/form-data; boundary=${"b".repeat(200)}`, "application/x-www-form-urlencoded; charset=latin1", "\0"],
  ...[`application/json; ${"a=1; ".repeat(500)}`, "application/csp-report", "application/reports+json", "a/b/c", "é/ü"],
];

const ENCODINGS: readonly (readonly [name: string, encode: (body: Buffer, dice: Dice) => Buffer])[] = [
  ["gzip", (body) => gzipSync(body)],
  ["gzip", () => gzipSync(Buffer.alloc(20_000_000))],
  ["gzip", (_body, dice) => noise(dice, 200)],
  ["br", (body) => brotliCompressSync(body)],
  ["gzip, gzip", (body) => gzipSync(gzipSync(body))],
  ["deflate", (body) => body],
  ["identity", (body) => body],
  ["x-unknown", (body) => body],
  ["", (body) => body],
];

const REPORTS: readonly unknown[] = [
  ...[{}, [], null, "x", { "csp-report": null }, { "csp-report": [] }, { "csp-report": { "document-uri": 1 } }],
  { "csp-report": { "document-uri": "javascript:x", "blocked-uri": "\u0000", "line-number": -1 } },
  { "csp-report": { "document-uri": "x".repeat(60_000), "violated-directive": "\n\n" } },
  Array.from({ length: 2_000 }, () => ({ type: "csp-violation", body: { documentURL: "http://[" } })),
  [{ type: "csp-violation", body: { documentURL: 5, sourceFile: {}, lineNumber: "x" } }],
  [{ type: {}, body: [] }, 1, null],
];

function replaceBody(draft: Draft, body: string | Buffer, type?: string): void {
  draft.body = typeof body === "string" ? Buffer.from(body) : body;
  if (draft.method === "GET") draft.method = "POST";
  if (type !== undefined) setHeader(draft, "Content-Type", type);
}

function spoilMember(draft: Draft, dice: Dice): void {
  const body = parse(draft);
  const name = dice.pick(["component_id", "action", "params", "base_version", "seed", "seq", "idempotency_key", "x"]);
  const inner = typeof body["params"] === "object" && dice.chance(0.5);
  const value = dice.pick(VALUES);
  const changed = inner
    ? { ...body, params: { ...(body["params"] as Json), [name]: value } }
    : { ...body, [name]: value };
  replaceBody(draft, JSON.stringify(changed), "application/json");
}

function spoilSeed(draft: Draft, dice: Dice): void {
  const body = parse(draft);
  const seed = typeof body["seed"] === "string" ? body["seed"] : "Avet/No8qUU";
  replaceBody(draft, JSON.stringify({ ...body, seed: scratch(seed, dice) }), "application/json");
}

function parse(draft: Draft): Json {
  try {
    const value: unknown = JSON.parse(draft.body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Json) : {};
  } catch {
    return {};
  }
}

function textOf(draft: Draft): string {
  return draft.body.length === 0 ? '{"component_id":"guestbook:x","action":"sign"}' : draft.body.toString("utf8");
}

/** What can be wrong with the body of a request, and with what is said about it. */
export const bodyFlaws: readonly Flaw[] = [
  {
    name: "JSON text",
    spoil: (draft, dice) => replaceBody(draft, dice.pick(TEXTS)(textOf(draft), dice), "application/json"),
  },
  { name: "JSON member", spoil: spoilMember },
  { name: "sealed state", spoil: spoilSeed },
  {
    name: "form",
    spoil: (draft, dice) =>
      replaceBody(
        draft,
        dice.pick(FORMS)("_component_id=like:x&_action=set", dice),
        "application/x-www-form-urlencoded",
      ),
  },
  {
    name: "multipart",
    spoil: (draft, dice) =>
      replaceBody(draft, dice.pick(MULTIPARTS)(dice), `multipart/form-data; boundary=${BOUNDARY}`),
  },
  { name: "content type", spoil: (draft, dice) => setHeader(draft, "Content-Type", dice.pick(TYPES)) },
  {
    name: "content encoding",
    spoil(draft, dice) {
      const [name, encode] = dice.pick(ENCODINGS);
      replaceBody(draft, encode(draft.body, dice));
      setHeader(draft, "Content-Encoding", name);
    },
  },
  {
    name: "violation report",
    spoil(draft, dice) {
      const type = dice.pick(["application/csp-report", "application/reports+json"]);
      replaceBody(draft, JSON.stringify(dice.pick(REPORTS)), type);
      draft.target = "/csp/report";
    },
  },
  { name: "body where none belongs", spoil: (draft) => void (draft.body = Buffer.from("unexpected")) },
];
