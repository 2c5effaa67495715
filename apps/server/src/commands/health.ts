import { z } from "zod";
import type { Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { describeRotation, KeyRotation } from "./keys.ts";
import { formatTable } from "../terminal.ts";

const Health = z.object({
  keys: KeyRotation,
  stores: z.array(
    z.object({
      name: z.string(),
      engine: z.string(),
      state: z.string(),
      latency: z.number(),
      detail: z.string().optional(),
    }),
  ),
});

/** `gatehouse health`. */
export const health: Command = {
  name: "health",
  usage: "",
  summary: "Shows how the stores are doing, and when the keys are to be rotated.",
  run: (context) =>
    operateAndShow(context, { action: "store.health", input: {} }, (value) => {
      const { stores, keys } = Health.parse(value);
      const rows = stores.map(({ name, engine, state, latency, detail = "" }) => [
        name,
        engine,
        state,
        `${latency.toFixed(1)} ms`,
        detail,
      ]);
      context.terminal.print(formatTable(["STORE", "ENGINE", "STATE", "ANSWERS IN", "DETAILS"], rows));
      context.terminal.print(describeRotation(keys));
    }),
};
