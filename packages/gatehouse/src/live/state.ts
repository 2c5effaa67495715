import type { Principal } from "../kernel/attempt.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { ReadTransaction, WriteTransaction } from "../kernel/ports/store.ts";
import { SealError, type Sealer } from "../kernel/seal.ts";
import type { AnyLiveComponent } from "./component.ts";
import { check } from "./schema.ts";
import type { StateKey } from "./state-key.ts";

/** A state and the props it belongs to. */
export interface Held {
  readonly state: unknown;
  readonly props: unknown;
}

/** What is stored for a key. */
export interface Stored {
  /** 0 where there is nothing. */
  readonly version: number;
  /** Absent where there is nothing, or nothing that still fits the component. */
  readonly held: Held | undefined;
  /** Whether something is stored that cannot be opened. */
  readonly damaged: boolean;
  /** Bytes of what is stored, as the quota counts them. */
  readonly bytes: number;
}

/** The next state of a key, and what it follows. */
export interface StateChange extends Held, Pick<Stored, "bytes"> {
  /** The stored version. */
  readonly expected: number;
}

/** What a page carries, sealed: the props, and the state unless it is to be mounted again. */
export interface Seed {
  /** The stored version at the time; the seed counts while nothing newer is stored. */
  readonly base: number;
  readonly props: unknown;
  /** Absent in forms that work without scripts, whose page would carry it once for each. */
  readonly state: { readonly value: unknown } | undefined;
}

/** A seed that a page has brought back. */
export interface OpenedSeed extends Seed {
  /** Whether so much of its lifetime is left that the page needs no other one yet. */
  readonly young: boolean;
}

/**
 * The most that is stored for one session. At the limit, what would be added is refused and nothing that is stored goes:
 * a state that had been given up for a newer one would begin again from the page it was on, and whoever wanted theirs
 * back as it was would only have to make room.
 */
export interface StateQuota {
  /** Components with a stored state: those that an action has changed. Default 500. */
  readonly components: number;
  /** Bytes of their sealed states, where each counts as 4 KiB at least. Default 4 MiB. */
  readonly bytes: number;
}

/** The quota unless another one is given. */
export const DEFAULT_STATE_QUOTA: StateQuota = Object.freeze({ components: 500, bytes: 4 * 1024 * 1024 });

/** What states are kept with. */
export interface StateKeeperParts {
  readonly documents: Documents;
  readonly sealer: Pick<Sealer, "seal" | "open" | "openStored">;
  /** Milliseconds a state is kept after its last change, and a page's seed after it was made. */
  readonly lifetime: number;
  readonly quota: StateQuota;
}

const NOTHING: Stored = { version: 0, held: undefined, damaged: false, bytes: 0 };
/** Stands in the store for a state that is in the page. */
const IN_THE_PAGE = "-";
/** What a state counts as at least, in bytes: about what its row and its index entries take. */
const LEAST_BYTES = 4096;
const KIND = "live-state";
const STATE = "live-state";
const SEED = "live-seed";

/** The owner of state: the session; what has none, such as an agent, owns by itself. */
export function ownerOf({ type, id, session }: Principal): string {
  return session ?? `${type}/${id}`;
}

/** Keeps states: sealed, by key, changed by compare-and-set. */
export class StateKeeper {
  readonly #parts: StateKeeperParts;

  constructor(parts: StateKeeperParts) {
    this.#parts = parts;
  }

