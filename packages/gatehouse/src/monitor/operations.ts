import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { Monitors } from "./monitors.ts";

/** What operators of monitors work with. */
export interface MonitorOperationsParts {
  readonly monitors: Monitors;
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  readonly entrances: readonly Entrance[];
}

/** What operators do with monitors, the same from the console and the command line. */
export function createMonitorOperations({
  monitors,
  operatorsOnly,
  entrances,
}: MonitorOperationsParts): readonly AnyAction[] {
  const list = defineAction({
    name: "monitors.list",
    entrances,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ transaction }) => ({ monitors: await monitors.list(transaction) }),
  });
  const run = defineAction({
    name: "monitors.run",
    entrances,
    input: z.strictObject({ name: z.string().max(100) }),
    effects: "external",
    authorise: operatorsOnly,
    limits: [
      { name: "monitors.run", by: ["principal", "action"], rule: { kind: "window", limit: 30, window: 60_000 } },
    ],
    audit: { target: ({ name }) => name },
    run: async ({ input: { name } }) => {
      const result = await monitors.run(name);
      if (result === "unknown") return deny(problems.NOT_FOUND, { detail: `There is no monitor "${name}".` });
      if (result === "running")
        return deny(problems.TOO_MANY_CONCURRENT, { detail: "This monitor is running already." });
      return { name, run: result };
    },
  });
  return [list, run];
}
