import { z } from "zod";
import { UsageError, type Command, type CommandContext, type CommandFlag } from "../command.ts";
import { momentOf } from "../moment.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Counts = z.object({ ignore: z.number(), alert: z.number(), step_up: z.number(), deny: z.number() });
const Rehearsal = z.object({
  uses: z.number(),
  families: z.number(),
  complete: z.boolean(),
  present: Counts,
  rehearsed: Counts,
  differences: z.array(
    z.object({
      at: z.number(),
      family: z.string(),
      client: z.string().optional(),
      ip: z.string(),
      changes: z.array(z.string()),
      present: z.string(),
      rehearsed: z.string(),
    }),
  ),
});

const DECISIONS = ["device", "subnet", "agent", "key"] as const;
const LENGTHS = { "ipv4-prefix": "ipv4Prefix", "ipv6-prefix": "ipv6Prefix" } as const;
const decisionOn = (what: string): CommandFlag => ({
  type: "string",
  doc: `What happens for ${what}: ignore, alert, step_up or deny.`,
});

/** `gatehouse oauth rehearse-policy`. */
export const policyRehearse: Command = {
  name: "oauth rehearse-policy",
  ofTenant: true,
  usage:
    "[--client ID] [--device|--subnet|--agent|--key DECISION] [--allow NETWORK,...] [--strict-mobile] " +
    "[--ipv4-prefix BITS] [--ipv6-prefix BITS] [--from TIME] [--until TIME]",
  summary: "Tells what a policy for refresh tokens would have done, by the audit trail.",
  flags: {
    client: { type: "string", doc: "Only uses by this client. Default: by all, each by its own policy, changed." },
    device: decisionOn("another browser or machine"),
    subnet: decisionOn("another network"),
    agent: decisionOn("another kind of program"),
    key: decisionOn("another key"),
    allow: { type: "string", doc: "Networks a move into which does not count, separated by commas." },
    "strict-mobile": { type: "boolean", doc: "Telephones may not change their network either." },
    "ipv4-prefix": { type: "string", doc: "Bits of an IPv4 address that name its subnet." },
    "ipv6-prefix": { type: "string", doc: "Bits of an IPv6 address that name its subnet." },
    from: { type: "string", doc: "Only uses since this time (ISO 8601), such as 2026-02-28T18:00Z." },
    until: { type: "string", doc: "Only uses before this time (ISO 8601)." },
  },
  run: (context) =>
    operateAndShow(context, { action: "grants.rehearse", input: policyOf(context) }, (value) => {
      const { uses, families, complete, present, rehearsed, differences } = Rehearsal.parse(value);
      const { terminal } = context;
      terminal.print(`${uses} uses of ${families} grants were compared.`);
      if (!complete) terminal.print("There are more in this time: name a shorter one with --from and --until.");
      const counts = Object.entries(present).map(([decision, now]) => [
        ...[decision, String(now)],
        String(Object.entries(rehearsed).find(([name]) => name === decision)?.[1] ?? 0),
      ]);
      terminal.print(formatTable(["USES FROM ELSEWHERE", "NOW", "REHEARSED"], counts));
      if (differences.length === 0) return terminal.print("No use would have been judged differently.");
      const rows = differences.map(({ at, family, client, ip, changes, present: now, rehearsed: then }) => [
        ...[new Date(at).toISOString(), family, client ?? "-", ip, changes.join(" ") || "-", now, then],
      ]);
      terminal.print(formatTable(["TIME", "FAMILY", "CLIENT", "FROM", "CHANGED", "NOW", "REHEARSED"], rows));
    }),
};

/** The input of `grants.rehearse` for the flags that were given. */
function policyOf({ flags }: CommandContext): Readonly<Record<string, unknown>> {
  const input: Record<string, unknown> = {};
  for (const name of ["client", ...DECISIONS]) if (flags[name] !== undefined) input[name] = flags[name];
  for (const [flag, member] of Object.entries(LENGTHS)) {
    const text = flags[flag];
    if (text === undefined) continue;
    if (!/^\d{1,3}$/.test(String(text))) throw new UsageError(`--${flag} takes a number of bits; got "${text}".`);
    input[member] = Number(text);
  }
  if (flags["allow"] !== undefined) input["allow"] = String(flags["allow"]).split(",");
  if (flags["strict-mobile"] === true) input["mobileNetworks"] = false;
  for (const name of ["from", "until"]) {
    if (flags[name] !== undefined) input[name] = momentOf(name, String(flags[name]));
  }
  return input;
}
