import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import { systemClock } from "../../kernel/clock.ts";
import type { MediaGrants, MediaScope } from "../../kernel/ports/media-grants.ts";
import {
  MALWARE_MARKER,
  MALWARE_SIGNATURE,
  skipWithoutClamd,
  startClamd,
  type ClamdService,
} from "../../testing/clamd.ts";
import { MediaSite } from "../../testing/media-site.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";

const DAY = 86_400_000;
sharp.cache(false);

async function photo(copyright = "GPS"): Promise<Buffer> {
  return sharp({ create: { width: 2000, height: 1000, channels: 3, background: "#336699" } })
    .withExif({ IFD0: { Copyright: copyright } })
    .jpeg()
    .toBuffer();
}

/** A photo in whose pixels, as far as a scanner can tell, there is a text: a comment would be taken out. */
async function photoWith(text: string): Promise<Buffer> {
  const pixels = Buffer.alloc(64 * 64 * 3, 7);
  pixels.write(text, 100);
  return sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

function digest(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** As the audit trail names an asset. */
function dashed(id: string): string {
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

describe("the pipeline of files", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  let site: MediaSite;
  before(async () => {
    clamd = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 100 } });
    site = await MediaSite.open({ media: { scanner: { engine: "clamd", address: clamd.address } } });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]();
    await clamd?.[Symbol.asyncDispose]();
  });

  it("publishes a clean photo without its metadata, in three forms", async () => {
    const file = await photo();
    const id = await site.bring(file, { announcedSha256: digest(file) });
    const asset = await site.until(id, "published");
    assert.match(asset.scannedBy ?? "", /^ClamAV .*\/100\//);
    const { type, sha256, width, height } = asset.findings;
    assert.deepEqual(
      { type, sha256, width, height },
      { type: "image/jpeg", sha256: digest(file), width: 2000, height: 1000 },
    );
    const variants = await site.variants(id);
    assert.deepEqual([...variants.keys()], ["original", "thumb", "view"]);
    for (const [name, edge] of [
      ["thumb", 400],
      ["view", 1600],
      ["original", 2000],
    ] as const) {
      const content = (await site.content(id, name)) ?? assert.fail();
      assert.equal(digest(content), variants.get(name)?.sha256);
      const { exif, width: wide } = await sharp(content).metadata();
      assert.deepEqual([exif, wide], [undefined, edge]);
    }
    await site.idle();
    assert.equal(site.isQuarantined(id), false);
    assert.equal(site.named("media_asset_published").length, 1);
  });

  it("publishes every format that phones make", async () => {
    using folder = createTemporaryDirectory();
    const png = join(folder.path, "a.png");
    const made = (name: string, program: string, ...options: string[]): Buffer => {
      execFileSync(program, options, { stdio: "ignore" });
      return readFileSync(join(folder.path, name));
    };
    const picture = sharp({ create: { width: 640, height: 320, channels: 3, background: "#2040a0" } });
    await picture.clone().png().toFile(png);
    const heif = join(folder.path, "a.heif");
    const video = join(folder.path, "a.mp4");
    const lavfi = ["-y", "-f", "lavfi", "-i", "testsrc=s=96x64:d=1:r=4", "-pix_fmt", "yuv420p"];
    const files = {
      "image/png": readFileSync(png),
      "image/webp": await picture.clone().webp().toBuffer(),
      "image/gif": await picture.clone().gif().toBuffer(),
      "image/heic": made("a.heif", "heif-enc", "-o", heif, png),
      "image/avif": made("a.heif", "heif-enc", "--avif", "-o", heif, png),
      "video/mp4": made("a.mp4", "ffmpeg", ...lavfi, video),
      "video/quicktime": made("a.mov", "ffmpeg", ...lavfi, join(folder.path, "a.mov")),
    };
    for (const [type, file] of Object.entries(files)) {
      const isVideo = type.startsWith("video/");
      const id = await site.bring(file, { name: isVideo ? "clip.mov" : "photo" });
      const asset = await site.until(id, "published");
      assert.equal(asset.findings.type, type);
      const variants = await site.variants(id);
      assert.deepEqual([...variants.keys()], isVideo ? ["original"] : ["original", "thumb", "view"], type);
      assert.equal(variants.get("original")?.type, type);
    }
  });

  it("keeps orientation, and turns what is made of it", async () => {
    const file = await sharp({ create: { width: 900, height: 300, channels: 3, background: "red" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const id = await site.bring(file);
    const { findings } = await site.until(id, "published");
    assert.deepEqual([findings.width, findings.height], [300, 900]);
    const { width, height } = await sharp((await site.content(id, "view")) ?? assert.fail()).metadata();
    assert.deepEqual([width, height], [300, 900]);
  });

  it("rejects what did not arrive as it was sent", async () => {
    const id = await site.bring(await photo(), { announcedSha256: "00".repeat(32) });
    assert.match((await site.until(id, "rejected")).reason, /digest/);
    const short = await site.bring(await photo(), { bytes: 7 });
    assert.match((await site.until(short, "rejected")).reason, /not as long/);
    await site.idle();
    assert.equal(site.isQuarantined(id), false);
  });
});

/*
 * Whoever uploads hopes that a file with malware can be fetched by somebody, at any moment on its way, or that some
 * trick makes the scanner look away.
 */
describe("files with malware", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  before(async () => {
    clamd = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 100 } });
  });
  after(() => clamd?.[Symbol.asyncDispose]());
  const open = (infected: "keep" | "delete"): Promise<MediaSite> =>
    MediaSite.open({ media: { scanner: { engine: "clamd", address: clamd.address, infected } } });

  it("are never at the storage target, and gone from quarantine", async () => {
    await using site = await open("delete");
    const id = await site.bring(await photoWith(MALWARE_MARKER));
    const asset = await site.until(id, "infected");
    assert.equal(asset.reason, MALWARE_SIGNATURE);
    await site.idle();
    assert.deepEqual(await site.stored(), []);
    assert.equal(site.isQuarantined(id), false);
    const [event] = site.named("malicious_media_found");
    const named = event?.target?.replace("asset:", "").replaceAll("-", "");
    assert.deepEqual([event?.level, named, event?.context["malware"]], ["critical", id, MALWARE_SIGNATURE]);
    const released = await site.gatehouse.operate("media.asset.moderate", { asset: id, decision: "publish" });
    assert.equal(released.ok ? "" : released.problem.code, "MEDIA_NOT_SCANNED");
  });

  it("stay in quarantine where that is configured, and nowhere else", async () => {
    await using site = await open("keep");
    const id = await site.bring(await photoWith(MALWARE_MARKER));
    await site.until(id, "infected");
    await site.idle();
    assert.deepEqual(await site.stored(), []);
    assert.equal(site.isQuarantined(id), true);
  });

  it("are malware whatever else they are", async () => {
    await using site = await open("delete");
    for (const content of [MALWARE_MARKER, `<svg>${MALWARE_MARKER}</svg>`]) {
      await site.until(await site.bring(Buffer.from(content), { name: "x.svg" }), "infected");
    }
    const behind = Buffer.concat([await photo(), Buffer.from(MALWARE_MARKER)]);
    await site.until(await site.bring(behind), "infected");
  });

  it("are found in all files of a collection, those in quarantine and those for long published, when somebody asks", async () => {
    await using site = await open("keep");
    const bring = (content: Buffer, collection: string) => site.bring(content, { collection });
    const bad = await bring(await photoWith("KNOWN-LATER"), "fair");
    const elsewhere = await bring(await photoWith("KNOWN-LATER"), "wedding");
    const cut = await bring((await photo()).subarray(0, 3000), "fair");
    await site.until(bad, "published");
    await site.until(elsewhere, "published");
    await site.until(cut, "suspicious");
    await site.idle();
    await clamd.update({ at: systemClock.now() - DAY / 2, version: 150, markers: ["KNOWN-LATER"] });
    const ordered = await site.gatehouse.operate("media.rescan-all", { collection: "fair" });
    assert.equal(ordered.ok, true);
    await site.until(bad, "infected");
    await site.idle();
    assert.equal((await site.find(elsewhere)).state, "published");
    assert.equal((await site.find(cut)).state, "suspicious");
    assert.equal(site.events.filter(({ target }) => target === `asset:${dashed(cut)}`).length, 2);
    await clamd.update({ at: systemClock.now() - DAY, version: 100 });
  });

  it("are withdrawn at once when newer signatures know them", async () => {
    await using site = await MediaSite.open({
      media: { scanner: { engine: "clamd", address: clamd.address, alertAfter: "1s" } },
    });
    const bad = await site.bring(await photoWith("KNOWN-TOMORROW"));
    const good = await site.bring(await photo());
    await site.until(bad, "published");
    await site.until(good, "published");
    await clamd.update({ at: systemClock.now() - DAY / 2, version: 101, markers: ["KNOWN-TOMORROW"] });
    await site.until(bad, "infected");
    assert.equal((await site.variants(bad)).size, 0);
    while (!/101/.test((await site.find(good)).scannedBy ?? ""))
      await new Promise((resolve) => setTimeout(resolve, 20));
    await site.idle();
    const keys = await site.stored();
    assert.equal(keys.length, 3);
    assert.ok(keys.every((key) => key.includes(good)));
    assert.equal(site.named("malicious_media_found")[0]?.context["withdrawn"], true);
  });
});

