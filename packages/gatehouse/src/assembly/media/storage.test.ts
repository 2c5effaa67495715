import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import sharp from "sharp";
import { MediaSite } from "../../testing/media-site.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { flipBit } from "../../testing/storage-kit.ts";
import type { StorageState } from "../../media/storage/operations.ts";

const COLLECTION = { collection: "wedding" };
const scanner = { engine: "none", noneReason: "a test of storage" } as const;

describe("the storage of a server", () => {
  it("archives, verifies, heals and restores the photos of a collection by operations", async () => {
    using archive = createTemporaryDirectory();
    const storage = { archive: { target: "local", directory: archive.path } } as const;
    await using site = await MediaSite.open({ media: { scanner, storage } });
    const operate = operatorOf(site);
    const id = await site.bring(await photo());
    await site.until(id, "published");
    assert.deepEqual(await filesIn(site), { hot: 3 });

    assert.deepEqual(await operate("storage.archive", COLLECTION), { files: 3 });
    await untilFiles(site, { copied: 3 });
    const { manifest } = (await operate("storage.manifest", COLLECTION)) as { manifest: string };
    const lines = manifest.trimEnd().split("\n");
    assert.equal(lines.length, 3);
    for (const line of lines) {
      const [sha256, key = ""] = line.split("  ");
      const copy = readFileSync(join(archive.path, "files", key));
      assert.equal(createHash("sha256").update(copy).digest("hex"), sha256);
    }

    assert.deepEqual(await operate("storage.archive", COLLECTION), { files: 3 });
    await untilFiles(site, { archived: 3 });
    assert.ok((await site.content(id, "view")) !== undefined, "it is still served");

    assert.deepEqual(await operate("storage.restore", { asset: id }), { files: 3 });
    await untilFiles(site, { copied: 3 });
    flipBit(join(site.directory, "media", "hot"), lines[0]?.split("  ")[1] ?? "");
    const { results } = (await operate("storage.verify", { asset: id })) as { results: { result: string }[] };
    assert.deepEqual(results.map(({ result }) => result).toSorted(), [...Array(5).fill("intact"), "healed"].toSorted());
    assert.equal(site.named("storage_copy_healed").length, 1);
    for (const name of ["storage_archived", "storage_restored", "storage_verified"]) {
      assert.ok(site.named(name).length > 0, name);
    }
  });

  it("probes its targets, and says that nothing is stopped", async () => {
    await using site = await MediaSite.open({ media: { scanner } });
    const operate = operatorOf(site);
    const { targets } = (await operate("storage.probe", {})) as StorageState;
    assert.deepEqual(
      targets.map(({ name, level, failure }) => ({ name, level, failure })),
      [{ name: "hot", level: "ok", failure: "" }],
    );
    const refused = await site.gatehouse.operate("storage.resume", { target: "archive" });
    assert.equal(refused.ok ? "" : refused.problem.code, "NOT_FOUND");
    const without = await site.gatehouse.operate("storage.archive", COLLECTION);
    assert.equal(without.ok ? "" : without.problem.code, "VALIDATION_ERROR");
  });

  it("starts while its archive is away, and keeps what it has", async () => {
    const storage = {
      archive: {
        target: "s3",
        bucket: "photos",
        endpoint: "http://127.0.0.1:9",
        accessKeyId: "a",
        secretAccessKey: "b",
      },
    } as const;
    await using site = await MediaSite.open({ media: { scanner, storage } });
    const id = await site.bring(await photo());
    await site.until(id, "published");
    const { targets } = (await operatorOf(site)("storage.probe", {})) as StorageState;
    assert.match(targets.find(({ name }) => name === "archive")?.failure ?? "", /does not answer/);
    assert.ok((await site.content(id, "view")) !== undefined);
  });

  it("shows the operations of one tenant's files to nobody of another", async () => {
    await using site = await MediaSite.open({ media: { scanner } });
    const id = await site.bring(await photo());
    await site.until(id, "published");
    const outcome = await site.gatehouse.operate("storage.verify", { asset: id }, "another");
    assert.equal(outcome.ok ? "" : outcome.problem.code, "NOT_FOUND");
    const manifest = await site.gatehouse.operate("storage.manifest", COLLECTION, "another");
    assert.deepEqual(manifest.ok ? manifest.value : undefined, { files: 0, manifest: "" });
  });
});

function operatorOf(site: MediaSite): (action: string, input: unknown) => Promise<unknown> {
  return async (action, input) => {
    const outcome = await site.gatehouse.operate(action, input);
    assert.ok(outcome.ok, outcome.ok ? "" : `${action}: ${outcome.problem.code} ${outcome.detail ?? ""}`);
    return outcome.value;
  };
}

async function filesIn(site: MediaSite): Promise<Readonly<Record<string, number>>> {
  const { files } = (await operatorOf(site)("storage.list", {})) as StorageState;
  return Object.fromEntries(files.flatMap(({ state, files: count }) => (count === 0 ? [] : [[state, count]])));
}

/** Waits until the files are there; the test's own time-out ends a vain wait. */
async function untilFiles(site: MediaSite, expected: Readonly<Record<string, number>>): Promise<void> {
  while (JSON.stringify(await filesIn(site)) !== JSON.stringify(expected)) await delay(20);
}

function photo(): Promise<Buffer> {
  return sharp({ create: { width: 600, height: 300, channels: 3, background: "#336699" } })
    .jpeg()
    .toBuffer();
}
