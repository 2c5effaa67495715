import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { SINGLE_TENANT, type Principal } from "../kernel/attempt.ts";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import { deny } from "../kernel/outcome.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { problems } from "../kernel/problems.ts";
import { systemRandom as random } from "../kernel/random.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { openEdgeSetup, TEST_CONNECTION, type EdgeSetup } from "../testing/edge-setup.ts";
import type { Edge } from "./edge.ts";
import type { Inbound } from "./inbound.ts";
import { createOneTimeLinks, type OneTimeLinks } from "./one-time-links.ts";
import { SESSION_COOKIE } from "./session-cookie.ts";

const ORIGIN = "https://app.example";
const PURPOSE = "guest";

interface Door extends EdgeSetup {
  readonly links: OneTimeLinks;
  /** A new link's token. */
  issue(): Promise<string>;
  /** A browser with a session. */
  visitor(): Visitor;
}

/** A browser: what it shows is what it was given last. */
interface Visitor {
  cookie: string;
  /** Clicks the button: the code of the refusal, or who came in. `at` is the cookie and token of the page. */
  click(token: string, at?: string): Promise<string>;
  inbound(): Inbound;
}

function enterAction(links: () => OneTimeLinks): AnyAction {
  let guests = 0;
  return defineAction({
    name: "guest.enter",
    entrances: ["http"],
    input: z.strictObject({ token: z.string() }),
    effects: "store",
    idempotency: false,
    authorise: "public",
    run: async ({ attempt, transaction, input: { token } }) => {
      const identify = () => ({ type: "guest", id: `guest ${(guests += 1)}`, grants: ["look"] }) as const;
      const guest = await links().enter({ attempt, transaction }, { token, purpose: PURPOSE, identify });
      return guest === undefined ? deny(problems.NOT_FOUND) : { guest: guest.id };
    },
  });
}

function visitorOf(edge: Edge, enter: AnyAction): Visitor {
  const requestAs = (cookie: string, token?: string): Inbound => {
    const headers = { cookie: `${SESSION_COOKIE}=${cookie}`, "sec-fetch-site": "same-origin" };
    const method = token === undefined ? "GET" : "POST";
    const fields = token === undefined ? headers : { ...headers, "x-csrf-token": token };
    return edge.inbound(new Request(ORIGIN, { method, headers: fields }), TEST_CONNECTION);
  };
  const visitor: Visitor = {
    cookie: edge.sessions.ensure(edge.inbound(new Request(ORIGIN), TEST_CONNECTION)),
    async click(token, at = visitor.cookie) {
      const inbound = requestAs(at, edge.csrfToken(requestAs(at)));
      const outcome = await edge.perform(enter, inbound, { token });
      if (!outcome.ok) return outcome.problem.code;
      visitor.cookie = edge.sessions.current(inbound) ?? "";
      // What the action answers.
      return (outcome.value as { guest: string }).guest;
    },
    inbound: () => requestAs(visitor.cookie),
  };
  return visitor;
}

async function openDoor(): Promise<Door> {
  const enter = enterAction(() => links);
  const setup = await openEdgeSetup({ actions: [enter] });
  const { edge, store, sessions, clock } = setup;
  const keyRing = createKeyRing(generateKeyMaterial(random, clock));
  const links: OneTimeLinks = createOneTimeLinks({
    store,
    documents: createDocuments(),
    sessions,
    edge,
    keyRing,
    random,
    clock,
  });
  const grant = { principalType: "guest", principalId: "guest", grants: [] } as const;
  const link = { purpose: PURPOSE, tenant: SINGLE_TENANT, grant, lifetime: 60_000 };
  const issue = () => store.write((transaction) => links.issue(transaction, link));
  return Object.assign(setup, { links, issue, visitor: () => visitorOf(edge, enter) });
}

function principal({ edge }: Door, visitor: Visitor): Promise<Principal> {
  return edge.sessions.principal(visitor.inbound());
}

describe("OneTimeLinks.enter", () => {
  it("lets one browser in, and no other", async () => {
    await using door = await openDoor();
    const token = await door.issue();
    const [first, second] = [door.visitor(), door.visitor()];
    assert.equal(await first.click(token), "guest 1");
    assert.equal((await principal(door, first)).id, "guest 1");
    assert.equal(await second.click(token), "NOT_FOUND");
    assert.equal(await first.click("A".repeat(27)), "NOT_FOUND");
  });

  // The browser gave up the first of two requests, and with it the cookie of its answer.
  it("lets the same browser in again for ten seconds, as the same principal and in one session", async () => {
    await using door = await openDoor();
    const token = await door.issue();
    const visitor = door.visitor();
    const page = visitor.cookie;
    assert.equal(await visitor.click(token), "guest 1");
    const lost = visitor.cookie;
    await door.clock.advance(9_999);
    assert.equal(await visitor.click(token, page), "guest 1");
    assert.equal((await principal(door, visitor)).id, "guest 1");
    assert.notEqual(visitor.cookie, lost);
    visitor.cookie = lost;
    assert.equal((await principal(door, visitor)).type, "anonymous");
    await door.clock.advance(1);
    assert.equal(await visitor.click(token, page), "SESSION_EXPIRED");
  });

  it("lets in once who clicks many times at once, and ends no session but those", async () => {
    await using door = await openDoor();
    const token = await door.issue();
    const visitor = door.visitor();
    const page = visitor.cookie;
    const answers = await Promise.all(Array.from({ length: 5 }, () => visitor.click(token, page)));
    assert.deepEqual(new Set(answers), new Set(["guest 1"]));
    const text = "SELECT count(*) AS count FROM sessions WHERE principal_type = 'guest'";
    const rows = await door.store.read((transaction) =>
      transaction.execute<{ count: number }>({ sqlite: text, postgres: text }, []),
    );
    assert.equal(Number(rows[0]?.count), 1);
  });
});

describe("OneTimeLinks.entered", () => {
  // The cookie of the first answer has arrived before the second click.
  it("knows the session that a link has let in, and no other, for ten seconds", async () => {
    await using door = await openDoor();
    const [token, another] = [await door.issue(), await door.issue()];
    const [visitor, stranger] = [door.visitor(), door.visitor()];
    const asked = (who: Visitor, link = token, purpose = PURPOSE) =>
      door.links.entered(who.inbound(), { token: link, purpose });
    assert.equal(await asked(visitor), false);
    await visitor.click(token);
    await stranger.click(another);
    assert.equal(await asked(visitor), true);
    assert.equal(await asked(stranger), false);
    assert.equal(await asked(visitor, another), false);
    assert.equal(await asked(visitor, token, "console"), false);
    assert.equal(await asked(visitor, ""), false);
    await door.clock.advance(10_000);
    assert.equal(await asked(visitor), false);
  });
});
