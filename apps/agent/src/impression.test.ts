import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sharp from "sharp";
import { measure } from "./impression.ts";
import { describe as words } from "./skills/caption.ts";
import { findMentions } from "./skills/find-mentions.ts";
import { judge } from "./skills/moderate.ts";

const raw = { width: 320, height: 240, channels: 3 } as const;

/** A photo with noise on it, or nothing but a colour. */
async function photo(background: { r: number; g: number; b: number }, sigma: number): Promise<Buffer> {
  const plain = sharp({ create: { ...raw, background } });
  if (sigma === 0) return plain.png().toBuffer();
  const noise = { type: "gaussian", mean: 0, sigma } as const;
  const grain = await sharp({ create: { ...raw, background: "black", noise } })
    .raw()
    .toBuffer();
  return plain
    .composite([{ input: grain, raw, blend: "add" }])
    .png()
    .toBuffer();
}

const RED = { r: 200, g: 40, b: 30 };

describe("what can be measured of a photo", () => {
  it("is its size the right way up, its light and its colour", async () => {
    const turned = await sharp(await photo(RED, 30))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { width, height, colour, brightness, contrast } = await measure(turned);
    assert.deepEqual([width, height, colour], [240, 320, "red"]);
    assert.ok(brightness > 30 && brightness < 160, String(brightness));
    assert.ok(contrast > 5, String(contrast));
  });

  it("decides which photos guests see", async () => {
    const decisionOn = async (image: Buffer) => judge(await measure(image)).decision;
    assert.equal(await decisionOn(await photo(RED, 30)), "publish");
    assert.equal(await decisionOn(await photo(RED, 0)), "refuse");
    assert.equal(await decisionOn(await photo({ r: 0, g: 0, b: 0 }, 10)), "hide");
    const slope = Buffer.from(
      '<svg width="320" height="240"><linearGradient id="g"><stop stop-color="#333"/><stop offset="1" stop-color="#eee"/></linearGradient><rect width="100%" height="100%" fill="url(#g)"/></svg>',
    );
    assert.deepEqual(judge(await measure(await sharp(slope).png().toBuffer())).findings, ["blurred"]);
    const icon = await sharp(await photo(RED, 30))
      .extract({ left: 0, top: 0, width: 32, height: 32 })
      .png()
      .toBuffer();
    assert.deepEqual(judge(await measure(icon)).findings, ["too small"]);
  });

  it("becomes words in both languages, fewer where a reviewer wants fewer", async () => {
    const impression = await measure(await photo({ r: 90, g: 120, b: 240 }, 30));
    const event = { title: "Anna & Ben", place: "Hofgut" };
    const english = words(impression, { event, language: "en", short: false });
    assert.deepEqual(english, {
      caption: "Anna & Ben at Hofgut: Evenly lit landscape photo, mostly blue",
      alt: "Evenly lit landscape photo, mostly blue",
    });
    const german = words(impression, { event, language: "de", short: true });
    assert.deepEqual(german, { caption: "Anna & Ben", alt: "Gleichmäßig helles Querformat, überwiegend blau" });
  });
});

describe("entries that name somebody", () => {
  it("are those with the whole name, whatever stands in it", async () => {
    const entries = [
      { id: "1", author: "Jo", message: "Hello (mia)!" },
      { id: "2", author: "Jo", message: "Miamusters are fine" },
      { id: "3", author: "A+B", message: "Nothing" },
    ];
    const input = { names: ["Mia", "A+B", ""], entries };
    const item = { type: "gallery.erase-guest", input } as Parameters<typeof findMentions.do>[0];
    const { result } = await findMentions.do(item, {
      signal: AbortSignal.any([]),
      look: () => Promise.reject(new Error("There is nothing to look at.")),
    });
    assert.deepEqual(result, { mentions: ["1", "3"] });
  });
});
