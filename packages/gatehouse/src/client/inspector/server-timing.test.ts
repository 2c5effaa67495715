import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createServerTimings } from "../../http/server-timing.ts";
import { readServerTiming } from "./server-timing.ts";

describe("readServerTiming", () => {
  it("reads what the server writes", async () => {
    let now = 0;
    const timings = createServerTimings({ monotonic: () => now });
    const { headers } = await timings.answer(async () => {
      timings.measure({ name: "limit", of: "admit-principal" }, () => (now += 0.125));
      timings.measure({ name: "execute", of: "counter.add" }, () => (now += 2));
      return new Response();
    });
    assert.deepEqual(readServerTiming(headers.get("server-timing")), [
      { name: "total", of: "", duration: 2.125 },
      { name: "limit", of: "admit-principal", duration: 0.125 },
      { name: "execute", of: "counter.add", duration: 2 },
    ]);
  });

  it("reads what proxies add, in every form of the specification", () => {
    const field = 'miss, db;dur=53, cache ; desc="Cache, \\"warm\\"" ; dur=23.2 ,edge;desc=here;other,x;dur="7"';
    assert.deepEqual(readServerTiming(field), [
      { name: "miss", of: "", duration: 0 },
      { name: "db", of: "", duration: 53 },
      { name: "cache", of: 'Cache, "warm"', duration: 23.2 },
      { name: "edge", of: "here", duration: 0 },
      { name: "x", of: "", duration: 7 },
    ]);
    assert.deepEqual(readServerTiming(null), []);
    assert.deepEqual(readServerTiming(""), []);
  });
});
