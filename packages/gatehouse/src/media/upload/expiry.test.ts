import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { NewResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import type { ResumableFiles } from "../../kernel/ports/media-intake.ts";
import { openResumableFiles } from "../../store/files/resumable-files.ts";
import { coreMigrations } from "../../store/migrations/core-migrations.ts";
import { createResumableUploads } from "../../store/sql/media/resumable-uploads.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { createUploadExpiry } from "./expiry.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ROOM = { quota: { files: 3, bytes: 1000 } };
const BOUNDS = { room: ROOM, openPerOwner: 999, openPerGrant: 999, openPerSource: 999, reserve: 10, lifetime: HOUR };
const uploads = createResumableUploads();

/** A store with uploads, and their files in a folder. */
class Desk implements AsyncDisposable {
  readonly clock = createFakeClock();
  readonly told: number[] = [];
  readonly #folder = createTemporaryDirectory();
  readonly files: ResumableFiles = openResumableFiles(this.#folder.path);
  readonly #opening = openSqliteStore({ memory: true, clock: this.clock, migrations: coreMigrations });
  #number = 0;

  /** Begins an upload of ten bytes, five of which have come. */
  async begin(more: Partial<NewResumableUpload> = {}, bounds: object = {}): Promise<string> {
    this.#number += 1;
    const id = this.#number.toString(16).padStart(32, "0");
    const upload: NewResumableUpload = {
      ...{ id, tenant: "default", collection: "fair", grant: { id: "g", generation: 1 }, kind: "whole", parts: [] },
      ...{ owner: { type: "guest", id: "mia" }, source: undefined, length: 10, name: "a.jpg", metadata: "" },
      ...{ declaredType: undefined, announcedSha256: undefined },
      ...more,
    };
    const store = await this.#opening;
    const missing = await store.write((writing) => uploads.begin(writing, upload, { ...BOUNDS, ...bounds }));
    if (missing !== undefined) return missing;
    await using writer = await this.files.append(id, 0);
    await writer?.write(Buffer.from("hello"));
    await writer?.flush();
    return id;
  }

  /** Has all of it arrive. */
  async finish(id: string): Promise<void> {
    const store = await this.#opening;
    await store.write(async (writing) => {
      const { epoch = -1 } = (await uploads.claim(writing, { id, writer: "one" })) ?? {};
      assert.equal(await uploads.finish(writing, { id, epoch, bytes: 10, kept: DAY }), true);
    });
  }

  async state(id: string): Promise<string | undefined> {
    const store = await this.#opening;
    return (await store.read((reading) => uploads.find(reading, id)))?.state;
  }

  async expire(signal = new AbortController().signal): Promise<void> {
    const { files, told } = this;
    const store = await this.#opening;
    await createUploadExpiry({ store, uploads, files, expired: (count) => void told.push(count) })(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#opening)[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

describe("uploads whose time has run out", () => {
  let desk: Desk;
  beforeEach(() => {
    desk = new Desk();
  });
  afterEach(() => desk[Symbol.asyncDispose]());

  it("end with what has come of them, and give back what they held", async () => {
    const late = [await desk.begin(), await desk.begin(), await desk.begin()];
    assert.equal(await desk.begin(), "files");
    await desk.clock.advance(HOUR + 1);
    await desk.expire();
    for (const id of late) assert.equal(await desk.state(id), "ended", "whoever goes on is told so");
    assert.deepEqual(await desk.files.list(), []);
    assert.deepEqual(desk.told, [3]);
    const next = await desk.begin();
    assert.equal(await desk.state(next), "receiving");
    await desk.expire();
    assert.equal(await desk.state(next), "receiving", "its time has not run out");
    assert.deepEqual(desk.told, [3], "nothing is told of nothing");
  });

  it("are forgotten an hour later, with a file that was left behind", async () => {
    const id = await desk.begin();
    await desk.clock.advance(HOUR + 1);
    await desk.expire();
    // A server that ended between the row and the file.
    await using writer = await desk.files.append(id, 0);
    await writer?.write(Buffer.from("hello"));
    await writer?.flush();
    await desk.clock.advance(HOUR + 1);
    await desk.expire();
    assert.equal(await desk.state(id), undefined);
    assert.deepEqual(await desk.files.list(), []);
    assert.deepEqual(desk.told, [1]);
  });

  it("stay known for as long as a file that has arrived is in quarantine, which is somebody else's", async () => {
    const id = await desk.begin();
    await desk.finish(id);
    for (let day = 0; day < 3; day += 1) {
      await desk.clock.advance(DAY + 1);
      await desk.expire();
      assert.equal(await desk.state(id), "received");
      assert.deepEqual(await desk.files.list(), [id]);
    }
    await desk.files.delete(id);
    await desk.clock.advance(DAY + 1);
    await desk.expire();
    assert.equal(await desk.state(id), undefined);
    assert.deepEqual(desk.told, [], "none of that was given up");
  });

  it("end where they are parts that nobody has put together", async () => {
    const id = await desk.begin({ kind: "part" });
    await desk.finish(id);
    await desk.clock.advance(DAY + 1);
    await desk.expire();
    assert.equal(await desk.state(id), "ended");
    assert.deepEqual(await desk.files.list(), []);
    assert.deepEqual(desk.told, [1]);
  });

  it("are all dealt with, however many there are, and none once the server stops", async () => {
    const room = { quota: undefined };
    const ids = await Promise.all(Array.from({ length: 450 }, () => desk.begin({}, { room })));
    await desk.clock.advance(HOUR + 1);
    await desk.expire(AbortSignal.abort());
    assert.equal(await desk.state(ids[0] ?? ""), "receiving");
    await desk.expire();
    assert.deepEqual(new Set(await Promise.all(ids.map((id) => desk.state(id)))), new Set(["ended"]));
    assert.deepEqual(desk.told, [450]);
  });
});
