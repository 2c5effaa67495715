import type { ChannelKey, Publications, StoredPublication } from "../../../kernel/ports/publications.ts";
import type { SqlValue } from "../../../kernel/ports/store.ts";
import { portableStatement } from "../statement.ts";

interface PublicationRow {
  readonly number: number;
  readonly epoch: string;
  readonly data: string;
  readonly info: string | null;
  readonly audience: string | null;
  readonly at: number;
}

const COLUMNS = "number, epoch, data, info, audience, at";
const THIS = "WHERE tenant = $1 AND channel = $2";

const APPEND = portableStatement(
  `INSERT INTO realtime_publications (tenant, channel, ${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);
const AFTER = portableStatement(
  `SELECT ${COLUMNS} FROM realtime_publications ${THIS} AND epoch = $3 AND number > $4 ORDER BY number LIMIT $5`,
);
const NEWEST = portableStatement(
  `SELECT ${COLUMNS} FROM realtime_publications ${THIS} AND epoch = $3 AND number < $4 ORDER BY number DESC LIMIT $5`,
);
const PRUNE = portableStatement(
  `DELETE FROM realtime_publications WHERE (tenant, channel, number) IN
   (SELECT tenant, channel, number FROM realtime_publications WHERE at < $1 ORDER BY at LIMIT $2)
   RETURNING number`,
);
const TRIM = portableStatement(
  `DELETE FROM realtime_publications ${THIS} AND number <=
   (SELECT MAX(number) FROM realtime_publications ${THIS}) - CAST($3 AS BIGINT)`,
);

/** What channels have published lately, in the table `realtime_publications`. */
export function createPublications(): Publications {
  return {
    async append(transaction, key, publications) {
      for (const { offset, epoch, data, info, at, ...whom } of publications) {
        await transaction.execute(APPEND, [...place(key), offset, epoch, data, info ?? null, writeWhom(whom), at]);
      }
    },
    // oxlint-disable-next-line eslint/max-params -- the port has four
    async after(transaction, key, { offset, epoch }, limit) {
      const values = [...place(key), epoch, offset, limit];
      return (await transaction.execute<PublicationRow>(AFTER, values)).map(publicationOf);
    },
    async newest(transaction, key, { epoch, before = Number.MAX_SAFE_INTEGER, limit }) {
      const values = [...place(key), epoch, before, limit];
      return (await transaction.execute<PublicationRow>(NEWEST, values)).map(publicationOf);
    },
    async prune(transaction, { at, limit }) {
      return (await transaction.execute(PRUNE, [at, limit])).length;
    },
    async trim(transaction, key, keep) {
      await transaction.execute(TRIM, [...place(key), keep]);
    },
  };
}

function place({ tenant, channel }: ChannelKey): SqlValue[] {
  return [tenant, channel];
}

function publicationOf({ number, epoch, data, info, audience, at }: PublicationRow): StoredPublication {
  return {
    offset: number,
    epoch,
    data,
    at,
    ...(info === null ? {} : { info }),
    ...(audience === null ? {} : readWhom(audience)),
  };
}

/** Whom a publication is for, and who is left out. */
type Whom = Pick<StoredPublication, "audience" | "except">;

/** As the column has it: a list of whom it is for, unless there is more to say. */
function writeWhom({ audience, except }: Whom): string | null {
  if (except !== undefined) return JSON.stringify({ audience, except });
  return audience === undefined ? null : JSON.stringify(audience);
}

function readWhom(text: string): Whom {
  // Only `writeWhom` writes the column.
  const read = JSON.parse(text) as readonly string[] | Whom;
  return isList(read) ? { audience: read } : read;
}

function isList(read: readonly string[] | Whom): read is readonly string[] {
  return Array.isArray(read);
}
