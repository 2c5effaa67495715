// A join token opens an event to whoever reads it. It must not be found in what is kept, copied and sent on: databases
// and their backups, logs, the audit trail, error pages, addresses that other sites are told.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemRandom } from "../kernel/random.ts";
import { comeIn, openGuestSite, whoIs, type GuestSite } from "../testing/guest-site.ts";
import { randomText } from "./token-text.ts";

describe("the text of a join token", () => {
  let site: GuestSite;
  before(async () => {
    site = await openGuestSite();
  });
  after(() => site[Symbol.asyncDispose]());

  it("is in no file, log, event or error page, whatever is done with it", async () => {
    const unknown = randomText(systemRandom);
    const tokens = [await site.token(), await site.token({ kind: "once", guests: 1 })];
    const rotated = await site.operate<{ token: string }>("join-tokens.rotate", { id: tokens[0]?.id });
    await site.operate("join-tokens.print", { id: tokens[0]?.id, format: "svg" });
    const secrets = [unknown, rotated.token, ...tokens.map(({ token }) => token)];
    const told: string[] = [];
    for (const secret of secrets) {
      for (const path of [`/join/${secret}`, `/join/${secret}x`, `/join/${secret}/more`, `/album?from=${secret}`]) {
        const browser = site.browser();
        const page = await browser.open(path);
        if (!path.endsWith(secret) || page.forms.length === 0) told.push(page.text);
        const answers = [await comeIn(browser, path), await comeIn(site.browser(), path)];
        told.push(...answers.filter(({ forms }) => forms.length === 0).map(({ text }) => text));
      }
      const json = { accept: "application/json" };
      told.push((await site.browser().post(`/join/${secret}`, {}, json)).text);
      told.push((await site.browser().post("/nothing", { token: secret }, json)).text);
    }
    await site.operate("join-tokens.revoke", { id: tokens[0]?.id });
    told.push((await comeIn(site.browser(), tokens[0]?.path ?? "")).text);
    const trail = await site.operate<object>("audit.list", { limit: 500 });
    const listed = await site.operate<object>("join-tokens.list", {});
    const shown = await site.operate<object>("join-tokens.show", { id: tokens[1]?.id });
    await site.gatehouse.services.guests.usage.flush();
    const files = await Promise.all(
      (await readdir(site.directory)).map((name) => readFile(join(site.directory, name), "latin1").catch(() => "")),
    );
    assert.ok(
      files.some((file) => file.includes("join_token_texts")),
      "the store was read",
    );
    assert.ok(site.log.length > 5 && told.length > 10);
    const kept = { files, log: site.log, events: site.events, trail, listed, shown, told };
    for (const secret of secrets) {
      for (const [place, what] of Object.entries(kept)) {
        const text = typeof what === "string" ? what : JSON.stringify(what);
        assert.ok(!text.includes(secret.slice(3, 14)), `the beginning is in ${place}`);
        assert.ok(!text.includes(secret.slice(-12)), `the end is in ${place}`);
      }
    }
  });

  it("is told to no page that guests go on to", async () => {
    const { path } = await site.token();
    const browser = site.browser();
    const page = await browser.open(path);
    assert.equal(page.headers.get("referrer-policy"), "strict-origin");
    assert.equal(page.headers.get("cache-control"), "no-store");
    const inside = await browser.submit(page, path);
    assert.equal(inside.url.pathname, "/album/party");
    whoIs(inside);
    assert.ok([...browser.cookies.values()].every((value) => !value.includes("gj_")));
  });
});
