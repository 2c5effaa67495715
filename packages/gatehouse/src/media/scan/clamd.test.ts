import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createServer, type AddressInfo } from "node:net";
import { systemClock } from "../../kernel/clock.ts";
import {
  MALWARE_MARKER,
  MALWARE_SIGNATURE,
  skipWithoutClamd,
  startClamd,
  type ClamdService,
} from "../../testing/clamd.ts";
import { createClamdScanner, type ClamdOptions } from "./clamd.ts";
import { readReply, readVersion } from "./clamd-reply.ts";
import type { Scanner, ScanVerdict } from "./scanner.ts";

const MIB = 1_048_576;
const DAY = 86_400_000;
const LIMITS = { streamMaxLength: 3 * MIB, maxFileSize: 2 * MIB, maxScanSize: 4 * MIB };
const SETTINGS = ["StreamMaxLength 3M", "MaxFileSize 2M", "MaxScanSize 4M"];

describe("clamd", { skip: skipWithoutClamd() }, () => {
  let service: ClamdService | undefined;
  const clamd = (): ClamdService => service ?? assert.fail();
  const scanner = (more: Partial<ClamdOptions> = {}): Scanner =>
    createClamdScanner({
      ...{ address: { path: clamd().path }, clock: systemClock, limits: LIMITS, maxSignatureAge: 7 * DAY },
      ...{ patience: { answer: 2000, scan: 5000 } },
      ...more,
    });
  before(async () => {
    service = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 100 }, settings: SETTINGS });
  });
  after(() => service?.[Symbol.asyncDispose]());

  it("calls a file clean by name of its signatures", async () => {
    const verdict = await scan(scanner(), Buffer.alloc(MIB, "photo"));
    assert.equal(verdict.verdict, "clean");
    assert.ok(verdict.verdict === "clean" && /^ClamAV .*\/100\//.test(verdict.by.text));
    assert.ok(verdict.verdict === "clean" && Math.abs((verdict.by.signaturesAt ?? 0) - systemClock.now() + DAY) < DAY);
  });

  it("finds malware wherever in the stream it is, across pieces", async () => {
    for (const at of [0, 65_530, MIB - 40]) {
      const file = Buffer.alloc(MIB);
      file.write(MALWARE_MARKER, at);
      const verdict = await scan(scanner(), file);
      assert.ok(verdict.verdict === "infected" && verdict.signature === MALWARE_SIGNATURE, `at ${at}`);
    }
  });

  it("calls an empty file clean", async () => {
    assert.equal((await scan(scanner(), Buffer.alloc(0))).verdict, "clean");
  });

  it("never calls clean what is larger than what clamd looks at", async () => {
    // clamd itself says OK here: the marker lies behind its MaxFileSize.
    const file = Buffer.concat([Buffer.alloc(2 * MIB + 10), Buffer.from(MALWARE_MARKER)]);
    const believed = { streamMaxLength: 100 * MIB, maxFileSize: 100 * MIB, maxScanSize: 100 * MIB };
    assert.equal((await scan(scanner({ limits: believed }), file)).verdict, "clean");
    assert.equal((await scan(scanner(), file)).verdict, "unscannable");
    assert.equal((await scan(scanner(), file, { announced: 10 })).verdict, "unscannable");
  });

  it("takes clamd's own word that a stream is too long", async () => {
    const believed = { streamMaxLength: 100 * MIB, maxFileSize: 100 * MIB, maxScanSize: 100 * MIB };
    const verdict = await scan(scanner({ limits: believed }), Buffer.alloc(8 * MIB));
    assert.notEqual(verdict.verdict, "clean");
  });

  it("calls nothing clean by old signatures, and malware all the same", async () => {
    const old = scanner({ maxSignatureAge: DAY / 4 });
    assert.equal((await scan(old, Buffer.from("photo"))).verdict, "unavailable");
    assert.equal((await scan(old, Buffer.from(MALWARE_MARKER))).verdict, "infected");
    assert.equal((await old.status()).state, "outdated");
  });

  it("is unavailable while clamd hangs, within its patience", async () => {
    await clamd().process.pause();
    try {
      const started = systemClock.monotonic();
      const hanging = scanner({ patience: { answer: 150, scan: 150 } });
      assert.equal((await scan(hanging, Buffer.alloc(MIB))).verdict, "unavailable");
      assert.equal((await hanging.status()).state, "unavailable");
      assert.ok(systemClock.monotonic() - started < 4000);
    } finally {
      await clamd().process.resume();
    }
  });

  it("is unavailable while clamd is stopped, and well again after", async () => {
    await clamd().process.stop();
    assert.equal((await scan(scanner(), Buffer.from("photo"))).verdict, "unavailable");
    await clamd().process.start();
    assert.equal((await scan(scanner(), Buffer.from("photo"))).verdict, "clean");
  });

  it("gives up when told to", async () => {
    const stop = new AbortController();
    using running = scanner().begin(MIB, stop.signal);
    await running.write(Buffer.alloc(1000));
    stop.abort();
    await running.write(Buffer.alloc(1000));
    assert.equal((await running.end()).verdict, "unavailable");
  });
});

