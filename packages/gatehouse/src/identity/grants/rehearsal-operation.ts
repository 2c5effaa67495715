import { z } from "zod";
import { createAddressRanges } from "../../guards/address.ts";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { SecurityEvent } from "../../kernel/event.ts";
import type { AuditTrail } from "../../kernel/ports/audit.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { identityEvents } from "../events.ts";
import { normalAddress } from "./grants.ts";
import type { GrantOperationsParts } from "./operations.ts";
import { MOVE_DECISIONS, type GrantPolicy, type MoveChange } from "./policy.ts";
import { rehearse, type RecordedUse } from "./rehearsal.ts";

/** What rehearsing works with. */
export interface RehearsalParts extends Pick<GrantOperationsParts, "operatorsOnly" | "entrances"> {
  readonly trail: Pick<AuditTrail, "find">;
  /** The policy in force of a client. */
  readonly policyOf: (client: string) => GrantPolicy;
}

/** Events of one kind that are looked at: the newest. */
const MOST_EVENTS = 20_000;
const PAGE = 500;
const CHANGES: ReadonlySet<string> = new Set<MoveChange>(["device", "agent", "key"]);

const Decision = z.enum(MOVE_DECISIONS).optional();
const Input = z.strictObject({
  client: z.string().max(2000).optional(),
  /** Epoch milliseconds. */
  from: z.int().nonnegative().optional(),
  until: z.int().nonnegative().optional(),
  ...{ device: Decision, subnet: Decision, agent: Decision, key: Decision },
  allow: z
    .array(
      z
        .string()
        .max(64)
        .refine(
          (text) => normalAddress(text) !== undefined,
          "This is neither an IP address nor a network such as 192.0.2.0/24.",
        ),
    )
    .max(100)
    .optional(),
  mobileNetworks: z.boolean().optional(),
  ipv4Prefix: z.int().min(8).max(32).optional(),
  ipv6Prefix: z.int().min(16).max(128).optional(),
});
type Input = z.infer<typeof Input>;

/** Trying a policy for grants on what was recorded, before it is switched on. */
export function createRehearsal({ trail, policyOf, operatorsOnly, entrances }: RehearsalParts): AnyAction {
  return defineAction({
    name: "grants.rehearse",
    entrances,
    input: Input,
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt: { tenant }, input, transaction }) => {
      const period = { tenant, from: input.from, until: input.until };
      const [issued, moved] = [
        await eventsOf(trail, transaction, { ...period, name: identityEvents.oauth_token_issued.name }),
        await eventsOf(trail, transaction, { ...period, name: identityEvents.oauth_grant_moved.name }),
      ];
      const uses = usesIn(issued, moved).filter(({ client }) => input.client === undefined || client === input.client);
      const policiesOf = (client = ""): { readonly present: GrantPolicy; readonly rehearsed: GrantPolicy } => {
        const present = policyOf(client);
        return { present, rehearsed: changed(present, input) };
      };
      const complete = issued.length < MOST_EVENTS && moved.length < MOST_EVENTS;
      return { ...rehearse(uses, policiesOf), complete };
    },
  });
}

/** A policy with what is given in the place of its own. */
function changed(policy: GrantPolicy, { device, subnet, agent, key, allow, ...input }: Input): GrantPolicy {
  const { decisions, mobileNetworks, prefixes } = policy;
  return {
    decisions: {
      device: device ?? decisions.device,
      subnet: subnet ?? decisions.subnet,
      agent: agent ?? decisions.agent,
      key: key ?? decisions.key,
    },
    allow: allow === undefined ? policy.allow : createAddressRanges(allow),
    mobileNetworks: input.mobileNetworks ?? mobileNetworks,
    prefixes: { ipv4: input.ipv4Prefix ?? prefixes.ipv4, ipv6: input.ipv6Prefix ?? prefixes.ipv6 },
  };
}

interface Period {
  readonly tenant: string;
  readonly name: string;
  readonly from: number | undefined;
  readonly until: number | undefined;
}

async function eventsOf(
  trail: RehearsalParts["trail"],
  reading: ReadTransaction,
  { tenant, name, from, until }: Period,
): Promise<SecurityEvent[]> {
  const found: SecurityEvent[] = [];
  const query = { tenant, name, ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) };
  while (found.length < MOST_EVENTS) {
    const last = found.at(-1);
    const before = last === undefined ? {} : { before: last.id };
    const page = await trail.find(reading, { ...query, ...before, limit: PAGE });
    found.push(...page);
    if (page.length < PAGE) break;
  }
  return found;
}

/** Uses of grants, oldest first. What was different of one that went through, another event of its request says. */
function usesIn(issued: readonly SecurityEvent[], moved: readonly SecurityEvent[]): RecordedUse[] {
  const changes = new Map(moved.map(({ requestId, context }) => [requestId, changesIn(context)]));
  const refused = moved.filter(({ outcome }) => outcome === "denied");
  return [...issued, ...refused]
    .toSorted((one, other) => one.at - other.at || (one.id < other.id ? -1 : 1))
    .flatMap((event) => {
      const { at, context, outcome, requestId, source } = event;
      const { family, client, mobile, replaces } = context;
      if (typeof family !== "string" || source.ip === undefined) return [];
      const isRefused = outcome === "denied";
      return {
        ...{ at, family, ip: source.ip, mobile: mobile === true, refused: isRefused },
        client: typeof client === "string" ? client : undefined,
        changes: changes.get(requestId) ?? [],
        begins: !isRefused && replaces === undefined,
      };
    });
}

function changesIn({ changes }: SecurityEvent["context"]): MoveChange[] {
  // The network is compared anew, by the lengths of the policy that is rehearsed.
  return String(changes ?? "")
    .split(" ")
    .filter((change): change is MoveChange => CHANGES.has(change));
}
