/**
 * How long it takes from the last byte of a photo until everybody can see it: quarantine, the end of the upload, the job,
 * the scan, scrubbing, both small pictures, the storage target. One photo after the other, and ten at a time as a table of
 * guests sends them; without a scanner, and with clamd. Photos have 12 megapixels and metadata.
 *
 * node --conditions=gatehouse-source bench/media/visible/visible.bench.ts [--json] [--photos=N]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { defineApplication, openGatehouse } from "gatehouse";
import { listen } from "gatehouse/http";
import { requireConfig, systemClock, systemRandom, type ConfigInput, type MediaGrants } from "gatehouse/kernel";
import { skipWithoutClamd, startClamd } from "gatehouse/testing";
import { median, numberOption, print, versionsOf } from "../../support/report.ts";

const PHOTOS = numberOption("photos", 30);
const AT_ONCE = [1, 10];
const DAY = 86_400_000;

const grants: MediaGrants = {
  of: async (_, { principal: { tenant }, collection }) => ({
    ...{ id: "bench", generation: 1, tenant, collection, quota: undefined, expiresAt: undefined },
    scopes: new Set(["view", "upload"] as const),
  }),
  generation: () => 1,
};

const application = defineApplication({
  open: () => ({
    media: { grants },
    authenticators: {
      bearer: {
        kind: "bearer",
        authenticate: async ({ token: id }, { tenant }) => ({ type: "guest", id, tenant, grants: new Set<string>() }),
      },
    },
  }),
});

/** Pixels that are no worse to encode than those of a photo, each one others. */
async function photo(): Promise<Buffer> {
  const noise = Buffer.from(systemRandom.bytes(100 * 75 * 3));
  return sharp(noise, { raw: { width: 100, height: 75, channels: 3 } })
    .resize(4000, 3000, { kernel: "cubic" })
    .withExif({ IFD0: { Copyright: "Somebody" }, IFD3: { GPSLatitude: "52/1 31/1 0/1" } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

interface Sent {
  readonly id: string;
  /** When the last byte was handed to the connection. */
  readonly at: number;
}

async function send(url: string, content: Buffer): Promise<Sent> {
  const head = { "tus-resumable": "1.0.0", authorization: "Bearer guest" };
  const begun = await fetch(`${url}/uploads?collection=bench`, {
    method: "POST",
    headers: { ...head, "upload-length": String(content.length), "upload-metadata": `filename ${btoa("a.jpg")}` },
  });
  const path = begun.headers.get("location") ?? "";
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let at = 0;
  const headers = { ...head, "content-type": "application/offset+octet-stream", "upload-offset": "0" };
  const sent = request(new URL(path, url), { method: "PATCH", headers }, (response) => {
    response.resume().on("end", () => resolve(response.statusCode ?? 0));
  });
  sent.on("finish", () => (at = performance.now())).on("error", reject);
  sent.end(content);
  const status = await promise;
  if (status !== 204) throw new Error(`An upload was answered with ${status}.`);
  return { id: path.split("/").at(-1) ?? "", at };
}

async function measure(scanner: Required<ConfigInput>["media"], photos: readonly Buffer[], atOnce: number) {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
  const file: ConfigInput = {
    profile: "development",
    dataDirectory: directory,
    identity: { enabled: false },
    media: scanner,
  };
  const config = requireConfig({ file, clock: systemClock });
  const log = { write: () => true };
  const gatehouse = await openGatehouse({ config, application, clock: systemClock, random: systemRandom, log });
  const visible = new Map<string, number>();
  gatehouse.services.events.subscribe(({ name, target }) => {
    if (name === "media_asset_published" && target !== undefined)
      visible.set(target.replace("asset:", "").replaceAll("-", ""), performance.now());
  });
  const listening = await listen({ handler: gatehouse.handler, port: 0 });
  const times: number[] = [];
  try {
    // The first ones also start processes.
    for (let at = 0; at < photos.length; at += atOnce) {
      const sent = await Promise.all(photos.slice(at, at + atOnce).map((content) => send(listening.url, content)));
      for (const { id, at: last } of sent) {
        while (!visible.has(id)) await new Promise((resolve) => setTimeout(resolve, 5));
        if (at >= atOnce) times.push((visible.get(id) ?? Number.NaN) - last);
      }
    }
  } finally {
    await listening.close({ grace: 1_000 });
    await gatehouse[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  }
  return times.toSorted((left, right) => left - right);
}

const photos = await Promise.all(Array.from({ length: PHOTOS }, photo));
const rows: (string | number)[][] = [];
const withoutClamd = skipWithoutClamd();
let alone = Number.NaN;
for (const engine of withoutClamd === false ? (["none", "clamd"] as const) : (["none"] as const)) {
  const clamd =
    engine === "clamd" ? await startClamd({ signatures: { at: systemClock.now() - DAY, version: 1 } }) : undefined;
  const scanner =
    clamd === undefined
      ? ({ scanner: { engine: "none", noneReason: "a benchmark" } } as const)
      : ({ scanner: { engine: "clamd", address: clamd.address } } as const);
  for (const atOnce of AT_ONCE) {
    const times = await measure(scanner, photos, atOnce);
    const last = times.at(Math.min(times.length - 1, Math.floor(times.length * 0.99))) ?? Number.NaN;
    rows.push([engine === "none" ? "no scanner" : "clamd", atOnce, times.length, median(times), last]);
    if (engine === "clamd" && atOnce === 1) alone = median(times);
  }
  await clamd?.[Symbol.asyncDispose]();
}

const bytes = Math.round(photos.reduce((sum, { length }) => sum + length, 0) / photos.length / 1000);
print({
  benchmark: "media/visible",
  versions: versionsOf("sharp"),
  tables: [
    {
      title: `from the last byte until it is visible, photos of 12 megapixels and ${bytes} kB, milliseconds`,
      columns: ["scanner", "at once", "photos", "median", "p99"],
      rows,
    },
  ],
  ...(withoutClamd === false
    ? {
        goals: [
          {
            text: "a photo is visible within a second of its last byte, by the median",
            reached: 1000 / alone,
            least: 1,
          },
        ],
      }
    : {}),
});