describe("answers of what is no clamd", () => {
  it("are never clean", async () => {
    for (const reply of [
      "stream: OK",
      "HTTP/1.1 200 OK\r\n\r\nstream: OK\0",
      "\0",
      "stream: OK\n stream: Eicar FOUND\0",
    ]) {
      const server = createServer((socket) => {
        socket.on("error", () => undefined);
        socket.end(reply);
      }).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      // It listens on a port.
      const { port } = server.address() as AddressInfo;
      const scanner = createClamdScanner({
        ...{ address: { host: "127.0.0.1", port }, clock: systemClock, limits: LIMITS, maxSignatureAge: undefined },
        patience: { answer: 500, scan: 500 },
      });
      assert.equal((await scan(scanner, Buffer.from("photo"))).verdict, "unavailable", JSON.stringify(reply));
      server.close();
    }
  });

  it("are told apart by their exact words", () => {
    const kinds = (texts: readonly string[]): string[] => texts.map((text) => readReply(text).kind);
    assert.deepEqual(kinds(["stream: OK", "stream: OK ", "OK", "", "stream: ok"]), [
      ...["ok", "unclear", "unclear", "unclear", "unclear"],
    ]);
    assert.deepEqual(
      kinds([
        "stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND",
        "stream: Heuristics.Encrypted.Zip FOUND",
        "stream: (null) FOUND",
        "INSTREAM size limit exceeded. ERROR",
      ]),
      ["unscannable", "unscannable", "unscannable", "unscannable"],
    );
    assert.deepEqual(kinds(["stream: Can't allocate memory ERROR", "COMMAND READ TIMED OUT"]), ["unclear", "unclear"]);
    assert.deepEqual(readReply("stream: Eicar-Test-Signature FOUND"), {
      kind: "found",
      signature: "Eicar-Test-Signature",
    });
  });

  it("are no versions", () => {
    assert.equal(readVersion("ClamAV 1.4.6")?.signaturesAt, undefined);
    assert.ok((readVersion("ClamAV 1.4.6/27001/Mon Nov 23 23:20:14 2026")?.signaturesAt ?? 0) > Date.UTC(2026, 10, 21));
    for (const text of ["", "ClamAV", "UNKNOWN COMMAND", "ClamAV 1.4.6/x/y"])
      assert.equal(readVersion(text), undefined);
  });
});

async function scan(
  scanner: Scanner,
  file: Uint8Array,
  { announced = file.length }: { readonly announced?: number } = {},
): Promise<ScanVerdict> {
  using running = scanner.begin(announced, new AbortController().signal);
  for (let at = 0; at < file.length; at += 65_536) await running.write(file.subarray(at, at + 65_536));
  return await running.end();
}
