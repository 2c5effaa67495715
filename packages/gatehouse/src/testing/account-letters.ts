import assert from "node:assert/strict";
import type { FormBrowser, FormPage } from "./form-browser.ts";
import type { IdentitySite } from "./identity-site.ts";

/** The link of the newest letter to somebody. */
export function linkTo({ mailbox }: Pick<IdentitySite, "mailbox">, email: string): string {
  const letter = mailbox.messages.find(({ to }) => to === email);
  const link = /https?:\/\/\S+/.exec(letter?.text ?? "")?.[0];
  assert.ok(link !== undefined, `There is no link for ${email}.`);
  return link;
}

/** Opens the first link of a page that begins so. */
export function follow(browser: FormBrowser, page: FormPage, path: string): Promise<FormPage> {
  const targets = [...page.text.matchAll(/<a [^>]*href="([^"]+)"/g)].map(([, target = ""]) => target);
  const target = targets.find((candidate) => candidate.startsWith(path));
  assert.ok(target !== undefined, `There is no link to ${path} on "${page.title}".`);
  return browser.open(target.replaceAll("&amp;", "&"));
}
