import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { systemRandom } from "../../kernel/random.ts";
import type { JoinCard } from "../print.ts";
import { qrSvg } from "../qr-code.ts";
import { randomText } from "../token-text.ts";
import { createPdfCards } from "./pdf-cards.ts";

const run = promisify(execFile);

// Poppler draws the pages as a printer does, and zbar reads what a telephone would.
describe("printed cards", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-cards-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const address = `https://photos.example/join/${randomText(systemRandom)}`;
  const card: JoinCard = { address, title: "Anna & Ben", language: "en", paper: "A6" };

  async function read(image: string): Promise<string[]> {
    const { stdout } = await run("zbarimg", ["--quiet", "--raw", image]);
    return stdout.trim().split("\n");
  }

  async function printed(more: Partial<JoinCard>, resolution = "150") {
    const file = join(directory, "card.pdf");
    await writeFile(file, await createPdfCards().print({ ...card, ...more }));
    await run("pdftoppm", ["-r", resolution, "-png", "-singlefile", file, join(directory, "card")]);
    const { stdout: text } = await run("pdftotext", ["-layout", file, "-"]);
    const { stdout: about } = await run("pdfinfo", [file]);
    return { codes: await read(join(directory, "card.png")), text, about };
  }

  it("have a code on A6 that leads to the address, under the title and over what to do", async () => {
    const { codes, text, about } = await printed({});
    assert.deepEqual(codes, [address]);
    assert.match(text, /Anna & Ben\s+Scan to join[^]*1\. Point the camera/);
    assert.match(about, /Page size: +297\.\d+ x 420\.\d+ pts \(A6\)/);
    assert.match(about, /Pages: +1\n/);
  });

  it("are four on A4, in German, with umlauts and names that Helvetica has no letters for", async () => {
    const { codes, text, about } = await printed({ paper: "A4", language: "de", title: "Grüße von Łucja & Zoë 🎉" });
    assert.deepEqual(codes, [address, address, address, address]);
    assert.equal(text.match(/Grüße von/g)?.length, 4);
    assert.match(text, /Scannen und dabei sein/);
    assert.match(about, /Page size: +595\.28 x 841\.89 pts \(A4\)/);
  });

  it("can be read when they are printed coarsely, and with a long title", async () => {
    const title = "The very long name of a very long party in a very long street, ".repeat(2).slice(0, 120);
    const { codes } = await printed({ title }, "72");
    assert.deepEqual(codes, [address]);
  });

  it("can be read as SVG", async () => {
    const file = join(directory, "code.svg");
    await writeFile(file, qrSvg(address));
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", RASTERISE, file], {
      maxBuffer: 10_000_000,
      encoding: "buffer",
    });
    const image = join(directory, "code.pgm");
    await writeFile(image, stdout);
    assert.deepEqual(await read(image), [address]);
  });
});

/** Draws the squares of the only path of a code as an image in grey, eight points to the square. */
const RASTERISE = `
  import { readFileSync } from "node:fs";
  const svg = readFileSync(process.argv[1], "utf8");
  const size = Number(/viewBox="0 0 (\\d+)/.exec(svg)[1]);
  const image = Buffer.alloc(size * 8 * size * 8, 255);
  for (const [, x, y, width] of svg.matchAll(/M(\\d+) (\\d+)h(\\d+)v1h-\\d+z/g)) {
    for (let row = y * 8; row < (Number(y) + 1) * 8; row += 1) {
      image.fill(0, row * size * 8 + x * 8, row * size * 8 + (Number(x) + Number(width)) * 8);
    }
  }
  process.stdout.write(Buffer.concat([Buffer.from(\`P5 \${size * 8} \${size * 8} 255\\n\`), image]));
`;