describe("while a scanner has no answer", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  let site: MediaSite;
  before(async () => {
    clamd = await startClamd({
      signatures: { at: systemClock.now() - DAY, version: 100 },
      settings: ["StreamMaxLength 1M", "MaxFileSize 1M", "MaxScanSize 4M"],
    });
    const limits = { streamMaxLength: "1MiB", maxFileSize: "1MiB", maxScanSize: "4MiB" } as const;
    site = await MediaSite.open({
      media: { scanner: { engine: "clamd", address: clamd.address, alertAfter: "1s", timeout: "1s", ...limits } },
    });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]();
    await clamd?.[Symbol.asyncDispose]();
  });

  async function heldThenPublished(recover: () => Promise<void>): Promise<void> {
    const alerts = site.named("media_queue_late").length;
    const ids = [await site.bring(await photo()), await site.bring(await photo())];
    for (const id of ids) assert.equal((await site.until(id, "held")).reason, "scanner");
    assert.deepEqual(await site.stored(), []);
    while (site.named("media_queue_late").length === alerts) await new Promise((resolve) => setTimeout(resolve, 20));
    const alert = site.named("media_queue_late").at(-1);
    assert.equal(alert?.level, "critical");
    assert.equal(alert.context["files"], 2);
    await recover();
    for (const id of ids) await site.until(id, "published");
    while (site.named("media_queue_recovered").length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const id of ids) {
      assert.equal((await site.gatehouse.operate("media.asset.delete", { asset: id })).ok, true);
    }
    await site.idle();
    assert.deepEqual(await site.stored(), []);
  }

  it("because it was stopped, files are held, somebody is told, and recovery publishes them", async () => {
    await clamd.process.stop();
    await heldThenPublished(() => clamd.process.start());
    assert.equal(site.named("media_asset_held").length, 2);
  });

  it("because it hangs, files are held, somebody is told, and recovery publishes them", async () => {
    await clamd.process.pause();
    await heldThenPublished(() => clamd.process.resume());
  });

  it("because its signatures are old, files are held, somebody is told, and an update publishes them", async () => {
    await clamd.update({ at: systemClock.now() - 20 * DAY, version: 102 });
    await heldThenPublished(() => clamd.update({ at: systemClock.now() - DAY, version: 103 }));
  });

  it("because a file is larger than what it looks at, the file is not published", async () => {
    const noise = Buffer.from(Array.from({ length: 700 * 700 * 3 }, (_, at) => (at * 7919 + (at >> 8)) % 251));
    const large = await sharp(noise, { raw: { width: 700, height: 700, channels: 3 } })
      .png({ compressionLevel: 0 })
      .toBuffer();
    assert.ok(large.length > 1_048_576);
    const id = await site.bring(large);
    assert.match((await site.until(id, "unscannable")).reason, /larger than the 1048576 bytes/);
    await site.idle();
    assert.deepEqual(await site.stored(), []);
    assert.equal(site.isQuarantined(id), true);
    const released = await site.gatehouse.operate("media.asset.moderate", { asset: id, decision: "publish" });
    assert.equal(released.ok ? "" : released.problem.code, "MEDIA_NOT_SCANNED");
    assert.equal((await site.gatehouse.operate("media.asset.rescan", { asset: id })).ok, true);
    await site.until(id, "unscannable");
    await site.idle();
    await site.gatehouse.operate("media.asset.moderate", { asset: id, decision: "reject", reason: "too large" });
    await site.idle();
    assert.equal(site.isQuarantined(id), false);
  });
});

