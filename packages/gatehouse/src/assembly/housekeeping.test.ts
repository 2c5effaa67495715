import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { openUploadFiles } from "../store/files/upload-files.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { createSessions } from "../store/sql/sessions.ts";
import { createUploadRecords } from "../store/sql/upload-records.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { startHousekeeping } from "./housekeeping.ts";

const HOUR = 3_600_000;
const QUOTA = { files: 1000, bytes: 1e12, total: 1e12 };

describe("housekeeping of uploads", () => {
  it("leaves what is taken and what still waits, and nothing else of ours", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-housekeeping-"));
    const clock = createFakeClock();
    const failures: unknown[] = [];
    const report = (error: unknown): void => void failures.push(error);
    await using store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations, report });
    const records = createUploadRecords();
    const sink = openUploadFiles(directory);
    const id = (number: number): string => number.toString(16).padStart(32, "0");
    /** A file of a session, as far as it got. */
    const leave = async (
      number: number,
      { row, whole = true }: { readonly row?: "arriving" | "pending" | "taken"; readonly whole?: boolean },
    ): Promise<void> => {
      const file = {
        id: id(number),
        tenant: "t",
        owner: "o",
        source: undefined,
        bytes: 1,
        announced: undefined,
        lifetime: HOUR,
      };
      await store.write(async (writing) => {
        if (row !== undefined) await records.reserve(writing, file, QUOTA);
        if (row === "pending" || row === "taken") await records.arrive(writing, file);
        if (row === "taken") await records.take(writing, file);
      });
      const writer = await sink.begin(file.id);
      await writer.write(Buffer.from("x"));
      // What is not whole is what a server leaves that is killed.
      if (whole) await writer.finish();
    };
    try {
      await leave(1, { row: "pending" });
      await leave(2, { row: "taken" });
      await clock.advance(2 * HOUR);
      await leave(3, { row: "pending" });
      await leave(4, { row: "taken" });
      await leave(5, { row: "arriving", whole: false });
      await leave(6, { row: "arriving" });
      await leave(7, { whole: false });
      // Forgotten by its application, and more of that than are looked at together.
      for (let number = 100; number < 700; number += 1) await writeFile(join(directory, id(number)), "x");
      await writeFile(join(directory, "notes.txt"), "not ours");
      const expected = [id(2), id(3), id(4), "notes.txt"];
      {
        const services = { store, clock, documents: createDocuments(), uploads: { sink, records } };
        const others = { records: createIdempotencyRecords(), sessions: createSessions() };
        await using _running = startHousekeeping({
          ...services,
          ...others,
          prune: async () => 0,
          remind: async () => undefined,
          report,
        });
        const isDone = async (): Promise<boolean> => (await readdir(directory)).length === expected.length;
        for (const end = performance.now() + 60_000; performance.now() < end && !(await isDone());) await pause(20);
      }
      assert.deepEqual((await readdir(directory)).sort(), expected);
      const known = await store.read((reading) => records.known(reading, [1, 2, 3, 4, 5, 6, 7].map(id)));
      assert.deepEqual([...known].sort(), [id(2), id(3), id(4)]);
      assert.deepEqual(failures, []);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
