import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { openWorkSite, type Answer, type Sending, type WorkSite } from "../support/work-site.ts";

const MODERN = "2026-07-28";
const TASKS = "io.modelcontextprotocol/tasks";
const Result = z.looseObject({
  result: z.looseObject({}).optional(),
  error: z.looseObject({ code: z.number() }).optional(),
});
const ALL = "work:read work:propose work:execute work:review work:admin";

interface Calling extends Sending {
  readonly capabilities?: object;
  readonly params?: object;
}

/** The endpoint for agents, as somebody meets it who keeps to no client library. */
describe("the endpoint for agents", () => {
  let site: WorkSite;
  before(async () => {
    site = await openWorkSite();
  });
  after(() => site[Symbol.asyncDispose]());

  /** One request of the protocol of 2026, by hand. */
  function ask(method: string, name: string | undefined, { capabilities = {}, params = {}, ...sending }: Calling) {
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": MODERN,
      "io.modelcontextprotocol/clientCapabilities": capabilities,
    };
    return site.send("/mcp", {
      ...sending,
      body: { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta } },
      headers: {
        ...{ accept: "application/json, text/event-stream", "mcp-protocol-version": MODERN, "mcp-method": method },
        ...(name === undefined ? {} : { "mcp-name": name }),
        ...sending.headers,
      },
    });
  }
  const call = (name: string, given: object, calling: Calling): Promise<Answer> =>
    ask("tools/call", name, { ...calling, params: { ...calling.params, name, arguments: given } });
  const resultOf = ({ json }: Answer) => Result.parse(json).result ?? assert.fail(JSON.stringify(json));
  const errorOf = ({ json }: Answer) => Result.parse(json).error ?? assert.fail(JSON.stringify(json));
  const codeOf = (answer: Answer) => z.object({ code: z.string() }).parse(errorOf(answer)["data"]).code;
  const proposal = (key: string) => ({ type: "things.rename", input: { things: [key] }, idempotency_key: key });

  /**
   * DNS rebinding: a page of the attacker's has a name that resolves to this machine, and a browser that sends requests
   * of it here. What gives it away are the names in Host and Origin, whatever token it has got hold of.
   */
  it("answers no name and no page but its own", async () => {
    const token = await site.token({ scope: "work:read" });
    const rebound = await ask("tools/list", undefined, { token, headers: { host: `evil.example:${site.port}` } });
    assert.equal(rebound.status, 421);
    for (const origin of ["https://evil.example", "null", `http://localhost:${site.port + 1}`]) {
      const foreign = await ask("tools/list", undefined, { token, headers: { origin } });
      assert.deepEqual([foreign.status, codeOf(foreign)], [403, "ORIGIN_REFUSED"], origin);
    }
    const crossed = await ask("tools/list", undefined, { token, headers: { "sec-fetch-site": "cross-site" } });
    assert.equal(crossed.status, 403);
    const own = await ask("tools/list", undefined, { token, headers: { origin: site.origin } });
    assert.equal(own.status, 200);
  });

  it("tells strangers where to get a token, by the path of the endpoint", async () => {
    const { status, headers } = await ask("tools/list", undefined, {});
    const document = `${site.origin}/.well-known/oauth-protected-resource/mcp`;
    assert.equal(status, 401);
    assert.match(String(headers["www-authenticate"]), new RegExp(`Bearer resource_metadata="${document}"`));
    const called = await call("work.propose", proposal("stranger"), {});
    assert.match(String(called.headers["www-authenticate"]), /resource_metadata=/);
    const { json } = await site.send("/.well-known/oauth-protected-resource/mcp");
    assert.deepEqual([json["resource"], json["authorization_servers"]], [`${site.origin}/mcp`, [site.origin]]);
  });

  /**
   * Confused deputy: a token that was issued for another resource, or by the house of another tenant, is shown here. It
   * is genuine, but not meant for this endpoint, and whoever it was meant for could be the one who shows it.
   */
  it("takes no token of another resource or tenant", async () => {
    const rest = await site.token({ at: "rest", scope: "work:read" });
    const elsewhere = await site.token({ scope: "work:read", tenant: "other" });
    for (const token of [rest, elsewhere, "made-up", ""]) {
      const { status } = await ask("tools/list", undefined, { token });
      assert.equal(status, token === "" ? 400 : 401, token);
    }
    const home = await ask("tools/list", undefined, { token: elsewhere, tenant: "other" });
    assert.equal(home.status, 200);
    const mcp = await site.token({ scope: "work:read" });
    assert.equal((await site.send("/api/work/types", { token: mcp })).status, 401);
    assert.equal((await site.send("/api/work/types", { token: rest })).status, 200);
  });

  it("answers a call without its scope with 403 before anything of it is looked at, and tells nobody of such tools", async () => {
    const bare = await site.token({ scope: "work:read" });
    const { tools } = z
      .object({ tools: z.array(z.object({ name: z.string() })) })
      .parse(resultOf(await ask("tools/list", undefined, { token: bare })));
    const named = tools.map(({ name }) => name);
    assert.deepEqual(named, ["work.get", "work.list", "work.logs", "work.preview", "work.types"]);
    const scopes = {
      ...Object.fromEntries(
        ["checkout", "heartbeat", "submit", "submit_part", "list_parts", "finalize", "release", "fail"].map((name) => [
          `work.${name}`,
          "work:execute",
        ]),
      ),
      "work.propose": "work:propose",
      "work.cancel": "work:propose",
      "work.comment": "work:propose",
      "work.revert": "work:propose",
      "work.approve": "work:review",
      "work.reject": "work:review",
    };
    for (const [tool, scope] of Object.entries(scopes)) {
      // The input is nonsense: it is not what decides.
      const { status, headers } = await call(tool, { nonsense: true }, { token: bare });
      assert.equal(status, 403, tool);
      const challenge = String(headers["www-authenticate"]);
      assert.match(challenge, /error="insufficient_scope"/);
      assert.match(challenge, new RegExp(`scope="${scope}"`));
      assert.match(challenge, /resource_metadata="[^"]+\/mcp"/);
    }
  });

  /**
   * An agent approves what it has proposed itself. Its token may even have the scope: who has configured its client has
   * given it all there are. Reviews are for people, and a program is none.
   */
  it("lets no agent approve, whatever its token says", async () => {
    const token = await site.token({ scope: ALL });
    const proposed = resultOf(await call("work.propose", proposal("self-approved"), { token }));
    const order = z.object({ order: z.string() }).parse(proposed["structuredContent"]).order;
    const given = { order, revision: 1, digest: "x".repeat(43), idempotency_key: "approve" };
    const answered = await call("work.approve", given, { token });
    const { isError, content } = resultOf(answered);
    assert.equal(isError, true);
    assert.match(JSON.stringify(content), /PERMISSION_DENIED/);
  });

  /**
   * An agent says that it is another: in its headers, and in what the protocol has it say of itself. Both end up in the
   * records as its own words, and decide nothing.
   */
  it("takes no header for who somebody is", async () => {
    const [mine, theirs] = [await site.token({ scope: ALL }), await site.token({ scope: "work:read work:propose" })];
    const proposed = resultOf(await call("work.propose", proposal("mine"), { token: mine }));
    const { order } = z.object({ order: z.string() }).parse(proposed["structuredContent"]);
    const forged = {
      "x-agent-id": "mine",
      "x-agent-name": "mine",
      "x-model-name": "operator",
      "x-forwarded-user": "root",
    };
    const { isError, content } = resultOf(await call("work.get", { order }, { token: theirs, headers: forged }));
    assert.equal(isError, true);
    assert.match(JSON.stringify(content), /WORK_ORDER_UNKNOWN/);
  });

  it("reads no body that is too large, too deep, or a batch of many", async () => {
    const token = await site.token({ scope: ALL });
    const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const large = await site.send("/mcp", { token, headers: json, body: `{"a":"${"x".repeat(1_100_000)}"}` });
    assert.equal(large.status, 413);
    const deep = await site.send("/mcp", { token, headers: json, body: `${'{"a":'.repeat(200)}1${"}".repeat(200)}` });
    assert.equal(deep.status, 413);
    const one = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const batch = await site.send("/mcp", { token, headers: json, body: Array.from({ length: 500 }, () => one) });
    assert.deepEqual([batch.status, errorOf(batch).code], [400, -32602]);
    const twice = await site.send("/mcp", {
      token,
      headers: json,
      body: '{"method":"tools/list","method":"tools/call"}',
    });
    assert.equal(twice.status, 400);
    const form = await site.send("/mcp", { token, headers: { "content-type": "text/plain" }, body: "{}" });
    assert.equal(form.status, 415);
  });

  it("finds no tool by the name of what every object has", async () => {
    const token = await site.token({ scope: ALL });
    for (const name of ["__proto__", "constructor", "toString", "work.types\u0000", "hasOwnProperty", "work.pause"]) {
      const header = { headers: { "mcp-name": `=?base64?${Buffer.from(name).toString("base64")}?=` } };
      const answered = await call(name, {}, { token, ...header });
      assert.ok(answered.status === 400 || errorOf(answered).code === -32602, JSON.stringify(answered.json));
    }
  });

  // A model writes a number where a text belongs. Taken for no key at all, the same call would take more items each time.
  it("takes nothing but a text for an idempotency key, where one need not be there", async () => {
    const token = await site.token({ scope: ALL });
    for (const key of [5, { key: "a" }, ["a"], true, null, "", "ä"]) {
      const refused = resultOf(await call("work.checkout", { idempotency_key: key }, { token }));
      assert.match(JSON.stringify(refused), /IDEMPOTENCY_KEY_INVALID/, JSON.stringify(key));
    }
  });

  /**
   * The identifier of a task gets into other hands: from a log, or from a model that repeats what it has read. It opens
   * nothing there, and nobody can tell whether there is such a task.
   */
  it("shows a task to nobody but whoever began it", async () => {
    const [mine, theirs] = [await site.token({ scope: ALL }), await site.token({ scope: ALL })];
    const capabilities = { extensions: { [TASKS]: {} } };
    const begun = resultOf(await call("work.propose", proposal("task"), { token: mine, capabilities }));
    const { taskId } = z.object({ resultType: z.literal("task"), taskId: z.string().min(40) }).parse(begun);
    const look = (token: string, id: string, tenant = "default") =>
      ask("tasks/get", id, { token, capabilities, params: { taskId: id }, tenant });
    assert.equal(resultOf(await look(mine, taskId))["status"], "working");
    const refused = errorOf(await look(theirs, taskId));
    const madeUp = errorOf(
      await look(
        theirs,
        taskId.replace(/^./, (first) => (first === "A" ? "B" : "A")),
      ),
    );
    assert.deepEqual([refused.code, refused["message"]], [madeUp.code, madeUp["message"]]);
    const elsewhere = await site.token({ scope: ALL, tenant: "other" });
    assert.equal(errorOf(await look(elsewhere, taskId, "other")).code, refused.code);
    const cancelled = await ask("tasks/cancel", taskId, { token: theirs, capabilities, params: { taskId } });
    assert.equal(errorOf(cancelled).code, refused.code);
    assert.equal(resultOf(await look(mine, taskId))["status"], "working");
    const undeclared = await ask("tasks/get", taskId, { token: mine, params: { taskId } });
    assert.equal(errorOf(undeclared).code, -32021);
    await ask("tasks/cancel", taskId, { token: mine, capabilities, params: { taskId } });
    assert.equal(resultOf(await look(mine, taskId))["status"], "cancelled");
  });

  it("carries out a call once under one key, and refuses the key for another call", async () => {
    const token = await site.token({ scope: ALL });
    const [first, second] = await Promise.all([1, 2].map(() => call("work.propose", proposal("once"), { token })));
    assert.deepEqual(
      resultOf(first ?? assert.fail())["structuredContent"],
      resultOf(second ?? assert.fail())["structuredContent"],
    );
    const other = { ...proposal("twice"), idempotency_key: "once" };
    assert.match(JSON.stringify(resultOf(await call("work.propose", other, { token }))), /IDEMPOTENCY_KEY_REUSED/);
    const { idempotency_key: _key, ...keyless } = proposal("keyless");
    const refused = JSON.stringify(resultOf(await call("work.propose", keyless, { token })));
    assert.match(refused, /Give it as the argument idempotency_key[\s\S]+IDEMPOTENCY_KEY_REQUIRED/);
  });

  it("holds a few streams open for one caller, and no more", async () => {
    const token = await site.token({ scope: "work:read" });
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": MODERN,
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const params = { notifications: { toolsListChanged: true }, _meta };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "subscriptions/listen", params });
    const ends = new AbortController();
    const listen = (): Promise<Response> =>
      site.fetch(`${site.origin}/mcp`, {
        ...{ method: "POST", body, signal: ends.signal },
        headers: {
          ...{ authorization: `Bearer ${token}`, "content-type": "application/json" },
          ...{ accept: "application/json, text/event-stream", "mcp-protocol-version": MODERN },
          "mcp-method": "subscriptions/listen",
        },
      });
    const statuses: number[] = [];
    for (let streams = 0; streams < 6; streams += 1) statuses.push((await listen()).status);
    ends.abort();
    assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429]);
  });

  /**
   * Token passthrough: a server hands the token it was shown on, to other systems or to whatever runs behind it. Here
   * nothing behind the entrance ever sees it, and no record does.
   */
  it("keeps the token to itself", async () => {
    const token = await site.token({ scope: ALL });
    const { json } = await call("work.list", {}, { token });
    assert.ok(!JSON.stringify(json).includes(token));
    assert.ok(!JSON.stringify(site.events).includes(token));
  });
});
