import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import { systemClock } from "../../kernel/clock.ts";
import type { Outcome } from "../../kernel/outcome.ts";
import type { MediaGrants, MediaScope } from "../../kernel/ports/media-grants.ts";
import { skipWithoutClamd, startClamd, type ClamdService } from "../../testing/clamd.ts";
import { MediaSite } from "../../testing/media-site.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";

const DAY = 86_400_000;

async function photo(): Promise<Buffer> {
  return sharp({ create: { width: 400, height: 200, channels: 3, background: "#336699" } })
    .jpeg()
    .toBuffer();
}

/** A picture whose pixels hold a text, of about so many bytes. */
async function pictureOf(edge: number, text = ""): Promise<Buffer> {
  const pixels = Buffer.from(Array.from({ length: edge * edge * 3 }, (_, at) => (at * 7919 + (at >> 8)) % 251));
  pixels.write(text, 100);
  return sharp(pixels, { raw: { width: edge, height: edge, channels: 3 } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

const SCOPES = new Set<MediaScope>(["view", "moderate"]);
/** Hanna is the host of everything. */
const grants: MediaGrants = {
  of: async (_, { principal: { id, tenant }, collection }) =>
    id === "hanna"
      ? { id, tenant, collection, generation: 1, scopes: SCOPES, quota: undefined, expiresAt: undefined }
      : undefined,
  generation: () => 1,
};
const moderates = async (_: unknown, { collection }: { readonly collection: string }): Promise<boolean> =>
  collection === "moderated";
const application = { open: () => ({ media: { grants, moderates } }) };

function codeOf(outcome: Outcome): string {
  return outcome.ok ? "done" : outcome.problem.code;
}

/** Attempts something as the host of an event. */
async function asHost({ gatehouse }: MediaSite, action: string, input: object): Promise<string> {
  const { ids, clock } = gatehouse.services;
  const principal = { type: "user", id: "hanna", tenant: "default", grants: new Set<string>() } as const;
  const outcome = await gatehouse.gate.attempt({
    ...{ id: ids.next(), entrance: "job", action, tenant: "default", receivedAt: clock.now(), input },
    ...{ peer: { ip: "127.0.0.1", tls: false }, provenance: { kind: "internal" } },
    credentials: [{ kind: "internal", principal }],
  });
  return codeOf(outcome);
}

async function asOperator({ gatehouse }: MediaSite, action: string, input: object): Promise<string> {
  return codeOf(await gatehouse.operate(action, input));
}

/*
 * Attack: an operator takes a photo out of sight, because of a complaint or a court, and the host of the event, whose
 * photo it may be, publishes it again with a click, or deletes what was to be kept.
 */
describe("a file that an operator has hidden", () => {
  const moderate = "media.asset.moderate";
  let site: MediaSite;
  before(async () => {
    site = await MediaSite.open({ media: { scanner: { engine: "none", noneReason: "a test" } }, application });
  });
  after(() => site[Symbol.asyncDispose]());

  it("is an operator's alone to decide about", async () => {
    const id = await site.bring(await photo());
    await site.until(id, "published");
    assert.equal(await asOperator(site, moderate, { asset: id, decision: "hide", reason: "a complaint" }), "done");
    for (const decision of ["publish", "hide", "reject"])
      assert.equal(await asHost(site, moderate, { asset: id, decision }), "MEDIA_WITHHELD", decision);
    assert.equal(await asHost(site, "media.asset.delete", { asset: id }), "MEDIA_WITHHELD");
    const { state, reason } = await site.find(id);
    assert.deepEqual([state, reason], ["held", "operator"]);
    assert.deepEqual(site.named("media_asset_moderated").at(-1)?.context, {
      ...{ decision: "hide", reason: "a complaint", by: "operator" },
    });
    assert.equal(await asOperator(site, moderate, { asset: id, decision: "publish" }), "done");
    await site.until(id, "published");
    assert.equal(await asHost(site, moderate, { asset: id, decision: "hide" }), "done", "a host's own again");
    assert.equal(site.named("media_asset_moderated").at(-1)?.context["by"], "host");
    assert.equal(await asHost(site, moderate, { asset: id, decision: "publish" }), "done");
  });

  it("may be one that a host has hidden or not yet approved", async () => {
    const waiting = await site.bring(await photo(), { collection: "moderated" });
    await site.until(waiting, "held");
    const hidden = await site.bring(await photo());
    await site.until(hidden, "published");
    await asHost(site, moderate, { asset: hidden, decision: "hide" });
    for (const asset of [waiting, hidden]) {
      assert.equal(await asOperator(site, moderate, { asset, decision: "hide" }), "done");
      assert.equal(await asHost(site, moderate, { asset, decision: "publish" }), "MEDIA_WITHHELD");
    }
    assert.equal(await asOperator(site, "media.asset.rescan", { asset: waiting }), "STATE_CONFLICT");
    assert.equal((await site.find(waiting)).reason, "operator", "looking at it again lifts nothing");
  });
});

describe("files that are looked at again", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  before(async () => {
    clamd = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 200 } });
  });
  after(() => clamd?.[Symbol.asyncDispose]());

  const open = (more: object = {}, directory?: string): Promise<MediaSite> =>
    MediaSite.open({
      media: { scanner: { engine: "clamd", address: clamd.address, alertAfter: "1s", ...more } },
      ...{ application, ...(directory === undefined ? {} : { directory }) },
    });
  const NARROW = { streamMaxLength: "1MiB", maxFileSize: "1MiB", maxScanSize: "4MiB" };

  it("are held where that is not possible any more, until it is or an operator decides", async () => {
    using folder = createTemporaryDirectory();
    const bring = async (site: MediaSite): Promise<string> => {
      const id = await site.bring(await pictureOf(700));
      await site.until(id, "published");
      return id;
    };
    const before = await open({}, folder.path);
    const [first, decided] = [await bring(before), await bring(before)];
    await before[Symbol.asyncDispose]();
    {
      await using narrow = await open(NARROW, folder.path);
      await asOperator(narrow, "media.rescan-all", { collection: "wedding" });
      for (const id of [first, decided]) assert.equal((await narrow.until(id, "held")).reason, "unscannable");
      const [alert] = narrow.named("media_asset_withheld");
      assert.equal(alert?.level, "critical");
      assert.match(String(alert.context["reason"]), /larger than/);
      const publish = { asset: decided, decision: "publish" };
      assert.equal(await asHost(narrow, "media.asset.moderate", publish), "MEDIA_WITHHELD");
      assert.equal(await asOperator(narrow, "media.asset.moderate", publish), "done");
      await asOperator(narrow, "media.rescan-all", { collection: "wedding" });
      await narrow.idle();
      assert.equal((await narrow.find(decided)).state, "published", "an operator's word stands");
      assert.equal((await narrow.find(first)).state, "held");
    }
    await using wide = await open({}, folder.path);
    await clamd.update({ at: systemClock.now() - DAY / 2, version: 201 });
    const published = await wide.until(first, "published");
    assert.match(published.scannedBy ?? "", /201/);
    assert.equal((await wide.variants(first)).size, 3);
  });

  it("are found to hold malware although nobody sees them at the time", async () => {
    await using site = await open();
    const marker = "KNOWN-LATER";
    const hidden = await site.bring(await pictureOf(64, marker));
    await site.until(hidden, "published");
    await asHost(site, "media.asset.moderate", { asset: hidden, decision: "hide" });
    const waiting = await site.bring(await pictureOf(64, marker), { collection: "moderated" });
    await site.until(waiting, "held");
    await clamd.update({ at: systemClock.now() - DAY / 3, version: 202, markers: [marker] });
    for (const id of [hidden, waiting]) await site.until(id, "infected");
    await site.idle();
    assert.deepEqual(await site.stored(), []);
  });
});
