import { createLocalJWKSet, errors, jwtVerify, type JWTVerifyResult } from "jose";
import { z } from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { AccessToken } from "../../kernel/ports/access-tokens.ts";
import { CLOCK_LEEWAY, type PublicKeyAlgorithm } from "./algorithms.ts";
import { accessTokenOf, SignedClaims } from "./claims.ts";
import { IssuerUnavailableError } from "./issuer-fetch.ts";
import { KeptDocument } from "./kept-document.ts";

/** What signed tokens of an issuer are checked with. */
export interface SignedTokensParts {
  readonly issuer: string;
  readonly algorithms: readonly PublicKeyAlgorithm[];
  /** Fetches the issuer's keys. */
  readonly fetchKeys: () => Promise<unknown>;
  readonly clock: Pick<Clock, "now">;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

const Keys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/**
 * Access tokens that are signed texts (RFC 9068), checked here by the issuer's keys. Keys come from the issuer alone:
 * what a token says about where its key is counts for nothing.
 */
export class SignedTokens {
  readonly #parts: SignedTokensParts;
  readonly #keys: KeptDocument<KeySet>;

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
    try {
      const { payload } = await this.#verify(token);
      const claims = SignedClaims.safeParse(payload);
      return claims.success ? accessTokenOf(this.#parts.issuer, claims.data) : undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  async #verify(token: string): Promise<JWTVerifyResult> {
    try {
      return await this.#verifyWith(token, await this.#keys.get());
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const renewed = await this.#keys.renewed();
      if (renewed === undefined) throw error;
      return this.#verifyWith(token, renewed);
    }
  }

  #verifyWith(token: string, keys: KeySet): Promise<JWTVerifyResult> {
    const { issuer, algorithms, clock } = this.#parts;
    return jwtVerify(token, keys, {
      issuer,
      typ: "at+jwt",
      algorithms: [...algorithms],
      clockTolerance: CLOCK_LEEWAY / 1000,
      currentDate: new Date(clock.now()),
    });
  }
}

function keySetOf(document: unknown): KeySet {
  const parsed = Keys.safeParse(document);
  if (!parsed.success) throw new IssuerUnavailableError("The issuer's keys cannot be read.");
  return createLocalJWKSet(parsed.data);
}
