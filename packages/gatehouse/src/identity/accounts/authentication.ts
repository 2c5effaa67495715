import type { AccountKey, FactorKind } from "../../kernel/ports/accounts.ts";
import type { Account } from "./directory.ts";

/** How sure we are that it is them: one factor, or two (NIST SP 800-63B-4, authentication assurance levels). */
export type AssuranceLevel = "aal1" | "aal2";

/** One factor that was proven. */
export interface FactorUse {
  readonly factor: FactorKind;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The passkey never leaves its device; synchronised ones are copied between devices of their owner. */
  readonly hardware?: boolean;
}

/**
 * What somebody has proven, and when. It is plain data, to be kept in a session or sealed in a form; alone it admits to
 * nothing: ask `decideStepUp` with the account as it is now.
 */
export interface Authentication {
  readonly account: AccountKey;
  /** The account's `changedAt` at the time: when the account moves on, this does not hold any more. */
  readonly changedAt: number;
  /** In the order of their use; at least one. */
  readonly uses: readonly FactorUse[];
}

/** What something asks of whoever does it. */
export interface AssuranceRequirement {
  /** Default: two factors where the account has a second one, else one. */
  readonly level?: AssuranceLevel;
  /** Milliseconds since the last proof. */
  readonly maxAge?: number;
}

/** What is still to be proven. */
export type StepUpDecision =
  | { readonly needed: false }
  | {
      readonly needed: true;
      /**
       * `again`: begin with a first factor. `second`: a further factor is missing. `enrol`: the account has no second
       * factor to prove.
       */
      readonly step: "again" | "second" | "enrol";
      /** What the account can prove it with. */
      readonly factors: readonly FactorKind[];
    };

const FIRST_FACTORS: readonly FactorKind[] = ["password", "passkey"];
const SECOND_FACTORS: readonly FactorKind[] = ["passkey", "totp", "recovery"];
/** Recovery codes stand for a second factor that was lost; having some does not mean that there is one. */
const ENROLLED_SECOND: readonly FactorKind[] = ["passkey", "totp"];

/** The level that what was proven amounts to. A passkey is two factors: what one has, and what unlocks it. */
export function levelOf({ uses }: Pick<Authentication, "uses">): AssuranceLevel {
  const kinds = new Set(uses.map(({ factor }) => factor));
  return kinds.has("passkey") || (kinds.has("password") && kinds.size > 1) ? "aal2" : "aal1";
}

/** The methods by their registered names (RFC 8176), for the claim `amr`. */
export function methodsOf(authentication: Pick<Authentication, "uses">): string[] {
  const methods = authentication.uses.flatMap(({ factor, hardware }) => {
    if (factor === "password") return ["pwd"];
    return factor === "passkey" ? [hardware === true ? "hwk" : "swk", "user"] : ["otp"];
  });
  if (levelOf(authentication) === "aal2") methods.push("mfa");
  return [...new Set(methods)];
}

/** Epoch milliseconds of the last proof, for the claim `auth_time` in seconds. */
export function provenAt({ uses }: Pick<Authentication, "uses">): number {
  return Math.max(...uses.map(({ at }) => at));
}

/** Adds a factor that was just proven. */
export function withFactor(authentication: Authentication, use: FactorUse): Authentication {
  return { ...authentication, uses: [...authentication.uses, use] };
}

/** Whether what was proven still counts: the account is there, may sign in, and has not moved on. */
export function stillHolds(authentication: Authentication, account: Account | undefined): account is Account {
  const { tenant, id } = authentication.account;
  return (
    account?.state === "active" &&
    account.tenant === tenant &&
    account.id === id &&
    account.changedAt === authentication.changedAt
  );
}

/** What decides whether something more is to be proven. */
export interface StepUpQuestion {
  /** Absent: nobody has signed in. */
  readonly authentication: Authentication | undefined;
  /** The account as it is now. */
  readonly account: Account | undefined;
  /** The kinds of factors it has. */
  readonly enrolled: ReadonlySet<FactorKind>;
  readonly requirement: AssuranceRequirement;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Decides what is still to be proven before something is done. Signing in asks the same: it is done when nothing is needed. */
export function decideStepUp({ authentication, account, enrolled, requirement, now }: StepUpQuestion): StepUpDecision {
  const available = (kinds: readonly FactorKind[]) => kinds.filter((kind) => enrolled.has(kind));
  const again = { needed: true, step: "again", factors: available(FIRST_FACTORS) } as const;
  if (authentication === undefined || !stillHolds(authentication, account)) return again;
  const { level = ENROLLED_SECOND.some((kind) => enrolled.has(kind)) ? "aal2" : "aal1", maxAge } = requirement;
  const missing = level === "aal2" && levelOf(authentication) === "aal1";
  if (missing) {
    const factors = available(SECOND_FACTORS);
    return { needed: true, step: available(ENROLLED_SECOND).length === 0 ? "enrol" : "second", factors };
  }
  return maxAge !== undefined && now - provenAt(authentication) > maxAge ? again : { needed: false };
}
