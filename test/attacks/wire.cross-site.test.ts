// A page of somebody else's makes a visitor's browser send requests with the visitor's cookies. It knows neither
// the session's token nor can it hide where it comes from; whatever it sends must not be carried out.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client } from "../support/client.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { runsOf, send, startWorkshop, visitWorkshop } from "../support/workshop.ts";

let server: ServerProcess;

before(async () => {
  server = await startWorkshop();
});
after(() => server[Symbol.asyncDispose]());

/** What a refused request was answered, after checking that nothing was done. */
async function refusal(client: Client, marker: string): Promise<void> {
  assert.equal(await runsOf(client, "counter.add", marker), 0, marker);
  assert.equal(await runsOf(client, "workshop.note", marker), 0, marker);
  assert.doesNotMatch((await client.get("/notes")).text, new RegExp(marker));
}

describe("requests without the session's token", () => {
  it("are refused with CSRF_TOKEN_INVALID whatever is in the token's place", async () => {
    const victim = await visitWorkshop(server);
    const foreign = (await visitWorkshop(server)).token;
    const own = victim.token ?? "";
    const bad: readonly (string | undefined)[] = [
      undefined,
      "",
      "wrong",
      foreign,
      `${own}x`,
      own.slice(0, -1),
      own.toUpperCase(),
      `${own.startsWith("A") ? "B" : "A"}${own.slice(1)}`,
      "a".repeat(1024),
    ];
    for (const [index, token] of bad.entries()) {
      // From another address each: three violations would end the visit.
      const client = await visitWorkshop(server);
      for (const [name, value] of victim.cookies) client.cookies.set(name, value);
      const marker = `token-${index}`;
      const live = await client.act("counter", "add", { marker }, { token });
      assert.equal(live.status, 403, marker);
      assert.equal(live.headers["content-type"], "application/problem+json");
      assert.equal(live.json.code, "CSRF_TOKEN_INVALID", live.text);
      assert.equal(live.json.error, "Invalid security token. Please refresh the page.");
      client.token = token;
      const classic = await send(client, "/note", { marker });
      assert.deepEqual([classic.status, classic.json.code], [403, "CSRF_TOKEN_INVALID"], marker);
      await refusal(client, marker);
    }
    assert.equal((await victim.act("counter", "add", { marker: "own" })).status, 200);
  });

  it("are refused without a session as with one, and with a token whose session is gone", async () => {
    const victim = await visitWorkshop(server);
    const stranger = await visitWorkshop(server);
    stranger.cookies.clear();
    const answer = await stranger.act("counter", "add", { marker: "no-session" }, { token: victim.token });
    assert.deepEqual([answer.status, answer.json.code], [403, "SESSION_EXPIRED"]);
    assert.equal(answer.json.action, "REFRESH_PAGE");
    stranger.cookies.clear();
    const bare = await stranger.act("counter", "add", { marker: "no-session" }, { token: undefined });
    assert.deepEqual([bare.status, bare.json.code], [403, "CSRF_TOKEN_INVALID"]);
    await refusal(stranger, "no-session");
  });

  it("get no new token from the refresh endpoint when another site asks for it", async () => {
    const victim = await visitWorkshop(server);
    const other = `http://localhost:${server.port + 1}`;
    for (const headers of [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": undefined, origin: "http://evil.example" },
      { "sec-fetch-site": "same-site", origin: other },
      { "sec-fetch-site": undefined, origin: "null" },
    ]) {
      const answer = await victim.get("/api/csrf/refresh", { headers });
      assert.equal(answer.status, 403, JSON.stringify(headers));
      assert.equal(answer.json.csrf_token, undefined);
    }
    assert.equal(typeof (await victim.refreshToken()), "string");
  });
});

