import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Browser, Page, Response } from "playwright-core";
import { launchBrowser, ready, startSite, Visitor } from "../support/browser.ts";
import { SEA } from "../support/chosen-files.ts";
import type { ServerProcess } from "../support/server-process.ts";

/** The most of a component's HTML that an update sends once the page has its content from the server, in percent. */
const MOST = 25;
/** How far a size may be from the documented one: tokens, keys and times differ in length. */
const NEAR = 0.15;
const DOCUMENT = new URL("../../docs/guide/live-bytes.md", import.meta.url);

/** What somebody does, the same kind of thing each time; `turn` counts from 0. */
interface Interaction {
  readonly what: string;
  readonly example: string;
  /** Where the answer comes from. Default: the action. */
  readonly from?: "poll";
  readonly act: (page: Page, turn: number) => Promise<unknown>;
}

const press = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole("button", { name, exact: true }).click();

const INTERACTIONS: readonly Interaction[] = [
  { what: "Count one more", example: "counter", act: (page) => press(page, "One more") },
  {
    what: "Type another letter into the search",
    example: "search",
    act: (page, turn) => page.getByLabel("A city").pressSequentially("sant"[turn] ?? ""),
  },
  {
    what: "Go on in the wizard",
    example: "wizard",
    act: async (page, turn) => {
      if (turn === 0) return press(page, "On to the address");
      if (turn === 2) return press(page, "Order");
      await page.getByLabel("Your name").fill("Ada Lovelace");
      await page.getByLabel("Your e-mail address").fill("ada@example.org");
      return press(page, "On to the check");
    },
  },
  {
    what: "Pay",
    example: "payment",
    act: async (page, turn) => {
      await page.getByLabel("Amount in euros").fill(`1${turn}.50`);
      await page.getByLabel("Name on the card").fill("Ada Lovelace");
      await page.getByLabel("Card number").fill("4242 4242 4242 4242");
      await press(page, "Pay");
    },
  },
  {
    what: "Say something in the chat",
    example: "chat",
    act: async (page, turn) => {
      await page.getByLabel("Your name").fill("Ada");
      await page.getByLabel("Your message").fill(`This is what I have to say, number ${turn}.`);
      await press(page, "Send");
    },
  },
  { what: "Turn a page of the table", example: "table", act: (page) => press(page, "Next") },
  {
    what: "Like a picture",
    example: "like",
    act: (page, turn) => press(page, [/noon$/, /before$/, /dance$/][turn] ?? /$/),
  },
  {
    what: "Invite somebody in the dialog",
    example: "dialog",
    act: async (page, turn) => {
      await page.getByRole("link", { name: "Invite somebody" }).click();
      await page.getByLabel("Whom").fill(`Guest ${turn}`);
      await page.getByLabel("How many they may bring").fill("1");
      await press(page, "Invite");
    },
  },
  {
    what: "Add an uploaded picture",
    example: "upload",
    act: async (page, turn) => {
      await page.getByLabel("Pictures or PDFs").setInputFiles([{ ...SEA, name: `picture ${turn}.png` }]);
      await page.locator("li[data-live-state=done]").waitFor();
      await page.getByLabel("What it is").fill(`What I saw, number ${turn}`);
      await press(page, "Add");
    },
  },
  { what: "See somebody else's vote in the charts", example: "charts", from: "poll", act: () => Promise.resolve() },
];

interface Measured {
  readonly what: string;
  readonly full: number;
  readonly first: number;
  readonly later: number;
  readonly percent: number;
}

let browser: Browser;
let server: ServerProcess;

