// Somebody writes requests that no client writes: identifiers that are paths, offsets that are no numbers, bodies longer
// than announced, compressed or cut into single bytes. What one reader takes for harmless leads another one astray
// (@tus/server 2.4.3, tuspyserver#93, tus-java-server#89, salvo#1310 and tus-node-server#783 are such cases).
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { after, before, describe, it } from "node:test";
import { openCollections, send, type CollectionServer } from "../support/collections.ts";
import { draftBegin } from "../support/resumable-client.ts";
import { idIn, tusBegin, tusHead, tusPatch } from "../support/tus.ts";

/** Sends bytes as they are and answers with the first line of the answer. */
function raw(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString("latin1")));
  socket.on("error", () => resolve(text));
  socket.on("close", () => resolve(text));
  socket.write(bytes);
  return promise.then((answer) => answer.split("\r\n")[0] ?? "");
}

describe("requests that no client writes", () => {
  let server: CollectionServer;
  before(async () => {
    server = await openCollections();
  });
  after(async () => {
    assert.deepEqual(server.errors, []);
    await server[Symbol.asyncDispose]();
  });

  it("lead to no file by an identifier that is a path", async () => {
    const { path } = await tusBegin(server.url, 5);
    const outside = await readdir(server.directory);
    for (const id of [
      ...["..%2f..%2fkeys.json", "%2e%2e/keys.json", "..", "%00", `${idIn(path)}%00`, `${idIn(path)}/../x`],
      ...[idIn(path).toUpperCase(), `${idIn(path)}.copy`, "a".repeat(5000), "*", "%ff", "con", "__proto__"],
    ]) {
      const target = `PATCH /uploads/${id} HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n`;
      const fields = "Authorization: Bearer mia\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Length: 1\r\n";
      const type = "Content-Type: application/offset+octet-stream\r\nConnection: close\r\n\r\nx";
      assert.match(await raw(server.url, target + fields + type), / 4(00|04|05|14) /, id);
    }
    assert.deepEqual(await readdir(server.directory), outside);
    assert.deepEqual(await server.files(), []);
  });

  it("change nothing by an offset or a length that is no number", async () => {
    const { path } = await tusBegin(server.url, 5);
    for (const offset of ["NaN", "-1", "1e1", "0x0", "", " ", "0.0", "0, 0", "99999999999999999999", "٠"]) {
      assert.equal((await tusPatch(server.url, path, { offset: encodeURI(offset), body: "x" })).status, 400, offset);
    }
    for (const length of ["NaN", "-1", "1e9", "", "0x10", "5, 5", "Infinity"]) {
      const { status } = await tusBegin(server.url, undefined, {
        headers: { "upload-length": length, "upload-defer-length": [] },
      });
      assert.equal(status, 400, length);
    }
    assert.equal((await tusHead(server.url, path)).headers["upload-offset"], "0");
  });

  it("bring no more than was announced, whatever their Content-Length says", async () => {
    const { path } = await tusBegin(server.url, 5);
    assert.equal((await tusPatch(server.url, path, { offset: 0, body: "hello!" })).status, 400);
    assert.equal((await tusHead(server.url, path)).headers["upload-offset"], "0");
    const chunked = await tusPatch(server.url, path, {
      ...{ offset: 0, headers: { "transfer-encoding": "chunked" } },
      body: (request) => void request.end(randomBytes(200_000)),
    });
    assert.equal(chunked.status, 400);
    assert.equal((await server.received()).length, 0);
    assert.equal(await server.size(idIn(path)), 0);
  });

  it("do not change a length that has been told", async () => {
    const { path } = await tusBegin(server.url, undefined);
    await tusPatch(server.url, path, { offset: 0, body: "he", headers: { "upload-length": "5" } });
    const changed = await tusPatch(server.url, path, { offset: 2, body: "llo", headers: { "upload-length": "9" } });
    assert.equal(changed.status, 400);
    const state = await tusHead(server.url, path);
    assert.deepEqual([state.headers["upload-length"], state.headers["upload-offset"]], ["5", "2"]);
  });

  it("are not believed a checksum that does not fit (tusd#81; @tus/server answers 204)", async () => {
    const { path } = await tusBegin(server.url, 5);
    const digest = createHash("sha1").update("other").digest("base64");
    const body = "hello";
    const headers = { "upload-checksum": `sha1 ${digest}` };
    assert.equal((await tusPatch(server.url, path, { offset: 0, body, headers })).status, 460);
    assert.equal((await tusHead(server.url, path)).headers["upload-offset"], "0");
    assert.equal((await server.received()).length, 0);
  });

  it("do not have a checksum that covers what is missing count", async () => {
    const { path } = await tusBegin(server.url, 10);
    const digest = createHash("sha1").update("hello").digest("base64");
    const broken = tusPatch(server.url, path, {
      ...{ offset: 0, headers: { "upload-checksum": `sha1 ${digest}`, "content-length": "10" } },
      body: (request) => {
        request.write("hello");
        setTimeout(() => request.destroy(), 100);
      },
    });
    await assert.rejects(broken);
    assert.equal((await tusHead(server.url, path)).headers["upload-offset"], "0");
  });

  it("are refused compressed, so that they cannot unpack to more than they are", async () => {
    const headers = { "content-encoding": "gzip" };
    const body = gzipSync(Buffer.alloc(1_000_000));
    const draft = await draftBegin(server.url, { complete: true, body, headers });
    assert.equal(draft.status, 415);
    const { path } = await tusBegin(server.url, body.length);
    assert.equal((await tusPatch(server.url, path, { offset: 0, body, headers })).status, 415);
  });

  it("are refused in single bytes", async () => {
    const { path } = await tusBegin(server.url, 20_000);
    const { hostname, port, host } = new URL(server.url);
    const head = [
      ...[`PATCH ${path} HTTP/1.1`, `Host: ${host}`, "Authorization: Bearer mia", "Tus-Resumable: 1.0.0"],
      ...["Upload-Offset: 0", "Content-Type: application/offset+octet-stream", "Transfer-Encoding: chunked"],
    ];
    const bytes = `${head.join("\r\n")}\r\n\r\n${"1\r\nx\r\n".repeat(20_000)}0\r\n\r\n`;
    assert.ok(hostname && port);
    assert.match(await raw(server.url, bytes), / 400 /);
  });

  it("are refused with metadata that says two things", async () => {
    for (const metadata of ["a YQ==,a Yg==", "a  YQ==", "a YQ==,", ",", "a b c", "ä YQ==", "a".repeat(5000)]) {
      const answer = await tusBegin(server.url, 5, {
        headers: { "upload-metadata": Buffer.from(metadata).toString("latin1") },
      });
      assert.equal(answer.status, 400, metadata);
    }
    const name = Buffer.from("../../<script>\u202egpj.exe").toString("base64");
    const { path } = await tusBegin(server.url, 0, { headers: { "upload-metadata": `filename ${name}` } });
    const file = (await server.received()).find(({ id }) => id === idIn(path));
    assert.equal(file?.name, "script_gpj.exe");
  });

  it("are refused where they are larger than a file may be, before anything of them is read", async () => {
    const tooLarge = 3 * 1024 ** 3;
    assert.equal((await tusBegin(server.url, tooLarge)).status, 413);
    const headers = { "upload-length": String(tooLarge) };
    assert.equal((await draftBegin(server.url, { complete: false, headers })).status, 413);
    assert.equal((await send(server.url, "/uploads/", { method: "POST", guest: "mia" })).status, 404);
  });
});
