import type { StateKey } from "./state-key.ts";
import type { UploadedFile, UploadFields } from "./upload.ts";
import type { TicketBasis, UploadSeals } from "./upload-seal.ts";

/** A component, as far as its upload fields are concerned. */
interface UploadingComponent {
  readonly uploads: UploadFields;
  readonly visible: unknown;
}

/** What a component is rendered from, as far as its upload fields need to know. */
export interface DeskFrame {
  readonly key: StateKey;
  readonly props: unknown;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The upload fields of a component while it is rendered: gives tickets to those that its content shows. */
export class UploadDesk {
  readonly fields: UploadFields;
  readonly #seals: UploadSeals;
  readonly #key: StateKey;
  readonly #basis: TicketBasis;
  readonly #tickets = new Map<string, string>();

  constructor(seals: UploadSeals, { uploads, visible }: UploadingComponent, { key, props, now }: DeskFrame) {
    this.fields = uploads;
    this.#seals = seals;
    this.#key = key;
    // A rule is asked again for every file.
    this.#basis = visible === undefined ? { now } : { now, props };
  }

  /** The ticket of a field that the content shows. */
  ticket(field: string): string {
    const known = this.#tickets.get(field);
    const declared = this.fields[field];
    if (declared === undefined) throw new TypeError(`There is no upload field ${field}.`);
    const ticket = known ?? this.#seals.ticket({ ...this.#key, field }, declared, this.#basis);
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

/** The desk for one rendering of a component, `undefined` where it has no upload fields. */
export function deskFor(
  component: UploadingComponent,
  seals: UploadSeals | undefined,
  frame: DeskFrame,
): UploadDesk | undefined {
  if (seals === undefined || Object.keys(component.uploads).length === 0) return undefined;
  return new UploadDesk(seals, component, frame);
}
