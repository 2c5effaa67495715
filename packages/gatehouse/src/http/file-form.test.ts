import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDenial } from "../kernel/outcome.ts";
import { openEdgeSetup, TEST_CONNECTION, type EdgeSetup } from "../testing/edge-setup.ts";
import { isFileForm, readFileForm } from "./file-form.ts";
import type { Inbound } from "./inbound.ts";
import type { ReceiveFile } from "./multipart-form.ts";

/** A form with a text, a file and another text, as it comes in. `allowed` notes what time it is given. */
function arrive(
  { edge }: EdgeSetup,
  headers: Readonly<Record<string, string>> = {},
): { readonly inbound: Inbound; readonly allowed: number[] } {
  const form = new FormData();
  form.append("before", "1");
  form.append("file", new File(["content"], "a.txt"));
  form.append("after", "2");
  const request = new Request("https://app.example/", { method: "POST", body: form, headers });
  const allowed: number[] = [];
  const connection = { ...TEST_CONNECTION, allowTime: (time: number) => void allowed.push(time) };
  return { inbound: edge.inbound(request, connection), allowed };
}

const whole: ReceiveFile = async ({ read }) => {
  let text = "";
  for (let piece = await read(); piece !== undefined; piece = await read()) {
    if (isDenial(piece)) return piece;
    text += Buffer.from(piece).toString();
  }
  return `read: ${text}`;
};

describe("readFileForm", () => {
  it("reads the texts of a form, and what its receiver makes of the files", async () => {
    await using setup = await openEdgeSetup();
    const { inbound } = arrive(setup);
    assert.ok(isFileForm(inbound));
    const body = await readFileForm(inbound, whole);
    assert.ok(!isDenial(body) && body.kind === "form");
    assert.deepEqual({ ...body.fields }, { before: "1", file: "read: content", after: "2" });
    assert.equal(setup.clock.waiting, 0);
  });

  it("gives a form more time once a file of it is read, and not before", async () => {
    await using setup = await openEdgeSetup();
    const refused = arrive(setup);
    await readFileForm(refused.inbound, async () => undefined);
    assert.deepEqual(refused.allowed, []);
    const read = arrive(setup);
    await readFileForm(read.inbound, whole, { least: 1, interval: 1_000, longest: 20_000 });
    assert.deepEqual(read.allowed, [25_000]);
  });

  it("refuses the whole form where its receiver does, where it is compressed, and where its text is no UTF-8", async () => {
    await using setup = await openEdgeSetup();
    const compressed = await readFileForm(arrive(setup, { "content-encoding": "gzip" }).inbound, whole);
    assert.ok(isDenial(compressed) && compressed.problem.status === 415);
    const outright = await readFileForm(arrive(setup).inbound, async () => compressed);
    assert.equal(outright, compressed);
    const headers = { "content-type": "multipart/form-data; boundary=x; charset=utf-16" };
    const foreign = await readFileForm(arrive(setup, headers).inbound, whole);
    assert.ok(isDenial(foreign) && foreign.problem.status === 415);
  });
});
