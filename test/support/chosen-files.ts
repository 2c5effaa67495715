import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import type { BrowserName } from "./browser.ts";
import { picture } from "./picture.ts";

/** A file that somebody chooses in a browser. */
export interface ChosenFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** A picture. */
export const SEA: ChosenFile = { name: "sea.png", mimeType: "image/png", buffer: picture([20, 90, 160]) };
/** A document. */
export const MENU: ChosenFile = {
  name: "menu.pdf",
  mimeType: "application/pdf",
  buffer: Buffer.from("%PDF-1.4\n%%EOF\n"),
};
/** A text that is called a picture. */
export const LIE: ChosenFile = { name: "lie.png", mimeType: "image/png", buffer: Buffer.from("This is no picture.") };
/** A picture of three megabytes. */
export const HUGE: ChosenFile = { name: "huge.png", mimeType: "image/png", buffer: picture([200, 90, 60], 3_000_000) };

/** Drops files on a field. Only Chromium can be told to drop some; in Firefox they are chosen. */
export async function drop(field: Locator, files: readonly ChosenFile[], browser: BrowserName): Promise<void> {
  if (browser === "firefox") return field.setInputFiles([...files]);
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-dropped-"));
  try {
    for (const file of files) await writeFile(join(directory, file.name), file.buffer);
    const devtools = await field.page().context().newCDPSession(field.page());
    const { x, y, width, height } = (await field.boundingBox()) ?? assert.fail("It cannot be seen.");
    const data = { items: [], files: files.map((file) => join(directory, file.name)), dragOperationsMask: 1 };
    // Beside the button, where the field is large.
    const at = { x: x + width * 0.9, y: y + height / 2, data };
    for (const type of ["dragEnter", "dragOver", "drop"] as const)
      await devtools.send("Input.dispatchDragEvent", { type, ...at });
    // The browser reads them when they are sent.
    for (const { name } of files) await field.page().getByText(`${name}: is uploaded`).first().waitFor();
  } finally {
    await rm(directory, { recursive: true });
  }
}
