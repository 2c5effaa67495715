// A few guests open as many requests as they may and let bytes drip, just fast enough not to be cut off, until the
// server receives as much at once as it can. Nobody else uploads any more, at no event of no tenant, unless whoever
// holds most gives a place to whoever holds less.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openCollections, until, type CollectionServer, type UploadAnswer } from "../support/collections.ts";
import { idIn, tusBegin, tusHead, tusPatch } from "../support/tus.ts";

const PLACES = 12;
const ENDLESS = 100_000_000;
const PHOTO = Buffer.alloc(50_000, 7);

interface Dripping {
  readonly path: string;
  readonly guest: string;
  readonly answer: Promise<UploadAnswer | undefined>;
}

/** Requests of one guest that never come to their end. */
async function hoard(server: CollectionServer, guest: string, requests: number): Promise<readonly Dripping[]> {
  return Promise.all(
    Array.from({ length: requests }, async () => {
      const { path } = await tusBegin(server.url, ENDLESS, { guest });
      const answer = tusPatch(server.url, path, {
        ...{ offset: 0, guest, headers: { "content-length": String(ENDLESS) } },
        body: (request) => {
          const drip = setInterval(() => request.write("x".repeat(500)), 50);
          request.once("close", () => clearInterval(drip));
        },
      });
      const reached = answer.catch(() => undefined);
      await until(async () => (await server.files()).includes(idIn(path)));
      return { path, guest, answer: reached };
    }),
  );
}

async function bring(
  server: CollectionServer,
  { guest, host, collection = "fair" }: { guest: string; host?: string; collection?: string },
): Promise<string> {
  const headers = host === undefined ? {} : { host };
  const { path, status } = await tusBegin(server.url, PHOTO.length, { guest, collection, headers });
  const address = new URL(path, server.url).pathname;
  const sent = await tusPatch(server.url, address, { offset: 0, body: PHOTO, guest, headers });
  return `${status} ${sent.status}`;
}

describe("places that few guests hold with requests that never end", () => {
  const settings = { media: { uploads: { atOnce: PLACES } } };

  it("are given to guests, events and tenants who hold less", { timeout: 60_000 }, async () => {
    await using server = await openCollections({ settings });
    const dripping = [...(await hoard(server, "mallory", 6)), ...(await hoard(server, "trudy", 6))];
    assert.equal(await bring(server, { guest: "ben" }), "201 204", "somebody else under the same grant");
    assert.equal(await bring(server, { guest: "ida", collection: "fairground" }), "201 204", "at another event");
    const { port } = new URL(server.url);
    const host = `other.localhost:${port}`;
    assert.equal(await bring(server, { guest: "joe", host }), "201 204", "of another tenant");
    const ended = await Promise.race(
      dripping.map(async ({ path, guest, answer }) => ({ path, guest, ...(await answer) })),
    );
    assert.equal(ended.status, 503);
    assert.equal(ended.headers?.["retry-after"], "2");
    const { headers } = await tusHead(server.url, ended.path, { guest: ended.guest });
    assert.ok(Number(headers["upload-offset"]) > 0, "what came is kept");
  });

  it("are not given back to whoever holds most", { timeout: 60_000 }, async () => {
    await using server = await openCollections({ settings });
    await hoard(server, "mallory", 6);
    await hoard(server, "trudy", 6);
    const { path } = await tusBegin(server.url, PHOTO.length, { guest: "mallory" });
    const again = await tusPatch(server.url, path, { offset: 0, body: PHOTO, guest: "mallory" });
    assert.equal(again.status, 503);
  });
});
