import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import * as client from "openid-client";
import { Secret, TOTP } from "otpauth";
import { openGatehouse, type Gatehouse, type Services } from "../gatehouse.ts";
import { browserOrigin } from "../http/browser-origin.ts";
import { listen } from "../http/server.ts";
import { createAccountServices, type AccountServices } from "../identity/accounts/accounts.ts";
import { DevelopmentMailbox } from "../identity/accounts/development-mailbox.ts";
import type { Account } from "../identity/accounts/directory.ts";
import { createMailboxRoutes } from "../identity/accounts/mailbox-routes.ts";
import { PasswordHasher } from "../identity/accounts/passwords/hasher.ts";
import { LIFETIMES } from "../identity/engine/configuration.ts";
import { UnitOfWork } from "../identity/engine/unit-of-work.ts";
import { createIdentity, type Identity, type IdentityParts } from "../identity/identity.ts";
import { LINK_PATHS } from "../identity/screens/account/paths.ts";
import { SINGLE_TENANT } from "../kernel/attempt.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { isDenial } from "../kernel/outcome.ts";
import { systemRandom } from "../kernel/random.ts";
import { systemTimers } from "../kernel/timers.ts";
import { createAccounts } from "../store/sql/identity/accounts.ts";
import { createFactors } from "../store/sql/identity/factors.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";
import { createOAuthGrants } from "../store/sql/identity/oauth-grants.ts";
import { createSessions } from "../store/sql/sessions.ts";

/** An authorization request that was begun. */
export interface BegunRequest {
  readonly url: URL;
  readonly state: string;
  readonly verifier: string;
}

/** An identity provider that people and browsers can sign in at, and an application at another origin that they sign in to. */
export interface IdentitySite extends AsyncDisposable {
  readonly origin: string;
  /** Where applications receive codes: answers with a page that says so. */
  readonly callback: string;
  readonly gatehouse: Gatehouse;
  readonly services: Services;
  readonly accounts: AccountServices;
  readonly identity: Identity;
  /** What has been emitted, in order. */
  readonly events: readonly SecurityEvent[];
  /** Where letters are, newest first. */
  readonly mailbox: DevelopmentMailbox;
  register(id: string, metadata?: object): Promise<void>;
  /** An account with a password. */
  join(email: string, password?: string): Promise<Account>;
  /** Gives an account an authenticator app; returns its secret. */
  addTotp(account: Account): Promise<string>;
  /** Begins an authorization request of a client. */
  begin(parameters?: Record<string, string>, id?: string): Promise<BegunRequest>;
  /** Redeems the code that an address has brought. */
  redeem(request: BegunRequest, location: URL, id?: string): Promise<client.IDToken>;
}

/** The password of accounts that are not given another. */
export const SITE_PASSWORD = "seven lanterns cross the pond";
/** A client that asks people; `OWN_CLIENT` is the operator's. */
const CLIENT = "printing";
/** A client that nobody is asked about. */
export const OWN_CLIENT = "gallery";
const SECRET = "s".repeat(64);

/** Opens a site on ports of its own. */
export async function openIdentitySite(
  parts: Partial<IdentityParts> = {},
  { registration = true }: { readonly registration?: boolean } = {},
): Promise<IdentitySite> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-sign-in-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const application = createServer((_request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8").end("<!doctype html><title>Back</title><p>Back.");
  });
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  stack.defer(() => new Promise<void>((resolve) => void application.close(() => resolve())));
  stack.defer(() => application.closeAllConnections());
  const address = application.address();
  assert.ok(address !== null && typeof address === "object");
  const callback = `http://127.0.0.1:${address.port}/callback`;
  const artifacts = createOAuthArtifacts();
  const factors = createFactors();
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = [{ ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "first" }];
  let origin = "";
  let identity: Identity | undefined;
  let accounts: AccountServices | undefined;
  const mailbox = new DevelopmentMailbox(systemClock);
  const file = {
    ...{ profile: "development", dataDirectory: directory, console: { enabled: false }, identity: { enabled: false } },
    ...{ limits: { trustedCidrs: ["127.0.0.1/32"] }, server: { trustedProxies: ["127.0.0.1/32"] } },
  };
  const gatehouse = await openGatehouse({
    config: requireConfig({ file, clock: systemClock }),
    ...{ clock: systemClock, random: systemRandom, log: "quiet" },
    application: {
      open: (services) => {
        accounts = createAccountServices({
          ...{ ...services, accounts: createAccounts(), factors, artifacts, sessions: createSessions() },
          ...{ mailer: mailbox, timers: systemTimers, registration, serviceName: "Acme" },
          hasher: new PasswordHasher({ random: systemRandom, cost: { memory: 64, passes: 1, parallelism: 1 } }),
          operatorsOnly: () => false,
          entrances: ["job"],
          linkTo: (_tenant, purpose, token) => `${origin}${LINK_PATHS[purpose]}/${token}`,
          report: (error) => assert.fail(String(error)),
        });
        const { directory: people } = accounts;
        const signIn = { accounts, factors, registration };
        identity = createIdentity({
          ...{
            ...services,
            artifacts,
            grants: createOAuthGrants(),
            keys: { version: 1, all: () => keys, ready: async () => undefined },
            originOf: () => origin,
          },
          ...{ lifetimes: LIFETIMES, resources: [], publicClients: true, grace: 10_000 },
          isFirstParty: (_tenant, id) => id === OWN_CLIENT,
          findAccount: (tenant) => async (_context, id) => {
            const account = await services.store.read((reading) => people.find(reading, { tenant, id }));
            if (account?.state !== "active") return undefined;
            return { accountId: id, claims: async () => ({ sub: id, name: account.name }) };
          },
          interactionPath: (uid) => `/sign-in/${uid}`,
          signIn,
          ...parts,
        });
        const { actions, routes } = identity;
        return { actions, routes: () => routes.route("/", createMailboxRoutes({ edge: services.edge, mailbox })) };
      },
    },
  });
  stack.use(gatehouse);
  const server = await listen({ handler: gatehouse.handler, port: 0 });
  stack.defer(() => server.close());
  origin = browserOrigin(server.url);
  assert.ok(identity !== undefined && accounts !== undefined);
  const { services } = gatehouse;
  const events: SecurityEvent[] = [];
  services.events.subscribe((event) => events.push(event));
  const kept = stack.move();
  const site = new Site({ origin, callback, gatehouse, services, accounts, identity, events, mailbox, stack: kept });
  await site.register(CLIENT, { client_name: "Printing shop" });
  await site.register(OWN_CLIENT, { client_name: "Gallery" });
  return site;
}

