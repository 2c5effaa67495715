import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openGatehouse, type Gatehouse } from "gatehouse";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { gallery } from "./gallery.ts";

describe("what the gallery refuses", () => {
  let directory: string;
  let server: Gatehouse;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-refusals-"));
    const file = { profile: "development", dataDirectory: directory, identity: { enabled: false } } as const;
    const config = requireConfig({ file, clock: systemClock });
    server = await openGatehouse({
      ...{ config, application: gallery, clock: systemClock, random: systemRandom },
      log: { write: () => true },
    });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function ask(path: string, { language = "de", ...init }: RequestInit & { readonly language?: string } = {}) {
    const headers = { accept: "text/html", "accept-language": language, host: "localhost:8080", ...init.headers };
    const request = new Request(`http://localhost:8080${path}`, { ...init, headers });
    const response = await server.handler(request, { address: "198.51.100.9", encrypted: false });
    return { status: response.status, text: await response.text() };
  }

  it("is told in the language and the look of its pages", async () => {
    for (const path of ["/nothing", "/events/anna/photos/0/1/2", "/gallery/assets/none.css"]) {
      const { status, text } = await ask(path);
      assert.equal(status, 404);
      assert.match(text, /<html lang="de">/);
      assert.match(text, /<h1>Seite nicht gefunden<\/h1>/);
      assert.match(text, /gallery\.[^"]*css|assets\/[^"]*\.css/);
      assert.match(text, /Zur Startseite/);
      assert.doesNotMatch(text, /Page not found|Error 404/);
    }
    const join = await ask("/join/gj_mistyped");
    assert.equal(join.status, 404);
    assert.match(join.text, /<html lang="de">[^]*class="brand"/);
    const { text } = await ask("/nothing", { language: "en" });
    assert.match(text, /<html lang="en">[^]*Page not found/);
  });

  it("is told so where a form was refused", async () => {
    const { status, text } = await ask("/events/anna-and-ben/photos/0123/decision", {
      ...{ method: "POST", body: "decision=hide" },
      headers: { "content-type": "application/x-www-form-urlencoded", origin: "http://localhost:8080" },
    });
    assert.equal(status, 403);
    assert.match(text, /<html lang="de">/);
    assert.match(text, /Fehler 403/);
  });

  it("is the business of the console where it happens there, and of programs in their own form", async () => {
    assert.doesNotMatch((await ask("/console/nothing")).text, /Galerie/);
    const document = await ask("/nothing", { headers: { accept: "application/json" } });
    assert.equal((JSON.parse(document.text) as { code: string }).code, "NOT_FOUND");
  });
});
