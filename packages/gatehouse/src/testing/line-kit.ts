import { setImmediate as turn } from "node:timers/promises";
import { Hono } from "hono";
import { admitGuard } from "../guards/admit.ts";
import type { Authenticator } from "../guards/authenticate.ts";
import type { EdgeHandler } from "../http/edge.ts";
import { listen, type ListenOptions, type Listening } from "../http/server.ts";
import type { Principal } from "../kernel/attempt.ts";
import { systemClock } from "../kernel/clock.ts";
import { utf8 } from "../kernel/codec.ts";
import type { Guard } from "../kernel/guard.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { systemRandom } from "../kernel/random.ts";
import { createSealer } from "../kernel/seal.ts";
import { systemTimers } from "../kernel/timers.ts";
import { attachRealtime } from "../realtime/adapters/attach.ts";
import type { Admitted } from "../realtime/admitted.ts";
import { createLines, type Lines, type LinesParts } from "../realtime/lines/lines.ts";
import type { Transport, TransportEvents } from "../realtime/transport.ts";
import { createMemoryCounters } from "../store/memory/memory-counters.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { openEdgeSetup, type EdgeSetup, type EdgeSetupOptions } from "./edge-setup.ts";
import type { FakeClock } from "./fake-clock.ts";
import { signInAction, SIGN_IN_PATH } from "./sign-in.ts";

/** What differs from the plain kit. */
export interface LineKitOptions {
  readonly lines?: Partial<LinesParts>;
  readonly edge?: Partial<EdgeSetupOptions>;
  readonly listen?: Partial<ListenOptions>;
  /** Routes besides. */
  readonly routes?: (app: Hono) => void;
}

/** Somebody with a browser who has signed in. */
export interface SignedIn {
  /** The `Cookie` field. */
  readonly cookie: string;
  readonly csrfToken: string;
}

/** A server with lines over real sockets, whose connections answer what they hear. */
export interface LineKit extends AsyncDisposable {
  readonly setup: EdgeSetup;
  readonly lines: Lines;
  readonly listening: Listening;
  readonly url: string;
  readonly port: number;
  /** Connections in the order in which they were opened. */
  readonly connections: EchoConnection[];
  signIn(id: string): Promise<SignedIn>;
}

/** A bearer token that is good, and names the user `anna`. */
export const GOOD_TOKEN = "token-of-anna";
const PLENTY = { limit: 100_000, window: 60_000, atOnce: 100_000 };

/** Opens a kit. */
export async function openLineKit(options: LineKitOptions = {}): Promise<LineKit> {
  const connections: EchoConnection[] = [];
  const made: { lines?: Lines } = {};
  const reported: unknown[] = [];
  const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
  const setup = await openEdgeSetup({
    authenticators: { bearer },
    guards: ({ clock }) => [admission(clock, keyRing)],
    ...options.edge,
    actions: ({ edge, clock, store }) => {
      made.lines = createLines({
        ...{ edge, store, keyRing, documents: createDocuments(), random: systemRandom, timers: systemTimers },
        counters: createMemoryCounters({ clock }),
        sealer: createSealer({ keyRing, random: systemRandom, clock }),
        report: (error) => void reported.push(error),
        open: (transport, admitted) => {
          const connection = new EchoConnection(transport, admitted);
          connections.push(connection);
          return connection;
        },
        node: "node-1",
        encryption: { required: false, origins: [], trustsProxy: false },
        ...options.lines,
        options: {
          opening: PLENTY,
          openingPerUser: PLENTY,
          emulation: PLENTY,
          stopGrace: 100,
          ...options.lines?.options,
        },
      });
      return [...made.lines.actions, signInAction(edge.sessions)];
    },
  });
  const { lines } = made;
  if (lines === undefined) throw new Error("The actions were not asked for.");
  const handler = handlerOf(setup, lines, options);
  const listening = await listen({ handler, port: 0, ...options.listen });
  const attached = attachRealtime(listening.server, lines);
  return {
    ...{ setup, lines, listening, connections, url: listening.url, port: listening.port },
    signIn: (id) => signIn(listening.url, id),
    async [Symbol.asyncDispose]() {
      attached[Symbol.dispose]();
      await listening.close({ grace: 200 });
      await lines[Symbol.asyncDispose]();
      await setup[Symbol.asyncDispose]();
      if (reported.length > 0) throw new AggregateError(reported, "Something was reported.");
    },
  };
}

