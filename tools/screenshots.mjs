/**
 * Takes the pictures of docs/guide/images: the gallery, the console and the inspector, in Chromium, on servers of its own.
 * Run: node_modules/.bin/node --conditions=gatehouse-source tools/screenshots.mjs
 */
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { launchBrowser, ready, settled, startSite, Visitor } from "../test/support/browser.ts";
import { DeskSite } from "../test/support/desk-site.ts";
import { makeAccount, signInToGallery } from "../test/support/gallery-people.ts";
import { runCommand } from "../test/support/server-process.ts";
import { prepareClient } from "./gatehouse.mjs";
import { root, runTool, setUp } from "./setup.mjs";

const IMAGES = join(root, "docs", "guide", "images");
const DESK = { width: 1280, height: 800 };
const ALBUM = { width: 1120, height: 720 };
const EXCERPT = { x: 0, y: 0, width: ALBUM.width, height: 1090 };
const LARGEST = 150_000;

const GUESTS = [
  { author: "Mira", message: "The evening by the lake was magical. I hum that last song all day." },
  { author: "Leo and Sam", message: "To the two of you, and to the cake. Mostly to the two of you." },
];

/** Guests sign and like; the last one's page is the picture. */
async function visitGallery(browser, url) {
  for (const [index, { author, message }] of GUESTS.entries()) {
    const guest = await Visitor.arrive(browser, url, { viewport: ALBUM, colorScheme: "light" });
    const page = await guest.open();
    await ready(page);
    await page.getByRole("button", { name: /like/i }).click();
    await page.getByLabel("Your name").fill(author);
    await page.getByLabel("Your message").fill(message);
    await page.getByRole("button", { name: "Sign the guestbook" }).click();
    await page.getByText(message).waitFor();
    await settled(page);
    if (index < GUESTS.length - 1) continue;
    await page.evaluate(() => globalThis.scrollTo(0, 0));
    await picture(page, "gallery", { fullPage: true, clip: EXCERPT });
  }
}

