import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, Visitor } from "../support/browser.ts";
import { commandDesk, type CommandDesk } from "../support/command-desk.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser: Browser;
let desk: CommandDesk;

before(async () => {
  [browser, desk] = await Promise.all([launchBrowser(), commandDesk()]);
});
after(async () => {
  await browser.close();
  await desk[Symbol.asyncDispose]();
});

async function answer(...words: string[]) {
  const { code, stdout, stderr } = await desk.run(...words, "--json");
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout);
}

async function enter(name: string, scripts = true): Promise<{ visitor: Visitor; page: Page }> {
  const visitor = await Visitor.arrive(browser, desk.origin, scripts ? {} : { javaScriptEnabled: false });
  const page = await visitor.open((await answer("link", "console")).path);
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL("**/console");
  await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
  return { visitor, page };
}

async function accessible(page: Page, what: string): Promise<void> {
  for (const width of [1280, 390]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 850 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(axe);
      const faults = await page.evaluate(
        "axe.run(document).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
      );
      assert.deepEqual(faults, [], `${what}, ${width} px, ${colorScheme}`);
    }
    const needed = Number(await page.evaluate("document.documentElement.scrollWidth"));
    assert.ok(needed <= width, `${what} is ${needed} px wide at ${width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 850 });
}

async function texts(page: Page, rows: string): Promise<string[]> {
  return (await page.locator(rows).allTextContents()).map((text) => text.replaceAll(/\s+/g, " ").trim());
}

async function lastEvent(name: string) {
  const { events } = await answer("audit", "list", "--name", name, "--limit", "1");
  return [events[0]?.target, events[0]?.source.entrance, events[0]?.context.reason];
}

describe("the console's page of accounts", () => {
  it("finds somebody by their whole address, and says when there is nobody", async () => {
    const { id } = await answer(
      "accounts",
      "create",
      "ada@example.org",
      "--name",
      "Ada Lovelace",
      "--grants",
      "editor",
    );
    await answer("accounts", "create", "grace@example.org", "--name", "Grace");
    const { visitor, page } = await enter("Accounts");
    assert.equal((await texts(page, "tbody tr")).length, 2);
    await accessible(page, "the list");
    const search = page.getByRole("search");
    await search.getByLabel("E-mail address").fill("ADA@example.org");
    await search.getByRole("button", { name: "Find" }).click();
    await page.waitForURL("**email=**");
    assert.deepEqual(await texts(page, "tbody tr"), ["Ada Lovelace ada@example.org active None yet editor Not known"]);
    await search.getByLabel("E-mail address").fill("ada@example.com");
    await search.getByRole("button", { name: "Find" }).click();
    await page.getByText("Nobody has this address.").waitFor();
    await search.getByLabel("E-mail address").fill("ada");
    await search.getByRole("button", { name: "Find" }).click();
    await page.getByText("Enter a whole address").waitFor();
    await accessible(page, "a search that is wrong");
    await page.goto(`${desk.origin}/console/accounts/${id}`);
    await page.getByRole("heading", { level: 1, name: "Ada Lovelace" }).waitFor();
    await accessible(page, "an account");
    visitor.satisfied();
  });

  for (const scripts of [true, false]) {
    it(`invites somebody, and marks what is wrong, ${scripts ? "with" : "without"} scripts`, async () => {
      const { page } = await enter("Accounts", scripts);
      const form = page.getByRole("form", { name: "Invite somebody" });
      const email = `guest-${scripts}@example.org`;
      await form.getByLabel("E-mail address").fill(email);
      await form.getByLabel("Name").fill("Guest");
      await form.getByLabel("Grants").fill("Editor");
      await form.getByRole("button", { name: "Invite" }).click();
      await page.getByText("Use small letters").waitFor();
      assert.equal(await form.getByLabel("E-mail address").inputValue(), email);
      if (scripts) await accessible(page, "a refused invitation");
      await form.getByLabel("Grants").fill("editor, reviewer");
      await form.getByLabel("Language").selectOption("de");
      await form.getByRole("button", { name: "Invite" }).click();
      await page.getByText("The invitation is on its way.").waitFor();
      const mailbox = await (await fetch(`${desk.origin}/development/mailbox`)).text();
      assert.ok(mailbox.includes(email));
      assert.equal((await lastEvent("user_invited"))[1], "http");
    });

    it(`ends, disables, enables and deletes for a reason, ${scripts ? "with" : "without"} scripts`, async () => {
      const email = `subject-${scripts}@example.org`;
      const { id } = await answer("accounts", "create", email, "--name", `Subject ${scripts}`);
      const { page } = await enter("Accounts", scripts);
      await page.getByRole("link", { name: `Subject ${scripts}` }).click();
      const act = async (title: string, button: string, reason: string): Promise<void> => {
        const form = page.getByRole("form", { name: title });
        await form.getByLabel("Reason").fill(reason);
        await form.getByRole("button", { name: button }).focus();
        await page.keyboard.press("Enter");
      };
      await act("End all sessions and tokens", "End sessions and tokens", "   ");
      await page.getByText("Say why, in at most 500 characters.").waitFor();
      if (scripts) await accessible(page, "a reason that is missing");
      await act("End all sessions and tokens", "End sessions and tokens", "a stolen laptop");
      await page.getByText("All sessions and tokens of this account have ended.").waitFor();
      assert.deepEqual(await lastEvent("user_signed_out"), [id, "http", "a stolen laptop"]);
      assert.equal(await page.getByRole("form", { name: "Remove second factors" }).count(), 0);
      await act("Disable the account", "Disable", "left");
      await page.getByText("The account is disabled.").waitFor();
      assert.deepEqual(await lastEvent("user_disabled"), [id, "http", "left"]);
      await act("Enable the account", "Enable", "came back");
      await page.getByText("The account is enabled.").waitFor();
      await act("Disable the account", "Disable", "left again");
      await page.getByText("The account is disabled.").waitFor();
      await act("Delete the account", "Delete for good", "asked for it");
      await page.getByText("The account is deleted.").waitFor();
      assert.deepEqual(await lastEvent("user_deleted"), [id, "http", "asked for it"]);
      const gone = await page.goto(`${desk.origin}/console/accounts/${id}`);
      assert.equal(gone?.status(), 404);
    });
  }

  it("removes second factors for a reason", async () => {
    const { id } = await answer("accounts", "create", "lost@example.org", "--name", "Lost");
    const { identity, store } = desk.gatehouse.services;
    assert.ok(identity !== undefined);
    const key = { tenant: "default", id };
    await store.write((writing) => identity.accounts.recoveryCodes.regenerate(writing, key));
    const { visitor, page } = await enter("Accounts");
    await page.getByRole("link", { name: "Lost" }).click();
    await page.getByText("Recovery codes (10)").waitFor();
    await accessible(page, "an account with factors");
    const form = page.getByRole("form", { name: "Remove second factors" });
    await form.getByLabel("Reason").fill("a lost telephone");
    await form.getByRole("button").click();
    await page.getByText("The second factors are removed").waitFor();
    assert.deepEqual(await lastEvent("user_factors_reset"), [id, "http", "a lost telephone"]);
    assert.deepEqual((await answer("accounts", "show", id)).factors, []);
    visitor.satisfied();
  });

  it("is shut for strangers, and refuses what another site sends", async () => {
    const { id } = await answer("accounts", "create", "target@example.org");
    for (const path of ["/console/accounts", `/console/accounts/${id}`, "/console/signing-keys"]) {
      assert.equal((await fetch(desk.origin + path)).status, 401);
    }
    for (const path of [`/console/accounts/${id}/disable`, "/console/accounts", "/console/signing-keys/compromise"]) {
      const body = new URLSearchParams({ reason: "mischief", email: "eve@example.org", name: "Eve", kid: "x" });
      assert.equal((await fetch(desk.origin + path, { method: "POST", body })).status, 403, path);
    }
    assert.equal((await answer("accounts", "show", id)).state, "active");
  });
});

describe("the console's page of signing keys", () => {
  it("rotates, and withdraws a key only when asked twice", async () => {
    const { visitor, page } = await enter("Signing keys");
    await page.getByText("active").waitFor();
    await accessible(page, "the keys");
    const [before] = (await answer("oauth", "list-keys")).keys.map(({ kid }: { kid: string }) => kid);
    await page.getByRole("button", { name: "Rotate keys" }).click();
    await page.getByText("The keys are rotated.").waitFor();
    assert.equal((await texts(page, "tbody tr")).length, 2);
    await page.getByRole("link", { name: `Withdraw the key ${before}` }).click();
    await page.getByRole("heading", { level: 1, name: "Withdraw a signing key" }).waitFor();
    await accessible(page, "the question");
    await page.getByRole("link", { name: "Keep it" }).click();
    await page.getByRole("heading", { level: 1, name: "Signing keys" }).waitFor();
    await page.getByRole("link", { name: `Withdraw the key ${before}` }).click();
    await page.getByRole("button", { name: "Withdraw the key" }).click();
    await page.getByText("The key is withdrawn").waitFor();
    await accessible(page, "a withdrawn key");
    const { keys } = await answer("oauth", "list-keys");
    assert.equal(keys.find(({ kid }: { kid: string }) => kid === before).state, "compromised");
    assert.equal((await lastEvent("oauth_keys_operated"))[1], "http");
    const unknown = await page.goto(`${desk.origin}/console/signing-keys/compromise?kid=unknown`);
    assert.equal(unknown?.status(), 404);
    await accessible(page, "a key that is not there");
    visitor.satisfied();
  });

  it("is summed up on the first page", async () => {
    const { page } = await enter("Overview");
    await page.getByRole("heading", { name: "Signing keys" }).waitFor();
    await page.getByRole("heading", { name: "Refused sign-ins" }).waitFor();
    await accessible(page, "the overview");
  });
});
