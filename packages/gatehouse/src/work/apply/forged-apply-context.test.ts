import assert from "node:assert/strict";
import { it } from "node:test";
import { z } from "zod";
import { defineAction } from "../../kernel/action.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { defineEffect, defineResource } from "../resource.ts";
import { AGENT, RITA } from "../../testing/review-kit-people.ts";
import { renamingType, thingResource, type Thing } from "../../testing/review-kit-things.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import type { ReviewKit } from "../../testing/review-kit.ts";
import { createApplyContext, enforceWorkOrderOnly, type ApplyContext } from "./apply-context.ts";

const SCOPE = { tenant: "acme", order: "o1", digest: "d1" };
const CALL = { method: "POST", path: "/legacy/photos/1?x=1" };

/*
 * A caller pretends to belong to an approved order, to get past the guard of a route that only orders may use. In the
 * source project the identifier of any order that there is was enough.
 */
await describeReviewEngines("a forged apply context", (open) => {
  const legacy = (context: ApplyContext) =>
    defineAction({
      ...{ name: "legacy.rename", entrances: ["http", "job"], effects: "store" },
      input: z.strictObject({ name: z.string() }),
      authorise: enforceWorkOrderOnly(context, ({ principal }) => principal.type !== "anonymous"),
      limits: [{ name: "legacy", by: ["principal"], rule: { kind: "window", limit: 100, window: 1000 } }],
      run: async ({ input: { name }, transaction, attempt: { tenant } }) => {
        await thingResource.write(transaction, { tenant, id: "legacy" }, { name, secret: "" });
        return { name };
      },
    });

  it("does not open an action that only work orders may use", async () => {
    await using kit = await open({ actions: (context) => [legacy(context)] });
    const seen = await kit.planned();
    await kit.done("work.approve", seen, RITA);
    const input = { name: "forged", _work_order_id: seen.order };
    for (const more of [{}, { idempotencyKey: seen.order }]) {
      const outcome = await kit.attempt("legacy.rename", { name: input.name }, AGENT, { more });
      assert.ok(!outcome.ok && outcome.problem.code === "FORBIDDEN_DIRECT_MUTATION");
    }
    assert.equal(await kit.denied("legacy.rename", input, AGENT), "VALIDATION_ERROR");
    assert.equal(await kit.thing("legacy"), undefined);
  });

  it("is no other context's: only what the very context runs is let in", async () => {
    await using kit = await open({ actions: (context) => [legacy(context)] });
    const { applyContext, keyRing } = kit.parts;
    const another = createApplyContext({ keyRing: keyRing as never, clock: kit.clock, random: kit.kit.random });
    const attempt = () => kit.attempt("legacy.rename", { name: "x" }, AGENT);
    const outside = await another.run(SCOPE, attempt);
    assert.ok(!outside.ok && outside.problem.code === "FORBIDDEN_DIRECT_MUTATION");
    const foreign = await applyContext.run({ ...SCOPE, tenant: "other" }, attempt);
    assert.ok(!foreign.ok && foreign.problem.code === "FORBIDDEN_DIRECT_MUTATION", "of another tenant");
    const inside = await applyContext.run(SCOPE, attempt);
    assert.ok(inside.ok);
  });

  it("is open while a plan is applied and its effects are done, and never while one is made", async () => {
    const seenIn: Record<string, boolean> = {};
    const opened: { context?: ApplyContext } = {};
    const watched = defineResource<Thing>({
      ...thingResource,
      write: (transaction, address, thing) => {
        seenIn[thing?.name ?? ""] = opened.context?.mayApply() !== undefined;
        return thingResource.write(transaction, address, thing);
      },
    });
    const effect = defineEffect<string>({
      type: "call",
      label: () => "a call",
      run: async () => {
        seenIn["effect"] = opened.context?.mayApply()?.tenant === "acme";
      },
    });
    let making = "preview";
    const type = renamingType([], {
      ...{ resources: [watched], effects: [effect] },
      async preview(space) {
        await space.create(watched, "a", { name: making, secret: "" });
        space.invoke(effect, "call", "now");
      },
      async apply(space) {
        await space.create(watched, "a", { name: "preview", secret: "" });
        space.invoke(effect, "call", "now");
        seenIn["apply"] = opened.context?.mayApply() !== undefined;
      },
    });
    await using kit = await open({ type });
    opened.context = kit.parts.applyContext;
    const seen = await kit.planned({ things: [] });
    assert.deepEqual(seenIn, { preview: false });
    making = "x";
    await kit.done("work.approve", seen, RITA);
    await kit.run();
    assert.deepEqual(seenIn, { preview: true, apply: true, effect: true });
    assert.equal(opened.context.mayApply(), undefined);
  });

  it("ends with what it was for: what is left running has none", async () => {
    await using kit = await open();
    const { applyContext } = kit.parts;
    const gate = Promise.withResolvers<void>();
    let late: Promise<unknown> = Promise.resolve();
    await applyContext.run(SCOPE, async () => {
      late = gate.promise.then(() => applyContext.mayApply());
      assert.deepEqual(applyContext.mayApply(), SCOPE);
    });
    gate.resolve();
    assert.equal(await late, undefined);
    await assert.rejects(
      applyContext.run(SCOPE, async () => {
        throw new RangeError("x");
      }),
      RangeError,
    );
    assert.equal(applyContext.mayApply(), undefined);
  });
});

