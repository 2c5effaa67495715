import type { StateKey } from "./state-key.ts";
import type { UploadedFile, UploadFields } from "./upload.ts";
import type { UploadSeals } from "./upload-seal.ts";

/** The upload fields of a component while it is rendered: gives tickets to those that its content shows. */
export class UploadDesk {
  readonly fields: UploadFields;
  readonly #seals: UploadSeals;
  readonly #key: StateKey;
  readonly #now: number;
  readonly #tickets = new Map<string, string>();

  constructor(
    seals: UploadSeals,
    { fields, key, now }: { readonly fields: UploadFields; readonly key: StateKey; readonly now: number },
  ) {
    this.fields = fields;
    this.#seals = seals;
    this.#key = key;
    this.#now = now;
  }

  /** The ticket of a field that the content shows. */
  ticket(field: string): string {
    const known = this.#tickets.get(field);
    const declared = this.fields[field];
    if (declared === undefined) throw new TypeError(`There is no upload field ${field}.`);
    const ticket = known ?? this.#seals.ticket({ ...this.#key, field }, declared, this.#now);
    this.#tickets.set(field, ticket);
    return ticket;
  }

  /** The tickets of all fields that the content shows, or `undefined` where there are none. */
  get tickets(): Readonly<Record<string, string>> | undefined {
    return this.#tickets.size === 0 ? undefined : Object.fromEntries(this.#tickets);
  }

  /** The file a reference stands for, where it is one of this field. */
  file(field: string, reference: string): UploadedFile | undefined {
    return this.#seals.openReference({ ...this.#key, field }, reference);
  }
}

/** The desk for one rendering of a component with these fields, `undefined` where it has none. */
export function deskFor(
  fields: UploadFields,
  seals: UploadSeals | undefined,
  { key, now }: { readonly key: StateKey; readonly now: number },
): UploadDesk | undefined {
  if (seals === undefined || Object.keys(fields).length === 0) return undefined;
  return new UploadDesk(seals, { fields, key, now });
}
