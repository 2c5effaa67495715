import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import * as oauth4webapi from "oauth4webapi";
import { openGatehouse, type Gatehouse } from "../gatehouse.ts";
import { browserOrigin } from "../http/browser-origin.ts";
import { listen, type Listening } from "../http/server.ts";
import type { Identity } from "../identity/identity.ts";
import { SINGLE_TENANT } from "../kernel/attempt.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { OAuthArtifacts } from "../kernel/ports/oauth-artifacts.ts";
import { systemRandom } from "../kernel/random.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";
import { identityOf, serveResources, workOf, type OAuthKitOptions } from "./oauth-kit-application.ts";

/** The secret of every client of the kit. */
const OAUTH_KIT_SECRET = "s".repeat(64);
const CALLBACK = "https://app.example/callback";
const INSECURE = { [oauth4webapi.allowInsecureRequests]: true };

/** How a client asks for a token. */
export interface TokenWish {
  /** Default `photos`, whose tokens are signed texts. Those of `notes` say nothing themselves. */
  readonly resource?: "photos" | "notes" | "none";
  /** Default `photos:read`, `notes:read`. */
  readonly scope?: string;
  /** Default `machine`. */
  readonly client?: string;
  /** Binds the token to a key. */
  readonly key?: oauth4webapi.CryptoKeyPair;
}

