import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { z } from "zod";
import type { AnyOrderType, InputOf, OrderType } from "../order-type.ts";
import { ANSWERS } from "../rest/shapes.ts";
import { WorkConnection, type WorkClientOptions } from "./connection.ts";
import { HeldItem } from "./held-item.ts";
import { WorkError } from "./work-error.ts";

type ItemOf<Type> = Type extends OrderType<infer _Input, infer Item, infer _Result, infer _Parts> ? Item : never;
type ResultOf<Type> = Type extends OrderType<infer _Input, infer _Item, infer Result, infer _Parts> ? Result : never;
type PartsOf<Type> =
  Type extends OrderType<infer _Input, infer _Item, infer _Result, infer Parts>
    ? { readonly [Name in keyof Parts & string]: StandardSchemaV1.InferOutput<Parts[Name]> }
    : never;

/** A changed order, as the server tells of it. */
export type ChangedOrder = z.output<typeof ANSWERS.changed>;
/** An order with all that is shown of it. */
export type ShownOrder = z.output<typeof ANSWERS.order>;
/** What an order would change. */
export type ShownPlan = z.output<typeof ANSWERS.plan>;

/** Which items are wanted. */
export interface CheckoutWish {
  readonly count?: number;
  readonly order?: string;
  readonly minPriority?: number;
  /** Milliseconds to wait where there is nothing, up to 25 000. */
  readonly wait?: number;
  readonly signal?: AbortSignal;
}

/** Which plan was looked at, and what is thought of it. */
export interface SeenPlan {
  readonly order: string;
  readonly revision: number;
  readonly digest: string;
}

/** A client of the REST interface, for agents and for programs of reviewers. */
export class WorkClient {
  readonly #connection: WorkConnection;
  readonly #options: WorkClientOptions;

  constructor(options: WorkClientOptions) {
    this.#options = options;
    this.#connection = new WorkConnection(options);
  }

  /** Orders of one type, typed as it is: `client.of<typeof renaming>("things.rename")`, or by the type itself. */
  of<Type extends AnyOrderType>(type: string | Pick<Type, "type">): TypedOrders<Type> {
    return new TypedOrders(this.#connection, {
      type: typeof type === "string" ? type : type.type,
      options: this.#options,
    });
  }

  /** The types there are. */
  async types(): Promise<z.output<typeof ANSWERS.types>["types"]> {
    return ANSWERS.types.parse(await this.#connection.call("/types")).types;
  }

  async list(filter: Readonly<Record<string, unknown>> = {}): Promise<z.output<typeof ANSWERS.orders>> {
    return ANSWERS.orders.parse(await this.#connection.call("/orders", { query: filter }));
  }

  async get(order: string): Promise<ShownOrder> {
    return ANSWERS.order.parse(await this.#connection.call(`/orders/${order}`));
  }

  async logs(order: string): Promise<z.output<typeof ANSWERS.events>> {
    return ANSWERS.events.parse(await this.#connection.call(`/orders/${order}/logs`));
  }

  async plan(order: string): Promise<ShownPlan> {
    return ANSWERS.plan.parse(await this.#connection.call(`/orders/${order}/plan`));
  }

  approve({ order, ...seen }: SeenPlan, notes = ""): Promise<ChangedOrder> {
    return this.#change(`/orders/${order}/approve`, { ...seen, notes });
  }

  reject(
    { order, ...seen }: SeenPlan,
    verdict: { readonly errors: readonly object[]; readonly allowRework?: boolean; readonly items?: readonly string[] },
  ): Promise<ChangedOrder> {
    const { errors, allowRework: allow_rework = false, items } = verdict;
    return this.#change(`/orders/${order}/reject`, { ...seen, errors, allow_rework, ...(items ? { items } : {}) });
  }

  cancel(order: string, reason?: string): Promise<ChangedOrder> {
    return this.#change(`/orders/${order}/cancel`, reason === undefined ? {} : { reason });
  }

  revert(order: string, reason?: string): Promise<ChangedOrder> {
    return this.#change(`/orders/${order}/revert`, reason === undefined ? {} : { reason });
  }

  async comment(order: string, text: string): Promise<void> {
    await this.#connection.call(`/orders/${order}/comments`, { body: { text }, once: true });
  }

  async #change(path: string, body: object): Promise<ChangedOrder> {
    return ANSWERS.changed.parse(await this.#connection.call(path, { body, once: true }));
  }
}

/** Orders of one type. */
export class TypedOrders<Type extends AnyOrderType> {
  readonly #connection: WorkConnection;
  readonly #given: { readonly type: string; readonly options: WorkClientOptions };

  constructor(connection: WorkConnection, given: { readonly type: string; readonly options: WorkClientOptions }) {
    this.#connection = connection;
    this.#given = given;
  }

  /** Proposes one. */
  async propose(
    input: InputOf<Type>,
    { title, priority }: { readonly title?: string; readonly priority?: number } = {},
  ): Promise<ChangedOrder> {
    const said = { ...(title === undefined ? {} : { title }), ...(priority === undefined ? {} : { priority }) };
    const body = { type: this.#given.type, input, ...said };
    return ANSWERS.changed.parse(await this.#connection.call("/propose", { body, once: true }));
  }

  /** Takes items to work on; none where there is nothing to do. */
  async checkout(wish: CheckoutWish = {}): Promise<readonly HeldItem<ItemOf<Type>, ResultOf<Type>, PartsOf<Type>>[]> {
    const { count = 1, order, minPriority, wait = 0, signal } = wish;
    const { type, options } = this.#given;
    const body = {
      ...{ types: [type], count, wait_ms: wait },
      ...(order === undefined ? {} : { order }),
      ...(minPriority === undefined ? {} : { min_priority: minPriority }),
    };
    try {
      const answer = await this.#connection.call("/checkout", { body, once: true, signal });
      return ANSWERS.checkedOut.parse(answer).items.map((item) => new HeldItem(this.#connection, item, options.timers));
    } catch (error) {
      if (error instanceof WorkError && error.code === "NO_ITEMS_AVAILABLE") return [];
      throw error;
    }
  }
}

/** A client of the REST interface of work orders. */
export function createWorkClient(options: WorkClientOptions): WorkClient {
  return new WorkClient(options);
}
