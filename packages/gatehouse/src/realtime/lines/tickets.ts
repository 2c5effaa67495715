import { base64url } from "../../kernel/codec.ts";
import { events } from "../../kernel/events.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { DocumentKey, Documents } from "../../kernel/ports/documents.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import type { Random } from "../../kernel/random.ts";
import type { SealBinding, Sealer } from "../../kernel/seal.ts";
import type { TicketPlace, TicketSubject } from "../ticket-subject.ts";

/** What tickets are kept with. */
export interface TicketParts {
  readonly store: Store;
  readonly documents: Documents;
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  readonly sealer: Pick<Sealer, "seal" | "open">;
  readonly random: Random;
  /** Milliseconds for which a ticket is good. */
  readonly lifetime: number;
}

const KIND = "realtime.ticket";
const BYTES = 32;
const SHAPE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Tickets: 256 bits that open one connection, once, soon. The store knows them by a keyed hash, and holds what they stand
 * for under seal, so that a copy of it opens nothing.
 */
export class Tickets {
  readonly #parts: TicketParts;

  constructor(parts: TicketParts) {
    this.#parts = parts;
  }

  /** Makes a ticket, in the transaction of the action that gives it out. */
  async issue(transaction: WriteTransaction, tenant: string, subject: TicketSubject): Promise<string> {
    const { random, documents, sealer, lifetime } = this.#parts;
    const ticket = base64url(random.bytes(BYTES));
    const key = this.#key(tenant, ticket);
    const body = sealer.seal(JSON.stringify(subject), bindingOf(key));
    const expiresAt = (await transaction.now()) + lifetime;
    const kept = await documents.put(transaction, key, { expected: 0, body, expiresAt });
    if (kept === undefined) throw new Error("A new ticket equals one that is good.");
    return ticket;
  }

  /** Takes a ticket. Whatever becomes of it, it is good for nothing any more. */
  async redeem(text: string, { tenant, origin }: TicketPlace): Promise<TicketSubject | Denial> {
    if (!SHAPE.test(text)) return refusal("malformed");
    const { store, documents, sealer } = this.#parts;
    const key = this.#key(tenant, text);
    const found = await store.read((transaction) => documents.get(transaction, key));
    const { body, version, expiresAt } = found ?? {};
    if (body === undefined || body === USED || version === undefined || expiresAt === undefined)
      return refusal("unknown, used or expired");
    // Comparing the version decides between those who show it at once, on whichever server.
    const change = { expected: version, body: USED, expiresAt };
    const taken = await store.write((transaction) => documents.put(transaction, key, change));
    if (taken === undefined) return refusal("unknown, used or expired");
    // The text was sealed by `issue` for this very ticket.
    const subject = JSON.parse(sealer.open(body, bindingOf(key))) as TicketSubject;
    return subject.origin === origin ? subject : refusal("other origin");
  }

  #key(tenant: string, ticket: string): DocumentKey {
    return { kind: KIND, tenant, id: this.#parts.keyRing.fingerprint(KIND, ticket) };
  }
}

/** What is left of a ticket until it would have expired. */
const USED = "";

function bindingOf({ kind, tenant, id }: DocumentKey): SealBinding {
  return { purpose: kind, context: [tenant, id] };
}

function refusal(reason: string): Denial {
  const context = { reason: `ticket ${reason}`, credential: "ticket" };
  return deny(problems.CREDENTIAL_INVALID, { event: events.authn_credential_fail, context });
}
