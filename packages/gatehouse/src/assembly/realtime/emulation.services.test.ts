import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { EventSource } from "eventsource";
import type { ConfigInput } from "../../kernel/config.ts";
import { CASES, type ServerSide } from "../../testing/centrifuge-cases.ts";
import { CENTRIFUGE_SETTINGS, serverSide } from "../../testing/centrifuge-server-side.ts";
import { startRealtimeSite, type RealtimeSite } from "../../testing/realtime-site.ts";
import { startRoundRobin, type RoundRobin } from "../../testing/round-robin.ts";
import { skipWithout, startOwnValkey, startPostgres } from "../../testing/services.ts";

const STREAMS = ["http_stream", "sse"] as const;
const JSON_TYPE = { "content-type": "application/json" };

type Two<Value> = readonly [Value, Value];

/** Two servers on one PostgreSQL and one Valkey. */
async function startTwo(stack: AsyncDisposableStack): Promise<Two<RealtimeSite>> {
  const [postgres, valkey] = [stack.use(await startPostgres()), stack.use(await startOwnValkey())];
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-realtime-emulation-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const { url } = stack.use(await postgres.createDatabase());
  const start = async (name: string): Promise<RealtimeSite> => {
    const settings: ConfigInput = {
      ...CENTRIFUGE_SETTINGS,
      dataDirectory: join(directory, name),
      keys: { file: join(directory, "keys.json") },
      store: { engine: "postgres", postgresUrl: url },
      counters: { engine: "valkey", valkeyUrl: valkey.url },
    };
    return stack.use(await startRealtimeSite({ settings, log: { write: () => true } }));
  };
  return [await start("first"), await start("second")];
}

/** What happens by itself happens at whichever server it concerns. */
function both(sites: Two<RealtimeSite>): ServerSide {
  const [first, second] = sites.map(({ realtime }) => serverSide(realtime));
  assert.ok(first !== undefined && second !== undefined);
  return {
    async unsubscribe(user, channel) {
      await Promise.all([first.unsubscribe(user, channel), second.unsubscribe(user, channel)]);
    },
    async disconnect(user, code) {
      await Promise.all([first.disconnect(user, code), second.disconnect(user, code)]);
    },
    token: (user, lifetime) => first.token(user, lifetime),
  };
}

const skip = (await skipWithout("postgres")) || (await skipWithout("valkey"));

for (const transport of STREAMS) {
  describe(
    `the client of the protocol over ${transport}, behind a proxy that sends each request to the next server`,
    {
      ...{ skip, concurrency: 1, timeout: 240_000 },
    },
    () => {
      const opened = new AsyncDisposableStack();
      let sites: Two<RealtimeSite>;
      let proxy: RoundRobin;

      before(async () => {
        sites = await startTwo(opened);
        proxy = opened.use(await startRoundRobin(sites.map(({ origin }) => origin)));
      });
      after(() => opened.disposeAsync());

      for (const { name, run, observed } of CASES) {
        it(name, async () => {
          const { origin, passed } = proxy;
          const before = passed.length;
          assert.deepEqual(await run({ origin, transport, server: both(sites), eventSource: EventSource }), observed);
          const commands = passed.slice(before).filter(({ path }) => path === "/emulation");
          if (commands.length > 1) assert.equal(new Set(commands.map(({ target }) => target)).size, 2);
        });
      }
    },
  );
}

/** A stream that somebody has opened at a server. */
interface OpenedStream extends Disposable {
  readonly node: string;
  readonly session: string;
  /** Everything that has come, once a text is part of it. */
  until(text: string): Promise<string>;
}

async function openStream({ origin }: RealtimeSite, token: string): Promise<OpenedStream> {
  const authorization = { authorization: `Bearer ${token}` };
  const stop = new AbortController();
  const answer = await fetch(`${origin}/connection/http_stream`, {
    ...{ method: "POST", headers: { ...JSON_TYPE, ...authorization }, signal: stop.signal },
    body: JSON.stringify({ id: 1, connect: {} }),
  });
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let told = "";
  const until = async (text: string): Promise<string> => {
    while (!told.includes(text)) {
      const read = await reader?.read();
      if (read?.done !== false) throw new Error(`The stream has ended: ${told}`);
      told += read.value;
    }
    return told;
  };
  const connected = await until("\n");
  const { connect } = JSON.parse(connected.split("\n")[0] ?? "") as { connect: { node: string; session: string } };
  return { ...connect, until, [Symbol.dispose]: () => stop.abort() };
}

