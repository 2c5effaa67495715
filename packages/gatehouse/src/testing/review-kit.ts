import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { AnyAction } from "../kernel/action.ts";
import type { Principal } from "../kernel/attempt.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { createIds } from "../kernel/ids.ts";
import { isDenial, type Outcome } from "../kernel/outcome.ts";
import type { ClaimedJob, JobHandler, Jobs } from "../kernel/ports/jobs.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import type { WorkLeases } from "../kernel/ports/work-leases.ts";
import type { WorkItem, WorkOrder } from "../kernel/ports/work-orders.ts";
import { createSealer } from "../kernel/seal.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createJobs } from "../store/sql/jobs.ts";
import { createWorkLeases } from "../store/sql/work/leases.ts";
import { createWorkOrders } from "../store/sql/work/orders.ts";
import { createWorkParts } from "../store/sql/work/parts.ts";
import { createWorkPauses } from "../store/sql/work/pauses.ts";
import { createWorkPlans } from "../store/sql/work/plans.ts";
import { createWorkSubjectKeys } from "../store/sql/work/subject-keys.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createApplyContext, type ApplyContext } from "../work/apply/apply-context.ts";
import type { AnyOrderType } from "../work/order-type.ts";
import { createOrderTypes } from "../work/order-types.ts";
import { createDeskActions } from "../work/desk/desk.ts";
import { createEffects } from "../work/apply/effects.ts";
import { createReadingActions } from "../work/reading/reading.ts";
import { createWorkJobHandlers, createWorkReviewActions } from "../work/review/review.ts";
import type { ReviewerAuthentication, ReviewRules } from "../work/review/policy.ts";
import type { WorkReviewParts } from "../work/review/review-parts.ts";
import { createWorkPayloads } from "../work/subject/payloads.ts";
import { addPreview, WORK_EFFECTS_QUEUE, WORK_QUEUE } from "../work/work-jobs.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { makeDueEarlier } from "./lapsed-time.ts";
import { createTestGate, type TestAttempt, type TestGate } from "./gate-kit.ts";
import { AGENT, REVIEW_RULES, RITA, scopeRules } from "./review-kit-people.ts";
import {
  renamingType,
  reviewKitMigrations,
  submissionOf,
  thingResource,
  type NewName,
  type Renaming,
  type SentLetter,
  type Thing,
} from "./review-kit-things.ts";

/** What differs from the plain kit. */
export interface ReviewKitOptions {
  readonly type?: AnyOrderType;
  readonly letters?: SentLetter[];
  /** Default: an embedded store in memory. A store given has the kit's migrations and is the caller's to close. */
  readonly store?: Store;
  readonly clock?: FakeClock;
  readonly seed?: string;
  readonly reviewRules?: Partial<ReviewRules>;
  /** How people have signed in, by their identifiers; default: just now, with a second factor. */
  readonly authentication?: Readonly<Record<string, ReviewerAuthentication>>;
  readonly actions?: (context: ApplyContext) => readonly AnyAction[];
}

/** A plan as a reviewer has seen it. */
export interface SeenPlan {
  readonly order: string;
  readonly revision: number;
  readonly digest: string;
}

const HOUR = 3_600_000;
interface Labour {
  readonly order: string;
  readonly names: Readonly<Record<string, NewName | string>>;
  readonly as: Principal;
}

/** Orders behind every guard, from proposing to applying. Working on items is done on the leases themselves. */
export class ReviewKit implements AsyncDisposable {
  readonly parts: WorkReviewParts;
  readonly kit: TestGate;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly jobs: Jobs;
  readonly letters: readonly SentLetter[];
  readonly handlers: ReadonlyMap<string, JobHandler>;
  readonly leases: WorkLeases;
  readonly #ownsStore: boolean;
  #keys = 0;
  readonly #seed: string;

  private constructor(
    made: Pick<ReviewKit, "parts" | "kit" | "store" | "clock" | "jobs" | "letters" | "handlers" | "leases">,
    more: { readonly ownsStore: boolean; readonly seed: string },
  ) {
    ({ parts: this.parts, kit: this.kit, store: this.store, clock: this.clock, jobs: this.jobs } = made);
    ({ letters: this.letters, handlers: this.handlers, leases: this.leases } = made);
    this.#ownsStore = more.ownsStore;
    this.#seed = more.seed;
  }