/*
 * A file can be two things at once: a picture to one program and a web page, an archive or a script to another. Whoever
 * gets one of those published serves them from a trusted address.
 */
describe("disguised files", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  let site: MediaSite;
  before(async () => {
    clamd = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 100 } });
    site = await MediaSite.open({
      media: { scanner: { engine: "clamd", address: clamd.address }, limits: { frames: 5 } },
    });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]();
    await clamd?.[Symbol.asyncDispose]();
  });

  it("are published without what is behind the picture", async () => {
    const behind = "PK\u0003\u0004<script>alert(1)</script>";
    const id = await site.bring(Buffer.concat([await photo(), Buffer.from(behind)]));
    await site.until(id, "published");
    for (const name of ["thumb", "view", "original"]) {
      assert.equal((await site.content(id, name))?.includes("<script>"), false, name);
    }
  });

  it("are rejected where they are no picture at all", async () => {
    for (const [name, content] of [
      ["a.svg", '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
      ["a.jpg", "<html><script>alert(1)</script></html>"],
      ["a.jpg", "%PDF-1.4"],
      ["a.jpg", ""],
    ] as const) {
      assert.match((await site.until(await site.bring(Buffer.from(content), { name }), "rejected")).reason, /^type:/);
    }
  });

  it("are rejected where their name is one of a program or page", async () => {
    for (const name of ["photo.exe", "photo.jpg.html", "photo.svg", "clip.mp4"]) {
      assert.match((await site.until(await site.bring(await photo(), { name }), "rejected")).reason, /^name:/);
    }
    await site.until(await site.bring(await photo(), { name: "photo.heic" }), "published");
  });

  it("are not decoded where they were cut short", async () => {
    const file = await photo();
    const id = await site.bring(file.subarray(0, file.length / 2));
    const asset = await site.until(id, "suspicious");
    assert.match(asset.reason, /truncated/);
    await site.idle();
    assert.deepEqual(
      (await site.stored()).filter((key) => key.includes(id)),
      [],
    );
  });

  it("are rejected where a few bytes stand for too many pixels or frames", async () => {
    const wide = await sharp({ create: { width: 9000, height: 9000, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    assert.match((await site.until(await site.bring(wide), "rejected")).reason, /pixels are too many/);
    const frame = { raw: { width: 8, height: 8 * 9, channels: 3, pageHeight: 8 } } as const;
    const noise = Buffer.from(Array.from({ length: 8 * 8 * 9 * 3 }, (_, at) => (at * 37) % 251));
    const moving = await sharp(noise, frame).gif({ loop: 0 }).toBuffer();
    assert.match((await site.until(await site.bring(moving), "rejected")).reason, /frames are too many/);
  });
});

describe("files of moderated collections", { skip: skipWithoutClamd() }, () => {
  it("wait for somebody's word, and can be taken back", async () => {
    await using clamd = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 100 } });
    const grants = { of: async () => undefined, generation: () => undefined };
    const moderates = async (_: unknown, { collection }: { readonly collection: string }) => collection === "wedding";
    await using site = await MediaSite.open({
      media: { scanner: { engine: "clamd", address: clamd.address } },
      application: { open: () => ({ media: { grants, moderates } }) },
    });
    const decide = async (asset: string, decision: string): Promise<string> => {
      const outcome = await site.gatehouse.operate("media.asset.moderate", { asset, decision });
      return outcome.ok ? "done" : outcome.problem.code;
    };
    await site.until(await site.bring(await photo(), { collection: "open" }), "published");
    const id = await site.bring(await photo());
    assert.equal((await site.until(id, "held")).reason, "moderation");
    assert.equal(await decide(id, "publish"), "done");
    await site.until(id, "published");
    await site.idle();
    assert.equal(site.isQuarantined(id), false);
    assert.equal((await site.variants(id)).size, 3);
    assert.equal(await decide(id, "hide"), "done");
    assert.equal((await site.until(id, "held")).reason, "operator");
    assert.equal(await decide(id, "publish"), "done");
    assert.equal(await decide(id, "reject"), "done");
    await site.until(id, "rejected");
    await site.idle();
    assert.deepEqual(
      (await site.stored()).filter((key) => key.includes(id)),
      [],
    );
    assert.equal(await decide(id, "publish"), "MEDIA_NOT_SCANNED");
    assert.equal(await decide("0".repeat(32), "publish"), "NOT_FOUND");
  });
});

