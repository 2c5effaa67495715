// Half a surrogate pair is a string to JavaScript and no text to anything else: JSON writes it as an escape, UTF-8 has
// no bytes for it, and stores refuse it or keep something else. An attacker sends halves, or places a pair where the
// application cuts, so that one reader sees another text than the next, or the server fails where it should refuse.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Services } from "gatehouse";
import { defineAction, type Entrance } from "gatehouse/kernel";
import { createTestGate } from "gatehouse/testing";
import { defineResource, oauth } from "gatehouse/oauth";
import { defineOrderType, WORK_SCOPES } from "gatehouse/work";
import { actionTool, type ActionToolParts } from "gatehouse/work/mcp";
import { Hono } from "hono";
import { z } from "zod";
import { openWorkSite, type WorkSite } from "../support/work-site.ts";

const ENTRANCES: readonly Entrance[] = ["http", "live", "realtime", "mcp", "job"];
const PAIR = "\u{1f600}";
const HALF = "\ud83d";

function keeper(kept: unknown[]) {
  return defineAction({
    ...{ name: "note.keep", entrances: ENTRANCES, effects: "store", authorise: "public" },
    input: z.strictObject({ note: z.unknown() }),
    run: async ({ input }) => ({ kept: kept.push(input.note) }),
  });
}

/** The beginning of a text, as whoever writes `slice` takes it. */
const Beginning = z.string().overwrite((text) => text.slice(0, 4));

/** Keeps the beginning of what it is given. */
function shortener(kept: unknown[], { work }: Pick<Services, "work">) {
  const resource = defineResource({ resource: (tenant) => work().resourceOf(tenant), scopes: WORK_SCOPES });
  const permit = oauth({ resource, scopes: ["work:read"] });
  return defineAction({
    ...{ name: "note.shorten", entrances: ["http"], effects: "store", authorise: permit },
    input: z.strictObject({ note: Beginning }),
    run: async ({ input }) => ({ kept: kept.push(input.note) }),
  });
}

/** The same for agents: the token has been looked at where the message came in. */
function shorteningTool(kept: unknown[], services: ActionToolParts) {
  const action = defineAction({
    ...{ name: "note.abridge", entrances: ["mcp"], effects: "store", authorise: "public" },
    input: z.strictObject({ note: Beginning }),
    run: async ({ input }) => ({ kept: kept.push(input.note) }),
  });
  const annotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };
  const tool = actionTool(services, {
    ...{ action, title: "Shorten", description: "Keeps the beginning.", scope: "work:read", annotations },
  });
  return { action, tool };
}

/** An order, an item and a result that a type cuts. */
const cutting = defineOrderType({
  ...{ type: "notes.cut", version: 1, title: "Cut", description: "Cuts notes." },
  input: z.object({ note: Beginning.optional(), items: z.array(z.string()) }),
  item: z.object({ note: Beginning }),
  result: z.object({ note: Beginning }),
  resources: [],
  items: ({ input }) => input.items.map((note, index) => ({ key: String(index), input: { note } })),
  preview: async () => {},
});

const HOSTILE: Readonly<Record<string, unknown>> = {
  "half a pair": HALF,
  "the other half": "\udc00",
  "half a pair, deep down": { a: [{ b: `before ${HALF} after` }] },
  "half a pair in a name": { [HALF]: 1 },
  "NUL, which PostgreSQL keeps in no text": "a\0b",
  "NUL in a name": { "\0date": "0" },
  "a number without end": Infinity,
  "a number that is none": Number.NaN,
};

describe("input that is no text", () => {
  for (const entrance of ENTRANCES) {
    it(`is refused over ${entrance} with where it is, and nothing is kept`, async () => {
      const kept: unknown[] = [];
      const action = keeper(kept);
      await using kit = await createTestGate({ actions: [action] });
      for (const [what, note] of Object.entries(HOSTILE)) {
        const outcome = await kit.attempt(action, { note }, { as: "mallory", key: "one", entrance });
        assert.ok(!outcome.ok, what);
        assert.deepEqual([outcome.problem.code, outcome.violations?.length], ["VALIDATION_ERROR", 1], what);
        assert.match(outcome.violations?.[0]?.pointer ?? "", /^\/note/, what);
      }
      const plain = await kit.attempt(action, { note: PAIR }, { as: "mallory", key: "one", entrance });
      assert.ok(plain.ok, "the key is as free as before");
      assert.deepEqual(kept, [PAIR]);
    });
  }
});

