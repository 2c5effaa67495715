/**
 * A handler that always throws is a fault, and each throw an alarm in the log. A client that repeats the command for as long
 * as it has patience makes ten alarms of one, and keeps whoever waits for it.
 */
import { equal, rejects } from "node:assert/strict";
import { it } from "node:test";
import { z } from "zod";
import { RealtimeClient } from "../../realtime-client.ts";
import { startRealtimeSite } from "../../testing/realtime-site.ts";
import { actor } from "../actor/actor.ts";
import type { ContractOf } from "../actor/contract.ts";

it("a command whose handler throws is tried once more, and not for as long as there is patience", async () => {
  let thrown = 0;
  const fragile = actor("fragile", {
    key: ["name"],
    state: z.object({}),
    initial: () => ({}),
    commands: {
      break: {
        input: z.object({ times: z.number() }),
        policy: "public",
        handler: ({ input }) => {
          if (thrown >= input.times) return { whole: true };
          thrown += 1;
          throw new Error("The handler is broken.");
        },
      },
    },
  });
  const log = { write: () => true };
  await using site = await startRealtimeSite({ actors: [fragile], log });
  using client = new RealtimeClient({ origin: site.origin, as: () => Promise.resolve("user-ada") });
  const one = client.actor<ContractOf<typeof fragile>>("fragile", ["a"]);
  await rejects(one.send("break", { times: 1_000 }), {
    name: "RealtimeError",
    code: "INTERNAL_ERROR",
    temporary: true,
  });
  equal(thrown, 2);
  equal((await one.send("break", { times: 3 })).whole, true, "what has failed by chance succeeds then");
});
