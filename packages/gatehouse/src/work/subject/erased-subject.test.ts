import assert from "node:assert/strict";
import { it } from "node:test";
import type { Store } from "../../kernel/ports/store.ts";
import { portableStatement } from "../../store/sql/statement.ts";
import { ADA, AGENT, RITA } from "../../testing/review-kit-people.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import type { ReviewKit } from "../../testing/review-kit.ts";

const SECRET = "Annabel Birnbaum";
const TABLES = {
  sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'things'",
  postgres: "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'things'",
};

const FORMS = ["latin1", "base64", "hex"] as const;

/** The tables that hold a text, as it is or as others write it; the application's own is left out. */
async function foundIn(store: Store, text: string): Promise<readonly string[]> {
  const forms = [text, Buffer.from(text).toString("base64").slice(0, -4), Buffer.from(text).toString("hex")];
  return store.read(async (transaction) => {
    const found: string[] = [];
    for (const { name } of await transaction.execute<{ readonly name: string }>(TABLES, [])) {
      const rows = await transaction.execute<object>(portableStatement(`SELECT * FROM ${name}`), []);
      const all = JSON.stringify(rows.map((row) => Object.values(row).map(asText)));
      if (forms.some((form) => all.includes(form))) found.push(name);
    }
    return found;
  });
}

function asText(value: unknown): unknown {
  return value instanceof Uint8Array ? FORMS.map((form) => Buffer.from(value).toString(form)) : value;
}

/*
 * Somebody wants to be forgotten, and a copy of what orders held of them turns up: in a plan, in an event, in a backup of
 * the rows. What was sealed under their key is unreadable everywhere once that is gone, and the trail still verifies.
 */
await describeReviewEngines("an erased subject", (open) => {
  async function applied(kit: ReviewKit): Promise<string> {
    await kit.setThing("a", { name: "old", secret: "x" });
    const seen = await kit.planned({ things: ["a"], subject: "anna" }, { a: { name: SECRET, secret: SECRET } });
    await kit.done("work.comment", { order: seen.order, text: `about ${SECRET}` }, AGENT);
    await kit.done("work.approve", { ...seen, notes: `yes, ${SECRET}` }, RITA);
    await kit.run();
    assert.deepEqual(await kit.thing("a"), { name: SECRET, secret: SECRET });
    return seen.order;
  }

  it("was sealed from the start: none of the rows of work say anything of it", async () => {
    await using kit = await open();
    const order = await applied(kit);
    assert.deepEqual(await foundIn(kit.store, SECRET), []);
    const plain = await kit.planned({ things: ["b"] }, { b: SECRET });
    assert.ok((await foundIn(kit.store, SECRET)).includes("work_plans"), "the search finds what is not sealed");
    const { lines } = await kit.done<{ readonly lines: readonly string[] }>("work.export", { orders: [order] }, ADA);
    const kinds = lines
      .filter((line) => line.includes(SECRET))
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    assert.deepEqual([...new Set(kinds)].toSorted(), ["application", "event", "item", "plan", "review"]);
    assert.ok(plain.digest !== "");
  });

  it("cannot be read any more by anybody, while the chain of events verifies", async () => {
    await using kit = await open();
    const order = await applied(kit);
    const verify = () => kit.store.read((reading) => kit.parts.orders.verify(reading, { tenant: "acme", id: order }));
    assert.equal(await verify(), undefined);
    await kit.done("work.erase-subject", { subject: "anna", reason: "she asked for it" }, ADA);
    assert.equal(await verify(), undefined);
    assert.equal(await kit.denied("work.preview", { order }, RITA), "WORK_SUBJECT_ERASED");
    const reveal = { order, revision: 1, step: 1, reason: "look" };
    assert.equal(await kit.denied("work.reveal", reveal, RITA), "WORK_SUBJECT_ERASED");
    assert.equal(await kit.denied("work.revert", { order }, AGENT), "WORK_SUBJECT_ERASED");
    assert.equal(await kit.denied("work.comment", { order, text: "x" }, AGENT), "WORK_SUBJECT_ERASED");
    const exported = await kit.done<{ readonly lines: readonly string[] }>("work.export", { orders: [order] }, ADA);
    assert.ok(exported.lines.length > 5);
    assert.ok(!exported.lines.some((line) => line.includes(SECRET)));
    assert.equal(
      await kit.denied("work.erase-subject", { subject: "anna", reason: "again" }, ADA),
      "WORK_SUBJECT_ERASED",
    );
    const row = (await kit.kit.auditRows()).find(({ name }) => name === "work_subject_erased");
    assert.deepEqual([row?.target, row?.actor.id], ["anna", "ada"]);
  });

  it("is not proposed about again, and their orders under way are neither planned nor applied", async () => {
    await using kit = await open();
    const waiting = await kit.planned({ things: ["a"], subject: "anna" }, { a: SECRET });
    await kit.done("work.approve", waiting, RITA);
    const fresh = await kit.propose({ letter: SECRET, subject: "anna" });
    await kit.done("work.erase-subject", { subject: "anna", reason: "she asked for it" }, ADA);
    await kit.run();
    const states = await Promise.all([waiting.order, fresh].map(async (order) => (await kit.find(order)).state));
    assert.deepEqual(states, ["failed", "submitted"]);
    assert.equal((await kit.find(waiting.order)).reason, "subject_erased");
    assert.equal((await kit.find(fresh)).reason, "preview_failed");
    assert.equal(await kit.thing("a"), undefined);
    const again = { type: "things.rename", input: { things: [], subject: "anna" } };
    assert.equal(await kit.denied("work.propose", again, AGENT), "WORK_SUBJECT_ERASED");
    await kit.done("work.cancel", { order: fresh }, AGENT);
    assert.equal((await kit.find(fresh)).state, "cancelled");
  });

  it("takes the side effects along that were still to be done", async () => {
    await using kit = await open();
    const seen = await kit.planned({ letter: SECRET, subject: "anna" });
    await kit.done("work.approve", seen, RITA);
    await kit.run(["work"]);
    assert.deepEqual(await foundIn(kit.store, SECRET), []);
    await kit.done("work.erase-subject", { subject: "anna", reason: "she asked for it" }, ADA);
    await kit.run();
    assert.deepEqual(kit.letters, []);
    assert.ok((await kit.events(seen.order)).includes("effect_dropped"));
  });
});

