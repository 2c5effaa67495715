import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { Locator, Page, Response } from "playwright-core";
import { ready, settled, startSite, Visitor } from "../support/browser.ts";
import { contextWithoutScripts, describeBrowsers, type Engine } from "../support/browsers.ts";
import { drop, HUGE, LIE, MENU, SEA, type ChosenFile } from "../support/chosen-files.ts";
import { until } from "../support/collections.ts";
import type { ServerProcess } from "../support/server-process.ts";

let server: ServerProcess;

before(async () => {
  server = await startSite();
});
after(() => server[Symbol.asyncDispose]());

async function visit(engine: Engine, example: string): Promise<{ visitor: Visitor; page: Page }> {
  const visitor = await Visitor.arrive(engine.browser, server.url);
  const page = await visitor.open(`/playground/${example}`);
  page.setDefaultTimeout(20_000);
  await ready(page);
  return { visitor, page };
}

/** Waits until an element shows a text. */
async function shows(locator: Locator, text: string | RegExp): Promise<void> {
  const page = locator.page();
  const expected = typeof text === "string" ? new RegExp(`^\\s*${text}\\s*$`) : text;
  for (let tries = 0; tries < 200; tries += 1) {
    if (expected.test((await locator.textContent()) ?? "")) return;
    await page.waitForTimeout(50);
  }
  assert.match((await locator.textContent()) ?? "", expected);
}

const button = (page: Page, name: string | RegExp): Locator => page.getByRole("button", { name, exact: true });
/** Whether it has the focus within its page; of two windows, one at most has the keyboard. */
const isFocused = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element) => element === element.ownerDocument.activeElement);

/** What is said politely to those who hear the page. */
const said = (page: Page, text: string): Promise<void> =>
  page.getByRole("status").and(page.locator(".live-status")).filter({ hasText: text }).waitFor();

/** Replaces what is in a field. Firefox cannot select what is in a field for addresses, as `fill` would. */
async function refill(field: Locator, text: string): Promise<void> {
  await field.fill("");
  await field.fill(text);
}

