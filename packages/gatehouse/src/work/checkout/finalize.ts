import { defineAction, StalePreparationError, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { WorkPart } from "../../kernel/ports/work-parts.ts";
import type { z } from "zod";
import type { AnyOrderType } from "../order-type.ts";
import { limitsOf, type CheckoutParts } from "./checkout-parts.ts";
import { checkoutEvents } from "./events.ts";
import { FinalizeInput } from "./inputs.ts";
import { checkValue, Deferred, findShown, refuse, type CheckedValue } from "./submission.ts";
import { openParts } from "./submit-part.ts";
import { handIn, type Submitted } from "./submit.ts";

interface Assembled extends CheckedValue {
  /** Which parts it was made of. */
  readonly of: string;
}

type Finalize = ActionContext<z.infer<typeof FinalizeInput>, "store", Assembled | Deferred>;

/** Makes the result of an item of its parts, and hands it in. */
export function finalizeAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.finalize", entrances, input: FinalizeInput, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.finalize"),
    isolation: "read committed",
    idempotency: { required: true },
    audit: {
      event: checkoutEvents.work_submitted,
      target: ({ item }) => item,
      context: ({ epoch, mode }, { order, order_state }: Submitted) => ({ epoch, mode, order, order_state }),
    },
    prepare: async (context): Promise<Assembled | Deferred | Denial> => {
      const shown = await findShown(parts, context);
      if (isDenial(shown)) return new Deferred(shown);
      const { item, payloads, type } = shown;
      const opened = await context.read((transaction) => openParts(parts, transaction, { item, payloads }));
      if (type.parts === undefined) {
        return refuse([{ code: "no_parts", message: "Results of this type are handed in whole." }]);
      }
      const missing = missingParts(type.parts, new Set(opened.map(({ part }) => part.name)), context.input.mode);
      if (missing.length > 0) {
        return refuse(missing.map((name) => ({ code: "part_missing", message: `The part ${name} is missing.` })));
      }
      const byName = Object.groupBy(opened, ({ part }) => part.name);
      const values = Object.entries(byName).map(
        ([name, those = []]) => [name, those.map(({ value }) => value)] as const,
      );
      const result: unknown = type.parts.assemble(Object.fromEntries(values));
      const checked = await checkValue(type.result, result, { bytes: limitsOf(parts, type).resultBytes });
      return isDenial(checked) ? checked : { ...checked, of: stateOf(opened.map(({ part }) => part)) };
    },
    run: async (context: Finalize) => {
      const { attempt, input, prepared, transaction } = context;
      if (prepared instanceof Deferred) return prepared.denial;
      const listed = await parts.parts.list(transaction, { tenant: attempt.tenant, id: input.item });
      if (stateOf(listed) !== prepared.of) throw new StalePreparationError();
      return handIn(parts, { ...context, prepared }, { kind: "finalized" });
    },
  });
}

function missingParts(
  { schemas, required }: NonNullable<AnyOrderType["parts"]>,
  there: ReadonlySet<string>,
  mode: "strict" | "best_effort",
): string[] {
  if (mode === "best_effort") return [];
  // Types hold schemas of any kind.
  const names: readonly string[] = required ?? Object.keys(schemas as object);
  return names.filter((name) => !there.has(name));
}

function stateOf(parts: readonly WorkPart[]): string {
  return JSON.stringify(parts.map(({ name, number, revision, checksum }) => [name, number, revision, checksum]));
}
