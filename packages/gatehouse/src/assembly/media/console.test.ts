import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import sharp from "sharp";
import { z } from "zod";
import { systemClock } from "../../kernel/clock.ts";
import { MALWARE_MARKER, skipWithoutClamd, startClamd, type ClamdService } from "../../testing/clamd.ts";
import { TEST_CONNECTION } from "../../testing/edge-setup.ts";
import { FormBrowser } from "../../testing/form-browser.ts";
import { MediaSite } from "../../testing/media-site.ts";

const DAY = 86_400_000;
const ORIGIN = "http://127.0.0.1:8080";

function browserAt(site: MediaSite): FormBrowser {
  return new FormBrowser(ORIGIN, {
    fetch: (url, init) => site.gatehouse.handler(new Request(url, init), TEST_CONNECTION),
  });
}

async function operatorAt(site: MediaSite): Promise<FormBrowser> {
  const outcome = await site.gatehouse.operate("links.issue", { purpose: "console" });
  const { path } = z.object({ path: z.string() }).parse(outcome.ok ? outcome.value : {});
  const browser = browserAt(site);
  const door = await browser.open(path);
  await browser.submit(door, path);
  return browser;
}

async function photo(): Promise<Buffer> {
  return sharp({ create: { width: 20, height: 10, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
}

describe("the console's page of media", { skip: skipWithoutClamd() }, () => {
  let clamd: ClamdService;
  let site: MediaSite;
  before(async () => {
    clamd = await startClamd({ signatures: { at: systemClock.now() - DAY, version: 100 } });
    site = await MediaSite.open({ media: { scanner: { engine: "clamd", address: clamd.address, infected: "keep" } } });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]();
    await clamd?.[Symbol.asyncDispose]();
  });

  it("shows the scanner with its signatures, and files by state", async () => {
    const good = await site.bring(await photo(), { name: "<b>dance</b>.jpg" });
    const bad = await site.bring(Buffer.from(MALWARE_MARKER), { name: "bad.jpg" });
    await site.until(good, "published");
    await site.until(bad, "infected");
    const browser = await operatorAt(site);
    const page = await browser.open("/console/media");
    assert.equal(page.status, 200);
    assert.match(page.text, /ClamAV [\d.]+\/100\//);
    assert.match(page.text, /&lt;b&gt;dance/);
    assert.doesNotMatch(page.text, /Nothing is scanned|Files are held/);
    const infected = await browser.open("/console/media?state=infected");
    assert.ok(infected.text.includes(bad) && !infected.text.includes(good));
    assert.equal((await browser.open("/console/media?state=lost")).status, 200);
  });

  it("hides, publishes and rejects a file", async () => {
    const id = await site.bring(await photo());
    await site.until(id, "published");
    const browser = await operatorAt(site);
    const decide = async (decision: string): Promise<void> => {
      const page = await browser.open("/console/media");
      const form = page.forms.find(({ fields }) => fields["asset"] === id && fields["decision"] === decision);
      assert.ok(form !== undefined, decision);
      assert.equal((await browser.post(form.action, form.fields)).status, 200);
    };
    await decide("hide");
    assert.equal((await site.find(id)).state, "held");
    await decide("publish");
    assert.equal((await site.find(id)).state, "published");
    await decide("reject");
    assert.equal((await site.find(id)).state, "rejected");
    const [event] = site.named("media_asset_moderated");
    assert.equal(event?.actor.type, "user");
  });

  it("has a file scanned again", async () => {
    const id = await site.bring(await photo());
    const { findings } = await site.until(id, "published");
    const browser = await operatorAt(site);
    const page = await browser.open("/console/media");
    const form = page.forms.find(({ action, fields }) => action.endsWith("/rescan") && fields["asset"] === id);
    assert.equal((await browser.post(form?.action ?? "", form?.fields ?? {})).status, 200);
    while ((await site.find(id)).findings.scannedAt === findings.scannedAt) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });

  it("is for operators alone", async () => {
    assert.equal((await browserAt(site).open("/console/media")).status, 401);
  });
});

describe("the console's page of media without a scanner", () => {
  it("says in red that nothing is scanned, and marks each file", async () => {
    const noneReason = "an air-gapped exhibition";
    await using site = await MediaSite.open({ media: { scanner: { engine: "none", noneReason } } });
    await site.until(await site.bring(await photo()), "published");
    const page = await (await operatorAt(site)).open("/console/media");
    assert.match(page.text, /class="notice bad" role="alert"[^]*Nothing is scanned[^]*an air-gapped exhibition/);
    assert.match(page.text, /class="tag bad">not scanned/);
  });
});
