/**
 * Poisoned links: an attacker asks for a new password of somebody else with a `Host` field, or one of a proxy's, that
 * names their own server, so that the letter leads there and brings them the token. Links lead to the configured address.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { DevelopmentMailbox } from "../identity/accounts/development-mailbox.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

const ORIGIN = "https://app.example";
const EVIL = "evil.example";

describe("asking for a letter in the name of another host", () => {
  let directory: string;
  let gatehouse: Gatehouse;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-poisoning-"));
    const server = { publicUrl: ORIGIN };
    const identity = { registration: true };
    const file = { dataDirectory: directory, profile: "development", server, identity } as const;
    const config = requireConfig({ file, clock: systemClock });
    gatehouse = await openGatehouse({ config, clock: systemClock, random: systemRandom, log: "quiet" });
  });
  after(async () => {
    await gatehouse[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function ask(path: string, origin: string, fields: Record<string, string>): Promise<number> {
    const peer = { address: "127.0.0.1", encrypted: true };
    const headers = { accept: "text/html", ...fields };
    const page = await gatehouse.handler(new Request(origin + path, { headers }), peer);
    const csrf = /name="_csrf_token" value="([^"]+)"/.exec(await page.text())?.[1] ?? "";
    const cookie = page.headers
      .getSetCookie()
      .map((line) => line.split(";")[0])
      .join("; ");
    const sent = await gatehouse.handler(
      new Request(origin + path, {
        ...{ method: "POST", body: new URLSearchParams({ _csrf_token: csrf, email: "ada@example.org" }) },
        headers: { ...headers, cookie, origin, "sec-fetch-site": "same-origin" },
      }),
      peer,
    );
    return sent.status;
  }

  it("sends nobody a link to it", async () => {
    const { mailer } = gatehouse.services.identity ?? {};
    assert.ok(mailer instanceof DevelopmentMailbox);
    assert.equal(await ask("/register", ORIGIN, {}), 200);
    const forms: readonly (readonly [string, Record<string, string>])[] = [
      [`https://${EVIL}`, {}],
      [ORIGIN, { "x-forwarded-host": EVIL }],
      [ORIGIN, { forwarded: `host=${EVIL};proto=https` }],
      [ORIGIN, { "x-host": EVIL, "x-original-host": EVIL }],
    ];
    for (const [origin, fields] of forms) await ask("/register", origin, fields);
    assert.ok(mailer.messages.length >= 3);
    for (const { text } of mailer.messages) {
      assert.ok(text.includes(`${ORIGIN}/invitation/`));
      assert.ok(!text.includes(EVIL));
    }
  });
});
