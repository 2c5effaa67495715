import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";

describe("openGatehouse, the operation store.backup", () => {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-"));
  const file = join(directory, "copy.db");
  let gatehouse: Gatehouse;
  let log = "";

  before(async () => {
    const config = requireConfig({
      file: { profile: "development", dataDirectory: join(directory, "data") },
      clock: systemClock,
    });
    const sink = { write: (text: string) => (log += text).length > 0 };
    gatehouse = await openGatehouse({ config, clock: systemClock, random: systemRandom, log: sink });
  });
  after(async () => {
    await gatehouse[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  it("answers with the file, and refuses to write over one as an ordinary denial", async () => {
    const saved = await gatehouse.operate("store.backup", { file });
    assert.deepEqual(saved.ok && saved.value, { file, bytes: readFileSync(file).length });
    const before = readFileSync(file);
    const refused = await gatehouse.operate("store.backup", { file });
    assert.ok(!refused.ok);
    assert.equal(refused.problem.code, "VALIDATION_ERROR");
    assert.equal(refused.detail, `${file} exists already; choose a new name for the backup.`);
    assert.deepEqual(readFileSync(file), before);
  });

  it("says why a copy cannot be written", async () => {
    const refused = await gatehouse.operate("store.backup", { file: join(directory, "missing", "copy.db") });
    assert.equal(!refused.ok && refused.problem.code, "VALIDATION_ERROR");
    const said = `There is no folder ${join(directory, "missing")}; make it first, or choose another one.`;
    assert.equal(!refused.ok && refused.detail, said);
  });

  it("leaves no alarm behind", async () => {
    // Denials are written in batches: closing writes the last one.
    await gatehouse[Symbol.asyncDispose]();
    assert.match(log, /store_backed_up/);
    assert.match(log, /store\.backup .*denied VALIDATION_ERROR/);
    assert.doesNotMatch(log, /critical|OUTCOME_UNKNOWN/);
  });
});
