import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Hono } from "hono";
import { z } from "zod";
import { systemClock } from "../../kernel/clock.ts";
import { requireConfig } from "../../kernel/config.ts";
import type { SecurityEvent } from "../../kernel/event.ts";
import { systemRandom } from "../../kernel/random.ts";
import { FormBrowser, type FormPage } from "../../testing/form-browser.ts";
import { defineApplication } from "../application.ts";
import { openGatehouse, type Gatehouse } from "../gatehouse.ts";

/** Nobody listens there: whatever reaches it has not left the process. */
const ORIGIN = "https://app.example";
const LOGOUT = `${ORIGIN}/auth/back-channel-logout`;
const PASSWORD = "seven lanterns cross the pond";
const Created = z.object({ id: z.string() });

/** Says who somebody is, and lets them in and out. */
const application = defineApplication({
  open: ({ edge, identity }) => {
    const party = identity?.relyingParty({ name: "desk", title: "Desk" });
    assert.ok(party !== undefined);
    const routes = new Hono().route("/", party.routes).get("/", async (context) => {
      const inbound = edge.of(context);
      const principal = await edge.sessions.principal(inbound);
      const name = (await party.nameOf(principal, inbound.tenant)) ?? "nobody";
      const token = edge.csrfToken(inbound);
      const body = `<title>${name}: ${[...principal.grants].join(" ")}</title>
        <form method="post" action="/auth/sign-out"><input name="_csrf_token" value="${token}"></form>`;
      return new Response(body, { headers: { "content-type": "text/html; charset=utf-8" } });
    });
    return { actions: party.actions, routes: () => routes };
  },
});

describe("an application that signs people in at the issuer of its own process", () => {
  let directory: string;
  let gatehouse: Gatehouse;
  let visitors = 0;
  const events: SecurityEvent[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-own-relying-party-"));
    const file = {
      ...{ dataDirectory: directory, identity: { algorithms: ["ES256"] } },
      server: { publicUrl: ORIGIN, trustedProxies: ["127.0.0.1/32"] },
    } as const;
    const config = requireConfig({ file, clock: systemClock });
    gatehouse = await openGatehouse({ config, application, clock: systemClock, random: systemRandom, log: "quiet" });
    gatehouse.services.events.subscribe((event) => events.push(event));
  });
  after(async () => {
    await gatehouse[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function create(name: string, grants: readonly string[] = []): Promise<{ id: string; email: string }> {
    const email = `${name.toLowerCase()}@example.org`;
    const outcome = await gatehouse.operate("accounts.create", { email, name, grants, password: PASSWORD });
    assert.ok(outcome.ok);
    return { ...Created.parse(outcome.value), email };
  }

  /** A browser in which somebody has signed in with a password alone. */
  async function enter(email: string): Promise<{ browser: FormBrowser; page: FormPage }> {
    visitors += 1;
    const fetch = gatehouse.services.backChannel.fetchFor({ ip: `192.0.2.${visitors}` });
    const browser = new FormBrowser(ORIGIN, { fetch });
    const asked = await browser.open("/auth/start?return=/");
    return { browser, page: await browser.submit(asked, "/password", { email, password: PASSWORD }) };
  }

  async function titleIn(browser: FormBrowser): Promise<string> {
    return (await browser.open("/")).title;
  }

  async function signOut(browser: FormBrowser): Promise<void> {
    const asked = await browser.submit(await browser.open("/"), "/auth/sign-out");
    assert.equal(asked.url.pathname, "/oauth/logout");
    const back = await browser.submit(asked, "/oauth/logout/confirm", { logout: "yes" });
    assert.equal(back.url.pathname, "/");
  }

  it("needs no settings, and knows people by their names", async () => {
    const { email } = await create("Ada", ["host"]);
    const { page } = await enter(email);
    assert.equal(page.title, "Ada: host");
  });

  it("hears of a sign-out at the issuer, and ends what began there and nothing in other browsers", async () => {
    const { email } = await create("Grace");
    const { browser } = await enter(email);
    const { browser: other } = await enter(email);
    const before = events.length;
    const asked = await browser.open("/oauth/logout");
    await browser.submit(asked, "/oauth/logout/confirm", { logout: "yes" });
    const ended = events.slice(before).filter(({ name }) => name === "oauth_sessions_ended");
    assert.deepEqual(
      ended.map(({ context }) => context?.["ended"]),
      [1],
    );
    assert.equal(await titleIn(browser), "nobody: ");
    assert.equal(await titleIn(other), "Grace: ");
  });

  it("signs people out at the issuer as well", async () => {
    const { email } = await create("Mary");
    const { browser } = await enter(email);
    await signOut(browser);
    assert.equal(await titleIn(browser), "nobody: ");
    assert.equal((await browser.open("/auth/start?return=/")).url.pathname.startsWith("/sign-in/"), true);
  });

  it("is left at once by somebody who is disabled, and not entered again", async () => {
    const { id, email } = await create("Hedy");
    const { browser } = await enter(email);
    assert.equal((await gatehouse.operate("accounts.disable", { id })).ok, true);
    assert.equal(await titleIn(browser), "nobody: ");
    assert.equal((await browser.open("/auth/start?return=/")).url.pathname.startsWith("/sign-in/"), true);
    assert.equal((await enter(email)).page.url.pathname.endsWith("/password"), true);
  });

  // A stolen password opens an application that asks for no more. What operators may do must not come along with it.
  it("gives nobody the grants of an operator for a password alone", async () => {
    const { email } = await create("Olga", ["operator", "host"]);
    const { browser, page } = await enter(email);
    assert.equal(page.title, "Olga: host");
    const console = await browser.open("/console");
    assert.deepEqual([console.status, console.title], [403, "Sign in · Gatehouse console"]);
  });

  it("does not take the place of a client of the configuration by its name, unnoticed", async () => {
    const file = {
      dataDirectory: join(directory, "shadowed"),
      identity: { algorithms: ["ES256"], clients: [{ id: "desk", secret: "a-secret-that-nobody-guesses-at-all" }] },
      server: { publicUrl: ORIGIN, trustedProxies: ["127.0.0.1/32"] },
    } as const;
    const config = requireConfig({ file, clock: systemClock });
    const opening = openGatehouse({ config, application, clock: systemClock, random: systemRandom, log: "quiet" });
    await assert.rejects(opening, /identity\.clients, desk: an application of this server/);
  });

  it("is told within the process at its own address alone", () => {
    const { clients } = gatehouse.services.identity ?? assert.fail();
    assert.equal(clients.own.isToldAt("default", LOGOUT), true);
    assert.equal(clients.own.isToldAt("default", `${ORIGIN}/oauth/token`), false);
    assert.equal(clients.own.isToldAt("default", "https://elsewhere.example/auth/back-channel-logout"), false);
  });
});
