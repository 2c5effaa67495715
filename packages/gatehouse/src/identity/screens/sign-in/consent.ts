import { z } from "zod";
import { defineAction, type AnyAction } from "../../../kernel/action.ts";
import { deny } from "../../../kernel/outcome.ts";
import { finishInteraction } from "../../engine/interaction.ts";
import { identityEvents } from "../../events.ts";
import { accountProblems } from "../../problems.ts";
import { VisitInput, type SignInParts } from "./proof-action.ts";
import { ownPathOf } from "./progress.ts";
import { findVisit, type Visit } from "./visit.ts";

/** What an application asks a person for. */
const Details = z.object({
  missingOIDCScope: z.array(z.string()).default([]),
  missingOIDCClaims: z.array(z.string()).default([]),
  missingResourceScopes: z.record(z.string(), z.array(z.string())).default({}),
});

/** Scopes of an application's that are to be allowed; those of a protected resource with its name. */
export interface WantedScope {
  readonly scope: string;
  readonly resource?: string;
}

/** What is asked on a page of consent. */
export function wantedScopes({ interaction: { prompt, params } }: Visit): WantedScope[] {
  const { missingOIDCScope, missingResourceScopes } = Details.parse(prompt.details);
  const missing: WantedScope[] = [
    ...missingOIDCScope.map((scope) => ({ scope })),
    ...Object.entries(missingResourceScopes).flatMap(([resource, scopes]) =>
      scopes.map((scope) => ({ scope, resource })),
    ),
  ];
  if (missing.length > 0) return missing;
  const { scope } = params;
  return (typeof scope === "string" ? scope.split(" ") : []).map((name) => ({ scope: name }));
}

const LIMIT = { kind: "window", limit: 60, window: 60_000 } as const;

/** Allows an application what it asks for. */
export function createConsent(parts: SignInParts): AnyAction {
  return defineAction({
    ...{ name: "sign-in.consent", entrances: ["http"], input: VisitInput, effects: "store", authorise: "public" },
    idempotency: false,
    limits: [{ name: "sign-in.consent", by: ["session"], rule: LIMIT }],
    audit: {
      event: identityEvents.oauth_consent_given,
      context: (_input, { client, account, scopes }: Answered) => ({ client, account, scopes }),
    },
    prepare: async ({ input: { uid, request }, attempt: { tenant }, read }) => {
      const visit = await findVisit(parts, { uid, tenant, request, read });
      const account = visit?.interaction.session?.accountId;
      if (visit?.interaction.prompt.name !== "consent" || account === undefined) {
        return deny(accountProblems.SIGN_IN_ENDED);
      }
      const location = await allow(visit, account);
      return location === undefined ? deny(accountProblems.SIGN_IN_ENDED) : { visit, account, location };
    },
    run: async ({ prepared: { visit, account, location }, transaction }): Promise<Answered> => {
      await visit.call.work.commit(transaction);
      const scopes = wantedScopes(visit).map(({ scope }) => scope);
      return { location, client: visit.client.id, account, scopes: scopes.join(" ") };
    },
  });
}

/** Sends somebody back to the application without what it asked for. */
export function createAbort(parts: SignInParts): AnyAction {
  return defineAction({
    ...{ name: "sign-in.abort", entrances: ["http"], input: VisitInput, effects: "store", authorise: "public" },
    idempotency: false,
    limits: [{ name: "sign-in.abort", by: ["session"], rule: LIMIT }],
    audit: {
      event: identityEvents.authn_login_aborted,
      context: (_input, { client }: { location: string; client: string }) => ({ client }),
    },
    prepare: async ({ input: { uid, request }, attempt: { tenant }, read }) => {
      const visit = await findVisit(parts, { uid, tenant, request, read });
      const refusal = { error: "access_denied", error_description: "The person did not go on." };
      const location = visit && ownPathOf(await finishInteraction(visit.call, refusal));
      return visit === undefined || location === undefined ? deny(accountProblems.SIGN_IN_ENDED) : { visit, location };
    },
    run: async ({ prepared: { visit, location }, transaction }) => {
      await visit.call.work.commit(transaction);
      return { location, client: visit.client.id };
    },
  });
}

interface Answered {
  readonly location: string;
  readonly client: string;
  readonly account: string;
  readonly scopes: string;
}

async function allow({ interaction, issuer, call, client }: Visit, accountId: string): Promise<string | undefined> {
  const { engine } = issuer;
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = Details.parse(interaction.prompt.details);
  const grantId = await engine.within(call.work, async () => {
    const { Grant } = engine.provider;
    const known = interaction.grantId === undefined ? undefined : await Grant.find(interaction.grantId);
    const grant = known ?? new Grant({ accountId, clientId: client.id });
    if (missingOIDCScope.length > 0) grant.addOIDCScope(missingOIDCScope.join(" "));
    if (missingOIDCClaims.length > 0) grant.addOIDCClaims(missingOIDCClaims);
    for (const [resource, scopes] of Object.entries(missingResourceScopes)) {
      grant.addResourceScope(resource, scopes.join(" "));
    }
    return grant.save();
  });
  return ownPathOf(await finishInteraction(call, { consent: { grantId } }));
}
