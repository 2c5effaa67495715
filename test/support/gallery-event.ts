import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { ready, Visitor, type VisitorOptions } from "./browser.ts";
import { makeAccount, signInToGallery } from "./gallery-people.ts";
import type { ServerProcess } from "./server-process.ts";

/** Where people of the gallery come from, and where they go. */
export interface GalleryPlace {
  readonly browser: Browser;
  readonly server: ServerProcess;
}

/** A host at an event of their own, and where guests come in. */
export interface HostedEvent {
  readonly host: Visitor;
  readonly page: Page;
  /** The path behind the QR code of its invitation. */
  readonly join: string;
  readonly path: string;
}

/** What an event is made with. */
export interface EventWishes {
  readonly title: string;
  /** What guests may, by the label of the choice. */
  readonly permission: string;
  /** Whether photos wait for a host. Default: not. */
  readonly approved?: boolean;
}

/** Has a host sign in, make an event, and an invitation to it. */
export async function hostEvent(
  { browser, server }: GalleryPlace,
  { title, permission, approved = false }: EventWishes,
): Promise<HostedEvent> {
  const { email } = await makeAccount(server, `Host of ${title}`);
  const host = await Visitor.arrive(browser, server.url);
  const page = await host.open("/events");
  await signInToGallery(page, email);
  await page.goto(`${server.url}/events/new`);
  await ready(page);
  const said = { title, hosts: "Lena", place: "The lake", heldOn: "2027-06-19" };
  for (const [name, text] of Object.entries(said)) await page.locator(`[name=${name}]`).fill(text);
  if (approved) await page.getByLabel("appear when a host has approved them").check();
  await page.getByRole("button", { name: "Create the event" }).click();
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
  const path = new URL(page.url()).pathname;
  await page.getByRole("link", { name: "Invitations" }).click();
  await ready(page);
  await page.getByLabel("For whom").fill("Everybody");
  await page.getByLabel(permission, { exact: true }).check();
  await page.getByRole("button", { name: "Make the invitation" }).click();
  const address = await page.getByRole("textbox", { name: "Link" }).inputValue();
  return { host, page, join: new URL(address).pathname, path };
}

/** Has a guest come in by an invitation. */
export async function comeIn(
  { browser, server }: GalleryPlace,
  join: string,
  options: VisitorOptions = {},
): Promise<{ guest: Visitor; page: Page }> {
  const guest = await Visitor.arrive(browser, server.url, options);
  const page = await guest.open(join);
  await page.getByRole("button", { name: "Come in" }).click();
  await page.getByRole("heading", { name: "Add photos and videos" }).waitFor();
  return { guest, page };
}

/** A picture as it is chosen from a phone. */
export interface ChosenPhoto {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** A photo that is told from others by its red. */
export async function chosenPhoto(name: string, red: number): Promise<ChosenPhoto> {
  const picture = sharp({ create: { width: 640, height: 480, channels: 3, background: { r: red, g: 90, b: 40 } } });
  return { name, mimeType: "image/jpeg", buffer: await picture.jpeg().toBuffer() };
}

/** A photo with something on it: noise in a colour, as large as it has to be to be looked at. */
export async function livelyPhoto(name: string, background: { r: number; g: number; b: number }): Promise<ChosenPhoto> {
  const raw = { width: 640, height: 480, channels: 3 } as const;
  const noise = { type: "gaussian", mean: 0, sigma: 40 } as const;
  const grain = await sharp({ create: { ...raw, background: "black", noise } })
    .raw()
    .toBuffer();
  const picture = sharp({ create: { ...raw, background } }).composite([{ input: grain, raw, blend: "add" }]);
  return { name, mimeType: "image/jpeg", buffer: await picture.jpeg({ quality: 90 }).toBuffer() };
}
