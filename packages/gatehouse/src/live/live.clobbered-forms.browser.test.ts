// The fields of a form are properties of the form, also where they have the names of the browser's own: with a field
// `closest` or `elements`, whose name a visitor may have chosen, a form has no such function any more. A runtime that asks
// the form is led to another action, another component or none, or sends less than what was entered.
import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Page } from "playwright-core";
import { z } from "zod";
import { describeBrowsers } from "../../../../test/support/browsers.ts";
import { html } from "../html/html.ts";
import { listen } from "../http/server.ts";
import { openLiveKit } from "../testing/live-kit.ts";
import { readClientBundle } from "./client-bundle.ts";
import { live } from "./component.ts";

const NAMES = [
  ...["action", "elements", "id", "submit", "requestSubmit", "method", "length", "name", "target", "dataset", "style"],
  ...["closest", "matches", "querySelector", "querySelectorAll", "getAttribute", "setAttribute", "removeAttribute"],
  ...["getAttributeNames", "hasAttribute", "attributes", "classList", "children", "childNodes", "firstChild"],
  ...["nextSibling", "parentNode", "parentElement", "nodeName", "nodeType", "nodeValue", "localName", "tagName"],
  ...["insertBefore", "moveBefore", "removeChild", "append", "remove", "replaceWith", "isConnected", "contains"],
  ...["isContentEditable", "ownerDocument", "dispatchEvent", "addEventListener", "toString", "valueOf"],
];

const questionnaire = live("questionnaire", {
  state: z.object({ sent: z.int(), answers: z.int() }),
  mount: () => ({ sent: 0, answers: 0 }),
  actions: (action) => ({
    answer: action(
      {
        authorise: "public",
        input: z.record(z.string(), z.string()).check(({ value, issues }) => {
          if (value["closest"] === "wrong")
            issues.push({ code: "custom", input: value, path: ["closest"], message: "This is wrong." });
        }),
      },
      ({ state }, answers) => ({
        sent: state.sent + 1,
        answers: Object.values(answers).filter((value) => value === "right").length,
      }),
    ),
  }),
  render: ({ state, act: { answer } }) =>
    html`<form ${answer.form} class="sent-${state.sent}" title="Sent ${state.sent} times">
        ${answer.fields} <output>${state.sent} ${state.answers}</output>
        ${state.sent > 0 && html`<p id="thanks">Thank you</p>`}
        ${NAMES.map((name) => html`<label>${name} <input name=${name} id="field-${name}" value="right" /></label>`)}
        <input name="note" aria-label="Note" />
        <button>Send</button>
      </form>`,
});

/** What a property of the first element is. The driver of the browser asks forms, too, and is misled by such ones. */
function read(page: Page, selector: string, property: string): Promise<unknown> {
  return page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.${property}`);
}

async function shows(page: Page, selector: string, expected: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const text = await read(page, selector, "textContent");
    if (text === expected) return;
    if (tries === 300) assert.equal(text, expected);
    await delay(50);
  }
}

async function type(page: Page, selector: string, text: string): Promise<void> {
  await page.evaluate(`document.querySelector(${JSON.stringify(selector)}).value = ${JSON.stringify(text)}`);
}

const press = (page: Page) => page.evaluate(`document.querySelector("button").click()`);

/** Waits for the runtime. The policy of the page does not let the driver do so. */
async function begun(page: Page): Promise<void> {
  for (let tries = 0; !(await page.evaluate(`"liveComponent" in window`)); tries += 1) {
    assert.ok(tries < 400, "the runtime has not begun");
    await delay(50);
  }
}

describeBrowsers("a form whose fields have the names of the browser's own", (engine) => {
  it("is sent, refused, and shown anew like any other", async () => {
    await using kit = await openLiveKit({ components: [questionnaire], client: readClientBundle() });
    const posted: string[] = [];
    await using server = await listen({
      port: 0,
      handler: (request, connection, bindings) => {
        if (request.method === "POST") posted.push(new URL(request.url).pathname);
        return kit.handler(request, connection, bindings);
      },
    });
    const context = await engine.browser.newContext();
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(server.url);
      await begun(page);
      await page.evaluate("window.stays = true");
      await press(page);
      await shows(page, "output", `1 ${NAMES.length}`);
      await shows(page, "#thanks", "Thank you");
      await type(page, "[name=note]", "still being written");
      await type(page, "#field-closest", "wrong");
      await press(page);
      await shows(page, "[id^=live-error]", "This value is not valid.");
      assert.equal(await read(page, "#field-closest", "ariaInvalid"), "true");
      assert.equal(await read(page, "[name=note]", "value"), "still being written");
      await type(page, "#field-closest", "right");
      await press(page);
      await shows(page, "output", `2 ${NAMES.length}`);
      assert.equal(await page.evaluate(`document.querySelectorAll("form.sent-2[title='Sent 2 times']").length`), 1);
      assert.equal(await page.evaluate("window.stays"), true, "the page was not left");
      assert.deepEqual([...new Set(posted)], ["/api/livecomponents/action"]);
      assert.deepEqual(errors, []);
      assert.deepEqual(kit.errors, []);
    } finally {
      await context.close();
    }
  });
});
