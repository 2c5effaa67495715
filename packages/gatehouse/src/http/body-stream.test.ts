import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { BodyStream, UPLOAD_PACE, type BodyPace } from "./body-stream.ts";

const PACE = { least: 100, interval: 1_000, longest: 60_000 };

/** A body that the test sends piece by piece, read with a clock that stands still. */
function open(pace: BodyPace = PACE) {
  const clock = createFakeClock();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  const request = new Request("http://a/", { method: "POST", body, duplex: "half" });
  const allowed: number[] = [];
  const stream = new BodyStream(request, { pace, clock, timers: clock, allowTime: (time) => allowed.push(time) });
  assert.ok(controller);
  return { clock, stream, allowed, controller, send: (bytes: number) => controller?.enqueue(new Uint8Array(bytes)) };
}

const outcomeOf = (piece: Uint8Array | Denial | undefined): number | string =>
  piece === undefined ? "end" : isDenial(piece) ? `${piece.problem.code}: ${piece.detail}` : piece.byteLength;
const TOO_SLOW = "REQUEST_TIMEOUT: The body came too slowly.";

describe("BodyStream", () => {
  it("gives all of a body, and leaves no timer behind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 })), async (pieces) => {
        const { clock, stream, controller } = open();
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
        const read: Uint8Array[] = [];
        for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) {
          assert.ok(!isDenial(piece));
          read.push(piece);
        }
        assert.deepEqual(Buffer.concat(read), Buffer.concat(pieces));
        assert.equal(clock.waiting, 0);
      }),
      { numRuns: 50 },
    );
  });

  it("has nothing to give for a request without a body", async () => {
    const clock = createFakeClock();
    const parts = { pace: PACE, clock, timers: clock, allowTime: undefined };
    assert.equal(await new BodyStream(new Request("http://a/"), parts).read(), undefined);
    assert.equal(clock.waiting, 0);
  });

  it("gives up a body that stops, and one that goes on too slowly", async () => {
    for (const piece of [0, 1, 9]) {
      const { clock, stream, send } = open();
      for (let rounds = 0; ; rounds += 1) {
        assert.ok(rounds <= 11, `${piece} bytes each 100 ms went on`);
        const next = stream.read();
        await clock.advance(piece > 0 ? 100 : PACE.interval);
        if (piece > 0) send(piece);
        const outcome = outcomeOf(await next);
        if (outcome === TOO_SLOW) break;
      }
      assert.equal(clock.waiting, 0);
    }
  });

  it("gives up an upload of a few kilobytes a second after ten seconds", async () => {
    const { clock, stream, send } = open(UPLOAD_PACE);
    send(64);
    assert.equal(outcomeOf(await stream.read()), 64);
    for (let seconds = 1; ; seconds += 1) {
      assert.ok(seconds <= 10, "it went on");
      const next = stream.read();
      await clock.advance(1_000);
      send(2_000);
      if (outcomeOf(await next) === TOO_SLOW) break;
    }
  });

  it("goes on with a body that keeps its pace, until it takes too long", async () => {
    const { clock, stream, send } = open();
    const began = clock.now();
    let outcome: number | string = 0;
    while (typeof outcome === "number") {
      const next = stream.read();
      await clock.advance(900);
      send(100);
      await clock.advance(0);
      outcome = outcomeOf(await next);
    }
    assert.equal(outcome, TOO_SLOW);
    assert.ok(clock.now() - began >= PACE.longest && clock.now() - began < PACE.longest + 2_000);
  });

  it("holds nobody to a pace while the reader is busy", async () => {
    const { clock, stream, send } = open();
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const next = stream.read();
      send(1);
      assert.equal(outcomeOf(await next), 1);
      // Storing it takes longer than a sender may.
      await clock.advance(PACE.interval * 2);
    }
  });

  // A process that was busy for a while finds that the timer is due and that bytes have come, at once.
  it("takes what has come before it gives anybody up", async () => {
    const { clock, stream, send } = open();
    const next = stream.read();
    const late = clock.advance(PACE.interval);
    // The timer runs after four turns of the event loop; the bytes are there one turn after it.
    for (let turn = 0; turn < 4; turn += 1) await new Promise(setImmediate);
    send(100);
    await late;
    assert.equal(outcomeOf(await next), 100);
  });

  it("has one timer for many pieces, not one for each", async () => {
    const clock = createFakeClock();
    let timers = 0;
    const counted = { after: (...given: Parameters<typeof clock.after>) => ((timers += 1), clock.after(...given)) };
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let count = 0; count < 1_000; count += 1) controller.enqueue(new Uint8Array(1));
        controller.close();
      },
    });
    const request = new Request("http://a/", { method: "POST", body, duplex: "half" });
    const stream = new BodyStream(request, { pace: PACE, clock, timers: counted, allowTime: undefined });
    let read = 0;
    for (let piece = await stream.read(); piece !== undefined; piece = await stream.read()) read += 1;
    assert.equal(read, 1_000);
    assert.equal(timers, 2);
    assert.equal(clock.waiting, 0);
  });

  it("gives up a body in far more pieces than its bytes warrant", async () => {
    const { clock, stream, send } = open();
    for (let count = 0; ; count += 1) {
      assert.ok(count < 5_000, "it went on");
      send(1);
      const outcome = outcomeOf(await stream.read());
      if (outcome === 1) continue;
      assert.equal(outcome, "MALFORMED_REQUEST: The body comes in too many pieces.");
      break;
    }
    assert.equal(clock.waiting, 0);
  });

  it("says so when the sender is gone", async () => {
    const { stream, controller } = open();
    const next = stream.read();
    controller.error(new Error("reset"));
    assert.equal(outcomeOf(await next), "REQUEST_TIMEOUT: The body ended early.");
  });

  it("asks for more time once, and only when it is told to", async () => {
    const { stream, allowed, send } = open();
    send(1);
    await stream.read();
    assert.deepEqual(allowed, []);
    stream.allowTime();
    stream.allowTime();
    assert.deepEqual(allowed, [PACE.longest + 5_000]);
  });
});
