import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { systemClock } from "../kernel/clock.ts";

/** What an ID token is made from; a test replaces what it wants to be wrong. */
export interface TokenDraft {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly header: { readonly alg: string; readonly kid: string };
}

/** What an issuer does differently from an honest one. */
export interface IssuerMischief {
  /** Makes the ID token from what an honest issuer would say. */
  idToken?: (draft: TokenDraft) => string | Promise<string>;
  /** Changes the parameters that the browser brings back. */
  response?: (parameters: URLSearchParams) => void;
  /** Answers all but the authorization endpoint with 503. */
  away?: boolean;
  /** Claims besides those of the protocol. */
  claims?: Readonly<Record<string, unknown>>;
  /** Milliseconds the token endpoint takes. */
  slow?: number;
}

interface Grant {
  readonly nonce: string | null;
  readonly challenge: string | null;
}

const KID = "first";

/** A small issuer on a port of this machine, honest until a test tells it not to be. */
export class HostileIssuer implements AsyncDisposable {
  readonly url: string;
  readonly publicKey: JWK;
  mischief: IssuerMischief = {};
  /** Codes shown to the token endpoint, in order. */
  readonly redeemed: string[] = [];
  /** Refresh tokens shown to the token endpoint, in order. */
  readonly refreshed: string[] = [];
  /** Seconds an access token lives. */
  lifetime = 3600;
  readonly #server: Server;
  readonly #key: CryptoKey;
  readonly #grants = new Map<string, Grant>();
  #count = 0;

  private constructor(server: Server, key: CryptoKey, publicKey: JWK) {
    // A listening TCP server has an address of this kind.
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.#server = server;
    this.#key = key;
    this.publicKey = { ...publicKey, kid: KID, alg: "ES256", use: "sig" };
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async open(): Promise<HostileIssuer> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new HostileIssuer(server, privateKey, await exportJWK(publicKey));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Signs as the issuer does. */
  sign({ claims, header }: TokenDraft): Promise<string> {
    return new SignJWT(claims).setProtectedHeader(header).sign(this.#key);
  }

  /** What an honest logout token says. */
  logoutDraft(client: string, claims: Readonly<Record<string, unknown>>): TokenDraft {
    const now = Math.floor(systemClock.now() / 1000);
    this.#count += 1;
    return {
      header: { alg: "ES256", kid: KID },
      claims: {
        ...{ iss: this.url, aud: client, iat: now, exp: now + 120, jti: `logout-${this.#count}` },
        events: { "http://schemas.openid.net/event/backchannel-logout": {} },
        ...claims,
      },
    };
  }

  /** A code of a sign-in that somebody else has begun. */
  foreignCode(): string {
    this.#count += 1;
    const code = `foreign-${this.#count}`;
    this.#grants.set(code, { nonce: "nobody's", challenge: "nobody's" });
    return code;
  }

  /** What the browser does at the issuer: the address it comes back to. */
  authorize(location: string): URL {
    const { searchParams: asked } = new URL(location);
    this.#count += 1;
    const code = `code-${this.#count}`;
    this.#grants.set(code, { nonce: asked.get("nonce"), challenge: asked.get("code_challenge") });
    const back = new URL(asked.get("redirect_uri") ?? "");
    back.searchParams.set("code", code);
    back.searchParams.set("state", asked.get("state") ?? "");
    back.searchParams.set("iss", this.url);
    this.mischief.response?.(back.searchParams);
    return back;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", this.url);
    const body = new URLSearchParams(await text(request));
    if (this.mischief.away === true) return send(response, 503, { error: "temporarily_unavailable" });
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return send(response, 200, this.#metadata());
      case "/jwks":
        return send(response, 200, { keys: [this.publicKey] });
      case "/token":
        return this.#token(response, body, request.headers["dpop"] !== undefined);
      case "/resource":
        return send(response, 200, { authorization: request.headers.authorization, dpop: request.headers["dpop"] });
      default:
        return send(response, 404, { error: "not_found" });
    }
  }

  #metadata() {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      end_session_endpoint: `${this.url}/end`,
      jwks_uri: `${this.url}/jwks`,
      id_token_signing_alg_values_supported: ["ES256"],
      authorization_response_iss_parameter_supported: true,
    };
  }

  async #token(response: ServerResponse, body: URLSearchParams, bound: boolean): Promise<void> {
    const { slow } = this.mischief;
    if (slow !== undefined) await new Promise((resolve) => setTimeout(resolve, slow));
    if (body.get("grant_type") === "refresh_token") return this.#refresh(response, body.get("refresh_token") ?? "");
    const code = body.get("code") ?? "";
    this.redeemed.push(code);
    const grant = this.#grants.get(code);
    this.#grants.delete(code);
    const challenge = createHash("sha256")
      .update(body.get("code_verifier") ?? "")
      .digest("base64url");
    if (grant === undefined || grant.challenge !== challenge) return send(response, 400, { error: "invalid_grant" });
    const now = Math.floor(systemClock.now() / 1000);
    const claims = {
      ...{
        iss: this.url,
        aud: "app",
        sub: "ada",
        nonce: grant.nonce,
        iat: now,
        exp: now + 600,
        sid: "session-at-issuer",
      },
      ...this.mischief.claims,
    };
    const draft = { claims, header: { alg: "ES256", kid: KID } };
    const idToken = await (this.mischief.idToken?.(draft) ?? this.sign(draft));
    return send(response, 200, { ...this.#tokens(bound), id_token: idToken });
  }

  #refresh(response: ServerResponse, token: string): void {
    const known = token === `refresh-${this.#count}`;
    this.refreshed.push(token);
    return known ? send(response, 200, this.#tokens(false)) : send(response, 400, { error: "invalid_grant" });
  }

  #tokens(bound: boolean) {
    this.#count += 1;
    return {
      access_token: `access-${this.#count}`,
      refresh_token: `refresh-${this.#count}`,
      token_type: bound ? "DPoP" : "Bearer",
      expires_in: this.lifetime,
    };
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
