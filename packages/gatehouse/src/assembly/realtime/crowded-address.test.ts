import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { upgrade } from "../../testing/line-client.ts";
import { startRealtimeSite } from "../../testing/realtime-site.ts";

describe("a server with actors", () => {
  it("has as many connections open as its settings say, besides those of requests", async () => {
    const lines = { perAddress: 280, opening: 10_000 };
    await using site = await startRealtimeSite({ settings: { realtime: { lines } } });
    const port = Number(new URL(site.origin).port);
    await using stack = new AsyncDisposableStack();
    for (let open = 0; open < lines.perAddress; open += 1) {
      const { status } = stack.use(await upgrade(port));
      assert.equal(status, 101, `with ${open} open`);
    }
    const { status } = stack.use(await upgrade(port));
    assert.equal(status, 429, "and is told so where one is too many");
  });
});
