import { decodeJwt, errors } from "jose";
import type { Authenticator } from "../../guards/authenticate.ts";
import { tokenDemandOf, type AnyAction } from "../../kernel/action.ts";
import type { Attempt, Credential, Principal } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { AccessToken } from "../../kernel/ports/access-tokens.ts";
import { problems } from "../../kernel/problems.ts";
import { tokenFingerprint } from "../../kernel/token-fingerprint.ts";
import { isSigned } from "./algorithms.ts";
import { resourceEvents } from "./events.ts";
import { resourceProblems } from "./problems.ts";
import type { Proofs } from "./proofs.ts";
import type { TokenIssuer } from "./token-issuer.ts";

/** What tokens are recognised with. */
export interface TokenAuthenticatorParts {
  readonly issuers: readonly TokenIssuer[];
  readonly proofs: Proofs;
  readonly keyRing: KeyRing;
  /** Whether a client is an agent: a program that decides by itself what to do for somebody. */
  readonly isAgent: (client: string) => boolean;
}

type Bearer = Extract<Credential, { readonly kind: "bearer" }>;

/** Recognises who presents an access token, where an action asks for one. Tokens count nowhere else. */
export class TokenAuthenticator implements Authenticator<"bearer"> {
  readonly kind = "bearer";
  readonly #parts: TokenAuthenticatorParts;

  constructor(parts: TokenAuthenticatorParts) {
    this.#parts = parts;
  }

  async authenticate(bearer: Bearer, attempt: Attempt, action: AnyAction): Promise<Principal | Denial> {
    const demand = tokenDemandOf(action);
    if (demand === undefined) {
      const context = { reason: "no token is asked for", credential: "bearer" };
      return deny(problems.CREDENTIAL_INVALID, { event: events.authn_credential_fail, context });
    }
    const token = await this.#find(bearer.token, attempt.tenant);
    if (isDenial(token)) return token;
    if (token === undefined) return refused("unknown");
    if (!token.audiences.includes(demand.resourceOf(attempt.tenant))) return refused("another audience");
    const unproven = await this.#provePossession(bearer, token, demand.bound);
    return unproven ?? this.#principalOf(token, bearer, attempt.tenant);
  }

  /** Only the issuer that a signed token names is asked: no other learns of it. */
  #find(token: string, tenant: string): Promise<AccessToken | Denial | undefined> {
    const ours = this.#parts.issuers.filter((issuer) => issuer.tenant === undefined || issuer.tenant === tenant);
    const named = isSigned(token) ? namedIssuer(token) : undefined;
    const issuer = isSigned(token)
      ? ours.find((candidate) => candidate.issuerOf(tenant) === named)
      : ours.find(({ looksUp }) => looksUp);
    return issuer?.find(tenant, token) ?? Promise.resolve(undefined);
  }

  async #provePossession(
    { token, proof }: Bearer,
    { thumbprint }: AccessToken,
    boundOnly: boolean,
  ): Promise<Denial | undefined> {
    if (thumbprint === undefined) {
      if (proof !== undefined) return refused("not bound to a key");
      return boundOnly ? refused("not bound to a key") : undefined;
    }
    if (proof === undefined) return refused("bound to a key and sent without a proof");
    return this.#parts.proofs.check(proof, { token, thumbprint });
  }

  #principalOf(
    { account, actor, client, scopes, authentication }: AccessToken,
    { token }: Bearer,
    tenant: string,
  ): Principal {
    const session = tokenFingerprint(this.#parts.keyRing, token);
    const shared = { tenant, session, grants: new Set(scopes) };
    const agent = actor ?? (this.#parts.isAgent(client) ? client : undefined);
    if (agent !== undefined) {
      return { ...shared, type: "agent", id: agent, ...(account === undefined ? {} : { onBehalfOf: account }) };
    }
    if (account === undefined) return { ...shared, type: "client", id: client };
    return { ...shared, type: "user", id: account, ...(authentication === undefined ? {} : { authentication }) };
  }
}

function namedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function refused(reason: string): Denial {
  const context = { reason, credential: "bearer" };
  return deny(resourceProblems.ACCESS_TOKEN_INVALID, { event: resourceEvents.authn_token_refused, context });
}