/** What somebody has who signed in. */
export interface SignedIn {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

/**
 * An identity provider and an application with protected resources, on one port, for tests with real clients, with
 * the tenant in the header `x-tenant`: `/api/photos` and `/api/notes` ask for tokens, `/api/either` for one or a session, `/api/plain` for none.
 */
export class OAuthKit implements AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly origin: string;
  readonly events: readonly SecurityEvent[];
  readonly keys: readonly JWK[];
  readonly #artifacts: OAuthArtifacts;
  readonly #identity: Identity;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: OpenedKit, stack: AsyncDisposableStack) {
    this.gatehouse = parts.gatehouse;
    this.origin = parts.origin;
    this.events = parts.events;
    this.keys = parts.keys;
    this.#artifacts = parts.artifacts;
    this.#identity = parts.identity;
    this.#stack = stack;
  }

  static async open(options: OAuthKitOptions = {}): Promise<OAuthKit> {
    await using stack = new AsyncDisposableStack();
    const opened = await openKit(options, stack);
    const kit = new OAuthKit(opened, stack.move());
    const machine = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
    for (const id of ["machine", "api"]) await kit.register(id, machine);
    await kit.register("app", { grant_types: ["authorization_code", "refresh_token"], redirect_uris: [CALLBACK] });
    return kit;
  }

  /** Registers a client. */
  async register(id: string, metadata: object): Promise<void> {
    const work = workOf(this.gatehouse.services, this.#identity, this.#artifacts);
    work.put({ kind: "Client", id, payload: { client_id: id, client_secret: OAUTH_KIT_SECRET, ...metadata } });
    await this.gatehouse.services.store.write((transaction) => work.commit(transaction));
  }

  /** The identifier of a resource. */
  resourceOf(name: "photos" | "notes"): string {
    return `${this.origin}/api/${name}`;
  }

  /** The issuer's description of itself, as its clients have it. */
  async discover(): Promise<oauth4webapi.AuthorizationServer> {
    const issuer = new URL(this.origin);
    const response = await oauth4webapi.discoveryRequest(issuer, { algorithm: "oauth2", ...INSECURE });
    return oauth4webapi.processDiscoveryResponse(issuer, response);
  }

  /** An access token of a client that acts for itself. */
  async token({ resource = "photos", scope, client = "machine", key }: TokenWish = {}): Promise<string> {
    const parameters = new URLSearchParams(
      resource === "none" ? {} : { resource: this.resourceOf(resource), scope: scope ?? `${resource}:read` },
    );
    const metadata = { client_id: client };
    const options = key === undefined ? INSECURE : { ...INSECURE, DPoP: oauth4webapi.DPoP({}, key) };
    const server = await this.discover();
    const authentication = oauth4webapi.ClientSecretBasic(OAUTH_KIT_SECRET);
    const response = await oauth4webapi.clientCredentialsGrantRequest(
      server,
      metadata,
      authentication,
      parameters,
      options,
    );
    return (await oauth4webapi.processClientCredentialsResponse(server, metadata, response)).access_token;
  }

  /** Takes a token back. */
  async revoke(token: string, client = "machine"): Promise<void> {
    const server = await this.discover();
    const authentication = oauth4webapi.ClientSecretBasic(OAUTH_KIT_SECRET);
    const metadata = { client_id: client };
    await oauth4webapi.processRevocationResponse(
      await oauth4webapi.revocationRequest(server, metadata, authentication, token, INSECURE),
    );
  }

  /** What Ada has after signing in to `app`, which asks for `photos`. */
  async signIn(): Promise<SignedIn> {
    const server = await this.discover();
    const metadata = { client_id: "app" };
    const verifier = oauth4webapi.generateRandomCodeVerifier();
    const asked = new URLSearchParams({
      ...{ client_id: "app", response_type: "code", redirect_uri: CALLBACK, prompt: "consent" },
      ...{ scope: "openid offline_access photos:read", resource: this.resourceOf("photos") },
      code_challenge: await oauth4webapi.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    const landed = await follow(new URL(`${this.origin}/oauth/authorize?${asked.toString()}`));
    const response = await oauth4webapi.authorizationCodeGrantRequest(
      ...([server, metadata, oauth4webapi.ClientSecretBasic(OAUTH_KIT_SECRET)] as const),
      ...([oauth4webapi.validateAuthResponse(server, metadata, landed), CALLBACK, verifier, INSECURE] as const),
    );
    const tokens = await oauth4webapi.processAuthorizationCodeResponse(server, metadata, response);
    const { access_token, id_token = "", refresh_token = "" } = tokens;
    return { access_token, id_token, refresh_token };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

interface OpenedKit {
  readonly gatehouse: Gatehouse;
  readonly origin: string;
  readonly events: readonly SecurityEvent[];
  readonly keys: readonly JWK[];
  readonly artifacts: OAuthArtifacts;
  readonly identity: Identity;
}

async function openKit(options: OAuthKitOptions, stack: AsyncDisposableStack): Promise<OpenedKit> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-oauth-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keys: readonly JWK[] = [{ ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "first" }];
  const artifacts = createOAuthArtifacts();
  const events: SecurityEvent[] = [];
  const place = { origin: "" };
  const built: { identity?: Identity } = {};
  const file = {
    ...{ profile: "development", dataDirectory: directory, console: { enabled: false } },
    identity: { enabled: false },
    limits: { trustedCidrs: ["127.0.0.1/32"] },
  };
  const gatehouse = stack.use(
    await openGatehouse({
      ...{
        config: requireConfig({ file, clock: systemClock }),
        clock: systemClock,
        random: systemRandom,
        log: "quiet",
      },
      application: {
        tenant: ({ headers }) => headers.get("x-tenant") ?? SINGLE_TENANT,
        open: (services) => {
          services.events.subscribe((event) => events.push(event));
          const identity = identityOf(services, { artifacts, keys, place });
          built.identity = identity;
          return serveResources(services, { identity, artifacts, place, options });
        },
      },
    }),
  );
  const server: Listening = await listen({ handler: gatehouse.handler, port: 0 });
  stack.defer(() => server.close());
  place.origin = browserOrigin(server.url);
  if (built.identity === undefined) throw new TypeError("The application was not opened.");
  return { gatehouse, origin: place.origin, events, keys, artifacts, identity: built.identity };
}

/** Follows redirects with cookies until one leads elsewhere. */
async function follow(start: URL): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hops = 0; hops < 12; hops += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { headers: { cookie }, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const location = response.headers.get("location");
    if (location === null) throw new Error(`${response.status} at ${url.href}: ${await response.text()}`);
    url = new URL(location, url);
    if (url.origin !== start.origin) return url;
  }
  throw new Error("The redirects do not end.");
}
