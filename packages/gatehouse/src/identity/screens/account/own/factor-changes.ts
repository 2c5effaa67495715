import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import { z } from "zod";
import type { AnyAction } from "../../../../kernel/action.ts";
import { deny, isDenial, type Denial } from "../../../../kernel/outcome.ts";
import type { Attempt } from "../../../../kernel/attempt.ts";
import type { FactorKind } from "../../../../kernel/ports/accounts.ts";
import type { WriteTransaction } from "../../../../kernel/ports/store.ts";
import { problems } from "../../../../kernel/problems.ts";
import type { CeremonyPlace } from "../../../accounts/passkey-challenges.ts";
import type { PreparedPasskey, RegistrationCeremony } from "../../../accounts/passkey-registration.ts";
import type { TotpEnrolment } from "../../../accounts/totp.ts";
import { identityEvents } from "../../../events.ts";
import { accountProblems } from "../../../problems.ts";
import { createOwnChange, OwnInput, type Changed, type OwnChange } from "./own-action.ts";
import type { Owner } from "./owner.ts";
import { notify } from "./notices.ts";
import type { SelfServiceParts } from "./parts.ts";

/** What came of a further factor: codes to be put away, where it is the first. */
export interface FactorAdded extends Changed {
  readonly codes?: readonly string[];
}

/** An authenticator app that is being set up. */
export interface TotpBegun extends Changed {
  readonly enrolment: TotpEnrolment;
}

/** All that owners do with their second factors. */
export interface FactorChanges {
  readonly beginTotp: AnyAction;
  readonly addTotp: AnyAction;
  readonly removeTotp: AnyAction;
  readonly beginPasskey: AnyAction;
  readonly addPasskey: AnyAction;
  readonly removePasskey: AnyAction;
  readonly renewCodes: AnyAction;
}

/** All that owners do with their second factors. */
export function createFactorChanges(parts: SelfServiceParts): FactorChanges {
  return {
    beginTotp: createBeginTotp(parts),
    addTotp: createAddTotp(parts),
    removeTotp: createRemoval(parts, {
      ...{ name: "account.remove-totp", input: OwnInput, factor: "totp" },
      remove: (writing, { account }) => parts.accounts.totp.remove(writing, account),
    }),
    beginPasskey: createBeginPasskey(parts),
    addPasskey: createAddPasskey(parts),
    removePasskey: createRemoval(parts, {
      ...{
        name: "account.remove-passkey",
        input: OwnInput.extend({ passkey: z.string().max(100) }),
        factor: "passkey",
      },
      remove: (writing, { account }, { passkey }) => parts.accounts.passkeys.remove(writing, account, passkey),
    }),
    renewCodes: createRenewCodes(parts),
  };
}

const FACTOR = { limit: 30, recent: true } as const;

function createBeginTotp(parts: SelfServiceParts): AnyAction {
  const { directory, totp } = parts.accounts;
  return createOwnChange<OwnInput, TotpBegun, undefined>(parts, {
    ...{ name: "account.begin-totp", input: OwnInput, ...FACTOR },
    event: identityEvents.authn_factor_begun,
    context: () => ({ factor: "totp" }),
    run: async ({ owner: { account }, transaction }) => {
      const [email] = await directory.emails(transaction, account);
      const label = { issuer: parts.serviceOf(account.tenant), email: email?.email ?? account.id };
      return { account: account.id, enrolment: await totp.begin(transaction, account, label) };
    },
  });
}

const CodeInput = OwnInput.extend({ code: z.string().trim().min(1).max(100) });

function createAddTotp(parts: SelfServiceParts): AnyAction {
  const { totp } = parts.accounts;
  return createOwnChange<z.infer<typeof CodeInput>, FactorAdded, undefined>(parts, {
    ...{ name: "account.add-totp", input: CodeInput, ...FACTOR },
    ...adding("totp"),
    run: async ({ owner, input: { code }, transaction }) => {
      const refused = await totp.confirm(transaction, owner.account, code);
      return refused ?? added(parts, transaction, owner);
    },
  });
}

function createBeginPasskey(parts: SelfServiceParts): AnyAction {
  const { directory, passkeyRegistration } = parts.accounts;
  return createOwnChange<OwnInput, Changed & { readonly options: object }, RegistrationCeremony>(parts, {
    ...{ name: "account.begin-passkey", input: OwnInput, ...FACTOR },
    event: identityEvents.authn_factor_begun,
    context: () => ({ factor: "passkey" }),
    prepare: async ({ owner: { account, visit }, attempt, read }) => {
      const [email] = await read((reading) => directory.emails(reading, account));
      const place = placeOf(parts, attempt, visit.session);
      return passkeyRegistration.prepareBegin({ place, account, email: email?.email ?? account.id, read });
    },
    run: async ({ owner: { account }, transaction, prepared }) => ({
      account: account.id,
      options: await passkeyRegistration.begin(transaction, prepared),
    }),
  });
}

