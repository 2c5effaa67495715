import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import type { Denial } from "../../kernel/outcome.ts";
import { isDenial } from "../../kernel/outcome.ts";
import type { z } from "zod";
import type { PayloadPlace } from "../subject/payloads.ts";
import { limitsOf, type CheckoutParts } from "./checkout-parts.ts";
import { checkoutEvents } from "./events.ts";
import { holderEvent, openHeld, type OpenedItem } from "./holding.ts";
import { SubmitInput, type Shown } from "./inputs.ts";
import { checkValue, Deferred, findShown, refuse, type CheckedValue } from "./submission.ts";

type Submit = ActionContext<z.infer<typeof SubmitInput>, "store", CheckedValue | Deferred>;

/** What is handed in, besides the result. */
export interface Accompanying {
  readonly kind: "submitted" | "finalized";
  readonly evidence?: unknown;
  readonly notes?: string | undefined;
}

/** Hands in the result of an item. */
export function submitAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.submit", entrances, input: SubmitInput, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.submit"),
    isolation: "read committed",
    idempotency: { required: true },
    audit: {
      event: checkoutEvents.work_submitted,
      target: ({ item }) => item,
      context: ({ epoch }, { order, order_state }: Submitted) => ({ epoch, order, order_state }),
    },
    prepare: async (context): Promise<CheckedValue | Deferred | Denial> => {
      const shown = await findShown(parts, context);
      if (isDenial(shown)) return new Deferred(shown);
      const { type } = shown;
      return checkValue(type.result, context.input.result, { bytes: limitsOf(parts, type).resultBytes });
    },
    run: async (context: Submit) => {
      const { input, prepared } = context;
      if (prepared instanceof Deferred) return prepared.denial;
      const { evidence, notes } = input;
      return handIn(parts, { ...context, prepared }, { kind: "submitted", evidence, notes });
    },
  });
}

/** What whoever has handed in a result is told. */
export interface Submitted {
  readonly item: string;
  readonly state: "submitted";
  readonly order: string;
  readonly order_state: string;
}

/** Takes a checked result under the lease that is shown. */
export async function handIn(
  parts: CheckoutParts,
  context: Pick<
    ActionContext<Shown, "store", CheckedValue>,
    "attempt" | "principal" | "input" | "transaction" | "prepared"
  >,
  { kind, evidence, notes }: Accompanying,
): Promise<Submitted | Denial> {
  const { transaction, prepared } = context;
  const opened = await openHeld(parts, context);
  if (isDenial(opened)) return opened;
  const findings = await findingsOf(opened, context);
  if (findings.length > 0) return refuse(findings);
  const { held, payloads } = opened;
  const { key } = held.item;
  const resultHash = payloads.digest(prepared.json);
  const bytes = Buffer.byteLength(prepared.json);
  const { last } = await parts.leases.submit(transaction, held, {
    ...{ result: payloads.seal(["item", key, "result"], prepared.json), resultHash },
    evidence: evidence === undefined ? undefined : payloads.seal(["item", key, "evidence"], JSON.stringify(evidence)),
    notes: notes === undefined ? undefined : payloads.seal(["item", key, "notes"], notes),
    event: holderEvent(context, opened, { kind, plain: { epoch: held.lease.epoch, result: resultHash, bytes } }),
  });
  const { id, tenant, state } = held.order;
  if (last) await parts.submitted(transaction, { id, tenant });
  return { item: held.item.id, state: "submitted", order: id, order_state: last ? "submitted" : state };
}

/** What the author of the type finds wrong that a schema cannot say. */
async function findingsOf(
  { held: { item, order }, type, payloads }: OpenedItem,
  { transaction, prepared }: Pick<ActionContext<Shown, "store", CheckedValue>, "transaction" | "prepared">,
) {
  if (type.validate === undefined) return [];
  const open = (place: PayloadPlace, text: string): unknown => JSON.parse(payloads.open(place, text));
  return type.validate({
    input: open(["input"], order.input),
    item: {
      ...{ key: item.key, dependsOn: item.dependsOn },
      input: open(["item", item.key, "input"], item.input),
    },
    ...{ result: prepared.value, tenant: item.tenant, transaction },
  });
}
