// Logs are read by many, copied to many places and kept for long. Whoever reads one must not find in it what would let
// them act as somebody else, or read what people wrote.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { loopbackSessionCookie } from "gatehouse/http";
import { runCommand, startServer, type ServerProcess } from "../support/server-process.ts";
import { eventually, send, startWorkshop, visitWorkshop } from "../support/workshop.ts";

/** Everything a server has written that is kept: its log, its errors and its audit trail. */
async function writtenBy(server: ServerProcess): Promise<string> {
  await eventually(() => server.log.length > 5, "the log is written");
  const { stdout } = await runCommand(["audit", "list", "--limit", "500", "--json"], { data: server.data });
  assert.ok(JSON.parse(stdout).events.length > 5);
  return [server.log.map((line) => JSON.stringify(line)).join("\n"), server.errors, stdout].join("\n");
}

/** Neither whole nor in recognisable pieces: not even the first characters of a secret belong into a log. */
function absent(written: string, secrets: Readonly<Record<string, string | undefined>>): void {
  for (const [name, secret = ""] of Object.entries(secrets)) {
    assert.ok(secret.length >= 16, `${name} is too short to be looked for: ${secret}`);
    assert.ok(!written.includes(secret.slice(0, 12)), `the beginning of ${name} was written down`);
    assert.ok(!written.includes(secret.slice(-12)), `the end of ${name} was written down`);
  }
}

describe("the log of a workshop under attack", () => {
  let server: ServerProcess;
  before(async () => {
    server = await startWorkshop();
  });
  after(() => server[Symbol.asyncDispose]());

  it("has no cookies, tokens, keys, links or contents in it", async () => {
    const client = await visitWorkshop(server);
    const anonymous = [...client.cookies.values()][0];
    const firstToken = client.token;
    const wrong = `forged-token-${"z".repeat(40)}`;
    const link = server.links["console"]?.split("/").at(-1);
    const madeUp = "Abcdefghijklmnopqrstuvwxyz0";
    const secret = "the-combination-is-31-41-59-26";
    await client.act("vault", "keep", { label: "label", secret });
    await client.act("counter", "add", { marker: "m" }, { token: wrong });
    await client.act("counter", "fail", { marker: "fails-loudly" });
    await send(client, "/note", { marker: secret }, { key: `key-${secret}` });
    await send(client, "/note", { marker: `${secret}!` }, { key: `key-${secret}` });
    await client.get(`/console/enter/${madeUp}?token=${secret}`);
    await client.get(`/nothing/${secret}?access_token=${secret}`);
    await client.get(`/${madeUp}`);
    await client.get(`${new URL(server.links["console"] ?? "").pathname}/more`);
    await client.post(`/console/enterr/${link}`, "");
    await client.post("/note", `{"broken": "${secret}"`, { headers: { "content-type": "application/json" } });
    await client.get("/console", { headers: { authorization: `Bearer ${secret}` } });
    client.cookies.set(loopbackSessionCookie(new URL(server.url)), `forged-cookie-${"y".repeat(40)}`);
    await client.act("counter", "add", { marker: "m" });

    const operator = await visitWorkshop(server);
    assert.equal((await operator.enter(server.links["console"] ?? "")).status, 303);
    const signedIn = [...operator.cookies.values()][0];
    await operator.open("/console/events");
    const operatorToken = operator.token;
    await operator.enter(`/console/enter/${madeUp}`);
    const cookies = { anonymous, signedIn, forged: `forged-cookie-${"y".repeat(40)}` };
    const tokens = { firstToken, lastToken: client.token, wrong, operatorToken };
    const seed = client.component("counter").seed;
    absent(await writtenBy(server), {
      ...cookies,
      ...tokens,
      link,
      madeUp,
      secret,
      ...(seed === undefined ? {} : { seed }),
    });
  });

  it("says who did what from where, with the number of the request", async () => {
    const client = await visitWorkshop(server, "127.0.4.1");
    const answer = await client.act("counter", "add", { marker: "m" }, { token: "wrong" });
    const requestId = answer.headers["x-request-id"];
    const line = await eventually(
      () => server.log.find((entry) => entry["request_id"] === requestId),
      "the refusal is logged",
    );
    assert.partialDeepStrictEqual(line, {
      event: "malicious_csrf",
      outcome: "denied",
      problem: "CSRF_TOKEN_INVALID",
      action: "counter.add",
      actor: { type: "anonymous" },
      source: { entrance: "live", ip: "127.0.4.1" },
    });
  });

  it("stays one line an event whatever is sent", async () => {
    const client = await visitWorkshop(server);
    const before = server.log.length;
    const forged = '{"event":"sys_startup","outcome":"success"}';
    await client.get(`/x%0a${encodeURIComponent(forged)}`);
    await client.get("/nothing", { headers: { "user-agent": `a\tb ${forged}`, referer: `http://x/${forged}` } });
    await client.act("counter", "add", { marker: "m" }, { token: `\u001b[2J ${forged}` }).catch(() => undefined);
    const lines = await eventually(() => {
      const written = server.log.slice(before);
      return written.length >= 2 ? written : undefined;
    }, "the refusals are logged");
    assert.ok(lines.every((line) => line["event"] !== "sys_startup"));
    assert.doesNotMatch(JSON.stringify(lines), /\u001b|\\u001b/);
  });
});

describe("the log of the gallery", () => {
  it("has nothing in it of what guests write", async () => {
    await using server = await startServer();
    const client = await visitWorkshop(server);
    assert.equal((await client.enter(server.links["guest"] ?? "")).status, 303);
    await client.open("/events/anna-and-ben");
    const author = "Guest of Honour the Third";
    const message = "Nobody but the hosts should read this.";
    assert.equal((await client.act("guestbook", "sign", { author, message })).status, 200);
    for (let count = 0; count < 4; count += 1) await client.act("like", "set", { liked: count % 2 === 0 });
    absent(await writtenBy(server), { author, message, cookie: [...client.cookies.values()][0], token: client.token });
  });
});
