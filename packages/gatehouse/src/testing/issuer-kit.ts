import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { openGatehouse, type Gatehouse } from "../gatehouse.ts";
import { browserOrigin } from "../http/browser-origin.ts";
import { listen } from "../http/server.ts";
import { LIFETIMES } from "../identity/engine/configuration.ts";
import { finishInteraction } from "../identity/engine/interaction.ts";
import { UnitOfWork } from "../identity/engine/unit-of-work.ts";
import { createGrantOperations } from "../identity/grants/operations.ts";
import { createGrantPolicy, type GrantPolicyOptions } from "../identity/grants/policy.ts";
import { createIdentity, type Identity, type IdentityParts } from "../identity/identity.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { systemRandom } from "../kernel/random.ts";
import { createOAuthArtifacts } from "../store/sql/oauth-artifacts.ts";
import { createOAuthGrants } from "../store/sql/oauth-grants.ts";
import type { Services } from "../assembly/application.ts";
import { createTemporaryDirectory } from "./sqlite-fixture.ts";

/** From where, and with what, somebody does something. */
export interface Visit {
  readonly ip?: string;
  readonly agent?: string;
  /** Proves possession with it (RFC 9449). */
  readonly key?: ProofKey;
}

/** A key that proves possession. */
export interface ProofKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: JWK;
  readonly thumbprint: string;
}

/** The token endpoint's answer. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

/** What an issuer for tests is opened with. */
export interface IssuerKitOptions extends Partial<Pick<IdentityParts, "recogniseDevice" | "grace">> {
  /** What its configuration has besides. */
  readonly file?: object;
  /** Signing keys; processes of one installation share them. */
  readonly keys?: readonly JWK[];
  /** Its identifier, where that is not its own address. */
  readonly origin?: string;
  /** Policies by client. */
  readonly policies?: Readonly<Record<string, GrantPolicyOptions>>;
  readonly findAccount?: (services: Services) => IdentityParts["findAccount"];
}

/** The clients an issuer for tests has. */
export const KIT_CLIENTS = ["app", "tool", "spa", "api"] as const;
/** The resource whose access tokens are signed texts; the client `api` may look them up. */
export const KIT_API = "https://api.example/";
/** Where visits come from that say nothing else. */
export const HOME: Required<Omit<Visit, "key">> = {
  ip: "203.0.113.10",
  agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};

const SECRET = "s".repeat(64);
const CALLBACK = "https://app.example/callback";
const SCOPE = "openid offline_access photos:read";
const artifacts = createOAuthArtifacts();

/** A key pair as signing keys of an issuer are. */
export async function generateSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "first" };
}

/** A fresh key that proves possession. */
export async function generateProofKey(): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  return { privateKey, publicKey: jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

/** An issuer with its server, where everybody signs in and consents by themselves. */
export async function openIssuerKit(options: IssuerKitOptions = {}): Promise<IssuerKit> {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(createTemporaryDirectory());
  const config = requireConfig({
    file: {
      profile: "development",
      dataDirectory: directory.path,
      server: { trustedProxies: ["127.0.0.1/32"] },
      limits: { trustedCidrs: ["127.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"] },
      ...options.file,
    },
    clock: systemClock,
  });
  const keys = options.keys ?? [await generateSigningKey()];
  const kit: { identity?: Identity; origin: string } = { origin: options.origin ?? "" };
  const signIn = { account: "ada" };
  const gatehouse = stack.use(
    await openGatehouse({
      config,
      clock: systemClock,
      random: systemRandom,
      log: "quiet",
      application: {
        open: (services) => {
          const identity = createIdentity({ ...partsOf(services, options), ...issuerOf(keys, () => kit.origin) });
          kit.identity = identity;
          addSignIn(identity, services, signIn);
          const entrances = ["http", "job"] as const;
          const operatorsOnly = ({ principal }: { principal: { grants: ReadonlySet<string> } }) =>
            principal.grants.has("operator");
          const operations = createGrantOperations({ grants: identity.grants, operatorsOnly, entrances });
          return { actions: [...identity.actions, ...operations], routes: () => identity.routes };
        },
      },
    }),
  );
  const server = await listen({
    handler: gatehouse.handler,
    port: 0,
    trusts: (address) => gatehouse.services.proxies.trusts(address),
  });
  stack.defer(() => server.close());
  const url = browserOrigin(server.url);
  if (kit.origin === "") kit.origin = url;
  assert.ok(kit.identity !== undefined);
  return new IssuerKit({ gatehouse, identity: kit.identity, origin: url, issuer: kit.origin, signIn }, stack);
}

function partsOf(services: Services, options: IssuerKitOptions) {
  const { policies = {}, recogniseDevice = () => undefined, grace = 10_000, findAccount } = options;
  return {
    ...{ ...services, artifacts, grace, recogniseDevice, grants: createOAuthGrants() },
    grantPolicyOf: (client: string) => createGrantPolicy(policies[client]),
    findAccount:
      findAccount?.(services) ??
      (() => async (_context: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) })),
  };
}

