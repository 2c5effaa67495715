import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { Page } from "playwright-core";
import { z } from "zod";
import { startSite, Visitor } from "../support/browser.ts";
import { describeBrowsers } from "../support/browsers.ts";
import { command, hireAgent, planOf, reaches, type GalleryAgent } from "../support/gallery-agent.ts";
import { comeIn, hostEvent, livelyPhoto, type GalleryPlace } from "../support/gallery-event.ts";
import { operate } from "../support/gallery-people.ts";
import { issueLink, type ServerProcess } from "../support/server-process.ts";

const PERMISSION = "see photos, add some and download them";
const RED = { r: 200, g: 40, b: 30 };
const Assets = z.object({ assets: z.array(z.object({ owner: z.object({ id: z.string() }) })) });

describeBrowsers("orders of the gallery, from the agent's proposal to the changed gallery", (engine) => {
  let server: ServerProcess;
  let place: GalleryPlace;
  let agent: GalleryAgent;
  before(async () => {
    const environment = {
      GATEHOUSE_WORK_LIMITS_ADDRESS_LIMIT: "10000",
      GATEHOUSE_WORK_LIMITS_AGENT_LIMIT: "10000",
    };
    server = await startSite({ environment });
    place = { browser: engine.browser, server };
    agent = await hireAgent(server, { wrapped: true });
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Looks at an order at the console and clicks on Approve. */
  async function approve(desk: Page, order: string): Promise<void> {
    await planOf(server, order);
    await desk.goto(`${server.url}/console/work/${order}`);
    await desk.getByRole("button", { name: "Approve" }).click();
    await desk.getByRole("status").getByText("Approved.").waitFor();
    await reaches(server, order, "completed");
  }

  it("are approved at the console by clicks: photos moderated, captions written, a guest erased", async () => {
    const { host, join, path } = await hostEvent(place, { title: "Desk", permission: PERMISSION, approved: true });
    await using _host = host;
    const { guest, page: theirs } = await comeIn(place, join);
    await using _guest = guest;
    await using operator = await Visitor.arrive(engine.browser, server.url);
    const desk = await operator.open(await issueLink(server, "console"));
    await desk.getByRole("button", { name: "Enter" }).click();
    await desk.waitForURL("**/console");
    const event = path.replace("/events/", "");

    await theirs.setInputFiles("#photos", [await livelyPhoto("red.jpg", RED)]);
    await theirs.getByText("One file of yours waits for a host.").waitFor();
    const moderation = await agent.propose("gallery.moderate-photos", { event });
    assert.match(await agent.work(), /Handed in: 1/);
    assert.equal(await theirs.locator(".photos img").count(), 0);
    await approve(desk, moderation);
    // The open page is told.
    await theirs.locator(".photos img").waitFor();

    const captions = await agent.propose("gallery.caption-photos", { event, languages: ["en"] });
    assert.match(await agent.work(), /Handed in: 1/);
    await approve(desk, captions);
    await theirs.reload();
    assert.match((await theirs.locator(".photos img").getAttribute("alt")) ?? "", /red/);

    const shown = await theirs.request.get(`${server.url}/api/v1/gallery${path}`);
    const { collection } = z.object({ collection: z.string() }).parse(await shown.json());
    const { assets } = Assets.parse(await operate(server, "media.assets.list", { collection }));
    const erasure = await agent.propose("gallery.erase-guest", { guest: assets[0]?.owner.id ?? assert.fail() });
    await agent.work();
    const { revision, digest } = await planOf(server, erasure);
    await command(server, "work", "approve", erasure, "--revision", String(revision), "--digest", digest);
    await approve(desk, erasure);
    const left = Assets.parse(await operate(server, "media.assets.list", { collection })).assets;
    assert.deepEqual(left, []);
    // Who was erased is nobody any more.
    assert.equal((await theirs.request.get(`${server.url}/api/v1/gallery${path}/photos`)).status(), 404);
    assert.deepEqual(server.exceptions, []);
  });
});
