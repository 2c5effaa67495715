// A click is doubled, a proxy repeats a request, an attacker repeats a paid-for one with other contents or at twenty
// places at once. It is to be carried out once, and never with somebody else's answer.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Answer } from "../support/client.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { runsOf, send, startWorkshop, visitWorkshop } from "../support/workshop.ts";

let server: ServerProcess;

before(async () => {
  server = await startWorkshop();
});
after(() => server[Symbol.asyncDispose]());

/** What is charged for a marker outside of the store. */
function charges(marker: string): number {
  return readFileSync(join(server.data, "charges.txt"), "utf8")
    .split("\n")
    .filter((line) => line === marker).length;
}

describe("the same request again", () => {
  it("is answered from what is stored, and says so", async () => {
    const client = await visitWorkshop(server);
    const first = await client.act("counter", "add", { marker: "again" }, { key: "again-1" });
    assert.equal(first.status, 200);
    assert.equal(first.headers["idempotent-replayed"], undefined);
    const { created_at: createdAt, ...fresh } = first.json.idempotency;
    assert.deepEqual(fresh, { key: "again-1", cached: false, ttl: 3600 });
    assert.match(createdAt, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/);
    await setTimeout(1100);
    const second = await client.act("counter", "add", { marker: "again" }, { key: "again-1" });
    assert.equal(second.status, 200);
    assert.equal(second.headers["idempotent-replayed"], "true");
    const { html, state, version, idempotency } = second.json;
    assert.deepEqual({ html, state, version }, { html: first.json.html, state: first.json.state, version: 1 });
    assert.equal(idempotency.cached, true);
    assert.equal(idempotency.created_at, createdAt);
    assert.ok(idempotency.ttl < 3600 && idempotency.ttl > 3500, String(idempotency.ttl));
    assert.equal(await runsOf(client, "counter.add", "again"), 1);
    // Another token, another version of the page: still the same intent.
    await client.act("counter", "add", { marker: "between" });
    assert.equal((await client.act("counter", "add", { marker: "again" }, { key: "again-1" })).json.state.count, 1);
  });

  it("is recognised by either header on classic routes", async () => {
    const client = await visitWorkshop(server);
    const first = await send(client, "/note", { marker: "header" }, { key: "header-1" });
    assert.deepEqual(first.json, { marker: "header", times: 1 });
    const second = await send(client, "/note", { marker: "header" }, { headers: { "x-idempotency-key": "header-1" } });
    assert.deepEqual(second.json, first.json);
    assert.equal(second.headers["idempotent-replayed"], "true");
    const notes = (await client.get("/notes")).json;
    assert.equal(notes.filter((marker: string) => marker === "header").length, 1);
  });

  it("is refused under the same key with other contents, and nothing is done", async () => {
    const client = await visitWorkshop(server);
    await client.act("counter", "add", { marker: "contents" }, { key: "contents-1" });
    const live = await client.act("counter", "add", { marker: "changed" }, { key: "contents-1" });
    assert.deepEqual([live.status, live.json.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
    await send(client, "/note", { marker: "contents" }, { key: "contents-2" });
    const classic = await send(client, "/note", { marker: "changed" }, { key: "contents-2" });
    assert.deepEqual([classic.status, classic.json.code], [422, "IDEMPOTENCY_KEY_REUSED"]);
    assert.equal(await runsOf(client, "counter.add", "changed"), 0);
    assert.equal(await runsOf(client, "workshop.note", "changed"), 0);
  });

  it("is another one in another session: nobody is given somebody else's answer", async () => {
    const ada = await visitWorkshop(server);
    const mallory = await visitWorkshop(server);
    await send(ada, "/note", { marker: "shared-key" }, { key: "guessable" });
    const answer = await send(mallory, "/note", { marker: "shared-key" }, { key: "guessable" });
    assert.equal(answer.headers["idempotent-replayed"], undefined);
    assert.deepEqual(answer.json, { marker: "shared-key", times: 2 });
  });

  it("needs a key where the action demands one, and a usable one", async () => {
    const client = await visitWorkshop(server);
    const missing = await send(client, "/charge", { marker: "keyless" });
    assert.deepEqual([missing.status, missing.json.code], [428, "IDEMPOTENCY_KEY_REQUIRED"]);
    for (const key of ["x".repeat(256), "with space", "ümlaut"]) {
      const answer = await send(client, "/charge", { marker: "keyless" }, { key });
      assert.deepEqual([answer.status, answer.json.code], [400, "IDEMPOTENCY_KEY_INVALID"], key);
    }
    assert.equal(await runsOf(client, "workshop.charge", "keyless"), 0);
  });
});

describe("the same request at twenty places at once", () => {
  function distinct(answers: readonly Answer[]): Set<string> {
    return new Set(answers.map(({ text }) => text));
  }

  it("is carried out once by a classic route", async () => {
    const client = await visitWorkshop(server);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(client, "/note", { marker: "twenty" }, { key: "twenty-1" })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array.from({ length: 20 }, () => 200),
    );
    assert.equal(distinct(answers).size, 1);
    assert.equal(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined).length, 1);
    assert.equal(await runsOf(client, "workshop.note", "twenty"), 1);
  });

  it("is carried out once by a live component", async () => {
    const client = await visitWorkshop(server);
    const element = client.component("counter");
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.act(element, "add", { marker: "live" }, { key: "live-1" })),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.deepEqual([...new Set(answers.map(({ json }) => json.state.count))], [1]);
    assert.equal(answers.filter(({ json }) => json.idempotency.cached === false).length, 1);
    assert.equal(await runsOf(client, "counter.add", "live"), 1);
  });

  it("reaches what lies outside of the store once, and tells the others to come again", async () => {
    const client = await visitWorkshop(server);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(client, "/charge", { marker: "charge" }, { key: "charge-1" })),
    );
    assert.equal(charges("charge"), 1);
    const done = answers.filter(({ status }) => status === 200);
    const waiting = answers.filter(({ status }) => status === 409);
    assert.equal(done.length + waiting.length, 20);
    assert.ok(done.length >= 1);
    assert.equal(distinct(done).size, 1);
    for (const { json, headers } of waiting) {
      assert.equal(json.code, "IDEMPOTENCY_IN_PROGRESS");
      assert.equal(headers["retry-after"], String(json.retry_after));
    }
    const late = await send(client, "/charge", { marker: "charge" }, { key: "charge-1" });
    assert.equal(late.headers["idempotent-replayed"], "true");
    assert.deepEqual(late.json, { marker: "charge", times: 1 });
    assert.equal(charges("charge"), 1);
  });
});

