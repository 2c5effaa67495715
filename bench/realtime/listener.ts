/** Clients of each of the servers, as lean as they can be: a full client would take more of the machine than the servers. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ORIGIN } from "./origin.ts";

/** The servers that are measured. */
export type Variant = "ws" | "socketio" | "gatehouse";

/** What is said to everybody. */
export interface Wave {
  readonly by: string;
  readonly x: number;
  readonly y: number;
}

/** How a server is spoken to. */
interface Dialect {
  readonly path: string;
  /** Sent once the socket is open, one after the other: each after the last one's answer. */
  readonly greetings: (name: string) => readonly string[];
  /** The answer that comes before the first greeting. */
  readonly greeted: boolean;
  /** What is answered to a sign of life; `undefined`: it is none. */
  pong(message: string): string | undefined;
  write(wave: Wave): string;
  read(message: string): unknown;
}

let commands = 1;

const DIALECTS: Readonly<Record<Variant, Dialect>> = {
  ws: {
    path: "/",
    greetings: () => [],
    greeted: false,
    pong: () => undefined,
    write: (wave) => JSON.stringify(wave),
    read: (message) => JSON.parse(message),
  },
  socketio: {
    path: "/socket.io/?EIO=4&transport=websocket",
    greetings: () => ["40"],
    greeted: true,
    pong: (message) => (message === "2" ? "3" : undefined),
    write: (wave) => `42${JSON.stringify(["wave", wave])}`,
    read: (message) => JSON.parse(message.slice(2))[1],
  },
  gatehouse: {
    path: "/connection/websocket",
    // Both at once, as the protocol's own client does.
    greetings: (name) => [`{"id":1,"connect":{"token":"user-${name}"}}\n{"id":2,"subscribe":{"channel":"room:hall"}}`],
    greeted: false,
    pong: (message) => (message === "{}" ? "{}" : undefined),
    write: (wave) => {
      commands += 1;
      return JSON.stringify({ id: commands, rpc: { method: "room.wave", data: { key: ["hall"], input: wave } } });
    },
    read: (message) => JSON.parse(message).push.pub.data.data,
  },
};

const NEWLINE = 0x0a;
const TEXT = 0x81;
const CLOSE = 0x88;
/** Read into by every socket in turn: what is in it is understood before the next one is read. */
const buffer = Buffer.allocUnsafeSlow(256 * 1024);

/** Somebody who listens. */
export class Listener {
  /** Called for each message that is told to everybody. */
  heard: () => void = () => undefined;
  /** Called when the connection has ended. */
  ended: (why: string) => void = () => undefined;
  /** Why the connection has ended while nobody asked. */
  lost: string | undefined;
  /** The first message. */
  first: string | undefined;
  readonly #dialect: Dialect;
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #answered: ((message: string) => void) | undefined;

  private constructor(dialect: Dialect, socket: Socket) {
    this.#dialect = dialect;
    this.#socket = socket;
  }

  /** Connects, and resolves once whatever is told to everybody will come. */
  static async open(variant: Variant, port: number, number: number): Promise<Listener> {
    const dialect = DIALECTS[variant];
    let take: (chunk: Buffer) => void = () => undefined;
    const onread = {
      buffer,
      callback: (length: number): boolean => {
        take(buffer.subarray(0, length));
        return true;
      },
    };
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
    const listener = new Listener(dialect, socket);
    socket.on("error", (error) => listener.ended(String(error)));
    socket.on("close", () => listener.ended("The connection was closed."));
    await once(socket, "connect");
    const upgraded = Promise.withResolvers<void>();
    let head = "";
    take = (chunk) => {
      head += chunk.latin1Slice();
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      if (!head.startsWith("HTTP/1.1 101 ")) return upgraded.reject(new Error(head));
      take = (next) => listener.#take(next);
      upgraded.resolve();
      const rest = Buffer.from(head.slice(end + 4), "latin1");
      if (rest.length > 0) listener.#take(rest);
    };
    const answer = dialect.greeted ? listener.#answer() : undefined;
    socket.write(upgradeRequest(dialect.path, number));
    await upgraded.promise;
    await answer;
    for (const greeting of dialect.greetings(`u${number}`)) {
      // Of several commands each is answered.
      const answers = listener.#answer(greeting.split("\n").length);
      listener.#send(greeting);
      await answers;
    }
    listener.ended = (why) => (listener.lost ??= why);
    return listener;
  }

  /** Tells everybody. */
  say(wave: Wave): void {
    this.#send(this.#dialect.write(wave));
  }

  /** What a message says. */
  read(message: string): unknown {
    return this.#dialect.read(message);
  }

  close(): void {
    this.ended = () => undefined;
    this.#socket.destroy();
  }

  #answer(count = 1): Promise<void> {
    let left = count;
    return new Promise((resolve, reject) => {
      this.ended = (why) => reject(new Error(why));
      this.#answered = (message) => {
        if (message.includes('"error"')) reject(new Error(message));
        left -= 1;
        if (left > 0) return;
        this.#answered = undefined;
        resolve();
      };
    });
  }

  #send(text: string): void {
    this.#socket.write(maskedFrame(text));
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 2) {
      const short = (bytes[at + 1] ?? 0) & 0x7f;
      const head = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (bytes.length - at < head) break;
      const length = short === 127 ? bytes.readUInt32BE(at + 6) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
      const end = at + head + length;
      if (bytes.length < end) break;
      this.#takeFrame(bytes[at] ?? 0, bytes.subarray(at + head, end));
      at = end;
    }
    // What is left lies in the memory of the next reading.
    this.#rest = at === bytes.length ? EMPTY : Buffer.from(bytes.subarray(at));
  }

  #takeFrame(kind: number, payload: Buffer): void {
    if (kind === CLOSE) return this.ended(`Closed with ${payload.readUInt16BE(0)} ${payload.subarray(2).toString()}.`);
    if (kind !== TEXT) return this.ended(`A frame of the kind ${kind}.`);
    for (let at = 0; at <= payload.length;) {
      const newline = payload.indexOf(NEWLINE, at);
      const end = newline === -1 ? payload.length : newline;
      this.#takeMessage(payload, at, end);
      at = end + 1;
    }
  }

  #takeMessage(payload: Buffer, start: number, end: number): void {
    // Whatever is that short is a sign of life or an answer.
    if (this.#answered !== undefined || end - start < 8) {
      const message = payload.toString("latin1", start, end);
      const pong = this.#dialect.pong(message);
      if (pong === undefined) this.#answered?.(message);
      else this.#send(pong);
      return;
    }
    this.first ??= payload.toString("latin1", start, end);
    this.heard();
  }
}

const EMPTY = Buffer.alloc(0);

function upgradeRequest(path: string, number: number): string {
  const address = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  const lines = [
    `GET ${path} HTTP/1.1`,
    `host: ${new URL(ORIGIN).host}`,
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    `sec-websocket-key: ${randomBytes(16).toString("base64")}`,
    `x-forwarded-for: ${address}`,
    "x-forwarded-proto: https",
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A text as clients have to send it; the mask may be any. */
function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const head = length < 126 ? [TEXT, 0x80 | length] : [TEXT, 0x80 | 126, length >> 8, length & 0xff];
  const mask = [0x12, 0x34, 0x56, 0x78] as const;
  for (let index = 0; index < length; index += 1) payload[index] = (payload[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return Buffer.concat([Buffer.from([...head, ...mask]), payload]);
}
