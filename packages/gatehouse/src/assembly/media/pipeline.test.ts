import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createHash } from "node:crypto";
import sharp from "sharp";
import { systemClock } from "../../kernel/clock.ts";
import { skipWithoutClamd, startClamd, type ClamdService } from "../../testing/clamd.ts";
import { MediaSite } from "../../testing/media-site.ts";

const DAY = 86_400_000;
sharp.cache(false);

async function photo(comment = "GPS"): Promise<Buffer> {
  return sharp({ create: { width: 2000, height: 1000, channels: 3, background: "#336699" } })
    .withExif({ IFD0: { Copyright: comment } })
    .jpeg()
    .toBuffer();
}

function digest(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

describe("the pipeline of files", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  let site: MediaSite;
  before(async () => {
    clamd = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 100 } });
    site = await MediaSite.open({ media: { scanner: { engine: "clamd", address: clamd.address } } });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]();
    await clamd?.[Symbol.asyncDispose]();
  });

  it("publishes a clean photo without its metadata, in three forms", async () => {
    const file = await photo();
    const id = await site.bring(file, { announcedSha256: digest(file) });
    const asset = await site.until(id, "published");
    assert.match(asset.scannedBy ?? "", /^ClamAV .*\/100\//);
    const { type, sha256, width, height } = asset.findings;
    assert.deepEqual(
      { type, sha256, width, height },
      { type: "image/jpeg", sha256: digest(file), width: 2000, height: 1000 },
    );
    const variants = await site.variants(id);
    assert.deepEqual([...variants.keys()], ["original", "thumb", "view"]);
    for (const [name, edge] of [
      ["thumb", 400],
      ["view", 1600],
      ["original", 2000],
    ] as const) {
      const content = (await site.content(id, name)) ?? assert.fail();
      assert.equal(digest(content), variants.get(name)?.sha256);
      const { exif, width: wide } = await sharp(content).metadata();
      assert.deepEqual([exif, wide], [undefined, edge]);
    }
    await site.idle();
    assert.equal(site.isQuarantined(id), false);
    assert.equal(site.named("media_asset_published").length, 1);
  });
});
