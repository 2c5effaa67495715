import { z } from "zod";
import { SealError, type SealBinding, type Sealer } from "../../../../kernel/seal.ts";
import type { TotpEnrolment } from "../../../accounts/totp.ts";

/** Where an authenticator app is being set up: nobody can show its key elsewhere. */
export interface EnrolmentPlace {
  readonly tenant: string;
  readonly session: string;
  readonly account: string;
}

const Enrolment = z.object({ secret: z.string(), uri: z.string() });

/** Seals what an authenticator app is told, for the next form to bring it back. */
export function sealEnrolment(
  { sealer }: { readonly sealer: Sealer },
  place: EnrolmentPlace,
  enrolment: TotpEnrolment,
): string {
  return sealer.seal(JSON.stringify(enrolment), bindingOf(place));
}

/** Opens it; `undefined` where it is none, or of another place. */
export function openEnrolment(
  { sealer }: { readonly sealer: Sealer },
  place: EnrolmentPlace,
  sealed: string,
): TotpEnrolment | undefined {
  try {
    return Enrolment.parse(JSON.parse(sealer.open(sealed, bindingOf(place))));
  } catch (error) {
    if (error instanceof SealError) return undefined;
    throw error;
  }
}

function bindingOf({ tenant, session, account }: EnrolmentPlace): SealBinding {
  return { purpose: "totp-enrolment-form", context: [tenant, session, account] };
}
