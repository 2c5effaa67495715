import { z } from "zod";
import { defineAction, type AnyAction, type LimitSubject } from "../../../kernel/action.ts";
import { deny, isDenial, type Denial } from "../../../kernel/outcome.ts";
import type { FactorKind } from "../../../kernel/ports/accounts.ts";
import type { Store, WriteTransaction } from "../../../kernel/ports/store.ts";
import type { AccountServices } from "../../accounts/accounts.ts";
import type { Authentication } from "../../accounts/authentication.ts";
import type { ProofSource } from "../../accounts/proof.ts";
import type { TotpEnrolment } from "../../accounts/totp.ts";
import type { EngineRequest } from "../../engine/engine-call.ts";
import { identityEvents } from "../../events.ts";
import { accountProblems } from "../../problems.ts";
import { admit, progressOf, type Progress, type ProgressParts } from "./progress.ts";
import { openStep, sealStep, type Step, type StepParts, type StepPlace } from "./step.ts";
import { factsOf, findVisit, type Visit, type VisitFacts, type VisitParts } from "./visit.ts";

/** What signing in works with. */
export interface SignInParts extends VisitParts, StepParts, Pick<ProgressParts, "factors" | "emergency"> {
  readonly accounts: AccountServices;
  /** What authenticator apps show codes as. */
  readonly serviceOf: (tenant: string) => string;
}

/** What all forms of signing in send, and what is known of who sends them. */
export const VisitInput = z.object({
  uid: z.string().min(1).max(100),
  /** The request without its body, for the engine. */
  request: z.custom<EngineRequest>(),
  /** Marks of devices that the browser has. */
  devices: z.array(z.string().max(200)).max(10),
  /** Sealed: what was proven before. */
  step: z.string().max(4000).optional(),
});
/** The input of every action of signing in. */
export type VisitInput = z.infer<typeof VisitInput>;

/** Where somebody is. */
export interface Situation {
  readonly visit: Visit;
  /** What was proven before. */
  readonly step: Step | undefined;
  readonly place: StepPlace;
  readonly source: ProofSource;
}

/** A factor that was proven, before it was noted. */
export interface Proof {
  /** What will have been proven once it is. */
  readonly expected: Authentication;
  readonly commit: (writing: WriteTransaction) => Promise<Authentication | Denial>;
}

/** Where a proof has led. */
export type Advance =
  /** To the application, over an address of ours. */
  | { readonly kind: "done"; readonly location: string; readonly mark: string; readonly codes?: readonly string[] }
  | { readonly kind: "second"; readonly step: string; readonly factors: readonly FactorKind[] }
  | { readonly kind: "enrol"; readonly step: string; readonly enrolment: TotpEnrolment };

/** What came of a proof. */
export interface Proven {
  readonly account: string;
  readonly visit: VisitFacts;
  readonly advance: Advance;
}

/** One way to prove who one is. */
export interface ProofDescription<Input extends VisitInput> {
  readonly name: string;
  readonly input: z.ZodType<Input>;
  readonly factor: FactorKind;
  readonly by: readonly LimitSubject[];
  readonly prove: (input: Input, situation: Situation) => Promise<Proof | Denial>;
}

const MINUTE = 60_000;
const MOST_PER_MINUTE = 60;

/** A way to prove who one is as an action: what takes long is prepared, and noted together with what follows from it. */
export function createProofAction<Input extends VisitInput>(
  parts: SignInParts,
  { name, input, factor, by, prove }: ProofDescription<Input>,
): AnyAction {
  return defineAction({
    name,
    entrances: ["http"],
    input,
    effects: "store",
    idempotency: false,
    authorise: "public",
    limits: [{ name, by, rule: { kind: "window", limit: MOST_PER_MINUTE, window: MINUTE } }],
    audit: {
      event: identityEvents.authn_login_success,
      context: ({ request }, { account, visit, advance: { kind } }: Proven) => ({
        ...{ factor, account, client: visit.client.id, complete: kind === "done", userAgent: userAgentOf(request) },
      }),
    },
    prepare: async ({ input: given, principal, attempt, read, now }) => {
      const situation = await situate(parts, given, { tenant: attempt.tenant, session: principal.session, read });
      if (isDenial(situation)) return situation;
      const proof = await prove(given, situation);
      return isDenial(proof) ? proof : prepareAdvance(parts, { situation, proof, now });
    },
    run: async ({ prepared: { situation, proof, ...next }, transaction }) => {
      const authentication = await proof.commit(transaction);
      if (isDenial(authentication)) return authentication;
      const advance = await take(parts, transaction, { situation, authentication, ...next });
      return { account: authentication.account.id, visit: factsOf(situation.visit), advance };
    },
  });
}

/** Finds where somebody is; denied where that is nowhere. */
export async function situate(
  parts: VisitParts & StepParts,
  { uid, request, devices, step }: VisitInput,
  { tenant, session, read }: { readonly tenant: string; readonly session: string | undefined; read: Store["read"] },
): Promise<Situation | Denial> {
  const visit = await findVisit(parts, { uid, tenant, request, read });
  if (visit === undefined || session === undefined) return deny(accountProblems.SIGN_IN_ENDED);
  const place = { tenant, uid, session };
  return { visit, place, step: openStep(parts, place, step), source: { ip: request.ip, devices, read } };
}

interface Next {
  readonly progress: Progress;
  /** Where the browser goes on; absent where something is still to be proven. */
  readonly location?: string;
}

async function prepareAdvance(
  { accounts, factors, emergency }: SignInParts,
  { situation, proof, now }: { readonly situation: Situation; readonly proof: Proof; readonly now: number },
): Promise<({ readonly situation: Situation; readonly proof: Proof } & Next) | Denial> {
  const { visit, source } = situation;
  const { directory } = accounts;
  const asked = { visit, authentication: proof.expected, now };
  const progress = await source.read((reading) => progressOf({ directory, factors, emergency }, reading, asked));
  const { decision } = progress;
  if (decision.needed) {
    // The account has moved on while the proof was checked.
    return decision.step === "again" ? deny(accountProblems.SIGN_IN_REFUSED) : { situation, proof, progress };
  }
  const location = await admit(visit, proof.expected);
  return location === undefined ? deny(accountProblems.SIGN_IN_ENDED) : { situation, proof, progress, location };
}

async function take(
  parts: SignInParts,
  transaction: WriteTransaction,
  taken: { readonly situation: Situation; readonly authentication: Authentication } & Next,
): Promise<Advance> {
  const { situation, authentication, progress, location } = taken;
  const { visit, place } = situation;
  const { accounts } = parts;
  if (location !== undefined) {
    await visit.call.work.commit(transaction);
    return { kind: "done", location, mark: accounts.devices.mark(authentication.account) };
  }
  const { decision } = progress;
  if (decision.needed && decision.step === "enrol") {
    const [email] = await accounts.directory.emails(transaction, authentication.account);
    const label = { issuer: parts.serviceOf(visit.tenant), email: email?.email ?? authentication.account.id };
    const enrolment = await accounts.totp.begin(transaction, authentication.account, label);
    return { kind: "enrol", enrolment, step: sealStep(parts, place, { authentication, enrolment }) };
  }
  const known = decision.needed ? decision.factors : [];
  return { kind: "second", factors: known, step: sealStep(parts, place, { authentication }) };
}

/** What a browser says it is, for the trail. */
export function userAgentOf({ headers }: EngineRequest): string {
  return (headers.get("user-agent") ?? "").slice(0, 200);
}
