import { z } from "zod";
import { defineAction, type AnyAction } from "../../../kernel/action.ts";
import type { Store } from "../../../kernel/ports/store.ts";
import { createAbort, createConsent } from "./consent.ts";
import { createEnrolment } from "./enrolment.ts";
import { situate, VisitInput, type SignInParts, type Situation } from "./proof-action.ts";
import { createProofs, type Proofs } from "./proofs.ts";
import { provenBefore } from "./progress.ts";

/** All that can be attempted at the pages of an interaction. */
export interface SignInActions extends Proofs {
  readonly show: AnyAction;
  readonly enrol: AnyAction;
  readonly consent: AnyAction;
  readonly abort: AnyAction;
}

/** All that can be attempted at the pages of an interaction. */
export function createSignInActions(parts: SignInParts & { readonly store: Pick<Store, "read"> }): SignInActions {
  return {
    ...createProofs(parts),
    show: createShow(parts),
    enrol: createEnrolment(parts),
    consent: createConsent(parts),
    abort: createAbort(parts),
  };
}

const ShowInput = VisitInput.extend({ session: z.string() });

/** Looks at what is asked of somebody. */
function createShow(parts: SignInParts & { readonly store: Pick<Store, "read"> }): AnyAction {
  return defineAction({
    ...{ name: "sign-in.show", entrances: ["http"], input: ShowInput, effects: "none", authorise: "public" },
    limits: [{ name: "sign-in.show", by: ["ip"], rule: { kind: "window", limit: 240, window: 60_000 } }],
    run: ({ input: { session, ...input }, attempt: { tenant } }) => {
      const read: Store["read"] = (look) => parts.store.read(look);
      return situate(parts, input, { tenant, session, read });
    },
  });
}

/** Where somebody is who has shown nothing on these pages yet: at the beginning, or beyond what they showed before. */
export async function begun(parts: SignInParts, situation: Situation): Promise<Situation> {
  const { visit, source, step } = situation;
  if (step !== undefined) return situation;
  const { directory } = parts.accounts;
  const authentication = await provenBefore({ directory }, { visit, read: source.read });
  return authentication === undefined ? situation : { ...situation, step: { authentication } };
}
