import { z } from "zod";
import { UsageError, type Command, type CommandContext, type CommandFlag } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Place = z.object({ device: z.string(), ip: z.string(), agent: z.string() });
const Page = z.object({
  grants: z.array(
    z.object({
      family: z.string(),
      client: z.string(),
      account: z.string(),
      state: z.string(),
      firstSeen: z.number(),
      lastSeen: z.number(),
      ending: z.object({ cause: z.string(), by: z.string(), reason: z.string().optional() }).optional(),
      last: Place.optional(),
    }),
  ),
  next: z.string().optional(),
});
const Revoked = z.object({ grants: z.number(), artifacts: z.number() });

/** The flags that select, and the members of an action's input they fill. */
const SELECTION = { user: "account", device: "device", ip: "ip", client: "client", family: "family" } as const;
const SELECTING: Readonly<Record<keyof typeof SELECTION, CommandFlag>> = {
  user: { type: "string", doc: "Those of this account, by its id." },
  device: { type: "string", doc: "Those used from this device, now or before, by the name the list shows." },
  ip: { type: "string", doc: "Those used from this address, or subnet such as 192.0.2.0/24, now or before." },
  client: { type: "string", doc: "Those of this client." },
  family: { type: "string", doc: "This one." },
};
const USAGE = "[--user ID] [--device NAME] [--ip ADDRESS] [--client ID] [--family ID]";

/** The most grants of one answer. */
const MOST = 200;

/** `gatehouse oauth list-grants`. */
export const grantsList: Command = {
  name: "oauth list-grants",
  ofTenant: true,
  usage: `${USAGE} [--state lasting|ended] [--limit N] [--after PAGE]`,
  summary: "Lists what people have allowed clients, and where it is used from.",
  flags: {
    ...SELECTING,
    state: { type: "string", doc: "Only those in use (lasting) or those that ended, with why." },
    limit: { type: "string", doc: `How many. Default 50, at most ${MOST}.` },
    after: { type: "string", doc: "The next page, by what the page before said last." },
  },
  run: (context) => {
    const { state, limit, after } = context.flags;
    const input = {
      ...selectionOf(context),
      ...(state === undefined ? {} : { state }),
      ...(after === undefined ? {} : { after }),
      ...(limit === undefined ? {} : { limit: countOf(String(limit)) }),
    };
    return operateAndShow(context, { action: "grants.list", input }, (value) => {
      const { grants, next } = Page.parse(value);
      if (grants.length === 0) return context.terminal.print("No grant matches.");
      const rows = grants.map(({ family, account, client, state: doing, lastSeen, last, ending }) => [
        ...[family, account, client, doing, new Date(lastSeen).toISOString()],
        ...(last === undefined ? ["-", "-"] : [`${last.ip}, ${last.agent}`, last.device]),
        ending === undefined ? "-" : [ending.cause, ending.by, ending.reason].filter(Boolean).join(", "),
      ]);
      const headings = ["FAMILY", "ACCOUNT", "CLIENT", "STATE", "LAST USED", "FROM", "DEVICE", "ENDED"];
      context.terminal.print(formatTable(headings, rows));
      if (next !== undefined) context.terminal.print(`There are more: --after ${next}`);
    });
  },
};

/** `gatehouse oauth revoke-grants`. */
export const grantsRevoke: Command = {
  name: "oauth revoke-grants",
  ofTenant: true,
  usage: `${USAGE} --reason TEXT`,
  summary: "Ends grants with all their tokens.",
  flags: { ...SELECTING, reason: { type: "string", doc: "Why; shown in the console and the audit trail." } },
  run: (context) => {
    const { reason } = context.flags;
    const selection = selectionOf(context);
    if (Object.keys(selection).length === 0 || reason === undefined) {
      throw new UsageError('Say which and why: gatehouse oauth revoke-grants --ip 192.0.2.7 --reason "stolen laptop"');
    }
    return operateAndShow(context, { action: "grants.revoke", input: { ...selection, reason } }, (value) => {
      const { grants, artifacts } = Revoked.parse(value);
      context.terminal.print(
        `${grants} ${grants === 1 ? "grant" : "grants"} ended; ${artifacts} codes and tokens gone.`,
      );
    });
  },
};

function selectionOf({ flags }: CommandContext): Readonly<Record<string, unknown>> {
  const given = Object.entries(SELECTION).filter(([flag]) => flags[flag] !== undefined);
  return Object.fromEntries(given.map(([flag, member]) => [member, flags[flag]]));
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= MOST) return Number(text);
  throw new UsageError(`--limit takes a whole number from 1 to ${MOST}, such as 100; got "${text}".`);
}
