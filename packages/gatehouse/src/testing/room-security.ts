import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { request as secureRequest } from "node:https";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { foreignOrigins, hostileInputs, hostileTokens } from "./hostile-values.ts";
import type { Told } from "./realtime-line.ts";
import { RoomConnection, upgradeStatus, type RoomRequest } from "./room-connection.ts";

/** A server of an application: what `startServer` gives, say. */
export interface RoomServer extends AsyncDisposable {
  readonly origin: string;
}

/** Something to have an actor do. */
export interface RoomCommand {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** An actor of an application, and what its rules are. */
export interface RoomSecurityOptions {
  /**
   * Starts the application's own server, with `server.trustedProxies` of 127.0.0.1/32: each connection of the suite comes
   * from an address of its own then, as it says. One that tried all this would be banned halfway.
   */
  readonly start: () => Promise<RoomServer>;
  readonly actor: { readonly type: string; readonly key: readonly string[] };
  /**
   * A bearer token of a member, who may send the command: of somebody else for each number, from 1 to some dozens. One
   * account that tried all this would be banned halfway.
   */
  readonly token: (member: number) => string | Promise<string>;
  /** One that was good once. */
  readonly expiredToken: () => string | Promise<string>;
  /** A command and an input that is good. Every text in it has to have a bound, every member a type. */
  readonly command: RoomCommand;
  /** Further inputs that have to be refused: prices below zero, names of others. */
  readonly maliciousInputs?: readonly unknown[];
  /** What the token's owner may not do. */
  readonly forbidden?: { readonly channels?: readonly string[]; readonly commands?: readonly RoomCommand[] };
  /** So many commands at once are more than one user may send. Default 400. */
  readonly flood?: number;
  /** Whether strangers may come in. Default false. */
  readonly strangers?: boolean;
}

const UNAUTHORISED = [101, 109];
const DENIED = 103;
const UNKNOWN = 104;
const BAD_REQUEST = 107;
const TOO_MANY = 111;
/** Commands that one connection may send at once, whatever its actor allows. */
const BURST = 40;

/** What pages send to lines that are no WebSockets. */
const BODIES = {
  "/connection/http_stream": { id: 1, connect: {} },
  "/emulation": { session: "x".repeat(43), node: "node", data: "{}" },
};

/** Addresses from where nobody has come before; of the range for trials of networks (RFC 2544). */
class Addresses {
  #last = 0;

