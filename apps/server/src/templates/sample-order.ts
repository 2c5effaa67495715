import type { Documents } from "gatehouse/kernel";
import { defineOrderType, defineResource, type OrderType, type WorkResource } from "gatehouse/work";
import { z } from "zod";

const Snapshot = z.strictObject({ text: z.string() });
/** What is changed, as reviewers see it before and after. */
export type SampleSnapshot = z.infer<typeof Snapshot>;

/** What orders change: here documents of the kind `sample`. Read and write tables of your own in their place. */
export function sampleResource(documents: Documents): WorkResource<SampleSnapshot> {
  return defineResource<SampleSnapshot>({
    type: "sample",
    label: (id) => `sample ${id}`,
    async read(transaction, { tenant, id }) {
      const found = await documents.get(transaction, { kind: "sample", tenant, id });
      return found && Snapshot.parse(JSON.parse(found.body));
    },
    async write(transaction, { tenant, id }, snapshot) {
      const key = { kind: "sample", tenant, id };
      if (snapshot === undefined) return documents.delete(transaction, key);
      const expected = (await documents.get(transaction, key))?.version ?? 0;
      await documents.put(transaction, key, { expected, body: JSON.stringify(snapshot) });
    },
  });
}

const Input = z.strictObject({ ids: z.array(z.string().min(1).max(100)).min(1).max(50) });
const Item = z.strictObject({ text: z.string() });
const Result = z.strictObject({ text: z.string().min(1).max(500) });
/** What is proposed, handed to agents, and handed in by them. */
export type SampleOrder = OrderType<z.infer<typeof Input>, z.infer<typeof Item>, z.infer<typeof Result>>;

/** One item for each thing that is named; the plan writes what agents hand in. */
export function sampleOrder(resource: WorkResource<SampleSnapshot>): SampleOrder {
  return defineOrderType({
    ...{ type: "sample.change", version: 1, title: "Change sample", risk: "medium" },
    description: "Write a better text for each of them.",
    ...{ input: Input, item: Item, result: Result, resources: [resource] },
    async items({ input, tenant, transaction }) {
      const items: { readonly key: string; readonly input: SampleSnapshot }[] = [];
      for (const id of new Set(input.ids)) {
        const found = await resource.read(transaction, { tenant, id });
        if (found !== undefined) items.push({ key: id, input: found });
      }
      return items;
    },
    validate: ({ item, result }) =>
      result.text === item.input.text ? [{ code: "unchanged", message: "It is the same text.", field: "/text" }] : [],
    async preview(space, { items }) {
      for (const { key, result } of items) {
        if ((await space.read(resource, key)) === undefined) continue;
        await space.update(resource, key, { text: result.text }, { sources: [key] });
      }
    },
  });
}
