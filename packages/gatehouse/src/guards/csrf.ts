import { tokenDemandOf, type AnyAction } from "../kernel/action.ts";
import type { Attempt, Entrance } from "../kernel/attempt.ts";
import { events } from "../kernel/events.ts";
import type { Guard } from "../kernel/guard.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { CsrfTokens } from "./csrf-token.ts";
import { createOriginRules, type OriginOptions } from "./origin.ts";
import { sessionExpired } from "./session-expired.ts";

/** What the guard checks tokens with, and which origins it takes for proven. */
export interface CsrfOptions extends OriginOptions {
  readonly tokens: CsrfTokens;
  /** Makes the fingerprints by which events name a received token. */
  readonly keyRing: KeyRing;
}

/** When a browser's attempt needs a token. */
type Demand = "always" | "unproven";

/**
 * Demands the session's CSRF token from browsers: always at the live entrance and for mutations, and
 * over connections (the realtime entrance, where a browser cannot add one to the upgrade) only when the
 * headers do not prove the origin. Denies with `CSRF_TOKEN_INVALID`, or with `SESSION_EXPIRED` and
 * `action: "REFRESH_PAGE"` when a token came without the session it belongs to.
 */
export function csrfGuard({ tokens, keyRing, ...originOptions }: CsrfOptions): Guard {
  const judge = createOriginRules(originOptions);

  function check(attempt: Attempt, demand: Demand): Denial | undefined {
    const { provenance } = attempt;
    if (provenance.kind !== "browser") return undefined;
    if (demand === "unproven" && judge(provenance) !== "unproven") return undefined;
    const token = provenance.csrfToken;
    if (token === undefined || token === "") return refusal("missing");
    const session = attempt.credentials.find((credential) => credential.kind === "session");
    if (session !== undefined && tokens.verify(token, session.id)) return undefined;
    const fingerprint = keyRing.fingerprint("csrf-received", token);
    if (session === undefined) return sessionExpired({ reason: "no session", token: fingerprint });
    return refusal("mismatch", fingerprint);
  }

  return {
    name: "csrf",
    phase: "provenance",
    modes: ["enforce", "shadow", "off"],
    compile(action, entrance) {
      const demand = demandOf(action, entrance);
      const asked = tokenDemandOf(action);
      if (demand === undefined || asked?.sessions === false) return undefined;
      return {
        guard: "csrf",
        phase: "provenance",
        summary: demand === "always" ? "session token" : "session token where the origin is unproven",
        // Without any credential nobody is admitted where a token is asked for, and is to be told so.
        enter: ({ attempt }) =>
          asked !== undefined && attempt.credentials.length === 0 ? undefined : check(attempt, demand),
      };
    },
  };
}

function demandOf(action: AnyAction, entrance: Entrance): Demand | undefined {
  switch (entrance) {
    case "live":
      return "always";
    case "realtime":
      return "unproven";
    // The protocol of the entrance oauth has its own proofs: see the origin guard.
    case "oauth":
    case "webhook":
    case "job":
      return undefined;
    default:
      return action.effects === "none" ? undefined : "always";
  }
}

function refusal(reason: "missing" | "mismatch", token?: string): Denial {
  const context = token === undefined ? { reason } : { reason, token };
  return deny(problems.CSRF_TOKEN_INVALID, { event: events.malicious_csrf, context });
}
