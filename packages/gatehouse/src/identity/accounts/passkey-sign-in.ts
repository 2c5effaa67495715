import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from "@simplewebauthn/server";
import { fromBase64url } from "../../kernel/codec.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { AccountKey, StoredFactor } from "../../kernel/ports/accounts.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { identityEvents } from "../events.ts";
import { stillHolds, type Authentication, type FactorUse } from "./authentication.ts";
import type { Account, Directory } from "./directory.ts";
import {
  beginCeremony,
  challengeOf,
  refusePasskey,
  relyingPartyOf,
  same,
  verifying,
  webauthn,
  type CeremonyAnswer,
  type PreparedCeremony,
} from "./passkey-ceremony.ts";
import type { CeremonyPlace, Challenge, PasskeyChallenges } from "./passkey-challenges.ts";
import { counts, handleOf, type Passkeys } from "./passkeys.ts";

/** What signing in with passkeys works with. */
export interface PasskeySignInParts {
  readonly passkeys: Passkeys;
  readonly challenges: PasskeyChallenges;
  readonly directory: Directory;
}

/** A sign-in that is to begin. */
export type SignInCeremony = PreparedCeremony<PublicKeyCredentialRequestOptionsJSON>;

/** A verified proof, before it was noted. */
export interface PreparedPasskeyUse {
  readonly place: CeremonyPlace;
  readonly challenge: Challenge;
  readonly account: Account;
  readonly factor: StoredFactor;
  readonly counter: number;
  readonly hardware: boolean;
}

/** The ceremony of WebAuthn in which a passkey proves who somebody is, with the verification of its user. */
export class PasskeySignIn {
  readonly #parts: PasskeySignInParts;

  constructor(parts: PasskeySignInParts) {
    this.#parts = parts;
  }

  /**
   * What `navigator.credentials.get` is to be asked for: one of the account's passkeys, or, without an account, any that
   * knows whose it is.
   */
  async prepareBegin(
    place: CeremonyPlace,
    known?: { readonly account: AccountKey; readonly read: Store["read"] },
  ): Promise<SignInCeremony> {
    const { passkeys, challenges } = this.#parts;
    const stored = (await known?.read((reading) => passkeys.stored(reading, known.account))) ?? [];
    const { generateAuthenticationOptions } = await webauthn();
    const options = await generateAuthenticationOptions({
      rpID: relyingPartyOf(place),
      challenge: challenges.draw(),
      userVerification: "required",
      allowCredentials: stored.map(({ kept: { id, transports } }) => ({ id, transports: [...transports] })),
    });
    const account = known && { tenant: known.account.tenant, id: known.account.id };
    return { place, options, subject: { ceremony: "authentication", account } };
  }

  /** Begins the ceremony; returns what the browser needs. */
  begin(writing: WriteTransaction, ceremony: SignInCeremony): Promise<PublicKeyCredentialRequestOptionsJSON> {
    return beginCeremony(this.#parts.challenges, writing, ceremony);
  }

  /** Verifies what an authenticator has signed; before the transaction, because it takes long. */
  async prepare({
    place,
    response,
    read,
  }: CeremonyAnswer<AuthenticationResponseJSON>): Promise<PreparedPasskeyUse | Denial> {
    const { challenges, passkeys, directory } = this.#parts;
    const challenge: Challenge = { ceremony: "authentication", text: challengeOf(response) };
    const found = await read(async (reading) => {
      const subject = await challenges.find(reading, place, challenge);
      const stored = await passkeys.find(reading, place.tenant, response.id);
      const owner = stored && { tenant: place.tenant, id: stored.factor.account };
      const account = owner && (await directory.find(reading, owner));
      return { subject, stored, account };
    });
    const { subject, stored, account } = found;
    if (subject === undefined) return refusePasskey({ reason: "challenge" });
    if (stored === undefined || account?.state !== "active") return refusePasskey({ reason: "unknown" });
    if (subject.account !== undefined && !same(subject.account, account)) return refusePasskey({ reason: "account" });
    const { userHandle } = response.response;
    if (userHandle !== undefined && userHandle !== handleOf(account)) return refusePasskey({ reason: "account" });
    const { factor, kept } = stored;
    const { verifyAuthenticationResponse } = await webauthn();
    const verified = await verifying(() =>
      verifyAuthenticationResponse({
        response,
        expectedChallenge: challenge.text,
        expectedOrigin: place.origin,
        expectedRPID: relyingPartyOf(place),
        requireUserVerification: true,
        // Counters are compared when the use is noted, where nobody can get in between.
        credential: { id: kept.id, publicKey: fromBase64url(kept.publicKey) ?? new Uint8Array(), counter: 0 },
      }),
    );
    if (isDenial(verified)) return verified;
    if (!verified.verified) return refusePasskey({ reason: "signature", account: account.id });
    const { newCounter } = verified.authenticationInfo;
    return { place, challenge, account, factor, counter: newCounter, hardware: !kept.synchronised };
  }

  /** Notes the use: a first factor and a second in one, or a second one to what was proven before. */
  async commit(
    writing: WriteTransaction,
    { place, challenge, account, factor, counter, hardware }: PreparedPasskeyUse,
    before?: Authentication,
  ): Promise<Authentication | Denial> {
    const { challenges, passkeys, directory } = this.#parts;
    if (!(await challenges.consume(writing, place, challenge))) return refusePasskey({ reason: "challenge" });
    const { tenant, id, changedAt } = account;
    const use: FactorUse = { factor: "passkey", at: await writing.now(), hardware };
    const uses = before === undefined ? [use] : [...before.uses, use];
    const authentication: Authentication = { account: { tenant, id }, changedAt, uses };
    const current = await directory.find(writing, account);
    const goesOn = before === undefined || stillHolds(before, current);
    if (!goesOn || !stillHolds(authentication, current)) return refusePasskey({ reason: "account", account: id });
    if (await passkeys.use(writing, factor, counter)) return authentication;
    const copied = counts(factor, counter) ? identityEvents.authn_passkey_copied : undefined;
    return refusePasskey({ reason: "counter", account: id }, copied);
  }
}
