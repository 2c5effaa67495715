import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { SmtpServer } from "../testing/smtp-server.ts";
import { openGatehouse } from "./gatehouse.ts";

const Changed = z.object({ changes: z.array(z.object({ kid: z.string(), to: z.string() })) });

/** A text as it was before it was cut into lines for the way (RFC 2045 section 6.7). */
function withoutSoftBreaks(text: string): string {
  return text.replaceAll("=\n", "");
}

describe("administrators of an identity provider", () => {
  const smtp = new SmtpServer();
  let url: string;
  let directory: string;
  before(async () => {
    url = await smtp.listen();
    directory = await mkdtemp(join(tmpdir(), "gatehouse-key-letters-"));
  });
  after(async () => {
    smtp.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** What a command does on a stopped installation: it opens it, and ends at once. */
  async function operate(action: string, input: object): Promise<z.infer<typeof Changed>["changes"]> {
    const identity = {
      algorithms: ["ES256"],
      administrators: ["ada@example.org", "grace@example.org"],
      serviceName: "Harbour",
      mail: { url, from: "Harbour <no-reply@example.org>", plaintext: true },
    };
    const file = { profile: "development", dataDirectory: directory, identity };
    const config = requireConfig({ file, clock: systemClock });
    await using gatehouse = await openGatehouse({ config, clock: systemClock, random: systemRandom, log: "quiet" });
    const outcome = await gatehouse.operate(action, input);
    assert.ok(outcome.ok);
    return Changed.parse(outcome.value).changes;
  }

  it("get no letter about the first keys, nor about a next one", async () => {
    await operate("oauth.keys.prune", {});
    await operate("oauth.keys.rotate", { now: false });
    assert.deepEqual(smtp.recipients, []);
  });

  it("get a letter when other keys sign, however soon the command ends", async () => {
    const changes = await operate("oauth.keys.rotate", { now: true });
    assert.deepEqual(smtp.recipients.toSorted(), ["ada@example.org", "grace@example.org"]);
    for (const letter of smtp.messages.map(withoutSoftBreaks)) {
      assert.match(letter, /Harbour: the signing keys were rotated/);
      for (const { kid, to } of changes) assert.ok(letter.includes(`${kid}: `) && letter.includes(`now ${to}`), letter);
    }
  });

  it("get a letter when a key is withdrawn", async () => {
    const [before] = await operate("oauth.keys.rotate", { now: true });
    smtp.messages.length = 0;
    await operate("oauth.keys.compromise", { kid: before?.kid ?? "" });
    assert.equal(smtp.messages.length, 2);
    for (const letter of smtp.messages) assert.match(letter, /a signing key was withdrawn/);
  });
});
