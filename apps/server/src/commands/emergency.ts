import { EMERGENCY_MEASURES, type EmergencyMeasure } from "gatehouse/kernel";
import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Measure = z.object({ measure: z.string(), reason: z.string(), expiresAt: z.number() });
const CHOICE = EMERGENCY_MEASURES.join("|");
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
  usage: `${CHOICE} --reason TEXT [--minutes N]`,
  words: 1,
  summary: "Sets a measure against an attack. The console's page Emergency says what each does.",
  flags: {
    reason: { type: "string", doc: "Why; shown in the console and the audit trail." },
    minutes: { type: "string", doc: "How long. It ends by itself. Default 60." },
  },
  run: (context) => {
    const [measure] = context.words;
    const { reason, minutes } = context.flags;
    if (!isMeasure(measure) || reason === undefined) {
      throw new UsageError(`Say what and why: gatehouse emergency set ${CHOICE} --reason "flood of registrations"`);
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
  usage: CHOICE,
  words: 1,
  summary: "Lifts an emergency measure before it ends.",
  run: (context) => {
    const [measure] = context.words;
    if (!isMeasure(measure)) {
      throw new UsageError(`Say which: gatehouse emergency lift ${CHOICE}.`);
    }
    return operateAndShow(context, { action: "emergency.lift", input: { measure } }, () => {
      context.terminal.print(`${measure} is lifted.`);
    });
  },
};

function isMeasure(word: string | undefined): word is EmergencyMeasure {
  return EMERGENCY_MEASURES.some((measure) => measure === word);
}
