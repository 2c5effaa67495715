import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { commandDesk, type CommandDesk } from "../../../../test/support/command-desk.ts";

const statement = (sqlite: string) => ({ sqlite, postgres: sqlite });

describe("gatehouse join-tokens", () => {
  let desk: CommandDesk;
  before(async () => {
    desk = await commandDesk();
  });
  after(() => desk[Symbol.asyncDispose]());

  const run = (...words: string[]) => desk.run("join-tokens", ...words);

  async function answer(...words: string[]) {
    const { code, stdout, stderr } = await run(...words, "--json");
    assert.equal(code, 0, stderr + stdout);
    return JSON.parse(stdout);
  }

  it("makes a token, shows it, and prints it again", async () => {
    const made = await run(
      "create",
      "anna-and-ben",
      "--label",
      "Tables",
      "--scopes",
      "view,upload,download",
      "--days",
      "3",
    );
    const [, id = "", link = ""] = /^id {4}(\S+)\nlink {2}(\S+)\nIt is good until /.exec(made.stdout) ?? [];
    assert.match(new URL(link).pathname, /^\/join\/gj_[0-9A-Za-z]{33}$/);
    assert.equal(new URL(link).origin, desk.origin);
    assert.match(
      (await run("list")).stdout,
      new RegExp(`^${id}  anna-and-ben  Tables  view,upload,download  0 of 500  active`, "m"),
    );
    assert.match((await run("show", id)).stdout, /^scopes {6}view, upload, download$/m);
    assert.equal((await run("print", id)).stdout.trim(), link);
    assert.deepEqual(await answer("print", id), { address: link });
    assert.match((await run("usage", id)).stdout, /Nothing happened/);
    assert.doesNotMatch((await run("list", "--json")).stdout, /gj_/);
  });

  it("writes its QR code and a card to files", async () => {
    const { id } = await answer("create", "anna-and-ben", "--label", "Bar");
    const [svg, pdf] = [join(desk.data, "code.svg"), join(desk.data, "card.pdf")];
    assert.equal((await run("print", id, "--svg", svg)).code, 0);
    assert.match(await readFile(svg, "utf8"), /^<svg /);
    const card = await run("print", id, "--pdf", pdf, "--title", "Anna & Ben", "--language", "de", "--paper", "A4");
    assert.equal(card.code, 0, card.stderr);
    assert.equal((await readFile(pdf)).subarray(0, 5).toString(), "%PDF-");
  });

  it("rotates and revokes, each with its row in the audit trail and the token in none", async () => {
    const { id, token } = await answer("create", "brunch", "--label", "Door", "--once");
    assert.match((await run("rotate", id, "--grace-hours", "2")).stdout, /The link before goes on until/);
    assert.match((await run("revoke", id, "--reason", "posted in a forum")).stdout, /is revoked/);
    assert.match((await run("revoke", id)).stderr, /There is no join token .* in force/);
    const trail = (await desk.run("audit", "list", "--json")).stdout;
    const rows: { name: string; target?: string; context: { reason?: string } }[] = JSON.parse(trail).events;
    const told = rows.filter(({ target }) => target === id).map(({ name, context }) => [name, context.reason]);
    assert.deepEqual(told.toReversed(), [
      ["join_token_created", undefined],
      ["join_token_rotated", undefined],
      ["join_token_revoked", "posted in a forum"],
    ]);
    assert.ok(!trail.includes(token.slice(3, 15)));
  });

  it("revokes all of an event, or of everywhere, for a reason", async () => {
    for (const label of ["Door", "Bar"]) await answer("create", "flooded", "--label", label);
    assert.match((await run("revoke-all", "flooded", "--reason", "a flood")).stdout, /^2 join tokens are revoked\.$/m);
    assert.match((await run("revoke-all", "flooded", "--reason", "a flood")).stdout, /^0 join tokens/m);
    await answer("create", "calm", "--label", "Door");
    assert.match((await run("revoke-all", "--reason", "leaked")).stderr, /Say of which event, or --everywhere/);
    assert.match((await run("revoke-all", "calm", "--everywhere", "--reason", "leaked")).stderr, /Say of which event/);
    assert.match((await run("revoke-all", "--everywhere", "--reason", "leaked")).stdout, /^\d+ join tokens? (is|are)/m);
    const { tokens } = await answer("list");
    assert.ok(tokens.every(({ state }: { state: string }) => state === "revoked"));
  });

  it("takes over what an earlier system has left in a file", async () => {
    const file = join(desk.data, "codes.csv");
    await writeFile(
      file,
      'text,collection,label,expires\nPARTY7,"summer, 2026","The ""big"" one",2031-01-01\n' +
        `${"a".repeat(32)},summer,,\n`,
    );
    assert.deepEqual(await answer("import", file), { imported: 1, weak: 1, present: 0 });
    assert.deepEqual(await answer("import", file), { imported: 0, weak: 0, present: 2 });
    const { tokens } = await answer("list", "--collection", "summer, 2026");
    assert.deepEqual([tokens[0].label, tokens[0].kind, tokens[0].weak], ['The "big" one', "legacy", true]);
  });

  it("takes over what an earlier system has left in a table, step by step, and can be asked twice", async () => {
    const { store } = desk.gatehouse.services;
    await store.write(async (writing) => {
      await writing.execute(
        statement("CREATE TABLE codes (id INTEGER PRIMARY KEY, code TEXT, event_id TEXT) STRICT"),
        [],
      );
      const insert = statement("INSERT INTO codes (id, code, event_id) VALUES (?1, ?2, 'gala')");
      for (let row = 1; row <= 450; row += 1) await writing.execute(insert, [row, `printed-code-number-${row}`]);
    });
    const words = ["migrate", "--table", "codes", "--column", "code"];
    assert.match((await run(...words, "--dry-run")).stdout, /^450 rows, 450 of them with a clear text: 450 tokens/);
    const { stdout, stderr } = await run(...words);
    assert.match(
      stdout,
      /^450 tokens were taken over \(0 weak\) and 0 had been before\.\n450 were found again, checksum [0-9a-f]{32}; 450 clear texts were deleted\.\n$/,
    );
    assert.match(
      stderr,
      /^Copying \.\.\. 200 copied, 0 present, 0 cleared, 450 left\n[^]*Checking[^]*Deleting clear texts[^]*Done/,
    );
    assert.partialDeepStrictEqual(await answer(...words), {
      phase: "done",
      copied: 0,
      present: 0,
      cleared: 0,
      clear: 0,
    });
  });

  it("says what is missing", async () => {
    assert.match((await run("create", "brunch")).stderr, /Say for which event/);
    assert.match((await run("migrate", "--table", "codes")).stderr, /Say where they are/);
    assert.match(
      (await run("migrate", "--table", "nowhere", "--column", "code", "--dry-run")).stderr,
      /cannot be read/,
    );
    assert.match((await run("create", "brunch", "--label", "x", "--days", "soon")).stderr, /takes a whole number/);
  });
});
