import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLanguages } from "./language.ts";

const { choose } = createLanguages(["en", "de"]);

const NOTHING = { chosen: undefined, asked: undefined, remembered: undefined, accepted: null };

describe("the language of a page", () => {
  it("is what was just chosen, what the application asks for, what was chosen before, what the browser says", () => {
    const all = { chosen: "de", asked: "en", remembered: "de", accepted: "en" };
    assert.equal(choose(all), "de");
    assert.equal(choose({ ...all, chosen: undefined }), "en");
    assert.equal(choose({ ...all, chosen: undefined, asked: undefined }), "de");
    assert.equal(choose({ ...NOTHING, accepted: "de-CH, en;q=0.5" }), "de");
    assert.equal(choose(NOTHING), "en");
  });

  it("passes over languages that there are no texts in", () => {
    assert.equal(choose({ ...NOTHING, asked: "fr-CA de-AT en" }), "de");
    assert.equal(choose({ ...NOTHING, chosen: "xx", remembered: "de" }), "de");
    assert.equal(choose({ ...NOTHING, accepted: "den, dex;q=0.9, *;q=0.1" }), "en");
  });

  it("goes by the weights of the browser, and leaves out what it refuses", () => {
    assert.equal(choose({ ...NOTHING, accepted: "en;q=0.2, fr, de;q=0.8" }), "de");
    assert.equal(choose({ ...NOTHING, accepted: "de;q=0, en;q=0.1" }), "en");
    assert.equal(choose({ ...NOTHING, accepted: "de;q=nonsense" }), "en");
  });
});
