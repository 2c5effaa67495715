import { SealError, type Sealer } from "../kernel/seal.ts";
import type { StateKey } from "./state-key.ts";
import type { UploadedFile, UploadField } from "./upload.ts";
import { isUploadType, type UploadType } from "./upload-type.ts";

/** A field of one component's instance, of one session. Every part is bound into the seals. */
export interface UploadPlace extends StateKey {
  readonly field: string;
}

/** What a ticket allows. */
export interface Ticket {
  readonly accept: readonly UploadType[];
  readonly maxBytes: number;
  /** The props that the component's rule is asked about, where it has one. */
  readonly props: unknown;
}

/** When a ticket is made, and with what. */
export interface TicketBasis {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly props?: unknown;
}

/** What upload seals are made with. */
export interface UploadSealParts {
  readonly sealer: Pick<Sealer, "seal" | "open">;
  /** Milliseconds a ticket may be used. */
  readonly lifetime: number;
}

const TICKET = "live-upload-ticket";
const REFERENCE = "live-upload-reference";

/**
 * Tickets, without which nothing is uploaded, and references, by which actions are told of uploads. Both are sealed for
 * one field of one instance in one session: neither can be moved elsewhere, nor one be used as the other.
 */
export class UploadSeals {
  readonly #parts: UploadSealParts;

  constructor(parts: UploadSealParts) {
    this.#parts = parts;
  }

  /** A ticket for a field that is being rendered. */
  ticket(place: UploadPlace, { accept, maxBytes }: UploadField, { now, props }: TicketBasis): string {
    return this.#parts.sealer.seal(JSON.stringify({ at: now, accept, maxBytes, props }), bindingOf(TICKET, place));
  }

  /**
   * What a ticket allows, no more than what the field allows by now; `"damaged"` when it is not genuine or belongs
   * elsewhere, `"expired"` when it is too old.
   */
  openTicket(
    place: UploadPlace,
    sealed: string,
    { field, now }: { readonly field: UploadField; readonly now: number },
  ): Ticket | "damaged" | "expired" {
    const opened = this.#open(sealed, bindingOf(TICKET, place));
    const { at, accept, maxBytes, props } = opened ?? {};
    if (typeof at !== "number" || typeof maxBytes !== "number" || !Array.isArray(accept)) return "damaged";
    if (now - at > this.#parts.lifetime) return "expired";
    const types: readonly unknown[] = accept;
    return {
      accept: field.accept.filter((type) => types.includes(type)),
      maxBytes: Math.min(maxBytes, field.maxBytes),
      props,
    };
  }

  /** What stands for an upload in forms and calls. */
  reference(place: UploadPlace, file: UploadedFile): string {
    return this.#parts.sealer.seal(JSON.stringify(file), bindingOf(REFERENCE, place));
  }

  /** The upload a reference stands for, or `undefined` when it is not genuine or belongs elsewhere. */
  openReference(place: UploadPlace, sealed: string): UploadedFile | undefined {
    const opened = this.#open(sealed, bindingOf(REFERENCE, place));
    if (opened === undefined) return undefined;
    const { id, name, type, bytes, sha256 } = opened;
    if (typeof id !== "string" || typeof name !== "string" || typeof sha256 !== "string") return undefined;
    if (typeof type !== "string" || !isUploadType(type) || typeof bytes !== "number") return undefined;
    return { id, name, type, bytes, sha256 };
  }

  #open(sealed: string, binding: ReturnType<typeof bindingOf>): Readonly<Record<string, unknown>> | undefined {
    try {
      const value: unknown = JSON.parse(this.#parts.sealer.open(sealed, binding));
      // Objects can be read as records; the members are checked where they are used.
      return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch (error) {
      if (error instanceof SealError || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

function bindingOf(
  purpose: string,
  { tenant, component, instance, owner, field }: UploadPlace,
): { purpose: string; context: readonly string[] } {
  return { purpose, context: [tenant, component, instance, owner, field] };
}
