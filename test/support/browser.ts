import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import {
  chromium,
  firefox,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
  type Request,
} from "playwright-core";
import { startServer, type ServerOptions, type ServerProcess } from "./server-process.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const PROGRAMS = { chromium: "/usr/bin/chromium", firefox: "/usr/bin/firefox-esr" } as const;

/** The browsers that tests run in: those of the system, as people have them. */
export type BrowserName = keyof typeof PROGRAMS;

/** Whether the system has a browser. */
export function hasBrowser(name: BrowserName): boolean {
  return existsSync(PROGRAMS[name]);
}

/** How a browser is started. */
export interface LaunchOptions {
  /** Keeps pages that were left for going back to them, as browsers do for people. Default: not. */
  readonly backForwardCache?: boolean;
}

/** Starts a browser of the system. Default: Chromium. */
export async function launchBrowser(
  name: BrowserName = "chromium",
  { backForwardCache = false }: LaunchOptions = {},
): Promise<Browser> {
  const executablePath = PROGRAMS[name];
  if (name === "chromium") {
    const ignoreDefaultArgs = backForwardCache ? ["--disable-back-forward-cache"] : [];
    return chromium.launch({ executablePath, args: FLAGS, ignoreDefaultArgs });
  }
  const browser = await firefox.launch({
    executablePath,
    // An unmodified Firefox, which Playwright drives by WebDriver BiDi.
    channel: "moz-firefox",
    firefoxUserPrefs: { "media.autoplay.default": 0, "ui.prefersReducedMotion": 0 },
  });
  withoutMediaFeatures(browser);
  return browser;
}

/** What is used here of Playwright's side of a WebDriver BiDi session. */
interface BidiBrowser {
  readonly _browserSession: { send(method: string, parameters: unknown): Promise<unknown> };
}

/**
 * Playwright overrides media features in every new context, which Firefox ESR does not know yet. The colours
 * and motion of a context are therefore those of the system there.
 */
function withoutMediaFeatures(browser: Browser): void {
  // Playwright has no public way to leave out the command; its version is pinned.
  const { _connection: connection } = browser as unknown as { _connection: { toImpl(of: Browser): BidiBrowser } };
  const { _browserSession: session } = connection.toImpl(browser);
  const send = session.send.bind(session);
  session.send = (method, parameters) =>
    method === "emulation.setMediaFeaturesOverride" ? Promise.resolve({}) : send(method, parameters);
}

/** Starts the server so that each visitor can have an address of their own: it takes this machine for its proxy. */
export function startSite(options: ServerOptions = {}): Promise<ServerProcess> {
  const environment = { GATEHOUSE_SERVER_TRUSTED_PROXIES: "127.0.0.1/32", ...options.environment };
  return startServer({ ...options, environment });
}

/** Somebody at a browser of their own. */
export interface VisitorOptions extends Pick<
  BrowserContextOptions,
  "javaScriptEnabled" | "viewport" | "colorScheme" | "reducedMotion"
> {
  /** Where they come from, as the server sees it. Default: another address for everybody. */
  readonly address?: string;
}

let visitors = 0;

/** One person's browser: cookies of their own, and a note of everything that goes wrong in its pages. */
export class Visitor implements AsyncDisposable {
  readonly context: BrowserContext;
  readonly url: string;
  /** Errors of scripts, policy violations, and files of the site that could not be had. */
  readonly complaints: string[] = [];
  /** The live actions sent so far. */
  readonly actions: Request[] = [];

  private constructor(context: BrowserContext, url: string) {
    this.context = context;
    this.url = url;
  }

  static async arrive(browser: Browser, url: string, { address, ...options }: VisitorOptions = {}): Promise<Visitor> {
    visitors += 1;
    const from = address ?? `203.0.113.${visitors % 256}`;
    const context = await browser.newContext({ ...options, extraHTTPHeaders: { "x-forwarded-for": from } });
    return new Visitor(context, url);
  }

  /** Opens a page in a new tab. With scripts it is ready when the live client is. */
  async open(path = "/events/anna-and-ben"): Promise<Page> {
    const page = await this.tab();
    await page.goto(this.url + path);
    return page;
  }

  /** An empty tab. */
  async tab(): Promise<Page> {
    const page = await this.context.newPage();
    page.setDefaultTimeout(20_000);
    this.#listen(page);
    return page;
  }

  /** Fails when anything went wrong in the pages so far. */
  satisfied(): void {
    assert.deepEqual(this.complaints, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
  }

  #listen(page: Page): void {
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      // What could not be loaded is noted below, with its address.
      const told = message.type() === "error" || message.type() === "warning";
      if (told && !message.text().startsWith("Failed to load resource")) this.complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (request.url().endsWith("/csp/report")) this.complaints.push(`policy violation: ${request.postData()}`);
      if (request.url().endsWith("/api/livecomponents/action")) this.actions.push(request);
    });
    page.on("response", (response) => {
      const request = response.request();
      const isFile = !["document", "fetch", "xhr"].includes(request.resourceType());
      if (isFile && response.status() >= 400) this.complaints.push(`${response.status()} ${request.url()}`);
    });
  }
}

/** Waits for the live client of a page: before it, buttons send forms. */
export async function ready(page: Page): Promise<void> {
  // Not `waitForFunction`: what it repeats in Firefox is evaluated as the page's own, whose policy forbids that.
  for (const deadline = performance.now() + 20_000; performance.now() < deadline; await page.waitForTimeout(20)) {
    // A page that is just being left cannot be asked.
    if (await page.evaluate(`"liveComponent" in window`).catch(() => false)) return;
  }
  throw new Error(`The live client of ${page.url()} did not start within 20 seconds.`);
}

/** Waits until no action of a page is under way. */
export function settled(page: Page): Promise<unknown> {
  return page.waitForSelector("[aria-busy]", { state: "detached" });
}
