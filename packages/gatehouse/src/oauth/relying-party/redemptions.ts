import { z } from "zod";
import type { SessionIdentity } from "../../http/session-scope.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Document, DocumentKey, Documents } from "../../kernel/ports/documents.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { pause, type Timers } from "../../kernel/timers.ts";
import { SIGN_IN_LIFETIME } from "./pending-sign-ins.ts";

/** Who came in by a sign-in, and in which session. */
export interface Redeemed {
  readonly identity: SessionIdentity;
  readonly session: string;
}

/** What became of a try to redeem a sign-in: it is ours to redeem, was redeemed just now, or is over. */
export type Redemption =
  | { readonly state: "ours" }
  | { readonly state: "redeemed"; readonly before: Redeemed }
  | { readonly state: "over" };

/** What redemptions are kept with. */
export interface RedemptionsParts {
  readonly store: Store;
  readonly documents: Documents;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Name of the relying party. */
  readonly name: string;
}

interface SignIn {
  readonly tenant: string;
  readonly state: string;
}

const KIND = "oauth-redemption";
const Identity = z.object({ type: z.enum(["user", "guest"]), id: z.string(), grants: z.array(z.string()) });
const Kept = z.object({ at: z.number(), redeemed: z.object({ identity: Identity, session: z.string() }).optional() });
/** Milliseconds after which whoever redeems is taken for gone: longer than the issuer may take. */
const UNDER_WAY = 25_000;
/** Milliseconds in which the browser may ask again, as by a reload: the answer to the first time may never have arrived. */
const REPEATABLE = 10_000;
const LONG_AGO = 0;
/** Milliseconds between looks at what another request is doing. */
const LOOK = 50;

/**
 * Sign-ins are redeemed once. A code that is shown to the issuer twice takes the tokens of the first time with it, so
 * that of two requests with the same one, the second waits for the first and shares in what became of it.
 */
export class Redemptions {
  readonly #parts: RedemptionsParts;

  constructor(parts: RedemptionsParts) {
    this.#parts = parts;
  }

  async claim(signIn: SignIn): Promise<Redemption> {
    const { clock, timers } = this.#parts;
    for (;;) {
      const document = await this.#take(signIn);
      if (document === undefined) return { state: "ours" };
      // Only this class writes documents of this kind.
      const { at, redeemed } = Kept.parse(JSON.parse(document.body));
      const age = clock.now() - at;
      if (redeemed !== undefined) {
        return age > REPEATABLE ? { state: "over" } : { state: "redeemed", before: redeemed };
      }
      if (age > UNDER_WAY) return { state: "over" };
      await pause(timers, LOOK);
    }
  }

  /** Lets the same sign-in be tried again: it was not the sign-in that failed. */
  async release(signIn: SignIn): Promise<void> {
    const { store, documents } = this.#parts;
    await store.write((transaction) => documents.delete(transaction, this.#key(signIn)));
  }

  /** Ends a sign-in that was refused. */
  async close(signIn: SignIn): Promise<void> {
    const { store, documents } = this.#parts;
    const key = this.#key(signIn);
    await store.write(async (transaction) => {
      const document = await documents.get(transaction, key);
      await documents.put(transaction, key, this.#change(document, JSON.stringify({ at: LONG_AGO })));
    });
  }

  /** Keeps who came in, for the browser that asks again. The time of the first time counts. */
  async redeem(transaction: WriteTransaction, signIn: SignIn, redeemed: Redeemed): Promise<void> {
    const { documents, clock } = this.#parts;
    const key = this.#key(signIn);
    const document = await documents.get(transaction, key);
    const before = document === undefined ? undefined : Kept.parse(JSON.parse(document.body));
    const at = before?.redeemed === undefined ? clock.now() : before.at;
    await documents.put(transaction, key, this.#change(document, JSON.stringify({ at, redeemed })));
  }

  #take(signIn: SignIn): Promise<Document | undefined> {
    const { store, documents, clock } = this.#parts;
    const key = this.#key(signIn);
    return store.write(async (transaction) => {
      const document = await documents.get(transaction, key);
      if (document !== undefined) return document;
      const body = JSON.stringify({ at: clock.now() });
      const taken = await documents.put(transaction, key, this.#change(undefined, body));
      return taken === undefined ? documents.get(transaction, key) : undefined;
    });
  }

  #change(document: Document | undefined, body: string) {
    return { expected: document?.version ?? 0, body, expiresAt: this.#parts.clock.now() + 2 * SIGN_IN_LIFETIME };
  }

  #key({ tenant, state }: SignIn): DocumentKey {
    return { kind: KIND, tenant, id: this.#parts.keyRing.fingerprint(KIND, this.#parts.name, state) };
  }
}
