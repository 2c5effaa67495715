import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { launchBrowser, Visitor } from "../../../../../test/support/browser.ts";
import { openIssuerKit } from "../../testing/issuer-kit.ts";
import { HOME, type IssuerVisits } from "../../testing/issuer-visits.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const OFFICE = { ip: "198.51.100.20" };

describe("the console's page of grants", () => {
  let browser: Browser;
  let kit: IssuerVisits;
  before(async () => {
    [browser, kit] = await Promise.all([launchBrowser(), openIssuerKit()]);
    await kit.registerClients();
  });
  after(async () => {
    await browser.close();
    await kit[Symbol.asyncDispose]();
  });

  async function enter(): Promise<{ visitor: Visitor; page: Page }> {
    const issued = await kit.gatehouse.operate("links.issue", { purpose: "console" });
    assert.ok(issued.ok);
    const visitor = await Visitor.arrive(browser, kit.origin);
    const page = await visitor.open(z.object({ path: z.string() }).parse(issued.value).path);
    await page.getByRole("button", { name: "Enter" }).click();
    await page.waitForURL("**/console");
    await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Grants" }).click();
    await page.getByRole("heading", { level: 1, name: "Grants" }).waitFor();
    return { visitor, page };
  }

  async function accessible(page: Page, what: string): Promise<void> {
    for (const [width, colorScheme] of [
      [1280, "light"],
      [390, "dark"],
    ] as const) {
      await page.setViewportSize({ width, height: 850 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(axe);
      const faults = await page.evaluate(
        "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
      );
      assert.deepEqual(faults, [], `${what} at ${width} px`);
      const needed = Number(await page.evaluate("document.documentElement.scrollWidth"));
      assert.ok(needed <= width, `${what} is ${needed} px wide at ${width} px`);
    }
    await page.setViewportSize({ width: 1280, height: 850 });
  }

  const rows = (page: Page) => page.locator("tbody tr").allTextContents();

  it("shows who allowed what, finds it by where it is used, and ends it for a reason", async () => {
    const stolen = await kit.signIn("app", OFFICE, "ada");
    const kept = await kit.signIn("tool", HOME, "grace");
    const { visitor, page } = await enter();
    assert.equal((await rows(page)).length, 2);
    await accessible(page, "the list");
    await page.getByText("first filter for those that are meant").waitFor();

    await page.getByLabel("Address or subnet").fill("198.51.100.0/24");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.getByRole("heading", { name: "End all grants that match" }).waitFor();
    const [row = "", ...others] = await rows(page);
    assert.deepEqual(others, []);
    assert.match(row.replaceAll(/\s+/g, " "), /ada app, 1 refresh tokens active .*Firefox on Linux 198\.51\.100\.20/);
    await accessible(page, "a filtered list");

    await page.getByLabel("Reason").fill("a stolen laptop");
    await page.getByRole("button", { name: "End grants" }).click();
    await page.waitForURL("**state=ended**");
    assert.match((await rows(page)).join(), /An operator ended it: a stolen laptop/);
    await accessible(page, "an ended grant");
    assert.equal(await kit.active(stolen.body["access_token"]), false);
    assert.equal(await kit.active(kept.body["access_token"]), true);
    const event = kit.events.findLast(({ name }) => name === "oauth_grant_revoked");
    assert.deepEqual([event?.source.entrance, event?.target], ["http", "ip:198.51.100.0/24"]);
    visitor.satisfied();
  });

  it("marks what is wrong, and changes nothing", async () => {
    const { page } = await enter();
    await page.goto(`${kit.origin}/console/grants?ip=somewhere`);
    await page.getByText("Enter an address such as").waitFor();
    await accessible(page, "a filter that is wrong");
    await kit.signIn("app", OFFICE, "ada");
    await page.goto(`${kit.origin}/console/grants?client=app`);
    await page.getByLabel("Reason").fill("   ");
    await page.getByRole("button", { name: "End grants" }).click();
    await page.getByText("Say why, in at most 500 characters.").waitFor();
    await accessible(page, "a reason that is missing");
    assert.ok((await rows(page)).length > 0);
  });

  it("is shut for strangers, and refuses what another site sends", async () => {
    const answer = await fetch(`${kit.origin}/console/grants`);
    assert.equal(answer.status, 401);
    const body = new URLSearchParams({ client: "app", reason: "mischief" });
    const forged = await fetch(`${kit.origin}/console/grants`, { method: "POST", body });
    assert.equal(forged.status, 403);
  });
});
