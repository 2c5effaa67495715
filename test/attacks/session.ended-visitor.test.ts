// A visitor who never signed in leaves, or signs in, on a machine that others use as well. Somebody who has a copy of
// the visitor's cookie shows it again, to get at what that session owned.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { loopbackSessionCookie } from "gatehouse/http";
import { defineAction, isDenial, type AnyAction } from "gatehouse/kernel";
import { live } from "gatehouse/live";
import { createSessions } from "gatehouse/store";
import type { Services } from "gatehouse";
import { openGuarded, SIGN_IN, type GuardedServer } from "../support/guarded-server.ts";
import { fetchWire, type Wire, type WireRequest, type WireResponse } from "../support/wire.ts";

const HOUR = 3_600_000;
const ACTION = "/api/livecomponents/action";

const purse = live("purse", {
  state: z.object({ coins: z.number() }),
  mount: () => ({ coins: 0 }),
  actions: (action) => ({
    count: action({ authorise: "public" }, ({ state }) => state),
    earn: action({ authorise: "public" }, ({ state }) => ({ coins: state.coins + 1 })),
  }),
  render: ({ state }) => html`<p>${state.coins}</p>`,
});

function visitorActions({ edge }: Services): Record<"keep" | "leave", AnyAction> {
  const common = { entrances: ["http"], effects: "store", authorise: "public", idempotency: false } as const;
  return {
    keep: defineAction({
      ...common,
      name: "visitors.keep",
      input: z.strictObject({}),
      run: async (context) => {
        const kept = await edge.sessions.keep(context);
        return isDenial(kept) ? kept : {};
      },
    }),
    leave: defineAction({
      ...common,
      name: "visitors.leave",
      input: z.strictObject({}),
      run: async (context) => {
        await edge.sessions.logout(context);
        return {};
      },
    }),
  };
}

/** A browser that goes by the cookies it is given, and a copy of them where it is asked for one. */
class Browser {
  readonly #wire: Wire;
  cookie = "";
  #token = "";

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  copy(): Browser {
    const copy = new Browser(this.#wire);
    copy.cookie = this.cookie;
    copy.#token = this.#token;
    return copy;
  }

  async post(path: string, body: object = {}): Promise<Readonly<Record<string, unknown>>> {
    if (this.#token === "") await this.renew();
    const answer = await this.#send({ method: "POST", path, body: JSON.stringify(body) });
    // Every answer here is a JSON object.
    return JSON.parse(answer.text) as Readonly<Record<string, unknown>>;
  }

  async act(action: string): Promise<Readonly<Record<string, unknown>>> {
    return this.post(ACTION, { component_id: "purse:main", action });
  }

  /** Asks for a token as a page does; who has no session, or no longer, begins another. */
  async renew(): Promise<void> {
    const { text } = await this.#send({ method: "GET", path: "/api/csrf/refresh" });
    // What the route answers.
    this.#token = (JSON.parse(text) as { csrf_token: string }).csrf_token;
  }

  async #send(sent: Omit<WireRequest, "headers">): Promise<WireResponse> {
    const host = `localhost:${this.#wire.port}`;
    const headers = {
      ...{ host, origin: `http://${host}`, "sec-fetch-site": "same-origin", "x-csrf-token": this.#token },
      ...(sent.body === undefined ? {} : { "content-type": "application/json" }),
      ...(this.cookie === "" ? {} : { cookie: `${loopbackSessionCookie(new URL(`http://${host}`))}=${this.cookie}` }),
    };
    const answer = await this.#wire.send({ ...sent, headers });
    const set = answer.headers.get("set-cookie");
    if (set !== null) this.cookie = /^[^=]+=([^;]*)/.exec(set)?.[1] ?? "";
    return answer;
  }
}

interface Site extends AsyncDisposable {
  readonly server: GuardedServer;
  arrive(): Browser;
}

async function openSite(): Promise<Site> {
  const server = await openGuarded((services) => {
    const actions = visitorActions(services);
    return {
      actions: Object.values(actions),
      components: [purse],
      routes: (app) => {
        app.post("/keep", services.edge.action(actions.keep));
        app.post("/leave", services.edge.action(actions.leave));
      },
    };
  });
  const { handler } = server.gatehouse;
  const wire = fetchWire((request) => handler(request, { address: "127.0.0.1", encrypted: false }));
  return {
    server,
    arrive: () => new Browser(wire),
    [Symbol.asyncDispose]: () => Promise.resolve(server[Symbol.asyncDispose]()),
  };
}

describe("the cookie of a visitor's session that has ended", () => {
  for (const kept of [true, false]) {
    it(`is refused after leaving, ${kept ? "with" : "without"} a row of its own`, async () => {
      await using site = await openSite();
      const visitor = site.arrive();
      assert.deepEqual((await visitor.act("earn"))["state"], { coins: 1 });
      if (kept) assert.deepEqual(await visitor.post("/keep"), {});
      const thief = visitor.copy();
      const original = visitor.cookie;
      assert.deepEqual(await visitor.post("/leave"), {});
      assert.equal((await thief.act("count"))["code"], "SESSION_EXPIRED");
      assert.notEqual(thief.cookie, original);
      thief.cookie = original;
      await thief.renew();
      assert.notEqual(thief.cookie, original);
      assert.deepEqual((await thief.act("count"))["state"], { coins: 0 });
    });

    it(`gives nothing back after signing in, ${kept ? "with" : "without"} a row of its own`, async () => {
      await using site = await openSite();
      const visitor = site.arrive();
      await visitor.act("earn");
      if (kept) await visitor.post("/keep");
      const thief = visitor.copy();
      await visitor.post(SIGN_IN, { user: "ada" });
      assert.deepEqual((await thief.act("count"))["state"], { coins: 0 });
      await site.server.clock.advance(10_000);
      assert.equal((await thief.act("count"))["code"], "SESSION_EXPIRED");
    });
  }

  it("is refused for as long as it could be shown, while the store is tidied up", async () => {
    await using site = await openSite();
    const { clock, gatehouse } = site.server;
    const visitor = site.arrive();
    await visitor.act("earn");
    await visitor.post("/keep");
    const thief = visitor.copy();
    await visitor.post("/leave");
    const { store } = gatehouse.services;
    const sessions = createSessions();
    await clock.advance(12 * HOUR - 1);
    await store.write((transaction) => sessions.prune(transaction, clock.now() + 60_000, 1_000));
    for (let step = 0; step < 3; step += 1) {
      assert.equal((await thief.copy().act("count"))["code"], "SESSION_EXPIRED");
      await clock.advance(1);
    }
  });

  it("cannot be begun anew by an action that was under way", async () => {
    await using site = await openSite();
    const visitor = site.arrive();
    await visitor.renew();
    const late = visitor.copy();
    await visitor.post(SIGN_IN, { user: "ada" });
    assert.equal((await late.post("/keep"))["code"], "SESSION_EXPIRED");
  });

  it("does not sign out who has just signed in: requests under way leave the new cookie alone", async () => {
    await using site = await openSite();
    const visitor = site.arrive();
    await visitor.renew();
    const underWay = visitor.copy();
    const before = underWay.cookie;
    await visitor.post(SIGN_IN, { user: "ada" });
    await underWay.act("count");
    await underWay.renew();
    assert.equal(underWay.cookie, before);
  });
});
