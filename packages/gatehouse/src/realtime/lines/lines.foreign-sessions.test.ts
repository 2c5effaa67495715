import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../../testing/line-client.ts";
import { GOOD_TOKEN, openLineKit, type LineKit } from "../../testing/line-kit.ts";
import type { EmulationSender, ForwardedCommands } from "./emulation.ts";

const CONNECT = JSON.stringify({ id: 1, connect: {} });
const COMMAND = JSON.stringify({ id: 2, rpc: { data: "hello" } });
const json = { "content-type": "application/json" };

function open(kit: LineKit, headers: Record<string, string>): Promise<Response> {
  return fetch(`${kit.url}/connection/http_stream`, {
    method: "POST",
    headers: { ...json, ...headers },
    body: CONNECT,
  });
}

async function say(kit: LineKit, body: unknown, headers: Record<string, string> = {}): Promise<number> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(`${kit.url}/emulation`, { method: "POST", headers: { ...json, ...headers }, body: text });
  return answer.status;
}

/*
 * Commands of a stream come in requests of their own, which name the connection they are for. Whoever learns, or guesses,
 * the session of somebody else's connection must not be able to speak over it.
 */
describe("Commands for foreign sessions", () => {
  it("are refused although the session is right", async () => {
    await using kit = await openLineKit();
    const [anna, bob] = [await kit.signIn("anna"), await kit.signIn("bob")];
    const own = { cookie: anna.cookie, origin: kit.url };
    const stream = await open(kit, own);
    const [connection] = kit.connections;
    const body = { session: connection?.session, node: "node-1", data: COMMAND };
    assert.equal(await say(kit, body, { cookie: bob.cookie, origin: kit.url }), 403);
    assert.equal(await say(kit, body), 403);
    assert.equal(await say(kit, body, { cookie: anna.cookie, origin: "https://evil.example" }), 403);
    assert.equal(await say(kit, body, { authorization: "Bearer bad" }), 401);
    assert.deepEqual(connection?.heard, [CONNECT]);
    assert.ok(kit.setup.events.some(({ name, action }) => name === "authz_fail" && action === "realtime.emulate"));
    assert.equal(await say(kit, body, own), 204);
    assert.deepEqual(connection?.heard, [CONNECT, COMMAND]);
    await stream.body?.cancel();
    await eventually(() => kit.lines.size === 0);
    assert.equal(
      await say(kit, body, own),
      204,
      "a line that has gone takes nothing, and its client hears of that by it",
    );
    assert.deepEqual(connection?.heard, [CONNECT, COMMAND]);
  });

  it("are taken from whoever shows the same token, and from the origin of a line without any", async () => {
    await using kit = await openLineKit();
    const authorization = `Bearer ${GOOD_TOKEN}`;
    const [byToken, bare] = [await open(kit, { authorization }), await open(kit, {})];
    const [first, second] = kit.connections.map(({ session }) => ({ session, node: "node-1", data: COMMAND }));
    assert.equal(await say(kit, first), 403);
    assert.equal(await say(kit, first, { authorization }), 204);
    assert.equal(await say(kit, second), 204);
    assert.equal(await say(kit, second, { origin: "https://evil.example" }), 403);
    await Promise.all([byToken.body?.cancel(), bare.body?.cancel()]);
  });

  it("are refused from another tenant, also for a line that was opened without a credential", async () => {
    const forwarded: (readonly [ForwardedCommands, EmulationSender])[] = [];
    await using kit = await openLineKit({
      lines: {
        forward: async (commands, sender) => {
          forwarded.push([commands, sender]);
          return "taken";
        },
      },
    });
    const bare = await open(kit, {});
    const [connection] = kit.connections;
    assert.equal(await say(kit, { session: connection?.session, node: "node-2", data: COMMAND }), 204);
    const [commands, sender] = forwarded.at(-1) ?? [];
    assert.ok(commands !== undefined && sender !== undefined);
    const elsewhere = { ...sender, principal: { ...sender.principal, tenant: "another" } };
    assert.equal(await kit.lines.take(commands, elsewhere), "foreign");
    assert.equal(await kit.lines.take(commands, sender), "taken");
    assert.deepEqual(connection?.heard, [CONNECT, COMMAND]);
    await bare.body?.cancel();
  });

  it("are judged by the server that holds the line, when they come over another one", async () => {
    const forwarded: (readonly [ForwardedCommands, EmulationSender])[] = [];
    await using kit = await openLineKit({
      lines: {
        forward: async (commands, sender) => {
          forwarded.push([commands, sender]);
          return commands.node === "node-2" ? "taken" : "gone";
        },
      },
    });
    const { cookie } = await kit.signIn("anna");
    const own = { cookie, origin: kit.url };
    assert.equal(await say(kit, { session: "s", node: "node-2", data: COMMAND }, own), 204);
    assert.equal(await say(kit, { session: "s", node: "node-3", data: COMMAND }, own), 404);
    const stream = await open(kit, own);
    const [connection] = kit.connections;
    const { session = "" } = connection ?? {};
    assert.equal(await say(kit, { session, node: "node-2", data: COMMAND }, own), 204);
    const [commands, sender] = forwarded.at(-1) ?? [];
    assert.ok(commands !== undefined && sender !== undefined);
    assert.ok(!JSON.stringify(forwarded).includes(session), "the session stays between its client and its server");
    assert.deepEqual([commands.node, commands.data, sender.principal.id], ["node-2", COMMAND, "anna"]);
    assert.equal(
      await kit.lines.take(commands, { ...sender, principal: { ...sender.principal, id: "bob" } }),
      "foreign",
    );
    assert.deepEqual(connection?.heard, [CONNECT]);
    assert.equal(await kit.lines.take(commands, sender), "taken");
    assert.deepEqual(connection.heard, [CONNECT, COMMAND]);
    await stream.body?.cancel();
  });

  it("are not found at a server that knows no other one", async () => {
    await using kit = await openLineKit();
    assert.equal(await say(kit, { session: "s", node: "node-2", data: COMMAND }), 404);
  });

  it("are bounded and well-formed before they reach anybody", async () => {
    await using kit = await openLineKit();
    const good = { session: "s", node: "node-1", data: "{}" };
    const bodies: readonly (readonly [unknown, number])[] = [
      [{ ...good, data: "x".repeat(65_537) }, 413],
      [{ ...good, data: 1 }, 400],
      [{ ...good, session: "" }, 400],
      [{ ...good, session: "s".repeat(201) }, 400],
      [{ ...good, node: undefined }, 400],
      ["[]", 400],
      ["{", 400],
    ];
    for (const [body, status] of bodies) assert.equal(await say(kit, body), status, JSON.stringify(body).slice(0, 80));
    assert.equal(await say(kit, good, { "content-type": "text/plain" }), 415);
    for (const query of ["", "?cf_connect=a&cf_connect=b"]) {
      assert.equal((await fetch(`${kit.url}/connection/sse${query}`)).status, 400, query);
    }
    const large = JSON.stringify({ id: 1, connect: { data: "x".repeat(16_384) } });
    const stream = await fetch(`${kit.url}/connection/http_stream`, { method: "POST", headers: json, body: large });
    assert.equal(stream.status, 413);
  });
});
