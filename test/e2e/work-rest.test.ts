import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { z } from "zod";
import { describeStoreEngines } from "../support/store-engines.ts";
import { openWorkSite, type Answer, type WorkSite } from "../support/work-site.ts";

const Document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ operationId: z.string() }))),
});
const Described = z.object({
  responses: z.record(
    z.string(),
    z.object({ content: z.record(z.string(), z.object({ schema: z.looseObject({}) })).optional() }),
  ),
});
const Listed = z.object({
  orders: z.array(z.looseObject({ order: z.string(), priority: z.int().optional() })),
  next: z.string().optional(),
});
const CheckedOut = z.object({
  items: z.array(z.object({ item: z.string(), order: z.string(), key: z.string(), lease: z.string(), epoch: z.int() })),
});

await describeStoreEngines("work over REST", (engine) => {
  let site: WorkSite;
  let token: string;
  let document: z.infer<typeof Document>;
  before(async () => {
    site = await openWorkSite(await engine.place());
    token = await site.token({ at: "rest", scope: "work:read work:propose work:execute" });
    document = Document.parse((await site.send("/api/work/openapi.json")).json);
  });
  after(() => site[Symbol.asyncDispose]());

  /** An answer, once it is as the document says. */
  function asDescribed(path: string, method: "get" | "post", { status, json }: Answer): Answer["json"] {
    assert.ok(status < 300, JSON.stringify(json));
    const operation = Described.parse(document.paths[path]?.[method]);
    const schema =
      operation.responses[String(status)]?.content?.["application/json"]?.schema ?? assert.fail(String(status));
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    assert.ok(ajv.validate(schema, json), `${path}: ${ajv.errorsText()} ${JSON.stringify(json)}`);
    return json;
  }

  const post = (path: string, body: object, key?: string): Promise<Answer> =>
    site.send(`/api/work${path}`, { token, body, headers: key === undefined ? {} : { "idempotency-key": key } });

  it("is described by an OpenAPI document, which is valid and names every route", async () => {
    const result = await new Validator().validate(structuredClone(document));
    assert.equal(result.valid, true, JSON.stringify(result.errors));
    assert.match(document.openapi, /^3\.1\./);
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} /api/work${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
    const mounted = site.gatehouse
      .routes()
      .map(({ method, path }) => `${method} ${path}`)
      .filter((route) => route.includes(" /api/work/") && !route.endsWith("openapi.json"));
    assert.deepEqual(described.toSorted(), mounted.toSorted());
    assert.equal(described.length, 28);
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((one) => one.operationId),
    );
    assert.equal(new Set(ids).size, ids.length);
  });

  it("takes an order from its proposal to its end", async () => {
    const types = asDescribed("/types", "get", await site.send("/api/work/types", { token }));
    assert.match(JSON.stringify(types), /"things\.rename".+json-schema\.org\/draft\/2020-12/);
    const proposal = { type: "things.rename", input: { things: ["a", "b"] } };
    const proposed = await post("/propose", proposal, "loop");
    assert.equal(proposed.status, 201);
    const { order } = z.object({ order: z.string() }).parse(asDescribed("/propose", "post", proposed));
    const again = await post("/propose", proposal, "loop");
    assert.deepEqual([again.json, again.headers["idempotent-replayed"]], [proposed.json, "true"]);
    const taken = asDescribed(
      "/orders/{order}/checkout",
      "post",
      await post(`/orders/${order}/checkout`, { count: 2 }),
    );
    const { items } = CheckedOut.parse(taken);
    assert.deepEqual(items.map(({ key }) => key).toSorted(), ["a", "b"]);
    for (const { item, lease, epoch, key } of items) {
      const beaten = await post(`/items/${item}/heartbeat`, { lease, epoch, progress: { done: 1, total: 2 } });
      asDescribed("/items/{item}/heartbeat", "post", beaten);
      const parts = { headers: { "work-lease": lease, "work-epoch": String(epoch) }, token };
      asDescribed("/items/{item}/parts", "get", await site.send(`/api/work/items/${item}/parts`, parts));
      const handed = await post(
        `/items/${item}/submit`,
        { lease, epoch, result: { name: `new ${key}` } },
        `submit-${key}`,
      );
      assert.equal(handed.status, 202);
      asDescribed("/items/{item}/submit", "post", handed);
    }
    const { revision, digest, changes } = z
      .object({ revision: z.int(), digest: z.string(), changes: z.array(z.looseObject({})) })
      .parse(await planOf(order));
    assert.equal(changes.length, 2);
    assert.ok(!JSON.stringify(changes).includes("secret of a"), "sensitive values are masked");
    const approved = await site.gatehouse.operate("work.approve", { order, revision, digest });
    assert.ok(approved.ok, JSON.stringify(approved));
    await endOf(order);
    const shown = asDescribed("/orders/{order}", "get", await site.send(`/api/work/orders/${order}`, { token }));
    assert.ok(!JSON.stringify(shown).includes("new a"), "what was handed in is the plan's to show");
    const logs = asDescribed(
      "/orders/{order}/logs",
      "get",
      await site.send(`/api/work/orders/${order}/logs`, { token }),
    );
    assert.match(JSON.stringify(logs), /"kind":"proposed"/);
    const query = "?states=queued,submitted,approved,completed&limit=10&available=false";
    const listed = asDescribed("/orders", "get", await site.send(`/api/work/orders${query}`, { token }));
    assert.ok(JSON.stringify(listed).includes(order));
  });

  it("lists orders sorted, page by page, with the members and more that were asked for", async () => {
    for (const [priority, thing] of [
      [1, "p"],
      [3, "q"],
      [2, "r"],
    ] as const) {
      const proposal = { type: "things.rename", input: { things: [thing, `${thing}2`] }, priority };
      assert.equal((await post("/propose", proposal, `sorted-${thing}`)).status, 201);
    }
    const list = async (query: string) =>
      Listed.parse(asDescribed("/orders", "get", await site.send(`/api/work/orders?${query}`, { token })));
    const all = "states=queued&sort=-priority,created_at&fields=priority";
    const first = await list(`${all}&limit=2`);
    assert.deepEqual(
      first.orders.map(({ priority }) => priority),
      [3, 2],
    );
    assert.deepEqual(Object.keys(first.orders[0] ?? {}).toSorted(), ["order", "priority"]);
    const second = await list(`${all}&limit=2&after=${first.next ?? assert.fail()}`);
    assert.deepEqual(second, { orders: [{ order: second.orders[0]?.order, priority: 1 }] });
    const [shown] = (await list("states=queued&sort=created_at&limit=1&include=items,counts,events")).orders;
    assert.deepEqual(shown?.["item_counts"], { queued: 2 });
    assert.match(JSON.stringify([shown?.["items"], shown?.["events"]]), /"key":"p2".+"kind":"proposed"/);
    for (const wrong of [
      "sort=risk",
      "sort=priority,-priority",
      "fields=input",
      "include=plan",
      `after=${first.next}`,
      `sort=created_at&after=${first.next}`,
      "sort=priority&after=e30",
    ]) {
      assert.equal((await site.send(`/api/work/orders?${wrong}`, { token })).status, 422, wrong);
    }
  });

  /** Resolves once an order has been applied. */
  async function endOf(order: string): Promise<void> {
    for (let looks = 0; looks < 200; looks += 1) {
      const { json } = await site.send(`/api/work/orders/${order}`, { token });
      if (JSON.stringify(json).includes('"state":"completed"')) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail("The plan was not carried out.");
  }

  /** The plan of an order, once it is made. */
  async function planOf(order: string): Promise<Answer["json"]> {
    for (let looks = 0; looks < 200; looks += 1) {
      const answered = await site.send(`/api/work/orders/${order}/plan`, { token });
      if (answered.status === 200) return asDescribed("/orders/{order}/plan", "get", answered);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return assert.fail("No plan was made.");
  }
});
