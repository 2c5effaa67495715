/**
 * From a click to its change on the screen, in Chromium: the page of each server, clicked in turns. Counted from the
 * time stamp of the trusted click event to the change of the content, and on to the first task after the frame that
 * shows it. Gatehouse runs its development profile, reached without TLS like the others; its guards are all on and its
 * state is durable.
 *
 * node --conditions=gatehouse-source bench/live/painted.bench.ts [--json] [--clicks=N]
 */
import { join } from "node:path";
import type { Page } from "playwright-core";
import { launchBrowser } from "../../test/support/browser.ts";
import { Child } from "../support/child.ts";
import { median, numberOption, print, versionsOf, type Table } from "../support/report.ts";
import type { Scenario, Variant } from "./visitors.ts";

const NAMES = { hono: "Hono + htmx", liveviewjs: "liveviewjs", gatehouse: "Gatehouse" } as const;
const CONTENTS: Readonly<Record<Scenario, string>> = { like: "a button", table: "50 rows" };
/** Clicks before those that count. */
const WARM = 20;
/** Milliseconds. */
const TIMEOUT = 30_000;

type Contender = keyof typeof NAMES & Variant;

/** Milliseconds after a click. */
interface Times {
  readonly changed: number;
  readonly painted: number;
}

/** Waits in a page for a click and what becomes of the number beside the button. */
function awaitChange(): void {
  const { promise, resolve, reject } = Promise.withResolvers<Times>();
  setTimeout(() => reject(new Error("A click has changed nothing.")), 30_000);
  Object.assign(globalThis, { change: promise });
  const text = (): string => [...document.querySelectorAll("output")].map((output) => output.textContent).join();
  const before = text();
  let clicked = Number.NaN;
  document.addEventListener("click", ({ timeStamp }) => (clicked = timeStamp), { capture: true, once: true });
  const observer = new MutationObserver(() => {
    if (text() === before) return;
    observer.disconnect();
    const changed = performance.now() - clicked;
    requestAnimationFrame(() => {
      // A message is handled after the frame that was being made.
      const { port1, port2 } = new MessageChannel();
      port1.addEventListener("message", () => resolve({ changed, painted: performance.now() - clicked }));
      port1.start();
      port2.postMessage(undefined);
    });
  });
  observer.observe(document.body, { childList: true, characterData: true, subtree: true });
}

async function click(page: Page, turn: number): Promise<Times> {
  const buttons = page.locator("button");
  const box = await buttons.nth(turn % Math.min(await buttons.count(), 8)).boundingBox();
  if (box === null) throw new Error("The button is not to be seen.");
  await page.evaluate(awaitChange);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  // `awaitChange` has put it there.
  return page.evaluate(() => (globalThis as unknown as { change: Promise<Times> }).change);
}

/** Signs in, from a page of the guarded server. */
async function signIn(): Promise<void> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const headers = { "content-type": "application/json", "x-csrf-token": token };
  const { ok } = await fetch("/sign-in", { method: "POST", headers, body: JSON.stringify({ id: "ada" }) });
  if (!ok) throw new Error("Signing in failed.");
}

/** Opens a page and waits until clicks are taken by its scripts. */
async function open(page: Page, contender: Contender, address: string): Promise<void> {
  page.setDefaultTimeout(TIMEOUT);
  await page.goto(address);
  if (contender === "gatehouse") {
    await page.evaluate(signIn);
    await page.goto(address);
  }
  const conditions: Record<Contender, string> = {
    hono: `"htmx" in window && document.readyState === "complete"`,
    liveviewjs: `document.querySelector(".phx-connected") !== null`,
    gatehouse: `"liveComponent" in window`,
  };
  await page.waitForFunction(conditions[contender]);
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length * share)] ?? Number.NaN;
}

const clicks = numberOption("clicks", 200);
// The keys of an object literal, which Object.keys widens to string.
const contenders = Object.keys(NAMES) as Contender[];
const scenarios = Object.keys(CONTENTS) as Scenario[];
const tables: Table[] = [];
let version: string;
{
  await using stack = new AsyncDisposableStack();
  const ports = new Map<Contender, number>();
  for (const contender of contenders) {
    const child = stack.use(new Child(join(import.meta.dirname, "serve.ts"), contender, "browser"));
    ports.set(contender, (await child.answer<{ readonly port: number }>()).port);
  }
  const browser = await launchBrowser();
  stack.defer(() => browser.close());
  version = browser.version();
  for (const scenario of scenarios) {
    const pages = new Map<Contender, Page>();
    for (const [contender, port] of ports) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await open(page, contender, `http://localhost:${port}/${scenario}`);
      pages.set(contender, page);
    }
    const results = new Map(contenders.map((contender) => [contender, [] as Times[]]));
    for (let turn = 0; turn < WARM + clicks; turn += 1) {
      for (const [contender, page] of pages) {
        await page.bringToFront();
        const times = await click(page, turn);
        if (turn >= WARM) results.get(contender)?.push(times);
      }
    }
    for (const page of pages.values()) await page.context().close();
    tables.push({
      title: `${CONTENTS[scenario]}, ${clicks} clicks`,
      columns: ["page", "changed, median ms", "changed, p99 ms", "painted, median ms", "painted, p99 ms"],
      rows: contenders.map((contender) => {
        const of = (member: keyof Times): number[] => (results.get(contender) ?? []).map((times) => times[member]);
        const both = [of("changed"), of("painted")];
        return [NAMES[contender], ...both.flatMap((values) => [median(values), quantile(values, 0.99)])];
      }),
    });
  }
}
print({
  benchmark: "painted",
  tables,
  versions: { Chromium: version, ...versionsOf("liveviewjs", "phoenix_live_view", "hono", "htmx.org") },
});
