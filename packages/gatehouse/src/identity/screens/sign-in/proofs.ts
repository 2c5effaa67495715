import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import { z } from "zod";
import { defineAction, type AnyAction } from "../../../kernel/action.ts";
import { deny, isDenial, type Denial } from "../../../kernel/outcome.ts";
import { withFactor, type Authentication } from "../../accounts/authentication.ts";
import type { CeremonyPlace } from "../../accounts/passkey-challenges.ts";
import { enrolledKinds } from "../../accounts/proof.ts";
import { identityEvents } from "../../events.ts";
import { accountProblems } from "../../problems.ts";
import {
  createProofAction,
  situate,
  VisitInput,
  type Proof,
  type SignInParts,
  type Situation,
} from "./proof-action.ts";

const MINUTE = 60_000;
const BY_ADDRESS = ["ip"] as const;
const BY_SESSION = ["session"] as const;

const PasswordInput = VisitInput.extend({
  email: z.string().trim().min(1).max(320),
  password: z.string().min(1).max(1000),
});
const CodeInput = VisitInput.extend({ code: z.string().trim().min(1).max(100) });

/** What a browser says of a passkey's proof, as text: WebAuthn level 3, `toJSON`. */
const PasskeyInput = VisitInput.extend({
  response: z
    .string()
    .max(20_000)
    .transform((text, context): AuthenticationResponseJSON => {
      const parsed = AssertionForm.safeParse(parse(text));
      // The verifier looks at every other member itself.
      if (parsed.success) return parsed.data;
      context.addIssue("This is no answer of a passkey.");
      return z.NEVER;
    }),
});
const AssertionForm = z.looseObject({
  id: z.string(),
  rawId: z.string(),
  type: z.literal("public-key"),
  clientExtensionResults: z.looseObject({}),
  response: z.looseObject({ clientDataJSON: z.string(), authenticatorData: z.string(), signature: z.string() }),
});

/** Everything that proves who somebody is. */
export interface Proofs {
  readonly password: AnyAction;
  readonly passkey: AnyAction;
  readonly passkeyOptions: AnyAction;
  readonly totp: AnyAction;
  readonly recovery: AnyAction;
}

/** The actions by which people prove who they are. */
export function createProofs(parts: SignInParts): Proofs {
  return {
    password: createProofAction(parts, {
      ...{ name: "sign-in.password", factor: "password", by: BY_ADDRESS, input: PasswordInput },
      prove: (input, situation) => provePassword(parts, input, situation),
    }),
    passkey: createProofAction(parts, {
      ...{ name: "sign-in.passkey", factor: "passkey", by: BY_ADDRESS, input: PasskeyInput },
      prove: (input, situation) => provePasskey(parts, input, situation),
    }),
    passkeyOptions: createPasskeyOptions(parts),
    totp: createProofAction(parts, {
      ...{ name: "sign-in.totp", factor: "totp", by: BY_SESSION, input: CodeInput },
      prove: (input, situation) => proveCode(parts, { factor: "totp", code: input.code }, situation),
    }),
    recovery: createProofAction(parts, {
      ...{ name: "sign-in.recovery", factor: "recovery", by: BY_SESSION, input: CodeInput },
      prove: (input, situation) => proveCode(parts, { factor: "recovery", code: input.code }, situation),
    }),
  };
}

async function provePassword(
  { accounts, clock }: SignInParts,
  { email, password }: z.infer<typeof PasswordInput>,
  { visit, source }: Situation,
): Promise<Proof | Denial> {
  const { passwordSignIn } = accounts;
  const prepared = await passwordSignIn.prepare({ ...source, tenant: visit.tenant, email, password });
  if (isDenial(prepared)) return prepared;
  const { tenant, id, changedAt } = prepared.account;
  const uses = [{ factor: "password", at: clock.now() }] as const;
  return {
    expected: { account: { tenant, id }, changedAt, uses },
    commit: (writing) => passwordSignIn.commit(writing, prepared),
  };
}

async function provePasskey(
  { accounts, clock }: SignInParts,
  { response }: z.infer<typeof PasskeyInput>,
  situation: Situation,
): Promise<Proof | Denial> {
  const { passkeySignIn } = accounts;
  const before = situation.step?.authentication;
  const { read } = situation.source;
  const prepared = await passkeySignIn.prepare({ place: ceremonyPlace(situation), response, read });
  if (isDenial(prepared)) return prepared;
  const { account, hardware } = prepared;
  const { tenant, id, changedAt } = account;
  const use = { factor: "passkey", at: clock.now(), hardware } as const;
  return {
    expected: before === undefined ? { account: { tenant, id }, changedAt, uses: [use] } : withFactor(before, use),
    commit: (writing) => passkeySignIn.commit(writing, prepared, before),
  };
}

async function proveCode(
  { accounts, clock }: SignInParts,
  { factor, code }: { readonly factor: "totp" | "recovery"; readonly code: string },
  { step, source }: Situation,
): Promise<Proof | Denial> {
  // A second factor counts for nothing without the first.
  if (step === undefined) return deny(accountProblems.SIGN_IN_STEP_LOST);
  const { authentication } = step;
  const claim = { ...source, authentication, code };
  const expected: Authentication = withFactor(authentication, { factor, at: clock.now() });
  if (factor === "totp") {
    const prepared = await accounts.totp.prepare(claim);
    return isDenial(prepared) ? prepared : { expected, commit: (writing) => accounts.totp.commit(writing, prepared) };
  }
  const prepared = await accounts.recoveryCodes.prepare(claim);
  return isDenial(prepared)
    ? prepared
    : { expected, commit: (writing) => accounts.recoveryCodes.commit(writing, prepared) };
}

/** What a browser is to ask a passkey. */
function createPasskeyOptions(parts: SignInParts): AnyAction {
  const { passkeySignIn } = parts.accounts;
  return defineAction({
    name: "sign-in.passkey-options",
    entrances: ["http"],
    input: VisitInput,
    effects: "store",
    idempotency: false,
    authorise: "public",
    limits: [{ name: "sign-in.passkey-options", by: BY_ADDRESS, rule: { kind: "window", limit: 60, window: MINUTE } }],
    audit: { event: identityEvents.authn_passkey_asked },
    prepare: async ({ input, principal, attempt, read }) => {
      const situation = await situate(parts, input, { tenant: attempt.tenant, session: principal.session, read });
      if (isDenial(situation)) return situation;
      const account = situation.step?.authentication.account;
      return passkeySignIn.prepareBegin(ceremonyPlace(situation), account && { account, read });
    },
    run: ({ prepared, transaction }) => passkeySignIn.begin(transaction, prepared),
  });
}

function ceremonyPlace({ visit, place }: Situation): CeremonyPlace {
  return { tenant: visit.tenant, session: place.session, origin: visit.issuer.origin };
}

/** Whether an account still has no second factor, so that one may be set up by who has proven the first alone. */
export async function mayEnrol(
  { factors }: Pick<SignInParts, "factors">,
  reading: Parameters<typeof enrolledKinds>[1],
  { account }: Authentication,
): Promise<boolean> {
  const kinds = await enrolledKinds(factors, reading, account);
  return !kinds.has("totp") && !kinds.has("passkey");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
