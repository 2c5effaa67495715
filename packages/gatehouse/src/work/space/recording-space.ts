import { canonicalJson } from "../../kernel/codec.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { WorkChange, WorkReading } from "../../kernel/ports/work-plans.ts";
import type { AnyOrderType } from "../order-type.ts";
import type { AnyWorkResource, ChangeOptions, WorkEffect, WorkResource, WorkSpace } from "../resource.ts";
import { digestOfReading, plainOf } from "./snapshot.ts";
import { WorkSpaceError } from "./space-error.ts";

/** What a space is made of. */
export interface SpaceParts {
  readonly transaction: WriteTransaction;
  readonly tenant: string;
  readonly type: Pick<AnyOrderType, "type" | "resources" | "effects">;
  /** Digest of a text, as the order's payloads make it. */
  readonly digest: (text: string) => string;
}

/** What has happened in a space. */
export interface SpaceRecord {
  readonly changes: readonly WorkChange[];
  /** What there was of everything that was touched, before anything was changed. */
  readonly readings: readonly WorkReading[];
}

/** Changes of a plan: more of them nobody could review. */
const MOST_CHANGES = 10_000;

/** A space that writes into a transaction and notes what it has read and changed. */
export class RecordingSpace implements WorkSpace {
  readonly #parts: SpaceParts;
  readonly #readings = new Map<string, WorkReading>();
  readonly #changes: WorkChange[] = [];
  #busy = false;
  #closed = false;

  constructor(parts: SpaceParts) {
    this.#parts = parts;
  }

  read<Snapshot>(resource: WorkResource<Snapshot>, id: string): Promise<Snapshot | undefined> {
    // The plain form of a snapshot is that snapshot, as resources promise.
    return this.#alone(async () => (await this.#look(resource, id)) as Snapshot | undefined);
  }

  // oxlint-disable-next-line eslint/max-params -- authors of plans read it as a sentence: what, which, how
  create<Snapshot>(
    resource: WorkResource<Snapshot>,
    id: string,
    snapshot: Snapshot,
    options?: ChangeOptions,
  ): Promise<void> {
    return this.#alone(async () => {
      if ((await this.#look(resource, id)) !== undefined)
        throw new WorkSpaceError("EXISTS", `${resource.type} ${id} exists.`);
      await this.#put(resource, id, { snapshot, options });
    });
  }

  // oxlint-disable-next-line eslint/max-params -- authors of plans read it as a sentence: what, which, how
  update<Snapshot>(
    resource: WorkResource<Snapshot>,
    id: string,
    members: Partial<Snapshot>,
    options?: ChangeOptions,
  ): Promise<void> {
    return this.#alone(async () => {
      const before = await this.#look(resource, id);
      if (before === undefined) throw missing(resource, id);
      // As in `read`.
      await this.#put(resource, id, { snapshot: { ...(before as Snapshot), ...members }, options });
    });
  }

  delete<Snapshot>(resource: WorkResource<Snapshot>, id: string, options?: ChangeOptions): Promise<void> {
    return this.#alone(async () => {
      if ((await this.#look(resource, id)) === undefined) throw missing(resource, id);
      await this.#put(resource, id, { snapshot: undefined, options });
    });
  }

  // oxlint-disable-next-line eslint/max-params -- authors of plans read it as a sentence: what, which, how
  invoke<Payload>(effect: WorkEffect<Payload>, id: string, payload: Payload, options: ChangeOptions = {}): void {
    this.#begin();
    this.#busy = false;
    if (!this.#parts.type.effects.includes(effect)) throw undeclared("effect", effect.type);
    const after = plainOf(payload);
    const resource = { type: effect.type, id, label: effect.label(payload) };
    this.#record({ resource, action: "invoke", before: undefined, after, sensitive: [] }, options);
  }

  /** Makes one change of a plan as the plan says it, where there is what the plan says there was. */
  carryOut({ resource: { type, id }, action, before, after, sources }: WorkChange): Promise<void> {
    return this.#alone(async () => {
      const resource = this.#parts.type.resources.find((declared) => declared.type === type);
      if (action === "invoke" || resource === undefined) throw undeclared("resource", type);
      const there = await this.#look(resource, id);
      if (!isSame(there, before)) throw new WorkSpaceError("CHANGED_SINCE", `${type} ${id} was changed since.`);
      await this.#put(resource, id, { snapshot: after, options: { sources } });
    });
  }

  /**
   * Ends it; nothing can be done in it any more.
   * @throws {WorkSpaceError} where something was begun and not awaited.
   */
  close(): SpaceRecord {
    this.#begin();
    this.#closed = true;
    return { changes: this.#changes, readings: [...this.#readings.values()] };
  }

  /** What there is. The first look at anything is what the plan rests on. */
  async #look(resource: AnyWorkResource, id: string): Promise<unknown> {
    if (!this.#parts.type.resources.includes(resource)) throw undeclared("resource", resource.type);
    const { transaction, tenant, digest } = this.#parts;
    const snapshot = plainOf(await resource.read(transaction, { tenant, id }));
    const name = JSON.stringify([resource.type, id]);
    if (!this.#readings.has(name))
      this.#readings.set(name, { type: resource.type, id, digest: digestOfReading(snapshot, digest) });
    return snapshot;
  }

  async #put(
    resource: AnyWorkResource,
    id: string,
    { snapshot, options = {} }: { readonly snapshot: unknown; readonly options: ChangeOptions | undefined },
  ): Promise<void> {
    const { transaction, tenant } = this.#parts;
    const before = await this.#look(resource, id);
    await resource.write(transaction, { tenant, id }, snapshot);
    const after = await this.#look(resource, id);
    if (isSame(before, after)) return;
    const action = before === undefined ? "create" : after === undefined ? "delete" : "update";
    const label = resource.label(id, after ?? before);
    const sensitive = (resource.sensitive ?? []).map(pointerTo);
    this.#record({ resource: { type: resource.type, id, label }, action, before, after, sensitive }, options);
  }

  #record(change: Omit<WorkChange, "step" | "sources">, { sources = [] }: ChangeOptions): void {
    const step = this.#changes.length + 1;
    if (step > MOST_CHANGES) throw new WorkSpaceError("TOO_MANY", `A plan has at most ${MOST_CHANGES} changes.`);
    this.#changes.push({ step, ...change, sources });
  }

  /** One thing at a time: the order of changes is part of the plan. */
  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#perform(work);
    // Whoever does not await it would end the process; `close` says what was wrong.
    done.catch(() => undefined);
    return done;
  }

  async #perform<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#begin();
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  #begin(): void {
    if (this.#closed) throw new WorkSpaceError("CLOSED", "The space has been closed.");
    if (this.#busy) throw new WorkSpaceError("NOT_AWAITED", "Await everything that is done in a space.");
    this.#busy = true;
  }
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === undefined || right === undefined) return left === right;
  return canonicalJson(left) === canonicalJson(right);
}

function pointerTo(member: string): string {
  return `/${member.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function missing({ type }: AnyWorkResource, id: string): WorkSpaceError {
  return new WorkSpaceError("MISSING", `There is no ${type} ${id}.`);
}

function undeclared(what: "resource" | "effect", type: string): WorkSpaceError {
  return new WorkSpaceError("UNDECLARED", `The type of this order does not declare the ${what} ${type}.`);
}
