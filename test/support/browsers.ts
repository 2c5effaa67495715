import { after, before, describe } from "node:test";
import type { Browser, BrowserContext, BrowserContextOptions } from "playwright-core";
import { hasBrowser, launchBrowser, startSite, type BrowserName } from "./browser.ts";
import type { ServerProcess } from "./server-process.ts";

/** One of the browsers that a group of tests runs in. */
export interface Engine {
  readonly name: BrowserName;
  /** For titles and tables. */
  readonly label: string;
  /** The running browser; from `before` on. */
  readonly browser: Browser;
}

const LABELS: Readonly<Record<BrowserName, string>> = { chromium: "Chromium", firefox: "Firefox" };
const running = new Map<BrowserName, Promise<Browser>>();

/** One process of each browser for all groups of a test file. */
function launch(name: BrowserName): Promise<Browser> {
  const browser = running.get(name) ?? launchBrowser(name);
  running.set(name, browser);
  return browser;
}

const sites = new Map<BrowserName, Promise<ServerProcess>>();

/** One site for each browser and test file: what is written in one browser is not counted in the other. */
export function siteOf({ name }: Engine): Promise<ServerProcess> {
  const site = sites.get(name) ?? startSite();
  sites.set(name, site);
  return site;
}

after(async () => {
  for (const site of sites.values()) await (await site)[Symbol.asyncDispose]();
  for (const browser of running.values()) await (await browser).close();
});

/** Runs a group of tests in Chromium and in Firefox; one that the system lacks is skipped. */
export function describeBrowsers(title: string, body: (engine: Engine) => void): void {
  for (const name of ["chromium", "firefox"] as const) {
    const label = LABELS[name];
    let browser: Browser | undefined;
    const engine: Engine = {
      name,
      label,
      get browser() {
        if (browser === undefined) throw new Error(`${label} runs only while tests do.`);
        return browser;
      },
    };
    describe(`${title}, in ${label}`, { skip: !hasBrowser(name) }, () => {
      before(async () => {
        browser = await launch(name);
      });
      body(engine);
    });
  }
}

/**
 * A window where a site's scripts do not run. They cannot be switched off in Firefox by WebDriver BiDi yet;
 * there they are not loaded.
 */
export async function contextWithoutScripts(engine: Engine): Promise<BrowserContext> {
  const context = await engine.browser.newContext(optionsWithoutScripts(engine));
  await stopScripts(engine, context);
  return context;
}

/** What such a window is opened with. */
export function optionsWithoutScripts({ name }: Engine): BrowserContextOptions {
  return name === "chromium" ? { javaScriptEnabled: false } : {};
}

/** What makes it one, once it is open. */
export async function stopScripts({ name }: Engine, context: BrowserContext): Promise<void> {
  if (name === "chromium") return;
  const isScript = ({ pathname }: URL): boolean => /\.m?js$/.test(pathname);
  await context.route(isScript, (route) => route.abort());
}
