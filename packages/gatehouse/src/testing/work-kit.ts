import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { systemClock } from "../kernel/clock.ts";
import { createIds, type Ids } from "../kernel/ids.ts";
import type { Store } from "../kernel/ports/store.ts";
import type {
  Claimed,
  ClaimedItem,
  ClaimRequest,
  HeldItem,
  HolderEvent,
  LeaseLoss,
  LeaseProof,
  WorkLeases,
} from "../kernel/ports/work-leases.ts";
import type {
  NewWorkItem,
  NewWorkOrder,
  WorkActor,
  WorkItem,
  WorkOrder,
  WorkOrderKey,
  WorkOrders,
} from "../kernel/ports/work-orders.ts";
import { systemRandom } from "../kernel/random.ts";
import { createWorkLeases } from "../store/sql/work/leases.ts";
import { createWorkOrders } from "../store/sql/work/orders.ts";

/** A claim with the proofs that its holder can show. */
export interface Grip extends ClaimedItem {
  readonly proof: LeaseProof;
}

const LONG = 60_000;
const DAY = 86_400_000;
const PROVENANCE = { fingerprint: "none" };
/** As the actions of agents have it. */
export const LOCKING = { isolation: "read committed" } as const;
let numbers = 0;

/** An agent by its identifier. */
export function agent(id: string): WorkActor {
  return { type: "agent", id };
}

/** What holders' writes are told as, where a test does not care. */
export function told(kind: string, actor: WorkActor = agent("a")): HolderEvent {
  return { kind, actor, details: "{}" };
}

/** Orders and leases of a tenant that no other test uses. */
export class WorkKit {
  readonly store: Store;
  readonly orders: WorkOrders;
  readonly leases: WorkLeases;
  readonly ids: Ids = createIds(systemClock, systemRandom);
  readonly tenant: string;
  readonly type: string = "caption.write";

  constructor(store: Store, tenant: string = `tenant-${(numbers += 1)}-${systemRandom.bytes(3).join("")}`) {
    this.store = store;
    this.tenant = tenant;
    this.orders = createWorkOrders({ ids: this.ids });
    this.leases = createWorkLeases({ ids: this.ids });
  }

  /** Proposes an order with items of these keys. */
  async propose(
    keys: readonly string[] = ["one"],
    more: {
      readonly type?: string;
      readonly priority?: number;
      readonly attempts?: number;
      readonly runAt?: number;
      readonly dependsOn?: Readonly<Record<string, readonly string[]>>;
      readonly subject?: string;
    } = {},
  ): Promise<WorkOrderKey & { readonly items: readonly string[] }> {
    const { type = this.type, priority = 0, attempts = 3, runAt = 0, dependsOn = {}, subject } = more;
    const id = this.ids.next();
    const items = keys.map((key): NewWorkItem => {
      const whole = { id: this.ids.next(), key, priority, runAt, attempts, input: `{"of":"${key}"}` };
      return { ...whole, dependsOn: dependsOn[key] ?? [] };
    });
    const order: NewWorkOrder = {
      ...{
        id,
        tenant: this.tenant,
        type,
        typeVersion: 1,
        priority,
        risk: "low" as const,
        input: "{}",
        inputHash: "hash",
      },
      ...{ subject, proposer: { type: "user", id: "ada" } as const, provenance: PROVENANCE, reverts: undefined },
    };
    const actor = order.proposer;
    const first = { item: undefined, kind: "proposed", actor, from: undefined, to: "queued", details: "{}" };
    const planned = items.map((item) => ({ ...first, item: item.id, kind: "planned" }));
    await this.store.write((transaction) => this.orders.add(transaction, order, items, [first, ...planned]));
    return { id, tenant: this.tenant, items: items.map((item) => item.id) };
  }

  /** Asks for items. */
  async ask(
    holder: WorkActor,
    more: Partial<ClaimRequest> & {
      readonly count?: number;
      readonly duration?: number;
      readonly ceiling?: number;
    } = {},
  ): Promise<{ readonly claimed: Claimed; readonly grips: readonly Grip[] }> {
    const { count = 1, duration = LONG, ceiling = DAY, ...rest } = more;
    const tokenHashes = Array.from({ length: count }, () => new Uint8Array(systemRandom.bytes(32)));
    const request: ClaimRequest = {
      ...{ tenants: [this.tenant], types: [this.kind(this.type, { duration, ceiling })], holder, tokenHashes },
      caps: { agent: 1000, tenant: Number.POSITIVE_INFINITY },
      ...rest,
    };
    const claimed = await this.store.write((transaction) => this.leases.claim(transaction, request), LOCKING);
    if (claimed.kind !== "claimed") return { claimed, grips: [] };
    const grips = claimed.items.map(({ item, lease }, index) => {
      const tokenHash = tokenHashes[index] ?? assert.fail();
      return { item, lease, proof: { tenant: item.tenant, item: item.id, epoch: lease.epoch, tokenHash, holder } };
    });
    return { claimed, grips };
  }