  async read(transaction: ReadTransaction, component: AnyLiveComponent, key: StateKey): Promise<Stored> {
    if (component.mode === "none" || component.replayTolerated) return NOTHING;
    const document = await this.#parts.documents.get(transaction, documentKey(key));
    if (document === undefined) return NOTHING;
    const { version, body } = document;
    const bytes = counted(body);
    if (component.mode === "sealed") return { version, held: undefined, damaged: false, bytes };
    const binding = sealBinding({ purpose: STATE, key });
    const opened = readRecord(() => this.#parts.sealer.openStored(body, binding));
    // A body sealed for another version is an older one put back.
    if (opened === undefined || opened["version"] !== version)
      return { version, held: undefined, damaged: true, bytes };
    return { version, held: fit(component, opened), damaged: false, bytes };
  }

  /**
   * Keeps the next version and returns its number: `undefined` when another one was kept meanwhile, `"full"` when it
   * takes more than the owner has left. Only what grows is counted, within the transaction: attempts at the same time
   * see each other.
   */
  async write(
    transaction: WriteTransaction,
    subject: { readonly component: AnyLiveComponent; readonly key: StateKey },
    change: StateChange,
  ): Promise<number | "full" | undefined> {
    const { component, key } = subject;
    const { expected, props, state } = change;
    const version = expected + 1;
    if (component.mode === "none") return 0;
    if (component.replayTolerated) return version;
    const body =
      component.mode === "sealed" ? IN_THE_PAGE : this.#seal({ version, props, state }, { purpose: STATE, key });
    if (counted(body) > change.bytes && !(await this.#hasRoom(transaction, key, body))) return "full";
    const expiresAt = (await transaction.now()) + this.#parts.lifetime;
    const next = { expected, body, expiresAt, owner: key.owner };
    const written = await this.#parts.documents.put(transaction, documentKey(key), next);
    // The version of an expired document goes on; the body has to be sealed for the one it has.
    if (written !== undefined && written.version !== version) {
      return this.write(transaction, subject, { ...change, expected: written.version });
    }
    return written?.version;
  }

  /** Seals what a page carries. */
  seed(key: StateKey, { base, props, state, now }: Seed & { readonly now: number }): string {
    return this.#seal(
      { base, props, at: now, ...(state === undefined ? {} : { state: state.value }) },
      { purpose: SEED, key },
    );
  }

  /** Opens a seed: `"damaged"` when it is not genuine or not this owner's, `undefined` when it is too old. */
  openSeed(
    component: AnyLiveComponent,
    key: StateKey,
    { sealed, now }: { readonly sealed: string; readonly now: number },
  ): OpenedSeed | "damaged" | undefined {
    const binding = sealBinding({ purpose: SEED, key });
    const opened = readRecord(() => this.#parts.sealer.open(sealed, binding));
    if (opened === undefined) return "damaged";
    const { base, at } = opened;
    if (typeof base !== "number" || typeof at !== "number" || now - at > this.#parts.lifetime) return undefined;
    const props = fitProps(component, opened["props"]);
    const state = Object.hasOwn(opened, "state") ? check(component.state, opened["state"]) : undefined;
    const outgrown = Object.hasOwn(opened, "state") && state === undefined;
    if (props === undefined || outgrown) return undefined;
    return { base, props: props.value, state, young: now - at < this.#parts.lifetime / 2 };
  }

  async #hasRoom(transaction: WriteTransaction, key: StateKey, body: string): Promise<boolean> {
    const { documents, quota } = this.#parts;
    const others = { owner: key.owner, except: documentKey(key), least: LEAST_BYTES };
    const { count, bytes } = await documents.owned(transaction, others);
    return count < quota.components && bytes + counted(body) <= quota.bytes;
  }

  #seal(value: object, binding: Binding): string {
    return this.#parts.sealer.seal(JSON.stringify(value), sealBinding(binding));
  }
}

/** The record that opening gives, or `undefined` where it does not open. */
function readRecord(open: () => string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(open());
    // Objects can be read as records; the members are checked where they are used.
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SealError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function counted(body: string): number {
  return Math.max(LEAST_BYTES, Buffer.byteLength(body));
}

interface Binding {
  readonly purpose: string;
  readonly key: StateKey;
}

function sealBinding({ purpose, key }: Binding): { purpose: string; context: readonly string[] } {
  return { purpose, context: [key.tenant, key.component, key.instance, key.owner] };
}

function documentKey({ tenant, component, instance, owner }: StateKey): { kind: string; tenant: string; id: string } {
  return { kind: KIND, tenant, id: `${component}:${instance}:${owner}` };
}

/** State and props as the component's schemas see them now, or `undefined` when they no longer fit. */
function fit(component: AnyLiveComponent, { state, props }: Readonly<Record<string, unknown>>): Held | undefined {
  const checkedState = check(component.state, state);
  const checkedProps = fitProps(component, props);
  if (checkedState === undefined || checkedProps === undefined) return undefined;
  return { state: checkedState.value, props: checkedProps.value };
}

function fitProps(component: AnyLiveComponent, props: unknown): { readonly value: unknown } | undefined {
  return component.props === undefined ? { value: undefined } : check(component.props, props);
}