  static async open(options: ReviewKitOptions = {}): Promise<ReviewKit> {
    const { letters = [], clock = createFakeClock(), seed = "work" } = options;
    const type = options.type ?? renamingType(letters);
    const migrations = [...coreMigrations, ...reviewKitMigrations];
    const store = options.store ?? (await openSqliteStore({ memory: true, clock, migrations, profile: "development" }));
    const random = createDeterministicRandom(`work ${seed}`);
    const keyRing = createKeyRing(generateKeyMaterial(createDeterministicRandom("work keys"), createFakeClock()));
    const ids = createIds(clock, random);
    const subjectKeys = createWorkSubjectKeys();
    const jobs = createJobs({ store, bus: createMemoryBus(), ids });
    const applyContext = createApplyContext({ keyRing, clock, random });
    const { authentication = {} } = options;
    const parts: WorkReviewParts = {
      ...{ orders: createWorkOrders({ ids }), plans: createWorkPlans(), pauses: createWorkPauses(), subjectKeys },
      parts: createWorkParts(),
      payloads: createWorkPayloads({ keys: subjectKeys, sealer: createSealer({ keyRing, random, clock }), random }),
      ...{ jobs, types: createOrderTypes([type]), ids, keyRing, applyContext, rules: scopeRules },
      ...{ entrances: ["http", "mcp", "job"], reviewRules: { ...REVIEW_RULES, ...options.reviewRules } },
      limits: { items: 100, attempts: 3 },
      authenticationOf: async (_transaction, { principal }) =>
        authentication[principal.id] ?? { at: clock.now(), secondFactor: true },
    };
    const desk = createDeskActions(parts);
    const actions = [
      ...createWorkReviewActions(parts),
      ...createReadingActions(parts),
      ...desk,
      ...(options.actions?.(applyContext) ?? []),
    ];
    const limit = { limit: 1_000_000, window: 60_000 };
    const kit = await createTestGate({ actions, store, clock, seed, limit });
    const jobParts = { ...parts, store, gate: () => kit.gate, clock };
    const handlers = [...createWorkJobHandlers(jobParts), createEffects(jobParts)];
    const made = { parts, kit, store, clock, jobs, letters, leases: createWorkLeases({ ids }) };
    const byKind = new Map(handlers.map((handler) => [handler.kind, handler]));
    return new ReviewKit({ ...made, handlers: byKind }, { ownsStore: options.store === undefined, seed });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kit[Symbol.asyncDispose]();
    if (this.#ownsStore) await this.store[Symbol.asyncDispose]();
  }

  /** Attempts an action; a key of its own where none is given. */
  // oxlint-disable-next-line eslint/max-params -- read as a sentence: what, with what, who, how
  attempt(action: string, input: unknown, as: Principal, how: TestAttempt = {}): Promise<Outcome> {
    this.#keys += 1;
    return this.kit.attempt(action, input, { as, key: `${this.#seed}-${this.#keys}`, ...how });
  }

  /** Attempts an action that has to succeed. */
  async done<Value = Readonly<Record<string, unknown>>>(action: string, input: unknown, as: Principal): Promise<Value> {
    const outcome = await this.attempt(action, input, as);
    assert.ok(outcome.ok, JSON.stringify({ action, outcome, reported: this.kit.reported.map(String) }));
    return outcome.value as Value; // The caller knows the action.
  }

  /** Attempts an action that has to be denied; the code of the problem. */
  async denied(action: string, input: unknown, as: Principal): Promise<string> {
    const outcome = await this.attempt(action, input, as);
    assert.ok(isDenial(outcome), JSON.stringify(outcome));
    return outcome.problem.code;
  }

  /** Proposes to rename things; the order's identifier. */
  async propose(input: Partial<Renaming>, as: Principal = AGENT): Promise<string> {
    const { order } = await this.done<{ readonly order: string }>(
      "work.propose",
      { type: "things.rename", input: { things: [], ...input } },
      as,
    );
    return order;
  }

  async find(order: string): Promise<WorkOrder> {
    const found = await this.store.read((transaction) =>
      this.parts.orders.find(transaction, { tenant: "acme", id: order }),
    );
    assert.ok(found !== undefined);
    return found;
  }

  items(order: string): Promise<readonly WorkItem[]> {
    return this.store.read((transaction) => this.parts.orders.items(transaction, { tenant: "acme", id: order }));
  }

  /** Kinds of the order's events, the oldest first. */
  async events(order: string): Promise<readonly string[]> {
    const key = { tenant: "acme", id: order };
    const page = await this.store.read((transaction) => this.parts.orders.events(transaction, key, { limit: 500 }));
    return page.map(({ kind }) => kind).toReversed();
  }

  /** Has an agent do all items of an order that are queued: names by things. */
  async work(order: string, names: Readonly<Record<string, NewName | string>>, as: Principal = AGENT): Promise<void> {
    for (;;) {
      const more = await this.store.write((transaction) => this.#workOne(transaction, { order, names, as }));
      if (!more) return;
    }
  }

  async #workOne(transaction: WriteTransaction, { order, names, as }: Labour): Promise<boolean> {
    const { tenant, type, id, onBehalfOf } = as;
    const holder = { type, id, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
    const tokenHash = new Uint8Array(createHash("sha256").update(order).digest());
    const claimed = await this.leases.claim(transaction, {
      ...{ tenants: [tenant], order, holder, tokenHashes: [tokenHash] },
      types: [{ type: "things.rename", duration: HOUR, ceiling: 24 * HOUR, cap: Infinity }],
      caps: { agent: 100, tenant: Infinity },
    });
    const [taken] = claimed.kind === "claimed" ? claimed.items : [];
    if (taken === undefined) return false;
    const proof = { tenant, item: taken.item.id, epoch: taken.lease.epoch, tokenHash, holder };
    const held = await this.leases.hold(transaction, proof);
    assert.ok(typeof held !== "string", String(held));
    const payloads = await this.parts.payloads.of(transaction, held.order);
    assert.ok(payloads !== undefined);
    const said = names[taken.item.key] ?? "renamed";
    const { last } = await this.leases.submit(transaction, held, {
      ...submissionOf(payloads, taken.item, typeof said === "string" ? { name: said } : said),
      event: { kind: "submitted", actor: holder, details: "{}" },
    });
    if (last) await addPreview(this.parts.jobs, transaction, held.order);
    return true;
  }

  /** Lets time pass. On a store whose time is its own, jobs and leases are due so much earlier instead. */
  async pass(milliseconds: number): Promise<void> {
    await this.clock.advance(milliseconds);
    if (this.store.dialect === "postgres") await makeDueEarlier(this.store, milliseconds);
  }

  /** Does all jobs that are due, and those that come of them. */
  async run(queues: readonly string[] = [WORK_QUEUE, WORK_EFFECTS_QUEUE]): Promise<void> {
    for (const queue of queues) {
      for (;;) {
        const claimed = await this.jobs.claim(queue, { limit: 10, duration: HOUR });
        if (claimed.length === 0) break;
        for (const job of claimed) await this.perform(job);
      }
    }
  }

  /** Does one job as workers do. */
  async perform(job: ClaimedJob): Promise<void> {
    const handler = this.handlers.get(job.kind);
    assert.ok(handler !== undefined, job.kind);
    try {
      const effect = await handler.run(job, new AbortController().signal);
      if (effect === undefined) return;
      await this.store.write(async (transaction) => {
        assert.ok(await this.jobs.complete(transaction, job));
        await effect(transaction);
      });
    } catch (error) {
      const reason = String(error);
      await this.store.write(async (transaction) => {
        const runAt = (await transaction.now()) + 1000;
        if ((await this.jobs.fail(transaction, job, { reason, runAt })) === "dead")
          await handler.dead?.(transaction, job, reason);
      });
    }
  }

  /** The newest plan as a reviewer sees it. */
  preview(
    order: string,
    as: Principal = RITA,
  ): Promise<
    SeenPlan &
      Readonly<Record<string, unknown>> & {
        readonly changes: readonly { readonly before?: unknown; readonly after?: unknown }[];
      }
  > {
    return this.done("work.preview", { order }, as);
  }

  /** An order with a plan that waits for reviewers. */
  async planned(
    input: Partial<Renaming> = { things: ["a"] },
    names: Parameters<ReviewKit["work"]>[1] = {},
  ): Promise<SeenPlan> {
    const order = await this.propose(input);
    await this.work(order, names);
    await this.run();
    const { revision, digest } = await this.preview(order);
    return { order, revision, digest };
  }

  /** Changes a thing without any order. */
  setThing(id: string, thing: Thing | undefined, tenant = "acme"): Promise<void> {
    return this.store.write((transaction) => thingResource.write(transaction, { tenant, id }, thing));
  }

  thing(id: string, tenant = "acme"): Promise<Thing | undefined> {
    return this.store.read((transaction) => thingResource.read(transaction, { tenant, id }));
  }
}
