import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { EventSource } from "eventsource";
import { CASES, TRANSPORTS } from "../../testing/centrifuge-cases.ts";
import { CENTRIFUGE_SETTINGS, serverSide } from "../../testing/centrifuge-server-side.ts";
import { startRealtimeSite, type RealtimeSite } from "../../testing/realtime-site.ts";

describe("the client of the protocol", { concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    describe(`over ${transport}`, { concurrency: 1 }, () => {
      let site: RealtimeSite;
      before(async () => {
        site = await startRealtimeSite({ settings: CENTRIFUGE_SETTINGS });
      });
      after(() => site[Symbol.asyncDispose]());

      for (const { name, run, observed } of CASES) {
        it(name, async () => {
          const { origin } = site;
          assert.deepEqual(
            await run({ origin, transport, server: serverSide(site.realtime), eventSource: EventSource }),
            observed,
          );
        });
      }
    });
  }
});
