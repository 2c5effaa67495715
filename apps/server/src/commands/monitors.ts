import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Run = z.object({
  at: z.number(),
  duration: z.number(),
  steps: z.array(z.object({ name: z.string(), skipped: z.string().optional() })),
  failed: z.object({ step: z.string(), reason: z.string() }).optional(),
});
const Monitors = z.object({
  monitors: z.array(z.object({ name: z.string(), title: z.string(), state: z.string(), runs: z.array(Run) })),
});

/** `gatehouse monitors list`. */
export const monitorsList: Command = {
  name: "monitors list",
  usage: "",
  summary: "Lists what is tried from outside again and again, and how that went.",
  run: (context) =>
    operateAndShow(context, { action: "monitors.list", input: {} }, (value) => {
      const { monitors } = Monitors.parse(value);
      if (monitors.length === 0) return context.terminal.print("The application has no monitors.");
      const rows = monitors.map(({ name, title, state, runs: [last] }) => [
        ...[name, state, last === undefined ? "never" : new Date(last.at).toISOString(), title],
        last?.failed === undefined ? "" : `${last.failed.step}: ${last.failed.reason}`,
      ]);
      context.terminal.print(formatTable(["MONITOR", "STATE", "LAST RUN", "WHAT", "FAILURE"], rows));
    }),
};

/** `gatehouse monitors run NAME`. */
export const monitorsRun: Command = {
  name: "monitors run",
  usage: "NAME",
  words: 1,
  summary: "Runs a monitor now.",
  run: (context) => {
    const [name] = context.words;
    if (name === undefined) throw new UsageError("Say which: gatehouse monitors run NAME. `monitors list` has them.");
    return operateAndShow(context, { action: "monitors.run", input: { name } }, (value) => {
      const { run } = z.object({ run: Run }).parse(value);
      const took = `${(run.duration / 1000).toFixed(1)} s`;
      const { failed, steps } = run;
      for (const { name: step, skipped } of steps)
        if (skipped !== undefined) context.terminal.print(`The step ${step} was not tried: ${skipped}`);
      context.terminal.print(
        failed === undefined
          ? `${name} went well, in ${took}.`
          : `${name} failed at the step ${failed.step}: ${failed.reason}`,
      );
    });
  },
};
