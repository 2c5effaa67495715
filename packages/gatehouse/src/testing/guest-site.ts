import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { z } from "zod";
import { openGatehouse, type Gatehouse } from "../assembly/gatehouse.ts";
import type { GuestServices } from "../assembly/guests/guest-services.ts";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { requireConfig, type ConfigInput } from "../kernel/config.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { Migration } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import type { Edge } from "../http/edge.ts";
import { FormBrowser, type FormPage } from "./form-browser.ts";

/** A server with join pages and one page for guests. */
export interface GuestSite extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly directory: string;
  readonly events: SecurityEvent[];
  /** The log, line by line. */
  readonly log: readonly string[];
  /** Carries out an operation; its value. */
  operate<Value>(action: string, input: object): Promise<Value>;
  /** Makes a token for the event `party`; its identifier and the path it leads to. */
  token(more?: object): Promise<{ readonly id: string; readonly token: string; readonly path: string }>;
  /** A browser at an address. */
  browser(ip?: string): FormBrowser;
}

/** What differs from the plain site. */
export interface GuestSiteOptions {
  readonly settings?: ConfigInput;
  readonly clock?: Clock;
  readonly migrations?: readonly Migration[];
}

/** What guests do, with the limits of what guests do. */
function like({ limits }: Pick<GuestServices, "limits">): AnyAction {
  return defineAction({
    name: "album.like",
    entrances: ["http"],
    input: z.object({}),
    effects: "store",
    idempotency: false,
    authorise: ({ principal }) => principal.type === "guest",
    limits,
    run: async ({ principal }) => ({ by: principal.id }),
  });
}

/** Signs anybody in as a host. */
function signIn({ sessions }: Edge): AnyAction {
  return defineAction({
    name: "host.sign-in",
    entrances: ["http"],
    input: z.object({}),
    effects: "store",
    idempotency: false,
    authorise: "public",
    run: async (context) => {
      await sessions.login(context, { type: "user", id: "host", grants: [] });
      return {};
    },
  });
}

const GUEST_SITE = "http://localhost:8080";

/** Opens the server with a store of its own. */
export async function openGuestSite(options: GuestSiteOptions = {}): Promise<GuestSite> {
  const { settings = {}, clock = systemClock, migrations = [] } = options;
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-guests-"));
  const file: ConfigInput = {
    ...{ profile: "development", dataDirectory: directory, console: { enabled: false } },
    identity: { enabled: false },
    ...settings,
  };
  const config = requireConfig({ file, clock });
  const log: string[] = [];
  const gatehouse = await openGatehouse({
    ...{ config, clock, random: systemRandom, log: { write: (text) => log.push(text) > 0 } },
    application: {
      migrations,
      open: ({ edge, guests }) => {
        const likes = like(guests);
        const enter = signIn(edge);
        return {
          actions: [likes, enter],
          routes: () => {
            const app = new Hono();
            app.route("/", guests.routes({ landing: ({ collection }) => `/album/${collection}` }));
            app.post("/like", edge.action(likes));
            app.post("/sign-in", edge.action(enter));
            app.get("/album/:name", async (context) => {
              const inbound = edge.of(context);
              const { type, id, grants } = await edge.sessions.principal(inbound);
              const csrfToken = edge.csrfToken(inbound);
              return edge.json(inbound, { type, id, grants: [...grants], csrfToken });
            });
            return app;
          },
        };
      },
    },
  });
  const events: SecurityEvent[] = [];
  gatehouse.services.events.subscribe((event) => events.push(event));
  const operate = async <Value>(action: string, input: object): Promise<Value> => {
    const outcome = await gatehouse.operate(action, input);
    assert.ok(outcome.ok, outcome.ok ? "" : `${action}: ${outcome.problem.code} ${outcome.detail ?? ""}`);
    // The caller names the value of the action it asks for.
    return outcome.value as Value;
  };
  return {
    ...{ gatehouse, directory, events, log, operate },
    token: (more = {}) => operate("join-tokens.create", { collection: "party", label: "Tables", ...more }),
    browser: (ip = "192.0.2.10") =>
      new FormBrowser(GUEST_SITE, {
        fetch: (address, init) => gatehouse.handler(new Request(address, init), { address: ip, encrypted: false }),
      }),
    async [Symbol.asyncDispose]() {
      await gatehouse[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Scans a code and comes in. */
export async function comeIn(browser: FormBrowser, path: string): Promise<FormPage> {
  const page = await browser.open(path);
  return page.forms.length === 0 ? page : browser.submit(page, path);
}

interface Guest {
  readonly type: string;
  readonly id: string;
  readonly grants: readonly string[];
  readonly csrfToken: string;
}

/** Who the page after coming in says one is. */
export function whoIs(page: FormPage): Guest {
  assert.equal(page.status, 200, page.text);
  // What the page of this site says.
  return JSON.parse(page.text) as Guest;
}