/*
 * Whoever has a way to operate the server, or a grant for one collection, tries to make visible what no scanner has
 * seen, or to decide about the files of others.
 */
describe("deciding about files", () => {
  it("is the pipeline's alone where a scanner's word is needed", async () => {
    await using site = await MediaSite.open({ media: { scanner: { engine: "none" } } });
    const id = await site.bring(await photo(), { name: "clip.mp4" });
    await site.until(id, "rejected");
    const job = { id: "x", epoch: 1 };
    const variant = { name: "view", key: "a/b/view", type: "image/webp", bytes: 1, sha256: "00" };
    const forged = {
      "media.asset.publish": { asset: id, job, findings: {}, variants: [variant] },
      "media.asset.refuse": { asset: id, job, findings: {}, state: "rejected", reason: "mine" },
      "media.asset.condemn": { asset: id, findings: {}, signature: "mine", by: "me" },
    };
    for (const [action, input] of Object.entries(forged)) {
      const outcome = await site.gatehouse.operate(action, input);
      assert.equal(outcome.ok ? "done" : outcome.problem.code, "PERMISSION_DENIED", action);
    }
  });

  it("takes the scope moderate for the collection of the file", async () => {
    const scopes = new Map<string, readonly MediaScope[]>([
      ["hanna", ["view", "moderate"]],
      ["gero", ["view", "upload", "download"]],
    ]);
    const grants: MediaGrants = {
      of: async (_, { principal, collection }) => {
        const held = scopes.get(principal.id);
        if (held === undefined || collection !== "wedding") return undefined;
        const none = { quota: undefined, expiresAt: undefined };
        return {
          id: principal.id,
          generation: 1,
          tenant: "default",
          collection,
          scopes: new Set(held as MediaScope[]),
          ...none,
        };
      },
      generation: () => 1,
    };
    await using site = await MediaSite.open({
      media: { scanner: { engine: "none" } },
      application: { open: () => ({ media: { grants } }) },
    });
    const wedding = await site.bring(await photo());
    const other = await site.bring(await photo(), { collection: "funeral" });
    for (const id of [wedding, other]) await site.until(id, "published");
    const attempt = async (who: string, asset: string, tenant = "default"): Promise<string> => {
      const { ids, clock } = site.gatehouse.services;
      const principal = { type: "user", id: who, tenant, grants: new Set<string>() } as const;
      const outcome = await site.gatehouse.gate.attempt({
        ...{ id: ids.next(), entrance: "job", action: "media.asset.moderate", tenant, receivedAt: clock.now() },
        ...{ peer: { ip: "127.0.0.1", tls: false }, provenance: { kind: "internal" } },
        credentials: [{ kind: "internal", principal }],
        input: { asset, decision: "hide" },
      });
      return outcome.ok ? "done" : outcome.problem.code;
    };
    assert.equal(await attempt("gero", wedding), "PERMISSION_DENIED");
    assert.equal(await attempt("nobody", wedding), "PERMISSION_DENIED");
    assert.equal(await attempt("hanna", other), "PERMISSION_DENIED");
    assert.equal(await attempt("hanna", wedding, "elsewhere"), "PERMISSION_DENIED");
    assert.equal(await attempt("hanna", wedding), "done");
    assert.equal((await site.find(other)).state, "published");
  });
});

