import * as oauth from "openid-client";
import { z } from "zod";
import { ownPath } from "../../http/own-path.ts";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { Clock } from "../../kernel/clock.ts";
import { base64url } from "../../kernel/codec.ts";
import type { Random } from "../../kernel/random.ts";
import { relyingPartyEvents } from "./events.ts";
import { denialOfIssuer } from "./issuer-failure.ts";
import { requirementOf, type Party } from "./party.ts";
import type { PendingSignIn } from "./pending-sign-ins.ts";

/** Where a browser is sent to sign in, and what it is to remember meanwhile. */
export interface BegunSignIn {
  readonly location: string;
  readonly pending: PendingSignIn;
}

const SECRET_BYTES = 32;
const MINUTE = 60_000;

/** Beginning to sign in. */
export function createBegin(
  party: Party,
  { random, clock }: { readonly random: Random; readonly clock: Clock },
): AnyAction {
  const secret = (): string => base64url(random.bytes(SECRET_BYTES));
  return defineAction({
    name: `${party.name}.begin`,
    entrances: ["oauth"],
    effects: "store",
    authorise: "public",
    idempotency: false,
    limits: [{ name: `${party.name}.begin`, by: ["ip"], rule: { kind: "window", limit: 60, window: MINUTE } }],
    input: z.object({
      returnTo: z.string().max(2000),
      redirectUri: z.string(),
      demand: z.string().max(40).optional(),
    }),
    audit: { event: relyingPartyEvents.oauth_sign_in_begun },
    prepare: async ({ attempt, input }) => {
      const returnTo = ownPath(input.returnTo) ?? party.landing;
      const secrets = { state: secret(), nonce: secret(), verifier: secret() };
      const pending = { ...secrets, returnTo, begunAt: clock.now(), demand: input.demand };
      try {
        const location = await party.issuers.within(attempt.peer, () =>
          authorizationAddress(party, { ...input, tenant: attempt.tenant, pending }),
        );
        return { location: location.href, pending } satisfies BegunSignIn;
      } catch (error) {
        return denialOfIssuer(error);
      }
    },
    run: async ({ prepared }) => prepared,
  });
}

async function authorizationAddress(
  party: Party,
  {
    tenant,
    redirectUri,
    pending,
  }: { readonly tenant: string; readonly redirectUri: string; readonly pending: PendingSignIn },
): Promise<URL> {
  const { configuration } = await party.issuers.of(party.issuerOf(tenant));
  const { scopes, pushed } = party;
  const { acrValues = [], maxAge } = requirementOf(party, pending.demand);
  const parameters = {
    redirect_uri: redirectUri,
    scope: [...new Set(["openid", ...scopes])].join(" "),
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
    code_challenge_method: "S256",
    ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(" ") }),
    ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
    // OpenID Connect Core 11: without consent, access while nobody is there is not given.
    ...(scopes.includes("offline_access") ? { prompt: "consent" } : {}),
  };
  return pushed
    ? oauth.buildAuthorizationUrlWithPAR(configuration, parameters)
    : oauth.buildAuthorizationUrl(configuration, parameters);
}
