import { text } from "node:stream/consumers";
import { listen } from "gatehouse/http";
import type { Entrance, SecurityEvent } from "gatehouse/kernel";
import type { EntranceHarness, SuiteAnswer, SuiteRequest } from "gatehouse/testing";
import { WebSocket } from "ws";
import { z } from "zod";
import type { GuardedServer } from "./guarded-server.ts";
import { SuiteVisitors } from "./suite-visitors.ts";
import { socketWire, type Wire } from "./wire.ts";

const HOUR = 3_600_000;
/** Milliseconds after which a node that was not heard of is taken for dead, as happens where the clock is moved. */
const LEASE = 15_000;
const KEY = ["table"];
const ABSENT = ["nobody"];

const Reply = z.object({
  id: z.number(),
  rpc: z.object({ data: z.unknown() }).optional(),
  error: z.object({ message: z.string(), retry_after: z.number().optional() }).optional(),
});
type Reply = z.infer<typeof Reply>;

/** A connection of a visitor, over which one command at a time is sent. */
class VisitorConnection {
  readonly #socket: WebSocket;
  readonly #replies = new Map<number, (reply: Reply | number) => void>();
  #count = 0;
  #closed: number | undefined;
  isBusy = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#hear(data.toString()));
    socket.on("error", () => {});
    socket.once("close", (code) => {
      this.#closed = code;
      for (const settle of this.#replies.values()) settle(code);
    });
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /** The reply, or the number with which the connection was closed instead. */
  ask(command: object): Promise<Reply | number> {
    if (this.#closed !== undefined) return Promise.resolve(this.#closed);
    const { promise, resolve } = Promise.withResolvers<Reply | number>();
    this.#count += 1;
    this.#replies.set(this.#count, resolve);
    this.#socket.send(JSON.stringify({ id: this.#count, ...command }));
    return promise;
  }

  close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.isOpen) return Promise.resolve();
    this.#socket.once("close", () => resolve());
    this.#socket.close();
    return promise;
  }

  #hear(message: string): void {
    for (const line of message.split("\n")) {
      if (line === "{}") {
        this.#socket.send("{}");
        continue;
      }
      const reply = Reply.parse(JSON.parse(line));
      this.#replies.get(reply.id)?.(reply);
      this.#replies.delete(reply.id);
    }
  }
}

/** A server under test that listens, with whoever has come to it. */
class OpenSite implements AsyncDisposable {
  readonly server: GuardedServer;
  readonly visitors: SuiteVisitors;
  readonly #wire: Wire;
  readonly #connections = new Map<string, VisitorConnection[]>();

  private constructor(server: GuardedServer, wire: Wire, secrets: string[]) {
    this.server = server;
    this.#wire = wire;
    this.visitors = new SuiteVisitors(wire, secrets);
  }

  static async open(server: GuardedServer, secrets: string[]): Promise<OpenSite> {
    const { gatehouse } = server;
    const listening = await listen({ handler: gatehouse.handler, port: 0 });
    gatehouse.realtime?.attach(listening.server);
    return new OpenSite(
      server,
      socketWire(listening.port, () => listening.close({ grace: 100 })),
      secrets,
    );
  }

