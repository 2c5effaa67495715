import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { readBody } from "./body.ts";
import { GatheredBytes } from "./gathered-bytes.ts";

const LIMIT = 100_000;

/** A request whose body comes in these pieces. */
function requestOf(pieces: Iterable<Uint8Array>, headers: Readonly<Record<string, string>> = {}): Request {
  const iterator = pieces[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = iterator.next();
      if (next.done !== true) return controller.enqueue(next.value);
      controller.close();
    },
  });
  return new Request("http://a/", { method: "POST", body, headers: { ...headers }, duplex: "half" });
}

function* pieces(count: number, length: number): Generator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield new Uint8Array(length).fill(index % 256);
}

const codeOf = (answer: Uint8Array | Denial): string | number =>
  isDenial(answer) ? answer.problem.code : answer.byteLength;

describe("readBody", () => {
  it("gives all of a body, however it is cut", async () => {
    const cuts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 9_000 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.boolean(), async (parts, declared) => {
        const whole = Buffer.concat(parts);
        const headers: Record<string, string> = declared ? { "content-length": String(whole.length) } : {};
        const read = await readBody(requestOf(parts, headers), 200_000);
        assert.ok(!isDenial(read));
        assert.deepEqual(Buffer.from(read), whole);
      }),
      { numRuns: 100 },
    );
  });

  it("refuses what is larger than the limit, and takes what is as large", async () => {
    assert.equal(codeOf(await readBody(requestOf(pieces(10, 10_000)), LIMIT)), LIMIT);
    assert.equal(codeOf(await readBody(requestOf(pieces(11, 10_000)), LIMIT)), "PAYLOAD_TOO_LARGE");
    const declared = { "content-length": String(LIMIT + 1) };
    assert.equal(codeOf(await readBody(requestOf(pieces(0, 1), declared), LIMIT)), "PAYLOAD_TOO_LARGE");
  });

  it("refuses bodies in far more pieces than their bytes warrant, whether their length is told or not", async () => {
    for (const headers of [{}, { "content-length": "50000" }]) {
      const read = readBody(requestOf(pieces(20_000, 1), headers), LIMIT);
      assert.equal(codeOf(await read), "MALFORMED_REQUEST");
    }
  });

  it("takes any body of 4,096 bytes, and longer ones in pieces of 64", async () => {
    assert.equal(codeOf(await readBody(requestOf(pieces(4_096, 1)), LIMIT)), 4_096);
    assert.equal(codeOf(await readBody(requestOf(pieces(1_500, 64)), LIMIT)), 96_000);
    assert.equal(codeOf(await readBody(requestOf(pieces(16_384, 64)), 1_048_576)), 1_048_576);
  });
});

describe("GatheredBytes", () => {
  it("takes about as much memory as there are bytes, however many pieces they come in", () => {
    const gathered = new GatheredBytes(1_048_576);
    const before = process.memoryUsage();
    const piece = Uint8Array.of(7);
    for (let count = 0; count < 1_048_576; count += 1) assert.ok(gathered.add(piece));
    assert.equal(gathered.add(piece), false);
    const { arrayBuffers } = process.memoryUsage();
    assert.ok(arrayBuffers - before.arrayBuffers < 4_194_304);
    const taken = gathered.take();
    assert.equal(taken.length, 1_048_576);
    assert.ok(taken.every((byte) => byte === 7));
    assert.equal(gathered.length, 0);
  });
});
