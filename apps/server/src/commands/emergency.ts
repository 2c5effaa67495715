import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const MEASURES = ["registrations-closed", "second-factor", "tight-limits", "short-addresses"];
const Measure = z.object({ measure: z.string(), reason: z.string(), expiresAt: z.number() });
const Measures = z.object({ measures: z.array(Measure) });

/** `gatehouse emergency list`. */
export const emergencyList: Command = {
  name: "emergency list",
  usage: "",
  summary: "Lists the emergency measures in force.",
  run: (context) =>
    operateAndShow(context, { action: "emergency.list", input: {} }, (value) => {
      const { measures } = Measures.parse(value);
      if (measures.length === 0) return context.terminal.print("No emergency measure is in force.");
      const rows = measures.map(({ measure, expiresAt, reason }) => [
        ...[measure, new Date(expiresAt).toISOString(), reason],
      ]);
      context.terminal.print(formatTable(["MEASURE", "UNTIL", "REASON"], rows));
    }),
};

/** `gatehouse emergency set MEASURE`. */
export const emergencySet: Command = {
  name: "emergency set",
  usage: `${MEASURES.join("|")} --reason TEXT [--minutes N]`,
  words: 1,
  summary:
    "Closes the registration of clients, makes new sign-ins need a second factor, leaves a quarter of every limit, or shortens addresses of media.",
  flags: {
    reason: { type: "string", doc: "Why; shown in the console and the audit trail." },
    minutes: { type: "string", doc: "How long. It ends by itself. Default 60." },
  },
  run: (context) => {
    const [measure] = context.words;
    const { reason, minutes } = context.flags;
    if (measure === undefined || !MEASURES.includes(measure) || reason === undefined) {
      throw new UsageError(
        `Say what and why: gatehouse emergency set ${MEASURES.join("|")} --reason "flood of registrations"`,
      );
    }
    if (minutes !== undefined && !/^[1-9]\d{0,8}$/.test(String(minutes)))
      throw new UsageError(`--minutes takes a whole number of minutes, such as 60; got "${String(minutes)}".`);
    const input = { measure, reason, ...(minutes === undefined ? {} : { minutes: Number(minutes) }) };
    return operateAndShow(context, { action: "emergency.set", input }, (value) => {
      const { measure: set } = z.object({ measure: Measure }).parse(value);
      context.terminal.print(`${set.measure} is in force until ${new Date(set.expiresAt).toISOString()}.`);
    });
  },
};

/** `gatehouse emergency lift MEASURE`. */
export const emergencyLift: Command = {
  name: "emergency lift",
  usage: MEASURES.join("|"),
  words: 1,
  summary: "Lifts an emergency measure before it ends.",
  run: (context) => {
    const [measure] = context.words;
    if (measure === undefined || !MEASURES.includes(measure)) {
      throw new UsageError(`Say which: gatehouse emergency lift ${MEASURES.join("|")}.`);
    }
    return operateAndShow(context, { action: "emergency.lift", input: { measure } }, () => {
      context.terminal.print(`${measure} is lifted.`);
    });
  },
};
