import { AsyncLocalStorage } from "node:async_hooks";
import { createRemoteJWKSet, customFetch as jwksFetch, type JWTVerifyGetKey } from "jose";
import * as oauth from "openid-client";
import { isLoopback } from "../../http/loopback.ts";
import type { Clock } from "../../kernel/clock.ts";
import { reachingFetch } from "./issuer-failure.ts";

/** The client that an application is at its issuer. */
export interface ClientRegistration {
  readonly id: string;
  /** Left out for a public client, which has none. */
  readonly secret?: string;
}

/** Makes the `fetch` that reaches the issuer, for the visitor at an address or for nobody in particular. */
export type IssuerFetchFor = (peer?: { readonly ip: string }) => typeof globalThis.fetch;

/** What is asked for at the issuer, and from it. */
export interface IssuerClientParts {
  readonly client: ClientRegistration;
  readonly clock: Clock;
  readonly fetchFor?: IssuerFetchFor | undefined;
}

/** An issuer as it describes itself, and the keys it signs with. */
export interface KnownIssuer {
  readonly issuer: string;
  readonly configuration: oauth.Configuration;
  readonly keys: JWTVerifyGetKey;
}

/** Seconds an issuer may take for an answer. */
const TIMEOUT = 10;
/** Milliseconds after which the issuer is asked anew how it is to be used. */
const FRESH = 3_600_000;
/** Seconds by which the issuer's clock may differ. */
export const CLOCK_TOLERANCE = 60;
/** Issuers kept at a time. */
const MOST = 100;
/** Algorithms with which nobody but the issuer can sign. */
export const SIGNATURES: readonly string[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

/** Issuers by their address: each is asked how it is to be used when it is first needed, and every hour from then on. */
export class IssuerClient {
  readonly #parts: IssuerClientParts;
  readonly #peer = new AsyncLocalStorage<{ readonly ip: string }>();
  readonly #known = new Map<string, { readonly since: number; readonly issuer: Promise<KnownIssuer> }>();

  constructor(parts: IssuerClientParts) {
    this.#parts = parts;
  }

  /** Does what is asked of issuers meanwhile for a visitor: an issuer in this process counts by who it is for. */
  within<Result>(peer: { readonly ip: string }, work: () => Promise<Result>): Promise<Result> {
    return this.#peer.run(peer, work);
  }

  /** @throws {IssuerUnreachableError} when it cannot be asked. */
  async of(issuer: string): Promise<KnownIssuer> {
    const now = this.#parts.clock.now();
    const known = this.#known.get(issuer);
    if (known !== undefined && now - known.since < FRESH) return known.issuer;
    const asked = this.#discover(issuer).catch(async (error: unknown) => {
      // What was known an hour ago serves better than nothing.
      const before = await known?.issuer.catch(() => undefined);
      if (before !== undefined) return before;
      if (this.#known.get(issuer)?.issuer === asked) this.#known.delete(issuer);
      throw error;
    });
    this.#known.delete(issuer);
    this.#known.set(issuer, { since: now, issuer: asked });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
    return asked;
  }

  async #discover(issuer: string): Promise<KnownIssuer> {
    const { client, fetchFor = () => globalThis.fetch } = this.#parts;
    const { id, secret } = client;
    const fetch = reachingFetch((url, options) =>
      // The two libraries that describe `fetch` name the same bodies differently.
      fetchFor(this.#peer.getStore())(url, options as RequestInit),
    );
    const address = new URL(issuer);
    const plain = isOwnMachine(address) ? [oauth.allowInsecureRequests] : [];
    const configuration = await oauth.discovery(
      address,
      id,
      { [oauth.clockTolerance]: CLOCK_TOLERANCE },
      secret === undefined ? oauth.None() : oauth.ClientSecretBasic(secret),
      {
        [oauth.customFetch]: fetch,
        timeout: TIMEOUT,
        // Signatures are checked although the tokens come over TLS: a proxy in between may not be the issuer's.
        execute: [...plain, oauth.enableNonRepudiationChecks],
      },
    );
    const { jwks_uri: keysAt = issuer } = configuration.serverMetadata();
    const keys = createRemoteJWKSet(new URL(keysAt), {
      timeoutDuration: TIMEOUT * 1000,
      [jwksFetch]: (url, options) => fetch(url, { ...options, body: undefined, headers: fieldsOf(options.headers) }),
    });
    return { issuer, configuration, keys };
  }
}

/** Anything but https would hand codes and tokens to whoever is on the way; on this machine nobody is. */
export function isOwnMachine({ protocol, host }: URL): boolean {
  return protocol === "http:" && isLoopback(host);
}

function fieldsOf(headers: Headers): Record<string, string> {
  return Object.fromEntries(headers);
}
