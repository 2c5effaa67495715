import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openUploadFiles } from "../store/files/upload-files.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createIdempotencyRecords } from "../store/sql/idempotency-records.ts";
import { createSessions } from "../store/sql/sessions.ts";
import { createUploadRecords } from "../store/sql/media/upload-records.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { createStrayUploadsJob } from "./stray-uploads.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const QUOTA = { files: 1000, bytes: 1e12, total: 1e12 };

type Row = "arriving" | "pending" | "taken";

/** A store, a directory of uploads, and the housekeeping of both. */
async function createFixture(directory: string) {
  const clock = createFakeClock();
  const failures: unknown[] = [];
  const said: string[] = [];
  const report = (error: unknown): void => void failures.push(error);
  const store = await openSqliteStore({ memory: true, clock, migrations: coreMigrations, report });
  const records = createUploadRecords();
  const documents = createDocuments();
  const uploads = { sink: openUploadFiles(directory), records };
  const strays = createStrayUploadsJob({
    note: "stray-uploads",
    ...{ store, documents, uploads },
    found: (files) => said.push(`found ${files}`),
    deleted: (files) => said.push(`deleted ${files}`),
  });
  return {
    ...{ clock, failures, said, store, records },
    /** A file of a session, as far as it got. */
    async leave(
      number: number,
      { row, whole = true }: { readonly row?: Row; readonly whole?: boolean },
    ): Promise<void> {
      const own = { id: id(number), tenant: "t", owner: "o", source: undefined };
      const file = { ...own, bytes: 1, announced: undefined, lifetime: HOUR };
      await store.write(async (writing) => {
        if (row !== undefined) await records.reserve(writing, file, QUOTA);
        if (row === "pending" || row === "taken") await records.arrive(writing, file);
        if (row === "taken") await records.take(writing, file);
      });
      const writer = await uploads.sink.begin(file.id);
      await writer.write(Buffer.from("x"));
      // What is not whole is what a server leaves that is killed.
      if (whole) await writer.finish();
    },
    /** Tidies up once. */
    async tidy(): Promise<void> {
      const tidied = Promise.withResolvers<void>();
      const remind = async (): Promise<void> => tidied.resolve();
      const others = { records: createIdempotencyRecords(), sessions: createSessions(), prune: async () => 0 };
      const fail = (error: unknown): void => {
        report(error);
        tidied.resolve();
      };
      const guests = { joinTokens: { prune: async () => 0 }, look: async () => undefined };
      const parts = { ...guests, store, clock, documents, uploads, strays, remind };
      await using _running = startHousekeeping({ ...parts, ...others, report: fail });
      await tidied.promise;
    },
  };
}

function id(number: number): string {
  return number.toString(16).padStart(32, "0");
}

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-housekeeping-"));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe("housekeeping of uploads", () => {
  it("deletes what nobody took in time or was given up, and nothing else of ours", () =>
    inDirectory(async (directory) => {
      const { clock, store, records, failures, said, leave, tidy } = await createFixture(directory);
      await using _store = store;
      await leave(1, { row: "pending" });
      await leave(2, { row: "taken" });
      await clock.advance(2 * HOUR);
      await leave(3, { row: "pending" });
      await leave(4, { row: "taken" });
      await leave(5, { row: "arriving", whole: false });
      await leave(6, { row: "arriving" });
      // Given up by its application, and more of that than are looked at together.
      for (let number = 100; number < 700; number += 1) await leave(number, { row: "taken" });
      await store.write(async (writing) => {
        for (let number = 100; number < 700; number += 1) await records.forget(writing, id(number));
      });
      await writeFile(join(directory, "notes.txt"), "not ours");
      await tidy();
      assert.deepEqual((await readdir(directory)).sort(), [id(2), id(3), id(4), "notes.txt"]);
      const known = await store.read((reading) => records.known(reading, [1, 2, 3, 4, 5, 6, 100, 699].map(id)));
      assert.deepEqual([...known].sort(), [id(2), id(3), id(4)]);
      assert.deepEqual([failures, said], [[], []]);
    }));
});

// A wrong store.postgresUrl, a moved store.db or an older backup knows nothing of the files that are there. Whoever
// deletes them at once has destroyed what guests have sent before the operator reads the first line of the log.
describe("housekeeping of files that the store does not know", () => {
  it("deletes none where the store knows none of them, however long", () =>
    inDirectory(async (directory) => {
      const { clock, store, failures, said, leave, tidy } = await createFixture(directory);
      await using _store = store;
      for (const number of [1, 2, 3]) await leave(number, {});
      for (let weeks = 0; weeks < 5; weeks += 1) {
        await tidy();
        await clock.advance(7 * DAY);
      }
      assert.equal((await readdir(directory)).length, 3);
      assert.deepEqual([failures, said], [[], ["found 3"]]);
    }));

  it("deletes them a week after there were last more of them", () =>
    inDirectory(async (directory) => {
      const { clock, store, failures, said, leave, tidy } = await createFixture(directory);
      await using _store = store;
      await leave(1, { row: "taken" });
      await leave(2, { whole: false });
      await tidy();
      await clock.advance(6 * DAY);
      await leave(3, {});
      await tidy();
      await clock.advance(6 * DAY);
      await tidy();
      assert.equal((await readdir(directory)).length, 3);
      await clock.advance(1 * DAY);
      await tidy();
      assert.deepEqual(await readdir(directory), [id(1)]);
      // The week begins anew with the next one.
      await leave(4, {});
      await tidy();
      assert.equal((await readdir(directory)).length, 2);
      assert.deepEqual([failures, said], [[], ["found 1", "found 2", "deleted 2", "found 1"]]);
    }));
});
