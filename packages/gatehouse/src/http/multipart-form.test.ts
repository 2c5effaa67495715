import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { readMultipartForm, type ReceiveFile } from "./multipart-form.ts";
import type { PieceSource } from "./multipart-stream.ts";

/** A file as it came: where it was, and all of its content. */
interface ReadFile {
  readonly field: string;
  readonly fileName: string;
  readonly content: string;
}

interface Read {
  readonly fields: Readonly<Record<string, string | readonly string[]>>;
  readonly files: readonly ReadFile[];
}

const BOUNDARY = "x";

/** Bytes in pieces of the given sizes, again and again; of size 0, too. */
function inPieces(bytes: Uint8Array, sizes: readonly number[]): PieceSource {
  let at = 0;
  let turn = 0;
  return {
    async read() {
      if (at >= bytes.byteLength) return undefined;
      const size = sizes[turn++ % sizes.length] ?? bytes.byteLength;
      const piece = bytes.subarray(at, at + size);
      at += size;
      return piece;
    },
  };
}

async function readForm(
  body: string | Uint8Array,
  {
    boundary = BOUNDARY,
    sizes = [1_000_000],
    limits = { bytes: 1_000_000, fields: 100 },
  }: {
    readonly boundary?: string | undefined;
    readonly sizes?: readonly number[];
    readonly limits?: { readonly bytes: number; readonly fields: number };
  } = {},
  receive?: ReceiveFile,
): Promise<Read | Denial> {
  const files: ReadFile[] = [];
  const keep: ReceiveFile = async ({ field, fileName, read }) => {
    const pieces: Uint8Array[] = [];
    for (let piece = await read(); piece !== undefined; piece = await read()) {
      if (isDenial(piece)) return piece;
      pieces.push(Uint8Array.from(piece));
    }
    files.push({ field, fileName, content: Buffer.concat(pieces).toString("latin1") });
    return undefined;
  };
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const fields = await readMultipartForm(inPieces(bytes, sizes), { boundary, limits }, receive ?? keep);
  return isDenial(fields) ? fields : { fields: { ...fields }, files };
}

async function reasonOf(body: string, boundary: string | undefined = BOUNDARY): Promise<string> {
  // A boundary that is missing must stay missing.
  const read = await readMultipartForm(
    inPieces(Buffer.from(body), [1_000_000]),
    { boundary, limits: { bytes: 1_000_000, fields: 100 } },
    async () => "file",
  );
  assert.ok(isDenial(read), `accepted: ${JSON.stringify(body)}`);
  return read.detail ?? "";
}

function part(header: string, value: string): string {
  return `--x\r\n${header}\r\n\r\n${value}\r\n`;
}

const FIELD = 'Content-Disposition: form-data; name="a"';
const FILE = 'Content-Disposition: form-data; name="f"; filename="a.png"\r\nContent-Type: image/png';

/** What undici makes of the same bytes: another parser, written by others, that has all of the body at hand. */
async function undiciReads(body: Uint8Array, boundary: string): Promise<Read | "refused"> {
  const headers = { "content-type": `multipart/form-data; boundary="${boundary}"` };
  const form = await new Response(Uint8Array.from(body), { headers }).formData().catch(() => undefined);
  if (form === undefined) return "refused";
  const fields: Record<string, string | string[]> = {};
  const files: ReadFile[] = [];
  for (const [name, value] of form) {
    if (typeof value === "string") {
      const before = Object.hasOwn(fields, name) ? fields[name] : undefined;
      fields[name] = before === undefined ? value : [...[before].flat(), value];
    } else if (value.name !== "") {
      const content = Buffer.from(await value.arrayBuffer()).toString("latin1");
      files.push({ field: name, fileName: value.name, content });
    }
  }
  return { fields, files };
}

const sizesOfPieces = fc
  .array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 })
  .filter((sizes) => sizes.some((size) => size > 0));
