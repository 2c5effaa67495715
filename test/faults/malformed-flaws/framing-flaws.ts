import { dropHeader, noise, setHeader, type Draft, type Flaw } from "./draft.ts";
import type { Dice } from "../drill.ts";

/** What would be answered with 200 if somebody took it for a request of its own. */
const SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Smuggled: 1\r\n\r\n";

const CHUNKS: readonly string[] = [
  "5\r\nhello\r\n0\r\n\r\n",
  "5\r\nhello\r\n",
  "5\r\nhel",
  "FFFFFFFFFFFFFFFFF\r\nx\r\n0\r\n\r\n",
  "-1\r\nx\r\n0\r\n\r\n",
  "0x5\r\nhello\r\n0\r\n\r\n",
  "5\nhello\n0\n\n",
  "5 \r\nhello\r\n0\r\n\r\n",
  `5;${"x".repeat(40_000)}\r\nhello\r\n0\r\n\r\n`,
  "5;a=b\r\nhello\r\n0\r\n\r\n",
  "5\r\nhello world\r\n0\r\n\r\n",
  "\r\n\r\n",
  "zz\r\n\r\n",
  "0\r\nTrailer: 1\r\nContent-Length: 5\r\nHost: evil.example\r\n\r\n",
  `0\r\n${"T: 1\r\n".repeat(2_000)}\r\n`,
  "1\r\nx\r\n".repeat(3_000) + "0\r\n\r\n",
];

const LENGTHS: readonly (readonly string[])[] = [
  ["-1"],
  ["+4"],
  ["0x4"],
  ["4.0"],
  ["4e0"],
  ["4 4"],
  ["4, 4"],
  ["4", "4"],
  ["4", "5"],
  [""],
  [" "],
  ["\0"],
  ["99999999999999999999"],
  ["9007199254740993"],
  ["18446744073709551617"],
  ["1048577"],
  ["999999999999"],
  ["0"],
  ["1"],
];

const CODINGS = [
  ...[
    "chunked",
    "chunked, chunked",
    "identity",
    "chunked, identity",
    "identity, chunked",
    "xchunked",
    " chunked",
    "chunked ",
  ],
  ...[
    "chunked\t",
    "\tchunked",
    '"chunked"',
    "CHUNKED",
    "chunked;q=1",
    "gzip, chunked",
    "gzip",
    "",
    "\0chunked",
    "chunked\0",
  ],
];

const OTHER_PROTOCOLS: readonly ((dice: Dice) => Buffer)[] = [
  () => Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  () => Buffer.from("16030100c8010000c40303", "hex"),
  () => Buffer.from("SSH-2.0-OpenSSH_9.6\r\n"),
  () => Buffer.from("EHLO localhost\r\n"),
  () => Buffer.from("GET /\r\n"),
  () => Buffer.from("\r\n\r\n\r\n"),
  () => Buffer.from("\0".repeat(100)),
  () => Buffer.alloc(100_000, "A"),
  () => Buffer.from("*1\r\n$4\r\nPING\r\n"),
  () => Buffer.from([0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
  (dice) => noise(dice, dice.integer(1, 3_000)),
];

const UPGRADES: readonly (readonly [name: string, value: string][])[] = [
  [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
    ["Sec-WebSocket-Version", "13"],
  ],
  [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Key", "x"],
    ["Sec-WebSocket-Version", "99"],
  ],
  [
    ["Upgrade", "websocket"],
    ["Connection", "keep-alive, Upgrade"],
  ],
  [
    ["Upgrade", "h2c"],
    ["Connection", "Upgrade, HTTP2-Settings"],
    ["HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"],
  ],
  [
    ["Upgrade", "TLS/1.0"],
    ["Connection", "Upgrade"],
  ],
  [
    ["Upgrade", "websocket, h2c, x".repeat(100)],
    ["Connection", "Upgrade"],
  ],
];

function spoilChunks(draft: Draft, dice: Dice): void {
  makeUnsafe(draft);
  setHeader(draft, "Transfer-Encoding", dice.pick(CODINGS));
  draft.body = Buffer.from(dice.pick(CHUNKS), "latin1");
  draft.lengths = [];
}

/** Length and coding at once, which two readers may understand differently. */
function smuggle(draft: Draft, dice: Dice): void {
  makeUnsafe(draft);
  setHeader(draft, "Transfer-Encoding", dice.pick(CODINGS));
  const hidden = `0\r\n\r\n${SMUGGLED}`;
  draft.body = Buffer.from(dice.chance(0.5) ? hidden : `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`);
  draft.lengths = dice.pick([["4"], ["5"], [String(draft.body.length)], ["0"], ["4", "5"]]);
}

function makeUnsafe(draft: Draft): void {
  if (draft.method === "GET" || draft.method === "HEAD") draft.method = "POST";
}

/** What can be wrong with where a request begins and ends, and with how it arrives. */
export const framingFlaws: readonly Flaw[] = [
  { name: "length", spoil: (draft, dice) => void (draft.lengths = [...dice.pick(LENGTHS)]) },
  {
    name: "length beyond the body",
    spoil: (draft, dice) => void (draft.lengths = [String(draft.body.length + dice.integer(1, 5_000))]),
  },
  {
    name: "length short of the body",
    spoil: (draft, dice) => void (draft.lengths = [String(Math.floor(draft.body.length * dice.fraction()))]),
  },
  { name: "chunks", spoil: spoilChunks },
  { name: "smuggling", spoil: smuggle },
  {
    name: "another protocol",
    spoil(draft, dice) {
      Object.assign(draft, { method: "", target: "", version: "", headers: [], body: Buffer.alloc(0), lineEnd: "" });
      draft.tail = dice.pick(OTHER_PROTOCOLS)(dice);
    },
  },
  {
    name: "upgrade",
    spoil(draft, dice) {
      dropHeader(draft, "Connection");
      draft.headers.push(...dice.pick(UPGRADES));
      if (dice.chance(0.5)) Object.assign(draft, { method: "GET", body: Buffer.alloc(0) });
      draft.tail = dice.chance(0.5) ? noise(dice, 50) : Buffer.alloc(0);
    },
  },
  { name: "noise behind it", spoil: (draft, dice) => void (draft.tail = noise(dice, dice.integer(1, 500))) },
  { name: "in pieces", spoil: (draft) => void (draft.sending = "pieces") },
  { name: "half", spoil: (draft) => void (draft.sending = "half") },
  { name: "stalled", spoil: (draft) => void (draft.sending = "stalled") },
  { name: "cut", spoil: (draft) => void (draft.sending = "reset") },
];
