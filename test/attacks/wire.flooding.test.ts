// A script attempts an action as fast as it can, under ever new sessions. It is to get no more attempts than the limit,
// to be told when to come back, and to be shut out for a while when it does not listen.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Answer, Client } from "../support/client.ts";
import { runCommand, type ServerProcess } from "../support/server-process.ts";
import { eventually, runsOf, send, startWorkshop, visitWorkshop } from "../support/workshop.ts";

interface Ban {
  readonly id: string;
  readonly subject: { readonly kind: string; readonly value: string };
  readonly reason: string;
  readonly entrance?: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly violations: number;
}

async function bansOf(data: string, address: string): Promise<readonly Ban[]> {
  const { code, stdout, stderr } = await runCommand(["bans", "list", "--json"], { data });
  assert.equal(code, 0, stderr);
  const { bans } = JSON.parse(stdout);
  return bans.filter(({ subject }: Ban) => subject.value === address);
}

function add(client: Client, marker: string): Promise<Answer> {
  return client.act("counter", "add", { marker });
}

/** What a program that guesses tokens leaves out, and every browser sends. */
const WITHOUT_A_PAGE = { origin: undefined, "sec-fetch-site": undefined };

/** Attempts with a wrong token that come from no page of ours: those would be forgiven. */
async function violate(client: Client, times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    const options = { token: "wrong", headers: WITHOUT_A_PAGE };
    const answer = await client.act("counter", "add", { marker: "violation" }, options);
    assert.equal(answer.json.code, "CSRF_TOKEN_INVALID");
  }
}

async function banned(client: Client): Promise<Answer> {
  return eventually(async () => {
    const answer = await add(client, "banned");
    return answer.json.code === "SOURCE_BANNED" ? answer : undefined;
  }, "the source is banned");
}

describe("too many attempts", () => {
  let server: ServerProcess;
  before(async () => {
    server = await startWorkshop();
  });
  after(() => server[Symbol.asyncDispose]());

  it("are admitted sixty times in a minute, and not a sixty-first time", async () => {
    const client = await visitWorkshop(server);
    const started = Math.floor(Date.now() / 1000);
    for (let count = 1; count <= 60; count += 1) {
      const { status, headers } = await add(client, "sixty");
      assert.equal(status, 200, `attempt ${count}`);
      assert.equal(headers["x-ratelimit-limit"], "60");
      assert.equal(headers["x-ratelimit-remaining"], String(60 - count));
      assert.equal(headers["retry-after"], undefined);
    }
    const { status, headers, json } = await add(client, "sixty");
    const now = Math.ceil(Date.now() / 1000);
    assert.equal(status, 429);
    assert.equal(headers["content-type"], "application/problem+json");
    const retryAfter = Number(headers["retry-after"]);
    assert.ok(retryAfter > 60 - (now - started) - 2 && retryAfter <= 60, String(retryAfter));
    assert.partialDeepStrictEqual(json, {
      error: "Rate limit exceeded",
      code: "RATE_LIMIT_EXCEEDED",
      retry_after: retryAfter,
      limit: 60,
      window: 60,
      status: 429,
      title: "Rate limit exceeded",
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      "violated-policies": ["default"],
      request_id: headers["x-request-id"],
    });
    assert.equal(headers["x-ratelimit-limit"], "60");
    assert.equal(headers["x-ratelimit-remaining"], "0");
    const reset = Number(headers["x-ratelimit-reset"]);
    assert.ok(reset >= started + 60 && reset <= now + 60, `${started} ${reset} ${now}`);
    assert.equal(headers["ratelimit-policy"], '"default";q=60;w=60');
    assert.equal(headers["ratelimit"], `"default";r=0;t=${retryAfter}`);
    assert.equal(await runsOf(client, "counter.add", "sixty"), 60);
  });

  it("do not become admissible through a new session, another key, or forwarding headers", async () => {
    const first = await visitWorkshop(server, "127.0.2.1");
    for (let count = 1; count <= 60; count += 1) await add(first, "renewed");
    const second = await visitWorkshop(server, "127.0.2.1");
    assert.notDeepEqual(second.cookies, first.cookies);
    assert.equal((await add(second, "renewed")).status, 429);
    const headers = { "x-forwarded-for": "198.51.100.1", forwarded: "for=198.51.100.1", "x-real-ip": "198.51.100.1" };
    assert.equal((await second.act("counter", "add", { marker: "renewed" }, { headers })).status, 429);
    assert.equal(await runsOf(second, "counter.add", "renewed"), 60);
    const elsewhere = await visitWorkshop(server);
    assert.equal((await add(elsewhere, "renewed")).status, 200);
  });

  it("are counted exactly when they come at the same time", async () => {
    const client = await visitWorkshop(server);
    const answers = await Promise.all(Array.from({ length: 90 }, () => add(client, "together")));
    assert.equal(answers.filter(({ status }) => status === 200).length, 60);
    const codes = new Set(answers.filter(({ status }) => status !== 200).map(({ json }) => json.code));
    assert.deepEqual(codes, new Set(["RATE_LIMIT_EXCEEDED"]));
    assert.equal(await runsOf(client, "counter.add", "together"), 60);
  });

  it("are told so in words and in a header where a browser sends a form", async () => {
    const client = await visitWorkshop(server);
    for (let count = 1; count <= 60; count += 1) await send(client, "/note", { marker: "form" });
    const form = new URLSearchParams({ marker: "form", _csrf_token: client.token ?? "" });
    const { status, headers, text } = await client.post("/note", form, { headers: { accept: "text/html" } });
    assert.equal(status, 429);
    assert.match(String(headers["content-type"]), /^text\/html/);
    assert.match(text, /Please try again in \d+ seconds\./);
    assert.match(String(headers["retry-after"]), /^\d+$/);
  });
});

