// Somebody floods an event with files that nobody wants, faster than they can be banned. An operator pauses uploads for
// everybody, and those who are in the middle of one must lose nothing by it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openCollections, send } from "../support/collections.ts";
import { draftAppend, draftBegin } from "../support/resumable-client.ts";
import { idIn, tusBegin, tusHead, tusPatch } from "../support/tus.ts";

const FORM = [
  ...[
    "--b",
    'content-disposition: form-data; name="photos"; filename="a.jpg"',
    "content-type: image/jpeg",
    "",
    "hello",
  ],
  ...["--b--", ""],
].join("\r\n");

describe("while uploads are paused", () => {
  it("nothing begins and nothing goes on, in all three ways, and everybody is told when to come again", async () => {
    await using server = await openCollections();
    const { url, gatehouse } = server;
    const { path } = await tusBegin(url, 10);
    await tusPatch(url, path, { offset: 0, body: "hello" });
    const measure = "uploads-paused";
    const set = await gatehouse.operate("emergency.set", { measure, reason: "a flood", minutes: 5 });
    assert.equal(set.ok, true);
    const form = { "content-type": "multipart/form-data; boundary=b", accept: "application/json" };
    const answers = [
      await tusBegin(url, 10),
      await tusPatch(url, path, { offset: 5, body: "world" }),
      await draftBegin(url, { complete: true, body: "hello" }),
      await draftAppend(url, path, { offset: 5, complete: true, body: "world" }),
      await send(url, "/uploads?collection=fair", { method: "POST", headers: form, body: FORM }),
    ];
    for (const { status, headers, json } of answers) {
      assert.deepEqual([status, Object(json).code], [503, "UPLOADS_PAUSED"]);
      assert.equal(headers["retry-after"], "60");
    }
    const state = await tusHead(url, path);
    assert.deepEqual([state.status, state.headers["upload-offset"]], [204, "5"]);
    assert.deepEqual(await server.files(), [idIn(path)]);

    await gatehouse.operate("emergency.lift", { measure });
    assert.equal((await tusPatch(url, path, { offset: 5, body: "world" })).headers["upload-offset"], "10");
    assert.equal(String(await server.content(idIn(path))), "helloworld");
  });
});
