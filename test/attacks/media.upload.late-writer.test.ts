// A phone loses its connection and goes on at another server, while the first one still waits for the rest: what comes
// late there, from a proxy's buffers or a process that was asleep, must not end up in the middle of the file.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { ClientRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { skipWithout, startOwnPostgres } from "gatehouse/testing";
import { openCollections, until, type CollectionServer } from "../support/collections.ts";
import { idIn, tusBegin, tusHead, tusPatch } from "../support/tus.ts";

/** An upload of which a server has the beginning and waits for the rest. */
async function waiting(server: CollectionServer, content: Buffer, sent: number) {
  const { path } = await tusBegin(server.url, content.length);
  let request: ClientRequest | undefined;
  const answer = tusPatch(server.url, path, {
    ...{ offset: 0, headers: { "content-length": String(content.length) } },
    body: (begun) => {
      request = begun;
      begun.write(content.subarray(0, sent));
    },
  }).then(
    ({ status }) => status,
    () => "broken",
  );
  await until(async () => (await server.size(idIn(path))) > 0 || (await server.files()).includes(idIn(path)));
  return { path, answer, request: request ?? assert.fail() };
}

describe("a writer that comes late, on two servers", { skip: await skipWithout("postgres") }, () => {
  it("is ended within five seconds, and changes nothing any more", { timeout: 60_000 }, async () => {
    await using service = await startOwnPostgres();
    await using database = await service.createDatabase();
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-late-"));
    try {
      const settings = { store: { engine: "postgres" as const, postgresUrl: database.url } };
      await using first = await openCollections({ settings, directory });
      await using second = await openCollections({ settings, directory });
      const content = randomBytes(2_000_000);
      const { path, answer, request } = await waiting(first, content, 1_200_000);
      const began = performance.now();
      const offset = Number((await tusHead(second.url, path)).headers["upload-offset"]);
      const late = randomBytes(content.length);
      const going = tusPatch(second.url, path, { offset, body: content.subarray(offset) });
      request.write(late.subarray(0, 300_000));
      assert.equal((await going).headers["upload-offset"], String(content.length));
      request.end(late.subarray(0, 500_000));
      assert.ok([409, "broken"].includes(await answer), String(await answer));
      assert.ok(performance.now() - began < 5_000);
      assert.ok((await second.content(idIn(path))).equals(content));
      assert.equal((await second.received()).length, 1);
      assert.deepEqual([first.errors, second.errors], [[], []]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe("a writer that comes late, on one server", () => {
  it("is ended by whoever asks where the upload stands", async () => {
    await using server = await openCollections();
    const content = randomBytes(900_000);
    const { path, answer } = await waiting(server, content, 500_000);
    let offset = 0;
    await until(async () => (offset = Number((await tusHead(server.url, path)).headers["upload-offset"])) > 0);
    assert.ok([409, "broken"].includes(await answer));
    assert.equal((await tusPatch(server.url, path, { offset, body: content.subarray(offset) })).status, 204);
    assert.ok((await server.content(idIn(path))).equals(content));
  });

  it("is one of many, of whom one brings the file", async () => {
    await using server = await openCollections();
    const content = randomBytes(700_000);
    const { path } = await tusBegin(server.url, content.length);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => tusPatch(server.url, path, { offset: 0, body: content }).catch(() => undefined)),
    );
    assert.ok(answers.filter((answer) => answer?.status === 204).length <= 1);
    const offset = Number((await tusHead(server.url, path)).headers["upload-offset"]);
    if (offset < content.length) await tusPatch(server.url, path, { offset, body: content.subarray(offset) });
    assert.ok((await server.content(idIn(path))).equals(content));
    assert.equal((await server.received()).length, 1);
    assert.deepEqual(server.errors, []);
  });
});
