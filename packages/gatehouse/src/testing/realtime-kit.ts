import type { Authenticator } from "../guards/authenticate.ts";
import type { Credential, Principal } from "../kernel/attempt.ts";
import { systemClock } from "../kernel/clock.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import type { AnyAction } from "../kernel/action.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { PushSource } from "../kernel/ports/push-source.ts";
import { systemRandom } from "../kernel/random.ts";
import type { Admitted } from "../realtime/admitted.ts";
import { connectActions } from "../realtime/connection/connect-action.ts";
import { openConnections, type Connections, type OpenLine } from "../realtime/connection/connections.ts";
import type { ConnectionSettings } from "../realtime/connection/parts.ts";
import type { CommandDesk } from "../realtime/perform.ts";
import { createMemoryCounters } from "../store/memory/memory-counters.ts";
import { createTestGate, TEST_TARGET, type TestGate, type TestSession } from "./gate-kit.ts";
import { LocalHub, LocalPresence } from "./realtime-hub.ts";
import { MemoryLine, type Told } from "./realtime-line.ts";
import { TestRooms } from "./realtime-rooms.ts";
import type { TransportKind } from "../realtime/transport.ts";

/** A token, and whose it is until when. */
export interface TestToken {
  readonly principal: Principal;
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
}

/** What differs from the plain kit. */
export interface RealtimeKitOptions {
  readonly settings?: Partial<ConnectionSettings>;
  readonly anonymous?: boolean;
  /** Connections that may hear a room at once. Default 1,000. */
  readonly capacity?: number;
  /** What is pushed that no room publishes, with the actions that decide on it. */
  readonly sources?: readonly PushSource[];
  readonly actions?: readonly AnyAction[];
}

/** How a client comes. */
export interface Coming {
  readonly session?: TestSession;
  readonly kind?: TransportKind;
  readonly actor?: string;
  /** Default: a new one. */
  readonly line?: MemoryLine;
}

/** Connections over lines in memory, behind a real gate, to rooms in memory. */
export interface RealtimeKit extends AsyncDisposable {
  readonly gate: TestGate;
  readonly hub: LocalHub;
  readonly presence: LocalPresence;
  readonly rooms: TestRooms;
  readonly connections: Connections;
  /** Tokens that are good, by what they say. */
  readonly tokens: Map<string, TestToken>;
  /** Lines that have been given back. */
  readonly released: MemoryLine[];
  /** Opens a line and says nothing. */
  open(coming?: Coming): MemoryLine & { readonly opened: OpenLine };
  /** Opens a line and connects, by default as a user of this name. */
  connect(user?: string, coming?: Coming): Promise<MemoryLine & { readonly opened: OpenLine }>;
  /** Says a command and resolves to its reply. */
  ask(line: MemoryLine, command: object): Promise<Told>;
  /** Lets time pass, in which the client answers signs of life. */
  pass(line: MemoryLine, milliseconds: number): Promise<void>;
  /** Lets what is under way come to its end. */
  settle(): Promise<void>;
}

/** Settings of connections as the configuration has them by default. */
export const TEST_SETTINGS: ConnectionSettings = {
  ...{ connectTimeout: 10_000, ping: 25_000, pong: 8_000, expiryGrace: 25_000, commandTimeout: 30_000 },
  ...{ largestFrame: 65_536, commands: 20, commandBurst: 40, bytes: 131_072, channels: 100, errors: 100 },
  ...{ queueSoft: 262_144, queueHard: 1_048_576, drainSpread: 10_000 },
};

