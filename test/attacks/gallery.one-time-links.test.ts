// One-time links let in by an invitation that their holders never saw. Whoever got one for a friend finds out what else
// it gives, and whoever has none keeps those at the same address from using theirs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openGallery, type GallerySite } from "../support/gallery-site.ts";

describe("a one-time link", () => {
  it("makes nobody a moderator, though the newest invitation would", async () => {
    await using site = await openGallery();
    const event = await site.event("fair", { visibility: "open" });
    await site.invitation(event, ["view"]);
    await site.invitation(event, ["view", "moderate"]);
    const guest = site.visitor();
    const { path } = await link(site);
    await guest.comeIn(path);
    const { text } = await guest.open("/api/v1/gallery/events/fair", { headers: { accept: "application/json" } });
    assert.deepEqual(Object(JSON.parse(text)).may, ["view"]);
  });

  it("works for everybody at an address where forty others have used theirs", async () => {
    await using site = await openGallery();
    await site.event("fair", { visibility: "open" });
    for (let count = 0; count < 40; count += 1) {
      const { path } = await link(site);
      await site.visitor().comeIn(path);
    }
  });
});

function link(site: GallerySite): Promise<{ readonly path: string }> {
  return site.operate("links.issue", { purpose: "guest" });
}
