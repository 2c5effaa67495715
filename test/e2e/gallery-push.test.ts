import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import type { Page } from "playwright-core";
import { freePort } from "gatehouse/testing";
import { ready, startSite, Visitor } from "../support/browser.ts";
import { describeBrowsers } from "../support/browsers.ts";
import { Client } from "../support/client.ts";

const PAGE = "/events/anna-and-ben";

/** Has somebody without a browser do something. */
async function act(url: string, component: string, action: string, parameters: object): Promise<void> {
  using client = new Client({ url, headers: { "x-forwarded-for": "198.51.100.7" } });
  await client.open(PAGE);
  const { status } = await client.act(component, action, parameters);
  assert.equal(status, 200);
}

function sign(url: string, message: string): Promise<void> {
  return act(url, "guestbook", "sign", { author: "Somebody", message });
}

async function sees(page: Page, message: string, timeout: number): Promise<void> {
  await page.getByRole("listitem").filter({ hasText: message }).waitFor({ timeout });
}

describeBrowsers("an event page that is open", (engine) => {
  it("shows what others write, and goes on after the server was started anew", async () => {
    const data = await mkdtemp(join(tmpdir(), "gatehouse-push-"));
    const port = await freePort();
    let server = await startSite({ data, port });
    try {
      await using visitor = await Visitor.arrive(engine.browser, server.url);
      const page = await visitor.tab();
      const stream = page.waitForResponse((response) => response.url().endsWith("/stream"));
      await page.goto(server.url + PAGE);
      await ready(page);
      await stream;
      await page.getByLabel("Your message").fill("half a sentence");
      await sign(server.url, "while everything is well");
      await sees(page, "while everything is well", 5_000);
      await act(server.url, "like", "set", { liked: true });
      await page.getByText("Like this event, 1 like so far").waitFor({ timeout: 5_000 });
      assert.equal(await page.getByLabel("Your message").inputValue(), "half a sentence");

      const began = performance.now();
      await server.stop();
      assert.ok(performance.now() - began < 8_000, "The open page held up the server.");
      server = await startSite({ data, port });
      await sign(server.url, "before the page has come back");
      await sees(page, "before the page has come back", 20_000);
      await sign(server.url, "after it has come back");
      await sees(page, "after it has come back", 5_000);
    } finally {
      await server[Symbol.asyncDispose]();
      await rm(data, { recursive: true, force: true });
    }
  });
});
