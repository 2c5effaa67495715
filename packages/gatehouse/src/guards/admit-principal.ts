import { carriesSession, SINGLE_TENANT, type Principal } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Guard } from "../kernel/guard.ts";
import type { Bans, BanSubject } from "../kernel/ports/bans.ts";
import { bannedDenial } from "./admit.ts";
import { addressKey, createAddressRanges } from "./address.ts";

/** What refusing banned principals is built from. */
export interface AdmitPrincipalOptions {
  readonly bans: Pick<Bans, "find">;
  readonly clock: Clock;
  /** Ranges whose callers are not refused. */
  readonly trustedCidrs?: readonly string[];
}

/**
 * Refuses principals that are banned themselves, wherever they come from (`SOURCE_BANNED`, 403): users, guests,
 * clients, agents, or a single session. Strangers with a session are refused by the bans of their address, past which
 * the guard `admit` let them because somebody might have been signed in. Place it in front of the limit guard, so that
 * the banned consume nothing.
 */
export function admitPrincipalGuard(options: AdmitPrincipalOptions): Guard {
  const { bans, clock } = options;
  const trusted = createAddressRanges(options.trustedCidrs ?? []);
  return {
    name: "admit-principal",
    phase: "limit",
    modes: ["enforce", "shadow", "off"],
    compile: (_, entrance) => {
      if (entrance === "job") return undefined;
      return {
        guard: "admit-principal",
        phase: "limit",
        summary: "bans by principal and session, of strangers with a session by ip",
        enter({ principal, attempt }) {
          const subjects: BanSubject[] = [];
          const subject = principalSubject(principal);
          if (subject !== undefined) subjects.push(subject);
          if (principal.session !== undefined) subjects.push({ kind: "session", value: principal.session });
          // An address gets banned for guessing: whoever has a join token that is good is no guesser.
          const invited = attempt.known?.by === "invitation";
          if (principal.type === "anonymous" && carriesSession(attempt) && !invited)
            subjects.push({ kind: "ip", value: addressKey(attempt.peer.ip) });
          if (subjects.length === 0 || trusted.has(attempt.peer.ip)) return undefined;
          const ban = bans.find(subjects, attempt.entrance);
          return ban === undefined ? undefined : bannedDenial(ban, clock.now());
        },
      };
    },
  };
}

/**
 * What a signed-in principal is banned by; nothing for strangers and for the system itself. Two principals never have
 * one subject, whatever characters their identifiers have: the type is the kind, and since principals of several
 * tenants may have one identifier, their tenant stands in front of it, apart from that of single-tenant installations.
 */
export function principalSubject({
  type,
  id,
  tenant,
}: Pick<Principal, "type" | "id" | "tenant">): BanSubject | undefined {
  if (type === "anonymous" || type === "system") return undefined;
  return { kind: type, value: tenant === SINGLE_TENANT ? escaped(id) : `${escaped(tenant)}/${escaped(id)}` };
}

/** Without slashes, and without what stores do not keep apart or not at all: control characters, lone surrogates. */
function escaped(text: string): string {
  return text.replaceAll(
    /[%/\p{Cc}\p{Cs}]/gu,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