/*
 * A reviewer looks at plans all day long, and so does whoever stands behind them, their program and its log: values that
 * are marked as sensitive are shown to whoever asks for them with a reason, and to nobody else.
 */
await describeReviewEngines("sensitive values", (open) => {
  it("are masked in every answer and in the trail, and told of when somebody looks", async () => {
    await using kit = await open();
    await kit.setThing("a", { name: "old", secret: `${SECRET} before` });
    const seen = await kit.planned({ things: ["a"] }, { a: { name: "new", secret: SECRET } });
    const preview = await kit.preview(seen.order);
    assert.deepEqual(
      preview.changes.map(({ before, after }) => [before, after]),
      [
        [
          { name: "old", secret: { masked: true, changed: true } },
          { name: "new", secret: { masked: true, changed: true } },
        ],
      ],
    );
    const input = { order: seen.order, revision: 1, step: 1, reason: "is it her name?" };
    assert.equal(await kit.denied("work.reveal", input, AGENT), "PERMISSION_DENIED");
    assert.equal(await kit.denied("work.reveal", { ...input, step: 2 }, RITA), "NOT_FOUND");
    const { before, after } = await kit.done("work.reveal", input, RITA);
    assert.deepEqual(
      [before, after],
      [
        { name: "old", secret: `${SECRET} before` },
        { name: "new", secret: SECRET },
      ],
    );
    await kit.done("work.reveal", input, RITA);
    const answers = [await kit.done("work.approve", seen, RITA), await kit.done("work.pauses", {}, ADA)];
    await kit.run();
    answers.push(await kit.done("work.revert", { order: seen.order }, AGENT));
    // What was carried out is told with its changes.
    answers.push(await kit.done("work.logs", { order: seen.order }, AGENT));
    assert.match(JSON.stringify(answers.at(-1)), /"kind":"applied".+"changes":\[\{"step":1.+"masked":true/);
    answers.push(await kit.done("work.list", { include: ["events", "items"] }, AGENT));
    answers.push(await kit.done("work.examine", { order: seen.order }, RITA));
    assert.ok(!JSON.stringify(answers).includes(SECRET));
    const trail = await kit.kit.auditRows();
    assert.ok(!JSON.stringify([trail, kit.kit.events]).includes(SECRET));
    const looks = trail.filter(({ name }) => name === "work_value_revealed");
    assert.equal(looks.length, 2, "each look, under the same words or not");
    assert.deepEqual(looks[0]?.context, { revision: 1, step: 1, reason: "is it her name?", members: "/secret" });
    assert.deepEqual([looks[0]?.actor.id, looks[0]?.target], ["rita", seen.order]);
    assert.equal((await kit.events(seen.order)).filter((kind) => kind === "revealed").length, 2);
  });
});
