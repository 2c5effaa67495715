import { base64url } from "../../../kernel/codec.ts";
import type { ActorAddress, ActorRecord, ActorRecords, ActorTimer } from "../../../kernel/ports/actors.ts";
import type { SqlValue } from "../../../kernel/ports/store.ts";
import type { Random } from "../../../kernel/random.ts";
import { portableStatement } from "../statement.ts";

interface ActorRow {
  readonly owner: string;
  readonly epoch: number;
  readonly version: number;
  readonly state: string;
  readonly offsets: string;
  readonly stream_epoch: string;
}

interface TimerRow {
  readonly tenant: string;
  readonly type: string;
  readonly key: string;
  readonly name: string;
  readonly due_at: number;
  readonly payload: string;
}

const STREAM_EPOCH_BYTES = 9;
const COLUMNS = "owner, epoch, version, state, offsets, stream_epoch";
const THIS = "WHERE tenant = $1 AND type = $2 AND key = $3";
const LIVES = (owner: string, now: string): string =>
  `EXISTS (SELECT 1 FROM realtime_nodes AS node WHERE node.id = ${owner} AND node.lease_until > ${now})`;

const FIND = portableStatement(`SELECT ${COLUMNS} FROM realtime_actors ${THIS}`);
const OPEN = portableStatement(
  `INSERT INTO realtime_actors (tenant, type, key, owner, epoch, version, state, offsets, stream_epoch)
   VALUES ($1, $2, $3, '', 0, 0, '', '{}', $4) ON CONFLICT (tenant, type, key) DO NOTHING
   RETURNING ${COLUMNS}`,
);
/** An actor that somebody alive owns is left alone and returns no row. */
const CLAIM = portableStatement(
  `INSERT INTO realtime_actors (tenant, type, key, owner, epoch, version, state, offsets, stream_epoch)
   VALUES ($1, $2, $3, $4, 1, 0, '', '{}', $5)
   ON CONFLICT (tenant, type, key) DO UPDATE SET owner = excluded.owner, epoch = realtime_actors.epoch + 1
   WHERE realtime_actors.owner <> excluded.owner AND NOT ${LIVES("realtime_actors.owner", "$6")}
   RETURNING ${COLUMNS}`,
);
const OWNED = `${THIS} AND owner = $4 AND epoch = $5`;
const SAVE = portableStatement(
  `UPDATE realtime_actors SET version = version + 1, state = $7, offsets = $8 ${OWNED} AND version = $6
   RETURNING version`,
);
const RELEASE = portableStatement(`UPDATE realtime_actors SET owner = '' ${THIS} AND owner = $4`);
const RELEASE_ALL = portableStatement("UPDATE realtime_actors SET owner = '' WHERE owner = $1");
const CLOSE = portableStatement(`DELETE FROM realtime_actors ${OWNED} RETURNING offsets`);
const CLOSE_TIMERS = portableStatement(`DELETE FROM realtime_timers ${THIS}`);
const CLOSE_STREAM = portableStatement("DELETE FROM realtime_publications WHERE tenant = $1 AND channel = $2");
const SET_TIMER = portableStatement(
  `INSERT INTO realtime_timers (tenant, type, key, name, due_at, payload) VALUES ($1, $2, $3, $4, $5, $6)
   ON CONFLICT (tenant, type, key, name) DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload`,
);
const CLEAR_TIMER = portableStatement(`DELETE FROM realtime_timers ${THIS} AND name = $4 RETURNING name`);
const CLEAR_TIMER_AT = portableStatement(
  `DELETE FROM realtime_timers ${THIS} AND name = $4 AND due_at = $5 RETURNING name`,
);
const DUE_TIMERS = portableStatement(
  `SELECT timer.tenant, timer.type, timer.key, timer.name, timer.due_at, timer.payload
   FROM realtime_timers AS timer LEFT JOIN realtime_actors AS actor
     ON actor.tenant = timer.tenant AND actor.type = timer.type AND actor.key = timer.key
   WHERE timer.due_at <= $2 AND (actor.owner IS NULL OR actor.owner = $1 OR NOT ${LIVES("actor.owner", "{now}")})
   ORDER BY timer.due_at, timer.tenant, timer.type, timer.key, timer.name LIMIT $3`,
);

