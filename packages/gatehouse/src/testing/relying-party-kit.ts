import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { openGatehouse, type Gatehouse } from "../gatehouse.ts";
import type { Connection } from "../http/inbound.ts";
import { SESSION_COOKIE } from "../http/session-cookie.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { isDenial } from "../kernel/outcome.ts";
import { systemRandom } from "../kernel/random.ts";
import {
  createRelyingParty,
  type RelyingParty,
  type RelyingPartyOptions,
} from "../oauth/relying-party/relying-party.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { HostileIssuer } from "./hostile-issuer.ts";

/** The address of the application. */
const APPLICATION = "https://app.example";
const CONNECTION: Connection = { address: "203.0.113.9", encrypted: true };

/**
 * A browser, as far as signing in needs one: it keeps cookies, says from where it comes, and sends the session's cookie
 * with what begins on this site alone.
 */
export class TestBrowser {
  readonly cookies = new Map<string, string>();
  readonly #kit: RelyingPartyKit;

  constructor(kit: RelyingPartyKit) {
    this.#kit = kit;
  }

  async get(path: string, site = "same-origin"): Promise<Response> {
    return this.send(new Request(new URL(path, APPLICATION), { headers: this.#headers(site) }));
  }

  /** Sends a form of the application's own page. */
  async post(path: string, fields: Record<string, string> = {}): Promise<Response> {
    const page = await this.get("/who");
    // What the application of this kit answers.
    const { token } = (await page.json()) as { token: string };
    const headers = { ...this.#headers("same-origin"), origin: APPLICATION };
    const body = new URLSearchParams({ ...fields, _csrf_token: token });
    return this.send(new Request(new URL(path, APPLICATION), { method: "POST", headers, body }));
  }

  async send(request: Request): Promise<Response> {
    const isForeign = request.headers.get("sec-fetch-site") === "cross-site";
    const sent = [...this.cookies].filter(([name]) => !isForeign || name !== SESSION_COOKIE);
    const cookie = sent.map(([name, value]) => `${name}=${value}`).join("; ");
    if (cookie !== "") request.headers.set("cookie", cookie);
    const response = await this.#kit.gatehouse.handler(request, CONNECTION);
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  /** Begins a sign-in and returns the address that the issuer sends the browser back to. */
  async begin(returnTo = "/wanted"): Promise<URL> {
    const response = await this.get(this.#kit.party.startAt(returnTo));
    assert.equal(response.status, 303, await response.text());
    return this.#kit.issuer.authorize(response.headers.get("location") ?? "");
  }

  /** Comes back from the issuer. */
  async finish(back: URL): Promise<Response> {
    const path = back.pathname + back.search;
    const response = await this.get(path, "cross-site");
    const page = await response.clone().text();
    return page.includes('http-equiv="refresh"') ? this.get(path) : response;
  }

  async signIn(): Promise<void> {
    const response = await this.finish(await this.begin());
    assert.equal(response.status, 200, await response.text());
  }

  /** Who the application takes this browser for. */
  async who(): Promise<string> {
    const response = await this.get("/who");
    // What the application of this kit answers.
    return ((await response.json()) as { who: string }).who;
  }

  #headers(site: string): Record<string, string> {
    const navigation = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    return { accept: "text/html", "sec-fetch-site": site, ...navigation };
  }
}

/** An application in memory whose issuer a test decides about. */
export interface RelyingPartyKit extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly party: RelyingParty;
  readonly issuer: HostileIssuer;
  readonly clock: FakeClock;
}

/** Opens an application and its issuer. */
export async function openRelyingPartyKit(differences: Partial<RelyingPartyOptions> = {}): Promise<RelyingPartyKit> {
  await using stack = new AsyncDisposableStack();
  const issuer = stack.use(await HostileIssuer.open());
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-relying-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const clock = createFakeClock(systemClock.now());
  let party: RelyingParty | undefined;
  const gatehouse = await openGatehouse({
    config: requireConfig({
      file: {
        profile: "development",
        dataDirectory: directory,
        console: { enabled: false },
        server: { publicUrl: APPLICATION },
      },
      clock,
    }),
    ...{ clock, random: systemRandom, log: "quiet" },
    application: {
      open: (services) => {
        const { edge } = services;
        const made = createRelyingParty({
          ...services,
          issuer: issuer.url,
          client: { id: "app", secret: "s".repeat(40) },
          principalOf: ({ sub }) => (sub === "nobody" ? undefined : { type: "user", id: sub, grants: [] }),
          ...differences,
        });
        party = made;
        const routes = (): Hono => {
          const app = new Hono().route("/", made.routes);
          app.get("/who", async (context) => {
            const inbound = edge.of(context);
            const { type, id } = await edge.sessions.principal(inbound);
            return edge.json(inbound, { who: `${type} ${id}`, token: edge.csrfToken(inbound) });
          });
          app.get("/resource", async (context) => {
            const inbound = edge.of(context);
            const answer = await made.fetch(inbound, new URL("/resource", issuer.url));
            return isDenial(answer) ? edge.problem(inbound, answer) : edge.json(inbound, await answer.json());
          });
          return app;
        };
        return { actions: made.actions, routes };
      },
    },
  });
  stack.use(gatehouse);
  if (party === undefined) throw new Error("The application was not opened.");
  const kept = stack.move();
  return { ...{ gatehouse, party, issuer, clock }, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
