import { z } from "zod";
import { canonicalJson, fromBase64url, fromUtf8, base64url, utf8 } from "../../kernel/codec.ts";
import { ORDER_SORTS, type WorkOrder, type WorkOrderSort } from "../../kernel/ports/work-orders.ts";
import { OrderId, writtenText } from "../review/inputs.ts";

const SORTS = [...ORDER_SORTS, ...ORDER_SORTS.map((name) => `-${name}` as const)] as const;

/** How a list is sorted: `["-priority", "created_at"]`, the first counts most. */
export const Sorting = z
  .array(z.enum(SORTS))
  .min(1)
  .max(ORDER_SORTS.length)
  .refine((names) => new Set(names.map((name) => name.replace("-", ""))).size === names.length, {
    message: "A list is sorted by each member once.",
  });

/** Where a page begins: the last order of the page before, or what that page has named as `next`. */
export const PageStart = z.string().min(1).max(1000);

/** How a list is sorted, for the store. */
export function sortOf(names: z.output<typeof Sorting>): readonly WorkOrderSort[] {
  // What is left of a name without its sign is one of them.
  return names.map((name) => ({ by: name.replace("-", "") as WorkOrderSort["by"], descending: name.startsWith("-") }));
}

const MEMBERS: { readonly [Name in WorkOrderSort["by"]]: (order: WorkOrder) => string | number } = {
  priority: ({ priority }) => priority,
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt,
  type: ({ type }) => type,
  state: ({ state }) => state,
};

const Cursor = z.strictObject({ sort: Sorting, values: z.array(z.union([writtenText(100), z.int()])), id: OrderId });

/**
 * Names where the next page begins. Of a sorted list it holds the values that the last order had: orders that change
 * meanwhile move, and neither repeat nor hide others.
 */
export function nextPage(last: WorkOrder, sort: z.output<typeof Sorting> | undefined): string {
  if (sort === undefined) return last.id;
  const values = sortOf(sort).map(({ by }) => MEMBERS[by](last));
  return base64url(utf8(canonicalJson({ sort, values, id: last.id })));
}

/** Reads where a page begins; `undefined` where it is no such text, or of a list that was sorted in another way. */
export function readPageStart(
  text: string,
  sort: z.output<typeof Sorting> | undefined,
): string | readonly (string | number)[] | undefined {
  if (sort === undefined) return OrderId.safeParse(text).data;
  const cursor = Cursor.safeParse(parse(text)).data;
  if (cursor === undefined || cursor.sort.join() !== sort.join()) return undefined;
  const fits = sortOf(sort).every(({ by }, index) => typeof cursor.values[index] === KINDS[by]);
  return fits && cursor.values.length === sort.length ? [...cursor.values, cursor.id] : undefined;
}

const KINDS = { priority: "number", created_at: "number", updated_at: "number", type: "string", state: "string" };

function parse(text: string): unknown {
  try {
    return JSON.parse(fromUtf8(fromBase64url(text) ?? new Uint8Array(0)));
  } catch {
    return undefined;
  }
}
