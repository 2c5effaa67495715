import assert from "node:assert/strict";
import { it } from "node:test";
import { systemClock } from "../../kernel/clock.ts";
import { requireConfig } from "../../kernel/config.ts";
import { newsOverRealtime } from "./news.ts";

it("news that would travel over connections there are none of keep a server from starting", () => {
  const config = requireConfig({ file: { profile: "development", live: { push: "realtime" } }, clock: systemClock });
  assert.throws(() => newsOverRealtime(config, {}), { name: "BootRefusedError", message: /live\.push/ });
  const { sources, push } = newsOverRealtime(config, { realtime: { actors: [] } });
  assert.deepEqual(sources, [{ channel: ":live", action: "live.follow" }]);
  assert.equal(push.connectionBytes, 32 * 1024);
});
