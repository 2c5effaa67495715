import { defineApplication, defineConfig } from "gatehouse";
import { defineOrderType, definePlanner, defineResource } from "gatehouse/work";
import { z } from "zod";

const Note = z.object({ text: z.string(), author: z.string() });

/** An application with notes, which orders without items change. */
export const application = defineApplication({
  open: ({ documents, gate, ids, clock }) => {
    const note = defineResource<z.infer<typeof Note>>({
      type: "note",
      label: (id) => `the note ${id}`,
      sensitive: ["author"],
      read: async (transaction, { tenant, id }) => {
        const found = await documents.get(transaction, { kind: "note", tenant, id });
        return found && Note.parse(JSON.parse(found.body));
      },
      write: async (transaction, { tenant, id }, snapshot) => {
        const key = { kind: "note", tenant, id };
        if (snapshot === undefined) return documents.delete(transaction, key);
        const expected = (await documents.get(transaction, key))?.version ?? 0;
        await documents.put(transaction, key, { expected, body: JSON.stringify(snapshot) });
      },
    });
    const write = defineOrderType({
      ...{ type: "notes.write", version: 1, title: "Write a note", description: "Writes a note." },
      input: z.strictObject({ id: z.string().max(20), text: z.string().max(200) }),
      ...{ item: z.strictObject({}), result: z.strictObject({}), resources: [note], items: () => [] },
      async preview(space, { input: { id, text } }) {
        if ((await space.read(note, id)) === undefined) await space.create(note, id, { text, author: "somebody" });
        else await space.update(note, id, { text });
      },
    });
    /** Orders of an agent, for people to review. */
    async function seed(): Promise<void> {
      const principal = { type: "agent", id: "scribe", tenant: "default", grants: new Set(["work:propose"]) } as const;
      for (const id of ["one", "two", "three"]) {
        const input = { id, text: "Remember \u202Ethe milk\u001B[2J" };
        const outcome = await gate().attempt({
          ...{ id: ids.next(), entrance: "job", action: "work.propose", tenant: "default", receivedAt: clock.now() },
          ...{ peer: { ip: "127.0.0.1", tls: false }, provenance: { kind: "internal" }, idempotencyKey: id },
          ...{ credentials: [{ kind: "internal", principal }], input: { type: "notes.write", input } },
        });
        if (!outcome.ok) throw new Error(outcome.problem.message);
      }
    }
    let looks = 0;
    /** Finds another note to be written at each look, less urgent than all others. */
    const more = definePlanner({
      ...{ name: "more-notes", type: write, every: 86_400_000 },
      find: () => {
        looks += 1;
        return [
          {
            key: `note-${looks}`,
            input: { id: `found-${looks}`, text: "Found" },
            priority: -1,
            title: "Found\u001B[2J",
          },
        ];
      },
    });
    return { work: { types: [write], planners: [more] }, seed };
  },
});

export default defineConfig({ profile: "development", identity: { enabled: false } });
