import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { openEdgeSetup, TEST_CONNECTION } from "../testing/edge-setup.ts";
import type { EdgeHandler } from "./edge.ts";
import { createStaticFiles, readStaticFolder } from "./static-files.ts";

const files = createStaticFiles(new Map([["client.js", new TextEncoder().encode("export {};")]]));

async function openSite(): Promise<AsyncDisposable & { handler: EdgeHandler }> {
  const setup = await openEdgeSetup();
  const handler = setup.edge.wrap(
    (request) => files.answer(setup.edge.inbound(request)) ?? new Response("no", { status: 404 }),
  );
  return { handler, [Symbol.asyncDispose]: () => setup[Symbol.asyncDispose]() };
}

describe("createStaticFiles", () => {
  it("serves by a name made from the content, for good", async () => {
    await using site = await openSite();
    const file = files.file("client.js");
    assert.match(file.path, /^\/assets\/client-[0-9a-f]{12}\.js$/);
    const response = await site.handler(new Request(`https://app.example${file.path}`), TEST_CONNECTION);
    assert.equal(await response.text(), "export {};");
    assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(response.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.match(file.integrity, /^sha384-[A-Za-z0-9+/]{64}$/);
    const etag = response.headers.get("etag") ?? "";
    const request = new Request(`https://app.example${file.path}`, { headers: { "if-none-match": `"x", W/${etag}` } });
    assert.equal((await site.handler(request, TEST_CONNECTION)).status, 304);
  });

  // Path traversal: ../../etc/passwd in every spelling. Requests never reach the file system; only exact
  // names exist.
  it("serves nothing else, however it is spelled", async () => {
    await using site = await openSite();
    const { path } = files.file("client.js");
    const pieces = fc.constantFrom(
      "..",
      "%2e%2e",
      "%2f",
      "/",
      "\\",
      "%5c",
      "%00",
      "etc/passwd",
      "client.js",
      "assets",
      path,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 6 }), async (parts) => {
        const target = `/assets/${parts.join("/")}`;
        const url = new URL(target, "https://app.example");
        const response = await site.handler(new Request(url), { ...TEST_CONNECTION, target });
        if (url.pathname !== path) assert.ok([400, 404].includes(response.status), `${target} ${response.status}`);
      }),
      { numRuns: 500 },
    );
  });

  it("refuses files of unknown types", () => {
    assert.throws(() => createStaticFiles(new Map([["run.exe", new Uint8Array()]])), TypeError);
    assert.throws(() => files.file("other.js"), TypeError);
  });
});

describe("readStaticFolder", () => {
  it("reads plain files only", async () => {
    const folder = await mkdtemp(join(tmpdir(), "gatehouse-static-"));
    try {
      await mkdir(join(folder, "fonts"));
      await writeFile(join(folder, "a.css"), "a{}");
      await writeFile(join(folder, ".env"), "SECRET=1");
      await writeFile(join(folder, "fonts", "f.woff2"), "f");
      await symlink("/etc/passwd", join(folder, "passwd.txt"));
      assert.deepEqual([...(await readStaticFolder(folder)).keys()].toSorted(), ["a.css", "fonts/f.woff2"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
