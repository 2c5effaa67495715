import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { systemRandom } from "../kernel/random.ts";

/** How an upgrade is asked for. */
export interface UpgradeOptions {
  /** Default `/connection/websocket`. */
  readonly path?: string;
  /** Besides, or instead of, those of a good request; `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Header lines as they are sent, after the others. */
  readonly lines?: readonly string[];
  /** Sent right behind the request. */
  readonly tail?: string | Buffer;
  readonly method?: string;
}

/** What came back. */
export interface UpgradeAnswer extends AsyncDisposable {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly socket: Socket;
  /** Everything that has come behind the head of the answer. */
  received(): Buffer;
}

/** Sends an upgrade request as it is written, and reads the answer. */
export async function upgrade(port: number, options: UpgradeOptions = {}): Promise<UpgradeAnswer> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const received = gather(socket);
  socket.write(requestText(port, options));
  if (options.tail !== undefined) socket.write(options.tail);
  const head = await until(received, (bytes) => bytes.includes("\r\n\r\n"), socket);
  const end = head.indexOf("\r\n\r\n");
  const [first = "", ...lines] = head.subarray(0, end).toString().split("\r\n");
  const headers = new Map(
    lines.map((line) => [line.split(":")[0]?.toLowerCase() ?? "", line.replace(/^[^:]*: ?/, "")]),
  );
  const length = Number(headers.get("content-length") ?? 0);
  const all = await until(received, (bytes) => bytes.length >= end + 4 + length, socket);
  return {
    status: Number(first.split(" ")[1]),
    headers,
    body: all.subarray(end + 4, end + 4 + length).toString(),
    socket,
    received: () => received().subarray(end + 4),
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

function requestText(
  port: number,
  { path = "/connection/websocket", headers = {}, lines = [], method }: UpgradeOptions,
) {
  const all: Record<string, string | undefined> = {
    host: `127.0.0.1:${port}`,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": Buffer.from(systemRandom.bytes(16)).toString("base64"),
    ...headers,
  };
  const fields = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `${[`${method ?? "GET"} ${path} HTTP/1.1`, ...fields, ...lines].join("\r\n")}\r\n\r\n`;
}

function gather(socket: Socket): () => Buffer {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

/** Waits for what comes on a socket, for as long as it is open. */
async function until(received: () => Buffer, done: (bytes: Buffer) => boolean, socket: Socket): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const look = (): void => {
    const bytes = received();
    if (done(bytes)) resolve(bytes);
    else if (socket.destroyed || socket.readableEnded) {
      reject(new Error(`The answer did not come: ${JSON.stringify(bytes.toString())}`));
    }
  };
  socket.on("data", look).on("end", look).on("close", look);
  look();
  return promise;
}

/** How a frame is made. */
export interface FrameOptions {
  /** Default 1, text. */
  readonly opcode?: number;
  /** Whether it ends its message. Default true. */
  readonly fin?: boolean;
  /** Whether it says that its payload is compressed. Default false. */
  readonly compressed?: boolean;
  /** The length that it claims, where that is another. */
  readonly claims?: number;
}

/** A masked frame (RFC 6455 section 5.2). */
export function frame(payload: Buffer | string, options: FrameOptions = {}): Buffer {
  const { opcode = 1, fin = true, compressed = false } = options;
  const bytes = Buffer.from(payload);
  const length = options.claims ?? bytes.length;
  const head = [(fin ? 0x80 : 0) | (compressed ? 0x40 : 0) | opcode];
  if (length < 126) head.push(0x80 | length);
  else if (length < 65_536) head.push(0x80 | 126, length >> 8, length & 0xff);
  else
    head.push(
      0x80 | 127,
      0,
      0,
      0,
      0,
      (length >>> 24) & 0xff,
      (length >> 16) & 0xff,
      (length >> 8) & 0xff,
      length & 0xff,
    );
  // A mask of zeroes leaves the payload as it is.
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes]);
}

/** The code of the first close frame among frames of a server. */
export function closeCode(bytes: Buffer): number | undefined {
  for (let at = 0; at + 2 <= bytes.length;) {
    const opcode = (bytes[at] ?? 0) & 0x0f;
    const short = bytes[at + 1] ?? 0;
    const size =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    const start = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
    if (opcode === 8) return bytes.readUInt16BE(start);
    at = start + size;
  }
  return undefined;
}

/** Waits until something is so; throws after ten seconds. */
export async function eventually(condition: () => boolean, what = "the condition"): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (condition()) return;
    await delay(10);
  }
  throw new Error(`It did not become so: ${what}.`);
}
