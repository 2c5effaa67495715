import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { ContractOf } from "gatehouse/realtime";
import { RealtimeClient } from "gatehouse/realtime/client";
import type { Browser, Page } from "playwright-core";
import { inspect } from "../support/accessibility.ts";
import type { Room } from "../support/applications/rooms.ts";
import { launchBrowser, startSite, Visitor, type VisitorOptions } from "../support/browser.ts";
import { runCommand, type ServerProcess } from "../support/server-process.ts";

const config = fileURLToPath(new URL("../support/applications/rooms.ts", import.meta.url));

let browser: Browser;
let server: ServerProcess;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite({ config })]);
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

async function enter(options: VisitorOptions = {}): Promise<{ readonly visitor: Visitor; readonly page: Page }> {
  const visitor = await Visitor.arrive(browser, server.url, options);
  const { stdout } = await runCommand(["link", "console"], { data: server.data });
  const door = await visitor.open(new URL(stdout.trim()).pathname);
  await door.getByRole("button", { name: "Enter" }).click();
  await door.waitForURL("**/console");
  return { visitor, page: await visitor.open("/console/realtime") };
}

async function arrive(user: string): Promise<RealtimeClient> {
  const as = async (): Promise<string> => `user-${user}`;
  const client = new RealtimeClient({ origin: server.url, as, transports: ["websocket"] });
  await client.ready();
  return client;
}

