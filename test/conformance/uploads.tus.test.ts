import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import * as tus from "tus-js-client";
import { openCollections, send, type CollectionServer } from "../support/collections.ts";
import { idIn, tusBegin, tusDelete, tusHead, tusPatch } from "../support/tus.ts";

const CONTENT = randomBytes(300_000);

function sha(algorithm: "sha1" | "sha256", content: Uint8Array): string {
  return `${algorithm} ${createHash(algorithm).update(content).digest("base64")}`;
}

/** The words of https://tus.io/protocols/resumable-upload, each as a request. */
describe("tus 1.0.0", () => {
  let server: CollectionServer;
  before(async () => {
    server = await openCollections();
  });
  after(() => server[Symbol.asyncDispose]());
  const begin = (length: number | undefined, more = {}) => tusBegin(server.url, length, more);
  const patch = (path: string, sending: Parameters<typeof tusPatch>[2]) => tusPatch(server.url, path, sending);
  const head = (path: string, more = {}) => tusHead(server.url, path, more);

  it("tells what it speaks", async () => {
    const { status, headers } = await send(server.url, "/uploads", { method: "OPTIONS", guest: undefined });
    assert.equal(status, 204);
    assert.equal(headers["tus-version"], "1.0.0");
    assert.equal(headers["tus-max-size"], String(2 * 1024 ** 3));
    assert.equal(headers["tus-checksum-algorithm"], "sha1,sha256");
    const extensions = (headers["tus-extension"] as string).split(",").toSorted();
    assert.deepEqual(extensions, [
      ...["checksum", "checksum-trailer", "concatenation", "creation", "creation-defer-length"],
      ...["creation-with-upload", "expiration", "termination"],
    ]);
  });

  it("receives a file in pieces", async () => {
    const metadata = `filename ${Buffer.from("näh.jpg").toString("base64")},filetype ${Buffer.from("image/jpeg").toString("base64")},empty`;
    const begun = await begin(CONTENT.length, { headers: { "upload-metadata": metadata } });
    assert.equal(begun.status, 201);
    assert.match(begun.path, /^\/uploads\/[0-9a-f]{32}$/);
    assert.equal(begun.headers["tus-resumable"], "1.0.0");
    assert.ok(Date.parse(begun.headers["upload-expires"] as string) > Date.now());
    const first = await patch(begun.path, { offset: 0, body: CONTENT.subarray(0, 100_000) });
    assert.deepEqual([first.status, first.headers["upload-offset"]], [204, "100000"]);
    const state = await head(begun.path);
    assert.deepEqual(
      [state.headers["upload-offset"], state.headers["upload-length"], state.headers["upload-metadata"]],
      ["100000", "300000", metadata],
    );
    assert.equal(state.headers["cache-control"], "no-store");
    const last = await patch(begun.path, { offset: 100_000, body: CONTENT.subarray(100_000) });
    assert.deepEqual([last.status, last.headers["upload-offset"]], [204, "300000"]);
    const file = (await server.received()).find(({ id }) => id === idIn(begun.path)) ?? assert.fail();
    assert.deepEqual([file.name, file.declaredType, file.bytes], ["näh.jpg", "image/jpeg", 300_000]);
    assert.deepEqual(
      [file.owner, file.grant],
      [
        { type: "guest", id: "mia" },
        { id: "grant-fair", generation: 1 },
      ],
    );
    assert.ok((await server.content(file.id)).equals(CONTENT));
  });

  it("receives content with the request that begins the upload, and files without content", async () => {
    const whole = await begin(5, { body: "hello", headers: { "content-type": "application/offset+octet-stream" } });
    assert.deepEqual([whole.status, whole.headers["upload-offset"]], [201, "5"]);
    const part = await begin(9, { body: "hello", headers: { "content-type": "application/offset+octet-stream" } });
    assert.deepEqual([part.status, part.headers["upload-offset"]], [201, "5"]);
    assert.equal((await patch(part.path, { offset: 5, body: "more" })).status, 204);
    const empty = await begin(0);
    assert.equal(empty.status, 201);
    const ids = (await server.received()).map(({ id }) => id);
    for (const { path } of [whole, part, empty]) assert.ok(ids.includes(idIn(path)));
  });

  it("learns the length later", async () => {
    const { path } = await begin(undefined);
    assert.equal((await head(path)).headers["upload-defer-length"], "1");
    assert.equal((await patch(path, { offset: 0, body: "hello" })).status, 204);
    const told = await patch(path, { offset: 5, body: "more", headers: { "upload-length": "9" } });
    assert.equal(told.headers["upload-offset"], "9");
    assert.equal((await head(path)).headers["upload-length"], "9");
    assert.ok((await server.received()).some(({ id }) => id === idIn(path)));
  });

  it("refuses another version, another type and another place", async () => {
    const { path } = await begin(9);
    const version = await head(path, { headers: { "tus-resumable": "0.2.2" } });
    assert.deepEqual([version.status, version.headers["tus-version"]], [412, "1.0.0"]);
    const type = await patch(path, { offset: 0, body: "x", headers: { "content-type": "text/plain" } });
    assert.equal(type.status, 415);
    const place = await patch(path, { offset: 1, body: "x" });
    assert.deepEqual([place.status, place.headers["upload-offset"]], [409, "0"]);
    assert.equal(place.headers["tus-resumable"], "1.0.0");
    assert.equal((await tusBegin(server.url, undefined, { headers: { "upload-defer-length": "2" } })).status, 400);
    assert.equal((await tusBegin(server.url, 5, { headers: { "upload-defer-length": "1" } })).status, 400);
    assert.equal((await tusBegin(server.url, 3 * 1024 ** 3)).status, 413);
    const missing = await head(`/uploads/${"0".repeat(32)}`);
    assert.deepEqual([missing.status, missing.headers["upload-offset"]], [404, undefined]);
  });

  it("takes PATCH and DELETE from senders that have POST alone", async () => {
    const { path } = await begin(5);
    const sent = await patch(path, {
      method: "POST",
      offset: 0,
      body: "he",
      headers: { "x-http-method-override": "PATCH" },
    });
    assert.deepEqual([sent.status, sent.headers["upload-offset"]], [204, "2"]);
    const ended = await send(server.url, path, {
      method: "POST",
      headers: { "tus-resumable": "1.0.0", "x-http-method-override": "DELETE" },
    });
    assert.equal(ended.status, 204);
    assert.equal((await patch(path, { method: "POST", offset: 2, body: "l" })).status, 405);
  });

  it("gives up an upload, and what was stored of it", async () => {
    const { path } = await begin(9);
    await patch(path, { offset: 0, body: "hello" });
    assert.equal((await tusDelete(server.url, path)).status, 204);
    assert.ok(!(await server.files()).includes(idIn(path)));
    assert.equal((await patch(path, { offset: 5, body: "more" })).status, 410);
    assert.equal((await tusDelete(server.url, path)).status, 410);
  });

  for (const algorithm of ["sha1", "sha256"] as const) {
    it(`verifies ${algorithm} before and behind the content`, async () => {
      const { path } = await begin(CONTENT.length);
      const body = CONTENT.subarray(0, 200_000);
      const right = { "upload-checksum": sha(algorithm, body) };
      const wrong = { "upload-checksum": sha(algorithm, CONTENT) };
      assert.equal((await patch(path, { offset: 0, body, headers: wrong })).status, 460);
      assert.equal((await head(path)).headers["upload-offset"], "0");
      assert.equal((await patch(path, { offset: 0, body, headers: right })).status, 204);
      const trailing = (content: Uint8Array, checksum: string) =>
        patch(path, {
          offset: 200_000,
          headers: { trailer: "Upload-Checksum", "transfer-encoding": "chunked" },
          body: (request) => {
            request.addTrailers({ "Upload-Checksum": checksum });
            request.end(content);
          },
        });
      const rest = CONTENT.subarray(200_000);
      assert.equal((await trailing(rest, sha(algorithm, body))).status, 460);
      assert.equal((await head(path)).headers["upload-offset"], "200000");
      const last = await trailing(rest, sha(algorithm, rest));
      assert.deepEqual([last.status, last.headers["upload-offset"]], [204, "300000"]);
      assert.ok((await server.content(idIn(path))).equals(CONTENT));
    });
  }

  it("refuses a checksum that it cannot verify", async () => {
    const { path } = await begin(5);
    for (const checksum of ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1 xx", "sha1", `sha256 ${"A".repeat(43)}`, "sha1 =="]) {
      assert.equal(
        (await patch(path, { offset: 0, body: "hello", headers: { "upload-checksum": checksum } })).status,
        400,
      );
    }
    assert.equal((await head(path)).headers["upload-offset"], "0");
  });

  it("puts parts together, in the order they are named", async () => {
    const cuts = [0, 1, 150_000, 300_000];
    const parts: string[] = [];
    for (const [index, from] of cuts.slice(0, -1).entries()) {
      const content = CONTENT.subarray(from, cuts[index + 1]);
      const { path } = await begin(content.length, { headers: { "upload-concat": "partial" } });
      await patch(path, { offset: 0, body: content });
      assert.equal((await head(path)).headers["upload-concat"], "partial");
      parts.push(path);
    }
    const before = (await server.received()).length;
    const concat = `final;${parts[0]} ${server.url}${parts[1]} ${parts[2]}`;
    const join = () =>
      send(server.url, "/uploads?collection=fair", {
        method: "POST",
        headers: { "tus-resumable": "1.0.0", "upload-concat": concat },
      });
    const whole = await join();
    assert.equal(whole.status, 201, whole.text);
    const path = whole.headers.location ?? "";
    assert.ok((await server.content(idIn(path))).equals(CONTENT));
    const state = await head(path);
    assert.deepEqual([state.headers["upload-offset"], state.headers["upload-length"]], ["300000", "300000"]);
    assert.equal(state.headers["upload-concat"], `final;${parts.join(" ")}`);
    assert.equal((await server.received()).length, before + 1, "parts are no files of their own");
    assert.equal((await join()).headers.location, path, "whoever has not heard of it asks again");
    for (const part of parts) assert.ok(!(await server.files()).includes(idIn(part)));
    assert.equal((await patch(path, { offset: 300_000, body: "x" })).status, 400);
  });

  it("does not put together what is not all there", async () => {
    const first = await begin(5, { headers: { "upload-concat": "partial" } });
    const whole = await begin(5);
    const join = (concat: string) =>
      send(server.url, "/uploads?collection=fair", {
        method: "POST",
        headers: { "tus-resumable": "1.0.0", "upload-concat": concat },
      });
    assert.equal((await join(`final;${first.path}`)).status, 409);
    await patch(first.path, { offset: 0, body: "hello" });
    assert.equal((await join(`final;${first.path} ${whole.path}`)).status, 409);
    assert.equal((await join(`final;${first.path} ${first.path}`)).status, 400);
    assert.equal((await join("final;/uploads/../../etc/passwd")).status, 400);
    assert.equal((await join(`final;/elsewhere/${idIn(first.path)}`)).status, 400);
    assert.equal((await join(`final;${first.path}`)).status, 201);
  });
});