function issuerOf(keys: readonly JWK[], originOf: () => string) {
  return {
    ...{ keys: { version: 1, all: () => keys }, originOf, lifetimes: LIFETIMES, publicClients: true },
    resources: [{ resource: KIT_API, scopes: ["photos:read"], format: "jwt" as const, lookedUpBy: ["api"] }],
    interactionPath: (uid: string) => `/test/sign-in/${uid}`,
  };
}

/** Stands for the pages on which people sign in: whoever comes is the kit's account, and agrees. */
function addSignIn(identity: Identity, { edge, store, clock }: Services, signIn: { readonly account: string }): void {
  identity.routes.get("/test/sign-in/:uid", async (context) => {
    const inbound = edge.of(context);
    const { engine, codec, origin } = identity.issuers.of(inbound.tenant);
    const read: typeof store.read = (look) => store.read(look);
    const work = new UnitOfWork({ codec, artifacts, read, now: () => clock.now(), grace: 0 });
    const { headers } = inbound.request;
    const url = new URL(inbound.url.pathname, origin);
    const request = { method: "GET", url, headers, body: undefined, ip: inbound.peer.ip };
    const location = await engine.within(work, async () => {
      const { account: accountId } = signIn;
      const clientId = inbound.url.searchParams.get("client") ?? "app";
      const grant = new engine.provider.Grant({ accountId, clientId });
      grant.addOIDCScope("openid offline_access");
      grant.addResourceScope(KIT_API, "photos:read");
      const grantId = await grant.save();
      return finishInteraction({ engine, work, request }, { login: { accountId }, consent: { grantId } });
    });
    await store.write((transaction) => work.commit(transaction));
    return new Response(null, { status: 303, headers: { location: location ?? "/" } });
  });
}

interface IssuerKitParts {
  readonly gatehouse: Gatehouse;
  readonly identity: Identity;
  /** Address of the server. */
  readonly origin: string;
  readonly issuer: string;
  readonly signIn: { account: string };
}

