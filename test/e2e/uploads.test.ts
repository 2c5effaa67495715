import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import type { ReceivedFile } from "gatehouse/kernel";
import { freePort } from "gatehouse/testing";
import { contextWithoutScripts, describeBrowsers } from "../support/browsers.ts";
import { send, until } from "../support/collections.ts";
import { startServer } from "../support/server-process.ts";

const config = fileURLToPath(new URL("../support/applications/uploads.ts", import.meta.url));

async function received(url: string): Promise<readonly ReceivedFile[]> {
  return ((await send(url, "/received", {})).json as { files: ReceivedFile[] }).files;
}

/** Has the page's visitor be a guest. */
async function enter(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/fair`);
  const token = await page.locator('input[name="_csrf_token"]').getAttribute("value");
  const headers = { "x-csrf-token": token ?? "", origin: url };
  const answer = await page.request.post(`${url}/sign-in`, { headers, data: { guest: "mia" } });
  assert.equal(answer.status(), 200);
  await page.goto(`${url}/fair`);
}

describeBrowsers("a form that uploads in pieces", (engine) => {
  it("brings many files over an interrupted network, a killed server and a page that was left", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-form-"));
    const [data, port] = [join(directory, "data"), await freePort()];
    const files = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const content = randomBytes(600_000 + index * 400_000);
        const path = join(directory, `photo ${index} ä.jpg`);
        await writeFile(path, content);
        return { path, sha256: createHash("sha256").update(content).digest("hex") };
      }),
    );
    const paths = files.map(({ path }) => path);
    let server = await startServer({ data, port, config });
    const { browser } = engine;
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => {
        if (/Content Security Policy/.test(message.text())) errors.push(message.text());
      });
      await enter(page, server.url);
      await page.getByLabel("Photos").setInputFiles(paths);
      const rows = page.getByRole("listitem");
      await until(async () => (await rows.count()) === paths.length);
      await until(async () => (await received(server.url)).length > 0);
      await server.kill();
      server = await startServer({ data, port, config });
      await until(async () => (await received(server.url)).length > 1, 60_000);
      // The page is left in the middle: what is not there yet goes on when its file is chosen again.
      await page.goto(`${server.url}/fair`);
      await page.getByLabel("Photos").setInputFiles(paths);
      await until(async () => (await page.getByText("done", { exact: true }).count()) === paths.length, 90_000);
      const names = new Map<string, number>();
      for (const { id, name } of await received(server.url)) {
        const content = await readFile(join(data, "media", "quarantine", id));
        const sha256 = createHash("sha256").update(content).digest("hex");
        assert.ok(
          files.some((file) => file.sha256 === sha256 && file.path.endsWith(name)),
          name,
        );
        names.set(name, (names.get(name) ?? 0) + 1);
      }
      assert.equal(names.size, paths.length);
      assert.deepEqual(errors, []);
    } finally {
      await context.close();
      await server[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("pauses, goes on and cancels", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-form-"));
    const path = join(directory, "large.mp4");
    await writeFile(path, randomBytes(6_000_000));
    await using server = await startServer({ config });
    const context = await engine.browser.newContext();
    try {
      const page = await context.newPage();
      await enter(page, server.url);
      await page.getByLabel("Photos").setInputFiles(path);
      await page.getByRole("button", { name: "Pause" }).click();
      const held = await page.getByRole("listitem").getAttribute("data-upload-state");
      if (held === "paused") await page.getByRole("button", { name: "Pause" }).click();
      await page.getByText("done", { exact: true }).waitFor({ timeout: 60_000 });
      assert.equal((await received(server.url)).length, 1);
      await writeFile(path, randomBytes(9_000_000));
      await page.getByLabel("Photos").setInputFiles(path);
      const second = page.getByRole("listitem").nth(1);
      if ((await second.getAttribute("data-upload-state")) !== "done") {
        await second.getByRole("button", { name: "Cancel" }).click({ timeout: 10_000 });
        await until(async () => (await page.getByRole("listitem").count()) === 1);
        assert.equal((await received(server.url)).length, 1);
      }
    } finally {
      await context.close();
      await rm(directory, { recursive: true, force: true });
    }
  });

  it("works without scripts", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-form-"));
    const path = join(directory, "a.jpg");
    await writeFile(path, "hello");
    await using server = await startServer({ config });
    const context = await contextWithoutScripts(engine);
    try {
      const page = await context.newPage();
      await enter(page, server.url);
      await page.getByLabel("Photos").setInputFiles(path);
      await page.getByRole("button", { name: "Upload" }).click();
      await page.waitForURL(`${server.url}/fair`);
      assert.deepEqual(
        (await received(server.url)).map(({ name, bytes }) => [name, bytes]),
        [["a.jpg", 5]],
      );
    } finally {
      await context.close();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