/** Actors in the table `realtime_actors`, their timers in `realtime_timers`. `random` names the runs of their streams. */
export function createActorRecords({ random }: { readonly random: Random }): ActorRecords {
  const streamEpoch = (): string => base64url(random.bytes(STREAM_EPOCH_BYTES));
  const found = async (row: ActorRow | undefined, find: () => Promise<ActorRecord | undefined>) => {
    const record = row === undefined ? await find() : recordOf(row);
    if (record === undefined) throw new Error("An actor vanished while it was being claimed.");
    return record;
  };
  const records: ActorRecords = {
    async find(transaction, address) {
      const [row] = await transaction.execute<ActorRow>(FIND, place(address));
      return row === undefined ? undefined : recordOf(row);
    },
    async open(transaction, address) {
      const [row] = await transaction.execute<ActorRow>(OPEN, [...place(address), streamEpoch()]);
      return found(row, () => records.find(transaction, address));
    },
    async claim(transaction, address, node) {
      const values = [...place(address), node, streamEpoch(), await transaction.now()];
      const [row] = await transaction.execute<ActorRow>(CLAIM, values);
      return found(row, () => records.find(transaction, address));
    },
    // oxlint-disable-next-line eslint/max-params -- the port has four
    async save(transaction, address, { owner, epoch, version }, { state, offsets }) {
      const values = [...place(address), owner, epoch, version, state, offsets];
      return (await transaction.execute(SAVE, values)).length > 0;
    },
    async release(transaction, node, address) {
      if (address === undefined) await transaction.execute(RELEASE_ALL, [node]);
      else await transaction.execute(RELEASE, [...place(address), node]);
    },
    async close(transaction, address, { owner, epoch }) {
      const values = [...place(address), owner, epoch];
      const [row] = await transaction.execute<Pick<ActorRow, "offsets">>(CLOSE, values);
      if (row === undefined) return false;
      await transaction.execute(CLOSE_TIMERS, place(address));
      // `offsets` has been written by whoever runs the actor, as an object of numbers by channel.
      const channels = Object.keys(JSON.parse(row.offsets) as object);
      for (const channel of channels) await transaction.execute(CLOSE_STREAM, [address.tenant, channel]);
      return true;
    },
    async setTimer(transaction, address, { name, dueAt, payload }) {
      await transaction.execute(SET_TIMER, [...place(address), name, dueAt, payload]);
    },
    // oxlint-disable-next-line eslint/max-params -- the port has four
    async clearTimer(transaction, address, name, dueAt) {
      const [statement, when] = dueAt === undefined ? [CLEAR_TIMER, []] : [CLEAR_TIMER_AT, [dueAt]];
      return (await transaction.execute(statement, [...place(address), name, ...when])).length > 0;
    },
    // oxlint-disable-next-line eslint/max-params -- the port has four
    async dueTimers(transaction, node, now, limit) {
      return (await transaction.execute<TimerRow>(DUE_TIMERS, [node, now, limit])).map(timerOf);
    },
  };
  return records;
}

/** The key as a JSON array: no parts of one key read as those of another. */
function place({ tenant, type, key }: ActorAddress): SqlValue[] {
  return [tenant, type, JSON.stringify(key)];
}

function recordOf({ stream_epoch, ...row }: ActorRow): ActorRecord {
  return { ...row, streamEpoch: stream_epoch };
}

function timerOf({ tenant, type, key, name, due_at, payload }: TimerRow): ActorTimer & { address: ActorAddress } {
  // Only `place` writes the column.
  return { address: { tenant, type, key: JSON.parse(key) as string[] }, name, dueAt: due_at, payload };
}
