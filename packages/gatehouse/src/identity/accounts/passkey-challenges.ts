import type { Clock } from "../../kernel/clock.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { DocumentKey, Documents } from "../../kernel/ports/documents.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";

/** Where a ceremony takes place: nobody can end it elsewhere. */
export interface CeremonyPlace {
  readonly tenant: string;
  /** Keyed hash of the browser's session. */
  readonly session: string;
  /** The origin of the page: `https://id.example.org`. */
  readonly origin: string;
}

/** What a challenge was given out for. */
export interface CeremonySubject {
  readonly ceremony: "registration" | "authentication";
  /** Whose passkey it is about; absent where the passkey is to say who it is. */
  readonly account?: AccountKey | undefined;
}

/** A challenge that is to be given out. */
export interface NewChallenge {
  readonly place: CeremonyPlace;
  readonly subject: CeremonySubject;
  /** Base64url. */
  readonly challenge: string;
}

/** What challenges are kept with. */
export interface ChallengesParts {
  readonly documents: Documents;
  readonly keyRing: KeyRing;
  readonly random: Random;
  readonly clock: Clock;
}

const KIND = "passkey-challenge";
const CHALLENGE_BYTES = 32;
const LIFETIME = 5 * 60_000;

/** Challenges that are given out, each good once, in its session and at its origin. */
export class PasskeyChallenges {
  readonly #parts: ChallengesParts;

  constructor(parts: ChallengesParts) {
    this.#parts = parts;
  }

  /** Draws one. */
  draw(): Uint8Array<ArrayBuffer> {
    return this.#parts.random.bytes(CHALLENGE_BYTES);
  }

  /** Gives one out. */
  async issue(writing: WriteTransaction, { place, subject, challenge }: NewChallenge): Promise<void> {
    const { documents, clock } = this.#parts;
    const change = { expected: 0, body: JSON.stringify(subject), expiresAt: clock.now() + LIFETIME };
    await documents.put(writing, this.#key(place, subject.ceremony, challenge), change);
  }

  /** What a challenge was given out for; `undefined` where it was not at this place, or is used up or too old. */
  async find(
    reading: ReadTransaction,
    place: CeremonyPlace,
    challenge: Challenge,
  ): Promise<CeremonySubject | undefined> {
    const document = await this.#parts.documents.get(reading, this.#key(place, challenge.ceremony, challenge.text));
    // Only `issue` writes documents of this kind.
    return document === undefined ? undefined : (JSON.parse(document.body) as CeremonySubject);
  }

  /** Uses one up; `false` where that has happened before. */
  async consume(writing: WriteTransaction, place: CeremonyPlace, challenge: Challenge): Promise<boolean> {
    const found = await this.find(writing, place, challenge);
    await this.#parts.documents.delete(writing, this.#key(place, challenge.ceremony, challenge.text));
    return found !== undefined;
  }

  #key({ tenant, session, origin }: CeremonyPlace, ceremony: string, challenge: string): DocumentKey {
    const id = this.#parts.keyRing.fingerprint(KIND, tenant, session, origin, ceremony, challenge);
    return { kind: KIND, tenant, id };
  }
}

/** A challenge as a browser sends it back. */
export interface Challenge {
  readonly ceremony: CeremonySubject["ceremony"];
  /** Base64url. */
  readonly text: string;
}
