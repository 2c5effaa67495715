import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { openWorkSite, type WorkSite } from "../support/work-site.ts";

const ALL = "work:read work:propose work:execute work:review work:admin";
const PROPOSAL = { type: "things.rename", input: { things: ["a"] } };

/** REST for work, as somebody meets it who means no good. */
describe("the REST interface of work", () => {
  let site: WorkSite;
  let token: string;
  before(async () => {
    site = await openWorkSite();
    token = await site.token({ at: "rest", scope: ALL });
  });
  after(() => site[Symbol.asyncDispose]());

  const propose = (key: string | undefined, body: object = PROPOSAL, more: object = {}) =>
    site.send("/api/work/propose", {
      token,
      body,
      headers: key === undefined ? {} : { "idempotency-key": key },
      ...more,
    });
  const orderOf = ({ json }: { readonly json: unknown }) => z.object({ order: z.uuid() }).parse(json).order;

  it("asks for an idempotency key, and takes one for one request alone", async () => {
    const missing = await propose(undefined);
    assert.deepEqual([missing.status, missing.json["code"]], [428, "IDEMPOTENCY_KEY_REQUIRED"]);
    const first = await propose("one");
    assert.equal(first.status, 201);
    const other = await propose("one", { ...PROPOSAL, priority: 5 });
    assert.deepEqual([other.status, other.json["code"]], [422, "IDEMPOTENCY_KEY_REUSED"]);
    const { first: before, sent } = z
      .object({ first: z.string().length(12), sent: z.string().length(12) })
      .parse(other.json["fingerprints"]);
    assert.notEqual(before, sent);
    const once = await propose("one", { ...PROPOSAL, priority: 6 });
    assert.equal(Object(once.json["fingerprints"]).first, before, "it tells apart which request was the first");
    const reviewed = { revision: 1, digest: "x", notes: "" };
    const order = orderOf(first);
    for (const path of ["approve", "cancel", "revert"]) {
      const body = path === "approve" ? reviewed : {};
      const bare = await site.send(`/api/work/orders/${order}/${path}`, { token, body });
      // Who may not is told so first.
      assert.ok([428, 403].includes(bare.status), `${path}: ${bare.status}`);
    }
  });

  it("knows nothing of the orders of other tenants or of others, whoever asks: 404, as for those that are not there", async () => {
    const order = orderOf(await propose("hidden"));
    const stranger = await site.token({ at: "rest", scope: "work:read work:propose work:execute" });
    const elsewhere = await site.token({ at: "rest", scope: ALL, tenant: "other" });
    for (const asking of [
      { token: stranger, path: order },
      { token: elsewhere, path: order, tenant: "other" },
      { token: stranger, path: crypto.randomUUID() },
    ]) {
      const { path, ...sending } = asking;
      for (const what of ["", "/plan", "/logs"]) {
        const { status, json } = await site.send(`/api/work/orders/${path}${what}`, sending);
        assert.deepEqual([status, json["code"]], [404, "WORK_ORDER_UNKNOWN"], what);
      }
    }
    const listed = await site.send("/api/work/orders", { token: stranger });
    assert.deepEqual(listed.json["orders"], []);
  });

  it("lets no client review for itself, and no stranger do anything", async () => {
    const order = orderOf(await propose("unreviewed"));
    const body = { revision: 1, digest: "x".repeat(43) };
    const approved = await site.send(`/api/work/orders/${order}/approve`, { token, body });
    assert.deepEqual([approved.status, approved.json["code"]], [403, "PERMISSION_DENIED"]);
    const anonymous = await site.send("/api/work/orders");
    assert.equal(anonymous.status, 401);
    assert.match(String(anonymous.headers["www-authenticate"]), /oauth-protected-resource\/api\/work"/);
    const bare = await site.token({ at: "rest", scope: "work:read" });
    const refused = await propose("bare", PROPOSAL, { token: bare });
    assert.equal(refused.status, 403);
    assert.match(String(refused.headers["www-authenticate"]), /error="insufficient_scope".+scope="work:propose"/);
  });

  /**
   * One request, two readers: the path names an order and the body another. Whoever has checked the one must not have
   * the other changed.
   */
  it("refuses a body that contradicts its path", async () => {
    const [mine, named] = [orderOf(await propose("mine")), orderOf(await propose("named"))];
    const headers = { "idempotency-key": "contradiction" };
    const { status } = await site.send(`/api/work/orders/${mine}/cancel`, { token, headers, body: { order: named } });
    assert.equal(status, 422);
  });

  it("takes no lease from an address, where logs and histories keep it", async () => {
    const secret = "A".repeat(43);
    const path = `/api/work/items/${crypto.randomUUID()}/parts?lease=${secret}&epoch=1`;
    const { status, json } = await site.send(path, { token });
    assert.equal(status, 422);
    assert.ok(JSON.stringify(json).includes("/lease"));
  });

  // Every object has members by names such as "constructor": what is refused by its name is not found among those.
  it("overlooks no member that has the name of one that every object has", async () => {
    const path = `/api/work/items/${crypto.randomUUID()}/parts?constructor=1&toString=2`;
    const headers = { "work-lease": "A".repeat(43), "work-epoch": "1" };
    assert.equal((await site.send(path, { token, headers })).status, 422);
  });

  it("reads no body that is too large or too deep, and no member twice", async () => {
    const headers = { "idempotency-key": "odd", "content-type": "application/json" };
    const send = (body: string) => site.send("/api/work/propose", { token, headers, body });
    assert.equal((await send(`{"type":"${"x".repeat(1_100_000)}"}`)).status, 413);
    assert.equal((await send(`${'{"input":'.repeat(100)}1${"}".repeat(100)}`)).status, 413);
    assert.equal((await send('{"type":"things.rename","type":"other","input":{}}')).status, 400);
    assert.equal((await send('{"type":"things.rename","input":{"things":["a"]},"__proto__":{}}')).status, 400);
    assert.equal((await send('{"type":"__proto__","input":{}}')).status, 404);
  });
});

describe("a flood of calls about work", () => {
  it("is turned away by agent and by address, over MCP and REST", async () => {
    const work = { limits: { agent: { limit: 5 }, address: { limit: 8 } } };
    await using site = await openWorkSite({ work, limits: { trustedCidrs: [] } });
    const token = await site.token({ at: "rest", scope: "work:read" });
    const statuses: number[] = [];
    for (let calls = 0; calls < 7; calls += 1) statuses.push((await site.send("/api/work/types", { token })).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429]);
    const other = await site.token({ at: "rest", scope: "work:read" });
    const more: number[] = [];
    for (let calls = 0; calls < 4; calls += 1) more.push((await site.send("/api/work/types", { token: other })).status);
    assert.deepEqual(more, [200, 200, 200, 429]);
    const agent = await site.token({ scope: "work:read" });
    const body = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const headers = { accept: "application/json, text/event-stream" };
    const asked: number[] = [];
    for (let calls = 0; calls < 6; calls += 1) {
      asked.push((await site.send("/mcp", { token: agent, body, headers })).status);
    }
    assert.deepEqual(asked, [200, 200, 200, 200, 200, 429]);
  });
});