  /** A type as claims name it. */
  kind(type: string, more: { readonly duration?: number; readonly ceiling?: number; readonly cap?: number } = {}) {
    return { type, duration: LONG, ceiling: DAY, cap: Number.POSITIVE_INFINITY, ...more };
  }

  /** Claims one item, which has to be there. */
  async take(holder: WorkActor = agent("a"), more: Parameters<WorkKit["ask"]>[1] = {}): Promise<Grip> {
    const { claimed, grips } = await this.ask(holder, more);
    return grips[0] ?? assert.fail(`There was nothing to claim: ${claimed.kind}.`);
  }

  /** Holds an item and does something with it; why not, where it cannot be held. */
  holding<Result>(
    { proof }: Pick<Grip, "proof">,
    work: (held: HeldItem, transaction: Parameters<WorkLeases["submit"]>[0]) => Promise<Result>,
  ): Promise<Result | LeaseLoss> {
    return this.store.write(async (transaction) => {
      const held = await this.leases.hold(transaction, proof);
      return typeof held === "string" ? held : work(held, transaction);
    }, LOCKING);
  }

  submit(grip: Pick<Grip, "proof">, result: string = '{"text":"a boat"}') {
    const resultHash = hash("sha256", result, "base64url");
    const submission = { result, resultHash, evidence: undefined, notes: undefined, event: told("submitted") };
    return this.holding(grip, (held, transaction) => this.leases.submit(transaction, held, submission));
  }

  giveUp(grip: Pick<Grip, "proof">, more: Partial<Parameters<WorkLeases["giveUp"]>[2]> = {}) {
    const how = { runAt: 0, event: told("failed"), ...more };
    return this.holding(grip, (held, transaction) => this.leases.giveUp(transaction, held, how));
  }

  begin(grip: Pick<Grip, "proof">) {
    return this.holding(grip, async (held, transaction) => {
      await this.leases.begin(transaction, held, told("begun"));
      return "begun" as const;
    });
  }

  renew({ proof }: Pick<Grip, "proof">, duration: number = LONG, progress?: string) {
    const how = { durations: { [this.type]: duration }, ...(progress === undefined ? {} : { progress }) };
    return this.store.write((transaction) => this.leases.renew(transaction, proof, how), LOCKING);
  }

  reclaim(limit = 1000) {
    return this.store.write((transaction) => this.leases.reclaim(transaction, limit), LOCKING);
  }

  async order({ id }: Pick<WorkOrder, "id">): Promise<WorkOrder> {
    const key = { id, tenant: this.tenant };
    return (await this.store.read((transaction) => this.orders.find(transaction, key))) ?? assert.fail();
  }

  async item(id: string): Promise<WorkItem> {
    const key = { id, tenant: this.tenant };
    return (await this.store.read((transaction) => this.orders.item(transaction, key))) ?? assert.fail();
  }

  /** Changes an order as whoever has it locked does. */
  change(
    key: WorkOrderKey,
    change: Parameters<WorkOrders["change"]>[2],
    items?: Omit<Parameters<WorkOrders["changeItems"]>[2], "event">,
  ): Promise<void> {
    return this.store.write(async (transaction) => {
      const order = (await this.orders.lock(transaction, key)) ?? assert.fail();
      const event = { kind: "changed", actor: agent("operator"), details: "{}" };
      const told_ = { ...event, item: undefined, from: order.state, to: change.state ?? order.state };
      await this.orders.change(transaction, order, change, told_);
      if (items !== undefined) await this.orders.changeItems(transaction, key, { ...items, event });
    });
  }

  /** What is wrong with the events of an order. */
  verify(key: WorkOrderKey): Promise<string | undefined> {
    return this.store.read((transaction) => this.orders.verify(transaction, key));
  }

  now(): Promise<number> {
    return this.store.write((transaction) => transaction.now());
  }
}