const AttestationForm = z.looseObject({
  id: z.string(),
  rawId: z.string(),
  type: z.literal("public-key"),
  clientExtensionResults: z.looseObject({}),
  response: z.looseObject({ clientDataJSON: z.string(), attestationObject: z.string() }),
});
/** What a browser says of a new passkey, as text: WebAuthn level 3, `toJSON`. */
const PasskeyInput = OwnInput.extend({
  name: z.string().trim().max(200).default(""),
  response: z
    .string()
    .max(40_000)
    .transform((text, context): RegistrationResponseJSON => {
      const parsed = AttestationForm.safeParse(parse(text));
      // The verifier looks at every other member itself.
      if (parsed.success) return parsed.data;
      context.addIssue("This is no answer of an authenticator.");
      return z.NEVER;
    }),
});

function createAddPasskey(parts: SelfServiceParts): AnyAction {
  const { passkeyRegistration } = parts.accounts;
  return createOwnChange<z.infer<typeof PasskeyInput>, FactorAdded, PreparedPasskey>(parts, {
    ...{ name: "account.add-passkey", input: PasskeyInput, ...FACTOR },
    ...adding("passkey"),
    prepare: ({ owner: { account, visit }, attempt, input: { response, name }, read }) => {
      const { tenant, id } = account;
      const place = placeOf(parts, attempt, visit.session);
      return passkeyRegistration.prepare({ place, response, read }, { account: { tenant, id }, name });
    },
    run: async ({ owner, transaction, prepared }) => {
      const passkey = await passkeyRegistration.commit(transaction, prepared);
      return isDenial(passkey) ? passkey : added(parts, transaction, owner);
    },
  });
}

interface Removal<Input extends OwnInput> {
  readonly name: string;
  readonly input: z.ZodType<Input>;
  readonly factor: FactorKind;
  readonly remove: (writing: WriteTransaction, owner: Owner, input: Input) => Promise<boolean>;
}

/** Takes a factor away, unless it is the last of an account that must have two. */
function createRemoval<Input extends OwnInput>(
  parts: SelfServiceParts,
  { name, input: schema, factor, remove }: Removal<Input>,
): AnyAction {
  const { factors, mustHaveTwo } = parts;
  return createOwnChange<Input, Changed, undefined>(parts, {
    ...{ name, input: schema, ...FACTOR },
    event: identityEvents.authn_factor_removed,
    context: () => ({ factor }),
    run: async ({ owner, input, transaction }) => {
      const { account } = owner;
      if (!(await remove(transaction, owner, input))) return deny(problems.NOT_FOUND);
      const { tenant, id } = account;
      const left = await factors.list(transaction, { tenant, account: id });
      if (!left.some(({ kind }) => kind === "totp" || kind === "passkey")) {
        // The denial takes the removal back.
        if (mustHaveTwo(account)) return deny(accountProblems.FACTOR_INDISPENSABLE);
        // Codes stand for a factor that was lost; without one they are for nothing.
        await factors.removeAll(transaction, { tenant, account: id, kind: "recovery" });
      }
      await notify(parts, transaction, { owner, kind: "factor-removed" });
      return { account: id };
    },
  });
}

/** Of several sets that are made at once the one counts that was made last. */
function createRenewCodes(parts: SelfServiceParts): AnyAction {
  const { recoveryCodes } = parts.accounts;
  return createOwnChange<OwnInput, FactorAdded, undefined>(parts, {
    ...{ name: "account.renew-recovery-codes", input: OwnInput, ...FACTOR, limit: 40 },
    event: identityEvents.authn_recovery_codes_made,
    run: async ({ owner, transaction }) => {
      const { account, enrolled } = owner;
      if (!enrolled.has("totp") && !enrolled.has("passkey")) return deny(problems.NOT_FOUND);
      const codes = await recoveryCodes.regenerate(transaction, account);
      await notify(parts, transaction, { owner, kind: "recovery-codes-made" });
      return { account: account.id, codes };
    },
  });
}

function adding(factor: FactorKind): Pick<OwnChange<OwnInput, FactorAdded, undefined>, "event" | "context"> {
  return { event: identityEvents.authn_factor_added, context: () => ({ factor }) };
}

async function added(
  parts: SelfServiceParts,
  transaction: WriteTransaction,
  owner: Owner,
): Promise<FactorAdded | Denial> {
  const { account } = owner;
  await notify(parts, transaction, { owner, kind: "factor-added" });
  const { recoveryCodes } = parts.accounts;
  if ((await recoveryCodes.remaining(transaction, account)) > 0) return { account: account.id };
  return { account: account.id, codes: await recoveryCodes.regenerate(transaction, account) };
}

function placeOf({ issuers }: SelfServiceParts, { tenant }: Attempt, session: string): CeremonyPlace {
  return { tenant, session, origin: issuers.originOf(tenant) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