describe("a server without a scanner", () => {
  it("says so, and marks what it publishes", async () => {
    await using site = await MediaSite.open({ media: { scanner: { engine: "none" } } });
    const id = await site.bring(await photo());
    assert.equal((await site.until(id, "published")).scannedBy, undefined);
    const status = await site.gatehouse.operate("media.status", {});
    assert.equal(status.ok && JSON.stringify(status.value).includes('"scanner":{"state":"none"'), true);
    const [event] = site.named("media_asset_published");
    assert.equal(event?.context["scanned"], false);
  });
});

// Attack: files are refused while the storage target is away, so that what was to be deleted of them waits. An operator
// has them looked at once more, they are published, and then the deletion of before takes away what everybody sees.
describe("a deletion that comes late", () => {
  it("leaves what an asset has been made into since then", async () => {
    await using site = await MediaSite.open({ media: { scanner: { engine: "none", noneReason: "a test" } } });
    const { jobs, store } = site.gatehouse.services;
    const deleteLate = (asset: string, keys: readonly string[]) =>
      store.write((transaction) =>
        jobs.add(transaction, {
          ...{ queue: "media-security", kind: "DeleteMediaFiles", tenant: "default" },
          payload: { keys, asset },
        }),
      );
    const id = await site.bring(await photo());
    await site.until(id, "published");
    await site.idle();
    const keys = await site.stored();
    assert.equal(keys.length, 3);
    await deleteLate(id, keys);
    await site.idle();
    assert.deepEqual(await site.stored(), keys);
    await site.gatehouse.operate("media.asset.moderate", { asset: id, decision: "reject" });
    await site.idle();
    assert.deepEqual(await site.stored(), []);
  });
});
