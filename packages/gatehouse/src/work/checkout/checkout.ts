import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { base64url } from "../../kernel/codec.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { Claimed, ClaimedItem } from "../../kernel/ports/work-leases.ts";
import type { WorkItem } from "../../kernel/ports/work-orders.ts";
import type { z } from "zod";
import type { AnyOrderType } from "../order-type.ts";
import { workProblems } from "../problems.ts";
import { actorOf, provenanceOf } from "../provenance.ts";
import type { OrderPayloads } from "../subject/payloads.ts";
import { Availability } from "./availability.ts";
import { limitsOf, type CheckoutParts } from "./checkout-parts.ts";
import { checkoutEvents } from "./events.ts";
import { openErrors, pausedBy, tokenHash } from "./holding.ts";
import { CheckoutInput } from "./inputs.ts";

type Input = z.infer<typeof CheckoutInput>;
type Checkout = ActionContext<Input, "store", readonly AnyOrderType[]>;

/** An item, as whoever has checked it out gets it. */
export interface CheckedOutItem {
  readonly item: string;
  readonly order: string;
  readonly type: string;
  readonly key: string;
  readonly priority: number;
  readonly input: unknown;
  /** By key: the results of the items it depends on. */
  readonly needs?: Readonly<Record<string, unknown>>;
  readonly attempt: number;
  readonly attempts: number;
  /** What was wrong with it the last time. */
  readonly errors?: unknown;
  /** To be shown with every write. */
  readonly lease: string;
  readonly epoch: number;
  readonly lease_expires_at: number;
  readonly heartbeat_every_seconds: number;
}

const TOKEN_BYTES = 32;
const SECOND = 1000;

/** Takes items to work on. */
export function checkoutAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances } = parts;
  const availability = new Availability(parts);
  return defineAction({
    ...{ name: "work.checkout", entrances, input: CheckoutInput, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.checkout"),
    isolation: "read committed",
    audit: {
      event: checkoutEvents.work_checked_out,
      target: (_input, { items }: { readonly items: readonly CheckedOutItem[] }) => items[0]?.item ?? "",
      context: (_input, { items }) => ({ items: items.map(({ item, epoch }) => `${item}:${epoch}`).join(" ") }),
    },
    prepare: async ({ attempt, principal, input, read }): Promise<readonly AnyOrderType[] | Denial> => {
      const types = wantedTypes(parts, input);
      if (isDenial(types)) return types;
      if (input.wait_ms === 0) return types;
      const wish = {
        tenant: attempt.tenant,
        types: types.map(({ type }) => type),
        holder: principal,
        ...narrowed(input),
      };
      await availability.wait(read, wish, { milliseconds: input.wait_ms, signal: attempt.signal });
      return types;
    },
    run: (context) => checkOut(parts, context),
  });
}

function wantedTypes({ types }: CheckoutParts, input: Input): readonly AnyOrderType[] | Denial {
  if (input.types === undefined) return types.all();
  const wanted: AnyOrderType[] = [];
  for (const name of new Set(input.types)) {
    const type = types.find(name);
    if (type === undefined) return deny(workProblems.WORK_TYPE_UNKNOWN);
    wanted.push(type);
  }
  return wanted;
}

function narrowed({ order, min_priority: leastPriority }: Input) {
  return {
    ...(order === undefined ? {} : { order }),
    ...(leastPriority === undefined ? {} : { leastPriority }),
  };
}

/** Items that nobody can work on any more are ended on the way: they would be the first again the next time. */
async function checkOut(parts: CheckoutParts, context: Checkout) {
  let ended = false;
  for (;;) {
    const tokens = Array.from({ length: context.input.count }, () => base64url(parts.random.bytes(TOKEN_BYTES)));
    const claimed = await claim(parts, context, tokens);
    const server_time = await context.transaction.now();
    if (claimed.kind !== "claimed") return ended ? { items: [], server_time } : refusal(claimed);
    measureFirst(parts, context, claimed.items);
    const items: CheckedOutItem[] = [];
    for (const [index, one] of claimed.items.entries()) {
      const handed = await hand(parts, context, { ...one, token: tokens[index] ?? "" });
      if (handed === undefined) ended = true;
      else items.push(handed);
    }
    if (items.length > 0) return { items, server_time };
  }
}

