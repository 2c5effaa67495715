import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import type { Gatehouse } from "../gatehouse.ts";
import { UnitOfWork } from "../identity/engine/unit-of-work.ts";
import type { Identity } from "../identity/identity.ts";
import { base64url } from "../kernel/codec.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import { systemRandom } from "../kernel/random.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";

/** From where, and with what, somebody does something. */
export interface Visit {
  readonly ip?: string;
  readonly agent?: string;
  /** Proves possession with it (RFC 9449). */
  readonly key?: ProofKey;
  /** The server that is asked, where there are several. */
  readonly origin?: string;
}

/** A key that proves possession. */
export interface ProofKey {
  readonly privateKey: CryptoKey;
  readonly publicKey: JWK;
  readonly thumbprint: string;
}

/** Who consents in which browser. */
export interface Consent {
  readonly account?: string;
  /** Its cookies. */
  readonly browser?: Map<string, string>;
  /** Whether nothing is asked where nothing needs to be. */
  readonly silent?: boolean;
}

/** The token endpoint's answer. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

/** The clients an issuer for tests has. */
export const KIT_CLIENTS = ["app", "tool", "spa", "api"] as const;
/** The resource whose access tokens are signed texts; the client `api` may look them up. */
export const KIT_API = "https://api.example/";
/** Where visits come from that say nothing else. */
export const HOME: Required<Pick<Visit, "ip" | "agent">> = {
  ip: "203.0.113.10",
  agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};

const SECRET = "s".repeat(64);
const CALLBACK = "https://app.example/callback";
const SCOPE = "openid offline_access photos:read";

/** A fresh key that proves possession. */
export async function generateProofKey(): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  return { privateKey, publicKey: jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

/** What a visited issuer consists of. */
export interface IssuerDoorParts {
  readonly gatehouse: Gatehouse;
  readonly identity: Identity;
  /** Address of the server. */
  readonly origin: string;
  readonly issuer: string;
  readonly signIn: { account: string };
}

/** An issuer for tests, through its front door. */
export class IssuerVisits implements AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly identity: Identity;
  readonly origin: string;
  /** Every event since the start. */
  readonly events: SecurityEvent[] = [];
  readonly #parts: IssuerDoorParts;
  readonly #stack: AsyncDisposableStack;

  constructor(parts: IssuerDoorParts, stack: AsyncDisposableStack) {
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
    const work = new UnitOfWork({
      codec,
      artifacts: createOAuthArtifacts(),
      read: (look) => store.read(look),
      now: () => clock.now(),
      grace: 0,
    });
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
    return this.redeem(client, await this.consent(client, visit, { account }), visit);
  }

  /** Lets somebody sign in and consent; answers the code and its verifier. `silent`: unless they have done so before. */
  async consent(
    client: string,
    visit: Visit = {},
    { account = "ada", browser = new Map(), silent = false }: Consent = {},
  ) {
    this.#parts.signIn.account = account;
    const verifier = base64url(systemRandom.bytes(32));
    const url = new URL("/oauth/authorize", this.#parts.issuer);
    url.search = new URLSearchParams({
      ...{ client_id: client, response_type: "code", redirect_uri: CALLBACK, scope: SCOPE, resource: KIT_API },
      ...{ state: "state", code_challenge_method: "S256" },
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      ...(silent ? {} : { prompt: "consent" }),
    }).toString();
    const { location, asked } = await this.#follow(url, visit, browser);
    return {
      code: location.searchParams.get("code") ?? "",
      verifier,
      error: location.searchParams.get("error"),
      asked,
    };
  }

  redeem(client: string, { code, verifier }: { readonly code: string; readonly verifier: string }, visit: Visit = {}) {
    const form = { grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: CALLBACK };
    return this.post("/oauth/token", form, { ...visit, client });
  }

  refresh(token: string | undefined, visit: Visit = {}, client = "app"): Promise<TokenAnswer> {
    const form = { grant_type: "refresh_token", refresh_token: token ?? "" };
    return this.post("/oauth/token", form, { ...visit, client });
  }

  /** Whether a token is active, as the servers of the resource are told. */
  async active(token: string | undefined, client = "api"): Promise<boolean> {
    const { body } = await this.post("/oauth/introspect", { token: token ?? "" }, { client });
    return Boolean(body["active"]);
  }

  async post(
    path: string,
    form: Readonly<Record<string, string>>,
    { client, ...visit }: Visit & { readonly client: string },
  ): Promise<TokenAnswer> {
    const isPublic = client === "spa";
    const body = new URLSearchParams({ ...form, ...(isPublic ? { client_id: client } : {}) });
    const headers = {
      ...headersOf(visit),
      ...(isPublic ? {} : { authorization: `Basic ${Buffer.from(`${client}:${SECRET}`).toString("base64")}` }),
      ...(visit.key === undefined ? {} : { dpop: await this.#proof(visit.key, path) }),
    };
    const response = await fetch(new URL(path, visit.origin ?? this.origin), { method: "POST", body, headers });
    const text = await response.text();
    // The protocol's documents are flat; tests look at texts in them.
    return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as TokenAnswer["body"] };
  }

  async #proof({ privateKey, publicKey }: ProofKey, path: string): Promise<string> {
    return new SignJWT({ htm: "POST", htu: this.#parts.issuer + path, jti: base64url(systemRandom.bytes(16)) })
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
