import type { FactorKind, Factors } from "../../../kernel/ports/accounts.ts";
import type { EmergencyMode } from "../../../kernel/ports/emergency.ts";
import type { ReadTransaction, Store } from "../../../kernel/ports/store.ts";
import {
  decideStepUp,
  levelOf,
  methodsOf,
  provenAt,
  type Authentication,
  type StepUpDecision,
} from "../../accounts/authentication.ts";
import type { Directory } from "../../accounts/directory.ts";
import { enrolledKinds } from "../../accounts/proof.ts";
import { demandsTwoFactors, STEP_UP_REASONS } from "../../engine/assurance.ts";
import { finishInteraction } from "../../engine/interaction.ts";
import type { Visit } from "./visit.ts";

/** What decides how somebody goes on. */
export interface ProgressParts {
  readonly directory: Directory;
  readonly factors: Factors;
  /** Default: there is no emergency. */
  readonly emergency?: EmergencyMode | undefined;
}

/** How somebody goes on, and with what. */
export interface Progress {
  readonly decision: StepUpDecision;
  readonly enrolled: ReadonlySet<FactorKind>;
}

/** Decides what somebody still has to prove to be let through to an application. */
export async function progressOf(
  { directory, factors, emergency }: ProgressParts,
  reading: ReadTransaction,
  asked: { readonly visit: Visit; readonly authentication: Authentication; readonly now: number },
): Promise<Progress> {
  const { visit, authentication, now } = asked;
  const account = await directory.find(reading, authentication.account);
  const enrolled = await enrolledKinds(factors, reading, authentication.account);
  // An application can ask for more than the account's owner has chosen, and never for less.
  const demanded = demandsTwoFactors(visit.interaction.params) || emergency?.isOn("second-factor") === true;
  const requirement = demanded ? ({ level: "aal2" } as const) : {};
  return { decision: decideStepUp({ authentication, account, enrolled, requirement, now }), enrolled };
}

/** Tells the engine who somebody is. Returns where their browser goes on; `undefined` where the interaction is over. */
export async function admit({ call }: Visit, authentication: Authentication): Promise<string | undefined> {
  const login = {
    accountId: authentication.account.id,
    acr: levelOf(authentication),
    amr: methodsOf(authentication),
    ts: Math.floor(provenAt(authentication) / 1000),
    // The session ends with the browser.
    remember: false,
  };
  return ownPathOf(await finishInteraction(call, { login }));
}

/** The path of an address of the issuer's. */
export function ownPathOf(address: string | undefined): string | undefined {
  return address === undefined ? undefined : new URL(address).pathname;
}

/**
 * What somebody has proven who is signed in already and of whom an application asks a second factor alone; `undefined`
 * where they have to begin anew.
 */
export async function provenBefore(
  { directory }: Pick<ProgressParts, "directory">,
  { visit, read }: { readonly visit: Visit; readonly read: Store["read"] },
): Promise<Authentication | undefined> {
  const { interaction, issuer, call, tenant } = visit;
  const { uid } = interaction.session ?? {};
  if (uid === undefined || !interaction.prompt.reasons.every((reason) => STEP_UP_REASONS.has(reason))) return undefined;
  const { engine } = issuer;
  const session = await engine.within(call.work, () => engine.provider.Session.findByUid(uid));
  const { accountId: id, loginTs, amr = [] } = session ?? {};
  if (id === undefined || loginTs === undefined || !amr.includes("pwd")) return undefined;
  const account = await read((reading) => directory.find(reading, { tenant, id }));
  if (account?.state !== "active") return undefined;
  // When an account moves on, its sessions end: this one has not.
  const { changedAt } = account;
  return { account: { tenant, id }, changedAt, uses: [{ factor: "password", at: loginTs * 1000 }] };
}
