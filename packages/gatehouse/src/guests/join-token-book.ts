import type { Clock } from "../kernel/clock.ts";
import type { Ids } from "../kernel/ids.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type {
  FoundJoinToken,
  JoinTokenCaps,
  JoinTokenKey,
  JoinTokenKind,
  JoinTokens,
  StoredJoinToken,
} from "../kernel/ports/join-tokens.ts";
import type { MediaScope } from "../kernel/ports/media-grants.ts";
import type { ReadTransaction, WriteTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import type { Random } from "../kernel/random.ts";
import { derivedAgain, derivedText, derivingKey, hashText, possibleHashes, randomText } from "./token-text.ts";

/** What tokens are made with where nobody says otherwise. */
export interface JoinTokenDefaults {
  /** Milliseconds. */
  readonly lifetime: number;
  /** Milliseconds a token may last at most. */
  readonly longest: number;
  readonly caps: JoinTokenCaps;
}

/** What join tokens are kept with. */
export interface JoinTokenBookParts {
  readonly tokens: JoinTokens;
  readonly keyRing: KeyRing;
  readonly ids: Ids;
  readonly random: Random;
  readonly clock: Clock;
  readonly defaults: JoinTokenDefaults;
  /** Called once a change is durable after which somebody is admitted no more. */
  readonly changed: () => void;
}

/** What a host asks for. */
export interface JoinTokenRequest {
  readonly tenant: string;
  readonly collection: string;
  readonly label: string;
  readonly scopes: readonly MediaScope[];
  /** `derived` can be printed again, `once` is shown this once. Default `derived`. */
  readonly kind?: Exclude<JoinTokenKind, "legacy"> | undefined;
  /** Milliseconds. */
  readonly lifetime?: number | undefined;
  readonly caps?: Partial<JoinTokenCaps> | undefined;
}

/** A token and its text. */
export interface IssuedJoinToken {
  readonly id: string;
  /** The secret. */
  readonly text: string;
  readonly expiresAt: number;
}

/** Makes, finds and ends join tokens. */
export class JoinTokenBook {
  readonly #parts: JoinTokenBookParts;

  constructor(parts: JoinTokenBookParts) {
    this.#parts = parts;
  }

  async create(
    transaction: WriteTransaction,
    { tenant, collection, label, scopes, kind = "derived", lifetime, caps }: JoinTokenRequest,
  ): Promise<IssuedJoinToken | Denial> {
    const { tokens, ids, defaults } = this.#parts;
    const { lifetime: usual, longest } = defaults;
    if ((lifetime ?? usual) > longest) {
      return deny(problems.VALIDATION_ERROR, { detail: `Join tokens last ${longest / DAY} days at most.` });
    }
    const id = ids.next();
    const expiresAt = (await transaction.now()) + (lifetime ?? usual);
    const token = { id, tenant, collection, label, kind, scopes: [...new Set(scopes)], weak: false, expiresAt };
    await tokens.create(transaction, { ...token, caps: { ...defaults.caps, ...caps } });
    const text = await this.#addText(transaction, { tenant, id, kind }, 0);
    return { id, text, expiresAt };
  }

  /** By its text, whatever has become of it. */
  findByText(transaction: ReadTransaction, tenant: string, text: string): Promise<FoundJoinToken | undefined> {
    const { tokens, keyRing } = this.#parts;
    return tokens.findByText(transaction, tenant, possibleHashes(keyRing, tenant, text));
  }

  /** Gives a token a new text; the ones before go on for `grace` milliseconds. Guests who are in stay in. */
  async rotate(
    transaction: WriteTransaction,
    key: JoinTokenKey,
    grace: number,
  ): Promise<(IssuedJoinToken & { readonly graceEndsAt: number }) | Denial> {
    const { tokens, keyRing } = this.#parts;
    const token = await tokens.findGood(transaction, key);
    if (token === undefined) return missing(key.id);
    const [newest] = await tokens.texts(transaction, key.id);
    // What an earlier system made is replaced by a text of ours, which is too long to be printed from memory.
    const kind = token.kind === "legacy" ? "once" : token.kind;
    const text = await this.#addText(transaction, { ...key, kind }, (newest?.issue ?? 0) + 1);
    const graceEndsAt = (await transaction.now()) + grace;
    await tokens.endOtherTexts(transaction, { token: key.id, ...hashText(keyRing, key.tenant, text) }, graceEndsAt);
    return { id: key.id, text, expiresAt: token.expiresAt, graceEndsAt };
  }

  /** Ends a token with all its guests; addresses signed for them are refused at once. */
  async revoke(transaction: WriteTransaction, key: JoinTokenKey): Promise<number | Denial> {
    const generation = await this.#parts.tokens.revoke(transaction, key);
    if (generation === undefined) return missing(key.id);
    transaction.afterCommit(this.#parts.changed);
    return generation;
  }

  /** Ends all tokens of a tenant, or of one of its collections, as `revoke` ends one; how many. */
  async revokeAll(
    transaction: WriteTransaction,
    whose: { readonly tenant: string; readonly collection?: string | undefined },
  ): Promise<number> {
    const revoked = await this.#parts.tokens.revokeAll(transaction, whose);
    if (revoked > 0) transaction.afterCommit(this.#parts.changed);
    return revoked;
  }

  /** Removes a token that was made to try things out: nothing that was counted of it is left. */
  async forget(transaction: WriteTransaction, key: JoinTokenKey): Promise<void> {
    await this.#parts.tokens.forget(transaction, key);
    transaction.afterCommit(this.#parts.changed);
  }

  /** The text of a derived token, worked out anew. */
  async print(transaction: ReadTransaction, key: JoinTokenKey): Promise<PrintedJoinToken | Denial> {
    const { tokens, keyRing } = this.#parts;
    const token = await tokens.findGood(transaction, key);
    if (token === undefined) return missing(key.id);
    const [newest] = await tokens.texts(transaction, key.id);
    if (token.kind !== "derived" || newest === undefined) {
      return deny(problems.STATE_CONFLICT, {
        detail: "The text of this token was shown once and is kept nowhere. Rotate it to get another.",
      });
    }
    const text = derivedAgain(keyRing, newest);
    if (text !== undefined) return { token, text };
    return deny(problems.STATE_CONFLICT, { detail: "The key of this token is gone. Rotate it to get another text." });
  }

  async #addText(
    transaction: WriteTransaction,
    { tenant, id, kind }: JoinTokenKey & { readonly kind: JoinTokenKind },
    issue: number,
  ): Promise<string> {
    const { tokens, keyRing, random } = this.#parts;
    const key = derivingKey(keyRing);
    const text = kind === "derived" ? derivedText(key, id, issue) : randomText(random);
    const hashed = hashText(keyRing, tenant, text);
    // Both purposes have a key of the same version: its name serves the hash and the text.
    const added = await tokens.addText(transaction, { ...hashed, keyId: key.id, token: id, issue });
    if (!added) throw new Error("Two join tokens have one text.");
    return text;
  }
}

/** A token and its text, to be printed. */
export interface PrintedJoinToken {
  readonly token: StoredJoinToken;
  /** The secret. */
  readonly text: string;
}

const DAY = 86_400_000;

function missing(id: string): Denial {
  return deny(problems.NOT_FOUND, { detail: `There is no join token ${id} in force.` });
}
