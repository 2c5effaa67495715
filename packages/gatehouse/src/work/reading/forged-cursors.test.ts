import assert from "node:assert/strict";
import { it } from "node:test";
import { base64url, utf8 } from "../../kernel/codec.ts";
import { RITA } from "../../testing/review-kit-people.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";

/*
 * Where a page begins is named by a text that goes through the client, who makes one up with numbers and texts that no
 * column holds. It is refused as what it is, and never reaches the database, which would answer with an error of its own.
 */
await describeReviewEngines("a forged place in a list", (open) => {
  it("is refused, whatever stands in it", async () => {
    await using kit = await open();
    const id = await kit.propose({ things: ["a"] });
    const cases: readonly (readonly [sort: string, value: string])[] = [
      ["-priority", "0.5"],
      ["-priority", "1e300"],
      ["-priority", "1e400"],
      ["-priority", "99999999999999999999"],
      ["created_at", "1.5"],
      ["created_at", '"1"'],
      ["updated_at", "null"],
      ["type", String.raw`"\u0000"`],
      ["type", String.raw`"\ud800"`],
      ["state", "1"],
      ["state", "{}"],
    ];
    for (const [sort, value] of cases) {
      const after = base64url(utf8(`{"id":"${id}","sort":["${sort}"],"values":[${value}]}`));
      assert.equal(
        await kit.denied("work.list", { sort: [sort], after }, RITA),
        "VALIDATION_ERROR",
        `${sort} ${value}`,
      );
    }
  });
});