const fieldName = fc.stringMatching(/^[a-z]{1,12}$/);
const fieldText = fc.string({ unit: "grapheme", maxLength: 30 }).map((text) => text.replaceAll("\0", " "));
/** Content that looks like what stands between parts. */
const content = fc
  .array(
    fc.oneof(fc.constantFrom("\r\n", "--", "-", "\r", "\n", "--x", "\r\n-", "\r\n--"), fc.string({ maxLength: 9 })),
  )
  .map((pieces) => Uint8Array.from(Buffer.from(pieces.join(""), "latin1")));
const fileNames = fc.constantFrom("a.png", "ä ö.jpg", "日本.png", 'quo"te.png', "../up.png", "semi;colon.png", "a\nb");

describe("readMultipartForm", () => {
  it("reads what FormData writes as undici reads it, in whatever pieces it arrives", async () => {
    const parts = fc.array(fc.tuple(fieldName, fc.oneof(fieldText, fc.tuple(fileNames, content))), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(parts, sizesOfPieces, async (entries, sizes) => {
        const form = new FormData();
        for (const [name, value] of entries) {
          if (typeof value === "string") form.append(name, value);
          else form.append(name, new File([value[1]], value[0]));
        }
        const request = new Response(form);
        const boundary = request.headers.get("content-type")?.split("boundary=")[1] ?? "";
        const bytes = new Uint8Array(await request.arrayBuffer());
        const expected = await undiciReads(bytes, boundary);
        assert.deepEqual(await readForm(bytes, { boundary, sizes }), expected);
        if (expected === "refused") return;
        // And that is what was meant: nothing was lost on the way.
        assert.deepEqual(
          expected.files.map((file) => file.content),
          entries.flatMap(([, value]) => (typeof value === "string" ? [] : [Buffer.from(value[1]).toString("latin1")])),
        );
      }),
      { numRuns: 400 },
    );
  });

  // Two readers that understand one body differently are what smuggling needs: what both accept, both have to
  // understand alike.
  it("never understands what undici accepts in another way", async () => {
    const piece = fc.constantFrom(
      ...["--x", "--x", "--x--", "\r\n", "\r\n", "\r\n\r\n", "\n", "--", FIELD, FIELD, FILE, FILE, "value", "\r"],
      ...[": ", "; ", '"', "Content-Type: text/plain", 'name="b"', 'filename=""', "--xy", "é", "\t", " "],
    );
    const wild = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(""));
    const whole = fc
      .array(fc.tuple(fc.constantFrom(FIELD, FILE, FILE.replace("a.png", "")), fc.array(piece, { maxLength: 4 })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => `${parts.map(([header, value]) => part(header, value.join(""))).join("")}--x--\r\n`);
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(wild, whole), sizesOfPieces, async (body, sizes) => {
        const read = await readForm(body, { sizes });
        const expected = await undiciReads(Buffer.from(body), BOUNDARY);
        if (isDenial(read) || expected === "refused") return;
        accepted += 1;
        assert.deepEqual(read, expected);
      }),
      { numRuns: 3_000 },
    );
    assert.ok(accepted > 300, `${accepted} were accepted`);
  });

  it("says the same of the same bytes, however they are cut", async () => {
    const body = `${part(FIELD, "1")}${part(FILE, "\r\n--\r\n--y\r\n")}${part(FIELD, "")}--x--`;
    const expected = {
      fields: { a: ["1", ""] },
      files: [{ field: "f", fileName: "a.png", content: "\r\n--\r\n--y\r\n" }],
    };
    for (let size = 1; size <= body.length; size += 1)
      assert.deepEqual(await readForm(body, { sizes: [size] }), expected, `pieces of ${size}`);
    for (let end = 0; end < body.length; end += 1)
      assert.ok(isDenial(await readForm(body.slice(0, end), { sizes: [7] })), `ends after ${end}`);
  });

  // Parsers differ on what they forgive: missing line ends, extra headers, two names, text before the first
  // boundary. Each difference hides a field from one of two readers, so none is forgiven.
  it("refuses everything that is not exactly the format", async () => {
    const good = part(FIELD, "1");
    for (const body of [
      "",
      `preamble\r\n${good}--x--`,
      `${good}`,
      `${good}--x`,
      `${good}--x \r\n${good}--x--`,
      `--x\n${FIELD}\n\n1\n--x--`,
      `${part("Content-Disposition: form-data", "1")}--x--`,
      `${part('Content-Disposition: form-data; name="a"; name="b"', "1")}--x--`,
      `${part(`${FIELD}\r\n${FIELD}`, "1")}--x--`,
      `${part(`${FIELD}\r\nContent-Transfer-Encoding: base64`, "1")}--x--`,
      `${part(`${FIELD}\r\nContent-Type: application/json`, "1")}--x--`,
      `${part('Content-Disposition: form-data; name="__proto__"', "1")}--x--`,
      `${part(`Content-Disposition: form-data; name="f"; filename*=UTF-8''a`, "x")}--x--`,
      `${part(FIELD, "\0")}--x--`,
      `--x\r\n${FIELD}\r\nContent-Type: ${"x".repeat(2_000)}\r\n\r\n1\r\n--x--`,
    ]) {
      await reasonOf(body);
    }
    assert.ok(!isDenial(await readForm(`${good}--x--`)));
    assert.ok(!isDenial(await readForm(`${good}--x--\r\n`)));
    for (const boundary of ["", "a\r\nb", "x".repeat(71), "a "]) await reasonOf("--x--", boundary);
    const options = { boundary: undefined, limits: { bytes: 1, fields: 1 } };
    assert.ok(isDenial(await readMultipartForm(inPieces(Buffer.from("--x--"), [9]), options, async () => "")));
  });

  it("takes names of files as long as file systems have them", async () => {
    const fileName = `${"語".repeat(251)}.png`;
    const read = await readForm(`${part(FILE.replace("a.png", fileName), "1")}--x--`);
    assert.deepEqual(read, { fields: {}, files: [{ field: "f", fileName, content: "1" }] });
  });

  it("counts every part, files that are refused and fields without a file, too", async () => {
    for (const header of [FIELD, FILE, FILE.replace("a.png", "")]) {
      assert.match(await reasonOf(`${part(header, "1").repeat(101)}--x--`), /more than 100/, header);
      assert.ok(!isDenial(await readForm(`${part(header, "1").repeat(100)}--x--`)), header);
    }
  });

  it("bounds the text of all fields together", async () => {
    const limits = { bytes: 10, fields: 100 };
    assert.ok(!isDenial(await readForm(`${part(FIELD, "12345").repeat(2)}--x--`, { limits })));
    const read = await readForm(`${part(FIELD, "12345").repeat(2)}${part(FIELD, "1")}--x--`, { limits });
    assert.ok(isDenial(read) && read.problem.status === 413);
  });

  it("tells a file what came before it, and passes over what is not read of it", async () => {
    const seen: unknown[] = [];
    const body = `${part(FIELD, "1")}${part(FILE, "long content")}${part(FIELD, "2")}--x--`;
    const read = await readForm(body, { sizes: [3] }, async ({ before, field }) => {
      seen.push({ field, ...before });
      return "a reference";
    });
    assert.deepEqual(seen, [{ field: "f", a: "1" }]);
    assert.deepEqual(read, { fields: { a: ["1", "2"], f: "a reference" }, files: [] });
  });

  it("holds no more of a file than a piece", async () => {
    let largest = 0;
    const head = Buffer.from(`--x\r\n${FILE}\r\n\r\n`);
    const piece = Buffer.alloc(65_536, "\r\n--");
    let left = 200;
    const source: PieceSource = {
      read: async () =>
        left-- === 200 ? head : left >= 0 ? piece : left === -1 ? Buffer.from("\r\n--x--") : undefined,
    };
    const limits = { bytes: 1000, fields: 10 };
    const read = await readMultipartForm(source, { boundary: "x", limits }, async ({ read: next }) => {
      for (let each = await next(); each !== undefined; each = await next()) {
        if (isDenial(each)) return each;
        largest = Math.max(largest, each.buffer.byteLength);
      }
      return undefined;
    });
    assert.deepEqual({ ...(read as object) }, {});
    assert.ok(largest <= 65_536 + 8_192, `${largest} bytes`);
  });
});
