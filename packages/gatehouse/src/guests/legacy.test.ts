import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { portableMigration } from "../store/migrations/portable-migration.ts";
import { portableStatement } from "../store/sql/statement.ts";
import { createLegacyTokens, LegacyNameError } from "../store/sql/guests/legacy-tokens.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { comeIn, openGuestSite, whoIs, type GuestSite } from "../testing/guest-site.ts";
import { timeOf } from "./legacy.ts";

const DAY = 86_400_000;
const TABLE = portableMigration(
  "9100_legacy",
  `CREATE TABLE join_codes (code_id {integer} NOT NULL PRIMARY KEY, code TEXT, event_id TEXT, ends TEXT) {strict}`,
);
const INSERT = portableStatement("INSERT INTO join_codes (code_id, code, event_id, ends) VALUES ($1, $2, $3, $4)");
const CODES = portableStatement("SELECT code FROM join_codes ORDER BY code_id");
const SOURCE = { table: "join_codes", column: "code", id: "code_id", expires: "ends" };

describe("tokens of an earlier system", () => {
  const clock = createFakeClock();
  let site: GuestSite;
  before(async () => {
    site = await openGuestSite({
      clock,
      migrations: [TABLE],
      settings: {
        guests: {
          legacy: {
            until: clock.now() + 30 * DAY,
            ...{ table: "join_codes", idColumn: "code_id", column: "code", expiresColumn: "ends" },
          },
        },
      },
    });
    const rows = [
      [1, "SUMMER24", "summer", null],
      [2, "long-enough-not-to-be-guessed", "summer", String(Math.floor((clock.now() + 3 * DAY) / 1000))],
      [3, "has blanks", "summer", null],
      [4, null, "summer", null],
      [5, "WINTER24", "winter", null],
    ] as const;
    await site.gatehouse.services.store.write(async (writing) => {
      for (const row of rows) await writing.execute(INSERT, row);
    });
  });
  after(() => site[Symbol.asyncDispose]());

  const enter = async (code: string) => (await comeIn(site.browser(), `/join/${code}`)).url.pathname;
  const codes = async () =>
    (await site.gatehouse.services.store.read((reading) => reading.execute<{ code: string | null }>(CODES, []))).map(
      ({ code }) => code,
    );

  // Attack: somebody makes up codes as fast as the server answers. Each of them has the whole table of the earlier system
  // looked through, which has no index for that, before anything says that this caller has guessed enough.
  it("are not looked for in the table for everybody who guesses", async () => {
    const { store } = site.gatehouse.services;
    let scans = 0;
    const read = store.read.bind(store);
    const counted: typeof store.read = (work) =>
      read((transaction) => {
        const execute: typeof transaction.execute = (statement, parameters) => {
          if (statement.sqlite.includes("join_codes")) scans += 1;
          return transaction.execute(statement, parameters);
        };
        return work(Object.assign(Object.create(transaction), { execute }));
      });
    Object.assign(store, { read: counted });
    try {
      const guesser = site.browser("198.51.100.66");
      const fields = (await guesser.open("/join/GUESS0")).forms[0]?.fields ?? {};
      for (let count = 0; count < 100; count += 1) await guesser.post(`/join/GUESS${count}`, fields);
    } finally {
      Object.assign(store, { read });
    }
    assert.ok(scans > 0 && scans <= 10, `${scans} looks at the table`);
  });

  it("let guests in before they were taken over, who are then counted like any others", async () => {
    assert.equal(await enter("SUMMER24"), "/album/summer");
    assert.equal(await enter("SUMMER24"), "/album/summer");
    const { tokens } = await site.operate<{ tokens: object[] }>("join-tokens.list", {});
    assert.partialDeepStrictEqual(tokens, [{ kind: "legacy", weak: true, guests: 2, collection: "summer" }]);
    assert.deepEqual((await codes())[0], "SUMMER24", "the table stays as it is");
  });

  it("are counted without a change, and taken over with one", async () => {
    assert.deepEqual(await site.operate("join-tokens.survey", { source: SOURCE }), {
      ...{ rows: 5, clear: 4, weak: 2, skipped: 1 },
    });
    let step: object = await site.operate("join-tokens.migrate", { source: SOURCE, limit: 2 });
    for (let count = 0; count < 20 && "phase" in step && step.phase !== "done"; count += 1) {
      const { rows: _rows, clear: _clear, ...state } = Object(step);
      step = await site.operate("join-tokens.migrate", { source: SOURCE, limit: 2, step: state });
    }
    assert.partialDeepStrictEqual(step, {
      phase: "done",
      copied: 2,
      weak: 1,
      present: 1,
      skipped: 1,
      cleared: 3,
      clear: 1,
    });
    assert.deepEqual(await codes(), [null, null, "has blanks", null, null]);
    for (const code of ["SUMMER24", "long-enough-not-to-be-guessed", "WINTER24"]) {
      whoIs(await comeIn(site.browser(), `/join/${code}`));
    }
  });

  it("do not touch a clear text where what was copied is not what the table says", async () => {
    const { store } = site.gatehouse.services;
    await store.write((writing) => writing.execute(INSERT, [9, "WINTER24", "another event", null]));
    let step: unknown;
    let code = "";
    for (let count = 0; count < 20 && code === ""; count += 1) {
      const outcome = await site.gatehouse.operate("join-tokens.migrate", { source: SOURCE, ...Object(step) });
      if (!outcome.ok) code = `${outcome.problem.code} ${outcome.detail}`;
      else {
        const { rows: _rows, clear: _clear, ...state } = Object(outcome.value);
        step = { step: state };
      }
    }
    assert.match(code, /^STATE_CONFLICT .*No clear text was deleted/);
    assert.equal((await codes()).at(-1), "WINTER24");
  });

  it("end when they said, the weak ones sooner, and all of them when the time for them is over", async () => {
    await clock.advance(4 * DAY);
    assert.match((await comeIn(site.browser(), "/join/long-enough-not-to-be-guessed")).text, /JOIN_TOKEN_EXPIRED/);
    await clock.advance(11 * DAY);
    assert.match((await comeIn(site.browser(), "/join/SUMMER24")).text, /JOIN_TOKEN_EXPIRED/);
    await clock.advance(16 * DAY);
    assert.match((await comeIn(site.browser(), "/join/SUMMER24")).text, /JOIN_TOKEN_UNKNOWN/);
  });

  it("are read from plain names alone", () => {
    for (const table of ['codes"; DROP TABLE sessions; --', "a b", "", "schema.codes"]) {
      assert.throws(
        () => createLegacyTokens({ table, column: "code", id: "id", collection: "event" }),
        LegacyNameError,
      );
    }
  });

  it("have their ends read as databases write them", () => {
    const expected = Date.UTC(2026, 5, 1, 12, 0, 0);
    for (const text of [
      "1780315200",
      "1780315200000",
      "2026-06-01 12:00:00",
      "2026-06-01 14:00:00+02",
      "2026-06-01T12:00:00Z",
    ]) {
      assert.equal(timeOf(text), expected, text);
    }
    assert.deepEqual([timeOf(undefined), timeOf(""), timeOf("soon")], [undefined, undefined, undefined]);
  });
});

