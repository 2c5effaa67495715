import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSealer, SealError } from "../../kernel/seal.ts";
import { createWorkSubjectKeys } from "../../store/sql/work/subject-keys.ts";
import { createTestGate, type TestGate } from "../../testing/gate-kit.ts";
import { openDetails, sealDetails } from "./event-details.ts";
import { createWorkPayloads, type PayloadOwner, type WorkPayloads } from "./payloads.ts";

const ANNA: PayloadOwner = { tenant: "acme", id: "order-1", subject: "anna" };
const keys = createWorkSubjectKeys();

async function withPayloads(test: (payloads: WorkPayloads, kit: TestGate) => Promise<void>): Promise<void> {
  await using kit = await createTestGate({ actions: [] });
  await test(createWorkPayloads({ keys, sealer: createSealer(kit), random: kit.random }), kit);
}

describe("payloads of orders", () => {
  it("are kept as they are where an order has no subject", () =>
    withPayloads(async (payloads, { store }) => {
      const order = { ...ANNA, subject: undefined };
      const plain = await store.write((writing) => payloads.begin(writing, order));
      assert.equal(plain?.seal(["input"], "{}"), "{}");
      assert.equal(plain?.digest("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
      assert.equal(sealDetails(plain, order, { kind: "comment", payload: { text: "hi" } }), '{"text":"hi"}');
    }));

  it("are sealed for their subject, order and place, and open again", () =>
    withPayloads(async (payloads, { store }) => {
      const begun = await store.write((writing) => payloads.begin(writing, ANNA));
      const sealed = begun!.seal(["input"], '{"name":"Anna"}');
      assert.ok(!sealed.includes("Anna") && begun!.seal(["input"], '{"name":"Anna"}') !== sealed);
      const found = await store.read((reading) => payloads.of(reading, ANNA));
      assert.equal(found!.open(["input"], sealed), '{"name":"Anna"}');
      assert.equal(found!.digest("abc"), begun!.digest("abc"));
      assert.throws(() => found!.open(["item", "a", "input"], sealed), SealError);
      const other = await store.read((reading) => payloads.of(reading, { ...ANNA, id: "order-2" }));
      assert.throws(() => other!.open(["input"], sealed), SealError);
      const bert = await store.write((writing) => payloads.begin(writing, { ...ANNA, subject: "bert" }));
      assert.throws(() => bert!.open(["input"], sealed), SealError);
      assert.notEqual(bert!.digest("abc"), begun!.digest("abc"));
    }));

  it("are gone with the key, and nobody is begun anew who was erased", () =>
    withPayloads(async (payloads, { store }) => {
      const begun = await store.write((writing) => payloads.begin(writing, ANNA));
      const details = sealDetails(begun!, ANNA, { kind: "comment", plain: { step: 1 }, payload: { text: "Anna" } });
      assert.deepEqual(openDetails(begun, ANNA, { kind: "comment", details }), { step: 1, text: "Anna" });
      await store.write((writing) => keys.destroy(writing, { tenant: "acme", subject: "anna" }));
      assert.equal(await store.read((reading) => payloads.of(reading, ANNA)), undefined);
      assert.equal(await store.write((writing) => payloads.begin(writing, ANNA)), undefined);
      assert.deepEqual(openDetails(undefined, ANNA, { kind: "comment", details }), { step: 1, erased: true });
    }));
});