function say({ origin }: RealtimeSite, body: object, token?: string): Promise<Response> {
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { ...JSON_TYPE, ...authorization };
  return fetch(`${origin}/emulation`, { method: "POST", headers, body: JSON.stringify(body) });
}

/*
 * Commands of a stream may arrive at any server, which hands them on. Whoever learns a session and a server's name must
 * not be able to speak over somebody else's line by asking a server that does not hold it.
 */
describe("Commands that are sent to another server than the one that holds their line", { skip }, () => {
  const opened = new AsyncDisposableStack();
  let sites: Two<RealtimeSite>;

  before(async () => {
    sites = await startTwo(opened);
  });
  after(() => opened.disposeAsync());

  const commandOf = ({ node, session }: OpenedStream, data: string) => ({ node, session, data });
  const call = (id: number, text: string): string =>
    JSON.stringify({ id, rpc: { method: "room.say", data: { key: ["hall"], input: { text } } } });

  it("are carried out for whoever has opened it, once", async () => {
    const [first, second] = sites;
    using stream = await openStream(first, "user-ada");
    assert.equal((await say(second, commandOf(stream, call(2, "hello")), "user-ada")).status, 204);
    assert.match(await stream.until('"id":2'), /"number":1/);
    assert.equal((await say(second, commandOf(stream, call(3, "again")), "user-ada")).status, 204);
    assert.match(await stream.until('"id":3'), /"number":2/);
  });

  it("are refused for everybody else, and recorded by the server that was asked", async () => {
    const [first, second] = sites;
    using stream = await openStream(first, "user-ada");
    const told: unknown[] = [];
    second.server.gatehouse.services.events.subscribe(({ name, action }) => told.push([name, action]));
    for (const token of ["user-bob", undefined]) {
      const answer = await say(second, commandOf(stream, call(2, "stolen")), token);
      assert.equal(answer.status, 403);
      assert.match(await answer.text(), /"code":"PERMISSION_DENIED"/);
    }
    assert.deepEqual(told, [
      ["authz_fail", "realtime.emulate"],
      ["authz_fail", "realtime.emulate"],
    ]);
    assert.equal((await say(second, commandOf(stream, call(3, "own")), "user-ada")).status, 204);
    assert.doesNotMatch(await stream.until('"id":3'), /"id":2/);
  });

  it("are bounded before they go on their way, however much escaping makes of them", async () => {
    const [first, second] = sites;
    using stream = await openStream(first, "user-ada");
    const { status } = await say(second, commandOf(stream, "x".repeat(65_537)), "user-ada");
    assert.equal(status, 413);
    // What is no command closes the line it comes over: here it is to arrive, and to do no more.
    assert.equal((await say(second, commandOf(stream, "\u0001".repeat(65_536)), "user-ada")).status, 204);
    assert.match(await stream.until('"disconnect"'), /"code":3501/);
  });

  it("are answered at once where there is no such server", async () => {
    const [, second] = sites;
    const named = [{ node: "no-such-node" }, { node: "*" }, { node: "" }];
    for (const { node } of named) {
      const answer = await say(second, { node, session: "s", data: call(2, "lost") }, "user-ada");
      assert.equal(answer.status, 404, node);
    }
  });

  it("are answered at once where their server has stopped", async () => {
    await using stack = new AsyncDisposableStack();
    const [first, second] = await startTwo(stack);
    const stream = await openStream(first, "user-ada");
    await first.server.close();
    const answer = await say(second, commandOf(stream, call(2, "lost")), "user-ada");
    assert.equal(answer.status, 404);
    assert.match(await answer.text(), /"code":"NOT_FOUND"/);
  });
});