/** Presses Tab until something has the focus. */
async function tabTo(locator: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await isFocused(locator)) return;
    await locator.page().keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${String(locator)}.`);
}

/** The field for files of the example with uploads. */
const fileField = (page: Page): Locator => page.getByLabel("Pictures or PDFs");
/** What is said below it about a file that was chosen. */
const line = (page: Page, text: string): Locator => page.locator("[data-live-upload] li").filter({ hasText: text });

describeBrowsers("the playground", (engine) => {
  it("has a card for each example, and each page shows its source", async () => {
    const visitor = await Visitor.arrive(engine.browser, server.url);
    const page = await visitor.open("/playground");
    const links = await page.getByRole("main").getByRole("link").all();
    assert.ok(links.length >= 10);
    for (const path of await Promise.all(links.map((link) => link.getAttribute("href")))) {
      const answer = await page.goto(server.url + path);
      assert.equal(answer?.status(), 200);
      const source = await page.locator(".source code").first().textContent();
      assert.match(source ?? "", /from "gatehouse\/live";[^]*: Example = \{/);
    }
    assert.equal((await page.goto(`${server.url}/playground/nothing`))?.status(), 404);
    visitor.satisfied();
  });

  it("counts every click, and refuses to start over from an older count", async () => {
    const { visitor, page } = await visit(engine, "counter");
    const other = await visitor.open("/playground/counter");
    await ready(other);
    for (let clicks = 0; clicks < 3; clicks += 1) await button(page, "One more").click();
    await button(page, "Ten more").click();
    await shows(page.getByRole("status").first(), "13");
    await button(other, "Start over").click();
    await other.getByRole("alert").filter({ hasText: /./ }).waitFor();
    await shows(other.getByRole("status").first(), "13");
    await button(other, "Start over").click();
    await shows(other.getByRole("status").first(), "0");
    visitor.satisfied();
  });

  it("searches while one types, and is never overtaken by an older answer", async () => {
    const { visitor, page } = await visit(engine, "search");
    const field = page.getByLabel("A city");
    await field.pressSequentially("santa", { delay: 30 });
    await said(page, "5 cities");
    assert.equal(await page.locator("mark").first().textContent(), "Santa");
    await field.pressSequentially(" cruz", { delay: 30 });
    await said(page, "1 city");
    assert.deepEqual([await field.inputValue(), await isFocused(field)], ["santa cruz", true]);
    await field.fill("zürich");
    await shows(page.locator(".results"), /^\s*Zürich\s+Switzerland\s*$/);
    await page.reload();
    assert.equal(await page.getByLabel("A city").inputValue(), "zürich");
    visitor.satisfied();
  });

  it("leads through the wizard, back, and on, and keeps what was entered", async () => {
    const { visitor, page } = await visit(engine, "wizard");
    const step = (name: string): Locator => page.getByRole("heading", { level: 3, name });
    await page.getByLabel("Cover").selectOption("Linen with a title");
    await button(page, "On to the address").click();
    await step("Where it goes").waitFor();
    await settled(page);
    assert.ok(await isFocused(step("Where it goes")));
    await page.getByLabel("Your name").fill("Ada");
    await page.getByLabel("Your e-mail address").fill("ada@example");
    await button(page, "On to the check").click();
    await page.locator(".live-error", { hasText: "Please enter an e-mail address" }).waitFor();
    await settled(page);
    assert.ok(await isFocused(page.getByLabel("Your e-mail address")));
    await refill(page.getByLabel("Your e-mail address"), "ada@example.org");
    await button(page, "On to the check").click();
    await page.getByText("48 pages, Linen with a title").waitFor();
    await button(page, "Back to the address").click();
    await step("Where it goes").waitFor();
    assert.equal(await page.getByLabel("Your e-mail address").inputValue(), "ada@example.org");
    await button(page, "Back to the book").click();
    await page.getByLabel("How thick").selectOption("96 pages");
    await button(page, "On to the address").click();
    await button(page, "On to the check").click();
    await page.getByText("96 pages, Linen with a title").waitFor();
    await page.getByText("Ada, ada@example.org").waitFor();
    await button(page, "Order").click();
    await step("Ordered").waitFor();
    visitor.satisfied();
  });

  it("charges a card once, and says at the field why it does not", async () => {
    const { visitor, page } = await visit(engine, "payment");
    const pay = async (card: string): Promise<void> => {
      await page.getByLabel("Amount in euros").fill("12.50");
      await page.getByLabel("Name on the card").fill("Ada Lovelace");
      await page.getByLabel("Card number").fill(card);
      await button(page, "Pay").dblclick();
    };
    await pay("4000 0000 0000 0002");
    await page.locator(".live-error", { hasText: "The bank has declined this card." }).waitFor();
    // The answer to the first click may come before the second, which takes the focus to the button for a moment.
    await until(() => isFocused(page.getByLabel("Card number")));
    assert.equal(await page.getByLabel("Amount in euros").inputValue(), "12.50");
    await pay("4242 4242 4242 4242");
    await said(page, "Paid €12.50. Thank you!");
    await settled(page);
    assert.equal(await page.getByText("card ending in 4242").count(), 1);
    assert.equal(await page.getByLabel("Card number").inputValue(), "");
    for (const card of ["1", "2", "3", "4"]) await pay(card).then(() => settled(page));
    await page.getByRole("alert").filter({ hasText: "Too many requests. Please wait" }).waitFor();
    visitor.satisfied();
  });

  it("lets two talk, and leaves alone what one of them is typing", async () => {
    const [ada, ben] = [await visit(engine, "chat"), await visit(engine, "chat")];
    const words = `Hello from ${engine.label}`;
    await ada.page.getByLabel("Your message").fill("I was about to");
    await ben.page.getByLabel("Your name").fill("Ben");
    await ben.page.getByLabel("Your message").fill(words);
    await button(ben.page, "Send").click();
    await said(ben.page, "Your message is in the room.");
    assert.equal(await ben.page.getByLabel("Your message").inputValue(), "");
    assert.equal(await ben.page.getByLabel("Your name").inputValue(), "Ben");
    await ada.page.getByRole("log").getByText(words).waitFor();
    assert.equal(await ada.page.getByLabel("Your message").inputValue(), "I was about to");
    assert.ok(await isFocused(ada.page.getByLabel("Your message")));
    ada.visitor.satisfied();
    ben.visitor.satisfied();
  });

  it("sorts and pages on the server, and keeps focus and place", async () => {
    const { visitor, page } = await visit(engine, "table");
    const header = page.getByRole("columnheader", { name: "Guests" });
    await button(page, "Guests").click();
    await said(page, "Sorted by guests, ascending.");
    assert.equal(await header.getAttribute("aria-sort"), "ascending");
    assert.ok(await isFocused(button(page, "Guests")));
    await button(page, "Guests").click();
    await said(page, "Sorted by guests, descending.");
    assert.equal(await page.locator("td.number").first().textContent(), "5");
    for (const number of [2, 3]) {
      await button(page, "Next").click();
      await said(page, `Page ${number} of 42.`);
    }
    assert.ok(await isFocused(button(page, "Next")));
    const first = await page.getByRole("rowheader").first().textContent();
    await page.reload();
    await page.getByText("Page 3 of 42", { exact: true }).waitFor();
    assert.equal(await page.getByRole("rowheader").first().textContent(), first);
    await button(page, "Last").click();
    await page.getByText("Page 42 of 42", { exact: true }).waitFor();
    assert.equal(await page.getByRole("rowheader").count(), 8);
    visitor.satisfied();
  });

  it("fills the heart before the answer is there, and empties it where it is refused", async () => {
    const { visitor, page } = await visit(engine, "like");
    const { promise, resolve } = Promise.withResolvers<void>();
    await page.route("**/api/livecomponents/action", async (route) => {
      await promise;
      await route.continue();
    });
    const like = button(page, /The lake at noon$/);
    const count = async (): Promise<number> => Number.parseInt((await like.innerText()).trim(), 10);
    const before = await count();
    await like.click();
    assert.equal(await like.getAttribute("aria-pressed"), "true");
    assert.equal(await count(), before + 1);
    resolve();
    await said(page, "You like this picture.");
    assert.equal(await count(), before + 1);
    const closed = button(page, /Picture of the year/);
    await closed.click();
    await page.getByRole("alert").filter({ hasText: "The voting for this picture has ended." }).waitFor();
    assert.equal(await closed.getAttribute("aria-pressed"), "false");
    await like.click();
    await said(page, "Your like is taken back.");
    visitor.satisfied();
  });

  it("opens the dialog as a modal one, keeps it for what is wrong, and closes it after", async () => {
    const { visitor, page } = await visit(engine, "dialog");
    const opener = page.getByRole("link", { name: "Invite somebody" });
    const dialog = page.getByRole("dialog", { name: "Invite somebody" });
    await opener.click();
    await dialog.waitFor();
    assert.ok(await dialog.evaluate((element) => element.matches(":modal")));
    assert.ok(await isFocused(page.getByLabel("Whom")));
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.ok(await isFocused(opener));
    await opener.click();
    await page.getByLabel("Whom").fill("Mehmet");
    await page.getByLabel("How many they may bring").fill("6");
    await button(page, "Invite").click();
    await dialog.getByText("At most five.", { exact: true }).waitFor();
    await page.getByLabel("How many they may bring").fill("2");
    await button(page, "Invite").click();
    await dialog.waitFor({ state: "hidden" });
    await said(page, "Mehmet is invited.");
    await shows(page.getByRole("listitem").filter({ hasText: "Mehmet" }), /Mehmet\s+and 2 more/);
    assert.ok(await isFocused(opener));
    visitor.satisfied();
  });

  it("takes files, says which it does not and why, shows them to whose they are, and removes them", async () => {
    const { visitor, page } = await visit(engine, "upload");
    await fileField(page).setInputFiles([SEA, LIE, HUGE]);
    await line(page, "sea.png: is uploaded").waitFor();
    await line(page, "lie.png: This is not a file of an accepted type: PNG, JPEG, GIF, WEBP, PDF.").waitFor();
    await line(page, "huge.png: The file is too large.").waitFor();
    await page.getByLabel("What it is").fill("A day at the sea");
    await button(page, "Add").click();
    await said(page, "A file was not uploaded.");
    assert.ok(await isFocused(button(page, "Remove: lie.png")));
    for (const { name } of [LIE, HUGE]) await button(page, `Remove: ${name}`).click();
    await button(page, "Add").click();
    await said(page, "Your file is here.");
    assert.equal(await page.getByLabel("What it is").inputValue(), "");
    const file = page.getByRole("listitem").filter({ hasText: "A day at the sea" });
    await shows(file, /sea\.png\s+PNG, 1\skB/);
    const image = file.locator("img");
    for (
      let tries = 0;
      tries < 200 && (await image.evaluate((element) => Reflect.get(element, "naturalWidth"))) !== 64;
    ) {
      tries += 1;
      await page.waitForTimeout(50);
    }
    assert.equal(await image.evaluate((element) => Reflect.get(element, "naturalWidth")), 64);
    const address = server.url + (await file.getByRole("link").getAttribute("href"));
    const served = await visitor.context.request.get(address);
    assert.deepEqual(await served.body(), SEA.buffer);
    const { "content-disposition": disposition, "content-security-policy": policy, ...headers } = served.headers();
    assert.equal(disposition, `inline; filename="sea.png"; filename*=UTF-8''sea.png`);
    assert.match(policy ?? "", /default-src 'none'.*sandbox/);
    assert.deepEqual(
      [headers["content-type"], headers["x-content-type-options"], headers["cache-control"]],
      ["image/png", "nosniff", "no-store"],
    );
    const stranger = await visit(engine, "upload");
    assert.equal(await stranger.page.getByText("sea.png").count(), 0);
    assert.equal((await stranger.visitor.context.request.get(address)).status(), 404);
    await button(page, "Remove sea.png").click();
    await said(page, "sea.png is removed.");
    assert.ok(await isFocused(page.getByRole("heading", { name: "Your files" })));
    assert.equal(await file.count(), 0);
    assert.equal((await visitor.context.request.get(address)).status(), 404);
    visitor.satisfied();
  });

  it("takes files that are dropped on the field, keeps them for what is wrong, and no more than six", async () => {
    const { visitor, page } = await visit(engine, "upload");
    const add = async (note: string, files: readonly ChosenFile[]): Promise<void> => {
      await drop(fileField(page), files, engine.name);
      for (const { name } of files) await line(page, `${name}: is uploaded`).waitFor();
      await page.getByLabel("What it is").fill(note);
      await button(page, "Add").click();
      await settled(page);
    };
    await add("   ", [SEA, MENU]);
    await page.locator(".live-error", { hasText: "Please say what it is." }).waitFor();
    await line(page, "menu.pdf: is uploaded").waitFor();
    await page.getByLabel("What it is").fill("Before dinner");
    await button(page, "Add").click();
    await said(page, "Your 2 files are here.");
    await shows(
      page.getByRole("listitem").filter({ hasText: "menu.pdf" }),
      /PDF\s+Before dinner\s+menu\.pdf\s+PDF, 1\skB/,
    );
    const [one, two, three] = ["one.png", "two.png", "three.png"].map((name) => ({ ...SEA, name }));
    assert.ok(one && two && three);
    await add("More", [one, two, three]);
    await said(page, "Your 3 files are here.");
    await add("Too many", [one, two]);
    await page.locator(".live-error", { hasText: "You can have 6 files here." }).waitFor();
    assert.equal(await page.locator(".file").count(), 5);
    assert.equal(await page.getByLabel("What it is").inputValue(), "Too many");
    await button(page, "Remove menu.pdf").click();
    await said(page, "menu.pdf is removed.");
    await button(page, "Add").click();
    await said(page, "Your 2 files are here.");
    assert.equal(await page.locator(".file").count(), 6);
    visitor.satisfied();
  });

  it("draws what everybody votes, by itself", async () => {
    const [ada, ben] = [await visit(engine, "charts"), await visit(engine, "charts")];
    const silence = async (page: Page): Promise<number> =>
      Number(/Silence: (\d+)/.exec((await page.getByRole("img").first().getAttribute("aria-label")) ?? "")?.[1]);
    const before = await silence(ada.page);
    await button(ben.page, "Silence").click();
    await said(ben.page, "You vote for: Silence.");
    assert.equal(await button(ben.page, "Silence").getAttribute("aria-pressed"), "true");
    await ada.page.getByRole("img", { name: `Silence: ${before + 1}` }).waitFor();
    assert.equal(await button(ada.page, "Silence").getAttribute("aria-pressed"), "false");
    ada.visitor.satisfied();
    ben.visitor.satisfied();
  });
});

describeBrowsers("the playground by keyboard alone", (engine) => {
  const press = (page: Page, ...keys: string[]): Promise<void> =>
    keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());

  it("is counted, searched, sorted, liked and voted in", async () => {
    const { page } = await visit(engine, "counter");
    await tabTo(button(page, "One more"));
    await press(page, "Enter", "Space");
    await shows(page.getByRole("status").first(), "2");

    await page.goto(`${server.url}/playground/search`);
    await ready(page);
    await tabTo(page.getByLabel("A city"));
    await page.keyboard.type("graz");
    await said(page, "1 city");

    await page.goto(`${server.url}/playground/table`);
    await ready(page);
    await tabTo(button(page, "City"));
    await press(page, "Enter");
    await said(page, "Sorted by city, ascending.");
    await press(page, "Enter");
    await said(page, "Sorted by city, descending.");
    await tabTo(button(page, "Next"));
    await press(page, "Space");
    await said(page, "Page 2 of 42.");

    await page.goto(`${server.url}/playground/like`);
    await ready(page);
    await tabTo(button(page, /The cake, before$/));
    await press(page, "Space");
    await said(page, "You like this picture.");
    await press(page, "Space");
    await said(page, "Your like is taken back.");

    await page.goto(`${server.url}/playground/charts`);
    await ready(page);
    await tabTo(button(page, "The accordion"));
    await press(page, "Enter");
    await said(page, "You vote for: The accordion.");
  });

  it("is filled in and sent", async () => {
    const { page } = await visit(engine, "wizard");
    await tabTo(button(page, "On to the address"));
    await press(page, "Enter");
    await page.getByRole("heading", { level: 3, name: "Where it goes" }).waitFor();
    await settled(page);
    await press(page, "Tab");
    await page.keyboard.type("Ada");
    await press(page, "Tab");
    await page.keyboard.type("ada@example.org");
    await press(page, "Enter");
    await page.getByText("Ada, ada@example.org").waitFor();
    await settled(page);
    await press(page, "Tab", "Enter");
    await page.getByRole("heading", { level: 3, name: "Ordered" }).waitFor();

    await page.goto(`${server.url}/playground/payment`);
    await ready(page);
    await tabTo(page.getByLabel("Amount in euros"));
    for (const text of ["7", "Ada", "4242424242424242"]) {
      await page.keyboard.type(text);
      await press(page, "Tab");
    }
    await press(page, "Enter");
    await said(page, "Paid €7.00. Thank you!");

    await page.goto(`${server.url}/playground/chat`);
    await ready(page);
    await tabTo(page.getByLabel("Your name"));
    await page.keyboard.type("Ada");
    await press(page, "Tab");
    await page.keyboard.type(`Without a mouse, in ${engine.label}`);
    await press(page, "Enter");
    await said(page, "Your message is in the room.");

    await page.goto(`${server.url}/playground/dialog`);
    await ready(page);
    const opener = page.getByRole("link", { name: "Invite somebody" });
    await tabTo(opener);
    await press(page, "Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.type("Opa Karl");
    await press(page, "Tab");
    await page.keyboard.type("0");
    await press(page, "Enter");
    await said(page, "Opa Karl is invited.");
    assert.ok(await isFocused(opener));
  });

  it("is given files, and has them removed", async () => {
    const { page } = await visit(engine, "upload");
    await tabTo(page.getByLabel("What it is"));
    await page.keyboard.type("By keyboard");
    await press(page, "Tab");
    assert.ok(await isFocused(fileField(page)));
    // Which files, people say in a window of their system.
    await fileField(page).setInputFiles([SEA, LIE]);
    await line(page, "lie.png: This is not a file").waitFor();
    await line(page, "sea.png: is uploaded").waitFor();
    await tabTo(button(page, "Remove: lie.png"));
    await press(page, "Enter");
    await said(page, "lie.png is removed.");
    assert.ok(await isFocused(fileField(page)));
    await tabTo(button(page, "Add"));
    await press(page, "Enter");
    await said(page, "Your file is here.");
    await settled(page);
    await tabTo(button(page, "Remove sea.png"));
    await press(page, "Space");
    await said(page, "sea.png is removed.");
    assert.ok(await isFocused(page.getByRole("heading", { name: "Your files" })));
  });
});

describeBrowsers("the playground without scripts", (engine) => {
  const open = async (example: string): Promise<Page> => {
    const context = await contextWithoutScripts(engine);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`${server.url}/playground/${example}`);
    return page;
  };
  /** The answer to a form that a click sends, once the next page is there. */
  const submit = async (page: Page, name: string | RegExp): Promise<number> => {
    const isAnswer = (response: Response): boolean => response.request().method() === "POST";
    const [answer] = await Promise.all([page.waitForResponse(isAnswer), button(page, name).click()]);
    await page.waitForLoadState();
    return answer.status();
  };

  it("counts, searches, sorts, likes and votes", async () => {
    const counter = await open("counter");
    assert.equal(await submit(counter, "Ten more"), 303);
    await shows(counter.getByRole("status").first(), "10");
    const search = await open("search");
    await search.getByLabel("A city").fill("santa cruz");
    assert.equal(await submit(search, "Search"), 303);
    await shows(search.locator(".results"), /^\s*Santa Cruz\s+Spain\s*$/);
    assert.equal(await search.getByLabel("A city").inputValue(), "santa cruz");
    const table = await open("table");
    assert.equal(await submit(table, "City"), 303);
    assert.equal(await submit(table, "Next"), 303);
    await table.getByText("Page 2 of 42", { exact: true }).waitFor();
    assert.equal(await table.getByRole("columnheader", { name: "City" }).getAttribute("aria-sort"), "ascending");
    const like = await open("like");
    assert.equal(await submit(like, /The last dance$/), 303);
    assert.equal(await button(like, /The last dance$/).getAttribute("aria-pressed"), "true");
    const charts = await open("charts");
    assert.equal(await submit(charts, "One more time"), 303);
    assert.equal(await button(charts, "One more time").getAttribute("aria-pressed"), "true");
  });

  it("leads through the wizard", async () => {
    const page = await open("wizard");
    await page.getByLabel("Cover").selectOption("Soft cover");
    assert.equal(await submit(page, "On to the address"), 303);
    await page.getByLabel("Your name").fill("Ada");
    await page.getByLabel("Your e-mail address").fill("ada@example");
    assert.equal(await submit(page, "On to the check"), 422);
    await page.locator(".live-error", { hasText: "Please enter an e-mail address" }).waitFor();
    assert.equal(await page.getByLabel("Your name").inputValue(), "Ada");
    assert.equal(await page.getByLabel("Your e-mail address").inputValue(), "ada@example");
    await refill(page.getByLabel("Your e-mail address"), "ada@example.org");
    assert.equal(await submit(page, "On to the check"), 303);
    await page.getByText("48 pages, Soft cover").waitFor();
    assert.equal(await submit(page, "Back to the address"), 303);
    assert.equal(await page.getByLabel("Your e-mail address").inputValue(), "ada@example.org");
    assert.equal(await submit(page, "On to the check"), 303);
    assert.equal(await submit(page, "Order"), 303);
    await page.getByRole("heading", { level: 3, name: "Ordered" }).waitFor();
  });

  it("pays, talks and invites, with what was wrong at its field", async () => {
    const payment = await open("payment");
    await payment.getByLabel("Amount in euros").fill("3");
    await payment.getByLabel("Name on the card").fill("Ada");
    await payment.getByLabel("Card number").fill("4000000000000002");
    assert.equal(await submit(payment, "Pay"), 422);
    await payment.getByText("The bank has declined this card.", { exact: true }).waitFor();
    assert.equal(await payment.getByLabel("Name on the card").inputValue(), "Ada");
    // A number of a card is not sent back.
    assert.equal(await payment.getByLabel("Card number").inputValue(), "");
    await payment.getByLabel("Card number").fill("4242424242424242");
    assert.equal(await submit(payment, "Pay"), 303);
    await payment.getByText("card ending in 4242").waitFor();
    const chat = await open("chat");
    await chat.getByLabel("Your name").fill("Plain Jane");
    await chat.getByLabel("Your message").fill("   ");
    assert.equal(await submit(chat, "Send"), 422);
    await chat.getByText("Please write something.", { exact: true }).waitFor();
    assert.equal(await chat.getByLabel("Your name").inputValue(), "Plain Jane");
    await chat.getByLabel("Your message").fill(`No scripts in ${engine.label}`);
    assert.equal(await submit(chat, "Send"), 303);
    await chat.getByRole("log").getByText(`No scripts in ${engine.label}`).waitFor();
    const dialog = await open("dialog");
    await dialog.getByRole("link", { name: "Invite somebody" }).click();
    await dialog.getByLabel("Whom").fill("Gudrun");
    await dialog.getByLabel("How many they may bring").fill("6");
    assert.equal(await submit(dialog, "Invite"), 422);
    await dialog.getByText("At most five.", { exact: true }).waitFor();
    await dialog.getByLabel("How many they may bring").fill("1");
    assert.equal(await submit(dialog, "Invite"), 303);
    await dialog.getByRole("listitem").filter({ hasText: "Gudrun" }).waitFor();
    assert.equal(await dialog.getByLabel("Whom").isVisible(), false);
  });

  it("takes files with the form, keeps those it could take, and says what is wrong with the others", async () => {
    const page = await open("upload");
    await page.getByLabel("What it is").fill("The evening");
    await fileField(page).setInputFiles([SEA, LIE]);
    assert.equal(await submit(page, "Add"), 422);
    const refused = "lie.png: This is not a file of an accepted type: PNG, JPEG, GIF, WEBP, PDF.";
    assert.equal(await page.locator('[data-live-error="file"]').textContent(), refused);
    assert.equal(await page.getByLabel("What it is").inputValue(), "The evening");
    assert.ok(await page.getByRole("checkbox", { name: "sea.png" }).isChecked());
    await fileField(page).setInputFiles([MENU]);
    assert.equal(await submit(page, "Add"), 303);
    await page.getByRole("listitem").filter({ hasText: "menu.pdf" }).waitFor();
    assert.equal(await page.locator(".file", { hasText: "The evening" }).count(), 2);
    await fileField(page).setInputFiles([HUGE]);
    await page.getByLabel("What it is").fill("Too much");
    assert.equal(await submit(page, "Add"), 422);
    await page.getByText("huge.png: The file is too large: at most 2 MiB are accepted.").waitFor();
    await page.goto(`${server.url}/playground/upload`);
    assert.equal(await submit(page, "Remove sea.png"), 303);
    assert.equal(await page.locator(".file").count(), 1);
  });
});
