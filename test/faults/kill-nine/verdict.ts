import type { Violations } from "../drill.ts";
import type { Account } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import type { Provider } from "./provider.ts";

/** What is compared. */
export interface Evidence {
  readonly accounts: readonly Account[];
  readonly ledger: Ledger;
  readonly provider: Pick<Provider, "charges">;
}

const ACTIONS = { sign: "guestbook.sign", like: "like.set", charge: "drill.charge" } as const;

/** Holds what was promised against what is there, once every intent has been resolved. */
export function judge({ accounts, ledger, provider }: Evidence, violations: Violations): void {
  for (const damage of ledger.damage) violations.add(`The store is damaged: ${damage}`);
  judgeAcknowledgements(accounts, violations);
  judgeEntries(accounts, ledger, violations);
  judgeCharges(accounts, provider, violations);
  judgeTrail(accounts, ledger, violations);
}

/** Of all answers to one key, at most one tells of an execution; the others repeat it. */
function judgeAcknowledgements(accounts: readonly Account[], violations: Violations): void {
  for (const { intent, acknowledgements } of accounts) {
    const executions = acknowledgements.filter(({ cached }) => !cached);
    violations.expect(executions.length <= 1, `${intent.marker} was executed ${executions.length} times.`);
    violations.expect(acknowledgements.length > 0, `${intent.marker} was never resolved.`);
  }
}

/** Every entry that was meant is there once, and none that was not. */
function judgeEntries(accounts: readonly Account[], { messages }: Ledger, violations: Violations): void {
  const meant = new Set<string>();
  for (const { intent } of accounts) {
    if (intent.kind !== "sign") continue;
    meant.add(intent.marker);
    const count = messages.get(intent.marker) ?? 0;
    violations.expect(count === 1, `The entry "${intent.marker}" is there ${count} times.`);
  }
  for (const message of messages.keys()) {
    if (message.startsWith("sign ")) violations.expect(meant.has(message), `Nobody wrote the entry "${message}".`);
  }
}

/** Every charge that was meant was made once, under one key. */
function judgeCharges(accounts: readonly Account[], { charges }: Evidence["provider"], violations: Violations): void {
  const counts = new Map<string, number>();
  for (const marker of charges.values()) counts.set(marker, (counts.get(marker) ?? 0) + 1);
  for (const { intent } of accounts) {
    if (intent.kind !== "charge") continue;
    const count = counts.get(intent.marker) ?? 0;
    violations.expect(count === 1, `The charge "${intent.marker}" was made ${count} times.`);
    counts.delete(intent.marker);
  }
  for (const marker of counts.keys()) violations.add(`Nobody meant the charge "${marker}".`);
}

/** One row for each change: as many as intents, and among them the request of every answer that told of an execution. */
function judgeTrail(accounts: readonly Account[], { changes }: Ledger, violations: Violations): void {
  for (const [kind, action] of Object.entries(ACTIONS)) {
    const rows = changes.get(action) ?? [];
    const recorded = new Set(rows);
    const intents = accounts.filter(({ intent }) => intent.kind === kind);
    violations.expect(recorded.size === rows.length, `${action}: a request has two rows in the audit trail.`);
    violations.expect(
      rows.length === intents.length,
      `${action}: ${rows.length} rows in the audit trail for ${intents.length} changes.`,
    );
    for (const { intent, acknowledgements } of intents) {
      const executed = acknowledgements.find(({ cached }) => !cached);
      if (executed === undefined) continue;
      violations.expect(recorded.has(executed.requestId), `${intent.marker} has no row in the audit trail.`);
    }
  }
}
