import { admitGuard } from "../guards/admit.ts";
import { admitPrincipalGuard } from "../guards/admit-principal.ts";
import { auditGuard } from "../guards/audit.ts";
import { authenticateGuard, type Authenticators } from "../guards/authenticate.ts";
import { authoriseGuard } from "../guards/authorise.ts";
import { csrfGuard } from "../guards/csrf.ts";
import type { CsrfTokens } from "../guards/csrf-token.ts";
import { idempotencyGuard } from "../guards/idempotency.ts";
import { limitGuard } from "../guards/limit.ts";
import { originGuard } from "../guards/origin.ts";
import { signatureGuard, type SignatureVerifier } from "../guards/signature.ts";
import { validateGuard } from "../guards/validate.ts";
import type { Guard } from "../kernel/guard.ts";
import type { Counters } from "../kernel/ports/counters.ts";
import type { IdempotencyRecords } from "../kernel/ports/idempotency.ts";
import type { Services } from "./application.ts";

/** What the guards need besides the services. */
export interface GuardParts {
  readonly services: Services;
  readonly csrfTokens: CsrfTokens;
  readonly records: IdempotencyRecords;
  readonly localCounters: Counters;
  readonly signatures: Readonly<Record<string, SignatureVerifier>>;
  readonly authenticators: Omit<Authenticators, "session">;
}

/** Every guard, as configured. The pipeline puts them into the order of the phases. */
export function createGuards({
  services,
  csrfTokens,
  records,
  localCounters,
  signatures,
  authenticators,
}: GuardParts): readonly Guard[] {
  const { config, bans, emergency, counters, keyRing, sealer, clock, ids, random, store, trail, edge } = services;
  const trustedOrigins = config.csrf.trustedOrigins;
  const trustedCidrs = config.limits.trustedCidrs;
  return [
    admitGuard({ bans, counters: localCounters, keyRing, clock, trustedCidrs, perIp: config.limits.perIp }),
    admitPrincipalGuard({ bans, clock, trustedCidrs }),
    signatureGuard({ verifiers: signatures }),
    originGuard({ trustedOrigins }),
    csrfGuard({ trustedOrigins, tokens: csrfTokens, keyRing }),
    authenticateGuard({ authenticators: { ...authenticators, session: edge.sessions.authenticator } }),
    limitGuard({
      counters,
      keyRing,
      clock,
      trustedCidrs,
      emergency,
      defaults: { limit: config.limits.limit, window: config.limits.window },
    }),
    validateGuard(),
    authoriseGuard({ store }),
    idempotencyGuard({ records, store, keyRing, sealer, clock, random, ids }),
    auditGuard({ trail, ids, clock }),
  ];
}