describe("an action that throws", () => {
  it("says nothing of why, changes nothing, and leaves no record in the way of a retry", async () => {
    const client = await visitWorkshop(server);
    const answer = await client.act("counter", "fail", { marker: "throws" }, { key: "throws-1" });
    assert.deepEqual([answer.status, answer.json.code], [500, "INTERNAL_ERROR"]);
    assert.doesNotMatch(answer.text, /hunter2|password|Error:|at /);
    assert.equal(answer.headers["idempotent-replayed"], undefined);
    assert.doesNotMatch((await client.get("/notes")).text, /throws/);
    await client.act("counter", "fail", { marker: "throws" }, { key: "throws-1" });
    assert.equal(await runsOf(client, "counter.fail", "throws"), 2);
    // No record: the same key may even stand for something else.
    const other = await client.act("counter", "fail", { marker: "another", once: true }, { key: "throws-1" });
    assert.equal(other.status, 500);
    const success = await client.act("counter", "fail", { marker: "another", once: true }, { key: "throws-1" });
    assert.equal(success.status, 200);
    assert.equal(success.json.idempotency.cached, false);
    assert.equal((await client.get("/notes")).json.filter((marker: string) => marker === "another").length, 1);
  });
});

describe("what was answered before a crash", () => {
  it("is answered again after it", async () => {
    const data = await mkdtemp(join(tmpdir(), "gatehouse-replay-"));
    try {
      let port = 0;
      let cookies: ReadonlyMap<string, string>;
      {
        await using first = await startWorkshop({ data });
        const client = await visitWorkshop(first);
        const answer = await send(client, "/note", { marker: "crash" }, { key: "crash-1" });
        assert.equal(answer.status, 200);
        await first.kill();
        ({ port } = first);
        ({ cookies } = client);
      }
      await using second = await startWorkshop({ data, port });
      const client = await visitWorkshop(second);
      for (const [name, value] of cookies) client.cookies.set(name, value);
      await client.refreshToken();
      const answer = await send(client, "/note", { marker: "crash" }, { key: "crash-1" });
      assert.equal(answer.headers["idempotent-replayed"], "true");
      assert.deepEqual(answer.json, { marker: "crash", times: 1 });
      assert.equal(await runsOf(client, "workshop.note", "crash"), 0);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});
