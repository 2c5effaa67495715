import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { GalleryOrders, HeldItem } from "../support/gallery-orders.ts";
import { describeStoreEngines } from "../support/store-engines.ts";
import { eventually } from "../support/workshop.ts";
import { openGallery, type GallerySite } from "../support/gallery-site.ts";

let site: GallerySite;
let orders: GalleryOrders;
let slugs = 0;

async function event(): Promise<{ readonly id: string; readonly slug: string }> {
  slugs += 1;
  const slug = `party-${slugs}`;
  return { id: await site.event(slug, { host: "lena" }), slug };
}

const PUBLISH = { decision: "publish", findings: ["clear"] };

await describeStoreEngines("the gallery's orders", (engine) => {
  before(async () => {
    site = await openGallery(await engine.place());
    orders = new GalleryOrders(site);
  });
  after(() => site[Symbol.asyncDispose]());

  describe("the planner of captions", () => {
    const Answer = z.object({
      planners: z.tuple([
        z.object({ found: z.array(z.object({ key: z.string(), title: z.string(), order: z.string().optional() })) }),
      ]),
    });
    const find = async (input: object = {}) => {
      const outcome = await orders.attempt("operator", "work.find", { planner: "missing-captions", ...input });
      assert.ok(outcome.ok, JSON.stringify(outcome));
      return Answer.parse(outcome.value).planners[0].found;
    };
    const words = () => ({
      captions: ["en", "de"].map((language) => ({ language, caption: "A cake", alt: "A cake with candles" })),
    });

    it("has words written for photos that nobody has asked for, until each has them", async () => {
      // It looks by itself when the gallery opens, and not again before this is over.
      const hasLooked = async () => (await orders.rowsOf("documents")).includes('"missing-captions"');
      await eventually(hasLooked, "the planner has looked");
      const { id, slug } = await event();
      const photo = await orders.photo(id);
      await orders.photo(id, { state: "held", reason: "moderation" });
      const foreseen = await find({ dry_run: true });
      assert.ok(foreseen.some(({ key, order }) => key === id && order === undefined));
      const [{ order = "" } = assert.fail()] = (await find()).filter(({ key }) => key === id);
      assert.deepEqual(await find(), []);
      // An agent that names no order is handed it.
      const outcome = await orders.attempt("agent", "work.checkout", { types: ["gallery.caption-photos"], count: 50 });
      assert.ok(outcome.ok, JSON.stringify(outcome));
      const { items } = z.object({ items: z.array(HeldItem) }).parse(outcome.value);
      const mine = items.filter((item) => item.order === order);
      assert.deepEqual(
        mine.map(({ key }) => key),
        [photo],
      );
      for (const item of mine) assert.ok((await orders.submit(item, words())).ok);
      await orders.approve(order);
      await orders.reaches(order, "completed");
      assert.deepEqual(await find(), [], `all shown photos of ${slug} have words`);
      const late = await orders.photo(id);
      const [{ order: next = "" } = assert.fail()] = await find();
      assert.deepEqual(
        (await orders.checkOut(next)).map(({ key }) => key),
        [late],
      );
    });
  });

  describe("orders to moderate photos", () => {
    it("are refused for an event that is not there", async () => {
      const proposed = { type: "gallery.moderate-photos", input: { event: "nowhere" } };
      const outcome = await orders.attempt("proposer", "work.propose", proposed);
      assert.equal(outcome.ok ? "" : outcome.problem.code, "NOT_FOUND");
    });

    it("hand out what a host may decide about, and nothing that is an operator's or a scanner's to decide", async () => {
      const { id, slug } = await event();
      const held = await orders.photo(id, { state: "held", reason: "moderation" });
      await orders.photo(id, { state: "held", reason: "operator" });
      await orders.photo(id, { state: "held", reason: "scanner" });
      await orders.photo(id, { state: "infected" });
      const shown = await orders.photo(id);
      const handed = await orders.checkOut(
        await orders.propose("gallery.moderate-photos", { event: slug, which: "all" }),
      );
      assert.deepEqual(handed.map(({ key }) => key).toSorted(), [held, shown].toSorted());
      assert.doesNotMatch(JSON.stringify(handed), /Mia in the garden|somebody/);
    });

    it("publish, hide and refuse, and are taken back as far as there is something to take back", async () => {
      const { id, slug } = await event();
      const held = await orders.photo(id, { state: "held", reason: "moderation" });
      const shown = await orders.photo(id);
      const order = await orders.propose("gallery.moderate-photos", { event: slug, which: "all" });
      await orders.finish(order, ({ key }) => (key === held ? PUBLISH : { decision: "hide", findings: ["dark"] }));
      assert.deepEqual([await orders.stateOf(held), await orders.stateOf(shown)], ["held: moderation", "published"]);
      await orders.approve(order);
      await orders.reaches(order, "completed");
      assert.deepEqual([await orders.stateOf(held), await orders.stateOf(shown)], ["published", "held: hidden"]);
      const reverted = await orders.attempt("proposer", "work.revert", { order });
      assert.ok(reverted.ok, JSON.stringify(reverted));
      const { order: reverting } = reverted.value as { readonly order: string };
      await orders.approve(reverting);
      await orders.reaches(reverting, "completed");
      assert.deepEqual([await orders.stateOf(held), await orders.stateOf(shown)], ["held: hidden", "published"]);

      const refusing = await orders.propose("gallery.moderate-photos", { event: slug, which: "shown" });
      await orders.finish(refusing, () => ({ decision: "refuse", findings: ["empty", "a thumb"] }));
      await orders.approve(refusing);
      await orders.reaches(refusing, "completed");
      assert.equal(await orders.stateOf(shown), "rejected: moderated: empty, a thumb");
    });

    it("leave a photo alone that somebody has deleted or taken out of sight before they are planned", async () => {
      const { id, slug } = await event();
      const [gone, withheld] = [await orders.photo(id), await orders.photo(id)];
      const order = await orders.propose("gallery.moderate-photos", { event: slug, which: "shown" });
      const items = await orders.checkOut(order);
      await site.operate("media.asset.delete", { asset: gone });
      await site.operate("media.asset.moderate", { asset: withheld, decision: "hide" });
      for (const item of items) await orders.submit(item, { decision: "refuse", findings: ["dark"] });
      assert.deepEqual((await orders.plan(order)).changes, []);
      assert.equal(await orders.stateOf(withheld), "held: operator");
    });

    it("are planned anew where a host decides after the approval was given to another plan", async () => {
      const { id, slug } = await event();
      const photo = await orders.photo(id);
      const order = await orders.propose("gallery.moderate-photos", { event: slug, which: "shown" });
      await orders.finish(order, () => ({ decision: "refuse", findings: ["dark"] }));
      const { revision } = await orders.plan(order);
      await site.operate("media.asset.moderate", { asset: photo, decision: "hide" });
      await orders.approve(order);
      const planned = await orders.plan(order, revision);
      assert.deepEqual(planned.changes, []);
      assert.equal(await orders.stateOf(photo), "held: operator");
    });
  });

  describe("orders to write captions", () => {
    const said = (alt: string, language = "en") => ({ captions: [{ language, caption: "A day", alt }] });

    it("ask for photos that lack words, and take words in the languages that were asked for alone", async () => {
      const { id, slug } = await event();
      const photo = await orders.photo(id);
      await orders.photo(id, { type: "video/mp4" });
      await orders.photo(id, { state: "held", reason: "moderation" });
      const order = await orders.propose("gallery.caption-photos", { event: slug, languages: ["en"] });
      const [item, ...others] = await orders.checkOut(order);
      assert.deepEqual([item?.key, others.length], [photo, 0]);
      assert.ok(item);
      const codes = async (result: unknown) => {
        const outcome = await orders.submit(item, result);
        return outcome.ok
          ? "ok"
          : `${outcome.problem.code} ${JSON.stringify(outcome.violations ?? outcome.extensions ?? "")}`;
      };
      assert.match(await codes(said("A dog", "de")), /REFUSED.*language_missing.*language_surplus/);
      assert.match(await codes(said("")), /REFUSED/);
      for (const hidden of ["left\u202Eright", "a\u0000b", "zero\u200Bwidth", "line\u2028end"])
        assert.match(await codes(said(hidden)), /REFUSED|VALIDATION_ERROR/, JSON.stringify(hidden));
      assert.equal(await codes(said("A family 👩‍👩‍👧 at a lake")), "ok");
      await orders.approve(order);
      await orders.reaches(order, "completed");
      const next = await orders.propose("gallery.caption-photos", { event: slug, languages: ["en"] });
      assert.deepEqual((await orders.plan(next)).changes, [], "there is nothing left to say");
    });
  });

  describe("words of a photo", () => {
    it("go when it is deleted", async () => {
      const { id } = await event();
      const photo = await orders.photo(id);
      await site.change("INSERT INTO gallery_captions VALUES ('default', ?1, 'en', 'Mia', 'Mia laughs')", [photo]);
      await site.operate("media.asset.delete", { asset: photo });
      await eventually(async () => !(await orders.rowsOf("gallery_captions")).includes(photo), "the words are gone");
    });
  });

  describe("orders to erase a guest", () => {
    it("are refused where nothing is kept of them", async () => {
      const proposed = { type: "gallery.erase-guest", input: { guest: "nobody" } };
      const outcome = await orders.attempt("proposer", "work.propose", proposed);
      assert.equal(outcome.ok ? "" : outcome.problem.code, "NOT_FOUND");
    });

    // What an order holds of somebody is a copy that nobody would think of when they are erased: it would stay in the order,
    // its plan and its events for as long as those are kept.
    it("hold nothing of them that could be read in the store, while they are under way and after", async () => {
      const { id } = await event();
      const { photo, guest } = await somebodyAt(id, "Konrad Ziegler");
      const order = await orders.propose("gallery.erase-guest", { guest });
      await orders.finish(order, ({ input }) => {
        assert.match(JSON.stringify(input), /Konrad Ziegler/);
        return {
          mentions: (input as { readonly entries: readonly { readonly id: string }[] }).entries.map(
            (entry) => entry.id,
          ),
        };
      });
      const { changes } = await orders.plan(order);
      assert.ok(changes.length > 0);
      const kept = async () =>
        (
          await Promise.all(
            ["work_orders", "work_items", "work_plans", "work_events", "jobs"].map((table) => orders.rowsOf(table)),
          )
        ).join();
      assert.doesNotMatch(await kept(), /Konrad|Ziegler/);
      await orders.approve(order, "reviewer", "another");
      await orders.reaches(order, "completed");
      assert.equal(await orders.stateOf(photo), undefined);
      assert.doesNotMatch(await orders.rowsOf("gallery_entries"), /Konrad|Ziegler/);
      assert.doesNotMatch(await kept(), /Konrad|Ziegler/);
    });

    it("need two people, and are planned anew where the guest brings something more meanwhile", async () => {
      const { id } = await event();
      const { guest } = await somebodyAt(id, "Late Guest");
      const order = await orders.propose("gallery.erase-guest", { guest });
      await orders.finish(order, () => ({ mentions: [] }));
      const { revision, digest } = await orders.plan(order);
      const once = await orders.attempt("reviewer", "work.approve", { order, revision, digest });
      const twice = await orders.attempt("reviewer", "work.approve", { order, revision, digest });
      assert.deepEqual([once.ok, twice.ok], [true, false]);
      const late = await orders.photo(id, { owner: guest });
      const second = await orders.attempt("another", "work.approve", { order, revision, digest });
      assert.ok(second.ok, JSON.stringify(second));
      const planned = await orders.plan(order, revision);
      assert.ok(planned.changes.some(({ resource }) => resource.id === late));
      assert.equal(await orders.stateOf(late), "published", "what nobody has approved was not applied");
    });
  });
});

/** A guest with a photo and an entry; somebody else names them. */
async function somebodyAt(id: string, name: string): Promise<{ readonly guest: string; readonly photo: string }> {
  const guest = `guest-${id}`;
  const photo = await orders.photo(id, { owner: guest });
  const insert = `INSERT INTO gallery_entries (id, tenant, event_id, author, message, owner, created_at)
    VALUES (?1, 'default', ?2, ?3, ?4, ?5, 1)`;
  await site.change(insert, [`entry of ${id}`, id, name, "Hello", guest]);
  await site.change(insert, [`other of ${id}`, id, "Jo", `Thank you, ${name}!`, "other"]);
  return { guest, photo };
}