/** Evenings by a lake, each in other light: pictures that belong to nobody. */
function drawPhotos() {
  return Promise.all(
    [20, 340, 300, 200, 40, 260].map(async (hue, index) => {
      const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="900">
        <linearGradient id="sky" x2="0" y2="1"><stop stop-color="hsl(${hue} 60% 30%)"/>
        <stop offset="1" stop-color="hsl(${hue + 30} 90% 75%)"/></linearGradient>
        <rect width="1200" height="900" fill="url(#sky)"/>
        <circle cx="${200 + index * 150}" cy="${330 - index * 25}" r="90" fill="#fff6d8"/>
        <path d="M0 560 Q300 ${420 + index * 20} 620 540 T1200 500 V900 H0z" fill="hsl(${hue} 40% 22%)"/>
        <path d="M0 690 Q400 620 800 680 T1200 650 V900 H0z" fill="hsl(${hue} 45% 14%)"/></svg>`;
      const buffer = await sharp(Buffer.from(drawing)).jpeg({ quality: 85 }).toBuffer();
      return { name: `lake-${index + 1}.jpg`, mimeType: "image/jpeg", buffer };
    }),
  );
}

/** A guest on a phone brings photos; a host looks at an invitation. */
async function visitEvent(browser, server) {
  const host = await Visitor.arrive(browser, server.url, { viewport: DESK, colorScheme: "light" });
  const { email } = await makeAccount(server, "Lena");
  const page = await host.open("/events");
  await signInToGallery(page, email);
  await page.goto(`${server.url}/events/new`);
  await ready(page);
  const said = { title: "Lena & Tom", hosts: "Lena and Tom", place: "By the lake", heldOn: "2027-06-19" };
  for (const [name, text] of Object.entries(said)) await page.locator(`[name=${name}]`).fill(text);
  await page.getByRole("button", { name: "Create the event" }).click();
  await page.getByRole("link", { name: "Invitations" }).click();
  await ready(page);
  await page.getByLabel("For whom").fill("All tables");
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const address = await page.getByRole("textbox", { name: "Link" }).inputValue();
  await picture(page, "invitation", { fullPage: true });
  const guest = await Visitor.arrive(browser, server.url, {
    viewport: { width: 390, height: 844 },
    colorScheme: "light",
  });
  const phone = await guest.open(new URL(address).pathname);
  await phone.getByRole("button", { name: "Come in" }).click();
  await ready(phone);
  await phone.setInputFiles("#photos", await drawPhotos());
  await phone.locator(".photos li").nth(5).waitFor();
  await phone.reload();
  await phone.locator(".photos").scrollIntoViewIfNeeded();
  await phone.locator(".photos").evaluate((photos) => globalThis.scrollTo(0, photos.offsetTop - 120));
  for (const photo of await phone.locator(".photos img").all()) await photo.evaluate((picture) => picture.decode());
  await picture(phone, "photos");
  await visitWall(page, phone.url());
}

/** The wall as a projector shows it, with what its host has to say. */
async function visitWall(page, event) {
  await page.goto(`${event.split("#")[0]}/wall`);
  await page.locator("[data-status][data-state=live]").waitFor();
  await page.getByLabel("Announcement").fill("The cake is cut at ten, on the terrace.");
  await page.getByRole("button", { name: "Announce" }).click();
  await page.getByText("It is on the wall.").waitFor();
  for (const photo of await page.locator("[data-photo] img").all()) await photo.evaluate((image) => image.decode());
  await page.evaluate(() => globalThis.scrollTo(0, 0));
  await picture(page, "wall");
}

/** What an application's developer sees: an action split by its guards, and a refusal. */
async function visitInspector(browser, url) {
  const developer = await Visitor.arrive(browser, url, { viewport: ALBUM, colorScheme: "light" });
  const page = await developer.open();
  await ready(page);
  await page.getByLabel("Your name").fill("   ");
  await page.getByLabel("Your message").fill("The cake!");
  await page.getByRole("button", { name: "Sign the guestbook" }).click();
  await page.getByRole("button", { name: /1 refused$/ }).waitFor();
  const like = page.getByRole("button", { name: /^Like/ });
  for (const pressed of ["true", "false", "true"]) {
    await like.click();
    await page.locator(`button[aria-pressed="${pressed}"]`).waitFor();
    await settled(page);
  }
  await page.keyboard.press("Alt+Shift+L");
  await page.locator("[data-select^=like]").click();
  // News of the likes may still be on their way.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await page.locator("#panel").evaluate((panel) => panel.scrollTo(0, 150));
  await picture(page, "inspector");
  developer.satisfied();
}

/** What an operator sees: refusals, a limit used up, a ban. */
async function causeEvents({ url, data }) {
  const attempt = (address, more = {}) =>
    fetch(`${url}/api/livecomponents/action`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": address, ...more },
      body: JSON.stringify({ component_id: "guestbook:main", action: "sign", params: {} }),
    });
  await attempt("198.51.100.7", { "sec-fetch-site": "cross-site", origin: "https://elsewhere.example" });
  for (let count = 0; count < 4; count += 1) await attempt("198.51.100.23");
  await runCommand(["bans", "add", "ip", "192.0.2.7", "--reason", "scraping", "--minutes", "60"], { data });
  // The recorder writes denials in batches.
  await new Promise((resolve) => setTimeout(resolve, 1500));
}

/** What a reviewer sees: a plan of an agent, side by side. */
async function visitDesk(browser) {
  await using desk = await DeskSite.open();
  await desk.setPhoto("lake-1", { title: "lake-1.jpg", caption: "A boat on the lake." });
  await desk.setPhoto("lake-2", { title: "lake-2.jpg", caption: "The cake." });
  const headers = { "x-agent-name": "captioner", "x-agent-version": "1.2.0", "x-model-name": "rules" };
  const captions = {
    "lake-1": { caption: "A red boat on the lake, at sunset." },
    "lake-2": { caption: "The cake, cut at ten\u202E on the terrace." },
  };
  const order = await desk.order({ captions, headers, title: "Captions for the evening" });
  const operator = await Visitor.arrive(browser, desk.url, { viewport: DESK, colorScheme: "light" });
  const page = await operator.open(await desk.door());
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL("**/console");
  await page.goto(`${desk.url}/console/work/${order}`);
  await page
    .getByRole("region", { name: /^What it would change/ })
    .evaluate((plan) => scrollTo(0, plan.offsetTop - 20));
  await picture(page, "review-desk");
  operator.satisfied();
}

async function visitConsole(browser, { url, links }) {
  const operator = await Visitor.arrive(browser, url, { viewport: DESK, colorScheme: "light" });
  const page = await operator.tab();
  await page.goto(links.console);
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL(`${url}/console`);
  await picture(page, "console");
  await page.goto(`${url}/console/events?outcome=denied`);
  await picture(page, "events");
  await page.goto(`${url}/console/bans`);
  await picture(page, "bans");
  operator.satisfied();
}

async function picture(page, name, options = {}) {
  const path = join(IMAGES, `${name}.png`);
  await page.waitForLoadState("load");
  await page.screenshot({ path, animations: "disabled", ...options });
  const { size } = statSync(path);
  if (size > LARGEST) throw new Error(`${path} has ${size} bytes, more than the ${LARGEST} a page of the guide bears.`);
  process.stdout.write(`${path} (${size} bytes)\n`);
}

await runTool(async () => {
  await setUp();
  await prepareClient();
  mkdirSync(IMAGES, { recursive: true });
  const browser = await launchBrowser();
  const server = await startSite({ environment: { GATEHOUSE_LIVE_INSPECTOR: "false" } });
  const inspected = await startSite();
  try {
    await visitGallery(browser, server.url);
    await visitEvent(browser, server);
    await causeEvents(server);
    await visitConsole(browser, server);
    await visitDesk(browser);
    await visitInspector(browser, inspected.url);
  } finally {
    await browser.close();
    await server[Symbol.asyncDispose]();
    await inspected[Symbol.asyncDispose]();
  }
});
