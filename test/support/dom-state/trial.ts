import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { BrowserContext, Page } from "playwright-core";
import type { BrowserName } from "../browser.ts";

/** A page with the component, under the strict policy, and its real server. */
export class Trial {
  readonly page: Page;
  readonly context: BrowserContext;
  constructor(page: Page, context: BrowserContext) {
    this.page = page;
    this.context = context;
  }

  /** Runs a script in the page. */
  run(script: string): Promise<unknown> {
    return this.page.evaluate(script);
  }

  /** Has an action done by the server, and waits until its content is shown. */
  async update(action = "update"): Promise<void> {
    await this.run(`(async () => { await liveComponent.executeAction("${action}"); })()`);
  }

  /** Fails unless an expression has this value. */
  async is(expression: string, value: unknown = true): Promise<void> {
    assert.deepEqual(await this.run(expression), value, expression);
  }

  /** Waits for an expression to hold. */
  async until(expression: string): Promise<void> {
    for (const end = performance.now() + 10_000; performance.now() < end; await pause(30)) {
      if (await this.run(expression)) return;
    }
    assert.fail(`${expression} did not come true`);
  }
}

/** One kind of state that people, browsers or other scripts leave in a page. */
export interface Kind {
  readonly name: string;
  /** What there is to know about it. */
  readonly remark?: string;
  /** Where it can be provoked. Default: in every browser. */
  readonly only?: BrowserName;
  /** Browsers in which it is lost; the test then shows that it is. */
  readonly lost?: readonly BrowserName[];
  /** Makes the state, has the page updated, and checks that the state is still there. */
  readonly survives: (trial: Trial) => Promise<void>;
}