/*
 * The same over the wire: somebody has seen a header of another call, or makes one up, and sends it with a call of theirs.
 */
await describeReviewEngines("a forged apply header", (open) => {
  const admit = (
    kit: ReviewKit,
    header: string | null,
    more: Partial<typeof CALL & { readonly tenant: string }> = {},
  ) => kit.parts.applyContext.admit({ ...CALL, tenant: "acme", header, ...more });
  const headerOf = (kit: ReviewKit): Promise<string> =>
    kit.parts.applyContext.run(SCOPE, async () => kit.parts.applyContext.header(CALL));
  const refused = (value: unknown): void => {
    assert.ok(isDenial(value) && value.problem.code === "FORBIDDEN_DIRECT_MUTATION", JSON.stringify(value));
  };

  it("is refused where the real one is let in, once", async () => {
    await using kit = await open();
    const header = await headerOf(kit);
    assert.deepEqual(admit(kit, header), SCOPE);
    refused(admit(kit, header));
    assert.deepEqual(admit(kit, await headerOf(kit)), SCOPE);
  });

  it("is refused for another method, path or tenant, and after some seconds", async () => {
    await using kit = await open();
    for (const more of [
      { method: "DELETE" },
      { path: "/legacy/photos/2?x=1" },
      { path: "/legacy/photos/1" },
      { tenant: "other" },
    ])
      refused(admit(kit, await headerOf(kit), more));
    const header = await headerOf(kit);
    await kit.clock.advance(5000);
    refused(admit(kit, header));
  });

  it("is refused when any part of it was altered, or it is none", async () => {
    await using kit = await open();
    const header = await headerOf(kit);
    const [id = "", body = "", mac = ""] = header.split(".");
    const told = JSON.parse(Buffer.from(body, "base64url").toString()) as object;
    const other = Buffer.from(JSON.stringify({ ...told, order: "o2" })).toString("base64url");
    const forged = [null, "", ".", "..", "o1", `${id}.${body}`, `${id}.${body}.`, `${id}.${other}.${mac}`];
    forged.push(
      `00000000.${body}.${mac}`,
      `${header}.`,
      `${header}x`,
      ` ${header}`,
      `${id}.${body}.${mac.slice(0, -2)}`,
    );
    forged.push(`${id}.${body}x.${mac}`, "x".repeat(100_000), `${id}.${"A".repeat(4000)}.${mac}`);
    for (const text of forged) refused(admit(kit, text));
    assert.deepEqual(admit(kit, header), SCOPE);
  });

  it("is made by nobody who does not carry out a plan", async () => {
    await using kit = await open();
    assert.throws(() => kit.parts.applyContext.header(CALL), /applied order/);
  });
});
