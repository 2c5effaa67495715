// A guest of a closed event is turned out, or its host closes what was open to everybody, while pages of it are open in
// browsers. Whoever has such a page goes on asking with what it carries: for the guestbook, and to write into it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openGallery, type GalleryPage, type GallerySite, type GalleryVisitor } from "../support/gallery-site.ts";

describe("an open page of an event that its reader may not see any more", () => {
  let site: GallerySite;
  before(async () => {
    site = await openGallery();
  });
  after(() => site[Symbol.asyncDispose]());

  /** What the page goes on to get once there is news, and what becomes of what is sent with it. */
  async function goesOn(visitor: GalleryVisitor, page: GalleryPage, event: string): Promise<void> {
    const host = site.visitor("192.0.2.20");
    await host.signIn("ada");
    const writing = await host.open(`/events/${event}`);
    await host.act(writing, "guestbook", { _action: "sign", author: "Ada", message: "Between the two of us" });
    await host.act(writing, "like", { _action: 'set {"liked":true}' });
    assert.match(await host.load(writing, "guestbook"), /Between the two of us/);
    assert.doesNotMatch(await visitor.load(page, "guestbook"), /Between the two of us/);
    assert.doesNotMatch(await visitor.load(page, "like"), /likes so far/);
    const signed = await visitor.act(page, "guestbook", { _action: "sign", author: "Eve", message: "Still here" });
    const more = await visitor.act(page, "guestbook", { _action: "more {}" });
    const liked = await visitor.act(page, "like", { _action: 'set {"liked":true}' });
    assert.deepEqual([signed.status, more.status, liked.status], [403, 403, 403]);
    assert.doesNotMatch(signed.text + more.text, /Between the two of us/);
    assert.doesNotMatch(await host.load(writing, "guestbook"), /Still here/);
  }

  it("has nothing for a guest whose invitation was revoked", async () => {
    const { id, path } = await site.invitation(await site.event("dinner", { host: "ada" }));
    const guest = site.visitor();
    await guest.comeIn(path);
    const page = await guest.open("/events/dinner");
    assert.match(await guest.load(page, "guestbook"), /Nobody has written yet/);
    await site.operate("join-tokens.revoke", { id });
    await goesOn(guest, page, "dinner");
  });

  it("has nothing for a stranger once the event is for invited guests", async () => {
    const event = await site.event("fair", { visibility: "open", host: "ada" });
    const stranger = site.visitor();
    const page = await stranger.open("/events/fair");
    await site.change("UPDATE gallery_events SET visibility = 'invited' WHERE id = ?1", [event]);
    await goesOn(stranger, page, "fair");
  });
});