describe("the console's page of realtime", () => {
  it("shows servers, channels and connections, and closes one of them", async () => {
    using ada = await arrive("ada");
    using bob = await arrive("bob");
    for (const client of [ada, bob]) await client.actor<ContractOf<Room>>("room", ["lobby"]).hear().ready();
    const { visitor, page } = await enter();
    await page.getByRole("region", { name: "Servers" }).getByText("connected, websocket").waitFor();
    await page.getByRole("region", { name: "Heard most" }).getByRole("link", { name: "room:lobby" }).click();
    await page.waitForURL("**/console/realtime?channel=room%3Alobby");
    await page.getByRole("button", { name: "Close the connection of user:bob" }).click();
    await page.getByRole("status").getByText("1 connection was closed").waitFor();
    const list = page.getByRole("region", { name: "Connections" });
    assert.equal(await list.getByText("user:ada", { exact: true }).count(), 1);
    assert.equal(await list.getByText("user:bob", { exact: true }).count(), 0);
    await page.getByRole("region", { name: "Connections" }).getByLabel("Identifier").fill("nobody");
    await page.getByRole("button", { name: "Show" }).press("Enter");
    await page.getByText("There are none.").waitFor();
    visitor.satisfied();
  });

  it("works without scripts: mutes, broadcasts and closes a room", async () => {
    using ada = await arrive("ada");
    const heard: unknown[] = [];
    const reasons: string[] = [];
    const lobby = ada.actor<ContractOf<Room>>("room", ["plain"]);
    const unsubscribed = ({ reason }: { readonly reason: string }): void => void reasons.push(reason);
    await lobby.hear({ event: (_name, data) => void heard.push(data), unsubscribed }).ready();
    const { visitor, page } = await enter({ javaScriptEnabled: false });
    const mute = page.getByRole("form", { name: "Mute somebody" });
    await mute.getByLabel("Identifier").fill("ada");
    await mute.getByLabel("Actor").fill("room:plain");
    await mute.getByLabel("Reason").fill("spam");
    await mute.getByRole("button", { name: "Mute" }).click();
    await page.getByRole("region", { name: "Muted" }).getByText("room:plain").waitFor();
    await assert.rejects(lobby.send("say", { text: "buy" }), { code: "ACTOR_MUTED" });
    await page.getByRole("button", { name: "Unmute user:ada" }).click();
    await page.getByText("Nobody is muted.").waitFor();
    await lobby.send("say", { text: "sorry" });
    const broadcast = page.getByRole("form", { name: "Broadcast" });
    await broadcast.getByLabel("Actor").fill("room:plain");
    await broadcast.getByLabel("Event").fill("said");
    await broadcast.getByLabel("What it carries, as JSON").fill('{"text":"Doors close","by":"house"}');
    await broadcast.getByRole("button", { name: "Broadcast" }).click();
    const close = page.getByRole("form", { name: "Close a room" });
    await close.getByLabel("Actor").fill("room:plain");
    await close.getByRole("button", { name: "Close the room" }).click();
    await page.waitForURL("**/console/realtime");
    await page.getByText("Nobody hears anything just now.").waitFor();
    assert.deepEqual(heard, [
      { text: "sorry", by: "ada" },
      { text: "Doors close", by: "house" },
    ]);
    assert.equal(reasons.length, 1);
    await page.getByRole("form", { name: "Close a room" }).getByLabel("Actor").fill("room:nowhere");
    await page.getByRole("button", { name: "Close the room" }).click();
    await page.getByText("There is no actor room:nowhere.").waitFor();
    assert.deepEqual(
      visitor.complaints.filter((complaint) => !complaint.includes("404")),
      [],
    );
  });

  it("says beside the form what is wrong, and keeps what was typed", async () => {
    const { visitor, page } = await enter();
    const mute = page.getByRole("form", { name: "Mute somebody" });
    await mute.getByLabel("Identifier").fill("mallory");
    await mute.getByLabel("Actor").fill("room:lobby");
    await mute.getByLabel("Reason").fill("a reason that took long to write");
    await mute.getByLabel("Minutes").fill("soon");
    await mute.getByRole("button", { name: "Mute" }).click();
    await mute.getByRole("alert").getByText("Enter a whole number of minutes").waitFor();
    assert.equal(await mute.getByLabel("Reason").inputValue(), "a reason that took long to write");
    assert.equal(await mute.getByLabel("Identifier").inputValue(), "mallory");
    const broadcast = page.getByRole("form", { name: "Broadcast" });
    assert.equal(await broadcast.getByLabel("Actor").inputValue(), "", "another form is as it was");
    await broadcast.getByLabel("Actor").fill("room:nobody-has-been-here");
    await broadcast.getByLabel("Event").fill("said");
    const data = '{"text":"a \\"quoted\\" <b>text</b>","by":"house"}';
    await broadcast.getByLabel("What it carries, as JSON").fill(data);
    await broadcast.getByRole("button", { name: "Broadcast" }).click();
    await broadcast.getByRole("alert").getByText("There is no actor room:nobody-has-been-here.").waitFor();
    assert.equal(await broadcast.getByLabel("What it carries, as JSON").inputValue(), data);
    await mute.getByLabel("Identifier").fill("mallory");
    await mute.getByLabel("Actor").fill("room:lobby");
    await mute.getByLabel("Reason").fill("mended");
    await mute.getByRole("button", { name: "Mute" }).click();
    const row = page.getByRole("region", { name: "Muted" }).getByText("mended");
    await row.waitFor();
    await page.getByRole("button", { name: "Unmute user:mallory" }).click();
    await page.getByText("Nobody is muted.").waitFor();
    assert.deepEqual(
      visitor.complaints.filter((complaint) => !/404|422|400/.test(complaint)),
      [],
    );
  });

  it("can be read and used by everybody, at a desk and on a phone, in light and dark", async () => {
    using ada = await arrive("a-rather-long-name-of-somebody-who-is-connected-from-a-phone");
    await ada.actor<ContractOf<Room>>("room", ["a-room-with-a-long-name-that-does-not-break"]).hear().ready();
    const muted = ["mute", "user", "ada", "--actor", "room:lobby", "--reason", "advertises elsewhere again and again"];
    await runCommand(["--data", server.data, "realtime", ...muted]);
    const { page } = await enter();
    await inspect(page, "realtime");
    const shots = process.env["GATEHOUSE_SCREENSHOTS"];
    if (shots !== undefined) {
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.emulateMedia({ colorScheme: "light" });
      await page.screenshot({ path: `${shots}/realtime-desk.png`, fullPage: true });
      await page.setViewportSize({ width: 390, height: 844 });
      await page.emulateMedia({ colorScheme: "dark" });
      await page.screenshot({ path: `${shots}/realtime-phone.png`, fullPage: true });
    }
  });
});