  /** A connection that nobody uses just now, or a new one; a refusal where none is opened. */
  async connection({ as, ip, page, tenant }: SuiteRequest): Promise<VisitorConnection | SuiteAnswer> {
    const name = JSON.stringify([as, ip, page, tenant]);
    const known = (this.#connections.get(name) ?? []).filter(({ isOpen }) => isOpen);
    const free = known.find(({ isBusy }) => !isBusy);
    if (free !== undefined) {
      free.isBusy = true;
      return free;
    }
    const { headers } = await this.visitors.evidence(as, page, tenant);
    const opened = await openSocket(this.#wire.port, { ...headers, "x-forwarded-for": ip });
    if (!(opened instanceof WebSocket)) return opened;
    const connection = new VisitorConnection(opened);
    connection.isBusy = true;
    const reply = await connection.ask({ connect: {} });
    const refusal = refusalOf(reply);
    if (refusal !== undefined) return refusal;
    this.#connections.set(name, [...(this.#connections.get(name) ?? []), connection]);
    return connection;
  }

  /** Closes what is open; the next attempt of everybody opens a connection. */
  async closeConnections(): Promise<void> {
    const open = [...this.#connections.values()].flat();
    this.#connections.clear();
    await Promise.all(open.map((connection) => connection.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeConnections();
    await this.#wire[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** A harness of the guard suite over WebSockets, on a server that is opened anew for each test. */
export class ConnectionHarness implements EntranceHarness {
  readonly secrets: string[] = [];
  readonly #open: () => Promise<GuardedServer>;
  #site: OpenSite;

  private constructor(open: () => Promise<GuardedServer>, site: OpenSite, secrets: string[]) {
    this.#open = open;
    this.#site = site;
    this.secrets = secrets;
  }

  static async open(open: () => Promise<GuardedServer>): Promise<ConnectionHarness> {
    const secrets: string[] = [];
    return new ConnectionHarness(open, await OpenSite.open(await open(), secrets), secrets);
  }

  get events(): SecurityEvent[] {
    return this.#site.server.events;
  }

  get log(): readonly string[] {
    return this.#site.server.log;
  }

  auditRows(): Promise<readonly SecurityEvent[]> {
    const { store, trail } = this.#site.server.gatehouse.services;
    return store.read((transaction) => trail.find(transaction, { limit: 1000 }));
  }

  async ban(ip: string, entrance?: Entrance): Promise<void> {
    const { bans } = this.#site.server.gatehouse.services;
    const ban = { subject: { kind: "ip", value: ip }, reason: "suite", violations: 0 } as const;
    await bans.add({ ...ban, duration: HOUR, ...(entrance === undefined ? {} : { entrance }) });
  }

  async reset(): Promise<void> {
    await this.#site[Symbol.asyncDispose]();
    this.#site = await OpenSite.open(await this.#open(), this.secrets);
  }

  /** Whoever is away for so long that their session has ended signs in once more. */
  async advance(milliseconds: number): Promise<void> {
    const { clock } = this.#site.server;
    await clock.advance(milliseconds);
    if (milliseconds >= LEASE) await this.#untilItWorks();
    if (milliseconds < HOUR) return;
    await this.#site.closeConnections();
    this.#site.visitors.forget();
  }

  async endSessions(): Promise<void> {
    await this.#site.closeConnections();
    await this.#site.server.clock.advance(HOUR + 1000);
  }

  async send(request: SuiteRequest): Promise<SuiteAnswer> {
    const { action, input, key } = request;
    if (key !== undefined) this.secrets.push(key);
    const connection = await this.#site.connection(request);
    if (!(connection instanceof VisitorConnection)) return connection;
    const data = { key: KEY, input, ...(key === undefined ? {} : { id: key }) };
    const reply = await connection.ask({ rpc: { method: action, data } });
    connection.isBusy = false;
    const value = typeof reply === "number" ? undefined : reply.rpc?.data;
    return refusalOf(reply) ?? { code: undefined, value, text: JSON.stringify(reply) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site[Symbol.asyncDispose]();
  }

  /** A server that was away for so long performs nothing before it has said that it lives. */
  async #untilItWorks(): Promise<void> {
    const { gatehouse, events } = this.#site.server;
    const told = events.length;
    const address = { tenant: "default", type: "suite", key: ABSENT };
    await gatehouse.realtime?.perform(address, { command: "close" });
    events.length = told;
  }
}

async function openSocket(port: number, headers: Readonly<Record<string, string>>): Promise<WebSocket | SuiteAnswer> {
  const socket = new WebSocket(`ws://localhost:${port}/connection/websocket`, "centrifuge-json", { headers });
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket | SuiteAnswer>();
  socket.once("open", () => resolve(socket));
  socket.once("error", reject);
  socket.once("unexpected-response", (_, answer) => {
    void text(answer).then((body) => {
      const document: unknown = JSON.parse(body);
      const { code } = z.object({ code: z.string() }).parse(document);
      const { "retry-after": retryAfter, "x-request-id": requestId } = answer.headers;
      resolve({
        ...{ code, text: body, requestId: String(requestId) },
        retryAfter: retryAfter === undefined ? undefined : Number(retryAfter),
      });
    }, reject);
  });
  return promise;
}

/** What was refused, in the suite's words; `undefined` for what was not. */
function refusalOf(reply: Reply | number): SuiteAnswer | undefined {
  if (typeof reply === "number") return { code: String(reply), text: "" };
  const { error } = reply;
  if (error === undefined) return undefined;
  const [, code = "", requestId] = /^([A-Z_]+): .*\(request ([^,)]+)/.exec(error.message) ?? [];
  return { code, requestId, retryAfter: error.retry_after, text: JSON.stringify(reply) };
}