/** Three violations, and a crash of the server. Resolves to its port. */
async function banForAnHour(data: string, address: string): Promise<number> {
  await using server = await startWorkshop({ data });
  const client = await visitWorkshop(server, address);
  await violate(client, 2);
  assert.equal((await add(client, "still-in")).status, 200);
  await violate(client, 1);
  const { status, json, headers } = await banned(client);
  assert.equal(status, 403);
  assert.ok(json.retry_after > 3590 && json.retry_after <= 3600, String(json.retry_after));
  assert.equal(headers["retry-after"], String(json.retry_after));
  const before = await runsOf(client, "counter.add", "banned");
  assert.equal((await add(client, "banned")).json.code, "SOURCE_BANNED");
  assert.equal(await runsOf(client, "counter.add", "banned"), before);

  const [ban] = await bansOf(data, address);
  assert.partialDeepStrictEqual(ban, { subject: { kind: "ip", value: address }, entrance: "live", violations: 3 });
  assert.equal(((ban?.expiresAt ?? 0) - (ban?.createdAt ?? 0)) / 60_000, 60);
  // Others at the same address are kept from the entrance that was abused, not from the rest.
  assert.equal((await send(client, "/note", { marker: "other-entrance" })).status, 200);
  assert.equal((await add(await visitWorkshop(server), "neighbour")).status, 200);
  await server.kill();
  return server.port;
}

/** Comes back after every ban, which are short here, and goes on with it. */
async function banForADay(data: string, address: string): Promise<void> {
  const environment = { GATEHOUSE_PENALTIES_SOFT_DURATION: "1s" };
  await using server = await startWorkshop({ data, environment });
  const client = await visitWorkshop(server, address);
  await violate(client, 2);
  for (let count = 3; count < 10; count += 1) {
    await violate(client, 1);
    assert.equal((await banned(client)).json.retry_after, 1, `violation ${count}`);
    await eventually(async () => (await add(client, "back")).status === 200, "the short ban is over");
  }
  await violate(client, 1);
  await eventually(async () => (await banned(client)).json.retry_after > 86_000, "the ban is for a day");
  const [ban] = await bansOf(data, address);
  assert.equal(ban?.entrance, undefined);
  assert.equal(ban?.violations, 10);
  assert.equal(((ban?.expiresAt ?? 0) - (ban?.createdAt ?? 0)) / 3_600_000, 24);
  assert.equal((await send(client, "/note", { marker: "shut-out" })).json.code, "SOURCE_BANNED");
}

describe("repeated violations", () => {
  it("shut their source out of the entrance they used for an hour, also over a crash", async () => {
    const data = await mkdtemp(join(tmpdir(), "gatehouse-bans-"));
    try {
      const port = await banForAnHour(data, "127.0.3.1");
      await using server = await startWorkshop({ data, port });
      const client = await visitWorkshop(server, "127.0.3.1");
      assert.equal((await add(client, "banned")).json.code, "SOURCE_BANNED");
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

  it("shut it out of everything for a day when they go on", async () => {
    const data = await mkdtemp(join(tmpdir(), "gatehouse-bans-"));
    try {
      await banForADay(data, "127.0.3.4");
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

  it("are forgiven by an operator, on the command line", async () => {
    await using server = await startWorkshop();
    const { data } = server;
    const client = await visitWorkshop(server, "127.0.3.2");
    await violate(client, 3);
    await banned(client);
    const [ban] = await bansOf(data, "127.0.3.2");
    const { code, stdout } = await runCommand(["bans", "lift", ban?.id ?? ""], { data });
    assert.equal(code, 0);
    assert.match(stdout, /is lifted/);
    assert.equal((await add(client, "forgiven")).status, 200);
    assert.deepEqual(await bansOf(data, "127.0.3.2"), []);
    const { stdout: events } = await runCommand(["audit", "list", "--json"], { data });
    const names = JSON.parse(events).events.map(({ name }: { name: string }) => name);
    assert.ok(names.includes("source_banned") && names.includes("source_ban_lifted"), names.join());
    const again = await runCommand(["bans", "lift", ban?.id ?? ""], { data });
    assert.equal(again.code, 1);
    assert.match(again.stderr, /There is no ban /);
  });

  it("are counted from refused limits too, but one flood is not many", async () => {
    await using server = await startWorkshop();
    const client = await visitWorkshop(server, "127.0.3.3");
    for (let count = 1; count <= 60; count += 1) await add(client, "flood");
    assert.equal((await add(client, "flood")).json.code, "RATE_LIMIT_EXCEEDED");
    assert.equal((await send(client, "/note", { marker: "flood" })).status, 200);
    // Others may be behind the address: another violation comes with every further share.
    for (let count = 2; count <= 120; count += 1) {
      assert.equal((await add(client, "flood")).json.code, "RATE_LIMIT_EXCEEDED", `refusal ${count}`);
    }
    assert.equal((await add(client, "flood")).status, 429);
    const { json } = await banned(client);
    assert.ok(json.retry_after <= 3600);
  });
});
