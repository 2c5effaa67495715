import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createTemporaryDirectory } from "../../../testing/sqlite-fixture.ts";
import { BreachFilter } from "./breach-filter.ts";
import { buildBreachFilter } from "./breach-import.ts";

const directory = createTemporaryDirectory();
after(() => directory[Symbol.dispose]());

let files = 0;
function freshPath(): string {
  files += 1;
  return join(directory.path, `filter-${files}`);
}

function sha1(password: string): Buffer {
  return hash("sha1", password, "buffer");
}

/** Passwords as the public corpus has them: upper-case hexadecimal with a count, in the order of the hashes. */
function corpusOf(passwords: readonly string[], times: (index: number) => number = () => 1): string[] {
  return passwords
    .map((password, index) => `${sha1(password).toString("hex").toUpperCase()}:${times(index)}`)
    .toSorted();
}

function passwordsOf(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${kind} ${index}`);
}

describe("a filter of breached passwords", () => {
  it("knows every password it was built from, and takes few others for known", async () => {
    const known = passwordsOf("breached", 20_000);
    const path = freshPath();
    assert.equal(await buildBreachFilter(path, { lines: () => corpusOf(known) }), known.length);
    await using filter = await BreachFilter.open(path);
    for (const password of known) assert.ok(await filter.hasHash(sha1(password)), password);
    let mistaken = 0;
    const strangers = passwordsOf("never seen", 20_000);
    for (const password of strangers) if (await filter.hasHash(sha1(password))) mistaken += 1;
    // Two in a thousand at most: eight bits of 512 with 32 hashes a block on average come to about one.
    assert.ok(mistaken <= strangers.length * 0.002, `${mistaken} of ${strangers.length}`);
    assert.equal(await filter.has("breached 7"), true);
  });

  it("is whole for any number of passwords", async () => {
    for (const count of [0, 1, 31, 32, 33, 1000]) {
      const known = passwordsOf("few", count);
      const path = freshPath();
      assert.equal(await buildBreachFilter(path, { lines: () => corpusOf(known) }), count);
      await using filter = await BreachFilter.open(path);
      for (const password of known) assert.equal(await filter.has(password), true);
      assert.equal(await filter.has("something else entirely"), false);
    }
  });

  it("has the hashes at both ends of the range", async () => {
    const ends = ["0".repeat(40), "F".repeat(40)];
    const path = freshPath();
    await buildBreachFilter(path, { lines: () => [ends[0], ...corpusOf(passwordsOf("m", 5000)), ends[1]].map(String) });
    await using filter = await BreachFilter.open(path);
    for (const end of ends) assert.equal(await filter.hasHash(Buffer.from(end, "hex")), true);
  });

  it("leaves out what was seen too rarely", async () => {
    const passwords = passwordsOf("counted", 100);
    const path = freshPath();
    const lines = corpusOf(passwords, (index) => (index < 10 ? 1000 : 1));
    assert.equal(await buildBreachFilter(path, { lines: () => lines, least: 5 }), 10);
  });

  it("is not built from a corpus out of order or from other lines, and leaves the one that is there", async () => {
    const path = freshPath();
    await buildBreachFilter(path, { lines: () => corpusOf(["kept"]) });
    const sorted = corpusOf(passwordsOf("x", 10));
    await assert.rejects(buildBreachFilter(path, { lines: () => sorted.toReversed() }), SyntaxError);
    await assert.rejects(buildBreachFilter(path, { lines: () => ["password123"] }), SyntaxError);
    await using filter = await BreachFilter.open(path);
    assert.equal(await filter.has("kept"), true);
    assert.deepEqual(
      (await readdir(directory.path)).filter((name) => name.endsWith(".partial")),
      [],
    );
  });

  it("is refused when it is something else, or was cut off", async () => {
    const path = freshPath();
    await buildBreachFilter(path, { lines: () => corpusOf(passwordsOf("x", 100)) });
    await truncate(path, 200);
    await assert.rejects(BreachFilter.open(path), TypeError);
    await writeFile(path, "not a filter");
    await assert.rejects(BreachFilter.open(path), TypeError);
  });
});
