import { z } from "zod";
import type { Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";

const Inventory = z.object({
  rows: z.array(
    z.object({
      action: z.string(),
      entrance: z.string(),
      effects: z.string(),
      steps: z.array(z.object({ phase: z.string(), guard: z.string(), mode: z.string(), summary: z.string() })),
    }),
  ),
});

/** `gatehouse inventory`. */
export const inventory: Command = {
  name: "inventory",
  usage: "",
  summary: "Prints which guards stand before which action, at which entrance.",
  run: (context) =>
    operateAndShow(context, { action: "guards.inventory", input: {} }, (value) => {
      const { terminal } = context;
      for (const { action, entrance, effects, steps } of Inventory.parse(value).rows) {
        terminal.print(`${terminal.style("bold", action)} over ${entrance} (${effects})`);
        for (const { phase, guard, mode, summary } of steps) {
          const shown = mode === "enforce" ? "" : terminal.style("yellow", ` [${mode}]`);
          terminal.print(`  ${phase.padEnd(12)} ${guard.padEnd(14)} ${summary}${shown}`);
        }
      }
    }),
};
