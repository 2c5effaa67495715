import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { request, type IncomingHttpHeaders } from "node:http";
import { after, before, describe, it } from "node:test";
import { listen, type Listening } from "../../http/server.ts";
import { generateKeyMaterial } from "../../kernel/key-material.ts";
import { createKeyRing } from "../../kernel/key-ring.ts";
import type { AssetState } from "../../kernel/ports/media-assets.ts";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import { systemRandom } from "../../kernel/random.ts";
import { createMediaAssets } from "../../store/sql/media/media-assets.ts";
import { openEdgeSetup, type EdgeSetup } from "../../testing/edge-setup.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { createMediaAddresses, type MediaAddresses } from "../addresses/media-addresses.ts";
import { openLocalTarget } from "../storage/local-target.ts";
import { createMediaDelivery } from "./routes.ts";
import { publishedMedia } from "./published-media.ts";

const MINUTE = 60_000;
const CONTENT = Buffer.from("0123456789".repeat(1000));
const GRANT = { id: "j.1", generation: 3 };

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describe("delivery of media", () => {
  let setup: EdgeSetup;
  let server: Listening;
  let addresses: MediaAddresses;
  let storage: StorageTarget;
  let published: string;
  const folder = createTemporaryDirectory();
  /** Generations by tenant and grant. */
  const generations = new Map<string, number>([["acme j.1", 3]]);
  const assets = createMediaAssets();

  before(async () => {
    setup = await openEdgeSetup();
    const { clock, edge, store } = setup;
    const keyRing = createKeyRing(generateKeyMaterial(systemRandom, clock), clock);
    storage = await openLocalTarget({ name: "hot", directory: folder.path, random: systemRandom, clock });
    const windows = { pictures: 15 * MINUTE, originals: 5 * MINUTE, shortened: MINUTE };
    addresses = createMediaAddresses({ keyRing, clock, windows });
    const app = createMediaDelivery({
      ...{ edge, addresses, clock, storage, cache: "private", retired: ["/storage"] },
      published: publishedMedia(store, assets),
      grants: { generation: ({ tenant, id }) => generations.get(`${tenant} ${id}`) },
    });
    server = await listen({ handler: edge.handler(app), port: 0 });
    published = await bring("published", "image/jpeg");
  });
  after(async () => {
    await server.close({ grace: 0 });
    await setup[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function bring(
    state: AssetState,
    type: string,
    more: { tenant?: string; name?: string } = {},
  ): Promise<string> {
    const id = randomBytes(16).toString("hex");
    const sha256 = createHash("sha256").update(CONTENT).digest("hex");
    await setup.store.write(async (transaction) => {
      await assets.add(transaction, {
        ...{ id, tenant: more.tenant ?? "acme", collection: "wedding", grant: GRANT, bytes: CONTENT.length },
        ...{ owner: { type: "guest", id: "anna" }, name: more.name ?? "Foto 1.heic" },
        ...{ declaredType: undefined, announcedSha256: undefined },
      });
      if (state !== "received") await assets.change(transaction, id, { from: ["received"], to: state });
      const variants = ["thumb", "original", "lost", "short"].map((name) => ({
        ...{ name, key: `acme/${id}/${name}`, type, sha256 },
        bytes: name === "short" ? 7 : CONTENT.length,
      }));
      await assets.setVariants(transaction, id, variants);
    });
    for (const name of ["thumb", "original", "short"]) {
      await storage.put(`acme/${id}/${name}`, {
        bytes: CONTENT.length,
        sha256,
        type,
        body: new Blob([CONTENT]).stream(),
      });
    }
    return id;
  }

  const sign = (asset: string, variant = "thumb", grant = GRANT): string => addresses.sign({ asset, variant, grant });

  /** Sends a request target as it is, which `fetch` would clean up. */
  function send(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port: server.port, path, method, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) });
        });
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  /** What of a refusal could differ. */
  function told({ status, headers, body }: Answer): unknown {
    const { request_id: _, ...document } = JSON.parse(body.toString()) as Record<string, unknown>;
    const { date: _date, "x-request-id": _id, "content-length": _length, ...fields } = headers;
    return { status, fields, document };
  }

  it("delivers what was published, whole, with headers under which it can do nothing", async () => {
    const { status, headers, body } = await send(sign(published));
    assert.equal(status, 200);
    assert.ok(body.equals(CONTENT));
    assert.equal(headers["content-type"], "image/jpeg");
    assert.equal(headers["content-length"], String(CONTENT.length));
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.match(String(headers["content-security-policy"]), /^default-src 'none';.*sandbox$/);
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.equal(headers["content-disposition"], `inline; filename="Foto 1.jpg"; filename*=UTF-8''Foto%201.jpg`);
    assert.equal(headers["set-cookie"], undefined);
    const [, age = ""] = /^private, max-age=(\d+), immutable$/.exec(headers["cache-control"] ?? "") ?? [];
    assert.equal(Number(age), Number(/e=(\d+)/.exec(sign(published))?.[1]) - Math.floor(setup.clock.now() / 1000));
    const original = await send(sign(published, "original"));
    assert.match(original.headers["content-disposition"] ?? "", /^attachment;/);
  });

  it("answers HEAD and what has not changed without a body", async () => {
    const head = await send(sign(published), {}, "HEAD");
    assert.deepEqual([head.status, head.headers["content-length"], head.body.length], [200, "10000", 0]);
    const etag = head.headers.etag ?? "";
    for (const condition of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const { status, body } = await send(sign(published), { "if-none-match": condition });
      assert.deepEqual([status, body.length], [304, 0], condition);
    }
    assert.equal((await send(sign(published), { "if-none-match": '"other"' })).status, 200);
  });

  it("delivers parts", async () => {
    for (const [range, start, end] of [
      ["bytes=0-0", 0, 1],
      ["bytes=10-19", 10, 20],
      ["bytes=9990-", 9990, 10_000],
      ["bytes=-5", 9995, 10_000],
      ["bytes=-99999", 0, 10_000],
      ["bytes=9999-999999999", 9999, 10_000],
    ] as const) {
      const { status, headers, body } = await send(sign(published), { range });
      assert.equal(status, 206, range);
      assert.equal(headers["content-range"], `bytes ${start}-${end - 1}/10000`);
      assert.ok(body.equals(CONTENT.subarray(start, end)));
    }
    const { etag = "" } = (await send(sign(published))).headers;
    assert.equal((await send(sign(published), { range: "bytes=0-0", "if-range": etag })).status, 206);
    assert.equal((await send(sign(published), { range: "bytes=0-0", "if-range": '"old"' })).status, 200);
  });

  // Attack: ranges that are many, huge, overlapping or malformed have a server assemble answers far larger than the
  // file, or read where there is nothing. Several ranges are answered with the file, once.
  it("range abuse", async () => {
    const many = `bytes=${Array.from({ length: 700 }, (_, index) => `${index}-`).join(",")}`;
    for (const range of [
      many,
      "bytes=0-1,0-1",
      "bytes=",
      "bytes=-",
      "bytes=5-2",
      "bytes=a-b",
      "lines=1-2",
      "bytes=1-2;",
    ]) {
      const { status, body } = await send(sign(published), { range });
      assert.deepEqual([status, body.length], [200, CONTENT.length], range.slice(0, 20));
    }
    for (const range of ["bytes=10000-", "bytes=999999999999999-", "bytes=-0"]) {
      const { status, headers } = await send(sign(published), { range });
      assert.deepEqual([status, headers["content-range"]], [416, "bytes */10000"], range);
    }
    assert.equal((await send(sign(published), { range: `bytes=${"9".repeat(400)}-` })).status, 200);
  });

  // Attack: by the way in which they are refused, addresses tell what is there: which files exist, which wait for a
  // moderator, whose they are, how much of a signature was right. All refusals are the same, to the byte.
  it("telling refusals apart", async () => {
    const held = await bring("held", "image/jpeg");
    const received = await bring("received", "image/jpeg");
    const infected = await bring("infected", "image/jpeg");
    const foreign = await bring("published", "image/jpeg", { tenant: "other" });
    const good = sign(published);
    const refusals = new Map<string, string>([
      ["no signature", good.slice(0, good.indexOf("?"))],
      ["another path", good.replace(published, foreign)],
      ["another variant", good.replace("/thumb?", "/original?")],
      ["a later end", good.replace(/e=\d+/, (field) => `e=${Number(field.slice(2)) + 900}`)],
      ["another grant", good.replace("g=j.1.3", "g=j.2.3")],
      ["another generation", good.replace("g=j.1.3", "g=j.1.4")],
      ["another signature", good.slice(0, -1) + (good.endsWith("A") ? "B" : "A")],
      ["another key", good.replace(/k=\w{8}/, "k=00000000")],
      ["a revoked generation", sign(published, "thumb", { id: "j.1", generation: 2 })],
      ["an unknown grant", sign(published, "thumb", { id: "nobody", generation: 3 })],
      ["held", sign(held)],
      ["received", sign(received)],
      ["infected", sign(infected)],
      ["other tenant's", sign(foreign)],
      ["no such asset", sign("0".repeat(32))],
      ["no such variant", sign(published, "huge")],
      ["an extension", good.replace("/thumb?", "/thumb.svg?")],
      ["capital letters", good.replace("/media/v1/", "/media/v1/").replace(published, published.toUpperCase())],
      ["deeper", good.replace("/thumb?", "/thumb/x?")],
      ["shallower", "/media/v1/"],
    ]);
    const expected = told(await send(refusals.get("no such asset") ?? ""));
    assert.equal((expected as { status: number }).status, 403);
    for (const [name, address] of refusals) assert.deepEqual(told(await send(address)), expected, name);
  });

  it("expired addresses, and addresses whose grant was revoked a moment ago", async () => {
    const address = sign(published);
    assert.equal((await send(address)).status, 200);
    generations.set("acme j.1", 4);
    assert.equal((await send(address)).status, 403);
    generations.delete("acme j.1");
    assert.equal((await send(address)).status, 403);
    generations.set("acme j.1", 3);
    assert.equal((await send(address)).status, 200);
    await setup.clock.advance(30 * MINUTE);
    assert.equal((await send(address)).status, 403);
    const { name, context } = setup.events.at(-1) ?? {};
    assert.deepEqual([name, context?.["reason"]], ["media_address_expired", "expired"]);
  });

  it("files that a moderator hides stay signed and are gone", async () => {
    const asset = await bring("published", "image/jpeg");
    const address = sign(asset);
    assert.equal((await send(address)).status, 200);
    await setup.store.write((transaction) => assets.change(transaction, asset, { from: ["published"], to: "held" }));
    assert.equal((await send(address)).status, 403);
    const hidden = await send(address, { "if-none-match": "*" });
    assert.equal(hidden.status, 403);
  });

  // Attack: an address for reading is used with methods that write, or that a proxy passes and a server takes for GET.
  it("other methods", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const { status, headers } = await send(sign(published), {}, method);
      assert.equal(status, 405, method);
      assert.match(headers.allow ?? "", /GET, HEAD/);
    }
    for (const method of ["TRACE", "PROPFIND"]) {
      assert.ok((await send(sign(published), {}, method)).status >= 400, method);
    }
  });

  // Attack: paths that one layer reads as a file's and another as something else's, to get at files beside the media
  // or past a rule of a proxy.
  it("path tricks", async () => {
    const good = sign(published);
    const query = good.slice(good.indexOf("?"));
    for (const path of [
      `/media/v1/${published}%2fthumb`,
      `/media/v1/${published}/thumb%00`,
      `/media/v1/${published}/../${published}/thumb`,
      `/media/v1/${published}/./thumb`,
      `/media/v1/${published}/%2e%2e/thumb`,
      `/media/v1/${published}//thumb`,
      `/media/v1/${published}/thumb/`,
      `/media/v1/${published}/thumb;x`,
      `/media/v1/${published}/%74humb`,
      `/media/v1/..%2f..%2fetc%2fpasswd`,
      `/media/v1/${published}\\thumb`,
      `//media/v1/${published}/thumb`,
    ]) {
      const { status, body } = await send(path + query);
      assert.ok(status === 400 || status === 403 || status === 404 || status === 410, `${path}: ${status}`);
      assert.ok(!body.equals(CONTENT));
    }
  });

  // Attack: a file is stored as something that browsers run, or is called so, and opened on this origin.
  it("files that would run", async () => {
    for (const type of ["image/svg+xml", "text/html", "application/xhtml+xml", "application/javascript", "image/bmp"]) {
      const asset = await bring("published", type, { name: "holiday.svg" });
      const { headers } = await send(sign(asset));
      assert.equal(headers["content-type"], "application/octet-stream", type);
      assert.equal(headers["content-disposition"], `attachment; filename="holiday.bin"; filename*=UTF-8''holiday.bin`);
    }
    for (const [name, saved] of [
      ["photo.html", "photo.jpg"],
      ["photo.jpg.exe", "photo.jpg.jpg"],
      ["photo\u202egpj.exe", "photogpj.jpg"],
      ["../../.bashrc", "bashrc.jpg"],
      ["...", "ID.jpg"],
      ["C:\\x\0\r\nSet-Cookie: a=b", "CxSet-Cookie a=b.jpg"],
    ]) {
      const asset = await bring("published", "image/jpeg", { name: name ?? "" });
      const { headers } = await send(sign(asset));
      const shown = decodeURIComponent(/filename\*=UTF-8''(.*)$/.exec(headers["content-disposition"] ?? "")?.[1] ?? "");
      assert.equal(shown, saved?.replace("ID", asset));
      assert.equal(headers["set-cookie"], undefined);
    }
  });

  it("says 410 where files lay before", async () => {
    for (const path of [
      "/storage/acme/file",
      "/media/acme/file",
      "/media/v0/x",
      "/storage/../storage/x".slice(0, 9) + "x",
    ]) {
      assert.equal((await send(path)).status, 410, path);
    }
  });

  it("says 503 and calls an operator where a published file is not at its storage target", async () => {
    for (const variant of ["lost", "short"]) {
      const { status, headers } = await send(sign(published, variant));
      assert.deepEqual([status, headers["retry-after"]], [503, "5"]);
      assert.equal(setup.events.at(-1)?.name, "media_file_missing");
    }
  });

  it("serves on no other host than the one for media", async () => {
    const { clock, edge } = setup;
    const app = createMediaDelivery({
      ...{ edge, addresses, clock, cache: "public", retired: [], origin: "https://media.example" },
      published: {
        find: () => Promise.resolve({ tenant: "acme", key: "k", type: "image/png", bytes: 1, sha256: "a", name: "n" }),
      },
      grants: { generation: () => 3 },
      storage: { get: () => Promise.resolve({ bytes: 1, sha256: undefined, body: new Blob(["x"]).stream() }) },
    });
    const handler = edge.handler(app);
    const ask = (host: string): Promise<Response> =>
      handler(new Request(`https://${host}${sign(published)}`), { address: "203.0.113.9", encrypted: true });
    assert.equal((await ask("app.example")).status, 403);
    const served = await ask("media.example");
    assert.equal(served.status, 200);
    assert.equal(served.headers.get("cross-origin-resource-policy"), "cross-origin");
    assert.match(served.headers.get("cache-control") ?? "", /^public, max-age=\d+, immutable$/);
  });
});
