import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contentTag } from "./content-patch.ts";
import { RecentContents } from "./recent-contents.ts";

const key = (owner: string) => ({ tenant: "default", component: "board", instance: "main", owner });
const content = (text: string) => ({ tag: contentTag(text), text });
const nothing = (): undefined => undefined;

describe("RecentContents", () => {
  it("finds the newest content of a component without rendering it", () => {
    const contents = new RecentContents(10_000);
    const [first, second] = [content("<p>1</p>"), content("<p>2</p>")];
    contents.keep(key("ada"), first);
    contents.keep(key("ada"), second);
    assert.equal(
      contents.find(key("ada"), second.tag, () => assert.fail("rendered")),
      second.text,
    );
    assert.equal(contents.find(key("ada"), first.tag, nothing), undefined);
  });

  it("knows nothing of one owner's contents for another, whatever tag they name", () => {
    const contents = new RecentContents(10_000);
    const secret = content("<p>For Ada</p>");
    contents.keep(key("ada"), secret);
    assert.equal(contents.find(key("bob"), secret.tag, nothing), undefined);
    assert.equal(
      contents.find(key("bob"), secret.tag, () => "<p>For Bob</p>"),
      undefined,
    );
  });

  it("takes what is rendered where the tag is its", () => {
    const contents = new RecentContents(10_000);
    const { tag, text } = content("<p>1</p>");
    assert.equal(
      contents.find(key("ada"), tag, () => text),
      text,
    );
  });

  it("gives up the oldest where there is no more room", () => {
    const contents = new RecentContents(3000);
    const texts = ["a", "b", "c", "d"].map((letter) => content(letter.repeat(1000)));
    for (const [index, one] of texts.entries()) contents.keep(key(`owner ${index}`), one);
    const found = texts.map(({ tag }, index) => contents.find(key(`owner ${index}`), tag, nothing) !== undefined);
    assert.deepEqual(found, [false, false, true, true]);
    const large = content("e".repeat(5000));
    contents.keep(key("ada"), large);
    assert.equal(contents.find(key("ada"), large.tag, nothing), undefined);
  });
});
