import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { createPictures, picturesOf, type Pictures, type PicturesMade, type PicturesOptions } from "./pictures.ts";

sharp.cache(false);
const NEVER = new AbortController().signal;
const hasHeifEncoder = ((): boolean => {
  try {
    execFileSync("heif-enc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const withoutEncoder = hasHeifEncoder ? false : 'heif-enc was not found. Install the package "libheif-examples".';

describe("pictures of pictures", () => {
  it("are made of JPEG, PNG, WebP and GIF, the right way up, within their edges and without metadata", async () => {
    using desk = new Desk();
    const photo = sharp({ create: { width: 900, height: 300, channels: 3, background: "#ff0000" } });
    const sources = {
      "image/jpeg": await photo
        .clone()
        .withExif({ IFD0: { Copyright: "me" } })
        .withMetadata({ orientation: 6 })
        .jpeg()
        .toBuffer(),
      "image/png": await photo.clone().png().toBuffer(),
      "image/webp": await photo.clone().webp().toBuffer(),
      "image/gif": await photo.clone().gif().toBuffer(),
    };
    for (const [type, file] of Object.entries(sources)) {
      const made = await desk.make(type, file);
      assert.ok(made.ok, JSON.stringify(made));
      const turned = type === "image/jpeg";
      const [thumb, view, original] = made.pictures;
      assert.deepEqual([thumb?.width, thumb?.height], turned ? [33, 100] : [100, 33]);
      assert.deepEqual([view?.width, view?.height], turned ? [300, 900] : [900, 300]);
      for (const picture of made.pictures) {
        const { format, orientation, exif, width } = await sharp(picture.target).metadata();
        assert.deepEqual(
          [`image/${format}`, orientation, exif, width],
          [picture.type, undefined, undefined, picture.width],
        );
      }
      assert.equal(original?.type, "image/jpeg");
    }
  });

  it("keep transparency", async () => {
    using desk = new Desk();
    const glass = await sharp({ create: { width: 60, height: 60, channels: 4, background: "#00ff0080" } })
      .png()
      .toBuffer();
    const made = await desk.make("image/png", glass);
    assert.ok(made.ok);
    assert.deepEqual(
      made.pictures.map(({ type }) => type),
      ["image/webp", "image/webp", "image/png"],
    );
    assert.equal((await sharp(made.pictures[0]?.target).stats()).isOpaque, false);
  });

  it("have their colours in sRGB", async () => {
    using desk = new Desk();
    const cmyk = await sharp({ create: { width: 60, height: 60, channels: 3, background: "#3060c0" } })
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer();
    assert.equal((await sharp(cmyk).metadata()).space, "cmyk");
    const made = await desk.make("image/jpeg", cmyk);
    assert.ok(made.ok);
    for (const { target } of made.pictures) assert.equal((await sharp(target).metadata()).space, "srgb");
  });

  it("are made of HEIC and AVIF", { skip: withoutEncoder }, async () => {
    using desk = new Desk();
    const png = join(desk.path, "source.png");
    await sharp({ create: { width: 640, height: 320, channels: 3, background: "#2040a0" } })
      .png()
      .toFile(png);
    for (const [type, ...more] of [["image/heic"], ["image/avif", "--avif"]] as const) {
      const file = join(desk.path, "encoded.heif");
      execFileSync("heif-enc", [...more, "-o", file, png], { stdio: "ignore" });
      const made = await desk.pictures().make({ path: file, type, orientation: 1 }, desk.outputs(), NEVER);
      assert.ok(made.ok, JSON.stringify(made));
      assert.deepEqual(
        made.pictures.map(({ width, height }) => [width, height]),
        [
          [100, 50],
          [640, 320],
          [640, 320],
        ],
      );
      const { dominant } = await sharp(made.pictures[1]?.target).stats();
      assert.ok(Math.abs(dominant.b - 0xa0) < 24 && dominant.r < 64, JSON.stringify(dominant));
    }
    assert.deepEqual(
      readdirSync(desk.work).filter((name) => name.endsWith(".pixels")),
      [],
    );
  });
});

/*
 * A picture of a few kilobytes can claim more pixels than a server has memory. Whoever decodes before looking, or in
 * the process that serves everybody, is gone for all.
 */
describe("decompression bombs", () => {
  it("are refused by their pixels before anything is decoded", async () => {
    using desk = new Desk({ pixels: 50_000_000 });
    assert.equal(fault(await desk.make("image/png", pngBomb(16_000))), "too-large");
    const webp = await sharp({ create: { width: 8000, height: 7000, channels: 3, background: "red" } })
      .webp({ effort: 0 })
      .toBuffer();
    assert.equal(fault(await desk.make("image/webp", webp)), "too-large");
    assert.equal(fault(await desk.make("image/gif", gifBomb(30_000))), "too-large");
  });

  it("are ended where they take too long", async () => {
    using desk = new Desk({ pixels: 400_000_000, time: 60 });
    assert.equal(fault(await desk.make("image/png", pngBomb(16_000))), "timeout");
  });

  it("are ended where they take too much memory, and the next picture is made all the same", async () => {
    using desk = new Desk({ pixels: 400_000_000, memory: 200_000_000 });
    assert.equal(fault(await desk.make("image/png", pngBomb(16_000))), "memory");
    const photo = await sharp({ create: { width: 10, height: 10, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    assert.ok((await desk.make("image/png", photo)).ok);
  });
});

/*
 * Whoever uploads chooses what a decoder sees. Text that calls itself a picture may name files of the server, expand
 * without end, or run programs; none of its readers is switched on.
 */
describe("what is no picture of an allowed format", () => {
  it("is decoded by nothing", async () => {
    using desk = new Desk();
    const entity = `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 12 }, (_, at) => `<!ENTITY e${at} "${`&${at === 0 ? "a" : `e${at - 1}`};`.repeat(10)}">`).join("")}]>`;
    const texts = {
      svg: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      entities: `<?xml version="1.0"?>${entity}<svg xmlns="http://www.w3.org/2000/svg">&e11;</svg>`,
      file: '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="file:///etc/passwd"/></svg>',
      postscript: "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage",
      mvg: "push graphic-context\nfill 'url(https://example.com/\"|id)'\npop graphic-context",
      pdf: "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj",
      empty: "",
    };
    for (const [name, text] of Object.entries(texts)) {
      for (const type of ["image/png", "image/heic", "image/avif"]) {
        assert.equal(fault(await desk.make(type, Buffer.from(text))), "undecodable", `${name} as ${type}`);
      }
    }
  });

  it("is not decoded as what it is not", { skip: withoutEncoder }, async () => {
    using desk = new Desk();
    const png = join(desk.path, "source.png");
    const file = join(desk.path, "encoded.heif");
    await sharp({ create: { width: 64, height: 64, channels: 3, background: "#2040a0" } })
      .png()
      .toFile(png);
    execFileSync("heif-enc", ["-o", file, png], { stdio: "ignore" });
    const made = await desk.pictures().make({ path: file, type: "image/jpeg", orientation: 1 }, desk.outputs(), NEVER);
    assert.equal(fault(made), "undecodable");
  });

  it("is undecodable where it is cut short", async () => {
    using desk = new Desk();
    const noise = Buffer.from(Array.from({ length: 30_000 }, (_, at) => (at * 7919) % 251));
    const whole = await sharp(noise, { raw: { width: 100, height: 100, channels: 3 } })
      .png()
      .toBuffer();
    assert.equal(fault(await desk.make("image/png", whole.subarray(0, whole.length / 2))), "undecodable");
  });
});

describe("child processes that decode", () => {
  it("end when they are told to", async () => {
    using desk = new Desk({ pixels: 400_000_000 });
    const stop = new AbortController();
    const made = desk.make("image/png", pngBomb(16_000), stop.signal);
    setTimeout(() => stop.abort(), 100);
    assert.equal((await made).ok, false);
  });

  it("make many at a time", async () => {
    using desk = new Desk();
    const photo = await sharp({ create: { width: 500, height: 500, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    const pictures = desk.pictures();
    const source = join(desk.work, "source");
    writeFileSync(source, photo);
    const all = await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        await mkdir(join(desk.work, String(at)));
        const outputs = [
          { name: "thumb", target: join(desk.work, String(at), "thumb"), edge: 50, format: "webp" },
        ] as const;
        return pictures.make({ path: source, type: "image/jpeg", orientation: 1 }, outputs, NEVER);
      }),
    );
    assert.ok(all.every(({ ok }) => ok));
  });
});

function fault(made: PicturesMade): string {
  return made.ok ? "made" : made.fault;
}

class Desk implements Disposable {
  readonly #folder = createTemporaryDirectory();
  readonly #options: Partial<PicturesOptions>;
  readonly path = this.#folder.path;
  readonly work = this.#folder.path + "/work";
  #pictures: Pictures | undefined;
  constructor(options: Partial<PicturesOptions> = {}) {
    this.#options = options;
    execFileSync("mkdir", [this.work]);
  }
  pictures(): Pictures {
    const limits = { pixels: 50_000_000, time: 20_000, memory: 1_000_000_000, workers: 2 };
    return (this.#pictures ??= createPictures({ folder: this.work, ...limits, ...this.#options }));
  }
  outputs() {
    return [
      { name: "thumb", target: join(this.work, "thumb"), edge: 100, format: "webp" },
      { name: "view", target: join(this.work, "view"), edge: 1000, format: "webp" },
      { name: "original", target: join(this.work, "original"), format: "original" },
    ] as const;
  }
  make(type: string, file: Uint8Array, signal = NEVER): Promise<PicturesMade> {
    const path = join(this.path, "source");
    writeFileSync(path, file);
    return this.pictures().make({ path, type, orientation: 1 }, this.outputs(), signal);
  }
  [Symbol.dispose](): void {
    this.#pictures?.[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** A PNG of one colour with so many pixels a side, interlaced: it is decoded whole or not at all. */
function pngBomb(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([1, 0, 0, 0, 1], 8);
  const passes = [
    [8, 8, 0],
    [8, 8, 4],
    [4, 8, 4],
    [4, 4, 2],
    [2, 4, 2],
    [2, 2, 1],
    [1, 2, 1],
  ];
  const starts = [
    [0, 0],
    [4, 0],
    [0, 4],
    [2, 0],
    [0, 2],
    [1, 0],
    [0, 1],
  ];
  const bytes = passes.reduce((sum, [across = 1, down = 1], pass) => {
    const [x = 0, y = 0] = starts[pass] ?? [];
    return sum + Math.ceil((side - y) / down) * (1 + Math.ceil(Math.ceil((side - x) / across) / 8));
  }, 0);
  const data = deflateSync(Buffer.alloc(bytes), { level: 9 });
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A GIF that claims a frame of so many pixels a side and holds one. */
function gifBomb(side: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(side, 0);
  size.writeUInt16LE(side, 2);
  const hex = (text: string): Buffer => Buffer.from(text, "hex");
  const colours = hex("800000" + "000000ffffff");
  return Buffer.concat([Buffer.from("GIF89a"), size, colours, hex("2c00000000"), size, hex("00" + "02024401003b")]);
}

// Attack: a picture takes over the process that decodes it. The process cannot publish anything itself, so it answers
// that what it was asked for is in another file, such as the keys, or is a page, or is one more form of the picture.
describe("a decoder that was taken over", () => {
  const outputs = [
    { name: "thumb", target: "/made/thumb", edge: 100, format: "webp" },
    { name: "original", target: "/made/encoded", format: "original" },
  ] as const;
  const thumb = { name: "thumb", target: "/made/thumb", type: "image/webp", width: 10, height: 10 } as const;
  const original = { name: "original", target: "/made/encoded", type: "image/png", width: 90, height: 90 } as const;

  it("says nothing of which files are published as what", () => {
    const honest = { ok: true, pictures: [thumb, original] } as const;
    const pictures = [
      { ...thumb, name: "original", target: "/data/keys.json", more: 1 },
      { ...original, name: "../../keys", target: "/etc/passwd" },
    ];
    assert.deepEqual(picturesOf({ ok: true, pictures }, outputs), picturesOf(honest, outputs));
    assert.deepEqual(picturesOf(honest, outputs), [thumb, original]);
  });

  it("is heard only where it answers what it was asked", () => {
    const answers: readonly unknown[] = [
      { ok: true, pictures: [thumb] },
      { ok: true, pictures: [thumb, original, original] },
      { ok: true, pictures: [thumb, { ...original, type: "text/html" }] },
      { ok: true, pictures: [{ ...thumb, type: "image/png" }, original] },
      { ok: true, pictures: [thumb, { ...original, width: -1 }] },
      { ok: true, pictures: [thumb, { ...original, height: "90" }] },
      { ok: true, pictures: [thumb, null] },
      { ok: true, pictures: "all" },
      { ok: true, width: 1, height: 1 },
    ];
    // What comes from another process has no type.
    for (const answer of answers)
      assert.equal(picturesOf(answer as Parameters<typeof picturesOf>[0], outputs), undefined);
  });
});