interface SiteParts extends Pick<
  IdentitySite,
  "origin" | "callback" | "gatehouse" | "services" | "accounts" | "identity" | "events" | "mailbox"
> {
  readonly stack: AsyncDisposableStack;
}

class Site implements IdentitySite {
  readonly origin: string;
  readonly callback: string;
  readonly gatehouse: Gatehouse;
  readonly services: Services;
  readonly accounts: AccountServices;
  readonly identity: Identity;
  readonly events: readonly SecurityEvent[];
  readonly mailbox: DevelopmentMailbox;
  readonly #parts: SiteParts;

  constructor(parts: SiteParts) {
    const { origin, callback, gatehouse, services, accounts, identity, events, mailbox } = parts;
    this.#parts = parts;
    this.origin = origin;
    this.callback = callback;
    this.gatehouse = gatehouse;
    this.services = services;
    this.accounts = accounts;
    this.identity = identity;
    this.events = events;
    this.mailbox = mailbox;
  }

  async register(id: string, metadata: object = {}): Promise<void> {
    const { codec } = this.identity.issuers.of(SINGLE_TENANT);
    const { store } = this.services;
    const artifacts = createOAuthArtifacts();
    const now = () => systemClock.now();
    const work = new UnitOfWork({ codec, artifacts, read: (look) => store.read(look), now, grace: 0 });
    const payload = {
      ...{ client_id: id, client_secret: SECRET, redirect_uris: [this.callback] },
      ...{ grant_types: ["authorization_code", "refresh_token"], scope: "openid offline_access profile email" },
      ...{ post_logout_redirect_uris: [this.callback], ...metadata },
    };
    work.put({ kind: "Client", id, payload });
    await store.write((transaction) => work.commit(transaction));
  }

  async join(email: string, password = SITE_PASSWORD): Promise<Account> {
    const { store } = this.services;
    const { membership } = this.accounts;
    const person = { tenant: SINGLE_TENANT, email, name: "Ada", locale: "en", grants: [] };
    await store.write((writing) => membership.invite(writing, person));
    const letter = this.mailbox.messages.find(({ to }) => to === email);
    const token = /\/invitation\/(\S+)/.exec(letter?.text ?? "")?.[1] ?? "";
    const prepared = await membership.prepareJoin({ ...person, token, password, read: (look) => store.read(look) });
    assert.ok(!isDenial(prepared));
    const account = await store.write((writing) => membership.commitJoin(writing, prepared));
    assert.ok(!isDenial(account));
    return account;
  }

  async addTotp(account: Account): Promise<string> {
    const { store } = this.services;
    const { totp } = this.accounts;
    const label = { issuer: "Acme", email: "ada@example.org" };
    const { secret } = await store.write((writing) => totp.begin(writing, account, label));
    // The code of a step before: the one of now is still to be used.
    const code = totpCode(secret, systemClock.now() - 30_000);
    assert.equal(await store.write((writing) => totp.confirm(writing, account, code)), undefined);
    return secret;
  }

  async begin(parameters: Record<string, string> = {}, id = CLIENT): Promise<BegunRequest> {
    const configuration = await this.#discover(id);
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const url = client.buildAuthorizationUrl(configuration, {
      ...{ redirect_uri: this.callback, scope: "openid profile", state, code_challenge_method: "S256" },
      ...{ code_challenge: await client.calculatePKCECodeChallenge(verifier), ...parameters },
    });
    return { url, state, verifier };
  }

  async redeem({ state, verifier }: BegunRequest, location: URL, id = CLIENT): Promise<client.IDToken> {
    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    const tokens = await client.authorizationCodeGrant(await this.#discover(id), location, checks);
    const claims = tokens.claims();
    assert.ok(claims !== undefined);
    return claims;
  }

  #discover(id: string): Promise<client.Configuration> {
    const options = { execute: [client.allowInsecureRequests] };
    return client.discovery(new URL(this.origin), id, SECRET, undefined, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.stack.disposeAsync();
  }
}

/** What an authenticator app shows at a time. */
export function totpCode(secret: string, now: number): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now });
}
