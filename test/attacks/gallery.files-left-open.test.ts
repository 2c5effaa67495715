// A browser asks for the head of a photo that waits for a moderator, or for the head of the archive of all, and for
// nothing more. Each time a file stays open, until the server can open none any more, nor accept a connection.
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { openGallery } from "../support/gallery-site.ts";
import { picture } from "../support/picture.ts";

/** Open files of photos, as far as the system shows them. */
function openPhotos(): number {
  const targets = readdirSync("/proc/self/fd").map((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      // It was the one by which the directory was read.
      return "";
    }
  });
  return targets.filter((target) => /gatehouse-gallery-.*\/files\/.*(view|original)$/.test(target)).length;
}

const skip = process.platform === "linux" ? false : "Open files are seen on Linux alone.";

it("heads of photos leave no file open", { skip }, async () => {
  await using site = await openGallery();
  const event = await site.event("dinner", { host: "ada" });
  const { media, store } = site.gatehouse.services;
  const photo = picture([0, 128, 128]);
  const bring = async (id: string, state: string): Promise<string> => {
    await using writer = await media.quarantine.append(id, 0);
    await writer?.write(photo);
    await writer?.flush();
    const file = { id, tenant: "default", collection: event, bytes: photo.length, name: "photo.png" } as const;
    const from = { grant: { id: "x", generation: 1 }, owner: { type: "guest", id: "ben" } } as const;
    const said = { declaredType: undefined, announcedSha256: undefined };
    await store.write((writing) => media.intake.received(writing, { ...file, ...from, ...said }));
    const stateOf = () => store.read(async (reading) => (await media.assets.find(reading, id))?.state);
    while ((await stateOf()) !== state) await pause(20);
    return id;
  };
  await bring("a".repeat(32), "published");
  await site.change("UPDATE gallery_events SET approval = 'hosts' WHERE id = ?1", [event]);
  const held = await bring("b".repeat(32), "held");
  const host = site.visitor();
  await host.signIn("ada");
  for (const path of [`/events/dinner/moderation/${held}`, "/events/dinner/photos.zip"]) {
    for (let count = 0; count < 3; count += 1) assert.equal((await host.open(path, { method: "HEAD" })).status, 200);
    // Files are closed in the background.
    for (let waits = 0; openPhotos() > 0 && waits < 100; waits += 1) await pause(50);
    assert.equal(openPhotos(), 0, path);
    assert.ok((await host.open(path)).text.length > 0);
  }
});
