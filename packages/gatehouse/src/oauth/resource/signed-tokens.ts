import { hash } from "node:crypto";
import { createLocalJWKSet, errors, jwtVerify } from "jose";
import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { Memo } from "../../kernel/memo.ts";
import type { AccessToken } from "../../kernel/ports/access-tokens.ts";
import { CLOCK_LEEWAY, type PublicKeyAlgorithm } from "./algorithms.ts";
import { accessTokenOf, SignedClaims } from "./claims.ts";
import { IssuerUnavailableError } from "./issuer-fetch.ts";
import { KeptDocument } from "./kept-document.ts";
import { isKeyError } from "./verification-error.ts";

/** What signed tokens of an issuer are checked with. */
export interface SignedTokensParts {
  readonly issuer: string;
  readonly algorithms: readonly PublicKeyAlgorithm[];
  /** Fetches the issuer's keys. */
  readonly fetchKeys: () => Promise<unknown>;
  readonly clock: Pick<Clock, "now">;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

interface Verified {
  readonly keys: KeySet;
  readonly token: AccessToken;
}

const MOST_REMEMBERED = 10_000;

const Keys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/**
 * Access tokens that are signed texts (RFC 9068), checked here by the issuer's keys. Keys come from the issuer alone:
 * what a token says about where its key is counts for nothing.
 */
export class SignedTokens {
  readonly #parts: SignedTokensParts;
  readonly #keys: KeptDocument<KeySet>;
  /** By hashes of tokens: one that was signed with a key stays so, while the keys are the same. */
  readonly #verified = new Memo<Verified>(MOST_REMEMBERED);

  constructor(parts: SignedTokensParts) {
    const { fetchKeys, clock } = parts;
    this.#parts = parts;
    this.#keys = new KeptDocument({ clock, load: async () => keySetOf(await fetchKeys()) });
  }

  /**
   * What a token is good for; `undefined` where it is not one of the issuer's, or not valid now.
   * @throws {IssuerUnavailableError} when the keys cannot be had.
   */
  async find(token: string): Promise<AccessToken | undefined> {
    const keys = await this.#keys.get();
    const name = hash("sha256", token, "base64url");
    const known = this.#verified.get(name);
    const lasts = known !== undefined && this.#parts.clock.now() < known.token.expiresAt + CLOCK_LEEWAY;
    if (lasts && known.keys === keys) return known.token;
    const verified = await this.#verify(token, keys);
    if (verified !== undefined) this.#verified.set(name, verified);
    return verified?.token;
  }

  async #verify(token: string, keys: KeySet): Promise<Verified | undefined> {
    try {
      return await this.#verifyWith(token, keys);
    } catch (error) {
      if (isKeyError(error)) throw new IssuerUnavailableError("A key of the issuer is none.", { cause: error });
      if (!(error instanceof errors.JOSEError)) throw error;
      const renewed = error instanceof errors.JWKSNoMatchingKey ? await this.#keys.renewed(keys) : undefined;
      return renewed === undefined ? undefined : this.#verify(token, renewed);
    }
  }

  async #verifyWith(token: string, keys: KeySet): Promise<Verified | undefined> {
    const { issuer, algorithms, clock } = this.#parts;
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      typ: "at+jwt",
      algorithms: [...algorithms],
      clockTolerance: CLOCK_LEEWAY / 1000,
      currentDate: new Date(clock.now()),
    });
    const claims = SignedClaims.safeParse(payload);
    return claims.success ? { keys, token: accessTokenOf(issuer, claims.data) } : undefined;
  }
}

function keySetOf(document: unknown): KeySet {
  const parsed = Keys.safeParse(document);
  if (!parsed.success) throw new IssuerUnavailableError("The issuer's keys cannot be read.");
  return createLocalJWKSet(parsed.data);
}