/** An issuer for tests, through its front door. */
export class IssuerKit implements AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly identity: Identity;
  readonly origin: string;
  /** Every event since the start. */
  readonly events: SecurityEvent[] = [];
  readonly #parts: IssuerKitParts;
  readonly #stack: AsyncDisposableStack;

  constructor(parts: IssuerKitParts, stack: AsyncDisposableStack) {
    this.gatehouse = parts.gatehouse;
    this.identity = parts.identity;
    this.origin = parts.origin;
    this.#parts = parts;
    this.#stack = stack;
    this.gatehouse.services.events.subscribe((event) => this.events.push(event));
  }

  /** Registers the clients; once for each store. */
  async registerClients(): Promise<void> {
    const { codec } = this.identity.issuers.of("default");
    const { store, clock } = this.gatehouse.services;
    const work = new UnitOfWork({ codec, artifacts, read: (look) => store.read(look), now: () => clock.now(), grace: 0 });
    const code = { grant_types: ["authorization_code", "refresh_token"], redirect_uris: [CALLBACK] };
    const machine = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
    const metadata: Readonly<Record<(typeof KIT_CLIENTS)[number], object>> = {
      app: { ...code, client_secret: SECRET },
      tool: { ...code, client_secret: SECRET },
      spa: { ...code, token_endpoint_auth_method: "none" },
      api: { ...machine, client_secret: SECRET },
    };
    for (const id of KIT_CLIENTS) {
      work.put({ kind: "Client", id, payload: { client_id: id, ...metadata[id] } });
    }
    await store.write((transaction) => work.commit(transaction));
  }

  /** Lets somebody sign in at a client, and the client fetch its tokens. */
  async signIn(client: (typeof KIT_CLIENTS)[number] = "app", visit: Visit = {}, account = "ada"): Promise<TokenAnswer> {
    return this.redeem(client, await this.consent(client, visit, account), visit);
  }

  /** Lets somebody sign in and consent; answers the code and its verifier. */
  async consent(client: string, visit: Visit = {}, account = "ada", browser = new Map<string, string>()) {
    this.#parts.signIn.account = account;
    const verifier = randomBytes(32).toString("base64url");
    const url = new URL("/oauth/authorize", this.#parts.issuer);
    url.search = new URLSearchParams({
      ...{ client_id: client, response_type: "code", redirect_uri: CALLBACK, scope: SCOPE, resource: KIT_API },
      ...{ state: "state", code_challenge_method: "S256" },
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      ...(browser.size === 0 ? { prompt: "consent" } : {}),
    }).toString();
    const { location, asked } = await this.#follow(url, visit, browser);
    return { code: location.searchParams.get("code") ?? "", verifier, error: location.searchParams.get("error"), asked };
  }

  redeem(client: string, { code, verifier }: { readonly code: string; readonly verifier: string }, visit: Visit = {}) {
    const form = { grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: CALLBACK };
    return this.post("/oauth/token", client, form, visit);
  }

  refresh(token: string | undefined, visit: Visit = {}, client = "app"): Promise<TokenAnswer> {
    return this.post("/oauth/token", client, { grant_type: "refresh_token", refresh_token: token ?? "" }, visit);
  }

  /** Whether a token is active, as the servers of the resource are told. */
  async active(token: string | undefined, client = "api"): Promise<boolean> {
    const { body } = await this.post("/oauth/introspect", client, { token: token ?? "" });
    return Boolean(body["active"]);
  }

  async post(path: string, client: string, form: Readonly<Record<string, string>>, visit: Visit = {}): Promise<TokenAnswer> {
    const isPublic = client === "spa";
    const body = new URLSearchParams({ ...form, ...(isPublic ? { client_id: client } : {}) });
    const headers = {
      ...headersOf(visit),
      ...(isPublic ? {} : { authorization: `Basic ${Buffer.from(`${client}:${SECRET}`).toString("base64")}` }),
      ...(visit.key === undefined ? {} : { dpop: await this.#proof(visit.key, path) }),
    };
    const response = await fetch(new URL(path, this.origin), { method: "POST", body, headers });
    const text = await response.text();
    // The protocol's documents are flat; tests look at texts in them.
    return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as TokenAnswer["body"] };
  }

  async #proof({ privateKey, publicKey }: ProofKey, path: string): Promise<string> {
    return new SignJWT({ htm: "POST", htu: this.#parts.issuer + path, jti: randomBytes(16).toString("base64url") })
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: publicKey })
      .setIssuedAt()
      .sign(privateKey);
  }

  /** Follows redirects as a browser does until one leads elsewhere; `asked` counts how often it had to sign in. */
  async #follow(start: URL, visit: Visit, cookies: Map<string, string>): Promise<{ location: URL; asked: number }> {
    let url = start;
    let asked = 0;
    const client = start.searchParams.get("client_id") ?? "";
    for (let hops = 0; hops < 12; hops += 1) {
      if (url.pathname.startsWith("/test/sign-in/")) {
        asked += 1;
        url.searchParams.set("client", client);
      }
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = { ...headersOf(visit), cookie };
      const here = new URL(url.pathname + url.search, this.origin);
      const response = await fetch(here, { headers, redirect: "manual" });
      for (const line of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        if (value === "") cookies.delete(name);
        else cookies.set(name, value);
      }
      const location = response.headers.get("location");
      assert.ok(location !== null, `${response.status} at ${here}: ${await response.text()}`);
      url = new URL(location, url);
      if (url.href.startsWith(CALLBACK)) return { location: url, asked };
    }
    throw new Error("The redirects do not end.");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

function headersOf({ ip = HOME.ip, agent = HOME.agent }: Visit): Readonly<Record<string, string>> {
  return { "x-forwarded-for": ip, "x-forwarded-proto": "http", "user-agent": agent };
}
