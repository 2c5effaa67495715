// Names of couples and firms are easily guessed, and so are the addresses of their events. A stranger, or a guest of
// another event, asks for one after the other, and by the answers learns which celebrations there are.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openGallery, type GallerySite } from "../support/gallery-site.ts";

const PATHS = [
  "/events/SLUG",
  "/events/SLUG/settings",
  "/events/SLUG/invitations",
  "/events/SLUG/invitations/0198c5ff-0000-7000-8000-000000000000",
  "/events/SLUG/moderation",
  `/events/SLUG/moderation/${"0".repeat(32)}`,
  `/events/SLUG/photos/${"0".repeat(32)}`,
  "/events/SLUG/photos.zip",
  "/api/v1/gallery/events/SLUG",
  "/api/v1/gallery/events/SLUG/photos",
  `/api/v1/gallery/events/SLUG/photos/${"0".repeat(32)}`,
];

/** An answer without what differs from one request to the next. */
function plain(text: string, slug: string): string {
  return text
    .replaceAll(slug, "SLUG")
    .replaceAll(/[\w-]{60,}|nonce="[^"]*"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "");
}

describe("events that a visitor was not invited to", () => {
  let site: GallerySite;
  before(async () => {
    site = await openGallery();
    await site.event("anna-and-karl", { host: "ada" });
  });
  after(() => site[Symbol.asyncDispose]());

  for (const who of ["stranger", "guest of another event", "host of another event"]) {
    it(`cannot be told from events that do not exist, by a ${who}`, async () => {
      const visitor = site.visitor();
      if (who.startsWith("guest")) {
        const event = await site.event("party-of-the-guest");
        await visitor.comeIn((await site.invitation(event, ["view", "upload", "download", "moderate"])).path);
      }
      if (who.startsWith("host")) {
        await site.event("party-of-the-host", { host: "eve" });
        await visitor.signIn("eve");
      }
      for (const path of PATHS) {
        for (const accept of ["text/html", "application/json"]) {
          const ask = (slug: string) => visitor.open(path.replace("SLUG", slug), { headers: { accept } });
          const [there, nowhere] = [await ask("anna-and-karl"), await ask("anna-and-paul")];
          assert.equal(there.status, nowhere.status, `${path} ${accept}`);
          assert.equal(there.status, 404, `${path} ${accept}`);
          assert.equal(plain(there.text, "anna-and-karl"), plain(nowhere.text, "anna-and-paul"), `${path} ${accept}`);
          assert.doesNotMatch(there.text, /Secret Dinner|The mill/);
        }
      }
    });
  }
});
