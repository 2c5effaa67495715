import type { ReadTransaction, WriteTransaction } from "../kernel/ports/store.ts";

/**
 * A kind of thing that orders change: a photo, a caption, a guest. Plans are made of what is read of it, compared with it
 * again before anything is changed, and checked against it afterwards.
 */
export interface WorkResource<Snapshot> {
  /** Unique within the application. */
  readonly type: string;
  /** What a reviewer calls one of them. */
  readonly label: (id: string, snapshot: Snapshot | undefined) => string;
  /** All that orders may rest on or change, as plain data; `undefined` where there is none. Never more than may be shown. */
  readonly read: (
    transaction: ReadTransaction,
    address: { readonly tenant: string; readonly id: string },
  ) => Promise<Snapshot | undefined>;
  /** Makes it so; `undefined` deletes it. Changes nothing else, and nothing outside of the store. */
  readonly write: (
    transaction: WriteTransaction,
    address: { readonly tenant: string; readonly id: string },
    snapshot: Snapshot | undefined,
  ) => Promise<void>;
  /** Members that are masked until a reviewer asks for them, which the audit trail tells. */
  readonly sensitive?: readonly (keyof Snapshot & string)[];
}

/** A resource of any kind, as registries hold them. */
// oxlint-disable-next-line typescript/no-explicit-any -- snapshots are read and written: no other type accepts every resource
export type AnyWorkResource = WorkResource<any>;

/** A side effect outside of the store: a letter, a call of another system. It leaves by the outbox once the plan is applied, and is tried again until it is done. */
export interface WorkEffect<Payload> {
  /** Unique within the application. */
  readonly type: string;
  readonly label: (payload: Payload) => string;
  /** `key` is the same each time one step of one plan is tried: other systems tell repetitions by it. */
  readonly run: (
    payload: Payload,
    context: { readonly tenant: string; readonly key: string; readonly signal: AbortSignal },
  ) => Promise<void>;
}

/** An effect of any kind, as registries hold them. */
// oxlint-disable-next-line typescript/no-explicit-any -- payloads are contravariant: no other type accepts every effect
export type AnyWorkEffect = WorkEffect<any>;

/** Types a resource. */
export function defineResource<Snapshot>(resource: WorkResource<Snapshot>): WorkResource<Snapshot> {
  return resource;
}

/** Types an effect. */
export function defineEffect<Payload>(effect: WorkEffect<Payload>): WorkEffect<Payload> {
  return effect;
}

/**
 * Where plans are made and carried out. Whatever is read here is what the plan rests on; whatever is changed here is its
 * change. While a plan is made all of it is rolled back.
 */
export interface WorkSpace {
  read<Snapshot>(resource: WorkResource<Snapshot>, id: string): Promise<Snapshot | undefined>;
  create<Snapshot>(
    resource: WorkResource<Snapshot>,
    id: string,
    snapshot: Snapshot,
    options?: ChangeOptions,
  ): Promise<void>;
  update<Snapshot>(
    resource: WorkResource<Snapshot>,
    id: string,
    members: Partial<Snapshot>,
    options?: ChangeOptions,
  ): Promise<void>;
  delete<Snapshot>(resource: WorkResource<Snapshot>, id: string, options?: ChangeOptions): Promise<void>;
  invoke<Payload>(effect: WorkEffect<Payload>, id: string, payload: Payload, options?: ChangeOptions): void;
}

/** What is said of a change besides. */
export interface ChangeOptions {
  /** Keys of items whose results it was made of. */
  readonly sources?: readonly string[];
}
