import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createServerTimings } from "./server-timing.ts";

/** A clock that goes as fast as it is told. */
let now = 0;
const clock = { monotonic: () => now };

/** Takes some time on the clock, and lets others go on meanwhile. */
async function take(milliseconds: number): Promise<void> {
  await Promise.resolve();
  now += milliseconds;
}

async function timingOf(work: (timings: ReturnType<typeof createServerTimings>) => Promise<unknown>): Promise<string> {
  const timings = createServerTimings(clock);
  const response = await timings.answer(async () => {
    await work(timings);
    return new Response("done");
  });
  return response.headers.get("server-timing") ?? "";
}

describe("server timings", () => {
  it("are written as the specification has them, the whole first", async () => {
    const field = await timingOf(async (timings) => {
      await timings.measure({ name: "limit", of: "limit" }, () => take(2.5));
      timings.measure({ name: "validate" }, () => (now += 1));
      await take(4);
    });
    assert.equal(field, 'total;dur=7.5, limit;desc="limit";dur=2.5, validate;dur=1');
  });

  it("count what is measured inside something else once", async () => {
    const field = await timingOf((timings) =>
      timings.measure({ name: "store" }, async () => {
        await take(1);
        await timings.measure({ name: "execute" }, async () => {
          await take(2);
          await timings.measure({ name: "render" }, () => take(4));
        });
        await take(8);
      }),
    );
    assert.equal(field, "total;dur=15, render;dur=4, execute;dur=2, store;dur=9");
  });

  it("add up parts of one name, and measure what fails", async () => {
    const field = await timingOf(async (timings) => {
      const part = { name: "seal", of: "open" };
      await timings.measure(part, () => take(1));
      assert.throws(() =>
        timings.measure(part, () => {
          now += 2;
          throw new Error("broken");
        }),
      );
      const failing = timings.measure(part, async () => {
        await take(4);
        throw new Error("broken");
      });
      await assert.rejects(failing);
    });
    assert.equal(field, 'total;dur=7, seal;desc="open";dur=7');
  });

  it("keep answers that are made at the same time apart", async () => {
    const timings = createServerTimings(clock);
    const answers = await Promise.all(
      ["one", "two"].map((name) =>
        timings.answer(async () => {
          await timings.measure({ name }, () => Promise.resolve());
          return new Response(name);
        }),
      ),
    );
    assert.deepEqual(
      answers.map(({ headers }) => headers.get("server-timing")),
      ["total;dur=0, one;dur=0", "total;dur=0, two;dur=0"],
    );
  });

  it("let no name out of its quotes", async () => {
    const field = await timingOf(async (timings) => {
      timings.measure({ name: "execute", of: 'a";dur=9, "b\r\nset-cookie: c' }, () => undefined);
    });
    assert.equal(field, 'total;dur=0, execute;desc="a??dur?9? ?b??set-cookie: c";dur=0');
  });

  it("measure nothing outside an answer", () => {
    assert.equal(
      createServerTimings(clock).measure({ name: "limit" }, () => "same"),
      "same",
    );
  });
});
