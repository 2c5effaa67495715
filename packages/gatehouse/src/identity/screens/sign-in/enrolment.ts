import { z } from "zod";
import { defineAction, type AnyAction } from "../../../kernel/action.ts";
import { deny, isDenial } from "../../../kernel/outcome.ts";
import { levelOf, withFactor } from "../../accounts/authentication.ts";
import { identityEvents } from "../../events.ts";
import { accountProblems } from "../../problems.ts";
import { situate, userAgentOf, VisitInput, type Advance, type Proven, type SignInParts } from "./proof-action.ts";
import { mayEnrol } from "./proofs.ts";
import { admit } from "./progress.ts";
import { factsOf } from "./visit.ts";

const EnrolmentInput = VisitInput.extend({ code: z.string().trim().min(1).max(100) });

/** Sets up a second factor for somebody whose account has none, where an application asks for two; and lets them through. */
export function createEnrolment(parts: SignInParts): AnyAction {
  const { accounts, clock } = parts;
  return defineAction({
    name: "sign-in.enrol",
    entrances: ["http"],
    input: EnrolmentInput,
    effects: "store",
    idempotency: false,
    authorise: "public",
    limits: [{ name: "sign-in.enrol", by: ["session"], rule: { kind: "window", limit: 20, window: 60_000 } }],
    audit: {
      event: identityEvents.authn_factor_added,
      context: ({ request }, { account }: Proven) => ({
        ...{ factor: "totp", account, userAgent: userAgentOf(request) },
      }),
    },
    prepare: async ({ input, principal, attempt, read }) => {
      const situation = await situate(parts, input, { tenant: attempt.tenant, session: principal.session, read });
      if (isDenial(situation)) return situation;
      const { visit, step } = situation;
      // Who has proven one factor may set up a second one, and may not replace it.
      if (step?.enrolment === undefined || levelOf(step.authentication) !== "aal1") {
        return deny(accountProblems.SIGN_IN_STEP_LOST);
      }
      const authentication = withFactor(step.authentication, { factor: "totp", at: clock.now() });
      const location = await admit(visit, authentication);
      return location === undefined ? deny(accountProblems.SIGN_IN_ENDED) : { visit, authentication, location };
    },
    run: async ({ input: { code }, prepared: { visit, authentication, location }, transaction }) => {
      const { account } = authentication;
      const current = await accounts.directory.find(transaction, account);
      if (current?.state !== "active" || current.changedAt !== authentication.changedAt) {
        return deny(accountProblems.SIGN_IN_STEP_LOST);
      }
      if (!(await mayEnrol(parts, transaction, authentication))) return deny(accountProblems.SIGN_IN_STEP_LOST);
      const refused = await accounts.totp.confirm(transaction, account, code);
      if (refused !== undefined) return refused;
      const codes = await accounts.recoveryCodes.regenerate(transaction, account);
      await visit.call.work.commit(transaction);
      const advance: Advance = { kind: "done", location, codes, mark: accounts.devices.mark(account) };
      return { account: account.id, visit: factsOf(visit), advance };
    },
  });
}
