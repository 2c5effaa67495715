import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Contents } from "./contents.ts";

describe("the inspector's contents", () => {
  it("tell what a patch saved, in bytes and not in characters", () => {
    const contents = new Contents(10);
    const base = (): Parameters<Contents["take"]>[2] => contents.get(["a:main"]).get("a:main");
    const whole = `<p>${"ü".repeat(50)}</p>`;
    assert.deepEqual(contents.take("a:main", { html: whole, version: 1 }, base()), {
      kind: "whole",
      sent: 109,
      whole: 109,
    });
    const patch = [[3, 1, "o"]] as const;
    assert.deepEqual(contents.take("a:main", { patch, version: 2 }, base()), { kind: "patch", sent: 11, whole: 108 });
    assert.equal(base()?.html, whole.replace("ü", "o"));
    assert.deepEqual(contents.take("a:main", { unchanged: true }, base()), { kind: "unchanged", sent: 0, whole: 108 });
  });

  it("say nothing where they cannot know, and let no older answer count", () => {
    const contents = new Contents(10);
    assert.equal(contents.take("a:main", { patch: [], version: 1 }, undefined), undefined);
    assert.equal(contents.take("a:main", {}, undefined), undefined);
    contents.take("a:main", { html: "new", version: 2 }, undefined);
    contents.take("a:main", { html: "old", version: 1 }, undefined);
    assert.equal(contents.get(["a:main"]).get("a:main")?.html, "new");
  });

  it("keep no more than they may", () => {
    const contents = new Contents(2);
    for (const id of ["a", "b", "c"]) contents.take(id, { html: id, version: 1 }, undefined);
    assert.deepEqual(
      [...contents.get(["a", "b", "c"]).values()].map((known) => known?.html),
      [undefined, "b", "c"],
    );
  });
});
