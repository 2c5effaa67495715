import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createStreamPositions } from "../../store/sql/realtime/stream-positions.ts";
import { actorRecords, keep, openTestInstallation, room } from "../../testing/cluster-kit.ts";
import { actorPositions } from "./actor-positions.ts";

describe("where the streams of actors are", () => {
  it("is known to the actor where nothing is kept any more, and to nobody where there is none", async () => {
    await using installation = await openTestInstallation();
    const { store } = installation;
    const address = room("quiet");
    const record = await store.write((transaction) => actorRecords.claim(transaction, address, "node1"));
    const offsets = JSON.stringify({ "room:quiet:staff": 7 });
    await store.write((transaction) => actorRecords.save(transaction, address, record, { state: "{}", offsets }));
    await keep(store, { tenant: "acme", channel: "room:kept" }, [1, 2]);
    const positions = actorPositions({
      ...{ positions: createStreamPositions(), records: actorRecords },
      partsOf: (type) => (type === "room" ? 1 : undefined),
    });
    const channels = ["room:quiet:staff", "room:quiet", "room:kept", "room:nobody", "other:x"];
    const keys = channels.map((channel) => ({ tenant: "acme", channel }));
    assert.deepEqual(await store.read((transaction) => positions.newest(transaction, keys)), [
      { offset: 7, epoch: record.streamEpoch },
      { offset: 0, epoch: record.streamEpoch },
      { offset: 2, epoch: "run" },
      undefined,
      undefined,
    ]);
  });
});
