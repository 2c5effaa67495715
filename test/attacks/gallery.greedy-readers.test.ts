// A guest, or somebody who was sent the link of one, reads the public API as fast as it answers, at each of its addresses,
// to copy everything or to keep the server busy. They are to be stopped there, whichever address they take, and nobody
// else at the venue with them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openGallery, type GalleryPage, type GallerySite, type GalleryVisitor } from "../support/gallery-site.ts";

const VENUE = "198.51.100.20";
const ELSEWHERE = "203.0.113.20";
const API = "/api/v1/gallery/events/dinner";
const PHOTO = "0".repeat(32);
const ADDRESSES = [API, `${API}/photos`, `${API}/photos/${PHOTO}`];

async function open(limits: object): Promise<{ readonly site: GallerySite; readonly path: string }> {
  const site = await openGallery({ guests: { limits } });
  const event = await site.event("dinner");
  return { site, path: (await site.invitation(event, ["view"])).path };
}

async function guest(site: GallerySite, path: string, ip = VENUE): Promise<GalleryVisitor> {
  const visitor = site.visitor(ip);
  await visitor.comeIn(path);
  return visitor;
}

const ask = (visitor: GalleryVisitor, address: string): Promise<GalleryPage> =>
  visitor.open(address, { headers: { accept: "application/json" } });

/** Reads until refused; how often it was answered. */
async function drain(visitor: GalleryVisitor, address: string): Promise<number> {
  for (let answered = 0; answered < 200; answered += 1) {
    const { status } = await ask(visitor, address);
    if (status === 429) return answered;
    assert.ok(status === 200 || status === 404, String(status));
  }
  return Number.POSITIVE_INFINITY;
}

describe("readers of the public API who cannot get enough", () => {
  for (const address of ADDRESSES) {
    it(`are stopped at ${address}, each for themselves`, async () => {
      const { site, path } = await open({ session: { limit: 8 } });
      await using _ = site;
      const greedy = await guest(site, path);
      const modest = await guest(site, path);
      assert.equal(await drain(greedy, address), 8);
      const refused = await ask(greedy, address);
      assert.equal(refused.status, 429);
      const { code } = JSON.parse(refused.text) as { code: string };
      assert.equal(code, "RATE_LIMIT_EXCEEDED");
      assert.ok(Number(refused.headers.get("retry-after")) > 0);
      for (const other of ADDRESSES) assert.equal((await ask(greedy, other)).status, 429, `${other} counts with it`);
      assert.notEqual((await ask(modest, address)).status, 429, "others at the same address go on");
    });

    it(`are stopped at ${address} by the token they share, and by token and place`, async () => {
      const { site, path } = await open({ token: { limit: 12 }, pair: { limit: 6 } });
      await using _ = site;
      const here = await guest(site, path);
      assert.equal(await drain(here, address), 6, "at one place");
      assert.equal((await ask(await guest(site, path), address)).status, 429, "whoever it is");
      const there = await guest(site, path, ELSEWHERE);
      assert.equal(await drain(there, address), 6, "the token's own limit is for all places");
      assert.equal((await ask(await guest(site, path, "203.0.113.99"), address)).status, 429);
    });
  }
});
