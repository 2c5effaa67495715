import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { systemClock } from "../../kernel/clock.ts";
import { requireConfig } from "../../kernel/config.ts";
import { systemRandom } from "../../kernel/random.ts";
import { openGatehouse, type Gatehouse } from "../gatehouse.ts";

const Files = z.object({
  files: z.array(z.object({ path: z.string(), asset: z.string().optional(), state: z.string() })),
});
/** The smallest picture there is. */
const PICTURE = Buffer.from("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=", "base64");

describe("taking over the files of an earlier system", () => {
  let directory: string;
  let old: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "gatehouse-take-over-"));
    old = join(directory, "old");
    mkdirSync(join(old, "wedding"), { recursive: true });
    for (const name of ["one.gif", "two.gif"]) writeFileSync(join(old, "wedding", name), PICTURE);
    writeFileSync(join(directory, "secret.gif"), PICTURE);
    symlinkSync(join(directory, "secret.gif"), join(old, "link.gif"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function open(takeOver: { readonly directory?: string }): Promise<Gatehouse> {
    const file = { profile: "development", dataDirectory: join(directory, "data"), media: { takeOver } } as const;
    const config = requireConfig({ file, clock: systemClock });
    const none = { write: () => true };
    return openGatehouse({ config, clock: systemClock, random: systemRandom, log: none, application: {} });
  }

  async function operate(gatehouse: Gatehouse, action: string, paths: readonly string[]) {
    const files = paths.map((path) => ({ path, collection: "wedding" }));
    const outcome = await gatehouse.operate(action, { files });
    assert.ok(outcome.ok, outcome.ok ? "" : (outcome.detail ?? outcome.problem.code));
    return Files.parse(outcome.value).files;
  }

  const PATHS = ["wedding/one.gif", "wedding/two.gif", "wedding/three.gif", "../secret.gif", "link.gif"];

  it("says beforehand what is there, brings each file once, and says afterwards what has become of it", async () => {
    await using gatehouse = await open({ directory: old });
    const states = (files: readonly { readonly state: string }[]) => files.map(({ state }) => state);
    const surveyed = await operate(gatehouse, "media.take-over.survey", PATHS);
    assert.deepEqual(states(surveyed), ["new", "new", "absent", "absent", "absent"]);
    const [first] = await operate(gatehouse, "media.take-over", PATHS.slice(0, 1));
    assert.equal(first?.state, "taken");
    const taken = await Promise.all([1, 2, 3].map(() => operate(gatehouse, "media.take-over", PATHS)));
    assert.equal(taken.flat().filter(({ state }) => state === "taken").length, 1);
    for (const [one] of taken) assert.equal(one?.asset, first?.asset);
    const limit = performance.now() + 60_000;
    for (;;) {
      const verified = await operate(gatehouse, "media.take-over.survey", PATHS);
      if (
        states(verified)
          .slice(0, 2)
          .every((state) => state === "published")
      )
        break;
      assert.ok(performance.now() < limit, JSON.stringify(verified));
      await delay(50);
    }
  });

  it("asks for the folder where none is configured", async () => {
    await using gatehouse = await open({});
    const outcome = await gatehouse.operate("media.take-over", { files: [{ path: "a", collection: "b" }] });
    assert.match(outcome.ok ? "" : (outcome.detail ?? ""), /media\.takeOver\.directory/);
  });
});
