import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import type { OrderTypeDefinition } from "../order-type.ts";
import { defineResource, type WorkSpace } from "../resource.ts";
import { RITA } from "../../testing/review-kit-people.ts";
import { renamingType, thingResource, type Thing } from "../../testing/review-kit-things.ts";
import { ReviewKit } from "../../testing/review-kit.ts";

type Preview = OrderTypeDefinition<unknown, unknown, unknown>["preview"];

/*
 * A preview tries to keep what it writes: nobody would have approved it. It catches errors, keeps the space or the
 * transaction for later, does not wait for its writes, or hangs something on the commit.
 */
describe("a preview that tries to keep its writes", () => {
  const KEPT = { name: "kept", secret: "" };

  async function tried(preview: Preview, resources?: OrderTypeDefinition<unknown, unknown, unknown>["resources"]) {
    const type = renamingType([], { preview, ...(resources === undefined ? {} : { resources }) });
    const kit = await ReviewKit.open({ type });
    const order = await kit.propose({});
    await kit.run();
    return { kit, order };
  }

  it("has them rolled back, and planned", async () => {
    const { kit, order } = await tried((space) => space.create(thingResource, "a", KEPT));
    await using _ = kit;
    assert.equal(await kit.thing("a"), undefined);
    assert.deepEqual((await kit.preview(order))["counts"], { create: 1, update: 0, delete: 0, invoke: 0 });
  });

  it("by keeping the space finds it closed", async () => {
    let kept: WorkSpace | undefined;
    const { kit } = await tried(async (space) => {
      kept = space;
    });
    await using _ = kit;
    await assert.rejects(kept!.create(thingResource, "a", KEPT), { code: "CLOSED" });
    await assert.rejects(kept!.read(thingResource, "a"), { code: "CLOSED" });
    assert.equal(await kit.thing("a"), undefined);
  });

  it("by not waiting for them has no plan", async () => {
    const { kit, order } = await tried(async (space) => {
      void space.create(thingResource, "a", KEPT);
    });
    await using _ = kit;
    const { reason, state } = await kit.find(order);
    assert.deepEqual([state, reason], ["submitted", "preview_failed"]);
    assert.equal(await kit.thing("a"), undefined);
  });

  it("by doing two things at once has no plan: nobody could tell their order", async () => {
    const { kit, order } = await tried(async (space) => {
      await Promise.all(["a", "b"].map((id) => space.create(thingResource, id, KEPT)));
    });
    await using _ = kit;
    assert.equal((await kit.find(order)).reason, "preview_failed");
  });

  it("by keeping the transaction finds that it has ended", async () => {
    let kept: WriteTransaction | undefined;
    const leaking = defineResource<Thing>({
      ...thingResource,
      write: (transaction, address, thing) => {
        kept = transaction;
        return thingResource.write(transaction, address, thing);
      },
    });
    const { kit } = await tried((space) => space.create(leaking, "a", KEPT), [leaking]);
    await using _ = kit;
    await assert.rejects(async () => thingResource.write(kept!, { tenant: "acme", id: "a" }, KEPT), {
      name: "TransactionMisuseError",
    });
    assert.equal(await kit.thing("a"), undefined);
  });

  it("by waiting for the commit waits in vain", async () => {
    let committed = 0;
    const waiting = defineResource<Thing>({
      ...thingResource,
      write: async (transaction, address, thing) => {
        transaction.afterCommit(() => (committed += 1));
        await transaction.nested((inner) => thingResource.write(inner, address, thing));
      },
    });
    const { kit, order } = await tried((space) => space.create(waiting, "a", KEPT), [waiting]);
    await using _ = kit;
    assert.equal(committed, 0);
    assert.equal(await kit.thing("a"), undefined);
    const { revision, digest } = await kit.preview(order);
    await kit.done("work.approve", { order, revision, digest }, RITA);
    await kit.run();
    assert.equal(committed, 1, "it is told when it is applied");
  });

  it("by swallowing what went wrong plans what was done", async () => {
    const { kit, order } = await tried(async (space) => {
      await space.update(thingResource, "nothing", { name: "x" }).catch(() => undefined);
      await space.create(thingResource, "a", KEPT);
    });
    await using _ = kit;
    assert.deepEqual((await kit.preview(order))["counts"], { create: 1, update: 0, delete: 0, invoke: 0 });
    assert.equal(await kit.thing("a"), undefined);
  });

  it("and fails for another reason is tried again, and then told of, which lasts", async () => {
    const { kit, order } = await tried(async () => {
      throw new RangeError("broken");
    });
    await using _ = kit;
    for (let tries = 0; tries < 10; tries += 1) {
      await kit.clock.advance(5000);
      await kit.run();
    }
    assert.equal((await kit.find(order)).reason, "preview_failed");
    assert.ok((await kit.events(order)).includes("preview_failed"));
    const errors = [{ code: "broken", message: "It cannot be planned." }];
    await kit.done("work.reject", { order, revision: 0, digest: "", errors }, RITA);
    assert.equal((await kit.find(order)).state, "rejected");
  });
});
