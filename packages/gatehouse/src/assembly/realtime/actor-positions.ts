import type { ActorRecords } from "../../kernel/ports/actors.ts";
import type { StreamPosition, StreamPositions } from "../../kernel/ports/publications.ts";
import { parseChannel } from "../../realtime/channel-name.ts";

/** What positions are found by besides the publications that are kept. */
export interface ActorPositionsParts {
  readonly positions: StreamPositions;
  readonly records: Pick<ActorRecords, "find">;
  readonly partsOf: (type: string) => number | undefined;
}

/**
 * Where streams are: of a channel of which nothing is kept any more, the actor itself knows. Taken for one on which nothing
 * was published, its next publication would look like one before which others were missed.
 */
export function actorPositions({ positions, records, partsOf }: ActorPositionsParts): StreamPositions {
  return {
    async newest(transaction, keys) {
      const found: (StreamPosition | undefined)[] = [...(await positions.newest(transaction, keys))];
      for (const [index, { tenant, channel }] of keys.entries()) {
        if (found[index] !== undefined) continue;
        const parts = parseChannel(channel, partsOf);
        if (parts === undefined) continue;
        const { type, key } = parts;
        const record = await records.find(transaction, { tenant, type, key });
        if (record === undefined) continue;
        // Only turns write it.
        const offsets = JSON.parse(record.offsets) as Readonly<Record<string, number>>;
        found[index] = { offset: offsets[channel] ?? 0, epoch: record.streamEpoch };
      }
      return found;
    },
  };
}
