import type { PublicKeyCredentialCreationOptionsJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { base64url, utf8 } from "../../kernel/codec.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Account } from "./directory.ts";
import {
  beginCeremony,
  PASSKEY_ALGORITHMS,
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
import type { KeptPasskey, Passkey, Passkeys } from "./passkeys.ts";

/** What registering passkeys works with. */
export interface PasskeyRegistrationParts {
  readonly passkeys: Passkeys;
  readonly challenges: PasskeyChallenges;
  /** What people know the service as; authenticators show it. */
  readonly serviceName: string;
}

/** Whose passkey is to be registered. */
export interface PasskeyOwner {
  readonly place: CeremonyPlace;
  readonly account: Account;
  readonly email: string;
  readonly read: Store["read"];
}

/** A registration that is to begin. */
export type RegistrationCeremony = PreparedCeremony<PublicKeyCredentialCreationOptionsJSON>;

/** A verified passkey, before it was added. */
export interface PreparedPasskey {
  readonly place: CeremonyPlace;
  readonly challenge: Challenge;
  readonly account: AccountKey;
  readonly kept: KeptPasskey;
  readonly counter: number;
}

/** The ceremony of WebAuthn in which an authenticator makes a passkey, with the verification of its user. */
export class PasskeyRegistration {
  readonly #parts: PasskeyRegistrationParts;

  constructor(parts: PasskeyRegistrationParts) {
    this.#parts = parts;
  }

  /** What `navigator.credentials.create` is to be asked for. */
  async prepareBegin({ place, account, email, read }: PasskeyOwner): Promise<RegistrationCeremony> {
    const { passkeys, challenges, serviceName } = this.#parts;
    const { tenant, id, name } = account;
    const known = await read((reading) => passkeys.stored(reading, account));
    const { generateRegistrationOptions } = await webauthn();
    const options = await generateRegistrationOptions({
      rpName: serviceName,
      rpID: relyingPartyOf(place),
      userID: utf8(id),
      userName: email,
      userDisplayName: name,
      challenge: challenges.draw(),
      excludeCredentials: known.map(({ kept }) => ({ id: kept.id, transports: [...kept.transports] })),
      supportedAlgorithmIDs: [...PASSKEY_ALGORITHMS],
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
    });
    return { place, options, subject: { ceremony: "registration", account: { tenant, id } } };
  }

  /** Begins the ceremony; returns what the browser needs. */
  begin(writing: WriteTransaction, ceremony: RegistrationCeremony): Promise<PublicKeyCredentialCreationOptionsJSON> {
    return beginCeremony(this.#parts.challenges, writing, ceremony);
  }

  /** Verifies what an authenticator has made; before the transaction, because it takes long. */
  async prepare(
    { place, response, read }: CeremonyAnswer<RegistrationResponseJSON>,
    { account, name }: { readonly account: AccountKey; readonly name: string },
  ): Promise<PreparedPasskey | Denial> {
    const challenge: Challenge = { ceremony: "registration", text: challengeOf(response) };
    const subject = await read((reading) => this.#parts.challenges.find(reading, place, challenge));
    if (subject?.account === undefined || !same(subject.account, account))
      return refusePasskey({ reason: "challenge" });
    const { verifyRegistrationResponse } = await webauthn();
    const verified = await verifying(() =>
      verifyRegistrationResponse({
        response,
        expectedChallenge: challenge.text,
        expectedOrigin: place.origin,
        expectedRPID: relyingPartyOf(place),
        requireUserVerification: true,
        supportedAlgorithmIDs: [...PASSKEY_ALGORITHMS],
      }),
    );
    if (isDenial(verified)) return verified;
    if (!verified.verified) return refusePasskey({ reason: "signature" });
    const { credential, credentialDeviceType } = verified.registrationInfo;
    const kept: KeptPasskey = {
      id: credential.id,
      publicKey: base64url(credential.publicKey),
      name,
      transports: credential.transports ?? [],
      synchronised: credentialDeviceType === "multiDevice",
    };
    return { place, challenge, account, kept, counter: credential.counter };
  }

  /** Adds the passkey. */
  async commit(writing: WriteTransaction, prepared: PreparedPasskey): Promise<Passkey | Denial> {
    const { passkeys, challenges } = this.#parts;
    const { place, challenge, account, kept, counter } = prepared;
    if (!(await challenges.consume(writing, place, challenge))) return refusePasskey({ reason: "challenge" });
    return (await passkeys.add(writing, account, { kept, counter })) ?? refusePasskey({ reason: "known" });
  }
}
