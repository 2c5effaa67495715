import type { StandardSchemaV1 } from "@standard-schema/spec";
import { defineAction, type ActionContext, type AnyAction } from "../../kernel/action.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { WorkItem } from "../../kernel/ports/work-orders.ts";
import type { WorkPart } from "../../kernel/ports/work-parts.ts";
import type { z } from "zod";
import type { OrderPayloads, PayloadPlace } from "../subject/payloads.ts";
import { limitsOf, type CheckoutParts } from "./checkout-parts.ts";
import { checkoutEvents } from "./events.ts";
import { begin, holderEvent, openHeld } from "./holding.ts";
import { ListPartsInput, SubmitPartInput } from "./inputs.ts";
import { checkValue, Deferred, findShown, refuse, type CheckedValue } from "./submission.ts";

type SubmitPart = ActionContext<z.infer<typeof SubmitPartInput>, "store", CheckedValue | Deferred>;

/** Hands in a part of a result; once more under the same name and number takes the place of the former. */
export function submitPartAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.submit-part", entrances, input: SubmitPartInput, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.submit-part"),
    isolation: "read committed",
    idempotency: { required: true },
    audit: {
      event: checkoutEvents.work_part_submitted,
      target: ({ item }) => item,
      context: ({ epoch, part, seq }) => ({ epoch, part, seq }),
    },
    prepare: async (context): Promise<CheckedValue | Deferred | Denial> => {
      const shown = await findShown(parts, context);
      if (isDenial(shown)) return new Deferred(shown);
      const { type } = shown;
      const { part, payload } = context.input;
      // Types hold schemas of any kind.
      const schemas = type.parts?.schemas as Readonly<Record<string, StandardSchemaV1>> | undefined;
      const schema = schemas !== undefined && Object.hasOwn(schemas, part) ? schemas[part] : undefined;
      if (schema === undefined) {
        return refuse([{ code: "part_unknown", message: "Results of this type have no such part.", field: "/part" }]);
      }
      return checkValue(schema, payload, { bytes: limitsOf(parts, type).partBytes });
    },
    run: async (context: SubmitPart) => {
      const { prepared } = context;
      return prepared instanceof Deferred ? prepared.denial : keepPart(parts, { ...context, prepared });
    },
  });
}

async function keepPart(parts: CheckoutParts, context: SubmitPart & { readonly prepared: CheckedValue }) {
  const { input, prepared, transaction } = context;
  const { part: name, seq: number } = input;
  const opened = await openHeld(parts, context);
  if (isDenial(opened)) return opened;
  const { held, payloads, type } = opened;
  await begin(parts, context, opened);
  const most = limitsOf(parts, type).parts;
  const [bytes, checksum] = [Buffer.byteLength(prepared.json), payloads.digest(prepared.json)];
  const payload = payloads.seal(partPlace(held.item, { name, number }), prepared.json);
  const revision = await parts.parts.put(transaction, held.lease, { name, number, payload, bytes, checksum, most });
  if (revision === undefined) {
    return refuse([{ code: "too_many_parts", message: `An item of this type has at most ${most} parts.` }]);
  }
  const plain = { part: name, seq: number, revision, bytes, checksum, epoch: held.lease.epoch };
  const event = holderEvent(context, opened, { kind: "part_submitted", plain });
  const { id: item } = held.item;
  await parts.orders.note(transaction, held.order, { ...event, item, from: undefined, to: undefined });
  return { item, part: name, seq: number, revision, checksum };
}

/** What has been handed in so far, for whoever has the item now: it can go on from there. */
export function listPartsAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances } = parts;
  return defineAction({
    ...{ name: "work.list-parts", entrances, input: ListPartsInput, effects: "none", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.list-parts"),
    run: async (context) => {
      const { transaction } = context;
      const shown = await findShown(parts, { ...context, read: (work) => work(transaction) });
      if (isDenial(shown)) return shown;
      const { item, payloads } = shown;
      const listed = await openParts(parts, transaction, { item, payloads });
      return {
        item: item.id,
        parts: listed.map(({ part, value }) => ({
          ...{ part: part.name, seq: part.number, revision: part.revision, bytes: part.bytes },
          ...{ checksum: part.checksum, payload: value },
        })),
      };
    },
  });
}

/** The parts of an item, opened. */
export async function openParts(
  { parts }: Pick<CheckoutParts, "parts">,
  transaction: ReadTransaction,
  { item, payloads }: { readonly item: WorkItem; readonly payloads: OrderPayloads },
): Promise<readonly { readonly part: WorkPart; readonly value: unknown }[]> {
  const listed = await parts.list(transaction, item);
  return listed.map((part) => {
    const value: unknown = JSON.parse(payloads.open(partPlace(item, part), part.payload));
    return { part, value };
  });
}

/** Where a part is sealed. */
export function partPlace(
  { key }: Pick<WorkItem, "key">,
  { name, number }: Pick<WorkPart, "name" | "number">,
): PayloadPlace {
  return ["item", key, "part", name, String(number)];
}
