import { allowInsecureRequests, isDPoPNonceError, protectedResourceRequest } from "oauth4webapi";
import * as oauth from "openid-client";
import type { Inbound } from "../../http/inbound.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Ids } from "../../kernel/ids.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { Lease, Leases } from "../../kernel/ports/leases.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import { pause, type Timers } from "../../kernel/timers.ts";
import { proofOf, refreshTokens } from "./exchange.ts";
import { isOwnMachine } from "./issuer-client.ts";
import { denialOfIssuer } from "./issuer-failure.ts";
import type { KeptTokens } from "./logins.ts";
import type { Party } from "./party.ts";

/** What tokens are refreshed with. */
export interface TokensParts {
  readonly store: Store;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly timers: Timers;
}

/** A request to a protected resource. */
export interface ResourceRequest {
  /** Default `GET`. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Place {
  readonly tenant: string;
  readonly session: string;
}

/** Milliseconds before its end at which a token is replaced: a request takes a while as well. */
const MARGIN = 30_000;
/** Milliseconds a refresh may take; then another process takes over. */
const LEASE = 25_000;
/** Milliseconds between looks at what another process is doing. */
const LOOK = 50;

/** The tokens kept for those who have signed in: refreshed once at a time, whichever process asks. */
export class Tokens {
  readonly #party: Party;
  readonly #parts: TokensParts;
  readonly #refreshing = new Map<string, Promise<KeptTokens | Denial>>();

  constructor(party: Party, parts: TokensParts) {
    this.#party = party;
    this.#parts = parts;
  }

  /** Asks a protected resource on behalf of whoever is signed in. */
  fetch(inbound: Inbound, url: URL, request: ResourceRequest = {}): Promise<Response | Denial> {
    return this.#party.issuers.within(inbound.peer, () => this.#ask(inbound, url, request));
  }

  async #ask(inbound: Inbound, url: URL, request: ResourceRequest): Promise<Response | Denial> {
    const tokens = await this.#current(inbound);
    if (isDenial(tokens)) return tokens;
    const { method = "GET", headers = {}, body = null } = request;
    const options = { [allowInsecureRequests]: isOwnMachine(url), ...(await this.#proof(inbound, tokens)) };
    // Each time with fields of its own: the token and the proof are put into them.
    const ask = (): Promise<Response> =>
      protectedResourceRequest(tokens.access, method, url, new Headers(headers), body, options);
    return ask().catch((error: unknown) => {
      if (isDPoPNonceError(error)) return ask();
      // What the resource answers is for who asked, a refusal as well.
      if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
      throw error;
    });
  }

  async #proof({ tenant }: Inbound, tokens: KeptTokens): Promise<oauth.DPoPOptions> {
    if (tokens.key === undefined) return {};
    return proofOf(await this.#party.issuers.of(this.#party.issuerOf(tenant)), tokens);
  }

  async #current(inbound: Inbound): Promise<KeptTokens | Denial> {
    const { session } = await this.#party.edge.sessions.principal(inbound);
    if (session === undefined) return deny(problems.AUTHENTICATION_REQUIRED);
    const place = { tenant: inbound.tenant, session };
    const tokens = await this.#find(place);
    if (tokens === undefined) return deny(problems.AUTHENTICATION_REQUIRED);
    if (this.#isFresh(tokens)) return tokens;
    const under = this.#refreshing.get(session) ?? this.#refresh(place);
    this.#refreshing.set(session, under);
    try {
      return await under;
    } finally {
      this.#refreshing.delete(session);
    }
  }

  /** Whoever holds the lease asks the issuer; the others wait, and find the new tokens. */
  async #refresh(place: Place): Promise<KeptTokens | Denial> {
    const { leases, ids, timers } = this.#parts;
    const holder = ids.next();
    for (;;) {
      const lease = await leases.acquire(`oauth-refresh:${place.session}`, holder, LEASE);
      const tokens = await this.#find(place);
      if (tokens === undefined || this.#isFresh(tokens) || lease !== undefined) {
        return this.#replace(place, tokens, lease);
      }
      await pause(timers, LOOK);
    }
  }

  async #replace(place: Place, tokens: KeptTokens | undefined, lease: Lease | undefined): Promise<KeptTokens | Denial> {
    try {
      if (tokens === undefined) return deny(problems.AUTHENTICATION_REQUIRED);
      if (this.#isFresh(tokens)) return tokens;
      return await this.#exchange(place, tokens);
    } finally {
      if (lease !== undefined) await this.#parts.leases.release(lease);
    }
  }

  async #exchange(place: Place, tokens: KeptTokens): Promise<KeptTokens | Denial> {
    const { refresh } = tokens;
    if (refresh === undefined) return deny(problems.AUTHENTICATION_REQUIRED);
    try {
      const issuer = await this.#party.issuers.of(this.#party.issuerOf(place.tenant));
      const { lifetime, ...renewed } = await refreshTokens(issuer, { ...tokens, refresh });
      const kept = { ...renewed, expiresAt: this.#parts.clock.now() + lifetime };
      await this.#write(place, kept);
      return kept;
    } catch (error) {
      // Tokens that the issuer does not take back are worth nothing any more; any other failure may pass.
      if (!(error instanceof oauth.ResponseBodyError) || error.error !== "invalid_grant") return denialOfIssuer(error);
      await this.#write(place, undefined);
      return deny(problems.AUTHENTICATION_REQUIRED);
    }
  }

  async #find(place: Place): Promise<KeptTokens | undefined> {
    const login = await this.#parts.store.read((transaction) => this.#party.logins.find(transaction, place));
    return login?.tokens;
  }

  async #write(place: Place, tokens: KeptTokens | undefined): Promise<void> {
    await this.#parts.store.write((transaction) => this.#party.logins.replaceTokens(transaction, place, tokens));
  }

  #isFresh({ expiresAt }: KeptTokens): boolean {
    return expiresAt - this.#parts.clock.now() > MARGIN;
  }
}
