import { base64url } from "../../kernel/codec.ts";
import type { Ids } from "../../kernel/ids.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { OAuthClients, StoredRegistrationToken } from "../../kernel/ports/oauth-clients.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { Random } from "../../kernel/random.ts";
import type { ClientCodec } from "./client-codec.ts";

/** What tokens are issued with. */
export interface RegistrationTokensParts {
  readonly clients: OAuthClients;
  readonly codec: ClientCodec;
  readonly random: Random;
  readonly ids: Ids;
}

/** A token that is to be issued. */
export interface NewRegistrationToken {
  readonly tenant: string;
  /** Whom it is for; shown to operators. */
  readonly label: string;
  /** How many clients it registers. */
  readonly uses: number;
  /** Milliseconds it is good for. */
  readonly lifetime: number;
}

/** A token as operators see it. */
export type RegistrationToken = Omit<StoredRegistrationToken, "key" | "tenant">;

const TOKEN_BYTES = 32;

/** Tokens that let their bearers register clients (the initial access tokens of RFC 7591). */
export class RegistrationTokens {
  readonly #parts: RegistrationTokensParts;

  constructor(parts: RegistrationTokensParts) {
    this.#parts = parts;
  }

  /** Returns the token, which nobody sees again. */
  async issue(
    writing: WriteTransaction,
    { tenant, label, uses, lifetime }: NewRegistrationToken,
  ): Promise<{ readonly id: string; readonly token: string; readonly expiresAt: number }> {
    const { clients, codec, random, ids } = this.#parts;
    const token = base64url(random.bytes(TOKEN_BYTES));
    const id = ids.next();
    const expiresAt = (await writing.now()) + lifetime;
    await clients.addToken(writing, {
      ...{ key: codec.tokenKey(tenant, token), tenant, id, label, usesLeft: uses, expiresAt },
    });
    return { id, token, expiresAt };
  }

  async list(reading: ReadTransaction, tenant: string): Promise<RegistrationToken[]> {
    const found = await this.#parts.clients.tokens(reading, tenant);
    return found.map(({ key: _key, tenant: _tenant, ...token }) => token);
  }

  async revoke(
    writing: WriteTransaction,
    token: { readonly tenant: string; readonly id: string },
  ): Promise<Denial | undefined> {
    const gone = await this.#parts.clients.removeToken(writing, token);
    return gone ? undefined : deny(problems.NOT_FOUND, { detail: `There is no token ${token.id}.` });
  }
}
