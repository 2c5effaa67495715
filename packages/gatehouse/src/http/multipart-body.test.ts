import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseMultipart } from "./multipart-body.ts";

const encoder = new TextEncoder();

function part(header: string, value: string): string {
  return `--x\r\n${header}\r\n\r\n${value}\r\n`;
}

function reasonOf(body: string): string {
  const answer = parseMultipart(encoder.encode(body), "x", 100);
  assert.ok(!answer.ok);
  return answer.reason;
}

describe("parseMultipart", () => {
  it("reads what FormData writes", async () => {
    const plain = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll(/[\r\n\0]/g, " "));
    const name = fc.stringMatching(/^[a-z]{1,12}$/);
    const pairs = fc.uniqueArray(fc.tuple(name, plain), { minLength: 1, maxLength: 6, selector: ([key]) => key });
    await fc.assert(
      fc.asyncProperty(pairs, async (fields) => {
        const form = new FormData();
        for (const [key, value] of fields) form.append(key, value);
        const response = new Response(form);
        const boundary = response.headers.get("content-type")?.split("boundary=")[1];
        const answer = parseMultipart(new Uint8Array(await response.arrayBuffer()), boundary, 100);
        assert.ok(answer.ok);
        assert.deepEqual({ ...answer.fields }, Object.fromEntries(fields));
      }),
      { numRuns: 200 },
    );
  });

  it("refuses files with a clear reason", () => {
    const file = part('Content-Disposition: form-data; name="f"; filename="a.php"', "x");
    assert.match(reasonOf(`${file}--x--`), /Files are not accepted/);
    const starred = part(`Content-Disposition: form-data; name="f"; filename*=UTF-8''a`, "x");
    assert.match(reasonOf(`${starred}--x--`), /Files are not accepted/);
  });

  // Parsers differ on what they forgive: missing line ends, extra headers, two names, text before the first
  // boundary. Each difference hides a field from one of two readers, so none is forgiven.
  it("refuses everything that is not exactly the format", () => {
    const good = part('Content-Disposition: form-data; name="a"', "1");
    for (const body of [
      "",
      `preamble\r\n${good}--x--`,
      `${good}`,
      `${good}--x`,
      `--x\nContent-Disposition: form-data; name="a"\n\n1\n--x--`,
      `${part("Content-Disposition: form-data", "1")}--x--`,
      `${part('Content-Disposition: form-data; name="a"; name="b"', "1")}--x--`,
      `${part('Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"', "1")}--x--`,
      `${part('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64', "1")}--x--`,
      `${part('Content-Disposition: form-data; name="a"\r\nContent-Type: application/json', "1")}--x--`,
      `${part('Content-Disposition: form-data; name="__proto__"', "1")}--x--`,
      `${part('Content-Disposition: form-data; name="a"', "\0")}--x--`,
    ]) {
      reasonOf(body);
    }
    assert.ok(parseMultipart(encoder.encode(`${good}--x--`), "x", 100).ok);
    assert.ok(parseMultipart(encoder.encode(`${good}--x--\r\n`), "x", 100).ok);
  });

  it("refuses floods of parts and malformed boundaries", () => {
    const flood = part('Content-Disposition: form-data; name="a"', "1").repeat(101);
    assert.match(reasonOf(`${flood}--x--`), /more than 100/);
    for (const boundary of [undefined, "", "a\r\nb", "x".repeat(71), "a "]) {
      assert.ok(!parseMultipart(encoder.encode("--x--"), boundary, 100).ok);
    }
  });

  it("never throws", () => {
    const pieces = fc.constantFrom(
      "--x",
      "\r\n",
      "--",
      'Content-Disposition: form-data; name="a"',
      ":",
      "\0",
      "é",
      ";",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (texts) => {
        void parseMultipart(encoder.encode(texts.join("")), "x", 10);
      }),
      { numRuns: 5_000 },
    );
  });
});
