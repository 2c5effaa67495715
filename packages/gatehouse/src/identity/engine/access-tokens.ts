import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { AccessToken, AccessTokens } from "../../kernel/ports/access-tokens.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Issuer, Issuers } from "../issuers.ts";
import type { KeyUses } from "../keys/key-uses.ts";
import { isSigned } from "./jwt-access-token.ts";
import { UnitOfWork } from "./unit-of-work.ts";

/** What access tokens are found with. */
export interface AccessTokensParts {
  readonly issuers: Issuers;
  readonly artifacts: OAuthArtifacts;
  readonly store: Store;
  readonly clock: Clock;
  /** Counts which keys have signed the tokens that are shown. */
  readonly keyUses?: Pick<KeyUses, "seen"> | undefined;
  /** Whether an account is there and active. */
  readonly isActive: (account: AccountKey) => Promise<boolean>;
}

/** The level of assurance of two factors. */
const TWO_FACTORS = "aal2";

/** Kinds of access tokens: those people grant, and those of clients that act for themselves. */
const KINDS = ["AccessToken", "ClientCredentials"];

const Payload = z.object({
  clientId: z.string(),
  accountId: z.string().optional(),
  aud: z.union([z.string().transform((one) => [one]), z.array(z.string())]).default([]),
  scope: z.string().default(""),
  exp: z.number(),
  jkt: z.string().optional(),
  "x5t#S256": z.string().optional(),
  extra: z.object({ auth_time: z.number().optional(), acr: z.string().optional() }).optional(),
});

/** Access tokens of the engine, found in what it keeps: a token that was revoked is not there any more. */
export function createAccessTokens(parts: AccessTokensParts): AccessTokens {
  const { issuers } = parts;
  return {
    issuerOf: (tenant) => issuers.originOf(tenant),
    async find(tenant, token) {
      await issuers.ready();
      await issuers.meet(token);
      const issuer = issuers.of(tenant);
      const found = Payload.safeParse(await payloadOf(parts, issuer, token));
      // A binding to a certificate cannot be checked here, and must not be passed over.
      if (!found.success || found.data["x5t#S256"] !== undefined) return undefined;
      const { accountId: id, exp } = found.data;
      if (exp * 1000 <= parts.clock.now()) return undefined;
      if (id !== undefined && !(await parts.isActive({ tenant, id }))) return undefined;
      return accessTokenOf(issuer, found.data);
    },
  };
}

/** A signed token is found by its identifier, and only where it is there whole and ours. */
async function payloadOf(
  { artifacts, store, clock, keyUses }: AccessTokensParts,
  { codec, engine }: Issuer,
  token: string,
): Promise<unknown> {
  const work = new UnitOfWork({
    ...{ codec, artifacts, grace: 0 },
    read: (look) => store.read(look),
    now: () => clock.now(),
  });
  const mark = isSigned(token) ? await engine.identifySigned(token) : { id: token, kid: undefined };
  if (mark === undefined) return undefined;
  const { id, kid } = mark;
  if (id !== token) work.admitSigned(id);
  if (kid !== undefined) keyUses?.seen(kid);
  for (const kind of KINDS) {
    const payload = await work.find(kind, id);
    if (payload !== undefined) return payload;
  }
  return undefined;
}

function accessTokenOf({ origin }: Issuer, payload: z.infer<typeof Payload>): AccessToken {
  const { clientId: client, accountId: account, aud: audiences, scope, exp, jkt: thumbprint } = payload;
  const scopes = scope.split(" ").filter((name) => name !== "");
  const { auth_time: at, acr: level = "" } = payload.extra ?? {};
  const authentication = at === undefined ? undefined : { at: at * 1000, secondFactor: level === TWO_FACTORS };
  return { issuer: origin, client, account, audiences, scopes, authentication, thumbprint, expiresAt: exp * 1000 };
}
