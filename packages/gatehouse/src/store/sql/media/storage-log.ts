import type { StorageLog, StorageProbe, StorageUse } from "../../../kernel/ports/storage-log.ts";
import { portableStatement } from "../statement.ts";

interface ProbeRow {
  readonly at: number;
  readonly latency: number | null;
  readonly failure: string;
  readonly used: number | null;
  readonly total: number | null;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MOST_PROBES = 10_000;
const LONGEST_TEXT = 500;
/** Minutes of counted checks that are kept. */
const KEPT_CHECKS = 24 * 60;

const ADD_PROBE = portableStatement(
  `INSERT INTO storage_probes (target, at, latency, failure, used, total) VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (target, at) DO NOTHING`,
);
const PROBES = portableStatement(
  `SELECT at, latency, failure, used, total FROM storage_probes WHERE target = $1 AND at >= $2
   ORDER BY at LIMIT ${MOST_PROBES}`,
);
const USE = portableStatement(
  `SELECT at, used, total FROM storage_probes WHERE target = $1 AND at IN (
     SELECT MAX(at) FROM storage_probes WHERE target = $1 AND at >= $2 AND used IS NOT NULL GROUP BY at / ${HOUR})
   ORDER BY at`,
);
const PRUNE = portableStatement(
  `DELETE FROM storage_probes WHERE at < $1 AND at IN (
     SELECT at FROM storage_probes WHERE at < $1 ORDER BY at LIMIT $2) RETURNING at`,
);
const COUNT = portableStatement(
  `INSERT INTO storage_checks (target, minute, intact, damaged) VALUES ($1, $2, $3, $4)
   ON CONFLICT (target, minute) DO UPDATE
   SET intact = storage_checks.intact + $3, damaged = storage_checks.damaged + $4`,
);
const FORGET_CHECKS = portableStatement("DELETE FROM storage_checks WHERE target = $1 AND minute < $2");
const CHECKS = portableStatement(
  `SELECT coalesce(SUM(intact), 0) AS intact, coalesce(SUM(damaged), 0) AS damaged
   FROM storage_checks WHERE target = $1 AND minute > $2`,
);
const HALTED = portableStatement(
  "SELECT halted_at, halted_by FROM storage_targets WHERE name = $1 AND halted_at IS NOT NULL",
);
const HALT = portableStatement(
  `INSERT INTO storage_targets (name, halted_at, halted_by, notes) VALUES ($1, $2, $3, '{}')
   ON CONFLICT (name) DO UPDATE SET halted_at = $2, halted_by = $3
   WHERE storage_targets.halted_at IS NULL RETURNING name`,
);
const RESUME = portableStatement(
  `UPDATE storage_targets SET halted_at = NULL, halted_by = NULL
   WHERE name = $1 AND halted_at IS NOT NULL RETURNING name`,
);
const NOTES = portableStatement("SELECT notes FROM storage_targets WHERE name = $1");
const SET_NOTES = portableStatement(
  `INSERT INTO storage_targets (name, notes) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET notes = $2`,
);

/** What is known of targets, in the tables `storage_probes`, `storage_checks` and `storage_targets`. */
export function createStorageLog(): StorageLog {
  return {
    async addProbe(transaction, target, { at, latency, failure, used, total }) {
      const milliseconds = latency === undefined ? null : Math.round(latency);
      const values = [target, at, milliseconds, failure.slice(0, LONGEST_TEXT), used ?? null, total ?? null];
      await transaction.execute(ADD_PROBE, values);
    },
    async probes(transaction, target, since) {
      return (await transaction.execute<ProbeRow>(PROBES, [target, since])).map(probeOf);
    },
    use: (transaction, target, since) => transaction.execute<StorageUse>(USE, [target, since]),
    prune: async (transaction, before, limit) => (await transaction.execute(PRUNE, [before, limit])).length,
    async count(transaction, target, { intact, damaged }) {
      const minute = Math.floor((await transaction.now()) / MINUTE);
      await transaction.execute(COUNT, [target, minute, intact, damaged]);
      await transaction.execute(FORGET_CHECKS, [target, minute - KEPT_CHECKS]);
    },
    async checks(transaction, target, since) {
      const values = [target, Math.floor(since / MINUTE)];
      const [row] = await transaction.execute<{ intact: number; damaged: number }>(CHECKS, values);
      return { intact: Number(row?.intact ?? 0), damaged: Number(row?.damaged ?? 0) };
    },
    async halted(transaction, target) {
      const [row] = await transaction.execute<{ halted_at: number; halted_by: string }>(HALTED, [target]);
      return row === undefined ? undefined : { at: row.halted_at, reason: row.halted_by };
    },
    async halt(transaction, target, reason) {
      const values = [target, await transaction.now(), reason.slice(0, LONGEST_TEXT)];
      return (await transaction.execute(HALT, values)).length > 0;
    },
    async resume(transaction, target) {
      await transaction.execute(FORGET_CHECKS, [target, Number.MAX_SAFE_INTEGER]);
      return (await transaction.execute(RESUME, [target])).length > 0;
    },
    async notes(transaction, target) {
      const [row] = await transaction.execute<{ notes: string }>(NOTES, [target]);
      const notes: unknown = row === undefined ? undefined : JSON.parse(row.notes);
      return notes;
    },
    async setNotes(transaction, target, notes) {
      await transaction.execute(SET_NOTES, [target, JSON.stringify(notes)]);
    },
  };
}

function probeOf({ at, latency, failure, used, total }: ProbeRow): StorageProbe {
  return {
    ...{ at, failure, latency: latency ?? undefined },
    ...{ used: used ?? undefined, total: total ?? undefined },
  };
}
