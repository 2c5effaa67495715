import { z } from "zod";
import { canonicalJson } from "../kernel/codec.ts";
import type { Migration } from "../kernel/ports/store.ts";
import type { WorkItem } from "../kernel/ports/work-orders.ts";
import { portableMigration } from "../store/migrations/portable-migration.ts";
import { portableStatement } from "../store/sql/statement.ts";
import { defineOrderType, type AnyOrderType, type OrderTypeDefinition } from "../work/order-type.ts";
import { defineEffect, defineResource } from "../work/resource.ts";
import type { OrderPayloads } from "../work/subject/payloads.ts";

/** A thing that orders of the kit change. */
export interface Thing {
  readonly name: string;
  readonly secret: string;
}

/** The table of things. */
export const reviewKitMigrations: readonly Migration[] = [
  portableMigration(
    "9003_things",
    `CREATE TABLE things (
      tenant {id} NOT NULL, id {id} NOT NULL, name TEXT NOT NULL, secret TEXT NOT NULL, PRIMARY KEY (tenant, id)
    ) {strict}`,
  ),
];
const READ = portableStatement("SELECT name, secret FROM things WHERE tenant = $1 AND id = $2");
const WRITE = portableStatement(
  `INSERT INTO things (tenant, id, name, secret) VALUES ($1, $2, $3, $4)
   ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name, secret = excluded.secret`,
);
const DELETE = portableStatement("DELETE FROM things WHERE tenant = $1 AND id = $2");

/** The resource of things. */
export const thingResource = defineResource<Thing>({
  type: "thing",
  label: (id) => `thing ${id}`,
  sensitive: ["secret"],
  read: async (transaction, { tenant, id }) => {
    const [row] = await transaction.execute<Thing>(READ, [tenant, id]);
    return row === undefined ? undefined : { name: row.name, secret: row.secret };
  },
  write: async (transaction, { tenant, id }, thing) => {
    if (thing === undefined) await transaction.execute(DELETE, [tenant, id]);
    else await transaction.execute(WRITE, [tenant, id, thing.name, thing.secret]);
  },
});

/** A letter that was sent. */
export interface SentLetter {
  readonly key: string;
  readonly text: string;
}

/** Where letters go; resolves once they are there. */
export interface LetterBox {
  push(letter: SentLetter): unknown;
}

const Input = z.strictObject({
  things: z.array(z.string().min(1)).max(100),
  letter: z.string().optional(),
  subject: z.string().optional(),
  risk: z.enum(["low", "medium", "high"]).optional(),
});
/** What is proposed to rename things. */
export type Renaming = z.infer<typeof Input>;
const Item = z.strictObject({ thing: z.string() });
const Result = z.strictObject({ name: z.string(), secret: z.string().optional() });
/** What an agent hands in of one thing. */
export type NewName = z.infer<typeof Result>;
type Definition = OrderTypeDefinition<Renaming, z.infer<typeof Item>, NewName>;

/** Renames things, one item each: an order type of everything that plans can be made of. */
export function renamingType(letters: LetterBox = [], more: Partial<Definition> = {}): AnyOrderType {
  const letter = defineEffect<string>({
    type: "letter",
    label: () => "a letter",
    run: async (text, { key }) => void (await letters.push({ key, text })),
  });
  return defineOrderType({
    ...{ type: "things.rename", version: 1, title: "Rename things", description: "Gives things other names." },
    ...{ input: Input, item: Item, result: Result, resources: [thingResource], effects: [letter] },
    items: ({ input }) => input.things.map((thing) => ({ key: thing, input: { thing } })),
    risk: ({ risk = "medium" }) => risk,
    subject: ({ subject }) => subject,
    async preview(space, { input, items }) {
      for (const { key, result } of items) {
        const options = { sources: [key] };
        const { name, secret = "" } = result;
        if ((await space.read(thingResource, key)) === undefined)
          await space.create(thingResource, key, { name, secret }, options);
        else
          await space.update(thingResource, key, { name, ...(result.secret === undefined ? {} : { secret }) }, options);
      }
      if (input.letter !== undefined) space.invoke(letter, "letter", input.letter);
    },
    ...more,
  });
}

/** What an agent hands in, sealed as it is kept. */
export function submissionOf(payloads: OrderPayloads, { key }: WorkItem, result: NewName) {
  const text = canonicalJson(result);
  const sealed = payloads.seal(["item", key, "result"], text);
  return { result: sealed, resultHash: payloads.digest(text), evidence: undefined, notes: undefined };
}
