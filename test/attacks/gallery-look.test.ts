// Attack: an agent, or whoever has got hold of a lease token, looks at photos that nobody has shown to anybody yet: those of
// items that it does not hold, holds no more, or never held. Photos that wait for a host are at no address for that reason.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccessTokens } from "../../apps/agent/src/access-tokens.ts";
import { work } from "../../apps/agent/src/agent.ts";
import { Pace } from "../../apps/agent/src/pace.ts";
import { PhotoViewer } from "../../apps/agent/src/photo-viewer.ts";
import type { Skill } from "../../apps/agent/src/skills/skill.ts";
import { WorkTools, type Item } from "../../apps/agent/src/work-tools.ts";
import { openWorkingGallery, type WorkingGallery } from "../support/working-gallery.ts";

const TYPE = "gallery.moderate-photos";
let gallery: WorkingGallery;

before(async () => {
  gallery = await openWorkingGallery();
});
after(() => gallery[Symbol.asyncDispose]());

/** An agent of its own, with what it works with. */
async function agent() {
  const { origin } = gallery;
  const tokens = new AccessTokens(await gallery.client());
  const tools = await WorkTools.connect({
    origin,
    tokens,
    pace: new Pace({ perMinute: 1000, now: () => 0, wait: async () => undefined }),
  });
  return { tokens, tools, photos: new PhotoViewer({ origin, tokens }), take: async () => oneOf(await take(tools)) };
}

const take = (tools: WorkTools) => tools.checkOut({ types: [TYPE], count: 1, wait: 0 });
const oneOf = ([item]: readonly Item[]): Item => item ?? assert.fail("There is nothing to do.");
const soon = (): AbortSignal => AbortSignal.timeout(20_000);

describe("photos of items", () => {
  it("are shown to whoever holds the item, and to nobody else who shows its lease", async () => {
    const { slug } = await gallery.eventWithPhoto();
    const [holder, thief] = [await agent(), await agent()];
    await holder.tools.propose({ type: TYPE, input: { event: slug }, key: slug });
    const item = await holder.take();
    assert.equal(Buffer.from(await holder.photos.look(item, soon())).toString(), "ten bytes.");
    await assert.rejects(thief.photos.look(item, soon()), /409.*LEASE_LOST/);
    await assert.rejects(holder.photos.look({ ...item, epoch: item.epoch + 1 }, soon()), /409.*LEASE_LOST/);
    await assert.rejects(holder.photos.look({ ...item, item: crypto.randomUUID() }, soon()), /409|404/);
    await assert.rejects(holder.photos.look({ ...item, lease: "A".repeat(43) }, soon()), /409.*LEASE_LOST/);
    await holder.tools.release(item, "done looking");
    await assert.rejects(holder.photos.look(item, soon()), /409.*LEASE_LOST/);
    await holder.tools.submit(await holder.take(), handed);
    for (const { tools } of [holder, thief]) await tools[Symbol.asyncDispose]();
  });

  it("are shown to nobody without a token for work, nor with one that is for another resource or lacks the scope", async () => {
    const { slug } = await gallery.eventWithPhoto();
    const holder = await agent();
    await holder.tools.propose({ type: TYPE, input: { event: slug }, key: slug });
    const { item, lease, epoch } = await holder.take();
    const address = `${gallery.origin}/api/v1/gallery/work/items/${item}/photo`;
    const ask = async (token: string | undefined): Promise<number> => {
      const shown = { "work-lease": lease, "work-epoch": String(epoch) };
      const headers = token === undefined ? shown : { ...shown, authorization: `Bearer ${token}` };
      return (await fetch(address, { headers })).status;
    };
    assert.equal(await ask(undefined), 401);
    assert.equal(await ask(await holder.tokens.for(`${gallery.origin}/mcp`, "work:execute")), 401);
    holder.tokens.renew(`${gallery.origin}/api/work`);
    assert.equal(await ask(await holder.tokens.for(`${gallery.origin}/api/work`, "work:read")), 403);
    holder.tokens.renew(`${gallery.origin}/api/work`);
    const answer = await fetch(address, {
      headers: {
        authorization: `Bearer ${await holder.tokens.for(`${gallery.origin}/api/work`, "work:execute")}`,
        ...{ "work-lease": lease, "work-epoch": String(epoch) },
      },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("cache-control"), "private, no-store");
    await holder.tools.submit({ item, lease, epoch }, handed);
    await holder.tools[Symbol.asyncDispose]();
  });
});

describe("the gallery's agent", () => {
  const lines: string[] = [];
  const run = async (skill: Skill): Promise<number> => {
    const { tools, photos } = await agent();
    const never = new AbortController().signal;
    lines.length = 0;
    const parts = { tools, photos, skills: [skill], signal: never, say: (line: string) => void lines.push(line) };
    const done = await work(parts, { watch: false, count: 5 });
    await tools[Symbol.asyncDispose]();
    return done;
  };

  it("gives back what nobody wants any more, as a beat tells it", async () => {
    const { slug } = await gallery.eventWithPhoto();
    const order = await gallery.orders.propose(TYPE, { event: slug });
    const done = await run({
      type: TYPE,
      async do(_item, { signal }) {
        const cancelled = await gallery.orders.attempt("proposer", "work.cancel", { order });
        assert.ok(cancelled.ok, JSON.stringify(cancelled));
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw signal.reason;
      },
    });
    assert.equal(done, 0);
    assert.match(lines.join("\n"), /given back|lost/);
    await gallery.orders.reaches(order, "cancelled");
  });

  it("goes on with the next one where the lease of one was lost while it worked", async () => {
    const { slug } = await gallery.eventWithPhoto(2);
    await gallery.orders.propose(TYPE, { event: slug });
    const { tools: other } = await agent();
    let first = true;
    const done = await run({
      type: TYPE,
      async do(item) {
        // As if its time had run out: nobody holds it any more.
        if (first) await gallery.loseLease(item.item);
        first = false;
        return handed;
      },
    });
    // The one that was lost was queued again, and came back.
    assert.match(lines.join("\n"), /lost/);
    assert.equal(done, 2);
    await other[Symbol.asyncDispose]();
  });

  it("says what has failed, and leaves it to others", async () => {
    const { slug } = await gallery.eventWithPhoto();
    const order = await gallery.orders.propose(TYPE, { event: slug });
    assert.equal(await run({ type: TYPE, do: () => Promise.reject(new Error("The film broke.")) }), 0);
    assert.match(lines.join("\n"), /failed: The film broke/);
    const logs = await gallery.orders.attempt("reviewer", "work.logs", { order });
    assert.match(JSON.stringify(logs), /The film broke/);
  });
});

const handed = { result: { decision: "hide", findings: ["a trial"] }, evidence: [] };
