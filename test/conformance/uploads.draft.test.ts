import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { openCollections, send, until, type CollectionServer } from "../support/collections.ts";
import { draftAppend, draftBegin, uploadResumably } from "../support/resumable-client.ts";
import { idIn } from "../support/tus.ts";

const CONTENT = randomBytes(300_000);
const TYPES = "https://iana.org/assignments/http-problem-types#";

function digest(content: Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(content).digest("base64")}:`;
}

function typeOf(json: unknown): unknown {
  return (json as { type?: unknown } | undefined)?.type;
}

/** The words of draft-ietf-httpbis-resumable-upload-12, each as a request. */
describe("resumable uploads for HTTP", () => {
  let server: CollectionServer;
  before(async () => {
    server = await openCollections();
  });
  after(() => server[Symbol.asyncDispose]());
  const begin = (sending: Parameters<typeof draftBegin>[1]) => draftBegin(server.url, sending);
  const append = (path: string, sending: Parameters<typeof draftAppend>[2]) => draftAppend(server.url, path, sending);
  const head = (path: string) => send(server.url, path, { method: "HEAD" });

  it("is told of by OPTIONS", async () => {
    const { headers } = await send(server.url, "/uploads", { method: "OPTIONS", guest: undefined });
    assert.equal(headers["accept-patch"], "application/partial-upload");
    assert.equal(headers["upload-limit"], "max-size=2147483648, max-age=86400");
  });

  it("receives everything with the first request, and says before where to go on", async () => {
    const headers = {
      "content-type": "image/heic",
      "content-disposition": `attachment; filename="a.heic"; filename*=UTF-8''n%C3%A4h.heic`,
      "repr-digest": digest(CONTENT),
      "want-repr-digest": "sha-256=9, sha-512=1",
    };
    const answer = await begin({ complete: true, body: CONTENT, headers });
    assert.deepEqual([answer.status, answer.headers["upload-complete"]], [200, "?1"]);
    const [interim] = answer.interim;
    assert.equal(interim?.status, 104);
    assert.equal(interim.headers["location"], answer.headers.location);
    assert.equal(interim.headers["upload-draft-interop-version"], "8");
    assert.match(interim.headers["upload-limit"] ?? "", /^max-size=2147483648, max-age=\d+$/);
    assert.equal(answer.headers["repr-digest"], digest(CONTENT));
    const id = idIn(answer.headers.location ?? "");
    const file = (await server.received()).find((each) => each.id === id);
    assert.deepEqual([file?.name, file?.declaredType, file?.bytes], ["näh.heic", "image/heic", CONTENT.length]);
    assert.equal(file?.announcedSha256, createHash("sha256").update(CONTENT).digest("hex"));
  });

  it("sends no interim answer to a client of another draft, or of none", async () => {
    for (const headers of [{ "upload-draft-interop-version": "6" }, { "upload-draft-interop-version": "" }]) {
      assert.deepEqual((await begin({ complete: true, body: "hello", headers })).interim, []);
    }
    const plain = await send(server.url, "/uploads?collection=fair", {
      method: "POST",
      body: "hello",
      headers: { "upload-complete": "?1" },
    });
    assert.deepEqual([plain.status, plain.interim], [200, []]);
  });

  it("receives a file in pieces", async () => {
    const begun = await begin({
      complete: false,
      body: CONTENT.subarray(0, 1000),
      headers: { "upload-length": "300000" },
    });
    assert.deepEqual(
      [begun.status, begun.headers["upload-complete"], begun.headers["upload-offset"]],
      [201, "?0", "1000"],
    );
    const path = begun.headers.location ?? assert.fail();
    const state = await head(path);
    assert.equal(state.status, 204);
    assert.deepEqual(
      [state.headers["upload-complete"], state.headers["upload-offset"], state.headers["upload-length"]],
      ["?0", "1000", "300000"],
    );
    assert.match(state.headers["upload-limit"] as string, /max-size=\d+, max-age=\d+/);
    assert.equal(state.headers["cache-control"], "no-store");
    const next = await append(path, { offset: 1000, complete: false, body: CONTENT.subarray(1000, 2000) });
    assert.deepEqual(
      [next.status, next.headers["upload-complete"], next.headers["upload-offset"]],
      [204, "?0", "2000"],
    );
    const last = await append(path, { offset: 2000, complete: true, body: CONTENT.subarray(2000) });
    assert.deepEqual([last.status, last.headers["upload-complete"]], [200, "?1"]);
    assert.ok((await server.content(idIn(path))).equals(CONTENT));
    const after = await head(path);
    assert.deepEqual([after.headers["upload-complete"], after.headers["upload-offset"]], ["?1", "300000"]);
  });

  it("is complete when its sender says so, and not before", async () => {
    const begun = await begin({ complete: false, body: "hello" });
    const path = begun.headers.location ?? "";
    assert.equal((await head(path)).headers["upload-length"], undefined);
    const same = await append(path, { offset: 5, complete: false, body: "", headers: { "upload-length": "5" } });
    assert.equal(same.headers["upload-complete"], "?0");
    const before = (await server.received()).length;
    const done = await append(path, { offset: 5, complete: true, body: "" });
    assert.deepEqual([done.status, done.headers["upload-complete"]], [200, "?1"]);
    const again = await append(path, { offset: 5, complete: true, body: "" });
    assert.deepEqual([again.status, again.text], [200, done.text], "whoever has not heard of it asks again");
    assert.equal((await server.received()).length, before + 1);
  });

  it("refuses content for another place", async () => {
    const path = (await begin({ complete: false, body: "hello" })).headers.location ?? "";
    const refused = await append(path, { offset: 9, complete: true, body: "x" });
    assert.equal(refused.status, 409);
    assert.deepEqual([refused.headers["upload-offset"], refused.headers["upload-complete"]], ["5", "?0"]);
    const { type, ...members } = refused.json as Record<string, unknown>;
    assert.equal(type, `${TYPES}mismatching-upload-offset`);
    assert.deepEqual([members["expected-offset"], members["provided-offset"]], [5, 9]);
  });

  it("refuses lengths that contradict each other", async () => {
    const refused = await begin({ complete: true, body: "hello", headers: { "upload-length": "6" } });
    assert.deepEqual([refused.status, typeOf(refused.json)], [400, `${TYPES}inconsistent-upload-length`]);
    assert.equal(refused.headers.location, undefined);
    const path = (await begin({ complete: false, headers: { "upload-length": "6" } })).headers.location ?? "";
    for (const sending of [
      { offset: 0, complete: false, body: "hello", headers: { "upload-length": "7" } },
      { offset: 0, complete: true, body: "hello" },
      { offset: 0, complete: false, body: "hello!!" },
    ]) {
      const answer = await append(path, sending);
      assert.deepEqual([answer.status, typeOf(answer.json)], [400, `${TYPES}inconsistent-upload-length`]);
    }
    assert.equal((await head(path)).headers["upload-offset"], "0");
  });

  it("goes by the bytes that come, not by what is said of them", async () => {
    const path = (await begin({ complete: false, headers: { "upload-length": "6" } })).headers.location ?? "";
    const answer = await append(path, {
      ...{ offset: 0, complete: true, headers: { "transfer-encoding": "chunked" } },
      body: (request) => void request.end("hello, world"),
    });
    assert.deepEqual([answer.status, typeOf(answer.json)], [400, `${TYPES}inconsistent-upload-length`]);
    const gone = await append(path, { offset: 0, complete: true, body: "hello!" });
    assert.equal(gone.status, 410, "nobody can go on with it");
    const short = (await begin({ complete: false, headers: { "upload-length": "6" } })).headers.location ?? "";
    const less = await append(short, {
      ...{ offset: 0, complete: true, headers: { "transfer-encoding": "chunked" } },
      body: (request) => void request.end("hello"),
    });
    assert.deepEqual([less.status, typeOf(less.json)], [400, `${TYPES}inconsistent-upload-length`]);
    assert.equal((await head(short)).headers["upload-offset"], "5");
    assert.equal((await append(short, { offset: 5, complete: true, body: "!" })).status, 200);
  });

  it("changes nothing once it is complete", async () => {
    const path = (await begin({ complete: true, body: "hello" })).headers.location ?? "";
    const more = await append(path, { offset: 5, complete: true, body: "more" });
    assert.deepEqual([more.status, typeOf(more.json)], [400, `${TYPES}inconsistent-upload-length`]);
    const nothing = await append(path, { offset: 5, complete: false, body: "" });
    assert.deepEqual([nothing.status, typeOf(nothing.json)], [400, `${TYPES}completed-upload`]);
    assert.equal(nothing.headers["upload-complete"], "?1");
    const ended = await send(server.url, path, { method: "DELETE" });
    assert.equal(ended.status, 400);
    assert.equal((await server.content(idIn(path))).toString(), "hello");
  });

  it("verifies the digest of content, and keeps none that does not fit", async () => {
    const path = (await begin({ complete: false, body: "hello" })).headers.location ?? "";
    const wrong = await append(path, {
      ...{ offset: 5, complete: true, body: "more", headers: { "content-digest": digest(Buffer.from("less")) } },
    });
    assert.deepEqual([wrong.status, typeOf(wrong.json)], [400, `${TYPES}digest-mismatched-values`]);
    assert.deepEqual(
      [(await head(path)).headers["upload-offset"], (await head(path)).headers["upload-complete"]],
      ["5", "?0"],
    );
    const right = { "content-digest": `sha-512=:AAAA:, ${digest(Buffer.from("more"))}` };
    assert.equal((await append(path, { offset: 5, complete: true, body: "more", headers: right })).status, 200);
  });

  it("refuses what it cannot understand, and asks for the type it takes", async () => {
    const path = (await begin({ complete: false, body: "hello" })).headers.location ?? "";
    const type = await append(path, {
      ...{ offset: 5, complete: true, body: "x", headers: { "content-type": "application/octet-stream" } },
    });
    assert.deepEqual([type.status, type.headers["accept-patch"]], [415, "application/partial-upload"]);
    for (const headers of [
      { "upload-offset": "5.0" },
      { "upload-offset": "-5" },
      { "upload-offset": "NaN" },
      { "upload-complete": "true" },
      { "upload-complete": "1" },
    ]) {
      assert.equal((await append(path, { offset: 5, complete: true, body: "x", headers })).status, 400);
    }
    assert.equal((await send(server.url, "/uploads?collection=fair", { method: "POST", body: "x" })).status, 400);
  });

  it("gives up an upload", async () => {
    const path = (await begin({ complete: false, body: "hello" })).headers.location ?? "";
    assert.equal((await send(server.url, path, { method: "DELETE" })).status, 204);
    assert.equal((await append(path, { offset: 5, complete: true, body: "x" })).status, 410);
    assert.ok(!(await server.files()).includes(idIn(path)));
  });

  it("tells on the way what is durable", async () => {
    const content = randomBytes(40 * 1_048_576);
    const answer = await begin({ complete: true, body: content });
    assert.equal(answer.status, 200);
    const offsets = answer.interim
      .map(({ headers }) => headers["upload-offset"])
      .filter((offset) => offset !== undefined);
    assert.ok(offsets.length > 0);
    assert.deepEqual(
      offsets,
      offsets.toSorted((left, right) => Number(left) - Number(right)),
    );
    assert.ok(answer.interim.slice(1).every(({ headers }) => headers["location"] === undefined));
  });

  it("keeps what came before a connection broke, and goes on from there", async () => {
    const path = (await begin({ complete: false, headers: { "upload-length": "300000" } })).headers.location ?? "";
    const broken = append(path, {
      ...{ offset: 0, complete: true, headers: { "content-length": "300000" } },
      body: async (request) => {
        request.write(CONTENT.subarray(0, 120_000));
        await until(async () => (await server.events.length) > 0);
        setTimeout(() => request.destroy(), 200);
      },
    });
    await assert.rejects(broken);
    let offset = 0;
    await until(async () => (offset = Number((await head(path)).headers["upload-offset"])) > 0);
    assert.equal(offset, 120_000);
    assert.equal((await append(path, { offset, complete: true, body: CONTENT.subarray(offset) })).status, 200);
    assert.ok((await server.content(idIn(path))).equals(CONTENT));
  });

  it("lets a new request end the one before", async () => {
    const path = (await begin({ complete: false, headers: { "upload-length": "300000" } })).headers.location ?? "";
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      [
        `PATCH ${path} HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        "Authorization: Bearer mia",
        "Upload-Offset: 0",
        "Upload-Complete: ?1",
        "Content-Type: application/partial-upload",
        "Content-Length: 300000",
        "\r\n",
      ].join("\r\n"),
    );
    socket.write(CONTENT.subarray(0, 100_000));
    socket.on("error", () => undefined);
    const ended = new Promise((resolve) => socket.once("close", resolve));
    socket.resume();
    await until(async () => (await server.files()).includes(idIn(path)));
    const began = performance.now();
    let offset = 0;
    await until(async () => (offset = Number((await head(path)).headers["upload-offset"])) > 0);
    assert.ok(performance.now() - began < 5_000);
    assert.equal((await append(path, { offset, complete: true, body: CONTENT.subarray(offset) })).status, 200);
    await ended;
    assert.ok((await server.content(idIn(path))).equals(CONTENT));
    assert.deepEqual(server.errors, []);
  });
});

describe("a client that goes on by itself", () => {
  it("brings its files, in one piece and in many", async () => {
    await using server = await openCollections();
    const content = randomBytes(2_000_000);
    for (const piece of [content.length, 300_000]) {
      const path = await uploadResumably({ url: () => server.url, collection: "fair", guest: "mia", content, piece });
      assert.ok((await server.content(idIn(path))).equals(content));
    }
    assert.equal((await server.received()).length, 2);
  });
});
