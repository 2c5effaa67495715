import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { makeInstallation } from "../../../../test/support/installation.ts";
import type { Command, CommandContext } from "../command.ts";
import { bansAdd, bansLift } from "./bans.ts";

describe("gatehouse bans", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-bans-"));
    await makeInstallation(directory);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** What the command printed, with its exit code. */
  async function run(
    command: Command,
    words: readonly string[],
    flags: CommandContext["flags"] = {},
  ): Promise<{ readonly code: number; readonly printed: string }> {
    const config = requireConfig({ file: { profile: "development", dataDirectory: directory }, clock: systemClock });
    const printed: string[] = [];
    const note = (line = ""): void => void printed.push(line);
    const terminal = { print: note, note, printJson: () => undefined, style: (_: string, text: string) => text };
    const machine = { clock: systemClock, random: systemRandom, environment: {}, stop: new AbortController().signal };
    const line = { words, flags, json: false, terminal, log: process.stdout, application: {} };
    const code = await command.run({ config, ...line, ...machine });
    return { code, printed: printed.join("\n") };
  }

  it("says that there is no such ban to lift", async () => {
    assert.deepEqual(await run(bansLift, ["nope"]), { code: 1, printed: "There is no ban nope." });
  });

  it("asks for whole minutes", async () => {
    for (const minutes of ["abc", "0", "1.5", "-3", ""]) {
      await assert.rejects(async () => run(bansAdd, ["ip", "192.0.2.7"], { reason: "test", minutes }), {
        name: "UsageError",
        message: `--minutes takes a whole number of minutes, such as 60; got "${minutes}".`,
      });
    }
    const { printed } = await run(bansAdd, ["ip", "192.0.2.7"], { reason: "test", minutes: "5" });
    assert.equal(printed, "ip:192.0.2.7 is banned for 5 minutes.");
  });
});
