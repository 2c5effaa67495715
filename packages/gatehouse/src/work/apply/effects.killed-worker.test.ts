import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../kernel/clock.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { RITA } from "../../testing/review-kit-people.ts";
import { reviewKitMigrations, type SentLetter } from "../../testing/review-kit-things.ts";
import { ReviewKit } from "../../testing/review-kit.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";

const WORKER = fileURLToPath(new URL("../../testing/work-effects-worker.ts", import.meta.url));
const migrations = [...coreMigrations, ...reviewKitMigrations];

/** Takes letters, and tells those that it has by their keys, as other systems do. */
async function openReceiver(): Promise<
  { readonly address: string; readonly tried: SentLetter[]; readonly kept: Map<string, string> } & AsyncDisposable
> {
  const tried: SentLetter[] = [];
  const kept = new Map<string, string>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const letter = JSON.parse(body) as SentLetter;
      tried.push(letter);
      kept.set(letter.key, letter.text);
      response.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ...{ address: `http://127.0.0.1:${port}/`, tried, kept },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function runWorker(...parameters: readonly string[]): Promise<string> {
  const options = ["--conditions=gatehouse-source", WORKER, ...parameters];
  const worker = spawn(process.execPath, options, { stdio: ["ignore", "ignore", "inherit"] });
  const [code, signal] = (await once(worker, "exit")) as [number | null, string | null];
  return signal ?? String(code);
}

/*
 * A worker ends between a side effect and its note of it, as when its machine is switched off: the letter must not be
 * lost, and whoever gets it twice must be able to tell.
 */
describe("a worker of the outbox that is killed", () => {
  it("has its effect tried again under the same key, by which it is had once", async () => {
    using directory = createTemporaryDirectory();
    await using receiver = await openReceiver();
    const open = () => openSqliteStore({ directory: directory.path, clock: systemClock, migrations });
    const order = await (async () => {
      await using store = await open();
      await using kit = await ReviewKit.open({ store, seed: "before" });
      const seen = await kit.planned({ letter: "once" });
      await kit.done("work.approve", seen, RITA);
      await kit.run(["work"]);
      assert.equal((await kit.find(seen.order)).state, "completed");
      return seen.order;
    })();
    assert.deepEqual(receiver.tried, []);
    assert.equal(await runWorker(directory.path, receiver.address, "die"), "SIGKILL");
    assert.equal(receiver.tried.length, 1);
    assert.equal(await runWorker(directory.path, receiver.address, "live"), "0");
    assert.equal(receiver.tried.length, 2);
    assert.deepEqual([...receiver.kept], [[`${order}:1:1`, "once"]]);
    await using store = await open();
    await using kit = await ReviewKit.open({ store, seed: "after" });
    assert.equal((await kit.events(order)).filter((kind) => kind === "effect_done").length, 1);
    await kit.run();
    assert.equal(receiver.tried.length, 2, "what is done is not done again");
  });
});
