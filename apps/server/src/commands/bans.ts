import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Ban = z.object({
  id: z.string(),
  subject: z.object({ kind: z.string(), value: z.string() }),
  reason: z.string(),
  expiresAt: z.number(),
  violations: z.number(),
  entrance: z.string().optional(),
});
const Bans = z.object({ bans: z.array(Ban) });

const KINDS = ["ip", "user", "guest", "client", "agent", "session"];
const DEFAULT_MINUTES = "60";

/** `gatehouse bans list`. */
export const bansList: Command = {
  name: "bans list",
  usage: "",
  summary: "Lists the bans in force.",
  run: (context) =>
    operateAndShow(context, { action: "bans.list", input: {} }, (value) => {
      const { bans } = Bans.parse(value);
      if (bans.length === 0) return context.terminal.print("No bans are in force.");
      const rows = bans.map((ban) => [
        ban.id,
        `${ban.subject.kind}:${ban.subject.value}`,
        ban.entrance ?? "all",
        new Date(ban.expiresAt).toISOString(),
        ban.reason,
      ]);
      context.terminal.print(formatTable(["ID", "SUBJECT", "ENTRANCE", "UNTIL", "REASON"], rows));
    }),
};

/** `gatehouse bans lift ID`. */
export const bansLift: Command = {
  name: "bans lift",
  usage: "ID",
  words: 1,
  summary: "Lifts a ban before it expires.",
  run: (context) => {
    const [id] = context.words;
    if (id === undefined)
      throw new UsageError("Say which ban to lift: gatehouse bans lift ID (see gatehouse bans list).");
    return operateAndShow(context, { action: "bans.lift", input: { id } }, () => {
      context.terminal.print(`The ban ${id} is lifted.`);
    });
  },
};

/** `gatehouse bans add SUBJECT`. */
export const bansAdd: Command = {
  name: "bans add",
  usage: `${KINDS.join("|")} VALUE --reason TEXT [--minutes N]`,
  words: 2,
  summary: "Bans a source for a while.",
  flags: {
    reason: { type: "string", doc: "Why; shown in the console and the audit trail." },
    minutes: { type: "string", doc: `How long. Default ${DEFAULT_MINUTES}.` },
  },
  run: (context) => {
    const [kind, value] = context.words;
    const { reason, minutes = DEFAULT_MINUTES } = context.flags;
    if (kind !== undefined && !KINDS.includes(kind)) {
      throw new UsageError(`There is no kind of source "${kind}": choose ${KINDS.join(", ")}.`);
    }
    if (kind === undefined || value === undefined || reason === undefined) {
      throw new UsageError('Say whom and why: gatehouse bans add ip 192.0.2.7 --reason "scraping" --minutes 60');
    }
    if (!/^[1-9]\d*$/.test(String(minutes)))
      throw new UsageError(`--minutes takes a whole number of minutes, such as 60; got "${String(minutes)}".`);
    const input = { kind, value, reason, minutes: Number(minutes) };
    return operateAndShow(context, { action: "bans.add", input }, () => {
      context.terminal.print(`${kind}:${value} is banned for ${String(minutes)} minutes.`);
    });
  },
};
