import { errors, jwtVerify, type JWTPayload } from "jose";
import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import { relyingPartyEvents } from "./events.ts";
import { CLOCK_TOLERANCE, SIGNATURES, type KnownIssuer } from "./issuer-client.ts";
import { denialOfIssuer } from "./issuer-failure.ts";
import type { LoginOwner } from "./logins.ts";
import type { Party } from "./party.ts";
import { relyingPartyProblems } from "./problems.ts";

interface EndParts {
  readonly clock: Clock;
  readonly keyRing: KeyRing;
  readonly documents: Documents;
}

interface LogoutToken {
  readonly id: string;
  readonly owner: LoginOwner;
}

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const Claims = z.object({
  jti: z.string().min(1).max(255),
  sub: z.string().optional(),
  sid: z.string().optional(),
  events: z.looseObject({ [EVENT]: z.looseObject({}) }),
  nonce: z.undefined().optional(),
});
const USED = "oauth-logout-token";
/** Seconds after which a logout token is too old, whatever it says of itself. */
const LONGEST = 600;
const MINUTE = 60_000;

/** The issuer has ended somebody's session (OpenID Connect Back-Channel Logout): theirs here end with it. */
export function createEnd(party: Party, { clock, keyRing, documents }: EndParts): AnyAction {
  return defineAction({
    name: `${party.name}.end`,
    entrances: ["oauth"],
    effects: "store",
    authorise: "public",
    idempotency: false,
    limits: [{ name: `${party.name}.end`, by: ["ip"], rule: { kind: "window", limit: 300, window: MINUTE } }],
    input: z.object({ token: z.string().max(8192) }),
    audit: {
      event: relyingPartyEvents.oauth_sessions_ended,
      context: (_input, { ended }: { readonly ended: number }) => ({ ended }),
    },
    prepare: async ({ attempt, input: { token } }): Promise<LogoutToken | Denial> => {
      try {
        const issuer = await party.issuers.of(party.issuerOf(attempt.tenant));
        return await verify(issuer, { token, audience: party.clientId, now: clock.now() });
      } catch (error) {
        return error instanceof errors.JOSEError ? refused(error.code) : denialOfIssuer(error);
      }
    },
    run: async ({ attempt: { tenant }, transaction, prepared: { id, owner } }) => {
      const key = { kind: USED, tenant, id: keyRing.fingerprint(USED, party.name, id) };
      const change = { expected: 0, body: "{}", expiresAt: clock.now() + (LONGEST + 2 * CLOCK_TOLERANCE) * 1000 };
      if ((await documents.put(transaction, key, change)) === undefined) return refused("used before");
      const sessions = await party.logins.sessionsOf(transaction, tenant, owner);
      for (const session of sessions) {
        await party.logins.end(transaction, { tenant, session });
        await party.sessions.end(transaction, tenant, session);
      }
      return { ended: sessions.length };
    },
  });
}

async function verify(
  { keys, configuration }: KnownIssuer,
  { token, audience, now }: { readonly token: string; readonly audience: string; readonly now: number },
): Promise<LogoutToken | Denial> {
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    ...{ issuer: configuration.serverMetadata().issuer, audience, algorithms: [...SIGNATURES] },
    ...{ clockTolerance: CLOCK_TOLERANCE, maxTokenAge: LONGEST, currentDate: new Date(now) },
  });
  const { typ } = protectedHeader;
  if (typ !== undefined && !/^(?:application\/)?(?:logout\+jwt|jwt)$/i.test(typ)) return refused("type");
  return understand(payload);
}

function understand(payload: JWTPayload): LogoutToken | Denial {
  const claims = Claims.safeParse(payload);
  if (!claims.success) return refused("claims");
  const { jti: id, sid, sub: subject } = claims.data;
  if (sid !== undefined) return { id, owner: { sid } };
  return subject === undefined ? refused("claims") : { id, owner: { subject } };
}

function refused(reason: string): Denial {
  const event = relyingPartyEvents.oauth_logout_token_refused;
  return deny(relyingPartyProblems.LOGOUT_TOKEN_REFUSED, { event, context: { reason } });
}
