import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../kernel/action.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import type { LegacyTable, LegacyTokens } from "../kernel/ports/legacy-tokens.ts";
import { StoreUnavailableError, type ReadTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { guestEvents } from "./events.ts";
import {
  adoptToken,
  isLegacyText,
  isWeakText,
  MIGRATION_START,
  MigrationMismatchError,
  MigrationState,
  migrationStep,
  tokenOf,
  type LegacyImportParts,
  type LegacyPolicy,
} from "./legacy.ts";
import { Collection, Scopes } from "./operations.ts";

/** What tokens of earlier systems are taken over with. */
export interface LegacyOperationsParts {
  readonly importer: LegacyImportParts;
  readonly openTable: (table: LegacyTable) => LegacyTokens;
  /** Milliseconds. */
  readonly weakLifetime: number;
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
}

const MOST_ROWS = 500;
const DAY = 86_400_000;
const Name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,62}$/);

const Policy = {
  scopes: Scopes.default(["view", "upload"]),
  weakDays: z.number().positive().max(366).optional(),
};

const Table = z.strictObject({
  table: Name,
  column: Name,
  id: Name.default("id"),
  collection: Name.default("event_id"),
  tenant: Name.optional(),
  expires: Name.optional(),
});

/**
 * Taking over the tokens of an earlier system; from the command line alone. A table is taken over step by step: each
 * step says where the next one goes on, so that one that was cut off is simply begun again.
 */
export function createLegacyOperations(parts: LegacyOperationsParts): readonly AnyAction[] {
  return [importRows(parts), survey(parts), migrate(parts)];
}

function importRows({ importer, operatorsOnly, ...parts }: LegacyOperationsParts): AnyAction {
  const Row = z.strictObject({
    text: z.string().refine(isLegacyText),
    collection: Collection,
    label: z.string().trim().max(120).optional(),
    expiresAt: z.int().min(0).optional(),
  });
  return defineAction({
    name: "join-tokens.import",
    entrances: ["job"],
    input: z.strictObject({ rows: z.array(Row).min(1).max(MOST_ROWS), ...Policy }),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: {
      event: guestEvents.join_tokens_imported,
      context: (_input, counts: { readonly imported: number; readonly weak: number; readonly present: number }) => ({
        ...counts,
      }),
    },
    run: async ({ attempt: { tenant }, input: { rows, ...said }, transaction }) => {
      const counts = { imported: 0, weak: 0, present: 0 };
      for (const { text, collection, label = "", expiresAt } of rows) {
        const token = { tenant, text, collection, label: label === "" ? "Imported" : label, expiresAt };
        counts[await adoptToken(importer, transaction, { token, policy: policyOf(said, parts.weakLifetime) })] += 1;
      }
      return counts;
    },
  });
}

function survey({ openTable, operatorsOnly }: LegacyOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.survey",
    entrances: ["job"],
    input: z.strictObject({ source: Table }),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt: { tenant }, input: { source }, transaction }) => {
      const legacy = openTable(source);
      const counts = await counted(legacy, transaction);
      if (isDenial(counts)) return counts;
      const { weak, skipped } = await surveyed(legacy, transaction, tenant);
      return { rows: counts.all, clear: counts.clear, weak, skipped };
    },
  });
}

async function surveyed(
  legacy: LegacyTokens,
  transaction: ReadTransaction,
  tenant: string,
): Promise<{ weak: number; skipped: number }> {
  const counts = { weak: 0, skipped: 0 };
  let after = "";
  for (;;) {
    const rows = await legacy.rows(transaction, { after, limit: MOST_ROWS });
    for (const row of rows) {
      const token = tokenOf(row, tenant);
      if (token === undefined) counts.skipped += 1;
      else if (isWeakText(token.text)) counts.weak += 1;
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < MOST_ROWS) return counts;
    after = last.id;
  }
}

function migrate({ importer, openTable, operatorsOnly, weakLifetime }: LegacyOperationsParts): AnyAction {
  return defineAction({
    name: "join-tokens.migrate",
    entrances: ["job"],
    input: z.strictObject({
      source: Table,
      ...Policy,
      limit: z.int().min(1).max(MOST_ROWS).default(200),
      step: MigrationState.default(MIGRATION_START),
    }),
    effects: "store",
    // Each step says where the next one goes on.
    idempotency: false,
    authorise: operatorsOnly,
    audit: {
      event: guestEvents.join_tokens_imported,
      target: ({ source }) => source.table,
      context: (_input, { phase, copied, cleared }: { phase: string; copied: number; cleared: number }) => ({
        ...{ phase, copied, cleared },
      }),
    },
    run: async ({ attempt: { tenant }, input, transaction }) => {
      const { source, limit, step } = input;
      const legacy = openTable(source);
      const counts = await counted(legacy, transaction);
      if (isDenial(counts)) return counts;
      const policy = policyOf(input, weakLifetime);
      try {
        const next = await migrationStep(importer, transaction, { legacy, policy, tenant, limit, step });
        return { ...next, rows: counts.all, clear: (await legacy.count(transaction)).clear };
      } catch (error) {
        if (error instanceof MigrationMismatchError) return deny(problems.STATE_CONFLICT, { detail: error.message });
        throw error;
      }
    },
  });
}

/** How many rows there are; what the database says where there is no such table is for the operator to read. */
async function counted(
  legacy: LegacyTokens,
  transaction: ReadTransaction,
): Promise<{ readonly clear: number; readonly all: number } | Denial> {
  try {
    return await legacy.count(transaction);
  } catch (error) {
    if (error instanceof StoreUnavailableError || !(error instanceof Error)) throw error;
    return deny(problems.VALIDATION_ERROR, { detail: `The table cannot be read: ${error.message}` });
  }
}

function policyOf(
  { scopes, weakDays }: { readonly scopes: LegacyPolicy["scopes"]; readonly weakDays?: number | undefined },
  weakLifetime: number,
): LegacyPolicy {
  return { scopes, weakLifetime: weakDays === undefined ? weakLifetime : Math.round(weakDays * DAY) };
}
