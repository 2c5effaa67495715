// What stands for an upload is sent to an action again, or to another action, session or field than it was made for. Files
// would be used twice, or somebody else's would appear as one's own.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openAlbums, png, refusal } from "../support/album.ts";

const MAIN = { componentId: "album:main", seed: undefined, version: 0 };

describe("a reference to an upload", () => {
  it("is good for one action, even when many ask at once", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    const { id } = await visitor.upload(MAIN, "photo", { content: png() });
    const calls = Array.from({ length: 8 }, () => visitor.callAction(MAIN, "add", { photo: id }));
    const answers = await Promise.allSettled(calls);
    assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal((await refusal(visitor.callAction(MAIN, "add", { photo: id }))).code, "VALIDATION_ERROR");
    const twice = await visitor.upload(MAIN, "photo", { content: png() });
    const both = visitor.callAction(MAIN, "add", { photo: [twice.id, twice.id] });
    assert.equal((await refusal(both)).code, "VALIDATION_ERROR");
    assert.ok(
      albums.kit.events.some(
        ({ name, context }) => name === "upload_reference_refused" && context["reason"] === "gone",
      ),
    );
  });

  it("is worth nothing to another session, component, instance or field, nor when it is made up", async () => {
    await using albums = await openAlbums();
    const [visitor, other] = [await albums.kit.visit(), await albums.kit.visit()];
    const { id } = await visitor.upload(MAIN, "photo", { content: png() });
    const ticket = visitor.ticket(MAIN, "photo");
    for (const attempt of [
      () => other.callAction(MAIN, "add", { photo: id }),
      () => visitor.callAction({ ...MAIN, componentId: "scrapbook:main" }, "add", { photo: id }),
      () => visitor.callAction({ ...MAIN, componentId: "album:second" }, "add", { photo: id }),
      () => visitor.callAction(MAIN, "add", { cover: id }),
      () => visitor.callAction(MAIN, "add", { photo: ticket }),
      () => visitor.callAction(MAIN, "add", { photo: "0123456789abcdef0123456789abcdef" }),
      () => visitor.callAction(MAIN, "add", { photo: { id } }),
    ]) {
      assert.equal((await refusal(attempt())).code, "VALIDATION_ERROR");
    }
    assert.deepEqual((await visitor.callAction(MAIN, "add", { photo: id })).state.names, ["photo.png"]);
    assert.deepEqual(albums.kit.errors, []);
  });

  it("is worth nothing an hour later", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    const { id } = await visitor.upload(MAIN, "photo", { content: png() });
    await albums.kit.clock.advance(61 * 60_000);
    await visitor.refreshToken();
    assert.equal((await refusal(visitor.callAction(MAIN, "add", { photo: id }))).code, "VALIDATION_ERROR");
  });
});