describe("a character that an application cuts in two", () => {
  const kept: unknown[] = [];
  let site: WorkSite;
  before(async () => {
    site = await openWorkSite({}, () => [cutting], {
      parts: (services) => {
        const shorten = shortener(kept, services);
        const { action, tool } = shorteningTool(kept, services);
        return {
          actions: [shorten, action],
          routes: () => new Hono().post("/shorten", services.edge.action(shorten)),
          work: { types: [], tools: [tool] },
        };
      },
    });
  });
  after(() => site[Symbol.asyncDispose]());

  it("is refused over HTTP with where it is", async () => {
    const token = await site.token({ at: "rest", scope: "work:read" });
    const send = (body: unknown) => site.send("/shorten", { token, body, headers: { "idempotency-key": "cut" } });
    const refused = await send({ note: `abc${PAIR}` });
    assert.deepEqual([refused.status, refused.json["code"]], [422, "VALIDATION_ERROR"], JSON.stringify(refused.json));
    assert.match(JSON.stringify(refused.json), /"\/note"/);
    assert.equal((await send('{"note":"\\ud83d"}')).status, 400, "no parser lets half a pair in at all");
    assert.deepEqual(kept, []);
    assert.equal((await send({ note: "http" })).status, 200);
    assert.deepEqual(kept.splice(0), ["http"]);
  });

  it("is refused over MCP with where it is", async () => {
    const token = await site.token({ scope: "work:read" });
    const call = (note: string) =>
      site.send("/mcp", {
        token,
        headers: { accept: "application/json, text/event-stream" },
        body: {
          ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
          params: { name: "note.abridge", arguments: { note, idempotency_key: "cut" } },
        },
      });
    const refused = await call(`abc${PAIR}`);
    assert.equal(refused.status, 200);
    assert.match(JSON.stringify(refused.json), /VALIDATION_ERROR.+\/note/);
    assert.deepEqual(kept, []);
    assert.doesNotMatch(JSON.stringify((await call("mcp")).json), /isError/);
    assert.deepEqual(kept.splice(0), ["mcp"]);
  });

  it("is refused in an order, in its items and in a result", async () => {
    const token = await site.token({ at: "rest", scope: "work:read work:propose work:execute" });
    const post = (path: string, body: object, key: string) =>
      site.send(`/api/work${path}`, { token, body, headers: { "idempotency-key": key } });
    for (const input of [{ note: `abc${PAIR}`, items: [] }, { items: [`abc${PAIR}`] }]) {
      const refused = await post("/propose", { type: "notes.cut", input }, "order");
      assert.deepEqual([refused.status, refused.json["code"]], [422, "VALIDATION_ERROR"], JSON.stringify(refused.json));
    }
    assert.deepEqual((await site.send("/api/work/orders", { token })).json["orders"], []);
    const { order } = Ordered.parse(
      (await post("/propose", { type: "notes.cut", input: { items: ["a"] } }, "order")).json,
    );
    const [taken = assert.fail()] = Taken.parse((await post(`/orders/${order}/checkout`, {}, "take")).json).items;
    const { item, lease, epoch } = taken;
    const submit = (note: string) => post(`/items/${item}/submit`, { lease, epoch, result: { note } }, "submit");
    const refused = await submit(`abc${PAIR}`);
    assert.deepEqual(
      [refused.status, refused.json["code"]],
      [422, "WORK_SUBMISSION_REFUSED"],
      JSON.stringify(refused.json),
    );
    assert.equal((await submit("abc")).status, 202);
  });
});

const Ordered = z.object({ order: z.uuid() });
const Taken = z.object({ items: z.array(z.object({ item: z.uuid(), lease: z.string(), epoch: z.int() })) });