function claim(
  { leases, limits }: CheckoutParts,
  { attempt, principal, input, prepared, transaction }: Checkout,
  tokens: readonly string[],
): Promise<Claimed> {
  return leases.claim(transaction, {
    ...{ tenants: [attempt.tenant], ...narrowed(input), holder: actorOf(principal), provenance: provenanceOf(attempt) },
    types: prepared.map((type) => {
      const { lease, hold, leases: cap } = limitsOf({ limits }, type);
      return { type: type.type, duration: lease, ceiling: hold, cap };
    }),
    tokenHashes: tokens.map(tokenHash),
    caps: { agent: limits.leasesPerAgent, tenant: limits.leasesPerTenant },
  });
}

/** The first lease of an item ends its wait since the proposal. */
function measureFirst(
  { measures }: CheckoutParts,
  { transaction }: Checkout,
  claimed: readonly Pick<ClaimedItem, "item" | "lease">[],
): void {
  for (const { item, lease } of claimed) {
    if (lease.epoch === 1)
      transaction.afterCommit(() => measures?.waited("first_claim", lease.beatAt - item.createdAt));
  }
}

function refusal(claimed: Exclude<Claimed, { readonly kind: "claimed" }>): Denial {
  if (claimed.kind === "none") return deny(workProblems.NO_ITEMS_AVAILABLE, { retryAfter: 1 });
  if (claimed.kind === "paused") return pausedBy(claimed.by, claimed.reason);
  return deny(workProblems.WORK_CAPPED, { extensions: { capped: claimed.by } });
}

/** What the holder gets; `undefined` where it cannot be worked on any more, and was ended. */
async function hand(
  parts: CheckoutParts,
  { transaction }: Checkout,
  { item, lease, token }: ClaimedItem & { readonly token: string },
): Promise<CheckedOutItem | undefined> {
  const order = await parts.orders.find(transaction, { tenant: item.tenant, id: item.order });
  const type = parts.types.find(item.type);
  if (order === undefined || type === undefined) throw new Error("An item was claimed that belongs to nothing.");
  const payloads = await parts.payloads.of(transaction, order);
  const fault =
    payloads === undefined ? "subject_erased" : type.version === order.typeVersion ? undefined : "type_changed";
  if (payloads === undefined || fault !== undefined) {
    const proof = { tenant: item.tenant, item: item.id, epoch: lease.epoch, tokenHash: tokenHash(token) };
    const held = await parts.leases.hold(transaction, { ...proof, holder: lease.holder });
    if (typeof held === "string") throw new Error("An item was lost in the transaction that has claimed it.");
    const errors = JSON.stringify([{ code: fault, message: "Nobody can work on it any more." }]);
    const event = { kind: "failed", actor: { type: "system", id: "work" }, details: errors } as const;
    await parts.leases.giveUp(transaction, held, { runAt: 0, final: true, errors, event: { ...event, details: "{}" } });
    return undefined;
  }
  const errors = openErrors(payloads, item);
  return {
    ...{ item: item.id, order: item.order, type: item.type, key: item.key, priority: item.priority },
    input: JSON.parse(payloads.open(["item", item.key, "input"], item.input)),
    ...(item.dependsOn.length === 0 ? {} : { needs: await needsOf(parts, transaction, { item, payloads }) }),
    ...{ attempt: item.attempt, attempts: item.attempts, ...(errors === undefined ? {} : { errors }) },
    ...{ lease: token, epoch: lease.epoch, lease_expires_at: lease.until },
    heartbeat_every_seconds: Math.ceil(limitsOf(parts, type).beat / SECOND),
  };
}

async function needsOf(
  { orders }: CheckoutParts,
  transaction: ReadTransaction,
  { item, payloads }: { readonly item: WorkItem; readonly payloads: OrderPayloads },
): Promise<Readonly<Record<string, unknown>>> {
  const needed = new Set(item.dependsOn);
  const items = await orders.items(transaction, { tenant: item.tenant, id: item.order });
  const results = items.flatMap(({ key, result }): [string, unknown][] =>
    needed.has(key) && result !== undefined ? [[key, JSON.parse(payloads.open(["item", key, "result"], result))]] : [],
  );
  return Object.fromEntries(results);
}