describe("requests from pages of other origins", () => {
  it("are refused even with the right token and cookie", async () => {
    const { port } = server;
    const client = await visitWorkshop(server);
    const refused: readonly Readonly<Record<string, string | undefined>>[] = [
      { origin: "http://evil.example", "sec-fetch-site": "cross-site" },
      { origin: undefined, "sec-fetch-site": "cross-site" },
      { origin: "http://evil.example", "sec-fetch-site": undefined },
      { origin: "http://evil.example", "sec-fetch-site": "none" },
      // Another port of the same machine: the browser sends its cookies there.
      { origin: `http://localhost:${port + 1}`, "sec-fetch-site": "same-site" },
      { origin: `http://localhost:${port + 1}`, "sec-fetch-site": undefined },
      { origin: undefined, "sec-fetch-site": "same-site" },
      { origin: "http://localhost", "sec-fetch-site": undefined },
      { origin: `https://localhost:${port}`, "sec-fetch-site": undefined },
      { origin: `http://127.0.0.1:${port}`, "sec-fetch-site": undefined },
      { origin: `http://localhost.evil.example:${port}`, "sec-fetch-site": undefined },
      { origin: "null", "sec-fetch-site": undefined },
      { origin: "null", "sec-fetch-site": "same-origin" },
      { origin: `http://localhost:${port}`, "sec-fetch-site": "cross-site" },
      { origin: `http://localhost:${port}`, "sec-fetch-site": "sideways" },
    ];
    for (const [index, headers] of refused.entries()) {
      const marker = `origin-${index}`;
      const live = await client.act("counter", "add", { marker }, { headers });
      assert.deepEqual([live.status, live.json.code], [403, "ORIGIN_REFUSED"], JSON.stringify(headers));
      const classic = await send(client, "/note", { marker }, { headers });
      assert.deepEqual([classic.status, classic.json.code], [403, "ORIGIN_REFUSED"], JSON.stringify(headers));
      await refusal(client, marker);
    }
    // Thirty refusals of what a foreign page sent do not get its victim banned.
    assert.equal((await client.act("counter", "add", { marker: "afterwards" })).status, 200);
  });

  it("are carried out for own pages, also of browsers that say little", async () => {
    const client = await visitWorkshop(server);
    for (const headers of [
      { origin: server.url, "sec-fetch-site": "same-origin" },
      { origin: server.url, "sec-fetch-site": undefined },
      { origin: undefined, "sec-fetch-site": undefined },
      { origin: undefined, "sec-fetch-site": "none" },
    ]) {
      const answer = await client.act("counter", "add", { marker: "own-page" }, { headers });
      assert.equal(answer.status, 200, JSON.stringify(headers));
    }
    assert.equal(await runsOf(client, "counter.add", "own-page"), 4);
  });

  it("are refused in the forms that need no preflight", async () => {
    const client = await visitWorkshop(server);
    const { token = "" } = client;
    const body = JSON.stringify({
      component_id: client.component("counter").id,
      action: "add",
      params: { marker: "simple" },
      _csrf_token: token,
    });
    for (const type of ["text/plain", "text/plain;charset=utf-8", undefined, "application/json+x", "image/png"]) {
      const answer = await client.post("/api/livecomponents/action", body, { headers: { "content-type": type } });
      assert.ok([400, 415].includes(answer.status), `${type}: ${answer.status} ${answer.text}`);
    }
    const method = await client.request("/api/livecomponents/action", { method: "GET" });
    assert.equal(method.status, 405);
    await refusal(client, "simple");
  });

  it("may not read answers: nothing is shared with other origins", async () => {
    const client = await visitWorkshop(server);
    for (const path of ["/", "/runs", "/api/csrf/refresh", "/nothing"]) {
      const { headers } = await client.get(path, { headers: { origin: "http://evil.example" } });
      assert.equal(headers["access-control-allow-origin"], undefined, path);
      assert.equal(headers["cross-origin-resource-policy"], "same-origin", path);
    }
    const preflight = await client.request("/api/livecomponents/action", {
      method: "OPTIONS",
      headers: { origin: "http://evil.example", "access-control-request-method": "POST" },
    });
    assert.equal(preflight.headers["access-control-allow-origin"], undefined);
  });
});
