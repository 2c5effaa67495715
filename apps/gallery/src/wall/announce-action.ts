import type { Services } from "gatehouse";
import { defineAction, deny, problems, type AnyAction } from "gatehouse/kernel";
import { z } from "zod";
import { findEvent } from "../events/events.ts";

/**
 * A host's announcement by an ordinary form: the wall's own command, which has its own rule and limits. Between two
 * transactions, because the wall takes its turn in one of its own, on whichever server it lives.
 */
export function createAnnounceAction({ realtime }: Pick<Services, "realtime">): AnyAction {
  return defineAction({
    name: "gallery.announce",
    entrances: ["http"],
    effects: "external",
    input: z.object({ slug: z.string().min(1).max(100), text: z.string() }),
    authorise: ({ principal }) => principal.type === "user",
    async run({ attempt: { tenant }, principal, input: { slug, text }, store, stepKey }) {
      const event = await store.read((transaction) => findEvent(transaction, tenant, slug));
      if (event === undefined) return deny(problems.NOT_FOUND);
      const outcome = await realtime.perform(
        { tenant, type: "wall", key: [event.id] },
        { command: "announce", input: { text }, principal, idempotencyKey: stepKey("announce") },
      );
      return outcome.ok ? { slug } : outcome;
    },
  });
}
