import type { Clock } from "../../../../kernel/clock.ts";
import type { KeyRing } from "../../../../kernel/key-ring.ts";
import { deny, type Denial } from "../../../../kernel/outcome.ts";
import type { FactorKind, Factors } from "../../../../kernel/ports/accounts.ts";
import type { ReadTransaction } from "../../../../kernel/ports/store.ts";
import { problems } from "../../../../kernel/problems.ts";
import type { Account, Directory } from "../../../accounts/directory.ts";
import { enrolledKinds } from "../../../accounts/proof.ts";
import { identityEvents } from "../../../events.ts";
import { accountProblems } from "../../../problems.ts";
import type { Visit, Visits } from "./visits.ts";

/** What owners are recognised with. */
export interface OwnerParts {
  readonly visits: Visits;
  readonly directory: Directory;
  readonly factors: Factors;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
}

/** Somebody at the pages of their own account, as it is now. */
export interface Owner {
  readonly visit: Visit;
  readonly account: Account;
  readonly enrolled: ReadonlySet<FactorKind>;
  /** Ties forms to the account as it is: a form of another account, or of before a change, is refused. */
  readonly mark: string;
}

/** What somebody has to do anew before they go on: prove who they are, or prove it with two factors. */
export type Demand = "fresh" | "two-factors";

/** Milliseconds since somebody proved who they are, within which they may change their account. */
const RECENT = 10 * 60_000;
/** What is left of that when a form is opened, at least: nobody is asked anew while they fill it in. */
const LEFT_FOR_FORMS = 5 * 60_000;
/**
 * Seconds: what the issuer is asked for. Less than what a page demands, or whoever comes back in the last moment would be
 * sent off again at once.
 */
export const DEMANDED_AGE = (RECENT - LEFT_FOR_FORMS) / 1000 - 60;

/** Who is meant, and what they are about to do. */
export interface OwnerQuestion {
  readonly tenant: string;
  readonly session: string;
  /** Of a form; absent where a page is opened. */
  readonly mark?: string;
  /** Whether they must have proven just now who they are. */
  readonly recent: boolean;
}

/** The owner of an account who may do what they are about to; denied where nobody is signed in, or who is may not. */
export async function findOwner(
  { visits, directory, factors, keyRing, clock }: OwnerParts,
  reading: ReadTransaction,
  { tenant, session, mark, recent }: OwnerQuestion,
): Promise<Owner | Denial> {
  const visit = await visits.find(reading, tenant, session);
  const account = visit && (await directory.find(reading, visit.account));
  if (visit === undefined || account?.state !== "active" || account.changedAt !== visit.changedAt) {
    return deny(problems.AUTHENTICATION_REQUIRED);
  }
  const right = keyRing.fingerprint("account-form", tenant, account.id, String(account.changedAt));
  if (mark !== undefined && mark !== right) {
    const context = { account: account.id };
    return deny(accountProblems.ACCOUNT_PAGE_STALE, { event: identityEvents.account_page_stale, context });
  }
  const owner = { visit, account, enrolled: await enrolledKinds(factors, reading, account), mark: right };
  const within = mark === undefined ? RECENT - LEFT_FOR_FORMS : RECENT;
  const demand = recent ? demandOn(owner, { within, now: clock.now() }) : undefined;
  if (demand === undefined) return owner;
  const event = identityEvents.account_step_up_required;
  return deny(accountProblems.STEP_UP_REQUIRED, { event, context: { account: account.id, demand } });
}

/** What somebody still has to do; `undefined` where nothing is missing. */
function demandOn(
  { visit, enrolled }: Pick<Owner, "visit" | "enrolled">,
  { within, now }: { readonly within: number; readonly now: number },
): Demand | undefined {
  if ((enrolled.has("totp") || enrolled.has("passkey")) && visit.level === "aal1") return "two-factors";
  return now - visit.provenAt > within ? "fresh" : undefined;
}
