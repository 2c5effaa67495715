import type { Dice } from "../drill.ts";

const LIVE = '"component_id":"guestbook:x","action":"sign"';

/** Bodies that are broken, hostile or merely odd. */
export function oddBody(dice: Dice): Buffer {
  return dice.pick(MAKERS)(dice);
}

type Maker = (dice: Dice) => Buffer;

const text = (value: string): Buffer => Buffer.from(value, "utf8");

const MAKERS: readonly Maker[] = [
  () => text(""),
  () => text("{"),
  () => text('{"a":}'),
  () => text("null"),
  () => text("[]"),
  () => text('"text"'),
  () => text("NaN"),
  () => text("1e999999"),
  () => text('{"a":1,"a":2}'),
  () => text(`{${LIVE},"params":{"__proto__":{"admin":true}}}`),
  () => text(`{${LIVE},"params":{"constructor":{"prototype":{"x":1}}}}`),
  () => text(`{${LIVE},"unknown":1}`),
  () => text(`{${LIVE},"params":"text"}`),
  () => text(`{${LIVE},"idempotency_key":${JSON.stringify("k".repeat(300))}}`),
  () => text(`{${LIVE},"_csrf_token":${JSON.stringify("\u0000\uffff")}}`),
  () => text('{"component_id":["guestbook:x"],"action":{"toString":1}}'),
  () => text('{"component_id":"../../etc/passwd","action":"__proto__"}'),
  () => text('{"component_id":"constructor:x","action":"toString"}'),
  (dice) => text("[".repeat(dice.integer(30, 50_000))),
  (dice) => text('{"a":'.repeat(dice.integer(30, 20_000))),
  (dice) => text(`[${"0,".repeat(dice.integer(100, 60_000))}0]`),
  (dice) => text(`{${Array.from({ length: dice.integer(100, 9000) }, (_, index) => `"k${index}":1`).join(",")}}`),
  (dice) => text(`a=${"b".repeat(dice.integer(1, 5000))}&a[]=1&__proto__=x&a=%zz&%00=1`),
  (dice) => text(Array.from({ length: dice.integer(10, 3000) }, (_, index) => `f${index}=${index}`).join("&")),
  (dice) => text(`--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n${"v".repeat(dice.integer(0, 3000))}`),
  () => text('--x\r\nContent-Disposition: form-data; name="f"; filename="a.exe"\r\n\r\nMZ\r\n--x--\r\n'),
  () => text('{"csp-report":{"document-uri":"javascript:alert(1)","blocked-uri":{}}}'),
  () => Buffer.from([0xff, 0xfe, 0x00, 0x80, 0xc0, 0xaf]),
  () => Buffer.concat([text('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), text('"}')]),
  (dice) => Buffer.from(Array.from({ length: dice.integer(1, 600) }, () => dice.integer(0, 255))),
  (dice) => Buffer.alloc(dice.integer(1, 200_000), dice.integer(0, 255)),
];
