import { arriveAt, type KnownPlace, type Place } from "./place.ts";
import { judgeMove, type GrantPolicy, type MoveChange, type MoveDecision } from "./policy.ts";

/** A use of a grant as the audit trail has it. */
export interface RecordedUse {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly family: string;
  readonly client: string | undefined;
  readonly ip: string;
  readonly mobile: boolean;
  /** What was different besides the network, as far as it was reported. */
  readonly changes: readonly MoveChange[];
  /** Whether it was the first of its grant, with which nothing can be compared. */
  readonly begins: boolean;
  /** Whether it was refused: the grant has not moved there. */
  readonly refused: boolean;
}

/** What a policy says and what another would say. */
export interface PolicyPair {
  readonly present: GrantPolicy;
  readonly rehearsed: GrantPolicy;
}

/** How often each decision was made of a use from elsewhere. */
export type DecisionCounts = Readonly<Record<MoveDecision, number>>;

/** A use of which the two policies think differently. */
export interface Difference {
  readonly at: number;
  readonly family: string;
  readonly client: string | undefined;
  readonly ip: string;
  readonly changes: readonly MoveChange[];
  readonly present: MoveDecision;
  readonly rehearsed: MoveDecision;
}

/** What a policy would have done. */
export interface Rehearsal {
  /** Uses that could be compared with one before. */
  readonly uses: number;
  readonly families: number;
  readonly present: DecisionCounts;
  readonly rehearsed: DecisionCounts;
  /** The newest, the last one first. */
  readonly differences: readonly Difference[];
}

const MOST_SHOWN = 50;
const KNOWN = "known";
const OTHER = "other";

/**
 * Judges uses, oldest first, by a policy that is not in force. Each is compared with the use before it as it was
 * recorded: what people would have done after a refusal nobody knows.
 */
export function rehearse(
  uses: readonly RecordedUse[],
  policiesOf: (client: string | undefined) => PolicyPair,
): Rehearsal {
  const last = new Map<string, KnownPlace>();
  const counts = { present: noDecisions(), rehearsed: noDecisions() };
  const differences: Difference[] = [];
  const judged = new Set<string>();
  let compared = 0;
  for (const { refused, begins, ...use } of uses) {
    const before = last.get(use.family);
    if (!refused) last.set(use.family, arriveAt(placeOf(use, KNOWN), before));
    if (before === undefined || begins) continue;
    compared += 1;
    judged.add(use.family);
    const policies = policiesOf(use.client);
    const place = placeOf(use, OTHER);
    const present = judgeMove(before, place, policies.present);
    const rehearsed = judgeMove(before, place, policies.rehearsed);
    if (present.changes.length > 0) counts.present[present.decision] += 1;
    if (rehearsed.changes.length > 0) counts.rehearsed[rehearsed.decision] += 1;
    if (present.decision === rehearsed.decision) continue;
    const { at, family, client, ip } = use;
    const changes = rehearsed.changes.length > 0 ? rehearsed.changes : present.changes;
    differences.push({ at, family, client, ip, changes, present: present.decision, rehearsed: rehearsed.decision });
  }
  const newest = differences.slice(-MOST_SHOWN).toReversed();
  return { uses: compared, families: judged.size, ...counts, differences: newest };
}

function noDecisions(): Record<MoveDecision, number> {
  return { ignore: 0, alert: 0, step_up: 0, deny: 0 };
}

/** Where a use came from; of what has changed the trail knows that it has, and not to what. */
function placeOf({ ip, mobile, changes }: Pick<RecordedUse, "ip" | "mobile" | "changes">, changed: string): Place {
  const member = (name: MoveChange): string => (changes.includes(name) ? changed : KNOWN);
  return { ip, mobile, device: member("device"), agent: member("agent"), key: member("key") };
}
