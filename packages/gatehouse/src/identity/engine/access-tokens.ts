import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { AccessToken, AccessTokens } from "../../kernel/ports/access-tokens.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Issuer, Issuers } from "../issuers.ts";
import { isSigned } from "./jwt-access-token.ts";
import { UnitOfWork } from "./unit-of-work.ts";

/** What access tokens are found with. */
export interface AccessTokensParts {
  readonly issuers: Issuers;
  readonly artifacts: OAuthArtifacts;
  readonly store: Store;
  readonly clock: Clock;
  /** Whether what was issued to an account then counts still: that it is there, active, and has not moved on since. */
  readonly accountHolds: (account: AccountAtIssue) => Promise<boolean>;
}

/** An account when something was issued to it. */
export interface AccountAtIssue {
  readonly tenant: string;
  readonly account: string;
  /** Epoch milliseconds, to the second. */
  readonly issuedAt: number;
}

/** Kinds of access tokens: those people grant, and those of clients that act for themselves. */
const KINDS = ["AccessToken", "ClientCredentials"];

const Payload = z.object({
  clientId: z.string(),
  accountId: z.string().optional(),
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([]),
  scope: z.string().default(""),
  iat: z.number(),
  exp: z.number(),
  jkt: z.string().optional(),
  "x5t#S256": z.string().optional(),
});

/** Access tokens of the engine, found in what it keeps: a token that was revoked is not there any more. */
export function createAccessTokens(parts: AccessTokensParts): AccessTokens {
  const { issuers } = parts;
  return {
    issuerOf: (tenant) => issuers.of(tenant).origin,
    async find(tenant, token) {
      const issuer = issuers.of(tenant);
      const found = Payload.safeParse(await payloadOf(parts, issuer, token));
      // A binding to a certificate cannot be checked here, and must not be passed over.
      if (!found.success || found.data["x5t#S256"] !== undefined) return undefined;
      const { accountId: account, iat, exp } = found.data;
      if (exp * 1000 <= parts.clock.now()) return undefined;
      const holds = account === undefined || (await parts.accountHolds({ tenant, account, issuedAt: iat * 1000 }));
      return holds ? accessTokenOf(issuer, found.data) : undefined;
    },
  };
}

/** A signed token is found by its identifier, and only where it is there whole and ours. */
async function payloadOf(
  { artifacts, store, clock }: AccessTokensParts,
  { codec, engine }: Issuer,
  token: string,
): Promise<unknown> {
  const work = new UnitOfWork({
    ...{ codec, artifacts, grace: 0 },
    read: (look) => store.read(look),
    now: () => clock.now(),
  });
  const id = isSigned(token) ? (await engine.identifySigned(token))?.id : token;
  if (id === undefined) return undefined;
  if (id !== token) work.admitSigned(id);
  for (const kind of KINDS) {
    const payload = await work.find(kind, id);
    if (payload !== undefined) return payload;
  }
  return undefined;
}

function accessTokenOf({ origin }: Issuer, payload: z.infer<typeof Payload>): AccessToken {
  const { clientId: client, accountId: account, aud: audiences, scope, exp, jkt: thumbprint } = payload;
  const scopes = scope.split(" ").filter((name) => name !== "");
  return { issuer: origin, client, account, audiences, scopes, thumbprint, expiresAt: exp * 1000 };
}