  /** Comes from the next one. */
  next(headers: Readonly<Record<string, string>> = {}): RoomRequest & { headers: Record<string, string> } {
    this.#last += 1;
    const address = `198.18.${this.#last >> 8}.${this.#last & 255}`;
    return { headers: { ...headers, "x-forwarded-for": address } };
  }
}

/**
 * Attacks on an actor of an application, as a `node:test` suite over real sockets: bad and expired tokens, floods, malicious
 * input, guessed channels, and pages of other sites.
 */
export function describeRoomSecurity(name: string, options: RoomSecurityOptions): void {
  describe(`security of ${name}`, () => {
    const { actor, command, forbidden = {}, maliciousInputs = [], flood = 400 } = options;
    const addresses = new Addresses();
    let members = 0;
    const newToken = (): string | Promise<string> => {
      members += 1;
      return options.token(members);
    };
    let server: RoomServer;
    const connect = (token: string | undefined) => RoomConnection.connect(server.origin, token, addresses.next());
    before(async () => {
      server = await options.start();
    });
    after(() => server[Symbol.asyncDispose]());

    const enter = async (token?: string): Promise<RoomConnection> => {
      const connection = await connect(token ?? (await newToken()));
      assert.equal(connection.answer.error, undefined, "the good token is refused");
      return connection;
    };

    it("refuses tokens that nobody has given out", async () => {
      const good = await newToken();
      const bad = hostileTokens(good);
      for (const token of bad) await refuses(() => connect(token), token);
      for (const token of bad.filter((text) => /^[\w.~+/-]+$/.test(text) && text.length < 4_000)) {
        const status = await upgradeStatus(server.origin, addresses.next({ authorization: `Bearer ${token}` }));
        assert.equal(status, 401, "an upgrade with a bad token is refused before it is one");
      }
      using connection = await enter();
      assert.equal((await patiently(connection, actor, command)).error, undefined);
    });

    it("refuses an expired token, and knows when the good one expires", async () => {
      const expired = await options.expiredToken();
      await refuses(() => connect(expired), expired);
      using connection = await connect(await newToken());
      // As the protocol has it.
      const { expires, ttl } = connection.answer["connect"] as { readonly expires?: unknown; readonly ttl?: unknown };
      // Otherwise the connection outlives its token: say `expiryOf` where you say `authenticators`.
      assert.deepEqual([expires, Number(ttl) > 0], [true, true], "nobody knows when the token of a connection expires");
    });

    it("refuses strangers, unless they may come in", async () => {
      using connection = await connect(undefined);
      if (options.strangers === true) return assert.equal(connection.answer.error, undefined);
      assert.ok(UNAUTHORISED.includes(connection.answer.error?.code ?? 0), "strangers come in");
    });

    it("holds back a flood, of one connection and of one user over many", async () => {
      using connection = await enter();
      const first = await sendAtOnce(connection, { actor, command }, BURST * 3);
      assertHeldBack(first, "one connection sends as much as it likes");
      const one = await newToken();
      const many = await Promise.all(Array.from({ length: Math.ceil(flood / BURST) }, () => enter(one)));
      const answers = await Promise.all(
        many.map((tab) => sendAtOnce(tab, { actor, command: { ...command, input: {} } }, BURST)),
      );
      assertHeldBack(answers.flat(), "one user sends as much as it likes over several connections");
      for (const tab of many) tab[Symbol.dispose]();
      using other = await enter();
      assert.equal((await patiently(other, actor, command)).error, undefined, "others are held back, too");
    });

    it("refuses malicious input, and says nothing of itself", async () => {
      for (const inputs of [...hostileInputs(command.input), maliciousInputs]) {
        using connection = await enter();
        for (const input of inputs) {
          const { error } = await patiently(connection, actor, { name: command.name, input });
          const shown = JSON.stringify(input)?.slice(0, 100);
          assert.equal(error?.code, BAD_REQUEST, `${command.name} takes ${shown}`);
          assertDiscreet(error?.message ?? "");
        }
      }
    });

    it("refuses keys, channels and commands that it does not have", async () => {
      using connection = await enter();
      const { type, key } = actor;
      for (const injected of [[`${key[0] ?? ""}:staff`], [...key, "staff"], ["..", "/"], ["__proto__ "], [{}]]) {
        const { error } = await connection.ask({
          rpc: { method: `${type}.${command.name}`, data: { key: injected, input: command.input } },
        });
        assert.equal(error?.code, BAD_REQUEST, `the key ${JSON.stringify(injected)}`);
      }
      for (const channel of ["admin-only", "constructor", "__proto__", "toString"]) {
        const { error } = await connection.ask({ subscribe: { channel: [type, ...key, channel].join(":") } });
        assert.ok([DENIED, UNKNOWN, BAD_REQUEST].includes(error?.code ?? 0), `the channel ${channel}`);
      }
      for (const unknown of ["constructor", "__proto__", "kick", "close", "emit", "joined", "left"]) {
        const { error } = await patiently(connection, actor, { name: unknown, input: {} });
        assert.ok([UNKNOWN, BAD_REQUEST, DENIED].includes(error?.code ?? 0), `the command ${unknown}`);
      }
    });

    it("refuses what the token's owner may not do", async () => {
      using connection = await enter();
      for (const channel of forbidden.channels ?? []) {
        const full = [actor.type, ...actor.key, channel].join(":");
        for (const attempt of [
          { subscribe: { channel: full } },
          { subscribe: { channel: full, recover: true, epoch: "", offset: 0 } },
          { history: { channel: full, limit: 10 } },
          { presence: { channel: full } },
        ]) {
          const { error } = await connection.ask(attempt);
          assert.ok([DENIED, UNKNOWN].includes(error?.code ?? 0), `${JSON.stringify(attempt)} is allowed`);
        }
      }
      for (const one of forbidden.commands ?? []) {
        assert.equal((await patiently(connection, actor, one)).error?.code, DENIED, `${one.name} is allowed`);
      }
    });

    it("refuses pages of other sites on every way in, and admits its own", async () => {
      const { origin } = server;
      const authorization = `Bearer ${await newToken()}`;
      for (const foreign of foreignOrigins(origin)) {
        const asked = addresses.next({ origin: foreign, authorization });
        assert.equal(await upgradeStatus(origin, asked), 403, `a WebSocket from ${foreign}`);
        const headers = { ...asked.headers, "content-type": "application/json" };
        for (const [path, body] of Object.entries(BODIES))
          assert.equal(await postStatus(origin + path, headers, body), 403, `${path} from ${foreign}`);
      }
      assert.equal(
        await upgradeStatus(origin, addresses.next({ origin, authorization })),
        101,
        "the own page is refused",
      );
    });
  });
}

/** Tokens are refused with one answer and the end, and nothing is told before. */
async function refuses(connect: () => ReturnType<typeof RoomConnection.connect>, token: string): Promise<void> {
  using connection = await connect();
  const { error } = connection.answer;
  const shown = token.slice(0, 40);
  assert.ok(
    UNAUTHORISED.includes(error?.code ?? 0),
    `the token ${JSON.stringify(shown)} is good: ${error?.code ?? ""}`,
  );
  await connection.closed;
  assert.equal(connection.told.length, 1);
}

interface Sent {
  readonly actor: RoomSecurityOptions["actor"];
  readonly command: RoomCommand;
}

async function sendAtOnce(connection: RoomConnection, { actor, command }: Sent, count: number): Promise<Told[]> {
  const data = { key: actor.key, input: command.input };
  const rpc = { method: `${actor.type}.${command.name}`, data };
  const ids = Array.from({ length: count }, () => connection.number());
  for (const id of ids) connection.say({ id, rpc });
  return Promise.all(ids.map((id) => connection.replyTo(id)));
}

function assertHeldBack(answers: readonly Told[], otherwise: string): void {
  const refused = answers.flatMap(({ error }) => (error?.code === TOO_MANY ? [error] : []));
  assert.ok(refused.length > 0, otherwise);
  for (const { temporary, message } of refused) {
    assert.equal(temporary, true, "a refusal for now says so");
    assert.match(message, /retry after \d+ s/);
  }
}

/** Sends a command, and again where it came too fast. */
async function patiently(
  connection: RoomConnection,
  actor: RoomSecurityOptions["actor"],
  { name, input }: { readonly name: string; readonly input: unknown },
): Promise<Told> {
  for (let tries = 0; ; tries += 1) {
    const told = await connection.call(actor, name, input);
    if (told.error?.code !== TOO_MANY || tries === 20) return told;
    await delay((told.error.retry_after ?? 1) * 1_000);
  }
}

/** Errors tell clients a code, and nothing of the program. */
function assertDiscreet(message: string): void {
  assert.doesNotMatch(message, /\n\s+at |node_modules|\.[jt]s:\d|x{100}|SELECT |sqlite/i, "an error tells too much");
}

async function postStatus(address: string, headers: Readonly<Record<string, string>>, body: object): Promise<number> {
  const sent = (address.startsWith("https:") ? secureRequest : request)(address, { method: "POST", headers });
  sent.end(JSON.stringify(body));
  // What `response` brings.
  const [{ statusCode = 0, socket }] = (await once(sent, "response")) as [IncomingMessage];
  socket.destroy();
  return statusCode;
}
