import type { WorkSubject, WorkSubjectKey, WorkSubjectKeys } from "../../../kernel/ports/work-subject-keys.ts";
import { portableStatement } from "../statement.ts";

interface KeyRow {
  readonly sealed_key: string | null;
}

const FIND = portableStatement("SELECT sealed_key FROM work_subject_keys WHERE tenant = $1 AND subject = $2");
/** The change of nothing has the row that is there returned as well, and locked. */
const ADD = portableStatement(
  `INSERT INTO work_subject_keys (tenant, subject, sealed_key, created_at, destroyed_at) VALUES ($1, $2, $3, $4, NULL)
   ON CONFLICT (tenant, subject) DO UPDATE SET created_at = work_subject_keys.created_at RETURNING sealed_key`,
);
/** A row for those, too, of whom there was nothing: no key is ever made for them. */
const DESTROY = portableStatement(
  `INSERT INTO work_subject_keys (tenant, subject, sealed_key, created_at, destroyed_at) VALUES ($1, $2, NULL, $3, $3)
   ON CONFLICT (tenant, subject) DO UPDATE SET sealed_key = NULL, destroyed_at = excluded.destroyed_at
   WHERE work_subject_keys.destroyed_at IS NULL RETURNING subject`,
);

/** Keys of subjects in the table `work_subject_keys`. */
export function createWorkSubjectKeys(): WorkSubjectKeys {
  return {
    async find(transaction, subject) {
      const [row] = await transaction.execute<KeyRow>(FIND, columns(subject));
      return row === undefined ? undefined : keyOf(row);
    },
    async add(transaction, subject, sealedKey) {
      const values = [...columns(subject), sealedKey, await transaction.now()];
      const [row] = await transaction.execute<KeyRow>(ADD, values);
      if (row === undefined) throw new Error("The key of a subject was neither added nor found.");
      return keyOf(row);
    },
    async destroy(transaction, subject) {
      return (await transaction.execute(DESTROY, [...columns(subject), await transaction.now()])).length > 0;
    },
  };
}

function columns({ tenant, subject }: WorkSubject): string[] {
  return [tenant, subject];
}

function keyOf({ sealed_key }: KeyRow): WorkSubjectKey {
  return { sealedKey: sealed_key ?? undefined };
}
