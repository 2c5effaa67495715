import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";
import { API } from "../identity/door.ts";

/** How a resource server keeps the keys of its issuer. */
export interface ResourceServerOptions {
  readonly issuer: string;
  /** The server that answers the next request, as a load balancer chooses it. */
  readonly choose: () => { readonly url: string };
  /** Milliseconds for which keys are kept. */
  readonly kept: number;
  /** Milliseconds until it looks again for a key it does not know. */
  readonly cooldown: number;
}

/** An API somewhere else, which checks tokens by the keys that the issuer publishes and it has kept. */
export class ResourceServer {
  readonly #options: ResourceServerOptions;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  /** When the keys were asked for last, on the monotonic clock. */
  fetchedAt = 0;
  fetches = 0;

  constructor(options: ResourceServerOptions) {
    const { issuer, choose, kept, cooldown } = options;
    this.#options = options;
    this.#keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", issuer), {
      cacheMaxAge: kept,
      cooldownDuration: cooldown,
      timeoutDuration: 30_000,
      [customFetch]: (url, init) => {
        this.fetchedAt = performance.now();
        this.fetches += 1;
        return fetch(new URL(new URL(url).pathname, choose().url), init);
      },
    });
  }

  /** @throws {JOSEError} for an access token that is not to be believed. */
  async verifyAccessToken(token: string): Promise<void> {
    await jwtVerify(token, this.#keys, { issuer: this.#options.issuer, audience: API, typ: "at+jwt" });
  }

  /** @throws {JOSEError} for an ID token that is not to be believed. */
  async verifyIdToken(token: string): Promise<void> {
    await jwtVerify(token, this.#keys, { issuer: this.#options.issuer, audience: "app" });
  }
}
