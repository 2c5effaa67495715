import assert from "node:assert/strict";
import { mock } from "node:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { z } from "zod";
import { defineApplication, type Application } from "../assembly/application.ts";
import { openGatehouse, type Gatehouse } from "../assembly/gatehouse.ts";
import type { IdentityServices } from "../assembly/identity/identity-services.ts";
import { DevelopmentMailbox } from "../identity/accounts/development-mailbox.ts";
import type { AccountKey } from "../kernel/ports/accounts.ts";
import type { Store } from "../kernel/ports/store.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig, type ConfigInput } from "../kernel/config.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { systemRandom } from "../kernel/random.ts";
import { FormBrowser, type FormPage } from "./form-browser.ts";
import { totpCode } from "./identity-site.ts";

/** The password of everybody here. */
export const ACCOUNT_PASSWORD = "seven lanterns cross the pond";
/** Nobody listens there: whatever reaches it has not left the process. */
const ORIGIN = "https://app.example";

/** Somebody with an account. */
export interface Person extends AccountKey {
  readonly email: string;
}

/** An application that says who somebody is, and what they may do. People sign in to it at `/auth/start?return=/`. */
export const DESK: Application = defineApplication({
  open: ({ edge, identity }) => {
    const party = identity?.relyingParty({ name: "desk", title: "Desk" });
    if (party === undefined) throw new Error("There is no identity provider.");
    const routes = new Hono().route("/", party.routes).get("/", async (context) => {
      const inbound = edge.of(context);
      const { type, id, grants, session } = await edge.sessions.principal(inbound);
      const body = `<title>${type} ${id} ${[...grants].join(" ")} ${session}</title>`;
      return new Response(body, { headers: { "content-type": "text/html; charset=utf-8" } });
    });
    return { actions: party.actions, routes: () => routes };
  },
});

/** A whole server in the process, for people who look after their accounts. */
export class AccountSite implements AsyncDisposable {
  readonly origin = ORIGIN;
  readonly gatehouse: Gatehouse;
  readonly events: SecurityEvent[] = [];
  readonly #stack: AsyncDisposableStack;
  #visitors = 0;

  private constructor(gatehouse: Gatehouse, stack: AsyncDisposableStack) {
    this.gatehouse = gatehouse;
    this.#stack = stack;
    gatehouse.services.events.subscribe((event) => this.events.push(event));
  }

  /** `more` is added to its configuration; with `works`, jobs are done as well. */
  static async open(
    application: Application = {},
    { works = false, ...more }: ConfigInput & { readonly works?: boolean } = {},
  ): Promise<AccountSite> {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-account-"));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    // The protocol engine and its clients ask the machine what time it is, so that it is the machine whose time passes.
    mock.timers.enable({ apis: ["Date"], now: systemClock.now() });
    stack.defer(() => mock.timers.reset());
    const clock = systemClock;
    const file = {
      ...{ profile: "development", dataDirectory: directory, identity: { algorithms: ["ES256"] } },
      server: { publicUrl: ORIGIN, trustedProxies: ["127.0.0.1/32"] },
      ...more,
    } as const;
    const config = requireConfig({ file, clock });
    const log = works ? ({ write: () => true } as const) : "quiet";
    const gatehouse = stack.use(await openGatehouse({ config, application, clock, random: systemRandom, log }));
    return new AccountSite(gatehouse, stack.move());
  }

  get identity(): IdentityServices {
    return this.gatehouse.services.identity ?? assert.fail();
  }

  get mailbox(): DevelopmentMailbox {
    const { mailer } = this.identity;
    assert.ok(mailer instanceof DevelopmentMailbox);
    return mailer;
  }

  /** Subjects of the letters to somebody, newest first. */
  lettersTo(email: string): string[] {
    return this.mailbox.messages.filter(({ to }) => to === email).map(({ subject }) => subject);
  }

  read: Store["read"] = (look) => this.gatehouse.services.store.read(look);

  now(): number {
    return systemClock.now();
  }

  /** Lets time pass, in milliseconds. */
  pass(milliseconds: number): void {
    mock.timers.setTime(systemClock.now() + milliseconds);
  }

  async join(name: string, grants: readonly string[] = []): Promise<Person> {
    const email = `${name.toLowerCase()}@example.org`;
    const outcome = await this.gatehouse.operate("accounts.create", {
      email,
      name,
      grants,
      password: ACCOUNT_PASSWORD,
    });
    assert.ok(outcome.ok);
    const { id } = z.object({ id: z.string() }).parse(outcome.value);
    return { tenant: "default", id, email };
  }

  /** A browser at an address of its own. */
  browser(language = "en"): FormBrowser {
    this.#visitors += 1;
    const fetch = this.gatehouse.services.backChannel.fetchFor({ ip: `192.0.2.${this.#visitors}` });
    return new FormBrowser(ORIGIN, { fetch, language });
  }

  /** Opens a page and signs in on the way, with a second factor where a secret is given. */
  async signIn(browser: FormBrowser, { email }: Person, { path = "/account", secret = "" } = {}): Promise<FormPage> {
    const asked = await browser.open(path);
    const page = await browser.submit(asked, "/password", { email, password: ACCOUNT_PASSWORD });
    return secret === "" ? page : browser.submit(page, "/totp", { code: totpCode(secret, this.now()) });
  }

  /** Gives an account an authenticator app; returns its secret. */
  async addTotp(account: Person): Promise<string> {
    const { store } = this.gatehouse.services;
    const { totp } = this.identity.accounts;
    const label = { issuer: "Acme", email: account.email };
    const { secret } = await store.write((writing) => totp.begin(writing, account, label));
    const code = totpCode(secret, this.now() - 30_000);
    assert.equal(await store.write((writing) => totp.confirm(writing, account, code)), undefined);
    return secret;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
