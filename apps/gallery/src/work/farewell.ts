import type { Services } from "gatehouse";
import { defineEffect, workProblems, type WorkEffect } from "gatehouse/work";

/** Where a guest was who was erased. */
export interface Farewell {
  readonly guest: string;
  /** Events on whose walls their name may stand. */
  readonly events: readonly string[];
}

/** Who attempts it. */
const GALLERY = { type: "system", id: "gallery" } as const;

/**
 * What cannot be in the transaction that erases a guest: walls forget the name, each in a turn of its own, and at last the
 * key is destroyed under which the order itself is sealed, so that the order tells nobody any more what there was.
 */
export function farewellEffect(services: Pick<Services, "realtime" | "gate" | "ids" | "clock">): WorkEffect<Farewell> {
  const { realtime, gate, ids, clock } = services;
  return defineEffect<Farewell>({
    type: "guest-farewell",
    label: ({ guest }) => `take the name of guest ${guest} from walls, and destroy the key of this order`,
    async run({ guest, events }, { tenant, key }) {
      for (const event of events) {
        const forgotten = await realtime.perform(
          { tenant, type: "wall", key: [event] },
          { command: "forget", input: { guest }, idempotencyKey: `${key}:${event}` },
        );
        if (!forgotten.ok) throw new Error(`The wall of ${event} has not forgotten: ${forgotten.problem.code}`);
      }
      const principal = { ...GALLERY, tenant, grants: new Set<string>() };
      const erased = await gate().attempt({
        ...{ id: ids.next(), entrance: "job", action: "work.erase-subject", tenant, receivedAt: clock.now() },
        input: { subject: guest, reason: "The guest was erased." },
        peer: { ip: "127.0.0.1", tls: false },
        provenance: { kind: "internal" },
        credentials: [{ kind: "internal", principal }],
      });
      // A try before this one may have come so far.
      if (!erased.ok && erased.problem !== workProblems.WORK_SUBJECT_ERASED)
        throw new Error(`The key of the order was not destroyed: ${erased.problem.code}`);
    },
  });
}
