import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { SqlValue } from "../../kernel/ports/store.ts";
import { upgrade, type UpgradeAnswer } from "../../testing/line-client.ts";
import { GOOD_TOKEN, openLineKit, type LineKit, type SignedIn } from "../../testing/line-kit.ts";

interface Issued {
  readonly ticket: string;
  readonly expires_in: number;
}

async function issue(kit: LineKit, { cookie, csrfToken }: SignedIn, body: unknown = {}): Promise<Issued> {
  const answer = await fetch(`${kit.url}/connection/ticket`, {
    method: "POST",
    headers: { cookie, "x-csrf-token": csrfToken, origin: kit.url, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  assert.equal(answer.headers.get("cache-control"), "no-store");
  return (await answer.json()) as Issued; // What the route answers.
}

function show(kit: LineKit, ticket: string, origin: string | undefined = kit.url): Promise<UpgradeAnswer> {
  const headers = { "sec-websocket-protocol": `centrifuge-json, ticket.${ticket}`, origin };
  return upgrade(kit.port, { headers: { ...headers, ...(origin === "" ? { origin: undefined } : {}) } });
}

/*
 * A ticket travels in a header that proxies write down, and opens a connection as whoever asked for it. Somebody who reads
 * one later, or elsewhere, or at the same moment, must not get in by it.
 */
describe("Stolen tickets", () => {
  it("open one connection for those they were given to", async () => {
    await using kit = await openLineKit();
    const { ticket, expires_in: seconds } = await issue(kit, await kit.signIn("anna"), { actor: "room:kitchen" });
    assert.match(ticket, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(seconds, 30);
    await using opened = await show(kit, ticket);
    assert.deepEqual([opened.status, opened.headers.get("sec-websocket-protocol")], [101, "centrifuge-json"]);
    const { admitted } = kit.connections[0] ?? {};
    assert.deepEqual([admitted?.principal?.id, admitted?.actor], ["anna", "room:kitchen"]);
    await using again = await show(kit, ticket);
    assert.equal(again.status, 401, "a ticket is good once");
  });

  it("are good for nothing elsewhere, later, or after they were shown from elsewhere", async () => {
    await using kit = await openLineKit();
    const anna = await kit.signIn("anna");
    for (const origin of ["https://evil.example", "null", "", `${kit.url}.evil.example`]) {
      const { ticket } = await issue(kit, anna);
      await using foreign = await show(kit, ticket, origin);
      assert.ok([401, 403].includes(foreign.status), `${origin}: ${foreign.status}`);
      await using own = await show(kit, ticket);
      assert.equal(own.status, 401, "it was used up");
    }
    const { ticket } = await issue(kit, anna);
    await kit.setup.clock.advance(30_001);
    await using late = await show(kit, ticket);
    assert.equal(late.status, 401);
    assert.equal(kit.connections.length, 0);
  });

  it("let one of twenty in who show the same at once", async () => {
    await using kit = await openLineKit();
    const { ticket } = await issue(kit, await kit.signIn("anna"));
    const answers = await Promise.all(Array.from({ length: 20 }, () => show(kit, ticket)));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [101, ...Array.from({ length: 19 }, () => 401)]);
    for (const answer of answers) await answer[Symbol.asyncDispose]();
    const redeemed = await Promise.all(
      Array.from({ length: 20 }, () => kit.lines.redeemTicket(ticket, { tenant: "default", origin: kit.url })),
    );
    assert.ok(redeemed.every((answer) => "problem" in answer));
  });

  it("end with the session that they were given for", async () => {
    await using kit = await openLineKit();
    const anna = await kit.signIn("anna");
    const { ticket } = await issue(kit, anna);
    const id = kit.setup.edge.sessions.idOf(anna.cookie.split("=")[1] ?? "");
    await kit.setup.store.write((transaction) => kit.setup.edge.sessions.end(transaction, id));
    await using answer = await show(kit, ticket);
    assert.equal(answer.status, 401);
  });

  it("count as a token in the connect frame, with their origin and tenant", async () => {
    await using kit = await openLineKit();
    const anna = await kit.signIn("anna");
    const place = { tenant: "default", origin: kit.url };
    const good = await kit.lines.redeemTicket((await issue(kit, anna, { actor: "room:a" })).ticket, place);
    assert.ok(!("problem" in good));
    assert.deepEqual(
      [good.principal, good.actor, good.credential.kind],
      [{ type: "user", id: "anna" }, "room:a", "session"],
    );
    for (const wrong of [
      { ...place, tenant: "other" },
      { ...place, origin: undefined },
      { ...place, origin: "https://evil.example" },
    ]) {
      const answer = await kit.lines.redeemTicket((await issue(kit, anna)).ticket, wrong);
      assert.ok("problem" in answer && answer.problem.status === 401);
    }
  });

  it("cannot be made of a copy of the store", async () => {
    await using kit = await openLineKit();
    const anna = await kit.signIn("anna");
    const { ticket } = await issue(kit, anna);
    const rows = await kit.setup.store.read((transaction) =>
      transaction.execute<Record<string, SqlValue>>(
        { sqlite: "SELECT * FROM documents", postgres: "SELECT * FROM documents" },
        [],
      ),
    );
    assert.equal(rows.length, 1);
    const stored = JSON.stringify(rows);
    for (const secret of [ticket, anna.cookie.split("=")[1] ?? "", kit.url]) assert.ok(!stored.includes(secret));
  });

  it("are not given to foreign pages, strangers, or without the session's token", async () => {
    await using kit = await openLineKit();
    const { cookie, csrfToken } = await kit.signIn("anna");
    const type = { "content-type": "application/json" };
    const own = { ...type, cookie, origin: kit.url, "x-csrf-token": csrfToken };
    const asked: readonly (readonly [Record<string, string>, string, number])[] = [
      [{ ...own, origin: "https://evil.example" }, "{}", 403],
      [{ ...type, cookie, origin: kit.url }, "{}", 403],
      [{ ...own, "x-csrf-token": "made up" }, "{}", 403],
      [{ ...type, authorization: "Bearer bad" }, "{}", 401],
      [{ ...type, authorization: `Bearer ${GOOD_TOKEN}` }, "{}", 200],
      [own, '{"actor":"a b"}', 422],
      [own, '{"principal":"bob"}', 422],
      [own, "[]", 422],
      [own, "{", 400],
    ];
    for (const [headers, body, status] of asked) {
      const answer = await fetch(`${kit.url}/connection/ticket`, { method: "POST", headers, body });
      assert.equal(answer.status, status, `${JSON.stringify(headers)} ${body}`);
    }
    const stranger = await fetch(`${kit.url}/connection/ticket`, { method: "POST", headers: type, body: "{}" });
    assert.ok([401, 403].includes(stranger.status));
  });

  it("show a browser the status that an upgrade would hide", async () => {
    await using kit = await openLineKit({ lines: { options: { perUser: 1 } } });
    const anna = await kit.signIn("anna");
    await using open = await upgrade(kit.port, { headers: { cookie: anna.cookie, origin: kit.url } });
    assert.equal(open.status, 101);
    const headers = { cookie: anna.cookie, "x-csrf-token": anna.csrfToken, origin: kit.url };
    const answer = await fetch(`${kit.url}/connection/ticket`, { method: "POST", headers });
    assert.equal(answer.status, 429);
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
  });

  it("are readable for origins that are named, and only by name where cookies travel", async () => {
    const partner = "https://partner.example";
    const cors = [{ path: "/connection", origins: [partner], credentials: true }];
    await using kit = await openLineKit({ edge: { cors } });
    const path = `${kit.url}/connection/ticket`;
    const preflight = await fetch(path, {
      method: "OPTIONS",
      headers: { origin: partner, "access-control-request-method": "POST" },
    });
    assert.equal(preflight.headers.get("access-control-allow-origin"), partner);
    assert.equal(preflight.headers.get("access-control-allow-credentials"), "true");
    const authorization = `Bearer ${GOOD_TOKEN}`;
    const given = await fetch(path, { method: "POST", headers: { origin: partner, authorization } });
    assert.deepEqual([given.status, given.headers.get("access-control-allow-origin")], [200, partner]);
    const other = await fetch(path, { method: "POST", headers: { origin: "https://other.example", authorization } });
    assert.equal(other.headers.get("access-control-allow-origin"), null);
    await assert.rejects(
      openLineKit({ edge: { cors: [{ path: "/connection", origins: "*", credentials: true }] } }),
      /credentials/,
    );
  });
});
