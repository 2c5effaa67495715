import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import type { Denial } from "../kernel/outcome.ts";
import type { ReadTransaction } from "../kernel/ports/store.ts";
import type { WorkRisk } from "../kernel/ports/work-orders.ts";
import type { WorkPlan, WorkChange } from "../kernel/ports/work-plans.ts";
import type { AnyWorkEffect, AnyWorkResource, WorkSpace } from "./resource.ts";

/** A schema that checks values and can tell agents what they look like (JSON Schema 2020-12): zod's are, among others. */
export type WorkSchema<Output = unknown> = StandardSchemaV1<unknown, Output> & StandardJSONSchemaV1<unknown, Output>;

/** One piece of work that an order is planned into. */
export interface PlannedItem<Item> {
  /** Unique within the order; at most 120 characters. */
  readonly key: string;
  readonly input: Item;
  /** Keys of items whose results have to be there before this one is handed out. */
  readonly dependsOn?: readonly string[];
}

/** Something that is wrong with a submission. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  /** JSON pointer into the result. */
  readonly field?: string;
}

/** An item with its accepted result, as plans are made of it. */
export interface DoneItem<Item, Result> {
  readonly key: string;
  readonly input: Item;
  readonly result: Result;
}

/** What agents may do with orders of a type, and how long they may take; what is left out is configured for all types. */
export interface WorkLimits {
  /** Items an order may be planned into. Default 1000. */
  readonly items?: number;
  /** Bytes of one result, as JSON. Default 1 MiB. */
  readonly resultBytes?: number;
  /** Parts of one item. Default 100. */
  readonly parts?: number;
  /** Bytes of one part, as JSON. Default 1 MiB. */
  readonly partBytes?: number;
  /** Milliseconds of a lease without a beat. Default 600 000. */
  readonly lease?: number;
  /** Milliseconds between beats, as agents are told. Default 120 000. */
  readonly beat?: number;
  /** Milliseconds an item may be held at all, however often it beats. Default 24 hours. */
  readonly hold?: number;
  /** Claims of an item before it fails. Default 3. */
  readonly attempts?: number;
  /** Leases of this type at once, over all agents of a tenant. Default: no bound of its own. */
  readonly leases?: number;
}

/** What has to be so before a plan may be applied. */
export interface ReviewRule {
  /** Different people who have to approve the same digest. */
  readonly approvals: number;
  /** Whether each of them has to have signed in anew with a second factor, within the last ten minutes. */
  readonly stepUp: boolean;
  /** Milliseconds for which an approval counts. */
  readonly expires: number;
}

/** Pieces that an agent may hand in one by one, where a result takes long to make. */
export interface WorkParts<Parts extends Readonly<Record<string, WorkSchema>>, Result> {
  readonly schemas: Parts;
  /** Names that have to be there before the item can be finalised. Default: all. */
  readonly required?: readonly (keyof Parts & string)[];
  /** Makes a result of the parts that are there, in the order of their numbers. */
  readonly assemble: (parts: {
    readonly [Name in keyof Parts]?: readonly StandardSchemaV1.InferOutput<Parts[Name]>[];
  }) => Result;
}

/** What the author of a type of orders declares. */
export interface OrderTypeDefinition<
  Input,
  Item,
  Result,
  Parts extends Readonly<Record<string, WorkSchema>> = Readonly<Record<string, WorkSchema>>,
> {
  /** `noun.verb`; unique within the application. */
  readonly type: string;
  /** Grows when orders that are under way would mean something else. */
  readonly version: number;
  /** What agents and reviewers are told it is for. */
  readonly title: string;
  readonly description: string;
  /** What is proposed. */
  readonly input: WorkSchema<Input>;
  /** What an agent is given to do; checked when an order is planned. */
  readonly item: WorkSchema<Item>;
  /** What an agent hands in of one item. */
  readonly result: WorkSchema<Result>;
  /** Divides an order into items, or refuses what was proposed: there is nothing such. Pure but for what it reads. */
  readonly items: (context: {
    readonly input: Input;
    readonly tenant: string;
    readonly transaction: ReadTransaction;
  }) => readonly PlannedItem<Item>[] | Denial | Promise<readonly PlannedItem<Item>[] | Denial>;
  readonly parts?: WorkParts<Parts, Result>;
  readonly limits?: WorkLimits;
  /** Default `medium`. */
  readonly risk?: WorkRisk | ((input: Input) => WorkRisk);
  /** Rules by risk, instead of the configured ones. */
  readonly review?: Partial<Readonly<Record<WorkRisk, ReviewRule>>>;
  /**
   * Applies orders without a reviewer: those that it says yes to, but for a sample that people see nevertheless (a share,
   * 0 to 1). Default: none.
   */
  readonly autoApprove?: {
    readonly when: (plan: { readonly input: Input; readonly changes: readonly WorkChange[] }) => boolean;
    readonly sample: number;
  };
  /** Whose data an order holds: its payloads are sealed under that subject's own key, and erased with it. Default: nobody's. */
  readonly subject?: (input: Input) => string | undefined;
  /** Whatever `preview` may touch. */
  readonly resources?: readonly AnyWorkResource[];
  readonly effects?: readonly AnyWorkEffect[];
  /** What the schema cannot say: asked at every submission. */
  readonly validate?: (context: {
    readonly input: Input;
    readonly item: PlannedItem<Item>;
    readonly result: Result;
    readonly tenant: string;
    readonly transaction: ReadTransaction;
  }) => readonly Finding[] | Promise<readonly Finding[]>;
  /** Makes the plan, by making the changes in a space that is rolled back. */
  readonly preview: (
    space: WorkSpace,
    context: { readonly input: Input; readonly items: readonly DoneItem<Item, Result>[]; readonly tenant: string },
  ) => Promise<void>;
  /** Carries out a plan, by the changes that it says; default: exactly these, one after the other. Others are refused and rolled back. */
  readonly apply?: (
    space: WorkSpace,
    context: { readonly input: Input; readonly changes: readonly WorkChange[]; readonly tenant: string },
  ) => Promise<void>;
  /** `false`: what was applied cannot be taken back. Default: an order that makes the inverse changes. */
  readonly revert?: false;
}

/** A declared type of orders. */
export interface OrderType<
  Input = unknown,
  Item = unknown,
  Result = unknown,
  Parts extends Readonly<Record<string, WorkSchema>> = Readonly<Record<string, WorkSchema>>,
> extends OrderTypeDefinition<Input, Item, Result, Parts> {
  readonly resources: readonly AnyWorkResource[];
  readonly effects: readonly AnyWorkEffect[];
}

/** A type of any orders, as registries hold them. */
// oxlint-disable-next-line typescript/no-explicit-any -- payloads are contravariant: no other type accepts every type of order
export type AnyOrderType = OrderType<any, any, any, any>;

/** What orders of a type are proposed with. */
export type InputOf<Type> =
  Type extends OrderType<infer Input, infer _Item, infer _Result, infer _Parts> ? Input : never;

/** A plan with its changes, opened. */
export interface OpenedPlan extends Omit<WorkPlan, "changes"> {
  readonly changes: readonly WorkChange[];
}

/** Declares what agents may propose, how it is done, and what it changes. */
export function defineOrderType<
  Input,
  Item,
  Result,
  Parts extends Readonly<Record<string, WorkSchema>> = Readonly<Record<string, never>>,
>(definition: OrderTypeDefinition<Input, Item, Result, Parts>): OrderType<Input, Item, Result, Parts> {
  return Object.freeze({ ...definition, resources: definition.resources ?? [], effects: definition.effects ?? [] });
}
