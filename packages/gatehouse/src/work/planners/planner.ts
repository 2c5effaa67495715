import { SINGLE_TENANT } from "../../kernel/attempt.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { AnyOrderType, InputOf } from "../order-type.ts";

/** Something that a planner has found to be done. */
export interface FoundWork<Input> {
  /**
   * What it is about, the same at every look; unique within the planner and the tenant, at most 200 characters. Of one key
   * there is one order at a time, and another one only for another input.
   */
  readonly key: string;
  /** Of the order that is proposed. */
  readonly input: Input;
  /** From -100 to 100. Default 0. */
  readonly priority?: number;
  readonly title?: string;
}

/** Where a planner looks. */
export interface PlannerContext {
  readonly transaction: ReadTransaction;
  readonly tenant: string;
}

/** What a look comes to: all of it at once, or one after the other for as long as somebody asks. */
export type Findings<Input> = Iterable<FoundWork<Input>> | AsyncIterable<FoundWork<Input>>;

/** How much a planner may propose, in each tenant. */
export interface PlannerCaps {
  /** Orders at one look. Default 20. */
  readonly run?: number;
  /** Its orders that have not ended: it proposes no more while there are so many. Default 100. */
  readonly open?: number;
}

/** What the author of a planner declares. */
export interface PlannerDefinition<Type extends AnyOrderType> {
  /** Unique within the application: small letters, digits, `-` and `.`. */
  readonly name: string;
  /** The type of the orders that it proposes. */
  readonly type: Type;
  /** Milliseconds between two looks, at least 1000. However many servers there are, one of them looks. */
  readonly every: number;
  /** Finds what is to be done; what comes first is proposed first. It changes nothing. */
  readonly find: (context: PlannerContext) => Findings<InputOf<Type>> | Promise<Findings<InputOf<Type>>>;
  /** Where it looks. Default: the one tenant of applications that know no others. */
  readonly tenants?: (transaction: ReadTransaction) => readonly string[] | Promise<readonly string[]>;
  readonly caps?: PlannerCaps;
}

/** A declared planner with its defaults filled in. */
export interface Planner {
  readonly name: string;
  readonly type: AnyOrderType;
  readonly every: number;
  readonly find: (context: PlannerContext) => Findings<unknown> | Promise<Findings<unknown>>;
  readonly tenants: (transaction: ReadTransaction) => readonly string[] | Promise<readonly string[]>;
  readonly caps: Required<PlannerCaps>;
}

const NAME = /^[a-z][a-z0-9.-]{0,79}$/;
const LEAST_PAUSE = 1000;
const CAPS = { run: 20, open: 100 } as const;

/**
 * Declares who finds work by looking for it, again and again. What is found is proposed, and reviewed as all orders are.
 * @throws {TypeError} where the declaration cannot be meant.
 */
export function definePlanner<Type extends AnyOrderType>(definition: PlannerDefinition<Type>): Planner {
  const { name, type, every, find, tenants = () => [SINGLE_TENANT] } = definition;
  const caps = { ...CAPS, ...definition.caps };
  if (!NAME.test(name)) throw new TypeError(`The name "${name}" of a planner is not of small letters, digits, - and .`);
  if (!(every >= LEAST_PAUSE)) throw new TypeError(`The planner ${name} looks more often than every second.`);
  for (const [cap, value] of Object.entries(caps))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TypeError(`The cap "${cap}" of ${name} is no whole number.`);
  return Object.freeze({ name, type, every, find, tenants, caps });
}
