import { after } from "node:test";

import { systemClock } from "../../kernel/clock.ts";
import { describeCountersContract } from "../../testing/counters-contract.ts";
import { skipWithout, startValkey, type ValkeyService } from "../../testing/services.ts";
import { openValkeyConnection } from "./valkey-connection.ts";
import { createValkeyCounters } from "./valkey-counters.ts";

const skip = await skipWithout("valkey");
const opened = new AsyncDisposableStack();
after(() => opened.disposeAsync());

describeCountersContract(
  "Valkey",
  async (clock) => {
    const server: ValkeyService = opened.use(await startValkey());
    const connection = opened.use(
      await openValkeyConnection({ url: server.url, clock: systemClock, profile: "development", commandTimeout: 5000 }),
    );
    return createValkeyCounters({ connection, clock, time: "clock", prefix: `${server.freshPrefix()}{limits}:` });
  },
  { skip, histories: 300 },
);
