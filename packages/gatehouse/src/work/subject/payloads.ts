import { hash } from "node:crypto";
import { base64, base64url, fromBase64 } from "../../kernel/codec.ts";
import { createMac, type Mac } from "../../kernel/mac.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkOrder } from "../../kernel/ports/work-orders.ts";
import type { WorkSubject, WorkSubjectKeys } from "../../kernel/ports/work-subject-keys.ts";
import type { Random } from "../../kernel/random.ts";
import { openVersion1, sealVersion1, type SealBinding, type Sealer } from "../../kernel/seal.ts";

/** Whose payloads they are. */
export type PayloadOwner = Pick<WorkOrder, "tenant" | "id" | "subject">;

/** Where a payload is within its order: what is sealed for one place opens at no other. */
export type PayloadPlace = readonly [string, ...string[]];

/** The payloads of one order. Those of orders without a subject are kept as they are. */
export interface OrderPayloads {
  seal(place: PayloadPlace, text: string): string;
  /** @throws {SealError} where it was sealed for another place, order or subject, or altered. */
  open(place: PayloadPlace, text: string): string;
  /**
   * SHA-256 of a text, base64url. Where the order has a subject it is keyed: once the key is gone, nobody finds out by
   * trying what the text was.
   */
  digest(text: string): string;
}

/** Seals what orders hold of somebody under a key of that subject's own. */
export interface WorkPayloads {
  /** For an order that is being added; `undefined` where its subject was erased. */
  begin(transaction: WriteTransaction, order: PayloadOwner): Promise<OrderPayloads | undefined>;
  /** For an order that is there; `undefined` where its subject was erased. */
  of(transaction: ReadTransaction, order: PayloadOwner): Promise<OrderPayloads | undefined>;
}

/** What payloads are sealed with. */
export interface WorkPayloadsParts {
  readonly keys: WorkSubjectKeys;
  readonly sealer: Sealer;
  readonly random: Random;
}

const KEY_BYTES = 32;

const PLAIN: OrderPayloads = {
  seal: (_place, text) => text,
  open: (_place, text) => text,
  digest: (text) => hash("sha256", text, "base64url"),
};

/** Payloads under keys of subjects, which are kept sealed under the server's own. */
export function createWorkPayloads({ keys, sealer, random }: WorkPayloadsParts): WorkPayloads {
  function opened(subject: WorkSubject, order: PayloadOwner, sealed: string | undefined): OrderPayloads | undefined {
    if (sealed === undefined) return undefined;
    const key = fromBase64(sealer.open(sealed, bindingOf(subject)));
    if (key === undefined) throw new TypeError("The key of a subject is not base64.");
    return sealedPayloads(createMac(key), order, random);
  }

  return {
    async begin(transaction, order) {
      const subject = subjectOf(order);
      if (subject === undefined) return PLAIN;
      const key = sealer.seal(base64(random.bytes(KEY_BYTES)), bindingOf(subject));
      return opened(subject, order, (await keys.add(transaction, subject, key)).sealedKey);
    },
    async of(transaction, order) {
      const subject = subjectOf(order);
      if (subject === undefined) return PLAIN;
      return opened(subject, order, (await keys.find(transaction, subject))?.sealedKey);
    },
  };
}

function subjectOf({ tenant, subject }: PayloadOwner): WorkSubject | undefined {
  return subject === undefined ? undefined : { tenant, subject };
}

function bindingOf({ tenant, subject }: WorkSubject): SealBinding {
  return { purpose: "work-subject-key", context: [tenant, subject] };
}

/** Each place has a key of its own, so that texts cannot be moved from one to another. */
function sealedPayloads(mac: Mac, { id }: PayloadOwner, random: Random): OrderPayloads {
  const keyOf = (place: PayloadPlace): Uint8Array => mac("seal", id, ...place);
  return {
    seal: (place, text) => sealVersion1(keyOf(place), text, random),
    open: (place, text) => openVersion1(keyOf(place), text),
    digest: (text) => base64url(mac("digest", text)),
  };
}
