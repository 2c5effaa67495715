import { defineOrderType } from "gatehouse/work";
import { createWorkClient } from "gatehouse/work/client";
import { z } from "zod";

type Equals<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;
function expectTrue<Claim extends true>(): Claim | undefined {
  return undefined;
}

const captions = defineOrderType({
  ...{ type: "captions.write", version: 1, title: "Write captions", description: "Writes captions of photos." },
  input: z.strictObject({ event: z.string() }),
  item: z.strictObject({ photo: z.string() }),
  result: z.strictObject({ caption: z.string() }),
  parts: {
    schemas: { draft: z.strictObject({ words: z.array(z.string()) }) },
    assemble: ({ draft = [] }) => {
      expectTrue<Equals<(typeof draft)[number], { words: string[] }>>();
      return { caption: draft.flatMap(({ words }) => words).join(" ") };
    },
  },
  items: ({ input }) => {
    expectTrue<Equals<typeof input, { event: string }>>();
    return [{ key: "one", input: { photo: input.event } }];
  },
  preview: async (_space, { items }) => {
    for (const { input, result } of items) {
      expectTrue<Equals<typeof input, { photo: string }>>();
      expectTrue<Equals<typeof result, { caption: string }>>();
    }
  },
});

/** The client knows what a type of orders takes, hands out and wants back. */
export async function work(): Promise<void> {
  const orders = createWorkClient({ url: "https://work.example/api/work", token: "t" }).of<typeof captions>(captions);
  await orders.propose({ event: "summer" });
  // @ts-expect-error the input has no such member
  await orders.propose({ party: "summer" });
  for (const item of await orders.checkout({ count: 3 })) {
    expectTrue<Equals<typeof item.input, { photo: string }>>();
    await item.submitPart("draft", { words: [] });
    // @ts-expect-error there is no such part
    await item.submitPart("final", { words: [] });
    await item.submit({ caption: "A day" });
    // @ts-expect-error the result is something else
    await item.submit({ title: "A day" });
  }
}
