import type { ChannelKey, StreamPositions } from "../../../kernel/ports/publications.ts";
import { portableStatement } from "../statement.ts";

interface NewestRow {
  readonly tenant: string;
  readonly channel: string;
  readonly epoch: string;
  readonly number: number;
}

/** The keys come as JSON, so that one statement serves any number of them. PostgreSQL is told to look for each by the index. */
const NEWEST = Object.freeze({
  sqlite: portableStatement(
    `SELECT wanted.tenant, wanted.channel, newest.epoch, newest.number
     FROM (SELECT value ->> 0 AS tenant, value ->> 1 AS channel FROM json_each($1)) AS wanted
     JOIN realtime_publications AS newest ON newest.tenant = wanted.tenant AND newest.channel = wanted.channel
     WHERE newest.number = (
       SELECT MAX(number) FROM realtime_publications AS other
       WHERE other.tenant = wanted.tenant AND other.channel = wanted.channel)`,
  ).sqlite,
  postgres: portableStatement(
    `SELECT wanted.tenant, wanted.channel, newest.epoch, newest.number
     FROM (SELECT value ->> 0 AS tenant, value ->> 1 AS channel FROM json_array_elements(CAST($1 AS JSON))) AS wanted
     CROSS JOIN LATERAL (
       SELECT epoch, number FROM realtime_publications
       WHERE tenant = wanted.tenant AND channel = wanted.channel ORDER BY number DESC LIMIT 1) AS newest`,
  ).postgres,
});

/** Positions by the newest rows of the table `realtime_publications`. */
export function createStreamPositions(): StreamPositions {
  return {
    async newest(transaction, keys) {
      if (keys.length === 0) return [];
      const wanted = JSON.stringify(keys.map(({ tenant, channel }) => [tenant, channel]));
      const rows = await transaction.execute<NewestRow>(NEWEST, [wanted]);
      const found = new Map(rows.map((row) => [nameOf(row), { offset: row.number, epoch: row.epoch }]));
      return keys.map((key) => found.get(nameOf(key)));
    },
  };
}

function nameOf({ tenant, channel }: ChannelKey): string {
  return JSON.stringify([tenant, channel]);
}
