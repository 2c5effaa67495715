import type { Clock } from "../kernel/clock.ts";
import { base64url, fromBase64url } from "../kernel/codec.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import type { Random } from "../kernel/random.ts";

/** What a one-time link admits to, decided when it is issued. */
export interface OneTimeGrant {
  readonly principalType: "user" | "guest";
  readonly principalId: string;
  readonly grants: readonly string[];
}

/** Links that sign somebody in once. Only a keyed hash of the token is stored. */
export interface OneTimeLinks {
  /** A new token for a purpose (`console`, `guest`), valid for `lifetime` milliseconds. */
  issue(transaction: WriteTransaction, link: OneTimeLink): Promise<string>;
  /** Uses the token up: its grant the first time, `undefined` when it is unknown, used or expired. */
  consume(
    transaction: WriteTransaction,
    token: string,
    place: Pick<OneTimeLink, "purpose" | "tenant">,
  ): Promise<OneTimeGrant | undefined>;
}

/** What a link is for, and what it gives to who uses it. */
export interface OneTimeLink {
  readonly purpose: string;
  readonly tenant: string;
  readonly grant: OneTimeGrant;
  /** Milliseconds. */
  readonly lifetime: number;
}

interface Parts {
  readonly documents: Documents;
  readonly keyRing: KeyRing;
  readonly random: Random;
  readonly clock: Clock;
}

const TOKEN_BYTES = 20;
const KIND = "one-time-link";

/** One-time links kept as documents: 160-bit tokens, deleted in the transaction that uses them. */
export function createOneTimeLinks({ documents, keyRing, random, clock }: Parts): OneTimeLinks {
  const keyOf = (token: string, { purpose, tenant }: Pick<OneTimeLink, "purpose" | "tenant">) => ({
    kind: KIND,
    tenant,
    id: keyRing.fingerprint(KIND, purpose, tenant, token),
  });
  return {
    async issue(transaction, link) {
      const token = base64url(random.bytes(TOKEN_BYTES));
      const body = JSON.stringify(link.grant);
      await documents.put(transaction, keyOf(token, link), {
        expected: 0,
        body,
        expiresAt: clock.now() + link.lifetime,
      });
      return token;
    },
    async consume(transaction, token, place) {
      if (fromBase64url(token)?.byteLength !== TOKEN_BYTES) return undefined;
      const key = keyOf(token, place);
      const document = await documents.get(transaction, key);
      if (document === undefined) return undefined;
      await documents.delete(transaction, key);
      // Only `issue` writes documents of this kind.
      return JSON.parse(document.body) as OneTimeGrant;
    },
  };
}
