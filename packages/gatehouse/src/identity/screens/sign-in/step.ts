import { z } from "zod";
import type { Clock } from "../../../kernel/clock.ts";
import { SealError, type SealBinding, type Sealer } from "../../../kernel/seal.ts";
import type { TotpEnrolment } from "../../accounts/totp.ts";
import type { Authentication } from "../../accounts/authentication.ts";

/** Where a step was taken: nobody can go on with it elsewhere. */
export interface StepPlace {
  readonly tenant: string;
  /** The interaction. */
  readonly uid: string;
  /** What the store knows the browser's session by. */
  readonly session: string;
}

/** What somebody has shown so far. */
export interface Step {
  readonly authentication: Authentication;
  /** The secret an authenticator app is being told. */
  readonly enrolment?: TotpEnrolment | undefined;
}

/** What steps are sealed with. */
export interface StepParts {
  readonly sealer: Sealer;
  readonly clock: Clock;
}

/** Milliseconds in which somebody has to go on. */
const LIFETIME = 10 * 60_000;

const Use = z.object({
  factor: z.enum(["password", "passkey", "totp", "recovery"]),
  at: z.number(),
  hardware: z.boolean().optional(),
});
const Kept = z.object({
  at: z.number(),
  authentication: z.object({
    account: z.object({ tenant: z.string(), id: z.string() }),
    changedAt: z.number(),
    uses: z.array(Use).min(1),
  }),
  enrolment: z.object({ secret: z.string(), uri: z.string() }).optional(),
});

/** Seals a step, for the next form to bring it back. */
export function sealStep({ sealer, clock }: StepParts, place: StepPlace, step: Step): string {
  return sealer.seal(JSON.stringify({ at: clock.now(), ...step }), bindingOf(place));
}

/** Opens a step; `undefined` where it is none, was taken elsewhere, or too long ago. */
export function openStep({ sealer, clock }: StepParts, place: StepPlace, sealed: string | undefined): Step | undefined {
  if (sealed === undefined) return undefined;
  try {
    const { at, authentication, enrolment } = Kept.parse(JSON.parse(sealer.open(sealed, bindingOf(place))));
    const uses = authentication.uses.map(({ hardware, ...use }) =>
      hardware === undefined ? use : { ...use, hardware },
    );
    return clock.now() - at > LIFETIME ? undefined : { authentication: { ...authentication, uses }, enrolment };
  } catch (error) {
    if (error instanceof SealError) return undefined;
    throw error;
  }
}

function bindingOf({ tenant, uid, session }: StepPlace): SealBinding {
  return { purpose: "sign-in-step", context: [tenant, uid, session] };
}