/** The client that people use. */
describe("tus-js-client", () => {
  const upload = (server: CollectionServer, content: Buffer, options: Partial<tus.UploadOptions> = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const running = new tus.Upload(content, {
      endpoint: `${server.url}/uploads?collection=fair`,
      headers: { authorization: "Bearer mia" },
      metadata: { filename: "a.jpg" },
      retryDelays: [0, 100, 500, 1000],
      onError: reject,
      onSuccess: () => resolve(idIn(running.url ?? "")),
      ...options,
    });
    running.start();
    return { promise, running };
  };

  it("uploads in one piece, in many, with the first request, of unknown length and in parallel", async () => {
    await using server = await openCollections();
    const ways: Partial<tus.UploadOptions>[] = [
      {},
      { chunkSize: 70_000 },
      { uploadDataDuringCreation: true },
      { uploadDataDuringCreation: true, chunkSize: 70_000 },
      { overridePatchMethod: true },
      { parallelUploads: 4 },
    ];
    for (const way of ways) {
      const id = await upload(server, CONTENT, way).promise;
      assert.ok((await server.content(id)).equals(CONTENT), JSON.stringify(way));
    }
    assert.equal((await server.received()).length, ways.length);
    assert.deepEqual(server.errors, []);
  });

  it("goes on where it was after it has been paused", async () => {
    await using server = await openCollections();
    const content = randomBytes(3_000_000);
    const { promise, running } = upload(server, content, {
      chunkSize: 500_000,
      onChunkComplete: (_size, accepted) => {
        if (accepted !== 1_000_000) return;
        void running.abort().then(() => running.start());
      },
    });
    assert.ok((await server.content(await promise)).equals(content));
    assert.equal((await server.received()).length, 1);
  });
});
