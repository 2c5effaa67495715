import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { inspect } from "../support/accessibility.ts";
import { launchBrowser, startSite, Visitor } from "../support/browser.ts";
import { runCommand, type ServerProcess } from "../support/server-process.ts";

let browser: Browser;
let server: ServerProcess;

before(async () => {
  const environment = {
    GATEHOUSE_MEDIA_SCANNER_ENGINE: "none",
    GATEHOUSE_MEDIA_SCANNER_NONE_REASON: "a test",
    GATEHOUSE_METRICS_TOKEN: "for-prometheus-alone",
  };
  [browser, server] = await Promise.all([launchBrowser(), startSite({ environment })]);
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

async function enter(path: string): Promise<{ readonly visitor: Visitor; readonly page: Page }> {
  const visitor = await Visitor.arrive(browser, server.url);
  const { stdout } = await runCommand(["link", "console"], { data: server.data });
  const door = await visitor.open(new URL(stdout.trim()).pathname);
  await door.getByRole("button", { name: "Enter" }).click();
  await door.waitForURL("**/console");
  return { visitor, page: await visitor.open(path) };
}

describe("the console's page of monitors", () => {
  it("runs each at a click and shows its steps, those that were not tried among them", async () => {
    const { visitor, page } = await enter("/console/monitors");
    const titles = [
      "Guests come in and see photos",
      "Uploads go on after interruptions",
      "Malware is blocked and photos are scrubbed",
    ];
    for (const title of titles) {
      const card = page.getByRole("region", { name: title });
      await card.getByText("Runs every").waitFor();
      await card.getByRole("button", { name: /^Run now/ }).click();
      await page.getByRole("heading", { name: `${title} up` }).waitFor();
    }
    const canary = page.getByRole("region", { name: titles[2] ?? "" });
    assert.match((await canary.textContent()) ?? "", /malware-blocked\s*not tried There is no scanner\./);
    await inspect(page, "the page of monitors");
    visitor.satisfied();

    const headers = { authorization: "Bearer for-prometheus-alone" };
    const metrics = await (await fetch(`${server.url}/metrics`, { headers })).text();
    for (const monitor of ["gallery", "uploads", "canary"])
      assert.match(metrics, new RegExp(`^probe_success\\{monitor="${monitor}"\\} 1$`, "m"));
    assert.match(metrics, /^probe_step_skipped\{monitor="canary",step="malware-blocked"\} 1$/m);
  });
});

describe("the console's pages of playbooks", () => {
  it("lead from an event to its playbook, whose button sets a measure", async () => {
    await runCommand(["monitors", "run", "gallery"], { data: server.data });
    const { visitor, page } = await enter("/console/events?name=media_address_refused");
    await page.getByRole("link", { name: "Abuse of the public gallery" }).first().click();
    await page.getByRole("heading", { level: 1, name: "Abuse of the public gallery" }).waitFor();
    await inspect(page, "the page of a playbook");
    await page.getByRole("button", { name: "Set uploads-paused for an hour" }).click();
    await page.getByText(/In force until .*: Playbook: Abuse of the public gallery/).waitFor();
    const { stdout } = await runCommand(["monitors", "run", "uploads"], { data: server.data });
    assert.match(stdout, /uploads failed at the step half: .* 503/);
    await page.getByRole("button", { name: "Lift uploads-paused" }).click();
    await page.getByRole("form", { name: "Set uploads-paused" }).waitFor();
    visitor.satisfied();
  });
});
