import assert from "node:assert/strict";
import { askServer, controlSocketPath } from "gatehouse/control";
import type { Page } from "playwright-core";
import type { ServerProcess } from "./server-process.ts";

const PASSWORD = "seven lanterns cross the pond";

/** Does what an operator does at the command line; its answer. */
export async function operate(server: ServerProcess, action: string, input: object): Promise<unknown> {
  const answer = await askServer(controlSocketPath(server.data), { action, input });
  assert.ok(answer?.outcome.ok, JSON.stringify(answer));
  return answer.outcome.value;
}

/** An account with a password that `signInToGallery` knows. */
export async function makeAccount(
  server: ServerProcess,
  name: string,
  grants: readonly string[] = [],
): Promise<{ readonly id: string; readonly email: string }> {
  const email = `${name.toLowerCase().replaceAll(" ", "-")}@example.org`;
  const made = await operate(server, "accounts.create", { name, email, grants, password: PASSWORD });
  return { id: String(Object(made).id), email };
}

/** Types the password at the sign-in page. */
export async function typePassword(page: Page, email: string): Promise<void> {
  await page.fill("#email", email);
  await page.fill("#password", PASSWORD);
  await page.locator("form[action$=password] button").click();
}

/** Signs in from a page of the gallery, and comes back to it. */
export async function signInToGallery(page: Page, email: string): Promise<void> {
  const back = page.url();
  await page.locator(".who a[href^='/auth']").click();
  await typePassword(page, email);
  await page.waitForURL(back);
}