/** Opens a kit. Time stands still until it is moved. */
export async function createRealtimeKit({
  settings,
  anonymous = false,
  capacity = 1_000,
  sources = [],
  actions: further = [],
}: RealtimeKitOptions = {}): Promise<RealtimeKit> {
  const hub = new LocalHub();
  const presence = new LocalPresence(hub);
  const rooms = new TestRooms(hub);
  const tokens = new Map<string, TestToken>();
  const expiryOf = (token: string): Promise<number | undefined> => Promise.resolve(tokens.get(token)?.expiresAt);
  const actions = [...connectActions({ authorise: "public", anonymous, expiryOf }), ...rooms.actions, ...further];
  const gate = await createTestGate({ actions, bearer: bearerOf(tokens, () => gate.clock.now()) });
  const { clock, random, ids, stream } = gate;
  const keyRing = createKeyRing(generateKeyMaterial(systemRandom, systemClock));
  const counters = createMemoryCounters({ clock });
  const names = new Set(actions.map(({ name }) => name));
  const desk: CommandDesk = { perform: (_, attempt) => gate.gate.attempt(attempt) };
  const connections = openConnections({
    ...{
      gate: gate.gate,
      hub,
      presence,
      desk,
      counters,
      keyRing,
      clock,
      timers: clock,
      random,
      ids,
      events: stream,
      node: "node1",
    },
    actors: {
      partsOf: (type) => (type === "room" ? 1 : undefined),
      has: (name) => names.has(name),
      capacityOf: () => capacity,
    },
    sources,
    report: (error) => void gate.reported.push(error),
    attended: () => {},
    // Nobody gives out tickets here.
    redeemTicket: async () => deny(problems.CREDENTIAL_INVALID),
    settings: { ...TEST_SETTINGS, ...settings },
  });
  const released: MemoryLine[] = [];
  let nextId = 1_000;

  function open({ session, kind, actor, line = new MemoryLine(kind) }: Coming = {}): MemoryLine & {
    readonly opened: OpenLine;
  } {
    const admitted = admittedBy(session, () => void released.push(line));
    const opened = connections.open(line, actor === undefined ? admitted : { ...admitted, actor });
    line.attach(opened);
    return Object.assign(line, { opened });
  }

  async function ask(line: MemoryLine, command: object): Promise<Told> {
    nextId += 1;
    const id = nextId;
    line.say({ id, ...command });
    await settled();
    const reply = line.told.find((told) => told.id === id);
    if (reply === undefined) throw new Error(`There was no reply to ${JSON.stringify(command)}.`);
    return reply;
  }

  return {
    ...{ gate, hub, presence, rooms, connections, tokens, released, open, ask, settle: settled },
    async pass(line, milliseconds) {
      for (let left = milliseconds; left > 0; left -= 1_000) {
        const seen = line.told.length;
        await clock.advance(Math.min(left, 1_000));
        if (line.told.slice(seen).some((told) => Object.keys(told).length === 0)) line.say("{}");
      }
    },
    async connect(user = "ann", coming = {}) {
      const line = open({ session: gate.signIn(user), ...coming });
      await ask(line, { connect: {} });
      line.take();
      return line;
    },
    async [Symbol.asyncDispose]() {
      await connections[Symbol.asyncDispose]();
      await gate[Symbol.asyncDispose]();
    },
  };
}

function admittedBy(session: TestSession | undefined, release: () => void): Admitted {
  const page = { method: "GET", origin: TEST_TARGET, fetchSite: "same-origin", target: TEST_TARGET };
  const credentials: Credential[] = session === undefined ? [] : [{ kind: "session", id: session.credential }];
  return {
    ...{ tenant: "acme", peer: { ip: "192.0.2.1", tls: true }, credentials, release },
    provenance: session === undefined ? { kind: "token" } : { kind: "browser", ...page },
  };
}

function bearerOf(tokens: ReadonlyMap<string, TestToken>, now: () => number): Authenticator<"bearer"> {
  return {
    kind: "bearer",
    authenticate: ({ token }) => {
      const found = tokens.get(token);
      const isGood = found !== undefined && now() < (found.expiresAt ?? Infinity);
      return Promise.resolve(isGood ? found.principal : deny(problems.CREDENTIAL_INVALID));
    },
  };
}

const TURNS = 12;

async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate);
}
