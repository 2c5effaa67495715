import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gallery } from "@gatehouse/gallery";
import { defineApplication, openGatehouse, type Gatehouse } from "gatehouse";
import {
  defineAction,
  requireConfig,
  systemClock,
  systemRandom,
  type ConfigInput,
  type SqlValue,
  type Statement,
} from "gatehouse/kernel";
import { Hono } from "hono";
import { z } from "zod";

const ORIGIN = "http://localhost:8080";

/** The gallery in this process, with a store of its own. */
export interface GallerySite extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  /** Carries out an operation; its value. */
  operate<Value>(action: string, input: object): Promise<Value>;
  /** Changes the store behind the gallery's back. */
  change(sql: string, values: readonly SqlValue[]): Promise<void>;
  /** Makes an event with `host` as its host; its identifier. */
  event(slug: string, more?: { readonly visibility?: "open" | "invited"; readonly host?: string }): Promise<string>;
  /** Makes an invitation; its identifier and the path of its link. */
  invitation(event: string, scopes?: readonly string[]): Promise<{ readonly id: string; readonly path: string }>;
  visitor(ip?: string): GalleryVisitor;
}

/** A page as it came. */
export interface GalleryPage {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Opens it. Whoever sends `/test/sign-in` a name is signed in as the account of that name. */
export async function openGallery(settings: ConfigInput = {}): Promise<GallerySite> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-gallery-"));
  const own = { profile: "development", dataDirectory: directory, identity: { enabled: false } } as const;
  const file: ConfigInput = { ...own, ...settings };
  const config = requireConfig({ file, clock: systemClock });
  const application = defineApplication({
    ...gallery,
    open: (services) => {
      const parts = gallery.open?.(services) ?? {};
      const signIn = defineAction({
        ...{ name: "test.sign-in", entrances: ["http"], effects: "store", idempotency: false, authorise: "public" },
        input: z.object({ name: z.string() }),
        run: async (context) => {
          await services.edge.sessions.login(context, { type: "user", id: context.input.name, grants: [] });
          return {};
        },
      });
      return {
        ...parts,
        actions: [...(parts.actions ?? []), signIn],
        routes: async (live) => {
          const app = new Hono().post("/test/sign-in", services.edge.action(signIn));
          const rest = await parts.routes?.(live);
          return rest === undefined ? app : app.route("/", rest);
        },
      };
    },
  });
  const log = { write: () => true };
  const gatehouse = await openGatehouse({ config, application, clock: systemClock, random: systemRandom, log });
  const { store, ids, clock } = gatehouse.services;
  const change = (sql: string, values: readonly SqlValue[]): Promise<void> =>
    store.write(async (writing) => void (await writing.execute(portable(sql), values)));
  const operate = async <Value>(action: string, input: object): Promise<Value> => {
    const outcome = await gatehouse.operate(action, input);
    if (!outcome.ok) throw new Error(`${action}: ${outcome.problem.code} ${outcome.detail ?? ""}`);
    // The caller names the value of the action it asks for.
    return outcome.value as Value;
  };
  return {
    ...{ gatehouse, change, operate },
    async event(slug, { visibility = "invited", host } = {}) {
      const id = ids.next();
      await change(
        `INSERT INTO gallery_events
           (id, tenant, slug, title, hosts, place, held_on, welcome, created_at, visibility, approval)
         VALUES (?1, 'default', ?2, 'The Secret Dinner', 'Ada', 'The mill', '2026-07-01', 'Hello', ?3, ?4, 'none')`,
        [id, slug, clock.now(), visibility],
      );
      if (host !== undefined)
        await change(
          "INSERT INTO gallery_hosts (tenant, event_id, account_id, created_at) VALUES ('default', ?1, ?2, 1)",
          [id, host],
        );
      return id;
    },
    invitation: (collection, scopes = ["view", "upload"]) =>
      operate("join-tokens.create", { collection, label: "Tables", scopes }),
    visitor: (ip = "192.0.2.10") =>
      new GalleryVisitor((path, init) =>
        gatehouse.handler(new Request(new URL(path, ORIGIN), init), { address: ip, encrypted: false }),
      ),
    async [Symbol.asyncDispose]() {
      await gatehouse[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL names parameters in another way. */
function portable(sql: string): Statement {
  return { sqlite: sql, postgres: sql.replaceAll(/\?(\d+)/g, "$$$1") };
}

type Ask = (path: string, init: RequestInit) => Promise<Response>;

/** A browser without scripts, as far as these pages need one. */
export class GalleryVisitor {
  readonly #cookies = new Map<string, string>();
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  async open(path: string, init: RequestInit = {}): Promise<GalleryPage> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { accept: "text/html", cookie, "sec-fetch-site": "same-origin", ...init.headers };
    const response = await this.#ask(path, { ...init, redirect: "manual", headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Sends a form, with the security token of a page. */
  async post(path: string, fields: Readonly<Record<string, string>>, page?: GalleryPage): Promise<GalleryPage> {
    const token = csrfTokenOf(page ?? (await this.open("/events")));
    const body = new URLSearchParams({ _csrf_token: token, ...fields });
    return this.open(path, { method: "POST", body, headers: { origin: ORIGIN } });
  }

  async signIn(name: string): Promise<void> {
    const { status, text } = await this.post("/test/sign-in", { name });
    if (status >= 400) throw new Error(text);
  }

  /** Comes in by the link of an invitation. */
  async comeIn(path: string): Promise<void> {
    const { status, text } = await this.post(path, {}, await this.open(path));
    if (status !== 303) throw new Error(text);
  }

  /** Sends what a component's form on a page carries, with what was typed, as browsers without scripts do. */
  act(page: GalleryPage, component: string, typed: Readonly<Record<string, string>>): Promise<GalleryPage> {
    const [form = ""] = new RegExp(`<form id="live:${component}:[^]*?</form>`).exec(page.text) ?? [];
    const hidden = form.matchAll(/name="(\w+)" value="([^"]*)"/g);
    const fields = Object.fromEntries([...hidden].map(([, name = "", value = ""]) => [name, value]));
    return this.post("/api/livecomponents/action", { ...fields, ...typed }, page);
  }

  /** Loads a component anew with what a page has kept of it, as scripts do when news come: what it says by now. */
  async load(page: GalleryPage, component: string): Promise<string> {
    const pattern = new RegExp(`data-live="?(${component}:[^"\\s>]+)[^>]*?data-live-seed="?([^"\\s>]+)`);
    const [, id, seed] = pattern.exec(page.text) ?? [];
    if (id === undefined) throw new Error(`There is no ${component}.`);
    const response = await this.open("/api/livecomponents/load", {
      method: "POST",
      headers: { origin: ORIGIN, accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify({
        components: [{ component_id: id, base_version: 0, seed }],
        _csrf_token: csrfTokenOf(await this.open("/events")),
      }),
    });
    return response.text;
  }
}

function csrfTokenOf({ text }: GalleryPage): string {
  return /name="?(?:csrf-token"? content|_csrf_token"? value)="?([^"\s>]+)/.exec(text)?.[1] ?? "";
}
