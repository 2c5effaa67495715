import * as oauth from "openid-client";
import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { relyingPartyEvents } from "./events.ts";
import { IssuerUnreachableError } from "./issuer-failure.ts";
import type { KnownIssuer } from "./issuer-client.ts";
import type { Party } from "./party.ts";

/** Where a browser goes on that has signed out: at the issuer, if it can be asked and ends sessions. */
export interface SignedOut {
  readonly location: string | undefined;
}

/** Signing out: here, and then at the issuer (OpenID Connect RP-Initiated Logout). */
export function createLeave(party: Party): AnyAction {
  return defineAction({
    name: `${party.name}.leave`,
    entrances: ["http"],
    effects: "store",
    authorise: "public",
    idempotency: false,
    input: z.object({ origin: z.string(), own: z.string().optional() }),
    audit: { event: relyingPartyEvents.oauth_signed_out },
    prepare: async ({ attempt }) => ({ issuer: await known(party, attempt.tenant) }),
    run: async ({ attempt, transaction, principal, input, prepared: { issuer } }): Promise<SignedOut> => {
      const { origin, own } = input;
      const { tenant } = attempt;
      const isOwn = party.sessions.cookie !== undefined;
      const session = isOwn ? own : principal.session;
      const login = session === undefined ? undefined : await party.logins.end(transaction, { tenant, session });
      if (!isOwn) await party.edge.sessions.logout({ attempt, transaction });
      else if (session !== undefined) await party.sessions.end(transaction, tenant, session);
      const isTheirs = login !== undefined || (party.signsOutOthers && principal.type === "user");
      if (issuer === undefined || !isTheirs) return { location: undefined };
      const location = oauth.buildEndSessionUrl(issuer.configuration, {
        ...(login === undefined ? {} : { id_token_hint: login.idToken }),
        post_logout_redirect_uri: origin + party.landingAfterSignOut,
      });
      return { location: location.href };
    },
  });
}

/** Signing out here must not fail because the issuer is away. */
async function known(party: Party, tenant: string): Promise<KnownIssuer | undefined> {
  try {
    const issuer = await party.issuers.of(party.issuerOf(tenant));
    return issuer.configuration.serverMetadata().end_session_endpoint === undefined ? undefined : issuer;
  } catch (error) {
    if (error instanceof IssuerUnreachableError) return undefined;
    throw error;
  }
}
