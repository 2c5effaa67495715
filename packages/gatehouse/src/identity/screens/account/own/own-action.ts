import { z } from "zod";
import { defineAction, type AnyAction, type LimitPolicy, type PrepareContext } from "../../../../kernel/action.ts";
import type { Attempt } from "../../../../kernel/attempt.ts";
import type { EventContext, EventDefinition } from "../../../../kernel/event.ts";
import { isDenial, type Denial } from "../../../../kernel/outcome.ts";
import type { Store, WriteTransaction } from "../../../../kernel/ports/store.ts";
import { findOwner, type Owner, type OwnerParts } from "./owner.ts";

/** What every form of these pages sends, and what is known of whoever sends it. */
export const OwnInput = z.object({
  /** What the store knows the browser's visit by: from its cookie, never from the form. */
  session: z.string().max(100),
  /** Ties the form to the account as it was when the page was made. */
  mark: z.string().max(100),
});
/** What every form of these pages sends. */
export type OwnInput = z.infer<typeof OwnInput>;

/** What came of a change. */
export interface Changed {
  readonly account: string;
}

/** What a change has at hand before its transaction. */
export interface Preparing<Input> extends Pick<PrepareContext<Input>, "attempt" | "input" | "read"> {
  readonly owner: Owner;
}

/** What a change works with. */
export interface Changing<Input, Prepared> {
  readonly owner: Owner;
  readonly input: Input;
  readonly attempt: Attempt;
  readonly transaction: WriteTransaction;
  readonly prepared: Prepared;
}

/** Something owners do with their own account. */
export interface OwnChange<Input extends OwnInput, Output extends Changed, Prepared> {
  readonly name: string;
  readonly input: z.ZodType<Input>;
  /** In a quarter of an hour. */
  readonly limit: number;
  /** Whether it needs a proof within the last ten minutes, with two factors where the account has two. */
  readonly recent: boolean;
  readonly event: EventDefinition;
  readonly context?: (input: Input, output: Output) => EventContext;
  readonly prepare?: (preparing: Preparing<Input>) => Promise<Prepared | Denial>;
  readonly run: (changing: Changing<Input, Prepared>) => Promise<Output | Denial>;
}

/** What somebody may try in a quarter of an hour, by address and by session: neither alone is hard to come by anew. */
export function ownLimits(name: string, limit: number): readonly LimitPolicy[] {
  const rule = { kind: "window", limit, window: 15 * 60_000 } as const;
  return [
    { name, by: ["session"], rule },
    { name: `${name}.address`, by: ["ip"], rule: { ...rule, limit: 10 * limit } },
  ];
}

/**
 * A change of one's own account. Who it is, that the form is theirs, and that they have proven themselves just now is
 * asked where it is authorised, and once more in the transaction, in which nothing of it can change any more.
 */
export function createOwnChange<Input extends OwnInput, Output extends Changed, Prepared = undefined>(
  parts: OwnerParts,
  { name, input, limit, recent, event, context, prepare, run }: OwnChange<Input, Output, Prepared>,
): AnyAction {
  const ask = ({ tenant }: Attempt, { session, mark }: OwnInput) => ({ tenant, session, mark, recent });
  const find = (read: Store["read"], attempt: Attempt, given: OwnInput) =>
    read((reading) => findOwner(parts, reading, ask(attempt, given)));
  return defineAction({
    ...{ name, entrances: ["http"], input, effects: "store", anonymous: true, idempotency: false },
    limits: ownLimits(name, limit),
    authorise: async ({ input: given, attempt, read }) => {
      const owner = await find(read, attempt, given);
      return isDenial(owner) ? owner : true;
    },
    audit: {
      event,
      target: (_input, { account }) => account,
      ...(context === undefined ? {} : { context }),
    },
    prepare: async ({ attempt, input: given, read }) => {
      if (prepare === undefined) return {};
      const owner = await find(read, attempt, given);
      if (isDenial(owner)) return owner;
      const value = await prepare({ owner, attempt, input: given, read });
      return isDenial(value) ? value : { value };
    },
    run: async ({ attempt, input: given, transaction, prepared }) => {
      const owner = await findOwner(parts, transaction, ask(attempt, given));
      if (isDenial(owner)) return owner;
      // Absent where there is nothing to prepare, and then of no type.
      const value = prepared.value as Prepared;
      return run({ owner, input: given, attempt, transaction, prepared: value });
    },
  });
}
