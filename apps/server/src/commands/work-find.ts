import { z } from "zod";
import type { Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable, visible } from "../terminal.ts";

const Found = z.object({
  planners: z.array(
    z.object({
      ...{
        planner: z.string(),
        type: z.string(),
        stopped: z.string().optional(),
        settled: z.number(),
        more: z.boolean(),
      },
      found: z.array(
        z.object({ key: z.string(), title: z.string().optional(), priority: z.number(), order: z.string().optional() }),
      ),
      refused: z.array(z.object({ key: z.string(), reason: z.string() })),
    }),
  ),
});

/** `gatehouse work find [PLANNER]`. */
export const workFind: Command = {
  ...{ name: "work find", ofTenant: true, words: 1, usage: "[PLANNER] [--dry-run]" },
  summary: "Has planners look for work now, and propose what they find; one of them, or all.",
  flags: { "dry-run": { type: "boolean", doc: "Only tells what would be proposed." } },
  run: (context) => {
    const [planner] = context.words;
    const isDry = context.flags["dry-run"] === true;
    const input = { dry_run: isDry, ...(planner === undefined ? {} : { planner }) };
    return operateAndShow(context, { action: "work.find", input }, (value) => {
      const { planners } = Found.parse(value);
      const { terminal } = context;
      if (planners.length === 0) return terminal.print("The application has no planners.");
      for (const one of planners) {
        if (one.stopped !== undefined) {
          terminal.print(`${one.planner} is stopped: ${visible(one.stopped)}`);
          continue;
        }
        const what = isDry ? "would be proposed" : "proposed";
        const counts = [`${one.found.length} ${what}`, `${one.settled} settled`, `${one.refused.length} refused`];
        terminal.print(
          `${one.planner}: ${counts.join(", ")}${one.more ? "; there is more than it may propose now" : ""}`,
        );
        const rows = one.found.map(({ key, title = "", priority, order = "-" }) => [
          ...[order, one.type, key, String(priority), title],
        ]);
        if (rows.length > 0) terminal.print(formatTable(["ORDER", "TYPE", "KEY", "PRIORITY", "TITLE"], rows));
        for (const { key, reason } of one.refused)
          terminal.print(`${visible(key)} cannot be proposed: ${visible(reason)}`);
      }
    });
  },
};
