import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { KeptDocument } from "./kept-document.ts";

describe("a document of an issuer", () => {
  it("is fetched once for all who need it, and again when it is old", async () => {
    const clock = createFakeClock();
    let loads = 0;
    const document = new KeptDocument({ clock, load: async () => (loads += 1) });
    assert.deepEqual(await Promise.all([document.get(), document.get(), document.get()]), [1, 1, 1]);
    await clock.advance(600_000);
    assert.equal(await document.get(), 1);
    await clock.advance(1);
    assert.equal(await document.get(), 2);
  });

  it("is given anew to all who have the old one, and is not fetched for each of them", async () => {
    const clock = createFakeClock();
    let loads = 0;
    const document = new KeptDocument({ clock, load: async () => (loads += 1) });
    const stale = await document.get();
    assert.equal(await document.renewed(stale), undefined, "too early");
    await clock.advance(30_000);
    assert.equal(await document.renewed(stale), 2);
    assert.equal(await document.renewed(stale), 2);
    assert.equal(await document.renewed(2), undefined);
    assert.equal(loads, 2);
  });
});