function handlerOf({ edge }: EdgeSetup, lines: Lines, { routes }: LineKitOptions): EdgeHandler {
  const app = new Hono();
  app.get("/testing/page", (context) => edge.json(edge.of(context), { token: edge.csrfToken(edge.of(context)) }));
  app.post(SIGN_IN_PATH, edge.action(signInAction(edge.sessions)));
  routes?.(app);
  app.route("/", lines.routes());
  return edge.handler(app);
}

function admission(clock: FakeClock, keyRing: Parameters<typeof admitGuard>[0]["keyRing"]): Guard {
  const counters = createMemoryCounters({ clock });
  const perIp = { limit: PLENTY.limit, window: PLENTY.window };
  const bans = { find: () => undefined };
  return admitGuard({ bans, counters, keyRing, clock, perIp, concurrentPerIp: PLENTY.atOnce });
}

const bearer: Authenticator<"bearer"> = {
  kind: "bearer",
  async authenticate({ token }, { tenant }) {
    const anna: Principal = { type: "user", id: "anna", tenant, grants: new Set() };
    return token === GOOD_TOKEN ? anna : deny(problems.CREDENTIAL_INVALID);
  },
};

async function signIn(url: string, id: string): Promise<SignedIn> {
  const page = await fetch(`${url}/testing/page`);
  const { token } = (await page.json()) as { token: string }; // What the route answers.
  const signedIn = await fetch(url + SIGN_IN_PATH, {
    method: "POST",
    headers: { cookie: cookieOf(page), "content-type": "application/json", "x-csrf-token": token, origin: url },
    body: JSON.stringify({ type: "user", id }),
  });
  if (!signedIn.ok) throw new Error(`Signing in was refused: ${await signedIn.text()}`);
  return { cookie: cookieOf(signedIn), csrfToken: signedIn.headers.get("x-csrf-token") ?? "" };
}

function cookieOf(response: Response): string {
  return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

/** Bytes that may wait for a reader before its connection is closed with 3008, as the protocol has it. */
const HARD_LIMIT = 1024 * 1024;
const SLOW = 3008;

/**
 * A connection with frames of the protocol: it answers `connect`, sends back the data of `rpc`, and where that is
 * `{flood: {count, size}}` as many messages of that size.
 */
export class EchoConnection implements TransportEvents {
  readonly transport: Transport;
  readonly admitted: Admitted;
  readonly session: string;
  readonly heard: string[] = [];
  closedTimes = 0;
  /** Most bytes that have waited at once. */
  mostBuffered = 0;

  constructor(transport: Transport, admitted: Admitted) {
    this.transport = transport;
    this.admitted = admitted;
    this.session = Buffer.from(systemRandom.bytes(16)).toString("base64url");
  }

  received(message: string): void {
    this.heard.push(message);
    for (const line of message.split("\n").filter((text) => text !== "")) this.#answer(line);
  }

  closed(): void {
    this.closedTimes += 1;
  }

  /** Sends a message as the protocol's connections do, which watch over slow readers. */
  send(message: unknown): void {
    this.transport.send(utf8(JSON.stringify(message)));
    this.mostBuffered = Math.max(this.mostBuffered, this.transport.buffered);
    if (this.transport.buffered > HARD_LIMIT) this.transport.close(SLOW, "slow");
  }

  #answer(line: string): void {
    let command: Command;
    try {
      command = JSON.parse(line) as Command; // Tests send nothing else.
    } catch {
      return this.transport.close(3501, "bad request");
    }
    const { id, connect, rpc } = command;
    if (connect !== undefined) {
      const connected = { client: this.session, version: "test", session: this.session, node: "node-1" };
      return this.send({ id, connect: connected });
    }
    const { flood } = rpc?.data ?? {};
    if (flood === undefined) return this.send({ id, rpc: { data: rpc?.data } });
    void this.#flood(flood);
  }

  /** Sends as fast as the network could take it. */
  async #flood({ count, size }: Flood): Promise<void> {
    const text = "x".repeat(size);
    for (let sent = 0; sent < count && this.closedTimes === 0; sent += 1) {
      this.send({ push: { message: { data: text } } });
      await turn();
    }
  }
}

interface Flood {
  readonly count: number;
  readonly size: number;
}

interface Command {
  readonly id?: number;
  readonly connect?: unknown;
  readonly rpc?: { readonly data?: { readonly flood?: Flood } };
}