before(async () => {
  [browser, server] = await Promise.all([launchBrowser(), startSite()]);
});
after(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

const bytes = (text: string): number => Buffer.byteLength(text);

/** Bytes of the component's element as a page carries it now. */
async function fullSize(visitor: Visitor, example: string): Promise<number> {
  const page = await visitor.tab();
  await page.route("**/*.js", (route) => route.abort());
  await page.goto(`${server.url}/playground/${example}`);
  const html = await page
    .locator("[data-live]")
    .first()
    .evaluate((element) => element.outerHTML);
  await page.close();
  return bytes(html);
}

/** The next answer that brings something new. Of polls, most say that nothing has changed. */
async function nextUpdate(page: Page, what: "action" | "load"): Promise<string> {
  const isNews = async (response: Response): Promise<boolean> =>
    response.url().endsWith(`/api/livecomponents/${what}`) &&
    response.ok() &&
    !(await response.text()).includes('"unchanged":true');
  return (await page.waitForResponse(isNews, { timeout: 30_000 })).text();
}

async function measure({ what, example, from, act }: Interaction): Promise<Measured> {
  const visitor = await Visitor.arrive(browser, server.url);
  const page = await visitor.open(`/playground/${example}`);
  await ready(page);
  const sizes: number[] = [];
  for (const turn of [0, 1, 2]) {
    const update = nextUpdate(page, from === "poll" ? "load" : "action");
    if (from === "poll") await voteAs(turn);
    else await act(page, turn);
    sizes.push(bytes(await update));
    await page.waitForSelector("[aria-busy]", { state: "detached" });
  }
  const [first = 0, ...others] = sizes;
  const full = await fullSize(visitor, example);
  const later = Math.max(...others);
  return { what, full, first, later, percent: Math.round((later / full) * 1000) / 10 };
}

async function voteAs(turn: number): Promise<void> {
  const visitor = await Visitor.arrive(browser, server.url);
  const page = await visitor.open("/playground/charts");
  await ready(page);
  await press(page, ["The accordion", "Silence", "One more time"][turn] ?? "");
  await page.getByRole("button", { pressed: true }).waitFor();
  await visitor.context.close();
}

describe("what an update of the playground sends", () => {
  it(`is at most ${MOST} percent of the component, once the page has its content from the server`, async (test) => {
    const measured: Measured[] = [];
    for (const interaction of INTERACTIONS) measured.push(await measure(interaction));
    for (const { what, ...sizes } of measured) test.diagnostic(`${what}: ${JSON.stringify(sizes)}`);
    if (process.argv.includes("--write")) writeTable(measured);
    for (const { what, percent } of measured) assert.ok(percent <= MOST, `${what}: ${percent} %`);
    const table = readTable();
    assert.deepEqual(
      [...table.keys()],
      INTERACTIONS.map((interaction) => interaction.what),
    );
    for (const { what, full, first, later } of measured) {
      for (const [index, size] of [full, first, later].entries()) {
        const documented = table.get(what)?.[index] ?? 0;
        const isNear = Math.abs(documented - size) <= NEAR * size;
        assert.ok(isNear, `${what} is ${size} bytes, and the table says ${documented}. Run this file with --write.`);
      }
    }
  });
});

/** The numbers of the table, by interaction. */
function readTable(): ReadonlyMap<string, readonly number[]> {
  const rows = readFileSync(DOCUMENT, "utf8").matchAll(/^\| ([^|]+?) +((?:\| +[\d,]+ +){3})\|.*$/gm);
  return new Map(Array.from(rows, ([, what = "", sizes = ""]) => [what, numbersIn(sizes)]));
}

function numbersIn(cells: string): readonly number[] {
  return Array.from(cells.matchAll(/[\d,]+/g), ([digits]) => Number(digits.replaceAll(",", "")));
}

function writeTable(measured: readonly Measured[]): void {
  const rows = measured.map(({ what, full, first, later, percent }) => {
    const sizes = [full, first, later].map((size) => size.toLocaleString("en-GB"));
    return `| ${[what, ...sizes, `${percent.toFixed(1)} %`].join(" | ")} |`;
  });
  const text = readFileSync(DOCUMENT, "utf8");
  const table = /(^\| interaction.*\n\|[-:| ]+\|\n)(?:\|.*\n)*/m;
  writeFileSync(
    DOCUMENT,
    text.replace(table, (_all, head: string) => `${head}${rows.join("\n")}\n`),
  );
}