// Attack: a code of an earlier system was passed on, and its host has revoked it. Its clear text is still in the table of
// that system: once the record of the revocation has been tidied away, whoever kept the code tries it again.
describe("a code of an earlier system that was revoked", () => {
  it("stays so when what has ended for long is removed", async () => {
    const clock = createFakeClock();
    const legacy = { until: clock.now() + 300 * DAY, table: "join_codes", idColumn: "code_id", column: "code" };
    await using site = await openGuestSite({ clock, migrations: [TABLE], settings: { guests: { legacy } } });
    const { store, guests } = site.gatehouse.services;
    await store.write((writing) => writing.execute(INSERT, [1, "SUMMER24", "summer", null]));
    assert.equal((await comeIn(site.browser(), "/join/SUMMER24")).url.pathname, "/album/summer");
    const { tokens } = await site.operate<{ tokens: { id: string }[] }>("join-tokens.list", {});
    await site.operate("join-tokens.revoke", { id: tokens[0]?.id });
    await clock.advance(200 * DAY);
    const long = { ended: clock.now() - 90 * DAY, counted: 0 };
    await store.write((writing) => guests.tokens.prune(writing, long, 100));
    const page = await comeIn(site.browser(), "/join/SUMMER24");
    assert.deepEqual([page.status, page.url.pathname], [410, "/join/SUMMER24"]);
  });
});
