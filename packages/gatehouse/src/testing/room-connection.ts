import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { request as secureRequest } from "node:https";
import { systemRandom } from "../kernel/random.ts";
import type { Told } from "./realtime-line.ts";

/** How a connection is asked for. */
export interface RoomRequest {
  /** Pages send an origin and cookies; programs send neither. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Behind the path: `?channels=staff`. */
  readonly query?: string;
}

const WEBSOCKET = "/connection/websocket";
const PATIENCE = 10_000;

/** A WebSocket to a server, without a client that would hide anything: what is said goes out, what comes is kept. */
export class RoomConnection implements Disposable {
  /** Everything that came, in order. */
  readonly told: Told[] = [];
  /** The code with which it ended. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #waiting = new Set<() => void>();
  #code: number | undefined;
  #id = 0;

  private constructor(socket: WebSocket) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#socket = socket;
    this.closed = promise;
    socket.addEventListener("message", ({ data }) => this.#hear(String(data)));
    socket.addEventListener("close", ({ code }) => {
      this.#code = code;
      resolve(code);
      this.#look();
    });
  }

  /**
   * Opens one and says nothing.
   * @throws {Error} where it is refused
   */
  static async open(origin: string, asked: RoomRequest = {}): Promise<RoomConnection> {
    const { headers = {}, query = "" } = asked;
    const address = origin.replace(/^http/, "ws") + WEBSOCKET + query;
    const socket = new WebSocket(address, { protocols: "centrifuge-json", headers });
    const connection = new RoomConnection(socket);
    if (socket.readyState === WebSocket.CONNECTING) {
      const opened = new Promise<"opened">((resolve) => socket.addEventListener("open", () => resolve("opened")));
      if ((await Promise.race([opened, connection.closed])) !== "opened") {
        throw new Error(`The connection was refused with ${await upgradeStatus(origin, asked)}.`);
      }
    }
    return connection;
  }

  /** Opens one and connects with a token. Whatever the answer is. */
  static async connect(
    origin: string,
    token: string | undefined,
    asked: RoomRequest = {},
  ): Promise<RoomConnection & { readonly answer: Told }> {
    const connection = await RoomConnection.open(origin, asked);
    const answer = await connection.ask({ connect: token === undefined ? {} : { token } });
    return Object.assign(connection, { answer });
  }

  /** The code with which it ended; `undefined` while it is open. */
  get code(): number | undefined {
    return this.#code;
  }

  /** Sends a text as it is, or commands as lines of JSON in one frame. */
  say(...commands: (string | object)[]): void {
    this.#socket.send(commands.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n"));
  }

  /** Says a command and resolves to its reply; to an error with the code of the end where it was closed instead. */
  async ask(command: object): Promise<Told> {
    const id = this.number();
    this.say({ id, ...command });
    return this.replyTo(id);
  }

  /** The next identifier of a command. */
  number(): number {
    this.#id += 1;
    return this.#id;
  }

  /** The reply under an identifier, once it is there. */
  async replyTo(id: number): Promise<Told> {
    await this.until(() => this.told.some((told) => told.id === id) || this.#code !== undefined);
    const found = this.told.find((told) => told.id === id);
    return found ?? { id, error: { code: this.#code ?? 0, message: "The connection was closed." } };
  }

  /** Has an actor do something. */
  call(actor: { readonly type: string; readonly key: readonly string[] }, command: string, input: unknown) {
    return this.ask({ rpc: { method: `${actor.type}.${command}`, data: { key: actor.key, input } } });
  }

  /** What was published on a channel, in order. */
  published(channel: string): readonly unknown[] {
    return this.told.flatMap(({ push }) => {
      const { data } = push?.["pub"] ?? {};
      return push?.channel === channel && data !== undefined ? [data] : [];
    });
  }

  /** Waits until something has come that makes it so. */
  async until(isSo: () => boolean): Promise<void> {
    for (const end = performance.now() + PATIENCE; !isSo();) {
      if (performance.now() > end) throw new Error(`It never became so: ${JSON.stringify(this.told.slice(-5))}`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        setTimeout(resolve, 100);
      });
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #hear(message: string): void {
    // A server that speaks the protocol sends nothing else.
    const lines = message.split("\n").map((line) => JSON.parse(line) as Told);
    for (const told of lines) {
      if (Object.keys(told).length === 0) this.say("{}");
      else this.told.push(told);
    }
    this.#look();
  }

  #look(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resolve of waiting) resolve();
  }
}

/** The status that an upgrade request is answered with: 101 where a connection is opened. */
export async function upgradeStatus(origin: string, { headers = {}, query = "" }: RoomRequest = {}): Promise<number> {
  const fields = {
    ...{ connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
    "sec-websocket-key": Buffer.from(systemRandom.bytes(16)).toString("base64"),
    ...headers,
  };
  const send = origin.startsWith("https:") ? secureRequest : request;
  const sent = send(origin + WEBSOCKET + query, { headers: fields, agent: false });
  sent.end();
  const answered = Promise.race([once(sent, "response"), once(sent, "upgrade")]);
  // Either event brings the answer first.
  const [{ statusCode = 0, socket }] = (await answered) as [IncomingMessage];
  socket.destroy();
  return statusCode;
}
