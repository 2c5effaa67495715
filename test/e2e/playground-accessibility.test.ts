import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { inspect } from "../support/accessibility.ts";
import { launchBrowser, ready, startSite, Visitor } from "../support/browser.ts";
import { LIE, MENU, SEA } from "../support/chosen-files.ts";
import type { ServerProcess } from "../support/server-process.ts";

let browser: Browser;
let server: ServerProcess;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite()]);
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

/** What is done to a page before it is looked at again. */
const STATES: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  counter: (page) => page.getByRole("button", { name: "Ten more" }).click(),
  search: (page) => page.getByLabel("A city").fill("san"),
  wizard: async (page) => {
    await page.getByRole("button", { name: "On to the address" }).click();
    await page.getByLabel("Your name").fill("Ada");
    await page.getByLabel("Your e-mail address").fill("ada@example");
    await page.getByRole("button", { name: "On to the check" }).click();
    await page.locator(".live-error", { hasText: "Please enter" }).waitFor();
  },
  payment: async (page) => {
    await page.getByLabel("Amount in euros").fill("nothing");
    await page.getByLabel("Name on the card").fill("Ada");
    await page.getByLabel("Card number").fill("4242");
    await page.getByRole("button", { name: "Pay" }).click();
    await page.locator(".live-error", { hasText: "This is not the number of a card." }).waitFor();
  },
  chat: async (page) => {
    await page.getByLabel("Your name").fill("Ada");
    await page.getByLabel("Your message").fill("Aaaa".repeat(60));
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("log").getByText("AaaaAaaa").waitFor();
  },
  table: (page) => page.getByRole("button", { name: "Answer" }).click(),
  like: async (page) => {
    await page.getByRole("button", { name: /The lake at noon$/ }).click();
    await page.getByRole("button", { name: /Picture of the year/ }).click();
    await page.getByRole("alert").filter({ hasText: /./ }).waitFor();
  },
  dialog: async (page) => {
    await page.getByRole("link", { name: "Invite somebody" }).click();
    await page.getByLabel("Whom").fill("Ada");
    await page.getByLabel("How many they may bring").fill("6");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await page.locator(".live-error", { hasText: "At most five." }).waitFor();
  },
  upload: async (page) => {
    const field = page.getByLabel("Pictures or PDFs");
    const sea = { ...SEA, name: `${"sea".repeat(30)}.png` };
    await field.setInputFiles([MENU, sea]);
    await page.locator("li[data-live-state=done]").nth(1).waitFor();
    await page.getByLabel("What it is").fill("Aaaa".repeat(15));
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.locator(".file").nth(1).waitFor();
    await field.setInputFiles([sea, LIE]);
    await page.locator("li[data-live-state=done]").waitFor();
    await page.locator("li[data-live-state=failed]").waitFor();
  },
  charts: (page) => page.getByRole("button", { name: "The accordion" }).click(),
};

describe("the playground for people who see, hear or point differently", () => {
  it("has nothing to object to on its first page", async () => {
    const visitor = await Visitor.arrive(browser, server.url);
    await inspect(await visitor.open("/playground"), "the playground");
  });

  for (const [example, act] of Object.entries(STATES)) {
    it(`has nothing to object to on the page of the example ${example}, before and after`, async () => {
      const visitor = await Visitor.arrive(browser, server.url);
      const page = await visitor.open(`/playground/${example}`);
      await ready(page);
      await inspect(page, example);
      await act(page);
      await page.waitForSelector("[aria-busy]", { state: "detached" });
      await inspect(page, `${example}, after`);
    });
  }

  it("has nothing to object to on a refused form without scripts", async () => {
    const visitor = await Visitor.arrive(browser, server.url);
    await visitor.context.route("**/*.js", (route) => route.abort());
    const page = await visitor.open("/playground/dialog");
    await page.getByRole("link", { name: "Invite somebody" }).click();
    await page.getByLabel("Whom").fill("Ada");
    await page.getByLabel("How many they may bring").fill("6");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await page.getByRole("heading", { name: "Please check what you entered" }).waitFor();
    await inspect(page, "the refused form");
  });

  it("has nothing to object to on a refused form with files without scripts", async () => {
    const visitor = await Visitor.arrive(browser, server.url);
    await visitor.context.route("**/*.js", (route) => route.abort());
    const page = await visitor.open("/playground/upload");
    await page.getByLabel("What it is").fill("The evening");
    await page.getByLabel("Pictures or PDFs").setInputFiles([SEA, LIE]);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("heading", { name: "Please check what you entered" }).waitFor();
    await inspect(page, "the refused form with files");
  });
});
